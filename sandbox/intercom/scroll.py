"""The scroll over all companies: one for the whole workspace, and it dies after a minute without a call."""

import uuid
from dataclasses import dataclass

from sandbox.intercom.errors import ApiError, not_found

IDLE_SECONDS = 60


@dataclass(slots=True)
class Scroll:
    """The one open scroll, if there is one. It is not kept on disk: a restart loses it, as a failure at Intercom does."""

    parameter: str = ""
    last_seq: int = 0
    used_at: float = 0.0

    def open(self, now: float) -> None:
        """Start a scroll; raise 400 `scroll_exists` while another one lives."""
        if self._lives(now):
            raise ApiError(400, "scroll_exists", "scroll already exists for this workspace")
        self.parameter, self.last_seq, self.used_at = str(uuid.uuid4()), 0, now

    def resume(self, parameter: str, now: float) -> None:
        """Go on with the open scroll; raise 404 when it is another one or has died."""
        if parameter != self.parameter or not self._lives(now):
            raise not_found("scroll parameter not found")
        self.used_at = now

    def close(self) -> None:
        self.parameter = ""

    def _lives(self, now: float) -> bool:
        return bool(self.parameter) and now - self.used_at < IDLE_SECONDS
