"""What an operation is given: the parts of one request that matter to it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.intercom.errors import parameter_invalid
from sandbox.intercom.scroll import Scroll
from sandbox.intercom.store import Json, Store

WORKSPACE_ID = "acme8463"


@dataclass(frozen=True, slots=True)
class Call:
    """One request to one operation.

    body: the JSON object that was sent, empty when there was none.
    now: Unix seconds.
    origin: scheme and host by which the caller reached the stand-in.
    """

    store: Store
    scroll: Scroll
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Json
    version: tuple[int, int]
    now: float
    origin: str

    @property
    def second(self) -> int:
        return int(self.now)


Operation = Callable[[Call], Json | None]


def text(name: str, value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise parameter_invalid(f"{name} must be a string", name)


def flag(name: str, value: Any) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    raise parameter_invalid(f"{name} must be a boolean", name)


def whole(name: str, value: Any) -> int | None:
    """Accept a whole number; Unix seconds are one too."""
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise parameter_invalid(f"{name} must be an integer", name)


def reference(name: str, value: Any) -> str | None:
    """Accept an id as a string or, as the vendor's own examples send it, as a number."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return text(name, value)
