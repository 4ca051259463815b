"""Orgs that nobody here has seen, played from describes alone: every record of every object arrives as the org has it."""

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from extract.salesforce import Settings, extract, query
from extract.salesforce.describe import COMPOUND_TYPES, UNREADABLE_TYPES
from extract.sources import SourceObject
from tests.extract.org import Org
from tests.raw_warehouse import RawWarehouse
from tests.soak.org_world import text_of

# Every kind of field that a describe names, and what is special about it.
KINDS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("string", {}),
    ("boolean", {"nillable": False}),
    ("picklist", {"picklistValues": [{"value": 'Aé, "b"', "label": "A", "active": True}]}),
    ("multipicklist", {"picklistValues": [{"value": "x;y", "label": "XY", "active": True}]}),
    ("reference", {"referenceTo": ["Account", "Lead"]}),
    ("double", {"scale": 2, "calculated": True}),
    ("currency", {"scale": 2}),
    ("percent", {"scale": 1}),
    ("int", {}),
    ("date", {}),
    ("datetime", {}),
    ("time", {}),
    ("email", {}),
    ("phone", {}),
    ("url", {}),
    ("textarea", {"length": 131_072, "filterable": False}),
    ("encryptedstring", {}),
    ("combobox", {}),
    ("address", {}),
    ("location", {}),
)
FIELDS, OBJECTS = 800, 4
# As many fields as an address holds.
SLICE = 100


@pytest.fixture
def org(salesforce_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Org]:
    monkeypatch.setattr(query, "POLL_FIRST_SECONDS", 0.02)
    made = Org(salesforce_url)
    yield made
    made.control("reset")


def _field(name: str, kind: str, **other: Any) -> dict[str, Any]:
    known = {"label": name, "length": 80, "precision": 18, "scale": 0, "nillable": True, "calculated": False}
    return {"name": name, "type": kind, "custom": name.endswith("__c"), **known, **other}


def _describe(folder: Path, name: str, fields: int) -> None:
    """Write the describe of a packaged object with a field of every kind, and numbers, which cost the least, for the rest."""
    kinds = [*KINDS, *[("int", {})] * (fields - len(KINDS))]
    custom = [_field(f"pkg__A_field_{n:03}__c", kind, **said) for n, (kind, said) in enumerate(kinds)]
    times = [_field(each, "datetime", nillable=False) for each in ("CreatedDate", "SystemModstamp")]
    of_all = [_field("Id", "id", nillable=False), _field("IsDeleted", "boolean", nillable=False), *times]
    said = {"name": name, "queryable": True, "replicateable": True, "undeletable": True}
    (folder / f"{name}.json").write_text(json.dumps({**said, "fields": [*of_all, *custom]}))


def _check(org: Org, warehouse: RawWarehouse, folder: Path, describes: Path, rows: int) -> None:
    """Extract every object that has a describe, and compare each cell with what REST says."""
    org.control("org", describes=str(describes), rows=rows)
    described = [json.loads(path.read_text()) for path in sorted(describes.glob("[!_]*.json"))]
    sources = [SourceObject(each["name"], each["name"].upper()) for each in described]
    done = extract(
        org.sf,
        warehouse,
        sources,
        run_id="run",
        landing_dir=folder,
        settings=Settings(settle=dt.timedelta(0)),
    )
    assert [(each.object, each.status, each.landed_count) for each in done] == [
        (each.name, "succeeded", rows) for each in sources
    ]
    for said in described:
        _compare(org, warehouse, said)


def _compare(org: Org, warehouse: RawWarehouse, said: dict[str, Any]) -> None:
    kinds = {each["name"]: each["type"] for each in said["fields"]}
    cells = [name for name, kind in kinds.items() if kind not in COMPOUND_TYPES | UNREADABLE_TYPES]
    times = frozenset(name for name, kind in kinds.items() if kind == "datetime")
    for start in range(0, len(cells), SLICE):
        names = cells[start : start + SLICE]
        asked = org.sf.query_all(f"SELECT {', '.join(names)} FROM {said['name']} ORDER BY Id")["records"]
        columns = ", ".join(f'"{name.upper()}"' for name in names)
        table = f'raw_salesforce."{said["name"].upper()}"'
        raw = warehouse.rows(f'select {columns} from {table} order by "ID"')
        assert raw == [tuple(text_of(name, each[name], times) for name in names) for each in asked]
    _compare_compounds(org, warehouse, said)


def _compare_compounds(org: Org, warehouse: RawWarehouse, said: dict[str, Any]) -> None:
    """What the view puts together is what REST gives as one value."""
    parts = {each.get("compoundFieldName") for each in said["fields"]}
    names = [
        each["name"] for each in said["fields"] if each["type"] in COMPOUND_TYPES and each["name"] in parts
    ]
    if not names:
        return
    asked = org.sf.query_all(f"SELECT {', '.join(names)} FROM {said['name']} ORDER BY Id")["records"]
    columns = ", ".join(f'"{name.upper()}"' for name in names)
    view = f'raw_salesforce."_COMPOUND_{said["name"].upper()}"'
    made = warehouse.rows(f'select {columns} from {view} order by "ID"')
    wanted = [[_without_nulls(each[name]) for name in names] for each in asked]
    assert any(cell for row in wanted for cell in row)
    assert [[_without_nulls(cell) for cell in row] for row in made] == wanted


def _without_nulls(compound: dict[str, Any] | None) -> dict[str, str]:
    return {key: str(value) for key, value in (compound or {}).items() if value is not None}


def test_an_org_of_recorded_describes_is_copied_cell_by_cell(
    shared: Path, org: Org, quick: RawWarehouse, tmp_path: Path
) -> None:
    _check(org, quick, tmp_path / "landing", shared / "specs" / "salesforce" / "describe", rows=12)


def test_packaged_objects_with_fields_of_every_kind_and_one_with_800_are_copied_cell_by_cell(
    org: Org, quick: RawWarehouse, tmp_path: Path
) -> None:
    describes = tmp_path / "describes"
    describes.mkdir()
    _describe(describes, "pkg__Wide__c", FIELDS)
    for number in range(OBJECTS):
        _describe(describes, f"pkg__Object_{number:03}__c", len(KINDS))
    _check(org, quick, tmp_path / "landing", describes, rows=5)
