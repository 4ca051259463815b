"""CRM objects of the HubSpot stand-in, driven by HubSpot's own client."""

from typing import Any

import pytest
from hubspot.crm.contacts import ApiException

from tests.sandbox.conftest import HubSpot

PLAIN_TYPES = {
    "companies": {"name": "Acme"},
    "deals": {"dealname": "Big one", "dealstage": "closedwon"},
    "tickets": {"subject": "Help", "hs_pipeline_stage": "1"},
    "products": {"name": "Widget", "price": "9.50"},
    "line_items": {"name": "Widget", "quantity": "2"},
    "notes": {"hs_timestamp": "2026-01-02T03:04:05Z", "hs_note_body": "Called."},
    "tasks": {
        "hs_timestamp": "1767323045000",
        "hs_task_subject": "Call back",
        "hs_task_status": "NOT_STARTED",
    },
    "calls": {"hs_timestamp": "2026-01-02T03:04:05.678Z", "hs_call_title": "First call"},
    "emails": {
        "hs_timestamp": "2026-01-02T03:04:05Z",
        "hs_email_direction": "EMAIL",
        "hs_email_subject": "Hello",
    },
    "meetings": {"hs_timestamp": "2026-01-02T03:04:05Z", "hs_meeting_title": "Kick-off"},
    "leads": {"hs_lead_name": "Ada"},
}


@pytest.mark.parametrize("kind", PLAIN_TYPES)
def test_every_object_type_can_be_written_and_read(hubspot: HubSpot, kind: str) -> None:
    properties = PLAIN_TYPES[kind]
    first, second = (hubspot.made(kind, **properties) for _ in range(2))
    assert (
        hubspot.call("PATCH", f"/crm/v3/objects/{kind}/{first}", {"properties": properties}).status_code
        == 200
    )
    batch = {
        "properties": list(properties),
        "propertiesWithHistory": [],
        "inputs": [{"id": first}, {"id": second}],
    }
    read = hubspot.call("POST", f"/crm/v3/objects/{kind}/batch/read", batch).json()
    assert {record["id"] for record in read["results"]} == {first, second}
    assert hubspot.call("DELETE", f"/crm/v3/objects/{kind}/{first}").status_code == 204
    assert [each["id"] for each in hubspot.call("GET", f"/crm/v3/objects/{kind}").json()["results"]] == [
        second
    ]


@pytest.mark.parametrize("name", ["0-1", "contact", "contacts", "CONTACTS"])
def test_an_object_type_has_several_names(hubspot: HubSpot, name: str) -> None:
    key = hubspot.made("contacts", email="ada@example.com")
    assert hubspot.call("GET", f"/crm/v3/objects/{name}/{key}").json()["id"] == key


def test_an_unknown_object_type_is_refused(hubspot: HubSpot) -> None:
    answer = hubspot.call("GET", "/crm/v3/objects/widgets")
    assert (answer.status_code, answer.json()["message"]) == (
        400,
        "Unable to infer object type from: widgets",
    )


def test_a_contact_is_created_read_changed_and_archived(hubspot: HubSpot) -> None:
    contacts = hubspot.client.crm.contacts.basic_api
    made = contacts.create(
        {"properties": {"email": "Ada@Example.com", "firstname": "Ada"}, "associations": []}
    )
    assert made.properties["email"] == "ada@example.com"
    by_email = contacts.get_by_id("ADA@example.com", id_property="email", properties=["firstname", "phone"])
    assert (by_email.id, by_email.properties["firstname"], by_email.properties["phone"]) == (
        made.id,
        "Ada",
        None,
    )
    assert by_email.properties["hs_object_id"] == made.id
    changed = contacts.update(made.id, {"properties": {"firstname": "Augusta"}})
    assert changed.updated_at >= made.updated_at
    contacts.archive(made.id)
    with pytest.raises(ApiException) as missing:
        contacts.get_by_id(made.id)
    assert missing.value.status == 404
    archived = contacts.get_by_id(made.id, archived=True)
    assert archived.archived
    assert archived.archived_at is not None


