"""The embedded warehouse: a fakesnow server on loopback whose databases are files."""

import contextlib
import gc
import logging
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import duckdb
import fakesnow.server
import fakesnow.transforms.stage
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from warehouse.mends import closing
from warehouse.mends.answer_once import answered_once
from warehouse.mends.downloads import downloading
from warehouse.mends.session import Warehouse

OBJECTS_BETWEEN_COLLECTIONS = 50_000


class CannotServeError(RuntimeError):
    """The port or the data folder is taken; the message says which and what to do."""


def serve(home: Path, port: int) -> None:
    """Serve the databases in `home` on 127.0.0.1:`port` until stopped.

    Raises:
        CannotServeError: another process has the port or the data folder.
    """
    listener = _listen(port)
    app = create_app(home)
    _be_quiet()
    _collect_seldom()
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)  # noqa: T201  says that it is ready
    uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False)).run(sockets=[listener])


def create_app(home: Path) -> Starlette:
    """Open the databases in `home` (made if absent) and give the web application that serves them.

    fakesnow keeps its databases in one module-level variable, so a process can serve one home.

    Raises:
        CannotServeError: another process has the data folder open.
    """
    warehouse = open_warehouse(home)
    fakesnow.server.shared_fs = warehouse
    fakesnow.transforms.stage.LOCAL_BUCKET_PATH = str((home / "stages").resolve())

    @contextlib.asynccontextmanager
    async def close_at_end(_: Starlette) -> AsyncIterator[None]:
        yield
        closing.close_all()
        warehouse.duck_conn.close()

    # Starlette takes the first route that fits: these stand before upstream's of the same paths.
    mended = [
        Route(
            "/queries/v1/query-request",
            downloading(answered_once(fakesnow.server.query_request)),
            methods=["POST"],
        ),
        Route("/session/v1/login-request", closing.login, methods=["POST"]),
        Route("/session", closing.close, methods=["POST"]),
        Route("/_warehouse/health", health),
    ]
    return Starlette(routes=[*mended, *fakesnow.server.routes], lifespan=close_at_end)


async def health(_: Request) -> JSONResponse:
    """Say that the warehouse answers."""
    return JSONResponse({"status": "ok"})


def open_warehouse(home: Path) -> Warehouse:
    """Open the databases in `home`, creating the project's own on the first time."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "stages").mkdir(exist_ok=True)
    try:
        return Warehouse(home)
    except duckdb.IOException as error:
        raise CannotServeError(
            f"The warehouse files in {home} are open in another process: stop it, or use another folder."
        ) from error


def _be_quiet() -> None:
    """Keep statements, and with them people's data, out of the log; the client is told what failed."""
    logging.getLogger("sqlglot").setLevel(logging.ERROR)
    logging.getLogger("fakesnow.server").setLevel(logging.CRITICAL)


def _collect_seldom() -> None:
    """Look for garbage seldom, and not in what is there from the start.

    Each statement is a tree of thousands of nodes that point to each other; looking through them took a fifth of the time.
    """
    gc.freeze()
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS, 20, 20)


def _listen(port: int) -> socket.socket:
    # asyncio turns Nagle's algorithm off only where the protocol is named; else every answer waits 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen()
    except OSError as error:
        listener.close()
        raise CannotServeError(
            f"Port {port} is taken: stop what listens there, or choose another with WAREHOUSE_PORT."
        ) from error
    return listener
