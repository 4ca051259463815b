"""Values that name another record: our key in the mart, HubSpot's id in HubSpot, such as the product of a line item."""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from load.feeds import FILES, Feed
from load.target import Row

# Reads records of an object by the values of a unique property: (object, property, values) -> records.
Find = Callable[[str, str, Sequence[str]], Iterable[Mapping[str, Any]]]


class References:
    """HubSpot's ids of the records that rows refer to, each looked up once. Safe to share between threads."""

    def __init__(self, find: Find, at_once: int) -> None:
        self._find, self._at_once = find, at_once
        self._ids: dict[tuple[str, str], str] = {}
        self._lock = threading.Lock()

    def spelled(self, feed: Feed, rows: Sequence[Row], *, unknown_as_they_are: bool = False) -> Sequence[Row]:
        """Put HubSpot's ids in the place of our keys; a record that HubSpot does not have is named by nothing.

        unknown_as_they_are: it is named by our key, for a plan of which it is a part.
        """
        columns = {
            column.name: column.refers_to
            for column in feed.columns
            if column.names_record and column.refers_to != FILES
        }
        if not columns:
            return rows
        with self._lock:
            for name, object_ in columns.items():
                self._look_up(
                    str(object_), feed.key, {str(row.values[name]) for row in rows if row.values.get(name)}
                )

        def named(row: Row) -> Row:
            ids = {
                name: self._ids.get(
                    (str(object_), row.values[name]), row.values[name] if unknown_as_they_are else None
                )
                for name, object_ in columns.items()
                if name in row.values
            }
            return replace(row, values={**row.values, **ids})

        return [named(row) for row in rows]

    def _look_up(self, object_: str, key: str, wanted: set[str]) -> None:
        unknown = sorted(value for value in wanted if (object_, value) not in self._ids)
        for start in range(0, len(unknown), self._at_once):
            for record in self._find(object_, key, unknown[start : start + self._at_once]):
                self._ids[object_, record["properties"][key]] = str(record["id"])
