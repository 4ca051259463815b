"""Intercom's companies, and which contact is at which."""

import json
from urllib.parse import urlencode, urlsplit

from load.feeds import Feed
from load.intercom_over import written_over
from load.intercom_values import present
from load.intercom_wire import Wire, message_of, result_of
from load.target import END_GONE, Present, Result, Row, reference

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


class Attachments:
    """The work on which contact is at which company."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def there(self, row: Row) -> Present:
        """Say whether a contact is at a company."""
        _, contact_id, _, company_id = (row.target_id or "///").split("/")
        path = f"/contacts/{contact_id}/companies?per_page={PER_PAGE}"
        while contact_id and (page := self._wire.get(path)) is not None:
            if company_id in {each["id"] for each in page.content.get("data", ())}:
                return Present(row.record_key, row.target_id)
            following = (page.content.get("pages") or {}).get("next")
            if not following:
                break
            path = f"{path.partition('?')[0]}?{urlsplit(following).query}"
        return Present(row.record_key)

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
