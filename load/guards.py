"""What is not done without somebody's word: a large first load, the archiving of many records."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from load.apply import MOST_ARCHIVED_SHARE, archives_too_many, too_many_archived
from load.plan import Plan
from load.target import LoadError

MOST_NEW = 50_000


class GuardError(LoadError):
    """Somebody has to agree first; the message says to what, and how."""


@dataclass(frozen=True, slots=True)
class Guard:
    """Something to agree to."""

    name: Literal["first load", "archive"]
    message: str


def guards(
    plan: Plan, *, most_new: int = MOST_NEW, most_archived_share: float = MOST_ARCHIVED_SHARE
) -> Iterator[Guard]:
    """Give what a plan does that somebody has to agree to.

    most_new: so many records may be sent to a target of which the ledger knows nothing.
    most_archived_share: of the records of a feed, 0 to 1.
    """
    for target in dict.fromkeys(planned.feed.target for planned in plan.feeds):
        mine = [planned for planned in plan.feeds if planned.feed.target == target]
        new = sum(planned.to_send for planned in mine)
        if new > most_new and not any(planned.in_ledger for planned in mine):
            yield Guard(
                "first load",
                f"{new:,} records and links would go to {target}, to which nothing was loaded before; more than {most_new:,} "
                "need --allow-first-load or a higher MIGRATE_FIRST_LOAD_LIMIT.",
            )
    for planned in plan.feeds:
        if archives_too_many(planned, most_archived_share):
            yield Guard("archive", too_many_archived(planned, most_archived_share))
