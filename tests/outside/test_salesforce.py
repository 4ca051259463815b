"""One object, read by other people's clients of Salesforce: each gets from the stand-in the cells that our extract gets.

`make outside` installs them into `.local/outside`; what is not there is skipped. simple-salesforce is always there.
"""

import csv
import io
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import zstandard

from benchmarks.extract.digest import Digest
from benchmarks.extract.org import OBJECT, Org, running
from benchmarks.extract.staged import whole
from tests import servers

OUTSIDE = servers.REPOSITORY / ".local" / "outside"
CLI, AIRBYTE = OUTSIDE / "sf", OUTSIDE / "airbyte"
NUMBERS = {"int", "double", "currency", "percent"}
ROWS, PAGE_ROWS = 450, 300
# What pandas, by which Airbyte reads CSV, takes for nothing. It also reads line ends as it likes them. Both are losses of
# its own, which are not to be seen here.
NOTHING = {"NA", "N/A", "None", "NULL", "null", "nan", "NaN", "n/a", "#N/A"}

Row = Mapping[str, Any]
Cell = Callable[[str, Any], str]

needs_node = pytest.mark.skipif(
    shutil.which("node") is None or not (OUTSIDE / "node_modules" / "jsforce").exists(),
    reason="Node or jsforce is not installed: make outside",
)
needs_cli = pytest.mark.skipif(
    not (CLI / "node_modules" / ".bin" / "sf").exists(),
    reason="the Salesforce CLI is not installed: make outside",
)
needs_airbyte = pytest.mark.skipif(
    not (AIRBYTE / "bin" / "source-salesforce").exists(),
    reason="airbyte-source-salesforce is not installed: make outside",
)


class Sample:
    """What is read: the object's fields with their types, and the rows as our extract has them."""

    def __init__(self, org: Org, folder: Path) -> None:
        described = org.description()
        self.fields = described.fields
        self.kinds = {each["name"]: each["type"] for each in described.raw["fields"]}
        assert whole(org.url, folder, str(PAGE_ROWS))["rows"] == ROWS
        files = sorted(folder.rglob("*.csv.zst"))
        assert len(files) == 2
        self.rows = [row for file in files for row in _csv(_unpacked(file))]

    def digest(self, rows: Iterable[Row], cell: Cell) -> tuple[int, str]:
        """Sum up the rows, each cell written as `cell` has it."""
        found = Digest(self.fields)
        for row in rows:
            found.add({name: cell(self.kinds[name], row.get(name)) for name in self.fields})
        return found.rows, str(found)

    def check(self, rows: Iterable[Row], cell: Cell) -> None:
        """Compare what another client read."""
        assert self.digest(rows, cell) == self.digest(self.rows, cell)


def as_sent(_: str, value: Any) -> str:
    """A cell of Bulk's CSV is its text, and nothing else."""
    return "" if value is None else value


def by_value(kind: str, value: Any) -> str:
    """REST has other texts than Bulk for the same numbers, times and booleans."""
    if value in {None, ""}:
        return ""
    if kind in NUMBERS:
        return repr(float(value))
    return str(value).lower() if kind == "boolean" else str(value).replace("+0000", "Z")


def as_airbyte_has_it(kind: str, value: Any) -> str:
    """Leave out what Airbyte loses."""
    return "" if value in NOTHING else by_value(kind, value).replace("\r\n", "\n")


@pytest.fixture(scope="module")
def org(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Org]:
    with running(tmp_path_factory.mktemp("salesforce"), servers.free_port()) as served:
        served.control("limits", QueryBatch=200)
        served.fill(ROWS, PAGE_ROWS)
        yield served


@pytest.fixture(scope="module")
def sample(org: Org, tmp_path_factory: pytest.TempPathFactory) -> Sample:
    return Sample(org, tmp_path_factory.mktemp("extract"))


def test_simple_salesforce_reads_the_same_by_bulk(org: Org, sample: Sample) -> None:
    pages = list(org.sf.bulk2.Contact.query_all(org.soql(), max_records=PAGE_ROWS, wait=1))
    assert len(pages) == 2
    sample.check((row for page in pages for row in _csv(page)), as_sent)


