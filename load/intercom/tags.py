"""Intercom's tags, known by their names, and which contacts and companies carry them."""

import json
from collections.abc import Iterable, Iterator, Sequence

from load.answer import Answer
from load.feeds import Feed
from load.intercom.wire import Wire, message_of, result_of
from load.target import CANNOT, END_GONE, Present, Result, Row, reference
from load.undo_links import ATTACHED, Linked

# One call tags so many.
ROWS_PER_CALL = 50
LISTS = {"contacts": "users", "companies": "companies"}


class Tags:
    """The work on the tags of one feed; the row's key is the name in lower case."""

    def __init__(self, feed: Feed, wire: Wire) -> None:
        self._feed = feed
        self._wire = wire

    def there(self, row: Row) -> Present:
        """Give what Intercom holds of a tag."""
        answer = self._wire.ask("GET", "/tags")
        for tag in answer.content.get("data", ()):
            if str(tag["id"]) == row.target_id or tag["name"].lower() == row.record_key:
                return Present(
                    row.record_key, str(tag["id"]), {self._feed.key: row.record_key, "name": tag["name"]}
                )
        return Present(row.record_key)

    def send(self, row: Row) -> Result:
        """Make a tag, find the one that is called so, or write its name anew."""
        body = {"name": row.values["name"]}
        if row.target_id is not None:
            body["id"] = row.target_id
        text = json.dumps(body)
        answer = self._wire.ask("POST", "/tags", text)
        if answer.status == 404 and row.target_id is not None:  # noqa: PLR2004
            text = json.dumps({"name": row.values["name"]})
            answer = self._wire.ask("POST", "/tags", text)
        return result_of(row, answer, text)

    def archive(self, row: Row) -> Result:
        """Delete a tag."""
        return self._wire.gone(row, "DELETE", f"/tags/{row.target_id}")

    def restore(self, row: Row) -> Result:
        """Write a name over a tag."""
        body = json.dumps({"id": row.target_id, "name": row.values["name"]})
        return result_of(row, self._wire.ask("POST", "/tags", body), body)

    def bring_back(self, row: Row) -> Result:
        """Refuse: a deleted tag stays deleted."""
        return row.refused(CANNOT, f"Intercom cannot bring back a deleted tag, such as {row.target_id}.")


class Taggings:
    """The work on which contact or company carries which tag. Tagging twice does no harm."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._names: dict[str, str] = {}

    def batches(self, rows: Iterable[Row]) -> Iterator[list[Row]]:
        """Give rows of one tag and one kind of record together, as far as they follow one another."""
        batch: list[Row] = []
        for row in rows:
            if batch and (len(batch) == ROWS_PER_CALL or _together(row) != _together(batch[0])):
                yield batch
                batch = []
            batch.append(row)
        if batch:
            yield batch

    def send_together(self, rows: Sequence[Row]) -> list[Result] | None:
        """Tag the records of a batch in one call; None when Intercom took none of them, since one was refused."""
        if any(row.target_id not in (None, _link(row)) for row in rows):
            return None
        body = self._body(rows[0], [row.values["tagged_id"] for row in rows])
        answer = self._wire.ask("POST", "/tags", body)
        return [row.succeeded(_link(row), body) for row in rows] if answer.ok else None

    def send(self, row: Row) -> Result:
        """Tag one record; a tag that the record had under another id is gone with that record."""
        body = self._body(row, [row.values["tagged_id"]])
        answer = self._wire.ask("POST", "/tags", body)
        if answer.status in (404, 410):
            message = f"{message_of(answer)}: {_link(row)}. It is looked up in the next run, and tagged then."
            return row.failed(message, body, END_GONE)
        return result_of(row, answer, body, _link(row))

    def archive(self, row: Row) -> Result:
        """Take a tag off."""
        if row.target_id is None:
            return row.succeeded(None)
        kind, tagged, _, tag = row.target_id.split("/")
        name = self._name(tag)
        if kind == "contacts" or name is None:
            return self._wire.gone(row, "DELETE", f"/contacts/{tagged}/tags/{tag}")
        body = json.dumps({"name": name, "companies": [{"id": tagged, "untag": True}]})
        return result_of(row, self._wire.ask("POST", "/tags", body), body, row.target_id)

    def there(self, row: Row) -> Present:
        """Say whether a record carries a tag."""
        kind, tagged, _, tag = (row.target_id or "///").split("/")
        is_there = bool(tagged) and tag in self._tags(kind, tagged)
        return Present(row.record_key, row.target_id if is_there else None)

    def linked(self, start: str) -> list[tuple[str, Linked]]:
        """Give the tags of a record."""
        kind, tagged, _ = start.split("/")
        return [
            (reference(kind, tagged, "tags", tag), Linked(frozenset({ATTACHED})))
            for tag in self._tags(kind, tagged)
        ]

    def relink(self, row: Row) -> Result:
        """Tag a record that should be, untag one that should not."""
        if not row.values["wanted"]:
            return self.archive(row)
        kind, tagged, _, tag = (row.target_id or "///").split("/")
        body = json.dumps({"name": self._name(tag), LISTS[kind]: [{"id": tagged}]})
        return result_of(row, self._wire.ask("POST", "/tags", body), body, row.target_id)

    def _body(self, row: Row, ids: Sequence[str]) -> str:
        name = self._name(row.values["tag_id"]) or row.values["tag_key"]
        return json.dumps({"name": name, LISTS[row.values["tagged_object"]]: [{"id": each} for each in ids]})

    def _name(self, tag_id: str) -> str | None:
        if tag_id not in self._names and (answer := self._wire.get(f"/tags/{tag_id}")) is not None:
            self._names[tag_id] = str(answer.content["name"])
        return self._names.get(tag_id)

    def _tags(self, kind: str, tagged: str) -> list[str]:
        path = f"/contacts/{tagged}/tags" if kind == "contacts" else f"/companies/{tagged}"
        answer: Answer | None = self._wire.get(path)
        if answer is None:
            return []
        tags = answer.content["data"] if kind == "contacts" else answer.content["tags"]["tags"]
        return [str(tag["id"]) for tag in tags]


def _together(row: Row) -> tuple[str, str]:
    return row.values["tag_key"], row.values["tagged_object"]


def _link(row: Row) -> str:
    return reference(row.values["tagged_object"], row.values["tagged_id"], "tags", row.values["tag_id"])
