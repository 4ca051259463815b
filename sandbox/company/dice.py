"""Seeded chance, and the six years in which the demo company has used Salesforce."""

import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

T = TypeVar("T")

NOW = datetime(2026, 11, 1, tzinfo=UTC)
START = datetime(2020, 11, 1, tzinfo=UTC)


class Dice(random.Random):
    """A random generator with the few throws that the demo company needs."""

    def chance(self, probability: float) -> bool:
        return self.random() < probability

    def pick(self, items: Sequence[T]) -> T:
        return items[int(self.random() * len(items))]

    def weighted(self, weights: Mapping[T, float]) -> T:
        return self.choices(tuple(weights), tuple(weights.values()))[0]

    def moment(self, after: datetime = START, before: datetime = NOW) -> datetime:
        """Give a whole second from `after` on, earlier than `before` (or `after` itself if there is none)."""
        span = int((before - after).total_seconds())
        return after + timedelta(seconds=int(self.random() * max(span, 0)))

    def share(self, items: Sequence[T], rate: float) -> list[T]:
        """Pick that share of the items: none at rate zero, otherwise at least one as long as there is one."""
        if not rate or not items:
            return []
        return self.sample(items, min(len(items), max(1, round(rate * len(items)))))
