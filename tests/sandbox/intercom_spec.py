"""Intercom's published description of API 2.14, repaired, and a workspace of the stand-in that is held to it."""

import atexit
import copy
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import yaml
from intercom import Intercom
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.intercom.app import TOKEN, create_app
from tests.sandbox.openapi import Conformance, Description, Document, describe
from tests.sandbox.serving import serve

Headers = dict[str, str] | None

VERSION = "2.14"
# Monday 2026-03-02 12:00 UTC, the start of a ten-second window.
NOON = 1_772_452_800.0
WRONG_FORMATS = (["integer", "date-time"], ["string", "uri"], ["string", "uuid"])


@dataclass(slots=True)
class Clock:
    """A clock that moves only when a test moves it."""

    now: float = NOON

    def __call__(self) -> float:
        return self.now

    def pass_seconds(self, seconds: float) -> None:
        self.now += seconds


@dataclass(slots=True)
class Acme:
    """The stand-in of one test: its address, two clients and its clock."""

    url: str
    http: httpx.Client
    clock: Clock
    conformance: Conformance
    sdk: Intercom = field(init=False)

    def __post_init__(self) -> None:
        self.sdk = Intercom(token=TOKEN, base_url=self.url, headers={"Intercom-Version": VERSION})

    def call(
        self, method: str, path: str, body: Any = None, *, expect: int = 200, headers: Headers = None
    ) -> Any:
        """Send one call; give the answer's JSON after checking its status."""
        response = self.http.request(method, path, json=body, headers=headers)
        assert response.status_code == expect, response.text
        return response.json() if response.content else None

    def refusal(
        self, method: str, path: str, body: Any = None, *, expect: int = 400, headers: Headers = None
    ) -> Any:
        """Send one call that must fail; give its one error."""
        answer = self.call(method, path, body, expect=expect, headers=headers)
        assert answer["type"] == "error.list"
        [error] = answer["errors"]
        return error

    def control(self, name: str, body: Any = None) -> Any:
        return self.call("POST", f"/_sandbox/{name}", body)


@dataclass(slots=True)
class Stage:
    """A server that stays up while its application changes: starting one takes longer than most tests."""

    app: ASGIApp | None = None
    url: str = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.app is not None:
            await self.app(scope, receive, send)


@cache
def _stage() -> Stage:
    stage, stack = Stage(), ExitStack()
    stage.url = stack.enter_context(serve(stage))
    atexit.register(stack.close)
    return stage


@contextmanager
def acme(home: Path, shared: Path, clock: Clock | None = None) -> Iterator[Acme]:
    """Serve a workspace whose state is in `home`; at the end hold all that went over the wire to the description."""
    clock = clock or Clock()
    conformance = Conformance(create_app(home, clock), description(shared), sample=3)
    headers = {"Authorization": f"Bearer {TOKEN}", "Intercom-Version": VERSION}
    stage = _stage()
    stage.app = conformance
    with httpx.Client(base_url=stage.url, headers=headers) as client:
        yield Acme(stage.url, client, clock, conformance)
    found = conformance.violations(refused=False)
    assert not found, "\n".join(f"{v.side} {v.method} {v.path} {v.status}: {v.problem}" for v in found)


@cache
def description(shared: Path) -> Description:
    """Read the description of 2.14 once (it takes two seconds) and repair it."""
    text = (shared / "specs/intercom/api.intercom.io.2.14.yaml").read_text()
    document: Document = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    for path in ("/export/reporting_data/{job_identifier}", "/download/reporting_data/{job_identifier}"):
        del document["paths"][path]
    error = copy.deepcopy(document["components"]["schemas"]["error"])
    _drop_formats(document)
    _accept_ids_as_text(document)
    _repair_schemas(document["components"]["schemas"])
    _repair_requests(document)
    return describe([document], server="https://api.intercom.io", error=error)


def _drop_formats(node: Any) -> None:
    """Drop formats that do not hold: times are Unix seconds, ids are hexadecimal digits, URLs are relative."""
    if isinstance(node, dict):
        if [node.get("type"), node.get("format")] in WRONG_FORMATS:
            del node["format"]
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            _drop_formats(child)


def _accept_ids_as_text(document: Document) -> None:
    """Type path parameters as strings where the description says integer though the ids are strings."""
    for item in document["paths"].values():
        for operation in item.values():
            for parameter in operation.get("parameters", []) if isinstance(operation, dict) else []:
                if parameter["in"] == "path" and parameter["name"] in {"contact_id", "conversation_id"}:
                    parameter["schema"] = {"type": "string"}


def _repair_schemas(schemas: Document) -> None:
    """Mend what the vendor's own examples contradict."""
    # Values of custom attributes are strings, numbers and booleans.
    for name in ("create_or_update_company_request", "update_company_request", "company"):
        schemas[name]["properties"]["custom_attributes"]["additionalProperties"] = {}
    # Null in the examples; a contact need not have an address.
    for holder, name in (
        ("conversation_part", "assigned_to"),
        ("conversation_part", "email_message_metadata"),
        ("conversation", "ai_agent"),
        ("conversation_list_item", "ai_agent"),
        ("contact", "email"),
        ("contact", "email_domain"),
    ):
        schema = schemas[holder]["properties"][name]
        # A null must be allowed where the type stands: beside a reference it has no effect.
        meant = schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
        schemas[holder]["properties"][name] = {**meant, "nullable": True}


def _repair_requests(document: Document) -> None:
    """Admit what the text of the description, or its own examples, say is possible."""
    schemas, paths = document["components"]["schemas"], document["paths"]
    schemas["intercom_version"]["enum"] += ["2.15", "2.16"]
    # "It will truncate floats."
    schemas["create_or_update_company_request"]["properties"]["monthly_spend"]["type"] = "number"
    # The value of a filter is nullable, which has no effect beside oneOf.
    schemas["single_filter_search_request"]["properties"]["value"]["oneOf"][0]["nullable"] = True
    # What tags a company is also what creates a tag.
    body = paths["/tags"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    body["anyOf"] = body.pop("oneOf")
    # `GET /companies?company_id=` answers with the company itself, as Intercom's own SDKs expect.
    content = paths["/companies"]["get"]["responses"]["200"]["content"]["application/json"]
    content["schema"] = {"oneOf": [content["schema"], {"$ref": "#/components/schemas/company"}]}
