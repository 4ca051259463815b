"""Values as Intercom takes them and gives them back."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from msgspec.structs import replace

from load.answer import Answer
from load.feeds import Feed
from load.target import Present, Result, Row


def body_of(feed: Feed, row: Row) -> str:
    """Write a row with its key as the body of a call; a lead has it in an attribute, since it cannot have an external id."""
    body = as_json(feed, row)
    if is_lead(feed, row):
        return json.dumps(
            {
                **body,
                "custom_attributes": {feed.lead_key: row.record_key, **body.get("custom_attributes", {})},
            }
        )
    return json.dumps({feed.key: row.record_key, **body})


def is_lead(feed: Feed, row: Row) -> bool:
    """Say whether a row is a contact that is a lead."""
    return bool(feed.lead_key) and row.values.get("role") == "lead"


def key_of(feed: Feed, held: Mapping[str, Any]) -> str | None:
    """Give the key that a company or contact carries, ours or another's."""
    own = held.get(feed.key) or (held.get("custom_attributes") or {}).get(feed.lead_key)
    return str(own) if own else None


def as_json(feed: Feed, row: Row) -> dict[str, Any]:
    """Write a row as Intercom takes it: JSON's own types, days and moments in Unix seconds, custom attributes apart.

    Null clears a field on an update and is left out on a create.

    Raises:
        ValueError: a number is not finite.
    """
    fields: dict[str, Any] = {}
    custom: dict[str, Any] = {}
    for column in feed.columns:
        if column.name not in row.values:
            continue
        value = row.values[column.name]
        if value is not None or row.action == "update":
            (fields if column.custom is None else custom)[column.name] = as_value(value)
    return {**fields, "custom_attributes": custom} if custom else fields


def put_back(feed: Feed, row: Row) -> str:
    """Write values that Intercom gave as the body of a call that restores them; null clears."""
    own = {feed.key: row.values[feed.key]} if feed.key in row.values else {}
    return json.dumps({**own, **as_json(feed, replace(row, action="update"))})


def as_value(value: Any) -> Any:
    """Write one value: JSON's own types, days and moments in Unix seconds."""
    return _AS_JSON[type(value)](value)


def _finite(value: float | Decimal) -> int | float:
    number = Decimal(str(value))
    if not number.is_finite():
        raise ValueError("A number is not finite (NaN or infinity). Correct it in the mart.")
    return int(number) if number == number.to_integral_value() else float(number)


def _same(value: Any) -> Any:
    return value


_AS_JSON: dict[type, Callable[[Any], Any]] = {
    type(None): _same,
    str: _same,
    bool: _same,
    int: _same,
    float: _finite,
    Decimal: _finite,
    date: lambda value: int(datetime(value.year, value.month, value.day, tzinfo=UTC).timestamp()),
    datetime: lambda value: int(value.replace(tzinfo=UTC).timestamp()),
}


def overwriting(result: Result, held: Answer | None) -> Result:
    """Add to a result what Intercom held of the fields and attributes that it took; nothing of what it refused."""
    if held is None or not held.ok or result.status != "succeeded" or result.payload is None:
        return result
    sent = json.loads(result.payload)
    attributes = held.content.get("custom_attributes") or {}
    before = {name: _own(held.content.get(name)) for name in sent if name != "custom_attributes"}
    before |= {name: attributes.get(name) for name in sent.get("custom_attributes", ())}
    return replace(result, before=before)


def present(feed: Feed, row: Row, held: Answer | None) -> Present:
    """Say what Intercom holds of a row."""
    if held is None:
        return Present(row.record_key)
    return Present(row.record_key, str(held.content["id"]), values_of(feed, held.content))


def values_of(feed: Feed, held: Mapping[str, Any]) -> dict[str, Any]:
    """Give of what Intercom holds the key, the fields and the attributes of the feed, JSON's own types."""
    attributes = held.get("custom_attributes") or {}
    values: dict[str, Any] = {feed.key: key_of(feed, held)}
    for column in feed.columns:
        own = column.custom is None
        values[column.name] = _own(held.get(column.name)) if own else attributes.get(column.name)
    return values


def _own(value: Any) -> Any:
    """Give a field as it is written: a company's plan is read as an object and written as its name."""
    return value.get("name") if isinstance(value, dict) else value
