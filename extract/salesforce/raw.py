"""The tables of RAW_SALESFORCE: one per object, every field as text, and what the org says about its fields."""

import dataclasses
import functools
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from snowflake.connector import SnowflakeConnection

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
from extract.salesforce import describe
from extract.salesforce.describe import RAW, Description
from extract.salesforce.read import Copy
from extract.sources import SourceObject

STAMP_COLUMNS = {"_EXTRACTED_AT": "timestamp_ntz", "_RUN_ID": "varchar", "_DELETED": "boolean"}


@dataclasses.dataclass(frozen=True, slots=True)
class Counts:
    """Rows of one object: those that arrived, those in its table now, and the live ones among these."""

    landed: int
    raw: int
    live: int


class RawTables:
    """Puts copies into the tables; used by one thread."""

    def __init__(self, connection: SnowflakeConnection, stamp: Stamp) -> None:
        """Look which tables and columns exist, and open the stage."""
        self._connection = connection
        self._stamp = stamp
        self._columns: dict[str, set[str]] = {}
        open_stage(connection, RAW)
        found = execute(
            connection,
            "select table_name, column_name from information_schema.columns where table_schema = %s",
            (RAW.upper(),),
        )
        for row in found:
            self._columns.setdefault(row["table_name"], set()).add(row["column_name"])

    def has(self, source: SourceObject) -> bool:
        """Whether the object has a table already."""
        return source.table in self._columns

    def ensure(self, source: SourceObject, fields: Iterable[str]) -> list[str]:
        """Make the object's table, or the columns that it lacks; give warnings about declared fields."""
        absent, warnings = describe.absent_columns(source, fields)
        wanted = [name.upper() for name in fields] + absent
        target = qualified(RAW, source.table)
        if self.has(source):
            for name in wanted:
                if name not in self._columns[source.table]:
                    execute(self._connection, f"alter table {target} add column {quoted(name)} varchar")
        else:
            kinds = dict.fromkeys(wanted, "varchar") | STAMP_COLUMNS
            columns = ", ".join(f"{quoted(name)} {kind}" for name, kind in kinds.items())
            execute(self._connection, f"create transient table {target} ({columns})")
        self._columns.setdefault(source.table, set(STAMP_COLUMNS)).update(wanted)
        return warnings

    def put(self, copy: Copy) -> Counts:
        """Put one object's files into its table and move its watermark, both or neither.

        Raises:
            ExtractError: other rows arrived than were read.
        """
        columns = [name.upper() for name in copy.description.fields]
        landed = load_files(self._connection, RAW, copy.source.table, columns, copy.folder)
        check_rows(copy.source.name, copy.page_count, landed)
        with transaction(self._connection):
            self._write(copy, columns)
            counts = self._count(copy, landed)
            save_watermark(self._connection, copy.source.name, copy.window.until, self._stamp)
            self.save_count(copy, counts)
        execute(self._connection, f"drop table if exists {landing_table(RAW, copy.source.table)}")
        return counts

    def _write(self, copy: Copy, columns: Sequence[str]) -> None:
        target, landed = qualified(RAW, copy.source.table), landing_table(RAW, copy.source.table)
        deleted = "coalesce(\"ISDELETED\" = 'true', false)" if copy.description.keeps_deleted else "false"
        newest = f"{quoted(copy.window.cursor)} desc nulls last" if copy.window.cursor else '"ID"'
        names = ", ".join(map(quoted, columns))
        rows = (
            f"select {names}, %s::timestamp_ntz as _extracted_at, %s as _run_id, {deleted} as _deleted from {landed} "
            f'qualify row_number() over (partition by "ID" order by {newest}) = 1'
        )
        values = self._stamp.values[::-1]
        if copy.mode == "full":
            execute(self._connection, f"delete from {target}")
            execute(
                self._connection, f"insert into {target} ({names}, {', '.join(STAMP_COLUMNS)}) {rows}", values
            )
        elif copy.page_count:
            execute(self._connection, _merge(target, rows, [*columns, *STAMP_COLUMNS]), values)

    def _count(self, copy: Copy, landed: int) -> Counts:
        table = qualified(RAW, copy.source.table)
        [found] = execute(
            self._connection,
            "select count(*) as raw_rows, count_if(not _deleted) as live_rows, "
            "count_if(_extracted_at = %s::timestamp_ntz) as written_rows, "
            f'(select count(distinct "ID") from {landing_table(RAW, copy.source.table)}) as landed_ids from {table}',
            self._stamp.values[1:],
        )
        check_rows(copy.source.name, found["landed_ids"], found["written_rows"] or 0)
        return Counts(landed, found["raw_rows"], found["live_rows"] or 0)

    def save_count(self, copy: Copy, counts: Counts | None) -> None:
        """Keep the counts of one object, those of a refused copy too, in OPS.EXTRACT_COUNT."""
        window, stamp = copy.window, self._stamp
        landed = (counts.landed, counts.raw) if counts else (None, None)
        execute(
            self._connection,
            "insert into ops.extract_count (run_id, object, mode, job_id, since, until, source_count, page_count, "
            "landed_count, raw_count, counted_at) "
            "values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, sysdate())",
            (
                *(stamp.run_id, copy.source.name, copy.mode, copy.job_id, window.since, window.until),
                *(copy.source_count, copy.page_count, *landed),
            ),
        )

    def save_descriptions(
        self, org: Mapping[str, Mapping[str, Any]], descriptions: Sequence[Description], folder: Path
    ) -> None:
        """Write `_objects` anew, and the rows of the described objects in `_fields` and `_picklist_values`."""
        described = ("object", [each.name for each in descriptions])
        land = functools.partial(land_rows, self._connection, folder=folder, stamp=self._stamp)
        land(describe.OBJECTS, describe.object_rows(org))
        land(describe.FIELDS, describe.field_rows(descriptions), only=described)
        land(describe.PICKLIST_VALUES, describe.picklist_rows(descriptions), only=described)


def _merge(target: str, rows: str, columns: Sequence[str]) -> str:
    updates = ", ".join(f"{quoted(name)} = batch.{quoted(name)}" for name in columns if name != "ID")
    names = ", ".join(map(quoted, columns))
    values = ", ".join(f"batch.{quoted(name)}" for name in columns)
    return (
        f'merge into {target} as kept using ({rows}) as batch on kept."ID" = batch."ID" '
        f"when matched then update set {updates} when not matched then insert ({names}) values ({values})"
    )
