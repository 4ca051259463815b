"""Extracts that go wrong in every way that a seed can draw, and are killed; then a plain one: raw is what the org holds.

`make soak SOAK=extract FROM=1000 SEEDS=500` tries other seeds. A seed that fails says its number: the same one alone shows
the same schedule of faults, though not the same race between threads.
"""

import multiprocessing
import os
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
import uvicorn
from simple_salesforce import Salesforce

from sandbox.__main__ import dated
from sandbox.salesforce import control
from sandbox.salesforce.app import create_app
from sandbox.salesforce.rows import purge
from sandbox.salesforce.seed import load
from sandbox.salesforce.state import Sandbox
from tests.raw_warehouse import TRANSLATIONS, RawWarehouse
from tests.soak.org_world import (
    SECRET,
    SHOWN,
    WIDE,
    World,
    connected,
    disturbed,
    extract_and_die,
    run,
    text_of,
    world,
)

FIRST = int(os.environ.get("SOAK_FROM") or 0)
SEEDS = int(os.environ.get("SOAK_SEEDS") or 200)
PATIENCE_SECONDS = 60
COMPOUND = {"address", "location", "base64"}

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.soak.org_world"])

Cells = dict[str, str | None]
Rows = dict[str, Cells]


@dataclass(frozen=True, slots=True)
class Org:
    """A stand-in in a thread of this process: its address, itself, and a client that nothing disturbs."""

    url: str
    sandbox: Sandbox
    sf: Salesforce
    server: uvicorn.Server

    def show(self) -> None:
        """Let the login see all fields; of objects with many, which cost most of a seed's time, those that matter."""
        org = self.sandbox.store.org
        hidden = {name: {each.name for each in org.sobjects[name].fields} - SHOWN for name in WIDE}
        self.sandbox.store.use(org, hidden)

    def write(self, records: dict[str, list[dict[str, str]]]) -> None:
        some = [(name, [_filled(each, rows) for each in rows]) for name, rows in records.items() if rows]
        if some:
            load(self.sandbox.store, some)

    def purge(self, gone: dict[str, list[str]]) -> None:
        for name, ids in gone.items():
            purge(self.sandbox.store, self.sandbox.store.org.sobjects[name], ids)

    def go_wrong(self, made: World) -> None:
        self.sandbox.faults.plan({"seed": made.seed, "count": made.faults, "calls": 25})

    def calm(self) -> None:
        """End the faults, once the calls of a client that died are done with.

        What it sent last may not have been taken up yet: a call behind it is answered when it has been.
        """
        requests.get(f"{self.url}/_sandbox/", timeout=PATIENCE_SECONDS)
        while self.server.server_state.tasks:
            time.sleep(0.002)
        self.sandbox.faults.clear()
        self.sandbox.jobs.failures.clear()

    def shown(self, name: str) -> list[str]:
        """Give the fields with a cell of their own that the login sees."""
        sobject = self.sandbox.org.sobjects[name]
        return [each.name for each in sobject.fields if each.type not in COMPOUND]

    def rows(self, name: str) -> Rows:
        """Read all records by REST, as text, by id."""
        sobject = self.sandbox.org.sobjects[name]
        times = frozenset(each.name for each in sobject.fields if each.type == "datetime")
        soql = f"SELECT {', '.join(self.shown(name))} FROM {name}"
        records = self.sf.query(soql, include_deleted=True)["records"]
        return {
            each["Id"]: {
                key: text_of(key, value, times) for key, value in each.items() if key != "attributes"
            }
            for each in records
        }


def _filled(record: dict[str, str], others: list[dict[str, str]]) -> dict[str, str]:
    return dict.fromkeys((key for each in others for key in each), "") | record


@pytest.fixture(scope="module")
def org(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Org]:
    app = create_app(tmp_path_factory.mktemp("org"))
    # With its protocol named, so that asyncio sends small answers at once.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(dated(app), log_level="critical", access_log=False, date_header=False)
    )
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    yield Org(url, app.state.sandbox, connected(url), server)
    server.should_exit = True
    thread.join()


@pytest.fixture(scope="module")
def in_memory() -> Iterator[RawWarehouse]:
    warehouse = RawWarehouse(Path(":memory:")).set_up()
    yield warehouse
    warehouse.close()


@pytest.fixture(scope="module")
def empty_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("warehouse") / "empty.duckdb"
    RawWarehouse(path).set_up().close()
    return path


