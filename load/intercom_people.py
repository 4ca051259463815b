"""Intercom's contacts: users by external id, the way round conflicts, and what became of a contact since."""

import re
import threading
from urllib.parse import quote

from load.answer import Answer
from load.feeds import Feed
from load.intercom_over import written_over
from load.intercom_values import body_of, overwriting, present, put_back
from load.intercom_wire import Wire, message_of, result_of
from load.target import Present, Result, Row

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
            return present(
                self._feed, row, self._wire.get(f"/contacts/find_by_external_id/{quote(row.record_key)}")
            )
        path = f"/contacts/{row.target_id}"
        found = self._wire.get(path)
        if found is None and (survivor := self._survivor(path)) is not None:
            found = self._wire.get(f"/contacts/{survivor}")
        return present(self._feed, row, found)

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
            if not self._restore_archived or not (held := self._wire.ask("POST", f"{path}/unarchive")).ok:
                return None
            return written_over(self._feed, self._wire, row, held, "PUT", path)
        held = self._wire.ask("GET", f"/contacts/{survivor}")
        owner = held.content.get(self._feed.key)
        if owner not in (None, "", row.record_key):
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
            return row.refused("ARCHIVED", message, body, conflict.content.get("request_id"))
        else:
            existing = self._wire.ask("GET", f"/contacts/{found['id']}")
            if found["archived"] and not existing.ok:
                # An archived contact cannot be read; un-archiving it tells whose it is.
                existing, restored = self._wire.ask("POST", f"/contacts/{found['id']}/unarchive"), True
        if not existing.ok:
            return result_of(row, conflict, body)
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

    def _survivor(self, path: str) -> str | None:
        """Give the id of the contact that a contact was merged into, if it was."""
        gone = self._wire.ask("GET", path, version=TELLS_MERGED)
        found = SURVIVOR.search(gone.headers.get("Link", "")) if gone.status == 410 else None  # noqa: PLR2004
        return found[1] if found else None
