"""The project, compiled once for all tests here: that takes no warehouse."""

import json
from pathlib import Path

import pytest

from tests.dbt_project.project import REPOSITORY, Project


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep these tests on one worker, which compiles the project for all of them."""
    here = Path(__file__).parent
    for item in items:
        if item.path.parent == here:
            item.add_marker(pytest.mark.xdist_group("dbt_project"))


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
