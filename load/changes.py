"""What becomes of each row of a mart: the marts compared with the ledger, by row hash, inside the warehouse.

The same query counts for the plan and, page by page, gives the rows to send. Every page is a query of its own, so
memory stays bounded and nothing is held open during a load of hours.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal

from load.drift import sent_before
from load.feeds import RECORD_KEY, ROW_HASH, Feed
from load.ledger import LOST, LOST_VALUES, OVERWRITE
from load.target import Row

ROWS_PER_PAGE = 20_000
OF_LEDGER = ("_former_key", "_target_id", "_kept", "_lost", "_sent_since")
State = Literal["create", "update", "unchanged"]
SENT: tuple[State, ...] = ("create", "update")


def rows_to_send(
    connection: Any,
    feed: Feed,
    *,
    retry_refused: bool = False,
    definitions: str | None = None,
) -> Iterator[Row]:
    """Give the rows to create or update, ordered by record key, reading a page at a time.

    Links whose ends are not in the ledger now are left out. An update without a `target_id` is of a feed that only
    updates: the target may have the record.
    """
    for _, row in rows_of(connection, feed, SENT, retry_refused=retry_refused, definitions=definitions):
        yield row


def rows_of(
    connection: Any,
    feed: Feed,
    states: Sequence[State],
    *,
    retry_refused: bool = False,
    definitions: str | None = None,
) -> Iterator[tuple[State, Row]]:
    """Give the rows that are in one of the states, each with its state, as `rows_to_send` does."""
    names = [column.name for column in feed.columns] + [f"{end.name}_id" for end in feed.ends]
    selected = [f"change.{column.identifier}" for column in feed.columns]
    selected += [f"change.{end.name}_id" for end in feed.ends]
    own = ["page._former_key", "page._target_id", "page._kept", "page._lost", "sent.payloads"]
    listed = ", ".join([*own, *_of(selected, "page")])
    query = f"""
        {changes(feed, ledger_ends(feed), retry_refused)},
        page as (
            select {", ".join([RECORD_KEY, ROW_HASH, "_action", *OF_LEDGER, *selected])}
            from change
            where _action in ({", ".join(f"'{state}'" for state in states)}) and {RECORD_KEY} is not null
            order by {RECORD_KEY}
            limit {ROWS_PER_PAGE}
        ),
        sent_as as (
            select {RECORD_KEY} as record_key, {RECORD_KEY} as key, _sent_since from page
            union all
            select {RECORD_KEY}, _former_key, _sent_since from page where _former_key is not null
        ),
        sent as (
            select sent_as.record_key, '[' || listagg(attempt.payload, ',') || ']' as payloads
            from sent_as
            inner join ops.load_attempt as attempt
                on attempt.record_key = sent_as.key and attempt.attempted_at >= sent_as._sent_since
            where attempt.target = %(target)s and attempt.object = %(object)s
                and attempt.status in ('succeeded', 'failed') and attempt.payload is not null
            group by sent_as.record_key
        )
        select page.{RECORD_KEY}, page.{ROW_HASH}, page._action, {listed}
        from page
        left join sent on page.{RECORD_KEY} = sent.record_key
        order by page.{RECORD_KEY}"""
    for record_key, row_hash, state, former_key, target_id, kept, lost, sent, *values in _pages(
        connection, feed, query, definitions
    ):
        row = Row(
            record_key,
            row_hash,
            "create" if state == "create" else "update",
            target_id,
            dict(zip(names, values, strict=True)),
            sent_before(sent, (lost or "").split()),
            tuple(json.loads(kept or "[]")),
            former_key,
        )
        yield state, row


def rows_to_archive(connection: Any, feed: Feed) -> Iterator[Row]:
    """Give what is in the ledger and no longer in the mart, ordered by record key, reading a page at a time.

    A row has no `target_id` when the mart still wants what it names, under another key: two links may have the same
    ends, and undoing one would undo both.
    """
    query = f"""
        with {taken_over(feed)},
        ledger as (
            select record_key, target_id from ops.load_ledger
            where target = %(target)s and object = %(object)s and record_key not in (select former_key from taken_over)
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


def counts(
    connection: Any, feed: Feed, feeds: Sequence[Feed], *, retry_refused: bool, definitions: str | None
) -> dict[str, int]:
    """Count the rows of a mart by action; also `in_ledger`, `without_key_of_its_own` and, by the feed's word, the deleted."""
    query = f"""
        {changes(feed, coming_ends(feed, feeds), retry_refused)}
        select _action, count(*) from change group by _action
        union all
        select 'in_ledger', count(*) from ledger
        union all
        select 'files', {_files(feed)} from change where _action in ('create', 'update')
        union all
        select 'without_key_of_its_own', count(*) - count(distinct {RECORD_KEY}) from mart
        union all
        select '{deleted_action(feed)}', count(*) from ledger
        where not exists (select 1 from mart where mart.{RECORD_KEY} = ledger.record_key)"""
    return dict(execute(connection, query, bindings(feed, "", definitions)))


def _files(feed: Feed) -> str:
    """Give the SQL that counts the files that rows name."""
    return " + ".join(
        ["0", *(f"count({column.identifier})" for column in feed.columns if column.names_files)]
    )


def deleted_action(feed: Feed) -> str:
    """Name the count of what is in the ledger and no longer in the mart."""
    return "archive" if feed.when_deleted == "archive" else "kept"


def changes(feed: Feed, ends: str, retry_refused: bool) -> str:
    """Give the common table expressions up to `change`: every row of the mart with its action.

    A refused row is sent again once it, or what the target takes (`definitions`, None for unknown), has changed.
    """
    columns = "".join(f", {column.identifier}" for column in feed.columns)
    return f"""
        with mart as (
            select {RECORD_KEY}, {ROW_HASH}{columns}
            from {feed.relation}
            where {RECORD_KEY} > %(after)s or {RECORD_KEY} is null
        ),
        {taken_over(feed)},
        ledger as (
            select coalesce(taken_over.record_key, known.record_key) as record_key, taken_over.former_key, known.target_id,
                iff(taken_over.former_key is null, known.row_hash, '{LOST}') as row_hash, known.kept,
                iff(known.row_hash = '{OVERWRITE}', null, known.loaded_at) as sent_since,
                iff(startswith(known.row_hash, '{LOST_VALUES}'), known.row_hash, '') as lost
            from ops.load_ledger as known
            left join taken_over on known.record_key = taken_over.former_key
            where known.target = %(target)s and known.object = %(object)s
                and coalesce(taken_over.record_key, known.record_key) > %(after)s
        ),
        {_REFUSED},
        {f"ends as ({ends})," if ends else ""}
        change as (
            select mart.*, ledger.former_key as _former_key, ledger.target_id as _target_id, ledger.kept as _kept,
                ledger.lost as _lost, ledger.sent_since as _sent_since,
                refused.reason as _refused_for{_end_ids(feed)},
                case
                    when ledger.row_hash = mart.{ROW_HASH} and {_same_ends(feed)} then 'unchanged'
                    {"" if retry_refused else f"when refused.row_hash = mart.{ROW_HASH} and {_SAME_RECORD} then 'refused'"}
                    {_waiting(feed)}
                    {_by_policy(feed)}
                    when ledger.record_key is null then 'create'
                    else 'update'
                end as _action
            from mart
            left join ledger on mart.{RECORD_KEY} = ledger.record_key
            left join refused on mart.{RECORD_KEY} = refused.record_key
            {_end_joins(feed)}
        )"""


_REFUSED = """refused as (
            select record_key, row_hash, target_id, coalesce(error_category || ': ', '') || coalesce(error_message, '') as reason
            from ops.load_attempt
            where target = %(target)s and object = %(object)s and record_key > %(after)s
            qualify row_number() over (partition by record_key order by attempted_at desc) = 1 and status = 'refused'
                and (%(definitions)s is null or definitions_hash is null or definitions_hash = %(definitions)s)
        )"""


# What was refused to a row before it had a record to take over says nothing of it now.
_SAME_RECORD = "(ledger.former_key is null or ledger.target_id = refused.target_id)"


def taken_over(feed: Feed) -> str:
    """Give the common table expression of the keys that rows have in the ledger from before they moved.

    A key moves when the golden record of its cluster does: a lead was converted, or people were found to be one. The row,
    which the ledger does not know, goes on with the target's record of one `former_key`, of several the smallest.
    """
    if not feed.crosswalk:
        return "taken_over as (select null::varchar as former_key, null::varchar as record_key where false)"
    return f"""taken_over as (
            select known.record_key as former_key, mart.{RECORD_KEY} as record_key
            from ops.load_ledger as known
            inner join {feed.crosswalk} as crosswalk on known.record_key = crosswalk.record_id
            inner join {feed.relation} as mart on crosswalk.golden_id = mart.{RECORD_KEY}
            where known.target = %(target)s and known.object = %(object)s and crosswalk.object = %(object)s
                and crosswalk.record_id <> crosswalk.golden_id
                and not exists (
                    select 1 from ops.load_ledger as own
                    where own.target = %(target)s and own.object = %(object)s and own.record_key = crosswalk.golden_id
                )
            qualify row_number() over (partition by mart.{RECORD_KEY} order by known.record_key) = 1
        )"""


def _by_policy(feed: Feed) -> str:
    """Give what becomes of rows that the feed's policy does not let be upserted."""
    return {
        "upsert": "",
        "update_only": "when ledger.record_key is null then 'update'",
        "create_only": "when ledger.record_key is not null and ledger.row_hash <> '' and ledger.lost = '' then 'skipped'",
    }[feed.policy]


def ledger_ends(feed: Feed) -> str:
    """Give the records that rows may point at while sending: those that the target has."""
    if not feed.ends:
        return ""
    return "select object, record_key, target_id from ops.load_ledger where target = %(target)s"


def coming_ends(feed: Feed, feeds: Sequence[Feed]) -> str:
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
            where refused.record_key is null{_ends_come(other, feeds)}"""
        for other in feeds
        if other.kind == "record"
        and other.target == feed.target
        and other.policy != "update_only"
        and other.order < feed.order
        and any(end.may_be(other.object) for end in feed.ends)
    ]
    known = " union all ".join([ledger_ends(feed), *coming])
    return f"select object, record_key, max(target_id) as target_id from ({known}) as known group by object, record_key"


def _ends_come(feed: Feed, feeds: Sequence[Feed]) -> str:
    """Say that what a record cannot be without comes as well: a note waits with its ticket for the ticket's contact."""
    return "".join(
        f" and exists (select 1 from ({coming_ends(feed, feeds)}) as come where come.object = {end.object_sql} "
        f"and come.record_key = mart.{end.key_column})"
        for end in feed.ends
    )


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


def _of(columns: Iterable[str], table: str) -> Iterator[str]:
    for column in columns:
        yield f"{table}.{column.partition('.')[2]}"


def _pages(
    connection: Any, feed: Feed, query: str, definitions: str | None = None
) -> Iterator[tuple[Any, ...]]:
    after: str | None = ""
    while after is not None:
        page = execute(connection, query, bindings(feed, after, definitions))
        yield from page
        after = page[-1][0] if len(page) == ROWS_PER_PAGE else None


def bindings(feed: Feed, after: str, definitions: str | None = None) -> dict[str, str | None]:
    """Give what the queries are asked about."""
    return {"target": feed.target, "object": feed.object, "after": after, "definitions": definitions}


def execute(connection: Any, query: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Run a query and give its rows."""
    with connection.cursor() as cursor:
        rows: list[tuple[Any, ...]] = cursor.execute(query, values).fetchall()
        return rows
