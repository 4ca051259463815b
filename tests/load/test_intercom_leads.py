"""Leads in the stand-in: made once though they have no external id, and merged into the users that they become."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from load.apply import apply
from load.feeds import Feed
from load.intercom import Intercom
from load.plan import plan
from load.target import Result, Row
from tests.load import marts

HEADERS = {"Authorization": f"Bearer {marts.INTERCOM_TOKEN}", "Intercom-Version": "2.14"}
NOTHING = dict.fromkeys(name for name, *_ in marts.PEOPLE)


class Crowd:
    """The stand-in as the test sees it, the target, and its feeds, for which all is ready."""

    def __init__(self, target: Intercom, address: str, declared: list[Feed]) -> None:
        self.target = target
        self.feeds = {feed.object: feed for feed in declared if feed.target == "intercom"}
        self.http = httpx.Client(base_url=address, headers=HEADERS)
        target.provision([self.feeds["contacts"]])

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.http.request(method, path, json=body)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def lead(self, key: str = "00QA", target_id: str | None = None, **changes: Any) -> Row:
        values = {**NOTHING, "role": "lead", "email": "ada@example.com", "name": "Ada", **changes}
        return Row(key, "h", "create" if target_id is None else "update", target_id, values)

    def send(self, *rows: Row) -> list[Result]:
        return [result for several in self.target.send(self.feeds["contacts"], rows) for result in several]

    def merge(self, lead: str | None, user: str | None) -> Result:
        ends = {"lead_key": "00QA", "user_key": "003A", "lead_id": lead, "user_id": user}
        [[result]] = self.target.send(self.feeds["merges"], [Row("00QA>003A", "h", "create", None, ends)])
        return result

    def contacts(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask("GET", "/contacts?per_page=150")["data"]
        return found


@pytest.fixture
def crowd(intercom: Intercom, intercom_address: str, declared: list[Feed]) -> Crowd:
    return Crowd(intercom, intercom_address, declared)


def test_a_lead_carries_its_key_in_an_attribute(crowd: Crowd) -> None:
    [made] = crowd.send(crowd.lead(person_score=1.5))

    [contact] = crowd.contacts()
    assert (contact["role"], contact["external_id"], contact["name"]) == ("lead", None, "Ada")
    assert contact["custom_attributes"] == {"salesforce_id": "00QA", "person_score": 1.5}
    for target_id in (made.target_id, None):
        [[found]] = crowd.target.read(crowd.feeds["contacts"], [Row("00QA", None, "update", target_id)])
        assert (found.target_id, found.values["external_id"]) == (made.target_id, "00QA")


def test_leads_may_share_an_address_and_a_change_is_an_update(crowd: Crowd) -> None:
    first, second = sorted(
        crowd.send(crowd.lead("00QA"), crowd.lead("00QB")), key=lambda each: each.record_key
    )

    [changed] = crowd.send(crowd.lead("00QA", first.target_id, name="Grace"))

    assert changed.before is not None
    assert changed.before["name"] == "Ada"
    assert {contact["id"]: contact["name"] for contact in crowd.contacts()} == {
        first.target_id: "Grace",
        second.target_id: "Ada",
    }


@pytest.mark.parametrize(
    "fault",
    [
        {"cut": True, "done": True},
        {"cut": True},
        {"status": 502, "done": True},
        {"status": 429, "headers": {"Retry-After": "1"}},
    ],
)
def test_an_answer_that_got_lost_ends_in_exactly_one_lead(crowd: Crowd, fault: dict[str, Any]) -> None:
    crowd.ask("POST", "/_sandbox/faults", {"path": "POST /contacts", "times": 2, **fault})
    rows = [crowd.lead(f"00Q{n}") for n in range(30)]

    results = crowd.send(*rows)
    again = crowd.send(*rows)

    assert {result.status for result in [*results, *again]} == {"succeeded"}
    keys = [contact["custom_attributes"]["salesforce_id"] for contact in crowd.contacts()]
    assert sorted(keys) == sorted(row.record_key for row in rows)


def test_a_lead_that_became_a_user_keeps_its_record(crowd: Crowd) -> None:
    [made] = crowd.send(crowd.lead())

    [grown] = crowd.send(crowd.lead(target_id=made.target_id, role="user"))

    [contact] = crowd.contacts()
    assert (contact["id"], contact["role"], contact["external_id"]) == (grown.target_id, "user", "00QA")


def test_no_user_is_made_a_lead(crowd: Crowd) -> None:
    [made] = crowd.send(crowd.lead(role="user"))

    [again] = crowd.send(crowd.lead(target_id=made.target_id, name="Grace"))

    [contact] = crowd.contacts()
    assert again.status == "succeeded"
    assert (contact["role"], contact["external_id"], contact["name"]) == ("user", "00QA", "Grace")


def test_a_lead_that_somebody_deleted_is_made_anew(crowd: Crowd) -> None:
    [made] = crowd.send(crowd.lead())
    crowd.ask("DELETE", f"/contacts/{made.target_id}")

    [again] = crowd.send(crowd.lead(target_id=made.target_id))

    assert [contact["id"] for contact in crowd.contacts()] == [again.target_id]


def test_a_lead_that_somebody_merged_into_a_stranger_is_followed(crowd: Crowd) -> None:
    [made] = crowd.send(crowd.lead())
    user = crowd.ask("POST", "/contacts", {"role": "user", "email": "user@example.com"})
    crowd.ask("POST", "/contacts/merge", {"from": made.target_id, "into": user["id"]})

    [followed] = crowd.send(crowd.lead(target_id=made.target_id, name="Grace"))

    assert (followed.status, followed.target_id) == ("succeeded", user["id"])
    [contact] = crowd.contacts()
    assert (contact["role"], contact["name"]) == ("user", "Grace")


def test_a_lead_that_somebody_merged_into_another_of_ours_is_reported(crowd: Crowd) -> None:
    lead, user = crowd.send(crowd.lead(), crowd.lead("003A", role="user", email="user@example.com"))
    if lead.record_key != "00QA":
        lead, user = user, lead
    crowd.ask("POST", "/contacts/merge", {"from": lead.target_id, "into": user.target_id})

    [reported] = crowd.send(crowd.lead(target_id=lead.target_id))

    assert (reported.error_category, reported.target_id) == ("MERGED", user.target_id)


@pytest.mark.parametrize("fault", [None, {"cut": True, "done": True}, {"status": 503, "done": True}])
def test_a_lead_is_merged_into_its_user_once(crowd: Crowd, fault: dict[str, Any] | None) -> None:
    ids = {
        each.record_key: each.target_id for each in crowd.send(crowd.lead(), crowd.lead("003A", role="user"))
    }
    if fault:
        crowd.ask("POST", "/_sandbox/faults", {"path": "POST /contacts/merge", **fault})

    result = crowd.merge(ids["00QA"], ids["003A"])
    again = crowd.merge(ids["00QA"], ids["003A"])

    link = f"contacts/{ids['00QA']}/contacts/{ids['003A']}"
    assert [(each.status, each.target_id) for each in (result, again)] == [("succeeded", link)] * 2
    assert [contact["id"] for contact in crowd.contacts()] == [ids["003A"]]
    [[there]] = crowd.target.read(crowd.feeds["merges"], [Row("00QA>003A", None, "update", link)])
    assert there.target_id == link


def test_what_cannot_be_merged_is_refused_or_waits(crowd: Crowd) -> None:
    users = [crowd.lead("003A", role="user"), crowd.lead("003B", role="user", email="b@example.com")]
    first, second = (each.target_id for each in crowd.send(*users))
    [lead] = crowd.send(crowd.lead())
    crowd.ask("POST", "/contacts/merge", {"from": lead.target_id, "into": first})

    assert crowd.merge(first, second).error_category == "parameter_invalid"
    assert crowd.merge(lead.target_id, second).error_category == "MERGED"
    assert crowd.merge("5" * 24, second).error_category == "END_GONE"


def test_a_converted_lead_is_merged_after_its_user_was_made(
    connection: Any, crowd: Crowd, declared: list[Feed], spool_dir: Path
) -> None:
    feeds = [feed for feed in declared if feed.object in ("contacts", "merges") and feed.target == "intercom"]

    def load(key: str, role: str) -> None:
        marts.query(connection, "delete from marts_test.people")
        columns = "select column1 as _record_key, column2 as role, column3 as email"
        marts.fill(
            connection, "people", "role, email", f"{columns} from values ('{key}', '{role}', 'a@example.com')"
        )
        done = apply(
            connection, plan(connection, feeds), {"intercom": crowd.target}, run_id="r", spool_dir=spool_dir
        )
        assert done.refused == done.failed == 0

    load("00QA", "lead")
    marts.fill(
        connection,
        "merged",
        "lead_key, user_key",
        "select '00QA>003A' as _record_key, '00QA' as lead_key, '003A' as user_key",
    )
    load("003A", "user")

    [contact] = crowd.contacts()
    assert (contact["role"], contact["external_id"]) == ("user", "003A")
    assert plan(connection, feeds).to_send == 0
