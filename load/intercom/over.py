"""Writing over what Intercom holds: without what somebody changed there, and keeping what is overwritten."""

from typing import Any

from msgspec.structs import replace

from load.answer import Answer
from load.drift import settled
from load.feeds import Feed
from load.intercom.values import body_of, is_lead, overwriting, present
from load.intercom.wire import Wire, result_of
from load.target import Result, Row


def written_over(feed: Feed, wire: Wire, row: Row, held: Answer | None, method: str, path: str) -> Result:
    """Send a row to `path`, over what was `held` just before; None or an error when nothing was."""
    ours = to_write(feed, row, held)
    if isinstance(ours, Result):
        return ours
    body = body_of(feed, ours)
    return overwriting(result_of(ours, wire.ask(method, path, body), body), held)


def to_write(feed: Feed, row: Row, held: Answer | None) -> Row | Result:
    """Give the row as it is written over what was `held`, or its refusal."""
    if held is not None and held.content.get("role") == "user" and is_lead(feed, row):
        # Who has become a user stays one: Intercom makes no leads of users.
        row = replace(row, values={name: row.values[name] for name in row.values if name != "role"})
    return row if held is None or not held.ok else settled(feed, row, _held(feed, row, held))


def _held(feed: Feed, row: Row, held: Answer) -> dict[str, Any]:
    """Give what is held, without the attributes that the record does not have: somebody may have archived them."""
    attributes = held.content.get("custom_attributes") or {}
    own = {column.name for column in feed.columns if column.custom is None or column.name in attributes}
    return {name: value for name, value in present(feed, row, held).values.items() if name in own}
