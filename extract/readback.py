"""What the read-back of every target shares: vendors' JSON objects, landed whole into a raw table."""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

from snowflake.connector import SnowflakeConnection

from extract.landing import RowFiles, Stamp, Table, land_files, land_rows, open_stage, sweep

Progress = Callable[[str, int, int | None], None]
Row = TypeVar("Row")

PAYLOAD_COLUMNS = {"id": "varchar", "payload": "varchar"}
RECORD_COLUMNS = {"object": "varchar", **PAYLOAD_COLUMNS}
PROGRESS_ROWS = 1_000


@dataclass(frozen=True, slots=True)
class Landed:
    """A raw table as it was read back: its name, its rows, and how long that took."""

    object: str
    rows: int
    seconds: float


@dataclass(frozen=True, slots=True)
class ReadBack:
    """Where one read-back puts its rows. Each table changes at one instant, when all its rows are there."""

    connection: SnowflakeConnection
    stamp: Stamp
    folder: Path
    progress: Progress | None = None

    @classmethod
    def begin(
        cls,
        connection: SnowflakeConnection,
        schema: str,
        run_id: str,
        landing_dir: Path,
        progress: Progress | None,
    ) -> Self:
        """Open the schema's stage, and remove the files that other runs left behind."""
        sweep(landing_dir, run_id, schema)
        open_stage(connection, schema)
        return cls(connection, Stamp.now(run_id), landing_dir / run_id / schema, progress)

    def land(
        self,
        table: Table,
        rows: Iterable[tuple[str | None, ...]],
        only: Mapping[str, Sequence[str]] | None = None,
    ) -> Landed:
        """Put rows in the place of the table's rows; they pass one by one and are not held.

        With `only`, columns and their values, rows with other values stay.
        """
        started = time.monotonic()
        number = land_rows(self.connection, table, rows, self.folder / table.name, self.stamp, only=only)
        return Landed(table.name, number, time.monotonic() - started)

    def land_files(self, table: Table, files: RowFiles, started: float) -> Landed:
        """Put rows that are already in files in the place of the table's rows."""
        land_files(self.connection, table, files, self.stamp)
        return Landed(table.name, files.rows, time.monotonic() - started)

    def report(self, name: str, rows: Iterable[Row]) -> Iterator[Row]:
        """Pass rows on and report their number now and then, and at the end."""
        number = 0
        for number, row in enumerate(rows, start=1):
            yield row
            if self.progress and number % PROGRESS_ROWS == 0:
                self.progress(name, number, None)
        if self.progress:
            self.progress(name, number, number)


def payload_table(schema: str, name: str) -> Table:
    """Give the raw table of a vendor's objects: `id` and the JSON object as text."""
    return Table(schema, name, PAYLOAD_COLUMNS)


def records_table(schema: str) -> Table:
    """Give the raw table of a target's records of all objects: `object`, `id` and the JSON object as text."""
    return Table(schema, "records", RECORD_COLUMNS)


def record_row(name: str, record: Mapping[str, Any]) -> tuple[str, str, str]:
    """Give the row of one JSON object that is a record of the object `name`."""
    return name, *payload_row(record)


def payload_row(record: Mapping[str, Any]) -> tuple[str, str]:
    """Give the row of one JSON object."""
    # Escapes for what is not ASCII: half an emoji, which JSON can hold, is no valid UTF-8.
    return str(record["id"]), json.dumps(record, separators=(",", ":"))
