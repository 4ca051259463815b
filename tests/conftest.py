"""Fixtures that every test module may use."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

REPOSITORY = Path(__file__).resolve().parent.parent

# How fast examples are made and tried says how busy the machine is, not whether the code is right.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


# What takes longest begins first, so that no worker is left with it at the end; measured with --durations.
LONGEST = (
    *(
        "migrate/test_whole_path.py",
        "soak",
        "migrate/test_real_inputs.py",
        "load/test_crash.py",
        "dbt_project",
    ),
    *("warehouse/test_dbt.py", "docs", "load", "extract"),
)
# Folders whose tests share what is made once for a session; everywhere else a file keeps its own.
TOGETHER = ("dbt_project",)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the files by how long they take."""
    items.sort(key=lambda item: _rank(item.path.relative_to(REPOSITORY / "tests")))


class ByPlace(LoadScopeScheduling):
    """Keep the tests of a file, or of a folder that shares what is made once, on one worker."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::", maxsplit=1)[0]
        return next((folder for folder in TOGETHER if file.startswith(f"tests/{folder}/")), file)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByPlace:
    """Give what hands the tests out to the workers."""
    return ByPlace(config, log)


def _rank(place: Path) -> int:
    ranks = (rank for rank, name in enumerate(LONGEST) if place.is_relative_to(name))
    return next(ranks, len(LONGEST))


@pytest.fixture(scope="session")
def shared() -> Path:
    """Give the folder of published specifications and labelled data that lies beside the repository."""
    folder = Path(os.environ.get("SHARED_DIR", REPOSITORY.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(
            "the folder 'shared' (published API specifications, labelled data) is not beside the repository"
        )
    return folder
