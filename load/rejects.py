"""What the targets refused or could not be sent, of what the marts hold now: grouped by reason, each with the fix."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from load.changes import execute
from load.feeds import RECORD_KEY, ROW_HASH, Feed
from load.target import (
    ARCHIVED,
    ASSOCIATION_TYPE,
    CHANGED,
    END_GONE,
    FILE_MISSING,
    FILE_REFUSED,
    MERGED,
    NO_ANSWER,
    OPT_OUT,
    VALUE,
)

# By the target's category or ours; what a person does about it.
FIXES = {
    VALUE: "Correct the value in the source, or how the mart casts it.",
    "VALIDATION_ERROR": "Correct the value in the source or in its value map; `migrate plan` names the values that HubSpot does not know.",
    "CONFLICT": "Another record there has the same unique value: merge the two in the source or there, or correct the value.",
    "conflict": "Another contact there has the same e-mail or key: merge the two in the source or there, or correct the value.",
    "OBJECT_NOT_FOUND": "A record that it names is gone: the next load makes it anew and sends this again.",
    ASSOCIATION_TYPE: "Add the kind of link to the seed hubspot_association_types, or take it out of the mart.",
    ARCHIVED: "Restore the contact in Intercom, or set INTERCOM_RESTORE_ARCHIVED=true.",
    "parameter_invalid": "Correct the value in the source or in its mapping; Intercom's message names the field.",
    "data_invalid": "Correct the value in the source, or make room in the workspace's plan; the message says which.",
    "company_not_found": "The company is gone: the next load makes it anew and sends this again.",
    "contact_company_limit_exceeded": "The contact is at as many companies as Intercom allows: drop some in the mart.",
    MERGED: "Merge the two in the source or by an override, or undo the merge in the target.",
    CHANGED: "Decide who wins: put the value into the source, or set the exposure's `when_changed` to keep or overwrite.",
    FILE_REFUSED: "Give the file another kind or make it smaller in Salesforce, or delete it there; its note waits for it.",
    FILE_MISSING: "Extract the file's object again; the next load sends it.",
    OPT_OUT: "Nothing: the next load sends the opt-out again; if it stays so, HubSpot's message says why.",
    NO_ANSWER: "Nothing: the next load sends it again.",
    END_GONE: "Nothing: the next load looks the record up and makes the link.",
}
OTHERWISE = "Mend what the message says; it is sent again once the row, its mapping or the target's definitions change."


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason, with how many rows it stops; `example` is a record key."""

    target: str
    object: str
    category: str
    reason: str
    rows: int
    attempts: int
    first_seen_at: datetime
    last_seen_at: datetime
    example: str
    fix: str


@dataclass(frozen=True, slots=True)
class Share:
    """How many rows of a mart were sent at all, and how many of these are rejected."""

    target: str
    object: str
    rejected: int
    sent: int


def reasons(connection: Any, feeds: Sequence[Feed]) -> list[Reason]:
    """Give the reasons, the one that stops most rows first. Messages that differ in numbers only are one reason."""
    return [
        Reason(target, object_, category, reason, rows, int(attempts), first, last, example, fix(category))
        for target, object_, category, reason, rows, attempts, first, last, example in _ask(
            connection,
            feeds,
            """
            select target, object, coalesce(error_category, status) as category,
                regexp_replace(left(coalesce(error_message, 'no message'), 300), '[0-9]+', '#') as reason,
                count(*) as n, sum(attempts) as attempts, min(first_seen_at) as first_seen_at,
                max(last_seen_at) as last_seen_at, min(record_key) as example
            from rejected
            group by 1, 2, 3, 4
            order by n desc, 1, 2, 3, 4""",
        )
    ]


def records(connection: Any, feeds: Sequence[Feed]) -> list[dict[str, Any]]:
    """Give the rejected rows one by one, those seen last first."""
    names = (
        *("target", "object", "record_key", "status", "error_category", "error_message"),
        *("first_seen_at", "last_seen_at", "attempts", "correlation_id"),
    )
    query = f"select {', '.join(names)} from rejected order by last_seen_at desc, target, object, record_key"
    return [dict(zip(names, row, strict=True)) for row in _ask(connection, feeds, query)]


def shares(connection: Any, feeds: Sequence[Feed]) -> list[Share]:
    """Count what is rejected of each feed that has any."""
    query = """
        select held.target, held.object, count(rejected.record_key), count(*)
        from held
        inner join (
            select distinct target, object, record_key from ops.load_attempt where action in ('create', 'update')
        ) as sent
            on held.target = sent.target and held.object = sent.object and held.record_key = sent.record_key
        left join rejected
            on held.target = rejected.target and held.object = rejected.object and held.record_key = rejected.record_key
        group by held.target, held.object
        order by held.target, held.object"""
    return [Share(*row) for row in _ask(connection, feeds, query)]


def _ask(connection: Any, feeds: Sequence[Feed], query: str) -> list[tuple[Any, ...]]:
    """Ask over `held`, the rows of the marts that have rejects, and `rejected`, those of OPS.REJECT that stand.

    A row that left its mart is nobody's to mend, and one that went back to what the target holds is mended. A mart
    without rejects is not asked for: it may not be built yet.
    """
    with_rejects = set(execute(connection, "select distinct target, object from ops.reject", {}))
    asked = [feed for feed in feeds if (feed.target, feed.object) in with_rejects]
    if not asked:
        return []
    held = " union all ".join(
        f"select '{feed.target}' as target, '{feed.object}' as object, {RECORD_KEY} as record_key, "
        f"{ROW_HASH} as row_hash from {feed.relation}"
        for feed in asked
    )
    return list(
        execute(
            connection,
            f"""
            with held as ({held}),
            rejected as (
                select reject.*
                from ops.reject as reject
                inner join held
                    on reject.target = held.target and reject.object = held.object
                        and reject.record_key = held.record_key
                left join ops.load_ledger as ledger
                    on reject.target = ledger.target and reject.object = ledger.object
                        and reject.record_key = ledger.record_key
                where reject.row_hash = held.row_hash or ledger.row_hash is null or ledger.row_hash <> held.row_hash
            )
            {query}""",
            {},
        )
    )


def fix(category: str) -> str:
    """Say what to do about a category."""
    return FIXES.get(category, OTHERWISE)