def test_a_list_is_read_page_by_page(hubspot: HubSpot) -> None:
    made = [hubspot.made("companies", name=f"Company {number}") for number in range(5)]
    pages, after = [], None
    while True:
        page = hubspot.client.crm.companies.basic_api.get_page(limit=2, after=after, properties=["name"])
        pages.append([company.id for company in page.results])
        if page.paging is None:
            break
        after = page.paging.next.after
        assert page.paging.next.link.startswith(hubspot.url)
    assert pages == [made[:2], made[2:4], made[4:]]


def test_a_page_has_a_hundred_records_at_most(hubspot: HubSpot) -> None:
    assert hubspot.call("GET", "/crm/v3/objects/companies", params={"limit": 101}).status_code == 400
    too_long = {"limit": 51, "propertiesWithHistory": "name"}
    assert hubspot.call("GET", "/crm/v3/objects/companies", params=too_long).status_code == 400


def test_archived_records_have_a_list_of_their_own(hubspot: HubSpot) -> None:
    kept, gone = hubspot.made("companies", name="Kept"), hubspot.made("companies", name="Gone")
    hubspot.client.crm.companies.basic_api.archive(gone)
    lists = [hubspot.client.crm.companies.basic_api.get_page(archived=flag).results for flag in (False, True)]
    assert [[company.id for company in each] for each in lists] == [[kept], [gone]]


def test_history_shows_the_newest_version(hubspot: HubSpot) -> None:
    key = hubspot.made("contacts", firstname="Ada")
    read = hubspot.client.crm.contacts.basic_api.get_by_id(
        key, properties_with_history=["firstname", "phone"]
    )
    assert [version.value for version in read.properties_with_history["firstname"]] == ["Ada"]
    assert read.properties_with_history["phone"] == []


def upsert(hubspot: HubSpot, *inputs: dict[str, Any]) -> Any:
    return hubspot.client.crm.contacts.batch_api.upsert({"inputs": list(inputs)})


def person(key: str, trace: str | None = None, **properties: str) -> dict[str, Any]:
    traced = {"objectWriteTraceId": trace} if trace else {}
    return {"id": key, "idProperty": "salesforce_id", "properties": properties, **traced}


def test_upsert_makes_then_changes(hubspot: HubSpot) -> None:
    hubspot.add_key("contacts")
    first = upsert(hubspot, person("a", email="a@example.com"), person("b", email="b@example.com"))
    again = upsert(hubspot, person("a", email="a@example.com", city="Paris"), person("c"))
    assert {each.properties["salesforce_id"]: each.new for each in first.results} == {"a": True, "b": True}
    assert {each.properties["salesforce_id"]: each.new for each in again.results} == {"a": False, "c": True}
    ids = {each.properties["salesforce_id"]: each.id for each in first.results + again.results}
    assert hubspot.values("contacts", ids["a"], "city", "email") == {
        "city": "Paris",
        "email": "a@example.com",
    }


def test_upsert_by_email_needs_no_property_of_ones_own(hubspot: HubSpot) -> None:
    key = hubspot.made("contacts", email="ada@example.com")
    given = {"id": "ADA@example.com", "idProperty": "email", "properties": {"city": "London"}}
    [done] = upsert(hubspot, given).results
    assert (done.id, done.new) == (key, False)


@pytest.mark.parametrize("name", ["hs_object_id", "firstname", "nonsense"])
def test_upsert_needs_a_unique_property(hubspot: HubSpot, name: str) -> None:
    with pytest.raises(ApiException) as refused:
        upsert(hubspot, {"id": "1", "idProperty": name, "properties": {}})
    assert refused.value.status == 400
    assert f"by non-unique 0-1 property {name}" in refused.value.body


def test_a_record_twice_in_a_batch_is_refused_even_with_traces(hubspot: HubSpot) -> None:
    hubspot.add_key("contacts")
    with pytest.raises(ApiException) as refused:
        upsert(hubspot, person("a", "1"), person("b", "2"), person("a", "3"))
    assert "Duplicate IDs found in batch input: [a]. IDs must be unique" in refused.value.body
    assert hubspot.client.crm.contacts.basic_api.get_page().results == []


