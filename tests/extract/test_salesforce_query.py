"""Result pages: whole, counted, and never taken for less than they are."""

import threading
from typing import Any

import pytest
import requests
from simple_salesforce import Salesforce

from extract.errors import ExtractError
from extract.salesforce import query
from extract.salesforce.describe import Description
from extract.salesforce.login import Login, connect
from extract.salesforce.query import FieldGoneError, JobLostError, NotInBulkError, Window
from tests.extract.transport import DATA, URL, USER, FakeOrg, ok, refused

JOBS = f"{DATA}/jobs/query"
JOB = f"{JOBS}/750A"
RESULTS = f"{JOB}/results"
CONTACT = Description(
    "Contact", ("Id", "Name", "SystemModstamp"), frozenset({"SystemModstamp"}), {"fields": []}
)
BEGAN = "2026-01-01T00:00:00Z"
HEADER = b'"Id","Name","SystemModstamp"\n'
ONE = HEADER + b'"1","a","2026-01-01T00:00:00.000Z"\n'
TWO = HEADER + b'"2","b\nc","2026-01-01T00:00:00.000Z"\n"3","","2026-01-01T00:00:00.000Z"\n'


@pytest.fixture
def org() -> FakeOrg:
    return FakeOrg()


@pytest.fixture
def sf(org: FakeOrg) -> Salesforce:
    return connect(Login(login_url=URL, client_id="x", client_secret="y"), adapter=org)


def test_a_job_is_asked_for_deleted_records_too(org: FakeOrg, sf: Salesforce) -> None:
    org.on("POST", JOBS, ok({"id": "750A"}))
    assert query.start_job(sf, "Contact", "SELECT Id FROM Contact", BEGAN) == "750A"
    assert b'"operation": "queryAll"' in (org.sent(JOBS)[0].body or b"")


@pytest.mark.parametrize(
    ("code", "kind"),
    [("INVALIDENTITY", NotInBulkError), ("INVALID_FIELD", FieldGoneError), ("MALFORMED_QUERY", ExtractError)],
)
def test_a_refused_job_says_what_it_is_about(
    org: FakeOrg, sf: Salesforce, code: str, kind: type[ExtractError]
) -> None:
    org.on("POST", JOBS, refused(400, code, "Entity 'TaskStatus' is\nnot supported"))
    with pytest.raises(kind, match=rf"TaskStatus: Salesforce refused \(HTTP 400\): {code} Entity"):
        query.start_job(sf, "TaskStatus", "SELECT Id FROM TaskStatus", BEGAN)


def _job(key: str, **other: str) -> dict[str, str]:
    made = {"operation": "queryAll", "object": "Contact", "createdById": USER, "state": "InProgress"}
    return {"id": key, "createdDate": "2026-01-01T00:00:03.000+0000", **made, **other}


def test_a_job_whose_making_got_no_answer_is_looked_for_before_another_is_made(
    org: FakeOrg, sf: Salesforce
) -> None:
    others = [
        _job("750B", object="Account"),
        _job("750C", operation="query"),
        _job("750D", createdById="005000000000002AAA"),
        _job("750E", createdDate="2025-12-31T23:59:59.000+0000"),
        _job("750G"),
    ]
    org.on("POST", JOBS, requests.ConnectionError("cut"), ok({"id": "750Z"}))
    org.on("GET", JOBS, ok({"done": True, "records": [*others, _job("750A")]}))
    assert query.start_job(sf, "Contact", "SELECT Id FROM Contact", BEGAN, known={"750G"}) == "750A"
    assert len(org.sent(JOBS)) == 2


@pytest.mark.parametrize(
    "listed",
    [refused(403, "API_DISABLED_FOR_ORG"), ok({"records": []}), ok({"records": [_job("1"), _job("2")]})],
)
def test_where_the_job_cannot_be_told_another_is_made(org: FakeOrg, sf: Salesforce, listed: Any) -> None:
    org.on("POST", JOBS, refused(503, "SERVER_UNAVAILABLE"), ok({"id": "750Z"}))
    org.on("GET", JOBS, listed)
    assert query.start_job(sf, "Contact", "SELECT Id FROM Contact", BEGAN) == "750Z"


def test_a_job_is_polled_until_it_is_complete(
    org: FakeOrg, sf: Salesforce, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(query, "POLL_FIRST_SECONDS", 0.001)
    org.on("GET", JOB, ok({"state": "InProgress"}), ok({"state": "JobComplete", "numberRecordsProcessed": 3}))
    assert query.wait_for_job(sf, "Contact", "750A", threading.Event()) == 3


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (ok({"state": "Failed", "errorMessage": "QUERY_TIMEOUT: too long"}), "750A is Failed: QUERY_TIMEOUT"),
        (ok({"state": "Aborted"}), "750A is Aborted"),
        (refused(404, "NOT_FOUND"), "does not know Bulk job 750A"),
    ],
)
def test_a_lost_job_names_itself(org: FakeOrg, sf: Salesforce, answer: Any, said: str) -> None:
    org.on("GET", JOB, answer)
    with pytest.raises(JobLostError, match=said):
        query.wait_for_job(sf, "Contact", "750A", threading.Event())


def test_a_job_that_cannot_be_deleted_does_no_harm(org: FakeOrg, sf: Salesforce) -> None:
    org.on("DELETE", JOB, refused(404, "NOT_FOUND"))
    assert query.delete_job(sf, "750A")
    assert len(org.sent(JOB)) == 1
    org.on("PATCH", JOB, refused(500, "UNKNOWN_EXCEPTION"))
    org.on("DELETE", JOB, refused(500, "UNKNOWN_EXCEPTION"))
    assert not query.delete_job(sf, "750A")


def test_a_window_has_both_bounds_only_where_there_is_a_cursor() -> None:
    assert Window(None, None, "B").where == ""
    assert Window("SystemModstamp", None, "B").where == " WHERE SystemModstamp < B"
    assert Window("CreatedDate", "A", "B").where == " WHERE CreatedDate >= A AND CreatedDate < B"
