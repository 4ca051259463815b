"""How well and how fast duplicates are found: the models that `dbt build` runs, against Splink, in one run.

`make bench BENCH=identity` reads the labelled sets in ../shared/data/dedup; `python -m benchmarks.identity --data FOLDER` any
folder of sets in the same form. A JSON line for each measurement; `ratio` is what is lost, 1 - F1, or taken, ours / theirs.
Splink gets an environment of its own under `.local/bench`, our keyed records with the keys that are not crowded, so the same
pairs, and the same comparisons. Seconds are counted from the keyed records to the clusters, without the start of dbt and of
Splink's process, which are in the CPU seconds; `prepared` are those from the raw tables to the keyed records, which both need.
"""

import argparse
import csv
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.identity.declared import blocks_of, key_columns, settings
from benchmarks.identity.fit import learned
from benchmarks.identity.generate import people
from benchmarks.identity.ours import Home, home
from benchmarks.identity.sets import Agreement, LabelledSet, agreement, demo_company, read_sets
from benchmarks.measure import Run, run, tell

BENCH = "identity"
PLACE = Path(".local/bench")
SHARED = Path(__file__).resolve().parents[3] / "shared/data/dedup"
SPLINK = "splink==5.0.0"


def main() -> None:
    """Measure the sets in a folder, the demo company and generated records of several sizes; or learn weights from labels."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.identity", description=__doc__)
    parser.add_argument("command", nargs="?", choices=["measure", "fit"], default="measure")
    parser.add_argument("--data", type=Path, default=SHARED, help="folder of labelled sets")
    parser.add_argument("--sets", default="", help="names of sets, by commas; all by default")
    parser.add_argument(
        "--sizes", default="10000,100000,1000000", help="generated records, by commas; empty for none"
    )
    parser.add_argument("--no-splink", action="store_true")
    arguments = parser.parse_args()
    chosen = arguments.sets.split(",") if arguments.sets else None
    with home(PLACE / "identity") as ours:
        if arguments.data.exists():
            for labelled in read_sets(arguments.data):
                if chosen is None or labelled.name in chosen:
                    _act(arguments.command, ours, labelled, not arguments.no_splink)
        if arguments.command == "measure":
            if chosen is None or "demo_company" in chosen:
                _act("measure", ours, demo_company(), not arguments.no_splink)
            for size in filter(None, arguments.sizes.split(",")):
                _act("measure", ours, people(int(size)), not arguments.no_splink)


def _act(command: str, ours: Home, labelled: LabelledSet, with_splink: bool) -> None:
    ours.land(labelled.tables)
    for entity, truth in labelled.truth.items():
        built = ours.build(entity)
        if command == "fit":
            for row in learned(ours, entity, truth):
                print(",".join(str(each) for each in row))
            continue
        _tell_pairs(ours, labelled.name, entity, truth)
        found = agreement(built.clusters, truth)
        peer = _splink(ours, entity) if with_splink else None
        theirs = agreement(peer[1], truth) if peer else None
        _tell_clusters(f"{labelled.name} {entity}", found, theirs)
        took = {"records": len(built.clusters), "pairs": built.pairs, "prepared": round(built.prepared, 2)}
        for what, mine, other in (
            ("seconds", built.seconds, float(peer[0].result["seconds"]) if peer else None),
            ("CPU seconds", built.cpu, peer[0].cpu if peer else None),
            ("memory MB", built.rss, peer[0].rss if peer else None),
        ):
            _tell(f"{labelled.name} {entity} {what}", round(mine, 2), other, **took)


def _tell_clusters(what: str, found: Agreement, theirs: Agreement | None) -> None:
    more = {"precision": round(found.precision, 4), "recall": round(found.recall, 4)}
    if theirs:
        more |= {"their_precision": round(theirs.precision, 4), "their_recall": round(theirs.recall, 4)}
    _tell(f"{what} cluster F1", round(found.f1, 4), theirs.f1 if theirs else None, **more)


def _tell_pairs(ours: Home, name: str, entity: str, truth: Mapping[str, str]) -> None:
    """Tell how right the bands are, pair by pair."""
    rows = ours.ask(f"select band, left_id, right_id from intermediate.int_{entity}_matched")
    for band in ("merge", "review"):
        same = [truth.get(left) == truth.get(right) for each, left, right in rows if each == band]
        share = round(sum(same) / len(same), 4) if same else None
        tell(BENCH, f"{name} {entity} band {band}", pairs=len(same), right=sum(same), precision=share)


def _tell(what: str, ours: float, theirs: float | None, **more: Any) -> None:
    ratio = round(ours / theirs, 3) if theirs else None
    tell(BENCH, what, ours=ours, against="splink", theirs=theirs and round(theirs, 4), ratio=ratio, **more)


def _splink(ours: Home, entity: str) -> tuple[Run, dict[str, str]] | None:
    """Let Splink do the same records; None when it cannot be installed or fails, which is told."""
    python = _environment()
    if python is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        keyed, given, out = (
            Path(folder) / name for name in ("keyed.parquet", "settings.json", "clusters.csv")
        )
        records = _keyed(ours, entity)
        records.to_parquet(keyed)
        columns = [str(each) for each in records if not str(each).startswith("key_") and each != "words"]
        given.write_text(json.dumps(settings(entity, columns, len(records))), encoding="utf-8")
        done = run([python, Path(__file__).with_name("peer_splink.py"), keyed, given, out])
        if done.code or not out.exists():
            tell(BENCH, f"splink fails on {entity}", said=done.said[-600:])
            return None
        return done, _clusters(out)


def _clusters(path: Path) -> dict[str, str]:
    with path.open(encoding="utf-8", newline="") as file:
        return {row["record_id"]: row["cluster_id"] for row in csv.DictReader(file)}


def _keyed(ours: Home, entity: str) -> pd.DataFrame:
    """Give the keyed records and the keys that they are looked up by, as our models have them."""
    keys = [
        f"{key} as {name}"
        for block in blocks_of(entity)
        for name, key in zip(key_columns(block), _keys(block), strict=True)
    ]
    cursor = ours.connection.cursor()
    cursor.execute(
        f"""with keys as (
                select record_number, {", ".join(keys)}
                from intermediate.int_{entity}_blocked where not is_crowded group by record_number
            )
            select * exclude record_number
            from intermediate.int_{entity}_keyed as keyed left join keys on keyed.record_number = keys.record_number"""
    )
    records: pd.DataFrame = cursor.fetch_pandas_all().rename(columns=str.lower)
    kept = [
        each
        for each in map(str, records)
        if each.endswith(("_key", "_user", "_host")) or each.startswith("key_") or each in EXTRA
    ]
    records = records[["record_id", *kept]]
    if "sorted_key" in records:
        records = records.assign(words=records["sorted_key"].str.split(" "))
    return records


def _keys(block: str) -> tuple[str, str]:
    key = f"iff(block = '{block}', key_number, null)"
    return f"min({key})", f"nullif(max({key}), min({key}))"


EXTRA = ("word_count", "house_number", "street_name", "industry")


def _environment() -> Path | None:
    place = PLACE / "splink"
    python = place / "bin/python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
    installed = [python, "-m", "pip", "install", "-q", SPLINK, "pandas", "pyarrow"]
    done = subprocess.run([str(each) for each in installed], capture_output=True, text=True, check=False)
    if done.returncode:
        tell(BENCH, "splink cannot be installed", said=done.stderr[-300:])
        return None
    return python.absolute()


if __name__ == "__main__":
    main()
