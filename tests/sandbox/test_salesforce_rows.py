"""Records written, changed, deleted and purged over REST."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.salesforce_org import Acme, acme, record_id, write_csv

SEEDED = record_id("003", "A1")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Acme]:
    with acme(tmp_path_factory.mktemp("rows")) as org:
        yield org


@pytest.fixture
def org(served: Acme, tmp_path: Path) -> Acme:
    served.control("reset")
    row = {
        "Id": SEEDED,
        "LastName": "Lovelace",
        "FirstName": "Ada",
        "LastModifiedDate": "2024-01-01T00:00:00.000Z",
    }
    write_csv(tmp_path / "csv", "Contact", [row])
    served.seed(tmp_path / "csv")
    return served


def contact(org: Acme, known_id: str) -> dict[str, Any]:
    answer = org.get(f"/sobjects/Contact/{known_id}")
    assert answer.status_code == 200, answer.text
    record: dict[str, Any] = answer.json()
    return record


def test_create_fills_in_what_salesforce_fills_in(org: Acme) -> None:
    made = org.call(
        "POST", "/sobjects/Contact", {"LastName": "Hopper", "FirstName": "Grace", "Birthdate": "1906-12-09"}
    )
    assert made.status_code == 201
    assert made.json() == {"id": made.json()["id"], "success": True, "errors": []}
    record = contact(org, made.json()["id"])
    assert (record["Name"], record["Birthdate"], record["DoNotCall"]) == ("Grace Hopper", "1906-12-09", False)
    assert record["CreatedDate"] == record["LastModifiedDate"] == record["SystemModstamp"]
    assert record["OwnerId"] == record["CreatedById"]


def test_defaults_of_picklists_and_auto_numbers(org: Acme) -> None:
    known_id = org.call("POST", "/sobjects/Case", {"Subject": "Broken"}).json()["id"]
    case = org.get(f"/sobjects/Case/{known_id}", params={"fields": "CaseNumber,Status,Owner.Name"}).json()
    assert (case["CaseNumber"], case["Status"], case["Owner"]["Name"]) == ("00000001", "New", "Admin")


def test_update_moves_the_stamps(org: Acme) -> None:
    before = contact(org, SEEDED)
    body = {"FirstName": "Augusta", "Email": "ada@example.com", "DoNotCall": "true"}
    assert org.call("PATCH", f"/sobjects/Contact/{SEEDED[:15]}", body).status_code == 204
    after = contact(org, SEEDED)
    assert (after["Name"], after["Email"], after["DoNotCall"]) == (
        "Augusta Lovelace",
        "ada@example.com",
        True,
    )
    assert after["SystemModstamp"] == after["LastModifiedDate"] > before["SystemModstamp"]
    assert after["CreatedDate"] == before["CreatedDate"]
    assert org.call("PATCH", f"/sobjects/Contact/{SEEDED}", {"Email": None}).status_code == 204
    assert contact(org, SEEDED)["Email"] is None


def test_delete_puts_into_the_recycle_bin(org: Acme) -> None:
    assert org.call("DELETE", f"/sobjects/Contact/{SEEDED}").status_code == 204
    assert org.get(f"/sobjects/Contact/{SEEDED}").status_code == 404
    assert org.ids("SELECT Id FROM Contact") == []
    binned = org.records("SELECT Id, IsDeleted, SystemModstamp FROM Contact", deleted=True)[0]
    assert binned["IsDeleted"] is True
    assert binned["SystemModstamp"] > "2024-01-02"
    again = org.call("DELETE", f"/sobjects/Contact/{SEEDED}")
    assert (again.status_code, again.json()[0]["errorCode"]) == (404, "ENTITY_IS_DELETED")


def deleted_ids(org: Acme, sobject: str) -> list[str]:
    now = datetime.now(UTC)
    span = {"start": (now - timedelta(days=1)).isoformat(), "end": (now + timedelta(minutes=1)).isoformat()}
    answer = org.get(f"/sobjects/{sobject}/deleted/", params=span)
    assert answer.status_code == 200, answer.text
    return [each["id"] for each in answer.json()["deletedRecords"]]


def test_a_purged_record_is_only_in_the_deleted_list(org: Acme) -> None:
    org.call("DELETE", f"/sobjects/Contact/{SEEDED}")
    assert org.control("purge", {"object": "Contact", "ids": [SEEDED, "other"]}) == {"purged": 1}
    assert org.ids("SELECT Id FROM Contact", deleted=True) == []
    assert deleted_ids(org, "Contact") == [SEEDED]


def test_a_junction_leaves_no_trace_in_the_recycle_bin(org: Acme) -> None:
    body = {"OpportunityId": record_id("006", "O1"), "ContactId": SEEDED}
    known_id = org.call("POST", "/sobjects/OpportunityContactRole", body).json()["id"]
    assert org.call("DELETE", f"/sobjects/OpportunityContactRole/{known_id}").status_code == 204
    assert org.ids("SELECT Id FROM OpportunityContactRole", deleted=True) == []
    assert deleted_ids(org, "OpportunityContactRole") == [known_id]


def test_updated_lists_what_changed(org: Acme) -> None:
    now = datetime.now(UTC)
    span = {"start": (now - timedelta(days=1)).isoformat(), "end": (now + timedelta(minutes=1)).isoformat()}
    assert org.get("/sobjects/Contact/updated", params=span).json()["ids"] == []
    org.call("PATCH", f"/sobjects/Contact/{SEEDED}", {"Title": "Countess"})
    answer = org.get("/sobjects/Contact/updated", params=span).json()
    assert answer["ids"] == [SEEDED]
    assert answer["latestDateCovered"].endswith("+0000")


@pytest.mark.parametrize(
    ("start", "end", "code"),
    [
        ("2020-01-01T00:00:00Z", "2020-02-01T00:00:00Z", "INVALID_REPLICATION_DATE"),
        ("{now}", "{now}", "INVALID_REPLICATION_DATE"),
        ("yesterday", "{now}", "INVALID_REPLICATION_DATE"),
        ("{now}", None, "MISSING_ARGUMENT"),
    ],
)
def test_spans_that_are_refused(org: Acme, start: str, end: str | None, code: str) -> None:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    span = {"start": start.format(now=now)} | ({"end": end.format(now=now)} if end else {})
    answer = org.get("/sobjects/Contact/deleted", params=span)
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, code)


@pytest.mark.parametrize(
    ("method", "path", "body", "error"),
    [
        (
            "POST",
            "/Contact",
            {"FirstName": "x"},
            {"errorCode": "REQUIRED_FIELD_MISSING", "fields": ["LastName"]},
        ),
        ("POST", "/Contact", {"LastName": "x", "Nope": 1}, {"errorCode": "INVALID_FIELD"}),
        (
            "POST",
            "/Contact",
            {"LastName": "x", "Name": "y"},
            {"errorCode": "INVALID_FIELD_FOR_INSERT_UPDATE", "fields": ["Name"]},
        ),
        (
            "POST",
            "/Contact",
            {"LastName": "x" * 81},
            {"errorCode": "STRING_TOO_LONG", "fields": ["LastName"]},
        ),
        ("POST", "/Contact", {"LastName": 5}, {"errorCode": "JSON_PARSER_ERROR", "fields": ["LastName"]}),
        (
            "POST",
            "/Contact",
            {"LastName": "x", "Birthdate": "soon"},
            {"errorCode": "JSON_PARSER_ERROR", "fields": ["Birthdate"]},
        ),
        ("POST", "/Contact", [1], {"errorCode": "JSON_PARSER_ERROR"}),
        (
            "PATCH",
            f"/Contact/{SEEDED}",
            {"CreatedDate": "2020-01-01T00:00:00Z"},
            {"errorCode": "INVALID_FIELD_FOR_INSERT_UPDATE", "fields": ["CreatedDate"]},
        ),
        ("PATCH", "/Contact/003000000000009AAA", {"Title": "x"}, {"errorCode": "NOT_FOUND"}),
        ("DELETE", "/Contact/003000000000009AAA", None, {"errorCode": "NOT_FOUND"}),
        ("GET", "/Contact/003000000000009AAA", None, {"errorCode": "NOT_FOUND"}),
        ("GET", f"/Contact/{SEEDED}?fields=Nope", None, {"errorCode": "INVALID_FIELD"}),
        ("POST", "/Nope", {"Name": "x"}, {"errorCode": "NOT_FOUND"}),
    ],
)
def test_refused_writes(org: Acme, method: str, path: str, body: object, error: dict[str, object]) -> None:
    before = contact(org, SEEDED)
    answer = org.call(method, f"/sobjects{path}", body)
    assert answer.status_code == (404 if error["errorCode"] == "NOT_FOUND" else 400)
    assert error.items() <= answer.json()[0].items()
    assert contact(org, SEEDED) == before
    assert len(org.ids("SELECT Id FROM Contact")) == 1


def test_collections_answer_record_by_record(org: Acme) -> None:
    kind = {"attributes": {"type": "Contact"}}
    made = org.call(
        "POST", "/composite/sobjects", {"records": [kind | {"LastName": "B"}, kind | {"FirstName": "C"}]}
    )
    good, bad = made.json()
    assert good == {"id": good["id"], "success": True, "errors": []}
    assert (bad["success"], bad["errors"][0]["statusCode"]) == (False, "REQUIRED_FIELD_MISSING")
    changes = [
        kind | {"Id": SEEDED, "Title": "T"},
        kind | {"id": good["id"], "Title": "U"},
        kind | {"Title": "V"},
    ]
    changed = org.call("PATCH", "/composite/sobjects", {"records": changes}).json()
    assert [each["success"] for each in changed] == [True, True, False]
    assert {contact(org, SEEDED)["Title"], contact(org, good["id"])["Title"]} == {"T", "U"}
    gone = org.call("DELETE", f"/composite/sobjects?ids={SEEDED},{good['id']},zzz").json()
    assert [each["success"] for each in gone] == [True, True, False]
    assert org.ids("SELECT Id FROM Contact") == []


def test_all_or_none(org: Acme) -> None:
    kind = {"attributes": {"type": "Contact"}}
    records = [kind | {"LastName": "B"}, {"attributes": {"type": "Nope"}, "LastName": "C"}]
    results = org.call("POST", "/composite/sobjects", {"allOrNone": True, "records": records}).json()
    codes = [each["errors"][0]["statusCode"] for each in results]
    assert codes == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "INVALID_TYPE"]
    assert len(org.ids("SELECT Id FROM Contact")) == 1


def test_a_collection_holds_200_records(org: Acme) -> None:
    answer = org.call("POST", "/composite/sobjects", {"records": [{}] * 201})
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "INVALID_INPUT")
