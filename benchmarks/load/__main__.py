"""How fast we load: against the limit of a real account, and against other clients on the same stand-in, in one run.

`make bench BENCH=load` prints a JSON line for each measurement. `python -m benchmarks.load --help` has the sizes.
Peers get environments of their own under `.local/bench`; one that cannot be installed is left out and named.
"""

import argparse
import json
import math
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

from benchmarks.load.rows import BATCH, KEY
from tests import servers

HERE = Path(__file__).parent
ENVIRONMENTS = Path(".local/bench")
HEADERS = {"Authorization": "Bearer sandbox-hubspot-token"}
WINDOW = 10.0
LIMIT = 190
INTERCOM_A_MINUTE, INTERCOM_LIMIT = 10_000, 1_667
# peer -> what pip installs, and how many rows at most: drt sends nine a second, whatever is set
PEERS = {
    "sdk": ("hubspot-api-client==12.0.0", 20_000),
    "tuned": ("urllib3", 100_000),
    "dlt": ("dlt==1.31.0", 20_000),
    "drt": ("drt-core==1.2.1", 100),
}


@dataclass(frozen=True, slots=True)
class Run:
    """A client's run: seconds of wall and CPU time, what it said, and the records that were there at each moment."""

    seconds: float
    cpu: float
    said: dict[str, Any]
    seen: Sequence[tuple[float, int]]
    server_cpu: float

    def share(self, per_window: int) -> float:
        """Give the share of the limit that was used, over whole windows after the first, which starts from nothing."""
        begin = self.seen[0][0] + WINDOW
        windows = math.floor((self.seen[-1][0] - begin) / WINDOW)
        if windows < 1:
            return float("nan")
        done = self._at(begin + windows * WINDOW) - self._at(begin)
        return done / (windows * per_window)

    def _at(self, moment: float) -> float:
        before = [each for each in self.seen if each[0] <= moment][-1]
        after = next(each for each in self.seen if each[0] >= moment)
        if after[0] == before[0]:
            return before[1]
        return before[1] + (after[1] - before[1]) * (moment - before[0]) / (after[0] - before[0])


class Account:
    """A stand-in in a process of its own."""

    def __init__(self, name: str, address: str) -> None:
        self.name, self.address = name, address
        port = int(address.rpartition(":")[2])
        self.process = next(
            process for process in psutil.Process().children() if str(port) in process.cmdline()
        )

    def reset(self, **limits: float) -> None:
        """Empty it and set its limits and latency (seconds)."""
        latency = limits.pop("latency", 0.0)
        self._post("reset")
        if self.name == "hubspot":
            self._post("limits", {**limits, "latency_ms": int(latency * 1000), "daily": 100_000_000})
            key = {"name": KEY, "label": "Key", "type": "string", "fieldType": "text", "hasUniqueValue": True}
            httpx.post(
                f"{self.address}/crm/v3/properties/contacts",
                json={**key, "groupName": "contactinformation"},
                headers=HEADERS,
            ).raise_for_status()
        else:
            self._post("limits", limits)
            self._post("latency", {"response_seconds": latency})
            httpx.delete(f"{self.address}/_sandbox/calls").raise_for_status()

    def _post(self, name: str, body: Any = None) -> None:
        httpx.post(f"{self.address}/_sandbox/{name}", json=body).raise_for_status()

    def counts(self) -> tuple[int, int]:
        """Give the records written and the calls refused for the limit."""
        calls = httpx.get(f"{self.address}/_sandbox/calls").json()
        if self.name == "hubspot":
            return calls["written"].get("contacts", 0), calls["429"]
        return calls["writes"].get("POST /contacts", 0), calls["rate_limited"]

    def run(self, command: Sequence[str]) -> Run:
        """Run a client and watch the records come."""
        seen: list[tuple[float, int]] = []
        ended = threading.Event()

        def watch() -> None:
            while not ended.wait(0.25):
                written = self.counts()[0]
                # What comes before the first record is the client's start and not its pace.
                if written:
                    seen.append((time.monotonic(), written))

        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        server = sum(self.process.cpu_times()[:2])
        watcher = threading.Thread(target=watch)
        watcher.start()
        start = time.monotonic()
        try:
            environment = {**os.environ, "PYTHONPATH": f"{HERE}:{servers.REPOSITORY}"}
            done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        finally:
            ended.set()
            watcher.join()
        seconds = time.monotonic() - start
        if done.returncode:
            raise RuntimeError(f"{command[1]}: {done.stderr[-800:]}")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        said = json.loads(done.stdout) if done.stdout.startswith("{") else {}
        return Run(seconds, cpu, said, seen, sum(self.process.cpu_times()[:2]) - server)


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__)
    parser.add_argument("--records", type=int, default=200_000, help="contacts sent at HubSpot's limit")
    parser.add_argument("--intercom-records", type=int, default=10_000)
    parser.add_argument("--free-records", type=int, default=100_000, help="contacts sent without a limit")
    parser.add_argument("--memory", default="10000,100000,1000000", help="sizes at which memory is taken")
    parser.add_argument("--only", default="pace,intercom,peers,memory")
    arguments = parser.parse_args()
    chosen = arguments.only.split(",")
    with _account("hubspot") as hubspot:
        if "pace" in chosen:
            _pace(hubspot, arguments.records)
        if "peers" in chosen:
            _peers(hubspot, arguments.free_records)
        if "memory" in chosen:
            _memory(hubspot, [int(size) for size in arguments.memory.split(",")])
    if "intercom" in chosen:
        with _account("intercom") as intercom:
            _intercom(intercom, arguments.intercom_records)


