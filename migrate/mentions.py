"""Where the targets' other records name a person: an e-mail's recipients, a note. Such values are emptied."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from load.feeds import Feed
from load.hubspot.wire import GONE
from load.reversal import Reversible
from load.target import Row
from migrate.person import Person
from migrate.runs import rows

CONTACTS = "contacts"


@dataclass(frozen=True, slots=True)
class Mentions:
    """The records of one object that name a person, each with the values to write over it."""

    feed: Feed
    rows: Sequence[Row]


def find(
    connection: Any, feeds: Sequence[Feed], targets: Mapping[str, Reversible], person: Person
) -> Iterator[Mentions]:
    """Give what names the person now, of the records that the last read-back saw naming them; the contacts left out."""
    for feed in (feed for feed in feeds if feed.kind == "record" and feed.object != CONTACTS):
        asked = [Row(each, None, "update", each) for each in _seen(connection, feed, person)]
        presents = (
            [one for several in targets[feed.target].read(feed, asked) for one in several] if asked else []
        )
        found = [
            Row(one.record_key, None, "restore", one.target_id, values)
            for one in presents
            if one.target_id and (values := _emptied(one.values, person))
        ]
        if found:
            yield Mentions(feed, found)


def empty(targets: Mapping[str, Reversible], mentions: Mentions) -> int:
    """Empty the values; give the number of records that the target did not let be changed."""
    results = targets[mentions.feed.target].restore(mentions.feed, mentions.rows)
    refused = [
        one
        for several in results
        for one in several
        if one.status != "succeeded" and one.error_category != GONE
    ]
    return len(refused)


def _seen(connection: Any, feed: Feed, person: Person) -> list[str]:
    inside = [f"contains(lower(payload), %(within_{number})s)" for number in range(len(person.within))]
    found = rows(
        connection,
        f"select id from raw_{feed.target}.records where object = %(object)s and ({' or '.join(inside)}) order by id",
        {"object": feed.object, **{f"within_{number}": value for number, value in enumerate(person.within)}},
    )
    return [row["id"] for row in found]


def _emptied(values: Mapping[str, Any], person: Person) -> dict[str, None]:
    return {
        name: None
        for name, value in values.items()
        if isinstance(value, str) and any(each in value.lower() for each in person.within)
    }
