"""`python -m benchmarks.extract [--rows N] [--peers none|all|NAME,…]`, and `… faults` for the fault matrix."""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks import measure
from benchmarks.extract import faults
from benchmarks.extract.clients import PEERS
from benchmarks.extract.org import Org, running
from benchmarks.measure import Run, compare
from extract.salesforce import Settings

BENCH = "extract"
PAGE_ROWS = 100_000
SIDE_BY_SIDE = 5
MILLION = 1_000_000
# The rate of a single stream from Salesforce that users published.
CAPPED = 25_000_000
CHANGED_ONE_IN = 1_000
DIGEST_ROWS = 20_000

CPU_TARGET, RSS_TARGET, WALL_TARGET, LANDED_TARGET = 6.0, 150.0, 2.0, 1.3
# A thousandth of the rows changed: what that adds to a run that finds nothing, as a share of what all rows add.
CHANGE_TARGET = 0.05
# The same number of changed rows in a table of a tenth of the rows: what a run costs is to be in step with the change.
SMALLER, STEP_TARGET = 10, 1.5
# Each counts as the least of so many runs: what else the machine does only adds.
TIMES = 3


def main() -> int:
    """Measure what is asked for; 1 where a target is missed."""
    asked = _arguments()
    home = Path(asked.home)
    names = [] if asked.peers == "none" else [*PEERS] if asked.peers == "all" else asked.peers.split(",")
    with running(home / "salesforce", asked.port) as org:
        if asked.what == "faults":
            return 0 if faults.score(org, home, names) else 1
        oks = [*_cost(org, home, asked.rows), *_peers(org, home, names, asked.rows)]
        if not asked.staged_only:
            oks += _warehouse(org, home, asked.rows, asked.port + 1)
        return 0 if all([*oks, *_same_values(org, home, names)]) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.extract", description=__doc__)
    parser.add_argument("what", nargs="?", choices=["cost", "faults"], default="cost")
    parser.add_argument("--rows", type=int, default=MILLION)
    parser.add_argument("--peers", default="none", help=f"none, all, or some of {','.join(PEERS)}")
    parser.add_argument("--staged-only", action="store_true", help="without the warehouse")
    parser.add_argument(
        "--home", default=".local/bench", help="where the stand-in's files and the peers are kept"
    )
    parser.add_argument("--port", type=int, default=8471)
    return parser.parse_args()


def _cost(org: Org, home: Path, rows: int) -> list[bool]:
    """Measure ours to staged files against curl: as fast as it goes, and with each connection held to 25 MB/s."""
    org.control("delivery", gzip=False, bytes_per_second=0)
    org.fill(rows, PAGE_ROWS)
    job = org.job()
    free, ours = _curl(org, job), _ours("staged", org, home, job, str(rows))
    _check(ours, rows)
    org.control("delivery", bytes_per_second=CAPPED)
    slow, slow_ours = _curl(org, job), _ours("staged", org, home, job, str(rows))
    org.control("delivery", gzip=True, bytes_per_second=0)
    packed = _ours("staged", org, home, job, str(rows))
    org.control("delivery", gzip=False)
    million = rows / MILLION
    size = sum(path.stat().st_size for path in (home / "staged").glob("*.csv.zst")) / measure.MEGABYTE
    measure.tell(
        BENCH, "CPU-s per million rows, curl", ours=None, theirs=round(free.cpu / million, 3), rows=rows
    )
    return [
        compare(
            BENCH, "CPU-s per million rows, staged", ours.cpu / million, "target", None, CPU_TARGET, rows=rows
        ),
        compare(
            BENCH,
            "CPU-s per million rows, staged from gzip",
            packed.cpu / million,
            "target",
            None,
            CPU_TARGET,
        ),
        compare(
            BENCH,
            "resident MB, staged",
            ours.rss,
            "target",
            None,
            RSS_TARGET,
            rows=rows,
            staged_mb=round(size),
        ),
        compare(BENCH, "wall s, staged, no cap", float(ours.result["seconds"]), "curl", free.wall),
        compare(
            BENCH,
            "wall s, staged, 25 MB/s a connection",
            float(slow_ours.result["seconds"]),
            "curl, as many pages at once",
            slow.wall,
            WALL_TARGET,
        ),
    ]


