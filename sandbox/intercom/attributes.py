"""Data attributes: the standard ones, the custom ones, and the check of custom values on a write."""

import unicodedata
from collections.abc import Callable
from typing import Any

from sandbox.intercom import admins
from sandbox.intercom.call import Call
from sandbox.intercom.errors import ApiError, not_found, parameter_invalid
from sandbox.intercom.store import Json, Store

DATA_TYPES = ("string", "integer", "float", "boolean", "date", "datetime", "options")
DATA_NAMES = {"contact": "people", "company": "company"}
MIN_OPTIONS = 2
# Longer text is cut off without a word.
MAX_TEXT = 255

# name, label, data type, writable through the API
STANDARD: dict[str, tuple[tuple[str, str, str, bool], ...]] = {
    "contact": (
        ("id", "ID", "string", False),
        ("external_id", "User ID", "string", True),
        ("role", "Role", "string", True),
        ("name", "Name", "string", True),
        ("email", "Email", "string", True),
        ("phone", "Phone", "string", True),
        ("avatar", "Avatar", "string", True),
        ("owner_id", "Owner", "integer", True),
        ("created_at", "First seen", "date", False),
        ("updated_at", "Updated at", "date", False),
        ("signed_up_at", "Signed up", "date", True),
        ("last_seen_at", "Last seen", "date", True),
        ("last_contacted_at", "Last contacted", "date", False),
        ("last_replied_at", "Last heard from", "date", False),
        ("unsubscribed_from_emails", "Unsubscribed from emails", "boolean", True),
        ("marked_email_as_spam", "Marked email as spam", "boolean", False),
        ("has_hard_bounced", "Has hard bounced", "boolean", False),
        ("language_override", "Language override", "string", True),
    ),
    "company": (
        ("name", "Company name", "string", True),
        ("company_id", "Company ID", "string", False),
        ("last_request_at", "Company last seen", "date", False),
        ("remote_created_at", "Company created at", "date", True),
        ("user_count", "People", "integer", False),
        ("session_count", "Company web sessions", "integer", False),
        ("plan.name", "Plan", "string", False),
        ("monthly_spend", "Monthly Spend", "float", True),
        ("size", "Company size", "integer", True),
        ("industry", "Company industry", "string", True),
        ("website", "Company website", "string", True),
        ("id", "ID", "string", False),
        ("created_at", "Created at", "date", False),
        ("updated_at", "Updated at", "date", False),
        ("plan.id", "Plan ID", "string", False),
        ("app_id", "App ID", "string", False),
    ),
}


def list_attributes(call: Call) -> Json:
    asked = call.query.get("model")
    if asked not in (None, "conversation", *STANDARD):
        raise parameter_invalid(
            "The Data Attribute model field must be either contact, company or conversation"
        )
    models = [model for model in STANDARD if asked in (None, model)]
    archived_too = call.query.get("include_archived") == "true"
    return {"type": "list", "data": [a for m in models for a in _of_model(call.store, m, archived_too)]}


def create_attribute(call: Call) -> Json:
    name, model, data_type = (call.body.get(key) for key in ("name", "model", "data_type"))
    if model not in STANDARD:
        raise parameter_invalid("The Data Attribute model field must be either contact or company")
    if data_type not in DATA_TYPES:
        raise parameter_invalid("Data Type isn't an option")
    _check_name(call.store, name, model)
    attribute: Json = {
        "name": name,
        "model": model,
        "data_type": {"datetime": "date", "options": "string"}.get(data_type, data_type),
        "description": call.body.get("description"),
        "messenger_writable": bool(call.body.get("messenger_writable", False)),
        "archived": False,
        "admin_id": str(admins.listed(call.store)[0]["id"]),
        "created_at": call.second,
        "updated_at": call.second,
    }
    if data_type == "options":
        attribute["options"] = _options(call.body.get("options"))
    number = call.store.add("data_attribute", attribute, parent=model)
    return _render({**attribute, "id": number})


