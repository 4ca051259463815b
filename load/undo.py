"""What a run did to each record, what the target holds of it now, and so what undoing it takes.

A value that somebody changed since is theirs: it is not touched, and listed.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Literal

from load.drift import alike, sent_before
from load.feeds import Column, Feed
from load.target import Present

Did = Literal["made", "overwrote", "archived", "moved"]
Step = Literal["archive", "restore", "bring back", "nothing", "keep"]

# What stands in the log in the place of a person who was forgotten: there is nothing to bring back.
FORGOTTEN = "forgotten-"

# Attempts that were undone, or were made to undo others, do not count as what went before.
COUNTS = """attempt.status = 'succeeded'
        and not exists (select 1 from ops.reversal where reversal.reversal_id = attempt.run_id)
        and not exists (
            select 1 from ops.reversal_record as undone
            where undone.run_id = attempt.run_id and undone.target = attempt.target and undone.object = attempt.object
                and undone.record_key = attempt.record_key and undone.outcome = 'undone'
                and undone.noted_at >= attempt.attempted_at
        )"""

ATTEMPTS = f"""
with began as (
    select min(attempted_at) as moment from ops.load_attempt where run_id = %(run_id)s and target = %(target)s
),

previous as (
    select attempt.record_key, attempt.action, attempt.row_hash, attempt.target_id, attempt.payload
    from ops.load_attempt as attempt
    where attempt.target = %(target)s and attempt.object = %(object)s
        and attempt.attempted_at < (select moment from began) and {COUNTS}
    qualify row_number() over (partition by attempt.record_key order by attempt.attempted_at desc) = 1
),

held as (
    select target_id, payload, is_gone
    from ops.backup
    where target = %(target)s and object = %(object)s and taken_at <= (select moment from began)
    qualify row_number() over (partition by target_id order by taken_at desc) = 1
)

select attempt.record_key, attempt.action, attempt.status, attempt.payload, attempt.target_id, attempt.before_image,
    previous.row_hash, previous.target_id, previous.payload, held.payload
from ops.load_attempt as attempt
left join previous on attempt.record_key = previous.record_key and previous.action <> 'archive'
left join held on attempt.target_id = held.target_id and not held.is_gone
where attempt.run_id = %(run_id)s and attempt.target = %(target)s and attempt.object = %(object)s
    and attempt.status in ('succeeded', 'failed') and not startswith(attempt.record_key, '{FORGOTTEN}')
order by attempt.record_key, attempt.attempted_at"""


@dataclass(frozen=True, slots=True)
class Undo:
    """What a run did to one record. `before`: the values that it overwrote, as far as they are known.

    sent: what it sent, call by call. previous_hash, previous_id: the ledger's before the run; None if it had none.
    """

    record_key: str
    target_id: str | None
    did: Did
    before: Mapping[str, Any] | None = None
    sent: Sequence[Mapping[str, Any]] = ()
    previous_hash: str | None = None
    previous_id: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do about one record: the values to write back, the properties that are left alone, and why."""

    undo: Undo
    step: Step
    target_id: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    kept: tuple[str, ...] = ()
    reason: str = ""


def attempts(connection: Any, feed: Feed, run_id: str) -> Iterator[tuple[Any, ...]]:
    """Give the attempts of a run on one feed with what went before, ordered by record key and time."""
    with connection.cursor() as cursor:
        cursor.execute(ATTEMPTS, {"run_id": run_id, "target": feed.target, "object": feed.object})
        while rows := cursor.fetchmany(10_000):
            yield from rows


def undos(feed: Feed, rows: Iterable[tuple[Any, ...]]) -> Iterator[Undo]:
    """Gather the attempts of each record into what the run did to it."""
    for record_key, group in groupby(rows, key=lambda row: row[0]):
        yield _undo(feed, record_key, [*group])


