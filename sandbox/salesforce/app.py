"""The stand-in of Salesforce: REST, Bulk API 2.0 and the token endpoint over one local org."""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeAlias

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.faults import Schedule
from sandbox.salesforce import bulk, control, describe, oauth, query, rest, rows
from sandbox.salesforce.budget import Limits
from sandbox.salesforce.errors import ApiError, not_found
from sandbox.salesforce.faults import EVENTS, MENU, Faulty
from sandbox.salesforce.jobs import Jobs
from sandbox.salesforce.state import Call, Sandbox, VendorJson, check_version, error_response
from sandbox.salesforce.store import Store

LONGEST_URI = 16_384
DATA = "/services/data/v{version}"
Endpoint: TypeAlias = Callable[[Call], Response]


def create_app(home: Path) -> Starlette:
    """Make the application over the state in `home`; closing it lets go of the database file."""
    home.mkdir(parents=True, exist_ok=True)
    store, limits = Store(home), Limits()
    sandbox = Sandbox(store, limits, Jobs(store, limits), Schedule(MENU, EVENTS))

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        sandbox.jobs.close()
        store.close()

    handlers: Any = {404: _unknown_path, 405: _unknown_method}
    app = Starlette(routes=_routes(sandbox), lifespan=lifespan, exception_handlers=handlers)
    app.router.redirect_slashes = False
    app.add_middleware(Faulty, sandbox=sandbox)
    app.add_middleware(_OnTheWire)
    app.state.sandbox = sandbox
    return app


def _routes(sandbox: Sandbox) -> list[Route]:
    async def token(request: Request) -> Response:
        return await run_in_threadpool(oauth.token, sandbox, request, await request.body())

    async def userinfo(request: Request) -> Response:
        return await run_in_threadpool(oauth.userinfo, sandbox, request)

    async def versions(_: Request) -> Response:
        return VendorJson(describe.versions())

    endpoints: list[tuple[str, str, Endpoint]] = [
        ("GET", "", rest.resources),
        ("GET", "/limits", rest.limits),
        ("GET", "/limits/recordCount", rest.record_count),
        ("GET", "/sobjects", rest.global_describe),
        ("GET", "/sobjects/{sobject}", rest.sobject_summary),
        ("POST", "/sobjects/{sobject}", rows.create),
        ("GET", "/sobjects/{sobject}/describe", rest.sobject_describe),
        ("GET", "/sobjects/{sobject}/deleted", rows.deleted),
        ("GET", "/sobjects/{sobject}/updated", rows.updated),
        ("GET", "/sobjects/{sobject}/{id}", rows.read),
        ("GET", "/sobjects/{sobject}/{id}/{field}", rows.content),
        ("PATCH", "/sobjects/{sobject}/{id}", rows.update),
        ("DELETE", "/sobjects/{sobject}/{id}", rows.delete),
        ("POST", "/composite/sobjects", rows.create_many),
        ("PATCH", "/composite/sobjects", rows.update_many),
        ("DELETE", "/composite/sobjects", rows.delete_many),
        ("GET", "/query", query.query),
        ("GET", "/queryAll", query.query_all),
        ("GET", "/query/{locator}", query.more),
        ("GET", "/tooling/query", query.query),
        ("GET", "/tooling/query/{locator}", query.more),
        ("GET", "/queryAll/{locator}", query.more),
        ("POST", "/jobs/query", bulk.create),
        ("GET", "/jobs/query", bulk.list_jobs),
        ("GET", "/jobs/query/{job}", bulk.get_job),
        ("PATCH", "/jobs/query/{job}", bulk.abort),
        ("DELETE", "/jobs/query/{job}", bulk.delete),
        ("GET", "/jobs/query/{job}/results", bulk.results),
        ("GET", "/jobs/query/{job}/resultPages", bulk.result_pages),
    ]
    return [
        *control.routes(sandbox),
        Route("/services/oauth2/token", token, methods=["POST"]),
        Route("/services/oauth2/userinfo", userinfo),
        Route("/services/data", versions),
        *(_route(sandbox, method, path, endpoint) for method, path, endpoint in endpoints),
    ]


def _route(sandbox: Sandbox, method: str, path: str, endpoint: Endpoint) -> Route:
    """Put an endpoint behind what every REST call meets: version, session, budget, limit header."""
    template = f"{method} {DATA}{path}"

    async def respond(request: Request) -> Response:
        if len(request.url.path) + len(request.url.query) > LONGEST_URI:
            return _with_limit_info(sandbox, HTMLResponse("<h1>414 URI Too Long</h1>", 414))
        body = await request.body()
        try:
            version = check_version(request.path_params["version"])
            user_id = await run_in_threadpool(_admit, sandbox, request, template)
            response = await run_in_threadpool(endpoint, Call(sandbox, request, body, version, user_id))
        except ApiError as error:
            response = error_response(error)
        return _with_limit_info(sandbox, response)

    return Route(DATA + path, respond, methods=[method])


def _admit(sandbox: Sandbox, request: Request, template: str) -> str:
    """Count the call and give its user, or refuse it."""
    sandbox.usage.calls[template] += 1
    user_id = oauth.user_of(sandbox, request.headers.get("authorization", ""))
    if user_id is None:
        raise ApiError("INVALID_SESSION_ID", "Session expired or invalid")
    if sandbox.usage.api_requests >= sandbox.limits.DailyApiRequests:
        sandbox.usage.refused += 1
        raise ApiError("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
    sandbox.usage.api_requests += 1
    return user_id


async def _unknown_path(request: Request, _: HTTPException) -> Response:
    return _with_limit_info(request.app.state.sandbox, error_response(not_found()))


async def _unknown_method(request: Request, _: HTTPException) -> Response:
    error = ApiError("METHOD_NOT_ALLOWED", f"HTTP Method '{request.method}' not allowed.")
    return _with_limit_info(request.app.state.sandbox, error_response(error))


def _with_limit_info(sandbox: Sandbox, response: Response) -> Response:
    used, most = sandbox.usage.api_requests, sandbox.limits.DailyApiRequests
    response.headers["Sforce-Limit-Info"] = f"api-usage={used}/{most}"
    return response


class _OnTheWire:
    """Take addresses and write header names as Salesforce does.

    /query/ and //query are /query. Names are in capitals, which no client should need; Airbyte's does.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope["path"] = re.sub("/+", "/", scope["path"]).rstrip("/") or "/"

        async def send_named(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {
                    **message,
                    "headers": [(_capitals(name), value) for name, value in message["headers"]],
                }
            await send(message)

        await self.app(scope, receive, send_named)


def _capitals(name: bytes) -> bytes:
    written = {each.lower(): each for each in (b"Sforce-NumberOfRecords",)}
    return written.get(name, name.title())
