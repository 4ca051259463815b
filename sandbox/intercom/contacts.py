"""Contacts: users and leads.

Conflicts, as Intercom's users report them: an `external_id` belongs to one contact. An e-mail address belongs to one
user, unless all users that share it have an `external_id`. Archived contacts still hold both. Leads may share an address.
"""

import json
import re
import sqlite3
from collections.abc import Callable
from typing import Any

from sandbox.intercom import admins, attributes, companies, search
from sandbox.intercom.call import WORKSPACE_ID, Call, flag, reference, text, whole
from sandbox.intercom.errors import (
    ambiguous_email,
    conflict,
    contact_merged,
    contact_not_found,
    parameter_invalid,
    parameter_not_found,
)
from sandbox.intercom.paging import Page, cursor_page
from sandbox.intercom.store import Json, Store, object_id

ROLES = ("user", "lead")
NESTED = 10
LIST_SIZE = 10
SEARCH_SIZE = 50
FIRST_VERSION_WITH_410 = (2, 16)
EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
LIVE = "not archived and merged_into is null"

# What a contact has that this stand-in never fills: the doings of a person in the Messenger.
UNFILLED: Json = {
    "social_profiles": {"type": "list", "data": []},
    "has_hard_bounced": False,
    "marked_email_as_spam": False,
    "last_replied_at": None,
    "last_contacted_at": None,
    "last_email_opened_at": None,
    "last_email_clicked_at": None,
    "browser": None,
    "browser_version": None,
    "browser_language": None,
    "os": None,
    "location": {
        "type": "location",
        "country": None,
        "region": None,
        "city": None,
        "country_code": None,
        "continent_code": None,
    },
    "android_app_name": None,
    "android_app_version": None,
    "android_device": None,
    "android_os_version": None,
    "android_sdk_version": None,
    "android_last_seen_at": None,
    "ios_app_name": None,
    "ios_app_version": None,
    "ios_device": None,
    "ios_os_version": None,
    "ios_sdk_version": None,
    "ios_last_seen_at": None,
    "utm_campaign": None,
    "utm_content": None,
    "utm_medium": None,
    "utm_source": None,
    "utm_term": None,
    "referrer": None,
    "enabled_push_messaging": None,
}
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


def create_contact(call: Call) -> Json:
    if not any(call.body.get(key) for key in ("email", "external_id", "role")):
        raise parameter_not_found("One of email, external_id or role must be given")
    role = _role(call.body.get("role") or "user")
    external_id = _external_id(call.body.get("external_id"), role)
    profile = PROFILE | _changes(call)
    _check_conflicts(call.store, None, role, external_id, profile["email"])
    contact_id = _insert(call, role, external_id, profile)
    return _render(call.store, _row(call.store, contact_id))


def show_contact(call: Call) -> Json:
    return _render(call.store, require(call))


def find_by_external_id(call: Call) -> Json:
    sql = f"select * from contact where external_id = ? and role = 'user' and {LIVE}"
    row = call.store.row(sql, call.path["external_id"])
    if row is None:
        raise contact_not_found()
    return _render(call.store, row)


def update_contact(call: Call) -> Json:
    row = require(call)
    role = _role(call.body.get("role") or row["role"])
    asked = call.body["external_id"] if "external_id" in call.body else row["external_id"]
    external_id = _external_id(asked, role)
    profile, changes = json.loads(row["body"]), _changes(call)
    own = profile["custom_attributes"] | changes.pop("custom_attributes", {})
    profile |= changes | {"custom_attributes": _without_nulls(own)}
    _check_conflicts(call.store, row["id"], role, external_id, profile["email"])
    _update(call, row["id"], role, external_id, profile)
    return _render(call.store, _row(call.store, row["id"]))


def delete_contact(call: Call) -> Json:
    row = require(call, archived_too=True)
    for table in ("attachment", "subscription"):
        call.store.run(f"delete from {table} where contact_id = ?", row["id"])
    call.store.run("delete from tagging where kind = 'contact' and object_id = ?", row["id"])
    call.store.run("delete from document where kind = 'note' and parent = ?", row["id"])
    call.store.run("delete from contact where id = ?", row["id"])
    return {**reference_to(row), "deleted": True}


