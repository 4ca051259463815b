"""Companies: created or updated by `company_id`, and out of every list until a contact is attached."""

import json
import sqlite3
from collections.abc import Callable
from typing import Any

from sandbox.intercom import attributes
from sandbox.intercom.call import WORKSPACE_ID, Call, reference, text, whole
from sandbox.intercom.errors import (
    ApiError,
    bad_request,
    company_not_found,
    parameter_invalid,
    parameter_not_found,
)
from sandbox.intercom.paging import numbered_page
from sandbox.intercom.store import Json, Store, object_id

LIST_SIZE = 15
ATTACHED_SIZE = 50
SCROLL_SIZE = 100
LIST_CEILING = 10_000
MAX_COMPANIES_OF_CONTACT = 1_000
MAX_SPEND = 2**31 - 1

HAS_CONTACT = """exists (select 1 from attachment join contact on contact.id = attachment.contact_id
  where attachment.company_id = company.id and not contact.archived)"""
VISIBLE = f"not deleted and {HAS_CONTACT}"


def create_or_update_company(call: Call) -> Json:
    company_id = reference("company_id", call.body.get("company_id"))
    changes = _changes(call)
    if not company_id:
        raise parameter_not_found("company_id not specified", "company_id")
    row = _by(call.store, "company_id", company_id)
    own_id = _insert(call, company_id, changes) if row is None else _update(call, row, changes)
    return _render_id(call.store, own_id)


def show_company(call: Call) -> Json:
    return _render(call.store, require(call))


def find_companies(call: Call) -> Json:
    """Give the one company that has this `company_id` or name, attached or not; without either, the list."""
    for key in ("company_id", "name"):
        if key in call.query:
            row = _by(call.store, key, call.query[key])
            if row is None:
                raise company_not_found()
            return _render(call.store, row)
    if "segment_id" in call.query:
        return _listed(call, "0", [])
    if "tag_id" in call.query:
        tagged = (
            "exists (select 1 from tagging where kind = 'company' and object_id = company.id and tag_id = ?)"
        )
        return _listed(call, f"{VISIBLE} and {tagged}", [call.query["tag_id"]])
    return list_companies(call)


def list_companies(call: Call) -> Json:
    return _listed(call, VISIBLE, [])


def scroll_companies(call: Call) -> Json:
    """Give the next hundred companies; an empty page ends the scroll."""
    parameter = call.query.get("scroll_param")
    if parameter:
        call.scroll.resume(parameter, call.now)
    else:
        call.scroll.open(call.now)
    sql = f"select * from company where {VISIBLE} and seq > ? order by seq limit ?"
    rows = call.store.rows(sql, call.scroll.last_seq, SCROLL_SIZE)
    answer = {
        "type": "list",
        "data": [_render(call.store, row) for row in rows],
        "pages": None,
        "total_count": None,
        "scroll_param": call.scroll.parameter,
    }
    if rows:
        call.scroll.last_seq = rows[-1]["seq"]
    else:
        call.scroll.close()
    return answer


def update_company(call: Call) -> Json:
    row = require(call)
    if reference("company_id", call.body.get("company_id", row["company_id"])) != row["company_id"]:
        raise bad_request("company_id can't be updated")
    return _render_id(call.store, _update(call, row, _changes(call)))


def delete_company(call: Call) -> Json:
    """Archive a company and detach its contacts; its `company_id` may then be used again."""
    row = require(call)
    call.store.run("delete from attachment where company_id = ?", row["id"])
    call.store.run("update company set deleted = 1 where id = ?", row["id"])
    return {"id": row["id"], "object": "company", "deleted": True}


def list_segments(call: Call) -> Json:
    """Give no segment: they are made in Intercom's interface only."""
    require(call)
    return {"type": "list", "data": []}


def attach(call: Call, contact_id: str) -> Json:
    """Attach a company, named by Intercom's own id, to a contact; once more does no harm."""
    own_id = reference("id", call.body.get("id"))
    if not own_id:
        raise parameter_not_found("company not specified")
    row = _by(call.store, "id", own_id)
    if row is None:
        raise company_not_found()
    held = "select count(*) from attachment where contact_id = ? and company_id <> ?"
    if call.store.value(held, contact_id, row["id"]) >= MAX_COMPANIES_OF_CONTACT:
        message = f"Contact has reached the maximum of {MAX_COMPANIES_OF_CONTACT} company associations"
        raise ApiError(400, "contact_company_limit_exceeded", message)
    sql = "insert or ignore into attachment (contact_id, company_id, attached_at) values (?, ?, ?)"
    call.store.run(sql, contact_id, row["id"], call.second)
    return _render(call.store, row)


def detach(call: Call, contact_id: str) -> Json:
    row = require(call)
    sql = "delete from attachment where contact_id = ? and company_id = ?"
    if not call.store.run(sql, contact_id, row["id"]):
        raise company_not_found()
    return _render(call.store, row)


def of_contact(call: Call, contact_id: str) -> Json:
    page = numbered_page(call.query, ATTACHED_SIZE)
    total = call.store.value("select count(*) from attachment where contact_id = ?", contact_id)
    sql = """select company.* from attachment join company on company.id = attachment.company_id
             where contact_id = ? order by attached_at, company.id limit ? offset ?"""
    rows = call.store.rows(sql, contact_id, page.size, page.offset)
    url = f"{call.origin}/contacts/{contact_id}/companies"
    pages = page.pages(total)
    if pages["next"]:
        pages["next"] = f"{url}?per_page={page.size}&page={page.number + 1}"
    data = [_render(call.store, row) for row in rows]
    return {"type": "list", "data": data, "pages": pages, "total_count": total}


