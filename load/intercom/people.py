"""Intercom's contacts: users by external id and the way round conflicts, leads by an attribute, what became of one since."""

import json
import re
import threading
from collections.abc import Mapping, Sequence
from urllib.parse import quote

from msgspec.structs import replace

from load.answer import Answer
from load.feeds import Feed
from load.intercom.over import written_over
from load.intercom.values import body_of, is_lead, key_of, overwriting, present, put_back
from load.intercom.wire import Wire, code_of, message_of, result_of
from load.target import ARCHIVED, CANNOT, END_GONE, MERGED, Present, Result, Row, reference
from load.undo_links import ATTACHED, Linked

# This version tells a contact that was merged away (410, with the survivor) from one that is archived or deleted (404).
TELLS_MERGED = "2.16"
SURVIVOR = re.compile(r"</contacts/([0-9a-f]+)>")
CONFLICT = re.compile(r"(?P<archived>An archived)?.* already exists with id=(?P<id>[0-9a-f]+)")


class Contacts:
    """The work on the contacts of one feed.

    restore_archived: restore contacts of ours that somebody archived; otherwise their rows are refused.
    """

    def __init__(self, feed: Feed, wire: Wire, *, restore_archived: bool, adopting: threading.Lock) -> None:
        self._feed = feed
        self._wire = wire
        self._restore_archived = restore_archived
        self._adopting = adopting

    def there(self, row: Row) -> Present:
        """Give what Intercom holds of a contact, or of the one that it was merged into."""
        if row.target_id is None:
            user = self._wire.get(f"/contacts/find_by_external_id/{quote(row.record_key)}")
            lead = self.find([row]).get(row.record_key) if user is None and self._feed.lead_key else None
            return present(self._feed, row, self._wire.get(f"/contacts/{lead}") if lead else user)
        path = f"/contacts/{row.target_id}"
        found = self._wire.get(path)
        if found is None and (survivor := self._survivor(path)) is not None:
            found = self._wire.get(f"/contacts/{survivor}")
        return present(self._feed, row, found)

    def looked_up(self, row: Row) -> bool:
        """Say so of leads: a user is made once by its external id."""
        return is_lead(self._feed, row)

    def find(self, rows: Sequence[Row]) -> Mapping[str, str]:
        """Give the ids of the contacts that carry the rows' keys in the attribute."""
        name = self._feed.lead_key
        query = {
            "field": f"custom_attributes.{name}",
            "operator": "IN",
            "value": [row.record_key for row in rows],
        }
        found: dict[str, str] = {}
        for contact in self._wire.search("/contacts/search", "data", query):
            # A lead that became a user under another key carries its former one in the attribute.
            found.setdefault(str(key_of(self._feed, contact)), str(contact["id"]))
        return found

    def make(self, row: Row) -> Result:
        """Make a contact. Of a lead it raises `UnansweredError`."""
        if not is_lead(self._feed, row):
            return self.send(row)
        body = body_of(self._feed, row)
        return result_of(row, self._wire.make("/contacts", body), body)

    def change(self, row: Row, target_id: str) -> Result:
        """Update a contact that is there."""
        return self.send(replace(row, target_id=target_id))

    def send(self, row: Row) -> Result:
        """Create or update a contact, also one that was archived or merged since."""
        body = body_of(self._feed, row)
        if row.target_id is not None:
            # Two calls an update: the versions that are stable neither read nor write several, and what is not read
            # before it is overwritten cannot be brought back.
            path = f"/contacts/{row.target_id}"
            held = self._wire.ask("GET", path)
            if held.status not in (404, 410):
                return written_over(self._feed, self._wire, row, held, "PUT", path)
            if (result := self._missing(row, body)) is not None:
                return result
            if is_lead(self._feed, row):
                return self.make(row)
        # Creating first costs one call where looking first costs two; a conflict names who is in the way.
        answer = self._wire.ask("POST", "/contacts", body)
        if answer.status == 409:  # noqa: PLR2004
            return self._adopt(row, answer, body)
        return result_of(row, answer, body)

    def _missing(self, row: Row, body: str) -> Result | None:
        """Follow a known contact that is no longer there: merged, archived, or, when this gives None, deleted."""
        path = f"/contacts/{row.target_id}"
        survivor = self._survivor(path)
        if survivor is None:
            if not self._restore_archived or not (held := self._unarchived(path)).ok:
                return None
            return written_over(self._feed, self._wire, row, held, "PUT", path)
        held = self._wire.ask("GET", f"/contacts/{survivor}")
        owner = key_of(self._feed, held.content)
        if owner not in (None, row.record_key, row.former_key):
            return row.merged(survivor, str(owner), body)
        return written_over(self._feed, self._wire, row, held, "PUT", f"/contacts/{survivor}")

    def _adopt(self, row: Row, conflict: Answer, body: str) -> Result:
        """Update the contact that is in the way, if it is ours or nobody's; another record's contact is not touched."""
        found = CONFLICT.match(message_of(conflict))
        # Two rows may meet in one contact: who comes second must see whose it has become.
        with self._adopting:
            return self._adopt_alone(row, conflict, found, body)

    def _adopt_alone(self, row: Row, conflict: Answer, found: re.Match[str] | None, body: str) -> Result:
        restored = False
        if found is None:
            existing = self._wire.ask("GET", f"/contacts/find_by_external_id/{row.record_key}")
        elif found["archived"] and not self._restore_archived:
            message = f"The contact {found['id']} in Intercom was archived. Restore it there, or allow to restore archived ones."
            return row.refused(ARCHIVED, message, body, conflict.content.get("request_id"))
        else:
            existing = self._wire.ask("GET", f"/contacts/{found['id']}")
            if found["archived"] and not existing.ok:
                # An archived contact cannot be read; un-archiving it tells whose it is.
                existing, restored = self._wire.ask("POST", f"/contacts/{found['id']}/unarchive"), True
        if not existing.ok:
            # Nobody is named who is in the way, or nobody is there: it may not stay so.
            return row.failed(message_of(conflict), body, code_of(conflict))
        owner, contact_id = existing.content.get(self._feed.key), existing.content["id"]
        if owner in (None, "") and self._feed.policy != "upsert":
            return result_of(row, conflict, body)
        if owner not in (None, "", row.record_key):
            if restored:
                self._wire.ask("POST", f"/contacts/{contact_id}/archive")
            message = (
                f"The contact {contact_id} in Intercom matches this record and belongs to another, {owner}."
            )
            return row.refused("conflict", message, body, conflict.content.get("request_id"))
        answer = self._wire.ask("PUT", f"/contacts/{contact_id}", body)
        return overwriting(result_of(row, answer, body), existing)

    def archive(self, row: Row) -> Result:
        """Archive a contact."""
        return self._wire.gone(row, "POST", f"/contacts/{row.target_id}/archive")

    def restore(self, row: Row) -> Result:
        """Write values over a contact."""
        body = put_back(self._feed, row)
        return result_of(row, self._wire.ask("PUT", f"/contacts/{row.target_id}", body), body)

    def bring_back(self, row: Row) -> Result:
        """Take a contact out of the archive."""
        return result_of(row, self._wire.ask("POST", f"/contacts/{row.target_id}/unarchive"), None)

    def _unarchived(self, path: str) -> Answer:
        """Take a contact out of the archive and give what it holds, which the answer to that does not tell."""
        answer = self._wire.ask("POST", f"{path}/unarchive")
        return self._wire.ask("GET", path) if answer.ok else answer

    def _survivor(self, path: str) -> str | None:
        return survivor_of(self._wire, path)


