"""A call and its answer, as the handlers see them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import msgspec
from starlette.datastructures import QueryParams

from sandbox.hubspot.errors import Json, invalid

MAX_PAGE = 100


@dataclass(frozen=True, slots=True)
class Answer:
    """What to send back; no body for 204."""

    body: Any = None
    status: int = 200


@dataclass(frozen=True, slots=True)
class Call:
    """A request: path parameters, query, body as JSON or form (None if there is none), and the address without the query."""

    path: Mapping[str, str]
    query: QueryParams
    body: Any
    address: str

    def names(self, parameter: str) -> list[str]:
        """Read a list from the query, sent comma-separated or repeated."""
        return [name for value in self.query.getlist(parameter) for name in value.split(",") if name]

    def flag(self, parameter: str) -> bool:
        """Read a boolean from the query; false unless sent."""
        return self.query.get(parameter, "false").lower() == "true"

    def number(self, parameter: str, default: int, highest: int = MAX_PAGE) -> int:
        """Read a whole number from 1 to `highest` from the query."""
        text = self.query.get(parameter, str(default))
        if not text.isdigit() or not 1 <= int(text) <= highest:
            raise invalid(f"Invalid input: {parameter} must be a number from 1 to {highest}")
        return int(text)

    def after(self) -> int:
        """Read the position behind which a page starts."""
        text = self.query.get("after", "0")
        if not text.isdigit():
            raise invalid("Invalid input: after must be the value that the page before gave")
        return int(text)

    def fields(self, *required: str) -> Json:
        """Give the body, an object with these fields."""
        return checked(self.body, required)

    def inputs(self, highest: int, *required: str) -> list[Json]:
        """Give the inputs of a batch, objects with these fields, at most `highest`."""
        inputs = self.fields("inputs")["inputs"]
        if not isinstance(inputs, list):
            raise invalid("Invalid input JSON: inputs must be a list")
        if len(inputs) > highest:
            message = f"The maximum number of inputs supported in a batch request is {highest}. Received {len(inputs)}."
            raise invalid(message)
        return [checked(each, required) for each in inputs]

    def following(self, after: int | str) -> Json:
        """Give the `paging` of an answer that has more behind it; its link leads back here, not to HubSpot."""
        query = [(name, value) for name, value in self.query.multi_items() if name != "after"]
        return {
            "next": {"after": str(after), "link": f"{self.address}?{urlencode([*query, ('after', after)])}"}
        }


def checked(body: Any, required: Iterable[str]) -> Json:
    """Give `body` if it is an object with these fields; else HubSpotError 400 that names what is missing."""
    if body is None:
        raise invalid("Invalid JSON input: a request body was expected, but none found")
    if not isinstance(body, dict):
        raise invalid("Invalid input JSON on line 1, column 1: an object was expected")
    missing = [name for name in required if body.get(name) is None]
    if missing:
        raise invalid(
            f"Invalid input JSON on line 1, column 1: Some required fields were not set: [{', '.join(missing)}]"
        )
    return body


def parsed(content: bytes) -> Any:
    """Read a JSON body; None if there is none."""
    if not content:
        return None
    try:
        return msgspec.json.decode(content)
    except ValueError as problem:
        raise invalid(f"Invalid input JSON: {problem}") from None


def batch(results: list[Json], errors: list[Json], started: str, completed: str, status: int = 200) -> Answer:
    """Give the answer of a batch: `status`, or 207 if some of it failed."""
    body: Json = {"status": "COMPLETE", "results": results, "startedAt": started, "completedAt": completed}
    if not errors:
        return Answer(body, status)
    return Answer(body | {"numErrors": len(errors), "errors": errors}, 207)
