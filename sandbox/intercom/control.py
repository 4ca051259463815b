"""Routes under `/_sandbox/`: what a test or a demonstration sets, and what it may ask. No part of Intercom's API."""

import json
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.intercom import admins
from sandbox.intercom.store import Json
from sandbox.intercom.workspace import Workspace

SETTABLE = {
    "limits": ("requests_per_minute", "attribute_limit"),
    "latency": ("response_seconds", "search_lag_seconds"),
    "workspace": ("timezone", "default_version"),
}


def control_routes(workspace: Workspace) -> list[Route]:
    """Give the control routes of one workspace; they need no token and count against no limit."""

    async def health(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def reset(_: Request) -> Response:
        workspace.reset()
        return JSONResponse({"status": "ok"})

    async def calls(_: Request) -> Response:
        return JSONResponse(workspace.calls.report())

    async def forget_calls(_: Request) -> Response:
        workspace.forget_calls()
        return JSONResponse(workspace.calls.report())

    async def plan_faults(request: Request) -> Response:
        try:
            return JSONResponse({"faults": workspace.faults.plan(json.loads(await request.body()))})
        except ValueError as problem:
            return JSONResponse({"error": str(problem)}, status_code=400)

    async def forget_faults(_: Request) -> Response:
        workspace.faults.clear()
        return Response(status_code=204)

    async def add_admins(request: Request) -> Response:
        people: list[Json] = json.loads(await request.body())
        return JSONResponse(
            {"type": "admin.list", "admins": [_add_admin(workspace, person) for person in people]}
        )

    return [
        Route("/_sandbox/health", health),
        Route("/_sandbox/reset", reset, methods=["POST"]),
        Route("/_sandbox/calls", calls),
        Route("/_sandbox/calls", forget_calls, methods=["DELETE"]),
        Route("/_sandbox/faults", plan_faults, methods=["POST"]),
        Route("/_sandbox/faults", forget_faults, methods=["DELETE"]),
        Route("/_sandbox/admins", add_admins, methods=["POST"]),
        *(
            Route(f"/_sandbox/{name}", _setter(workspace, names), methods=["POST"])
            for name, names in SETTABLE.items()
        ),
    ]


def _setter(workspace: Workspace, names: tuple[str, ...]) -> Callable[[Request], object]:
    async def change(request: Request) -> Response:
        asked = json.loads(await request.body())
        unknown = sorted(set(asked) - set(names))
        if unknown:
            return JSONResponse({"error": f"unknown: {unknown}; known: {sorted(names)}"}, status_code=400)
        workspace.store.configure(**asked)
        return JSONResponse({name: getattr(workspace.store.settings, name) for name in names})

    return change


def _add_admin(workspace: Workspace, person: Json) -> Json:
    name = " ".join(part for part in (person.get("first_name"), person.get("last_name")) if part)
    return admins.add_admin(workspace.store, name, person["email"], int(workspace.clock()))
