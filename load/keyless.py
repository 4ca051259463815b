"""Records that a target keeps no unique key for: looked up before they are made, so that each is made once.

A create that got no answer may have been carried out. Such a row is put aside; once the target's search must show what was
made, it is looked up like any other, and made only if it is not there. The same look-up covers a killed run: what it
made is older than this process, so the first look-up waits until the search has caught up with the start of it.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from msgspec.structs import replace

from load.pacing import BusyError
from load.target import LoadError, Result, Row, TargetUnavailableError
from load.threads import CutShort, concurrently

# A look-up is one call for so many rows.
ROWS_PER_LOOKUP = 20
ROUNDS = 4


class UnansweredError(BusyError):
    """A call got no usable answer, and may have been carried out all the same."""


class Kind(Protocol):
    """What is done with one kind of record."""

    def looked_up(self, row: Row) -> bool:
        """Say whether a row that is not known to be there has to be looked up; others can be made twice without harm."""
        ...

    def find(self, rows: Sequence[Row]) -> Mapping[str, str]:
        """Give the target's ids of those rows that it holds already, by record key."""
        ...

    def make(self, row: Row) -> Result:
        """Create a record. Raises `UnansweredError` when it may or may not be there."""
        ...

    def change(self, row: Row, target_id: str) -> Result:
        """Write a record that is there."""
        ...


@dataclass(slots=True)
class Maker:
    """Sends the rows of one kind of record.

    lag: after so many seconds a search finds what was made.
    tried: does the work of one row, and makes a result of what may go wrong with it.
    """

    kind: Kind
    threads: int
    lag: float
    tried: Callable[[Callable[[Row], Result], Row], Result]
    begun: float = field(default_factory=time.monotonic)
    _unsettled: list[tuple[Row, str]] = field(default_factory=list)
    _noting: threading.Lock = field(default_factory=threading.Lock)

    def send(self, rows: Iterable[Row]) -> Iterator[list[Result]]:
        """Make or change the rows; yield one result for each."""
        for round_ in range(1, ROUNDS + 1):
            for several in concurrently(self._batch, self._batches(rows), self.threads):
                yield [result for results in several for result in results]
            unsettled, self._unsettled = self._unsettled, []
            if not unsettled:
                return
            self.begun, rows = time.monotonic(), [replace(row, target_id=None) for row, _ in unsettled]
            if round_ == ROUNDS:
                yield [row.failed(why) for row, why in unsettled]

    def _batches(self, rows: Iterable[Row]) -> Iterator[list[Row]]:
        """Give the rows one by one, but those that are looked up together."""
        together: list[Row] = []
        for row in rows:
            if row.target_id is not None or not self.kind.looked_up(row):
                yield [row]
                continue
            together.append(row)
            if len(together) == ROWS_PER_LOOKUP:
                yield together
                together = []
        if together:
            yield together

    def _batch(self, rows: Sequence[Row]) -> list[Result]:
        done: list[Result] = []
        try:
            known = self._known([row for row in rows if row.target_id is None and self.kind.looked_up(row)])
        except TargetUnavailableError as error:
            return [self.tried(_raising(error), row) for row in rows]
        for row in rows:
            try:
                target_id = row.target_id or known.get(row.record_key)
                result = self.tried(lambda row, there=target_id: self._one(row, there), row)  # type: ignore[misc]
            except UnansweredError as error:
                with self._noting:
                    self._unsettled.append((row, str(error)))
            except LoadError as error:
                raise CutShort(done, error) from error
            else:
                done.append(result)
        return done

    def _known(self, rows: Sequence[Row]) -> Mapping[str, str]:
        if not rows:
            return {}
        time.sleep(max(0.0, self.begun + self.lag - time.monotonic()))
        return self.kind.find(rows)

    def _one(self, row: Row, target_id: str | None) -> Result:
        return self.kind.make(row) if target_id is None else self.kind.change(row, target_id)


def _raising(error: TargetUnavailableError) -> Callable[[Row], Result]:
    def work(_: Row) -> Result:
        raise error

    return work
