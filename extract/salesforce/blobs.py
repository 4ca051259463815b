"""What base64 fields hold: the files behind Attachment.Body, ContentVersion.VersionData and the like, onto a stage.

Bulk and queries give no base64, so each file is a call of its own, streamed to the disk and from there to the stage
RAW_SALESFORCE.BLOBS, where its path is object/field/id. A row of RAW_SALESFORCE._BLOBS says so, with the file's size and
digest, and is written when the file lies on the stage: a killed call goes on with the files that have none.
https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/dome_sobject_blob_retrieve.htm
"""

from __future__ import annotations

import hashlib
import itertools
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests
import stamina
import structlog
import urllib3

from extract.errors import BudgetExhausted, ExtractError, LoginError
from extract.landing import Stamp, clear, execute, qualified, quoted, transaction
from extract.salesforce.describe import RAW, Description
from extract.salesforce.login import error_of
from extract.salesforce.query import refusal
from extract.salesforce.read import Call
from extract.sources import SourceObject

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

STAGE = f"{RAW}.blobs"
TABLE = f"{RAW}._blobs"
MODE = "files"
# What lies on the disk at once: so many files, or those up to so many bytes.
FILES_AT_ONCE, BYTES_AT_ONCE = 500, 256 * 1024 * 1024
PIECE_BYTES = 256 * 1024
ATTEMPTS = 4

log = structlog.get_logger()


class TornFileError(ExtractError):
    """A file's bytes are not as many as its record says; reading it again may help."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One file that is not on the stage yet, or changed; `bytes` is its size as its record says it, if it does."""

    record_id: str
    modified: str | None
    bytes: int | None


@dataclass(frozen=True, slots=True)
class Stored:
    """One file on the disk, as it was received."""

    wanted: Wanted
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Files:
    """Files of one field: those its records have, those copied now, and those on the stage as the records want them."""

    expected: int
    copied: int
    present: int


def copy_files(
    call: Call, connection: SnowflakeConnection, stamp: Stamp, source: SourceObject, description: Description
) -> dict[str, Files]:
    """Bring the files of an object's records to the stage, new and changed ones only; give the counts for each field.

    The object's records must be in its raw table. A file that cannot be had keeps no other from coming.

    Raises:
        BudgetExhausted: the daily allowance is used up, or its part above the floor; what was read so far is kept.
        LoginError: the token expired and no other can be had.
    """
    return {
        field: _Field(call, connection, stamp, source, description, field).copy()
        for field in description.files
    }


