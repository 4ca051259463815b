"""An HTTP answer, whichever client brought it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import orjson


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers (any case) and the JSON object that was the body; empty when it was none."""

    status: int
    headers: Mapping[str, str]
    content: Mapping[str, Any]

    @classmethod
    def read(cls, status: int, headers: Mapping[str, str] | None, body: bytes | str | None) -> Self:
        """Make an answer from its raw parts."""
        try:
            content = orjson.loads(body) if body else {}
        except ValueError:
            content = {}
        return cls(status, headers or {}, content if isinstance(content, dict) else {})

    @property
    def ok(self) -> bool:
        """Say whether the call was carried out, in full or in part."""
        return 200 <= self.status < 300  # noqa: PLR2004

    def number(self, header: str) -> int | None:
        """Give a header that is a whole number; None when it is absent or something else."""
        text = self.headers.get(header, "")
        return int(text) if text.isdigit() else None
