"""How many of a mart's rows have a value for each property: measured on the demo company, kept beside each MAPPING.md."""

import csv
import io
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from load.feeds import RECORD_KEY
from migrate.mapping.catalogue import Mart
from migrate.runs import rows

FILE = "fill_rates.csv"
HEADER = ("object", "property", "filled")

# Share of rows, as MAPPING.md has it, by target, object and property.
Place = tuple[str, str, str]
Rates = Mapping[Place, str]


def measured(connection: Any, marts: Sequence[Mart]) -> dict[Place, str]:
    """Count in the warehouse what the marts hold now; an empty mart has no rates."""
    found: dict[Place, str] = {}
    for mart in marts:
        names = [each.name for each in mart.properties if each.name != mart.feed.key]
        columns = {column.name: column.identifier for column in mart.feed.columns}
        counts = ", ".join(f"count({columns[name]}) as n{number}" for number, name in enumerate(names))
        counted = rows(connection, f"select count(*) as n, {counts} from {mart.feed.relation}")[0]
        place = (mart.feed.target, mart.feed.object)
        if counted["n"]:
            found |= {
                (*place, name): _share(counted[f"n{number}"], counted["n"])
                for number, name in enumerate(names)
            }
            found[*place, mart.feed.key or RECORD_KEY] = _share(1, 1)
    return found


def read(marts: Sequence[Mart], root: Path = Path()) -> dict[Place, str]:
    """Give the rates that were measured last, from the files beside the marts."""
    found: dict[Place, str] = {}
    for target, path in _files(marts).items():
        if (root / path).exists():
            with (root / path).open(encoding="utf-8", newline="") as file:
                found |= {
                    (target, row["object"], row["property"]): row["filled"] for row in csv.DictReader(file)
                }
    return found


def files(marts: Sequence[Mart], rates: Rates) -> dict[Path, str]:
    """Give the text of each file of rates, in the marts' order."""
    return {path: _text(target, marts, rates) for target, path in _files(marts).items()}


def _files(marts: Sequence[Mart]) -> dict[str, Path]:
    grouped = groupby(marts, lambda mart: mart.feed.target)
    return {target: next(group).path.parent / FILE for target, group in grouped}


def _text(target: str, marts: Sequence[Mart], rates: Rates) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    for mart in marts:
        for each in mart.properties:
            rate = rates.get((mart.feed.target, mart.feed.object, each.name))
            if mart.feed.target == target and rate:
                writer.writerow((mart.feed.object, each.name, rate))
    return text.getvalue()


def _share(filled: int, total: int) -> str:
    """Say a share in whole percent, and never that all or none have a value where that is not so."""
    percent = round(100 * filled / total)
    if 0 < filled < total:
        percent = min(max(percent, 1), 99)
    return f"{percent} %"
