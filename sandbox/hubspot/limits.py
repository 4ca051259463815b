"""Who may call, and how often: the gate that every call goes through before anything else looks at it."""

import asyncio
import json
import re
from collections import deque
from collections.abc import MutableMapping
from typing import Any
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.faults import strike
from sandbox.hubspot.account import EXPIRED_TOKEN, TOKEN, Account, Clock
from sandbox.hubspot.errors import HubSpotError, too_many
from sandbox.hubspot.faults import EVENTS, error

CONTROL = "/_sandbox/"
WINDOW_SECONDS = 10.0
TOO_MANY = 429

# The versions with a date, by what stands before it.
OLDER = {
    "/files": "/files/v3",
    "/account-info": "/account-info/v3",
    "/crm/objects": "/crm/v3/objects",
    "/crm/properties": "/crm/v3/properties",
    "/crm/pipelines": "/crm/v3/pipelines",
    "/crm/owners": "/crm/v3/owners",
    "/crm/limits": "/crm/v3/limits",
    "/crm/associations": "/crm/v4/associations",
    "/crm-object-schemas": "/crm-object-schemas/v3",
}
DATED = re.compile(rf"({'|'.join(OLDER)})/20\d\d-\d\d/")


class Rolling:
    """Counts what happened in the last so many seconds."""

    def __init__(self, seconds: float, clock: Clock) -> None:
        self._seconds = seconds
        self._clock = clock
        self._moments: deque[float] = deque()

    def left(self, most: int) -> int:
        """Say how many more may come now."""
        old = self._clock() - self._seconds
        while self._moments and self._moments[0] <= old:
            self._moments.popleft()
        return most - len(self._moments)

    def add(self) -> None:
        self._moments.append(self._clock())


class Gate:
    """ASGI middleware: token, rate limits, latency, headers, counts."""

    def __init__(self, app: ASGIApp, account: Account) -> None:
        self._app = app
        self._account = account
        self._window = Rolling(WINDOW_SECONDS, account.clock)
        self._searches = Rolling(1.0, account.clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the call on, or refuse it with 401 or 429."""
        if scope["type"] != "http" or scope["path"].startswith(CONTROL):
            await self._app(scope, receive, send)
            return
        scope = {**scope, "path": _undated(scope["path"])}
        correlation_id = str(uuid4())
        scope.setdefault("state", {})["correlation_id"] = correlation_id
        # Of the CRM: that of files has the limit of other calls.
        search = scope["path"].startswith("/crm/") and scope["path"].endswith("/search")
        headers = {"X-HubSpot-Correlation-Id": correlation_id}
        try:
            self._authenticate(Headers(scope=scope).get("Authorization", ""))
            self._count(search)
        except HubSpotError as refusal:
            if refusal.status == TOO_MANY and not search:
                headers |= self._rate_headers()
            await send_error(refusal, correlation_id, headers)(scope, receive, send)
            return
        if not search:
            headers |= self._rate_headers()
        await asyncio.sleep(self._account.limits.latency_ms / 1000)
        await self._pass_on(scope, receive, _with_headers(send, headers))
        self._account.calls[f"{scope['method']} {template(scope)}"] += 1

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        fault = self._account.faults.take(f"{scope['method']} {scope['path']}")
        if fault is None:
            await self._app(scope, receive, send)
            return
        if fault.event:
            self._account.happening.append(EVENTS[fault.event])
        if fault.refuse:
            self._account.refusing.append(fault.refuse)
        refusal = send_error(error(fault), scope["state"]["correlation_id"], dict(fault.headers))
        await strike(fault, self._app, scope, receive, send, refusal)

    def _authenticate(self, header: str) -> None:
        token = header.removeprefix("Bearer ")
        if token == EXPIRED_TOKEN:
            message = "The OAuth token used to make this call expired 7 second(s) ago."
            raise HubSpotError(401, message, "EXPIRED_AUTHENTICATION")
        if token != TOKEN or token == header:
            message = "Authentication credentials not found. This API supports OAuth 2.0 authentication."
            raise HubSpotError(401, message, "INVALID_AUTHENTICATION")

    def _count(self, search: bool) -> None:
        """Count a call against the day and against its own window; a refused one is not counted."""
        limits = self._account.limits
        if self._account.calls_today() >= limits.daily:
            raise self._too_many("DAILY")
        window, most = (
            (self._searches, limits.search_secondly) if search else (self._window, limits.ten_secondly)
        )
        if window.left(most) <= 0:
            raise self._too_many("SECONDLY" if search else "TEN_SECONDLY_ROLLING")
        window.add()
        self._account.count_call()

    def _too_many(self, policy: str) -> HubSpotError:
        self._account.too_many[policy] += 1
        return too_many(policy)

    def _rate_headers(self) -> dict[str, str]:
        """Give the headers that every answer but a search's has."""
        limits = self._account.limits
        numbers = {
            "Max": limits.ten_secondly,
            "Remaining": self._window.left(limits.ten_secondly),
            "Interval-Milliseconds": int(WINDOW_SECONDS * 1000),
            "Daily": limits.daily,
            "Daily-Remaining": limits.daily - self._account.calls_today(),
        }
        return {f"X-HubSpot-RateLimit-{name}": str(number) for name, number in numbers.items()}


def _undated(path: str) -> str:
    """Give the older path of a call whose path has a date for a version: the same answers stand behind both."""
    return DATED.sub(lambda found: f"{OLDER[found[1]]}/", path) if DATED.match(path) else path


def template(scope: MutableMapping[str, Any]) -> str:
    """Give the path with names in the place of ids; object types stay."""
    path: str = scope["path"]
    for name, value in scope.get("path_params", {}).items():
        if not name.endswith("Type"):
            path = path.replace(f"/{value}", f"/{{{name}}}", 1)
    return path


def send_error(problem: HubSpotError, correlation_id: str, headers: dict[str, str] | None = None) -> Response:
    """Put a refusal into a response."""
    content = json.dumps(problem.body(correlation_id))
    return Response(content, problem.status, headers, media_type="application/json;charset=utf-8")


def _with_headers(send: Send, headers: dict[str, str]) -> Send:
    async def send_more(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(headers)
        await send(message)

    return send_more
