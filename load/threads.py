"""Work in a few threads, answers as they come."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")


def concurrently(work: Callable[[Item], Answer], items: Iterable[Item], threads: int) -> Iterator[list[Answer]]:
    """Call `work` on every item in `threads` threads; yield lists of answers in the order they come.

    Items are taken at most as many ahead as there are threads, so any number of them fits in memory. When `work`
    or `items` raises, or Ctrl-C comes, nothing new starts, the answers of what is under way are yielded, and then
    the first error is raised: no answer is lost. A second Ctrl-C does not wait for them.
    """
    coming = iter(items)
    running: set[Future[Answer]] = set()
    error: BaseException | None = None
    pool = ThreadPoolExecutor(threads, thread_name_prefix="load")
    try:
        while True:
            try:
                while error is None and len(running) < 2 * threads:
                    running.add(pool.submit(work, next(coming)))
            except StopIteration:
                coming = iter(())
            except BaseException as raised:  # noqa: BLE001  raised again when the answers are in
                error = raised
            if not running:
                break
            try:
                done, _ = wait(running, return_when=FIRST_COMPLETED)
            except KeyboardInterrupt as raised:
                if error is not None:
                    raise
                error, done = raised, set()
            running -= done
            answers, failures = _outcomes(done)
            error = error or next(iter(failures), None)
            if error is not None:
                running -= {future for future in running if future.cancel()}
            if answers:
                yield answers
    finally:
        pool.shutdown(cancel_futures=True)
    if error is not None:
        raise error


def _outcomes(done: Iterable[Future[Answer]]) -> tuple[list[Answer], list[BaseException]]:
    answers, failures = [], []
    for future in done:
        failure = future.exception()
        if failure is None:
            answers.append(future.result())
        else:
            failures.append(failure)
    return answers, failures
