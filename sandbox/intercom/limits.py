"""Intercom's rate limit: so many calls a minute, spread over fixed windows of ten seconds.

Source: developers.intercom.com, "Rate limiting" (1,000 a minute means 167 in ten seconds).
"""

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from sandbox.intercom.errors import rate_limit_exceeded

WINDOW_SECONDS = 10


@dataclass(slots=True)
class RateLimit:
    """The calls taken in the current window."""

    window: int = 0
    taken: int = 0

    def take(self, per_minute: int, now: float) -> dict[str, str]:
        """Take one call and give the X-RateLimit headers; raise 429 when the window is used up."""
        limit = math.ceil(per_minute * WINDOW_SECONDS / 60)
        window = int(now) // WINDOW_SECONDS
        if window != self.window:
            self.window, self.taken = window, 0
        refused = self.taken >= limit
        self.taken += not refused
        headers = {
            "X-RateLimit-Limit": str(limit),
            "X-RateLimit-Remaining": str(limit - self.taken),
            "X-RateLimit-Reset": str((window + 1) * WINDOW_SECONDS),
        }
        if refused:
            raise rate_limit_exceeded(limit, headers)
        return headers


@dataclass(slots=True)
class CallCount:
    """How often each operation was called, how often it changed something, and how often the limit stopped it."""

    calls: Counter[str] = field(default_factory=Counter)
    writes: Counter[str] = field(default_factory=Counter)
    rate_limited: int = 0

    def record(self, operation: str, status: int, *, reads: bool) -> None:
        self.calls[operation] += 1
        self.rate_limited += status == 429  # noqa: PLR2004
        if status == 200 and not reads:  # noqa: PLR2004
            self.writes[operation] += 1

    def report(self) -> dict[str, Any]:
        return {"calls": dict(self.calls), "writes": dict(self.writes), "rate_limited": self.rate_limited}
