"""Work in threads: bounded, in any order, and no answer lost when something goes wrong."""

import threading
from collections.abc import Iterator

import pytest

from load.threads import concurrently


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
