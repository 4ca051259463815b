"""Admins (teammates) and `GET /me`, the admin whose token is used."""

from typing import Any

from sandbox.intercom.call import WORKSPACE_ID, Call
from sandbox.intercom.errors import not_found
from sandbox.intercom.store import Json, Store

OWNER = {"name": "Migration App", "email": "integrations@acme.example"}


def show_me(call: Call) -> Json:
    [owner, *_] = listed(call.store)
    return {
        **_identity(owner),
        "email_verified": True,
        "app": {
            "type": "app",
            "id_code": WORKSPACE_ID,
            "name": "Acme",
            "created_at": owner["created_at"],
            "secure": False,
            "identity_verification": False,
            "timezone": call.store.settings.timezone,
            "region": "US",
        },
        "avatar": {"type": "avatar", "image_url": None},
        "has_inbox_seat": True,
    }


def list_admins(call: Call) -> Json:
    return {"type": "admin.list", "admins": [_render(admin) for admin in listed(call.store)]}


def show_admin(call: Call) -> Json:
    admin = call.store.get("admin", call.path["admin_id"])
    if admin is None:
        raise not_found("Admin not found", "admin_not_found")
    return _render(admin)


def listed(store: Store) -> list[Json]:
    return store.all("admin")


def add_admin(store: Store, name: str, email: str, now: int) -> Json:
    """Give the admin with this e-mail address, new if there is none."""
    for admin in listed(store):
        if admin["email"] == email:
            return _render(admin)
    number = store.add("admin", {"name": name, "email": email, "created_at": now})
    return _render({"id": number, "name": name, "email": email})


def find_admin(store: Store, admin_id: Any) -> Json | None:
    return store.get("admin", str(admin_id))


def author(admin: Json) -> Json:
    """Describe the admin as the author of a note, comment or part."""
    return {"type": "admin", "id": str(admin["id"]), "name": admin["name"], "email": admin["email"]}


def bot(store: Store) -> Json:
    """Describe Intercom's own bot, the author of what no admin did."""
    [owner, *_] = listed(store)
    email = f"operator+{WORKSPACE_ID}@intercom.io"
    return {"type": "bot", "id": str(owner["id"]), "name": "Fin", "email": email}


def _identity(admin: Json) -> Json:
    return {"type": "admin", "id": str(admin["id"]), "email": admin["email"], "name": admin["name"]}


def _render(admin: Json) -> Json:
    return {
        **_identity(admin),
        "away_mode_enabled": False,
        "away_mode_reassign": False,
        "has_inbox_seat": True,
        "team_ids": [],
    }
