"""The search language of the Intercom stand-in."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.intercom_spec import NOON, Acme, acme

DAY = 86_400


@pytest.fixture
def workspace(tmp_path: Path, shared: Path) -> Iterator[Acme]:
    """Serve a workspace with three contacts: Ada two days ago, Bob yesterday, Cy today; searchable all."""
    with acme(tmp_path, shared) as served:
        served.call("POST", "/data_attributes", {"name": "seats", "model": "contact", "data_type": "integer"})
        served.clock.now = NOON - 2 * DAY
        contact(served, "003A", name="Ada Lovelace", email="Ada@acme.example", custom_attributes={"seats": 5})
        served.clock.now = NOON - DAY
        contact(served, "003B", name="Bob", email="bob@other.example", custom_attributes={"seats": 9})
        served.clock.now = NOON
        contact(served, None, role="lead", name="Cy")
        served.clock.pass_seconds(5)
        yield served


def contact(workspace: Acme, external_id: str | None, **fields: Any) -> Any:
    identity = {"external_id": external_id} if external_id else {}
    return workspace.call("POST", "/contacts", {**identity, **fields})


def one(field: str, operator: str, value: Any) -> dict[str, Any]:
    return {"field": field, "operator": operator, "value": value}


def found(workspace: Acme, query: Any) -> list[str]:
    answer = workspace.call("POST", "/contacts/search", {"query": query})
    return sorted(person["name"].split()[0] for person in answer["data"])


@pytest.mark.parametrize(
    ("query", "names"),
    [
        (one("email", "=", "ADA@acme.example"), ["Ada"]),
        (one("email", "!=", "ada@acme.example"), ["Bob", "Cy"]),
        (one("email", "=", None), ["Cy"]),
        (one("email_domain", "=", "other.example"), ["Bob"]),
        (one("name", "~", "LOVE"), ["Ada"]),
        (one("name", "!~", "o"), ["Cy"]),
        (one("name", "^", "b"), ["Bob"]),
        (one("name", "$", "lace"), ["Ada"]),
        (one("role", "=", "lead"), ["Cy"]),
        (one("external_id", "IN", ["003A", "003B"]), ["Ada", "Bob"]),
        (one("external_id", "NIN", ["003A"]), ["Bob", "Cy"]),
        (one("custom_attributes.seats", ">", 5), ["Bob"]),
        (one("custom_attributes.seats", ">=", "5"), ["Ada", "Bob"]),
        (one("custom_attributes.seats", "!=", 5), ["Bob", "Cy"]),
        (one("unsubscribed_from_emails", "=", False), ["Ada", "Bob", "Cy"]),
    ],
)
def test_operators(workspace: Acme, query: Any, names: list[str]) -> None:
    assert found(workspace, query) == names


@pytest.mark.parametrize(
    ("operator", "moment", "names"),
    [
        ("=", NOON - DAY + 3_600, ["Bob"]),
        (">", NOON - DAY - 3_600, ["Cy"]),
        ("<", NOON - DAY + 3_600, ["Ada"]),
        (">", NOON, []),
    ],
)
def test_dates_of_contacts_are_days(workspace: Acme, operator: str, moment: float, names: list[str]) -> None:
    assert found(workspace, one("created_at", operator, int(moment))) == names


def test_a_day_is_one_of_the_workspaces_time_zone(workspace: Acme) -> None:
    midnight_in_sydney = int(NOON) + 3_600
    assert found(workspace, one("created_at", ">", midnight_in_sydney)) == []
    workspace.control("workspace", {"timezone": "Australia/Sydney"})
    assert found(workspace, one("created_at", "=", midnight_in_sydney)) == []
    assert found(workspace, one("created_at", "=", midnight_in_sydney - 1)) == ["Cy"]


def test_groups_nest_twice(workspace: Acme) -> None:
    ada_or_bob = {"operator": "OR", "value": [one("name", "^", "ada"), one("name", "^", "bob")]}
    many_seats = {"operator": "OR", "value": [one("custom_attributes.seats", ">", 8)]}
    assert found(workspace, {"operator": "AND", "value": [ada_or_bob, many_seats]}) == ["Bob"]
    deeper = {"operator": "AND", "value": [{"operator": "OR", "value": [ada_or_bob]}]}
    error = workspace.refusal("POST", "/contacts/search", {"query": deeper})
    assert "2 levels" in error["message"]


def test_a_group_holds_fifteen(workspace: Acme) -> None:
    filters = [one("external_id", "=", f"003{n}") for n in range(15)]
    assert found(workspace, {"operator": "OR", "value": filters}) == []
    too_many = {"operator": "OR", "value": [*filters, filters[0]]}
    assert "15" in workspace.refusal("POST", "/contacts/search", {"query": too_many})["message"]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        (one("shoe_size", "=", "9"), "invalid_field"),
        (one("custom_attributes.none", "=", "9"), "invalid_field"),
        (one("created_at", ">=", int(NOON)), "invalid_operator"),
        (one("created_at", "!=", int(NOON)), "invalid_operator"),
        (one("created_at", "IN", [int(NOON)]), "invalid_operator"),
        (one("created_at", ">", "foobar"), "invalid_value"),
        (one("name", ">", "A"), "invalid_operator"),
        (one("external_id", "IN", "003A"), "invalid_value"),
        (one("unsubscribed_from_emails", "=", "perhaps"), "invalid_value"),
    ],
)
def test_what_cannot_be_searched_is_refused(workspace: Acme, query: Any, code: str) -> None:
    assert workspace.refusal("POST", "/contacts/search", {"query": query})["code"] == code


def test_a_query_must_be_given(workspace: Acme) -> None:
    assert workspace.refusal("POST", "/contacts/search", {})["field"] == "query"


def test_tags_are_searched_by_id(workspace: Acme) -> None:
    ada = workspace.call("GET", "/contacts/find_by_external_id/003A")
    tag = workspace.call("POST", "/tags", {"name": "vip", "users": [{"id": ada["id"]}]})
    assert found(workspace, one("tag_id", "=", tag["id"])) == ["Ada"]
    assert found(workspace, one("tag_id", "!=", tag["id"])) == ["Bob", "Cy"]


def test_a_new_contact_is_not_found_at_once(workspace: Acme) -> None:
    contact(workspace, "003D", name="Dot")
    query = one("external_id", "=", "003D")
    assert found(workspace, query) == []
    assert workspace.call("GET", "/contacts/find_by_external_id/003D")["name"] == "Dot"
    workspace.clock.pass_seconds(2)
    assert found(workspace, query) == ["Dot"]
    workspace.control("latency", {"search_lag_seconds": 0})
    contact(workspace, "003E", name="Eve")
    assert found(workspace, one("external_id", "=", "003E")) == ["Eve"]


def test_pages_are_asked_for_in_the_body(workspace: Acme) -> None:
    for n in range(8):
        contact(workspace, f"x{n}", name="X")
    workspace.clock.pass_seconds(5)
    body: dict[str, Any] = {"query": one("external_id", "^", "x"), "pagination": {"per_page": 3}}
    seen = []
    for number in (1, 2, 3):
        answer = workspace.call("POST", "/contacts/search", body)
        pages = answer["pages"]
        assert (pages["page"], pages["total_pages"], answer["total_count"]) == (number, 3, 8)
        seen += [person["external_id"] for person in answer["data"]]
        body["pagination"]["starting_after"] = pages.get("next", {}).get("starting_after")
    assert body["pagination"]["starting_after"] is None
    assert seen == [f"x{n}" for n in reversed(range(8))]
