"""Carrying out a plan: schema, records, links, in that order; every answer kept before more work starts."""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import structlog

from load import plans, policy
from load.changes import rows_to_archive, rows_to_send
from load.feeds import Feed
from load.ledger import Spool, doubt_ends, lose_values, replay
from load.plan import FeedPlan, Plan, digest
from load.target import LoadError, LoadStoppedError, Result, Row, SchemaChange, Target
from load.threads import Turns, side_by_side

log = structlog.get_logger()

# An accident in a mart must not empty a target: more than this share of a feed is archived only when asked for.
MOST_ARCHIVED_SHARE = 0.01
FEW = 10

Progress = Callable[[str, int, int | None], None]


@dataclass(slots=True)
class FeedApplied:
    """What became of one feed's rows. `sent` counts rows that the target answered for, or failed to."""

    target: str
    object: str
    sent: int = 0
    succeeded: int = 0
    refused: int = 0
    failed: int = 0
    archived: int = 0
    calls: int = 0

    def count(self, results: list[Result]) -> None:
        """Add results to the counts."""
        self.sent += len(results)
        for result in results:
            setattr(self, result.status, getattr(self, result.status) + 1)
            self.archived += result.action == "archive" and result.status == "succeeded"


@dataclass(frozen=True, slots=True)
class Applied:
    """What a load did: feed by feed, and per target `{"calls": …, "records": …}`, schema calls included."""

    feeds: list[FeedApplied] = field(default_factory=list)
    schema_changes: list[SchemaChange] = field(default_factory=list)
    targets: dict[str, dict[str, int]] = field(default_factory=dict)

    @property
    def refused(self) -> int:
        """How many rows a target did not want."""
        return sum(feed.refused for feed in self.feeds)

    @property
    def failed(self) -> int:
        """How many rows got no answer; they are sent again the next time."""
        return sum(feed.failed for feed in self.feeds)

    def as_dict(self) -> dict[str, Any]:
        """Give the counts as plain values, for `--json` and for tables."""
        return asdict(self)


def apply(
    connection: Any,
    plan: Plan,
    targets: Mapping[str, Target],
    *,
    run_id: str,
    spool_dir: Path,
    progress: Progress | None = None,
    most_archived_share: float = MOST_ARCHIVED_SHARE,
) -> Applied:
    """Send what the plan says, to the targets by their names.

    Rows are read again from the warehouse while sending, so what changed since the plan is taken as it is now: also
    feeds that the plan had nothing for, since a record made anew wants its links anew. Killed at any moment, the next
    `replay`, plan and apply go on without a gap or a double. The targets are independent: they are loaded side by side,
    each one's feeds in their order, and one that stops leaves the other alone.
    `progress` is called with a feed's label, the rows done, and the rows planned.

    Raises:
        LoadError: a target is missing, refuses access, has another schema, or stopped; answers so far are kept.
    """
    work = [planned for planned in plan.feeds if planned.to_send or planned.archive]
    _check(work, targets, most_archived_share)
    replay(connection, spool_dir)
    if plan.plan_id is not None:
        plans.take_up(connection, plan.plan_id, run_id)
    applied = Applied()
    before = {name: (target.calls, target.records) for name, target in targets.items()}
    chosen = [*dict.fromkeys(planned.feed.target for planned in work)]
    for name in chosen:
        targets[name].check_account()
        feeds = [planned.feed for planned in plan.feeds if planned.feed.target == name]
        changes = targets[name].provision(feeds)
        for change in changes:
            log.info("schema_changed", **asdict(change))
        _resend(connection, feeds, changes)
        applied.schema_changes.extend(changes)
    definitions = {
        planned.feed.label: digest(planned.feed, targets[planned.feed.target].definitions(planned.feed))
        for planned in work
    }
    turns = Turns(connection)
    with Spool(turns, spool_dir, run_id, plan_id=plan.plan_id, definitions=definitions) as spool:

        def lane(name: str, stop: threading.Event) -> None:
            feeds = [
                _Sending(turns, planned, targets[name], spool, run_id, progress, stop, definitions)
                for planned in plan.feeds
                if planned.feed.target == name
            ]
            doubted = [sending.carry_out(retry_refused=plan.retry_refused) for sending in feeds]
            if any(doubted):
                # Links found records gone: those are made anew or followed now, and then the links once more.
                for sending in feeds:
                    sending.carry_out(retry_refused=plan.retry_refused)
            sent.extend(sending for sending in feeds if sending.applied.sent or sending.planned in work)

        sent: list[_Sending] = []
        side_by_side([partial(lane, name) for name in chosen], LoadError)
    if plan.plan_id is not None:
        plans.finish(connection, plan.plan_id, run_id)
    applied.feeds.extend(
        sending.applied for sending in sorted(sent, key=lambda sending: plan.feeds.index(sending.planned))
    )
    for name, (calls, records) in before.items():
        target = targets[name]
        applied.targets[name] = {"calls": target.calls - calls, "records": target.records - records}
    return applied