class _Field:
    """One base64 field of an object."""

    def __init__(
        self,
        call: Call,
        connection: SnowflakeConnection,
        stamp: Stamp,
        source: SourceObject,
        description: Description,
        field: str,
    ) -> None:
        self._call, self._connection, self._stamp = call, connection, stamp
        self._object, self._field = description.name, field
        # Beside its source's own folder, whose jobs and pages are no business of the files.
        self._folder = call.folder(source).with_name(f"{source.name}.{field}")
        size = next((name for name in (f"{field}Length", "ContentSize") if name in description.fields), None)
        self._size = f"try_to_number(kept.{quoted(size)})" if size else "null"
        self._modified = f"kept.{quoted(description.cursor)}" if description.cursor else "null"
        self._from = (
            f"{qualified(RAW, source.table)} as kept left join {TABLE} as there on there.object = %s "
            f'and there.field = %s and there.record_id = kept."ID" and there.modified is not distinct from {self._modified}'
        )
        self._has_file = f"not kept._deleted and coalesce({self._size}, 1) > 0"

    def copy(self) -> Files:
        copied, last = 0, ""
        while batch := self._wanted(last):
            last = batch[-1].record_id
            copied += self._copy(batch)
        shutil.rmtree(self._folder, ignore_errors=True)
        return self._count(copied)

    def _wanted(self, last: str) -> list[Wanted]:
        found = execute(
            self._connection,
            f'select kept."ID" as id, {self._modified} as modified, {self._size} as size from {self._from} '
            f'where {self._has_file} and there.record_id is null and kept."ID" > %s order by 1 limit {FILES_AT_ONCE}',
            (self._object, self._field, last),
        )
        return _up_to(
            BYTES_AT_ONCE, [Wanted(row["id"], row["modified"], _number(row["size"])) for row in found]
        )

    def _copy(self, batch: Sequence[Wanted]) -> int:
        clear(self._folder)
        stop: Exception | None = None
        stored: list[Stored] = []
        for future in [self._call.pool.submit(self._read, wanted) for wanted in batch]:
            try:
                stored += _result(future)
            except (BudgetExhausted, LoginError) as error:
                stop = error
        if stored:
            self._store(stored)
        if stop:
            raise stop
        return len(stored)

    def _read(self, wanted: Wanted) -> Stored | None:
        """Read one file; None, and a line in the log, where it cannot be had."""
        try:
            return self._stream(wanted)
        except (BudgetExhausted, LoginError):
            raise
        except (ExtractError, requests.RequestException, urllib3.exceptions.HTTPError) as error:
            reason = str(error) if isinstance(error, ExtractError) else type(error).__name__
            log.warning(
                "file not copied", object=self._object, field=self._field, id=wanted.record_id, reason=reason
            )
            (self._folder / wanted.record_id).unlink(missing_ok=True)
            return None

    @stamina.retry(
        on=(TornFileError, requests.RequestException, urllib3.exceptions.HTTPError),
        attempts=ATTEMPTS,
        timeout=None,
    )
    def _stream(self, wanted: Wanted) -> Stored:
        sf, digest, size = self._call.sf, hashlib.sha256(), 0
        url = f"{sf.base_url}sobjects/{self._object}/{wanted.record_id}/{self._field}"
        idle = self._call.settings.idle.total_seconds()
        with sf.session.get(url, stream=True, timeout=idle) as response:
            if not response.ok:
                raise ExtractError(refusal(response.status_code, *error_of(response)))
            with (self._folder / wanted.record_id).open("wb") as file:
                for piece in response.iter_content(PIECE_BYTES):
                    file.write(piece)
                    digest.update(piece)
                    size += len(piece)
        if wanted.bytes is not None and size != wanted.bytes:
            raise TornFileError(f"{size} bytes came where the record says {wanted.bytes}")
        return Stored(wanted, size, digest.hexdigest())

    def _store(self, stored: Sequence[Stored]) -> None:
        """Put the files of the folder on the stage, and then say so in the table, for all of them at one instant."""
        path = f"{self._object}/{self._field}"
        files = f"file://{self._folder.resolve().as_posix()}/*".replace("'", r"\'")
        execute(self._connection, f"put '{files}' @{STAGE}/{path}/ auto_compress = false overwrite = true")
        ids = [each.wanted.record_id for each in stored]
        rows = [
            (
                *(self._object, each.wanted.record_id, self._field, f"{path}/{each.wanted.record_id}"),
                *(each.bytes, each.sha256, each.wanted.modified, *self._stamp.values),
            )
            for each in stored
        ]
        with transaction(self._connection):
            execute(
                self._connection,
                f"delete from {TABLE} where object = %s and field = %s and record_id in ({_marks(ids)})",
                (self._object, self._field, *ids),
            )
            execute(
                self._connection,
                f"insert into {TABLE} (object, record_id, field, stage_path, bytes, sha256, modified, _run_id, _extracted_at) "
                f"values {', '.join(f'({_marks(row)})' for row in rows)}",
                [cell for row in rows for cell in row],
            )

    def _count(self, copied: int) -> Files:
        [found] = execute(
            self._connection,
            f"select count(*) as expected, count_if(there.bytes = coalesce({self._size}, there.bytes)) as present "
            f"from {self._from} where {self._has_file}",
            (self._object, self._field),
        )
        files = Files(found["expected"], copied, found["present"] or 0)
        execute(
            self._connection,
            "insert into ops.extract_count (run_id, object, mode, source_count, page_count, landed_count, raw_count, counted_at) "
            "values (%s, %s, %s, %s, %s, %s, %s, sysdate())",
            (self._stamp.run_id, self._object, MODE, files.expected, copied, copied, files.present),
        )
        return files


def _result(future: Future[Stored | None]) -> Iterator[Stored]:
    if stored := future.result():
        yield stored


def _up_to(most: int, batch: Sequence[Wanted]) -> list[Wanted]:
    """Give the first ones, at least one, that are together no larger."""
    sizes = itertools.accumulate((wanted.bytes or 0 for wanted in batch), initial=0)
    return [wanted for wanted, before in zip(batch, sizes, strict=False) if before < most]


def _marks(values: Sequence[Any]) -> str:
    return ", ".join(["%s"] * len(values))


def _number(value: Any) -> int | None:
    return None if value is None else int(value)
