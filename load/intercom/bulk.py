"""Contacts by the hundred: Intercom's Preview API, whose jobs name neither what they wrote nor what they refused.

So every row is read back by search, which shows what is new after some minutes. What was not written, or holds other values,
goes the way of a single call, which finds out why. New users are made so, and users and leads that are there are changed: each
is read by a call of its own just before, as ever, so that nothing is overwritten unseen. New leads have no key that keeps a
second job from making them twice. Companies would cost as many calls as one by one: no search knows them by our key.
Source: developers.intercom.com, Preview, "Bulk create contacts", "Bulk update contacts", "Bulk create or update companies".
"""

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import structlog

from load.answer import Answer
from load.drift import changes
from load.feeds import Feed
from load.intercom.over import to_write
from load.intercom.values import body_of, is_lead, overwriting, values_of
from load.intercom.wire import Wire, message_of
from load.target import Result, Row, TargetUnavailableError
from load.threads import concurrently

PREVIEW = "Preview"
CONTACTS_PER_CALL = 100
# So many are written before they are looked up together: the wait for search is shared, and their rows are held meanwhile.
CONTACTS_AT_ONCE = 50_000
DONE = frozenset({"completed", "completed_with_errors"})
# A job is asked for so often, with pauses of so many seconds that grow.
POLLS, FIRST_PAUSE, LONGEST_PAUSE = 60, 0.2, 10.0

log = structlog.get_logger()


def calls_needed(*, create: int, update: int) -> int:
    """Count the calls: a job, a look at it and the reading back for each hundred, and one before each that is changed."""
    return 3 * (-(-create // CONTACTS_PER_CALL) - (-update // CONTACTS_PER_CALL)) + update


@dataclass(frozen=True, slots=True)
class _Change:
    """A row as it is written over what Intercom held."""

    row: Row
    ours: Row
    held: Answer


class BulkContacts:
    """Writes contacts of one feed by the hundred.

    lag: after so many seconds search finds what was written.
    """

    def __init__(self, feed: Feed, wire: Wire, *, threads: int, lag: float) -> None:
        self._feed = feed
        self._wire = wire
        self._threads = threads
        self._lag = lag

    def send(self, rows: Iterable[Row]) -> Iterator[tuple[list[Result], list[Row]]]:
        """Write the rows that can be written so; give, some thousand rows at a time, the results and the rows that are left."""
        coming = iter(rows)
        while several := list(islice(coming, CONTACTS_AT_ONCE)):
            new = [row for row in several if row.target_id is None and not is_lead(self._feed, row)]
            left = [row for row in several if row.target_id is None and is_lead(self._feed, row)]
            changed: list[_Change] = []
            results: list[Result] = []
            known = (row for row in several if row.target_id is not None)
            for prepared in concurrently(self._prepared, known, self._threads):
                changed += [one for one in prepared if isinstance(one, _Change)]
                results += [one for one in prepared if isinstance(one, Result)]
                left += [one for one in prepared if isinstance(one, Row)]
            self._write(new, changed)
            for result, row in self._read_back(new, changed):
                if result is None:
                    left.append(row)
                else:
                    results.append(result)
            log.info("contacts_written_in_bulk", written=len(results), left=len(left))
            yield results, left

    def _prepared(self, row: Row) -> _Change | Result | Row:
        """Read what a row is written over; the row itself when that is for a call of its own to find out, or to do.

        A job changes no role, and says nothing of a contact that is gone.
        """
        try:
            held = self._wire.ask("GET", f"/contacts/{row.target_id}")
        except TargetUnavailableError:
            return row
        if not held.ok:
            return row
        ours = to_write(self._feed, row, held)
        if isinstance(ours, Result):
            return ours
        same_role = ours.values.get("role") in (None, held.content.get("role"))
        return _Change(row, ours, held) if same_role else row

    def _write(self, new: Sequence[Row], changed: Sequence[_Change]) -> None:
        """Run the jobs and wait until search shows what they did."""
        jobs = [("POST", each) for each in _by_hundreds([(row, {}) for row in new])]
        jobs += [
            ("PUT", each) for each in _by_hundreds([(one.ours, {"id": one.row.target_id}) for one in changed])
        ]
        for _ in concurrently(lambda job: self._run(*job), jobs, self._threads):
            pass
        if jobs:
            time.sleep(self._lag)

    def _run(self, method: str, rows: Sequence[tuple[Row, Mapping[str, Any]]]) -> None:
        """Run a job to its end; what becomes of it is read, not believed. One without an answer is left to the reading."""
        try:
            bodies = [{**named, **json.loads(body_of(self._feed, row))} for row, named in rows]
        except ValueError:
            # A value that cannot be written: each row is sent alone, and the one refused that has it.
            return
        try:
            answer = self._wire.ask(method, "/contacts/bulk", json.dumps({"contacts": bodies}), PREVIEW)
            if not answer.ok:
                log.warning("bulk_refused", reason=message_of(answer))
                return
            self._wait_for(str(answer.content["id"]))
        except TargetUnavailableError:
            log.warning("bulk_unanswered", contacts=len(rows))

    def _wait_for(self, job: str) -> None:
        pause = FIRST_PAUSE
        for _ in range(POLLS):
            if self._wire.ask("GET", f"/contacts/bulk/{job}", version=PREVIEW).content.get("state") in DONE:
                return
            time.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
        log.warning("bulk_job_unfinished", job=job)

    def _read_back(
        self, new: Sequence[Row], changed: Sequence[_Change]
    ) -> Iterator[tuple[Result | None, Row]]:
        """Give each row with its result, None for one that is not there as it was sent."""
        made = {row.record_key: row for row in new}
        for held in self._found(self._feed.key, [*made]):
            row = made.pop(str(held.get(self._feed.key)), None)
            if row is not None:
                yield self._result(row, None, held), row
        written = {str(one.row.target_id): one for one in changed}
        for held in self._found("id", [*written]):
            one = written.pop(str(held["id"]), None)
            if one is not None:
                yield self._result(one.ours, one.held, held), one.row
        yield from ((None, row) for row in made.values())
        yield from ((None, one.row) for one in written.values())

    def _found(self, field: str, values: Sequence[str]) -> Iterator[Mapping[str, Any]]:
        for several in concurrently(
            lambda batch: self._search(field, batch), _by_hundreds(values), self._threads
        ):
            yield from (held for batch in several for held in batch)

    def _search(self, field: str, values: Sequence[str]) -> list[Mapping[str, Any]]:
        query = {"field": field, "operator": "IN", "value": [*values]}
        try:
            return [*self._wire.search("/contacts/search", "data", query)]
        except TargetUnavailableError:
            return []

    def _result(self, row: Row, before: Answer | None, held: Mapping[str, Any]) -> Result | None:
        """Give the result of a row that is there as it was sent; None of one that is not."""
        if changes(self._feed, row, values_of(self._feed, held)):
            return None
        return overwriting(row.succeeded(str(held["id"]), body_of(self._feed, row)), before)


def _by_hundreds(items: Sequence[Any]) -> list[Sequence[Any]]:
    return [items[at : at + CONTACTS_PER_CALL] for at in range(0, len(items), CONTACTS_PER_CALL)]
