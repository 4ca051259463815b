"""One fault on the second of four pages, for ours and for the peers: who has every record at the end, and who lies."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from benchmarks import measure
from benchmarks.extract.clients import PEERS
from benchmarks.extract.org import Org
from benchmarks.measure import Run

ROWS, PAGE_ROWS = 20_000, 5_000
SECOND_PAGE = {"path": "/results", "skip": 1}
FAULTS: Mapping[str, Mapping[str, Any]] = {
    "no fault": {},
    "HTTP 500 once": {**SECOND_PAGE, "status": 500},
    "HTTP 503 three times": {**SECOND_PAGE, "status": 503, "times": 3},
    "too many calls at once": {**SECOND_PAGE, "status": 403},
    "session ended": {**SECOND_PAGE, "event": "expired_session"},
    "connection cut mid page": {**SECOND_PAGE, "event": "cut_page"},
    "page shorter than it says": {**SECOND_PAGE, "event": "short_page"},
    "compressed page cut off": {**SECOND_PAGE, "event": "truncated_page"},
    "a proxy's page": {**SECOND_PAGE, "event": "proxy_page"},
    "locator gone": {**SECOND_PAGE, "event": "lost_locator"},
    "job fails after page 1": {**SECOND_PAGE, "event": "lost_job"},
}


def score(org: Org, home: Path, names: Iterable[str]) -> bool:
    """Tell how each client took each fault; give whether ours took them all."""
    org.control("delivery", gzip=True, bytes_per_second=0)
    org.fill(ROWS, PAGE_ROWS)
    expected = ours(org, home).result.get("digest")
    verdicts = []
    for fault, asked in FAULTS.items():
        verdict = _verdict(org, ours(org, home, asked), expected)
        verdicts.append(verdict)
        theirs = {name: _verdict(org, peer(org, home, name, asked), expected) for name in names}
        measure.tell(
            "extract",
            f"fault: {fault}",
            ours=verdict,
            against=theirs,
            target="recovers",
            ok=verdict == "recovers",
        )
    return all(each == "recovers" for each in verdicts)


def ours(org: Org, home: Path, fault: Mapping[str, Any] | None = None) -> Run:
    """Read the object with a fault on the way."""
    shutil.rmtree(home / "faults", ignore_errors=True)
    _plan(org, fault)
    command: list[str | Path] = [
        measure.python(),
        "-W",
        "ignore",
        "-m",
        "benchmarks.extract.staged",
        "whole",
        org.url,
        home / "faults",
        str(PAGE_ROWS),
        "digest",
    ]
    return measure.run(command)


def peer(org: Org, home: Path, name: str, fault: Mapping[str, Any] | None = None) -> Run:
    """Let a peer do the same."""
    _plan(org, fault)
    return PEERS[name].run(org, home / "peers", PAGE_ROWS, digest=True)


def _plan(org: Org, fault: Mapping[str, Any] | None) -> None:
    org.calm()
    if fault:
        org.control("faults", **fault)


def _verdict(org: Org, run: Run, expected: Any) -> str:
    """Name the outcome: every record is there, the failure shows, or records are missing and nobody says so."""
    if org.control("faults", faults=[])["faults"]:
        return "never met it"
    if run.code:
        return "fails"
    if run.result.get("rows") != ROWS:
        return f"says success with {run.result.get('rows')} of {ROWS} rows"
    return "recovers" if run.result.get("digest") == expected else "changes values"
