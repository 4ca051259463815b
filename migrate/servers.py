"""Background servers on loopback: start one, wait until it answers, stop the one that was started, by its id."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
import requests

from migrate.errors import SetupError
from migrate.settings import Settings

START_SECONDS = 60
STOP_SECONDS = 15


@dataclass(frozen=True, slots=True)
class Server:
    """What to run, where it listens, how to see that it is well, and the folder for its process id and log."""

    name: str
    arguments: Sequence[str]
    port: int
    health: str
    port_variable: str
    folder: Path

    @property
    def url(self) -> str:
        """Give the address of the server."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def record(self) -> Path:
        """Give the file that holds the process id while the server runs."""
        return self.folder / f"{self.name}.json"

    @property
    def log(self) -> Path:
        """Give the file that takes what the server prints."""
        return self.folder / f"{self.name}.log"


def warehouse(settings: Settings) -> Server:
    """Describe the embedded warehouse."""
    home = settings.home / "warehouse"
    return Server(
        name="warehouse",
        arguments=["warehouse", "serve", "--home", str(home), "--port", str(settings.warehouse_port)],
        port=settings.warehouse_port,
        health="/_warehouse/health",
        port_variable="WAREHOUSE_PORT",
        folder=settings.home / "servers",
    )


def stand_ins(settings: Settings) -> list[Server]:
    """Describe the three stand-ins."""
    return [_stand_in(settings, vendor) for vendor in ("salesforce", "hubspot", "intercom")]


def start(server: Server) -> bool:
    """Start the server unless it runs already; return whether it was started.

    Raises:
        SetupError: the port is taken by another program, or the server did not come up.
    """
    if _process(server) and _recorded_port(server) == server.port:
        _wait_until_well(server)
        return False
    stop(server)
    _refuse_a_taken_port(server)
    server.folder.mkdir(parents=True, exist_ok=True)
    with server.log.open("w") as log:
        process = subprocess.Popen(  # noqa: S603  # our own modules with our own arguments
            [sys.executable, "-m", *server.arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
    record = {"pid": process.pid, "created": psutil.Process(process.pid).create_time(), "port": server.port}
    server.record.write_text(json.dumps(record))
    _wait_until_well(server, process)
    return True


def stop(server: Server) -> bool:
    """Stop the server if it was started here; return whether there was one."""
    process = _process(server)
    server.record.unlink(missing_ok=True)
    if process is None:
        return False
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except psutil.TimeoutExpired:
        process.kill()
        process.wait(STOP_SECONDS)
    return True


def is_running(server: Server) -> bool:
    """Say whether the server that was started here still runs."""
    return _process(server) is not None


def _stand_in(settings: Settings, vendor: str) -> Server:
    port = settings.sandbox_port(vendor)
    home = settings.home / "sandbox" / vendor
    return Server(
        name=vendor,
        arguments=["sandbox", vendor, "--port", str(port), "--home", str(home)],
        port=port,
        health="/_sandbox/health",
        port_variable=f"SANDBOX_{vendor.upper()}_PORT",
        folder=settings.home / "servers",
    )


def _process(server: Server) -> psutil.Process | None:
    """Find the process that was recorded; a later process with the same id is not it."""
    try:
        record = json.loads(server.record.read_text())
        process = psutil.Process(record["pid"])
        same = abs(process.create_time() - record["created"]) < 1
    except (FileNotFoundError, json.JSONDecodeError, KeyError, psutil.NoSuchProcess):
        return None
    return process if same and process.status() != psutil.STATUS_ZOMBIE else None


def _recorded_port(server: Server) -> int:
    port: int = json.loads(server.record.read_text())["port"]
    return port


def _refuse_a_taken_port(server: Server) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", server.port))
        except OSError as error:
            raise SetupError(
                f"Port {server.port} for {server.name} is taken by another program. "
                f"Stop that program, or set {server.port_variable} to a free port."
            ) from error


def _wait_until_well(server: Server, process: subprocess.Popen[bytes] | None = None) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        try:
            if requests.get(server.url + server.health, timeout=5).ok:
                return
        except requests.RequestException:
            pass
        if process and process.poll() is not None:
            break
        time.sleep(0.1)
    server.record.unlink(missing_ok=True)
    if process:
        process.kill()
    raise SetupError(f"{server.name} did not start; its log {server.log} ends:\n{_tail(server.log)}")


def _tail(log: Path, lines: int = 8) -> str:
    return "\n".join(log.read_text().splitlines()[-lines:])
