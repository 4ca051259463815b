"""Tickets in the stand-in: types and attributes first, each ticket once, in its past and in its state."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec import structs

from load import keyless
from load.apply import apply
from load.feeds import Feed
from load.intercom import Intercom
from load.intercom.tickets import MOST_FILTERS
from load.plan import plan
from load.target import Result, Row, SchemaConflictError
from tests.load import marts

HEADERS = {"Authorization": f"Bearer {marts.INTERCOM_TOKEN}", "Intercom-Version": "2.14"}
LONG_AGO = datetime(2019, 5, 6, 7, 8, 9)


class Desk:
    """The stand-in as the test sees it, the target, and its feed of tickets, for which all is ready."""

    def __init__(self, target: Intercom, address: str, declared: list[Feed]) -> None:
        self.target = target
        self.feed = next(feed for feed in declared if feed.label == "intercom tickets")
        self.http = httpx.Client(base_url=address, headers=HEADERS)
        self.contact = str(self.ask("POST", "/contacts", {"external_id": "003A"})["id"])

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.http.request(method, path, json=body)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def row(self, key: str = "500A", **changes: Any) -> Row:
        values = {
            "contact_key": "003A",
            "contact_id": self.contact,
            "ticket_type": "Problem",
            "ticket_state": "Resolved",
            "title": "Broken",
            "description": None,
            "assignee_id": 0,
            "created_at": LONG_AGO,
            "request_origin": "Web",
            "request_score": 2.5,
        }
        return Row(key, "h", "create", None, {**values, **changes})

    def send(self, *rows: Row) -> list[Result]:
        return [result for several in self.target.send(self.feed, rows) for result in several]

    def tickets(self) -> list[dict[str, Any]]:
        query = {"field": "created_at", "operator": ">", "value": 0}
        found: list[dict[str, Any]] = self.ask(
            "POST", "/tickets/search", {"query": query, "pagination": {"per_page": 150}}
        )["tickets"]
        return found

    def go_wrong(self, *faults: dict[str, Any]) -> None:
        for fault in faults:
            self.ask("POST", "/_sandbox/faults", fault)


@pytest.fixture
def desk(intercom: Intercom, intercom_address: str, declared: list[Feed]) -> Desk:
    made = Desk(intercom, intercom_address, declared)
    intercom.provision([made.feed])
    return made


def test_types_and_attributes_are_made_once(
    intercom: Intercom, intercom_address: str, declared: list[Feed]
) -> None:
    desk = Desk(intercom, intercom_address, declared)

    changes = intercom.provision([desk.feed])

    made = ("ticket type created", "attribute of {} created")
    assert [(change.name, change.change) for change in changes] == [
        (name, change.format(kind))
        for kind in ("Question", "Problem")
        for name, change in (
            (kind, made[0]),
            ("salesforce_id", made[1]),
            ("request_origin", made[1]),
            ("request_score", made[1]),
        )
    ]
    assert intercom.provision([desk.feed]) == []
    kinds = {kind["name"]: kind for kind in desk.ask("GET", "/ticket_types")["data"]}
    attributes = {each["name"]: each for each in kinds["Problem"]["ticket_type_attributes"]["data"]}
    assert attributes["request_score"]["data_type"] == "decimal"
    assert not attributes["request_score"]["visible_to_contacts"]


def test_what_does_not_fit_stops_before_anything_is_made(
    intercom: Intercom, intercom_address: str, declared: list[Feed]
) -> None:
    desk = Desk(intercom, intercom_address, declared)
    kind = desk.ask("POST", "/ticket_types", {"name": "Problem"})
    path = f"/ticket_types/{kind['id']}/attributes"
    desk.ask("POST", path, {"name": "request_score", "description": "", "data_type": "string"})
    first, *others = desk.feed.columns
    wrong = replace(desk.feed, columns=(replace(first, name="contact"), *others))

    with pytest.raises(SchemaConflictError) as raised:
        intercom.provision([wrong])

    assert "tickets.contact is no field of Intercom" in str(raised.value)
    assert "tickets.request_score is of type string in Intercom's Problem and decimal" in str(raised.value)
    assert len(desk.ask("GET", "/ticket_types")["data"]) == 1


def test_a_ticket_has_its_type_state_contact_and_past(desk: Desk) -> None:
    [result] = desk.send(desk.row())

    [ticket] = desk.tickets()
    assert (result.status, result.target_id, result.before) == ("succeeded", ticket["id"], None)
    assert ticket["ticket_type"]["name"] == "Problem"
    assert (ticket["ticket_state"]["internal_label"], ticket["open"]) == ("Resolved", False)
    assert ticket["created_at"] == 1_557_126_489
    assert [contact["id"] for contact in ticket["contacts"]["contacts"]] == [desk.contact]
    assert ticket["ticket_attributes"] == {
        "_default_title_": "Broken",
        "_default_description_": None,
        "salesforce_id": "500A",
        "request_origin": "Web",
        "request_score": 2.5,
    }


def test_an_update_overwrites_and_remembers_what_was_there(desk: Desk) -> None:
    admin = int(desk.ask("GET", "/admins")["admins"][0]["id"])
    [made] = desk.send(desk.row(assignee_id=admin))
    row = desk.row(ticket_state="In progress", title="Mended", request_origin=None)

    [result] = desk.send(structs.replace(row, action="update", target_id=made.target_id))

    [ticket] = desk.tickets()
    assert (ticket["ticket_state"]["category"], ticket["admin_assignee_id"]) == ("in_progress", "0")
    assert ticket["ticket_attributes"]["_default_title_"] == "Mended"
    assert ticket["ticket_attributes"]["request_origin"] is None
    assert result.before is not None
    assert (result.before["title"], result.before["ticket_state"]) == ("Broken", "Resolved")
    assert (result.before["assignee_id"], result.before["request_origin"]) == (admin, "Web")


def test_what_is_there_is_read(desk: Desk) -> None:
    [made] = desk.send(desk.row())
    known = Row("500A", None, "update", made.target_id)

    for row in (known, structs.replace(known, target_id=None)):
        [[found]] = desk.target.read(desk.feed, [row])
        assert found.target_id == made.target_id
        assert (found.values["title"], found.values["request_score"]) == ("Broken", 2.5)
    [[absent]] = desk.target.read(desk.feed, [Row("500B", None, "update", None)])
    assert absent.target_id is None


def test_a_ticket_that_somebody_deleted_is_made_anew(desk: Desk) -> None:
    [made] = desk.send(desk.row())
    desk.ask("DELETE", f"/tickets/{made.target_id}")

    [again] = desk.send(structs.replace(desk.row(), action="update", target_id=made.target_id))

    assert again.target_id not in (None, made.target_id)
    assert [ticket["id"] for ticket in desk.tickets()] == [again.target_id]


def test_a_ticket_that_was_archived_is_gone_and_once_more_does_no_harm(desk: Desk) -> None:
    [made] = desk.send(desk.row())

    for _ in range(2):
        [[gone]] = desk.target.archive(desk.feed, [Row("500A", None, "archive", made.target_id)])
        assert gone.status == "succeeded"
    assert desk.tickets() == []


def test_names_that_intercom_lacks_are_refused_and_take_none_with_them(desk: Desk) -> None:
    results = desk.send(
        desk.row("500A", ticket_state="Odd"), desk.row("500B"), desk.row("500C", ticket_type="Odd")
    )

    by_key = {result.record_key: result for result in results}
    assert by_key["500B"].status == "succeeded"
    assert by_key["500A"].error_category == by_key["500C"].error_category == "VALUE"
    assert "no ticket state Odd; it has Submitted, In progress" in (by_key["500A"].error_message or "")


def test_a_ticket_of_a_contact_who_is_gone_waits_for_it(desk: Desk) -> None:
    [result] = desk.send(desk.row(contact_id="5" * 24))

    assert (result.status, result.error_category) == ("failed", "END_GONE")


@pytest.mark.parametrize(
    "fault",
    [
        {"path": "POST /tickets", "cut": True, "done": True},
        {"path": "POST /tickets", "cut": True},
        {"path": "POST /tickets", "status": 504, "done": True},
        {"path": "POST /tickets", "status": 503},
        {"path": "POST /tickets", "status": 429},
        {"path": "PUT /tickets", "cut": True, "done": True},
        {"path": "PUT /tickets", "status": 500, "times": 4},
    ],
)
def test_an_answer_that_got_lost_ends_in_exactly_one_ticket(desk: Desk, fault: dict[str, Any]) -> None:
    desk.go_wrong(fault)

    desk.send(*(desk.row(f"500{n}") for n in range(50)))
    results = desk.send(*(desk.row(f"500{n}") for n in range(50)))

    assert {result.status for result in results} == {"succeeded"}
    keys = [ticket["ticket_attributes"]["salesforce_id"] for ticket in desk.tickets()]
    assert sorted(keys) == sorted(f"500{n}" for n in range(50))
    assert {ticket["ticket_state"]["category"] for ticket in desk.tickets()} == {"resolved"}


def test_a_row_without_an_answer_is_settled_in_the_same_load(desk: Desk) -> None:
    desk.go_wrong({"path": "POST /tickets", "cut": True, "done": True, "times": 2})

    results = desk.send(*(desk.row(f"500{n}") for n in range(3)))

    assert {result.status for result in results} == {"succeeded"}
    assert len(desk.tickets()) == len(results) == 3


def test_a_look_up_waits_until_search_shows_what_a_killed_load_made(
    intercom_address: str, intercom: Intercom, declared: list[Feed], monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(intercom, intercom_address, declared)
    intercom.provision([desk.feed])
    desk.ask("POST", "/_sandbox/latency", {"search_lag_seconds": 0.5})
    desk.send(desk.row())
    # As after a kill at once: another process, whose ledger knows nothing.
    again = Intercom(intercom_address, marts.INTERCOM_TOKEN, search_lag=0.6)

    [[result]] = again.send(desk.feed, [desk.row()])

    assert result.status == "succeeded"
    assert len(desk.tickets()) == 1


def test_many_types_are_searched_in_groups(
    intercom: Intercom, intercom_address: str, declared: list[Feed]
) -> None:
    desk = Desk(intercom, intercom_address, declared)
    desk.feed = replace(desk.feed, types=tuple(f"Type {n}" for n in range(MOST_FILTERS + 1)))
    intercom.provision([desk.feed])
    rows = [desk.row(f"500{n}", ticket_type=f"Type {n}") for n in (0, MOST_FILTERS)]

    first, second = desk.send(*rows), desk.send(*rows)

    assert {each.target_id for each in first} == {each.target_id for each in second}
    assert len(desk.tickets()) == 2


def test_tickets_follow_their_contacts_through_plan_and_apply(
    connection: Any, declared: list[Feed], spool_dir: Path, intercom: Intercom, intercom_address: str
) -> None:
    desk = Desk(intercom, intercom_address, declared)
    marts.fill(
        connection,
        "people",
        "role, email",
        "select column1 as _record_key, 'user' as role, column2 as email from values ('003B', 'b@example.com'), ('003C', 'none')",
    )
    marts.fill(
        connection,
        "requests",
        "contact_key, ticket_type, ticket_state, title, created_at",
        "select column1 as _record_key, column2 as contact_key, 'Question' as ticket_type, 'Submitted' as ticket_state, "
        "'Help' as title, '2020-01-02 03:04:05'::timestamp_ntz as created_at from values ('500B', '003B'), ('500C', '003C')",
    )
    feeds = [
        feed for feed in declared if feed.object in ("contacts", "tickets") and feed.target == "intercom"
    ]

    def load() -> dict[str, Any]:
        done = apply(
            connection, plan(connection, feeds), {"intercom": intercom}, run_id="r", spool_dir=spool_dir
        )
        return {each.object: (each.succeeded, each.refused) for each in done.feeds}

    # The second contact is refused, and its ticket waits for it.
    assert load() == {"contacts": (1, 1), "tickets": (1, 0)}
    assert load() == {}
    assert next(each for each in plan(connection, feeds).feeds if each.feed.object == "tickets").waiting == 1
    [ticket] = desk.tickets()
    assert ticket["ticket_attributes"]["salesforce_id"] == "500B"


def test_a_round_of_look_ups_is_one_call_for_several_rows(desk: Desk) -> None:
    before = desk.target.calls

    desk.send(*(desk.row(f"500{n}") for n in range(keyless.ROWS_PER_LOOKUP)))

    # Two lists of definitions, one look-up, and two calls a ticket.
    assert desk.target.calls - before == 3 + 2 * keyless.ROWS_PER_LOOKUP
