"""Ticket types with their attributes, and the states that all types share."""

from collections.abc import Callable
from typing import Any

from sandbox.intercom.call import WORKSPACE_ID, Call, flag, reference, text
from sandbox.intercom.errors import not_found, parameter_invalid
from sandbox.intercom.messages import required_text
from sandbox.intercom.store import Json, Store

# category of the type: the word by which ticket search knows it
CATEGORIES = {"Customer": "request", "Back-office": "task", "Tracker": "tracker"}
ICON = "\N{ADMISSION TICKETS}\N{VARIATION SELECTOR-16}"
# category, label for teammates, label for contacts
STATES = (
    ("submitted", "Submitted", "Submitted"),
    ("in_progress", "In progress", "In progress"),
    ("waiting_on_customer", "Waiting on customer", "Waiting on you"),
    ("resolved", "Resolved", "Resolved"),
)
TITLE, DESCRIPTION = "_default_title_", "_default_description_"
FLAGS = ("required_to_create", "required_to_create_for_contacts", "visible_on_create", "visible_to_contacts")


def add_states(store: Store) -> None:
    """Give the workspace the four states that every one has."""
    for category, internal, external in STATES:
        store.add(
            "ticket_state", {"category": category, "internal_label": internal, "external_label": external}
        )


def list_states(call: Call) -> Json:
    types = [_summary(kind) for kind in call.store.all("ticket_type")]
    used = {"ticket_types": {"type": "list", "data": types}, "archived": False}
    return {"type": "list", "data": [render_state(state) | used for state in call.store.all("ticket_state")]}


def list_types(call: Call) -> Json:
    kinds = [_render_with_states(call.store, kind) for kind in call.store.all("ticket_type")]
    return {"type": "list", "data": kinds}


def create_type(call: Call) -> Json:
    """Create a type with the two attributes that every type has."""
    kind: Json = {
        "name": required_text(call.body, "name"),
        "description": text("description", call.body.get("description")) or "",
        "icon": text("icon", call.body.get("icon")) or ICON,
        "category": _category("category", call.body.get("category") or "Customer"),
        "is_internal": bool(call.body.get("is_internal", False)),
        "archived": False,
        "created_at": call.second,
        "updated_at": call.second,
    }
    number = call.store.add("ticket_type", kind)
    for order, name in enumerate((TITLE, DESCRIPTION)):
        asked: Json = {
            "name": name,
            "description": "",
            "data_type": "string",
            "multiline": name == DESCRIPTION,
        }
        _add_attribute(call, number, asked, order, default=True)
    return _render_with_states(call.store, {**kind, "id": number})


def show_type(call: Call) -> Json:
    return _render_with_states(call.store, require(call.store, call.path["ticket_type_id"]))


def update_type(call: Call) -> Json:
    checks = {"name": text, "description": text, "icon": text, "category": _category, "archived": flag}
    kind = require(call.store, call.path["ticket_type_id"])
    kind |= _changed(call, checks | {"is_internal": flag})
    call.store.put("ticket_type", kind["id"], kind)
    return _render_with_states(call.store, kind)


def create_attribute(call: Call) -> Json:
    kind = require(call.store, call.path["ticket_type_id"])
    name = required_text(call.body, "name")
    if call.body.get("data_type") not in FITS:
        raise parameter_invalid("data_type is not one of the allowed types", "data_type")
    existing = call.store.all("ticket_type_attribute", str(kind["id"]))
    if name in {attribute["name"] for attribute in existing}:
        raise parameter_invalid("The ticket type has an attribute of this name already", "name")
    return render_attribute(_add_attribute(call, kind["id"], call.body, len(existing), default=False))


def update_attribute(call: Call) -> Json:
    kind = require(call.store, call.path["ticket_type_id"])
    attribute = call.store.get("ticket_type_attribute", call.path["attribute_id"])
    if attribute is None or attribute["ticket_type_id"] != kind["id"]:
        raise not_found()
    attribute |= _changed(
        call, {"name": text, "description": text, "archived": flag, **dict.fromkeys(FLAGS, flag)}
    )
    attribute["input_options"] |= _input_options(attribute["data_type"], call.body)
    call.store.put("ticket_type_attribute", attribute["id"], attribute)
    return render_attribute(attribute)


def require(store: Store, number: Any) -> Json:
    kind = store.get("ticket_type", str(number))
    if kind is None:
        raise not_found()
    return kind


