"""Properties, groups, pipelines, owners, custom objects and account information of the HubSpot stand-in."""

import pytest
from hubspot.crm.properties import ApiException

from tests.sandbox.conftest import KEY, HubSpot

GROUP = "contactinformation"


def definition(name: str, kind: str = "string", field: str = "text", **more: object) -> dict[str, object]:
    return {"name": name, "label": name.title(), "type": kind, "fieldType": field, "groupName": GROUP, **more}


def refused(hubspot: HubSpot, body: dict[str, object], status: int = 400) -> str:
    answer = hubspot.call("POST", "/crm/v3/properties/contacts", body)
    assert answer.status_code == status, answer.text
    message: str = answer.json()["message"]
    return message


def test_a_new_account_has_hubspots_own_properties(hubspot: HubSpot) -> None:
    known = {each.name: each for each in hubspot.client.crm.properties.core_api.get_all("companies").results}
    assert {"name", "domain", "industry", "hubspot_owner_id", "hs_object_id", "hs_lastmodifieddate"} <= set(
        known
    )
    assert known["name"].hubspot_defined
    assert "BANKING" in [option.value for option in known["industry"].options]
    assert known["hs_object_id"].modification_metadata.read_only_value
    # valid owners and stages stand elsewhere
    assert known["hubspot_owner_id"].external_options
    assert known["hubspot_owner_id"].options == []


def test_a_property_is_made_read_changed_and_archived(hubspot: HubSpot) -> None:
    api = hubspot.client.crm.properties.core_api
    made = api.create("contacts", definition("tier", description="From Salesforce"))
    assert (made.name, made.hubspot_defined, made.has_unique_value) == ("tier", False, False)
    changed = api.update("contacts", "tier", {"label": "Customer tier"})
    assert (changed.label, changed.description) == ("Customer tier", "From Salesforce")
    api.archive("contacts", "tier")
    with pytest.raises(ApiException) as missing:
        api.get_by_name("contacts", "tier")
    assert missing.value.status == 404
    assert [each.name for each in api.get_all("contacts", archived=True).results] == ["tier"]
    assert api.create("contacts", definition("tier")).label == "Tier"


def test_an_enumeration_has_options_that_can_be_added_to(hubspot: HubSpot) -> None:
    api = hubspot.client.crm.properties.core_api
    options = [{"label": "Gold", "value": "gold", "hidden": False}]
    api.create("contacts", definition("tier", "enumeration", "select", options=options))
    options.append({"label": "Iron", "value": "iron", "hidden": False})
    changed = api.update("contacts", "tier", {"options": options})
    assert [option.value for option in changed.options] == ["gold", "iron"]
    hubspot.made("contacts", tier="iron")


def test_a_boolean_has_its_two_options_by_itself(hubspot: HubSpot) -> None:
    made = hubspot.client.crm.properties.core_api.create(
        "contacts", definition("vip", "bool", "booleancheckbox")
    )
    assert {option.value for option in made.options} == {"true", "false"}


def test_uniqueness_is_settled_at_creation(hubspot: HubSpot) -> None:
    api = hubspot.client.crm.properties.core_api
    made = api.create("contacts", KEY | {"groupName": GROUP})
    assert made.has_unique_value
    changed = hubspot.call("PATCH", "/crm/v3/properties/contacts/salesforce_id", {"hasUniqueValue": False})
    assert changed.json()["hasUniqueValue"]


@pytest.mark.parametrize("name", ["Tier", "1tier", "customer tier", "tiér", "_tier", "t" * 101])
def test_a_bad_name_is_refused(hubspot: HubSpot, name: str) -> None:
    assert "not valid" in refused(hubspot, definition(name))


