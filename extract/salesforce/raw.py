"""The tables of RAW_SALESFORCE: one per object, every field as text, and what the org says about its fields."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import stamina
import structlog

from extract.errors import ExtractError
from extract.landing import (
    Stamp,
    check_rows,
    execute,
    land_rows,
    landing_table,
    load_files,
    open_stage,
    qualified,
    quoted,
    save_watermark,
    transaction,
)
from extract.pages import PageFolder
from extract.salesforce import compounds, describe, tombstones
from extract.salesforce.arrivals import STAMP_COLUMNS, Arrivals, Batch
from extract.salesforce.describe import RAW, Description
from extract.salesforce.drift import Drift
from extract.salesforce.read import Copy
from extract.sources import SourceObject
from warehouse.outcome import is_out_of_reach, is_refusal

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

log = structlog.get_logger()

Result = TypeVar("Result")

# How long the warehouse may be out of reach, besides what its connector waits by itself.
OUTAGE = dt.timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows of one object: those that arrived, those in its table now, the live ones among these.

    `refreshed` rows had other formulas than the org, `deleted` ones were found to be no more in the org.
    """

    landed: int
    raw: int
    live: int
    refreshed: int = 0
    deleted: int = 0


def columns(connection: SnowflakeConnection) -> dict[str, set[str]]:
    """Give the columns of every raw table."""
    found = execute(
        connection,
        "select table_name, column_name from information_schema.columns where table_schema = %s",
        (RAW.upper(),),
    )
    tables: dict[str, set[str]] = {}
    for row in found:
        tables.setdefault(row["table_name"], set()).add(row["column_name"])
    return tables


