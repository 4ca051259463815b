"""Serve one stand-in on loopback: `python -m sandbox salesforce --port 8461 --home .local/sandbox/salesforce`."""

import argparse
import importlib
from email.utils import formatdate
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.zero_copy import with_zero_copy

VENDORS = ("salesforce", "hubspot", "intercom")


def main() -> None:
    """Read the arguments and serve until stopped."""
    parser = argparse.ArgumentParser(
        prog="python -m sandbox", description="Serve one vendor's stand-in on 127.0.0.1."
    )
    parser.add_argument("vendor", choices=VENDORS)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--home", type=Path, required=True, help="folder that holds the stand-in's state")
    arguments = parser.parse_args()
    arguments.home.mkdir(parents=True, exist_ok=True)
    app = importlib.import_module(f"sandbox.{arguments.vendor}.app").create_app(arguments.home)
    uvicorn.run(
        with_zero_copy(dated(app)),
        host="127.0.0.1",
        port=arguments.port,
        log_level="warning",
        access_log=False,
        date_header=False,
    )


def dated(app: ASGIApp) -> ASGIApp:
    """Say the time of each answer: clients take the vendor's clock from it, and uvicorn's own is up to a second late."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"date", formatdate(usegmt=True).encode())]
            await send(message)

        await app(scope, receive, send_dated)

    return answer


if __name__ == "__main__":
    main()
