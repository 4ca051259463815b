"""Work in a few threads, answers as they come; independent lines of work side by side."""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class CutShort(Exception):  # noqa: N818  the error is `error`
    """Work that ended early: what it had answered by then, and the error that ended it."""

    def __init__(self, answer: Any, error: BaseException) -> None:
        super().__init__(str(error))
        self.answer = answer
        self.error = error


def concurrently(
    work: Callable[[Item], Answer], items: Iterable[Item], threads: int
) -> Iterator[list[Answer]]:
    """Call `work` on every item in `threads` threads; yield lists of answers in the order they come.

    Items are taken at most as many ahead as there are threads, so any number of them fits in memory. When `work`
    or `items` raises, or Ctrl-C comes while waiting, nothing new starts, the answers of what is under way are yielded,
    and then the first error is raised: no answer is lost, not even those that
    `work` hands over in a `CutShort`. A second Ctrl-C does not wait for them.
    """
    crew = _Crew(work, iter(items), threads)
    try:
        while crew.start():
            answers = crew.wait()
            if answers:
                yield answers
    finally:
        crew.pool.shutdown(cancel_futures=True)
    if crew.error is not None:
        raise crew.error


class _Crew(Generic[Item, Answer]):
    def __init__(self, work: Callable[[Item], Answer], items: Iterator[Item], threads: int) -> None:
        self.pool = ThreadPoolExecutor(threads, thread_name_prefix="load")
        self.running: set[Future[Answer]] = set()
        self.error: BaseException | None = None
        self._one_ended = threading.Event()
        self._work = work
        self._items = items
        self._most = 2 * threads

    def start(self) -> bool:
        """Start what there is room for; say whether anything runs."""
        try:
            while self.error is None and len(self.running) < self._most:
                future = self.pool.submit(self._work, next(self._items))
                future.add_done_callback(lambda _: self._one_ended.set())
                self.running.add(future)
        except StopIteration:
            self._most = 0
        except BaseException as error:  # noqa: BLE001  raised again when the answers are in
            self._stop(error)
        return bool(self.running)

    def wait(self) -> list[Answer]:
        """Wait for the next answers; an error among them stops the start of more."""
        try:
            # An event for all of them: `concurrent.futures.wait` takes each one's lock twice, for every answer.
            while not (done := {future for future in self.running if future.done()}):
                self._one_ended.wait()
                self._one_ended.clear()
        except KeyboardInterrupt as error:
            if self.error is not None:
                raise
            self._stop(error)
            return []
        self.running -= done
        return [answer for future in done for answer in self._answer(future)]

    def _answer(self, future: Future[Answer]) -> list[Answer]:
        """Give what one piece of work answered; an error stops the start of more."""
        error = future.exception()
        if error is None:
            return [future.result()]
        self._stop(error.error if isinstance(error, CutShort) else error)
        return [error.answer] if isinstance(error, CutShort) else []

    def _stop(self, error: BaseException) -> None:
        self.error = self.error or error
        self.running -= {future for future in self.running if future.cancel()}


Lane = Callable[[threading.Event], None]


def side_by_side(lanes: Sequence[Lane], harmless: type[Exception]) -> None:
    """Run each lane in a thread of its own, a single one in this thread, until all have ended.

    A lane that raises `harmless` leaves the others alone. After any other error, and after Ctrl-C, the event that each
    lane is given is set, and it should end soon. Then the first error is raised, with the others' messages as notes.
    """
    stop = threading.Event()
    if len(lanes) == 1:
        lanes[0](stop)
        return
    with ThreadPoolExecutor(max(1, len(lanes)), thread_name_prefix="lane") as pool:
        running = {pool.submit(lane, stop) for lane in lanes}
        try:
            ended = _wait(running, harmless, stop)
        except BaseException:
            stop.set()
            raise
    errors = [error for error in (lane.exception() for lane in ended) if error is not None]
    for error in errors[1:]:
        errors[0].add_note(str(error))
    if errors:
        raise errors[0]


def _wait(running: set[Future[None]], harmless: type[Exception], stop: threading.Event) -> list[Future[None]]:
    """Give the lanes in the order in which they ended."""
    ended: list[Future[None]] = []
    while running:
        done, running = wait(running, return_when=FIRST_EXCEPTION)
        ended += done
        if any(not isinstance(lane.exception(), harmless | None) for lane in done):
            stop.set()
    return ended


class Turns:
    """A connection that several threads share: one of them has a cursor at a time."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._turn = threading.Lock()

    @contextmanager
    def cursor(self) -> Iterator[Any]:
        """Give a cursor; the other threads wait until it is given back."""
        with self._turn, self._connection.cursor() as cursor:
            yield cursor
