"""Compound fields, addresses and places, put together again from their parts, for no CSV has a cell for them.

Each object that has any gets a view `RAW_SALESFORCE._COMPOUND_<OBJECT>`: Id, and for each such field an object with the
keys that REST gives it. The describe alone says which parts a field has.
https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/compound_fields.htm
"""

from collections.abc import Mapping, Sequence
from typing import Any

from extract.landing import qualified, quoted
from extract.salesforce.describe import COMPOUND_TYPES, DOUBLES, RAW, Description

Part = Mapping[str, Any]


def view(table: str) -> str:
    """Name the view of a raw table."""
    return f"_COMPOUND_{table}"


def definition(description: Description, table: str) -> str | None:
    """Give the statement that makes the view; None for an object without compound fields whose parts are copied."""
    fields = description.raw["fields"]
    copied = [each for each in fields if each["name"] in description.fields]
    compounds = {
        each["name"]: [part for part in copied if part["compoundFieldName"] == each["name"]]
        for each in fields
        if each["type"] in COMPOUND_TYPES
    }
    columns = [_whole(name, parts) for name, parts in compounds.items() if parts]
    if not columns:
        return None
    return (
        f'create or replace view {qualified(RAW, view(table))} as select "ID", {", ".join(columns)} '
        f"from {qualified(RAW, table)}"
    )


def _whole(name: str, parts: Sequence[Part]) -> str:
    """Give the column of one compound field: null where all its parts are, else without those that are."""
    empty = " and ".join(f"{quoted(part['name'])} is null" for part in parts)
    pairs = ", ".join(f"'{_key(name, part['name'])}', {_value(part)}" for part in parts)
    return f"iff({empty}, null, object_construct({pairs})) as {quoted(name)}"


def _key(name: str, part: str) -> str:
    """BillingPostalCode is the postalCode of BillingAddress, Where__Latitude__s the latitude of Where__c."""
    stem = name.removesuffix("__c") if name.endswith("__c") else name.removesuffix("Address")
    key = part.removeprefix(stem).removesuffix("__s").lstrip("_")
    return key[:1].lower() + key[1:]


def _value(part: Part) -> str:
    column = quoted(part["name"])
    return f"try_to_double({column})" if part["type"] in DOUBLES else column
