"""Tickets: made at once or in a job, changed, answered, searched."""

import sqlite3
from typing import Any

from sandbox.intercom import admins, companies, people, search, ticket_types
from sandbox.intercom.call import Call, flag, reference, whole
from sandbox.intercom.errors import (
    ApiError,
    not_found,
    parameter_invalid,
    parameter_not_found,
)
from sandbox.intercom.messages import attachments, required_text, to_html
from sandbox.intercom.paging import cursor_page
from sandbox.intercom.search import Field, json_field
from sandbox.intercom.store import Json, Store

SEARCH_SIZE = 20
NOBODY = "0"


def create_ticket(call: Call) -> Json:
    return _render(call.store, _create(call))


def enqueue_ticket(call: Call) -> Json:
    """Check the ticket and promise it: the answer names a job, whose status names the ticket."""
    ticket = _create(call)
    number = call.store.add("job", {"resource_id": str(ticket["id"])})
    return {
        "type": "job",
        "id": str(number),
        "status": "pending",
        "url": f"{call.origin}/jobs/status/{number}",
        "resource_type": "ticket",
        "resource_id": None,
        "resource_url": None,
    }


def show_job(call: Call) -> Json:
    job = call.store.get("job", call.path["job_id"])
    if job is None:
        raise not_found("Job Not Found", "job_not_found")
    return {
        "type": "job",
        "id": str(job["id"]),
        "status": "success",
        "resource_type": "ticket",
        "resource_id": job["resource_id"],
        "resource_url": f"{call.origin}/tickets/{job['resource_id']}",
    }


def show_ticket(call: Call) -> Json:
    return _render(call.store, _require(call))


def update_ticket(call: Call) -> Json:
    ticket = _require(call)
    author = _acting_admin(call)
    kind = ticket_types.require(call.store, ticket["ticket_type_id"])
    values = _attribute_values(call)
    ticket_types.check_values(ticket_types.live_attributes(call.store, kind), values)
    ticket["ticket_attributes"] |= values
    _assign(call, ticket)
    if call.body.get("ticket_state_id") is not None:
        _move(call, ticket, author)
    for name, check in (("open", flag), ("is_shared", flag), ("snoozed_until", whole)):
        if call.body.get(name) is not None:
            ticket[name] = check(name, call.body[name])
    ticket |= _company(call) | {"updated_at": call.second}
    call.store.put("ticket", ticket["id"], ticket)
    return _render(call.store, ticket)


def delete_ticket(call: Call) -> Json:
    ticket = _require(call)
    call.store.run("delete from document where kind = 'ticket_part' and parent = ?", str(ticket["id"]))
    call.store.remove("ticket", ticket["id"])
    return {"id": str(ticket["id"]), "object": "ticket", "deleted": True}


def reply(call: Call) -> Json:
    """Add a comment of an admin or a contact, or a note of an admin."""
    ticket = call.store.get("ticket", call.path["ticket_id"])
    if ticket is None:
        raise not_found()
    part_type = call.body.get("message_type")
    if part_type not in ("comment", "note", "quick_reply"):
        raise parameter_invalid("message_type must be comment, note or quick_reply", "message_type")
    body = None if part_type == "quick_reply" else to_html(required_text(call.body, "body"))
    created_at = whole("created_at", call.body.get("created_at")) or call.second
    author = _reply_author(call, ticket)
    files = attachments(call.body)
    part = _add_part(call, ticket, part_type, author, created_at, body=body, attachments=files)
    call.store.put("ticket", ticket["id"], ticket | {"updated_at": call.second})
    return part


def search_tickets(call: Call) -> Json:
    page = cursor_page(search.pagination(call.body), SEARCH_SIZE)
    fields = search.document_fields(FIELDS, lambda name: _attribute_field(call.store, name))
    condition, values = search.condition(call.body, fields)
    # Those made a moment ago are not found yet. That is said of contacts; who relies on less of tickets is safe.
    shown = f"json_extract(body, '$.searchable_at') <= ? and ({condition})"
    found, total, pages = search.documents(call.store, "ticket", page, shown, [call.now, *values])
    tickets = [_render(call.store, ticket) for ticket in found]
    return {"type": "ticket.list", "pages": pages, "total_count": total, "tickets": tickets}