def _undo(feed: Feed, record_key: str, rows: Sequence[tuple[Any, ...]]) -> Undo:
    _, action, _, _, _, _, previous_hash, previous_id, previous_payload, _ = rows[0]
    images = [json.loads(row[5]) for row in rows if row[5]]
    sent = tuple(values for row in rows if row[3] for values in sent_before(f"[{row[3]}]") or ())
    target_id = next((row[4] for row in reversed(rows) if row[4]), previous_id)
    held = next((row[9] for row in rows if row[9]), None)
    before = {name: value for image in reversed(images) for name, value in image.items()}
    if action == "move":
        return Undo(record_key, target_id, "moved", None, (), previous_hash, previous_id)
    if rows[-1][1] == "archive" and rows[-1][2] == "succeeded":
        return Undo(record_key, target_id, "archived", before, sent, previous_hash, previous_id)
    is_new = not images and held is None
    if is_new and action == "create":
        return Undo(record_key, target_id, "made", None, sent)
    if not images:
        known = _held(feed, held) if held else _sent(previous_payload)
        before = {name: known.get(name) for values in sent for name in values if name in known or held}
    return Undo(record_key, target_id, "overwrote", before or None, sent, previous_hash, previous_id)


def _held(feed: Feed, payload: str) -> dict[str, Any]:
    """Give the values of a vendor's document, wherever it has them, as they are written."""
    document = json.loads(payload)
    groups = ("properties", "custom_attributes", "ticket_attributes")
    values = {
        **document,
        **{name: value for group in groups for name, value in (document.get(group) or {}).items()},
    }
    names = (feed.key, *(column.name for column in feed.columns))
    return {name: _own(values.get(name)) for name in names}


def _own(value: Any) -> Any:
    return value.get("name") if isinstance(value, dict) else value


def _sent(payload: str | None) -> Mapping[str, Any]:
    found = sent_before(f"[{payload}]") if payload else None
    return found[0] if found else {}


def decide(feed: Feed, undo: Undo, now: Present, *, even_if_changed: bool = False) -> Decision:
    """Say what undoing takes, given what the target holds now. Deciding again afterwards says: nothing."""
    if undo.did == "archived":
        return _bring_back(undo, now)
    if undo.did == "moved":
        # The record is put back with what was written under its new key; the ledger has it under the old one again.
        return Decision(undo, "nothing", undo.previous_id)
    if undo.did == "made":
        return _unmake(feed, undo, now, even_if_changed=even_if_changed)
    if now.target_id is None:
        return Decision(undo, "keep", reason="somebody archived or deleted it since")
    if undo.before is None:
        return Decision(undo, "keep", now.target_id, reason="nothing is known of what it held before")
    return _restore(feed, undo, now, undo.before, even_if_changed=even_if_changed)


def _bring_back(undo: Undo, now: Present) -> Decision:
    if now.target_id is not None:
        return Decision(undo, "nothing", now.target_id)
    return Decision(undo, "bring back", undo.target_id)


def _unmake(feed: Feed, undo: Undo, now: Present, *, even_if_changed: bool) -> Decision:
    if now.target_id is None:
        return Decision(undo, "nothing", undo.target_id)
    if undo.target_id is not None and now.target_id != undo.target_id:
        return Decision(undo, "keep", now.target_id, reason="somebody merged it into another record since")
    # What a kind with types has of its own is written under other names; its attributes say enough.
    judged = [column for column in feed.columns if column.custom or not feed.types]
    changed = tuple(
        column.name
        for column in judged
        # What the target does not tell it cannot have had changed.
        if column.name in now.values and not _is_ours(column, undo, now.values[column.name])
    )
    if changed and not even_if_changed:
        return Decision(undo, "keep", now.target_id, kept=changed, reason="somebody changed it since")
    return Decision(undo, "archive", now.target_id)


def _restore(
    feed: Feed, undo: Undo, now: Present, before: Mapping[str, Any], *, even_if_changed: bool
) -> Decision:
    values: dict[str, Any] = {}
    kept: list[str] = []
    for column in _columns(feed):
        if column.name not in before:
            continue
        held = now.values.get(column.name)
        if alike(column, held, before[column.name], exact=True):
            continue
        if even_if_changed or _is_ours(column, undo, held):
            values[column.name] = before[column.name]
        else:
            kept.append(column.name)
    reason = "somebody changed it since" if kept else ""
    step: Step = "restore" if values else "keep" if kept else "nothing"
    return Decision(undo, step, now.target_id, values, tuple(kept), reason)


def _is_ours(column: Column, undo: Undo, held: Any) -> bool:
    """Say whether the run left this value: it sent it, or it sent none and there is none."""
    return any(alike(column, held, values.get(column.name)) for values in undo.sent)


def _columns(feed: Feed) -> Iterator[Column]:
    yield Column(feed.key, "varchar")
    yield from feed.columns
