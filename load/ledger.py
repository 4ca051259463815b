"""What was sent, kept so that no crash can lose or double it.

Every answer is written to a spool file on disk before more work starts. From there it goes to the warehouse in one
transaction: into OPS.LOAD_ATTEMPT, the log of all attempts, and into OPS.LOAD_LEDGER, the latest success per record.
A killed run leaves its file behind; `replay` takes it up, and a file that had already arrived changes nothing.
"""

import fcntl
import json
import os
import re
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Self

import msgspec
import pyarrow as pa
import pyarrow.json
import pyarrow.parquet
import structlog

from load.feeds import RECORD_KEY, Feed
from load.target import END_GONE, MERGED, LoadError, Result

log = structlog.get_logger()

# After so many attempts the file goes to the warehouse: it bounds what a replay has to read.
ATTEMPTS_PER_FILE = 50_000
MESSAGE_LENGTH = 2_000
# A payload may hold several fields of 65,536 characters, each escaped.
LONGEST_LINE = 16 * 2**20
E_MAIL = re.compile(r"[^\s@\"'<>()\[\]{},;:=]+@[^\s@\"'<>()\[\]{},;:=]+")


class Attempt(msgspec.Struct, omit_defaults=True):
    """A row of OPS.LOAD_ATTEMPT and a line of the spool: text throughout, and nulls are left out."""

    run_id: str
    target: str
    object: str
    attempted_at: str
    record_key: str
    action: str
    status: str
    target_id: str | None = None
    row_hash: str | None = None
    payload: str | None = None
    error_category: str | None = None
    error_message: str | None = None
    correlation_id: str | None = None
    before_image: str | None = None
    kept: str | None = None
    plan_id: str | None = None
    definitions_hash: str | None = None


COLUMNS = Attempt.__struct_fields__
LINES = msgspec.json.Encoder()

# In the place of a row hash: the record is sent again; with the second, also over what somebody changed in the target.
LOST = ""
OVERWRITE = "overwrite"
# The same, and the properties named behind it were made anew: what had been sent of them is gone.
LOST_VALUES = "lost "

STAGE = "ops.load_spool"
INCOMING = "ops.load_incoming"

NEW_ATTEMPTS = f"""
insert into ops.load_attempt ({", ".join(COLUMNS)})
select {", ".join(COLUMNS)}
from {INCOMING} as incoming
where not exists (
    select 1 from ops.load_attempt as attempt
    where attempt.run_id = incoming.run_id and attempt.target = incoming.target and attempt.object = incoming.object
        and attempt.record_key = incoming.record_key and attempt.attempted_at = incoming.attempted_at
)"""

# What was archived, goes on under another key, or was put back as it was before any of our records was there, is not ours any more.
NOT_OURS = "(latest.action in ('archive', 'move') or (latest.action = 'restore' and latest.row_hash is null))"

LATEST_SUCCESSES = f"""
merge into ops.load_ledger as ledger
using (
    select target, object, record_key, action, target_id, row_hash, run_id, kept, attempted_at
    from {INCOMING}
    where status = 'succeeded'
    qualify row_number() over (partition by target, object, record_key order by attempted_at desc) = 1
) as latest
on ledger.target = latest.target and ledger.object = latest.object and ledger.record_key = latest.record_key
when matched and latest.attempted_at >= ledger.loaded_at and {NOT_OURS} then delete
when matched and latest.attempted_at >= ledger.loaded_at then update set
    target_id = latest.target_id, row_hash = latest.row_hash, run_id = latest.run_id, loaded_at = latest.attempted_at,
    kept = latest.kept, created_in = iff(latest.action = 'create', latest.run_id, ledger.created_in)
when not matched and not {NOT_OURS} then
    insert (target, object, record_key, target_id, row_hash, run_id, loaded_at, kept, created_in)
    values (latest.target, latest.object, latest.record_key, latest.target_id, latest.row_hash, latest.run_id,
        latest.attempted_at, latest.kept, iff(latest.action = 'create', latest.run_id, null))"""

