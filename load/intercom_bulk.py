"""New users by the hundred: Intercom's Preview API, whose jobs name neither what they made nor what they refused.

So every row is read back by search, which shows what is new after some minutes. What was not made, or holds other values, goes
the way of a single call, which finds out why. Only users are made so: companies cannot be searched by their key, leads have none,
and what is updated is read one by one before it is overwritten anyhow.
Source: developers.intercom.com, Preview, "Bulk create contacts".
"""

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import structlog

from load.answer import Answer
from load.drift import changes
from load.feeds import Feed
from load.intercom_values import body_of, is_lead, present
from load.intercom_wire import Wire, message_of
from load.target import Result, Row, TargetUnavailableError
from load.threads import concurrently

PREVIEW = "Preview"
CONTACTS_PER_CALL = 100
# So many are made before they are looked up together: the wait for search is shared, and their rows are held meanwhile.
CONTACTS_AT_ONCE = 50_000
DONE = frozenset({"completed", "completed_with_errors"})
# A job is asked for so often, with pauses of so many seconds that grow.
POLLS, FIRST_PAUSE, LONGEST_PAUSE = 60, 0.2, 10.0

log = structlog.get_logger()


class BulkContacts:
    """Makes users of one feed by the hundred.

    lag: after so many seconds search finds what was made.
    """

    def __init__(self, feed: Feed, wire: Wire, *, threads: int, lag: float) -> None:
        self._feed = feed
        self._wire = wire
        self._threads = threads
        self._lag = lag

    def takes(self, row: Row) -> bool:
        """Say whether a row is a user to be made."""
        return row.target_id is None and not is_lead(self._feed, row)

    def send(self, rows: Iterable[Row]) -> Iterator[tuple[list[Result], list[Row]]]:
        """Make the rows that can be made so; give, some thousand rows at a time, the results and the rows that are left."""
        coming = iter(rows)
        while several := list(islice(coming, CONTACTS_AT_ONCE)):
            new = [row for row in several if self.takes(row)]
            left = [row for row in several if not self.takes(row)]
            batches = [new[at : at + CONTACTS_PER_CALL] for at in range(0, len(new), CONTACTS_PER_CALL)]
            for _ in concurrently(self._make, batches, self._threads):
                pass
            if batches:
                time.sleep(self._lag)
            results: list[Result] = []
            for several_found in concurrently(self._found, batches, self._threads):
                for batch, held in several_found:
                    for row in batch:
                        result = self._result(row, held.get(row.record_key))
                        if result is None:
                            left.append(row)
                        else:
                            results.append(result)
            log.info("contacts_made_in_bulk", made=len(results), left=len(left))
            yield results, left

    def _make(self, rows: Sequence[Row]) -> None:
        """Run a job to its end; what becomes of it is read, not believed. One without an answer is left to the reading."""
        try:
            bodies = [json.loads(body_of(self._feed, row)) for row in rows]
        except ValueError:
            # A value that cannot be written: each row is sent alone, and the one refused that has it.
            return
        try:
            answer = self._wire.ask("POST", "/contacts/bulk", json.dumps({"contacts": bodies}), PREVIEW)
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

    def _found(self, rows: Sequence[Row]) -> tuple[Sequence[Row], dict[str, Mapping[str, Any]]]:
        keys = [row.record_key for row in rows]
        query = {"field": self._feed.key, "operator": "IN", "value": keys}
        try:
            held = {
                str(one[self._feed.key]): one for one in self._wire.search("/contacts/search", "data", query)
            }
        except TargetUnavailableError:
            held = {}
        return rows, held

    def _result(self, row: Row, held: Mapping[str, Any] | None) -> Result | None:
        """Give the result of a row that was made as it is; None of one that was not."""
        if held is None:
            return None
        values = present(self._feed, row, Answer(200, {}, dict(held))).values
        if changes(self._feed, row, values):
            return None
        return row.succeeded(str(held["id"]), body_of(self._feed, row))
