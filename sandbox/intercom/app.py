"""The routes of the stand-in, and what every call to one of them goes through."""

import asyncio
import json
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from sandbox.faults import Fault, strike
from sandbox.intercom import (
    admins,
    attributes,
    bulk,
    companies,
    contacts,
    conversations,
    notes,
    subscriptions,
    tags,
    ticket_types,
    tickets,
)
from sandbox.intercom.call import Call, Operation
from sandbox.intercom.control import control_routes
from sandbox.intercom.errors import ApiError, not_found, parameter_invalid, unauthorized
from sandbox.intercom.faults import EVENTS, error
from sandbox.intercom.store import Json, Store
from sandbox.intercom.workspace import Workspace

TOKEN = "sandbox-intercom-token"  # noqa: S105 - public, and good for nothing but this stand-in
# Older versions have other shapes.
VERSIONS = {"2.14": (2, 14), "2.15": (2, 15), "2.16": (2, 16), "Preview": (3, 0)}

API: dict[str, dict[str, Operation]] = {
    "/contacts": {"GET": contacts.list_contacts, "POST": contacts.create_contact},
    "/contacts/search": {"POST": contacts.search_contacts},
    "/contacts/merge": {"POST": contacts.merge_contacts},
    "/contacts/find_by_external_id/{external_id:path}": {"GET": contacts.find_by_external_id},
    "/contacts/bulk": {"POST": bulk.create_contacts, "PUT": bulk.update_contacts},
    "/contacts/bulk/{job_id}": {"GET": bulk.show_job},
    "/contacts/{contact_id}": {
        "GET": contacts.show_contact,
        "PUT": contacts.update_contact,
        "DELETE": contacts.delete_contact,
    },
    "/contacts/{contact_id}/archive": {"POST": contacts.archive_contact},
    "/contacts/{contact_id}/unarchive": {"POST": contacts.unarchive_contact},
    "/contacts/{contact_id}/companies": {"GET": contacts.list_companies, "POST": contacts.attach_company},
    "/contacts/{contact_id}/companies/{company_id}": {"DELETE": contacts.detach_company},
    "/contacts/{contact_id}/segments": {"GET": contacts.list_segments},
    "/companies": {"GET": companies.find_companies, "POST": companies.create_or_update_company},
    "/companies/list": {"POST": companies.list_companies},
    "/companies/scroll": {"GET": companies.scroll_companies},
    "/companies/{company_id}": {
        "GET": companies.show_company,
        "PUT": companies.update_company,
        "DELETE": companies.delete_company,
    },
    "/companies/{company_id}/contacts": {"GET": contacts.list_of_company},
    "/companies/{company_id}/segments": {"GET": companies.list_segments},
    "/contacts/{contact_id}/notes": {"GET": notes.list_notes, "POST": notes.create_note},
    "/contacts/{contact_id}/subscriptions": {
        "GET": subscriptions.list_of_contact,
        "POST": subscriptions.attach,
    },
    "/contacts/{contact_id}/subscriptions/{subscription_id}": {"DELETE": subscriptions.detach},
    "/contacts/{contact_id}/tags": {"GET": tags.list_contact_tags, "POST": tags.tag_contact},
    "/contacts/{contact_id}/tags/{tag_id}": {"DELETE": tags.untag_contact},
    "/notes/{note_id}": {"GET": notes.show_note},
    "/subscription_types": {"GET": subscriptions.list_types},
    "/tags": {"GET": tags.list_tags, "POST": tags.write_tag},
    "/tags/{tag_id}": {"GET": tags.show_tag, "DELETE": tags.delete_tag},
    "/tickets": {"POST": tickets.create_ticket},
    "/tickets/enqueue": {"POST": tickets.enqueue_ticket},
    "/tickets/search": {"POST": tickets.search_tickets},
    "/tickets/{ticket_id}": {
        "GET": tickets.show_ticket,
        "PUT": tickets.update_ticket,
        "DELETE": tickets.delete_ticket,
    },
    "/tickets/{ticket_id}/reply": {"POST": tickets.reply},
    "/jobs/status/{job_id}": {"GET": tickets.show_job},
    "/ticket_states": {"GET": ticket_types.list_states},
    "/ticket_types": {"GET": ticket_types.list_types, "POST": ticket_types.create_type},
    "/ticket_types/{ticket_type_id}": {"GET": ticket_types.show_type, "PUT": ticket_types.update_type},
    "/ticket_types/{ticket_type_id}/attributes": {"POST": ticket_types.create_attribute},
    "/ticket_types/{ticket_type_id}/attributes/{attribute_id}": {"PUT": ticket_types.update_attribute},
    "/conversations": {
        "GET": conversations.list_conversations,
        "POST": conversations.create_conversation,
    },
    "/conversations/search": {"POST": conversations.search_conversations},
    "/conversations/{conversation_id}": {
        "GET": conversations.show_conversation,
        "PUT": conversations.update_conversation,
        "DELETE": conversations.delete_conversation,
    },
    "/conversations/{conversation_id}/reply": {"POST": conversations.reply},
    "/conversations/{conversation_id}/parts": {"POST": conversations.manage},
    "/me": {"GET": admins.show_me},
    "/admins": {"GET": admins.list_admins},
    "/admins/{admin_id}": {"GET": admins.show_admin},
    "/data_attributes": {"GET": attributes.list_attributes, "POST": attributes.create_attribute},
    "/data_attributes/{data_attribute_id}": {"PUT": attributes.update_attribute},
}


