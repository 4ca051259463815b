"""What undoing asks of a target, in which order runs are undone, and what is found of them afterwards."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from load import undo
from load.feeds import Feed
from load.target import LoadError, Result, Row, Target
from load.undo_links import Linked


class Reversible(Target, Protocol):
    """A target whose writes can be undone."""

    def restore(self, feed: Feed, rows: Iterable[Row]) -> Iterator[list[Result]]:
        """Write the rows' values, as the target gave them, over the records that `target_id` names."""
        ...

    def bring_back(self, feed: Feed, rows: Iterable[Row]) -> Iterator[list[Result]]:
        """Restore archived records, or refuse with the category `load.target.CANNOT`."""
        ...

    def linked(self, feed: Feed, starts: Iterable[str]) -> Iterator[tuple[str, Linked]]:
        """Give the links whose `load.target.reference` begins so, as `contacts/101/companies`, and their types."""
        ...

    def relink(self, feed: Feed, rows: Iterable[Row]) -> Iterator[list[Result]]:
        """Give the two records that `target_id` names the types `values["wanted"]` in the place of `values["now"]`."""
        ...

    def people(self, addresses: Sequence[str]) -> list[str]:
        """Give the ids of the contacts with these addresses, as far as the target finds them."""
        ...

    def forget(self, contact_id: str) -> bool:
        """Delete a contact for good, archived or not; say whether it was there."""
        ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the comparison after a rollback found of one record or link."""

    target: str
    object: str
    record_key: str
    target_id: str | None
    did: str
    outcome: str
    kept: tuple[str, ...] = ()
    reason: str = ""


@dataclass(slots=True)
class RolledBack:
    """What became of a run's writes: outcomes counted by object, and all that are not as before the run."""

    run_id: str
    counts: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    exceptions: list[Outcome] = field(default_factory=list)

    def note(self, outcomes: Iterable[Outcome]) -> None:
        """Count outcomes, and hold those that are not as they should be."""
        for one in outcomes:
            self.counts[one.target, one.object, one.outcome] += 1
            if one.outcome not in ("undone", "to undo"):
                self.exceptions.append(one)

    def as_dict(self) -> dict[str, Any]:
        """Give the counts and exceptions as plain values."""
        counted = [
            {"target": target, "object": name, "outcome": outcome, "records": number}
            for (target, name, outcome), number in sorted(self.counts.items())
        ]
        return {
            "run_id": self.run_id,
            "outcomes": counted,
            "exceptions": [asdict(one) for one in self.exceptions],
        }


def later_runs(connection: Any, run_id: str, targets: Sequence[str]) -> list[str]:
    """Give the runs that wrote to these targets after a run and are not undone, newest first.

    Raises:
        LoadError: the run wrote nothing to them.
    """
    listed = ", ".join(f"'{name}'" for name in targets)
    query = f"""
        with wrote as (
            select attempt.run_id, min(attempt.attempted_at) as began_at
            from ops.load_attempt as attempt
            where attempt.target in ({listed}) and {undo.COUNTS}
            group by attempt.run_id
        ),

        began as (
            select min(attempted_at) as moment
            from ops.load_attempt
            where run_id = %(run_id)s and target in ({listed}) and status <> 'refused'
        )

        select wrote.run_id, (select moment from began)
        from (select 1 as one) as always
        left join wrote on wrote.began_at > (select moment from began) and wrote.run_id <> %(run_id)s
        order by wrote.began_at desc"""
    with connection.cursor() as cursor:
        found = cursor.execute(query, {"run_id": run_id}).fetchall()
    if found[0][1] is None:
        raise LoadError(f"Run {run_id} wrote nothing to {' or '.join(targets)}: see ops.load_attempt.")
    return [row[0] for row in found if row[0] is not None]