def _check(work: list[FeedPlan], targets: Mapping[str, Target], most_archived_share: float) -> None:
    for planned in work:
        feed = planned.feed
        if feed.target not in targets:
            raise LoadError(f"The plan has {feed.label}, and no connection to {feed.target} was given.")
        if archives_too_many(planned, most_archived_share):
            raise LoadError(f"{too_many_archived(planned, most_archived_share)} Nothing was sent.")


def archives_too_many(planned: FeedPlan, most_archived_share: float) -> bool:
    """Say whether a feed archives so much that somebody should have a look first."""
    return planned.archive > max(FEW, planned.in_ledger * most_archived_share)


def too_many_archived(planned: FeedPlan, most_archived_share: float) -> str:
    """Say that a feed archives more than is usual, and how to allow it."""
    return (
        f"{planned.feed.label}: {planned.archive} of {planned.in_ledger} would be archived, more than {most_archived_share:.0%}. "
        "If the mart is right, allow it with --most-archived-share."
    )


def _resend(connection: Any, feeds: Sequence[Feed], changes: Sequence[SchemaChange]) -> None:
    """Have records sent again that were loaded before a property of theirs was there."""
    created = {(change.object, change.name) for change in changes if change.change.endswith(" created")}
    for feed in feeds:
        if names := [column.name for column in feed.columns if (feed.object, column.name) in created]:
            lose_values(connection, feed, names)


@dataclass(slots=True)
class _Sending:
    """One feed on its way to its target, and what became of its rows so far."""

    connection: Any
    planned: FeedPlan
    target: Target
    spool: Spool
    run_id: str
    progress: Progress | None
    stop: threading.Event
    definitions: Mapping[str, str]
    applied: FeedApplied = field(init=False)

    def __post_init__(self) -> None:
        self.applied = FeedApplied(self.planned.feed.target, self.planned.feed.object)

    def carry_out(self, *, retry_refused: bool) -> bool:
        """Send what there is to send now; say whether links found records gone that the ledger has."""
        feed, total = self.planned.feed, self.planned.to_send + self.planned.archive
        applied, calls = self.applied, self.target.calls
        # What failed before is sent again.
        applied.sent, applied.failed = applied.sent - applied.failed, 0
        log.info("feed_started", feed=feed.label, rows=self.planned.to_send, archive=self.planned.archive)
        try:
            for results in self._answers(retry_refused):
                self.spool.write(feed, results)
                applied.count(results)
                if self.progress is not None:
                    self.progress(feed.label, applied.sent, max(total, applied.sent))
        finally:
            applied.calls += self.target.calls - calls
            log.info("feed_finished", **asdict(applied))
        # Links look up in the ledger what the records before them became.
        self.spool.flush()
        return bool(applied.failed and feed.ends) and doubt_ends(self.connection, feed, self.run_id)

    def _answers(self, retry_refused: bool) -> Iterator[list[Result]]:
        feed = self.planned.feed
        rows = rows_to_send(
            self.connection, feed, retry_refused=retry_refused, definitions=self.definitions.get(feed.label)
        )
        yield from policy.send(self.target, feed, self._until_stopped(rows))
        if self.planned.archive:
            # What was sent under another key than before is wanted: the ledger has to know.
            self.spool.flush()
            rows = rows_to_archive(self.connection, feed)
            yield from self.target.archive(feed, self._until_stopped(rows))

    def _until_stopped(self, rows: Iterable[Row]) -> Iterator[Row]:
        for row in rows:
            if self.stop.is_set():
                raise LoadStoppedError(
                    f"{self.planned.feed.label}: stopped. Run it again: it goes on from here."
                )
            yield row
