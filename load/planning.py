"""Making a plan that is kept: row by row against what the targets hold now, with what it needs and what is wrong with it."""

import json
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from load import plans, preflight
from load.changes import State, bindings, changes, coming_ends, execute, rows_of, taken_over
from load.drift import changes as differences
from load.drift import settled
from load.feeds import RECORD_KEY, ROW_HASH, Feed
from load.plan import FeedPlan, Plan, digest, plan
from load.plans import Effort, Stored
from load.preflight import Finding
from load.target import Definition, Present, Result, Room, Row, SchemaChange, SchemaConflictError, Target

# What is read of the targets: nothing, what would be updated, or all that the marts have.
Reading = Literal["nothing", "updates", "all"]
READ: Mapping[str, tuple[State, ...]] = {
    "nothing": (),
    "updates": ("update",),
    "all": ("create", "update", "unchanged"),
}
Progress = Callable[[str, int, int | None], None]
ROWS_PER_FILE = 20_000

KEPT_STATES = ("create", "update", "refused", "waiting", "skipped")

# Why a row is updated that has not changed, or is looked at though it is not.
DIFFERS = "the target holds other values than were sent"
GONE = "the record is gone from the target and is made anew"
MOVED = "it goes on with the record that the target has under its former key "
BY_HAND = "somebody changed it in the target, and theirs is kept"


def make(
    connection: Any,
    feeds: Sequence[Feed],
    targets: Mapping[str, Target],
    folder: Path,
    *,
    retry_refused: bool = False,
    reading: Reading = "updates",
    progress: Progress | None = None,
) -> Stored:
    """Compare marts, ledger and targets, and keep what comes out in OPS.PLAN and OPS.PLAN_ACTION. Writes to no target.

    Leftovers of a killed run must be in the ledger before: call `load.ledger.replay` first. `folder`: where files may lie
    on their way into the warehouse. `progress` is called with a label, the rows read, and the rows to read.

    Raises:
        LoadError: a mart has no or the same record key twice; a target refuses access.
    """
    return _Planning(connection, feeds, targets, folder, retry_refused, reading, progress).planned()


