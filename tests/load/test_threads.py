"""Work in threads: bounded, in any order, and no answer lost when something goes wrong."""

import threading
from collections.abc import Iterator

import pytest

from load.threads import CutShort, concurrently, side_by_side


def _gather(answers: list[int], coming: Iterator[list[int]]) -> None:
    for several in coming:
        answers += several


def test_every_item_is_answered_once() -> None:
    answers = [answer for several in concurrently(lambda n: n * n, range(1000), 8) for answer in several]

    assert sorted(answers) == [n * n for n in range(1000)]


def test_items_are_taken_as_they_are_needed() -> None:
    taken: list[int] = []
    gate = threading.Event()

    def items() -> Iterator[int]:
        for n in range(1000):
            taken.append(n)
            yield n

    coming = concurrently(lambda n: gate.wait() and n, items(), 4)
    threading.Timer(0.1, gate.set).start()
    next(coming)
    ahead = len(taken)
    coming.close()

    assert ahead <= 8


def test_an_error_of_the_work_comes_after_the_answers_under_way() -> None:
    together = threading.Barrier(4)
    started: list[int] = []

    def work(n: int) -> int:
        started.append(n)
        if n < 4:
            together.wait()
        if n == 2:
            raise ValueError("two")
        return n

    answers: list[int] = []
    with pytest.raises(ValueError, match="two"):
        _gather(answers, concurrently(work, range(1000), 4))

    assert sorted(answers) == sorted(n for n in started if n != 2)
    assert len(started) < 50


def test_an_error_of_the_items_comes_after_the_answers_under_way() -> None:
    def items() -> Iterator[int]:
        yield from range(3)
        raise RuntimeError("the warehouse is gone")

    answers: list[int] = []
    with pytest.raises(RuntimeError, match="gone"):
        _gather(answers, concurrently(lambda n: n, items(), 4))

    assert sorted(answers) == [0, 1, 2]


def test_ctrl_c_keeps_the_answers_under_way() -> None:
    def items() -> Iterator[int]:
        yield from range(3)
        raise KeyboardInterrupt

    answers: list[int] = []
    with pytest.raises(KeyboardInterrupt):
        _gather(answers, concurrently(lambda n: n, items(), 2))

    assert sorted(answers) == [0, 1, 2]


def test_what_work_answered_before_its_error_is_kept() -> None:
    def work(n: int) -> int:
        if n == 3:
            raise CutShort(30, ValueError("three"))
        return n

    answers: list[int] = []
    with pytest.raises(ValueError, match="three"):
        _gather(answers, concurrently(work, range(4), 1))

    assert 30 in answers


def test_lanes_run_side_by_side_and_one_that_ends_early_leaves_the_others_alone() -> None:
    meeting, done = threading.Barrier(2, timeout=10), threading.Event()

    def failing(_: threading.Event) -> None:
        meeting.wait()
        raise LookupError("the first")

    def working(stop: threading.Event) -> None:
        meeting.wait()
        assert not stop.wait(0.2)
        done.set()

    with pytest.raises(LookupError, match="the first"):
        side_by_side([failing, working], LookupError)
    assert done.is_set()


def test_an_unforeseen_error_in_a_lane_stops_the_others() -> None:
    def failing(_: threading.Event) -> None:
        raise OSError("the disk is full")

    def working(stop: threading.Event) -> None:
        assert stop.wait(10)
        raise LookupError("stopped")

    with pytest.raises(OSError, match="the disk is full") as raised:
        side_by_side([failing, working], LookupError)
    assert raised.value.__notes__ == ["stopped"]


def test_a_single_lane_runs_here() -> None:
    threads: list[threading.Thread] = []

    side_by_side([lambda _: threads.append(threading.current_thread())], LookupError)

    assert threads == [threading.current_thread()]
