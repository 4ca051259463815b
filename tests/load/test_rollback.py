"""A load over what the targets held before, undone: afterwards they hold it again, and nothing else."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

import extract.hubspot
import extract.intercom
from load import backup
from load.apply import apply
from load.feeds import Feed, feeds
from load.hubspot import HubSpot
from load.intercom import Intercom
from load.plan import plan
from load.reversal import RolledBack, later_runs
from load.rollback import Rollback
from load.target import LoadError, Row
from tests.load import marts
from tests.servers import REPOSITORY

PAIRS = [("contacts", "companies")]
WHEN = "2024-03-01T09:30:00"
TYPES = {"hs_timestamp": "timestamp_ntz"}
# What a record of each other kind is called, and what HubSpot asks for besides.
KINDS: dict[str, tuple[str, dict[str, str]]] = {
    "products": ("name", {}),
    "deals": ("dealname", {}),
    "line_items": ("name", {}),
    "tickets": ("subject", {"hs_pipeline_stage": "1"}),
    "notes": ("hs_note_body", {"hs_timestamp": WHEN}),
    "tasks": ("hs_task_subject", {"hs_timestamp": WHEN}),
    "calls": ("hs_call_title", {"hs_timestamp": WHEN}),
    "meetings": ("hs_meeting_title", {"hs_timestamp": WHEN}),
    "emails": ("hs_email_subject", {"hs_timestamp": WHEN, "hs_email_direction": "EMAIL"}),
}


class World:
    """Both targets with records of their own, a warehouse with marts, and what can be done with them."""

    def __init__(
        self,
        connection: Any,
        feeds: list[Feed],
        addresses: tuple[str, str],
        folder: Path,
    ) -> None:
        self.connection = connection
        self.feeds = feeds
        self.folder = folder
        self.pairs = PAIRS
        self.hubspot = _client(addresses[0], marts.HUBSPOT_TOKEN)
        self.intercom = _client(addresses[1], marts.INTERCOM_TOKEN)
        self._addresses = addresses

    def back_up(self, run_id: str) -> None:
        """Do what `migrate backup` does."""
        account = extract.hubspot.Account(marts.HUBSPOT_TOKEN, self._addresses[0])
        workspace = extract.intercom.Workspace(marts.INTERCOM_TOKEN, self._addresses[1])
        where = {"run_id": run_id, "landing_dir": self.folder / "landing"}
        objects = {
            feed.object: [feed.key, *(column.name for column in feed.columns)]
            for feed in self.feeds
            if feed.target == "hubspot" and feed.kind == "record"
        }
        extract.hubspot.read(
            account, self.connection, objects, pairs=self.pairs, key=None, strangers=True, **where
        )
        extract.intercom.read(workspace, self.connection, ours=False, **where)
        for part in backup.parts(self.feeds):
            backup.keep(self.connection, run_id, part, "read")

    def targets(self) -> dict[str, Any]:
        """Give new clients, as a new process would: they know nothing of what was done before."""
        return {
            "hubspot": HubSpot(self._addresses[0], marts.HUBSPOT_TOKEN),
            "intercom": Intercom(self._addresses[1], marts.INTERCOM_TOKEN, search_lag=0),
        }

    def load(self, run_id: str) -> Any:
        return apply(
            self.connection,
            plan(self.connection, self.feeds),
            self.targets(),
            run_id=run_id,
            spool_dir=self.folder / "spool",
        )

    def roll_back(
        self, run_id: str, name: str = "back", feeds: list[Feed] | None = None, **asked: Any
    ) -> RolledBack:
        work = Rollback(self.connection, self.targets(), run_id, name, self.folder / "spool", **asked)
        return work.carry_out(feeds or self.feeds)

    def held(self) -> dict[str, Any]:
        """Give all that both targets hold, without what every write moves."""
        found: dict[str, Any] = {}
        for name in ("contacts", "companies"):
            asked = {"properties": ",".join(self._properties(name)), "limit": 100}
            for one in self.hubspot.get(f"/crm/v3/objects/{name}", params=asked).json()["results"]:
                found[f"hubspot {name} {one['id']}"] = {
                    key: value for key, value in one["properties"].items() if value and "modified" not in key
                }
                if name == "contacts":
                    links = self.hubspot.get(
                        f"/crm/v4/objects/contacts/{one['id']}/associations/companies"
                    ).json()
                    found[f"links {one['id']}"] = {
                        end["toObjectId"]: sorted(kind["typeId"] for kind in end["associationTypes"])
                        for end in links["results"]
                    }
        for one in self.intercom.get("/contacts", params={"per_page": 150}).json()["data"]:
            found[f"intercom contact {one['id']}"] = _still(one)
        for one in self.intercom.post("/companies/list", json={}).json()["data"]:
            found[f"intercom company {one['id']}"] = _still(one)
        return found

    def called(self) -> dict[str, list[str]]:
        """Give what HubSpot's records of the other kinds are called."""
        return {
            kind: [
                one["properties"][name]
                for one in self.hubspot.get(f"/crm/v3/objects/{kind}", params={"properties": name}).json()[
                    "results"
                ]
            ]
            for kind, (name, _) in KINDS.items()
        }

    def desk(self) -> dict[str, Any]:
        """Give Intercom's tickets, tags, and who carries one."""
        query = {"query": {"field": "created_at", "operator": ">", "value": 0}}
        people = self.intercom.get("/contacts", params={"per_page": 150}).json()["data"]
        return {
            "tickets": [
                (each["id"], each["ticket_attributes"], each["ticket_state"]["id"])
                for each in self.intercom.post("/tickets/search", json=query).json()["tickets"]
            ],
            "tags": [each["name"] for each in self.intercom.get("/tags").json()["data"]],
            "tagged": sorted(each["id"] for each in people if each["tags"]["data"]),
        }

    def _properties(self, name: str) -> list[str]:
        return [each["name"] for each in self.hubspot.get(f"/crm/v3/properties/{name}").json()["results"]]