def archive_contact(call: Call) -> Json:
    return _set_archived(call, archived=True)


def unarchive_contact(call: Call) -> Json:
    return _set_archived(call, archived=False)


def list_contacts(call: Call) -> Json:
    page = cursor_page(call.query, LIST_SIZE)
    return _listed(call.store, page, LIVE, [])


def search_contacts(call: Call) -> Json:
    """Find contacts; those created a moment ago are not found yet."""
    page = cursor_page(search.pagination(call.body), SEARCH_SIZE)
    condition, values = search.condition(call.body, search.contact_fields(call.store))
    return _listed(call.store, page, f"{LIVE} and searchable_at <= ? and ({condition})", [call.now, *values])


def merge_contacts(call: Call) -> Json:
    """Merge a lead into a user: what the user lacks comes from the lead, and the lead's id dies."""
    lead, user = (require(call, call.body.get(key)) for key in ("from", "into"))
    if lead["role"] != "lead" or user["role"] != "user":
        raise parameter_invalid("Only a lead can be merged into a user")
    profile = _merged(json.loads(lead["body"]), json.loads(user["body"]))
    for table, column in (
        ("attachment", "contact_id"),
        ("subscription", "contact_id"),
        ("tagging", "object_id"),
    ):
        call.store.run(
            f"update or ignore {table} set {column} = ? where {column} = ?", user["id"], lead["id"]
        )
        call.store.run(f"delete from {table} where {column} = ?", lead["id"])
    call.store.run("update document set parent = ? where parent = ?", user["id"], lead["id"])
    call.store.run("update contact set merged_into = ? where id = ?", user["id"], lead["id"])
    _update(call, user["id"], "user", user["external_id"], profile)
    return _render(call.store, _row(call.store, user["id"]))


def attach_company(call: Call) -> Json:
    return companies.attach(call, require(call)["id"])


def detach_company(call: Call) -> Json:
    return companies.detach(call, require(call)["id"])


def list_companies(call: Call) -> Json:
    return companies.of_contact(call, require(call)["id"])


def list_segments(call: Call) -> Json:
    """Give no segment: they are made in Intercom's interface only."""
    require(call)
    return {"type": "list", "data": []}


def list_of_company(call: Call) -> Json:
    company = companies.require(call)
    rows, total, pages = companies.attached_contacts(call, company["id"])
    return {
        "type": "list",
        "data": [_render(call.store, r) for r in rows],
        "total_count": total,
        "pages": pages,
    }


def require(call: Call, contact_id: Any = None, *, archived_too: bool = False) -> sqlite3.Row:
    """Give the contact's row, by default that of the path.

    Raise 404 when there is none or it is archived; 410 when it was merged away and the version knows that answer.
    """
    row = call.store.row("select * from contact where id = ?", str(contact_id or call.path.get("contact_id")))
    if row is None or (row["archived"] and not archived_too):
        raise contact_not_found()
    if row["merged_into"] is not None:
        raise (
            contact_merged(row["merged_into"])
            if call.version >= FIRST_VERSION_WITH_410
            else contact_not_found()
        )
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


def create_lead(call: Call, email: str) -> sqlite3.Row:
    """Make a lead for an address that no contact has."""
    return _row(call.store, _insert(call, "lead", None, PROFILE | {"email": _email("email", email)}))


def replying(call: Call) -> sqlite3.Row:
    """Give the contact on whose behalf a reply is made."""
    named = {"contact_id": "intercom_user_id", "external_id": "user_id", "email": "email"}
    if not any(call.body.get(key) for key in named.values()):
        raise parameter_not_found("One of intercom_user_id, user_id or email must be given")
    return identify(call, **{name: call.body.get(key) for name, key in named.items()})


def reference_to(row: sqlite3.Row) -> Json:
    return {"type": "contact", "id": row["id"], "external_id": row["external_id"]}


def author(row: sqlite3.Row) -> Json:
    """Describe the contact as the author of a message."""
    profile = json.loads(row["body"])
    address = {"email": profile["email"]} if profile["email"] else {}
    return {"type": row["role"], "id": row["id"], "name": profile["name"], **address}


