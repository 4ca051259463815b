"""The result of a Bulk job on disk: the CSV file as it is sent, and where each of its records begins."""

from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Bytes of a number in the index.
WIDTH = 8


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a file, in bytes."""

    offset: int
    count: int


@dataclass(frozen=True, slots=True)
class Result:
    """The files of one result: `path`.csv, and beside it `path`.rows with the offset at which each record ends."""

    path: Path

    @property
    def content(self) -> Path:
        return self.path.with_suffix(".csv")

    @property
    def index(self) -> Path:
        return self.path.with_suffix(".rows")

    def write(self, header: str, batches: Iterable[Any]) -> int:
        """Write the header line and Arrow batches of one text column, records with their line ends; count these."""
        rows = 0
        with self.content.open("wb") as content, self.index.open("wb") as index:
            end = content.write(header.encode())
            index.write(array("q", [end]))
            for batch in batches:
                # Arrow keeps the texts of a column one behind the other, and where each of them ends.
                _, ends, texts = batch.column(0).buffers()
                ends = memoryview(ends).cast("i")[1 : batch.num_rows + 1]
                index.write(array("q", (end + each for each in ends)))
                if batch.num_rows:
                    end += content.write(memoryview(texts)[: ends[-1]])
                rows += batch.num_rows
        return rows

    def header(self) -> Span:
        """Give the place of the header line."""
        return Span(0, self._offset(0))

    def records(self, start: int, end: int) -> Span:
        """Give the place of the records from number `start` up to but without number `end`."""
        offset = self._offset(start)
        return Span(offset, self._offset(end) - offset)

    def remove(self) -> None:
        """Remove both files."""
        self.content.unlink(missing_ok=True)
        self.index.unlink(missing_ok=True)

    def _offset(self, record: int) -> int:
        with self.index.open("rb") as index:
            index.seek(record * WIDTH)
            return array("q", index.read(WIDTH))[0]