def test_one_bad_record_refuses_the_whole_batch(hubspot: HubSpot) -> None:
    hubspot.add_key("contacts")
    with pytest.raises(ApiException) as refused:
        upsert(hubspot, person("a", city="Paris"), person("b", lifecyclestage="nonsense"))
    assert refused.value.status == 400
    assert hubspot.client.crm.contacts.basic_api.get_page().results == []


def test_with_traces_the_good_records_are_written(hubspot: HubSpot) -> None:
    hubspot.add_key("contacts")
    taken = hubspot.made("contacts", email="taken@example.com")
    done = upsert(
        hubspot,
        person("a", "t1", city="Paris"),
        person("b", "t2", lifecyclestage="nonsense"),
        person("c", "t3", email="taken@example.com"),
    )
    assert done.status == "COMPLETE"
    assert [each.object_write_trace_id for each in done.results] == ["t1"]
    assert done.num_errors == 2
    problems = {error.context["objectWriteTraceId"][0]: error for error in done.errors}
    assert problems["t2"].category == "VALIDATION_ERROR"
    assert (problems["t3"].category, problems["t3"].message) == (
        "CONFLICT",
        f"Contact already exists. Existing ID: {taken}",
    )


def test_traces_must_be_unique_to_count(hubspot: HubSpot) -> None:
    hubspot.add_key("contacts")
    with pytest.raises(ApiException):
        upsert(hubspot, person("a", "same", city="Paris"), person("b", "same", lifecyclestage="nonsense"))


def test_a_batch_has_a_hundred_inputs_at_most(hubspot: HubSpot) -> None:
    inputs = [{"properties": {"city": str(number)}, "associations": []} for number in range(101)]
    with pytest.raises(ApiException) as refused:
        hubspot.client.crm.contacts.batch_api.create({"inputs": inputs})
    assert refused.value.status == 400
    made = hubspot.client.crm.contacts.batch_api.create({"inputs": inputs[:100]})
    assert len(made.results) == 100


def test_results_come_in_no_order_to_rely_on(hubspot: HubSpot) -> None:
    inputs = [{"properties": {"firstname": name}, "associations": []} for name in "abc"]
    made = hubspot.client.crm.contacts.batch_api.create({"inputs": inputs})
    assert [each.properties["firstname"] for each in made.results] != ["a", "b", "c"]


def test_batch_update_lists_ids_that_are_not_there(hubspot: HubSpot) -> None:
    key = hubspot.made("contacts", firstname="Ada")
    inputs = [
        {"id": key, "properties": {"city": "Rome"}},
        {"id": "someone@example.com", "properties": {"city": "?"}},
    ]
    done = hubspot.client.crm.contacts.batch_api.update({"inputs": inputs})
    assert [each.id for each in done.results] == [key]
    [error] = done.errors
    assert (error.category, error.context) == ("OBJECT_NOT_FOUND", {"ids": ["someone@example.com"]})
    assert error.message.startswith("Could not get some CONTACT objects")


def test_batch_read_by_a_unique_property_lists_what_is_missing(hubspot: HubSpot) -> None:
    hubspot.add_key("contacts")
    upsert(hubspot, person("a", city="Paris"))
    asked = {
        "idProperty": "salesforce_id",
        "properties": ["city"],
        "propertiesWithHistory": [],
        "inputs": [{"id": "a"}, {"id": "zz"}],
    }
    read = hubspot.client.crm.contacts.batch_api.read(asked)
    assert [each.properties["city"] for each in read.results] == ["Paris"]
    assert (read.num_errors, read.errors[0].context) == (1, {"ids": ["zz"]})


def test_batch_archive_takes_any_id(hubspot: HubSpot) -> None:
    key = hubspot.made("contacts", email="ada@example.com")
    hubspot.client.crm.contacts.batch_api.archive({"inputs": [{"id": key}, {"id": "999"}, {"id": "x"}]})
    assert hubspot.client.crm.contacts.basic_api.get_page().results == []
    hubspot.made("contacts", email="ada@example.com")  # the address is free again


