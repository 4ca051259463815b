"""Operations on contacts: users and leads."""

import json
from typing import Any

from sandbox.intercom import companies, people, search
from sandbox.intercom.call import Call
from sandbox.intercom.errors import contact_not_found, parameter_invalid, parameter_not_found
from sandbox.intercom.paging import Page, cursor_page
from sandbox.intercom.people import LIVE, PROFILE, require
from sandbox.intercom.profile import render
from sandbox.intercom.store import Json, Store

LIST_SIZE = 10
SEARCH_SIZE = 50
# Where a contact's id stands, apart from documents.
BELONGINGS = (("attachment", "contact_id"), ("subscription", "contact_id"), ("tagging", "object_id"))


def create_contact(call: Call) -> Json:
    if not any(call.body.get(key) for key in ("email", "external_id", "role")):
        raise parameter_not_found("One of email, external_id or role must be given")
    role = people.role_of(call.body.get("role") or "user")
    external_id = people.external_id_of(call.body.get("external_id"), role)
    profile = PROFILE | people.changes_of(call)
    people.check_conflicts(call.store, None, role, external_id, profile["email"])
    contact_id = people.insert(call, role, external_id, profile)
    return render(call.store, people.row_of(call.store, contact_id))


def show_contact(call: Call) -> Json:
    return render(call.store, require(call))


def find_by_external_id(call: Call) -> Json:
    sql = f"select * from contact where external_id = ? and role = 'user' and {LIVE}"
    row = call.store.row(sql, call.path["external_id"])
    if row is None:
        raise contact_not_found()
    return render(call.store, row)


def update_contact(call: Call) -> Json:
    row = require(call)
    role = people.role_of(call.body.get("role") or row["role"])
    asked = call.body["external_id"] if "external_id" in call.body else row["external_id"]
    external_id = people.external_id_of(asked, role)
    profile, changes = json.loads(row["body"]), people.changes_of(call)
    own = profile["custom_attributes"] | changes.pop("custom_attributes", {})
    profile |= changes | {"custom_attributes": people.without_nulls(own)}
    people.check_conflicts(call.store, row["id"], role, external_id, profile["email"])
    people.update(call, row["id"], role, external_id, profile)
    return render(call.store, people.row_of(call.store, row["id"]))


def delete_contact(call: Call) -> Json:
    row = require(call, archived_too=True)
    for table, column in BELONGINGS:
        call.store.run(f"delete from {table} where {column} = ?", row["id"])
    call.store.run("delete from document where kind = 'note' and parent = ?", row["id"])
    call.store.run("delete from contact where id = ?", row["id"])
    return {**people.reference_to(row), "deleted": True}


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
    for table, column in BELONGINGS:
        sql = f"update or ignore {table} set {column} = ? where {column} = ?"
        call.store.run(sql, user["id"], lead["id"])
        call.store.run(f"delete from {table} where {column} = ?", lead["id"])
    # Notes, conversations and tickets.
    sql = "update document set parent = ?, body = json_set(body, '$.contact_id', ?) where parent = ?"
    call.store.run(sql, user["id"], user["id"], lead["id"])
    call.store.run("update contact set merged_into = ? where id = ?", user["id"], lead["id"])
    people.update(call, user["id"], "user", user["external_id"], profile)
    return render(call.store, people.row_of(call.store, user["id"]))


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
        "data": [render(call.store, r) for r in rows],
        "total_count": total,
        "pages": pages,
    }


def _merged(lead: Json, user: Json) -> Json:
    merged = {name: user[name] if user[name] is not None else lead[name] for name in PROFILE}
    return merged | {"custom_attributes": lead["custom_attributes"] | user["custom_attributes"]}


def _set_archived(call: Call, *, archived: bool) -> Json:
    row = require(call, archived_too=True)
    call.store.run(
        "update contact set archived = ?, updated_at = ? where id = ?", archived, call.second, row["id"]
    )
    return {**people.reference_to(row), "archived": archived}


def _listed(store: Store, page: Page, condition: str, values: list[Any]) -> Json:
    total = store.value(f"select count(*) from contact where {condition}", *values)
    sql = f"select * from contact where {condition} and seq < ? order by seq desc limit ?"
    rows = store.rows(sql, *values, page.before, page.size + 1)
    shown = rows[: page.size]
    last_seq = shown[-1]["seq"] if len(rows) > page.size else None
    data = [render(store, row) for row in shown]
    return {"type": "list", "data": data, "total_count": total, "pages": page.pages(total, last_seq)}
