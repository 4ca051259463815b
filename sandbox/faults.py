"""What goes wrong, on a schedule: the same for every stand-in, given as a list or drawn from a seed.

`POST /_sandbox/faults` takes one fault, `{"faults": [...]}`, or `{"seed": 7, "count": 12, "calls": 60}`, which draws
that many from the vendor's menu and spreads them over so many calls; `DELETE` forgets what is still to come.
"""

import asyncio
import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send


@dataclass(slots=True)
class Fault:
    """What happens to `times` calls whose "METHOD path" holds `path`, or ends with it before a $, once `skip` went by.

    status: answer with it; `headers` go with the answer, `policy` names the limit that a 429 is about.
    cut: end the connection instead of answering.
    done: with either, let the call do its work first, so that only the answer is lost.
    seconds: wait so long first; alone, the call is merely slow.
    event: what somebody else does to the account just before the call, one of the vendor's own.
    refuse: the category with which one record of a batch is refused, where the vendor has batches.
    """

    path: str = ""
    skip: int = 0
    times: int = 1
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    policy: str = ""
    cut: bool = False
    done: bool = False
    seconds: float = 0.0
    event: str = ""
    refuse: str = ""

    @property
    def answers(self) -> bool:
        """Say whether the call gets no answer of its own."""
        return bool(self.status) or self.cut

    def due(self, call: str) -> bool:
        """Say whether this call is one to strike, counting it if it is one to pass by."""
        if self.times <= 0 or not self._is_meant(call):
            return False
        self.skip -= 1
        return self.skip < 0

    def _is_meant(self, call: str) -> bool:
        wanted = self.path.removesuffix("$")
        return call.endswith(wanted) if self.path.endswith("$") else wanted in call


class Schedule:
    """The faults that are still to come. `menu`: what a seed draws from; `events`: the vendor's names for events."""

    def __init__(self, menu: Sequence[Fault], events: Sequence[str] = ()) -> None:
        self._menu = menu
        self._events = events
        self._coming: list[Fault] = []

    def plan(self, asked: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Add what a call of the control route asks for; give all that is still to come.

        Raises:
            ValueError: it asks for something that there is not; the message says what there is.
        """
        self._coming += self._drawn(asked) if "seed" in asked else self._listed(asked)
        return [asdict(fault) for fault in self._coming if fault.times > 0]

    def clear(self) -> None:
        """Forget what is still to come."""
        self._coming.clear()

    def take(self, call: str) -> Fault | None:
        """Give the fault that strikes this "METHOD path", if any."""
        due = [fault for fault in self._coming if fault.due(call)]
        for fault in due[1:]:
            # One call, one fault: the others strike the next ones.
            fault.skip = 0
        if due:
            due[0].times -= 1
        return due[0] if due else None

    def _listed(self, asked: Mapping[str, Any]) -> list[Fault]:
        try:
            faults = [Fault(**each) for each in asked.get("faults", [asked])]
        except TypeError:
            raise ValueError(f"a fault has {', '.join(Fault.__slots__)}") from None
        unknown = {fault.event for fault in faults} - {"", *self._events}
        if unknown:
            raise ValueError(f"no event {', '.join(unknown)}; there are {', '.join(self._events)}")
        return faults

    def _drawn(self, asked: Mapping[str, Any]) -> list[Fault]:
        if unknown := asked.keys() - {"seed", "count", "calls"}:
            raise ValueError(f"a seeded schedule has seed, count and calls, not {', '.join(unknown)}")
        dice = random.Random(asked["seed"])  # noqa: S311  reproducible, no secret
        calls = int(asked.get("calls", 60))
        return [
            replace(dice.choice(self._menu), skip=dice.randrange(calls))
            for _ in range(int(asked.get("count", 10)))
        ]


async def strike(
    fault: Fault, app: ASGIApp, scope: Scope, receive: Receive, send: Send, refusal: ASGIApp
) -> None:
    """Do to a call what the fault says; `refusal` answers with the fault's status in the vendor's words."""
    await asyncio.sleep(fault.seconds)
    if not fault.answers:
        await app(scope, receive, send)
        return
    if fault.done:
        await app(scope, receive, _lose)
    if fault.cut:
        await cut(receive)
    else:
        await refusal(scope, receive, send)


async def cut(receive: Receive) -> None:
    """Close the caller's connection. ASGI has no word for it, so uvicorn's own object is asked."""
    transport = getattr(getattr(receive, "__self__", None), "transport", None)
    if transport is None:
        raise ConnectionResetError("the connection is cut")
    transport.abort()
    while (await receive())["type"] != "http.disconnect":
        pass


async def _lose(_message: Message) -> None:
    """Lose an answer."""
