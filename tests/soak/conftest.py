"""A soak hurries and is quiet, in processes that are killed and in this one: other tests do not find it so."""

import math
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import stamina
import structlog

from extract.salesforce import query

# All tests together have twenty minutes, installation and lint included: the first seeds run always, the others, last of
# all tests, while there is time. Seeds that somebody asks for have all the time that they need.
ALWAYS = 10
SECONDS = math.inf if os.environ.get("SOAK_SEEDS") else 900.0
BEGUN = time.monotonic()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the soaks behind all other tests."""
    items.sort(key=lambda item: item.path.parent == Path(__file__).parent)


@pytest.fixture
def time_for_a_seed(seed: int) -> None:
    """Leave out the seeds that a slow machine has no time for, and say so."""
    if seed >= ALWAYS and time.monotonic() - BEGUN > SECONDS:
        pytest.skip("the time of all tests is used up: make soak runs any seeds")


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    settings, patience = structlog.get_config(), query.POLL_FIRST_SECONDS
    yield
    structlog.configure(**settings)
    stamina.set_testing(False)
    query.POLL_FIRST_SECONDS = patience
