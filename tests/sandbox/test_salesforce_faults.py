"""What each fault of the Salesforce stand-in does to the call that it strikes."""

import csv
import io
from collections.abc import Iterator

import pytest
import requests

from sandbox.salesforce.faults import EVENTS, MENU
from tests.sandbox.salesforce_org import Acme, login
from tests.servers import running

ROWS = 50
CONTACTS = "SELECT Id, LastName, Description FROM Contact"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running(["sandbox", "salesforce"], tmp_path_factory.mktemp("faults"), "/_sandbox/health") as url:
        yield url


@pytest.fixture
def org(url: str) -> Iterator[Acme]:
    requests.post(f"{url}/_sandbox/reset", timeout=10)
    with login(url) as org:
        org.control("fill", {"object": "Contact", "rows": ROWS})
        yield org


def page(org: Acme, job: str, *, packed: bool = False, **asked: str) -> requests.Response:
    headers = {"Accept-Encoding": "gzip" if packed else "identity"}
    return org.get(f"/jobs/query/{job}/results", params=asked, headers=headers)


def test_the_menu_holds_every_event() -> None:
    assert {fault.event for fault in MENU} - {""} == set(EVENTS)


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (403, "REQUEST_LIMIT_EXCEEDED", "Concurrent"),
        (500, "UNKNOWN_EXCEPTION", "unexpected"),
        (502, "SERVER_UNAVAILABLE", "gateway"),
        (503, "SERVER_UNAVAILABLE", "unavailable"),
    ],
)
def test_refusals(org: Acme, status: int, code: str, words: str) -> None:
    org.control("faults", {"status": status})
    answer = org.get("/limits")
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (status, code)
    assert words in answer.json()[0]["message"]
    assert org.get("/limits").ok


def test_a_refusal_may_come_after_the_work(org: Acme) -> None:
    org.control("faults", {"path": "POST /services/data", "status": 500, "done": True})
    assert org.call("POST", "/jobs/query", {"operation": "query", "query": CONTACTS}).status_code == 500
    assert len(org.get("/jobs/query").json()["records"]) == 1


def test_a_proxy_answers_in_html(org: Acme) -> None:
    org.control("faults", {"event": "proxy_page"})
    answer = org.get("/sobjects")
    assert (answer.status_code, answer.headers["Content-Type"].split(";")[0]) == (502, "text/html")
    assert org.get("/sobjects").ok


def test_a_session_ends(org: Acme) -> None:
    org.control("faults", {"event": "expired_session"})
    assert org.get("/limits").json()[0]["errorCode"] == "INVALID_SESSION_ID"


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("event", ["cut_page", "truncated_page"])
def test_a_page_ends_in_the_middle(org: Acme, event: str, packed: bool) -> None:
    job = org.job(CONTACTS)["id"]
    whole = page(org, job).content
    org.control("faults", {"path": "/results", "event": event})
    if event == "cut_page":
        with pytest.raises(requests.RequestException):
            page(org, job, packed=packed)
    else:
        # Not even of a packed page does this client notice that its end is missing.
        part = page(org, job, packed=packed).content
        assert whole.startswith(part)
        assert len(part) < len(whole)
    assert page(org, job, packed=packed).content == whole


def test_a_page_lacks_a_record_that_its_header_counts(org: Acme) -> None:
    job = org.job(CONTACTS)["id"]
    org.control("faults", {"event": "short_page"})
    answer = page(org, job, maxRecords="20")
    records = list(csv.reader(io.StringIO(answer.content.decode(), newline="")))[1:]
    assert (len(records), answer.headers["Sforce-NumberOfRecords"]) == (19, "20")


def test_a_slow_page_is_whole(org: Acme) -> None:
    job = org.job(CONTACTS)["id"]
    whole = page(org, job).content
    org.control("faults", {"event": "slow_page"})
    slow = page(org, job)
    assert slow.content == whole
    assert slow.elapsed.total_seconds() < 5


def test_locators_are_lost(org: Acme) -> None:
    job = org.job(CONTACTS)["id"]
    locator = page(org, job, maxRecords="20").headers["Sforce-Locator"]
    org.control("faults", {"event": "lost_locator"})
    assert "locator" in page(org, job, maxRecords="20", locator=locator).json()[0]["message"]
    org.control("limits", {"QueryBatch": 10})
    following = org.query(CONTACTS).json()["nextRecordsUrl"]
    org.control("faults", {"event": "lost_locator"})
    assert org.http.get(org.url + following).json()[0]["errorCode"] == "INVALID_QUERY_LOCATOR"
    assert org.http.get(org.url + following).ok


def test_a_job_is_lost_between_two_pages(org: Acme) -> None:
    job = org.job(CONTACTS)["id"]
    org.control("faults", {"path": "/results", "skip": 2, "event": "lost_job"})
    assert [page(org, job, maxRecords="20").status_code for _ in range(3)] == [200, 200, 400]
    failed = org.get(f"/jobs/query/{job}").json()
    assert (failed["state"], "QUERY_TIMEOUT" in failed["errorMessage"]) == ("Failed", True)


def test_a_job_hangs_until_it_is_aborted(org: Acme) -> None:
    org.control("faults", {"event": "hanging_job"})
    made = org.call("POST", "/jobs/query", {"operation": "query", "query": CONTACTS}).json()
    # The next one is not held up.
    assert org.job(CONTACTS)["state"] == "JobComplete"
    path = f"/jobs/query/{made['id']}"
    assert org.get(path).json()["state"] == "InProgress"
    assert org.call("PATCH", path, {"state": "Aborted"}).ok


def test_a_field_goes_between_describe_and_query(org: Acme) -> None:
    org.control("faults", {"path": "/Contact/describe", "event": "removed_field"})
    before, after = (
        {each["name"] for each in org.get("/sobjects/Contact/describe").json()["fields"]} for _ in range(2)
    )
    [gone] = before - after
    assert org.query(f"SELECT {gone} FROM Contact").json()[0]["errorCode"] == "INVALID_FIELD"
    org.control("org", {})
    assert org.query(f"SELECT {gone} FROM Contact").ok


def test_a_seed_plans_the_same_faults_each_time(org: Acme) -> None:
    planned = []
    for seed in (3, 3, 4):
        planned.append(org.control("faults", {"seed": seed, "count": 9, "calls": 50})["faults"])
        requests.delete(f"{org.url}/_sandbox/faults", timeout=10)
    assert planned[0] == planned[1] != planned[2]
    assert org.get("/limits").ok
    refused = requests.post(f"{org.url}/_sandbox/faults", json={"event": "flood"}, timeout=10)
    assert (refused.status_code, "lost_job" in refused.text) == (400, True)
