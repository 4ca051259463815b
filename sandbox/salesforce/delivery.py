"""How result pages travel: as bytes of a file, packed or not, whole or in chunks, as fast as the network lets them."""

import asyncio
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from sandbox.faults import cut
from sandbox.salesforce.results import Span
from sandbox.zero_copy import EXTENSION

# Read and packed at once.
PIECE_BYTES = 256 * 1024
# What may happen to a page on its way: the connection ends in the middle, the bytes come slowly, the page ends early
# and yet properly, or its last record is missing.
DAMAGES = ("cut_page", "slow_page", "truncated_page", "short_page")
SLOW_BYTES_PER_SECOND = 50_000
# How often in a second a slow page gets its next bytes.
STEPS = 20


@dataclass(slots=True)
class Delivery:
    """What the way to the client does to a page; POST /_sandbox/delivery changes any of these by name.

    `gzip` packs a page for a client that takes it packed, `charset` says UTF-8 in Content-Type, `chunked` leaves the
    length unsaid, `bytes_per_second` is the most that one connection carries (0: as fast as it goes).
    """

    gzip: bool = True
    charset: bool = True
    chunked: bool = False
    bytes_per_second: int = 0


class FileResponse(Response):
    """Parts of a file, one behind the other."""

    def __init__(
        self,
        file: Path,
        spans: Sequence[Span],
        headers: Mapping[str, str],
        delivery: Delivery,
        *,
        packed: bool,
    ) -> None:
        super().__init__(headers=dict(headers))
        self.file = file
        self.spans = spans
        self.packed = packed and delivery.gzip
        self.delivery = delivery
        del self.headers["Content-Length"]
        if self.packed:
            self.headers["Content-Encoding"] = "gzip"
        elif not delivery.chunked:
            self.headers["Content-Length"] = str(sum(each.count for each in spans))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        fault = scope.get("fault")
        if fault in {"cut_page", "truncated_page"} and self.spans[-1].count:
            # Without a length, nothing but its content tells that a page is not whole.
            del self.headers["Content-Length"]
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        copied = EXTENSION in (scope.get("extensions") or {}) and "Content-Length" in self.headers
        pace = Pace(SLOW_BYTES_PER_SECOND if fault == "slow_page" else self.delivery.bytes_per_second)
        with self.file.open("rb") as file:
            parts: Iterable[Span | bytes] = (
                self._spans(pace.step) if copied else self._pieces(file, pace.step)
            )
            for part in _first_half(parts) if fault in {"cut_page", "truncated_page"} else parts:
                await pace.wait()
                await send(_message(file, part))
                pace.spend(part.count if isinstance(part, Span) else len(part))
        if fault == "cut_page":
            await cut(receive)
        else:
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _spans(self, step: int) -> Iterator[Span]:
        """Give the spans, none longer than a step where there is one."""
        for span in self.spans:
            for offset in range(span.offset, span.offset + span.count, step or span.count or 1):
                yield Span(offset, min(step or span.count, span.offset + span.count - offset))

    def _pieces(self, file: BinaryIO, step: int) -> Iterator[bytes]:
        packer = zlib.compressobj(level=1, wbits=zlib.MAX_WBITS | 16)
        for span in self._spans(min(step, PIECE_BYTES) or PIECE_BYTES):
            file.seek(span.offset)
            piece = file.read(span.count)
            yield packer.compress(piece) if self.packed else piece
        yield packer.flush() if self.packed else b""


class Pace:
    """Waits as long as bytes would have taken at so many a second; 0 is no limit."""

    def __init__(self, bytes_per_second: int) -> None:
        self.rate = bytes_per_second
        self.step = max(bytes_per_second // STEPS, 1) if bytes_per_second else 0
        self._began = time.monotonic()
        self._spent = 0

    def spend(self, count: int) -> None:
        self._spent += count

    async def wait(self) -> None:
        if self.rate:
            await asyncio.sleep(self._began + self._spent / self.rate - time.monotonic())


def _first_half(parts: Iterable[Span | bytes]) -> Iterator[bytes]:
    whole = b"".join(part for part in parts if isinstance(part, bytes))
    yield whole[: len(whole) // 2]


def _message(file: BinaryIO, part: Span | bytes) -> Message:
    if isinstance(part, bytes):
        return {"type": "http.response.body", "body": part, "more_body": True}
    return {"type": EXTENSION, "file": file, "offset": part.offset, "count": part.count, "more_body": True}
