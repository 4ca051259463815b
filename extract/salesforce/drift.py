"""Which fields of an object came and went since it was last copied."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from extract.landing import execute
from extract.salesforce.describe import COPIED, EXCLUDED, FIELDS, Description
from extract.sources import SourceObject

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection


@dataclass(frozen=True, slots=True)
class Drift:
    """What one describe says against those before it.

    Attributes:
        new: readable fields that the last copy did not have, or had hashed where they are now copied or the other way
            round, by API name.
        gone: fields that the last copy had: removed, renamed, or hidden from the login by field-level security.
        retired: the columns of all fields that ever went, `gone` or earlier; they keep their last values.
        withheld: fields that the last copy had and that are excluded now; their values are to be erased.
        incompatible: for each field whose old values are none of its new type, what it was and what it is.
    """

    new: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    retired: frozenset[str] = frozenset()
    withheld: tuple[str, ...] = ()
    incompatible: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Described:
    """What the last describe said of a field, and how it was copied then."""

    type: str
    treatment: str


@dataclass(frozen=True, slots=True)
class Known:
    """What earlier copies left of an object: the fields of its last describe and of all, and its table's columns."""

    last: Mapping[str, Described] = field(default_factory=dict)
    ever: frozenset[str] = frozenset()
    columns: frozenset[str] = frozenset()

    def drift(self, description: Description) -> Drift:
        """Compare. Without an earlier describe, as after a kill, a field is new when it has no column."""
        shown = {each["name"]: each["type"] for each in description.raw["fields"]}
        came = {name for name in description.fields if self.last and self._came(name, description)}
        copied = {name: said for name, said in self.last.items() if name.upper() in self.columns}
        return Drift(
            new=tuple(
                name for name in description.fields if name in came or name.upper() not in self.columns
            ),
            gone=tuple(sorted(name for name in copied if name not in shown)),
            retired=frozenset(name.upper() for name in self.ever - shown.keys()) & self.columns,
            withheld=tuple(
                name
                for name, said in copied.items()
                if description.treatment(name) == EXCLUDED and said.treatment != EXCLUDED
            ),
            incompatible=tuple(
                f"{name} was {said.type} and is {shown[name]}"
                for name, said in copied.items()
                if name in shown and said.treatment == COPIED and not widens(said.type, shown[name])
            ),
        )

    def _came(self, name: str, description: Description) -> bool:
        said = self.last.get(name)
        return said is None or said.treatment != description.treatment(name)


# Types whose values are values of each other. Raw holds text, so anything may become text; a date is a time at midnight.
KINDS = {
    **dict.fromkeys(("int", "long", "double", "currency", "percent"), "number"),
    **dict.fromkeys(("date", "datetime", "time", "boolean", "base64", "address", "location"), ""),
}
WIDER = {("date", "datetime")}


def widens(old: str, new: str) -> bool:
    """Whether every value of the old type of a field is one of its new type."""
    kind = KINDS.get(new, "text")
    return (
        old == new or kind == "text" or (kind != "" and KINDS.get(old, "text") == kind) or (old, new) in WIDER
    )


def known(
    connection: SnowflakeConnection, objects: Sequence[SourceObject], columns: dict[str, set[str]]
) -> dict[str, Known]:
    """Give what is known of each object; `columns` are those of the raw tables."""
    last: dict[str, dict[str, Described]] = {}
    ever: dict[str, set[str]] = {}
    for row in _described(connection, [source.name for source in objects]):
        ever.setdefault(row["object"], set()).add(row["field"])
        if row["is_last"]:
            last.setdefault(row["object"], {})[row["field"]] = Described(row["type"], row["treatment"])
    return {
        source.name: Known(
            last.get(source.name, {}),
            frozenset(ever.get(source.name, ())),
            frozenset(columns.get(source.table, ())),
        )
        for source in objects
    }


def _described(connection: SnowflakeConnection, names: Sequence[str]) -> list[dict[str, str]]:
    if not names:
        return []
    return execute(
        connection,
        f"select object, field, type, coalesce(treatment, '{COPIED}') as treatment, "
        "_extracted_at = max(_extracted_at) over (partition by object) as is_last "
        f"from {FIELDS.schema}.{FIELDS.name} where object in ({', '.join(['%s'] * len(names))}) "
        "qualify row_number() over (partition by object, field order by _extracted_at desc) = 1",
        names,
    )


def gone_warning(name: str, fields: Sequence[str]) -> str:
    """Say which fields of an object went, and what that means."""
    return (
        f"{name}: the login sees {', '.join(fields)} no more (removed, renamed, or hidden by field-level security). "
        "What was copied before stays in the table; a restored field is read again for all rows."
    )
