"""Conversations that a contact began, replies to them, and what admins do with them."""

from typing import Any

from sandbox.intercom import admins, people, search
from sandbox.intercom.call import Call, Operation, flag, text, whole
from sandbox.intercom.errors import not_found, parameter_invalid, parameter_not_found
from sandbox.intercom.messages import attachments, paragraphs, required_text, to_html, to_plain
from sandbox.intercom.paging import cursor_page
from sandbox.intercom.search import Field, json_field
from sandbox.intercom.store import Json, Store

LIST_SIZE = 20
MAX_PARTS = 500
EMPTY: Json = {
    "snoozed_until": None,
    "read": False,
    "tags": {"type": "tag.list", "tags": []},
    "priority": "not_priority",
    "sla_applied": None,
    "statistics": None,
    "conversation_rating": None,
    "teammates": None,
    "title": None,
    "custom_attributes": {},
    "topics": {},
    "ticket": None,
    "linked_objects": {"type": "list", "data": [], "total_count": 0, "has_more": False},
    "ai_agent": None,
    "ai_agent_participated": False,
    "admin_assignee_id": None,
    "team_assignee_id": None,
}


def create_conversation(call: Call) -> Json:
    """Begin a conversation on behalf of a contact; the answer is the message, which names the conversation."""
    sender = call.body.get("from")
    if not isinstance(sender, dict):
        raise parameter_not_found("from is required", "from")
    body, created_at = required_text(call.body, "body"), _time(call)
    contact = people.require(call, sender.get("id") or "0")
    message_id = str(call.store.next_number("message"))
    source = {
        "type": "conversation",
        "id": message_id,
        "delivered_as": "customer_initiated",
        "subject": "",
        "body": paragraphs(body),
        "author": people.author(contact),
        "attachments": attachments(call.body),
        "url": None,
        "redacted": False,
    }
    conversation: Json = {
        **EMPTY,
        "created_at": created_at,
        "updated_at": created_at,
        "waiting_since": created_at,
        "source": source,
        "first_contact_reply": {"created_at": created_at, "type": "conversation", "url": None},
        "open": True,
        "state": "open",
        "contact_id": contact["id"],
    }
    number = call.store.add("conversation", conversation, parent=contact["id"])
    return {
        "type": "user_message",
        "id": message_id,
        "created_at": created_at,
        "body": body,
        "message_type": "inapp",
        "conversation_id": str(number),
    }


def show_conversation(call: Call) -> Json:
    return _answer(call, _require(call))


def update_conversation(call: Call) -> Json:
    conversation = _require(call)
    for name, check in (("read", flag), ("title", text)):
        if name in call.body:
            conversation[name] = check(name, call.body[name])
    conversation["custom_attributes"] |= call.body.get("custom_attributes") or {}
    return _kept(call, conversation)


def delete_conversation(call: Call) -> Json:
    conversation = _require(call)
    call.store.run(
        "delete from document where kind = 'conversation_part' and parent = ?", str(conversation["id"])
    )
    call.store.remove("conversation", conversation["id"])
    return {"id": str(conversation["id"]), "object": "conversation", "deleted": True}


def list_conversations(call: Call) -> Json:
    return _listed(call, call.query, "1", [])


def search_conversations(call: Call) -> Json:
    condition, values = search.condition(call.body, FIELDS.get)
    return _listed(call, search.pagination(call.body), condition, values)


def reply(call: Call) -> Json:
    """Add what an admin or a contact says; a contact's words reopen the conversation."""
    part_type = call.body.get("message_type")
    if part_type not in ("comment", "note", "quick_reply"):
        raise parameter_invalid("message_type must be comment, note or quick_reply", "message_type")
    body = None if part_type == "quick_reply" else to_html(required_text(call.body, "body"))
    created_at, files = _time(call), attachments(call.body)
    if call.body.get("type") == "admin":
        conversation = _require(call)
        _add_part(call, conversation, part_type, _admin(call), created_at, body=body, attachments=files)
        if part_type != "note":
            conversation["waiting_since"] = None
        return _kept(call, conversation)
    contact = people.replying(call)
    conversation = (
        _last_of(call.store, contact["id"]) if call.path["conversation_id"] == "last" else _require(call)
    )
    part_type = part_type if conversation["open"] else "open"
    _add_part(call, conversation, part_type, people.author(contact), created_at, body=body, attachments=files)
    conversation["waiting_since"] = conversation["waiting_since"] or created_at
    return _kept(call, conversation | {"open": True, "state": "open", "snoozed_until": None})


def manage(call: Call) -> Json:
    """Close, open, snooze or assign a conversation."""
    action = MANAGE.get(str(call.body.get("message_type")))
    if action is None:
        raise parameter_invalid("message_type must be close, snoozed, open or assignment", "message_type")
    return action(call) or {}


def _close(call: Call) -> Json:
    conversation = _require(call)
    body = text("body", call.body.get("body"))
    _add_part(call, conversation, "close", _admin(call), call.second, body=body and to_html(body))
    return _kept(call, conversation | {"open": False, "state": "closed", "waiting_since": None})