@pytest.mark.parametrize(
    "body",
    [
        definition("tier", "text", "text"),
        definition("tier", "number", "select"),
        definition("tier", groupName="nowhere"),
        definition("tier", options=[{"label": "A", "value": "a", "hidden": False}]),
        definition("tier", "date", "date", hasUniqueValue=True),
        definition(
            "tier", "bool", "booleancheckbox", options=[{"label": "Y", "value": "yes", "hidden": False}]
        ),
        definition(
            "tier", "enumeration", "select", options=[{"label": "A", "value": "a", "hidden": False}] * 2
        ),
        definition("tier", "enumeration", "select", options=[{"label": "A", "value": "", "hidden": False}]),
    ],
)
def test_a_definition_that_makes_no_sense_is_refused(hubspot: HubSpot, body: dict[str, object]) -> None:
    refused(hubspot, body)


def test_a_name_is_taken_once(hubspot: HubSpot) -> None:
    assert "already exists" in refused(hubspot, definition("firstname"), 409)


def test_ten_properties_may_be_unique(hubspot: HubSpot) -> None:
    for number in range(10):
        definition_ = definition(f"key{number}", hasUniqueValue=True)
        hubspot.client.crm.properties.core_api.create("contacts", definition_)
    assert "limit of 10" in refused(hubspot, definition("key10", hasUniqueValue=True))


def test_hubspots_own_properties_stay_as_they_are(hubspot: HubSpot) -> None:
    path = "/crm/v3/properties/contacts/firstname"
    assert hubspot.call("DELETE", path).status_code == 400
    assert hubspot.call("PATCH", path, {"type": "number", "fieldType": "number"}).status_code == 400


def test_properties_in_batches(hubspot: HubSpot) -> None:
    api = hubspot.client.crm.properties.batch_api
    made = api.create(
        "contacts", {"inputs": [definition("tier"), definition("firstname"), definition("Bad")]}
    )
    assert [each.name for each in made.results] == ["tier"]
    assert {error.context["name"][0] for error in made.errors} == {"firstname", "Bad"}
    read = api.read("contacts", {"archived": False, "inputs": [{"name": "tier"}, {"name": "none"}]})
    assert ([each.name for each in read.results], read.num_errors) == (["tier"], 1)
    api.archive("contacts", {"inputs": [{"name": "tier"}, {"name": "none"}]})
    assert hubspot.call("GET", "/crm/v3/properties/contacts/tier").status_code == 404


def test_property_groups(hubspot: HubSpot) -> None:
    api = hubspot.client.crm.properties.groups_api
    api.create("contacts", {"name": "salesforce", "label": "Salesforce"})
    assert {group.name for group in api.get_all("contacts").results} == {GROUP, "salesforce"}
    assert api.update("contacts", "salesforce", {"label": "From Salesforce"}).label == "From Salesforce"
    assert api.get_by_name("contacts", "salesforce").label == "From Salesforce"
    again = hubspot.call("POST", "/crm/v3/properties/contacts/groups", {"name": "salesforce", "label": "x"})
    assert again.status_code == 409
    hubspot.client.crm.properties.core_api.create("contacts", definition("tier", groupName="salesforce"))
    path = "/crm/v3/properties/contacts/groups/salesforce"
    assert hubspot.call("DELETE", path).status_code == 400
    hubspot.client.crm.properties.core_api.archive("contacts", "tier")
    api.archive("contacts", "salesforce")
    assert hubspot.call("GET", path).status_code == 404


def test_the_default_pipelines(hubspot: HubSpot) -> None:
    api = hubspot.client.crm.pipelines.pipelines_api
    [deals], [tickets] = api.get_all("deals").results, api.get_all("tickets").results
    assert (deals.id, tickets.id) == ("default", "0")
    assert [stage.id for stage in deals.stages] == [
        "appointmentscheduled",
        "qualifiedtobuy",
        "presentationscheduled",
        "decisionmakerboughtin",
        "contractsent",
        "closedwon",
        "closedlost",
    ]
    assert [stage.id for stage in tickets.stages] == ["1", "2", "3", "4"]
    assert deals.stages[5].metadata == {"probability": "1.0", "isClosed": "true"}


