"""One world of the soak, all of it drawn from a seed: marts, what the targets hold before, and how the load is ended."""

import logging
import os
import random
import signal
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import stamina
import structlog

from load import ledger, planning, plans
from load.apply import apply
from load.feeds import Feed, feeds
from load.hubspot import HubSpot
from load.hubspot.calls import Calls
from load.intercom import Intercom
from load.intercom.wire import Wire
from load.ledger import Spool, replay
from load.pacing import Limiter
from load.plan import Plan
from load.planning import Reading
from load.target import LoadError, Target
from tests.load import marts
from tests.soak.embedded_warehouse import EmbeddedWarehouse
from tests.soak.quick_warehouse import TRANSLATED, QuickWarehouse

TARGETS = (("hubspot",), ("intercom",), ("hubspot", "intercom"))
# Where a load is killed, the n-th time that it gets there; "late" kills at no named point but after some milliseconds.
POINTS = ("ask", "asked", "write", "written", "store", "merged", "stored", "late", "never")
# What a plan reads of the targets before it is carried out.
READINGS: tuple[Reading, ...] = ("nothing", "updates", "all")
# They would only cost time.
WITHOUT_ROWS = frozenset({"merges", "tags", "taggings"})
TIERS = ("gold", "iron")
# To read the certificates of all the world for a call on this machine takes longer than the call.
UNTRUSTING = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

Row = dict[str, Any]
Warehouse = QuickWarehouse | EmbeddedWarehouse


