"""From files to a raw table: a stage, a landing table, one statement.

A vendor's CSV pages go there as the bytes that they are, rows that were made here as Parquet.

A raw table changes in one transaction or not at all. Files are dropped when their rows are in; what a killed
run leaves behind is only files, which the next one removes, and temporary objects, which end with the session.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import itertools
import shutil
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from extract.errors import ExtractError
from extract.pages import SUFFIX

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

ROWS_PER_FILE = 5_000
COMPRESSION = "zstd"


@dataclass(frozen=True, slots=True)
class Stamp:
    """Which run copied a row, and when (UTC)."""

    run_id: str
    at: dt.datetime

    @property
    def values(self) -> tuple[str, str]:
        """Both as SQL statements bind them."""
        return self.run_id, self.at.isoformat(sep=" ")

    @classmethod
    def now(cls, run_id: str) -> Self:
        """Give the stamp of rows copied now."""
        return cls(run_id, dt.datetime.now(dt.UTC).replace(tzinfo=None))


@dataclass(frozen=True, slots=True)
class Table:
    """A raw table that is written whole: its columns with their SQL types, besides run and time."""

    schema: str
    name: str
    columns: Mapping[str, str]


class RowFiles:
    """Rows of text cells, written into numbered Parquet files of `folder`; a context manager.

    Holds `rows_per_file` rows at most.
    """

    def __init__(self, folder: Path, columns: Iterable[str], rows_per_file: int = ROWS_PER_FILE) -> None:
        """Empty the folder; the first file is written when it is full."""
        clear(folder)
        self.rows = 0
        self.folder = folder
        self._columns = [name.upper() for name in columns]
        self._rows_per_file = rows_per_file
        self._waiting: list[tuple[str | None, ...]] = []

    def add(self, row: tuple[str | None, ...]) -> None:
        """Take one row, its cells in the order of the columns."""
        self._waiting.append(row)
        self.rows += 1
        if len(self._waiting) == self._rows_per_file:
            self._flush()

    def _flush(self) -> None:
        # 40 MB that an object without rows made here does without.
        import pyarrow as pa  # noqa: PLC0415
        import pyarrow.parquet  # noqa: PLC0415

        if self._waiting:
            cells = [pa.array(column, pa.string()) for column in zip(*self._waiting, strict=True)]
            table = pa.table(cells, names=self._columns)
            pa.parquet.write_table(table, self.folder / f"{self.rows:012}.parquet", compression=COMPRESSION)
            self._waiting.clear()

    def __enter__(self) -> Self:
        """Give the writer itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write what waits, unless the rows could not all be had."""
        if error is None:
            self._flush()


def clear(folder: Path) -> None:
    """Make the folder, and make it empty."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def sweep(landing_dir: Path, run_id: str, name: str) -> None:
    """Remove what other runs left under this name; only one call at a time uses a landing folder."""
    for folder in landing_dir.glob(f"*/{name}"):
        if folder.parent.name != run_id:
            shutil.rmtree(folder, ignore_errors=True)
            remove_empty(folder.parent)


def remove_empty(folder: Path) -> None:
    """Remove a folder that has nothing in it."""
    with contextlib.suppress(OSError):
        folder.rmdir()


def tidy(landing_dir: Path) -> None:
    """Remove the folders of runs that have nothing in them any more; a kill can leave one."""
    for folder in landing_dir.glob("*"):
        remove_empty(folder)


def open_stage(connection: SnowflakeConnection, schema: str) -> None:
    """Make the stage that files go through; it and what is left in it end with the session."""
    execute(connection, f"create temporary stage if not exists {schema}.landing")


def load_files(
    connection: SnowflakeConnection, schema: str, table: str, columns: Iterable[str], folder: Path
) -> int:
    """Copy the Parquet files of `folder` into the new landing table of `table`; give the number of rows.

    The stage must be open (`open_stage`). Every column is varchar.
    """
    landed = landing_table(schema, table)
    declared = ", ".join(f"{quoted(name)} varchar" for name in columns)
    execute(connection, f"create or replace temporary table {landed} ({declared})")
    return _copy(
        connection,
        schema,
        landed,
        folder,
        "parquet",
        "from {stage} file_format = (type = parquet null_if = ()) match_by_column_name = case_insensitive",
    )


def load_pages(
    connection: SnowflakeConnection, schema: str, landed: str, cells: Mapping[str, str], folder: Path
) -> int:
    """Copy the CSV pages of `folder` into columns of the table `landed`; give the number of rows.

    `cells` gives the SQL of each column, where `$1` is a page's first cell, null if it is empty. The stage must be
    open (`open_stage`).
    """
    return _copy(
        connection,
        schema,
        f"{landed} ({', '.join(map(quoted, cells))})",
        folder,
        SUFFIX.lstrip("."),
        f"from (select {', '.join(cells.values())} from {{stage}}) file_format = (type = csv skip_header = 1 "
        "field_optionally_enclosed_by = '\"' null_if = ('') escape_unenclosed_field = none)",
    )


