"""What has to be sent: the marts compared with the ledger, by row hash, inside the warehouse.

The same query counts for the plan and, page by page, gives the rows to send. Every page is a query of its own, so
memory stays bounded and nothing is held open during a load of hours.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from load.feeds import RECORD_KEY, ROW_HASH, Feed
from load.target import LoadError, Row

ROWS_PER_PAGE = 20_000


@dataclass(frozen=True, slots=True)
class FeedPlan:
    """How many rows of one feed are in which state.

    `refused`: the target refused this very row before; it is sent again once it changes, or when asked to.
    `waiting`: a link whose end is not in the target, because it was refused or failed.
    `archive` and `kept`: in the ledger and no longer in the mart; which of the two, the feed's `when_deleted` says.
    `in_ledger`: all that the target has of this feed, as far as the ledger knows.
    """

    feed: Feed
    create: int = 0
    update: int = 0
    unchanged: int = 0
    refused: int = 0
    waiting: int = 0
    archive: int = 0
    kept: int = 0
    in_ledger: int = 0

    @property
    def to_send(self) -> int:
        """How many rows are created or updated."""
        return self.create + self.update

    def as_dict(self) -> dict[str, Any]:
        """Give the counts with the feed's target and object."""
        counts = {name: value for name, value in asdict(self).items() if name != "feed"}
        return {"target": self.feed.target, "object": self.feed.object, **counts}


@dataclass(frozen=True, slots=True)
class Plan:
    """What applying would do, feed by feed in the order of sending."""

    feeds: tuple[FeedPlan, ...]
    retry_refused: bool = False

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


def plan(connection: Any, feeds: Sequence[Feed], *, retry_refused: bool = False) -> Plan:
    """Compare the feeds' marts with the ledger.

    Leftovers of a killed run must be in the ledger before: call `load.ledger.replay` first.

    Raises:
        LoadError: a mart has no or the same record key twice.
    """
    return Plan(tuple(_planned(connection, feed, feeds, retry_refused) for feed in feeds), retry_refused)


def rows_to_send(connection: Any, feed: Feed, *, retry_refused: bool = False) -> Iterator[Row]:
    """Give the rows to create or update, ordered by record key, reading a page at a time.

    Links whose ends are not in the ledger now are left out.
    """
    names = [column.name for column in feed.columns] + [f"{end.name}_id" for end in feed.ends]
    selected = [f"change.{column.identifier}" for column in feed.columns]
    selected += [f"change.{end.name}_id" for end in feed.ends]
    query = f"""
        {_changes(feed, _ledger_ends(feed), retry_refused)}
        select {", ".join([RECORD_KEY, ROW_HASH, "_action", "_target_id", *selected])}
        from change
        where _action in ('create', 'update') and {RECORD_KEY} is not null
        order by {RECORD_KEY}
        limit {ROWS_PER_PAGE}"""
    for record_key, row_hash, action, target_id, *values in _pages(connection, feed, query):
        yield Row(record_key, row_hash, action, target_id, dict(zip(names, values, strict=True)))


def rows_to_archive(connection: Any, feed: Feed) -> Iterator[Row]:
    """Give what is in the ledger and no longer in the mart, ordered by record key, reading a page at a time.

    A row has no `target_id` when the mart still wants what it names, under another key: two links may have the same
    ends, and undoing one would undo both.
    """
    query = f"""
        with ledger as (
            select record_key, target_id from ops.load_ledger where target = %(target)s and object = %(object)s
        ),
        wanted as (
            select distinct ledger.target_id
            from ledger
            inner join {feed.relation} as mart on ledger.record_key = mart.{RECORD_KEY}
        )
        select ledger.record_key, iff(wanted.target_id is null, ledger.target_id, null)
        from ledger
        left join wanted on ledger.target_id = wanted.target_id
        where ledger.record_key > %(after)s
            and not exists (select 1 from {feed.relation} as mart where mart.{RECORD_KEY} = ledger.record_key)
        order by ledger.record_key
        limit {ROWS_PER_PAGE}"""
    for record_key, target_id in _pages(connection, feed, query):
        yield Row(record_key, None, "archive", target_id)


def _planned(connection: Any, feed: Feed, feeds: Sequence[Feed], retry_refused: bool) -> FeedPlan:
    query = f"""
        {_changes(feed, _coming_ends(feed, feeds), retry_refused)}
        select _action, count(*) from change group by _action
        union all
        select 'in_ledger', count(*) from ledger
        union all
        select 'without_key_of_its_own', count(*) - count(distinct {RECORD_KEY}) from mart
        union all
        select '{"archive" if feed.when_deleted == "archive" else "kept"}', count(*) from ledger
        where not exists (select 1 from mart where mart.{RECORD_KEY} = ledger.record_key)"""
    counts = dict(_execute(connection, query, _bindings(feed, "")))
    if unclear := counts.pop("without_key_of_its_own"):
        raise LoadError(
            f"{feed.relation} has {unclear} rows without a {RECORD_KEY} of their own, so nothing can be sent from it: "
            "test the mart's key for uniqueness."
        )
    return FeedPlan(feed, **counts)