def create_app(home: Path, clock: Callable[[], float] = time.time) -> Starlette:
    """Build the stand-in; its state is `intercom.sqlite` in `home` and survives a restart.

    clock: gives Unix seconds; tests move it to make windows pass and scrolls die.
    """
    workspace = Workspace(Store(home / "intercom.sqlite"), clock)
    routes = [Route(path, Endpoint(workspace, path, operations)) for path, operations in API.items()]
    unknown = Route("/{path:path}", Endpoint(workspace, "(unknown path)", {}))
    return Starlette(routes=[*routes, *control_routes(workspace), unknown])


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An ASGI application for one path: token, limit, version and body are the same for every operation."""

    workspace: Workspace
    path: str
    operations: Mapping[str, Operation]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        delay = self.workspace.store.settings.response_seconds
        if delay:
            await asyncio.sleep(delay)
        fault = self._fault(request)
        if fault is None:
            await self._perform_and_count(scope, receive, send)
        else:
            refusal = self._refused(error(fault), dict(fault.headers))
            await strike(fault, self._perform_and_count, scope, receive, send, refusal)

    def _fault(self, request: Request) -> Fault | None:
        """Give what goes wrong with this call; what somebody does to the workspace is done when the call is answered."""
        fault = self.workspace.faults.take(f"{request.method} {request.url.path}")
        if fault is not None and fault.event:
            self.workspace.happening.append(EVENTS[fault.event])
        return fault

    async def _perform_and_count(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        response = self._answer(request, await request.body())
        self.workspace.calls.record(
            f"{request.method} {self.path.replace(':path', '')}",
            response.status_code,
            reads=request.method == "GET" or self.path.endswith(("/search", "/list")),
        )
        await response(scope, receive, send)

    def _answer(self, request: Request, body: bytes) -> Response:
        """Answer without giving the event loop away, so that no two calls ever mix."""
        headers = {"X-Request-Id": str(uuid.uuid4())}
        try:
            result = self._perform(request, body, headers)
        except ApiError as refusal:
            return self._refused(refusal, headers)
        return Response(headers=headers) if result is None else JSONResponse(result, headers=headers)

    def _refused(self, refusal: ApiError, headers: dict[str, str]) -> Response:
        content = refusal.body(headers.setdefault("X-Request-Id", str(uuid.uuid4())))
        return JSONResponse(content, refusal.status, {**headers, **refusal.headers})

    def _perform(self, request: Request, body: bytes, headers: dict[str, str]) -> Json | None:
        workspace, now = self.workspace, self.workspace.clock()
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            raise unauthorized()
        headers |= workspace.limit.take(workspace.store.settings.requests_per_minute, now)
        asked = request.headers.get("intercom-version") or workspace.store.settings.default_version
        if asked not in VERSIONS:
            raise ApiError(400, "intercom_version_invalid", "The requested version could not be found")
        headers["Intercom-Version"] = asked
        operation = self._operation(request)
        call = Call(
            store=workspace.store,
            scroll=workspace.scroll,
            path=request.path_params,
            query=request.query_params,
            body=_read_body(body),
            version=VERSIONS[asked],
            now=now,
            origin=str(request.base_url).rstrip("/"),
        )
        while workspace.happening:
            with workspace.store.transaction():
                workspace.happening.pop()(workspace.store, call)
        if request.method == "GET":
            return operation(call)
        with workspace.store.transaction():
            return operation(call)

    def _operation(self, request: Request) -> Operation:
        if not self.operations:
            raise not_found()
        if request.method not in self.operations:
            raise ApiError(405, "method_not_allowed", "The resource does not accept this HTTP method")
        accepted = request.headers.get("accept", "*/*")
        if not any(kind in accepted for kind in ("application/json", "application/*", "*/*")):
            message = "The Accept header should send a media type of application/json"
            raise ApiError(406, "media_type_not_acceptable", message)
        return self.operations[request.method]


def _read_body(body: bytes) -> Json:
    if not body:
        return {}
    try:
        content: Any = json.loads(body)
    except ValueError as error:
        raise parameter_invalid("The request body is not valid JSON") from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise parameter_invalid("The request body must be a JSON object")
    return content
