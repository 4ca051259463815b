"""Which objects an org has, and about how many records each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from simple_salesforce import Salesforce

from extract.salesforce.describe import describe, describe_org

# An address has its limit, and an API name at most 40 characters and its namespace.
NAMES_AT_ONCE = 100

# What says which record a row is, whether it still lives, and when it changed.
RECORD_FIELDS = ("Id", "IsDeleted", "CreatedDate", "LastModifiedDate", "SystemModstamp")


@dataclass(frozen=True, slots=True)
class Found:
    """An object that can be queried; `rows` is Salesforce's estimate, None where it has none."""

    object: str
    label: str
    label_plural: str
    custom: bool
    rows: int | None


def discover(sf: Salesforce) -> list[Found]:
    """Give the org's queryable objects, those with most records first, at the cost of two calls."""
    rows = record_counts(sf)
    found = [
        Found(name, each["label"], each["labelPlural"], each["custom"], rows.get(name))
        for name, each in describe_org(sf).items()
        if each["queryable"]
    ]
    return sorted(found, key=lambda each: (-(each.rows or 0), each.object))


def record_fields(sf: Salesforce, name: str) -> list[str]:
    """Give the fields of an object with which every staging model begins, as far as it has them.

    Raises:
        ExtractError: Salesforce refused, or the object has no readable Id.
    """
    fields = describe(sf, name).fields
    return [field for field in RECORD_FIELDS if field in fields]


def record_counts(sf: Salesforce, names: Sequence[str] | None = None) -> dict[str, int]:
    """Give Salesforce's estimate of the records of these objects, or of all (`GET /limits/recordCount`).

    It may be far off for small objects and leaves some out: good for a plan, never for a proof.
    """
    if names is None:
        return _counts(sf.restful("limits/recordCount"))
    counts: dict[str, int] = {}
    for start in range(0, len(names), NAMES_AT_ONCE):
        asked = ",".join(names[start : start + NAMES_AT_ONCE])
        counts |= _counts(sf.restful("limits/recordCount", params={"sObjects": asked}))
    return counts


def _counts(answer: Any) -> dict[str, int]:
    return {each["name"]: int(each["count"]) for each in answer["sObjects"]}
