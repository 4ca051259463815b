"""The migration as an Airflow DAG: the command line for what moves data, one task per dbt model in between.

Airflow has an environment of its own (requirements.lock beside this file); the project is installed in another, whose folder
MIGRATE_VENV names. MIGRATE_PROJECT names the clone, in which `dbt parse` has been run once for `target/manifest.json`.
The three calls of `migrate run` are one run, with its gates, its alerts and its rows in OPS: each goes on where the one before
stopped. Each task may be retried: a stopped extract or load continues where it was, and a repeated one sends nothing twice.
After a gate that stayed shut the next call is a new run, so a retry reads the source once more, and stays shut until it is mended.
"""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import dag
from cosmos import DbtTaskGroup, ExecutionConfig, ProfileConfig, ProjectConfig, RenderConfig
from cosmos.constants import LoadMode, TestBehavior

PROJECT = Path(os.environ["MIGRATE_PROJECT"])
BIN = Path(os.environ["MIGRATE_VENV"]) / "bin"


def migrate(task_id: str, command: str) -> BashOperator:
    """Run one command in the project; exit code 1, a gate that stayed shut, fails the task as code 2 does."""
    return BashOperator(task_id=task_id, bash_command=f"{BIN}/migrate {command} --json", cwd=str(PROJECT))


@dag(
    schedule="@daily",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,  # one migration at a time: `migrate` holds a lock on its home
    default_args={"retries": 2, "retry_delay": timedelta(minutes=5)},
    tags=["salesforce-exit"],
)
def leave_salesforce() -> None:
    """Extract, build, load and reconcile once a day until the cut-over."""
    models = DbtTaskGroup(
        group_id="models",
        project_config=ProjectConfig(
            dbt_project_path=PROJECT,
            models_relative_path="dbt_project/models",
            seeds_relative_path="dbt_project/seeds",
            manifest_path=PROJECT / "target" / "manifest.json",
        ),
        profile_config=ProfileConfig(
            profile_name="salesforce_exit",
            target_name=os.environ.get("MIGRATE_TARGET", "local"),
            profiles_yml_filepath=PROJECT / "profiles.yml",
        ),
        execution_config=ExecutionConfig(dbt_executable_path=BIN / "dbt"),
        render_config=RenderConfig(
            load_method=LoadMode.DBT_MANIFEST,
            exclude=["tag:reconciliation"],  # needs the read-back: `migrate reconcile` builds it
            test_behavior=TestBehavior.BUILD,
        ),
    )
    (
        migrate("extract", "run --until extract")
        >> models
        >> migrate(
            "load", "run --until load"
        )  # builds once more first: a gate counts what its own run has built
        >> migrate("reconcile", "run")
    )


leave_salesforce()
