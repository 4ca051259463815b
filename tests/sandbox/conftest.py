"""The HubSpot stand-in behind a real server, every exchange held to HubSpot's published description."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import hubspot as sdk
import pytest

from sandbox.hubspot.account import TOKEN
from sandbox.hubspot.app import create_app
from tests.sandbox import openapi
from tests.sandbox.serving import serve

KEY = {
    "name": "salesforce_id",
    "label": "Salesforce id",
    "type": "string",
    "fieldType": "text",
    "hasUniqueValue": True,
}
GROUPS = {
    "contacts": "contactinformation",
    "companies": "companyinformation",
    "deals": "dealinformation",
    "tickets": "ticketinformation",
    "notes": "note",
}


@dataclass(frozen=True, slots=True)
class HubSpot:
    """The stand-in, seen from outside: HubSpot's own client, and plain HTTP for what the client does not do."""

    url: str
    client: Any
    http: httpx.Client
    conformance: openapi.Conformance

    def call(self, method: str, path: str, body: Any = None, **options: Any) -> httpx.Response:
        return self.http.request(method, path, json=body, **options)

    def made(self, kind: str, **properties: str) -> str:
        """Create a record; give its id."""
        answer = self.call("POST", f"/crm/v3/objects/{kind}", {"properties": properties})
        assert answer.status_code == 201, answer.text
        made: str = answer.json()["id"]
        return made

    def values(self, kind: str, key: str, *names: str) -> dict[str, str | None]:
        """Read some properties of a record."""
        answer = self.call(
            "GET", f"/crm/v3/objects/{kind}/{key}", params={"properties": ",".join(names)}
        ).json()
        return {name: answer["properties"][name] for name in names}

    def add_key(self, kind: str) -> None:
        """Give an object type the unique property salesforce_id."""
        answer = self.call("POST", f"/crm/v3/properties/{kind}", KEY | {"groupName": GROUPS[kind]})
        assert answer.status_code == 201, answer.text

    def limit(self, **limits: float) -> None:
        assert self.call("POST", "/_sandbox/limits", limits).status_code == 200


def connect(url: str, conformance: openapi.Conformance) -> HubSpot:
    """Point both clients at the stand-in and at nothing else."""
    http = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {TOKEN}"})
    client = sdk.Client.create(access_token=TOKEN, host=url, base_url=url)
    return HubSpot(url, client, http, conformance)


@pytest.fixture(scope="module")
def served(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubSpot]:
    """Serve one stand-in for the tests of a module."""
    app = create_app(tmp_path_factory.mktemp("hubspot"))
    conformance = openapi.Conformance(app, openapi.hubspot(shared))
    with serve(conformance) as url:
        yield connect(url, conformance)


@pytest.fixture
def hubspot(served: HubSpot) -> Iterator[HubSpot]:
    """Give an empty account; afterwards fail if anything that was accepted or answered departs from the description."""
    assert served.call("POST", "/_sandbox/reset").status_code == 204
    served.limit(ten_secondly=100_000, search_secondly=100_000, search_lag_seconds=0)
    served.conformance.clear()
    yield served
    assert served.conformance.violations(refused=False) == []
