"""What was said, in Intercom: notes on contacts, and notes in tickets with the times that they have in Salesforce.

A ticket's history is written as teammates' notes and not as replies: a reply may send the customer an e-mail and open a closed
ticket again. Intercom keeps no key of ours for a message, changes none and deletes none, so the mart writes the key into its text, where it is
looked for before a message is made. Source: `POST /contacts/{id}/notes` and `POST /tickets/{id}/reply` in API 2.14.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from load.feeds import Feed
from load.intercom.values import as_value
from load.intercom.wire import Wire, message_of, result_of
from load.target import CANNOT, END_GONE, Present, Result, Row

CONTACT_NOTES, TICKET_NOTES = "contact_notes", "ticket_notes"
PER_PAGE = 50


def marker(key: str) -> str:
    """Give what stands in a text for its key; macros/activity_texts.sql writes it and staging reads it."""
    return f"[Salesforce {key}]"


class Messages:
    """The work on the notes of one feed; see `load.keyless.Kind`. The id of one in a ticket is `ticket/part`."""

    def __init__(self, feed: Feed, wire: Wire) -> None:
        self._feed = feed
        self._wire = wire

    def looked_up(self, _: Row) -> bool:
        """Say so of every message."""
        return True

    def find(self, rows: Sequence[Row]) -> Mapping[str, str]:
        """Give the ids of the messages that carry the rows' keys."""
        found: dict[str, str] = {}
        held = {place: [*self._held(place)] for place in {self._place(row) for row in rows}}
        for row in rows:
            place = self._place(row)
            for message in held[place]:
                if marker(row.record_key) in (message.get("body") or ""):
                    found[row.record_key] = self._id(place, message)
        return found

    def make(self, row: Row) -> Result:
        """Write a message. Raises `UnansweredError`."""
        place = self._place(row)
        path = f"/contacts/{place}/notes" if self._on_contact else f"/tickets/{place}/reply"
        body = json.dumps(self._written(row))
        answer = self._wire.make(path, body)
        if answer.status in (404, 410):
            message = f"{message_of(answer)}: {path}. It is looked up in the next run."
            return row.failed(message, body, END_GONE)
        made = self._id(place, answer.content) if answer.ok else None
        return result_of(row, answer, body, made)

    def change(self, row: Row, target_id: str) -> Result:
        """Leave a message as it is: it was found, so nothing is to be done."""
        return row.succeeded(target_id)

    def there(self, row: Row) -> Present:
        """Give what Intercom holds of a message."""
        target_id = row.target_id or self.find([row]).get(row.record_key)
        if target_id is None:
            return Present(row.record_key)
        place, _, part = target_id.rpartition("/")
        if self._on_contact:
            held = self._note(part)
        else:
            held = next((each for each in self._held(place) if str(each["id"]) == part), None)
        if held is None:
            return Present(row.record_key)
        key = row.record_key if marker(row.record_key) in (held.get("body") or "") else None
        return Present(row.record_key, target_id, {self._feed.key: key, "body": held.get("body")})

    def archive(self, row: Row) -> Result:
        """Refuse: what was said stays said."""
        if row.target_id is None:
            return row.succeeded(None)
        return row.refused(
            CANNOT, f"Intercom's API deletes no message, such as {row.target_id}: do it by hand."
        )

    def restore(self, row: Row) -> Result:
        """Refuse: no message is ever changed."""
        return row.refused(CANNOT, f"Intercom's API changes no message, such as {row.target_id}.")

    def bring_back(self, row: Row) -> Result:
        """Refuse: none is archived."""
        return row.refused(CANNOT, f"Intercom cannot bring back a message, such as {row.target_id}.")

    @property
    def _on_contact(self) -> bool:
        return self._feed.object == CONTACT_NOTES

    def _place(self, row: Row) -> str:
        """Give the contact or the ticket that a message hangs on."""
        return str(row.values["contact_id" if self._on_contact else "ticket_id"])

    def _id(self, place: str, message: Mapping[str, Any]) -> str:
        return str(message["id"]) if self._on_contact else f"{place}/{message['id']}"

    def _held(self, place: str) -> Iterator[Mapping[str, Any]]:
        if not self._on_contact:
            ticket = self._wire.get(f"/tickets/{place}")
            yield from ticket.content["ticket_parts"]["ticket_parts"] if ticket else ()
            return
        path = f"/contacts/{place}/notes?per_page={PER_PAGE}"
        while (page := self._wire.get(path)) is not None:
            yield from page.content["data"]
            following = (page.content.get("pages") or {}).get("next")
            if not following:
                return
            path = f"{path.partition('?')[0]}?{urlsplit(following).query}"

    def _note(self, note_id: str) -> Mapping[str, Any] | None:
        """Give a note, unless its contact is archived or deleted: then nobody sees it."""
        note = self._wire.get(f"/notes/{note_id}")
        if note is None:
            return None
        contact = note.content.get("contact")
        is_seen = contact is None or self._wire.get(f"/contacts/{contact['id']}") is not None
        return note.content if is_seen else None

    def _written(self, row: Row) -> dict[str, Any]:
        author = row.values.get("admin_id")
        if self._on_contact:
            return {"body": row.values["body"], **({} if author is None else {"admin_id": str(author)})}
        return {
            "message_type": "note",
            "type": "admin",
            "body": row.values["body"],
            "created_at": as_value(row.values["created_at"]),
            "admin_id": str(author or self._own_admin),
        }

    @cached_property
    def _own_admin(self) -> str:
        """Give the admin whose token this is, who signs for those that Intercom does not have."""
        return str(self._wire.ask("GET", "/me").content["id"])
