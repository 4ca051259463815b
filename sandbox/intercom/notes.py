"""Notes on contacts."""

from sandbox.intercom import admins, people
from sandbox.intercom.call import Call
from sandbox.intercom.errors import not_found
from sandbox.intercom.messages import required_text, to_html
from sandbox.intercom.paging import numbered_page
from sandbox.intercom.store import Json, Store

LIST_SIZE = 50


def create_note(call: Call) -> Json:
    """Write a note; an admin may sign it."""
    contact = people.require(call)
    body = required_text(call.body, "body")
    admin_id = call.body.get("admin_id")
    if admin_id is not None and admins.find_admin(call.store, admin_id) is None:
        raise not_found()
    note: Json = {
        "body": to_html(body),
        "admin_id": admin_id,
        "contact_id": contact["id"],
        "created_at": call.second,
    }
    number = call.store.add("note", note, parent=contact["id"])
    return _render(call.store, {**note, "id": number})


def list_notes(call: Call) -> Json:
    """Give the notes of a contact, newest first."""
    page = numbered_page(call.query, LIST_SIZE)
    notes = call.store.all("note", people.require(call)["id"])[::-1]
    shown = notes[page.offset : page.offset + page.size]
    data = [_render(call.store, note) for note in shown]
    return {"type": "list", "data": data, "total_count": len(notes), "pages": page.pages(len(notes))}


def show_note(call: Call) -> Json:
    note = call.store.get("note", call.path["note_id"])
    if note is None:
        raise not_found()
    return _render(call.store, note)


def _render(store: Store, note: Json) -> Json:
    admin = admins.find_admin(store, note["admin_id"])
    signature = admin and {**admins.author(admin), "away_mode_enabled": False, "away_mode_reassign": False}
    return {
        "type": "note",
        "id": str(note["id"]),
        "created_at": note["created_at"],
        "contact": {"type": "contact", "id": note["contact_id"]},
        "author": signature,
        "body": note["body"],
    }
