"""What a read-back covers: every record, what changed, or a sample of the ledger's records; written to OPS for the marts."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from extract.hubspot.changes import Since
from load.feeds import Feed
from load.undo import FORGOTTEN
from migrate.runs import now, rows

Objects = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many records of how many a read-back asked for; `sample` has the targets' ids by target and object.

    changed: how many records were read of the objects of which only what changed was read; None if there are none.
    """

    checked: int
    sent: int
    sample: Mapping[Objects, Sequence[str]] | None = None
    changed: int | None = None

    def __str__(self) -> str:
        """Say it as the gate does."""
        if self.changed is not None:
            return (
                f"of HubSpot's records {self.changed:,} that may have changed since they were read before, all links and files; "
                "of Intercom all"
            )
        if self.sample is None:
            return f"all {self.sent:,} records that were sent"
        return f"a sample of {self.checked:,} of the {self.sent:,} records that were sent"


def whole(
    connection: Any, run_id: str, feeds: Sequence[Feed], began_at: str, changed: Mapping[str, int | None]
) -> Coverage:
    """Note that every record was read back, of the objects with a number in `changed` so many that changed."""
    numbers = {name: number for name, number in changed.items() if number is not None}
    for feed in _records(feeds):
        of_changes = feed.target == "hubspot" and feed.object in numbers
        _note(connection, run_id, feed, "changes" if of_changes else "full", began_at)
    sent = _sent(connection, feeds)
    return Coverage(sent, sent, changed=sum(numbers.values()) if numbers else None)


def last_read(connection: Any, feeds: Sequence[Feed]) -> dict[str, Since]:
    """Give when each of HubSpot's objects was read last with the properties of now, and what was written since."""
    found = {}
    for feed in (feed for feed in _records(feeds) if feed.target == "hubspot"):
        [last] = rows(
            connection,
            "select max(read_at) as read_at from ops.read_back "
            "where target = %s and object = %s and mode <> 'sample' and asked = %s",
            (feed.target, feed.object, _asked(feed)),
        )
        if last["read_at"] is None:
            continue
        written = rows(
            connection,
            "select distinct target_id from ops.load_attempt where target = %s and object = %s and attempted_at >= %s "
            f"and status = 'succeeded' and target_id is not null and not startswith(target_id, '{FORGOTTEN}')",
            (feed.target, feed.object, last["read_at"]),
        )
        found[feed.object] = Since(
            last["read_at"], properties(feed), tuple(row["target_id"] for row in written)
        )
    return found


def properties(feed: Feed) -> list[str]:
    """Give the properties of HubSpot that a read-back asks for: the key and what the mart has."""
    return [feed.key, *(column.name for column in feed.columns)]


def sample(connection: Any, run_id: str, feeds: Sequence[Feed], size: int) -> Coverage:
    """Choose at most `size` records of each object, other ones in each run, and note them."""
    for feed in _records(feeds):
        _note(connection, run_id, feed, "sample", now())
    connection.cursor().execute(
        "insert into ops.read_back_sample (run_id, target, object, record_key) "
        "select %s, target, object, record_key from ops.load_ledger "
        "where target_id is not null and (target, object) in (select target, object from ops.read_back where run_id = %s) "
        "qualify row_number() over (partition by target, object order by md5(record_key || %s)) <= %s",
        (run_id, run_id, run_id, size),
    )
    chosen: dict[Objects, list[str]] = {}
    for row in rows(
        connection,
        "select ledger.target, ledger.object, ledger.target_id from ops.load_ledger as ledger "
        "inner join ops.read_back_sample as chosen on ledger.target = chosen.target "
        "and ledger.object = chosen.object and ledger.record_key = chosen.record_key where chosen.run_id = %s",
        (run_id,),
    ):
        chosen.setdefault((row["target"], row["object"]), []).append(row["target_id"])
    return Coverage(sum(map(len, chosen.values())), _sent(connection, feeds), chosen)


def _note(connection: Any, run_id: str, feed: Feed, mode: str, read_at: str) -> None:
    connection.cursor().execute(
        "insert into ops.read_back (run_id, target, object, mode, asked, read_at) select %s, %s, %s, %s, %s, %s",
        (run_id, feed.target, feed.object, mode, _asked(feed), read_at),
    )


def _asked(feed: Feed) -> str:
    return hashlib.sha256(" ".join(sorted(properties(feed))).encode()).hexdigest()


def _sent(connection: Any, feeds: Sequence[Feed]) -> int:
    objects = {(feed.target, feed.object) for feed in _records(feeds)}
    counted = rows(
        connection, "select target, object, count(*) as n from ops.load_ledger group by target, object"
    )
    return sum(row["n"] for row in counted if (row["target"], row["object"]) in objects)


def _records(feeds: Sequence[Feed]) -> list[Feed]:
    return [feed for feed in feeds if feed.kind == "record"]
