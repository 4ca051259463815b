"""The folder of CSV files that holds an org, and how values are written in it.

`truth/person.csv` and `truth/account.csv` say which records (contacts and leads together; accounts) are one person or
company: `record_id, entity_id`. `truth/dirt.csv` lists every planted defect: `object, record_id, field, kind`.
"""

import csv
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import date, datetime
from pathlib import Path
from typing import Any, Self

from sandbox.company.block import Block
from sandbox.salesforce.org import declared_org

PERSON, ACCOUNT, DIRT = "truth/person.csv", "truth/account.csv", "truth/dirt.csv"


def as_text(value: Any) -> str:
    """Write a value as a Bulk API 2.0 result does: null is empty, times are UTC with milliseconds."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%S}.000Z"
    return value.isoformat() if isinstance(value, date) else str(value)


def read(folder: Path, name: str) -> Iterator[dict[str, str]]:
    """Read a file of the folder row by row; empty values are empty texts."""
    with (folder / name).open(encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file)


class Folder:
    """The open files of one org: `<Object>.csv` for each object, and the truth beside them if there is one."""

    def __init__(self, folder: Path, objects: tuple[str, ...], *, truth: bool = True) -> None:
        self.rows = dict.fromkeys(objects, 0)
        self.defects: Counter[str] = Counter()
        self._folder, self._truth, self._stack = folder, truth, ExitStack()
        self._columns = {
            name: [column.name for column in declared_org().sobjects[name].columns] for name in objects
        }

    def __enter__(self) -> Self:
        (self._folder / "truth" if self._truth else self._folder).mkdir(parents=True, exist_ok=True)
        self._objects = {name: self._open(f"{name}.csv", self._columns[name]) for name in self.rows}
        if self._truth:
            self._people = self._open(PERSON, ["record_id", "entity_id"])
            self._companies = self._open(ACCOUNT, ["record_id", "entity_id"])
            self._dirt = self._open(DIRT, ["object", "record_id", "field", "kind"])
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _open(self, name: str, header: list[str]) -> Any:
        file = self._stack.enter_context((self._folder / name).open("w", encoding="utf-8", newline=""))
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        return writer

    def write(self, name: str, row: Mapping[str, Any]) -> None:
        """Append one record; keys that are no columns of the object are not written."""
        self._objects[name].writerow([as_text(row.get(column)) for column in self._columns[name]])
        self.rows[name] += 1

    def write_block(self, block: Block) -> None:
        """Append a block's rows with their truth, by id so that their order tells nothing of how they were made."""
        for name, rows in block.rows.items():
            for row in sorted(rows, key=lambda row: str(row["Id"])):
                self.write(name, row)
        self._people.writerows(sorted(block.people.items()))
        self._companies.writerows(sorted(block.companies.items()))
        for defect in block.defects:
            self._dirt.writerow((defect.object, defect.record_id, defect.field, defect.kind))
            self.defects[defect.kind] += 1