def test_simple_salesforce_reads_the_same_by_rest(org: Org, sample: Sample) -> None:
    sample.check(org.sf.query_all_iter(org.soql(), include_deleted=True), by_value)


@needs_node
def test_jsforce_reads_the_same(org: Org, sample: Sample) -> None:
    env = {"OUTSIDE_MODULES": str(OUTSIDE)}
    script = Path(__file__).parent / "read_salesforce.mjs"
    found = json.loads(_run(["node", script, org.url, org.token, org.soql()], env))
    assert found["totalSize"] == ROWS
    sample.check(found["records"], by_value)


@pytest.fixture
def cli(org: Org, tmp_path: Path) -> Callable[..., str]:
    """Log the Salesforce CLI in, and give a way to call it."""
    env = {
        "HOME": str(tmp_path),
        "PATH": f"{CLI / 'node_modules' / '.bin'}{os.pathsep}{os.environ['PATH']}",
        "SF_ACCESS_TOKEN": org.token,
        "SF_DISABLE_TELEMETRY": "true",
        "SF_AUTOUPDATE_DISABLE": "true",
        "SF_USE_GENERIC_UNIX_KEYCHAIN": "true",
    }
    _run(["sf", "org", "login", "access-token", "-r", org.url, "--no-prompt", "-a", "outside"], env)
    return lambda *words: _run(["sf", *words, "-o", "outside"], env)


@needs_cli
def test_the_salesforce_cli_queries_the_same(cli: Callable[..., str], org: Org, sample: Sample) -> None:
    found = json.loads(cli("data", "query", "--all-rows", "--json", "-q", org.soql()))["result"]
    assert found["totalSize"] == ROWS
    sample.check(found["records"], by_value)


@needs_cli
def test_the_salesforce_cli_exports_the_same_over_two_pages(
    cli: Callable[..., str], org: Org, sample: Sample, tmp_path: Path
) -> None:
    file = tmp_path / "out.csv"
    asked = ["--all-rows", "-w", "5", "--output-file", str(file), "-r", "csv", "-q", org.soql()]
    cli("data", "export", "bulk", *asked)
    sample.check(_csv(file.read_bytes().decode()), as_sent)


@needs_airbyte
def test_airbytes_source_reads_the_same_by_bulk(org: Org, sample: Sample, tmp_path: Path) -> None:
    config, catalog = tmp_path / "config.json", tmp_path / "catalog.json"
    asked = {
        "client_id": "sandbox-client",
        "client_secret": "sandbox-secret",
        "refresh_token": "sandbox-refresh-token",
        "start_date": "2015-01-01T00:00:00Z",
        "force_use_bulk_api": True,
        "stream_slice_step": "P100Y",
    }
    config.write_text(json.dumps(asked))
    shim = servers.REPOSITORY / "benchmarks" / "extract" / "peers" / "shim"
    env = {"SF_STANDIN": org.url, "PYTHONPATH": str(shim)}
    source = AIRBYTE / "bin" / "source-salesforce"
    discovered = _messages(_run([source, "discover", "--config", config], env), "CATALOG")
    [stream] = [each for each in discovered[0]["streams"] if each["name"] == OBJECT]
    chosen = {"stream": stream, "sync_mode": "full_refresh", "destination_sync_mode": "overwrite"}
    catalog.write_text(json.dumps({"streams": [chosen]}))
    read = _run([source, "read", "--config", config, "--catalog", catalog], env)
    sample.check((each["data"] for each in _messages(read, "RECORD")), as_airbyte_has_it)


def _messages(said: str, kind: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    return [each[kind.lower()] for each in lines if each["type"] == kind]


def _run(command: list[str | Path], env: Mapping[str, str]) -> str:
    done = subprocess.run(
        [str(each) for each in command],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return done.stdout


def _unpacked(path: Path) -> str:
    return zstandard.ZstdDecompressor().stream_reader(path.read_bytes()).read().decode()


def _csv(text: str) -> Iterator[Row]:
    return iter(csv.DictReader(io.StringIO(text, newline="")))
