"""Notes on contacts and in tickets of the stand-in: made once though Intercom keeps no key for them, and never changed."""

from datetime import datetime
from typing import Any

import httpx
import pytest

from load import policy
from load.feeds import Feed
from load.intercom import Intercom
from load.target import Result, Row
from tests.load import marts

HEADERS = {"Authorization": f"Bearer {marts.INTERCOM_TOKEN}", "Intercom-Version": "2.14"}
WHEN = datetime(2020, 1, 2, 3, 4, 5)
SECONDS = 1577934245


class Desk:
    """The stand-in as the test sees it, the target, a contact and a ticket of it."""

    def __init__(self, target: Intercom, address: str, declared: list[Feed]) -> None:
        self.target = target
        self.feeds = {feed.object: feed for feed in declared if feed.target == "intercom"}
        self.http = httpx.Client(base_url=address, headers=HEADERS)
        target.provision([self.feeds["tickets"]])
        self.contact = self.ask("POST", "/contacts", {"external_id": "c1"})["id"]
        row = {
            "contact_key": "c1",
            "contact_id": self.contact,
            "ticket_type": "Question",
            "ticket_state": "Submitted",
            "title": "Help",
            "created_at": WHEN,
        }
        [[made]] = target.send(self.feeds["tickets"], [Row("k1", "h", "create", None, row)])
        self.ticket = str(made.target_id)

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        return self.http.request(method, path, json=body).raise_for_status().json()

    def row(self, key: str) -> Row:
        values = {"body": f"<p>Hi</p><p>[Salesforce {key}]</p>", "created_at": WHEN, "admin_id": None}
        ends = {"contact_id": self.contact, "ticket_id": self.ticket}
        return Row(key, "h", "create", None, {**values, **ends})

    def write(self, object_: str, *keys: str) -> list[Result]:
        rows = [self.row(key) for key in keys]
        sent = policy.send(self.target, self.feeds[object_], rows)
        return sorted((result for several in sent for result in several), key=lambda each: each.record_key)

    def held(self, object_: str) -> list[dict[str, Any]]:
        if object_ == "contact_notes":
            return list(self.ask("GET", f"/contacts/{self.contact}/notes")["data"])
        parts = self.ask("GET", f"/tickets/{self.ticket}")["ticket_parts"]["ticket_parts"]
        return [part for part in parts if part["part_type"] == "note"]

    def fail(self, **fault: Any) -> None:
        self.http.post("/_sandbox/faults", json=fault).raise_for_status()


@pytest.fixture
def desk(intercom: Intercom, intercom_address: str, declared: list[Feed]) -> Desk:
    return Desk(intercom, intercom_address, declared)


BOTH = pytest.mark.parametrize("object_", ["contact_notes", "ticket_notes"])


@BOTH
def test_a_note_is_made_once_and_found_again(desk: Desk, object_: str) -> None:
    theirs = {"body": "Theirs", "message_type": "note", "type": "admin"}
    if object_ == "contact_notes":
        desk.ask("POST", f"/contacts/{desk.contact}/notes", {"body": "Theirs"})
    else:
        me = desk.ask("GET", "/me")["id"]
        desk.ask("POST", f"/tickets/{desk.ticket}/reply", {**theirs, "admin_id": me})

    first = desk.write(object_, "n1", "n2")
    again = desk.write(object_, "n1", "n2")

    assert [result.action for result in first] == ["create", "create"]
    assert [(result.action, result.target_id) for result in again] == [
        ("update", result.target_id) for result in first
    ]
    assert len(desk.held(object_)) == 3
    if object_ == "ticket_notes":
        assert {each["created_at"] for each in desk.held(object_) if "Salesforce" in each["body"]} == {
            SECONDS
        }
    [[there]] = desk.target.read(desk.feeds[object_], [Row("n1", None, "update", first[0].target_id)])
    assert (there.target_id, there.values["body"]) == (first[0].target_id, "<p>Hi</p><p>[Salesforce n1]</p>")


@BOTH
def test_a_note_whose_making_got_no_answer_is_looked_for_first(desk: Desk, object_: str) -> None:
    end = "/notes" if object_ == "contact_notes" else "/reply"
    desk.fail(path=end, cut=True, done=True, times=1)

    [result] = desk.write(object_, "n1")

    assert result.status == "succeeded"
    assert len(desk.held(object_)) == 1


@BOTH
def test_what_a_note_hangs_on_may_be_gone(desk: Desk, object_: str) -> None:
    desk.contact = desk.ticket = "999999"

    [result] = desk.write(object_, "n1")

    assert (result.status, result.error_category) == ("failed", "END_GONE")


@BOTH
def test_no_note_is_taken_back(desk: Desk, object_: str) -> None:
    [made] = desk.write(object_, "n1")

    [[gone]] = desk.target.archive(desk.feeds[object_], [Row("n1", None, "archive", made.target_id)])

    assert (gone.status, gone.error_category) == ("refused", "CANNOT_BE_UNDONE")
    assert len(desk.held(object_)) == 1
