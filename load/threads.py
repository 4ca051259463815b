"""Work in a few threads, answers as they come."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Generic, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")


def concurrently(
    work: Callable[[Item], Answer], items: Iterable[Item], threads: int
) -> Iterator[list[Answer]]:
    """Call `work` on every item in `threads` threads; yield lists of answers in the order they come.

    Items are taken at most as many ahead as there are threads, so any number of them fits in memory. When `work`
    or `items` raises, or Ctrl-C comes while waiting, nothing new starts, the answers of what is under way are yielded,
    and then the first error is raised: no answer is lost. A second Ctrl-C does not wait for them.
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
        self._work = work
        self._items = items
        self._most = 2 * threads

    def start(self) -> bool:
        """Start what there is room for; say whether anything runs."""
        try:
            while self.error is None and len(self.running) < self._most:
                self.running.add(self.pool.submit(self._work, next(self._items)))
        except StopIteration:
            self._most = 0
        except BaseException as error:  # noqa: BLE001  raised again when the answers are in
            self._stop(error)
        return bool(self.running)

    def wait(self) -> list[Answer]:
        """Wait for the next answers; an error among them stops the start of more."""
        try:
            done, self.running = wait(self.running, return_when=FIRST_COMPLETED)
        except KeyboardInterrupt as error:
            if self.error is not None:
                raise
            self._stop(error)
            return []
        for failure in filter(None, (future.exception() for future in done)):
            self._stop(failure)
        return [future.result() for future in done if future.exception() is None]

    def _stop(self, error: BaseException) -> None:
        self.error = self.error or error
        self.running -= {future for future in self.running if future.cancel()}
