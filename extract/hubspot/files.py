"""Reading back the files that HubSpot's records name: where each lies, so that one that is gone is missed.

Search gives a hundred files a call. What it does not show, which may only be too new for it, is asked for by its id.
Source: developers.hubspot.com, "Files API", search files and retrieve file.
"""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from snowflake.connector import SnowflakeConnection

from extract.hubspot.records import RAW, Account
from extract.landing import qualified
from extract.readback import Landed, Progress, ReadBack, payload_row, payload_table

FILES = payload_table(RAW, "files")
BATCH = 100
ROWS = 1_000


def read_files(
    account: Account,
    connection: SnowflakeConnection,
    named_by: Mapping[str, Sequence[str]],
    *,
    run_id: str,
    landing_dir: Path,
    only: Mapping[str, Sequence[str]] | None = None,
    progress: Progress | None = None,
) -> Landed:
    """Copy the files that the records in RAW_HUBSPOT.RECORDS name into RAW_HUBSPOT.FILES; one that is gone has no row.

    `named_by` gives for each object (`notes`) the properties that name files, by their ids parted by semicolons. With
    `only`, HubSpot's ids of records by object, the rows of files that other records name stay. Raises as
    `extract.hubspot.read` does.
    """
    back = ReadBack.begin(connection, RAW, run_id, landing_dir, progress)
    if only is None:
        ids = _named(connection, named_by)
        return back.land(FILES, back.report(FILES.name, _rows(account, ids)))
    named = [*_named(connection, named_by, only)]
    return back.land(FILES, back.report(FILES.name, _rows(account, named)), {"id": named})


def _named(
    connection: SnowflakeConnection,
    named_by: Mapping[str, Sequence[str]],
    only: Mapping[str, Sequence[str]] | None = None,
) -> Iterator[str]:
    """Give the ids of the files that records name, each once for each record."""
    for object_, properties in named_by.items():
        chosen = None if only is None else {*only.get(object_, ())}
        for name in properties:
            with connection.cursor() as cursor:
                cursor.execute(
                    f"select id, parse_json(payload):properties:{name}::varchar as named "
                    f"from {qualified(RAW, 'records')} where object = %s and named is not null",
                    (object_,),
                )
                while rows := cursor.fetchmany(ROWS):
                    for record_id, named in rows:
                        if chosen is None or record_id in chosen:
                            yield from filter(None, named.split(";"))


def _rows(account: Account, ids: Iterable[str]) -> Iterator[tuple[str, str]]:
    for batch in _batches(iter(ids)):
        yield from map(payload_row, _found(account, batch))


def _found(account: Account, ids: Sequence[str]) -> Iterator[dict[str, Any]]:
    query = [("limit", str(BATCH)), *(("ids", each) for each in ids)]
    missing = dict.fromkeys(ids)
    for file in account.get("/files/v3/files/search", query)["results"]:
        missing.pop(str(file["id"]), None)
        yield file
    for each in missing:
        if (file := account.find(f"/files/v3/files/{each}")) is not None:
            yield file


def _batches(ids: Iterator[str]) -> Iterator[list[str]]:
    """Give some ids at a time, each once in its batch."""
    while batch := [*itertools.islice(ids, BATCH)]:
        yield [*dict.fromkeys(batch)]
