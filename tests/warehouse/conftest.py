"""An embedded warehouse for the tests: in process for the mends, as a server for what clients see."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fakesnow.instance import FakeSnow

import warehouse
from warehouse.embedded import open_warehouse

REPOSITORY = Path(__file__).resolve().parents[2]

Run = Callable[[str], list[tuple[Any, ...]]]


@pytest.fixture(scope="session")
def session(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Give a session of the mended warehouse without a server."""
    return open_warehouse(tmp_path_factory.mktemp("mended")).connect("MIGRATION", "STAGING")


@pytest.fixture(scope="session")
def mended(session: Any) -> Run:
    """Execute a statement on the mended warehouse and give its rows."""
    return lambda sql: session.cursor().execute(sql).fetchall()


@pytest.fixture
def upstream(tmp_path: Path) -> Run:
    """Execute a statement on fakesnow as it is published: shows what a mend is needed for."""
    connection = FakeSnow(db_path=tmp_path).connect("MIGRATION", "STAGING")
    return lambda sql: connection.cursor().execute(sql).fetchall()


@dataclass
class Server:
    """A served warehouse that can be stopped and started on the same files."""

    home: Path
    process: subprocess.Popen[str] | None = None
    port: int = 0

    def start(self) -> None:
        command = [sys.executable, "-W", "ignore", "-m", "warehouse", "serve"]
        arguments = ["--home", str(self.home), "--port", str(self.port)]
        self.process = subprocess.Popen(
            [*command, *arguments], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline().rsplit(":", 1)[1])
        os.environ["WAREHOUSE_PORT"] = str(self.port)

    def stop(self) -> None:
        assert self.process is not None
        self.process.terminate()
        assert self.process.wait(timeout=20) is not None

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(timeout=20)

    def connect(self) -> Any:
        return warehouse.connect("local", REPOSITORY)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Serve a warehouse on a free port; WAREHOUSE_PORT names it while the module's tests run."""
    before = os.environ.get("WAREHOUSE_PORT")
    served = Server(tmp_path_factory.mktemp("warehouse"))
    served.start()
    yield served
    served.stop()
    if before is None:
        del os.environ["WAREHOUSE_PORT"]
    else:
        os.environ["WAREHOUSE_PORT"] = before