class RawTables:
    """Puts copies into the tables; used by one thread."""

    def __init__(self, connection: SnowflakeConnection, stamp: Stamp) -> None:
        """Look which columns exist, and open the stage."""
        self.connection = self._connection = connection
        self.stamp = self._stamp = stamp
        self._refused: set[str] = set()
        self._open()

    def _open(self) -> None:
        self._columns = columns(self._connection)
        # What landed before is not counted on.
        self._arrivals = Arrivals(self._connection, self._stamp, self._columns)
        open_stage(self._connection, RAW)

    def patiently(self, work: Callable[[], Result]) -> Result:
        """Do what may be done twice; while the warehouse is out of reach wait, connect anew and do it again.

        Raises:
            snowflake.connector.errors.Error: it does not come back in time.
        """
        for attempt in stamina.retry_context(
            on=is_out_of_reach, attempts=None, timeout=OUTAGE, wait_initial=1.0, wait_max=15.0
        ):
            with attempt:
                if attempt.num > 1:
                    log.warning("connecting to the warehouse again", attempt=attempt.num)
                    self._connection.connect()
                    self._open()
                return work()
        raise AssertionError  # the last attempt gives or raises

    def ensure(self, source: SourceObject, fields: Iterable[str], drift: Drift | None = None) -> list[str]:
        """Make the object's table, or the columns that it lacks; give warnings about declared fields.

        A column whose field went gets a comment that says so, and loses it when the field is back.
        """
        drift = drift or Drift()
        absent, warnings = describe.absent_columns(source, fields, drift.retired)
        wanted = [name.upper() for name in fields] + absent
        target = qualified(RAW, source.table)
        if source.table in self._columns:
            self._widen(target, self._columns[source.table], wanted, drift)
        else:
            kinds = dict.fromkeys(wanted, "varchar") | STAMP_COLUMNS
            execute(self._connection, f"create transient table {target} ({_declared(kinds)})")
        self._columns.setdefault(source.table, set(STAMP_COLUMNS)).update(wanted)
        return warnings

    def _widen(self, target: str, present: Container[str], wanted: Iterable[str], drift: Drift) -> None:
        """Add what a table lacks, and note at its columns which fields went or came back."""
        new = {name.upper() for name in drift.new}
        for name in wanted:
            if name not in present:
                execute(self._connection, f"alter table {target} add column {quoted(name)} varchar")
            elif name in new:
                self._comment(target, name, "")
        for name in drift.gone:
            since = (
                f"Since {self._stamp.at:%Y-%m-%d} no field of the org, or hidden from the login: old values"
            )
            self._comment(target, name, since)

    def _comment(self, target: str, column: str, text: str) -> None:
        execute(self._connection, f"comment on column {target}.{quoted(column)} is '{text}'")

    def arrive(self, batch: Batch) -> None:
        """Let the pages that are there into the landing table, while others are under way; no reader sees them.

        What the warehouse refuses now it refuses when the object is whole, and it is said then.
        """
        if batch.source.table in self._refused:
            return
        try:
            self.patiently(lambda: self._arrivals.take(batch))
        except Exception as error:
            if not (isinstance(error, ExtractError) or is_refusal(error)):
                raise
            self._refused.add(batch.source.table)

    def abandon(self, source: SourceObject | None = None) -> None:
        """Drop what arrived of an object that came to nothing, or of all that are not whole."""
        self.patiently(lambda: self._arrivals.drop(source))

    def put(self, copy: Copy) -> Counts:
        """Put one object's files into its table and move its watermark, both or neither.

        Raises:
            ExtractError: other rows arrived than were read.
        """
        landed = self._land(copy, copy.source.table)
        beside = [each for each in (copy.backfill, copy.sweep) if each]
        arrived = [self._land(each, _beside(each)) for each in beside]
        self._land_deleted(copy)
        withheld = self._withhold(copy.source.table, copy.description)
        for each in beside:
            self._withhold(_beside(each), each.description)
        ids = self._landed_ids(copy.source)
        # What stays, or stands there twice, has to be told apart row by row.
        whole = copy.mode == "full" and not copy.drift.retired and ids == landed - withheld
        if whole:
            self._swap(copy.source)
        with transaction(self._connection):
            self._erase(copy)
            if not whole:
                self._write(copy)
            counts = self._count(copy, landed, ids)
            for each, rows in zip(beside, arrived, strict=True):
                self.save_count(each, replace(counts, landed=rows), mode=each.pass_name or "backfill")
            if copy.backfill:
                self._fill(copy.backfill)
            counts = self._look_at_all(copy, counts)
            save_watermark(self._connection, copy.source.name, copy.window.until, self._stamp)
            self.save_count(copy, counts)
        self._arrivals.drop(copy.source)
        execute(self._connection, f"drop table if exists {landing_table(RAW, _deleted_ids(copy.source))}")
        self._show_compounds(copy)
        return counts

    def _show_compounds(self, copy: Copy) -> None:
        """Make the view of the object's compound fields, where it is not there or fields came or went."""
        view, made = (
            compounds.view(copy.source.table),
            compounds.definition(copy.description, copy.source.table),
        )
        if made and (view not in self._columns or copy.drift != Drift()):
            execute(self._connection, made)

    def _land(self, copy: Copy, table: str) -> int:
        """Have all pages in the landing table of `table`, and count what is there.

        Raises:
            ExtractError: these are not the rows that were read.
        """
        batch = Batch(copy.source, copy.description, copy.job_id, PageFolder(copy.folder))
        self._arrivals.complete(batch, table)
        [found] = execute(self._connection, f"select count(*) as landed from {landing_table(RAW, table)}")
        check_rows(copy.source.name, copy.page_count, found["landed"])
        return int(found["landed"])

    def _withhold(self, table: str, description: Description) -> int:
        """Take people who were forgotten out of what landed; give the number of rows that went with them."""
        return tombstones.withhold(self._connection, landing_table(RAW, table), description)

    def _land_deleted(self, copy: Copy) -> None:
        if copy.deleted:
            landed = load_files(self._connection, RAW, _deleted_ids(copy.source), ["ID"], copy.deleted.folder)
            check_rows(copy.source.name, copy.deleted.rows, landed)

    def _erase(self, copy: Copy) -> None:
        """Empty the columns of fields that are excluded now and were copied before."""
        if names := copy.drift.withheld:
            nothing = ", ".join(f"{quoted(name)} = null" for name in names)
            execute(self._connection, f"update {qualified(RAW, copy.source.table)} set {nothing}")

    def _look_at_all(self, copy: Copy, counts: Counts) -> Counts:
        """Put in what a pass over all records and the list of deleted ones say that the changes do not."""
        refreshed = self._refresh(copy.sweep) if copy.sweep else 0
        target, batch = qualified(RAW, copy.source.table), landing_table(RAW, copy.source.table)
        found = 0
        if copy.deleted:
            listed = landing_table(RAW, _deleted_ids(copy.source))
            reported = f'"ID" in (select "ID" from {listed}) and "ID" not in (select "ID" from {batch})'
            found += self._mark_deleted(copy.source, target, reported, "listed as deleted")
        if copy.sweep:
            # What the changes have just brought is in the org, whatever became of it since the ids were read.
            all_ids = landing_table(RAW, _beside(copy.sweep))
            missing = f'"ID" not in (select "ID" from {all_ids}) and "ID" not in (select "ID" from {batch})'
            found += self._mark_deleted(copy.source, target, missing, "not in the org any more")
        if not (refreshed or found):
            return counts
        [live] = execute(self._connection, f"select count_if(not _deleted) as live from {target}")
        return replace(counts, live=live["live"] or 0, refreshed=refreshed, deleted=found)

    def _refresh(self, sweep: Copy) -> int:
        """Put the fields that change without a stamp into the rows where they differ; the others are not written."""
        compared = [*(name for name in _columns(sweep) if name != "ID"), "_DELETED"]
        rows = (
            f'select "ID", {", ".join(map(quoted, compared))} from {landing_table(RAW, _beside(sweep))} '
            'qualify row_number() over (partition by "ID" order by "ID") = 1'
        )
        differs = " or ".join(
            f"kept.{quoted(name)} is distinct from batch.{quoted(name)}" for name in compared
        )
        changed = execute(
            self._connection,
            f'merge into {qualified(RAW, sweep.source.table)} as kept using ({rows}) as batch on kept."ID" = batch."ID" '
            f"when matched and ({differs}) then update set {_updates(compared)}, _extracted_at = %s::timestamp_ntz, "
            "_run_id = %s",
            self._stamp.values[::-1],
        )
        return int(changed[0]["number of rows updated"])

    def _mark_deleted(self, source: SourceObject, target: str, condition: str, reason: str) -> int:
        """Mark live rows as deleted, and note each with the reason in OPS.DELETION."""
        noted = execute(
            self._connection,
            "insert into ops.deletion (run_id, object, record_id, reason, noted_at) "
            f'select %s, %s, "ID", %s, sysdate() from {target} where not _deleted and {condition}',
            (self._stamp.run_id, source.name, reason),
        )
        found = int(noted[0]["number of rows inserted"])
        if found:
            execute(
                self._connection,
                f"update {target} set _deleted = true, _extracted_at = %s::timestamp_ntz, _run_id = %s "
                f"where not _deleted and {condition}",
                self._stamp.values[::-1],
            )
        return found

    def _landed_ids(self, source: SourceObject) -> int:
        landed = landing_table(RAW, source.table)
        [found] = execute(self._connection, f'select count(distinct "ID") as ids from {landed}')
        return int(found["ids"])

    def _swap(self, source: SourceObject) -> None:
        """Put a whole copy in the place of the raw table.

        It cannot be part of the transaction that moves the watermark: killed in between, the next call copies again.
        """
        landed = landing_table(RAW, source.table)
        execute(self._connection, f"alter table {qualified(RAW, source.table)} swap with {landed}")

    def _write(self, copy: Copy) -> None:
        target, landed = qualified(RAW, copy.source.table), landing_table(RAW, copy.source.table)
        newest = f"{quoted(copy.window.cursor)} desc nulls last" if copy.window.cursor else '"ID"'
        columns = [*_columns(copy), *STAMP_COLUMNS]
        names = ", ".join(map(quoted, columns))
        rows = (
            f"select {names} from {landed} "
            f'qualify row_number() over (partition by "ID" order by {newest}) = 1'
        )
        if copy.mode == "full":
            # The columns of fields that went keep their values, so the rows that stay must not be written anew.
            gone = f' where "ID" not in (select "ID" from {landed})' if copy.drift.retired else ""
            execute(self._connection, f"delete from {target}{gone}")
        if copy.mode == "full" and not copy.drift.retired:
            execute(self._connection, f"insert into {target} ({names}) {rows}")
        elif copy.page_count:
            execute(self._connection, _merge(target, rows, columns))

    def _fill(self, copy: Copy) -> None:
        """Put the new fields of records that were not read whole into their rows, which else stay as they are."""
        names = ", ".join(map(quoted, _columns(copy)))
        landed = landing_table(RAW, _beside(copy))
        rows = f'select {names} from {landed} qualify row_number() over (partition by "ID" order by "ID") = 1'
        execute(
            self._connection,
            f'merge into {qualified(RAW, copy.source.table)} as kept using ({rows}) as batch on kept."ID" = batch."ID" '
            f"when matched then update set {_updates(_columns(copy))}",
        )

    def _count(self, copy: Copy, landed: int, ids: int) -> Counts:
        table = qualified(RAW, copy.source.table)
        [found] = execute(
            self._connection,
            "select count(*) as raw_rows, count_if(not _deleted) as live_rows, "
            f"count_if(_extracted_at = %s::timestamp_ntz) as written_rows from {table}",
            self._stamp.values[1:],
        )
        check_rows(copy.source.name, ids, found["written_rows"] or 0)
        return Counts(landed, found["raw_rows"], found["live_rows"] or 0)

    def save_count(self, copy: Copy, counts: Counts | None, mode: str | None = None) -> None:
        """Keep the counts of one object, those of a refused copy too, in OPS.EXTRACT_COUNT."""
        window, stamp = copy.window, self._stamp
        landed = (counts.landed, counts.raw, counts.live) if counts else (None, None, None)
        execute(
            self._connection,
            "insert into ops.extract_count (run_id, object, mode, job_id, since, until, source_count, page_count, "
            "landed_count, raw_count, live_count, counted_at) "
            "values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, sysdate())",
            (
                *(stamp.run_id, copy.source.name, mode or copy.mode, copy.job_id, window.since, window.until),
                *(copy.source_count, copy.page_count, *landed),
            ),
        )

    def save_descriptions(
        self, org: Mapping[str, Mapping[str, Any]], descriptions: Sequence[Description], folder: Path
    ) -> None:
        """Write `_objects` anew, the described objects' rows in `_picklist_values`, and this run's in `_fields`.

        `_fields` keeps every run's: a comparison of two shows what the org's admins changed.
        """
        names = [each.name for each in descriptions]
        land = functools.partial(land_rows, self._connection, folder=folder, stamp=self._stamp)
        land(describe.OBJECTS, describe.object_rows(org))
        land(
            describe.FIELDS,
            describe.field_rows(descriptions),
            only={"object": names, "_run_id": [self._stamp.run_id]},
        )
        land(describe.PICKLIST_VALUES, describe.picklist_rows(descriptions), only={"object": names})


def _declared(kinds: Mapping[str, str]) -> str:
    return ", ".join(f"{quoted(name)} {kind}" for name, kind in kinds.items())


def _columns(copy: Copy) -> list[str]:
    return [name.upper() for name in copy.description.fields]


def _beside(copy: Copy) -> str:
    """Name the table whose landing table waits for what is read of an object beside its changes."""
    return f"{copy.source.table}_{'ALL_IDS' if copy.pass_name else 'NEW_FIELDS'}"


def _deleted_ids(source: SourceObject) -> str:
    return f"{source.table}_DELETED_IDS"


def _updates(columns: Iterable[str]) -> str:
    return ", ".join(f"{quoted(name)} = batch.{quoted(name)}" for name in columns if name != "ID")


def _merge(target: str, rows: str, columns: Sequence[str]) -> str:
    names = ", ".join(map(quoted, columns))
    values = ", ".join(f"batch.{quoted(name)}" for name in columns)
    return (
        f'merge into {target} as kept using ({rows}) as batch on kept."ID" = batch."ID" '
        f"when matched then update set {_updates(columns)} when not matched then insert ({names}) values ({values})"
    )
