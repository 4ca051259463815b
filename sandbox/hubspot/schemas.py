"""Custom objects, `/crm-object-schemas/v3/schemas`."""

from dataclasses import asdict, replace

from sandbox.hubspot import properties
from sandbox.hubspot.account import Account
from sandbox.hubspot.catalogue import PORTAL_ID, ObjectType
from sandbox.hubspot.defaults import default_property, system_properties
from sandbox.hubspot.errors import HubSpotError, Json, invalid
from sandbox.hubspot.store import (
    next_association_id,
    now,
    put_association_type,
    put_group,
    put_object_type,
    put_property,
)
from sandbox.hubspot.web import Answer, Call

ACTIVITIES = ("tasks", "notes", "meetings", "calls", "emails")  # every custom object can be linked to these
DISPLAY = (
    "labels",
    "description",
    "primaryDisplayProperty",
    "secondaryDisplayProperties",
    "searchableProperties",
)


def list_all(account: Account, _call: Call) -> Answer:
    """GET: the custom objects; HubSpot's own are not among them."""
    own = [kind for kind in account.catalogue.object_types.values() if kind.schema]
    return Answer({"results": [_shown(account, kind) for kind in own]})


def read(account: Account, call: Call) -> Answer:
    """GET: one custom object."""
    return Answer(_shown(account, _own(account, call)))


def create(account: Account, call: Call) -> Answer:
    """POST: a new custom object with its properties and the objects that it can be linked to."""
    given = call.fields("name", "labels", "properties", "requiredProperties", "associatedObjects")
    if not properties.NAME.fullmatch(given["name"].lower()):
        raise invalid(
            f"Object name {given['name']} is not valid: letters, digits and _, starting with a letter"
        )
    full = f"p{PORTAL_ID}_{given['name']}"
    if full in [kind.name for kind in account.catalogue.object_types.values()]:
        raise HubSpotError(409, f"An object named {given['name']} already exists", "CONFLICT")
    kind = _kind(account, given, full)
    _put(account, kind)
    _put_properties(account, kind, given)
    for name in dict.fromkeys([*given["associatedObjects"], *ACTIVITIES]):
        _link(account, kind, account.catalogue.object_type(name), None)
    account.definitions_changed()
    return Answer(_shown(account, kind), 201)


def change(account: Account, call: Call) -> Answer:
    """PATCH: change labels, description, required and displayed properties."""
    kind, given = _own(account, call), call.fields()
    schema = (
        kind.schema
        | {name: given[name] for name in DISPLAY if given.get(name) is not None}
        | {"updatedAt": now()}
    )
    required = tuple(given.get("requiredProperties") or kind.required)
    searched = tuple(schema.get("searchableProperties") or kind.searched)
    changed = replace(kind, schema=schema, required=required, searched=searched)
    _put(account, changed)
    shown = _shown(account, changed)
    return Answer(
        {name: value for name, value in shown.items() if name not in ("properties", "associations")}
    )


def delete(account: Account, call: Call) -> Answer:
    """DELETE: remove a custom object that has no records."""
    kind = _own(account, call)
    query = "select 1 from record where type_id = ? and archived_at is null limit 1"
    if account.db.execute(query, (kind.id,)).fetchone():
        raise invalid(f"Object {kind.name} still has records")
    for table in ("property", "property_group"):
        account.db.execute(f"delete from {table} where type_id = ?", (kind.id,))
    account.db.execute("delete from association_label where from_type = ? or to_type = ?", (kind.id, kind.id))
    account.db.execute("delete from object_type where id = ?", (kind.id,))
    account.definitions_changed()
    return Answer(status=204)


def associate(account: Account, call: Call) -> Answer:
    """POST associations: let a custom object be linked to one more object."""
    kind = _own(account, call)
    given = call.fields("fromObjectTypeId", "toObjectTypeId")
    if given["fromObjectTypeId"] != kind.id:
        raise invalid(f"fromObjectTypeId must be {kind.id}")
    made = _link(account, kind, account.catalogue.object_type(given["toObjectTypeId"]), given.get("name"))
    account.definitions_changed()
    return Answer(made, 201)


def _kind(account: Account, given: Json, full: str) -> ObjectType:
    numbers = [int(key.partition("-")[2]) for key in account.catalogue.object_types if key.startswith("2-")]
    key = f"2-{max(numbers, default=PORTAL_ID) + 1}"
    schema = {name: given[name] for name in DISPLAY if given.get(name) is not None}
    schema |= {"name": given["name"], "fullyQualifiedName": full, "createdAt": now(), "updatedAt": now()}
    searched = tuple(given.get("searchableProperties") or ())
    shown = (given["primaryDisplayProperty"],) if given.get("primaryDisplayProperty") else ()
    required = tuple(given["requiredProperties"])
    return ObjectType(
        key, full, given["name"], "hs_createdate", "hs_lastmodifieddate", shown, searched, required, schema
    )


def _put(account: Account, kind: ObjectType) -> None:
    put_object_type(account.db, asdict(kind))
    account.definitions_changed()


def _put_properties(account: Account, kind: ObjectType, given: Json) -> None:
    group = f"{given['name']}_information"
    label = f"{given['labels'].get('singular') or given['name']} information"
    put_group(account.db, kind.id, {"name": group, "label": label, "displayOrder": -1, "archived": False})
    owner = default_property("hubspot_owner_id", "Owner", group, kind="enumeration", flags=[])
    for definition in (*system_properties(kind.created, kind.modified, group), owner):
        put_property(account.db, kind.id, definition)
    for each in given["properties"]:
        properties.make(account, kind, {"groupName": group} | each)
    missing = set(kind.required) - set(account.catalogue.properties(kind))
    if missing:
        raise invalid(f"Required properties do not exist: {', '.join(sorted(missing))}")


def _link(account: Account, kind: ObjectType, target: ObjectType, name: str | None) -> Json:
    key = next_association_id(account.db)
    there, back = name or f"{kind.singular}_to_{target.singular}", f"{target.singular}_to_{kind.singular}"
    put_association_type(account.db, key, kind.id, target.id, name=there, label=None, inverse=key + 1)
    put_association_type(account.db, key + 1, target.id, kind.id, name=back, label=None, inverse=key)
    return {"id": str(key), "fromObjectTypeId": kind.id, "toObjectTypeId": target.id, "name": there}


def _own(account: Account, call: Call) -> ObjectType:
    kind = account.catalogue.object_type(call.path["objectType"])
    if not kind.schema:
        raise invalid(f"{kind.name} is an object of HubSpot; its schema cannot be read or changed here")
    return kind


def _shown(account: Account, kind: ObjectType) -> Json:
    links = [
        {"id": str(link.id), "fromObjectTypeId": source, "toObjectTypeId": target, "name": link.name}
        for (source, target), found in account.catalogue.association_types.items()
        for link in found.values()
        if kind.id in (source, target)
    ]
    return kind.schema | {
        "id": kind.id.partition("-")[2],
        "objectTypeId": kind.id,
        "requiredProperties": list(kind.required),
        "properties": [each.definition for each in account.catalogue.properties(kind).values()],
        "associations": links,
        "archived": False,
    }
