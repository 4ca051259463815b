"""Feeds that only create, or only update: what the target has already is looked up before a row is sent."""

from collections.abc import Iterable, Iterator
from itertools import islice

from msgspec.structs import replace

from load.feeds import Feed
from load.target import Present, Result, Row, Target

ROWS_PER_LOOKUP = 1_000


def send(target: Target, feed: Feed, rows: Iterable[Row]) -> Iterator[list[Result]]:
    """Send what the feed's policy lets be sent; yield a result for each row that was sent or found.

    `update_only`: a row that the target lacks gets no result and is looked up again the next time. `create_only`: a record
    that the target has is noted as found, with nothing written.
    """
    if feed.policy == "upsert":
        yield from target.send(feed, rows)
        return
    coming = iter(rows)
    while several := list(islice(coming, ROWS_PER_LOOKUP)):
        there = _there(target, feed, several)
        if feed.policy == "update_only":
            known = [replace(row, target_id=row.target_id or there.get(row.record_key)) for row in several]
            yield from target.send(feed, [row for row in known if row.target_id is not None])
            continue
        if found := [_found(feed, row, there[row.record_key]) for row in several if row.record_key in there]:
            yield found
        yield from target.send(feed, [row for row in several if row.record_key not in there])


def _there(target: Target, feed: Feed, rows: list[Row]) -> dict[str, str]:
    """Give the ids of what the target has of rows that the ledger does not know, by record key."""
    unknown = [row for row in rows if row.target_id is None]
    found: Iterable[Present] = (each for several in target.read(feed, unknown) for each in several)
    return {present.record_key: present.target_id for present in found if present.target_id is not None}


def _found(feed: Feed, row: Row, target_id: str) -> Result:
    """Note that the target had the record before, and that all of its values are as they were."""
    kept = replace(row, kept=tuple(column.name for column in feed.columns))
    return kept.succeeded(target_id, action="update")
