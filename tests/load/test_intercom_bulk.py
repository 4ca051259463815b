"""Users by the hundred: what a job does not say is read back, and what it left is sent alone."""

from collections import Counter
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

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


def _changed(result: Result, n: int, **values: Any) -> Row:
    return replace(_row(n, **values), row_hash="h2", action="update", target_id=result.target_id)


def test_changes_of_a_hundred_users_take_one_job_and_keep_what_was_there(
    target: Intercom, people: Feed, http: httpx.Client
) -> None:
    made = _sent(target, people, [_row(n) for n in range(120)])
    before = target.calls

    rows = [_changed(made[f"c{n}"], n, name="Eve", person_score=n) for n in range(120)]
    results = _sent(target, people, rows)

    assert Counter(result.status for result in results.values()) == {"succeeded": 120}
    assert _calls(http)["PUT /contacts/bulk"] == 2
    assert _calls(http)["PUT /contacts/{contact_id}"] == 0
    assert target.calls - before == target.calls_needed(people, create=0, update=120, archive=0) == 126
    held = http.get(f"/contacts/{made['c7'].target_id}").json()
    assert (held["name"], held["custom_attributes"]) == ("Eve", {"person_score": 7})
    assert results["c7"].before == {
        "external_id": "c7",
        "role": "user",
        "email": "c7@example.com",
        "name": "Ann",
        "person_score": None,
    }


def test_what_somebody_changed_stays_also_in_a_job(
    target: Intercom, people: Feed, http: httpx.Client
) -> None:
    made = _sent(target, people, [_row(1)])["c1"]
    http.put(f"/contacts/{made.target_id}", json={"name": "By Hand"}).raise_for_status()

    row = replace(_changed(made, 1, name="Eve", person_score=5), sent=({"name": "Ann"},))
    result = _sent(target, people, [row])["c1"]

    held = http.get(f"/contacts/{made.target_id}").json()
    assert (held["name"], held["custom_attributes"]) == ("By Hand", {"person_score": 5})
    assert (result.status, result.kept) == ("succeeded", ("name",))


def test_what_a_job_does_not_do_is_done_alone(target: Intercom, people: Feed, http: httpx.Client) -> None:
    """A role, and a contact that is gone, are no matter of a job; a lead that is new has nothing to be found by."""
    made = _sent(target, people, [_row(n) for n in range(3)])
    lead = http.post("/contacts", json={"role": "lead", "email": "c3@example.com"}).json()["id"]
    http.delete(f"/contacts/{made['c2'].target_id}").raise_for_status()

    rows = [
        _changed(made["c0"], 0, name="Eve"),
        _changed(made["c2"], 2, name="Eve"),
        replace(_row(3), action="update", target_id=lead),
        Row("q1", "h", "create", None, {"role": "lead", "email": "q1@example.com", "name": "Bob"}),
    ]
    results = _sent(target, people, rows)

    assert {result.status for result in results.values()} == {"succeeded"}
    assert results["c2"].target_id != made["c2"].target_id
    assert http.get(f"/contacts/{lead}").json()["role"] == "user"
    calls = _calls(http)
    assert (calls["PUT /contacts/bulk"], calls["PUT /contacts/{contact_id}"]) == (1, 1)
    assert calls["POST /contacts/bulk"] == 1


def test_a_change_without_an_answer_is_read_and_done_once_more_only_where_it_is_missing(
    target: Intercom, people: Feed, http: httpx.Client
) -> None:
    made = _sent(target, people, [_row(n) for n in range(5)])
    rows = [_changed(made[f"c{n}"], n, name="Eve") for n in range(5)]
    http.post("/_sandbox/faults", json={"path": "PUT /contacts/bulk", "status": 503, "times": 4})

    results = _sent(target, people, rows)

    assert {result.status for result in results.values()} == {"succeeded"}
    assert _calls(http)["PUT /contacts/{contact_id}"] == 5
    assert http.get(f"/contacts/{made['c4'].target_id}").json()["name"] == "Eve"