def test_pipelines_and_stages_can_be_changed(hubspot: HubSpot) -> None:
    pipelines = hubspot.client.crm.pipelines.pipelines_api
    stages = hubspot.client.crm.pipelines.pipeline_stages_api
    first = {"label": "Open", "displayOrder": 0, "metadata": {"probability": "0.5"}}
    made = pipelines.create("deals", {"label": "Partners", "displayOrder": 1, "stages": [first]})
    assert pipelines.update("deals", made.id, {"label": "Resellers"}).label == "Resellers"
    second = stages.create(
        "deals", made.id, {"label": "Won", "displayOrder": 1, "metadata": {"probability": "1.0"}}
    )
    renamed = stages.update("deals", made.id, second.id, {"label": "Closed won", "metadata": {}})
    assert (renamed.label, renamed.metadata) == ("Closed won", {"probability": "1.0"})
    assert [stage.label for stage in stages.get_all("deals", made.id).results] == ["Open", "Closed won"]
    hubspot.made("deals", pipeline=made.id, dealstage=second.id)
    path = f"/crm/v3/pipelines/deals/{made.id}"
    assert hubspot.call("DELETE", f"{path}/stages/{second.id}").status_code == 400
    assert hubspot.call("DELETE", path, params={"validateReferencesBeforeDelete": "true"}).status_code == 400
    stages.archive("deals", made.id, made.stages[0].id)
    replaced = pipelines.replace("deals", made.id, {"label": "New", "displayOrder": 2, "stages": [first]})
    assert [stage.label for stage in replaced.stages] == ["Open"]
    actions = {
        entry.action
        for entry in hubspot.client.crm.pipelines.pipeline_audits_api.get_audit("deals", made.id).results
    }
    assert actions == {"CREATE", "UPDATE"}
    pipelines.archive("deals", made.id)
    assert hubspot.call("GET", path).status_code == 404
    assert hubspot.call("DELETE", "/crm/v3/pipelines/deals/default").status_code == 400


def test_stages_of_deals_need_a_probability(hubspot: HubSpot) -> None:
    stage = {"label": "Open", "displayOrder": 9, "metadata": {}}
    assert hubspot.call("POST", "/crm/v3/pipelines/deals/default/stages", stage).status_code == 400
    known = {"label": "Closed Won", "displayOrder": 9, "metadata": {"probability": "1.0"}}
    assert hubspot.call("POST", "/crm/v3/pipelines/deals/default/stages", known).status_code == 409


def test_owners_are_found_by_email_and_page(hubspot: HubSpot) -> None:
    people = [
        {"first_name": "U", "last_name": str(number), "email": f"u{number}@acme.example"}
        for number in range(3)
    ]
    seeded = hubspot.call(
        "POST", "/_sandbox/owners", [*people, people[0] | {"email": "x@acme.example", "archived": True}]
    )
    assert seeded.status_code == 201
    hubspot.call("POST", "/_sandbox/owners", people)  # a second time makes no second owner
    api = hubspot.client.crm.owners.owners_api
    assert [owner.email for owner in hubspot.client.crm.owners.get_all()] == [
        each["email"] for each in people
    ]
    page = api.get_page(limit=2)
    rest = api.get_page(limit=2, after=page.paging.next.after)
    assert (len(page.results), len(rest.results), rest.paging) == (2, 1, None)
    [found] = api.get_page(email="u1@acme.example").results
    assert (found.first_name, found.last_name, found.user_id != int(found.id)) == ("U", "1", True)
    assert api.get_by_id(found.id).email == "u1@acme.example"
    assert api.get_by_id(found.user_id, id_property="userId").id == found.id
    [gone] = api.get_page(archived=True).results
    assert (gone.email, gone.user_id) == ("x@acme.example", None)
    hubspot.made("contacts", hubspot_owner_id=found.id)
    bad = hubspot.call(
        "POST", "/crm/v3/objects/contacts", {"properties": {"hubspot_owner_id": str(found.user_id)}}
    )
    assert bad.status_code == 400


