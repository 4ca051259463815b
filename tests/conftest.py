"""Fixtures that every test module may use."""

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """Give the folder of published specifications and labelled data that lies beside the repository."""
    folder = Path(os.environ.get("SHARED_DIR", REPOSITORY.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(
            "the folder 'shared' (published API specifications, labelled data) is not beside the repository"
        )
    return folder
