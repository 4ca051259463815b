"""The migration as Dagster assets: the command line for what moves data, one asset per dbt model in between.

Dagster has an environment of its own (requirements.lock beside this file); the project is installed in another, whose folder
MIGRATE_VENV names. MIGRATE_PROJECT names the clone, in which `dbt parse` has been run once for `target/manifest.json`.
The three calls of `migrate run` are one run, with its gates, its alerts and its rows in OPS: each goes on where the one before
stopped.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DbtCliResource, dbt_assets

PROJECT = Path(os.environ["MIGRATE_PROJECT"])
BIN = Path(os.environ["MIGRATE_VENV"]) / "bin"
MANIFEST = PROJECT / "target" / "manifest.json"
SOURCES = [
    DagsterDbtTranslator().get_asset_key(one) for one in json.loads(MANIFEST.read_text())["sources"].values()
]


def migrate(*arguments: str) -> None:
    """Run one command in the project; a gate that stayed shut (exit code 1) fails the asset as an error does."""
    subprocess.run([BIN / "migrate", *arguments, "--json"], cwd=PROJECT, check=True)


@dg.multi_asset(specs=[dg.AssetSpec(key) for key in SOURCES])
def extracted() -> Iterator[dg.MaterializeResult]:
    """Copy Salesforce, and the targets' owners, into the raw schemas."""
    migrate("run", "--until", "extract")
    yield from (dg.MaterializeResult(asset_key=key) for key in SOURCES)


# What is built on the read-back comes after the load: `migrate reconcile` builds it.
@dbt_assets(manifest=MANIFEST, exclude="tag:reconciliation")
def models(context: dg.AssetExecutionContext, dbt: DbtCliResource) -> Iterator[Any]:
    """Build and test the models."""
    yield from dbt.cli(["build"], context=context).stream()


@dg.asset(deps=[models])
def loaded() -> None:
    """Hold the gate of the build, for which the run builds once more, then send what the plan says."""
    migrate("run", "--until", "load")


@dg.asset(deps=[loaded])
def reconciled() -> None:
    """Read both targets back and prove what arrived."""
    migrate("run")


definitions = dg.Definitions(
    assets=[extracted, models, loaded, reconciled],
    jobs=[dg.define_asset_job("leave_salesforce")],
    schedules=[dg.ScheduleDefinition(job_name="leave_salesforce", cron_schedule="0 3 * * *")],
    resources={"dbt": DbtCliResource(project_dir=str(PROJECT), dbt_executable=str(BIN / "dbt"))},
)
