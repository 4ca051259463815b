"""How far the phase under way has come, noted in OPS.PROGRESS every few seconds for whoever watches the run."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import structlog

import warehouse
from migrate.runs import now

log = structlog.get_logger()

EVERY_SECONDS = 2.0

Advance = Callable[[str, int, int | None], None]


@contextmanager
def noted(target: str, run_id: str, phase: str, advance: Advance) -> Iterator[Advance]:
    """Give a function like `advance` whose calls are also noted, by a thread with a connection of its own.

    A note that fails is logged and never stops the work.
    """
    seen: dict[str, tuple[int, int | None]] = {}
    stopped = threading.Event()

    def note(label: str, done: int, total: int | None) -> None:
        seen[label] = (done, total)
        advance(label, done, total)

    thread = threading.Thread(target=_write, args=(target, run_id, phase, seen, stopped), daemon=True)
    thread.start()
    try:
        yield note
    finally:
        stopped.set()
        thread.join(EVERY_SECONDS)


def _write(
    target: str, run_id: str, phase: str, seen: dict[str, tuple[int, int | None]], stopped: threading.Event
) -> None:
    written: dict[str, tuple[int, int | None]] = {}
    connection: Any = None
    try:
        while not stopped.wait(EVERY_SECONDS):
            fresh = {label: value for label, value in list(seen.items()) if written.get(label) != value}
            if not fresh:
                continue
            if connection is None:
                connection = warehouse.connect(target)
                connection.cursor().execute("delete from ops.progress where run_id <> %s", (run_id,))
            for label, (done, total) in fresh.items():
                connection.cursor().execute(
                    "insert into ops.progress (run_id, phase, label, done, total, noted_at) "
                    "select %s, %s, %s, %s, %s, %s",
                    (run_id, phase, label, done, total, now()),
                )
            written |= fresh
    except Exception as error:  # noqa: BLE001  the work goes on without its notes
        log.warning("progress not noted", phase=phase, error=type(error).__name__)
    finally:
        if connection is not None:
            connection.close()
