"""Loads that go wrong in every way that a seed can draw, and are killed; then a plain second one: all is as the marts say.

`make soak SOAK=load FROM=1000 SEEDS=500` tries other seeds. A seed that fails says its number: the same one alone shows
the same schedule of faults, though not the same race between threads.
"""

import json
import multiprocessing
import os
import shutil
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC
from pathlib import Path
from typing import Any

import httpx
import pytest

from load.plan import plan
from sandbox.hubspot.faults import BY_HAND
from sandbox.hubspot.faults import MENU as HUBSPOT_MENU
from tests import servers
from tests.load import marts
from tests.soak.embedded_warehouse import EmbeddedWarehouse
from tests.soak.quick_warehouse import TRANSLATED, QuickWarehouse
from tests.soak.world import UNTRUSTING, Warehouse, World, declared, fill, load, load_and_die, opened, world

FIRST = int(os.environ.get("SOAK_FROM") or 0)
# One takes a second of CPU, most of it the planning of its statements.
SEEDS = int(os.environ.get("SOAK_SEEDS") or 200)
# A load takes seconds there, where the quick one takes milliseconds. The third seed has both targets.
EMBEDDED_SEEDS = int(os.environ.get("SOAK_EMBEDDED_SEEDS") or 1)
INJECTED = {fault.refuse for fault in HUBSPOT_MENU if fault.refuse}
PATIENCE_SECONDS = 120

# A server of forks that has imported everything, also what libraries import only when it is used: a child costs some
# milliseconds, not seconds.
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(
    [
        "tests.soak.world",
        "intercom.client",
        "intercom.data_attributes.client",
        "pydantic.type_adapter",
        "hubspot.discovery.crm.properties.discovery",
        "httpcore",
        "pandas",
        "pyarrow.pandas_compat",
        "sqlglot.dialects.snowflake",
        "sqlglot.dialects.duckdb",
    ]
)


@pytest.fixture(scope="module")
def addresses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with (
        servers.running(["sandbox", "hubspot"], tmp_path_factory.mktemp("h"), "/_sandbox/health") as hubspot,
        servers.running(
            ["sandbox", "intercom"], tmp_path_factory.mktemp("i"), "/_sandbox/health"
        ) as intercom,
    ):
        yield {"hubspot": hubspot, "intercom": intercom}


@pytest.fixture(scope="module")
def empty_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("warehouse") / "empty.duckdb"
    QuickWarehouse(path).set_up().close()
    return path


@pytest.fixture(scope="module")
def embedded_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = tmp_path_factory.mktemp("embedded")
    with servers.running(["warehouse", "serve"], home, "/_warehouse/health") as url:
        yield url.rpartition(":")[2]


@pytest.mark.usefixtures("time_for_a_seed")
@pytest.mark.parametrize("seed", range(FIRST, FIRST + SEEDS))
def test_after_a_second_load_the_targets_are_as_the_marts_say(
    seed: int, addresses: dict[str, str], empty_warehouse: Path, tmp_path: Path
) -> None:
    shutil.copy(empty_warehouse, tmp_path / "warehouse.duckdb")
    _soak(seed, addresses, tmp_path, None)


@pytest.mark.parametrize("seed", range(FIRST + 2, FIRST + 2 + EMBEDDED_SEEDS))
def test_so_they_are_with_the_embedded_warehouse(
    seed: int, addresses: dict[str, str], embedded_warehouse: str, tmp_path: Path
) -> None:
    warehouse = EmbeddedWarehouse(embedded_warehouse)
    warehouse.set_up()
    warehouse.close()
    _soak(seed, addresses, tmp_path, embedded_warehouse)


def _soak(seed: int, addresses: dict[str, str], home: Path, port: str | None) -> None:
    made = world(seed)
    sides = [SIDES[name](addresses[name]) for name in made.targets]
    for side in sides:
        side.prepare(made)
    _first_load(made, sides, addresses, home, port)
    warehouse = opened(home, port)
    try:
        load(warehouse, made, addresses, home / "spool", "second")
        attempts = _latest_attempts(warehouse)
        known = _ledger(warehouse)
        for side in sides:
            side.check(made, attempts[side.name], known[side.name])
        again = plan(warehouse, declared(made.targets))
        assert (again.to_send, again.to_archive) == (0, 0), [
            each.feed.label for each in again.feeds if each.to_send
        ]
        assert not [*(home / "spool").glob("*")]
    finally:
        warehouse.close()