@dataclass(slots=True)
class World:
    """The marts by table, each row by its key, as they are now; `odd` are the rows that a target may refuse.

    golden: by a person's former key the one that it has now.
    """

    seed: int
    targets: tuple[str, ...]
    tables: dict[str, dict[str, Row]]
    odd: set[str]
    before: list[Row]
    point: str
    count: int
    faults: int
    reading: Reading
    dice: random.Random = field(repr=False)
    golden: dict[str, str] = field(default_factory=dict)

    @property
    def search_lag(self) -> float:
        """Give the seconds for which Intercom's search does not show what is new, in one world of four."""
        return 0.2 if self.seed % 4 == 1 else 0.0

    @property
    def bulk(self) -> bool:
        """Say whether Intercom gets users by the hundred, in one world of five."""
        return self.seed % 5 == 0

    def change(self) -> None:
        """Change, add and take away some rows, as a company does between two loads."""
        for table in ("contacts", "people"):
            rows = self.tables[table]
            for key in self.dice.sample(sorted(rows), len(rows) // 3):
                rows[key]["lastname" if table == "contacts" else "name"] = f"Changed{self.dice.randrange(99)}"
        moved = self.dice.choice(sorted(self.tables["contacts"].keys() - self.odd))
        for table in ("contacts", "people"):
            self.tables[table][moved]["email"] = f"moved-{moved}@example.com"
        for key in self.dice.sample(sorted(self.tables["requests"]), 2):
            self.tables["requests"][key] |= {"title": "Changed", "ticket_state": "In progress"}
        for key in self.dice.sample(sorted(self.tables["links"]), 2):
            self.tables["links"][key]["to_key"] = self.dice.choice(sorted(self.tables["companies"]))
        self._move(self.dice.choice(sorted(self.tables["contacts"].keys() - self.odd)))

    def _move(self, former: str) -> None:
        """Let a person's key be another, as that of a lead is once it was converted."""
        self.golden = {former: f"001-{former}"}
        for table in ("contacts", "people"):
            self.tables[table][self.golden[former]] = self.tables[table].pop(former)
        # A link that is named by its ends gets another name with them.
        joined = self.tables["joined"]
        joined[f"j-{self.golden[former]}"] = joined.pop(f"j-{former}")
        for row in (row for rows in self.tables.values() for row in rows.values()):
            for name in ("from_key", "contact_key"):
                if row.get(name) == former:
                    row[name] = self.golden[former]


def world(seed: int) -> World:
    """Draw a world."""
    dice = random.Random(seed)  # noqa: S311  reproducible, no secret
    count = dice.randrange(5, 14)
    contacts = {f"003-{n:03}": _contact(n, dice) for n in range(count)}
    people = {key: _person(n, row) for n, (key, row) in enumerate(contacts.items())}
    companies = {
        f"001-{n}": {"name": f"Firm {n}", "domain": f"firm{n}.com"} for n in range(dice.randrange(2, 6))
    }
    firms = {key: {"name": row["name"], "size": 7, "firm_tier": "A"} for key, row in companies.items()}
    joins = {key: dice.choice(sorted(companies)) for key in contacts}
    odd = _make_odd(contacts, people, dice)
    links = {f"l-{key}": _link(key, company) for key, company in joins.items()}
    joined = {f"j-{key}": {"contact_key": key, "company_key": company} for key, company in joins.items()}
    return World(
        seed,
        TARGETS[seed % len(TARGETS)],
        {
            "contacts": contacts,
            "people": people,
            "companies": companies,
            "firms": firms,
            "links": links,
            "joined": joined,
            "remarks": {f"n-{key}": _note(f"n-{key}", contact_key=key) for key in [*contacts][::3]},
            "said": {f"m-{key}": _note(f"m-{key}", ticket_key=f"500-{key}") for key in [*contacts][::2]},
            "requests": {f"500-{key}": _request(key, dice) for key in contacts},
        },
        odd,
        [contacts[key] for key in dice.sample(sorted(contacts), 2)],
        dice.choice(POINTS),
        dice.randrange(1, 25),
        dice.choice((0, 2, 4, 8, 14)),
        dice.choice(READINGS),
        dice,
    )


def _contact(n: int, dice: random.Random) -> Row:
    return {
        "email": f"p{n}@example.com",
        "firstname": f'Ada "{n}" \\ ÿ',
        "lastname": dice.choice((None, "King", "O'Neil")),
        "salesforce_score": n / 4,
        "salesforce_opt_out": n % 3 == 0,
        "salesforce_tier": dice.choice(TIERS),
    }


def _person(n: int, contact: Row) -> Row:
    return {
        "role": "user",
        "email": contact["email"],
        "name": contact["firstname"],
        "person_score": n / 4,
    }


def _request(contact: str, dice: random.Random) -> Row:
    return {
        "contact_key": contact,
        "ticket_type": dice.choice(("Question", "Problem")),
        "ticket_state": dice.choice(("Submitted", "Resolved")),
        "title": f"Help {contact}",
        "created_at": datetime(2020, 1, 2, 3, 4, dice.randrange(60)),
        "request_origin": dice.choice((None, "Web")),
    }


def _note(key: str, **hangs_on: str) -> Row:
    return {**hangs_on, "body": f"<p>Hi</p><p>[Salesforce {key}]</p>", "created_at": datetime(2021, 2, 3)}


def _link(contact: str, company: str) -> Row:
    ends = {"from_object": "contacts", "from_key": contact, "to_object": "companies", "to_key": company}
    return {**ends, "association_type": "primary"}


def _make_odd(contacts: dict[str, Row], people: dict[str, Row], dice: random.Random) -> set[str]:
    """Give one record no valid address, and one that of another."""
    wrong, first, second = dice.sample(sorted(contacts), 3)
    for rows in (contacts, people):
        rows[wrong] = {**rows[wrong], "email": "no address"}
        rows[second] = {**rows[second], "email": rows[first]["email"]}
    return {wrong, first, second}


def declared(targets: tuple[str, ...]) -> list[Feed]:
    """Give the feeds of which a world has rows; their marts lie in a DuckDB file, which has no database name in front."""
    manifest = marts.company_manifest()
    for node in manifest["nodes"].values():
        node["relation_name"] = node["relation_name"].removeprefix("MIGRATION.")
    return [feed for feed in feeds(manifest) if feed.target in targets and feed.object not in WITHOUT_ROWS]


def fill(warehouse: Warehouse, made: World) -> None:
    """Put the marts as they are now into the warehouse."""
    warehouse.execute("create schema if not exists marts_test")
    tables = (node for node in marts.company_manifest()["nodes"].values() if node["name"] in made.tables)
    for node in tables:
        columns = [(column["name"], column["data_type"]) for column in node["columns"].values()]
        listed = ", ".join(f"{name} {data_type}" for name, data_type in columns)
        warehouse.execute(f"create or replace table marts_test.{node['name']} ({listed})")
        rows = [
            (key, repr(sorted(row.items())), *(row.get(name) for name, _ in columns[2:]))
            for key, row in made.tables[node["name"]].items()
        ]
        warehouse.fill(f"marts_test.{node['name']}", rows)
    names = ", ".join(f"{name} varchar" for name in marts.CROSSWALK["columns"])
    warehouse.execute(f"create or replace table marts_test.crosswalk ({names})")
    warehouse.fill("marts_test.crosswalk", [("contacts", former, key) for former, key in made.golden.items()])


class _Hurried:
    """Time that passes only by sleeping, so that a pause of ten seconds takes none."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self._passing = threading.Lock()

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        with self._passing:
            self.now += seconds


def connected(addresses: Mapping[str, str], made: World) -> dict[str, Target]:
    """Give the targets, in a hurry: small batches, no waiting but for Intercom's search."""

    def limiter() -> Limiter:
        time = _Hurried()
        return Limiter(1_000_000, 10, clock=time, sleep=time.sleep)

    hubspot = HubSpot(
        addresses["hubspot"],
        marts.HUBSPOT_TOKEN,
        threads=3,
        records_per_call=5,
        links_per_call=7,
        limiter=limiter(),
    )
    intercom = Intercom(
        addresses["intercom"],
        marts.INTERCOM_TOKEN,
        threads=3,
        bulk=made.bulk,
        search_lag=made.search_lag,
        transport=httpx.HTTPTransport(verify=UNTRUSTING),
        limiter=limiter(),
    )
    return {"hubspot": hubspot, "intercom": intercom}


def load(warehouse: Warehouse, made: World, addresses: Mapping[str, str], folder: Path, run_id: str) -> Plan:
    """Make a plan, find it again and carry it out, as `migrate plan` and `migrate load` do; give the plan."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    stamina.set_testing(True, attempts=4, cap=True)
    replay(warehouse, folder)
    chosen, targets = declared(made.targets), connected(addresses, made)
    stored = planning.make(warehouse, chosen, targets, folder, reading=made.reading)
    planned = plans.find(warehouse, stored.plan.plan_id or "", chosen, targets).plan
    apply(warehouse, planned, targets, run_id=run_id, spool_dir=folder, most_archived_share=1.0)
    return planned


def opened(home: Path, port: str | None) -> Warehouse:
    """Open the quick warehouse in `home`, or the embedded one at a port."""
    return QuickWarehouse(home / "warehouse.duckdb") if port is None else EmbeddedWarehouse(port)


def load_and_die(
    made: World,
    addresses: Mapping[str, str],
    home: Path,
    port: str | None,
    translated: Mapping[str, tuple[str, tuple[str, ...]]],
) -> None:
    """Load in this process, which is killed at the world's point; a load that stops by itself just ends."""
    TRANSLATED.update(translated)
    _arm(made.point, made.count)
    warehouse = opened(home, port)
    try:
        load(warehouse, made, addresses, home / "spool", "first")
    except LoadError:
        pass
    finally:
        warehouse.close()


def _arm(point: str, count: int) -> None:
    left = [count]
    counting = threading.Lock()

    def at(name: str) -> None:
        if name == point:
            with counting:
                left[0] -= 1
            if left[0] == 0:
                _die()

    if point == "late":
        timer = threading.Timer(count * 0.012, _die)
        timer.daemon = True
        timer.start()
    for owner, name, before, after in (
        (Calls, "once", "ask", "asked"),
        (Wire, "once", "ask", "asked"),
        (Spool, "write", "write", "written"),
        (ledger, "_store", "store", "stored"),
        (ledger, "_merge", "", "merged"),
    ):
        setattr(owner, name, _passing(getattr(owner, name), at, before, after))


def _passing(
    act: Callable[..., Any], at: Callable[[str], None], before: str, after: str
) -> Callable[..., Any]:
    def passing(*arguments: Any) -> Any:
        at(before)
        answer = act(*arguments)
        at(after)
        return answer

    return passing


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
