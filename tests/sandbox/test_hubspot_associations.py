"""Associations of the HubSpot stand-in: directions, primary companies, labels, batches."""

import pytest
from hubspot.crm.associations.v4 import ApiException

from tests.sandbox.conftest import HubSpot

PRIMARY, PLAIN = 1, 279  # contact to company


def kind(key: int, category: str = "HUBSPOT_DEFINED") -> dict[str, object]:
    return {"associationCategory": category, "associationTypeId": key}


def link(start: str, end: str, *types: int) -> dict[str, object]:
    return {"from": {"id": start}, "to": {"id": end}, "types": [kind(key) for key in types]}


def types_between(hubspot: HubSpot, start: str, key: str, end: str) -> dict[str, set[int]]:
    """Give, by record at the other end, the ids of the association types."""
    page = hubspot.client.crm.associations.v4.basic_api.get_page(start, key, end)
    return {each.to_object_id: {spec.type_id for spec in each.association_types} for each in page.results}


def people_and_companies(hubspot: HubSpot, companies: int = 2) -> tuple[str, list[str]]:
    made = [hubspot.made("companies", name=f"Company {number}") for number in range(companies)]
    return hubspot.made("contacts", firstname="Ada"), made


def test_a_link_is_seen_from_both_ends(hubspot: HubSpot) -> None:
    contact, [company, _] = people_and_companies(hubspot)
    api = hubspot.client.crm.associations.v4.batch_api
    done = api.create("contacts", "companies", {"inputs": [link(contact, company, PRIMARY)]})
    [result] = done.results
    assert (result.from_object_id, result.to_object_id, result.labels) == (contact, company, ["Primary"])
    assert types_between(hubspot, "contacts", contact, "companies") == {company: {PRIMARY, PLAIN}}
    assert types_between(hubspot, "companies", company, "contacts") == {contact: {2, 280}}


def test_ids_go_one_way(hubspot: HubSpot) -> None:
    contact, [company, _] = people_and_companies(hubspot)
    api = hubspot.client.crm.associations.v4.batch_api
    for start, end, ends, wrong in (
        ("contacts", "companies", (contact, company), 280),
        ("companies", "contacts", (company, contact), PLAIN),
        ("contacts", "companies", (contact, company), 4711),
    ):
        with pytest.raises(ApiException) as refused:
            api.create(start, end, {"inputs": [link(*ends, wrong)]})
        assert refused.value.status == 400
    api.create("companies", "contacts", {"inputs": [link(company, contact, 280)]})
    assert types_between(hubspot, "contacts", contact, "companies") == {company: {PLAIN}}


def test_a_new_primary_company_takes_the_place_of_the_old(hubspot: HubSpot) -> None:
    contact, [first, second] = people_and_companies(hubspot)
    api = hubspot.client.crm.associations.v4.batch_api
    api.create("contacts", "companies", {"inputs": [link(contact, first, PRIMARY)]})
    api.create("companies", "contacts", {"inputs": [link(second, contact, 2)]})
    assert types_between(hubspot, "contacts", contact, "companies") == {
        first: {PLAIN},
        second: {PRIMARY, PLAIN},
    }
    assert types_between(hubspot, "companies", first, "contacts") == {contact: {280}}


def test_a_company_is_primary_for_many(hubspot: HubSpot) -> None:
    contact, [company, _] = people_and_companies(hubspot)
    other = hubspot.made("contacts", firstname="Grace")
    inputs = [link(contact, company, PRIMARY), link(other, company, PRIMARY)]
    hubspot.client.crm.associations.v4.batch_api.create("contacts", "companies", {"inputs": inputs})
    assert types_between(hubspot, "companies", company, "contacts") == {contact: {2, 280}, other: {2, 280}}


def test_repeating_a_link_changes_nothing(hubspot: HubSpot) -> None:
    contact, [company, _] = people_and_companies(hubspot)
    for _ in range(2):
        inputs = [link(contact, company, PRIMARY, PLAIN)]
        hubspot.client.crm.associations.v4.batch_api.create("contacts", "companies", {"inputs": inputs})
    assert types_between(hubspot, "contacts", contact, "companies") == {company: {PRIMARY, PLAIN}}