def _first_load(
    made: World, sides: list["Side"], addresses: dict[str, str], home: Path, port: str | None
) -> None:
    """Load in a process that is killed, while the targets' faults strike; before it, every other time, a quiet load."""
    warehouse = opened(home, port)
    fill(warehouse, made)
    if made.seed % 2:
        load(warehouse, made, addresses, home / "spool", "quiet")
        made.change()
        fill(warehouse, made)
    warehouse.close()
    for side in sides:
        side.go_wrong(made)
    child = FORKS.Process(target=load_and_die, args=(made, addresses, home, port, TRANSLATED))
    child.start()
    child.join(PATIENCE_SECONDS)
    if child.is_alive():
        # It must not disturb the next seed.
        child.kill()
        pytest.fail(f"the load neither ended nor was killed within {PATIENCE_SECONDS} seconds")
    assert child.exitcode in (0, -9), f"the load neither ended nor was killed: {child.exitcode}"
    for side in sides:
        side.calm()


def _latest_attempts(warehouse: Warehouse) -> dict[str, dict[tuple[str, str], dict[str, Any]]]:
    names = ("target", "object", "record_key", "status", "error_category", "error_message", "kept")
    rows = warehouse.execute(
        f"select {', '.join(names)} from ops.load_attempt "
        "qualify row_number() over (partition by target, object, record_key order by attempted_at desc) = 1"
    ).fetchall()
    latest: dict[str, dict[tuple[str, str], dict[str, Any]]] = defaultdict(dict)
    for row in rows:
        latest[row[0]][row[1], row[2]] = dict(zip(names, row, strict=True))
    return latest


def _ledger(warehouse: Warehouse) -> dict[str, dict[tuple[str, str], str]]:
    rows = warehouse.execute("select target, object, record_key, target_id from ops.load_ledger").fetchall()
    known: dict[str, dict[tuple[str, str], str]] = defaultdict(dict)
    for target, object_, key, target_id in rows:
        assert (object_, key) not in known[target], "the ledger has a record twice"
        known[target][object_, key] = target_id
    return known


