"""What goes wrong on a schedule: the schedule itself, and what each kind of fault does to a call of either target's stand-in."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from sandbox.faults import Fault, Schedule
from sandbox.hubspot import app as hubspot
from sandbox.hubspot import faults as hubspot_faults
from sandbox.hubspot.account import TOKEN as HUBSPOT_TOKEN
from sandbox.intercom import app as intercom
from sandbox.intercom import faults as intercom_faults
from tests.sandbox.serving import serve

MENU = (Fault(status=503), Fault("/batch/", cut=True, done=True), Fault(event="merged"))
CONTACTS = "/crm/v3/objects/contacts"


def _struck(schedule: Schedule, *calls: str) -> list[int]:
    return [fault.status if (fault := schedule.take(call)) else 0 for call in calls]


def test_a_fault_strikes_the_calls_that_it_names() -> None:
    schedule = Schedule(MENU)
    schedule.plan({"path": "POST /contacts", "skip": 1, "times": 2, "status": 500})

    calls = ["GET /contacts", *["POST /contacts"] * 4]
    assert _struck(schedule, *calls) == [0, 0, 500, 500, 0]


def test_a_fault_with_a_dollar_strikes_no_call_that_goes_on() -> None:
    schedule = Schedule([])
    schedule.plan({"path": "POST /contacts$", "status": 409})
    assert schedule.take("POST /contacts/5/companies") is None
    assert schedule.take("POST /contacts") is not None


def test_one_call_has_one_fault_and_the_next_call_the_other() -> None:
    schedule = Schedule(MENU)
    schedule.plan({"faults": [{"status": 500}, {"status": 502}]})

    assert _struck(schedule, "GET /a", "GET /a", "GET /a") == [500, 502, 0]


def test_a_seed_gives_the_same_schedule_every_time() -> None:
    planned = [Schedule(MENU).plan({"seed": seed, "count": 20, "calls": 30}) for seed in (1, 1, 2)]

    assert planned[0] == planned[1] != planned[2]
    assert len(planned[0]) == 20
    assert all(fault["skip"] < 30 for fault in planned[0])


@pytest.mark.parametrize("asked", [{"often": 1}, {"seed": 1, "often": 1}, {"event": "flood"}])
def test_what_there_is_not_is_refused(asked: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"a fault has|has seed|there are merged"):
        Schedule(MENU, ["merged"]).plan(asked)


def test_the_menus_name_events_that_there_are() -> None:
    for vendor in (hubspot_faults, intercom_faults):
        assert {fault.event for fault in vendor.MENU} - {""} == set(vendor.EVENTS)


@contextmanager
def _hubspot(home: Path) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {HUBSPOT_TOKEN}"}
    with serve(hubspot.create_app(home)) as url, httpx.Client(base_url=url, headers=headers) as client:
        yield client


@contextmanager
def _intercom(home: Path) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {intercom.TOKEN}", "Intercom-Version": "2.16"}
    with serve(intercom.create_app(home)) as url, httpx.Client(base_url=url, headers=headers) as client:
        yield client


def _plan(client: httpx.Client, **fault: object) -> None:
    assert client.post("/_sandbox/faults", json=fault).status_code == 200


def _made(client: httpx.Client, *names: str) -> list[str]:
    bodies = [{"properties": {"email": f"{name}@example.com"}} for name in names]
    return [client.post(CONTACTS, json=body).raise_for_status().json()["id"] for body in bodies]


def _emails(client: httpx.Client) -> list[str]:
    return [each["properties"]["email"] for each in client.get(CONTACTS).json()["results"]]


@pytest.mark.parametrize("done", [False, True])
def test_a_connection_is_cut_before_or_after_the_work(tmp_path: Path, done: bool) -> None:
    with _hubspot(tmp_path) as client:
        _plan(client, path=f"POST {CONTACTS}", cut=True, done=done)

        with pytest.raises(httpx.RemoteProtocolError):
            _made(client, "ada")

        assert _emails(client) == (["ada@example.com"] if done else [])


def test_a_limit_is_named_and_a_token_is_revoked_until_it_is_restored(tmp_path: Path) -> None:
    with _hubspot(tmp_path) as client:
        _plan(client, status=429, policy="DAILY", headers={"Retry-After": "7"})
        answer = client.get(CONTACTS)
        assert (answer.status_code, answer.json()["policyName"]) == (429, "DAILY")
        assert answer.headers["Retry-After"] == "7"

        _plan(client, status=401, times=1_000)
        assert [client.get(CONTACTS).status_code for _ in range(3)] == [401] * 3
        assert client.delete("/_sandbox/faults").status_code == 204
        assert client.get(CONTACTS).status_code == 200


def test_one_record_of_a_batch_is_refused_as_it_is_asked(tmp_path: Path) -> None:
    inputs = [
        {"properties": {"email": f"{name}@example.com"}, "objectWriteTraceId": name}
        for name in ("ada", "bob", "cy")
    ]
    with _hubspot(tmp_path) as client:
        _plan(client, path="/batch/create", refuse="RATE_LIMITS")

        answer = client.post(f"{CONTACTS}/batch/create", json={"inputs": inputs})

        assert answer.status_code == 207
        [error] = answer.json()["errors"]
        assert (error["category"], error["context"]["objectWriteTraceId"]) == ("RATE_LIMITS", ["bob"])
        assert sorted(_emails(client)) == ["ada@example.com", "cy@example.com"]


def test_people_change_an_account_during_a_run(tmp_path: Path) -> None:
    own = {"label": "Tier", "groupName": "contactinformation", "type": "enumeration", "fieldType": "select"}
    options = [{"label": name, "value": name} for name in ("gold", "iron")]
    with _hubspot(tmp_path) as client:
        client.post("/crm/v3/properties/contacts", json={**own, "name": "tier", "options": options})
        oldest, newest = _made(client, "ada", "bob")

        _plan(client, event="contacts_merged")
        asked = {
            "properties": ["hs_merged_object_ids"],
            "propertiesWithHistory": [],
            "inputs": [{"id": newest}],
        }
        [survivor] = client.post(f"{CONTACTS}/batch/read", json=asked).json()["results"]
        assert (survivor["id"], survivor["properties"]["hs_merged_object_ids"]) == (oldest, newest)

        _plan(client, event="option_renamed")
        tier = client.get("/crm/v3/properties/contacts/tier").json()
        assert [option["value"] for option in tier["options"]] == ["gold_renamed", "iron"]

        _plan(client, event="property_deleted")
        assert client.get("/crm/v3/properties/contacts/tier").status_code == 404

        _plan(client, event="contact_archived")
        assert _emails(client) == []


def test_people_change_a_workspace_during_a_run(tmp_path: Path) -> None:
    with _intercom(tmp_path) as client:
        ids = [client.post("/contacts", json={"external_id": key}).json()["id"] for key in ("1", "2", "3")]

        _plan(client, event="contact_merged")
        gone = client.get(f"/contacts/{ids[2]}")
        assert (gone.status_code, gone.headers["Link"]) == (410, f'</contacts/{ids[0]}>; rel="canonical"')

        _plan(client, event="contact_archived")
        assert client.get(f"/contacts/{ids[1]}").status_code == 404
        assert client.post("/contacts", json={"external_id": "2"}).status_code == 409


@pytest.mark.parametrize("category", [*hubspot_faults.CATEGORIES, "CONFLICTING_UNIQUE_VALUE"])
def test_one_record_of_a_batch_is_refused_with_each_category(tmp_path: Path, category: str) -> None:
    with _hubspot(tmp_path) as client:
        inputs = [
            {"properties": {"email": f"p{n}@example.com"}, "objectWriteTraceId": f"{n}"} for n in range(3)
        ]
        _plan(client, path="batch/create", refuse=category)

        answer = client.post(f"{CONTACTS}/batch/create", json={"inputs": inputs})

        [error] = answer.json()["errors"]
        assert (answer.status_code, error["context"]["objectWriteTraceId"]) == (207, ["1"])
        assert category in (error["category"], *(each["code"] for each in error["errors"]))
        assert len(_emails(client)) == 2


@pytest.mark.parametrize("category", hubspot_faults.CATEGORIES)
def test_one_link_of_a_batch_is_refused_with_each_category(tmp_path: Path, category: str) -> None:
    with _hubspot(tmp_path) as client:
        first, second, third = _made(client, "ada", "bob", "eve")
        company = client.post("/crm/v3/objects/companies", json={"properties": {"name": "Acme"}}).json()["id"]
        kind = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279}]
        inputs = [
            {"from": {"id": each}, "to": {"id": company}, "types": kind} for each in (first, second, third)
        ]
        _plan(client, path="/associations/", refuse=category)

        answer = client.post("/crm/v4/associations/contacts/companies/batch/create", json={"inputs": inputs})

        [error] = answer.json()["errors"]
        assert (answer.status_code, error["category"]) == (207, category)
        assert error["context"] == {"fromObjectId": [second], "toObjectId": [company]}
        assert len(answer.json()["results"]) == 2


def test_somebody_enters_a_person_whose_record_is_coming(tmp_path: Path) -> None:
    with _hubspot(tmp_path) as client:
        _made(client, "ada")
        inputs = [
            {"idProperty": "email", "id": "bob@example.com", "properties": {}, "objectWriteTraceId": "b"},
            *(
                {"properties": {"email": f"{name}@example.com"}, "objectWriteTraceId": name}
                for name in ("ada", "eve")
            ),
        ]
        _plan(client, event="contact_entered")

        answer = client.post(f"{CONTACTS}/batch/create", json={"inputs": inputs}).json()

        messages = [each["message"].partition(" Existing")[0] for each in answer["errors"]]
        assert messages == ["Contact already exists."] * 2
        assert {"ada@example.com", "eve@example.com"} <= {*_emails(client)}


@pytest.mark.parametrize(
    ("event", "external_id", "said"),
    [
        ("contact_entered", None, "A contact matching"),
        ("contact_entered_and_archived", None, "An archived contact matching"),
        ("contact_imported", "1", "A contact matching"),
    ],
)
def test_a_user_is_in_the_way_of_the_one_that_is_coming(
    tmp_path: Path, event: str, external_id: str | None, said: str
) -> None:
    with _intercom(tmp_path) as client:
        _plan(client, path="POST /contacts", event=event)
        body = {"role": "user", "external_id": "1", "email": "ada@example.com"}

        answer = client.post("/contacts", json=body)

        [error] = answer.json()["errors"]
        assert (answer.status_code, error["code"]) == (409, "conflict")
        assert error["message"].startswith(said)
        there = error["message"].partition("id=")[2]
        client.post(f"/contacts/{there}/unarchive").raise_for_status()
        held = client.get(f"/contacts/{there}").json()
        assert (held["external_id"], held["email"]) == (external_id, "ada@example.com")
        assert client.post("/contacts", json={"role": "user", "external_id": "2"}).status_code == 200


def test_a_conflict_names_what_it_is_about(tmp_path: Path) -> None:
    with _intercom(tmp_path) as client:
        _plan(client, path="POST /companies", status=409)
        [error] = client.post("/companies", json={"company_id": "1"}).json()["errors"]
        assert error["code"] == "unique_company_constraint"
        _plan(client, path="POST /contacts", status=409)
        [error] = client.post("/contacts", json={"external_id": "1"}).json()["errors"]
        assert "Multiple existing users" in error["message"]


def test_an_intercom_answer_is_lost_after_the_work(tmp_path: Path) -> None:
    with _intercom(tmp_path) as client:
        _plan(client, path="POST /contacts", cut=True, done=True)
        with pytest.raises(httpx.RemoteProtocolError):
            client.post("/contacts", json={"external_id": "1"})

        again = client.post("/contacts", json={"external_id": "1"})

        assert again.status_code == 409
        assert "already exists with id=" in again.json()["errors"][0]["message"]
        _plan(client, status=429, headers={"Retry-After": "3"})
        assert client.get("/contacts").headers["Retry-After"] == "3"
