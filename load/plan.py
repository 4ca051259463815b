"""What a load would do, counted: how many rows of each feed are created, updated, left alone, and why."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from load.changes import counts
from load.feeds import RECORD_KEY, Feed
from load.target import Definition, LoadError


@dataclass(frozen=True, slots=True)
class FeedPlan:
    """How many rows of one feed are in which state.

    `refused`: the target refused this very row before; it is sent again once it changes, or when asked to.
    `waiting`: a link whose end is not in the target, because it was refused or failed.
    `skipped`: the feed's policy lets them be neither created nor updated.
    `archive` and `kept`: in the ledger and no longer in the mart; which of the two, the feed's `when_deleted` says.
    `files`: how many files the rows to create or update name.
    `in_ledger`: all that the target has of this feed, as far as the ledger knows.
    Where the target was read: `by_hand`, rows of which it holds values that somebody changed since they were sent, `missing`,
    records that are gone, `changing`, how many rows change each property.
    """

    feed: Feed
    create: int = 0
    update: int = 0
    unchanged: int = 0
    refused: int = 0
    waiting: int = 0
    skipped: int = 0
    archive: int = 0
    kept: int = 0
    files: int = 0
    in_ledger: int = 0
    by_hand: int = 0
    missing: int = 0
    changing: Mapping[str, int] = field(default_factory=dict)

    @property
    def to_send(self) -> int:
        """How many rows are created or updated."""
        return self.create + self.update

    def as_dict(self) -> dict[str, Any]:
        """Give the counts with the feed's target and object."""
        numbers = {name: value for name, value in asdict(self).items() if name != "feed"}
        return {"target": self.feed.target, "object": self.feed.object, **numbers}


@dataclass(frozen=True, slots=True)
class Plan:
    """What applying would do, feed by feed in the order of sending; `plan_id` of one that is stored."""

    feeds: tuple[FeedPlan, ...]
    retry_refused: bool = False
    plan_id: str | None = None

    @property
    def to_send(self) -> int:
        """How many rows are created or updated."""
        return sum(planned.to_send for planned in self.feeds)

    @property
    def to_archive(self) -> int:
        """How many records and links are archived."""
        return sum(planned.archive for planned in self.feeds)

    def as_dict(self) -> dict[str, Any]:
        """Give the plan as plain values, for `--json` and for tables."""
        return {
            "to_send": self.to_send,
            "to_archive": self.to_archive,
            "feeds": [planned.as_dict() for planned in self.feeds],
        }


def plan(
    connection: Any,
    feeds: Sequence[Feed],
    *,
    retry_refused: bool = False,
    definitions: Mapping[str, str] | None = None,
) -> Plan:
    """Compare the feeds' marts with the ledger.

    Leftovers of a killed run must be in the ledger before: call `load.ledger.replay` first. `definitions`: the digest of what
    the target takes, by a feed's label; a row that was refused under another one is sent again.

    Raises:
        LoadError: a mart has no or the same record key twice.
    """
    known = definitions or {}
    return Plan(
        tuple(_planned(connection, feed, feeds, retry_refused, known.get(feed.label)) for feed in feeds),
        retry_refused,
    )


def _planned(
    connection: Any, feed: Feed, feeds: Sequence[Feed], retry_refused: bool, definitions: str | None
) -> FeedPlan:
    found: dict[str, Any] = {
        **counts(connection, feed, feeds, retry_refused=retry_refused, definitions=definitions)
    }
    if unclear := found.pop("without_key_of_its_own"):
        raise LoadError(
            f"{feed.relation} has {unclear} rows without a {RECORD_KEY} of their own, so nothing can be sent from it: "
            "test the mart's key for uniqueness."
        )
    return FeedPlan(feed, **found)


def digest(feed: Feed, definitions: Mapping[str, Definition]) -> str:
    """Give a short text that changes when the feed's mapping or what the target takes of it does."""
    takes = [
        (name, each.type, sorted(each.allowed or ()), each.longest)
        for name, each in sorted(definitions.items())
    ]
    return hashlib.sha256(repr((feed, takes)).encode()).hexdigest()[:16]
