"""One process measured, and one line about it."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Run:
    """What a process took (seconds, MB) and left: its exit code, what it said, its last line as JSON if it is that."""

    cpu: float
    wall: float
    rss: float
    code: int
    said: str
    result: Mapping[str, Any]


def run(command: Sequence[str | Path], env: Mapping[str, str] | None = None, timeout: float = 3600) -> Run:
    """Run a command to its end, with what it starts itself, and take its CPU time and its largest resident memory."""
    began = time.monotonic()
    process = subprocess.Popen(
        [str(each) for each in command],
        env={**os.environ, **(env or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        said, _ = _output(process, timeout)
    finally:
        _, status, usage = os.wait4(process.pid, 0)
    lines = said.strip().splitlines()
    return Run(
        cpu=usage.ru_utime + usage.ru_stime,
        wall=time.monotonic() - began,
        rss=usage.ru_maxrss * 1024 / MEGABYTE,
        code=os.waitstatus_to_exitcode(status),
        said=said,
        result=_json(lines[-1]) if lines else {},
    )


def _output(process: "subprocess.Popen[str]", timeout: float) -> tuple[str, None]:
    """Read all that it says, before it is waited for: `communicate` would take its usage away."""
    assert process.stdout is not None  # noqa: S101  asked for above
    deadline = time.monotonic() + timeout
    lines = []
    for line in process.stdout:
        lines.append(line)
        if time.monotonic() > deadline:
            process.kill()
    return "".join(lines), None


def _json(line: str) -> Mapping[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def cpu_of(process: int) -> float:
    """Give the CPU seconds that a running process has taken, as Linux counts them."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def tell(bench: str, what: str, **more: Any) -> None:
    """Print one measurement: `ours` against `theirs`, or alone, and whether it meets its `target`."""
    print(json.dumps({"bench": bench, "what": what, **more}), flush=True)


def compare(
    bench: str,
    what: str,
    ours: float,
    against: str,
    theirs: float | None = None,
    target: float | None = None,
    **more: Any,
) -> bool:
    """Tell ours and theirs with their ratio; the `target` is the most that the ratio, or ours alone, may be."""
    ratio = ours / theirs if theirs else None
    value = ours if ratio is None else ratio
    ok = target is None or value <= target
    tell(
        bench,
        what,
        ours=round(ours, 3),
        against=against,
        theirs=None if theirs is None else round(theirs, 3),
        ratio=None if ratio is None else round(ratio, 3),
        target=target,
        ok=ok,
        **more,
    )
    return ok


def python() -> str:
    """Give the interpreter that runs this."""
    return sys.executable
