"""Properties and property groups, `/crm/v3/properties/{objectType}`."""

import json
import re
from collections.abc import Callable, Iterable

from sandbox.hubspot.account import Account
from sandbox.hubspot.catalogue import ObjectType, Property
from sandbox.hubspot.defaults import FIELD_TYPES, YES_OR_NO, option
from sandbox.hubspot.errors import HubSpotError, Json, invalid
from sandbox.hubspot.store import now, put_group, put_property
from sandbox.hubspot.web import Answer, Call, batch

BATCH = 100
MAX_NAME = 100
MAX_CUSTOM = 1_000
MAX_UNIQUE = 10
NAME = re.compile(r"[a-z][a-z0-9_]*")
USER_ID = "9000001"
CHANGEABLE = ("label", "description", "groupName", "type", "fieldType", "displayOrder", "hidden", "formField")


def list_all(account: Account, call: Call) -> Answer:
    """GET: all properties of an object type, or the archived ones."""
    kind = account.catalogue.object_type(call.path["objectType"])
    query = "select definition from property where type_id = ? and archived = ? order by name"
    rows = account.db.execute(query, (kind.id, call.flag("archived")))
    return Answer({"results": [json.loads(text) for (text,) in rows]})


def read(account: Account, call: Call) -> Answer:
    """GET: one property."""
    kind = account.catalogue.object_type(call.path["objectType"])
    return Answer(_one(account, kind, call.path["propertyName"], archived=call.flag("archived")))


def create(account: Account, call: Call) -> Answer:
    """POST: a new property of one's own."""
    kind = account.catalogue.object_type(call.path["objectType"])
    return Answer(make(account, kind, call.fields("name", "label", "type", "fieldType", "groupName")), 201)


def update(account: Account, call: Call) -> Answer:
    """PATCH: change a property; `hasUniqueValue` cannot be changed and is ignored, old values are not converted."""
    kind = account.catalogue.object_type(call.path["objectType"])
    definition = _one(account, kind, call.path["propertyName"])
    given = call.fields()
    if definition["modificationMetadata"]["readOnlyDefinition"] and set(given) - {
        "label",
        "description",
        "options",
    }:
        raise invalid(
            f"Property {definition['name']} is defined by HubSpot; its definition cannot be changed"
        )
    definition |= {name: given[name] for name in CHANGEABLE if given.get(name) is not None}
    if given.get("options") is not None:
        definition["options"] = _options(given["options"])
    _check_kind(definition)
    _check_group(account, kind, definition["groupName"])
    _put(account, kind, definition | {"updatedAt": now(), "updatedUserId": USER_ID})
    return Answer(definition)


def archive(account: Account, call: Call) -> Answer:
    """DELETE: archive a property of one's own."""
    kind = account.catalogue.object_type(call.path["objectType"])
    remove(account, kind, call.path["propertyName"])
    return Answer(status=204)


def batch_read(account: Account, call: Call) -> Answer:
    """POST batch/read: at most 100 properties by name."""
    kind = account.catalogue.object_type(call.path["objectType"])
    archived, started = bool(call.fields("inputs").get("archived")), now()
    return _each(
        call.inputs(BATCH, "name"), started, lambda name: _one(account, kind, name["name"], archived=archived)
    )


def batch_create(account: Account, call: Call) -> Answer:
    """POST batch/create: at most 100 new properties; those that are refused are listed (207)."""
    kind = account.catalogue.object_type(call.path["objectType"])
    inputs, started = call.inputs(BATCH, "name", "label", "type", "fieldType", "groupName"), now()
    return _each(inputs, started, lambda given: make(account, kind, given), 201)


def batch_archive(account: Account, call: Call) -> Answer:
    """POST batch/archive: at most 100 properties by name; unknown names are passed over."""
    kind = account.catalogue.object_type(call.path["objectType"])
    for given in call.inputs(BATCH, "name"):
        if given["name"] in account.catalogue.properties(kind):
            remove(account, kind, given["name"])
    return Answer(status=204)


