"""One workspace: what it keeps on disk, and what it remembers only while it runs."""

from collections.abc import Callable
from dataclasses import dataclass, field

from sandbox.intercom import admins, subscriptions, ticket_types
from sandbox.intercom.errors import ApiError
from sandbox.intercom.limits import CallCount, RateLimit
from sandbox.intercom.scroll import Scroll
from sandbox.intercom.store import Store


@dataclass(slots=True)
class Workspace:
    """The state behind the API; clock gives Unix seconds."""

    store: Store
    clock: Callable[[], float]
    limit: RateLimit = field(default_factory=RateLimit)
    scroll: Scroll = field(default_factory=Scroll)
    calls: CallCount = field(default_factory=CallCount)
    failures: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not admins.listed(self.store):
            self._furnish()

    def reset(self) -> None:
        """Go back to a new workspace: one admin, the four ticket states, two subscription types."""
        self.store.clear()
        self.limit, self.scroll = RateLimit(), Scroll()
        self.forget_calls()
        self.failures.clear()
        self._furnish()

    def forget_calls(self) -> None:
        self.calls = CallCount()

    def fail_next(self, status: int, times: int) -> None:
        """Answer the next calls with this status."""
        self.failures.extend([status] * times)

    def raise_failure(self) -> None:
        """Raise the failure that was asked for, if one is left."""
        if self.failures:
            status = self.failures.pop(0)
            code = "service_unavailable" if status == 503 else "server_error"  # noqa: PLR2004
            raise ApiError(status, code, "Sorry, we are having trouble. Please try again")

    def _furnish(self) -> None:
        with self.store.transaction():
            admins.add_admin(self.store, admins.OWNER["name"], admins.OWNER["email"], int(self.clock()))
            ticket_types.add_states(self.store)
            subscriptions.add_types(self.store)
