"""Search in the HubSpot stand-in: filters, order, pages, the ceiling, and what it does not see yet."""

import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.hubspot.app import create_app
from tests.sandbox import openapi
from tests.sandbox.conftest import HubSpot, connect
from tests.sandbox.serving import serve


def search(hubspot: HubSpot, *filters: dict[str, Any], **more: Any) -> Any:
    groups = [{"filters": list(filters)}] if filters else []
    return hubspot.client.crm.contacts.search_api.do_search({"filterGroups": groups, **more})


def where(name: str, operator: str, value: str | None = None, **more: Any) -> dict[str, Any]:
    return {
        "propertyName": name,
        "operator": operator,
        **({"value": value} if value is not None else {}),
        **more,
    }


@pytest.fixture
def people(hubspot: HubSpot) -> HubSpot:
    """Give an account with three contacts, who differ in everything."""
    born = {
        "name": "born",
        "label": "Born",
        "type": "date",
        "fieldType": "date",
        "groupName": "contactinformation",
    }
    size = born | {"name": "size", "type": "number", "fieldType": "number"}
    for definition in (born, size):
        hubspot.client.crm.properties.core_api.create("contacts", definition)
    hubspot.made("contacts", firstname="Ada", email="ada.lovelace@example.com", born="1815-12-10", size="9")
    hubspot.made("contacts", firstname="Grace", email="grace@navy.example", born="1906-12-09", size="10")
    hubspot.made("contacts", firstname="Hedy", city="Vienna")
    return hubspot


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        (where("firstname", "EQ", "ADA"), {"Ada"}),
        (where("born", "EQ", "1906-12-09"), {"Grace"}),
        (where("firstname", "NEQ", "Ada"), {"Grace", "Hedy"}),
        (where("size", "LT", "10"), {"Ada"}),
        (where("size", "GTE", "9.5"), {"Grace"}),
        (where("size", "BETWEEN", "9", highValue="10"), {"Ada", "Grace"}),
        (where("born", "GT", "1900-01-01"), {"Grace"}),
        (where("born", "LTE", "-2000000000000"), {"Ada"}),
        (where("firstname", "IN", values=["ada", "hedy"]), {"Ada", "Hedy"}),
        (where("firstname", "NOT_IN", values=["ada", "hedy"]), {"Grace"}),
        (where("city", "HAS_PROPERTY"), {"Hedy"}),
        (where("city", "NOT_HAS_PROPERTY"), {"Ada", "Grace"}),
        (where("email", "CONTAINS_TOKEN", "lovelace"), {"Ada"}),
        (where("email", "CONTAINS_TOKEN", "*@navy.example"), {"Grace"}),
        (where("email", "NOT_CONTAINS_TOKEN", "love"), {"Ada", "Grace", "Hedy"}),
        (where("createdate", "GT", "2020-01-01T00:00:00Z"), {"Ada", "Grace", "Hedy"}),
        (where("lastmodifieddate", "LT", "1577836800000"), set()),
    ],
)
def test_operators(people: HubSpot, condition: dict[str, Any], found: set[str]) -> None:
    result = search(people, condition, properties=["firstname"])
    assert {each.properties["firstname"] for each in result.results} == found
    assert result.total == len(found)


def test_groups_are_alternatives_of_filters_that_all_hold(people: HubSpot) -> None:
    groups = [
        {"filters": [where("firstname", "EQ", "ada"), where("size", "EQ", "9")]},
        {"filters": [where("firstname", "EQ", "grace"), where("size", "EQ", "9")]},
        {"filters": [where("city", "EQ", "vienna")]},
    ]
    result = people.client.crm.contacts.search_api.do_search(
        {"filterGroups": groups, "properties": ["firstname"]}
    )
    assert {each.properties["firstname"] for each in result.results} == {"Ada", "Hedy"}


def test_a_query_looks_into_names_and_addresses(people: HubSpot) -> None:
    assert search(people, query="LOVELACE").total == 1
    assert search(people, query="nobody").total == 0


def test_order_and_pages(people: HubSpot) -> None:
    names, after = [], None
    while True:
        page = search(people, where("size", "HAS_PROPERTY"), sorts=["-size"], limit=1, after=after or "0")
        names += [each.properties["firstname"] for each in page.results]
        if page.paging is None:
            break
        after = page.paging.next.after
    assert names == ["Grace", "Ada"]
    # HubSpot's documentation has objects here, its description text: both are taken
    sort = {"propertyName": "firstname", "direction": "DESCENDING"}
    answer = people.call("POST", "/crm/v3/objects/contacts/search", {"sorts": [sort]}).json()
    people.conformance.clear()
    assert [each["properties"]["firstname"] for each in answer["results"]] == ["Hedy", "Grace", "Ada"]


def test_a_range_of_ids_and_their_order(people: HubSpot) -> None:
    ids = [each.id for each in search(people).results]
    result = search(people, where("hs_object_id", "GT", ids[0]), sorts=["hs_object_id"])
    assert [each.id for each in result.results] == ids[1:]


@pytest.mark.parametrize(
    "body",
    [
        {"limit": 201},
        {"after": "9801", "limit": 200},
        {"after": "x"},
        {"filterGroups": [{"filters": [where("firstname", "EQ", "x")]}] * 6},
        {"filterGroups": [{"filters": [where("firstname", "EQ", "x")] * 7}]},
        {"filterGroups": [{"filters": [where("firstname", "EQ", "x")] * 5}] * 4},
        {"filterGroups": [{"filters": [where("nothing", "EQ", "x")]}]},
        {"filterGroups": [{"filters": [where("firstname", "LIKE", "x")]}]},
        {"filterGroups": [{"filters": [where("firstname", "EQ")]}]},
        {"filterGroups": [{"filters": [where("annualrevenue", "IN")]}]},
        {"filterGroups": [{"filters": [where("createdate", "EQ", "soon")]}]},
        {"sorts": ["nothing"]},
    ],
)
def test_what_a_search_does_not_take(hubspot: HubSpot, body: dict[str, Any]) -> None:
    answer = hubspot.call("POST", "/crm/v3/objects/contacts/search", body)
    assert (answer.status_code, answer.json()["category"]) == (400, "VALIDATION_ERROR")


def test_a_search_ends_at_ten_thousand(hubspot: HubSpot) -> None:
    hubspot.made("contacts", firstname="Ada")
    assert search(hubspot, after="9800", limit=200).results == []


def test_archived_records_are_not_found(people: HubSpot) -> None:
    [ada] = search(people, where("firstname", "EQ", "Ada")).results
    people.client.crm.contacts.basic_api.archive(ada.id)
    assert search(people).total == 2


def test_a_search_lags_behind(shared: Path, tmp_path: Path) -> None:
    moment = [1_800_000_000.0]
    app = create_app(tmp_path, lambda: moment[0])
    conformance = openapi.Conformance(app, openapi.hubspot(shared))
    with serve(conformance) as url:
        hubspot = connect(url, conformance)
        key = hubspot.made("contacts", firstname="Ada")

        def seen() -> list[str | None]:
            moment[0] += 0.5
            return [each.properties["firstname"] for each in search(hubspot).results]

        assert seen() == []
        moment[0] += 2
        assert seen() == ["Ada"]
        for name in ("Augusta", "Countess"):
            hubspot.client.crm.contacts.basic_api.update(key, {"properties": {"firstname": name}})
            assert seen() == ["Ada"]
        moment[0] += 2
        assert seen() == ["Countess"]
        assert json.loads(hubspot.http.get(f"/crm/v3/objects/contacts/{key}").text)["id"] == key
    assert conformance.violations() == []
