"""Plans that are kept in OPS.PLAN: what somebody agreed to, and whether it is still what would be done.

A plan is carried out only while its inputs are what they were: marts, ledger, attempts, mappings, and what the targets take.
One that was killed on the way is made anew; what had arrived is in the ledger by then.
"""

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet

from load.changes import bindings, execute
from load.feeds import RECORD_KEY, ROW_HASH, Feed
from load.ledger import LOST, STAGE
from load.plan import FeedPlan, Plan, digest
from load.preflight import Finding
from load.target import LoadError, SchemaChange, Target

MADE, APPLYING, APPLIED = "made", "applying", "applied"
MASKED = 1


class PlanError(LoadError):
    """A plan cannot be carried out or shown; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Effort:
    """What a load costs in one target: calls, minutes at the pace it allows, the share of a day's calls (0 to 1)."""

    target: str
    calls: int
    minutes: float
    share_of_day: float | None


@dataclass(frozen=True, slots=True)
class Action:
    """One row of a plan. `changes`: JSON, by property what the target holds and what it would get."""

    target: str
    object: str
    record_key: str
    action: str
    row_hash: str | None
    target_id: str | None
    changes: str | None
    before_image: str | None
    kept: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Stored:
    """A plan with all that it says beside the counts. `checklist`: by target, what a person checks before a first load."""

    plan: Plan
    created_at: str
    schema: tuple[SchemaChange, ...] = ()
    efforts: tuple[Effort, ...] = ()
    findings: tuple[Finding, ...] = ()
    checklist: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def stops(self) -> list[Finding]:
        """Give the findings that keep it from being carried out."""
        return [finding for finding in self.findings if finding.stops]

    def as_dict(self) -> dict[str, Any]:
        """Give it as plain values, for `--json` and OPS.PLAN."""
        return {
            "plan_id": self.plan.plan_id,
            "created_at": self.created_at,
            "retry_refused": self.plan.retry_refused,
            **self.plan.as_dict(),
            "schema_changes": [asdict(change) for change in self.schema],
            "efforts": [asdict(effort) for effort in self.efforts],
            "findings": [asdict(finding) for finding in self.findings],
            "checklist": dict(self.checklist),
        }


def inputs(connection: Any, feeds: Sequence[Feed], definitions: Mapping[str, str]) -> dict[str, Any]:
    """Give what a plan rests on, by a feed's label: it changes when a mart, the ledger, the attempts or a mapping do."""
    parts = [
        f"""
        select {place} as place,
            (select count(*) || ':' || coalesce(sum(hash({RECORD_KEY}, {ROW_HASH})), 0) from {feed.relation}) as mart,
            (
                select count(*) || ':' || coalesce(sum(hash(record_key, target_id, row_hash)), 0)
                from ops.load_ledger where target = '{feed.target}' and object = '{feed.object}'
            ) as ledger,
            (select count(*) from ops.load_attempt where target = '{feed.target}' and object = '{feed.object}') as attempts"""
        for place, feed in enumerate(feeds)
    ]
    rows = {place: [*map(str, row)] for place, *row in execute(connection, " union all ".join(parts), {})}
    return {
        feed.label: [*rows[place], definitions.get(feed.label) or digest(feed, {})]
        for place, feed in enumerate(feeds)
    }


def insert(connection: Any, stored: Stored, rests_on: Mapping[str, Any]) -> None:
    """Keep a plan, whose actions are there already."""
    execute(
        connection,
        "insert into ops.plan (plan_id, status, created_at, inputs, summary) "
        f"select %(plan_id)s, '{MADE}', %(created_at)s::timestamp_ntz, %(inputs)s, %(summary)s",
        {
            "plan_id": stored.plan.plan_id,
            "created_at": stored.created_at.partition("+")[0],
            "inputs": json.dumps(rests_on),
            "summary": json.dumps(stored.as_dict()),
        },
    )


