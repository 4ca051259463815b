"""Values that must not leave the org: a salted hash takes their place before anything is written to disk.

The same value gives the same hash under one salt, so that records can still be matched by it; without the salt nobody can
try values out. An empty cell stays empty.
"""

import codecs
import csv
import hashlib
import hmac
import io
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from extract.errors import ExtractError
from extract.pages import TornPageError
from extract.sources import SourceObject

SALT_SETTING = "SALESFORCE_HASH_SALT"
LEAST_SALT = 16
ROWS_AT_ONCE = 1_000
# The longest record that Salesforce stores has 1.6 million characters of long text.
csv.field_size_limit(2_000_000)


@dataclass(frozen=True, slots=True)
class Hashing:
    """Which fields of an object are hashed, and with which salt."""

    fields: frozenset[str] = frozenset()
    salt: str = field(default="", repr=False)

    def cell(self, name: str, value: str) -> str:
        """Give a cell's hash where its field is to be hashed, and else the cell."""
        return self._hash(value) if value and name in self.fields else value

    def page(self, content: Iterator[bytes]) -> Iterator[bytes]:
        """Give the pieces of a CSV page with the hashes in place; a page without such a field passes as it came.

        Raises:
            TornPageError: the page ends inside a cell, or is no UTF-8.
        """
        return self._rewritten(content) if self.fields else content

    def _rewritten(self, content: Iterator[bytes]) -> Iterator[bytes]:
        try:
            rows = csv.reader(_lines(content), strict=True)
            names = next(rows, [])
            yield _written([names])
            places = [number for number, name in enumerate(names) if name in self.fields]
            while chunk := [self._row(row, places) for row in itertools.islice(rows, ROWS_AT_ONCE)]:
                yield _written(chunk)
        except UnicodeDecodeError:
            raise TornPageError("the page is no UTF-8") from None
        except csv.Error:
            # The error may quote the record.
            raise TornPageError("the page ends inside a cell, or has a quote where none may be") from None

    def _row(self, row: list[str], places: Iterable[int]) -> list[str]:
        for place in places:
            if place < len(row) and row[place]:
                row[place] = self._hash(row[place])
        return row

    def _hash(self, value: str) -> str:
        return hmac.new(self.salt.encode(), value.encode(), hashlib.sha256).hexdigest()


def _lines(content: Iterable[bytes]) -> Iterator[str]:
    """Give the text of the pieces in lines that keep their ends, so that line breaks within cells stay what they are."""
    rest = ""
    for text in codecs.iterdecode(content, "utf-8"):
        *whole, rest = (rest + text).split("\n")
        yield from (f"{line}\n" for line in whole)
    if rest:
        yield rest


def _written(rows: Iterable[Iterable[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def check_salt(objects: Iterable[SourceObject], salt: str) -> None:
    """Refuse to begin where a field is to be hashed and there is no salt that deserves the name.

    Raises:
        ExtractError: the salt is missing or too short to keep values from being guessed.
    """
    hashing = [source.name for source in objects if source.hash]
    if hashing and len(salt) < LEAST_SALT:
        raise ExtractError(
            f"The sources YAML declares hashed fields ({', '.join(hashing)}) and {SALT_SETTING} has fewer than {LEAST_SALT} "
            "characters. Set it to a long random text and keep it: with another salt the hashes are others."
        )