def test_unknown_records_are_listed_and_the_others_linked(hubspot: HubSpot) -> None:
    contact, [company, _] = people_and_companies(hubspot)
    inputs = [link(contact, "999", PLAIN), link(contact, company, PLAIN), link(company, company, PLAIN)]
    done = hubspot.client.crm.associations.v4.batch_api.create("contacts", "companies", {"inputs": inputs})
    assert [each.to_object_id for each in done.results] == [company]
    assert done.num_errors == 2
    assert done.errors[0].context["toObjectId"] == ["999"]
    assert done.errors[1].context["fromObjectId"] == [company]


def test_the_plain_type_needs_no_id(hubspot: HubSpot) -> None:
    contact, [company, _] = people_and_companies(hubspot)
    inputs = [
        {"from": {"id": contact}, "to": {"id": company}},
        {"from": {"id": contact}, "to": {"id": "999"}},
    ]
    done = hubspot.client.crm.associations.v4.batch_api.create_default(
        "contact", "company", {"inputs": inputs}
    )
    assert {each.association_spec.association_type_id for each in done.results} == {PLAIN, 280}
    assert done.num_errors == 1


def test_reading_links_reports_records_without_any(hubspot: HubSpot) -> None:
    contact, companies = people_and_companies(hubspot)
    lonely = hubspot.made("contacts", firstname="Grace")
    inputs = [link(contact, company, PLAIN) for company in companies]
    api = hubspot.client.crm.associations.v4.batch_api
    api.create("contacts", "companies", {"inputs": inputs})
    read = api.get_page("contacts", "companies", {"inputs": [{"id": contact}, {"id": lonely}]})
    [found] = read.results
    assert ({each.to_object_id for each in found.to}, found._from.id) == (set(companies), contact)
    [error] = read.errors
    assert error.message == f"No company is associated with contact {lonely}."
    # the client leaves this field out of what it reads
    asked = {"inputs": [{"id": lonely}]}
    raw = hubspot.call("POST", "/crm/v4/associations/contacts/companies/batch/read", asked)
    assert raw.status_code == 207
    assert raw.json()["errors"][0]["subCategory"] == "crm.associations.NO_ASSOCIATIONS_FOUND"


def test_many_links_are_read_page_by_page(hubspot: HubSpot) -> None:
    contact, companies = people_and_companies(hubspot, 5)
    api = hubspot.client.crm.associations.v4
    inputs = [link(contact, company, PLAIN) for company in companies]
    api.batch_api.create("contacts", "companies", {"inputs": inputs})
    found, after = [], None
    while True:
        page = api.basic_api.get_page("contacts", contact, "companies", limit=2, after=after)
        found += [each.to_object_id for each in page.results]
        if page.paging is None:
            break
        after = page.paging.next.after
    assert found == companies


def test_links_are_removed(hubspot: HubSpot) -> None:
    contact, [first, second] = people_and_companies(hubspot)
    api = hubspot.client.crm.associations.v4
    inputs = [link(contact, first, PRIMARY), link(contact, second, PLAIN)]
    api.batch_api.create("contacts", "companies", {"inputs": inputs})
    api.batch_api.archive_labels("contacts", "companies", {"inputs": [link(contact, first, PRIMARY)]})
    assert types_between(hubspot, "contacts", contact, "companies") == {first: {PLAIN}, second: {PLAIN}}
    gone = {"from": {"id": contact}, "to": [{"id": first}, {"id": "999"}]}
    api.batch_api.archive("contacts", "companies", {"inputs": [gone]})
    assert types_between(hubspot, "contacts", contact, "companies") == {second: {PLAIN}}
    api.basic_api.archive("companies", second, "contacts", contact)
    assert types_between(hubspot, "contacts", contact, "companies") == {}


def test_an_archived_record_is_linked_to_nothing(hubspot: HubSpot) -> None:
    contact, [company, _] = people_and_companies(hubspot)
    inputs = [link(contact, company, PLAIN)]
    hubspot.client.crm.associations.v4.batch_api.create("contacts", "companies", {"inputs": inputs})
    hubspot.client.crm.companies.basic_api.archive(company)
    assert types_between(hubspot, "contacts", contact, "companies") == {}


