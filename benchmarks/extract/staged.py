"""Ours, as a process to be measured: an object's pages into counted, compressed files, and on into a warehouse.

`staged` reads the pages of a job that lies complete, `whole` makes its own job as an extract does, and `extract` is an
extract. How long the last two took is also told from when their job was complete, and how much CPU time the extract took.
"""

import contextlib
import csv
import io
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import zstandard

import warehouse
from benchmarks.extract.digest import Digest
from benchmarks.extract.org import OBJECT, UNTIL, login
from extract.pages import PageFolder
from extract.salesforce import Settings, extract, query, results
from extract.salesforce.describe import Description, describe
from extract.salesforce.drift import Known
from extract.salesforce.read import Call, read_object
from extract.salesforce.results import Results
from extract.sources import SourceObject

SOURCE = SourceObject(OBJECT, OBJECT.upper())


def staged(url: str, folder: Path, job: str, total: str) -> dict[str, Any]:
    """Read the pages of a complete job."""
    _, rows, seconds = _read(url, folder, job, int(total))
    return {"rows": rows, "seconds": seconds}


def whole(url: str, folder: Path, page_rows: str, digested: str = "") -> dict[str, Any]:
    """Make a job and read it, with all that an extract does against a fault; give the digest of what came if asked."""
    sf, settings = login(url), Settings(page_rows=int(page_rows))
    sf.session.budget.floor = 0.0
    description = describe(sf, OBJECT)
    with ThreadPoolExecutor(settings.pages) as pool, _completions() as complete:
        call = Call(sf, "bench", folder, UNTIL, settings, _silent, pool, lambda _: None)
        copy = read_object(call, SOURCE, description, Known(), None)
        seconds = time.monotonic() - complete[0]
    found = str(digest(copy.folder, copy.description.fields)) if digested else None
    return {"rows": copy.page_count, "digest": found, "seconds": seconds}


def extracted(url: str, folder: Path, run_id: str) -> dict[str, Any]:
    """Do an extract into the warehouse of WAREHOUSE_PORT; the run `full` copies everything."""
    connection = warehouse.connect("local")
    warehouse.setup(connection)
    began, cpu = time.monotonic(), time.process_time()
    with _completions() as complete:
        [done] = extract(
            login(url), connection, [SOURCE], run_id=run_id, landing_dir=folder, full=run_id == "full"
        )
    ended = time.monotonic()
    return {
        "rows": done.landed_count,
        "mode": done.mode,
        "seconds": ended - began,
        "landed": ended - complete[0],
        "cpu": time.process_time() - cpu,
    }


def digest(folder: Path, fields: Sequence[str]) -> Digest:
    """Sum up what lies in the files."""
    found = Digest(fields)
    for path in sorted(folder.glob("*.csv.zst")):
        with path.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as unpacked:
            for row in csv.DictReader(io.TextIOWrapper(unpacked, encoding="utf-8", newline="")):
                found.add(row)
    return found


def _read(url: str, folder: Path, job: str, total: int) -> tuple[Description, int, float]:
    settings, sf = Settings(), login(url)
    description = describe(sf, OBJECT)
    pages = PageFolder(folder)
    wanted = Results(sf, description, job, total, pages, settings.page_rows, settings.idle.total_seconds())
    began = time.monotonic()
    with ThreadPoolExecutor(settings.pages) as pool:
        rows = sum(page.rows for page in results.read_pages(wanted, pool, settings.pages))
    return description, rows, time.monotonic() - began


@contextlib.contextmanager
def _completions() -> Iterator[list[float]]:
    """Note when jobs are complete: how long the stand-in needs for one is no matter of ours."""
    moments: list[float] = []
    wait = query.wait_for_job

    def waiting(*arguments: Any, **named: Any) -> int | None:
        total = wait(*arguments, **named)
        moments.append(time.monotonic())
        return total

    query.wait_for_job = waiting
    try:
        yield moments
    finally:
        query.wait_for_job = wait


def _silent(_name: str, _rows: int, _total: int | None) -> None:
    pass


WAYS: dict[str, Callable[..., dict[str, Any]]] = {
    "staged": staged,
    "whole": whole,
    "extract": extracted,
}

if __name__ == "__main__":
    way, address, path, *more = sys.argv[1:]
    print(json.dumps(WAYS[way](address, Path(path), *more)))
