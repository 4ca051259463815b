"""The contacts as they are kept: finding them, checking them, writing them.

Conflicts, as Intercom's users report them: an `external_id` belongs to one contact. An e-mail address belongs to one
user, unless all users that share it have an `external_id`. Archived contacts still hold both. Leads may share an address.
"""

import json
import re
import sqlite3
from collections.abc import Callable
from typing import Any

from sandbox.intercom import admins, attributes
from sandbox.intercom.call import Call, flag, reference, text, whole
from sandbox.intercom.errors import (
    ambiguous_email,
    conflict,
    contact_merged,
    contact_not_found,
    parameter_invalid,
    parameter_not_found,
)
from sandbox.intercom.store import Json, Store, object_id

ROLES = ("user", "lead")
FIRST_VERSION_WITH_410 = (2, 16)
EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
LIVE = "not archived and merged_into is null"

PROFILE: Json = {
    "email": None,
    "phone": None,
    "name": None,
    "avatar": None,
    "owner_id": None,
    "signed_up_at": None,
    "last_seen_at": None,
    "language_override": None,
    "unsubscribed_from_emails": False,
    "custom_attributes": {},
}


def require(call: Call, contact_id: Any = None, *, archived_too: bool = False) -> sqlite3.Row:
    """Give the contact's row, by default that of the path.

    Raise 404 when there is none or it is archived; 410 when it was merged away and the version knows that answer.
    """
    row = call.store.row("select * from contact where id = ?", str(contact_id or call.path.get("contact_id")))
    if row is None or (row["archived"] and not archived_too):
        raise contact_not_found()
    if row["merged_into"] is not None:
        known = call.version >= FIRST_VERSION_WITH_410
        raise contact_merged(row["merged_into"]) if known else contact_not_found()
    return row


def identify(
    call: Call, *, contact_id: Any = None, external_id: Any = None, email: Any = None
) -> sqlite3.Row:
    """Give the one contact that fits whichever of the three is given; raise 404, or 409 when several share the address."""
    if contact_id:
        return require(call, contact_id)
    column, value = ("external_id", external_id) if external_id else ("email_key", str(email).lower())
    rows = call.store.rows(f"select * from contact where {column} = ? and {LIVE} limit 2", str(value))
    if not rows:
        raise contact_not_found()
    if len(rows) > 1:
        raise ambiguous_email(str(email))
    return rows[0]


def holds(store: Store, email: str) -> bool:
    """Say whether a contact that is not archived has this address."""
    sql = f"select exists (select 1 from contact where email_key = ? and {LIVE})"
    return bool(store.value(sql, str(email).lower()))


def create_lead(call: Call, email: str) -> sqlite3.Row:
    """Make a lead for an address that no contact has."""
    return row_of(call.store, insert(call, "lead", None, PROFILE | {"email": email_of(email)}))


def replying(call: Call) -> sqlite3.Row:
    """Give the contact on whose behalf a reply is made."""
    named = {"contact_id": "intercom_user_id", "external_id": "user_id", "email": "email"}
    if not any(call.body.get(key) for key in named.values()):
        raise parameter_not_found("One of intercom_user_id, user_id or email must be given")
    return identify(call, **{name: call.body.get(key) for name, key in named.items()})


def reference_to(row: sqlite3.Row) -> Json:
    return {"type": "contact", "id": row["id"], "external_id": row["external_id"]}


def contact_list(store: Store, contact_id: str) -> Json:
    """Refer to the one contact of a ticket or conversation; the list is empty once the contact is deleted."""
    rows = store.rows("select id, external_id from contact where id = ?", contact_id)
    return {"type": "contact.list", "contacts": [reference_to(row) for row in rows]}


def author(row: sqlite3.Row) -> Json:
    """Describe the contact as the author of a message."""
    profile = json.loads(row["body"])
    address = {"email": profile["email"]} if profile["email"] else {}
    return {"type": row["role"], "id": row["id"], "name": profile["name"], **address}


