"""Real servers on free loopback ports, each a process of its own for the length of a test run."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

REPOSITORY = Path(__file__).resolve().parents[1]
PATIENCE_SECONDS = 120


@contextmanager
def running(arguments: list[str], home: Path, health: str) -> Iterator[str]:
    """Run `python -m ARGUMENTS --home HOME --port FREE`, wait until it is healthy, give its address, and stop it."""
    port = free_port()
    command = [sys.executable, "-m", *arguments, "--home", str(home), "--port", str(port)]
    address = f"http://127.0.0.1:{port}"
    with (home / "server.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=REPOSITORY, stdout=log, stderr=log, env={**os.environ})
    try:
        _wait(process, address + health, home / "server.log")
        yield address
    finally:
        process.terminate()
        process.wait(PATIENCE_SECONDS)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait(process: subprocess.Popen[bytes], health: str, log: Path) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            if httpx.get(health, timeout=1).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise RuntimeError(f"no server at {health}: {log.read_text()[-2000:]}")
