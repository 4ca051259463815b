"""Subscription types and the choices of contacts about them."""

from typing import Any

from sandbox.intercom import people
from sandbox.intercom.call import Call
from sandbox.intercom.errors import not_found, parameter_invalid
from sandbox.intercom.store import Json, Store

# name, description, how consent is asked
TYPES = (
    ("Newsletters", "Our monthly newsletter", "opt_out"),
    ("Product updates", "What is new in the product", "opt_in"),
)


def add_types(store: Store) -> None:
    """Give the workspace its subscription types; they are made in Intercom's interface only."""
    for name, description, consent_type in TYPES:
        store.add(
            "subscription_type", {"name": name, "description": description, "consent_type": consent_type}
        )


def list_types(call: Call) -> Json:
    return {"type": "list", "data": [_render(kind) for kind in call.store.all("subscription_type")]}


def list_of_contact(call: Call) -> Json:
    """Give the types about which the contact made a choice."""
    contact = people.require(call)
    sql = "select subscription_id from subscription where contact_id = ? order by subscription_id"
    chosen = [row["subscription_id"] for row in call.store.rows(sql, contact["id"])]
    return {"type": "list", "data": [_render(_require(call.store, number)) for number in chosen]}


def attach(call: Call) -> Json:
    contact = people.require(call)
    kind, consent_type = _require(call.store, call.body.get("id")), call.body.get("consent_type")
    if consent_type != kind["consent_type"]:
        raise parameter_invalid("consent_type is not that of the subscription type", "consent_type")
    sql = "insert or replace into subscription (contact_id, subscription_id, consent_type) values (?, ?, ?)"
    call.store.run(sql, contact["id"], kind["id"], consent_type)
    return _render(kind)


def detach(call: Call) -> Json:
    contact = people.require(call)
    kind = _require(call.store, call.path["subscription_id"])
    sql = "delete from subscription where contact_id = ? and subscription_id = ?"
    call.store.run(sql, contact["id"], kind["id"])
    return _render(kind)


def _require(store: Store, number: Any) -> Json:
    kind = store.get("subscription_type", str(number))
    if kind is None:
        raise not_found()
    return kind


def _render(kind: Json) -> Json:
    translation = {"name": kind["name"], "description": kind["description"], "locale": "en"}
    return {
        "type": "subscription",
        "id": str(kind["id"]),
        "state": "live",
        "consent_type": kind["consent_type"],
        "default_translation": translation,
        "translations": [translation],
        "content_types": ["email"],
    }
