"""EntityDefinition and FieldDefinition: the org's objects and fields as records, those too that a login cannot see.

https://developer.salesforce.com/docs/atlas.en-us.api_tooling.meta/api_tooling/tooling_api_objects_fielddefinition.htm
"""

import re
from typing import Any

import pyarrow as pa

from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.org import Field, Sobject
from sandbox.salesforce.store import Store

NAMED = re.compile(r"\b(EntityDefinitionId|DurableId|EntityDefinition\.\w+)\b", re.IGNORECASE)
# How the setup pages call the types of a describe.
TYPES = {
    "id": "Id",
    "boolean": "Checkbox",
    "int": "Number({precision}, 0)",
    "double": "Number({whole}, {scale})",
    "currency": "Currency({whole}, {scale})",
    "percent": "Percent({whole}, {scale})",
    "date": "Date",
    "datetime": "Date/Time",
    "time": "Time",
    "email": "Email",
    "phone": "Phone",
    "url": "URL({length})",
    "picklist": "Picklist",
    "multipicklist": "Picklist (Multi-Select)",
    "combobox": "Picklist",
    "address": "Address",
    "location": "Geolocation",
    "base64": "Base64",
}


def check(sobject: Sobject, soql: str) -> None:
    """Refuse to list the fields of all objects at once.

    Raises:
        ApiError: MALFORMED_QUERY, in the words of Salesforce.

    """
    where = re.split(r"\bWHERE\b", soql, maxsplit=1, flags=re.IGNORECASE)
    if sobject.name == "FieldDefinition" and (len(where) == 1 or not NAMED.search(where[1])):
        needed = "[EntityDefinitionId,DurableId]"
        message = f"FieldDefinition: a filter on a reified column is required {needed}"
        raise ApiError("MALFORMED_QUERY", message)


def write(store: Store) -> None:
    """Let both tables say what the whole org has, the fields that are hidden from the login among it."""
    if store.catalogued is store.org:
        return
    rows = {
        "EntityDefinition": [_entity(each) for each in store.org],
        "FieldDefinition": [_field(each, one) for each in store.org for one in each.fields],
    }
    with store.writing() as cursor:
        for name, records in rows.items():
            columns = ", ".join(f'"{column}"' for column in records[0])
            cursor.register("records", pa.Table.from_pylist(records))
            cursor.execute(f'DELETE FROM org."{name}"')
            cursor.execute(f'INSERT INTO org."{name}" ({columns}) SELECT {columns} FROM records')
            cursor.unregister("records")
    store.catalogued = store.org


def _entity(sobject: Sobject) -> dict[str, Any]:
    namespace, developer = _parts(sobject.name)
    return {
        "Id": sobject.name,
        "DurableId": sobject.name,
        "QualifiedApiName": sobject.name,
        "DeveloperName": developer,
        "NamespacePrefix": namespace,
        "Label": sobject.label,
        "PluralLabel": sobject.plural,
        "KeyPrefix": sobject.prefix,
        "IsQueryable": bool(sobject.said.get("queryable", True)),
        "IsReplicateable": bool(sobject.said.get("replicateable", True)),
        "IsCustomSetting": bool(sobject.said.get("customSetting", False)),
    }


def _field(sobject: Sobject, field: Field) -> dict[str, Any]:
    namespace, developer = _parts(field.name)
    durable = f"{sobject.name}.{developer if field.custom else field.name}"
    return {
        "Id": durable,
        "DurableId": durable,
        "EntityDefinitionId": sobject.name,
        "QualifiedApiName": field.name,
        "DeveloperName": developer,
        "NamespacePrefix": namespace,
        "Label": field.label,
        "MasterLabel": field.label,
        "DataType": _data_type(field),
        "Length": field.length,
        "Precision": field.precision,
        "Scale": field.scale,
        "IsCalculated": field.formula,
        "IsNameField": field.name == sobject.name_field,
        "IsNillable": not field.required,
        "IsIndexed": field.type in {"id", "reference"},
    }


def _data_type(field: Field) -> str:
    if field.refers_to:
        return f"Lookup({','.join(field.refers_to)})"
    text = "Long Text Area({length})" if field.is_long_text else "Text({length})"
    said = TYPES.get(field.type, text).format(
        length=field.length, precision=field.precision, whole=field.precision - field.scale, scale=field.scale
    )
    return f"Formula ({said.partition('(')[0].strip()})" if field.formula else said


def _parts(name: str) -> tuple[str | None, str]:
    """fflib__Amount__c -> fflib, Amount; Amount__c -> None, Amount."""
    if not name.endswith("__c"):
        return None, name
    namespace, _, own = name.removesuffix("__c").rpartition("__")
    return namespace or None, own