@pytest.fixture
def world(
    connection: Any,
    declared: list[Feed],
    hubspot: HubSpot,
    intercom: Intercom,
    hubspot_address: str,
    intercom_address: str,
    tmp_path: Path,
) -> World:
    for table in ("backup", "backup_part", "reversal", "reversal_record"):
        marts.query(connection, f"delete from ops.{table}")
    made = World(connection, declared, (hubspot_address, intercom_address), tmp_path)
    _before(made)
    _marts(connection)
    return made


def _before(world: World) -> None:
    """Put records into both targets as a company has them before it migrates: ours among others'."""
    made = {}
    for name, properties in {
        "ada": {"email": "ada@example.com", "firstname": "A.", "lastname": "Byron", "jobtitle": "Countess"},
        "bob": {"email": "bob@example.com", "firstname": "Bob"},
    }.items():
        made[name] = world.hubspot.post("/crm/v3/objects/contacts", json={"properties": properties}).json()[
            "id"
        ]
    for name in ("Old", "Older"):
        made[name] = world.hubspot.post(
            "/crm/v3/objects/companies",
            json={"properties": {"name": name, "domain": f"{name.lower()}.example"}},
        ).json()["id"]
    for start, end, kind in (("ada", "Old", 1), ("ada", "Older", 279), ("bob", "Old", 1)):
        world.hubspot.put(
            f"/crm/v4/objects/contacts/{made[start]}/associations/companies/{made[end]}",
            json=[{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": kind}],
        ).raise_for_status()
    ada, bob = (
        world.intercom.post(
            "/contacts", json={"role": "user", "email": f"{name}@example.com", "name": name}
        ).json()["id"]
        for name in ("ada", "bob")
    )
    firm = world.intercom.post(
        "/companies", json={"company_id": "F1", "name": "Firm of old", "size": 3}
    ).json()["id"]
    for contact in (ada, bob):
        world.intercom.post(f"/contacts/{contact}/companies", json={"id": firm}).raise_for_status()


def _marts(connection: Any) -> None:
    """Fill the marts: Ada is in both targets already, Cyd is new; Ada's company is another one than before."""
    marts.fill(
        connection,
        "contacts",
        "email, firstname, lastname, salesforce_score",
        "select '003A' as _record_key, 'ada@example.com' as email, 'Ada' as firstname, 'Lovelace' as lastname, "
        "1.5 as salesforce_score union all select '003C', 'cyd@example.com', 'Cyd', null, 2",
    )
    marts.fill(
        connection,
        "companies",
        "name, domain",
        "select '001N' as _record_key, 'New' as name, 'new.example' as domain",
    )
    marts.fill(
        connection,
        "links",
        "from_object, from_key, to_object, to_key, association_type",
        "select key as _record_key, 'contacts' as from_object, from_key, 'companies' as to_object, '001N' as to_key, "
        "'primary' as association_type from (select 'L1' as key, '003A' as from_key union all select 'L2', '003C') as links",
    )
    marts.fill(
        connection,
        "people",
        "role, email, name, person_score",
        "select '003A' as _record_key, 'user' as role, 'ada@example.com' as email, 'Ada Lovelace' as name, "
        "1.5 as person_score union all select '003C', 'user', 'cyd@example.com', 'Cyd', 2",
    )
    marts.fill(
        connection,
        "firms",
        "name, size, firm_tier",
        "select 'F1' as _record_key, 'Firm' as name, 30 as size, 'gold' as firm_tier union all select 'F2', 'Second', 2, 'iron'",
    )
    marts.fill(
        connection,
        "joined",
        "contact_key, company_key",
        "select 'J1' as _record_key, '003A' as contact_key, 'F2' as company_key union all select 'J2', '003C', 'F1' "
        "union all select 'J3', '003A', 'F1'",
    )


def _outcomes(undone: RolledBack) -> set[str]:
    return {outcome for _, _, outcome in undone.counts}


def test_what_was_there_is_there_again_and_nothing_else(world: World) -> None:
    before = world.held()
    world.back_up("run")
    wanted = plan(world.connection, world.feeds)
    applied = world.load("run")
    assert (applied.failed, applied.refused) == (0, 0)
    loaded = world.held()
    assert loaded != before

    dry = world.roll_back("run", dry_run=True)

    assert dry.counts["hubspot", "contacts", "to undo"] == 2
    assert world.held() == loaded
    assert marts.query(world.connection, "select count(*) from ops.reversal") == [(0,)]

    undone = world.roll_back("run")

    assert _outcomes(undone) == {"undone"}
    assert undone.exceptions == []
    assert world.held() == before
    listed = "select outcome, count(*) from ops.reversal_record group by outcome"
    assert marts.query(world.connection, listed) == [("undone", sum(undone.counts.values()))]
    # The next load would do what this one did.
    assert marts.query(world.connection, "select count(*) from ops.load_ledger") == [(0,)]
    assert plan(world.connection, world.feeds) == wanted
    # Undone twice is undone once.
    assert _outcomes(world.roll_back("run", "again")) == {"undone"}
    assert world.held() == before


def test_what_somebody_changed_since_is_left_and_listed(world: World) -> None:
    world.back_up("run")
    world.load("run")
    chosen = [feed for feed in world.feeds if feed.label == "intercom companies"]
    assert {(target, name) for target, name, _ in world.roll_back("run", "some", feeds=chosen).counts} == {
        ("intercom", "companies")
    }
    ids = dict(
        marts.query(
            world.connection,
            "select target || ' ' || record_key, target_id from ops.load_ledger where object = 'contacts'",
        )
    )
    _patch(
        world.hubspot, f"/crm/v3/objects/contacts/{ids['hubspot 003A']}", {"properties": {"lastname": "King"}}
    )
    _patch(
        world.hubspot,
        f"/crm/v3/objects/contacts/{ids['hubspot 003C']}",
        {"properties": {"lastname": "Charisse"}},
    )
    world.intercom.put(f"/contacts/{ids['intercom 003C']}", json={"name": "Cyd C."}).raise_for_status()

    undone = world.roll_back("run")

    kept = {(one.target, one.record_key): one.kept for one in undone.exceptions if one.object == "contacts"}
    assert kept == {
        ("hubspot", "003A"): ("lastname",),
        ("hubspot", "003C"): ("lastname",),
        ("intercom", "003C"): ("name",),
    }
    assert {one.outcome for one in undone.exceptions} == {"kept"}
    ada = world.hubspot.get(
        f"/crm/v3/objects/contacts/{ids['hubspot 003A']}",
        params={"properties": "firstname,lastname,salesforce_id"},
    ).json()["properties"]
    assert (ada["firstname"], ada["lastname"], ada["salesforce_id"]) == ("A.", "King", None)
    assert world.hubspot.get(f"/crm/v3/objects/contacts/{ids['hubspot 003C']}").status_code == 200

    forced = world.roll_back("run", "forced", even_if_changed=True)
    assert _outcomes(forced) == {"undone"}
    assert world.hubspot.get(f"/crm/v3/objects/contacts/{ids['hubspot 003C']}").status_code == 404


def test_a_key_that_moved_moves_back(world: World) -> None:
    world.back_up("one")
    world.load("one")
    world.back_up("two")
    before = world.held()
    listed = "select target, object, record_key, target_id, row_hash from ops.load_ledger order by 1, 2, 3"
    ledger = marts.query(world.connection, listed)
    for table in ("contacts", "people"):
        marts.query(
            world.connection, f"update marts_test.{table} set _record_key = '0030' where _record_key = '003A'"
        )
    marts.found_one(world.connection, "contacts", "0030", "003A")
    world.load("two")
    assert world.held() != before

    undone = world.roll_back("two")

    assert {one.object for one in undone.exceptions} <= {"associations", "attachments"}
    assert world.held() == before
    assert marts.query(world.connection, listed) == ledger


def test_runs_are_undone_newest_first(world: World) -> None:
    world.back_up("one")
    world.load("one")
    after_one = world.held()
    ledger = "select target, object, record_key, target_id, row_hash from ops.load_ledger order by 1, 2, 3"
    known = marts.query(world.connection, ledger)
    world.back_up("two")
    marts.query(
        world.connection, "update marts_test.contacts set firstname = 'Augusta' where _record_key = '003A'"
    )
    marts.rehash(world.connection, "contacts", "email, firstname, lastname, salesforce_score")
    marts.query(world.connection, "delete from marts_test.joined where _record_key = 'J3'")
    world.feeds = [replace(feed, when_deleted="archive") for feed in world.feeds]
    world.load("two")
    assert world.held() != after_one
    assert later_runs(world.connection, "one", ["hubspot", "intercom"]) == ["two"]
    assert later_runs(world.connection, "two", ["hubspot", "intercom"]) == []

    assert _outcomes(world.roll_back("two")) == {"undone"}

    assert world.held() == after_one
    assert marts.query(world.connection, ledger) == known
    assert later_runs(world.connection, "one", ["hubspot", "intercom"]) == []
    with pytest.raises(LoadError, match="wrote nothing"):
        later_runs(world.connection, "never", ["hubspot"])


def test_of_every_kind_of_record_what_was_written_over_is_back(world: World) -> None:
    declared = marts.manifest(
        *(
            (
                marts.exposure(
                    f"hubspot_{kind}", kind, target="hubspot", object=kind, key="salesforce_id", order=order
                ),
                marts.model(kind, [(name, TYPES.get(name, "varchar"), None) for name in (called, *others)]),
            )
            for order, (kind, (called, others)) in enumerate(KINDS.items())
        )
    )
    marts.create_tables(world.connection, declared)
    world.feeds, world.pairs = feeds(declared), []
    for kind, (called, others) in KINDS.items():
        columns = ", ".join((called, *others))
        values = ", ".join(f"'{value}' as {name}" for name, value in {called: "as it was", **others}.items())
        marts.fill(world.connection, kind, columns, f"select '{kind}' as _record_key, {values}")
    empty = {kind: [] for kind in KINDS}
    assert world.called() == empty
    world.back_up("one")
    assert world.load("one").as_dict()["targets"]["hubspot"]["records"] == len(KINDS)
    for kind, (called, others) in KINDS.items():
        marts.query(world.connection, f"update marts_test.{kind} set {called} = 'anew'")
        marts.rehash(world.connection, kind, ", ".join((called, *others)))
    world.back_up("two")
    world.load("two")
    assert world.called() == {kind: ["anew"] for kind in KINDS}

    assert _outcomes(world.roll_back("two")) == {"undone"}
    assert world.called() == {kind: ["as it was"] for kind in KINDS}

    assert world.roll_back("one").exceptions == []
    assert world.called() == empty


def test_tickets_and_tags_go_back_and_a_merge_is_listed(world: World) -> None:
    fill = partial(marts.fill, world.connection)
    fill("people", "role, email", "select '00QA' as _record_key, 'lead' as role, 'dee@example.com' as email")
    asked = "contact_key, ticket_type, ticket_state, title"
    fill(
        "requests",
        asked,
        "select '500A' as _record_key, '003A' as contact_key, 'Question' as ticket_type, "
        "'Submitted' as ticket_state, 'Help' as title",
    )
    fill("labels", "name", "select 'webinar' as _record_key, 'Webinar' as name")
    fill("labelled", "tagged_object, tagged_key, tag_key", _tagged("003A"))
    world.back_up("one")
    world.load("one")
    made = world.desk()
    world.back_up("two")
    marts.query(world.connection, "update marts_test.requests set title = 'Help!'")
    marts.rehash(world.connection, "requests", asked)
    fill("labelled", "tagged_object, tagged_key, tag_key", _tagged("003C"))
    fill(
        "merged",
        "lead_key, user_key",
        "select '00QA>003C' as _record_key, '00QA' as lead_key, '003C' as user_key",
    )
    marts.query(world.connection, "delete from marts_test.people where _record_key = '00QA'")
    applied = world.load("two")
    assert (applied.failed, applied.refused) == (0, 0)
    assert world.desk() != made

    undone = world.roll_back("two")

    # What was merged in Intercom stays merged; all else is as before.
    assert [(one.object, one.record_key, one.outcome) for one in undone.exceptions] == [
        ("merges", "00QA>003C", "impossible")
    ]
    assert world.desk() == made

    undone = world.roll_back("one")

    # The lead went with the contact into which it was merged.
    assert undone.exceptions == []
    assert world.desk() == {"tickets": [], "tags": [], "tagged": []}


def test_a_note_goes_with_the_contact_that_was_made_for_it(world: World) -> None:
    marts.fill(
        world.connection,
        "remarks",
        "contact_key, body",
        "select 'N1' as _record_key, '003A' as contact_key, '<p>Called [Salesforce N1]</p>' as body "
        "union all select 'N2', '003C', '<p>Wrote [Salesforce N2]</p>'",
    )
    world.back_up("run")
    applied = world.load("run")
    assert (applied.failed, applied.refused) == (0, 0)

    undone = world.roll_back("run")

    # Ada was there before, so her note stays, and Intercom's API deletes none.
    assert [(one.object, one.record_key, one.outcome) for one in undone.exceptions] == [
        ("contact_notes", "N1", "impossible")
    ]
    assert "by hand" in undone.exceptions[0].reason
    left = "select object, record_key from ops.load_ledger"
    assert marts.query(world.connection, left) == [("contact_notes", "N1")]


def _tagged(key: str) -> str:
    return (
        f"select 'webinar>contacts:{key}' as _record_key, 'contacts' as tagged_object, '{key}' as tagged_key, "
        "'webinar' as tag_key"
    )


def test_a_rollback_that_was_killed_goes_on(
    world: World, hubspot_address: str, warehouse_address: str
) -> None:
    marts.query(world.connection, "delete from marts_test.contacts")
    numbers = f"({marts.numbers(80)}) as made"
    marts.fill(
        world.connection,
        "contacts",
        "email, firstname",
        f"select 'K' || lpad(n::varchar, 3, '0') as _record_key, 'k' || n || '@example.com' as email, 'Kit' as firstname from {numbers}",
    )
    old = [{"properties": {"email": f"k{number}@example.com", "firstname": "Old"}} for number in range(1, 41)]
    world.hubspot.post("/crm/v3/objects/contacts/batch/create", json={"inputs": old}).raise_for_status()
    world.feeds = [feed for feed in world.feeds if feed.target == "hubspot"]
    before = world.held()
    world.back_up("run")
    world.load("run")
    httpx.post(f"{hubspot_address}/_sandbox/limits", json={"latency_ms": 60}).raise_for_status()

    done = _killed_at(30, hubspot_address, warehouse_address, world.folder / "spool")

    httpx.post(f"{hubspot_address}/_sandbox/limits", json={"latency_ms": 0}).raise_for_status()
    assert done < 80
    half = world.held()
    assert half != before
    undone = world.roll_back("run")
    assert _outcomes(undone) == {"undone"}
    assert world.held() == before
    assert marts.query(world.connection, "select count(*) from ops.load_ledger") == [(0,)]


def _killed_at(records: int, hubspot_address: str, warehouse_address: str, spool_dir: Path) -> int:
    """Undo in a process of its own and kill it after so many records; give the number that it had answers for."""
    command = [sys.executable, "-m", "tests.load.roll_back_once", hubspot_address, str(spool_dir)]
    environment = {**os.environ, "WAREHOUSE_PORT": warehouse_address.rpartition(":")[2]}
    with subprocess.Popen(
        command, cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("hubspot contacts") and (done := int(line.split()[-1])) >= records:
                process.kill()
                process.communicate()
                return done
    raise AssertionError("the rollback ended before it could be killed")


def test_a_lifecycle_stage_goes_back_too(
    hubspot: HubSpot, hubspot_address: str, declared: list[Feed]
) -> None:
    client = _client(hubspot_address, marts.HUBSPOT_TOKEN)
    made = {"email": "ada@example.com", "lifecyclestage": "customer"}
    contact = client.post("/crm/v3/objects/contacts", json={"properties": made}).json()["id"]
    feed = next(feed for feed in declared if feed.label == "hubspot contacts")
    row = Row("003A", None, "restore", contact, {"lifecyclestage": "lead"})

    [[result]] = hubspot.restore(feed, [row])

    assert result.status == "succeeded"
    held = client.get(f"/crm/v3/objects/contacts/{contact}", params={"properties": "lifecyclestage"}).json()
    assert held["properties"]["lifecyclestage"] == "lead"


def test_without_a_backup_from_before_nothing_is_undone(
    connection: Any, declared: list[Feed], tmp_path: Path
) -> None:
    marts.query(connection, "delete from ops.backup_part")
    marts.query(
        connection,
        "insert into ops.load_attempt (run_id, target, object, record_key, action, status, attempted_at) "
        "select 'run', 'hubspot', 'contacts', '003A', 'create', 'succeeded', sysdate()",
    )
    with pytest.raises(LoadError, match="no backup of hubspot"):
        Rollback(connection, {}, "run", "back", tmp_path).carry_out(declared)


def _client(address: str, token: str) -> httpx.Client:
    headers = {"Authorization": f"Bearer {token}", "Intercom-Version": "2.14"}
    return httpx.Client(base_url=address, headers=headers, timeout=30)


def _patch(client: httpx.Client, path: str, body: Mapping[str, Any]) -> None:
    client.patch(path, json=dict(body)).raise_for_status()


def _still(one: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what every write moves, and put in order what has none."""
    still = {key: value for key, value in one.items() if key not in ("updated_at", "last_request_at")}
    if isinstance(companies := still.get("companies"), dict):
        still["companies"] = {
            **companies,
            "data": sorted(companies["data"], key=lambda each: str(each["id"])),
        }
    return still
