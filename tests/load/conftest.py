"""The servers that the loader's tests talk to: an embedded warehouse and the stand-ins of both targets."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import stamina

import warehouse
from load.feeds import Feed, feeds
from load.hubspot import HubSpot
from load.intercom import Intercom
from tests import servers
from tests.load import marts


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    """Repeat failed calls at once, and four times at most."""
    stamina.set_testing(True, attempts=4, cap=True)
    yield
    stamina.set_testing(False)


@pytest.fixture(scope="session")
def warehouse_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with servers.running(
        ["warehouse", "serve"], tmp_path_factory.mktemp("warehouse"), "/_warehouse/health"
    ) as url:
        yield url


@pytest.fixture(scope="session")
def hubspot_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with servers.running(
        ["sandbox", "hubspot"], tmp_path_factory.mktemp("hubspot"), "/_sandbox/health"
    ) as url:
        yield url


@pytest.fixture(scope="session")
def intercom_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with servers.running(
        ["sandbox", "intercom"], tmp_path_factory.mktemp("intercom"), "/_sandbox/health"
    ) as url:
        yield url


@pytest.fixture
def hubspot(hubspot_address: str) -> HubSpot:
    httpx.post(f"{hubspot_address}/_sandbox/reset").raise_for_status()
    limits = {"ten_secondly": 100_000, "daily": 10_000_000, "latency_ms": 0}
    httpx.post(f"{hubspot_address}/_sandbox/limits", json=limits).raise_for_status()
    return HubSpot(hubspot_address, marts.HUBSPOT_TOKEN, expected_account="8462001")


@pytest.fixture
def intercom(intercom_address: str) -> Intercom:
    httpx.post(f"{intercom_address}/_sandbox/reset").raise_for_status()
    httpx.post(
        f"{intercom_address}/_sandbox/limits", json={"requests_per_minute": 1_000_000}
    ).raise_for_status()
    httpx.post(f"{intercom_address}/_sandbox/latency", json={"search_lag_seconds": 0}).raise_for_status()
    return Intercom(intercom_address, marts.INTERCOM_TOKEN, expected_workspace="acme8463", search_lag=0)


@pytest.fixture(scope="session")
def _session(warehouse_address: str) -> Iterator[Any]:
    port = warehouse_address.rpartition(":")[2]
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("WAREHOUSE_PORT", port)
        connection = warehouse.connect("local", servers.REPOSITORY)
        warehouse.setup(connection)
        marts.create_tables(connection, marts.company_manifest())
        yield connection
        connection.close()


@pytest.fixture
def connection(_session: Any) -> Any:
    """Give a warehouse whose marts and OPS tables are empty."""
    marts.empty(_session)
    return _session


@pytest.fixture
def declared() -> list[Feed]:
    return feeds(marts.company_manifest())


@pytest.fixture
def spool_dir(tmp_path: Path) -> Path:
    return tmp_path / "spool"
