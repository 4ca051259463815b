"""The Salesforce stand-in as tests use it: filled, changed, disturbed."""

import csv
import email.utils
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import requests
from simple_salesforce import Salesforce

from extract.salesforce import Login, connect
from extract.salesforce.login import PlainLoopback

CLIENT = {"client_id": "sandbox-client", "client_secret": "sandbox-secret"}
OLD = "2024-01-01T00:00:00.000Z"


class Org:
    """One stand-in, empty at the start of a test."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.control("reset")
        self.sf = self.connect()

    def connect(self, adapter: PlainLoopback | None = None) -> Salesforce:
        return connect(Login(login_url=self.url, **CLIENT), adapter=adapter or Punctual())

    def control(self, action: str, **content: Any) -> Any:
        answer = httpx.post(f"{self.url}/_sandbox/{action}", json=content, timeout=60)
        assert answer.is_success, answer.text
        return answer.json()

    def calls(self) -> dict[str, int]:
        """Give the number of calls by method and path."""
        counted: dict[str, int] = httpx.get(f"{self.url}/_sandbox/calls").json()["calls"]
        return counted

    def fill(self, **objects: Sequence[Mapping[str, str]]) -> None:
        """Put records into the org as they are, with old times unless they have others."""
        with tempfile.TemporaryDirectory() as folder:
            for name, records in objects.items():
                _write(
                    Path(folder) / f"{name}.csv", [{"SystemModstamp": OLD, **record} for record in records]
                )
            self.control("seed", folder=folder)


class Punctual(PlainLoopback):
    """A network whose Date headers are right to the second; the stand-in's server renews its own now and then."""

    def send(self, request: requests.PreparedRequest, *arguments: Any, **settings: Any) -> requests.Response:
        response = super().send(request, *arguments, **settings)
        response.headers["Date"] = email.utils.formatdate(usegmt=True)
        return response


class Tampering(Punctual):
    """A network that changes answers on their way."""

    def __init__(self, change: Callable[[requests.Response], None]) -> None:
        super().__init__()
        self.change = change

    def send(self, request: requests.PreparedRequest, *arguments: Any, **settings: Any) -> requests.Response:
        response = super().send(request, *arguments, **settings)
        self.change(response)
        return response


def contact_id(number: int) -> str:
    return f"003{number:012}AAA"


def contacts(number: int, **fields: str) -> list[dict[str, str]]:
    """Give so many contacts, named by their number."""
    return [{"Id": contact_id(each), "LastName": f"Name {each}", **fields} for each in range(1, number + 1)]


def _write(path: Path, records: Sequence[Mapping[str, str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        names = list(dict.fromkeys(name for record in records for name in record))
        writer = csv.DictWriter(file, names, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writeheader()
        writer.writerows(records)
