"""What is added to the targets' schemas, and what stops before anything is added."""

from dataclasses import replace
from typing import Any

import httpx
import pytest

from load.feeds import Column, Feed, Option, Property
from load.hubspot import HubSpot
from load.intercom import Intercom
from load.target import SchemaConflictError
from tests.load import marts

HUBSPOT_HEADERS = {"Authorization": f"Bearer {marts.HUBSPOT_TOKEN}"}
INTERCOM_HEADERS = {"Authorization": f"Bearer {marts.INTERCOM_TOKEN}", "Intercom-Version": "2.14"}


@pytest.fixture
def contacts(declared: list[Feed]) -> Feed:
    return next(feed for feed in declared if feed.label == "hubspot contacts")


@pytest.fixture
def people(declared: list[Feed]) -> Feed:
    return next(feed for feed in declared if feed.label == "intercom contacts")


def _property(address: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(
        f"{address}/crm/v3/properties/contacts/{name}", headers=HUBSPOT_HEADERS
    ).json()
    return found


def test_properties_are_made_from_the_contract(
    contacts: Feed, hubspot: HubSpot, hubspot_address: str
) -> None:
    changes = hubspot.provision([contacts])

    assert [(change.name, change.change) for change in changes] == [
        ("salesforce_migration", "group created"),
        ("salesforce_id", "property created"),
        ("salesforce_score", "property created"),
        ("salesforce_born", "property created"),
        ("salesforce_seen_at", "property created"),
        ("salesforce_opt_out", "property created"),
        ("salesforce_tier", "property created"),
    ]
    key, tier = _property(hubspot_address, "salesforce_id"), _property(hubspot_address, "salesforce_tier")
    assert (key["hasUniqueValue"], key["type"], key["groupName"]) == (True, "string", "salesforce_migration")
    assert (tier["hasUniqueValue"], tier["label"], tier["type"]) == (False, "Tier", "enumeration")
    assert tier["description"] == "What salesforce_tier says."
    assert [option["value"] for option in tier["options"]] == ["gold", "iron"]


def test_missing_options_are_added_and_the_others_stay(
    contacts: Feed, hubspot: HubSpot, hubspot_address: str
) -> None:
    hubspot.provision([contacts])
    *others, tier = contacts.columns
    assert tier.custom is not None
    wanted = replace(
        tier, custom=replace(tier.custom, options=(Option("tin", "Tin"), Option("gold", "Gold")))
    )

    [change] = hubspot.provision([replace(contacts, columns=(*others, wanted))])

    assert (change.name, change.change) == ("salesforce_tier", "1 options added")
    options = _property(hubspot_address, "salesforce_tier")["options"]
    assert [(option["value"], option["label"]) for option in options] == [
        ("gold", "gold"),
        ("iron", "iron"),
        ("tin", "Tin"),
    ]


def test_a_key_that_is_not_unique_stops_the_load(
    contacts: Feed, hubspot: HubSpot, hubspot_address: str
) -> None:
    httpx.post(
        f"{hubspot_address}/crm/v3/properties/contacts",
        json={
            "name": "salesforce_id",
            "label": "Made by hand",
            "type": "string",
            "fieldType": "text",
            "groupName": "contactinformation",
        },
        headers=HUBSPOT_HEADERS,
    ).raise_for_status()

    with pytest.raises(SchemaConflictError, match=r"contacts\.salesforce_id exists without unique values"):
        hubspot.provision([contacts])
    assert _property(hubspot_address, "salesforce_tier").get("status") == "error"


def test_a_property_that_hubspot_computes_stops_the_load(contacts: Feed, hubspot: HubSpot) -> None:
    with pytest.raises(SchemaConflictError, match=r"contacts\.hs_object_id cannot be written"):
        hubspot.provision([replace(contacts, columns=(Column("hs_object_id", "varchar"),))])


def test_every_conflict_is_listed(contacts: Feed, hubspot: HubSpot) -> None:
    columns = (Column("emial", "varchar"), Column("phnoe", "varchar"))

    with pytest.raises(SchemaConflictError, match=r"emial(.|\n)*phnoe"):
        hubspot.provision([replace(contacts, columns=columns)])


def test_attributes_are_made_from_the_contract(
    people: Feed, intercom: Intercom, intercom_address: str
) -> None:
    custom = Property("Tier", data_type="options", options=(Option("gold", "Gold"), Option("iron", "Iron")))
    feed = replace(people, columns=(*people.columns, Column("tier", "varchar", "Tier.", custom)))

    assert [change.name for change in intercom.provision([feed])] == [
        "person_score",
        "person_born",
        "tier",
        "salesforce_id",
    ]
    assert intercom.provision([feed]) == []

    listed = httpx.get(f"{intercom_address}/data_attributes?model=contact", headers=INTERCOM_HEADERS).json()
    made = {each["name"]: each for each in listed["data"] if each["custom"]}
    assert (made["person_score"]["data_type"], made["person_score"]["model"]) == ("float", "contact")
    assert made["person_score"]["description"] == "What person_score says."
    assert made["tier"]["options"] == ["gold", "iron"]

    more = replace(feed.columns[-1], custom=replace(custom, options=(*custom.options, Option("tin", "Tin"))))
    with pytest.raises(SchemaConflictError, match="lacks the options tin"):
        intercom.provision([replace(feed, columns=(more,))])


def test_a_name_of_company_data_cannot_serve_people(people: Feed, intercom: Intercom) -> None:
    column = Column("tier", "varchar", "Tier.", Property("Tier", data_type="string"))
    firms = replace(people, object="companies", key="company_id", columns=(column,))

    with pytest.raises(SchemaConflictError, match=r"contacts\.tier is the name of company data"):
        intercom.provision([firms, replace(people, columns=(column,))])
    intercom.provision([firms])
    with pytest.raises(SchemaConflictError, match=r"contacts\.tier is the name of company data"):
        intercom.provision([replace(people, columns=(column,))])


def test_an_archived_attribute_keeps_its_name(
    people: Feed, intercom: Intercom, intercom_address: str
) -> None:
    intercom.provision([people])
    listed = httpx.get(f"{intercom_address}/data_attributes?model=contact", headers=INTERCOM_HEADERS).json()
    [number] = [each["id"] for each in listed["data"] if each["name"] == "person_score"]
    httpx.put(
        f"{intercom_address}/data_attributes/{number}", json={"archived": True}, headers=INTERCOM_HEADERS
    ).raise_for_status()

    with pytest.raises(SchemaConflictError, match=r"contacts\.person_score is archived"):
        intercom.provision([people])


def test_an_attribute_without_a_type_stops_the_load(people: Feed, intercom: Intercom) -> None:
    with pytest.raises(SchemaConflictError, match=r"contacts\.tier lacks `property\.data_type`"):
        intercom.provision([replace(people, columns=(Column("tier", "varchar", "", Property("Tier")),))])
