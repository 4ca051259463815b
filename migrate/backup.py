"""What the targets hold, kept before the first write: read whole once, then taken from what each run reads back."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import load.backup
import load.feeds
from migrate import systems, transform
from migrate.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from load.backup import Kept, Part
    from load.feeds import Feed
    from load.plan import Plan
    from migrate.phases import Work


def backup(work: Work, target: str | None = None) -> dict[str, Any]:
    """Read what a target, or both, hold of the objects that we write, and keep what changed since the last backup.

    One that was stopped within the last day goes on with the parts that are missing.
    """
    feeds = load.feeds.feeds(transform.manifest(work.settings))
    known = {feed.target for feed in feeds}
    if target is not None and target not in known:
        raise SetupError(f"There is no target {target}; there are {' and '.join(sorted(known))}.")
    systems.check_accounts(work.settings)
    wanted = load.backup.parts(feeds, [target] if target else [])
    backup_id, done = load.backup.unfinished(work.connection, wanted) or (work.run_id, set())
    if done:
        work.screen.say(f"Backup {backup_id} goes on; {len(done)} of {len(wanted)} parts are there.")
    kept = _read(work, backup_id, [part for part in wanted if part not in done], feeds)
    return {"backup_id": backup_id, "parts": [asdict(one) for one in kept]}


def before_load(work: Work, plan: Plan, feeds: Sequence[Feed]) -> list[Kept]:
    """Keep what the targets of a plan hold before anything is written to them; nothing to send, nothing to keep.

    `feeds` are all that are declared: a plan of some objects must not leave the backup without the others.

    What no backup has yet is read. Otherwise the last read-back is newer than the last backup, or nothing was written
    since: then there is nothing to read, and what is overwritten from now on is kept with each attempt.
    """
    targets = {planned.feed.target for planned in plan.feeds if planned.to_send or planned.archive}
    if not targets:
        return []
    wanted = load.backup.parts(feeds, [*targets])
    there = load.backup.complete(work.connection)
    missing = [part for part in wanted if part not in there]
    backup_id, _ = load.backup.unfinished(work.connection, wanted) or (work.run_id, set())
    kept = _read(work, backup_id, missing, feeds)
    for part in wanted:
        if part in there and load.backup.read_since(work.connection, part):
            kept.append(load.backup.keep(work.connection, work.run_id, part, "read_back"))
    return kept


def _read(work: Work, backup_id: str, parts: Sequence[Part], feeds: Sequence[Feed]) -> list[Kept]:
    kept = []
    with work.bars("backup", "back up") as progress:
        for part in parts:
            systems.read_everything(work.settings, work.connection, work.run_id, feeds, part, progress)
            kept.append(load.backup.keep(work.connection, backup_id, part, "read"))
    return kept
