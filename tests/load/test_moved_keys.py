"""A golden record whose key moves between two loads: the target's record goes on under the new key, and none is made twice."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from load import planning, plans
from load.apply import Applied, apply
from load.feeds import Feed
from load.target import Row, Target
from tests.load import marts

LEAD, CONTACT, OTHER = "00Q1", "0031", "0032"


@dataclass(frozen=True)
class Place:
    """A target, its marts of people, of their links and of companies, and what its stand-in holds.

    `people`, `link`: the SQL of a row; `held`: of each person the key, the name and the companies; `rename`: by a user's hand.
    """

    target: Target
    feeds: list[Feed]
    marts: tuple[str, str, str]
    people: Callable[[str, str], str]
    link: Callable[[str, str], str]
    held: Callable[[], list[tuple[str | None, str, list[str]]]]
    rename: Callable[[str, str], None]
    connection: Any
    folder: Path

    def fill(self, names: Mapping[str, str], company: str = "001A") -> None:
        """Put people with one address for all, and each one's link, into the marts. `names`: by key."""
        people, joined, firms = self.marts
        for table in self.marts:
            marts.query(self.connection, f"delete from marts_test.{table}")
        marts.fill(self.connection, firms, "name", f"select '{company}' as _record_key, 'Acme' as name")
        rows = " union all ".join(self.people(key, name) for key, name in names.items())
        columns = "role, email, name" if people == "people" else "email, firstname"
        marts.fill(self.connection, people, columns, rows)
        links = " union all ".join(self.link(key, company) for key in names)
        ends = (
            "contact_key, company_key"
            if joined == "joined"
            else "from_object, from_key, to_object, to_key, association_type"
        )
        marts.fill(self.connection, joined, ends, links)

    def found_one(self, golden: str, *others: str, object_: str = "contacts") -> None:
        """Say in the crosswalk that records are one golden record."""
        marts.found_one(self.connection, object_, golden, *others)

    def plan(self) -> plans.Stored:
        return planning.make(self.connection, self.feeds, {self.target.name: self.target}, self.folder)

    def load(self, run_id: str = "r") -> Applied:
        stored = self.plan()
        return apply(
            self.connection,
            stored.plan,
            {self.target.name: self.target},
            run_id=run_id,
            spool_dir=self.folder,
        )

    def ledger(self, object_: str = "contacts") -> dict[str, str]:
        sql = f"select record_key, target_id from ops.load_ledger where object = '{object_}'"
        return dict(marts.query(self.connection, sql))


@pytest.fixture(params=["hubspot", "intercom"])
def place(request: pytest.FixtureRequest, connection: Any, declared: list[Feed], tmp_path: Path) -> Place:
    name = request.param
    target, address = request.getfixturevalue(name), request.getfixturevalue(f"{name}_address")
    feeds = [feed for feed in declared if feed.target == name]
    made = _in_hubspot if name == "hubspot" else _in_intercom
    return Place(target, feeds, **made(address), connection=connection, folder=tmp_path / "spool")


def _in_hubspot(address: str) -> dict[str, Any]:
    http = httpx.Client(base_url=address, headers={"Authorization": f"Bearer {marts.HUBSPOT_TOKEN}"})

    def held() -> list[tuple[str | None, str, list[str]]]:
        asked = {"properties": "salesforce_id,firstname", "limit": 100}
        people = http.get("/crm/v3/objects/contacts", params=asked).json()["results"]
        return [
            (one["properties"]["salesforce_id"], one["properties"]["firstname"], at(one["id"]))
            for one in people
        ]

    def at(contact: str) -> list[str]:
        found = http.get(f"/crm/v4/objects/contacts/{contact}/associations/companies").json()["results"]
        return [end["toObjectId"] for end in found]

    def rename(key: str, name: str) -> None:
        url = f"/crm/v3/objects/contacts/{key}?idProperty=salesforce_id"
        http.patch(url, json={"properties": {"firstname": name}}).raise_for_status()

    return {
        "marts": ("contacts", "links", "companies"),
        "people": lambda key, name: (
            f"select '{key}' as _record_key, 'a@example.com' as email, '{name}' as firstname"
        ),
        "link": lambda key, company: (
            f"select '{key}>{company}' as _record_key, 'contacts' as from_object, "
            f"'{key}' as from_key, 'companies' as to_object, '{company}' as to_key, 'primary' as association_type"
        ),
        "held": held,
        "rename": rename,
    }


