"""The HubSpot stand-in: CRM objects v3, properties, pipelines, owners, associations v4, custom object schemas, files.

`create_app(home)` gives the application; its account lives in `<home>/hubspot.sqlite`. A single thread works on the
account, so the event loop only reads and writes sockets. Routes under /_sandbox/ steer the stand-in (control.py).
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.faults import Schedule
from sandbox.hubspot import (
    associations,
    control,
    faults,
    files,
    labels,
    merging,
    objects,
    pipelines,
    preferences,
    properties,
    schemas,
    search,
    settings,
)
from sandbox.hubspot.account import Account, Clock
from sandbox.hubspot.errors import HubSpotError
from sandbox.hubspot.limits import Gate, send_error
from sandbox.hubspot.web import Answer, Call, parsed

Handler = Callable[[Account, Call], Answer]

OBJECTS = "/crm/v3/objects/{objectType}"
PROPERTIES = "/crm/v3/properties/{objectType}"
PIPELINES = "/crm/v3/pipelines/{objectType}"
PIPELINE = PIPELINES + "/{pipelineId}"
STAGE = PIPELINE + "/stages/{stageId}"
SCHEMAS = "/crm-object-schemas/v3/schemas"
FILES = "/files/v3/files"
UNSUBSCRIBED = "/communication-preferences/v4/statuses/batch/unsubscribe-all"
LINKS = "/crm/v4/associations/{fromObjectType}/{toObjectType}"
LINK = "/crm/v4/objects/{objectType}/{objectId}/associations/{toObjectType}"
DEFAULT_LINK = (
    "/crm/v4/objects/{fromObjectType}/{fromObjectId}/associations/default/{toObjectType}/{toObjectId}"
)

# An earlier route wins, so the fixed words stand before the parameters.
ROUTES: list[tuple[str, str, Handler]] = [
    ("POST", OBJECTS + "/batch/create", objects.batch_create),
    ("POST", OBJECTS + "/batch/update", objects.batch_update),
    ("POST", OBJECTS + "/batch/upsert", objects.batch_upsert),
    ("POST", OBJECTS + "/batch/read", objects.batch_read),
    ("POST", OBJECTS + "/batch/archive", objects.batch_archive),
    ("POST", OBJECTS + "/search", search.search),
    ("POST", OBJECTS + "/merge", merging.merge),
    ("POST", "/crm/v3/objects/contacts/gdpr-delete", merging.forget_person),
    ("GET", OBJECTS, objects.list_page),
    ("POST", OBJECTS, objects.create),
    ("GET", OBJECTS + "/{objectId}", objects.read),
    ("PATCH", OBJECTS + "/{objectId}", objects.update),
    ("DELETE", OBJECTS + "/{objectId}", objects.archive),
    ("GET", PROPERTIES + "/groups", properties.list_groups),
    ("POST", PROPERTIES + "/groups", properties.create_group),
    ("GET", PROPERTIES + "/groups/{groupName}", properties.read_group),
    ("PATCH", PROPERTIES + "/groups/{groupName}", properties.update_group),
    ("DELETE", PROPERTIES + "/groups/{groupName}", properties.delete_group),
    ("POST", PROPERTIES + "/batch/create", properties.batch_create),
    ("POST", PROPERTIES + "/batch/read", properties.batch_read),
    ("POST", PROPERTIES + "/batch/archive", properties.batch_archive),
    ("GET", PROPERTIES, properties.list_all),
    ("POST", PROPERTIES, properties.create),
    ("GET", PROPERTIES + "/{propertyName}", properties.read),
    ("PATCH", PROPERTIES + "/{propertyName}", properties.update),
    ("DELETE", PROPERTIES + "/{propertyName}", properties.archive),
    ("GET", PIPELINES, pipelines.list_all),
    ("POST", PIPELINES, pipelines.create),
    ("GET", PIPELINE, pipelines.read),
    ("PATCH", PIPELINE, pipelines.change),
    ("PUT", PIPELINE, pipelines.replace),
    ("DELETE", PIPELINE, pipelines.delete),
    ("GET", PIPELINE + "/audit", pipelines.audit),
    ("GET", PIPELINE + "/stages", pipelines.list_stages),
    ("POST", PIPELINE + "/stages", pipelines.create_stage),
    ("GET", STAGE, pipelines.read_stage),
    ("PATCH", STAGE, pipelines.change_stage),
    ("PUT", STAGE, pipelines.change_stage),
    ("DELETE", STAGE, pipelines.delete_stage),
    ("GET", STAGE + "/audit", pipelines.audit),
    ("GET", "/crm/v3/owners/", settings.list_owners),
    ("GET", "/crm/v3/owners", settings.list_owners),
    ("GET", "/crm/v3/owners/{ownerId}", settings.read_owner),
    ("POST", LINKS + "/batch/create", associations.batch_create),
    ("POST", LINKS + "/batch/associate/default", associations.batch_default),
    ("POST", LINKS + "/batch/read", associations.batch_read),
    ("POST", LINKS + "/batch/archive", associations.batch_archive),
    ("POST", LINKS + "/batch/labels/archive", associations.batch_archive_labels),
    ("GET", LINKS + "/labels", labels.list_all),
    ("POST", LINKS + "/labels", labels.create),
    ("PUT", LINKS + "/labels", labels.change),
    ("DELETE", LINKS + "/labels/{associationTypeId}", labels.delete),
    ("PUT", DEFAULT_LINK, associations.create_default),
    ("GET", LINK, associations.list_of_one),
    ("PUT", LINK + "/{toObjectId}", associations.create_one),
    ("DELETE", LINK + "/{toObjectId}", associations.delete_one),
    ("GET", SCHEMAS, schemas.list_all),
    ("POST", SCHEMAS, schemas.create),
    ("GET", SCHEMAS + "/{objectType}", schemas.read),
    ("PATCH", SCHEMAS + "/{objectType}", schemas.change),
    ("DELETE", SCHEMAS + "/{objectType}", schemas.delete),
    ("POST", SCHEMAS + "/{objectType}/associations", schemas.associate),
    ("POST", UNSUBSCRIBED, preferences.unsubscribe_all),
    ("POST", UNSUBSCRIBED + "/read", preferences.read_unsubscribed),
    ("POST", FILES, files.upload),
    ("GET", FILES + "/stat/{path:path}", files.stat),
    ("GET", FILES + "/search", files.search),
    ("GET", FILES + "/{fileId}", files.read),
    ("DELETE", FILES + "/{fileId}", files.delete),
    ("DELETE", FILES + "/{fileId}/gdpr-delete", files.delete),
    ("GET", "/account-info/v3/details", settings.details),
    ("GET", "/account-info/v3/api-usage/daily/private-apps", settings.daily_usage),
    ("GET", "/crm/v3/limits/records", settings.record_limits),
    ("GET", "/crm/v3/limits/custom-properties", settings.property_limits),
    ("GET", "/crm/v3/limits/associations/records/from", settings.association_limits),
    ("GET", "/_sandbox/health", control.health),
    ("GET", "/_sandbox/calls", control.calls),
    ("POST", "/_sandbox/reset", control.reset),
    ("GET", "/_sandbox/limits", control.limits),
    ("POST", "/_sandbox/limits", control.change_limits),
    ("POST", "/_sandbox/faults", control.plan_faults),
    ("DELETE", "/_sandbox/faults", control.forget_faults),
    ("GET", "/_sandbox/files/{fileId}", files.content),
    ("POST", "/_sandbox/owners", settings.add_owners),
]


def create_app(home: Path, clock: Clock = time.time) -> Starlette:
    """Give the stand-in whose account lives in `home`, a folder that exists; tests move its `clock`."""
    account = Account(home, Schedule(faults.MENU, [*faults.EVENTS]), clock)
    worker = ThreadPoolExecutor(1, thread_name_prefix="hubspot")

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        worker.shutdown()
        account.close()

    return Starlette(
        routes=[
            Route(path, _endpoint(account, worker, act), methods=[method]) for method, path, act in ROUTES
        ],
        middleware=[Middleware(Gate, account=account)],
        exception_handlers={HTTPException: _no_such_route},
        lifespan=lifespan,
    )


def _endpoint(
    account: Account, worker: ThreadPoolExecutor, handler: Handler
) -> Callable[[Request], Awaitable[Response]]:
    def answer(request: Request, content: bytes | dict[str, Any]) -> Response:
        try:
            address = str(request.url.replace(query=None))
            body = content if isinstance(content, dict) else parsed(content)
            call = Call(request.path_params, request.query_params, body, address)
            return _response(account.run(handler, call))
        except HubSpotError as problem:
            return send_error(problem, getattr(request.state, "correlation_id", ""))

    async def endpoint(request: Request) -> Response:
        multipart = request.headers.get("Content-Type", "").startswith("multipart/form-data")
        content = await _form(request) if multipart else await request.body()
        return await asyncio.get_running_loop().run_in_executor(worker, answer, request, content)

    return endpoint


async def _form(request: Request) -> dict[str, Any]:
    """Read a multipart form: texts, and files as name and bytes."""
    async with request.form() as form:
        return {
            name: value if isinstance(value, str) else (value.filename, await value.read())
            for name, value in form.items()
        }


def _response(answer: Answer) -> Response:
    if answer.body is None:
        return Response(status_code=answer.status)
    if isinstance(answer.body, bytes):
        return Response(answer.body, answer.status, media_type="application/octet-stream")
    return Response(
        msgspec.json.encode(answer.body), answer.status, media_type="application/json;charset=utf-8"
    )


async def _no_such_route(request: Request, problem: Exception) -> Response:
    status = problem.status_code if isinstance(problem, HTTPException) else 500
    message = "resource not found" if status == 404 else "method not allowed"  # noqa: PLR2004
    return send_error(HubSpotError(status, message), getattr(request.state, "correlation_id", ""))