def test_unchanged_values_do_not_count_as_a_change(hubspot: HubSpot) -> None:
    key = hubspot.made("contacts", firstname="Ada")
    before, again = (
        hubspot.client.crm.contacts.basic_api.update(key, {"properties": {"firstname": "Ada"}})
        for _ in range(2)
    )
    changed = hubspot.client.crm.contacts.basic_api.update(key, {"properties": {"firstname": "Augusta"}})
    assert before.updated_at == again.updated_at <= changed.updated_at


def test_a_new_record_can_be_linked_at_once(hubspot: HubSpot) -> None:
    company = hubspot.made("companies", name="Acme")
    link = {
        "to": {"id": company},
        "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1}],
    }
    contact = hubspot.client.crm.contacts.basic_api.create({"properties": {}, "associations": [link]})
    read = hubspot.client.crm.contacts.basic_api.get_by_id(contact.id, associations=["companies", "deals"])
    links = {(end.id, end.type) for end in read.associations["companies"].results}
    assert links == {(company, "contact_to_company"), (company, "contact_to_company_unlabeled")}
    assert "deals" not in read.associations
    bad = link | {"to": {"id": "999"}}
    with pytest.raises(ApiException):
        hubspot.client.crm.contacts.basic_api.create({"properties": {}, "associations": [bad]})


def test_merge_keeps_the_primary_and_forwards_the_other(hubspot: HubSpot) -> None:
    kept = hubspot.made("contacts", email="ada@example.com", firstname="Ada")
    lost = hubspot.made("contacts", email="a.l@example.com", firstname="A.", city="London")
    company = hubspot.made("companies", name="Acme")
    hubspot.call("PUT", f"/crm/v4/objects/contacts/{lost}/associations/default/companies/{company}")
    pair = {"primaryObjectId": kept, "objectIdToMerge": lost}
    merged = hubspot.client.crm.contacts.basic_api.merge(pair)
    assert (merged.id, merged.properties["firstname"], merged.properties["city"]) == (kept, "Ada", "London")
    assert merged.properties["hs_additional_emails"] == "a.l@example.com"
    assert hubspot.client.crm.contacts.basic_api.get_by_id(lost).id == kept
    by_old_email = hubspot.client.crm.contacts.basic_api.get_by_id("a.l@example.com", id_property="email")
    assert by_old_email.id == kept
    linked = hubspot.call("GET", f"/crm/v4/objects/contacts/{kept}/associations/companies").json()["results"]
    assert [end["toObjectId"] for end in linked] == [company]
    taken = hubspot.call("POST", "/crm/v3/objects/contacts", {"properties": {"email": "a.l@example.com"}})
    assert (taken.status_code, kept in taken.json()["message"]) == (409, True)


def test_merge_needs_two_records(hubspot: HubSpot) -> None:
    key = hubspot.made("contacts", firstname="Ada")
    for other, status in ((key, 400), ("999", 404)):
        pair = {"primaryObjectId": key, "objectIdToMerge": other}
        assert hubspot.call("POST", "/crm/v3/objects/contacts/merge", pair).status_code == status


def test_a_person_can_be_forgotten(hubspot: HubSpot) -> None:
    key = hubspot.made("contacts", email="ada@example.com")
    hubspot.client.crm.contacts.basic_api.purge({"objectId": "ada@example.com", "idProperty": "email"})
    for archived in ("true", "false"):
        params = {"archived": archived}
        assert hubspot.call("GET", f"/crm/v3/objects/contacts/{key}", params=params).status_code == 404


@pytest.mark.parametrize(
    ("path", "content", "message"),
    [
        ("batch/upsert", b'{"inputs": [', "Invalid input JSON"),
        ("batch/upsert", b"", "a request body was expected"),
        ("batch/upsert", b'{"inputs": [{"properties": {}}]}', "Some required fields were not set: [id]"),
        ("batch/create", b'{"inputs": {}}', "inputs must be a list"),
        ("batch/create", b"[]", "an object was expected"),
    ],
)
def test_a_malformed_body_is_refused(hubspot: HubSpot, path: str, content: bytes, message: str) -> None:
    headers = {"Content-Type": "application/json"}
    answer = hubspot.http.post(f"/crm/v3/objects/contacts/{path}", content=content, headers=headers)
    assert (answer.status_code, answer.json()["category"]) == (400, "VALIDATION_ERROR")
    assert message in answer.json()["message"]
