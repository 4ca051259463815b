"""The seed's `m`, learned from labels: how often two records of one person or company agree, finding by finding."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from benchmarks.identity.ours import Home

# No finding is held rarer than this among true pairs: one company's data cannot show that something never happens.
LEAST = 0.01


def learned(ours: Home, entity: str, truth: Mapping[str, str]) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of the seed identity_weights for the comparisons that the set knows.

    `u` and whether the frequency counts are taken from the seed as it is.
    """
    ids = dict(ours.ask(f"select record_number, record_id from intermediate.int_{entity}_keyed"))
    seed = ours.ask(
        "select comparison, level, found, u, is_times_frequency from seeds.identity_weights "
        f"where entity = '{entity}' order by comparison, level"
    )
    names = sorted({row[0] for row in seed})
    columns = ", ".join(f"{name}_level" for name in names)
    pairs = ours.ask(f"select one_number, other_number, {columns} from intermediate.int_{entity}_compared")
    counts: Counter[tuple[str, int]] = Counter()
    for one, other, *levels in pairs:
        if truth.get(ids[one]) is not None and truth.get(ids[one]) == truth.get(ids[other]):
            counts.update(
                (name, level) for name, level in zip(names, levels, strict=True) if level is not None
            )
    for name, level, found, u, is_times_frequency in seed:
        all_of_it = sum(count for (each, _), count in counts.items() if each == name)
        levels = sum(each[0] == name for each in seed)
        if all_of_it:
            m = (counts[name, level] / all_of_it + LEAST) / (1 + LEAST * levels)
            yield entity, name, level, found, round(m, 4), u, str(is_times_frequency).lower()
