"""A served Salesforce stand-in with clients: plain calls and simple-salesforce, which only speaks https."""

import csv
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce

from sandbox.salesforce.app import create_app
from sandbox.salesforce.ids import long_id
from tests.sandbox.serving import serve

VERSION = "66.0"
DATA = f"/services/data/v{VERSION}"
CLIENT = ("sandbox-client", "sandbox-secret")
TOKEN_PATH = "/services/oauth2/token"
PATIENCE_SECONDS = 20


class PlainHttp(HTTPAdapter):
    """Send what a client addresses to an https URL to the stand-in instead."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Keep path and query, replace scheme and host."""
        request.url = self.url + request.path_url
        return super().send(request, *args, **kwargs)


@dataclass(frozen=True, slots=True)
class Acme:
    """The org at `url`; `http` and `sf` are logged in."""

    url: str
    http: requests.Session
    sf: Salesforce

    def get(self, path: str, **options: Any) -> requests.Response:
        """Call a path below the API version."""
        return self.http.get(f"{self.url}{DATA}{path}", **options)

    def call(self, method: str, path: str, body: Any = None) -> requests.Response:
        """Call a path below the API version with a JSON body."""
        return self.http.request(method, f"{self.url}{DATA}{path}", json=body)

    def query(self, soql: str, *, deleted: bool = False) -> requests.Response:
        """Ask over REST."""
        return self.get("/queryAll" if deleted else "/query", params={"q": soql})

    def records(self, soql: str, *, deleted: bool = False) -> list[dict[str, Any]]:
        """Give the records of a one-page answer."""
        answer = self.query(soql, deleted=deleted)
        assert answer.status_code == 200, answer.text
        records: list[dict[str, Any]] = answer.json()["records"]
        return records

    def ids(self, soql: str, *, deleted: bool = False) -> list[str]:
        """Give the Id of each record, shortened to what tells test records apart."""
        return [short(record["Id"]) for record in self.records(soql, deleted=deleted)]

    def control(self, name: str, body: Any = None) -> Any:
        """Call a control route, which must succeed."""
        answer = requests.post(f"{self.url}/_sandbox/{name}", json=body, timeout=PATIENCE_SECONDS)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def seed(self, folder: Path) -> dict[str, int]:
        """Load a folder of CSV files."""
        loaded: dict[str, int] = self.control("seed", {"folder": str(folder)})["loaded"]
        return loaded

    def job(self, soql: str, **options: Any) -> dict[str, Any]:
        """Make a Bulk job and wait until it has ended."""
        body = {"operation": "query", "query": soql} | options
        made = self.call("POST", "/jobs/query", body)
        assert made.status_code == 200, made.text
        return self.ended(made.json()["id"])

    def ended(self, job_id: str) -> dict[str, Any]:
        """Wait for a job."""
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            job: dict[str, Any] = self.get(f"/jobs/query/{job_id}").json()
            if job["state"] in {"JobComplete", "Failed", "Aborted"}:
                return job
            time.sleep(0.01)
        raise AssertionError(f"job {job_id} did not end")

    def csv(self, soql: str, **options: Any) -> str:
        """Give the whole result of a query as Bulk writes it."""
        job = self.job(soql, **options)
        assert job["state"] == "JobComplete", job
        return self.get(f"/jobs/query/{job['id']}/results").content.decode()


def short(record_id: str) -> str:
    """0030000000000A1IAC -> A1: what tells the ids of test records apart."""
    return record_id[3:15].lstrip("0")


def record_id(prefix: str, name: str) -> str:
    """A1 -> 0030000000000A1 and its three letters of checksum."""
    return long_id(f"{prefix}{name.rjust(12, '0')}")


def write_csv(folder: Path, name: str, rows: Sequence[Mapping[str, str]]) -> Path:
    """Write rows as a CSV file; the columns are those of the first row."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.csv"
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return file


def token(url: str) -> str:
    """Log in."""
    form = {"grant_type": "client_credentials"}
    answer = requests.post(url + TOKEN_PATH, data=form, auth=CLIENT, timeout=PATIENCE_SECONDS)
    return str(answer.json()["access_token"])


def plain_http(url: str) -> requests.Session:
    """Make a session whose https calls all go to the stand-in."""
    session = requests.Session()
    session.mount("https://", PlainHttp(url))
    return session


@contextmanager
def login(url: str) -> Iterator[Acme]:
    """Log in to a served org."""
    session_id = token(url)
    with requests.Session() as http, plain_http(url) as secure:
        http.headers["Authorization"] = f"Bearer {session_id}"
        sf = Salesforce(
            instance="acme.my.salesforce.com", session_id=session_id, session=secure, version=VERSION
        )
        yield Acme(url, http, sf)


@contextmanager
def acme(home: Path) -> Iterator[Acme]:
    """Serve the org of `home` and log in."""
    with serve(create_app(home)) as url, login(url) as org:
        yield org
