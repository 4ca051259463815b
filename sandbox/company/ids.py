"""Ids as a real org has them: all 62 letters and digits, so that some differ only by case."""

import hashlib
import zlib
from collections import Counter

from sandbox.salesforce.ids import long_id

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
INSTANCE = "5g0"
ID_SPACE = 62**5
# Coprime to 62, so that multiplying is a permutation: ids then tell nothing of the order of making,
# which would put every duplicate next to its original.
STRIDE = 387_420_489


def salesforce_id(prefix: str, number: int) -> str:
    """Return the id of the record with that number in the object with that key prefix."""
    digits = ""
    for _ in range(9):
        number, digit = divmod(number, 62)
        digits = BASE62[digit] + digits
    return long_id(prefix + INSTANCE + digits)


def id_from_key(prefix: str, natural_key: str) -> str:
    """Return an id that depends on nothing but the natural key."""
    digest = hashlib.sha256(natural_key.encode()).digest()
    return salesforce_id(prefix, int.from_bytes(digest[:8], "big") % 62**9)


class Ids:
    """Counts what has been made, and gives ids for it."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._made: Counter[str] = Counter()

    def number(self, series: str) -> int:
        """Return the next number of a series, from 1."""
        self._made[series] += 1
        return self._made[series]

    def new(self, prefix: str) -> str:
        return salesforce_id(
            prefix, (self.number(prefix) + zlib.crc32(f"{prefix}/{self.seed}".encode())) * STRIDE % ID_SPACE
        )
