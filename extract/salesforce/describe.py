"""What the org says about its objects and fields, and how that meets what dbt declares."""

import difflib
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceError

from extract.errors import ExtractError
from extract.landing import Table
from extract.salesforce.privacy import Hashing
from extract.sources import SourceObject

# Their components are fields of their own; Bulk 2.0 refuses the compound itself.
COMPOUND_TYPES = frozenset({"address", "location"})
# base64 is a file's content; the others have no cell in a CSV.
UNREADABLE_TYPES = frozenset({"base64", "json", "complexvalue"})

DOUBLES = frozenset({"double", "currency", "percent"})

# What becomes of a field on its way into raw; `unreadable` is what has no cell of its own in a CSV.
COPIED, HASHED, EXCLUDED, UNREADABLE = "copied", "hashed", "excluded", "unreadable"

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
        "treatment": "varchar",
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


# "Contcat" for Contact is a slip; ShippingCity is another field than BillingCity.
LONGEST_SLIP, LIKENESS_OF_A_SLIP = 2, 0.8

# What of a field's describe is kept; an org of 700 objects describes itself in hundreds of megabytes.
FIELD_KEYS = ("name", "label", "type", "length", "precision", "scale", "nillable", "calculated", "custom")
PICKLIST_KEYS = ("value", "label", "active", "defaultValue")


@dataclass(frozen=True, slots=True)
class Description:
    """What of one object is read: its fields in the org's order, those that are text times, and those to be hashed."""

    name: str
    fields: tuple[str, ...]
    times: frozenset[str]
    raw: Mapping[str, Any]
    hashing: Hashing = field(default_factory=Hashing)
    excluded: frozenset[str] = frozenset()

    @property
    def cursor(self) -> str | None:
        """The field that tells which records changed; an object without one is read whole each time."""
        return next((name for name in CURSORS if name in self.fields), None)

    @property
    def numbers(self) -> frozenset[str]:
        """The fields whose values Salesforce keeps as doubles."""
        return frozenset(each["name"] for each in self.raw["fields"] if each["type"] in DOUBLES)

    @property
    def keeps_deleted(self) -> bool:
        """Whether a deleted record can be told from a live one."""
        return "IsDeleted" in self.fields

    @property
    def calculated(self) -> tuple[str, ...]:
        """The formula and roll-up fields among those that are read: they change without moving SystemModstamp."""
        formulas = {each["name"] for each in self.raw["fields"] if each["calculated"]}
        return tuple(name for name in self.fields if name in formulas)

    @property
    def files(self) -> tuple[str, ...]:
        """The fields that hold a file's content, which has an endpoint of its own."""
        return tuple(
            each["name"]
            for each in self.raw["fields"]
            if each["type"] == "base64" and each["name"] not in self.excluded
        )

    @property
    def leaves_no_trace(self) -> bool:
        """Whether only `/deleted/` tells what was deleted: there is no recycle bin in which queryAll would find it."""
        return bool(self.raw["replicateable"]) and not (self.raw["undeletable"] and self.keeps_deleted)

    def treatment(self, name: str) -> str:
        """Give what becomes of a field of the describe: COPIED, HASHED, EXCLUDED or UNREADABLE."""
        if name in self.excluded:
            return EXCLUDED
        if name not in self.fields:
            return UNREADABLE
        return HASHED if name in self.hashing.fields else COPIED


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


def describe_source(sf: Salesforce, source: SourceObject, salt: str) -> Description:
    """Describe one object as its stanza wants it read: without the excluded fields, some of them hashed.

    Raises:
        ExtractError: as for `describe`, or the stanza names a field that the org spells otherwise.
    """
    description = describe(sf, source.name)
    if wrong := list(misspelt_fields(source, description)):
        raise ExtractError(" ".join(wrong))
    excluded = _named(source.exclude, description)
    return replace(
        description,
        fields=tuple(name for name in description.fields if name not in excluded),
        hashing=Hashing(_named(source.hash, description) - excluded, salt),
        excluded=excluded,
    )


