"""The stand-in held to the exchanges that were recorded or documented: statuses, headers, bodies."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox.salesforce.app import create_app
from tests.sandbox.salesforce_org import CLIENT, TOKEN_PATH, Acme, login, write_csv
from tests.sandbox.serving import serve

TEXTS = ['Acme, "The" Co', "Two\nlines", ""]
FIRST = "001000000000001AAA"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serve(create_app(tmp_path_factory.mktemp("documented"))) as served:
        yield served


@pytest.fixture
def org(url: str, tmp_path: Path) -> Iterator[Acme]:
    rows = [
        {
            "Id": f"00100000000000{place + 1}AAA",
            "Name": text,
            "IsDeleted": "true" if place == 1 else "false",
            "SystemModstamp": f"2023-08-23T16:12:5{place}.000Z",
        }
        for place, text in enumerate(TEXTS)
    ]
    write_csv(tmp_path / "csv", "Account", rows)
    with login(url) as served:
        served.control("reset")
        served.seed(tmp_path / "csv")
        yield served


def documented(shared: Path) -> dict[str, Any]:
    text = (shared / "specs" / "salesforce" / "documented" / "exchanges.json").read_text(encoding="utf-8")
    return {each["name"]: each for each in json.loads(text)["exchanges"]}


def recorded(shared: Path, name: str) -> Any:
    return json.loads((shared / "specs" / "salesforce" / name).read_text(encoding="utf-8"))


def shape(value: Any) -> Any:
    """The keys and JSON types of a body; of a list, those of its first item."""
    if isinstance(value, dict):
        return {key: shape(each) for key, each in value.items()}
    if isinstance(value, list):
        return [shape(each) for each in value[:1]]
    return (
        "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__
    )


def bulk(org: Acme, query: str) -> requests.Response:
    return org.call(
        "POST",
        "/jobs/query",
        {"operation": "queryAll", "query": query, "columnDelimiter": "COMMA", "lineEnding": "LF"},
    )


ACCOUNTS = "SELECT Id, Name, IsDeleted, SystemModstamp FROM Account"


def in_progress(org: Acme) -> requests.Response:
    org.control("limits", {"BulkSeconds": 0.2})
    job_id = bulk(org, ACCOUNTS).json()["id"]
    answer = org.get(f"/jobs/query/{job_id}")
    while answer.json()["state"] == "UploadComplete":
        answer = org.get(f"/jobs/query/{job_id}")
    org.call("PATCH", f"/jobs/query/{job_id}", {"state": "Aborted"})
    return answer


def complete(org: Acme) -> requests.Response:
    return org.get(f"/jobs/query/{org.ended(bulk(org, ACCOUNTS).json()['id'])['id']}")


def failed(org: Acme) -> requests.Response:
    org.control("faults", {"event": "failing_job"})
    return complete(org)


def page(org: Acme, number: int) -> requests.Response:
    url = f"/jobs/query/{complete(org).json()['id']}/results"
    answer = org.get(url, params={"maxRecords": "2"}, headers={"Accept": "text/csv"})
    for _ in range(number - 1):
        answer = org.get(url, params={"maxRecords": "2", "locator": answer.headers["Sforce-Locator"]})
    return answer


def result_pages(org: Acme) -> requests.Response:
    return org.get(f"/jobs/query/{complete(org).json()['id']}/resultPages")


def limited(org: Acme, name: str, most: int) -> requests.Response:
    bulk(org, ACCOUNTS)
    org.control("limits", {name: most})
    return bulk(org, ACCOUNTS)


def expired(org: Acme) -> requests.Response:
    org.control("expire_sessions")
    return org.query(ACCOUNTS)


def over_budget(org: Acme) -> requests.Response:
    org.control("limits", {"DailyApiRequests": 0})
    return org.query(ACCOUNTS)


def refused_token(org: Acme) -> requests.Response:
    form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": "x"}
    return requests.post(org.url + TOKEN_PATH, data=form, timeout=10)


PROVOKED: dict[str, Callable[[Acme], requests.Response]] = {
    "oauth_client_credentials_ok": lambda org: requests.post(
        org.url + TOKEN_PATH, data={"grant_type": "client_credentials"}, auth=CLIENT, timeout=10
    ),
    "oauth_invalid_grant": refused_token,
    "invalid_session": expired,
    "request_limit_exceeded": over_budget,
    "malformed_query": lambda org: org.query("SELECT Id FORM Account"),
    "unsupported_api_version": lambda org: org.http.get(f"{org.url}/services/data/v30.0/query/"),
    "limits": lambda org: org.get("/limits/"),
    "bulk2_create_query_job": lambda org: bulk(org, ACCOUNTS),
    "bulk2_job_in_progress": in_progress,
    "bulk2_job_complete": complete,
    "bulk2_job_failed": failed,
    "bulk2_results_page_1": lambda org: page(org, 1),
    "bulk2_results_last_page": lambda org: page(org, 2),
    "bulk2_result_pages_parallel": result_pages,
    "bulk2_compound_field_400": lambda org: bulk(org, "SELECT BillingAddress FROM Account"),
    "bulk2_unsupported_object_400": lambda org: bulk(org, "SELECT Id FROM TaskStatus"),
    "bulk2_daily_jobs_400": lambda org: limited(org, "DailyBulkV2QueryJobs", 1),
    "bulk2_daily_volume_400": lambda org: limited(org, "BulkResultKilobytes", 0),
    "bulk2_subquery_error": lambda org: bulk(org, "SELECT Id, (SELECT Id FROM Contacts) FROM Account"),
}
# Their texts hold numbers or examples of the moment.
ONLY_THE_SHAPE = {"oauth_invalid_grant", "bulk2_daily_jobs_400", "bulk2_daily_volume_400"}


def test_every_documented_exchange_is_provoked(shared: Path) -> None:
    assert set(PROVOKED) == set(documented(shared))


@pytest.mark.parametrize("name", PROVOKED)
def test_documented_exchange(org: Acme, shared: Path, name: str) -> None:
    expected = documented(shared)[name]["response"]
    answer = PROVOKED[name](org)
    assert answer.status_code == expected["status"], answer.text
    for header, value in expected["headers"].items():
        if header in {"Content-Type", "Sforce-NumberOfRecords"}:
            assert answer.headers[header].startswith(value)
        else:
            # Locators and counts are the org's own; the word null is not.
            assert (answer.headers[header] == "null") == (value == "null")
    body = expected["body"]
    if isinstance(body, str):
        assert answer.content.decode() == body
    elif isinstance(body, list) and name not in ONLY_THE_SHAPE:
        assert answer.json() == body
    elif body is not None:
        assert shape(answer.json()) == shape(body)
        assert "state" not in body or answer.json()["state"] == body["state"]


def test_recorded_refusal_of_an_unknown_object(org: Acme, shared: Path) -> None:
    for exchange in recorded(shared, "exchanges/query_invalid_type_400.json")["exchanges"]:
        path = exchange["request"]["path"].replace("v50.0", "v66.0")
        answer = org.http.get(org.url + path)
        assert (answer.status_code, answer.json()) == (
            exchange["response"]["status"],
            exchange["response"]["body"],
        )
        assert answer.headers["Content-Type"] == exchange["response"]["content_type"]


@pytest.mark.parametrize(
    ("name", "provoke"),
    [
        ("expired_session_response", expired),
        ("sobject_describe_error_response", lambda org: org.get("/sobjects/Nope/describe")),
    ],
)
def test_recorded_refusals_word_for_word(
    org: Acme, shared: Path, name: str, provoke: Callable[[Acme], requests.Response]
) -> None:
    assert provoke(org).json() == recorded(shared, f"restforce/{name}.json")


def test_recorded_refusal_of_a_write(org: Acme, shared: Path) -> None:
    answer = org.call("POST", "/sobjects/Account", {"foo": 1}).json()
    expected = recorded(shared, "restforce/write_error_response.json")
    assert answer == [{**expected[0], "message": expected[0]["message"].replace("Bar", "Account")}]


def first_page(org: Acme) -> requests.Response:
    org.control("limits", {"QueryBatch": 1})
    return org.query("SELECT Name FROM Account WHERE Name != null", deleted=True)


def last_page(org: Acme) -> requests.Response:
    return org.http.get(org.url + first_page(org).json()["nextRecordsUrl"])


def deleted(org: Acme) -> requests.Response:
    org.call("DELETE", f"/sobjects/Account/{FIRST}")
    now = datetime.now(UTC)
    span = {"start": (now - timedelta(hours=1)).isoformat(), "end": (now + timedelta(hours=1)).isoformat()}
    return org.get("/sobjects/Account/deleted", params=span)


@pytest.mark.parametrize(
    ("name", "provoke"),
    [
        ("query_paginated_first_page_response", first_page),
        ("query_paginated_last_page_response", last_page),
        ("get_deleted_success_response", deleted),
        ("refresh_error_response", refused_token),
        ("auth_error_response", refused_token),
        ("query_error_response", lambda org: org.query("SELECT Nope FROM Account")),
    ],
)
def test_recorded_shapes(
    org: Acme, shared: Path, name: str, provoke: Callable[[Acme], requests.Response]
) -> None:
    expected = shape(recorded(shared, f"restforce/{name}.json"))
    text = json.dumps(expected).replace("Text_Label", "Name")
    assert shape(provoke(org).json()) == json.loads(text)


def test_recorded_shape_of_an_aggregate(org: Acme, shared: Path) -> None:
    answer = org.query("SELECT ParentId, MAX(AnnualRevenue) FROM Account GROUP BY ParentId").json()
    expected = recorded(shared, "restforce/query_aggregate_success_response.json")
    assert set(answer) == set(expected)
    assert answer["records"][0]["attributes"] == expected["records"][0]["attributes"]
    assert set(answer["records"][0]) == {"attributes", "ParentId", "expr0"}


def test_recorded_update_of_a_collection(org: Acme, shared: Path) -> None:
    exchange = next(
        each
        for each in recorded(shared, "exchanges/rest_updates.json")["exchanges"]
        if each["request"]["method"] == "PATCH"
    )
    body = exchange["request"]["body"]
    body["records"] = [body["records"][0] | {"Id": FIRST}]
    answer = org.call("PATCH", "/composite/sobjects", body)
    assert answer.status_code == exchange["response"]["status"]
    assert shape(answer.json()) == shape(exchange["response"]["body"])
    changed = org.get(f"/sobjects/Account/{FIRST}").json()
    assert (changed["NumberOfEmployees"], changed["BillingAddress"]["street"]) == (10000, "Account 4 Street")
