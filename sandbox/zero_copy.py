"""Files that go from the disk to the socket inside the kernel, so that a stand-in costs a benchmark almost nothing.

The ASGI extension "http.response.zerocopysend", which uvicorn leaves out:
https://asgi.readthedocs.io/en/stable/extensions.html#zero-copy-send
"""

import asyncio
import contextlib
from typing import Any

import h11
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import RequestResponseCycle

EXTENSION = "http.response.zerocopysend"


def with_zero_copy(app: ASGIApp) -> ASGIApp:
    """Offer the extension to `app` where uvicorn speaks HTTP by h11; must be the outermost layer."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        cycle: Any = getattr(send, "__self__", None)
        if not isinstance(cycle, RequestResponseCycle):
            await app(scope, receive, send)
            return

        async def send_any(message: Message) -> None:
            await (_copy(cycle, message) if message["type"] == EXTENSION else send(message))

        extensions = {**(scope.get("extensions") or {}), EXTENSION: {}}
        await app({**scope, "extensions": extensions}, receive, send_any)

    return answer


async def _copy(cycle: RequestResponseCycle, message: Message) -> None:
    """Let the kernel send `count` bytes of `file` from `offset`; nothing when the client has left."""
    if cycle.disconnected:
        return
    # h11 must count the bytes that it does not see.
    cycle.conn.send_with_data_passthrough(h11.Data(data=_Bytes(message["count"])))  # type: ignore[arg-type]
    loop = asyncio.get_running_loop()
    with contextlib.suppress(ConnectionError):
        await loop.sendfile(
            cycle.transport, message["file"], message["offset"], message["count"], fallback=False
        )


class _Bytes:
    """So many bytes, which are elsewhere."""

    def __init__(self, count: int) -> None:
        self.count = count

    def __len__(self) -> int:
        return self.count