def role_of(role: Any) -> str:
    if role not in ROLES:
        raise parameter_invalid("role must be either user or lead", "role")
    return str(role)


def external_id_of(value: Any, role: str) -> str | None:
    external_id = reference("external_id", value) or None
    if external_id is not None and role == "lead":
        raise parameter_invalid("A lead cannot have an external_id", "external_id")
    return external_id


def email_of(value: Any) -> str | None:
    """Read an e-mail address."""
    return _email("email", value)


def _email(name: str, value: Any) -> str | None:
    email = text(name, value)
    if email and not EMAIL.fullmatch(email):
        raise parameter_invalid("email is invalid", name)
    return email or None


def _avatar(name: str, value: Any) -> Json | None:
    url = text(name, value)
    return {"type": "avatar", "image_url": url} if url else None


CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "email": _email,
    "phone": text,
    "name": text,
    "avatar": _avatar,
    "owner_id": whole,
    "signed_up_at": whole,
    "last_seen_at": whole,
    "language_override": text,
    "unsubscribed_from_emails": flag,
}


def changes_of(call: Call) -> Json:
    """Read the fields that the call sets. What Intercom does not know, `companies` for one, it passes over."""
    changes: Json = {
        name: check(name, call.body[name]) for name, check in CHECKS.items() if name in call.body
    }
    if changes.get("owner_id") is not None and admins.find_admin(call.store, changes["owner_id"]) is None:
        raise parameter_invalid("The owner specified is not a member of the workspace", "owner_id")
    if changes.get("unsubscribed_from_emails", False) is None:
        del changes["unsubscribed_from_emails"]
    if "custom_attributes" in call.body:
        changes["custom_attributes"] = attributes.clean(call.store, "contact", call.body["custom_attributes"])
    return changes


def check_conflicts(
    store: Store, own_id: str | None, role: str, external_id: str | None, email: str | None
) -> None:
    if external_id is not None:
        _refuse(store, "external_id = ?", external_id, own_id)
    if email is None or role == "lead":
        return
    key = email.lower()
    if external_id is not None:
        _refuse(store, "email_key = ? and role = 'user' and external_id is null", key, own_id)
        return
    sql = "select count(*) from contact where email_key = ? and role = 'user' and merged_into is null and id is not ?"
    if store.value(sql, key, own_id) > 1:
        raise ambiguous_email(email)
    _refuse(store, "email_key = ? and role = 'user'", key, own_id)


def _refuse(store: Store, condition: str, value: str, own_id: str | None) -> None:
    sql = f"""select id, archived from contact
              where {condition} and merged_into is null and id is not ? order by archived limit 1"""
    other = store.row(sql, value, own_id)
    if other is not None:
        raise conflict(other["id"], archived=bool(other["archived"]))


def insert(call: Call, role: str, external_id: str | None, profile: Json) -> str:
    seq = call.store.next_number("contact")
    contact_id = object_id("contact", seq, call.now)
    profile["custom_attributes"] = without_nulls(profile["custom_attributes"])
    call.store.run(
        """insert into contact (seq, id, external_id, email_key, role, searchable_at, created_at, updated_at, body)
           values (?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        seq,
        contact_id,
        external_id,
        _email_key(profile),
        role,
        call.now + call.store.settings.search_lag_seconds,
        call.second,
        call.second,
        json.dumps(profile),
    )
    return contact_id


def update(call: Call, contact_id: str, role: str, external_id: str | None, profile: Json) -> None:
    call.store.run(
        "update contact set role = ?, external_id = ?, email_key = ?, body = ?, updated_at = ? where id = ?",
        role,
        external_id,
        _email_key(profile),
        json.dumps(profile),
        call.second,
        contact_id,
    )


def _email_key(profile: Json) -> str | None:
    email: str | None = profile["email"]
    return None if email is None else email.lower()


def without_nulls(values: Json) -> Json:
    return {name: value for name, value in values.items() if value is not None}


def row_of(store: Store, contact_id: str) -> sqlite3.Row:
    [row] = store.rows("select * from contact where id = ?", contact_id)
    return row