def _copy(
    connection: SnowflakeConnection, schema: str, target: str, folder: Path, suffix: str, how: str
) -> int:
    if next(folder.glob(f"*.{suffix}"), None) is None:
        return 0
    # A path of its own for each try: files that an earlier one left on the stage are not read again, and of those here
    # none can have been loaded, so the warehouse need not look that up.
    stage = f"@{schema}.landing/{uuid.uuid4().hex}/"
    files = f"file://{folder.resolve().as_posix()}/*.{suffix}".replace("'", r"\'")
    execute(connection, f"put '{files}' {stage} auto_compress = false")
    copied = execute(connection, f"copy into {target} {how.format(stage=stage)} purge = true force = true")
    return sum(int(file["rows_loaded"]) for file in copied)


def land_rows(
    connection: SnowflakeConnection,
    table: Table,
    rows: Iterable[tuple[str | None, ...]],
    folder: Path,
    stamp: Stamp,
    *,
    only: Mapping[str, Sequence[str]] | None = None,
) -> int:
    """Write rows of text into files of `folder`, then do as `land_files`; give their number."""
    with RowFiles(folder, table.columns) as files:
        for row in rows:
            files.add(row)
    land_files(connection, table, files, stamp, only=only)
    return files.rows


def land_files(
    connection: SnowflakeConnection,
    table: Table,
    files: RowFiles,
    stamp: Stamp,
    *,
    only: Mapping[str, Sequence[str]] | None = None,
) -> None:
    """Put what was written in the place of the table's rows, then remove the files. `only` as in `replace_rows`.

    Raises:
        ExtractError: other rows arrived than were written.
    """
    landed = load_files(connection, table.schema, table.name, table.columns, files.folder)
    check_rows(table.name, files.rows, landed)
    replace_rows(connection, table, stamp, only=only)
    shutil.rmtree(files.folder)


def replace_rows(
    connection: SnowflakeConnection,
    table: Table,
    stamp: Stamp,
    *,
    only: Mapping[str, Sequence[str]] | None = None,
) -> None:
    """Put the rows of the landing table in the place of the table's rows, for a reader at one instant.

    The table is made if it does not exist. `only`, columns and their values, spares the rows with others.
    """
    names = ", ".join(map(quoted, table.columns))
    typed = ", ".join(f"{quoted(name)}::{kind}" for name, kind in table.columns.items())
    declared = ", ".join(f"{quoted(name)} {kind}" for name, kind in table.columns.items())
    target, landed = qualified(table.schema, table.name), landing_table(table.schema, table.name)
    execute(
        connection,
        f"create transient table if not exists {target} ({declared}, _run_id varchar, _extracted_at timestamp_ntz)",
    )
    with transaction(connection):
        _delete(connection, target, only)
        execute(
            connection,
            f"insert into {target} ({names}, _run_id, _extracted_at) select {typed}, %s, %s::timestamp_ntz from {landed}",
            stamp.values,
        )
    execute(connection, f"drop table if exists {landed}")


def _delete(connection: SnowflakeConnection, target: str, only: Mapping[str, Sequence[str]] | None) -> None:
    if only is None:
        execute(connection, f"delete from {target}")
    elif all(only.values()):
        chosen = " and ".join(
            f"{quoted(name)} in ({', '.join(['%s'] * len(values))})" for name, values in only.items()
        )
        execute(connection, f"delete from {target} where {chosen}", [*itertools.chain(*only.values())])


def watermarks(connection: SnowflakeConnection) -> dict[str, str]:
    """Give the bound up to which each object was copied."""
    rows = execute(connection, "select object, watermark from ops.watermark")
    return {row["object"]: row["watermark"] for row in rows}


def save_watermark(connection: SnowflakeConnection, name: str, watermark: str, stamp: Stamp) -> None:
    """Move the bound of an object; call it in the transaction that changes the object's table."""
    execute(
        connection,
        "merge into ops.watermark as known using (select %s as object, %s as watermark, %s as run_id, "
        "%s::timestamp_ntz as updated_at) as moved on known.object = moved.object "
        "when matched then update set watermark = moved.watermark, run_id = moved.run_id, "
        "updated_at = moved.updated_at "
        "when not matched then insert (object, watermark, run_id, updated_at) "
        "values (moved.object, moved.watermark, moved.run_id, moved.updated_at)",
        (name, watermark, *stamp.values),
    )


def check_rows(table: str, written: int, landed: int) -> None:
    """Compare what was read with what the warehouse holds.

    Raises:
        ExtractError: they differ.
    """
    if written != landed:
        raise ExtractError(
            f"{table}: {written} rows were read, {landed} arrived in the warehouse. Give the command again; if it "
            "stays so, look at the COPY history of the landing table."
        )


@contextlib.contextmanager
def transaction(connection: SnowflakeConnection) -> Iterator[None]:
    """Commit what happens inside, or nothing of it."""
    execute(connection, "begin")
    try:
        yield
    except BaseException:
        execute(connection, "rollback")
        raise
    execute(connection, "commit")


def execute(
    connection: SnowflakeConnection, statement: str, values: Sequence[Any] | None = None
) -> list[dict[str, Any]]:
    """Run one statement and give its rows as dictionaries with lower-case names."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        names = [column.name.lower() for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def qualified(schema: str, table: str) -> str:
    """Give the quoted name of a raw table."""
    return f"{schema}.{quoted(table)}"


def landing_table(schema: str, table: str) -> str:
    """Give the quoted name of the table that a raw table's new rows wait in."""
    return qualified(schema, f"_LANDED_{table}")


def quoted(name: str) -> str:
    """Give an identifier in upper case and quoted, so that `Case` and `Order` are names like any other."""
    return '"' + name.upper().replace('"', '""') + '"'