def _open(call: Call) -> Json:
    conversation = _require(call)
    _add_part(call, conversation, "open", _admin(call), call.second)
    return _kept(call, conversation | {"open": True, "state": "open", "snoozed_until": None})


def _snooze(call: Call) -> Json:
    conversation = _require(call)
    until = whole("snoozed_until", call.body.get("snoozed_until"))
    if until is None:
        raise parameter_not_found("snoozed_until is required", "snoozed_until")
    _add_part(call, conversation, "snoozed", _admin(call), call.second)
    return _kept(call, conversation | {"open": True, "state": "snoozed", "snoozed_until": until})


def _assign(call: Call) -> Json:
    conversation = _require(call)
    author = _admin(call)
    assignee = admins.find_admin(call.store, call.body.get("assignee_id"))
    if assignee is None:
        raise not_found("Assignee not found", "assignee_not_found")
    part_type = "assignment" if conversation["open"] else "assign_and_reopen"
    assigned_to = {"type": "admin", "id": str(assignee["id"])}
    _add_part(call, conversation, part_type, author, call.second, assigned_to=assigned_to)
    return _kept(call, conversation | {"open": True, "state": "open", "admin_assignee_id": assignee["id"]})


MANAGE: dict[str, Operation] = {"close": _close, "open": _open, "snoozed": _snooze, "assignment": _assign}

FIELDS: dict[str, Field] = {
    "id": Field("cast(id as text)", "string"),
    "contact_ids": Field("parent", "string"),
    **{
        name: json_field(name, "date")
        for name in ("created_at", "updated_at", "waiting_since", "snoozed_until")
    },
    **{name: json_field(name, "integer") for name in ("admin_assignee_id", "team_assignee_id")},
    **{name: json_field(name, "boolean") for name in ("open", "read")},
    **{name: json_field(name, "string") for name in ("state", "priority", "title")},
    **{
        f"source.{name}": json_field(f"source.{name}", "string")
        for name in ("type", "id", "delivered_as", "subject", "body", "url")
    },
    **{
        f"source.author.{name}": json_field(f"source.author.{name}", "string")
        for name in ("id", "type", "name", "email")
    },
}


def _time(call: Call) -> int:
    """Give the time that is asked for, as when past conversations are brought in, else now."""
    return whole("created_at", call.body.get("created_at")) or call.second


def _admin(call: Call) -> Json:
    admin = admins.find_admin(call.store, call.body.get("admin_id"))
    if admin is None:
        raise not_found("Admin not found", "admin_not_found")
    return admins.author(admin)


def _add_part(
    call: Call, conversation: Json, part_type: str, author: Json, created_at: int, **more: Any
) -> None:
    part: Json = {
        "type": "conversation_part",
        "part_type": part_type,
        "body": None,
        "created_at": created_at,
        "updated_at": created_at,
        "notified_at": created_at,
        "assigned_to": None,
        "author": author,
        "attachments": [],
        "external_id": None,
        "redacted": False,
        "metadata": {},
        "email_message_metadata": None,
        "app_package_code": None,
        **more,
    }
    call.store.add("conversation_part", part, parent=str(conversation["id"]))
    conversation["updated_at"] = max(conversation["updated_at"], created_at)


def _require(call: Call) -> Json:
    conversation = call.store.get("conversation", call.path["conversation_id"])
    if conversation is None:
        raise not_found()
    return conversation


def _last_of(store: Store, contact_id: str) -> Json:
    found = store.all("conversation", contact_id)
    if not found:
        raise not_found()
    return found[-1]


def _kept(call: Call, conversation: Json) -> Json:
    call.store.put("conversation", conversation["id"], conversation)
    return _answer(call, conversation)


def _listed(call: Call, asked: Any, condition: str, values: list[Any]) -> Json:
    page = cursor_page(asked, LIST_SIZE)
    found, total, pages = search.documents(call.store, "conversation", page, condition, values)
    shown = [_render(call.store, conversation) for conversation in found]
    return {"type": "conversation.list", "pages": pages, "total_count": total, "conversations": shown}


def _render(store: Store, conversation: Json) -> Json:
    kept = {name: value for name, value in conversation.items() if name != "contact_id"}
    return {
        **kept,
        "type": "conversation",
        "id": str(conversation["id"]),
        "contacts": people.contact_list(store, conversation["contact_id"]),
    }


def _answer(call: Call, conversation: Json) -> Json:
    """Give the conversation with its latest parts, as plain text when the call asks for it."""
    answer = _render(call.store, conversation)
    parts = call.store.all("conversation_part", str(conversation["id"]))
    shown = [{**part, "id": str(part["id"])} for part in parts[-MAX_PARTS:]]
    if call.query.get("display_as") == "plaintext":
        for holder in (answer["source"], *shown):
            holder["body"] = holder["body"] and to_plain(holder["body"])
    listed = {"type": "conversation_part.list", "conversation_parts": shown, "total_count": len(parts)}
    return answer | {"conversation_parts": listed}
