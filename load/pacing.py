"""How fast an account may be called, and how stubbornly: one limiter for all threads, and retries under it."""

import threading
import time
from bisect import insort
from collections import deque
from collections.abc import Callable
from datetime import timedelta
from statistics import median_low
from typing import TypeVar

import stamina

from load.target import BudgetExhausted, TargetUnavailableError

Answer = TypeVar("Answer")

# What is left to the account's other apps, of a window and of a day, unless the settings say otherwise.
SHARE_FREE = 0.02
DAY_FREE = 0.05
# A call may reach the target a little later than the one before it did: a slot is used again only after this.
LATENESS_SECONDS = 0.05
# Calls start at most so much faster than the window allows on average, so that lateness never bunches many.
HASTE = 2.0
# Answers overtake each other, so what others use is the middle of what so many answers say.
ANSWERS = 25


class Limiter:
    """Lets at most so many calls of this account start in any window of so many seconds.

    The budget starts at `calls` and follows what the answers say. `share_free` of it is left to the account's other
    apps; once they use more than that, what they use is left to them too, and the share on top of it. A rolling window
    is the stricter reading, so the same pace also fits an account that counts in fixed windows.
    `day_free`: the share of a day's calls at which the load stops.
    """

    def __init__(
        self,
        calls: int,
        seconds: float,
        *,
        share_free: float = SHARE_FREE,
        day_free: float = DAY_FREE,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._limit = calls
        self._seconds = seconds
        self._share_free = share_free
        self._day_free = day_free
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._started: deque[float] = deque()
        self._others: deque[int] = deque(maxlen=ANSWERS)
        self._paused_until = 0.0
        self._exhausted: str | None = None
        self._calls = 0

    @property
    def calls(self) -> int:
        """How many calls were let through since the start."""
        return self._calls

    @property
    def calls_per_second(self) -> float:
        """How many calls are let through on average, as far as the answers have said."""
        with self._lock:
            return self._budget() / self._seconds

    @property
    def seconds(self) -> float:
        """The length of the window."""
        return self._seconds

    def acquire(self) -> int:
        """Wait until a call may start; give how many calls of ours the window then holds, this one included.

        Raises:
            BudgetExhausted: the day's calls are used up.
        """
        while True:
            with self._lock:
                self._check_day()
                start, used = self._reserve(self._clock())
            if (wait := start - self._clock()) > 0:
                self._sleep(wait)
            with self._lock:
                self._check_day()
                if start >= self._paused_until:
                    self._begin(start)
                    return used
                # A pause came in between.
                self._give_back(start)

    def _begin(self, slot: float) -> None:
        """Count a call. One that begins long after its slot, on a busy machine, has its place in the window only then."""
        self._calls += 1
        now = self._clock()
        if now > slot + LATENESS_SECONDS / 2:
            self._give_back(slot)
            insort(self._started, now)

    def _give_back(self, slot: float) -> None:
        """Free a slot, unless a call that starts after a pause has dropped it already."""
        if slot in self._started:
            self._started.remove(slot)

    def _check_day(self) -> None:
        if self._exhausted is not None:
            raise BudgetExhausted(self._exhausted)

    def _reserve(self, now: float) -> tuple[float, int]:
        """Take the next free slot; give its time and how many calls the window before it then holds."""
        window, budget = self._seconds + LATENESS_SECONDS, self._budget()
        start = max(now, self._paused_until)
        if self._started:
            start = max(start, self._started[-1] + self._seconds / budget / HASTE)
        if len(self._started) >= budget:
            start = max(start, self._started[-budget] + window)
        while self._started and self._started[0] <= start - window:
            self._started.popleft()
        self._started.append(start)
        return start, len(self._started)

    def _budget(self) -> int:
        share = int(self._limit * self._share_free)
        others = median_low(self._others) if self._others else 0
        return max(1, self._limit - share - (others if others > share else 0))

    def learn(
        self,
        used: int,
        limit: int | None,
        remaining: int | None,
        *,
        seconds: float | None = None,
        reset_in: float | None = None,
    ) -> None:
        """Take an answer's headers into account. `used` is what `acquire` gave for the call.

        `seconds`: the window's length, if the answer says it. `reset_in`: seconds until a fixed window ends; when
        little is left of it, the next call waits until then.
        """
        with self._lock:
            self._limit = limit or self._limit
            self._seconds = seconds or self._seconds
            if remaining is None:
                return
            if reset_in is None:
                # What the target counted in the window and we did not start, others did.
                self._others.append(max(0, self._limit - remaining - used))
            elif remaining <= self._limit * self._share_free:
                self._pause(min(reset_in, self._seconds))

    def learn_day(self, limit: int | None, remaining: int | None) -> None:
        """Take the day's numbers into account: no further call once only the free share is left."""
        if limit and remaining is not None and remaining <= limit * self._day_free:
            self.exhaust(
                f"{remaining} of the {limit} calls of the day are left, and the last {self._day_free:.0%} are for others. "
                "Run it again tomorrow: it goes on from here."
            )

    def exhaust(self, message: str) -> None:
        """Let no further call through: every `acquire` raises `BudgetExhausted` with this message."""
        with self._lock:
            self._exhausted = message

    def pause(self, seconds: float) -> None:
        """Let no call start for so many seconds."""
        with self._lock:
            self._pause(seconds)

    def _pause(self, seconds: float) -> None:
        self._paused_until = max(self._paused_until, self._clock() + seconds)


class BusyError(Exception):
    """The target did not take the call now; the same call may succeed after `seconds` (None: a growing pause)."""

    def __init__(self, message: str, seconds: float | None = None) -> None:
        super().__init__(message)
        self.seconds = seconds


def patiently(call: Callable[[], Answer], *, attempts: int, wait_max: float = 10.0) -> Answer:
    """Make a call again while it raises `BusyError`.

    Raises:
        TargetUnavailableError: all attempts were used.
    """
    try:
        for attempt in stamina.retry_context(on=_backoff, attempts=attempts, timeout=None, wait_max=wait_max):
            with attempt:
                return call()
    except BusyError as error:
        raise TargetUnavailableError(f"There is no usable answer: {error}. Run it again later.") from error
    raise AssertionError  # pragma: no cover  stamina ends by returning or raising


def _backoff(error: Exception) -> bool | timedelta:
    if not isinstance(error, BusyError):
        return False
    return True if error.seconds is None else timedelta(seconds=error.seconds)


class Patience:
    """Counts calls in a row that got no answer: one may be the fault of its records, several are the target's."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._in_a_row = 0
        self._lock = threading.Lock()

    def answered(self) -> None:
        """Start to count anew: a call was answered."""
        with self._lock:
            self._in_a_row = 0

    def unanswered(self, error: TargetUnavailableError) -> None:
        """Count a call that got no answer, and raise its error when too many in a row did not."""
        with self._lock:
            self._in_a_row += 1
            lost = self._in_a_row >= self._limit
        if lost:
            raise error
