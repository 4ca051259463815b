"""Carrying out a plan: schema, records, links, in that order; every answer kept before more work starts."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import structlog

from load.ledger import Spool, replay
from load.plan import FeedPlan, Plan, rows_to_archive, rows_to_send
from load.target import LoadError, Result, SchemaChange, Target

log = structlog.get_logger()

# An accident in a mart must not empty a target: more than this share of a feed is archived only when asked for.
MOST_ARCHIVED_SHARE = 0.2
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

    Rows are read again from the warehouse while sending, so what changed since the plan is taken as it is now. Killed
    at any moment, the next `replay`, plan and apply go on without a gap or a double.
    `progress` is called with a feed's label, the rows done, and the rows planned.

    Raises:
        LoadError: a target is missing, refuses access, has another schema, or stopped; answers so far are kept.
    """
    work = [planned for planned in plan.feeds if planned.to_send or planned.archive]
    _check(work, targets, most_archived_share)
    replay(connection, spool_dir)
    applied = Applied()
    before = {name: (target.calls, target.records) for name, target in targets.items()}
    for name in dict.fromkeys(planned.feed.target for planned in work):
        targets[name].check_account()
        feeds = [planned.feed for planned in work if planned.feed.target == name]
        applied.schema_changes.extend(targets[name].provision(feeds))
    with Spool(connection, spool_dir, run_id) as spool:
        for planned in work:
            target = targets[planned.feed.target]
            applied.feeds.append(
                _send(connection, planned, target, spool, retry_refused=plan.retry_refused, progress=progress)
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
        if planned.archive > max(FEW, planned.in_ledger * most_archived_share):
            raise LoadError(
                f"{feed.label}: {planned.archive} of {planned.in_ledger} would be archived, more than {most_archived_share:.0%}. "
                "If the mart is right, allow it with --most-archived-share; nothing was sent."
            )


def _send(
    connection: Any,
    planned: FeedPlan,
    target: Target,
    spool: Spool,
    *,
    retry_refused: bool,
    progress: Progress | None,
) -> FeedApplied:
    feed = planned.feed
    applied = FeedApplied(feed.target, feed.object)
    calls = target.calls
    log.info("feed_started", feed=feed.label, rows=planned.to_send, archive=planned.archive)
    try:
        for results in _answers(connection, planned, target, retry_refused):
            spool.write(feed, results)
            applied.count(results)
            if progress is not None:
                progress(feed.label, applied.sent, planned.to_send + planned.archive)
    finally:
        applied.calls = target.calls - calls
        log.info("feed_finished", **asdict(applied))
    # Links look up in the ledger what the records before them became.
    spool.flush()
    return applied


def _answers(
    connection: Any, planned: FeedPlan, target: Target, retry_refused: bool
) -> Iterator[list[Result]]:
    if planned.to_send:
        yield from target.send(
            planned.feed, rows_to_send(connection, planned.feed, retry_refused=retry_refused)
        )
    if planned.archive:
        yield from target.archive(planned.feed, rows_to_archive(connection, planned.feed))