# A record that somebody merged in the target is the survivor from now on; what was sent for it stays as it was.
MERGED_RECORDS = f"""
update ops.load_ledger set target_id = merged.target_id
from (
    select target, object, record_key, target_id
    from {INCOMING}
    where status = 'refused' and error_category = '{MERGED}'
    qualify row_number() over (partition by target, object, record_key order by attempted_at desc) = 1
) as merged
where load_ledger.target = merged.target and load_ledger.object = merged.object
    and load_ledger.record_key = merged.record_key"""

# A record that is gone from the target and was refused when it was to be made anew is not there: its links wait for it.
GONE_RECORDS = f"""
delete from ops.load_ledger using (
    select target, object, record_key, attempted_at
    from {INCOMING}
    qualify row_number() over (partition by target, object, record_key order by attempted_at desc) = 1
        and status = 'refused' and target_id is null
) as gone
where load_ledger.target = gone.target and load_ledger.object = gone.object
    and load_ledger.record_key = gone.record_key and load_ledger.loaded_at <= gone.attempted_at"""


class Spool:
    """The answers of one run, on disk until they are in the warehouse. One process writes in a folder at a time."""

    def __init__(
        self,
        connection: Any,
        folder: Path,
        run_id: str,
        *,
        plan_id: str | None = None,
        definitions: Mapping[str, str] | None = None,
    ) -> None:
        """Write in `folder`. `definitions`: the digest of a target's definitions by a feed's label."""
        self._connection = connection
        self._folder = folder
        self._run_id = run_id
        self._plan_id = plan_id
        self._definitions = definitions or {}
        self._file: BinaryIO | None = None
        self._attempts = 0
        self._writing = threading.Lock()
        self._carrier = ThreadPoolExecutor(1, thread_name_prefix="spool")
        self._carried: list[Future[None]] = []

    def write(self, feed: Feed, results: Sequence[Result]) -> None:
        """Put the results on disk; they are safe when this returns."""
        now = datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")
        definitions = self._definitions.get(feed.label)
        # By position: seventeen names a row take as long as the rest of a line.
        attempts = [
            Attempt(
                self._run_id,
                feed.target,
                feed.object,
                now,
                result.record_key,
                result.action,
                result.status,
                result.target_id,
                result.row_hash,
                result.payload,
                result.error_category,
                redacted(result.error_message),
                result.correlation_id,
                None if result.before is None else json.dumps(result.before),
                json.dumps(result.kept) if result.kept else None,
                self._plan_id,
                definitions,
            )
            for result in results
        ]
        attempts += [
            Attempt(
                self._run_id,
                feed.target,
                feed.object,
                now,
                result.former_key,
                "move",
                "succeeded",
                result.target_id,
            )
            for result in results
            if result.former_key is not None
        ]
        with self._writing:
            file = self._file or self._open()
            file.write(LINES.encode_lines(attempts))
            file.flush()
            os.fsync(file.fileno())
            self._attempts += len(attempts)
            if self._attempts >= ATTEMPTS_PER_FILE:
                self._hand_over()

    def flush(self) -> None:
        """Bring what was written into the warehouse; each file goes once it is there."""
        with self._writing:
            self._hand_over()
            carried = [*self._carried]
        # Also what another thread handed over: its file may hold answers of this one.
        for file in carried:
            file.result()
        with self._writing:
            self._carried = [file for file in self._carried if file not in carried]

    def _hand_over(self) -> None:
        """Let a file be brought into the warehouse while the work goes on with the next one."""
        if self._file is not None:
            self._carried.append(self._carrier.submit(self._carry, self._file))
            self._file, self._attempts = None, 0

    def _carry(self, file: BinaryIO) -> None:
        with file:
            path = Path(file.name)
            _store(self._connection, path)
            path.unlink()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Flush, also after an error: what was answered is true. Should that fail too, the file stays for `replay`."""
        try:
            self.flush()
        finally:
            self._carrier.shutdown()

    def _open(self) -> BinaryIO:
        self._folder.mkdir(parents=True, exist_ok=True)
        moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
        self._file = (self._folder / f"{self._run_id}.{moment}.jsonl").open("xb")
        fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _sync_folder(self._folder)
        return self._file


def replay(connection: Any, folder: Path) -> int:
    """Bring into the warehouse what killed runs left in the folder; give the number of attempts.

    Raises:
        LoadError: a run that is alive is writing there.
    """
    attempts = 0
    for path in sorted(folder.glob("*.jsonl")):
        with _alone(path):
            _drop_torn_line(path)
            attempts += _store(connection, path)
            path.unlink()
    if attempts:
        log.info("spool_replayed", attempts=attempts)
    return attempts


def lose_values(connection: Any, feed: Feed, names: Iterable[str]) -> None:
    """Note that the records of a feed are not as they were sent: these properties are new, and have no value yet."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"update ops.load_ledger set row_hash = iff(startswith(row_hash, '{LOST_VALUES}'), row_hash, '{LOST_VALUES}') "
            "|| %(names)s where target = %(target)s and object = %(object)s",
            {"target": feed.target, "object": feed.object, "names": "".join(f"{name} " for name in names)},
        )


