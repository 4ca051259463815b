"""The two scheduling examples load in the engines that they are written for, with the order that a migration needs.

`make test` installs the engines in an environment of their own, `examples` within this one.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from migrate import transform
from migrate.settings import Settings
from tests.servers import REPOSITORY

EXAMPLES = REPOSITORY / "docs" / "examples"
ENGINES = Path(sys.prefix) / "examples" / "bin" / "python"

AIRFLOW = """
import json, sys
from airflow.dag_processing.dagbag import DagBag
bag = DagBag(dag_folder=sys.argv[1])
dag = bag.dags.get("leave_salesforce")
tasks = {task.task_id: sorted(task.upstream_task_ids) for task in dag.tasks} if dag else {}
print(json.dumps({"errors": bag.import_errors, "upstream": tasks}))
"""
DAGSTER = """
import importlib.util, json, sys
import dagster
spec = importlib.util.spec_from_file_location("example", sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
dagster.Definitions.validate_loadable(module.definitions)
graph = module.definitions.resolve_asset_graph()
keys = graph.get_all_asset_keys()
print(json.dumps({key.path[-1]: sorted(parent.path[-1] for parent in graph.get(key).parent_keys) for key in keys}))
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give what a clone has after `dbt parse`, without writing into this one."""
    folder = tmp_path_factory.mktemp("project")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DBT_TARGET_PATH", str(folder / "target"))
        transform.manifest(Settings())
    for name in ("profiles.yml", "dbt_project.yml", "dbt_project"):
        (folder / name).symlink_to(REPOSITORY / name)
    return folder


def _load(probe: str, example: str, project: Path, home: Path) -> Any:
    if not ENGINES.exists():
        pytest.skip("the engines are not installed: `make engines` does it")
    done = subprocess.run(
        [ENGINES, "-c", probe, EXAMPLES / example],
        env={
            **os.environ,
            "MIGRATE_PROJECT": str(project),
            "MIGRATE_VENV": sys.prefix,
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "DAGSTER_HOME": str(home),
            "DAGSTER_DISABLE_TELEMETRY": "1",
            "DO_NOT_TRACK": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_the_airflow_dag_keeps_the_order_of_a_run(project: Path, tmp_path: Path) -> None:
    found = _load(AIRFLOW, "airflow_dag.py", project, tmp_path)
    assert found["errors"] == {}
    upstream = found["upstream"]
    assert all(name.startswith("models.") for name in upstream["load"])
    assert upstream["reconcile"] == ["load"]
    models = [name for name in upstream if name.startswith("models.")]
    assert "models.hubspot__contacts_model_build" in models
    assert not [name for name in models if "recon_" in name], "they need the read-back"
    assert all("extract" in upstream[name] or set(upstream[name]) & set(models) for name in models)


def test_the_dagster_assets_keep_the_order_of_a_run(project: Path, tmp_path: Path) -> None:
    parents = _load(DAGSTER, "dagster_definitions.py", project, tmp_path)
    assert parents["stg_salesforce__contacts"] == ["contact"]
    assert parents["contact"] == []
    assert "hubspot__contacts" in parents["loaded"]
    assert parents["reconciled"] == ["loaded"]
    assert not [name for name in parents if "recon_" in name], "they need the read-back"
