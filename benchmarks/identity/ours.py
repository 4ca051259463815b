"""The project's own models over a labelled set: the tables are put into raw as an extract would, and dbt builds on them."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import psutil
import yaml

import warehouse
from benchmarks.measure import MEGABYTE

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "dbt_project/models/staging/salesforce/_salesforce__sources.yml"
SEEDS = [
    "identity_weights",
    "identity_decisions",
    "nicknames",
    "placeholder_emails",
    "shared_domains",
    "top_level_domains",
]


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds by the clock, seconds of CPU, and the most memory in MB."""

    wall: float
    cpu: float
    rss: float


@dataclass(frozen=True, slots=True)
class Built:
    """What it took from keyed records to clusters, and before that from raw tables to keyed records.

    The start of dbt is not counted in `prepared` and `seconds`, for a build has it once, but is in `cpu`. `cpu` is in seconds and `rss` in MB, of the warehouse and of dbt together; `pairs` were compared.
    """

    prepared: float
    seconds: float
    cpu: float
    rss: float
    pairs: int
    clusters: Mapping[str, str]


class Home:
    """An embedded warehouse of its own for the benchmark."""

    def __init__(self, process: psutil.Process, connection: Any) -> None:
        self.process, self.connection = process, connection

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        cursor = self.connection.cursor()
        cursor.execute(sql)
        return list(cursor.fetchall())

    def land(self, tables: Mapping[str, pd.DataFrame]) -> None:
        """Put the tables into raw_salesforce, those that are absent empty."""
        self.ask("create schema if not exists raw_salesforce")
        self.ask("create stage if not exists raw_salesforce.benchmark")
        for table, columns in _declared().items():
            if table in ("contact", "lead", "account"):
                self._land(table, columns, tables.get(table, pd.DataFrame()))

    def _land(self, table: str, columns: list[str], rows: pd.DataFrame) -> None:
        fields = ", ".join(f"{column} varchar" for column in columns)
        own = "_extracted_at timestamp_ntz, _run_id varchar, _deleted boolean"
        self.ask(f"create or replace table raw_salesforce.{table} ({fields}, {own})")
        kept = [column for column in columns if column in rows]
        if kept and len(rows):
            with tempfile.TemporaryDirectory() as folder:
                file = Path(folder) / f"{table}.parquet"
                rows[kept].replace("", None).rename(columns=str.upper).to_parquet(file)
                self.ask(f"put file://{file} @raw_salesforce.benchmark overwrite = true")
            self.ask(
                f"copy into raw_salesforce.{table} from @raw_salesforce.benchmark/{table}.parquet "
                "file_format = (type = parquet) match_by_column_name = case_insensitive"
            )

    def build(self, entity: str) -> Built:
        """Run the models up to the clusters.

        Raises:
            RuntimeError: dbt failed; the message has what it said.
        """
        prepared = _dbt(self.process, "run", "--select", f"+int_{entity}_keyed")
        done = _dbt(
            self.process, "run", "--select", f"+int_{entity}_clustered", "--exclude", f"+int_{entity}_keyed"
        )
        [[pairs]] = self.ask(f"select count(*) from intermediate.int_{entity}_paired")
        clusters = self.ask(f"select record_id, component_id from intermediate.int_{entity}_clustered")
        return Built(
            prepared=prepared.wall,
            seconds=done.wall,
            cpu=done.cpu,
            rss=done.rss,
            pairs=int(pairs),
            clusters={str(record): str(label) for record, label in clusters},
        )


@contextmanager
def home(place: Path) -> Iterator[Home]:
    """Serve a fresh warehouse in `place` with the seeds that identity needs, and stop it."""
    shutil.rmtree(place, ignore_errors=True)
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-m",
        "warehouse",
        "serve",
        "--home",
        str(place),
        "--port",
        "0",
    ]
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None  # noqa: S101  asked for above
    os.environ["WAREHOUSE_PORT"] = server.stdout.readline().rsplit(":", 1)[1].strip()
    try:
        process = psutil.Process(server.pid)
        _dbt(process, "seed", "--select", *SEEDS)
        yield Home(process, warehouse.connect("local", ROOT))
    finally:
        server.terminate()
        server.wait(timeout=60)


def _dbt(server: psutil.Process, *arguments: str) -> Took:
    """Run dbt to its end and give what it and the warehouse took together; by the clock without dbt's start.

    Raises:
        RuntimeError: dbt failed; the message has what it said.
    """
    target = [f"--target-path={ROOT}/.local/bench/target", f"--log-path={ROOT}/.local/bench/target"]
    command = [str(Path(sys.executable).with_name("dbt")), *arguments, *target, "--target=local"]
    cpu, peak = _cpu(server), 0.0
    with tempfile.TemporaryFile("w+") as said:
        dbt = psutil.Popen(command, cwd=ROOT, stdout=said, stderr=said)
        own = 0.0
        while dbt.poll() is None:
            peak = max(peak, _rss(server) + _rss(dbt))
            own = _cpu(dbt) or own
            time.sleep(0.1)
        if dbt.returncode:
            said.seek(0)
            raise RuntimeError(said.read()[-3000:])
    results = json.loads((ROOT / ".local/bench/target/run_results.json").read_text(encoding="utf-8"))
    return Took(float(results["elapsed_time"]), _cpu(server) - cpu + own, peak)


def _cpu(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.Error:
        return 0.0
    return float(times.user + times.system)


def _rss(process: psutil.Process) -> float:
    try:
        return float(process.memory_info().rss) / MEGABYTE
    except psutil.Error:
        return 0.0


def _declared() -> dict[str, list[str]]:
    [source] = yaml.safe_load(SOURCES.read_text(encoding="utf-8"))["sources"]
    return {
        table["name"]: [each["name"] for each in table["columns"] if not each["name"].startswith("_")]
        for table in source["tables"]
    }