def test_one_pair_of_records(hubspot: HubSpot) -> None:
    contact, [company, _] = people_and_companies(hubspot)
    api = hubspot.client.crm.associations.v4.basic_api
    made = api.create("contacts", contact, "companies", company, [kind(PRIMARY)])
    assert made.labels == ["Primary"]
    api.create_default("companies", company, "contacts", contact)
    for path in (
        f"contacts/999/associations/companies/{company}",
        f"contacts/{contact}/associations/companies/999",
    ):
        assert hubspot.call("PUT", f"/crm/v4/objects/{path}", [kind(PLAIN)]).status_code == 404
    path = f"/crm/v4/objects/contacts/{contact}/associations/companies/{company}"
    assert hubspot.call("PUT", path, []).status_code == 400
    assert hubspot.call("GET", "/crm/v4/objects/contacts/999/associations/companies").status_code == 404


def test_companies_have_parents_and_children(hubspot: HubSpot) -> None:
    _, [parent, child] = people_and_companies(hubspot)
    api = hubspot.client.crm.associations.v4.batch_api
    api.create("companies", "companies", {"inputs": [link(child, parent, 14)]})
    assert types_between(hubspot, "companies", child, "companies") == {parent: {14, 450}}
    assert types_between(hubspot, "companies", parent, "companies") == {child: {13, 450}}


@pytest.mark.parametrize(
    ("start", "end", "key", "back"),
    [
        ("deals", "companies", 5, 6),
        ("deals", "companies", 341, 342),
        ("deals", "contacts", 3, 4),
        ("tickets", "companies", 26, 25),
        ("tickets", "companies", 339, 340),
        ("tickets", "contacts", 16, 15),
        ("notes", "contacts", 202, 201),
        ("notes", "companies", 190, 189),
        ("notes", "deals", 214, 213),
        ("notes", "tickets", 228, 227),
        ("tasks", "contacts", 204, 203),
        ("calls", "contacts", 194, 193),
        ("emails", "contacts", 198, 197),
        ("meetings", "contacts", 200, 199),
    ],
)
def test_the_ids_of_hubspots_own_types(hubspot: HubSpot, start: str, end: str, key: int, back: int) -> None:
    api = hubspot.client.crm.associations.v4.schema.definitions_api
    assert key in [spec.type_id for spec in api.get_all(start, end).results]
    assert back in [spec.type_id for spec in api.get_all(end, start).results]


def test_types_without_a_pair_do_not_exist(hubspot: HubSpot) -> None:
    assert hubspot.call("GET", "/crm/v4/associations/products/contacts/labels").status_code == 400


def test_labels_of_ones_own(hubspot: HubSpot) -> None:
    contact, [company, _] = people_and_companies(hubspot)
    api = hubspot.client.crm.associations.v4.schema.definitions_api
    given = {"name": "decision_maker", "label": "Decision maker", "inverseLabel": "Decided by"}
    api.create("contacts", "companies", given)
    [own] = [spec for spec in api.get_all("contacts", "companies").results if spec.category == "USER_DEFINED"]
    [inverse] = [
        spec for spec in api.get_all("companies", "contacts").results if spec.category == "USER_DEFINED"
    ]
    assert (own.label, inverse.label) == ("Decision maker", "Decided by")
    path = f"/crm/v4/objects/contacts/{contact}/associations/companies/{company}"
    assert hubspot.call("PUT", path, [kind(own.type_id, "USER_DEFINED")]).json()["labels"] == [
        "Decision maker"
    ]
    assert types_between(hubspot, "companies", company, "contacts") == {contact: {inverse.type_id, 280}}
    again = hubspot.call("POST", "/crm/v4/associations/contacts/companies/labels", given)
    assert again.status_code == 409
    api.update("contacts", "companies", {"associationTypeId": own.type_id, "label": "Decider"})
    assert "Decider" in [spec.label for spec in api.get_all("contacts", "companies").results]
    api.remove("contacts", "companies", own.type_id)
    assert types_between(hubspot, "contacts", contact, "companies") == {company: {PLAIN}}
    assert hubspot.call("DELETE", "/crm/v4/associations/contacts/companies/labels/279").status_code == 400


def test_two_thousand_links_in_one_call_and_no_more(hubspot: HubSpot) -> None:
    contact, [company, _] = people_and_companies(hubspot)
    path = "/crm/v4/associations/contacts/companies/batch/create"
    many = [link(contact, company, PLAIN)] * 2_001
    assert hubspot.call("POST", path, {"inputs": many}).status_code == 400
    assert hubspot.call("POST", path, {"inputs": many[:2_000]}).status_code == 201
