"""One workspace: what it keeps on disk, and what it remembers only while it runs."""

from collections.abc import Callable
from dataclasses import dataclass, field

from sandbox.faults import Schedule
from sandbox.intercom import admins, subscriptions, ticket_types
from sandbox.intercom.call import Call
from sandbox.intercom.faults import EVENTS, MENU
from sandbox.intercom.limits import CallCount, RateLimit
from sandbox.intercom.scroll import Scroll
from sandbox.intercom.store import Store


@dataclass(slots=True)
class Workspace:
    """The state behind the API; clock gives Unix seconds. `happening`: what somebody does to it before the next answer."""

    store: Store
    clock: Callable[[], float]
    limit: RateLimit = field(default_factory=RateLimit)
    scroll: Scroll = field(default_factory=Scroll)
    calls: CallCount = field(default_factory=CallCount)
    faults: Schedule = field(default_factory=lambda: Schedule(MENU, [*EVENTS]))
    happening: list[Callable[[Store, Call], None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not admins.listed(self.store):
            self._furnish()

    def reset(self) -> None:
        """Go back to a new workspace: one admin, the four ticket states, two subscription types."""
        self.store.clear()
        self.limit, self.scroll = RateLimit(), Scroll()
        self.forget_calls()
        self.faults.clear()
        self._furnish()

    def forget_calls(self) -> None:
        self.calls = CallCount()

    def _furnish(self) -> None:
        with self.store.transaction():
            admins.add_admin(self.store, admins.OWNER["name"], admins.OWNER["email"], int(self.clock()))
            ticket_types.add_states(self.store)
            subscriptions.add_types(self.store)
