"""Intercom's companies, and which contact is at which."""

import json
from collections.abc import Iterator
from urllib.parse import urlencode, urlsplit

from load.feeds import Feed
from load.intercom.over import written_over
from load.intercom.values import present, put_back
from load.intercom.wire import Wire, message_of, result_of
from load.target import CANNOT, END_GONE, Present, Result, Row, reference
from load.undo_links import ATTACHED, Linked

PER_PAGE = 50


class Companies:
    """The work on the companies of one feed."""

    def __init__(self, feed: Feed, wire: Wire) -> None:
        self._feed = feed
        self._wire = wire

    def there(self, row: Row) -> Present:
        """Give what Intercom holds of a company."""
        known = f"/companies/{row.target_id}"
        path = known if row.target_id else f"/companies?{urlencode({self._feed.key: row.record_key})}"
        return present(self._feed, row, self._wire.get(path))

    def send(self, row: Row) -> Result:
        """Create or update a company: one call does either."""
        held = None if row.target_id is None else self._wire.ask("GET", f"/companies/{row.target_id}")
        return written_over(self._feed, self._wire, row, held, "POST", "/companies")

    def archive(self, row: Row) -> Result:
        """Delete a company, which archives it."""
        return self._wire.gone(row, "DELETE", f"/companies/{row.target_id}")

    def restore(self, row: Row) -> Result:
        """Write values over a company; what it is known by cannot be changed."""
        body = put_back(self._feed, row)
        return result_of(row, self._wire.ask("PUT", f"/companies/{row.target_id}", body), body)

    def bring_back(self, row: Row) -> Result:
        """Refuse: a deleted company stays deleted."""
        return row.refused(CANNOT, f"Intercom cannot bring back a deleted company, such as {row.target_id}.")


class Attachments:
    """The work on which contact is at which company."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def there(self, row: Row) -> Present:
        """Say whether a contact is at a company."""
        _, contact_id, _, company_id = (row.target_id or "///").split("/")
        is_there = bool(contact_id) and company_id in self._companies(contact_id)
        return Present(row.record_key, row.target_id if is_there else None)

    def _companies(self, contact_id: str) -> Iterator[str]:
        path = f"/contacts/{contact_id}/companies?per_page={PER_PAGE}"
        while (page := self._wire.get(path)) is not None:
            yield from (each["id"] for each in page.content.get("data", ()))
            following = (page.content.get("pages") or {}).get("next")
            if not following:
                return
            path = f"{path.partition('?')[0]}?{urlsplit(following).query}"

    def linked(self, start: str) -> list[tuple[str, Linked]]:
        """Give the companies of a contact."""
        _, contact_id, _ = start.split("/")
        return [
            (reference("contacts", contact_id, "companies", company_id), Linked(frozenset({ATTACHED})))
            for company_id in self._companies(contact_id)
        ]

    def relink(self, row: Row) -> Result:
        """Attach a contact that should be attached, detach one that should not."""
        _, contact_id, _, company_id = (row.target_id or "///").split("/")
        if not row.values["wanted"]:
            return self.archive(row)
        body = json.dumps({"id": company_id})
        return result_of(
            row, self._wire.ask("POST", f"/contacts/{contact_id}/companies", body), body, row.target_id
        )

    def send(self, row: Row) -> Result:
        """Attach a contact to a company; an attachment that moved is undone first."""
        contact_id, company_id = row.values["contact_id"], row.values["company_id"]
        link = reference("contacts", contact_id, "companies", company_id)
        if row.target_id not in (None, link) and (undone := self.archive(row)).status != "succeeded":
            return undone
        body = json.dumps({"id": company_id})
        answer = self._wire.ask("POST", f"/contacts/{contact_id}/companies", body)
        if answer.status in (404, 410):
            message = f"{message_of(answer)}: {link}. It is looked up in the next run, and attached then."
            return row.failed(message, body, END_GONE)
        return result_of(row, answer, body, link)

    def archive(self, row: Row) -> Result:
        """Detach a contact."""
        if row.target_id is None:
            return row.succeeded(None)
        _, contact_id, _, company_id = row.target_id.split("/")
        return self._wire.gone(row, "DELETE", f"/contacts/{contact_id}/companies/{company_id}")
