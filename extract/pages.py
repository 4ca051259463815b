"""Result pages on disk: CSV as it was sent, compressed, its records counted on the way, and a journal of what is there.

No cell is taken apart here: the bytes that the warehouse reads are those that the vendor sent. What proves a
page whole is counted over the bytes, with regard to quotes: records, cells, and that the text is UTF-8.
"""

import codecs
import csv
import json
import os
import threading
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import zstandard

QUOTE, COMMA, NEWLINE = b'",\n'
COMPRESSION_LEVEL = 1
# No describe yields a longer header; what has no line end until here is no page.
HEADER_BYTES = 1024 * 1024
# Looked at once for whether it is UTF-8. Of larger texts the C library keeps hundreds of megabytes when they are freed.
TEXT_BYTES = 8 * 1024
SUFFIX = ".csv.zst"


class TornPageError(Exception):
    """A page ended early or is no CSV of the expected columns; reading it again may help."""


def write_page(content: Iterable[bytes], fields: Sequence[str], path: Path) -> int:
    """Write the pieces of one CSV page, with a header line, to `path`; give the number of records.

    The file is there when it is whole and on the disk. Memory is bounded by a piece, not by the page.

    Raises:
        TornPageError: the header names other columns than `fields`, the records have more or fewer cells, the page
            ends inside a cell, or it is no UTF-8.
    """
    shape = _Shape(fields)
    part = path.with_name(f"{path.name}.part")
    with part.open("wb") as file:
        with zstandard.ZstdCompressor(COMPRESSION_LEVEL).stream_writer(file, closefd=False) as packed:
            for piece in content:
                shape.add(piece)
                packed.write(piece)
        rows = shape.rows()
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    return rows


class _Shape:
    """Counts the records and cells of a page as its bytes pass."""

    def __init__(self, fields: Sequence[str]) -> None:
        self._fields = [*fields]
        self._head: bytes | None = b""
        self._text = codecs.getincrementaldecoder("utf-8")()
        self._in_cell = False
        self._lines = self._separators = 0
        self._last = NEWLINE

    def add(self, piece: bytes) -> None:
        if not piece:
            return
        if self._head is not None:
            self._head = self._checked(self._head + piece)
        self._check_text(piece)
        self._count(piece)

    def _count(self, piece: bytes) -> None:
        cells = np.frombuffer(piece, np.uint8)
        # True from the quote that opens a cell up to the one that closes it; a doubled one closes and opens again.
        quoted = np.logical_xor.accumulate(cells == QUOTE)
        outside = quoted == self._in_cell
        self._lines += int(np.count_nonzero(outside & (cells == NEWLINE)))
        self._separators += int(np.count_nonzero(outside & (cells == COMMA)))
        self._in_cell ^= bool(quoted[-1])
        self._last = piece[-1]

    def _checked(self, head: bytes) -> bytes | None:
        """Compare the header as soon as it is there; it has nothing in it that could be a line break."""
        line, ended, _ = head.partition(b"\n")
        if not ended and len(head) < HEADER_BYTES:
            return head
        names = next(csv.reader([line.decode("utf-8", "replace").rstrip("\r")]), [])
        if names != self._fields:
            raise TornPageError("the page's header does not name the columns that were asked for")
        return None

    def _check_text(self, piece: bytes, *, end: bool = False) -> None:
        view = memoryview(piece)
        try:
            for start in range(0, max(len(view), 1), TEXT_BYTES):
                self._text.decode(view[start : start + TEXT_BYTES], end)
        except UnicodeDecodeError:
            # The error holds the bytes: records must not get into a log.
            raise TornPageError("the page is no UTF-8") from None

    def rows(self) -> int:
        """Give the number of records of the page that ends here, without the header."""
        if self._head is not None:
            raise TornPageError("the page ends before its header does")
        if self._in_cell:
            raise TornPageError("the page ends inside a cell")
        self._check_text(b"", end=True)
        lines = self._lines + (self._last != NEWLINE)
        if self._separators != lines * (len(self._fields) - 1):
            raise TornPageError("a record of the page has the wrong number of cells")
        return lines - 1


@dataclass(frozen=True, slots=True)
class Page:
    """One page that lies on the disk.

    `locator` is what it was asked for by, None for the first of a chain; `following` the locator of the page after
    it as its own answer named it, None where the answer did not say.
    """

    number: int
    locator: str | None
    following: str | None
    rows: int


class PageFolder:
    """The pages of one result: a file each, and a journal that says which they are; may be used by several threads.

    A page counts when its line stands in the journal, which is written after its file: what a killed process left
    can be read on from there.
    """

    def __init__(self, folder: Path) -> None:
        """Open the folder, making it if absent, and drop what is not whole."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._journal = folder / "journal.jsonl"
        self._lock = threading.Lock()
        self._pages = {
            page.number: page for page in _recorded(self._journal) if self.path(page.number).exists()
        }
        self._settle()

    def __contains__(self, page: tuple[int, str | None]) -> bool:
        """Say whether a page, by number and locator, is there."""
        number, locator = page
        return number in self._pages and self._pages[number].locator == locator

    @property
    def pages(self) -> list[Page]:
        """Give the pages in order."""
        with self._lock:
            return [self._pages[number] for number in sorted(self._pages)]

    @property
    def rows(self) -> int:
        """Count the records of all pages."""
        return sum(page.rows for page in self.pages)

    @property
    def unbroken(self) -> list[Page]:
        """Give the pages from the first one on, up to the first that is missing."""
        return [page for place, page in enumerate(self.pages) if page.number == place]

    def path(self, number: int) -> Path:
        """Give the file of a page."""
        return self.folder / f"{number:06}{SUFFIX}"

    def keep(self, page: Page) -> None:
        """Record a page whose file is written."""
        with self._lock, self._journal.open("a", encoding="utf-8") as journal:
            journal.write(json.dumps(asdict(page)) + "\n")
            journal.flush()
            os.fsync(journal.fileno())
            self._pages[page.number] = page

    def drop_from(self, number: int) -> None:
        """Forget the pages from a number on."""
        self._pages = {page.number: page for page in self.pages if page.number < number}
        self._settle()

    def _settle(self) -> None:
        """Make journal and files agree; a kill in between leaves files without a line, which the next call drops."""
        written = self._journal.with_suffix(".part")
        written.write_text("".join(json.dumps(asdict(page)) + "\n" for page in self.pages), encoding="utf-8")
        written.replace(self._journal)
        kept = {self.path(number) for number in self._pages} | {self._journal}
        for path in self.folder.iterdir():
            if path not in kept and path.is_file():
                path.unlink()


def _recorded(journal: Path) -> Iterable[Page]:
    lines = journal.read_text(encoding="utf-8").splitlines() if journal.exists() else []
    for line in lines:
        try:
            yield Page(**json.loads(line))
        except (ValueError, TypeError):
            return  # the line that a kill cut off is the last