def _role(role: Any) -> str:
    if role not in ROLES:
        raise parameter_invalid("role must be either user or lead", "role")
    return str(role)


def _external_id(value: Any, role: str) -> str | None:
    external_id = reference("external_id", value) or None
    if external_id is not None and role == "lead":
        raise parameter_invalid("A lead cannot have an external_id", "external_id")
    return external_id


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


def _changes(call: Call) -> Json:
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


def _check_conflicts(
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


def _insert(call: Call, role: str, external_id: str | None, profile: Json) -> str:
    seq = call.store.next_number("contact")
    contact_id = object_id("contact", seq, call.now)
    profile["custom_attributes"] = _without_nulls(profile["custom_attributes"])
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


def _update(call: Call, contact_id: str, role: str, external_id: str | None, profile: Json) -> None:
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


def _without_nulls(values: Json) -> Json:
    return {name: value for name, value in values.items() if value is not None}


def _merged(lead: Json, user: Json) -> Json:
    merged = {name: user[name] if user[name] is not None else lead[name] for name in PROFILE}
    return merged | {"custom_attributes": lead["custom_attributes"] | user["custom_attributes"]}


def _set_archived(call: Call, *, archived: bool) -> Json:
    row = require(call, archived_too=True)
    call.store.run(
        "update contact set archived = ?, updated_at = ? where id = ?", archived, call.second, row["id"]
    )
    return {**reference_to(row), "archived": archived}


def _listed(store: Store, page: Page, condition: str, values: list[Any]) -> Json:
    total = store.value(f"select count(*) from contact where {condition}", *values)
    sql = f"select * from contact where {condition} and seq < ? order by seq desc limit ?"
    rows = store.rows(sql, *values, page.before, page.size + 1)
    shown = rows[: page.size]
    last_seq = shown[-1]["seq"] if len(rows) > page.size else None
    data = [_render(store, row) for row in shown]
    return {"type": "list", "data": data, "total_count": total, "pages": page.pages(total, last_seq)}


def _row(store: Store, contact_id: str) -> sqlite3.Row:
    [row] = store.rows("select * from contact where id = ?", contact_id)
    return row


def _render(store: Store, row: sqlite3.Row) -> Json:
    profile = json.loads(row["body"])
    email = profile["email"]
    return {
        "type": "contact",
        "id": row["id"],
        "workspace_id": WORKSPACE_ID,
        "external_id": row["external_id"],
        "role": row["role"],
        "email_domain": email.rpartition("@")[2] if email else None,
        **UNFILLED,
        **profile,
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
        **_nested_lists(store, row["id"]),
    }


def _nested_lists(store: Store, contact_id: str) -> Json:
    notes = "select id from document where kind = 'note' and parent = ? order by id desc"
    tags = "select tag_id from tagging where kind = 'contact' and object_id = ? order by tag_id"
    attached = "select company_id from attachment where contact_id = ? order by attached_at, company_id"
    subscribed = "select subscription_id from subscription where contact_id = ? and consent_type = '{}'"
    queries = (
        ("tags", "tags", "tag", tags),
        ("notes", "notes", "note", notes),
        ("companies", "companies", "company", attached),
        ("opted_out_subscription_types", "subscriptions", "subscription", subscribed.format("opt_out")),
        ("opted_in_subscription_types", "subscriptions", "subscription", subscribed.format("opt_in")),
    )
    return {
        name: _nested_list(store, f"/contacts/{contact_id}/{path}", kind, sql, contact_id)
        for name, path, kind, sql in queries
    }


PLURALS = {"tag": "tags", "note": "notes", "company": "companies", "subscription": "subscription_types"}


def _nested_list(store: Store, url: str, kind: str, sql: str, contact_id: str) -> Json:
    """Give the first ten of what belongs to a contact, and say whether there are more."""
    rows = store.rows(sql, contact_id)
    data = [{"id": str(row[0]), "type": kind, "url": f"/{PLURALS[kind]}/{row[0]}"} for row in rows[:NESTED]]
    return {
        "type": "list",
        "data": data,
        "url": url,
        "total_count": len(rows),
        "has_more": len(rows) > NESTED,
    }
