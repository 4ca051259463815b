"""The embedded warehouse and the stand-ins as processes on free ports, one of each for all tests."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import stamina
from snowflake.connector import SnowflakeConnection

import warehouse

REPOSITORY = Path(__file__).resolve().parents[2]
START_SECONDS = 60


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
    with _served(
        ["-m", "warehouse", "serve", "--home", str(home / "warehouse")], "_warehouse/health"
    ) as port:
        yield port


@pytest.fixture(scope="session")
def _connected(warehouse_port: int) -> Iterator[SnowflakeConnection]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WAREHOUSE_PORT", str(warehouse_port))
        connection = warehouse.connect("local", REPOSITORY)
    warehouse.setup(connection)
    yield connection
    connection.close()


@pytest.fixture
def connection(_connected: SnowflakeConnection) -> SnowflakeConnection:
    """Give a warehouse that is set up and empty."""
    tables = rows(
        _connected,
        "select table_schema, table_name from information_schema.tables "
        "where table_schema like 'RAW%' or table_schema = 'OPS'",
    )
    for schema, table in tables:
        made_by_extract = schema == "RAW_SALESFORCE" and not table.startswith("_")
        action = "drop table" if made_by_extract else "delete from"
        _connected.cursor().execute(f'{action} {schema}."{table}"')
    return _connected


@pytest.fixture(scope="session")
def salesforce_url(home: Path) -> Iterator[str]:
    with _served(
        ["-m", "sandbox", "salesforce", "--home", str(home / "salesforce")], "_sandbox/health"
    ) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="session")
def hubspot_url(home: Path) -> Iterator[str]:
    with _served(["-m", "sandbox", "hubspot", "--home", str(home / "hubspot")], "_sandbox/health") as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="session")
def intercom_url(home: Path) -> Iterator[str]:
    with _served(["-m", "sandbox", "intercom", "--home", str(home / "intercom")], "_sandbox/health") as port:
        yield f"http://127.0.0.1:{port}"


@contextmanager
def _served(command: Sequence[str], health: str) -> Iterator[int]:
    port = _free_port()
    server = subprocess.Popen([sys.executable, "-W", "ignore", *command, "--port", str(port)], cwd=REPOSITORY)
    try:
        _wait_until_up(server, f"http://127.0.0.1:{port}/{health}")
        yield port
    finally:
        server.terminate()
        server.wait(timeout=20)


def _wait_until_up(server: subprocess.Popen[bytes], url: str) -> None:
    for _ in range(START_SECONDS * 10):
        if server.poll() is not None:
            pytest.fail(f"{server.args!r} ended with {server.returncode}")
        try:
            if httpx.get(url).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    pytest.fail(f"{server.args!r} did not answer within {START_SECONDS} s")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def rows(connection: SnowflakeConnection, statement: str) -> list[tuple[Any, ...]]:
    """Give the rows of a query."""
    return list(connection.cursor().execute(statement).fetchall())
