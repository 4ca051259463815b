"""Reading back from HubSpot what changed since a read before: records by search, and all links.

Search knows what was modified, not what was deleted, and lags behind. So what we wrote since is read by its ids, an hour before
the last read is searched again, and each object is counted afterwards: where HubSpot counts other records than RAW_HUBSPOT has
by then, the object is read whole. Links are always read whole: to make or remove one moves no modification date.
https://developers.hubspot.com/docs/api-reference/crm-search-v3/guide
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from snowflake.connector import SnowflakeConnection

from extract.hubspot import records
from extract.hubspot.records import RAW, Account
from extract.landing import execute, qualified
from extract.readback import Progress, ReadBack, record_row, records_table

# The most that a search gives; so many ids also fit into one statement (16,384).
MOST = 10_000
PAGE = 200
# What search does not show yet at the end of a read is shown at the latest so long after it.
LAG = timedelta(hours=1)
# The only object whose date of modification has another name.
MODIFIED = {"contacts": "lastmodifieddate"}


@dataclass(frozen=True, slots=True)
class Since:
    """When an object was last read, the properties to ask for, and HubSpot's ids of the records that we wrote since."""

    read_at: datetime
    properties: Sequence[str]
    written: Sequence[str] = ()


def read_changes(
    account: Account,
    connection: SnowflakeConnection,
    objects: Mapping[str, Since],
    *,
    run_id: str,
    landing_dir: Path,
    key: str,
    progress: Progress | None = None,
) -> dict[str, int | None]:
    """Bring RAW_HUBSPOT's records of these objects up to date; give how many were read of each, None if all were.

    Records of others are copied too. Read whole is an object of which too much changed, or whose count does not fit.
    `read_at` is in UTC. Raises as `extract.hubspot.read` does.
    """
    back = ReadBack.begin(connection, RAW, run_id, landing_dir, progress)
    absent = records.absent(account, objects)
    read: dict[str, int | None] = {}
    for name, since in objects.items():
        number = 0 if name in absent else _changes(account, back, name, since)
        if name not in absent and (number is None or not _counts_fit(account, connection, name)):
            number = None
            records.read(
                account,
                connection,
                {name: since.properties},
                run_id=run_id,
                landing_dir=landing_dir,
                key=key,
                strangers=True,
                progress=progress,
            )
        read[name] = number
    return read


def _changes(account: Account, back: ReadBack, name: str, since: Since) -> int | None:
    """Land what changed; give the number of records, or None when there are too many for it."""
    asked = _modified_since(name, since.read_at - LAG)
    if _total(account, name, asked) + len(since.written) > MOST:
        return None
    written = {*since.written}
    # Also of what is gone by now the row goes.
    ids = [*written]

    def rows() -> Iterator[tuple[str, str, str]]:
        for record in _found(account, name, asked, since.properties):
            if record["id"] not in written:
                ids.append(record["id"])
                yield record_row(name, record)
        for record in records.by_id(account, name, since.properties, since.written):
            yield record_row(name, record)

    # The rows are all there before those with their ids are replaced.
    return back.land(records_table(RAW), back.report(name, rows()), {"object": [name], "id": ids}).rows


def _modified_since(name: str, moment: datetime) -> dict[str, str]:
    milliseconds = int(moment.replace(tzinfo=UTC).timestamp() * 1000)
    return {
        "propertyName": MODIFIED.get(name, "hs_lastmodifieddate"),
        "operator": "GTE",
        "value": str(milliseconds),
    }


def _found(
    account: Account, name: str, asked: Mapping[str, str], properties: Sequence[str]
) -> Iterator[dict[str, Any]]:
    """Give what fits in the order of ids: with an offset, a record that fits no more would hide the one after it."""
    after = "0"
    while True:
        beyond = {"propertyName": "hs_object_id", "operator": "GT", "value": after}
        page = account.search(
            name,
            {
                "filterGroups": [{"filters": [dict(asked), beyond]}],
                "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
                "properties": [*properties],
                "limit": PAGE,
            },
        )
        yield from page["results"]
        if len(page["results"]) < PAGE:
            return
        after = page["results"][-1]["id"]


def _counts_fit(account: Account, connection: SnowflakeConnection, name: str) -> bool:
    [held] = execute(
        connection, f"select count(*) as records from {qualified(RAW, 'records')} where object = %s", [name]
    )
    return _total(account, name) == int(held["records"])


def _total(account: Account, name: str, asked: Mapping[str, str] | None = None) -> int:
    groups = [{"filters": [dict(asked)]}] if asked else []
    return int(account.search(name, {"filterGroups": groups, "limit": 1})["total"])
