"""What the HubSpot stand-in takes and refuses as a value, and the errors that HubSpot publishes."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.conftest import HubSpot

OWN = {
    "name_": ("string", "text", []),
    "size": ("number", "number", []),
    "day": ("date", "date", []),
    "moment": ("datetime", "date", []),
    "agreed": ("bool", "booleancheckbox", []),
    "state_": ("enumeration", "select", ["IN_PROGRESS", "NEW", "UNQUALIFIED"]),
    "topics": ("enumeration", "checkbox", ["a", "b", "c"]),
}


@pytest.fixture
def account(hubspot: HubSpot) -> HubSpot:
    """Give an account with a custom property of each type on contacts."""
    inputs = [
        {
            "name": name,
            "label": name,
            "type": kind,
            "fieldType": field,
            "groupName": "contactinformation",
            "options": [{"label": value, "value": value, "hidden": False} for value in options],
        }
        for name, (kind, field, options) in OWN.items()
    ]
    made = hubspot.client.crm.properties.batch_api.create("contacts", {"inputs": inputs})
    assert len(made.results) == len(OWN)
    return hubspot


@pytest.mark.parametrize(
    ("name", "sent", "kept"),
    [
        ("name_", " as it is ", " as it is "),
        ("name_", "x" * 65_536, "x" * 65_536),
        ("size", "1500.00", "1500.00"),
        ("size", "-0.5", "-0.5"),
        ("size", "1e6", "1e6"),
        ("day", "2024-02-29", "2024-02-29"),
        ("day", "1572480000000", "2019-10-31"),
        ("moment", "2024-02-29T12:30:00Z", "2024-02-29T12:30:00Z"),
        ("moment", "2024-02-29T14:30:00.250+02:00", "2024-02-29T12:30:00.250Z"),
        ("moment", "1572480000123", "2019-10-31T00:00:00.123Z"),
        ("moment", "-86400000", "1969-12-31T00:00:00Z"),
        ("agreed", "true", "true"),
        ("state_", "NEW", "NEW"),
        ("topics", "a;c", "a;c"),
        ("email", "Ada.Lovelace@Example.COM", "ada.lovelace@example.com"),
        ("email", "ada@acme.example", "ada@acme.example"),
    ],
)
def test_a_good_value_is_kept(account: HubSpot, name: str, sent: str, kept: str) -> None:
    key = account.made("contacts", **{name: sent})
    assert account.values("contacts", key, name) == {name: kept}


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("nothing_of_that_name", "x", "PROPERTY_DOESNT_EXIST"),
        ("name_", "x" * 65_537, "PROPERTY_VALUE_TOO_LONG"),
        ("size", "12 apples", "INVALID_NUMBER"),
        ("size", "nan", "INVALID_NUMBER"),
        ("size", " 5", "INVALID_WHITESPACE"),
        ("day", "29.02.2024", "INVALID_DATE"),
        ("day", "2023-02-29", "INVALID_DATE"),
        ("day", "1572480000001", "INVALID_DATE"),
        ("day", "2024-02-29T00:00:00Z", "INVALID_DATE"),
        ("moment", "yesterday", "INVALID_LONG"),
        ("moment", "9" * 30, "INVALID_LONG"),
        ("agreed", "yes", "INVALID_OPTION"),
        ("state_", "new", "INVALID_OPTION"),
        ("topics", "a;z", "INVALID_OPTION"),
        ("lifecyclestage", "friend", "INVALID_OPTION"),
        ("hubspot_owner_id", "42", "INVALID_OWNER_ID"),
        ("hs_object_id", "42", "READ_ONLY_VALUE"),
        ("createdate", "2020-01-01T00:00:00Z", "READ_ONLY_VALUE"),
        ("hs_email_optout", "true", "READ_ONLY_VALUE"),
        ("email", "ada", "INVALID_EMAIL"),
        ("email", "ada@example", "INVALID_EMAIL"),
        ("email", "ada@example.invalidtld", "INVALID_EMAIL"),
        ("email", "ada@site.test", "INVALID_EMAIL"),
        ("email", "ada lovelace@example.com", "INVALID_EMAIL"),
    ],
)
def test_a_bad_value_is_refused_and_named(account: HubSpot, name: str, value: str, code: str) -> None:
    answer = account.call(
        "POST", "/crm/v3/objects/contacts", {"properties": {name: value, "firstname": "Ada"}}
    )
    body = answer.json()
    assert (answer.status_code, body["category"]) == (400, "VALIDATION_ERROR")
    [problem] = json.loads(body["message"].removeprefix("Property values were not valid: "))
    assert (problem["error"], problem["name"], problem["isValid"]) == (code, name, False)
    [detail] = body["errors"]
    assert (detail["code"], detail["context"]) == (code, {"propertyName": [name]})


def test_every_bad_value_of_a_record_is_named(account: HubSpot) -> None:
    answer = account.call(
        "POST", "/crm/v3/objects/contacts", {"properties": {"size": "x", "day": "x", "city": "x"}}
    )
    assert {detail["context"]["propertyName"][0] for detail in answer.json()["errors"]} == {"size", "day"}


def test_null_is_ignored_and_empty_clears(hubspot: HubSpot) -> None:
    key = hubspot.made("contacts", firstname="Ada", city="London")
    hubspot.client.crm.contacts.basic_api.update(key, {"properties": {"firstname": None, "city": ""}})
    assert hubspot.values("contacts", key, "firstname", "city") == {"firstname": "Ada", "city": None}
    [violation] = hubspot.conformance.violations()
    assert "$.properties.firstname: None for not nullable" in violation.problem
    hubspot.conformance.clear()  # HubSpot takes null though its description does not


def test_lifecycle_stage_only_moves_forward_unless_cleared(hubspot: HubSpot) -> None:
    key = hubspot.made("contacts", lifecyclestage="customer")
    update = hubspot.client.crm.contacts.basic_api.update
    seen = []
    for stage in ("lead", "evangelist", "", "lead"):
        update(key, {"properties": {"lifecyclestage": stage}})
        seen.append(hubspot.values("contacts", key, "lifecyclestage")["lifecyclestage"])
    assert seen == ["customer", "evangelist", None, "lead"]


def test_an_email_belongs_to_one_contact(hubspot: HubSpot) -> None:
    first, second = (
        hubspot.made("contacts", email="a@example.com"),
        hubspot.made("contacts", email="b@example.com"),
    )
    conflict = f"Contact already exists. Existing ID: {first}"
    answers = [
        hubspot.call("POST", "/crm/v3/objects/contacts", {"properties": {"email": "A@example.com"}}),
        hubspot.call(
            "PATCH", f"/crm/v3/objects/contacts/{second}", {"properties": {"email": "a@example.com"}}
        ),
    ]
    assert [(answer.status_code, answer.json()["message"]) for answer in answers] == [(409, conflict)] * 2
    hubspot.call("PATCH", f"/crm/v3/objects/contacts/{first}", {"properties": {"email": "c@example.com"}})
    hubspot.call("PATCH", f"/crm/v3/objects/contacts/{second}", {"properties": {"email": "a@example.com"}})
    assert hubspot.values("contacts", second, "email") == {"email": "a@example.com"}


def test_the_same_email_twice_in_a_batch_is_a_conflict(hubspot: HubSpot) -> None:
    inputs = [{"properties": {"email": "a@example.com"}, "associations": []}] * 2
    answer = hubspot.call("POST", "/crm/v3/objects/contacts/batch/create", {"inputs": inputs})
    assert (answer.status_code, answer.json()["category"]) == (409, "CONFLICT")
    assert hubspot.client.crm.contacts.basic_api.get_page().results == []


def test_a_unique_property_has_a_value_once(hubspot: HubSpot) -> None:
    hubspot.add_key("companies")
    first = hubspot.made("companies", salesforce_id="001A")
    answer = hubspot.call("POST", "/crm/v3/objects/companies", {"properties": {"salesforce_id": "001A"}})
    assert answer.status_code == 400
    [detail] = answer.json()["errors"]
    assert detail["code"] == "CONFLICTING_UNIQUE_VALUE"
    assert detail["message"].endswith(f"{first} already has that value.")
    hubspot.client.crm.companies.basic_api.archive(first)
    hubspot.made("companies", salesforce_id="001A")


def test_companies_are_not_deduplicated_by_domain(hubspot: HubSpot) -> None:
    assert hubspot.made("companies", domain="acme.com") != hubspot.made("companies", domain="acme.com")


def test_a_stage_goes_with_its_pipeline(hubspot: HubSpot) -> None:
    stages = [{"label": "Open", "displayOrder": 0, "metadata": {"probability": "0.5"}}]
    given = {"label": "Partners", "displayOrder": 1, "stages": stages}
    partners = hubspot.client.crm.pipelines.pipelines_api.create("deals", given)
    [stage] = partners.stages
    deals = "/crm/v3/objects/deals"

    def created(**properties: str) -> int:
        return hubspot.call("POST", deals, {"properties": properties}).status_code

    assert created(dealstage=stage.id) == 400
    assert created(dealstage=stage.id, pipeline="default") == 400
    assert created(dealstage="Closed Won") == 400
    assert created(dealstage=stage.id, pipeline="nonsense") == 400
    assert created(dealstage=stage.id, pipeline=partners.id) == 201
    key = hubspot.made("deals", dealname="Big", dealstage="closedwon")
    assert hubspot.values("deals", key, "pipeline") == {"pipeline": "default"}
    moved = hubspot.call("PATCH", f"{deals}/{key}", {"properties": {"pipeline": partners.id}})
    assert moved.json()["errors"][0]["context"]["propertyName"] == ["dealstage"]
    both = {"pipeline": partners.id, "dealstage": stage.id}
    assert hubspot.call("PATCH", f"{deals}/{key}", {"properties": both}).status_code == 200


def test_deals_and_tickets_take_the_day_they_were_made(hubspot: HubSpot) -> None:
    key = hubspot.made("tickets", hs_pipeline_stage="4", createdate="2019-10-31T00:00:00Z")
    assert hubspot.values("tickets", key, "createdate") == {"createdate": "2019-10-31T00:00:00Z"}


@pytest.mark.parametrize(
    ("kind", "properties", "missing"),
    [("notes", {"hs_note_body": "x"}, "hs_timestamp"), ("tickets", {"subject": "x"}, "hs_pipeline_stage")],
)
def test_some_properties_are_required_at_creation(
    hubspot: HubSpot, kind: str, properties: dict[str, str], missing: str
) -> None:
    answer = hubspot.call("POST", f"/crm/v3/objects/{kind}", {"properties": properties})
    assert (answer.status_code, answer.json()["context"]) == (400, {"properties": [missing]})
    assert answer.json()["message"].endswith("Some required properties were not set.")


# The bodies that HubSpot's documentation and its users quote


@pytest.fixture
def quoted(shared: Path) -> dict[str, Any]:
    """Give the quoted errors by the start of what they are about."""
    errors = json.loads((shared / "specs/hubspot/quoted_errors.json").read_text())["errors"]
    return {error["when"]: error for error in errors}


def about(quoted: dict[str, Any], words: str) -> dict[str, Any]:
    [error] = [error for when, error in quoted.items() if words in when]
    found: dict[str, Any] = error
    return found


def same(answer: Any, error: dict[str, Any], **replaced: str) -> bool:
    """Compare an answer with a quoted error: status and body, correlation id aside, with ids put in."""
    expected = {name: value for name, value in error["body"].items() if name != "correlationId"}
    for old, new in replaced.items():
        expected["message"] = expected["message"].replace(old, new)
    body = answer.json()
    assert body.pop("correlationId") == answer.headers["X-HubSpot-Correlation-Id"]
    return (answer.status_code, body) == (error["status"], expected)


def test_a_taken_email_is_refused_in_the_quoted_words(hubspot: HubSpot, quoted: dict[str, Any]) -> None:
    key = hubspot.made("contacts", email="a@example.com")
    answer = hubspot.call("POST", "/crm/v3/objects/contacts", {"properties": {"email": "a@example.com"}})
    assert same(answer, about(quoted, "with an e-mail that exists"), **{"6001": key})


def test_a_missing_record_is_reported_in_the_quoted_words(hubspot: HubSpot, quoted: dict[str, Any]) -> None:
    assert same(hubspot.call("GET", "/crm/v3/objects/contacts/1"), about(quoted, "record not found"))


def test_an_expired_token_is_refused_in_the_quoted_words(hubspot: HubSpot, quoted: dict[str, Any]) -> None:
    headers = {"Authorization": "Bearer sandbox-hubspot-expired-token"}
    answer = hubspot.call("GET", "/crm/v3/objects/contacts", headers=headers)
    assert same(answer, about(quoted, "expired OAuth token"))


def test_a_key_that_is_not_unique_is_refused_in_the_quoted_words(
    hubspot: HubSpot, quoted: dict[str, Any]
) -> None:
    inputs = [{"id": "1", "idProperty": "hs_object_id", "properties": {}}]
    answer = hubspot.call("POST", "/crm/v3/objects/companies/batch/upsert", {"inputs": inputs})
    error = about(quoted, "idProperty is not a unique property")
    assert same(answer, error, **{"portal ID 1": "portal ID 8462001"})


def test_a_bad_email_is_refused_in_the_quoted_words(hubspot: HubSpot, quoted: dict[str, Any]) -> None:
    error = about(quoted, "invalid property value")
    answer = hubspot.call(
        "POST", "/crm/v3/objects/contacts", {"properties": {"email": "name@domain.invalidtld"}}
    )
    [expected], [problem] = (
        json.loads(body["message"].removeprefix("Property values were not valid: "))
        for body in (error["body"], answer.json())
    )
    assert answer.status_code == error["status"]
    assert expected.items() <= problem.items()


def test_a_bad_option_is_refused_in_the_quoted_words(account: HubSpot, quoted: dict[str, Any]) -> None:
    error = about(quoted, "enumeration value outside the options")
    answer = account.call("POST", "/crm/v3/objects/contacts", {"properties": {"state_": "HOWDY"}})
    assert answer.json()["errors"][0]["message"] == error["body"]["message"]


@pytest.mark.parametrize(
    ("limits", "path", "words"),
    [
        ({"ten_secondly": 0}, "/crm/v3/objects/contacts", "10-second"),
        ({"daily": 0}, "/crm/v3/objects/contacts", "daily"),
        ({"search_secondly": 0}, "/crm/v3/objects/contacts/search", "search limit"),
    ],
)
def test_too_many_calls_are_refused_in_the_quoted_words(
    hubspot: HubSpot, quoted: dict[str, Any], limits: dict[str, float], path: str, words: str
) -> None:
    hubspot.limit(**limits)
    body: dict[str, Any] | None = {} if path.endswith("search") else None
    method = "GET" if body is None else "POST"
    answer, error = hubspot.call(method, path, body), about(quoted, words)
    # the name of the group depends on the kind of token
    error["body"].pop("groupName", None)
    received = answer.json()
    assert received.pop("correlationId") == answer.headers["X-HubSpot-Correlation-Id"]
    received.pop("groupName", None)
    error["body"].pop("correlationId")
    assert (answer.status_code, received) == (error["status"], error["body"])
