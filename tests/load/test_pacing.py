"""The limiter against accounts that count calls the way the vendors do, in made-up time."""

import threading
from collections import deque

import pytest

from load.pacing import LATENESS_SECONDS, BusyError, Limiter, Patience, patiently
from load.target import BudgetExhausted, TargetUnavailableError


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds


class RollingAccount:
    """Counts the calls of the last ten seconds, as HubSpot does; others may call too."""

    def __init__(self, clock: Clock, limit: int, others_per_second: float = 0.0) -> None:
        self.clock, self.limit, self.others = clock, limit, others_per_second
        self.seen: deque[float] = deque()
        self.refused = 0

    def call(self) -> int:
        """Take a call; give how many are left."""
        while self.seen and self.seen[0] <= self.clock.now - 10:
            self.seen.popleft()
        used = len(self.seen) + int(self.others * 10)
        if used >= self.limit:
            self.refused += 1
        else:
            self.seen.append(self.clock.now)
            used += 1
        return self.limit - used


def _calls_in(seconds: float, clock: Clock, limiter: Limiter, account: RollingAccount) -> int:
    end, calls = clock.now + seconds, 0
    while True:
        used = limiter.acquire()
        if clock.now >= end:
            return calls
        limiter.learn(used, account.limit, account.call())
        clock.now += 0.005
        calls += 1


def test_a_rolling_window_is_used_up_to_the_free_share() -> None:
    clock = Clock()
    account = RollingAccount(clock, 190)
    limiter = Limiter(100, 10, clock=clock, sleep=clock.sleep)

    calls = _calls_in(100, clock, limiter, account)

    assert account.refused == 0
    assert 0.97 <= calls / 1900 <= 0.985


def test_a_slot_that_a_pause_overtook_is_given_back_once() -> None:
    """While one call waits for its slot, another is refused, and a third starts after the pause: the slot is long gone."""
    clock = Clock()

    def sleep(seconds: float) -> None:
        overtaken = not paused
        paused.append(seconds)
        clock.sleep(seconds)
        if overtaken:
            limiter.pause(100)
            limiter.acquire()

    paused: list[float] = []
    limiter = Limiter(10, 10, clock=clock, sleep=sleep)
    limiter.acquire()

    limiter.acquire()

    assert limiter.calls == 3
    assert clock.now >= 1100


def test_calls_that_begin_long_after_their_slot_fill_the_window_in_which_they_begin() -> None:
    """A busy machine wakes all threads late at once; ten seconds later their slots must not be free too early."""
    clock = Clock()
    account = RollingAccount(clock, 100)
    # Four calls wait for their slots when the machine stops for half a second, now and then.
    waiting: list[float] = []

    def sleep(seconds: float) -> None:
        waiting.append(seconds)
        if len(waiting) % 40 < 4:
            limiter.learn(limiter.acquire(), account.limit, account.call())
        else:
            clock.sleep(seconds)
            clock.now += 0.5 * (len(waiting) % 40 == 4)

    limiter = Limiter(100, 10, share_free=0.0, clock=clock, sleep=sleep)

    calls = _calls_in(100, clock, limiter, account)

    assert calls > 500
    assert account.refused == 0


def test_the_share_is_configurable() -> None:
    clock = Clock()
    account = RollingAccount(clock, 190)

    calls = _calls_in(100, clock, Limiter(190, 10, share_free=0.5, clock=clock, sleep=clock.sleep), account)

    assert 0.48 < calls / 1900 <= 0.51


def test_others_on_the_account_are_made_room_for() -> None:
    clock = Clock()
    account = RollingAccount(clock, 190, others_per_second=6)
    limiter = Limiter(190, 10, clock=clock, sleep=clock.sleep)

    calls = _calls_in(100, clock, limiter, account)

    assert account.refused <= 60
    assert calls > 0.9 * (190 - 60) * 10


def test_a_fixed_window_is_waited_out_when_others_used_it() -> None:
    clock = Clock()
    limiter = Limiter(166, 10, clock=clock, sleep=clock.sleep)

    limiter.learn(limiter.acquire(), 1667, 33, reset_in=4.0)
    limiter.acquire()
    assert clock.now == 1004.0

    limiter.learn(1, 1667, 1600, reset_in=4.0)
    limiter.acquire()
    assert clock.now < 1004.01


def test_the_limit_and_the_window_follow_the_answers() -> None:
    clock = Clock()
    limiter = Limiter(100, 10, share_free=0, clock=clock, sleep=clock.sleep)
    limiter.learn(limiter.acquire(), 3, None, seconds=1)

    for _ in range(3):
        limiter.acquire()

    # Three calls a second: the fourth has to wait until the first is out of the window.
    assert clock.now == pytest.approx(1001.0 + LATENESS_SECONDS)
    assert (limiter.calls, limiter.seconds) == (4, 1)


def test_calls_do_not_start_all_at_once() -> None:
    clock = Clock()
    limiter = Limiter(100, 10, share_free=0, clock=clock, sleep=clock.sleep)

    for _ in range(11):
        limiter.acquire()

    # Ten calls after the first, at twice the pace of a hundred in ten seconds.
    assert clock.now == pytest.approx(1000.5)


def test_a_budget_that_shrank_is_kept_to() -> None:
    clock = Clock()
    limiter = Limiter(10, 10, share_free=0, clock=clock, sleep=clock.sleep)
    for _ in range(10):
        used = limiter.acquire()
        clock.now += 0.5
    started = clock.now - 10 * 0.5

    # Others used six of the ten, so at most four of ours may stand in the window: the seventh has to leave it first.
    limiter.learn(used, 10, -6)
    limiter.acquire()

    assert clock.now == pytest.approx(started + 6 * 0.5 + 10 + LATENESS_SECONDS)


def test_nothing_starts_during_a_pause() -> None:
    clock = Clock()
    limiter = Limiter(100, 10, clock=clock, sleep=clock.sleep)
    limiter.pause(10)
    limiter.pause(3)

    limiter.acquire()

    assert clock.now == 1010.0


def test_the_day_ends_at_the_free_share() -> None:
    limiter = Limiter(100, 10, day_free=0.05)
    limiter.learn_day(650_000, 32_501)
    limiter.acquire()
    limiter.learn_day(650_000, 32_500)

    with pytest.raises(BudgetExhausted, match="32500 of the 650000 calls of the day are left"):
        limiter.acquire()
    assert limiter.calls == 1


def test_threads_share_one_budget() -> None:
    limiter = Limiter(100_000, 60, share_free=0)
    taken: list[int] = []

    def take() -> None:
        for _ in range(10):
            taken.append(limiter.acquire())  # noqa: PERF401  every call is its own moment

    threads = [threading.Thread(target=take) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(taken) == list(range(1, 101))


def test_a_busy_target_is_asked_again() -> None:
    answers = iter([BusyError("locked", 2.0), BusyError("locked"), "done"])

    def call() -> str:
        answer = next(answers)
        if isinstance(answer, BusyError):
            raise answer
        return answer

    assert patiently(call, attempts=3) == "done"


def test_a_target_that_stays_busy_is_unavailable() -> None:
    calls = []

    def call() -> None:
        calls.append(1)
        raise BusyError("status 502")

    with pytest.raises(TargetUnavailableError, match="status 502"):
        patiently(call, attempts=3)
    assert len(calls) == 3


def test_patience_ends_with_unanswered_calls_in_a_row() -> None:
    patience, error = Patience(2), TargetUnavailableError("x")
    patience.unanswered(error)
    patience.answered()
    patience.unanswered(error)

    with pytest.raises(TargetUnavailableError):
        patience.unanswered(error)
