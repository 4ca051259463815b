"""What a new account holds, from defaults.yml, and how HubSpot's own definitions look."""

import sqlite3
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from sandbox.hubspot.errors import Json
from sandbox.hubspot.store import (
    now,
    put_association_type,
    put_group,
    put_object_type,
    put_pipeline,
    put_property,
)

FIELD_TYPES = {
    "string": ("text", "textarea", "html", "phonenumber", "file"),
    "number": ("number", "calculation_equation"),
    "date": ("date",),
    "datetime": ("date",),
    "bool": ("booleancheckbox",),
    "enumeration": ("select", "radio", "checkbox", "booleancheckbox"),
}
YES_OR_NO = {"true": "Yes", "false": "No"}
OUTSIDE_OPTIONS = {"hubspot_owner_id", "pipeline", "dealstage", "hs_pipeline", "hs_pipeline_stage"}


def seed(db: sqlite3.Connection) -> None:
    """Write defaults.yml into an empty store."""
    defaults = _declared()
    for name, declared in defaults["object_types"].items():
        _seed_type(db, name, declared, defaults["options"])
    ids = {name: declared["id"] for name, declared in defaults["object_types"].items()}
    singular = {name: declared["singular"] for name, declared in defaults["object_types"].items()}
    for name, pipelines in defaults["pipelines"].items():
        for position, (key, declared) in enumerate(pipelines.items()):
            put_pipeline(db, ids[name], _pipeline(key, position, declared))
    for source, target, key, inverse, *labels in defaults["associations"]:
        there, back = labels or (None, None)
        name, back_name = (f"{singular[a]}_to_{singular[b]}" for a, b in ((source, target), (target, source)))
        put_association_type(db, key, ids[source], ids[target], name=name, label=there, inverse=inverse)
        put_association_type(db, inverse, ids[target], ids[source], name=back_name, label=back, inverse=key)


@cache
def _declared() -> Json:
    declared: Json = yaml.safe_load((files("sandbox.hubspot") / "defaults.yml").read_text())
    return declared


def _seed_type(db: sqlite3.Connection, name: str, declared: Json, options: Json) -> None:
    notes = {
        key: [part.strip() for part in f"{text}||".split("|")] for key, text in declared["properties"].items()
    }
    required = [key for key, note in notes.items() if "required" in note[2].split()]
    fields = ("id", "singular", "created", "modified", "shown", "searched")
    put_object_type(db, {"name": name, "required": required} | {key: declared[key] for key in fields})
    [(group, label)] = declared["group"].items()
    put_group(db, declared["id"], {"name": group, "label": label, "displayOrder": 0, "archived": False})
    for key, (title, kind, flags, *_) in notes.items():
        values = {} if key in OUTSIDE_OPTIONS else options.get(f"{name}.{key}", options.get(key, {}))
        property_ = default_property(
            key, title, group, kind=kind or "string", flags=flags.split(), values=values
        )
        put_property(db, declared["id"], property_)
    for property_ in system_properties(declared["created"], declared["modified"], group):
        if property_["name"] not in notes:
            put_property(db, declared["id"], property_)


def default_property(
    name: str, label: str, group: str, *, kind: str, flags: list[str], values: Any = ()
) -> Json:
    """Build the definition of a property that HubSpot itself made."""
    values = values if isinstance(values, dict) else {value: value for value in values}
    if kind == "bool":
        values = YES_OR_NO
    given = [flag for flag in flags if flag in FIELD_TYPES[kind]]
    return {
        "name": name,
        "label": label,
        "type": kind,
        "fieldType": given[0] if given else FIELD_TYPES[kind][0],
        "description": "",
        "groupName": group,
        "options": [option(value, text, order) for order, (value, text) in enumerate(values.items())],
        "displayOrder": -1,
        "calculated": False,
        "externalOptions": name in OUTSIDE_OPTIONS,
        "hasUniqueValue": "unique" in flags,
        "hidden": False,
        "hubspotDefined": True,
        "formField": "read-only" not in flags,
        "modificationMetadata": {
            "archivable": False,
            "readOnlyDefinition": True,
            "readOnlyValue": "read-only" in flags,
        },
    }


def system_properties(created: str, modified: str, group: str) -> list[Json]:
    """Give the properties that HubSpot fills on every record."""
    declared = [
        ("hs_object_id", "Record ID", "number", ["read-only"]),
        (created, "Create Date", "datetime", ["read-only"]),
        (modified, "Last Modified Date", "datetime", ["read-only"]),
        ("hs_merged_object_ids", "Merged record IDs", "enumeration", ["checkbox", "read-only"]),
    ]
    return [
        default_property(name, label, group, kind=kind, flags=flags) for name, label, kind, flags in declared
    ]


def option(value: str, label: str, order: int) -> Json:
    """Build one option of an enumeration."""
    return {"value": value, "label": label, "displayOrder": order, "hidden": False}


def _pipeline(key: str, position: int, declared: Json) -> Json:
    times = {"createdAt": now(), "updatedAt": now(), "archived": False}
    stages = [
        {"id": stage, "label": label, "displayOrder": order, "metadata": metadata, **times}
        for order, (stage, (label, metadata)) in enumerate(declared["stages"].items())
    ]
    return {"id": key, "label": declared["label"], "displayOrder": position, "stages": stages, **times}
