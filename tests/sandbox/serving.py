"""Run an ASGI application on a free loopback port for the length of a test."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

PATIENCE_SECONDS = 10


@contextmanager
def serve(app: ASGIApp) -> Iterator[str]:
    """Serve `app` from a thread by a real HTTP server; give its address, without a slash at the end."""
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", access_log=False)
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{_port(server)}"
    finally:
        server.should_exit = True
        thread.join(PATIENCE_SECONDS)


def _port(server: uvicorn.Server) -> int:
    until = time.monotonic() + PATIENCE_SECONDS
    while not server.started:
        if time.monotonic() > until:
            raise RuntimeError("the server did not start")
        time.sleep(0.005)
    port: int = server.servers[0].sockets[0].getsockname()[1]
    return port