@dataclass(slots=True)
class _Planning:
    connection: Any
    feeds: Sequence[Feed]
    targets: Mapping[str, Target]
    folder: Path
    retry_refused: bool
    reading: Reading
    progress: Progress | None
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    takes: dict[str, Mapping[str, Definition]] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)

    def planned(self) -> Stored:
        plan_id = f"{self.now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"
        counted = plan(self.connection, self.feeds, retry_refused=self.retry_refused)
        for each in counted.feeds:
            self._ask_definitions(each)
        if any(each.refused for each in counted.feeds):
            counted = plan(
                self.connection, self.feeds, retry_refused=self.retry_refused, definitions=self.digests
            )
        inputs = plans.inputs(self.connection, self.feeds, self.digests)
        for each in counted.feeds:
            self._keep_actions(plan_id, each)
        read = tuple(self._read(plan_id, each) for each in counted.feeds)
        stored = self._judged(Plan(read, self.retry_refused, plan_id))
        plans.insert(self.connection, stored, inputs)
        return stored

    def _ask_definitions(self, planned: FeedPlan) -> None:
        """Ask a target only where it matters: an unchanged second plan costs no call."""
        feed = planned.feed
        if planned.to_send or planned.refused or self.reading == "all":
            self.takes[feed.label] = self.targets[feed.target].definitions(feed)
            self.digests[feed.label] = digest(feed, self.takes[feed.label])

    def _reads(self, feed: Feed) -> tuple[State, ...]:
        """Say which rows of a feed are read: of links none, and where its policy asks for it always the updates."""
        if feed.kind == "link":
            return ()
        must = feed.when_changed == "stop" or feed.policy == "update_only"
        read = READ["updates" if must and self.reading == "nothing" else self.reading]
        # A new record that cannot be without another one is not there before it.
        return tuple(state for state in read if state != "create" or not feed.ends)

    def _keep_actions(self, plan_id: str, planned: FeedPlan) -> None:
        """Keep every row that is not simply unchanged; those that are read are kept when they have been."""
        feed = planned.feed
        now = [state for state in KEPT_STATES if state not in self._reads(feed)]
        if any(getattr(planned, state) for state in now):
            listed = ", ".join(f"'{state}'" for state in now)
            self._keep(
                plan_id,
                feed,
                f"""
                {changes(feed, coming_ends(feed, self.feeds), self.retry_refused)}
                select %(plan_id)s, %(target)s, %(object)s, {RECORD_KEY}, _action, {ROW_HASH}, _target_id,
                    case _action
                        when 'refused' then _refused_for
                        when 'waiting' then 'waits for a record that is not in the target'
                        when 'skipped' then 'the policy is {feed.policy}'
                        when 'update' then '{MOVED}' || _former_key
                    end
                from change
                where _action in ({listed}) and {RECORD_KEY} is not null""",
            )
        if planned.archive or planned.kept:
            self._keep(
                plan_id,
                feed,
                f"""
                with {taken_over(feed)}
                select %(plan_id)s, target, object, record_key, '{feed.when_deleted}', row_hash, target_id,
                    'no longer in the mart'
                from ops.load_ledger as ledger
                where target = %(target)s and object = %(object)s
                    and record_key not in (select former_key from taken_over)
                    and not exists (select 1 from {feed.relation} as mart where mart.{RECORD_KEY} = ledger.record_key)""",
            )

    def _keep(self, plan_id: str, feed: Feed, query: str) -> None:
        columns = "plan_id, target, object, record_key, action, row_hash, target_id, reason"
        values = {**bindings(feed, "", self.digests.get(feed.label)), "plan_id": plan_id}
        execute(self.connection, f"insert into ops.plan_action ({columns}) {query}", values)

    def _read(self, plan_id: str, planned: FeedPlan) -> FeedPlan:
        """Read what the target holds of the rows, keep what would change of each, and correct the counts by it."""
        feed, states = planned.feed, self._reads(planned.feed)
        total = sum(getattr(planned, state) for state in states)
        if not total:
            return planned
        rows = rows_of(
            self.connection,
            feed,
            states,
            retry_refused=self.retry_refused,
            definitions=self.digests.get(feed.label),
        )
        comparing, done = _Comparing(feed, self.takes.get(feed.label, {})), 0
        while batch := list(islice(rows, ROWS_PER_FILE)):
            spelled = self.targets[feed.target].spelled(feed, [row for _, row in batch])
            several = [*zip((state for state, _ in batch), spelled, strict=True)]
            there = self._there(feed, [row for _, row in several])
            actions = [
                comparing.action(state, row, there.get(row.record_key, Present(row.record_key)))
                for state, row in several
            ]
            plans.append(self.connection, self.folder, plan_id, [each for each in actions if each])
            done += len(several)
            if self.progress is not None:
                self.progress(f"{feed.label} read", done, total)
        return comparing.corrected(planned)

    def _there(self, feed: Feed, rows: Sequence[Row]) -> dict[str, Present]:
        """Give what the target holds; without the key property, made by the first load, nothing can be found by key."""
        has_key = feed.key in self.takes.get(feed.label, {})
        asked = [row for row in rows if row.target_id is not None or has_key]
        found = self.targets[feed.target].read(feed, asked)
        return {present.record_key: present for several in found for present in several}

    def _judged(self, made: Plan) -> Stored:
        """Add what the plan needs and what is wrong with it, target by target."""
        schema: list[SchemaChange] = []
        findings: list[Finding] = []
        efforts: list[Effort] = []
        checklist: dict[str, Sequence[str]] = {}
        for name in dict.fromkeys(each.feed.target for each in made.feeds):
            mine = [each for each in made.feeds if each.feed.target == name]
            if any(each.to_send or each.archive or each.by_hand for each in mine):
                target = self.targets[name]
                target.check_account()
                changed, conflicts = _schema(target, mine)
                rooms = target.room()
                effort = _effort(target, mine, rooms)
                schema += changed
                efforts.append(effort)
                findings += [*conflicts, *preflight.limits(name, rooms, mine, changed, effort.calls)]
                findings += [finding for each in mine for finding in self._findings(each)]
                findings += [finding for each in mine for finding in self._renamed(each.feed, changed)]
                if not any(each.in_ledger for each in mine):
                    checklist[name] = [*target.checklist]
        created_at = self.now.isoformat(timespec="seconds")
        return Stored(made, created_at, tuple(schema), tuple(efforts), tuple(findings), checklist)

    def _findings(self, planned: FeedPlan) -> Iterator[Finding]:
        feed = planned.feed
        yield from preflight.values(
            self.connection,
            planned,
            self.feeds,
            self.takes.get(feed.label, {}),
            retry_refused=self.retry_refused,
            definitions=self.digests.get(feed.label),
        )
        yield from preflight.crowded(self.connection, planned)
        if feed.when_changed == "stop" and planned.by_hand:
            message = (
                f"{planned.by_hand} records were changed by hand in {feed.target} since they were loaded, and the exposure "
                "says stop: look at them with `migrate plan --show`, then set `when_changed` to keep or overwrite."
            )
            yield Finding(feed.target, feed.object, message, stops=True, rows=planned.by_hand)

    def _renamed(self, feed: Feed, changed: Sequence[SchemaChange]) -> Iterator[Finding]:
        """Look for what was renamed where a pipeline or a stage is about to be made."""
        if feed.pipelines and any(each.object == feed.object and each.is_of_pipelines for each in changed):
            takes = self.takes.get(feed.label) or self.targets[feed.target].definitions(feed)
            yield from preflight.renamed(self.connection, feed, takes)


