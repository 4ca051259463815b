"""A soak hurries and is quiet, in processes that are killed and in this one: other tests do not find it so."""

from collections.abc import Iterator

import pytest
import stamina
import structlog

from extract.salesforce import query


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    settings, patience = structlog.get_config(), query.POLL_FIRST_SECONDS
    yield
    structlog.configure(**settings)
    stamina.set_testing(False)
    query.POLL_FIRST_SECONDS = patience
