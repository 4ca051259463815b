"""Fixtures that every test module may use."""

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


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


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the files by how long they take, and keep each on one worker."""
    items.sort(key=lambda item: _rank(_place(item)))
    for item in items:
        place = _place(item)
        item.add_marker(pytest.mark.xdist_group(place.parts[0] if place.parts[0] in TOGETHER else str(place)))


def _place(item: pytest.Item) -> Path:
    return item.path.relative_to(REPOSITORY / "tests")


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
