"""Intercom's tickets: their types and attributes, made first, and the tickets themselves, made once.

Intercom keeps no key of ours for a ticket, so the feed's key is an attribute of every type, and a ticket is looked up by it
before it is made. A new ticket is in its type's first state: the state is a second call, and so can be in the past only by
its ticket. Source: the descriptions of `POST /tickets`, `PUT /tickets/{id}`, `POST /tickets/search` in API 2.14.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from msgspec.structs import replace

from load.drift import settled
from load.feeds import Column, Feed
from load.intercom.values import as_value, body_of
from load.intercom.wire import Wire, code_of, message_of, result_of
from load.target import CANNOT, END_GONE, LoadError, Present, Result, Row, SchemaChange

# What a ticket has of its own: the mart's column, and where the attribute of every type is called otherwise.
FIELDS = frozenset(
    {"assignee_id", "contact_key", "created_at", "description", "ticket_state", "ticket_type", "title"}
)
OWN_ATTRIBUTES = {"title": "_default_title_", "description": "_default_description_"}
DATA_TYPES = frozenset({"string", "integer", "decimal", "boolean", "datetime"})
# A group of a search holds so many filters.
MOST_FILTERS = 15
NOBODY = 0


@dataclass(frozen=True, slots=True)
class Definitions:
    """What the workspace has: types by name, each type's attributes by name, the ids of states by label."""

    types: Mapping[str, Mapping[str, Any]]
    attributes: Mapping[str, Mapping[str, Mapping[str, Any]]]
    states: Mapping[str, str]

    @classmethod
    def read(cls, wire: Wire) -> "Definitions":
        """Ask Intercom for them."""
        types = {kind["name"]: kind for kind in _listed(wire, "/ticket_types") if not kind["archived"]}
        attributes = {
            name: {each["name"]: each for each in kind["ticket_type_attributes"]["data"]}
            for name, kind in types.items()
        }
        states = {
            state["internal_label"]: str(state["id"])
            for state in _listed(wire, "/ticket_states")
            if not state.get("archived")
        }
        return cls(types, attributes, states)


def conflicts(feed: Feed, there: Definitions) -> Iterator[str]:
    """Say what keeps the feed's tickets from being sent; see `load.intercom.schema.provision`."""
    if not feed.types:
        yield f"- {feed.object}: its exposure lacks `types`, the ticket types that its rows have."
    for column in feed.columns:
        where = f"- {feed.object}.{column.name}"
        if column.custom is None and column.name not in FIELDS:
            yield (
                f"{where} is no field of Intercom: correct the column's name, or declare "
                "`config.meta.property` for it, so that it becomes an attribute."
            )
        if column.custom is not None and column.custom.data_type not in DATA_TYPES:
            yield f"{where}: `property.data_type` may be {', '.join(sorted(DATA_TYPES))}."
        for name in feed.types:
            known = there.attributes.get(name, {}).get(column.name)
            if column.custom and known and known["data_type"] != column.custom.data_type:
                yield (
                    f"{where} is of type {known['data_type']} in Intercom's {name} and {column.custom.data_type} in the "
                    "mart, which cannot be changed: name the column otherwise."
                )


def provision(feed: Feed, there: Definitions, wire: Wire | None) -> Iterator[SchemaChange]:
    """Create the types that the feed needs, and in each the attributes and the key; without a wire only say which."""
    wanted = {feed.key: ("string", "Salesforce id")}
    wanted |= {
        each.name: (each.custom.data_type or "", each.description) for each in feed.columns if each.custom
    }
    for name in feed.types:
        kind = there.types.get(name)
        if kind is None:
            body = {"name": name, "description": "Migrated from Salesforce", "category": "Customer"}
            kind = _made(wire, "/ticket_types", body)
            yield SchemaChange("intercom", feed.object, name, "ticket type created")
        for attribute, (data_type, description) in wanted.items():
            if attribute not in there.attributes.get(name, {}):
                _made(
                    wire,
                    f"/ticket_types/{kind['id']}/attributes",
                    _attribute(attribute, data_type, description),
                )
                yield SchemaChange("intercom", feed.object, attribute, f"attribute of {name} created")


