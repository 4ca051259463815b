"""The whole path on data that was not made for it: a labelled CRM export, and a public set of sales opportunities."""

import os
from pathlib import Path
from typing import Any

import pytest

from sandbox.company.crm_sales import convert
from tests.migrate.conftest import Place


def test_crm_dev_ends_reconciled(place: Place, shared: Path) -> None:
    objects = _migrated(place, shared / "data" / "dedup" / "crm_dev")

    assert objects["hubspot", "contacts"]["source"] == 3_692 + 2_532
    assert objects["hubspot", "companies"]["source"] == 870
    assert objects["hubspot", "contacts"]["merged"] > 1_000
    # Every merge joins records of one real person: nobody is lost in somebody else.
    assert _wrong_merges(place, shared / "data" / "dedup" / "crm_dev" / "truth_person.csv", "people") < 0.01
    assert (
        _wrong_merges(place, shared / "data" / "dedup" / "crm_dev" / "truth_account.csv", "companies") < 0.01
    )


@pytest.mark.skipif(
    "REHEARSE" not in os.environ, reason="the second set takes as long as the first: make rehearse"
)
def test_crm_sales_ends_reconciled(place: Place, shared: Path, tmp_path: Path) -> None:
    convert(shared / "data" / "crm_sales", tmp_path)

    objects = _migrated(place, tmp_path)

    assert objects["hubspot", "deals"]["source"] == 14_277
    assert objects["hubspot", "deals"]["verified"] + objects["hubspot", "deals"]["quarantined"] == 14_277


def _migrated(place: Place, folder: Path) -> dict[tuple[str, str], dict[str, Any]]:
    place.migrate("sandbox", "seed", "--csv", str(folder))
    document = place.migrate("run", "--new", "--allow-first-load")
    for one in document["objects"]:
        explained = one["merged"] + one["quarantined"] + one["refused"] + one["failed"] + one["verified"]
        assert explained == one["source"], one
        assert one["accuracy"] >= 0.99, one
        assert one["unexplained_loss"] == 0, one
    return {(one["target"], one["object"]): one for one in document["objects"]}


def _wrong_merges(place: Place, truth: Path, entity: str) -> float:
    """Give the share of records that were merged into the golden record of somebody else."""
    entities = dict(line.split(",") for line in truth.read_text().splitlines()[1:])
    merged = place.sql(
        f"select record_id, golden_id from intermediate.int_{entity}_crosswalk where record_id <> golden_id"
    )
    if not merged:
        pytest.fail("nothing was merged")
    return sum(entities[row["record_id"]] != entities[row["golden_id"]] for row in merged) / len(merged)