def _each(inputs: list[Json], started: str, act: Callable[[Json], Json], status: int = 200) -> Answer:
    results, errors = [], []
    for given in inputs:
        try:
            results.append(act(given))
        except HubSpotError as problem:
            problem.context.setdefault("name", [str(given["name"])])
            errors.append(problem.entry())
    return batch(results, errors, started, now(), status)


def make(account: Account, kind: ObjectType, given: Json) -> Json:
    """Create a property; HubSpotError 409 if the name is taken, 400 for anything that cannot be."""
    name = given["name"]
    if not isinstance(name, str) or not NAME.fullmatch(name) or len(name) > MAX_NAME:
        message = f"Property name {name} is not valid: small letters, digits and _, starting with a letter, at most 100"
        raise invalid(message)
    known = account.catalogue.properties(kind)
    if name in known:
        raise HubSpotError(409, f"A property named '{name}' already exists.", "OBJECT_ALREADY_EXISTS")
    definition = _definition(given)
    _check_kind(definition)
    _check_group(account, kind, definition["groupName"])
    _check_limits(known.values(), definition, kind)
    _put(account, kind, definition)
    return definition


def _definition(given: Json) -> Json:
    moment = now()
    return {
        "name": given["name"],
        "label": given["label"],
        "type": given["type"],
        "fieldType": given["fieldType"],
        "description": given.get("description") or "",
        "groupName": given["groupName"],
        "options": _options(given.get("options") or _usual_options(given)),
        "displayOrder": given.get("displayOrder", -1),
        "calculated": False,
        "externalOptions": bool(given.get("externalOptions")),
        "archived": False,
        "hasUniqueValue": bool(given.get("hasUniqueValue")),
        "hidden": bool(given.get("hidden")),
        "hubspotDefined": False,
        "formField": bool(given.get("formField")),
        "createdAt": moment,
        "updatedAt": moment,
        "createdUserId": USER_ID,
        "updatedUserId": USER_ID,
        "modificationMetadata": {"archivable": True, "readOnlyDefinition": False, "readOnlyValue": False},
    }


def _usual_options(given: Json) -> list[Json]:
    if given["type"] != "bool":
        return []
    return [option(value, label, order) for order, (value, label) in enumerate(YES_OR_NO.items())]


def _options(given: list[Json]) -> list[Json]:
    options = []
    for order, each in enumerate(given):
        if not each.get("label") or each.get("value") in (None, ""):
            raise invalid("Every option needs a label and a value")
        shown = option(str(each["value"]), each["label"], each.get("displayOrder", order))
        options.append(
            shown | {"hidden": bool(each.get("hidden")), "description": each.get("description") or ""}
        )
    for field in ("value", "label"):
        seen = [each[field] for each in options]
        if len(set(seen)) < len(seen):
            raise invalid(f"Property options must have unique {field}s")
    return options


def _check_kind(definition: Json) -> None:
    kind, field = definition["type"], definition["fieldType"]
    if kind not in FIELD_TYPES:
        raise invalid(f"Property type {kind} is not one of: {', '.join(FIELD_TYPES)}")
    if field not in FIELD_TYPES[kind]:
        raise invalid(
            f"fieldType {field} does not go with type {kind}; possible: {', '.join(FIELD_TYPES[kind])}"
        )
    if kind == "bool" and {each["value"] for each in definition["options"]} != set(YES_OR_NO):
        raise invalid("A property of type bool has the options true and false")
    if definition["options"] and kind not in ("bool", "enumeration"):
        raise invalid(f"A property of type {kind} has no options")
    if definition["hasUniqueValue"] and kind not in ("string", "number"):
        raise invalid(f"A property of type {kind} cannot have unique values")


def _check_group(account: Account, kind: ObjectType, name: str) -> None:
    if _find_group(account, kind, name) is None:
        raise invalid(f"The property group {name} does not exist for {kind.name}")


def _check_limits(known: Iterable[Property], definition: Json, kind: ObjectType) -> None:
    own = [each for each in known if not each.definition["hubspotDefined"]]
    if len(own) >= MAX_CUSTOM:
        raise invalid(f"The limit of {MAX_CUSTOM} custom properties for {kind.name} is reached")
    if definition["hasUniqueValue"] and sum(each.unique for each in own) >= MAX_UNIQUE:
        raise invalid(f"The limit of {MAX_UNIQUE} unique properties for {kind.name} is reached")


