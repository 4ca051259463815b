"""The embedded warehouse and the stand-ins as processes on free ports, one of each for all tests."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import stamina
from snowflake.connector import SnowflakeConnection

import warehouse
from tests.raw_warehouse import RawWarehouse
from tests.servers import REPOSITORY, running

# For a statement that the embedded warehouse, too, must make something of, in a module that else does without it.
EMBEDDED = pytest.mark.parametrize("connection", ["embedded"], indirect=True)


@pytest.fixture(autouse=True)
def _no_pauses() -> Iterator[None]:
    """Let retries follow at once."""
    with stamina.set_testing(True, attempts=10, cap=True):
        yield


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def warehouse_port(home: Path) -> Iterator[int]:
    with running(["warehouse", "serve"], _folder(home, "warehouse"), "/_warehouse/health") as url:
        yield urlsplit(url).port or 0


@pytest.fixture(scope="session")
def _connected(warehouse_port: int) -> Iterator[SnowflakeConnection]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WAREHOUSE_PORT", str(warehouse_port))
        connection = warehouse.connect("local", REPOSITORY)
    warehouse.setup(connection)
    yield connection
    connection.close()


@pytest.fixture
def connection(request: pytest.FixtureRequest) -> Any:
    """Give an empty warehouse: the embedded one, unless the module says WAREHOUSE = "quick" and the test not EMBEDDED."""
    named = getattr(request, "param", getattr(request.module, "WAREHOUSE", "embedded"))
    return request.getfixturevalue(named)


@pytest.fixture(scope="session")
def _quick() -> Iterator[RawWarehouse]:
    opened = RawWarehouse(Path(":memory:")).set_up()
    yield opened
    opened.close()


@pytest.fixture
def quick(_quick: RawWarehouse) -> RawWarehouse:
    """Give the extract's own SQL on DuckDB, empty."""
    _quick.empty()
    return _quick


@pytest.fixture
def embedded(_connected: SnowflakeConnection) -> SnowflakeConnection:
    """Give the embedded warehouse, set up and empty."""
    tables = rows(
        _connected,
        "select table_schema, table_name from information_schema.tables "
        "where (table_schema like 'RAW%' or table_schema = 'OPS') and table_type = 'BASE TABLE'",
    )
    for schema, table in tables:
        made_by_extract = schema == "RAW_SALESFORCE" and not table.startswith("_")
        action = "drop table" if made_by_extract else "delete from"
        _connected.cursor().execute(f'{action} {schema}."{table}"')
    return _connected


@pytest.fixture(scope="session")
def salesforce_url(home: Path) -> Iterator[str]:
    with running(["sandbox", "salesforce"], _folder(home, "salesforce"), "/_sandbox/health") as url:
        yield url


@pytest.fixture(scope="session")
def hubspot_url(home: Path) -> Iterator[str]:
    with running(["sandbox", "hubspot"], _folder(home, "hubspot"), "/_sandbox/health") as url:
        yield url


@pytest.fixture(scope="session")
def intercom_url(home: Path) -> Iterator[str]:
    with running(["sandbox", "intercom"], _folder(home, "intercom"), "/_sandbox/health") as url:
        yield url


def _folder(home: Path, name: str) -> Path:
    folder = home / name
    folder.mkdir()
    return folder


def rows(connection: SnowflakeConnection, statement: str) -> list[tuple[Any, ...]]:
    """Give the rows of a query."""
    return list(connection.cursor().execute(statement).fetchall())
