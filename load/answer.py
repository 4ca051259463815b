"""An HTTP answer, whichever client brought it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import msgspec

Shape = TypeVar("Shape")


@dataclass(frozen=True)
class Answer:
    """Status, headers (any case) and body, which is JSON or nothing that we can use."""

    status: int
    headers: Mapping[str, str]
    body: bytes | str

    @cached_property
    def content(self) -> Mapping[str, Any]:
        """The JSON object that the body is; empty when it is none."""
        return self.read(dict)

    def read(self, shape: type[Shape]) -> Shape:
        """Read of the body what the shape has, which costs a fraction of the whole; an empty shape if it has another."""
        try:
            return msgspec.json.decode(self.body, type=shape)
        except ValueError:
            return shape()

    @property
    def ok(self) -> bool:
        """Say whether the call was carried out, in full or in part."""
        return 200 <= self.status < 300  # noqa: PLR2004

    def number(self, header: str) -> int | None:
        """Give a header that is a whole number; None when it is absent or something else."""
        text = self.headers.get(header, "")
        return int(text) if text.isdigit() else None
