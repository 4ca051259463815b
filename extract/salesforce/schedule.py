"""Which passes over all records of an object are due.

Formula and roll-up fields do not move SystemModstamp, and what was deleted for good leaves no trace; both show only when
all records are looked at. One narrow query does both, so a pass for formulas is one for ids too.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from extract.landing import execute
from extract.sources import SCHEDULES, SourceObject

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

FORMULAS, IDS = "formulas", "ids"
# What each mode of OPS.EXTRACT_COUNT has looked at.
COVERS = {"full": (FORMULAS, IDS), FORMULAS: (FORMULAS, IDS), IDS: (IDS,)}


def due(
    connection: SnowflakeConnection, objects: Sequence[SourceObject], *, thorough: bool = False
) -> dict[str, frozenset[str]]:
    """Give for each object which of FORMULAS and IDS are due now; `thorough`: both."""
    last = _last(connection)
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None)
    return {
        source.name: frozenset(
            kind
            for kind, every in ((FORMULAS, source.refresh_formulas), (IDS, source.compare_ids))
            if thorough or _is_due(SCHEDULES[every], last.get((source.name, kind)), now)
        )
        for source in objects
    }


def _is_due(interval: dt.timedelta | None, last: dt.datetime | None, now: dt.datetime) -> bool:
    return interval is not None and (last is None or now - last >= interval)


def _last(connection: SnowflakeConnection) -> Mapping[tuple[str, str], dt.datetime]:
    found = execute(
        connection,
        "select object, mode, max(counted_at) as counted_at from ops.extract_count "
        f"where landed_count is not null and mode in ({', '.join(['%s'] * len(COVERS))}) group by object, mode",
        [*COVERS],
    )
    last: dict[tuple[str, str], dt.datetime] = {}
    for row in found:
        for kind in COVERS[row["mode"]]:
            known = last.get((row["object"], kind))
            last[row["object"], kind] = max(row["counted_at"], known or row["counted_at"])
    return last