class Side:
    """One target as the test sees it: how to make it go wrong, and what it holds, asked of its API."""

    name = ""
    token = ""

    def __init__(self, address: str) -> None:
        headers = {"Authorization": f"Bearer {self.token}", "Intercom-Version": "2.14"}
        self.http = httpx.Client(base_url=address, headers=headers, verify=UNTRUSTING)
        self.events: set[str] = set()

    def ask(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        answer = self.http.request(method, path, json=body, params=query or None)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def prepare(self, made: World) -> None:
        raise NotImplementedError

    def check(self, made: World, attempts: dict[tuple[str, str], dict[str, Any]], known: Any) -> None:
        raise NotImplementedError

    def go_wrong(self, made: World) -> None:
        asked = {"seed": made.seed, "count": made.faults, "calls": 30}
        planned = self.ask("POST", "/_sandbox/faults", asked)["faults"]
        self.events = {fault["event"] for fault in planned} | {fault["refuse"] for fault in planned}

    def calm(self) -> None:
        self.ask("DELETE", "/_sandbox/faults")

    def people_meddled(self) -> bool:
        """Say whether somebody archived or merged contacts."""
        return bool({"contacts_merged", "contact_merged", "contact_archived"} & self.events)

    def addresses_of_others(
        self, made: World, table: str, attempts: Mapping[tuple[str, str], Any]
    ) -> set[str]:
        """Give the addresses of people who were entered by hand and are not taken over: theirs were refused."""
        refused = {key for (_, key), attempt in attempts.items() if attempt["status"] == "refused"}
        entered = {made.tables[table][key].get("email", "") for key in refused & made.tables[table].keys()}
        return {row["email"] for row in made.before} | (entered if self.somebody_entered_people else set())

    @property
    def somebody_entered_people(self) -> bool:
        return any(event.startswith("contact_entered") for event in self.events)

    def left_alone(self, attempt: dict[str, Any], held: Mapping[str, Any]) -> set[str]:
        """Give the properties that were kept as somebody changed them: by an edit, or by a merge, which fills gaps."""
        kept = set(json.loads(attempt["kept"] or "[]"))
        edited = "contact_edited" in self.events
        assert not kept or edited or self.people_meddled(), "nobody changed anything by hand"
        by_hand = {name for name in kept if held.get(name) == BY_HAND}
        assert by_hand == kept or self.people_meddled(), "what was kept is not what somebody wrote"
        return kept

    def check_refused(self, made: World, key: str, attempt: dict[str, Any]) -> None:
        """A refusal has a reason that the test knows of."""
        category = attempt["error_category"]
        assert category
        assert attempt["error_message"]
        assert (
            key in made.odd
            or (category in INJECTED and category in self.events)
            or (self.people_meddled() and category in ("MERGED", "CONFLICT", "conflict"))
            or (self.somebody_entered_people and category in ("CONFLICT", "conflict"))
        ), (key, attempt)


class HubSpotSide(Side):
    name = "hubspot"
    token = marts.HUBSPOT_TOKEN

    def prepare(self, made: World) -> None:
        self.ask("POST", "/_sandbox/reset")
        self.ask("POST", "/_sandbox/limits", {"ten_secondly": 1_000_000, "daily": 10_000_000})
        emails = {row["email"] for row in made.before} - {"no address"}
        inputs = [{"properties": {"email": email, "firstname": "Before"}} for email in sorted(emails)]
        self.ask("POST", "/crm/v3/objects/contacts/batch/create", {"inputs": inputs})

    def check(self, made: World, attempts: dict[tuple[str, str], dict[str, Any]], known: Any) -> None:
        ids = {kind: self._check_records(made, kind, attempts, known) for kind in ("companies", "contacts")}
        self._check_links(made, ids, attempts)

    def _check_records(
        self, made: World, kind: str, attempts: dict[tuple[str, str], dict[str, Any]], known: Any
    ) -> dict[str, str]:
        names = {name for row in made.tables[kind].values() for name in row}
        found = self._all(kind, names)
        keyed = {
            each["properties"]["salesforce_id"]: each for each in found if each["properties"]["salesforce_id"]
        }
        counted = Counter(each["properties"]["salesforce_id"] for each in found)
        assert all(times == 1 for key, times in counted.items() if key), "a record is there twice"
        assert keyed.keys() <= made.tables[kind].keys()
        strangers = {
            each["properties"].get("email") for each in found if not each["properties"]["salesforce_id"]
        }
        assert strangers <= self.addresses_of_others(made, kind, attempts), "a record without a key was made"
        for key, row in made.tables[kind].items():
            attempt = attempts[kind, key]
            if attempt["status"] == "refused":
                self.check_refused(made, key, attempt)
            elif key in keyed:
                assert attempt["status"] == "succeeded"
                held = keyed[key]["properties"]
                names = row.keys() - self.left_alone(attempt, held) - {self._edited_since(held)}
                assert {name: held[name] for name in names} == {name: _text(row[name]) for name in names}, key
                assert known[kind, key] == keyed[key]["id"]
            else:
                assert kind == "contacts"
                assert self.people_meddled(), f"{key} is missing"
        return {key: each["id"] for key, each in keyed.items()}

    def _edited_since(self, held: Mapping[str, Any]) -> str:
        """Name what somebody changed in a record that had no reason to be sent since."""
        return "lastname" if held.get("lastname") == BY_HAND and "contact_edited" in self.events else ""

    def _check_links(
        self, made: World, ids: dict[str, dict[str, str]], attempts: dict[tuple[str, str], dict[str, Any]]
    ) -> None:
        inputs = [{"id": hubspot_id} for hubspot_id in ids["contacts"].values()]
        path = "/crm/v4/associations/contacts/companies/batch/read"
        results = self.ask("POST", path, {"inputs": inputs})["results"] if inputs else []
        there = {(each["from"]["id"], end["toObjectId"]) for each in results for end in each["to"]}
        for key, row in made.tables["links"].items():
            ends = ids["contacts"].get(row["from_key"]), ids["companies"].get(row["to_key"])
            if None in ends or attempts["contacts", row["from_key"]]["status"] == "refused":
                continue
            attempt = attempts["associations", key]
            if attempt["status"] == "refused":
                self.check_refused(made, key, attempt)
                continue
            assert attempt["status"] == "succeeded", attempt
            assert ends in there or self.people_meddled(), f"{key} is not linked"

    def _all(self, kind: str, names: set[str]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask(
            "GET", f"/crm/v3/objects/{kind}", limit=100, properties=",".join({*names, "salesforce_id"})
        )["results"]
        return found


def _text(value: Any) -> str | None:
    """Write a value as HubSpot gives it back."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else str(value)
    return str(value)


class IntercomSide(Side):
    name = "intercom"
    token = marts.INTERCOM_TOKEN

    def prepare(self, made: World) -> None:
        self.ask("POST", "/_sandbox/reset")
        self.ask("POST", "/_sandbox/limits", {"requests_per_minute": 6_000_000})
        self.ask("POST", "/_sandbox/latency", {"search_lag_seconds": made.search_lag})
        for n, email in enumerate(sorted({row["email"] for row in made.before} - {"no address"})):
            contact = self.ask("POST", "/contacts", {"role": "user", "email": email, "name": "Before"})
            if n == 0:
                self.ask("POST", f"/contacts/{contact['id']}/archive")

    def calm(self) -> None:
        """Restore an attribute that somebody archived, too: the load says that this has to be done first."""
        super().calm()
        listed = self.ask("GET", "/data_attributes", model="contact", include_archived="true")["data"]
        for attribute in listed:
            if attribute.get("archived"):
                self.ask("PUT", f"/data_attributes/{attribute['id']}", {"archived": False})

    def check(self, made: World, attempts: dict[tuple[str, str], dict[str, Any]], known: Any) -> None:
        found = self.ask("GET", "/contacts", per_page=150)["data"]
        counted = Counter(each["external_id"] for each in found)
        assert all(times == 1 for key, times in counted.items() if key), "a contact is there twice"
        keyed = {each["external_id"]: each for each in found if each["external_id"]}
        assert keyed.keys() <= made.tables["people"].keys()
        strangers = {each["email"] for each in found if not each["external_id"]}
        assert strangers <= self.addresses_of_others(made, "people", attempts), (
            "a contact without a key was made"
        )
        companies = {key: self._company(key, row, known) for key, row in made.tables["firms"].items()}
        for key, row in made.tables["people"].items():
            attempt = attempts["contacts", key]
            if attempt["status"] == "refused":
                self.check_refused(made, key, attempt)
            elif key in keyed:
                assert attempt["status"] == "succeeded"
                self._check_contact(keyed[key], row, attempt)
                assert known["contacts", key] == keyed[key]["id"]
                company = companies[made.tables["joined"][f"j-{key}"]["company_key"]]
                self._check_attached(made, keyed[key]["id"], company, attempts["attachments", f"j-{key}"])
                self._check_note(made, keyed[key]["id"], f"n-{key}")
            else:
                assert self.people_meddled(), f"{key} is missing"
        time.sleep(made.search_lag)
        self._check_tickets(made, attempts, known)

    def _check_tickets(
        self, made: World, attempts: dict[tuple[str, str], dict[str, Any]], known: Any
    ) -> None:
        body = {
            "query": {"field": "created_at", "operator": ">", "value": 0},
            "pagination": {"per_page": 150},
        }
        found = self.ask("POST", "/tickets/search", body)["tickets"]
        keyed = {each["ticket_attributes"]["salesforce_id"]: each for each in found}
        assert len(keyed) == len(found), "a ticket is there twice"
        for key, row in made.tables["requests"].items():
            if attempts["contacts", row["contact_key"]]["status"] == "refused" and key not in keyed:
                continue
            assert attempts["tickets", key]["status"] == "succeeded"
            self._check_ticket(keyed[key], row)
            assert known["tickets", key] == keyed[key]["id"]
            said = f"m-{key.removeprefix('500-')}"
            parts = keyed[key]["ticket_parts"]["ticket_parts"]
            assert _marked(parts, said) == (said in made.tables["said"])

    def _check_note(self, made: World, contact: str, key: str) -> None:
        """A note is there once; who merged or archived its contact may have taken it away."""
        times = _marked(self.ask("GET", f"/contacts/{contact}/notes")["data"], key)
        assert times == (key in made.tables["remarks"]) or (self.people_meddled() and times == 0), key

    def _check_ticket(self, ticket: dict[str, Any], row: dict[str, Any]) -> None:
        assert ticket["ticket_type"]["name"] == row["ticket_type"]
        assert ticket["ticket_state"]["internal_label"] == row["ticket_state"]
        assert ticket["ticket_attributes"]["_default_title_"] == row["title"]
        assert ticket["ticket_attributes"]["request_origin"] == row["request_origin"]
        assert ticket["created_at"] == int(row["created_at"].replace(tzinfo=UTC).timestamp())

    def _company(self, key: str, row: dict[str, Any], known: Any) -> str:
        company = self.ask("GET", "/companies", company_id=key)
        assert (company["name"], company["size"]) == (row["name"], row["size"])
        assert company["custom_attributes"] == {"firm_tier": row["firm_tier"]}
        assert known["companies", key] == company["id"]
        return str(company["id"])

    def _check_contact(self, contact: dict[str, Any], row: dict[str, Any], attempt: dict[str, Any]) -> None:
        edited = contact["name"] == BY_HAND and "contact_edited" in self.events
        names = (
            {"role", "email", "name"} - self.left_alone(attempt, contact) - ({"name"} if edited else set())
        )
        assert {name: contact[name] for name in names} == {name: row[name] for name in names}
        assert contact["custom_attributes"] == {"person_score": row["person_score"]}

    def _check_attached(self, made: World, contact: str, company: str, attempt: dict[str, Any]) -> None:
        if attempt["status"] == "refused":
            self.check_refused(made, attempt["record_key"], attempt)
            return
        assert attempt["status"] == "succeeded", attempt
        attached = [each["id"] for each in self.ask("GET", f"/contacts/{contact}/companies")["data"]]
        assert company in attached or self.people_meddled()


def _marked(messages: Sequence[Mapping[str, Any]], key: str) -> int:
    """Count the messages that carry a key of ours."""
    return sum(f"[Salesforce {key}]" in (each.get("body") or "") for each in messages)


SIDES: dict[str, type[Side]] = {"hubspot": HubSpotSide, "intercom": IntercomSide}


def test_the_soak_notices_what_is_wrong(addresses: dict[str, str], tmp_path: Path) -> None:
    """A value changed behind the loader's back, a record that vanished and one made twice are each found."""
    made = world(0)
    side = HubSpotSide(addresses["hubspot"])
    side.prepare(made)
    warehouse = QuickWarehouse(tmp_path / "warehouse.duckdb").set_up()
    fill(warehouse, made)
    load(warehouse, made, addresses, tmp_path / "spool", "only")
    attempts, known = _latest_attempts(warehouse)["hubspot"], _ledger(warehouse)["hubspot"]
    warehouse.close()
    side.check(made, attempts, known)
    hubspot_id = known["companies", "001-0"]
    path = f"/crm/v3/objects/companies/{hubspot_id}"

    side.ask("PATCH", path, {"properties": {"name": "Changed"}})
    with pytest.raises(AssertionError, match="001-0"):
        side.check(made, attempts, known)
    side.ask("PATCH", path, {"properties": {"name": "Firm 0"}})
    side.check(made, attempts, known)

    side.ask("DELETE", path)
    with pytest.raises(AssertionError):
        side.check(made, attempts, known)
