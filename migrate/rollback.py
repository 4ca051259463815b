"""Rolling a run back: which feeds, which later runs first, and what is left to look at."""

import getpass
from collections.abc import Sequence
from typing import Any

import load.reversal
from load.feeds import Feed
from load.reversal import RolledBack
from load.rollback import Rollback
from load.target import LoadError
from migrate import phases, runs, systems
from migrate.errors import SetupError
from migrate.phases import Work


def rollback(
    work: Work,
    run_id: str,
    select: Sequence[str] = (),
    *,
    dry_run: bool = False,
    with_later: bool = False,
    even_if_changed: bool = False,
) -> list[RolledBack]:
    """Undo a run, and with `with_later` first the runs after it, newest first.

    Raises:
        SetupError: the run or the selection is unknown, or later runs wrote to the same targets.
    """
    feeds = chosen(phases.declared_feeds(work.settings), select)
    later = _later(work, run_id, feeds)
    if later and not with_later:
        raise SetupError(
            f"Runs are undone newest first, and {', '.join(later)} wrote to the same targets after {run_id}. "
            "Roll these back first, or all of them with --with-later."
        )
    systems.check_accounts(work.settings)
    undone = []
    for number, each in enumerate([*later, run_id]):
        with work.bars("rollback", f"undo {each}") as progress:
            one = Rollback(
                work.connection,
                systems.targets(work.settings),
                each,
                work.run_id if not number else runs.new_id(),
                work.settings.home / "spool",
                dry_run=dry_run,
                even_if_changed=even_if_changed,
                progress=progress,
            )
            undone.append(one.carry_out(feeds, started_by=getpass.getuser()))
        if not dry_run and not select:
            # It must not be continued: what it had done is gone.
            runs.finish(work.connection, each, "rolled back")
    return undone


def chosen(feeds: Sequence[Feed], select: Sequence[str]) -> list[Feed]:
    """Give the feeds that are named, as `hubspot` or `hubspot:contacts`; all without a name.

    Raises:
        SetupError: there is no such feed.
    """
    known = {f"{feed.target}:{feed.object}": feed for feed in feeds}
    found: list[Feed] = []
    for name in select:
        matching = [feed for full, feed in known.items() if name in (full, feed.target)]
        if not matching:
            raise SetupError(f"There is no {name}; there are {', '.join(known)}.")
        found += [feed for feed in matching if feed not in found]
    return found or [*feeds]


def _later(work: Work, run_id: str, feeds: Sequence[Feed]) -> list[str]:
    try:
        return load.reversal.later_runs(work.connection, run_id, sorted({feed.target for feed in feeds}))
    except LoadError as error:
        wrote = runs.rows(
            work.connection,
            "select run_id from ops.load_attempt where status = 'succeeded' group by run_id "
            "order by max(attempted_at) desc limit 5",
        )
        listed = ", ".join(row["run_id"] for row in wrote) or "none"
        raise SetupError(f"{error} The latest runs that wrote: {listed}.") from error


def document(undone: Sequence[RolledBack]) -> dict[str, Any]:
    """Give what `migrate rollback --json` prints."""
    return {"runs": [one.as_dict() for one in undone]}


def findings(undone: Sequence[RolledBack]) -> list[str]:
    """Say what is not as it was before the runs."""
    return [
        f"{one.run_id}: {len(one.exceptions)} records or links are not as before: see ops.reversal_record"
        for one in undone
        if one.exceptions
    ]
