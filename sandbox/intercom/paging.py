"""Pages of a list: by cursor (`starting_after`) or, for companies, by number."""

import base64
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.intercom.errors import parameter_invalid
from sandbox.intercom.store import Json

MAX_PER_PAGE = 150


@dataclass(frozen=True, slots=True)
class Page:
    """One page asked for: the rows with a sequence number below `before`, newest first."""

    number: int
    size: int
    before: int

    def pages(self, total: int, last_seq: int | None) -> Json:
        """Describe the page; last_seq is that of its last row when there are rows after it."""
        answer: Json = {
            "type": "pages",
            "page": self.number,
            "per_page": self.size,
            "total_pages": math.ceil(total / self.size),
        }
        if last_seq is not None:
            cursor = base64.b64encode(json.dumps([last_seq, self.number + 1]).encode()).decode()
            answer["next"] = {"page": self.number + 1, "per_page": self.size, "starting_after": cursor}
        return answer


@dataclass(frozen=True, slots=True)
class NumberedPage:
    """One page asked for by its number."""

    number: int
    size: int

    @property
    def offset(self) -> int:
        return (self.number - 1) * self.size

    def pages(self, total: int) -> Json:
        """Describe the page; `next` is null on the last one."""
        last = math.ceil(total / self.size)
        following = {"page": self.number + 1, "per_page": self.size, "starting_after": None}
        return {
            "type": "pages",
            "next": following if self.number < last else None,
            "page": self.number,
            "per_page": self.size,
            "total_pages": last,
        }


def cursor_page(asked: Mapping[str, Any], default_size: int) -> Page:
    """Read `per_page` and `starting_after`, from the query of a list or from the `pagination` of a search."""
    size = positive(asked, "per_page", default_size)
    cursor = asked.get("starting_after")
    if not cursor:
        return Page(1, size, before=2**62)
    try:
        before, number = json.loads(base64.b64decode(cursor, validate=True))
        return Page(int(number), size, int(before))
    except (ValueError, TypeError) as error:
        raise parameter_invalid("starting_after is not a cursor of this list", "starting_after") from error


def numbered_page(asked: Mapping[str, Any], default_size: int) -> NumberedPage:
    return NumberedPage(
        positive(asked, "page", 1, most=None),
        positive(asked, "per_page", default_size),
    )


def positive(asked: Mapping[str, Any], name: str, default: int, most: int | None = MAX_PER_PAGE) -> int:
    """Read a number from 1 to `most`."""
    value = asked.get(name)
    if value is None:
        return default
    if not str(value).isdecimal() or int(value) < 1:
        raise parameter_invalid(f"{name} must be a positive integer", name)
    if most is not None and int(value) > most:
        raise parameter_invalid(f"{name} is too big: the most is {most}", name)
    return int(value)
