"""New users by the hundred: what a job does not say is read back, and what it left is sent alone."""

from collections import Counter
from typing import Any

import httpx
import pytest

from load.feeds import Feed
from load.intercom import Intercom
from load.target import Result, Row
from tests.load import marts

HEADERS = {"Authorization": f"Bearer {marts.INTERCOM_TOKEN}", "Intercom-Version": "2.14"}


@pytest.fixture
def people(declared: list[Feed], intercom: Intercom) -> Feed:
    feed = next(feed for feed in declared if feed.label == "intercom contacts")
    intercom.provision([feed])
    return feed


@pytest.fixture
def target(intercom_address: str) -> Intercom:
    return Intercom(intercom_address, marts.INTERCOM_TOKEN, bulk=True, search_lag=0)


@pytest.fixture
def http(intercom_address: str) -> httpx.Client:
    return httpx.Client(base_url=intercom_address, headers=HEADERS)


def _row(n: int, **values: Any) -> Row:
    return Row(
        f"c{n}", "h", "create", None, {"role": "user", "email": f"c{n}@example.com", "name": "Ann", **values}
    )


def _sent(target: Intercom, feed: Feed, rows: list[Row]) -> dict[str, Result]:
    return {result.record_key: result for several in target.send(feed, rows) for result in several}


def _calls(http: httpx.Client) -> Counter[str]:
    return Counter(http.get("/_sandbox/calls").json()["writes"])


def test_two_hundred_and_fifty_users_take_three_jobs(
    target: Intercom, people: Feed, http: httpx.Client
) -> None:
    results = _sent(target, people, [_row(n, person_score=n) for n in range(250)])

    assert Counter(result.status for result in results.values()) == {"succeeded": 250}
    assert (_calls(http)["POST /contacts/bulk"], _calls(http)["POST /contacts"]) == (3, 0)
    held = http.get("/contacts/find_by_external_id/c7").json()
    assert (held["id"], held["custom_attributes"]) == (results["c7"].target_id, {"person_score": 7})


def test_whom_a_job_refused_is_taken_over_or_refused_by_name(
    target: Intercom, people: Feed, http: httpx.Client
) -> None:
    theirs = http.post("/contacts", json={"role": "user", "email": "c1@example.com"}).json()["id"]
    http.post("/contacts", json={"role": "user", "external_id": "other", "email": "c2@example.com"})
    stale = http.post("/contacts", json={"role": "user", "external_id": "c3", "name": "Old"}).json()["id"]

    rows = [_row(n) for n in range(5)]
    results = _sent(target, people, [*rows, _row(6, email="no address")])

    assert (results["c1"].status, results["c1"].target_id) == ("succeeded", theirs)
    assert (results["c3"].status, results["c3"].target_id) == ("succeeded", stale)
    assert http.get(f"/contacts/{stale}").json()["name"] == "Ann"
    assert results["c6"].status == "refused"
    assert {results[key].status for key in ("c0", "c4")} == {"succeeded"}


def test_a_job_without_an_answer_makes_nobody_twice(
    target: Intercom, people: Feed, http: httpx.Client
) -> None:
    http.post("/_sandbox/faults", json={"path": "contacts/bulk", "cut": True, "done": True, "times": 1})

    results = _sent(target, people, [_row(n) for n in range(30)])

    assert {result.status for result in results.values()} == {"succeeded"}
    assert http.get("/contacts", params={"per_page": 150}).json()["total_count"] == 30
    assert _calls(http)["POST /contacts"] == 0


def test_leads_and_changes_go_their_own_way(target: Intercom, people: Feed, http: httpx.Client) -> None:
    [known] = _sent(target, people, [_row(1)]).values()

    lead = Row("q1", "h", "create", None, {"role": "lead", "email": "q1@example.com", "name": "Bob"})
    changed = Row(
        "c1", "h2", "update", known.target_id, {"role": "user", "email": "c1@example.com", "name": "Eve"}
    )
    results = _sent(target, people, [lead, changed])

    assert {result.status for result in results.values()} == {"succeeded"}
    assert http.get(f"/contacts/{known.target_id}").json()["name"] == "Eve"
    assert _calls(http)["POST /contacts/bulk"] == 1
