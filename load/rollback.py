"""Undoing what a run wrote: made records are archived, overwritten values restored, links as they were; then compared.

Runs are undone newest first. Nothing is remembered between calls but what the targets hold: each call reads it, does what is
missing, and reads it again, so one that was killed is simply given again.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import structlog
from msgspec import structs

from load import undo, undo_links
from load.feeds import Feed
from load.ledger import Spool, replay
from load.reversal import Outcome, Reversible, RolledBack
from load.target import CANNOT, Action, LoadError, Result, Row
from load.undo import Decision
from load.undo_links import LinkDecision, Touched

log = structlog.get_logger()

RECORDS_AT_A_TIME = 1_000
STARTS_AT_A_TIME = 500
ROWS_PER_INSERT = 1_000

Progress = Callable[[str, int, int | None], None]
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Rollback:
    """One rollback of one run: what it works with, and what the operator asked of it.

    even_if_changed: undo also what somebody changed in the target since.
    """

    connection: Any
    targets: Mapping[str, Reversible]
    run_id: str
    rollback_id: str
    spool_dir: Path
    dry_run: bool = False
    even_if_changed: bool = False
    progress: Progress | None = None

    def carry_out(self, feeds: Sequence[Feed], *, started_by: str = "") -> RolledBack:
        """Undo what the run wrote of these feeds, links before records, then compare and note what was found.

        Raises:
            LoadError: a target refuses access or stopped, or there is no backup from before the run; what was done by
                then is kept, and the same call goes on.
        """
        feeds = self._written(feeds)
        self._check_backups({feed.target for feed in feeds})
        replay(self.connection, self.spool_dir)
        rolled_back = RolledBack(self.run_id)
        if self.dry_run:
            for feed in feeds:
                rolled_back.note(self._outcomes(feed, "to undo"))
            return rolled_back
        self._open(feeds, started_by)
        refusals: dict[tuple[str, str, str], Result] = {}
        with Spool(self.connection, self.spool_dir, self.rollback_id) as spool:
            for feed, work in self._steps(feeds):
                log.info("rollback_step", feed=feed.label, run_id=self.run_id)
                for results in self._watched(feed, work):
                    spool.write(feed, results)
                    refusals |= {
                        (feed.target, feed.object, one.record_key): one
                        for one in results
                        if one.status != "succeeded"
                    }
        for feed in feeds:
            self._note(rolled_back, [_explained(one, refusals) for one in self._outcomes(feed, "failed")])
        self._close()
        return rolled_back

    # what is done

    def _steps(self, feeds: Sequence[Feed]) -> Iterator[tuple[Feed, Iterator[list[Result]]]]:
        """Take links away, then undo records, then give links again, whose ends must be there; last sent, first undone."""
        links = [feed for feed in feeds if feed.kind == "link"]
        records = [feed for feed in feeds if feed.kind == "record"]
        stuck: list[Feed] = []
        yield from ((feed, self._undo_links(feed, gives=False)) for feed in links)
        yield from ((feed, self._undo_records(feed, stuck)) for feed in records)
        # What cannot be undone may have gone with what it hung on, as a contact's notes do with the contact.
        yield from ((feed, self._undone_meanwhile(feed)) for feed in stuck)
        yield from ((feed, self._undo_links(feed, gives=True)) for feed in links)

    def _watched(self, feed: Feed, work: Iterator[list[Result]]) -> Iterator[list[Result]]:
        done = 0
        for results in work:
            done += len(results)
            if self.progress is not None:
                self.progress(feed.label, done, None)
            yield results

    def _undone_meanwhile(self, feed: Feed) -> Iterator[list[Result]]:
        for decisions in self._decided(feed):
            yield _as_before(decisions)

    def _undo_records(self, feed: Feed, stuck: list[Feed]) -> Iterator[list[Result]]:
        """Undo what the run wrote of a feed, and add the feed to `stuck` where the target cannot."""
        target = self.targets[feed.target]
        for decisions in self._decided(feed):
            by_step: dict[str, list[Decision]] = {}
            for one in decisions:
                by_step.setdefault(one.step, []).append(one)
            # Also when a call before this one did the work, and when only what somebody changed is left: the ledger goes back.
            yield _as_before(decisions)
            for step, work in (
                ("archive", target.archive),
                ("restore", target.restore),
                ("bring back", target.bring_back),
            ):
                rows = {one.undo.record_key: _row(one) for one in by_step.get(step, ())}
                for results in work(feed, rows.values()) if rows else ():
                    if feed not in stuck and any(one.error_category == CANNOT for one in results):
                        stuck.append(feed)
                    yield [_settled(one, rows[one.record_key]) for one in results]

    def _decided(self, feed: Feed) -> Iterator[list[Decision]]:
        target = self.targets[feed.target]
        found = undo.undos(feed, undo.attempts(self.connection, feed, self.run_id))
        for several in _batches(found, RECORDS_AT_A_TIME):
            rows = [Row(one.record_key, None, "update", one.target_id) for one in several]
            now = {
                present.record_key: present for presents in target.read(feed, rows) for present in presents
            }
            yield [
                undo.decide(feed, one, now[one.record_key], even_if_changed=self.even_if_changed)
                for one in several
            ]

    def _undo_links(self, feed: Feed, *, gives: bool) -> Iterator[list[Result]]:
        target = self.targets[feed.target]
        for touched, decisions in self._decided_links(feed):
            done: dict[str, Result] = {}
            rows = [
                Row(one.link, None, "restore", one.link, {"now": one.now, "wanted": one.wanted})
                for one in decisions
                if not one.is_done and bool(one.wanted - one.now) is gives
            ]
            for results in target.relink(feed, rows) if rows else ():
                named = [structs.replace(one, action="restore") for one in results]
                done |= {one.record_key: one for one in named}
                yield named
            if gives:
                yield [*_of_keys(touched, decisions, done)]

    def _decided_links(self, feed: Feed) -> Iterator[tuple[list[Touched], list[LinkDecision]]]:
        target = self.targets[feed.target]
        for groups in _batches(undo_links.touched(self.connection, feed, self.run_id), STARTS_AT_A_TIME):
            starts = [undo_links.start_of(group[0].link) for group in groups]
            before = undo_links.held(self.connection, feed, self.run_id, starts)
            now = dict(target.linked(feed, starts))
            decisions = [
                decision
                for start, group in zip(starts, groups, strict=True)
                for decision in undo_links.decide(
                    group, _from(start, before), _from(start, now), even_if_changed=self.even_if_changed
                )
            ]
            yield [one for group in groups for one in group], decisions

    # what is found afterwards

    def _outcomes(self, feed: Feed, undone_not: str) -> Iterator[Outcome]:
        """Compare what the target holds with what it held before; what still is to be undone is `undone_not`."""
        if feed.kind == "link":
            for touched, decisions in self._decided_links(feed):
                yield from _link_outcomes(feed, touched, decisions, undone_not)
            return
        for several in self._decided(feed):
            for one in several:
                outcome = "undone" if one.step == "nothing" else "kept" if one.step == "keep" else undone_not
                yield Outcome(
                    feed.target,
                    feed.object,
                    one.undo.record_key,
                    one.target_id,
                    one.undo.did,
                    outcome,
                    one.kept,
                    one.reason,
                )

    # what is noted

    def _written(self, feeds: Sequence[Feed]) -> list[Feed]:
        """Give the feeds of which the run wrote anything, those sent last first."""
        written = {
            *self._ask("select distinct target, object from ops.load_attempt where run_id = %(run_id)s")
        }
        chosen = [feed for feed in feeds if (feed.target, feed.object) in written]
        return sorted(chosen, key=lambda feed: feed.order, reverse=True)

    def _check_backups(self, targets: set[str]) -> None:
        for name in sorted(targets):
            found = self._ask(
                "select count(*) from ops.backup_part where target = %(target)s and taken_at <= "
                "(select min(attempted_at) from ops.load_attempt where run_id = %(run_id)s and target = %(target)s)",
                target=name,
            )
            if not found[0][0]:
                raise LoadError(
                    f"There is no backup of {name} from before run {self.run_id}, so it is not known what was there. "
                    "Nothing was undone."
                )

    def _open(self, feeds: Sequence[Feed], started_by: str) -> None:
        self._ask(
            "insert into ops.reversal (reversal_id, run_id, status, selected, started_by, started_at) "
            "select %(rollback_id)s, %(run_id)s, 'running', %(selected)s, %(started_by)s, sysdate()",
            selected=", ".join(feed.label for feed in feeds),
            started_by=started_by,
        )

    def _close(self) -> None:
        self._ask(
            "update ops.reversal set status = 'finished', finished_at = sysdate() where reversal_id = %(rollback_id)s"
        )

    def _note(self, rolled_back: RolledBack, outcomes: Iterable[Outcome]) -> None:
        for several in _batches(outcomes, ROWS_PER_INSERT):
            rolled_back.note(several)
            with self.connection.cursor() as cursor:
                cursor.executemany(
                    "insert into ops.reversal_record (reversal_id, run_id, target, object, record_key, target_id, did, "
                    "outcome, kept, reason, noted_at) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, sysdate())",
                    [
                        (
                            self.rollback_id,
                            self.run_id,
                            *(one.target, one.object, one.record_key, one.target_id, one.did, one.outcome),
                            json.dumps(one.kept) if one.kept else None,
                            one.reason or None,
                        )
                        for one in several
                    ],
                )

    def _ask(self, statement: str, **bindings: Any) -> list[tuple[Any, ...]]:
        with self.connection.cursor() as cursor:
            given = {"run_id": self.run_id, "rollback_id": self.rollback_id, **bindings}
            rows: list[tuple[Any, ...]] = cursor.execute(statement, given).fetchall()
            return rows


def _row(decision: Decision) -> Row:
    did = decision.undo
    action: Action = "archive" if did.did == "made" else "restore"
    return Row(did.record_key, did.previous_hash, action, decision.target_id, decision.values)


def _as_before(decisions: Iterable[Decision]) -> list[Result]:
    """Give the results by which the ledger goes back, of the records that are as they were."""
    return [_row(one).succeeded(one.target_id) for one in decisions if _is_as_before(one)]


def _is_as_before(decision: Decision) -> bool:
    if decision.step == "keep":
        return (
            decision.undo.did == "overwrote" and decision.target_id is not None and bool(decision.undo.before)
        )
    return decision.step == "nothing"


def _settled(result: Result, row: Row) -> Result:
    """Name the result by what was done; a refused one is not taken for a refusal of the mart's row."""
    hash_ = row.row_hash if result.status == "succeeded" else None
    return structs.replace(result, action=row.action, row_hash=hash_, target_id=row.target_id)