class _Comparing:
    """Rows of one feed beside what the target holds of them, and the counts that follow."""

    def __init__(self, feed: Feed, takes: Mapping[str, Definition]) -> None:
        self._feed = feed
        self._takes = takes
        self._moved: dict[str, int] = {}
        self._changing: dict[str, int] = {}

    def action(self, state: State, row: Row, present: Present) -> plans.Action | None:
        """Give what is kept of a row; None of one that is unchanged in the target too."""
        if present.target_id is None:
            return self._absent(state, row)
        # A property that the target does not have any more was not emptied by hand: it is made anew.
        held = {name: value for name, value in present.values.items() if name in self._takes}
        ours = settled(self._feed, row, held)
        if isinstance(ours, Result):
            self._count("by_hand")
            self._move(state, "refused")
            return self._kept(row, "refused", present, reason=ours.error_message)
        if state == "create" and self._feed.policy == "create_only":
            self._move(state, "skipped")
            return self._kept(
                row, "skipped", present, reason="the target has it, and the policy is create_only"
            )
        changing = differences(self._feed, ours, held)
        if ours.kept:
            self._count("by_hand")
        if state == "unchanged" and not changing:
            return self._kept(ours, "unchanged", present, reason=BY_HAND) if ours.kept else None
        self._move(state, "update")
        for name in changing:
            self._changing[name] = self._changing.get(name, 0) + 1
        reason = f"{MOVED}{row.former_key}" if row.former_key else DIFFERS if state == "unchanged" else None
        return self._kept(ours, "update", present, changing, reason)

    def _absent(self, state: State, row: Row) -> plans.Action:
        if row.target_id is not None:
            self._count("missing")
            self._move(state, "update")
            return self._kept(row, "update", reason=GONE)
        if self._feed.policy == "update_only":
            self._move(state, "skipped")
            return self._kept(row, "skipped", reason="not in the target, and the policy is update_only")
        return self._kept(row, "create")

    def _kept(
        self,
        row: Row,
        action: str,
        present: Present | None = None,
        changing: Mapping[str, Any] | None = None,
        reason: str | None = None,
    ) -> plans.Action:
        return plans.Action(
            self._feed.target,
            self._feed.object,
            row.record_key,
            action,
            row.row_hash,
            present.target_id if present else row.target_id,
            json.dumps(changing, default=str) if changing else None,
            json.dumps(present.values) if present else None,
            json.dumps(list(row.kept)) if row.kept else None,
            reason,
        )

    def _move(self, state: str, to: str) -> None:
        if state != to:
            self._count(state, -1)
            self._count(to)

    def _count(self, name: str, by: int = 1) -> None:
        self._moved[name] = self._moved.get(name, 0) + by

    def corrected(self, planned: FeedPlan) -> FeedPlan:
        """Give the counts as they are now known."""
        moved: dict[str, Any] = {name: getattr(planned, name) + by for name, by in self._moved.items()}
        return replace(planned, changing=dict(sorted(self._changing.items())), **moved)


def _schema(target: Target, planned: Sequence[FeedPlan]) -> tuple[list[SchemaChange], list[Finding]]:
    """Say what would be added to the target's schema, or what keeps it from being added."""
    try:
        return target.provision([each.feed for each in planned], dry_run=True), []
    except SchemaConflictError as conflict:
        return [], [Finding(target.name, None, str(conflict), stops=True)]


def _effort(target: Target, planned: Sequence[FeedPlan], rooms: Sequence[Room]) -> Effort:
    calls = sum(
        target.calls_needed(
            each.feed, create=each.create, update=each.update, archive=each.archive, files=each.files
        )
        for each in planned
    )
    day = next((room.most for room in rooms if room.name == "calls today"), None)
    return Effort(
        target.name,
        calls,
        round(calls / target.calls_per_second / 60, 1),
        round(calls / day, 4) if day else None,
    )