def _named(names: Iterable[str], description: Description) -> frozenset[str]:
    """Give fields of the org as it spells them itself; Id cannot be missed, and a cursor is no personal data."""
    wanted = {name.lower() for name in names} - {"id", *(cursor.lower() for cursor in CURSORS)}
    return frozenset(each["name"] for each in description.raw["fields"] if each["name"].lower() in wanted)


def misspelt_fields(source: SourceObject, description: Description) -> Iterator[str]:
    """Say which names of a stanza are no field but nearly one; a column that is marked optional may be."""
    known = {each["name"].lower(): each["name"] for each in description.raw["fields"]}
    columns = [each.name for each in source.columns if not each.optional]
    named = {name.lower() for name in (*columns, *source.exclude, *source.hash, *source.like_formulas)}
    for name in dict.fromkeys((*columns, *source.exclude, *source.hash, *source.like_formulas)):
        if name.lower() not in known and (
            meant := misspelt(name, (known[each] for each in known.keys() - named))
        ):
            yield (
                f"{source.name}.{name} is named in the sources YAML and not in the org. Did you mean {meant}? Correct it, or "
                "mark the column `optional: true` where both may exist."
            )


def misspelt(name: str, known: Iterable[str]) -> str | None:
    """Give the known name that this one is a slip of: as good as the same letters. Others may just be absent."""
    by_lower = {each.lower(): each for each in known if abs(len(each) - len(name)) <= LONGEST_SLIP}
    found = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=LIKENESS_OF_A_SLIP)
    return by_lower[found[0]] if found else None


def absent_columns(
    source: SourceObject, fields: Iterable[str], retired: Container[str] = ()
) -> tuple[list[str], list[str]]:
    """Give the declared columns that are not read from the org, and a warning for each that is not optional.

    `retired` are the columns of fields that the org had once.
    """
    present = {name.upper(): name for name in fields}
    absent = [column for column in source.columns if column.name.upper() not in present]
    excluded = {name.upper() for name in source.exclude}
    hashed = {name.upper() for name in source.hash}
    warnings = [
        f"{source.name}.{column.name} is excluded in the sources YAML and staging reads it: its column is null, and "
        "what is matched or mapped by it goes without."
        for column in absent
        if column.name.upper() in excluded
    ]
    warnings += [
        f"{source.name}.{column.name} is hashed and staging reads it: what is matched or mapped by it sees the hash."
        for column in source.columns
        if column.name.upper() in hashed and column not in absent
    ]
    warnings += [
        f"{source.name}.{column.name} is declared but not in the org any more: its column keeps what was copied before."
        if column.name.upper() in retired
        else f"{source.name}.{column.name} is declared but not in the org: its column is null.{nearest(column.name, present.values())}"
        for column in absent
        if not column.optional and column.name.upper() not in excluded
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
            said = (_text(each.get(key)) for key in FIELD_KEYS)
            yield (description.name, *said, targets, description.treatment(each["name"]))


def picklist_rows(descriptions: Sequence[Description]) -> Iterator[tuple[str | None, ...]]:
    """Give the rows of `_picklist_values`, every cell as text."""
    for description in descriptions:
        for each in description.raw["fields"]:
            for value in each.get("picklistValues") or ():
                yield (description.name, each["name"], *(_text(value.get(key)) for key in PICKLIST_KEYS))


def _kept(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    abilities = {key: raw.get(key, False) for key in ("replicateable", "undeletable")}
    return {**abilities, "fields": [_kept_field(each) for each in raw["fields"]]}


def _kept_field(field: Mapping[str, Any]) -> Mapping[str, Any]:
    values = [{key: value.get(key) for key in PICKLIST_KEYS} for value in field.get("picklistValues") or ()]
    kept = {key: field.get(key) for key in FIELD_KEYS}
    beside = {key: field.get(key) for key in ("referenceTo", "compoundFieldName")}
    return {**kept, **beside, "picklistValues": values}


def _readable(field: Mapping[str, Any]) -> bool:
    return field["type"] not in COMPOUND_TYPES | UNREADABLE_TYPES


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    return None if value is None else str(value)
