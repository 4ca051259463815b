"""One number for a table of texts, whatever the order of its rows: what two clients took is equal, or it is not.

Nothing but the standard library: the peers' scripts import it in environments of their own.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

MODULUS = 1 << 128


class Digest:
    """Sums up the rows that are added. A missing cell is an empty one, as in Bulk's CSV."""

    def __init__(self, fields: Iterable[str]) -> None:
        """Take the fields that count, in their order."""
        self.rows = 0
        self._sum = 0
        self._fields = [*fields]

    def add(self, row: Mapping[str, Any]) -> None:
        """Add one row."""
        cells = (row.get(name) for name in self._fields)
        text = "\x1f".join("" if cell is None else str(cell) for cell in cells)
        hashed = hashlib.blake2b(text.encode(), digest_size=16).digest()
        self._sum = (self._sum + int.from_bytes(hashed, "big")) % MODULUS
        self.rows += 1

    def __str__(self) -> str:
        """Give the sum."""
        return f"{self._sum:032x}"
