"""Any org's objects: recorded describes, packages and person accounts, 800 fields, 700 objects; no name has its own code."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from simple_salesforce import Salesforce

from extract.landing import Stamp
from extract.salesforce import describe, discover, query, rest
from extract.salesforce.describe import COMPOUND_TYPES, COPIED, UNREADABLE, UNREADABLE_TYPES
from extract.salesforce.login import Login, connect
from extract.salesforce.orders import make_orders
from extract.salesforce.plan import CALLS_TO_DESCRIBE, row_bytes
from extract.salesforce.query import Window
from extract.salesforce.raw import RawTables, columns
from extract.salesforce.read import Settings
from extract.sources import SourceObject
from tests.extract.transport import DATA, URL, FakeOrg, ok, refused
from tests.raw_warehouse import RawWarehouse

RECORDED = (
    "Account",
    "Case",
    "Contact",
    "Custom__c",
    "Event",
    "Lead",
    "Opportunity",
    "OpportunityContactRole",
)
WINDOW = Window("SystemModstamp", "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z")


@pytest.fixture
def org() -> FakeOrg:
    return FakeOrg()


@pytest.fixture
def sf(org: FakeOrg) -> Salesforce:
    return connect(Login(login_url=URL, client_id="x", client_secret="y"), adapter=org)


def _field(name: str, kind: str = "string", **other: Any) -> dict[str, Any]:
    known = {"label": name, "length": 80, "precision": 0, "scale": 0, "nillable": True, "calculated": False}
    return {"name": name, "type": kind, "custom": name.endswith("__c"), **known, **other}


def _described(name: str, *fields: dict[str, Any]) -> dict[str, Any]:
    of_all = [_field("Id", "id"), _field("IsDeleted", "boolean"), _field("SystemModstamp", "datetime")]
    return {"name": name, "replicateable": True, "undeletable": True, "fields": [*of_all, *fields]}


def _serve(org: FakeOrg, said: Mapping[str, Any]) -> SourceObject:
    org.on("GET", f"{DATA}/sobjects/{said['name']}/describe", ok(said))
    org.on("GET", f"{DATA}/tooling/query", refused(403, "INSUFFICIENT_ACCESS"))
    return SourceObject(said["name"], said["name"].upper())


def _check(org: FakeOrg, sf: Salesforce, warehouse: RawWarehouse, said: Mapping[str, Any]) -> None:
    """Plan the object, choose its fields, make its table, and keep what was said of it: by the describe alone."""
    source = _serve(org, said)
    [order] = make_orders(sf, warehouse, [source], Settings())
    description = order.description
    assert isinstance(description, describe.Description), description
    left = {each["name"] for each in said["fields"] if each["type"] in COMPOUND_TYPES | UNREADABLE_TYPES}
    assert set(description.fields) == {each["name"] for each in said["fields"]} - left
    soql = query.select(description, WINDOW)
    assert soql.removeprefix("SELECT ").partition(" FROM ")[0].split(", ") == [*description.fields]
    for compound in (each["name"] for each in said["fields"] if each["type"] in COMPOUND_TYPES):
        parts = {each["name"] for each in said["fields"] if each.get("compoundFieldName") == compound}
        assert parts
        assert parts <= {*description.fields}
    RawTables(warehouse, Stamp.now("run")).ensure(source, description.fields)
    made = columns(warehouse)[source.table]
    assert made == {name.upper() for name in description.fields} | {"_EXTRACTED_AT", "_RUN_ID", "_DELETED"}
    kept = {row[1]: row[-1] for row in describe.field_rows([description])}
    assert kept == {each["name"]: UNREADABLE if each["name"] in left else COPIED for each in said["fields"]}
    values = sum(len(each.get("picklistValues") or ()) for each in said["fields"])
    assert len([*describe.picklist_rows([description])]) == values
    assert row_bytes(description, description.fields) > len(description.fields)


@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_describe_is_planned_and_gets_its_table(
    name: str, shared: Path, org: FakeOrg, sf: Salesforce, quick: RawWarehouse
) -> None:
    said = json.loads((shared / "specs" / "salesforce" / "describe" / f"{name}.json").read_text())
    _check(org, sf, quick, said)


def test_person_accounts_and_packaged_fields_are_fields_like_others(
    org: FakeOrg, sf: Salesforce, quick: RawWarehouse
) -> None:
    fields = [
        _field("IsPersonAccount", "boolean"),
        _field("PersonEmail", "email"),
        _field("PersonMailingAddress", "address"),
        _field("PersonMailingCity", compoundFieldName="PersonMailingAddress"),
        _field("Loyalty__pc", "picklist", picklistValues=[{"value": "a", "label": "A", "active": False}]),
        _field("npsp__Batch__c", "reference", referenceTo=["npsp__Batch__c"]),
        _field("pkg__Where__c", "location"),
        _field("pkg__Where__Latitude__s", "double", compoundFieldName="pkg__Where__c"),
        _field("pkg__Where__Longitude__s", "double", compoundFieldName="pkg__Where__c"),
        _field("Order", "string"),
    ]
    _check(org, sf, quick, _described("pkg__Thing__c", *fields))


def test_800_fields_fit_into_one_bulk_query_and_into_slices_of_addresses(
    org: FakeOrg, sf: Salesforce, quick: RawWarehouse
) -> None:
    fields = [_field(f"pkg__A_field_with_a_name_as_long_as_it_may_be_{n:03}__c") for n in range(797)]
    said = _described("Wide__c", *fields)
    _check(org, sf, quick, said)
    description = describe.describe(sf, "Wide__c")
    assert len(query.select(description, WINDOW)) <= query.SOQL_CHARACTERS
    slices = rest._slices(description, WINDOW)
    assert len(slices) > 1
    assert all(each[0] == "Id" and rest._fits(rest._sorted(description, WINDOW, each)) for each in slices)
    assert sorted(name for each in slices for name in each[1:]) == sorted({*description.fields} - {"Id"})


def test_700_objects_are_listed_with_two_calls_and_those_chosen_described_with_two_each(
    org: FakeOrg, sf: Salesforce, quick: RawWarehouse
) -> None:
    names = [f"pkg__Object_{n:03}__c" for n in range(700)]
    listed = [
        {"name": name, "label": name, "labelPlural": name, "custom": True, "queryable": n != 0}
        for n, name in enumerate(names)
    ]
    org.on("GET", f"{DATA}/sobjects", ok({"sobjects": listed}))
    org.on("GET", f"{DATA}/limits/recordCount", ok({"sObjects": [{"name": names[5], "count": 9}]}))
    before = len(org.calls)
    found = discover(sf)
    assert len(org.calls) - before == 2
    assert [each.object for each in found] == [names[5], *(name for name in names[1:] if name != names[5])]
    sources = [_serve(org, _described(name, _field("Name"))) for name in names[:60]]
    before = len(org.calls)
    orders = make_orders(sf, quick, sources, Settings())
    assert len(org.calls) - before == CALLS_TO_DESCRIBE * len(sources)
    assert all(isinstance(order.description, describe.Description) for order in orders)
