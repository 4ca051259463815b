"""Hold every request and answer that passes through a stand-in to the vendor's published OpenAPI description.

`Conformance` is an ASGI application around another one. It records each exchange while the server runs and checks
the records when asked, so the checking never slows the server down and no client can get round it:

    conformance = Conformance(create_app(home), hubspot(shared))
    with serve(conformance) as url:
        ...
    assert not conformance.violations()
"""

import json
import re
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qsl, unquote

from openapi_core import OpenAPI
from openapi_core.testing import MockRequest, MockResponse
from openapi_schema_validator import OAS30Validator
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from werkzeug.datastructures import MultiDict

Document = dict[str, Any]

CLIENT_ERROR = 400
# Objects whose keys are the account's own: each stands for itself, whatever others there are.
FREE = frozenset({"properties", "custom_attributes", "ticket_attributes"})

# Method, path template and status; where something stands in an exchange and what it is.
Operation = tuple[str, str, int]
Shape = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer, as they went over the wire."""

    method: str
    path: str
    query: str
    request_headers: Mapping[str, str]
    request_body: bytes
    status: int
    response_headers: Mapping[str, str]
    response_body: bytes


@dataclass(frozen=True, slots=True)
class Violation:
    """One departure from the description; `refused` means that the stand-in itself answered 4xx to a bad request."""

    side: Literal["request", "response"]
    method: str
    path: str
    status: int
    problem: str

    @property
    def refused(self) -> bool:
        return self.side == "request" and self.status >= CLIENT_ERROR


@dataclass(frozen=True, slots=True)
class Route:
    """A path template of one document."""

    pattern: re.Pattern[str]
    template: str
    methods: frozenset[str]
    api: OpenAPI


@dataclass(frozen=True, slots=True)
class Description:
    """What a vendor publishes about its API, ready for checking.

    server: the address the documents know the vendor by.
    error: the schema of a 4xx or 5xx body; no vendor lists all of its error answers by operation.
    undescribed: prefixes of paths that the vendor serves but does not describe.
    """

    server: str
    routes: tuple[Route, ...]
    error: OAS30Validator
    undescribed: tuple[str, ...]


class Conformance:
    """Record what passes through `app` and check it against `description`.

    Paths under /_sandbox/ belong to no vendor and are not looked at.
    sample: check at most so many exchanges of one operation and status, and of the others those that hold an object of a
    shape that none of these had: other keys, or a key with another type of value; None checks all.
    `checked` counts the exchanges that were, `passed` all of them.
    """

    def __init__(self, app: ASGIApp, description: Description, *, sample: int | None = None) -> None:
        self.app = app
        self.description = description
        self.sample = sample
        self.passed: Counter[Operation] = Counter()
        self.checked: Counter[Operation] = Counter()
        self._exempt = ("/_sandbox/", *description.undescribed)
        self._shapes: set[tuple[Operation, Shape]] = set()
        self._lock = threading.Lock()
        self._unchecked: list[Exchange] = []
        self._found: list[Violation] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the call on; keep a copy of it once the last byte of the answer is known."""
        if scope["type"] != "http" or scope["path"].startswith(self._exempt):
            await self.app(scope, receive, send)
            return
        sent, got = bytearray(), bytearray()
        start: Message = {}
        left: list[str] = []

        async def receive_copy() -> Message:
            message = await receive()
            sent.extend(message.get("body", b""))
            if message["type"] == "http.disconnect":
                left.append("before the answer")
            return message

        async def send_copy(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            else:
                got.extend(message.get("body", b""))
                # A client that was killed while it sent gets an answer that nobody reads.
                if not message.get("more_body") and not left:
                    self._record(scope, bytes(sent), start, bytes(got))
            await send(message)

        await self.app(scope, receive_copy, send_copy)

    def violations(self, *, refused: bool = True) -> list[Violation]:
        """Check what was recorded since the last call; give every violation found so far.

        refused=False leaves out bad requests that the stand-in itself refused: right where a test sends them on purpose.
        """
        with self._lock:
            exchanges, self._unchecked = self._unchecked, []
        for exchange in exchanges:
            self._found.extend(self._check(exchange))
        return [violation for violation in self._found if refused or not violation.refused]

    def clear(self) -> None:
        """Forget what was found so far: a test that departs from the description on purpose says so with this."""
        self.violations()
        self._found.clear()

    def _record(self, scope: Scope, request_body: bytes, start: Message, response_body: bytes) -> None:
        exchange = Exchange(
            method=scope["method"],
            path=scope["path"],
            query=scope["query_string"].decode(),
            request_headers=_headers(scope["headers"]),
            request_body=request_body,
            status=start["status"],
            response_headers=_headers(start["headers"]),
            response_body=response_body,
        )
        with self._lock:
            self._unchecked.append(exchange)

    def _check(self, exchange: Exchange) -> Iterator[Violation]:
        route = self._route(exchange)
        if route is None:
            yield _violation("request", exchange, "the vendor has no such operation")
            return
        operation = (exchange.method, route.template, exchange.status)
        self.passed[operation] += 1
        new = {(operation, shape) for shape in _shapes(exchange)} - self._shapes
        if self.sample is not None and self.passed[operation] > self.sample and not new:
            return
        self._shapes |= new
        self.checked[operation] += 1
        request = _request(exchange, self.description.server)
        for problem in route.api.iter_request_errors(request):
            yield _violation("request", exchange, _explain(problem))
        if exchange.status >= CLIENT_ERROR:
            yield from self._check_error(exchange)
        else:
            yield from _check_answer(route.api, request, exchange)

    def _route(self, exchange: Exchange) -> Route | None:
        method = exchange.method.lower()
        for route in self.description.routes:
            if method in route.methods and route.pattern.fullmatch(exchange.path):
                return route
        return None

    def _check_error(self, exchange: Exchange) -> Iterator[Violation]:
        try:
            body = json.loads(exchange.response_body)
        except ValueError:
            yield _violation("response", exchange, "the error body is not JSON")
            return
        for problem in self.description.error.iter_errors(body):
            yield _violation("response", exchange, f"error body, {problem.json_path}: {problem.message}")


def _shapes(exchange: Exchange) -> Iterator[Shape]:
    """Give the shapes of all that an exchange is made of: an exchange of shapes that were checked could only pass again."""
    yield "path", tuple(part.isdigit() for part in exchange.path.split("/"))
    yield "query", frozenset(name for name, _ in parse_qsl(exchange.query, keep_blank_values=True))
    yield "headers", frozenset(exchange.request_headers), exchange.request_headers.get("intercom-version")
    for side, body in (("request", exchange.request_body), ("response", exchange.response_body)):
        try:
            yield from _shapes_of(json.loads(body or b"null"), (side,))
        except ValueError:
            yield side, "not JSON"


def _shapes_of(value: Any, place: Shape) -> Iterator[Shape]:
    if isinstance(value, dict):
        keys = frozenset((name, type(inside)) for name, inside in value.items())
        if place[-1] in FREE:
            yield from ((*place, *each) for each in keys)
        else:
            yield *place, keys
        for name, inside in value.items():
            if isinstance(inside, dict | list):
                yield from _shapes_of(inside, (*place, name))
    elif isinstance(value, list):
        for inside in value:
            yield from _shapes_of(inside, place)
    else:
        yield *place, type(value)


def _check_answer(api: OpenAPI, request: MockRequest, exchange: Exchange) -> Iterator[Violation]:
    response = MockResponse(
        data=exchange.response_body,
        status_code=exchange.status,
        headers=dict(exchange.response_headers),
        content_type=exchange.response_headers.get("content-type", ""),
    )
    for problem in api.iter_response_errors(request, response):
        yield _violation("response", exchange, _explain(problem))


def _request(exchange: Exchange, server: str) -> MockRequest:
    return MockRequest(
        host_url=server,
        method=exchange.method,
        path=exchange.path,
        args=MultiDict(parse_qsl(exchange.query, keep_blank_values=True)),
        headers=dict(exchange.request_headers),
        data=exchange.request_body or None,
        content_type=exchange.request_headers.get("content-type", ""),
    )


def _violation(side: Literal["request", "response"], exchange: Exchange, problem: str) -> Violation:
    return Violation(side, exchange.method, exchange.path, exchange.status, problem)


def _explain(problem: Exception) -> str:
    """Put the schema errors below an openapi-core error into one line."""
    causes = getattr(problem.__cause__, "schema_errors", None)
    if causes is None:
        return f"{type(problem).__name__}: {problem.__cause__ or problem}"
    details = "; ".join(f"{cause.json_path}: {cause.message[:200]}" for cause in causes)
    return f"{type(problem).__name__}: {details}"


def _headers(raw: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in raw}


def describe(
    documents: Sequence[Document], server: str, error: Document, undescribed: tuple[str, ...] = ()
) -> Description:
    """Compile OpenAPI documents; where several know a path, the one with the fewest parameters in it counts."""
    routes = [route for document in documents for route in _routes(document)]
    routes.sort(key=lambda route: route.template.count("{"))
    return Description(server, tuple(routes), OAS30Validator(error), undescribed)


def _routes(document: Document) -> Iterator[Route]:
    api = OpenAPI.from_dict(document)
    for template, item in document["paths"].items():
        methods = frozenset(item) & {"get", "post", "put", "patch", "delete"}
        yield Route(_pattern(template), template, methods, api)


def _pattern(template: str) -> re.Pattern[str]:
    parts = re.split(r"\{[^}]+\}", template)
    return re.compile("[^/]+".join(re.escape(unquote(part)) for part in parts))


@cache
def hubspot(shared: Path) -> Description:
    """Read HubSpot's OpenAPI files, one a module.

    The generated `Error` asks for a category, which the published bodies of 404 and 429 do not have; every published
    body has the three that are asked for here. An association without a label has the label null.
    """
    documents = {
        path.stem: json.loads(path.read_text()) for path in (shared / "specs/hubspot").glob("*.json")
    }
    for name in ("associations_v4", "associations_v4_schema"):
        _nullable(documents[name]["components"]["schemas"]["AssociationSpecWithLabel"]["properties"], "label")
    error = documents["account_info"]["components"]["schemas"]["Error"]
    return describe(
        [document for document in documents.values() if "paths" in document],
        server="https://api.hubapi.com",
        error={**error, "required": ["status", "message", "correlationId"]},
        undescribed=("/crm/v3/limits/", "/communication-preferences/", "/files/"),
    )


def _nullable(properties: Document, name: str) -> None:
    schema = properties.get(name)
    if schema is None:
        return
    if "$ref" in schema:
        schema = {"allOf": [schema]}
    properties[name] = {**schema, "nullable": True}
