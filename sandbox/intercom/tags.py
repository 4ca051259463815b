"""Tags, and what they are put on: contacts and companies."""

from collections.abc import Iterator
from typing import Any

from sandbox.intercom import admins, companies, people
from sandbox.intercom.call import Call, reference, text
from sandbox.intercom.errors import not_found, parameter_invalid
from sandbox.intercom.store import Json


def list_tags(call: Call) -> Json:
    return {"type": "list", "data": [_basic(tag) for tag in call.store.all("tag")]}


def show_tag(call: Call) -> Json:
    return _basic(_require(call, call.path["tag_id"]))


def delete_tag(call: Call) -> None:
    tag = _require(call, call.path["tag_id"])
    call.store.run("delete from tagging where tag_id = ?", tag["id"])
    call.store.remove("tag", tag["id"])


def write_tag(call: Call) -> Json:
    """Create a tag, rename it, or put it on companies or contacts and take it off: one operation does all of it."""
    name = text("name", call.body.get("name"))
    if not name:
        raise parameter_invalid("invalid tag parameters")
    targets = list(_targets(call))
    tag = _rename(call, name) if call.body.get("id") else _named(call, name)
    for kind, object_id, untag in targets:
        if untag:
            _take_off(call, kind, object_id, tag["id"])
        else:
            _put_on(call, kind, object_id, tag["id"])
    return _basic(tag)


def tag_contact(call: Call) -> Json:
    contact = people.require(call)
    tag = _require(call, reference("id", call.body.get("id")))
    _put_on(call, "contact", contact["id"], tag["id"])
    return _applied(call, tag, call.second)


def untag_contact(call: Call) -> Json:
    contact = people.require(call)
    tag = _require(call, call.path["tag_id"])
    applied = _taggings(call, contact["id"]).get(tag["id"])
    if applied is None:
        raise not_found()
    _take_off(call, "contact", contact["id"], tag["id"])
    return _applied(call, tag, applied)


def list_contact_tags(call: Call) -> Json:
    taggings = _taggings(call, people.require(call)["id"])
    tags = [tag for tag in call.store.all("tag") if tag["id"] in taggings]
    return {"type": "list", "data": [_applied(call, tag, taggings[tag["id"]]) for tag in tags]}


def _targets(call: Call) -> Iterator[tuple[str, str, bool]]:
    """Give kind and id of everything that is named, and whether the tag shall come off."""
    for company in call.body.get("companies") or []:
        yield "company", companies.identify(call.store, company)["id"], bool(company.get("untag"))
    for user in call.body.get("users") or []:
        contact = people.identify(call, contact_id=user.get("id"), external_id=user.get("user_id"))
        yield "contact", contact["id"], bool(user.get("untag"))


def _named(call: Call, name: str) -> Json:
    for tag in call.store.all("tag"):
        if tag["name"].lower() == name.lower():
            return tag
    return {"name": name, "id": call.store.add("tag", {"name": name})}


def _rename(call: Call, name: str) -> Json:
    tag = _require(call, reference("id", call.body["id"])) | {"name": name}
    call.store.put("tag", tag["id"], tag)
    return tag


def _require(call: Call, tag_id: Any) -> Json:
    tag = call.store.get("tag", str(tag_id))
    if tag is None:
        raise not_found()
    return tag


def _put_on(call: Call, kind: str, object_id: str, tag_id: int) -> None:
    sql = "insert or ignore into tagging (kind, object_id, tag_id, applied_at) values (?, ?, ?, ?)"
    call.store.run(sql, kind, object_id, tag_id, call.second)


def _take_off(call: Call, kind: str, object_id: str, tag_id: int) -> None:
    sql = "delete from tagging where kind = ? and object_id = ? and tag_id = ?"
    call.store.run(sql, kind, object_id, tag_id)


def _taggings(call: Call, contact_id: str) -> dict[int, int]:
    """Give tag number and time of application of a contact's tags."""
    sql = "select tag_id, applied_at from tagging where kind = 'contact' and object_id = ?"
    return {row["tag_id"]: row["applied_at"] for row in call.store.rows(sql, contact_id)}


def _basic(tag: Json) -> Json:
    return {"type": "tag", "id": str(tag["id"]), "name": tag["name"]}


def _applied(call: Call, tag: Json, applied_at: int) -> Json:
    owner = admins.listed(call.store)[0]
    return {**_basic(tag), "applied_at": applied_at, "applied_by": {"type": "admin", "id": str(owner["id"])}}