@contextmanager
def _account(name: str) -> Iterator[Account]:
    with (
        tempfile.TemporaryDirectory() as home,
        servers.running(["sandbox", name], Path(home), "/_sandbox/health") as address,
    ):
        yield Account(name, address)


def _ours(account: Account, count: int) -> Run:
    with tempfile.TemporaryDirectory() as spool:
        command = [
            sys.executable,
            "-m",
            "benchmarks.load.ours",
            account.name,
            account.address,
            str(count),
            spool,
        ]
        run = account.run(command)
    if run.said["succeeded"] != count:
        raise RuntimeError(f"{run.said['succeeded']} of {count} records arrived")
    return run


def _pace(account: Account, count: int) -> None:
    limits = {"ten_secondly": LIMIT, "latency": 0.15}
    account.reset(**limits)
    share = _ours(account, count).share(LIMIT * BATCH)
    refused = account.counts()[1]
    account.reset(**limits)
    peer = [str(_environment("tuned")), str(HERE / "peer_tuned.py"), account.address, str(count), str(LIMIT)]
    theirs = account.run(peer).share(LIMIT * BATCH)
    _say("load.hubspot.share_of_limit", share, "tuned client, 10 threads", theirs, 0.97, share >= 0.97)
    _say("load.hubspot.calls_refused", refused, "an honest server", 0, 0, refused == 0)


def _intercom(account: Account, count: int) -> None:
    account.reset(requests_per_minute=INTERCOM_A_MINUTE, latency=0.1)
    share = _ours(account, count).share(INTERCOM_LIMIT)
    refused = account.counts()[1]
    _say("load.intercom.share_of_limit", share, "the limit", 1.0, 0.95, share >= 0.95)
    _say("load.intercom.calls_refused", refused, "an honest server", 0, 0, refused == 0)


def _peers(account: Account, count: int) -> None:
    account.reset(ten_secondly=100_000_000)
    runs = []
    for _ in range(3):
        account.reset(ten_secondly=100_000_000)
        runs.append(_ours(account, count))
    speed = statistics.median(count / run.seconds for run in runs)
    cpu = statistics.median(run.cpu / count * 100_000 for run in runs)
    busy = statistics.median(run.server_cpu / run.seconds for run in runs)
    _say("load.hubspot.stand_in_busy", busy, "one core", 1.0, None, True)
    for peer, (_, most) in PEERS.items():
        rows = min(count, most)
        try:
            run = _peer(account, peer, rows)
        except (RuntimeError, subprocess.CalledProcessError) as problem:
            print(
                json.dumps({"bench": "load.hubspot.peer", "against": peer, "left_out": str(problem)[-300:]}),
                flush=True,
            )
            continue
        theirs = rows / run.seconds
        _say("load.hubspot.records_per_second", speed, peer, theirs, 1.0, speed > theirs)
        theirs = run.cpu / rows * 100_000
        _say("load.hubspot.cpu_seconds_per_100000", cpu, peer, theirs, 1.0, cpu < theirs)


def _peer(account: Account, peer: str, rows: int) -> Run:
    account.reset(ten_secondly=100_000_000)
    more = {"tuned": ["0"], "dlt": [tempfile.mkdtemp()]}.get(peer, [])
    command = [str(_environment(peer)), str(HERE / f"peer_{peer}.py"), account.address, str(rows), *more]
    run = account.run(command)
    written = account.counts()[0]
    if written != rows:
        raise RuntimeError(f"{written} of {rows} records arrived")
    return run


def _memory(account: Account, sizes: Sequence[int]) -> None:
    taken = []
    for size in sizes:
        account.reset(ten_secondly=100_000_000)
        taken.append(_ours(account, size).said["memory_mb"])
        flat = taken[-1] <= taken[0] * 1.25
        _say(f"load.memory_mb_at_{size}", taken[-1], f"at {sizes[0]}", taken[0], 1.25, flat)


def _environment(peer: str) -> Path:
    """Give the Python of a peer's own environment, made when it is first needed."""
    folder = ENVIRONMENTS / peer
    python = folder / "bin" / "python"
    if not (folder / "installed").exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-qq", PEERS[peer][0]], check=True)
        (folder / "installed").touch()
    return python.absolute()


def _say(what: str, ours: float, against: str, theirs: float, target: float | None, ok: bool) -> None:
    ratio = round(ours / theirs, 3) if theirs else None
    measured = {"ours": round(ours, 3), "against": against, "theirs": round(theirs, 3), "ratio": ratio}
    print(
        json.dumps({"bench": "load", "what": what, **measured, "target": target, "ok": bool(ok)}), flush=True
    )


if __name__ == "__main__":
    main()
