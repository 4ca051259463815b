"""The project, compiled once for all tests here: that takes no warehouse."""

import json

import pytest

from tests.dbt_project.project import REPOSITORY, Project


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    from dbt.cli.main import dbtRunner  # noqa: PLC0415  takes seconds

    target = tmp_path_factory.mktemp("target")
    places = {
        "project-dir": REPOSITORY,
        "profiles-dir": REPOSITORY,
        "target-path": target,
        "log-path": target,
    }
    options = [f"--{name}={place}" for name, place in places.items()]
    offline = ["--no-introspect", "--no-populate-cache"]
    outcome = dbtRunner().invoke(["compile", *offline, *options, "--target=local", "--quiet"])
    assert outcome.success, outcome.exception
    return Project(json.loads((target / "manifest.json").read_text(encoding="utf-8")))