def _warehouse(org: Org, home: Path, rows: int, port: int) -> list[bool]:
    """Measure what landing adds, and what a run costs that finds one record in a thousand changed."""
    org.fill(rows, PAGE_ROWS)
    org.control("delivery", gzip=False, bytes_per_second=CAPPED)
    # In pages as an extract asks for them.
    staged = _ours("whole", org, home, str(Settings().page_rows))
    _check(staged, rows)
    with _embedded(home / "warehouse", port) as server:
        full = _ours("extract", org, home, "full")
        _check(full, rows)
        landed = compare(
            BENCH,
            "wall s, a complete job to rows in the embedded warehouse",
            float(full.result["landed"]),
            "to staged files, counted",
            float(staged.result["seconds"]),
            LANDED_TARGET,
            resident_mb=round(full.rss),
            rows=rows,
        )
        none = _ours("extract", org, home, "nothing")
        touched = org.control("touch", object="Contact", every=CHANGED_ONE_IN)["touched"]
        few = _ours("extract", org, home, "changed")
        _check(few, touched)
        changed = compare(
            BENCH,
            "wall s, what 0.1 % changed adds to an extract that finds nothing",
            max(0.0, few.result["seconds"] - none.result["seconds"]),
            "what all rows add",
            full.result["seconds"] - none.result["seconds"],
            CHANGE_TARGET,
            rows=touched,
            seconds=[round(each.result["seconds"], 2) for each in (none, few, full)],
            cpu=[round(each.cpu, 2) for each in (none, few, full)],
        )
        large = _changed(org, home, touched, CHANGED_ONE_IN, server)
    fewer = rows // SMALLER
    org.fill(fewer, PAGE_ROWS)
    with _embedded(home / "warehouse", port) as server:
        _check(_ours("extract", org, home, "full"), fewer)
        small = _changed(org, home, touched, CHANGED_ONE_IN // SMALLER, server)
    step = compare(
        BENCH,
        "CPU-s of an extract that finds as many rows changed, client and warehouse",
        sum(large),
        "in a table of a tenth",
        sum(small),
        STEP_TARGET,
        rows=[rows, fewer],
        changed=touched,
        client=[round(each[0], 2) for each in (large, small)],
        warehouse=[round(each[1], 2) for each in (large, small)],
    )
    return [landed, changed, step]


def _changed(org: Org, home: Path, rows: int, every: int, server: int) -> tuple[float, float]:
    """Save so many records once more and extract them, some times over; give the CPU-s of the client and the server."""
    costs = []
    for number in range(TIMES):
        org.control("touch", object="Contact", every=every)
        before = measure.cpu_of(server)
        done = _ours("extract", org, home, f"again{number}")
        costs.append((float(done.result["cpu"]), measure.cpu_of(server) - before))
        _check(done, rows)
    return min(costs, key=sum)


def _peers(org: Org, home: Path, names: list[str], rows: int) -> list[bool]:
    """Measure each peer, with job, polls and all, against the whole of ours on as many rows."""
    oks = []
    for name in names:
        given = min(rows, PEERS[name].most_rows)
        org.fill(given, PAGE_ROWS)
        ours, theirs = (
            _ours("whole", org, home, str(PAGE_ROWS)),
            PEERS[name].run(org, home / "peers", PAGE_ROWS),
        )
        what = "CPU-s per million rows, job to rows in hand"
        if theirs.code:
            measure.tell(
                BENCH, what, against=name, theirs="does not run here", ok=None, said=theirs.said[-200:]
            )
            continue
        oks.append(
            compare(
                BENCH,
                what,
                ours.cpu / given * MILLION,
                name,
                theirs.cpu / given * MILLION,
                rows=given,
                their_rows=theirs.result.get("rows"),
                resident_mb=round(ours.rss),
                their_resident_mb=round(theirs.rss),
            )
        )
    return oks


def _same_values(org: Org, home: Path, names: list[str]) -> list[bool]:
    """Compare the digest over Id and all cells of every client."""
    org.control("delivery", gzip=False, bytes_per_second=0)
    org.fill(DIGEST_ROWS, faults.PAGE_ROWS)
    expected = faults.ours(org, home).result.get("digest")
    for name in names:
        found = faults.peer(org, home, name).result
        same = found.get("digest") == expected
        measure.tell(
            BENCH, "digest over all cells", ours=expected, against=name, theirs=found.get("digest"), ok=same
        )
    return [bool(expected)]


def _ours(way: str, org: Org, home: Path, *more: str) -> Run:
    shutil.rmtree(home / way, ignore_errors=True)
    command: list[str | Path] = [
        measure.python(),
        "-W",
        "ignore",
        "-m",
        "benchmarks.extract.staged",
        way,
        org.url,
        home / way,
        *more,
    ]
    return measure.run(command)


def _curl(org: Org, job: str) -> Run:
    """Fetch the same pages, as many at once, and throw them away."""
    to_nowhere = [word for page in org.pages(job) for word in ("-o", "/dev/null", page)]
    at_once = ["-sfZ", "--parallel-immediate", "--parallel-max", str(SIDE_BY_SIDE)]
    done = measure.run(["curl", *at_once, "-H", f"Authorization: Bearer {org.token}", *to_nowhere])
    if done.code:
        raise RuntimeError(f"curl ended with {done.code}")
    return done


def _check(run: Run, rows: int) -> None:
    if run.code or run.result.get("rows") != rows:
        raise RuntimeError(f"{rows} rows are there, and ours ended with {run.code} and {dict(run.result)}")


@contextlib.contextmanager
def _embedded(home: Path, port: int) -> Iterator[int]:
    """Run an empty embedded warehouse, give the number of its process, and stop it."""
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-m",
        "warehouse",
        "serve",
        "--home",
        str(home),
        "--port",
        str(port),
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None  # noqa: S101  asked for above
        process.stdout.readline()  # it says that it is ready
        time.sleep(0.5)
        os.environ["WAREHOUSE_PORT"] = str(port)
        yield process.pid
    finally:
        process.terminate()
        process.wait(60)


if __name__ == "__main__":
    sys.exit(main())