def _one(account: Account, kind: ObjectType, name: str, *, archived: bool = False) -> Json:
    query = "select definition from property where type_id = ? and name = ? and archived = ?"
    row = account.db.execute(query, (kind.id, name, archived)).fetchone()
    if row is None:
        raise HubSpotError(404, f"Property {name} does not exist", "OBJECT_NOT_FOUND")
    definition: Json = json.loads(row[0])
    return definition


def _put(account: Account, kind: ObjectType, definition: Json) -> None:
    put_property(account.db, kind.id, definition)
    account.definitions_changed()


def remove(account: Account, kind: ObjectType, name: str) -> None:
    """Archive a property with the values that the records have of it; HubSpotError for one of HubSpot's own."""
    definition = _one(account, kind, name)
    if not definition["modificationMetadata"]["archivable"]:
        raise invalid(f"Property {name} is defined by HubSpot and cannot be archived")
    query = "delete from unique_value where type_id = ? and property = ?"
    account.db.execute(query, (kind.id, name))
    query = "update record set properties = json_remove(properties, ?) where type_id = ?"
    account.db.execute(query, (f'$."{name}"', kind.id))
    _put(account, kind, definition | {"archived": True, "archivedAt": now()})


# Groups


def list_groups(account: Account, call: Call) -> Answer:
    """GET groups: all property groups of an object type."""
    kind = account.catalogue.object_type(call.path["objectType"])
    rows = account.db.execute(
        "select definition from property_group where type_id = ? order by name", (kind.id,)
    )
    return Answer({"results": [json.loads(text) for (text,) in rows]})


def read_group(account: Account, call: Call) -> Answer:
    """GET: one property group."""
    kind = account.catalogue.object_type(call.path["objectType"])
    return Answer(_group(account, kind, call.path["groupName"]))


def create_group(account: Account, call: Call) -> Answer:
    """POST groups: a new property group."""
    kind = account.catalogue.object_type(call.path["objectType"])
    given = call.fields("name", "label")
    if not NAME.fullmatch(given["name"]):
        raise invalid(f"Property group name {given['name']} is not valid: small letters, digits and _")
    if _find_group(account, kind, given["name"]) is not None:
        raise HubSpotError(
            409, f"A property group named '{given['name']}' already exists.", "OBJECT_ALREADY_EXISTS"
        )
    group = {"name": given["name"], "label": given["label"], "displayOrder": given.get("displayOrder", -1)}
    put_group(account.db, kind.id, group | {"archived": False})
    return Answer(group | {"archived": False}, 201)


def update_group(account: Account, call: Call) -> Answer:
    """PATCH: change the label or the place of a property group."""
    kind = account.catalogue.object_type(call.path["objectType"])
    given = {name: value for name, value in call.fields().items() if name in ("label", "displayOrder")}
    group = _group(account, kind, call.path["groupName"]) | given
    put_group(account.db, kind.id, group)
    return Answer(group)


def delete_group(account: Account, call: Call) -> Answer:
    """DELETE: remove a property group that has no properties."""
    kind = account.catalogue.object_type(call.path["objectType"])
    name = _group(account, kind, call.path["groupName"])["name"]
    if any(each.definition["groupName"] == name for each in account.catalogue.properties(kind).values()):
        raise invalid(f"Property group {name} still has properties")
    account.db.execute("delete from property_group where type_id = ? and name = ?", (kind.id, name))
    return Answer(status=204)


def _find_group(account: Account, kind: ObjectType, name: str) -> Json | None:
    query = "select definition from property_group where type_id = ? and name = ?"
    row = account.db.execute(query, (kind.id, name)).fetchone()
    return json.loads(row[0]) if row else None


def _group(account: Account, kind: ObjectType, name: str) -> Json:
    group = _find_group(account, kind, name)
    if group is None:
        raise HubSpotError(404, f"Property group {name} does not exist", "OBJECT_NOT_FOUND")
    return group
