"""Routes under /_sandbox, which steer the stand-in and are no part of Salesforce."""

import json
from collections.abc import Callable
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, TypeAlias

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.salesforce import filling, oauth, rows
from sandbox.salesforce.budget import Limits, Usage
from sandbox.salesforce.delivery import Delivery
from sandbox.salesforce.described import DescribeError, described_org
from sandbox.salesforce.org import Sobject, declared_org, with_currencies
from sandbox.salesforce.seed import SeedError, load_folder
from sandbox.salesforce.state import Sandbox

Control: TypeAlias = Callable[[Sandbox, str], Any]


class ControlError(ValueError):
    """What the caller of a control route must change."""


def routes(sandbox: Sandbox) -> list[Route]:
    """Make the control routes of one stand-in."""
    actions: list[tuple[str, str, Control]] = [
        ("GET", "health", lambda _, __: {"status": "ok"}),
        ("GET", "calls", _calls),
        ("POST", "reset", _reset),
        ("POST", "seed", _seed),
        ("POST", "fill", _fill),
        ("POST", "org", _org),
        ("POST", "touch", _touch),
        ("POST", "limits", _limits),
        ("POST", "delivery", _delivery),
        ("POST", "jwt_key", _jwt_key),
        ("POST", "expire_sessions", lambda sandbox, _: {"expired": oauth.expire_sessions(sandbox)}),
        ("POST", "faults", _faults),
        ("DELETE", "faults", _forget_faults),
        ("POST", "purge", _purge),
    ]
    return [
        Route(f"/_sandbox/{name}", _endpoint(sandbox, action), methods=[method])
        for method, name, action in actions
    ]


def _endpoint(sandbox: Sandbox, action: Control) -> Callable[[Request], Any]:
    async def respond(request: Request) -> Response:
        body = (await request.body()).decode()
        try:
            return JSONResponse(await run_in_threadpool(action, sandbox, body))
        except (ControlError, DescribeError, SeedError) as error:
            return JSONResponse({"error": str(error)}, 400)

    return respond


def _calls(sandbox: Sandbox, _: str) -> dict[str, Any]:
    usage = sandbox.usage
    return {
        "calls": dict(sorted(usage.calls.items())),
        "throttled": usage.refused,
        "api_requests": usage.api_requests,
    }


def _reset(sandbox: Sandbox, _: str) -> dict[str, Any]:
    sandbox.store.reset()
    filling.forget(sandbox.store)
    sandbox.usage = Usage()
    _forget_faults(sandbox, "")
    for settings in (sandbox.limits, sandbox.delivery):
        for each in fields(settings):
            setattr(settings, each.name, each.default)
    return {"status": "empty"}


def _seed(sandbox: Sandbox, body: str) -> dict[str, Any]:
    """{"folder": PATH}: load the CSV files of a folder on this machine."""
    folder = Path(str(_object(body).get("folder", "")))
    if not folder.is_dir():
        raise ControlError(f"folder {str(folder)!r} is not there")
    return {"loaded": load_folder(sandbox.store, folder)}


def _org(sandbox: Sandbox, body: str) -> dict[str, Any]:
    """{"describes": FOLDER, "rows": 20, "multi_currency": true, "hidden": {"Contact": ["Email"]}}: play another org.

    Each left out means: the org of org.yml, no made-up records, one currency, every field visible.
    """
    asked = _object(body)
    org = declared_org()
    if asked.get("describes"):
        org = described_org(Path(str(asked["describes"])), org)
    if asked.get("multi_currency"):
        org = with_currencies(org)
    sandbox.store.use(org, asked.get("hidden"))
    for sobject in org if asked.get("rows") else ():
        filling.fill(sandbox.store, sobject, int(asked["rows"]), int(asked.get("seed", 1)))
    return {"objects": len(org.sobjects)}


def _fill(sandbox: Sandbox, body: str) -> dict[str, Any]:
    """{"object": "Contact", "rows": 1000000, "seed": 1}: make up so many records, unless they are there already."""
    asked = _object(body)
    rows = filling.fill(
        sandbox.store, _sobject(sandbox, asked), int(asked.get("rows", 1000)), int(asked.get("seed", 1))
    )
    return {"rows": rows}


def _touch(sandbox: Sandbox, body: str) -> dict[str, Any]:
    """{"object": "Contact", "every": 1000}: save every so many-th record once more, with nothing changed but its times."""
    asked = _object(body)
    return {"touched": filling.touch(sandbox.store, _sobject(sandbox, asked), int(asked.get("every", 1000)))}


def _limits(sandbox: Sandbox, body: str) -> dict[str, Any]:
    """{"DailyApiRequests": 5}: change limits by name; the reply holds all."""
    return _changed(sandbox.limits, body)


def _delivery(sandbox: Sandbox, body: str) -> dict[str, Any]:
    """{"gzip": false, "bytes_per_second": 25000000}: change how result pages travel; the reply holds all."""
    return _changed(sandbox.delivery, body)


def _changed(settings: Limits | Delivery, body: str) -> dict[str, Any]:
    known = {each.name for each in fields(settings)}
    for name, value in _object(body).items():
        if name not in known or not isinstance(value, int | float):
            raise ControlError(f"{name!r} is not known or no number; known are {', '.join(sorted(known))}")
        setattr(settings, name, value)
    return asdict(settings)


def _jwt_key(sandbox: Sandbox, body: str) -> dict[str, Any]:
    """Take the public key in PEM form, bare or as {"public_key": PEM}."""
    pem = str(_object(body).get("public_key", "")) if body.lstrip().startswith("{") else body
    if "-----BEGIN PUBLIC KEY-----" not in pem:
        raise ControlError("send the RSA public key as PEM, starting with -----BEGIN PUBLIC KEY-----")
    sandbox.store.keep_setting(oauth.JWT_KEY_SETTING, pem)
    return {"status": "kept"}


def _faults(sandbox: Sandbox, body: str) -> dict[str, Any]:
    """Plan what goes wrong, as `sandbox.faults` says."""
    try:
        return {"faults": sandbox.faults.plan(_object(body))}
    except ValueError as error:
        raise ControlError(str(error)) from error


def _forget_faults(sandbox: Sandbox, _: str) -> dict[str, Any]:
    sandbox.faults.clear()
    sandbox.jobs.failures.clear()
    return {"faults": []}


def _purge(sandbox: Sandbox, body: str) -> dict[str, Any]:
    """{"object": "Contact", "ids": [...]}: empty deleted records from the recycle bin."""
    asked = _object(body)
    ids = [str(each) for each in asked.get("ids", [])]
    return {"purged": rows.purge(sandbox.store, _sobject(sandbox, asked), ids)}


def _sobject(sandbox: Sandbox, asked: dict[str, Any]) -> Sobject:
    sobject = sandbox.org.find(str(asked.get("object", "")))
    if sobject is None:
        raise ControlError("object must name an object of the org")
    return sobject


def _object(body: str) -> dict[str, Any]:
    try:
        content = json.loads(body or "{}")
    except ValueError as error:
        raise ControlError("the body must be a JSON object") from error
    if not isinstance(content, dict):
        raise ControlError("the body must be a JSON object")
    return content