def append(connection: Any, folder: Path, plan_id: str, actions: Sequence[Action]) -> None:
    """Add rows to a plan."""
    if not actions:
        return
    names = [each.name for each in fields(Action)]
    columns = {name: pa.array([getattr(each, name) for each in actions], pa.string()) for name in names}
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"plan.{uuid.uuid4().hex}.parquet"
    pyarrow.parquet.write_table(
        pa.table({"plan_id": pa.array([plan_id] * len(actions), pa.string()), **columns}), path
    )
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"create stage if not exists {STAGE}")
            cursor.execute(f"put 'file://{path.resolve()}' @{STAGE} auto_compress = false overwrite = true")
            cursor.execute(
                f"copy into ops.plan_action from @{STAGE}/{path.name} file_format = (type = parquet) "
                "match_by_column_name = case_insensitive purge = true"
            )
    finally:
        path.unlink()


def find(connection: Any, plan_id: str, feeds: Sequence[Feed], targets: Mapping[str, Target]) -> Stored:
    """Give a plan that may be carried out, for nothing that it rests on has changed.

    Raises:
        PlanError: there is none, it was carried out, or what it rests on has changed since.
    """
    stored, status, rests_on = read(connection, feeds, plan_id)
    if status != MADE:
        raise PlanError(
            f"The plan {plan_id} has been carried out before. Make a new one with `migrate plan`."
        )
    chosen = [planned.feed for planned in stored.plan.feeds]
    # Only where the target was asked then, it has to be asked now.
    asked = [feed for feed in chosen if rests_on.get(feed.label, [None])[-1] != digest(feed, {})]
    takes = {feed.label: digest(feed, targets[feed.target].definitions(feed)) for feed in asked}
    now = inputs(connection, chosen, takes)
    what = ("its mart", "the ledger", "the log of attempts", "its mapping or what the target takes")
    changed = [
        f"{label}: {what[place]}"
        for label, values in now.items()
        for place, value in enumerate(values)
        if rests_on.get(label, [None] * len(what))[place] != value
    ]
    if changed:
        raise PlanError(
            f"The plan {plan_id} is not what would be done now, for something has changed since ({'; '.join(changed)}). "
            "Make a new one with `migrate plan`."
        )
    return stored


def read(
    connection: Any, feeds: Sequence[Feed], plan_id: str | None = None
) -> tuple[Stored, str, dict[str, Any]]:
    """Give a plan, the latest without an id, with its status and what it rests on.

    Raises:
        PlanError: there is none, or one of its feeds is declared no more.
    """
    found = execute(
        connection,
        "select plan_id, status, inputs, summary from ops.plan where %(plan_id)s is null or plan_id = %(plan_id)s "
        "order by created_at desc, plan_id desc limit 1",
        {"plan_id": plan_id},
    )
    if not found:
        raise PlanError(
            f"There is no plan {plan_id}. `migrate plan` makes one." if plan_id else "There is no plan yet."
        )
    [(_, status, rests_on, summary)] = found
    return _restored(json.loads(summary), feeds), status, json.loads(rests_on)


def _restored(summary: Mapping[str, Any], feeds: Sequence[Feed]) -> Stored:
    known = {(feed.target, feed.object): feed for feed in feeds}
    planned = []
    for each in summary["feeds"]:
        feed = known.get((each["target"], each["object"]))
        if feed is None:
            raise PlanError(
                f"The plan {summary['plan_id']} has {each['object']}, which no exposure declares now."
            )
        planned.append(FeedPlan(feed, **{k: v for k, v in each.items() if k not in ("target", "object")}))
    return Stored(
        Plan(tuple(planned), summary["retry_refused"], summary["plan_id"]),
        summary["created_at"],
        tuple(SchemaChange(**each) for each in summary["schema_changes"]),
        tuple(Effort(**each) for each in summary["efforts"]),
        tuple(Finding(**each) for each in summary["findings"]),
        summary["checklist"],
    )