def _changes(feed: Feed, ends: str, retry_refused: bool) -> str:
    """Give the common table expressions up to `change`: every row of the mart with its action."""
    columns = "".join(f", {column.identifier}" for column in feed.columns)
    return f"""
        with mart as (
            select {RECORD_KEY}, {ROW_HASH}{columns}
            from {feed.relation}
            where {RECORD_KEY} > %(after)s or {RECORD_KEY} is null
        ),
        ledger as (
            select record_key, target_id, row_hash
            from ops.load_ledger
            where target = %(target)s and object = %(object)s and record_key > %(after)s
        ),
        {_REFUSED},
        {f"ends as ({ends})," if ends else ""}
        change as (
            select mart.*, ledger.target_id as _target_id{_end_ids(feed)},
                case
                    when ledger.row_hash = mart.{ROW_HASH} and {_same_ends(feed)} then 'unchanged'
                    {"" if retry_refused else f"when refused.row_hash = mart.{ROW_HASH} then 'refused'"}
                    {_waiting(feed)}
                    when ledger.record_key is null then 'create'
                    else 'update'
                end as _action
            from mart
            left join ledger on mart.{RECORD_KEY} = ledger.record_key
            left join refused on mart.{RECORD_KEY} = refused.record_key
            {_end_joins(feed)}
        )"""


_REFUSED = """refused as (
            select record_key, row_hash
            from ops.load_attempt
            where target = %(target)s and object = %(object)s and record_key > %(after)s
            qualify row_number() over (partition by record_key order by attempted_at desc) = 1 and status = 'refused'
        )"""


def _ledger_ends(feed: Feed) -> str:
    """Give the records that rows may point at while sending: those that the target has."""
    if not feed.ends:
        return ""
    return "select object, record_key, target_id from ops.load_ledger where target = %(target)s"


def _coming_ends(feed: Feed, feeds: Iterable[Feed]) -> str:
    """Give the records that rows may point at when planning: those that the target has or is about to get."""
    if not feed.ends:
        return ""
    coming = [
        f"""select '{other.object}' as object, mart.{RECORD_KEY} as record_key, null as target_id
            from {other.relation} as mart
            left join (
                select record_key, row_hash from ops.load_attempt
                where target = %(target)s and object = '{other.object}'
                qualify row_number() over (partition by record_key order by attempted_at desc) = 1 and status = 'refused'
            ) as refused on mart.{RECORD_KEY} = refused.record_key and mart.{ROW_HASH} = refused.row_hash
            where refused.record_key is null"""
        for other in feeds
        if other.kind == "record" and other.target == feed.target
    ]
    known = " union all ".join([_ledger_ends(feed), *coming])
    return f"select object, record_key, max(target_id) as target_id from ({known}) as known group by object, record_key"


def _end_ids(feed: Feed) -> str:
    return "".join(f", {end.name}_end.target_id as {end.name}_id" for end in feed.ends)


def _end_joins(feed: Feed) -> str:
    return " ".join(
        f"""left join ends as {end.name}_end
            on {end.name}_end.object = {end.object_sql} and {end.name}_end.record_key = mart.{end.key_column}"""
        for end in feed.ends
    )


def _waiting(feed: Feed) -> str:
    return "".join(f"when {end.name}_end.record_key is null then 'waiting' " for end in feed.ends)


def _same_ends(feed: Feed) -> str:
    """Say that a link joins the same two records of the target as before; `load.target.reference` builds the same."""
    if feed.kind == "record":
        return "true"
    parts = [part for end in feed.ends for part in (end.object_sql, f"{end.name}_end.target_id")]
    return "ledger.target_id = " + " || '/' || ".join(parts)


def _pages(connection: Any, feed: Feed, query: str) -> Iterator[tuple[Any, ...]]:
    after: str | None = ""
    while after is not None:
        page = _execute(connection, query, _bindings(feed, after))
        yield from page
        after = page[-1][0] if len(page) == ROWS_PER_PAGE else None


def _bindings(feed: Feed, after: str) -> dict[str, str]:
    return {"target": feed.target, "object": feed.object, "after": after}


def _execute(connection: Any, query: str, bindings: dict[str, str]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        rows: list[tuple[Any, ...]] = cursor.execute(query, bindings).fetchall()
        return rows