def doubt_ends(connection: Any, feed: Feed, run_id: str) -> bool:
    """Note that the ends of links that were not to be found may be gone: their records are sent again, and looked up.

    Says whether there were such links, as far as the latest attempts of the run go.
    """
    doubted = False
    for end in feed.ends:
        with connection.cursor() as cursor:
            cursor.execute(
                f"""
                update ops.load_ledger set row_hash = '{LOST}'
                from (
                    with unmade as (
                        select record_key
                        from ops.load_attempt
                        where run_id = %(run_id)s and target = %(target)s and object = %(object)s
                        qualify row_number() over (partition by record_key order by attempted_at desc) = 1
                            and error_category = '{END_GONE}'
                    )
                    select distinct {end.object_sql} as object, mart.{end.key_column} as record_key
                    from {feed.relation} as mart
                    inner join unmade on mart.{RECORD_KEY} = unmade.record_key
                ) as doubted
                where load_ledger.target = %(target)s and load_ledger.object = doubted.object
                    and load_ledger.record_key = doubted.record_key""",
                {"target": feed.target, "object": feed.object, "run_id": run_id},
            )
            doubted = doubted or cursor.fetchone()[0] > 0
    return doubted


def redacted(message: str | None) -> str | None:
    """Take e-mail addresses out of a vendor's message, and cut it to a readable length."""
    return None if message is None else E_MAIL.sub("[e-mail]", message)[:MESSAGE_LENGTH]


def _store(connection: Any, spool: Path) -> int:
    """Copy a spool file into the warehouse and merge it, all or nothing; give the number of attempts in it."""
    if spool.stat().st_size == 0:
        return 0
    # Text throughout: COPY casts it, and a Parquet timestamp would depend on USE_LOGICAL_TYPE.
    schema = pa.schema([(column, pa.string()) for column in COLUMNS])
    options = pyarrow.json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="error")
    attempts = pyarrow.json.read_json(spool, pyarrow.json.ReadOptions(block_size=LONGEST_LINE), options)
    parquet = spool.with_suffix(".parquet")
    pyarrow.parquet.write_table(attempts, parquet)
    try:
        with connection.cursor() as cursor:
            _copy(cursor, parquet)
            _merge(cursor)
    finally:
        parquet.unlink()
    return int(attempts.num_rows)


def _copy(cursor: Any, parquet: Path) -> None:
    cursor.execute(f"create stage if not exists {STAGE}")
    cursor.execute(f"create or replace temporary table {INCOMING} like ops.load_attempt")
    cursor.execute(f"put 'file://{parquet.resolve()}' @{STAGE} auto_compress = false overwrite = true")
    cursor.execute(
        f"copy into {INCOMING} from @{STAGE}/{parquet.name} file_format = (type = parquet) "
        "match_by_column_name = case_insensitive purge = true"
    )


def _merge(cursor: Any) -> None:
    cursor.execute("begin")
    try:
        cursor.execute(NEW_ATTEMPTS)
        cursor.execute(LATEST_SUCCESSES)
        cursor.execute(MERGED_RECORDS)
        cursor.execute(GONE_RECORDS)
    except BaseException:
        cursor.execute("rollback")
        raise
    cursor.execute("commit")


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LoadError(f"Another load is writing {path}. Wait for it, or stop it.") from None
        yield


def _drop_torn_line(path: Path) -> None:
    """Cut off half a line, which a kill in the middle of a write leaves: its answer was never counted as kept."""
    content = path.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        os.truncate(path, whole)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