def update_attribute(call: Call) -> Json:
    attribute = call.store.get("data_attribute", call.path["data_attribute_id"])
    if attribute is None:
        raise not_found("We couldn't find that data attribute to update", "field_not_found")
    if call.body.get("data_type", attribute["data_type"]) != attribute["data_type"]:
        raise parameter_invalid("Data Type can't be changed", "data_type")
    changes = {
        key: call.body[key] for key in ("description", "messenger_writable", "archived") if key in call.body
    }
    if "options" in call.body:
        changes["options"] = _options(call.body["options"])
    attribute |= {**changes, "updated_at": call.second}
    call.store.put("data_attribute", attribute["id"], attribute)
    return _render(attribute)


def clean(store: Store, model: str, values: Any) -> Json:
    """Check custom values against the attributes that exist; raise 400 for an unknown one or a value of another type."""
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise parameter_invalid("custom_attributes must be an object", "custom_attributes")
    if not values:
        return {}
    known = {attribute["name"]: attribute for attribute in custom(store, model)}
    for name in values:
        if name not in known:
            raise parameter_invalid(f"Custom attribute '{name}' does not exist", "custom_attributes")
    return {name: _value(known[name], value) for name, value in values.items()}


def custom(store: Store, model: str) -> list[Json]:
    """Give the custom attributes that are not archived."""
    return [attribute for attribute in store.all("data_attribute", model) if not attribute["archived"]]


def _value(attribute: Json, value: Any) -> Any:
    name, data_type = attribute["name"], attribute["data_type"]
    if value is None:
        return None
    if not FITS[data_type](value):
        raise parameter_invalid(f"Custom attribute '{name}' must be of type {data_type}", "custom_attributes")
    if "options" in attribute and value not in attribute["options"]:
        raise parameter_invalid(f"The value of '{name}' is not one of its options", "custom_attributes")
    return value[:MAX_TEXT] if isinstance(value, str) else value


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


FITS: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "integer": _is_whole,
    "float": lambda value: isinstance(value, float) or _is_whole(value),
    "boolean": lambda value: isinstance(value, bool),
    "date": _is_whole,
}


def _check_name(store: Store, name: Any, model: str) -> None:
    if not isinstance(name, str) or not name.strip() or not all(_allowed(character) for character in name):
        message = "Your name for this attribute must only contain alphanumeric characters, currency symbols, and hyphens"
        raise parameter_invalid(message)
    # An archived attribute keeps its name.
    taken = {other: {a["name"].lower() for a in store.all("data_attribute", other)} for other in STANDARD}
    taken[model] |= {standard for standard, *_ in STANDARD[model]}
    for other, names in taken.items():
        if name.lower() in names:
            raise parameter_invalid(
                f"You already have '{name}' in your {DATA_NAMES[other]} data. "
                f"To save this as new {DATA_NAMES[model]} data, use a different name."
            )
    if sum(len(custom(store, other)) for other in STANDARD) >= store.settings.attribute_limit:
        raise ApiError(
            422, "data_invalid", "You have reached the limit of custom data attributes of your plan"
        )


def _allowed(character: str) -> bool:
    return character.isalnum() or character in " _-" or unicodedata.category(character) == "Sc"


def _options(options: Any) -> list[str]:
    if not isinstance(options, list):
        raise parameter_invalid("Options isn't an array")
    values = [option.get("value") if isinstance(option, dict) else option for option in options]
    named = [value for value in values if isinstance(value, str) and value]
    if len(named) < MIN_OPTIONS or len(named) < len(values):
        raise parameter_invalid("At least two options are required", "options")
    return named


def _of_model(store: Store, model: str, archived_too: bool) -> list[Json]:
    standard = [_render_standard(model, *row) for row in STANDARD[model]]
    own = [_render(a) for a in store.all("data_attribute", model) if archived_too or not a["archived"]]
    return standard + own


def _render_standard(model: str, full_name: str, label: str, data_type: str, writable: bool) -> Json:
    return {
        "type": "data_attribute",
        "name": full_name.rpartition(".")[2],
        "full_name": full_name,
        "label": label,
        "description": label,
        "data_type": data_type,
        "api_writable": writable,
        "ui_writable": False,
        "messenger_writable": True,
        "custom": False,
        "archived": False,
        "model": model,
    }


def _render(attribute: Json) -> Json:
    own = {key: value for key, value in attribute.items() if value is not None}
    return {
        "type": "data_attribute",
        **own,
        "full_name": f"custom_attributes.{attribute['name']}",
        "label": attribute["name"],
        "api_writable": True,
        "ui_writable": False,
        "custom": True,
    }