FIELDS: dict[str, Field] = {
    "id": Field("cast(id as text)", "string"),
    "created_at": json_field("created_at", "date"),
    "updated_at": json_field("updated_at", "date"),
    "snoozed_until": json_field("snoozed_until", "date"),
    "title": json_field(f"ticket_attributes.{ticket_types.TITLE}", "string"),
    "description": json_field(f"ticket_attributes.{ticket_types.DESCRIPTION}", "string"),
    "category": json_field("category", "string"),
    "ticket_type_id": json_field("ticket_type_id", "string"),
    "contact_ids": Field("parent", "string"),
    "admin_assignee_id": json_field("admin_assignee_id", "string"),
    "team_assignee_id": json_field("team_assignee_id", "string"),
    "open": json_field("open", "boolean"),
    "state": json_field("state", "string"),
}
KINDS: dict[str, search.Kind] = {
    "integer": "integer",
    "decimal": "float",
    "boolean": "boolean",
    "datetime": "date",
}


def _attribute_field(store: Store, name: str) -> Field | None:
    """Resolve `ticket_attribute.{id}`."""
    prefix, _, number = name.partition(".")
    attribute = store.get("ticket_type_attribute", number) if prefix == "ticket_attribute" else None
    if attribute is None:
        return None
    path = attribute["name"].replace('"', "").replace("'", "''")
    return json_field(f'ticket_attributes."{path}"', KINDS.get(attribute["data_type"], "string"))


def _create(call: Call) -> Json:
    if not call.body.get("ticket_type_id"):
        raise parameter_not_found("ticket_type_id is required", "ticket_type_id")
    kind = ticket_types.require(call.store, call.body["ticket_type_id"])
    values, attributes = _attribute_values(call), ticket_types.live_attributes(call.store, kind)
    ticket_types.check_values(attributes, values)
    if any(a["required_to_create"] and values.get(a["name"]) in (None, "") for a in attributes):
        raise parameter_invalid("Missing required ticket attributes")
    contact = _contact(call)
    first_state = call.store.all("ticket_state")[0]
    ticket: Json = {
        "category": ticket_types.CATEGORIES[kind["category"]],
        "ticket_type_id": str(kind["id"]),
        "ticket_attributes": {a["name"]: values.get(a["name"]) for a in attributes},
        "state_id": first_state["id"],
        "state": first_state["category"],
        "contact_id": contact["id"],
        "number": call.store.next_number("ticket_number"),
        "created_at": _creation_time(call),
        "updated_at": call.second,
        "searchable_at": call.now + call.store.settings.search_lag_seconds,
        "open": True,
        "is_shared": kind["category"] == "Customer",
        **_assignment(call),
        **_company(call),
    }
    ticket["id"] = call.store.add("ticket", ticket, parent=contact["id"])
    state = ticket["state"]
    _add_part(
        call,
        ticket,
        "ticket_state_updated_by_admin",
        admins.bot(call.store),
        ticket["created_at"],
        ticket_state=state,
        previous_ticket_state=state,
    )
    return ticket


def _creation_time(call: Call) -> int:
    """Give the time that is asked for, which may be years ago but not to come."""
    created_at = whole("created_at", call.body.get("created_at"))
    if created_at is not None and created_at > call.now:
        raise parameter_invalid("created_at must not be in the future", "created_at")
    return call.second if created_at is None else created_at


def _attribute_values(call: Call) -> Json:
    values = call.body.get("ticket_attributes")
    if values is not None and not isinstance(values, dict):
        raise parameter_invalid("ticket_attributes must be an object", "ticket_attributes")
    return values or {}


def _contact(call: Call) -> sqlite3.Row:
    """Find the one contact that is named; an address that nobody has makes a lead."""
    named = call.body.get("contacts")
    if not isinstance(named, list) or not named:
        raise parameter_not_found("contacts is required", "contacts")
    if len(named) > 1 or not isinstance(named[0], dict):
        raise parameter_invalid("A ticket has one contact only", "contacts")
    own_id, external_id, email = (named[0].get(key) for key in ("id", "external_id", "email"))
    if email and not own_id and not external_id and not people.holds(call.store, email):
        return people.create_lead(call, email)
    return people.identify(call, contact_id=own_id, external_id=external_id, email=email)


