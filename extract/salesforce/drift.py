"""Which fields of an object came and went since it was last copied."""

from collections.abc import Sequence
from dataclasses import dataclass

from snowflake.connector import SnowflakeConnection

from extract.landing import execute
from extract.salesforce.describe import FIELDS, Description
from extract.sources import SourceObject


@dataclass(frozen=True, slots=True)
class Drift:
    """What one describe says against those before it.

    Attributes:
        new: readable fields that the last copy did not have, by API name.
        gone: fields that the last copy had: removed, renamed, or hidden from the login by field-level security.
        retired: the columns of all fields that ever went, `gone` or earlier; they keep their last values.
    """

    new: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    retired: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Known:
    """What earlier copies left of an object: the fields of its last describe and of all, and its table's columns."""

    last: frozenset[str] = frozenset()
    ever: frozenset[str] = frozenset()
    columns: frozenset[str] = frozenset()

    def drift(self, description: Description) -> Drift:
        """Compare. Without an earlier describe, as after a kill, a field is new when it has no column."""
        shown = {each["name"] for each in description.raw["fields"]}
        came = {name for name in description.fields if self.last and name not in self.last}
        return Drift(
            new=tuple(
                name for name in description.fields if name in came or name.upper() not in self.columns
            ),
            gone=tuple(sorted(name for name in self.last - shown if name.upper() in self.columns)),
            retired=frozenset(name.upper() for name in self.ever - shown) & self.columns,
        )


def known(
    connection: SnowflakeConnection, objects: Sequence[SourceObject], columns: dict[str, set[str]]
) -> dict[str, Known]:
    """Give what is known of each object; `columns` are those of the raw tables."""
    last: dict[str, set[str]] = {}
    ever: dict[str, set[str]] = {}
    for row in _described(connection, [source.name for source in objects]):
        ever.setdefault(row["object"], set()).add(row["field"])
        if row["is_last"]:
            last.setdefault(row["object"], set()).add(row["field"])
    return {
        source.name: Known(
            frozenset(last.get(source.name, ())),
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
        "select object, field, max(_extracted_at) = max(max(_extracted_at)) over (partition by object) as is_last "
        f"from {FIELDS.schema}.{FIELDS.name} where object in ({', '.join(['%s'] * len(names))}) group by object, field",
        names,
    )


def gone_warning(name: str, fields: Sequence[str]) -> str:
    """Say which fields of an object went, and what that means."""
    return (
        f"{name}: the login sees {', '.join(fields)} no more (removed, renamed, or hidden by field-level security). "
        "What was copied before stays in the table; a restored field is read again for all rows."
    )
