"""What a run did to links, and what undoing it takes: of each two records the types between them, before and now.

A link is looked at together with all others of its first end, because a target may take a type from one to give it to
another: a record has one primary company.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from load.feeds import Feed
from load.undo import COUNTS, FORGOTTEN

Types = frozenset[str]
NONE: Types = frozenset()


@dataclass(frozen=True, slots=True)
class Linked:
    """The types of a link that a target has, and which of them come along with any other."""

    types: Types
    plain: Types = NONE


ABSENT = Linked(NONE)
# The type of a link where a target has but one kind.
ATTACHED = "attached"

ATTEMPTS = f"""
with began as (
    select min(attempted_at) as moment from ops.load_attempt where run_id = %(run_id)s and target = %(target)s
),

previous as (
    select attempt.record_key, attempt.action, attempt.row_hash, attempt.target_id
    from ops.load_attempt as attempt
    where attempt.target = %(target)s and attempt.object = %(object)s
        and attempt.attempted_at < (select moment from began) and {COUNTS}
    qualify row_number() over (partition by attempt.record_key order by attempt.attempted_at desc) = 1
),

done as (
    select attempt.record_key, attempt.action, attempt.target_id, attempt.payload, attempt.attempted_at,
        previous.row_hash, previous.target_id as previous_id
    from ops.load_attempt as attempt
    left join previous on attempt.record_key = previous.record_key and previous.action <> 'archive'
    where attempt.run_id = %(run_id)s and attempt.target = %(target)s and attempt.object = %(object)s
        and attempt.status = 'succeeded' and not startswith(attempt.record_key, '{FORGOTTEN}')
),

touched as (
    select record_key, target_id, iff(action = 'archive', null, payload) as payload, row_hash, previous_id, attempted_at
    from done
    where target_id is not null
    union all
    -- a link that moved was taken from where it was
    select record_key, previous_id, null, row_hash, previous_id, attempted_at
    from done
    where previous_id <> target_id
)

select record_key, target_id, payload, row_hash, previous_id
from touched
order by split_part(target_id, '/', 1), split_part(target_id, '/', 2), split_part(target_id, '/', 3), attempted_at"""

# What the target held of these first ends' links before the run.
HELD = """
with began as (
    select min(attempted_at) as moment from ops.load_attempt where run_id = %(run_id)s and target = %(target)s
)

select target_id, payload
from ops.backup
where target = %(target)s and object = %(object)s and taken_at <= (select moment from began)
    and split_part(target_id, '/', 1) || '/' || split_part(target_id, '/', 2) || '/' || split_part(target_id, '/', 3)
        in ({starts})
qualify row_number() over (partition by target_id order by taken_at desc) = 1 and not is_gone"""


@dataclass(frozen=True, slots=True)
class Touched:
    """A link of ours that a run made or took away, and what the ledger said of it before."""

    record_key: str
    link: str
    types: Types
    previous_hash: str | None
    previous_id: str | None


@dataclass(frozen=True, slots=True)
class LinkDecision:
    """The types that two records should have between them; those that somebody changed since are as they are now."""

    link: str
    before: Types
    now: Types
    wanted: Types
    kept: Types = NONE

    @property
    def is_done(self) -> bool:
        """Say whether there is nothing to write."""
        return self.now == self.wanted


def touched(connection: Any, feed: Feed, run_id: str) -> Iterator[list[Touched]]:
    """Give the links that a run touched, those with one first end together."""
    bindings = {"run_id": run_id, "target": feed.target, "object": feed.object}
    with connection.cursor() as cursor:
        rows = cursor.execute(ATTEMPTS, bindings).fetchall()
    links = (
        Touched(key, link, _types(payload), row_hash, previous)
        for key, link, payload, row_hash, previous in rows
    )
    for _, group in groupby(links, key=lambda one: start_of(one.link)):
        yield [*group]


def held(connection: Any, feed: Feed, run_id: str, starts: Sequence[str]) -> dict[str, Types]:
    """Give the links with these first ends, and their types, as they were before the run."""
    names = {f"start_{number}": start for number, start in enumerate(starts)}
    query = HELD.format(starts=", ".join(f"%({name})s" for name in names))
    with connection.cursor() as cursor:
        rows = cursor.execute(
            query, {"run_id": run_id, "target": feed.target, "object": feed.object, **names}
        )
        return {link: frozenset(types.split()) for link, types in rows.fetchall()}


def decide(
    links: Iterable[Touched],
    before: Mapping[str, Types],
    now: Mapping[str, Linked],
    *,
    even_if_changed: bool = False,
) -> Iterator[LinkDecision]:
    """Say what undoing takes for the links of one first end, those that the run did not touch among them."""
    sent: dict[str, Types] = {}
    for one in links:
        sent[one.link] = sent.get(one.link, NONE) | one.types
    given = NONE.union(*sent.values())
    for link in dict.fromkeys((*sent, *before)):
        had, there = before.get(link, NONE), now.get(link, ABSENT)
        if link in sent:
            decision = _of_ours(link, had, there, sent[link], given)
            yield replace(decision, wanted=had, kept=NONE) if even_if_changed else decision
        elif given & (had - there.types):
            # Its type went to one of ours.
            yield LinkDecision(link, had, there.types, there.types | (given & had))


def _of_ours(link: str, had: Types, there: Linked, sent: Types, given: Types) -> LinkDecision:
    """Decide on a link that the run made, or took away when it sent nothing.

    What there is beside what was there and what was sent, somebody added. What is missing is the run's doing if it took the
    link away, or sent the same type to another record; otherwise somebody took it away.
    """
    has = there.types
    theirs = has - had - sent - there.plain if sent else has - had
    missing = had - has
    ours_to_mend = missing if not sent else missing & (given - sent)
    # The plain type stays as long as there is another.
    ours_to_take = has - had - theirs - (there.plain if theirs else NONE)
    wanted = (has - ours_to_take) | ours_to_mend
    return LinkDecision(link, had, has, wanted, theirs | (missing - ours_to_mend))


def start_of(link: str) -> str:
    """Give the first end of a link and the object of the other: `contacts/101/companies`."""
    return link.rpartition("/")[0]


def _types(payload: str | None) -> Types:
    """Read the types that were sent; a target with one kind of link names none."""
    if payload is None:
        return NONE
    types = json.loads(payload).get("types")
    if types is None:
        return frozenset({ATTACHED})
    return frozenset(f"{each['associationCategory']}/{each['associationTypeId']}" for each in types)