def _assignment(call: Call) -> Json:
    asked = call.body.get("assignment") or {}
    admin_id = reference("admin_assignee_id", asked.get("admin_assignee_id")) or NOBODY
    team_id = reference("team_assignee_id", asked.get("team_assignee_id")) or NOBODY
    if admin_id != NOBODY and admins.find_admin(call.store, admin_id) is None:
        raise not_found("Assignee not found", "assignee_not_found")
    return {"admin_assignee_id": admin_id, "team_assignee_id": team_id}


def _company(call: Call) -> Json:
    own_id = reference("company_id", call.body.get("company_id"))
    return {"company_id": companies.identify(call.store, {"id": own_id})["id"]} if own_id else {}


def _acting_admin(call: Call) -> Json:
    admin_id = call.body.get("admin_id")
    if admin_id is None:
        return admins.bot(call.store)
    admin = admins.find_admin(call.store, admin_id)
    if admin is None:
        raise not_found("Assignee not found", "assignee_not_found")
    return admins.author(admin)


def _assign(call: Call, ticket: Json) -> None:
    assignee = reference("assignee_id", call.body.get("assignee_id"))
    if assignee is None:
        return
    if assignee != NOBODY and admins.find_admin(call.store, assignee) is None:
        raise not_found("Assignee not found", "assignee_not_found")
    ticket["admin_assignee_id"] = assignee


def _move(call: Call, ticket: Json, author: Json) -> None:
    """Put the ticket into another state; a resolved ticket is closed."""
    state = call.store.get("ticket_state", str(call.body["ticket_state_id"]))
    if state is None:
        message = "Ticket state id is not valid or is not associated with the ticket type"
        raise ApiError(400, "ticket_state_id_invalid", message)
    previous = ticket["state"]
    ticket |= {"state_id": state["id"], "state": state["category"], "open": state["category"] != "resolved"}
    states = {"ticket_state": ticket["state"], "previous_ticket_state": previous}
    _add_part(call, ticket, "ticket_state_updated_by_admin", author, call.second, **states)


def _reply_author(call: Call, ticket: Json) -> Json:
    if call.body.get("type") == "admin":
        admin = admins.find_admin(call.store, call.body.get("admin_id"))
        if admin is None:
            raise not_found()
        return admins.author(admin)
    if ticket["category"] == ticket_types.CATEGORIES["Back-office"]:
        raise ApiError(400, "parameter_mismatch", "User replies are not allowed on Backoffice tickets")
    return {**people.author(people.replying(call)), "type": "user"}


def _add_part(call: Call, ticket: Json, part_type: str, author: Json, created_at: int, **more: Any) -> Json:
    part: Json = {
        "type": "ticket_part",
        "part_type": part_type,
        "created_at": created_at,
        "updated_at": created_at,
        "author": author,
        "attachments": [],
        "redacted": False,
        **more,
    }
    number = call.store.add("ticket_part", part, parent=str(ticket["id"]))
    return {**part, "id": str(number)}


def _require(call: Call) -> Json:
    ticket = call.store.get("ticket", call.path["ticket_id"])
    if ticket is None:
        raise not_found("Ticket not found", "ticket_not_found")
    return ticket


def _render(store: Store, ticket: Json) -> Json:
    kind = ticket_types.require(store, ticket["ticket_type_id"])
    state = store.get("ticket_state", ticket["state_id"])
    parts = [{**part, "id": str(part["id"])} for part in store.all("ticket_part", str(ticket["id"]))]
    snoozed = {"snoozed_until": ticket["snoozed_until"]} if ticket.get("snoozed_until") else {}
    copied = (
        "ticket_attributes",
        "admin_assignee_id",
        "team_assignee_id",
        "created_at",
        "updated_at",
        "open",
    )
    return {
        "type": "ticket",
        "id": str(ticket["id"]),
        # The number that teammates see; no operation knows the ticket by it.
        "ticket_id": str(ticket["number"]),
        **{name: ticket[name] for name in (*copied, "is_shared")},
        **snoozed,
        "ticket_state": state and ticket_types.render_state(state),
        "ticket_type": ticket_types.render(store, kind),
        "contacts": people.contact_list(store, ticket["contact_id"]),
        "ticket_parts": {"type": "ticket_part.list", "ticket_parts": parts, "total_count": len(parts)},
        "linked_objects": {"type": "list", "data": [], "total_count": 0, "has_more": False},
        "category": kind["category"],
    }