def take_up(connection: Any, plan_id: str, run_id: str) -> None:
    """Begin to carry a plan out: what it found changed in the targets becomes known to the ledger."""
    ledger = """from ops.plan_action as action
        where action.plan_id = %(plan_id)s and load_ledger.target = action.target
            and load_ledger.object = action.object and load_ledger.record_key = action.record_key"""
    values = {"plan_id": plan_id, "run_id": run_id}
    execute(
        connection,
        f"update ops.load_ledger set row_hash = '{LOST}' {ledger} and action.action = 'update' "
        "and action.row_hash = load_ledger.row_hash",
        values,
    )
    execute(
        connection,
        f"update ops.load_ledger set kept = action.kept {ledger} and action.action = 'unchanged'",
        values,
    )
    _mark(connection, plan_id, APPLYING, run_id)


def finish(connection: Any, plan_id: str, run_id: str) -> None:
    """Note that a plan was carried out to its end."""
    _mark(connection, plan_id, APPLIED, run_id)


def _mark(connection: Any, plan_id: str, status: str, run_id: str) -> None:
    execute(
        connection,
        "update ops.plan set status = %(status)s, run_id = %(run_id)s, applied_at = current_timestamp()::timestamp_ntz "
        "where plan_id = %(plan_id)s",
        {"plan_id": plan_id, "status": status, "run_id": run_id},
    )


def show(connection: Any, stored: Stored, key: str, *, masked: bool) -> list[dict[str, Any]]:
    """Give what a plan does with the records and links of a key or a target's id; personal values masked if asked."""
    shown = []
    names = [each.name for each in fields(Action)]
    for planned in stored.plan.feeds:
        feed = planned.feed
        rows = execute(
            connection,
            f"select {', '.join(names)} from ops.plan_action where plan_id = %(plan_id)s and target = %(target)s "
            "and object = %(object)s and (record_key = %(key)s or target_id = %(key)s)",
            {**bindings(feed, ""), "plan_id": stored.plan.plan_id, "key": key},
        )
        for action in (Action(*row) for row in rows):
            changing = (
                json.loads(action.changes) if action.changes else dict(_created(connection, feed, action))
            )
            shown.append(
                {
                    **{name: getattr(action, name) for name in ("target", "object", "record_key", "action")},
                    "target_id": action.target_id,
                    "reason": action.reason,
                    "kept": json.loads(action.kept or "[]"),
                    "changes": [*_told(feed, changing, masked=masked)],
                }
            )
        if not rows and _is_known(connection, feed, key):
            names_ = {"target": feed.target, "object": feed.object, "record_key": key}
            shown.append(
                {
                    **names_,
                    "action": "unchanged",
                    "target_id": None,
                    "reason": None,
                    "kept": [],
                    "changes": [],
                }
            )
    return shown


def _created(connection: Any, feed: Feed, action: Action) -> Iterator[tuple[str, tuple[Any, Any]]]:
    """Give what a new record would get; of an update that was not read, what the mart has."""
    if action.action not in ("create", "update"):
        return
    columns = ", ".join(column.identifier for column in feed.columns)
    rows = execute(
        connection,
        f"select {columns} from {feed.relation} where {RECORD_KEY} = %(key)s",
        {"key": action.record_key},
    )
    for row in rows:
        for column, value in zip(feed.columns, row, strict=True):
            if value is not None:
                yield column.name, (None, value)


def _is_known(connection: Any, feed: Feed, key: str) -> bool:
    return bool(
        execute(
            connection, f"select 1 from {feed.relation} where {RECORD_KEY} = %(key)s limit 1", {"key": key}
        )
    )


def _told(feed: Feed, changing: Mapping[str, Sequence[Any]], *, masked: bool) -> Iterator[dict[str, Any]]:
    personal = {column.name for column in feed.columns if column.is_personal} if masked else set()
    for name, (old, new) in changing.items():
        hide = name in personal
        yield {"property": name, "from": _mask(old) if hide else old, "to": _mask(new) if hide else new}


def _mask(value: Any) -> Any:
    """Show of a value its first character and its length, as `macros/compare.sql` does."""
    text = None if value is None else str(value)
    return text and f"{text[:MASKED]}… ({len(text)} characters)"
