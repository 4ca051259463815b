"""The stand-in with a large object in it, as a process of its own that keeps its files between runs."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from simple_salesforce import Salesforce

from extract.salesforce import Login, connect
from extract.salesforce.describe import Description, describe

OBJECT = "Contact"
CLIENT = {"client_id": "sandbox-client", "client_secret": "sandbox-secret"}
UNTIL = "2030-01-01T00:00:00Z"


@dataclass(frozen=True, slots=True)
class Org:
    """Where the stand-in answers, and a session with it."""

    url: str
    sf: Salesforce

    @property
    def token(self) -> str:
        """A token that other clients may use."""
        return str(self.sf.session.token().value)

    def control(self, action: str, **content: Any) -> Any:
        """Call one of the stand-in's own routes."""
        answer = requests.post(f"{self.url}/_sandbox/{action}", json=content, timeout=3600)
        answer.raise_for_status()
        return answer.json()

    def calm(self) -> None:
        """Forget the faults that are still to come."""
        requests.delete(f"{self.url}/_sandbox/faults", timeout=60).raise_for_status()

    def calls(self) -> int:
        """Count the calls so far."""
        counted: Mapping[str, int] = requests.get(f"{self.url}/_sandbox/calls", timeout=60).json()["calls"]
        return sum(counted.values())

    def fill(self, rows: int, page_rows: int) -> None:
        """Put so many hard records in, unless they are there, served in pages of so many."""
        self.control("fill", object=OBJECT, rows=rows, seed=1)
        self.control(
            "limits", BulkResultPage=page_rows, DailyApiRequests=10_000_000, DailyBulkV2QueryJobs=100_000
        )

    def description(self) -> Description:
        """Describe the object."""
        return describe(self.sf, OBJECT)

    def soql(self) -> str:
        """Give the query of every readable field."""
        return f"SELECT {', '.join(self.description().fields)} FROM {OBJECT}"

    def job(self) -> str:
        """Make a job of all records and wait until its pages lie ready, so that no client waits for them."""
        made = self.sf.restful(
            "jobs/query", method="POST", json={"operation": "queryAll", "query": self.soql()}
        )
        while self.sf.restful(f"jobs/query/{made['id']}")["state"] != "JobComplete":
            time.sleep(0.2)
        return str(made["id"])

    def pages(self, job: str) -> list[str]:
        """Give the addresses of a job's pages."""
        addresses: list[str] = []
        path: str | None = f"{self.sf.base_url}jobs/query/{job}/resultPages"
        while path:
            answer = self.sf.session.get(path).json()
            addresses += [self.url + each["resultUrl"] for each in answer["resultPages"]]
            path = answer["nextRecordsUrl"] and self.url + answer["nextRecordsUrl"]
        return addresses


def login(url: str) -> Salesforce:
    """Open a session with the stand-in."""
    return connect(Login(login_url=url, **CLIENT))


@contextlib.contextmanager
def running(home: Path, port: int) -> Iterator[Org]:
    """Run the stand-in on its files in `home`, and stop it."""
    home.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "sandbox", "salesforce", "--home", str(home), "--port", str(port)]
    url = f"http://127.0.0.1:{port}"
    with (home / "server.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        _wait(url, process)
        # Whose session it is must be a record: the Salesforce CLI reads it.
        user = {"object": "User", "rows": 1, "seed": 1}
        requests.post(f"{url}/_sandbox/fill", json=user, timeout=60).raise_for_status()
        yield Org(url, login(url))
    finally:
        process.terminate()
        process.wait(60)


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(requests.ConnectionError):
            if requests.get(f"{url}/_sandbox/health", timeout=5).ok:
                return
        time.sleep(0.1)
    raise RuntimeError(f"The stand-in does not answer at {url}; see the server.log in its folder.")
