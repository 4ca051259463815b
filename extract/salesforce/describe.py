"""What the org says about its objects and fields, and how that meets what dbt declares."""

import difflib
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceError

from extract.errors import ExtractError
from extract.landing import Table
from extract.sources import SourceObject

# Their components are fields of their own; Bulk 2.0 refuses the compound itself.
COMPOUND_TYPES = frozenset({"address", "location"})
# base64 is a file's content; the others have no cell in a CSV.
UNREADABLE_TYPES = frozenset({"base64", "json", "complexvalue"})

# The first of these that an object has tells which of its records changed.
CURSORS = ("SystemModstamp", "LastModifiedDate", "CreatedDate")

RAW = "raw_salesforce"

OBJECTS = Table(
    RAW,
    "_objects",
    {
        "object": "varchar",
        "label": "varchar",
        "label_plural": "varchar",
        "key_prefix": "varchar",
        "custom": "boolean",
        "queryable": "boolean",
    },
)
FIELDS = Table(
    RAW,
    "_fields",
    {
        "object": "varchar",
        "field": "varchar",
        "label": "varchar",
        "type": "varchar",
        "length": "number",
        "precision": "number",
        "scale": "number",
        "nillable": "boolean",
        "calculated": "boolean",
        "custom": "boolean",
        "reference_to": "varchar",
    },
)
PICKLIST_VALUES = Table(
    RAW,
    "_picklist_values",
    {
        "object": "varchar",
        "field": "varchar",
        "value": "varchar",
        "label": "varchar",
        "active": "boolean",
        "default_value": "boolean",
    },
)


# What of a field's describe is kept; an org of 700 objects describes itself in hundreds of megabytes.
FIELD_KEYS = ("name", "label", "type", "length", "precision", "scale", "nillable", "calculated", "custom")
PICKLIST_KEYS = ("value", "label", "active", "defaultValue")


@dataclass(frozen=True, slots=True)
class Description:
    """What of one object can be read: its fields in the org's order, and those that are text times."""

    name: str
    fields: tuple[str, ...]
    times: frozenset[str]
    raw: Mapping[str, Any]

    @property
    def cursor(self) -> str | None:
        """The field that tells which records changed; an object without one is read whole each time."""
        return next((name for name in CURSORS if name in self.fields), None)

    @property
    def keeps_deleted(self) -> bool:
        """Whether a deleted record can be told from a live one."""
        return "IsDeleted" in self.fields


def describe_org(sf: Salesforce) -> dict[str, Mapping[str, Any]]:
    """Give every object that the login may see, by API name (`GET /sobjects`)."""
    return {each["name"]: each for each in sf.describe()["sobjects"]}


def describe(sf: Salesforce, name: str) -> Description:
    """Describe one object (`GET /sobjects/{name}/describe`).

    A field that the login may not see is not in the answer: the copy then has no such column.

    Raises:
        ExtractError: Salesforce refused, or the object has no readable Id.
    """
    try:
        raw = _kept(sf.restful(f"sobjects/{quote(name)}/describe"))
    except SalesforceError as error:
        raise ExtractError(
            f"{name}: Salesforce refused to describe it (HTTP {error.status}). Check the login's access to the object, "
            "then give the command again."
        ) from None
    readable = [each for each in raw["fields"] if _readable(each)]
    fields = tuple(each["name"] for each in readable)
    if "Id" not in fields:
        raise ExtractError(
            f"{name} has no Id that this login can read: it cannot be copied record by record."
        )
    return Description(
        name=name,
        fields=fields,
        times=frozenset(each["name"] for each in readable if each["type"] == "datetime"),
        raw=raw,
    )


def absent_columns(
    source: SourceObject, fields: Iterable[str], retired: Container[str] = ()
) -> tuple[list[str], list[str]]:
    """Give the declared columns that the org does not have, and a warning for each that is not optional.

    `retired` are the columns of fields that the org had once.
    """
    present = {name.upper(): name for name in fields}
    absent = [column for column in source.columns if column.name.upper() not in present]
    warnings = [
        f"{source.name}.{column.name} is declared but not in the org any more: its column keeps what was copied before."
        if column.name.upper() in retired
        else f"{source.name}.{column.name} is declared but not in the org: its column is null.{nearest(column.name, present.values())}"
        for column in absent
        if not column.optional
    ]
    return [column.name.upper() for column in absent], warnings


def nearest(name: str, known: Iterable[str]) -> str:
    """Give ` Did you mean X?`, or nothing when no known name is near."""
    by_lower = {each.lower(): each for each in known}
    found = difflib.get_close_matches(name.lower(), by_lower, n=1)
    return f" Did you mean {by_lower[found[0]]}?" if found else ""


def object_rows(org: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str | None, ...]]:
    """Give the rows of `_objects`, every cell as text."""
    for each in org.values():
        keys = ("name", "label", "labelPlural", "keyPrefix", "custom", "queryable")
        yield tuple(_text(each.get(key)) for key in keys)


def field_rows(descriptions: Sequence[Description]) -> Iterator[tuple[str | None, ...]]:
    """Give the rows of `_fields`: every field of the described objects, the unreadable ones too."""
    for description in descriptions:
        for each in description.raw["fields"]:
            targets = ",".join(each.get("referenceTo") or ()) or None
            yield (description.name, *(_text(each.get(key)) for key in FIELD_KEYS), targets)


def picklist_rows(descriptions: Sequence[Description]) -> Iterator[tuple[str | None, ...]]:
    """Give the rows of `_picklist_values`, every cell as text."""
    for description in descriptions:
        for each in description.raw["fields"]:
            for value in each.get("picklistValues") or ():
                yield (description.name, each["name"], *(_text(value.get(key)) for key in PICKLIST_KEYS))


def _kept(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"fields": [_kept_field(each) for each in raw["fields"]]}


def _kept_field(field: Mapping[str, Any]) -> Mapping[str, Any]:
    values = [{key: value.get(key) for key in PICKLIST_KEYS} for value in field.get("picklistValues") or ()]
    kept = {key: field.get(key) for key in FIELD_KEYS}
    return {**kept, "referenceTo": field.get("referenceTo"), "picklistValues": values}


def _readable(field: Mapping[str, Any]) -> bool:
    return field["type"] not in COMPOUND_TYPES | UNREADABLE_TYPES


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    return None if value is None else str(value)