CAR = {
    "name": "car",
    "labels": {"singular": "Car", "plural": "Cars"},
    "primaryDisplayProperty": "model",
    "requiredProperties": ["model"],
    "searchableProperties": ["model"],
    "associatedObjects": ["CONTACT"],
    "properties": [
        {"name": "model", "label": "Model", "type": "string", "fieldType": "text"},
        {"name": "vin", "label": "VIN", "type": "string", "fieldType": "text", "hasUniqueValue": True},
    ],
}


def test_a_custom_object_is_an_object_like_the_others(hubspot: HubSpot) -> None:
    api = hubspot.client.crm.schemas.core_api
    made = api.create(CAR)
    assert made.fully_qualified_name == "p8462001_car"
    assert made.object_type_id.startswith("2-")
    assert [each.id for each in api.get_all().results] == [made.id]
    assert hubspot.call("POST", "/crm-object-schemas/v3/schemas", CAR).status_code == 409
    for name in ("p8462001_car", "p_car", made.object_type_id):
        assert (
            hubspot.call("POST", f"/crm/v3/objects/{name}", {"properties": {"model": "T"}}).status_code == 201
        )
    missing = hubspot.call("POST", "/crm/v3/objects/p_car", {"properties": {"vin": "1"}})
    assert missing.json()["context"] == {"properties": ["model"]}
    inputs = [{"id": "VIN1", "idProperty": "vin", "properties": {"model": "S"}}]
    done = hubspot.client.crm.objects.batch_api.upsert("p_car", {"inputs": inputs})
    contact = hubspot.made("contacts", firstname="Ada")
    linked = hubspot.call(
        "PUT", f"/crm/v4/objects/p_car/{done.results[0].id}/associations/default/contacts/{contact}"
    )
    assert linked.json()["results"][0]["associationSpec"]["associationCategory"] == "USER_DEFINED"


def test_a_custom_object_can_be_changed_linked_and_removed(hubspot: HubSpot) -> None:
    api = hubspot.client.crm.schemas.core_api
    api.create(CAR)
    changed = api.update("p_car", {"labels": {"singular": "Vehicle", "plural": "Vehicles"}})
    assert changed.labels.singular == "Vehicle"
    schema = api.get_by_id("p_car")
    target = {"fromObjectTypeId": schema.object_type_id, "toObjectTypeId": "0-2", "name": "car_maker"}
    assert api.create_association("p_car", target).to_object_type_id == "0-2"
    api.archive("p_car")
    assert api.get_all().results == []
    assert hubspot.call("GET", "/crm/v3/objects/p_car").status_code == 400
    assert hubspot.call("GET", "/crm-object-schemas/v3/schemas/contacts").status_code == 400


@pytest.mark.parametrize(
    "wrong", [{"requiredProperties": ["model", "colour"]}, {"associatedObjects": ["colour"]}]
)
def test_a_custom_object_that_is_refused_leaves_nothing_behind(
    hubspot: HubSpot, wrong: dict[str, list[str]]
) -> None:
    answer = hubspot.call("POST", "/crm-object-schemas/v3/schemas", CAR | wrong)
    assert (answer.status_code, "colour" in answer.json()["message"]) == (400, True)
    assert hubspot.client.crm.schemas.core_api.get_all().results == []
    assert hubspot.call("GET", "/crm/v3/objects/p_car").status_code == 400


def test_the_account_says_who_it_is_and_what_was_used(hubspot: HubSpot) -> None:
    assert hubspot.call("GET", "/account-info/v3/details").json()["portalId"] == 8462001
    path = "/account-info/v3/api-usage/daily/private-apps"
    first, second = (hubspot.call("GET", path).json()["results"][0] for _ in range(2))
    assert second["currentUsage"] == first["currentUsage"] + 1
    assert first["usageLimit"] == 650_000
    hubspot.made("contacts", firstname="Ada")
    limits = hubspot.call("GET", "/crm/v3/limits/records").json()
    usage = {each["objectTypeId"]: each["usage"] for each in limits["hubspotDefinedObjectTypes"]}
    assert (usage["0-1"], usage["0-2"]) == (1, 0)