def _of_keys(
    touched: Iterable[Touched], decisions: Iterable[LinkDecision], results: Mapping[str, Result]
) -> Iterator[Result]:
    """Bring the ledger's rows of links back, where the link is as it was."""
    undone = {
        one.link
        for one in decisions
        if not one.kept and (one.is_done or (one.link in results and results[one.link].status == "succeeded"))
    }
    for key, links in _by_key(touched).items():
        if all(one.link in undone for one in links):
            had = links[0]
            action: Action = "archive" if had.previous_id is None else "restore"
            yield Row(key, had.previous_hash, action, had.previous_id).succeeded(had.previous_id)


def _by_key(touched: Iterable[Touched]) -> dict[str, list[Touched]]:
    found: dict[str, list[Touched]] = {}
    for one in touched:
        found.setdefault(one.record_key, []).append(one)
    return found


def _link_outcomes(
    feed: Feed, touched: Iterable[Touched], decisions: Iterable[LinkDecision], undone_not: str
) -> Iterator[Outcome]:
    """Give the outcomes of our links by their keys, of others', whose types ours had taken, by their ends."""
    keys: dict[str, set[str]] = {}
    for one in touched:
        keys.setdefault(one.link, set()).add(one.record_key)
    for decided in decisions:
        outcome = undone_not if not decided.is_done else "kept" if decided.kept else "undone"
        for key in sorted(keys.get(decided.link, {decided.link})):
            yield Outcome(
                feed.target,
                feed.object,
                key,
                decided.link,
                "overwrote" if decided.before else "made",
                outcome,
                tuple(sorted(decided.kept)),
                "somebody changed it since" if decided.kept else "",
            )


def _explained(one: Outcome, refusals: Mapping[tuple[str, str, str], Result]) -> Outcome:
    """Say of what was not undone why, as the target said it."""
    # A link's calls go by its ends.
    names = (one.record_key, one.target_id or "")
    refusal = next(filter(None, (refusals.get((one.target, one.object, name)) for name in names)), None)
    if one.outcome != "failed" or refusal is None:
        return one
    outcome = "impossible" if refusal.error_category == CANNOT else "failed"
    return replace(one, outcome=outcome, reason=refusal.error_message or "")


def _from(start: str, links: Mapping[str, Item]) -> dict[str, Item]:
    return {link: value for link, value in links.items() if undo_links.start_of(link) == start}


def _batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    coming = iter(items)
    while several := [*islice(coming, size)]:
        yield several
