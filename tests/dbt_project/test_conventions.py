"""The conventions of dbt-bouncer.yml: names, layers, groups and access, descriptions, tests, length."""

import json
import subprocess
import sys
from pathlib import Path

import yaml

from tests.dbt_project.project import REPOSITORY, Project

CONFIGURATION = "dbt-bouncer.yml"


def test_dbt_bouncer_finds_nothing(project: Project, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(json.dumps(project.manifest), encoding="utf-8")
    configured = yaml.safe_load((REPOSITORY / CONFIGURATION).read_text(encoding="utf-8"))
    (tmp_path / CONFIGURATION).write_text(yaml.dump({**configured, "dbt_artifacts_dir": str(tmp_path)}))
    done = subprocess.run(
        [
            *(Path(sys.executable).parent / "dbt-bouncer", "--config-file", tmp_path / CONFIGURATION),
            *("--output-format", "json", "--output-file", tmp_path / "found.json"),
        ],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (tmp_path / "found.json").exists(), done.stdout + done.stderr
    found = json.loads((tmp_path / "found.json").read_text(encoding="utf-8"))
    assert len(found) > 1_000
    failed = {each["check_run_id"]: each["failure_message"] for each in found if each["outcome"] != "success"}
    assert failed == {}, "\n".join(failed)
    assert done.returncode == 0


def test_every_model_has_a_group_with_an_owner(project: Project) -> None:
    owners = {group["name"]: group["owner"]["email"] for group in project.manifest["groups"].values()}
    assert {model["config"]["group"] for model in project.models.values()} == set(owners)
    assert all(owners.values())