class Merges:
    """The work on leads that have become users: each is merged into its user, which cannot be undone."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def there(self, row: Row) -> Present:
        """Say whether the lead was merged into its user."""
        _, lead, _, user = (row.target_id or "///").split("/")
        merged = bool(lead) and survivor_of(self._wire, f"/contacts/{lead}") == user
        return Present(row.record_key, row.target_id if merged else None)

    def send(self, row: Row) -> Result:
        """Merge a lead into its user; it may have been already, by a call without an answer or by somebody."""
        lead, user = row.values["lead_id"], row.values["user_id"]
        link = reference("contacts", lead, "contacts", user)
        if lead == user:
            return row.succeeded(link)
        body = json.dumps({"from": lead, "into": user})
        answer = self._wire.ask("POST", "/contacts/merge", body)
        if answer.status in (404, 410):
            survivor = survivor_of(self._wire, f"/contacts/{lead}")
            if survivor == user:
                return row.succeeded(link, body)
            if survivor is not None:
                return row.refused(
                    MERGED, f"Somebody merged the lead {lead} into {survivor} instead of {user}.", body
                )
            return row.failed(
                f"{message_of(answer)}: {link}. It is looked up in the next run.", body, END_GONE
            )
        return result_of(row, answer, body, link)

    def archive(self, row: Row) -> Result:
        """Leave it: what was merged stays merged."""
        return row.succeeded(row.target_id)

    def linked(self, start: str) -> list[tuple[str, Linked]]:
        """Give what a lead was merged into."""
        _, lead, _ = start.split("/")
        user = survivor_of(self._wire, f"/contacts/{lead}")
        return (
            [(reference("contacts", lead, "contacts", user), Linked(frozenset({ATTACHED})))] if user else []
        )

    def relink(self, row: Row) -> Result:
        """Refuse: Intercom cannot part what was merged."""
        return row.refused(CANNOT, f"Intercom cannot undo the merge {row.target_id}.")


def survivor_of(wire: Wire, path: str) -> str | None:
    """Give the id of the contact that the contact at `path` was merged into, if it was."""
    gone = wire.ask("GET", path, version=TELLS_MERGED)
    found = SURVIVOR.search(gone.headers.get("Link", "")) if gone.status == 410 else None  # noqa: PLR2004
    return found[1] if found else None
