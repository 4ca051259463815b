"""What an Intercom workspace takes in the fields and attributes of a feed."""

from typing import Any

from load.feeds import Feed
from load.intercom import tickets
from load.intercom.schema import MODELS, WITHOUT_ATTRIBUTES
from load.intercom.wire import Wire
from load.target import Definition

# Longer text in a custom attribute is cut off without a word.
LONGEST_TEXT = 255
ROLES = frozenset({"user", "lead"})
FIELD_TYPES = {
    "monthly_spend": "integer",
    "size": "integer",
    "signed_up_at": "date",
    "last_seen_at": "date",
    "remote_created_at": "date",
    "created_at": "date",
    "assignee_id": "integer",
    "unsubscribed_from_emails": "boolean",
}

CHECKLIST = (
    "Pause workflows, series and automatic messages that greet new users.",
    "Disconnect Intercom's own Salesforce app: its next sync makes companies and attributes anew.",
    "Check who is notified of conversations and tickets that the load makes.",
)


def definitions(feed: Feed, wire: Wire) -> dict[str, Definition]:
    """Say what each field and attribute of a feed takes."""
    if feed.object == "tickets":
        return _of_tickets(feed, wire)
    if feed.object in WITHOUT_ATTRIBUTES:
        return {name: Definition("string") for name in (feed.key, *(column.name for column in feed.columns))}
    model = MODELS.get(feed.object)
    if model is None:
        return {}
    listed = wire.typed(wire.sdk.data_attributes.list, model=model, include_archived=False).data or ()
    own = {known.name: known for known in listed if known.custom}
    found = {feed.key: Definition("string")}
    for column in feed.columns:
        if column.custom is None:
            found[column.name] = _field(column.name, wire)
        elif known := own.get(column.name):
            options = frozenset(_value(option) for option in known.options or ()) or None
            longest = LONGEST_TEXT if known.data_type == "string" and not options else None
            found[column.name] = Definition(str(known.data_type), options, longest)
    return found


def _of_tickets(feed: Feed, wire: Wire) -> dict[str, Definition]:
    """Say what a ticket takes, of the types that are there or are about to be made: an attribute that a type of the feed lacks is absent."""
    there = tickets.Definitions.read(wire)
    own: dict[str, Definition] = {
        "ticket_type": Definition("string", frozenset(there.types) | frozenset(feed.types)),
        "ticket_state": Definition("string", frozenset(there.states)),
    }
    found = {}
    for column in [feed.key, *(column.name for column in feed.columns)]:
        kinds = [there.attributes.get(name, {}).get(column) for name in feed.types]
        if column in tickets.FIELDS:
            found[column] = own.get(column) or Definition(FIELD_TYPES.get(column, "string"))
        elif kinds and all(kinds):
            found[column] = Definition(str(next(filter(None, kinds))["data_type"]))
    return found


def _field(name: str, wire: Wire) -> Definition:
    if name == "role":
        return Definition("string", ROLES)
    if name == "owner_id":
        return Definition(
            "string",
            frozenset(str(each.id) for each in wire.typed(wire.sdk.admins.list).admins or () if each),
        )
    return Definition(FIELD_TYPES.get(name, "string"))


def _value(option: Any) -> str:
    return str(getattr(option, "value", option))