def _attribute(name: str, data_type: str, description: str) -> dict[str, Any]:
    # What the migration brings is for teammates: customers neither fill it in nor read it.
    hidden = {"visible_on_create": False, "visible_to_contacts": False}
    return {"name": name, "description": description, "data_type": data_type, **hidden}


class Tickets:
    """The work on the tickets of one feed; see `load.keyless.Kind`."""

    def __init__(self, feed: Feed, wire: Wire) -> None:
        self._feed = feed
        self._wire = wire

    @cached_property
    def _definitions(self) -> Definitions:
        return Definitions.read(self._wire)

    def looked_up(self, _: Row) -> bool:
        """Say so of every ticket."""
        return True

    def find(self, rows: Sequence[Row]) -> Mapping[str, str]:
        """Give the ids of the tickets that carry the rows' keys."""
        return {
            key: str(ticket["id"]) for key, ticket in self._found([row.record_key for row in rows]).items()
        }

    def make(self, row: Row) -> Result:
        """Make a ticket in its past, then put it into its state. Raises `UnansweredError`."""
        payload, state = body_of(self._feed, row), self._state(row)
        body = {
            "ticket_type_id": self._type(row),
            "contacts": [{"id": row.values["contact_id"]}],
            "created_at": as_value(row.values["created_at"]),
            "ticket_attributes": self._attributes(row),
        }
        answer = self._wire.make("/tickets", json.dumps(body))
        if answer.status == 404 and code_of(answer) == "not_found":  # noqa: PLR2004
            message = f"{message_of(answer)}: {row.values['contact_id']}. It is looked up in the next run."
            return row.failed(message, payload, END_GONE)
        if not answer.ok:
            return result_of(row, answer, payload)
        return self._put(row, str(answer.content["id"]), state)

    def change(self, row: Row, target_id: str) -> Result:
        """Write a ticket that is there; one that was deleted is made anew."""
        held = self._wire.get(f"/tickets/{target_id}")
        if held is None:
            return self.make(row)
        before = values_of(self._feed, held.content)
        ours = settled(self._feed, row, before)
        if isinstance(ours, Result):
            return ours
        result = self._put(ours, target_id, self._state(ours))
        before = {name: before[name] for name in before if name not in ours.kept}
        return replace(result, before=before) if result.status == "succeeded" else result

    def there(self, row: Row) -> Present:
        """Give what Intercom holds of a ticket."""
        if row.target_id is not None:
            held = self._wire.get(f"/tickets/{row.target_id}")
            ticket = held and held.content
        else:
            ticket = self._found([row.record_key]).get(row.record_key)
        if not ticket:
            return Present(row.record_key)
        return Present(row.record_key, str(ticket["id"]), values_of(self._feed, ticket))

    def archive(self, row: Row) -> Result:
        """Delete a ticket: Intercom does not archive them."""
        return self._wire.gone(row, "DELETE", f"/tickets/{row.target_id}")

    def restore(self, row: Row) -> Result:
        """Write values over a ticket, as `values_of` gives them."""
        values = {self._feed.key: row.values[self._feed.key]} if self._feed.key in row.values else {}
        for column in self._feed.columns:
            name = column.name if column.custom else OWN_ATTRIBUTES.get(column.name)
            if name and column.name in row.values:
                values[name] = row.values[column.name]
        body: dict[str, Any] = {"ticket_attributes": values} if values else {}
        if "ticket_state" in row.values:
            body["ticket_state_id"] = self._state(row)
        if "assignee_id" in row.values:
            body["assignee_id"] = str(row.values["assignee_id"] or NOBODY)
        payload = json.dumps(body)
        return result_of(
            row, self._wire.ask("PUT", f"/tickets/{row.target_id}", payload), payload, row.target_id
        )

    def bring_back(self, row: Row) -> Result:
        """Refuse: a deleted ticket stays deleted."""
        return row.refused(CANNOT, f"Intercom cannot bring back a deleted ticket, such as {row.target_id}.")

    def _found(self, keys: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        """Give the tickets that carry these keys, by key. Of two with one key it is the older one."""
        known = self._definitions.attributes
        fields = [
            f"ticket_attribute.{known[name][self._feed.key]['id']}"
            for name in self._feed.types
            if self._feed.key in known.get(name, {})
        ]
        found: dict[str, Mapping[str, Any]] = {}
        for start in range(0, len(fields), MOST_FILTERS):
            filters = [
                {"field": field, "operator": "IN", "value": [*keys]}
                for field in fields[start : start + MOST_FILTERS]
            ]
            for ticket in self._wire.search(
                "/tickets/search", "tickets", {"operator": "OR", "value": filters}
            ):
                key = str(ticket["ticket_attributes"][self._feed.key])
                found[key] = min(ticket, found.get(key, ticket), key=lambda each: int(each["id"]))
        return found

    def _put(self, row: Row, target_id: str, state: str | None) -> Result:
        """Write all that an update can: of what type a ticket is, when it was made, and of whom, stays."""
        body: dict[str, Any] = {"ticket_attributes": self._attributes(row)}
        if state is not None:
            body["ticket_state_id"] = state
        if "assignee_id" in row.values:
            body["assignee_id"] = str(row.values["assignee_id"] or NOBODY)
        answer = self._wire.ask("PUT", f"/tickets/{target_id}", json.dumps(body))
        return result_of(row, answer, body_of(self._feed, row), target_id)

    def _attributes(self, row: Row) -> dict[str, Any]:
        """Give the attributes of a row; null clears one on an update and is left out on a create."""
        attributes = {self._feed.key: row.record_key}
        for column in self._feed.columns:
            name = column.name if column.custom else OWN_ATTRIBUTES.get(column.name)
            value = row.values.get(column.name)
            if name and column.name in row.values and (value is not None or row.action == "update"):
                attributes[name] = as_value(value)
        return attributes

    def _type(self, row: Row) -> str:
        return self._named(
            row, "ticket_type", {name: kind["id"] for name, kind in self._definitions.types.items()}
        )

    def _state(self, row: Row) -> str | None:
        """Give the id of the row's state; none where somebody's choice of it is kept."""
        if "ticket_state" not in row.values:
            return None
        return self._named(row, "ticket_state", self._definitions.states)

    def _named(self, row: Row, column: str, ids: Mapping[str, str]) -> str:
        name = row.values[column]
        if name not in ids:
            raise ValueError(f"Intercom has no {column.replace('_', ' ')} {name}; it has {', '.join(ids)}.")
        return str(ids[name])


def values_of(feed: Feed, ticket: Mapping[str, Any]) -> dict[str, Any]:
    """Give what a ticket holds of the feed's key and of the columns that can be changed, as they are written."""
    attributes = ticket["ticket_attributes"]
    values = {feed.key: attributes.get(feed.key)}
    for column in feed.columns:
        if column.custom:
            values[column.name] = attributes.get(column.name)
        elif column.name != "contact_key":
            values[column.name] = _at(ticket, column)
    return values


def _at(ticket: Mapping[str, Any], column: Column) -> Any:
    value: Any = ticket
    for part in (column.read_at or column.name).split("."):
        value = (value or {}).get(part)
    return int(value) if column.name == "assignee_id" and value is not None else value


def _listed(wire: Wire, path: str) -> list[Mapping[str, Any]]:
    answer = wire.ask("GET", path)
    if not answer.ok:
        raise LoadError(f"Intercom did not list {path}: {message_of(answer)}")
    listed: list[Mapping[str, Any]] = answer.content["data"]
    return listed


def _made(wire: Wire | None, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
    if wire is None:
        return {"id": "", **body}
    answer = wire.ask("POST", path, json.dumps(body))
    if not answer.ok:
        raise LoadError(f"Intercom did not make {body['name']} at {path}: {message_of(answer)}")
    return answer.content