@pytest.mark.usefixtures("time_for_a_seed")
@pytest.mark.parametrize("seed", range(FIRST, FIRST + SEEDS))
def test_after_a_plain_extract_raw_is_what_the_org_holds(
    seed: int, org: Org, in_memory: RawWarehouse, empty_warehouse: Path, tmp_path: Path
) -> None:
    made = world(seed)
    # Only what is killed needs a file, and files cost time.
    path = tmp_path / "warehouse.duckdb"
    warehouse = RawWarehouse(Path(shutil.copy(empty_warehouse, path))) if made.point else in_memory
    try:
        before = _begin(made, org, warehouse, tmp_path)
        source = {name: org.rows(name) for name in made.records}
        org.go_wrong(made)
        if made.point:
            warehouse.close()
            _kill(made, org, tmp_path)
            warehouse = RawWarehouse(path)
        else:
            warehouse.fail(made.outage)
            said = disturbed(made, warehouse, org.url, tmp_path)
            warehouse.fail()
            assert not any(SECRET in text for text in said), "a message shows a value"
        org.calm()
        for name in made.records:
            _is_old_or_new(warehouse, name, org.shown(name), before, source[name])
        if made.comes_back:
            org.show()
        if made.meanwhile:
            org.write(made.change())
            run(made, warehouse, org.sf, tmp_path, "next")
            source = {name: org.rows(name) for name in made.records}
        done = run(made, warehouse, org.sf, tmp_path, "last")
        assert [each.status for each in done] == ["succeeded"] * len(done), done
        for name in made.records:
            _is_the_source(made, warehouse, org, name, source[name])
        assert not org.sandbox.jobs.newest_first(), "a job is left in the org"
        left_behind = [str(path.relative_to(tmp_path)) for path in (tmp_path / "landing").rglob("*")]
        assert not left_behind, "files are left"
    finally:
        warehouse.close() if made.point else warehouse.empty()


def _begin(made: World, org: Org, warehouse: RawWarehouse, home: Path) -> dict[str, Rows]:
    """Fill the org; where the world wants it, copy it and change it. Gives what raw holds then."""
    control._reset(org.sandbox, "")
    org.show()
    org.sandbox.limits.BulkResultPage = made.page_rows
    org.sandbox.limits.QueryBatch = 200
    org.write({name: [*records.values()] for name, records in made.records.items()})
    if not made.quiet:
        return {}
    run(made, warehouse, org.sf, home, "quiet")
    before = {name: _raw(warehouse, name) for name in made.records}
    org.write(made.change())
    org.purge(made.purge())
    return before


def _kill(made: World, org: Org, home: Path) -> None:
    """Extract in a process that is killed."""
    child = FORKS.Process(target=extract_and_die, args=(made, org.url, home, TRANSLATIONS))
    child.start()
    child.join(PATIENCE_SECONDS)
    assert child.exitcode in (0, -9), f"the extract neither ended nor was killed: {child.exitcode}"


def _raw(warehouse: RawWarehouse, name: str) -> Rows:
    """Give a raw table by id; an absent one is empty."""
    known = warehouse.rows(f"select 1 from duckdb_tables() where table_name = '{name.upper()}'")
    if not known:
        return {}
    found = warehouse.rows(f'select * from raw_salesforce."{name.upper()}"')
    names = [column[0] for column in warehouse.columns]
    table = [dict(zip(names, row, strict=True)) for row in found]
    assert len({row["ID"] for row in table}) == len(table), f"{name}: a record is there twice"
    return {row["ID"]: row for row in table}


def _cells(found: Rows, fields: list[str]) -> Rows:
    return {key: {name: row.get(name.upper()) for name in fields} for key, row in found.items()}


def _wanted(source: Rows, fields: list[str]) -> Rows:
    return {key: {name: row[name] for name in fields} for key, row in source.items()}


def _is_old_or_new(
    warehouse: RawWarehouse, name: str, fields: list[str], before: dict[str, Rows], source: Rows
) -> None:
    """What a killed extract leaves is the table as it was or all of what changed, and the watermark tells no more."""
    raw = _raw(warehouse, name)
    old = _cells(before.get(name, {}), fields)
    new = {key: cells for key, cells in _cells(raw, fields).items() if key in source}
    whole = new == _wanted(source, fields)
    assert whole or _cells(raw, fields) == old, f"{name}: half a batch"
    moved = warehouse.rows(f"select run_id from ops.watermark where object = '{name}'")
    assert whole or moved != [("disturbed",)], f"{name}: the watermark moved without the rows"


def _is_the_source(made: World, warehouse: RawWarehouse, org: Org, name: str, source: Rows) -> None:
    fields = org.shown(name)
    raw = _raw(warehouse, name)
    live = {key: row for key, row in raw.items() if key in source}
    assert _cells(live, fields) == _wanted(source, fields)
    assert {key: row["_DELETED"] for key, row in live.items()} == {
        key: row.get("IsDeleted") == "true" for key, row in source.items()
    }
    gone = {key: row for key, row in raw.items() if key not in source}
    assert gone.keys() <= made.purged.get(name, set())
    assert all(row["_DELETED"] for row in gone.values())
    [(watermark, run_id)] = warehouse.rows(
        f"select watermark, run_id from ops.watermark where object = '{name}'"
    )
    assert run_id == "last"
    newest = max(
        (row.get("SystemModstamp") or row["CreatedDate"] or "" for row in source.values()), default=""
    )
    assert newest.replace(".000Z", "Z") < watermark
    counts = warehouse.rows(
        "select source_count, page_count, landed_count, raw_count, live_count from ops.extract_count "
        f"where object = '{name}' and run_id = 'last'"
    )
    living = sum(not row["_DELETED"] for row in raw.values())
    assert counts
    for source_count, page_count, landed, raw_count, live_count in counts:
        assert source_count == page_count == landed
        assert raw_count == len(raw)
        assert living <= live_count