def _in_intercom(address: str) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {marts.INTERCOM_TOKEN}", "Intercom-Version": "2.14"}
    http = httpx.Client(base_url=address, headers=headers)

    def people() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = http.get("/contacts?per_page=150").json()["data"]
        return found

    def key_of(one: Mapping[str, Any]) -> str | None:
        key: str | None = one["external_id"] or one["custom_attributes"].get("salesforce_id")
        return key

    def held() -> list[tuple[str | None, str, list[str]]]:
        return [(key_of(one), one["name"], [at["id"] for at in one["companies"]["data"]]) for one in people()]

    def rename(key: str, name: str) -> None:
        [contact] = [one["id"] for one in people() if key_of(one) == key]
        http.put(f"/contacts/{contact}", json={"name": name}).raise_for_status()

    def person(key: str, name: str) -> str:
        role = "lead" if key.startswith("00Q") else "user"
        return f"select '{key}' as _record_key, '{role}' as role, 'a@example.com' as email, '{name}' as name"

    return {
        "marts": ("people", "joined", "firms"),
        "people": person,
        "link": lambda key, company: (
            f"select '{key}>{company}' as _record_key, '{key}' as contact_key, '{company}' as company_key"
        ),
        "held": held,
        "rename": rename,
    }


def test_a_converted_leads_record_goes_on_under_the_contacts_key(place: Place) -> None:
    place.fill({LEAD: "Ada"})
    place.found_one(LEAD)
    assert place.load("first").refused == 0
    before, company = place.ledger(), place.ledger("companies")["001A"]

    place.fill({CONTACT: "Ada Byron"})
    place.found_one(CONTACT, LEAD)
    stored = place.plan()
    [shown] = [
        one
        for one in plans.show(place.connection, stored, CONTACT, masked=False)
        if one["object"] == "contacts"
    ]
    done = place.load("second")

    assert (shown["action"], shown["target_id"]) == ("update", before[LEAD])
    assert shown["reason"].endswith(f"former key {LEAD}")
    key = "salesforce_id" if place.target.name == "hubspot" else "external_id"
    assert {"property": key, "from": LEAD, "to": CONTACT} in shown["changes"]
    assert (done.refused, done.failed) == (0, 0)
    assert place.held() == [(CONTACT, "Ada Byron", [company])]
    assert place.ledger() == {CONTACT: before[LEAD]}
    again = place.plan()
    assert (again.plan.to_send, again.plan.to_archive) == (0, 0)


@pytest.mark.parametrize("place", ["hubspot"], indirect=True)
def test_a_row_that_was_refused_is_sent_once_it_is_one_with_what_was_in_the_way(place: Place) -> None:
    place.fill({CONTACT: "Ada"})
    place.load("first")
    place.fill({CONTACT: "Ada", OTHER: "Ada Byron"})
    assert place.load("second").refused == 1

    place.fill({OTHER: "Ada Byron"})
    place.found_one(OTHER, CONTACT)
    assert place.load("third").refused == 0

    assert [(key, name) for key, name, _ in place.held()] == [(OTHER, "Ada Byron")]


@pytest.mark.parametrize("place", ["hubspot"], indirect=True)
def test_a_company_goes_on_under_another_key_with_its_people(place: Place) -> None:
    place.fill({CONTACT: "Ada"}, "001B")
    place.load("first")
    before = place.ledger("companies")

    place.fill({CONTACT: "Ada"}, "001A")
    place.found_one("001A", "001B", object_="companies")
    place.load("second")

    assert place.ledger("companies") == {"001A": before["001B"]}
    assert [companies for *_, companies in place.held()] == [[before["001B"]]]
    assert place.plan().plan.to_send == 0


def test_of_two_former_keys_one_is_taken_over(place: Place) -> None:
    lead = "00Q2"
    place.fill({CONTACT: "Ada"})
    place.found_one(CONTACT)
    place.load("first")
    marts.query(
        place.connection,
        "insert into ops.load_ledger (target, object, record_key, target_id, row_hash, run_id, loaded_at) "
        f"values ('{place.target.name}', 'contacts', '{lead}', '77', 'h', 'r', '2020-01-01')",
    )
    before = place.ledger()

    place.fill({OTHER: "Ada"})
    place.found_one(OTHER, CONTACT, lead)
    place.load("second")

    assert place.ledger() == {OTHER: before[CONTACT], lead: "77"}
    assert place.plan().plan.to_send == 0


def test_what_somebody_changed_under_the_former_key_is_kept(place: Place) -> None:
    place.fill({LEAD: "Ada"})
    place.found_one(LEAD)
    place.load("first")
    place.rename(LEAD, "Countess")

    place.fill({CONTACT: "Ada Byron"})
    place.found_one(CONTACT, LEAD)
    place.load("second")

    assert [(key, name) for key, name, _ in place.held()] == [(CONTACT, "Countess")]


def test_a_record_that_somebody_deleted_is_made_anew_under_the_new_key(place: Place) -> None:
    place.fill({LEAD: "Ada"})
    place.found_one(LEAD)
    place.load("first")
    contacts = next(feed for feed in place.feeds if feed.object == "contacts")
    list(place.target.archive(contacts, [Row(LEAD, None, "archive", place.ledger()[LEAD])]))

    place.fill({CONTACT: "Ada Byron"})
    place.found_one(CONTACT, LEAD)
    place.load("second")

    assert [(key, name) for key, name, _ in place.held()] == [(CONTACT, "Ada Byron")]
    assert place.ledger().keys() == {CONTACT}
