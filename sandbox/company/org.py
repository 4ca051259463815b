"""What the org's declaration says about the columns of each object."""

import functools
import re
from dataclasses import dataclass
from pathlib import Path

import yaml

ORG = Path(__file__).resolve().parent.parent / "salesforce" / "org.yml"
TYPE = re.compile(r"(?P<type>\w+)(\((?P<detail>[^)]*)\))?(?P<required>!)?(?P<formula>=formula)?$")
ADDRESS_PARTS = {"Street": 255, "City": 40, "State": 80, "PostalCode": 20, "Country": 80}
LENGTHS = {"string", "picklist", "multipicklist", "combobox", "textarea", "phone", "email", "url"}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of an object's CSV file."""

    name: str
    type: str
    length: int | None = None
    targets: tuple[str, ...] = ()
    required: bool = False
    formula: bool = False
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SObject:
    """An object of the org: its key prefix and its columns in the order of the declaration."""

    name: str
    prefix: str
    columns: dict[str, Column]


SYSTEM = (
    Column("Id", "id", 18, required=True),
    Column("IsDeleted", "boolean", required=True),
    Column("CreatedDate", "datetime", required=True),
    Column("CreatedById", "reference", 18, ("User",), required=True),
    Column("LastModifiedDate", "datetime", required=True),
    Column("LastModifiedById", "reference", 18, ("User",), required=True),
    Column("SystemModstamp", "datetime", required=True),
)


@functools.cache
def read_org() -> dict[str, SObject]:
    """Read `org.yml`; a compound address gives its components, as only those can stand in a CSV file."""
    declared = yaml.safe_load(ORG.read_text(encoding="utf-8"))
    return {name: _sobject(name, body, declared["picklists"]) for name, body in declared["objects"].items()}


def _sobject(name: str, body: dict[str, object], picklists: dict[str, list[str]]) -> SObject:
    fields = body["fields"]
    assert isinstance(fields, dict)  # noqa: S101 - tells mypy the shape that the file has
    columns = {column.name: column for column in SYSTEM}
    for field, declaration in fields.items():
        for column in _columns(field, declaration, tuple(picklists.get(f"{name}.{field}", ()))):
            columns[column.name] = column
    return SObject(name, str(body["prefix"]), columns)


def _columns(field: str, declaration: str, values: tuple[str, ...]) -> list[Column]:
    match = TYPE.match(declaration)
    if match is None:
        raise ValueError(f"{ORG.name}: field {field} has the type {declaration!r}, which is not understood")
    kind, detail = match["type"], match["detail"] or ""
    if kind == "address":
        return _address(detail)
    return [
        Column(
            field,
            kind,
            length=int(detail) if kind in LENGTHS else None,
            targets=tuple(detail.split("|")) if kind == "reference" else (),
            required=bool(match["required"]),
            formula=bool(match["formula"]),
            values=values,
        )
    ]


def _address(part: str) -> list[Column]:
    texts = [Column(part + name, "string", length) for name, length in ADDRESS_PARTS.items()]
    numbers = [Column(part + name, "double") for name in ("Latitude", "Longitude")]
    return [*texts, *numbers, Column(f"{part}GeocodeAccuracy", "picklist", 40)]