def live_attributes(store: Store, kind: Json) -> list[Json]:
    """Give the attributes of a type that are not archived, in their order."""
    return [a for a in store.all("ticket_type_attribute", str(kind["id"])) if not a["archived"]]


def check_values(attributes: list[Json], values: Json) -> None:
    """Raise 400 for an attribute that the type lacks or a value that does not fit it."""
    known = {attribute["name"]: attribute for attribute in attributes}
    for name, value in values.items():
        if name not in known:
            raise parameter_invalid(f"'{name}' is not an attribute of the ticket type", "ticket_attributes")
        if value is not None and not FITS[known[name]["data_type"]](known[name], value):
            message = f"The value of '{name}' must be of type {known[name]['data_type']}"
            raise parameter_invalid(message, "ticket_attributes")


def render(store: Store, kind: Json) -> Json:
    rendered = [render_attribute(attribute) for attribute in live_attributes(store, kind)]
    own = {key: kind[key] for key in ("archived", "created_at", "updated_at")}
    attributes = {"ticket_type_attributes": {"type": "list", "data": rendered}}
    return _summary(kind) | {"workspace_id": WORKSPACE_ID, **own} | attributes


def render_state(state: Json) -> Json:
    return {**state, "type": "ticket_state", "id": str(state["id"])}


def render_attribute(attribute: Json) -> Json:
    return {
        **attribute,
        "type": "ticket_type_attribute",
        "id": str(attribute["id"]),
        "workspace_id": WORKSPACE_ID,
    }


def _whole(_: Json, value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _listed(attribute: Json, value: Any) -> bool:
    options = {option["label"] for option in attribute["input_options"]["list_options"]}
    return all(item in options for item in (value if isinstance(value, list) else [value]))


FITS: dict[str, Callable[[Json, Any], bool]] = {
    "string": lambda _, value: isinstance(value, str),
    "list": _listed,
    "integer": _whole,
    "decimal": lambda _, value: isinstance(value, int | float) and not isinstance(value, bool),
    "boolean": lambda _, value: isinstance(value, bool),
    "datetime": lambda _, value: isinstance(value, str | int) and not isinstance(value, bool),
    "files": lambda _, value: isinstance(value, list),
}


def _add_attribute(call: Call, type_id: int, asked: Json, order: int, *, default: bool) -> Json:
    attribute: Json = {
        "name": asked["name"],
        "description": text("description", asked.get("description")) or "",
        "data_type": asked["data_type"],
        "input_options": {"multiline": False} if asked["data_type"] == "string" else {},
        "order": order,
        **{name: asked.get(name, name.startswith("visible")) for name in FLAGS},
        "default": default,
        "ticket_type_id": type_id,
        "archived": False,
        "created_at": call.second,
        "updated_at": call.second,
    }
    attribute["input_options"] |= _input_options(asked["data_type"], asked)
    if asked["data_type"] == "list" and not attribute["input_options"].get("list_options"):
        raise parameter_invalid("list_items must name the items of a list", "list_items")
    return {**attribute, "id": call.store.add("ticket_type_attribute", attribute, parent=str(type_id))}


def _input_options(data_type: str, asked: Json) -> Json:
    options: Json = {name: asked[name] for name in ("multiline", "allow_multiple_values") if name in asked}
    if data_type == "list" and asked.get("list_items"):
        items = (item.strip() for item in str(asked["list_items"]).split(","))
        options["list_options"] = [{"id": str(n), "label": item} for n, item in enumerate(items, 1) if item]
    return options


def _changed(call: Call, checks: dict[str, Callable[[str, Any], Any]]) -> Json:
    """Read the changes that the call asks for; null changes nothing."""
    changes = {name: check(name, call.body[name]) for name, check in checks.items() if name in call.body}
    return {name: value for name, value in changes.items() if value is not None} | {"updated_at": call.second}


def _category(name: str, value: Any) -> str | None:
    if value is not None and value not in CATEGORIES:
        raise parameter_invalid(f"{name} must be one of {', '.join(CATEGORIES)}", name)
    return reference(name, value)


def _summary(kind: Json) -> Json:
    names = ("name", "description", "icon", "is_internal", "category", "archived")
    return {"type": "ticket_type", "id": str(kind["id"]), **{name: kind[name] for name in names}}


def _render_with_states(store: Store, kind: Json) -> Json:
    states = [render_state(state) for state in store.all("ticket_state")]
    return render(store, kind) | {"ticket_states": {"type": "list", "data": states}}