def attached_contacts(call: Call, own_id: str) -> tuple[list[sqlite3.Row], int, Json]:
    """Give a page of the contacts that belong to a company, how many there are, and the description of the page."""
    page = numbered_page(call.query, ATTACHED_SIZE)
    total = _user_count(call.store, own_id)
    sql = """select contact.* from attachment join contact on contact.id = attachment.contact_id
             where company_id = ? and not archived order by seq limit ? offset ?"""
    return call.store.rows(sql, own_id, page.size, page.offset), total, page.pages(total)


def require(call: Call) -> sqlite3.Row:
    """Give the row of the company whose Intercom id is in the path, or raise 404."""
    row = _by(call.store, "id", call.path["company_id"])
    if row is None:
        raise company_not_found()
    return row


def identify(store: Store, named: Json) -> sqlite3.Row:
    """Give the company named by Intercom's `id` or by `company_id`, or raise 404."""
    key = "id" if "id" in named else "company_id"
    row = _by(store, key, str(named.get(key)))
    if row is None:
        raise company_not_found()
    return row


def _by(store: Store, column: str, value: str) -> sqlite3.Row | None:
    return store.row(f"select * from company where {column} = ? and not deleted order by seq limit 1", value)


def _spend(name: str, value: Any) -> int | None:
    """Cut off decimals, as Intercom does, and refuse what does not fit into 31 bits."""
    spend = int(value) if isinstance(value, float) else whole(name, value)
    if spend is not None and abs(spend) > MAX_SPEND:
        raise parameter_invalid(f"{name} must be at most {MAX_SPEND}", name)
    return spend


CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "name": text,
    "plan": text,
    "size": whole,
    "website": text,
    "industry": text,
    "remote_created_at": whole,
    "monthly_spend": _spend,
}


def _changes(call: Call) -> Json:
    for name in call.body:
        if name not in (*CHECKS, "company_id", "custom_attributes"):
            raise bad_request(f"bad '{name}' parameter")
    changes: Json = {
        name: check(name, call.body[name]) for name, check in CHECKS.items() if name in call.body
    }
    if "custom_attributes" in call.body:
        changes["custom_attributes"] = attributes.clean(call.store, "company", call.body["custom_attributes"])
    return changes


def _insert(call: Call, company_id: str, changes: Json) -> str:
    seq = call.store.next_number("company")
    own_id = object_id("company", seq, call.now)
    sql = """insert into company (seq, id, company_id, name, created_at, updated_at, body)
             values (?, ?, ?, ?, ?, ?, ?)"""
    body = json.dumps(_merged({}, changes))
    call.store.run(sql, seq, own_id, company_id, changes.get("name"), call.second, call.second, body)
    return own_id


def _update(call: Call, row: sqlite3.Row, changes: Json) -> str:
    body = _merged(json.loads(row["body"]), changes)
    sql = "update company set name = ?, body = ?, updated_at = ? where id = ?"
    call.store.run(sql, body.get("name"), json.dumps(body), call.second, row["id"])
    own_id: str = row["id"]
    return own_id


def _merged(body: Json, changes: Json) -> Json:
    """Put changes over what was there; null removes."""
    own = body.get("custom_attributes", {}) | changes.get("custom_attributes", {})
    merged = body | changes | {"custom_attributes": {k: v for k, v in own.items() if v is not None}}
    return {name: value for name, value in merged.items() if value is not None}


def _listed(call: Call, condition: str, values: list[Any]) -> Json:
    page = numbered_page(call.query, LIST_SIZE)
    if page.offset + page.size > LIST_CEILING:
        raise bad_request("page limit reached, please use scroll API")
    order = "asc" if call.query.get("order") == "asc" else "desc"
    total = call.store.value(f"select count(*) from company where {condition}", *values)
    sql = f"select * from company where {condition} order by seq {order} limit ? offset ?"
    rows = call.store.rows(sql, *values, page.size, page.offset)
    data = [_render(call.store, row) for row in rows]
    return {"type": "list", "data": data, "pages": page.pages(total), "total_count": total}


def _user_count(store: Store, own_id: str) -> int:
    sql = """select count(*) from attachment join contact on contact.id = attachment.contact_id
             where company_id = ? and not archived"""
    count: int = store.value(sql, own_id)
    return count


def _tags(store: Store, own_id: str) -> list[Json]:
    sql = """select document.id, document.body from tagging
             join document on document.kind = 'tag' and document.id = tag_id
             where tagging.kind = 'company' and object_id = ? order by tag_id"""
    return [
        {"type": "tag", "id": str(r["id"]), "name": json.loads(r["body"])["name"]}
        for r in store.rows(sql, own_id)
    ]


def _render_id(store: Store, own_id: str) -> Json:
    [row] = store.rows("select * from company where id = ?", own_id)
    return _render(store, row)


def _render(store: Store, row: sqlite3.Row) -> Json:
    body = json.loads(row["body"])
    plan = body.pop("plan", None)
    return {
        "type": "company",
        "company_id": row["company_id"],
        "id": row["id"],
        "app_id": WORKSPACE_ID,
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
        "monthly_spend": 0,
        "session_count": 0,
        "user_count": _user_count(store, row["id"]),
        "tags": {"type": "tag.list", "tags": _tags(store, row["id"])},
        "segments": {"type": "segment.list", "segments": []},
        "plan": {"type": "plan", "id": "1", "name": plan} if plan else {},
        **body,
    }
