"""What a read-back covers: every record, or a sample of those that the ledger holds; written to OPS for the marts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from load.feeds import Feed
from migrate.runs import now, rows

Objects = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many records of how many a read-back asked for; `sample` has the targets' ids by target and object."""

    checked: int
    sent: int
    sample: Mapping[Objects, Sequence[str]] | None = None

    def __str__(self) -> str:
        """Say it as the gate does."""
        if self.sample is None:
            return f"all {self.sent:,} records that were sent"
        return f"a sample of {self.checked:,} of the {self.sent:,} records that were sent"


def full(connection: Any, run_id: str, feeds: Sequence[Feed]) -> Coverage:
    """Note that every record is read back."""
    _note(connection, run_id, feeds, "full")
    sent = _sent(connection, feeds)
    return Coverage(sent, sent)


def sample(connection: Any, run_id: str, feeds: Sequence[Feed], size: int) -> Coverage:
    """Choose at most `size` records of each object, other ones in each run, and note them."""
    _note(connection, run_id, feeds, "sample")
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


def _note(connection: Any, run_id: str, feeds: Sequence[Feed], mode: str) -> None:
    for feed in _records(feeds):
        connection.cursor().execute(
            "insert into ops.read_back (run_id, target, object, mode, read_at) select %s, %s, %s, %s, %s",
            (run_id, feed.target, feed.object, mode, now()),
        )


def _sent(connection: Any, feeds: Sequence[Feed]) -> int:
    objects = {(feed.target, feed.object) for feed in _records(feeds)}
    counted = rows(
        connection, "select target, object, count(*) as n from ops.load_ledger group by target, object"
    )
    return sum(row["n"] for row in counted if (row["target"], row["object"]) in objects)


def _records(feeds: Sequence[Feed]) -> list[Feed]:
    return [feed for feed in feeds if feed.kind == "record"]
