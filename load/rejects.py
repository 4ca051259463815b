"""What the targets refused or could not be sent, and is not put right: grouped by reason, each with the fix."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from load.changes import execute
from load.target import CHANGED, END_GONE, FILE_MISSING, FILE_REFUSED, MERGED, NO_ANSWER

# By the target's category or ours; what a person does about it.
FIXES = {
    "VALUE": "Correct the value in the source, or how the mart casts it.",
    "VALIDATION_ERROR": "Correct the value in the source or in its value map; `migrate plan` names the values that HubSpot does not know.",
    "CONFLICT": "Another record there has the same unique value: merge the two in the source or there, or correct the value.",
    "conflict": "Another contact there has the same e-mail or key: merge the two in the source or there, or correct the value.",
    "OBJECT_NOT_FOUND": "A record that it names is gone: the next load makes it anew and sends this again.",
    "ASSOCIATION_TYPE": "Add the kind of link to the seed hubspot_association_types, or take it out of the mart.",
    "ARCHIVED": "Restore the contact in Intercom, or set INTERCOM_RESTORE_ARCHIVED=true.",
    "parameter_invalid": "Correct the value in the source or in its mapping; Intercom's message names the field.",
    "data_invalid": "Correct the value in the source, or make room in the workspace's plan; the message says which.",
    "company_not_found": "The company is gone: the next load makes it anew and sends this again.",
    "contact_company_limit_exceeded": "The contact is at as many companies as Intercom allows: drop some in the mart.",
    MERGED: "Merge the two in the source or by an override, or undo the merge in the target.",
    CHANGED: "Decide who wins: put the value into the source, or set the exposure's `when_changed` to keep or overwrite.",
    FILE_REFUSED: "Give the file another kind or make it smaller in Salesforce, or delete it there; its note waits for it.",
    FILE_MISSING: "Extract the file's object again; the next load sends it.",
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


def reasons(connection: Any, target: str | None = None, object_: str | None = None) -> list[Reason]:
    """Give the reasons, the one that stops most rows first. Messages that differ in numbers only are one reason."""
    found = execute(
        connection,
        """
        select target, object, coalesce(error_category, status) as category,
            regexp_replace(left(coalesce(error_message, 'no message'), 300), '[0-9]+', '#') as reason,
            count(*) as n, sum(attempts) as attempts, min(first_seen_at) as first_seen_at,
            max(last_seen_at) as last_seen_at, min(record_key) as example
        from ops.reject
        where (%(target)s is null or target = %(target)s) and (%(object)s is null or object = %(object)s)
        group by 1, 2, 3, 4
        order by n desc, 1, 2, 3, 4""",
        {"target": target, "object": object_},
    )
    return [
        Reason(
            one_target, one_object, category, reason, rows, int(attempts), first, last, example, fix(category)
        )
        for one_target, one_object, category, reason, rows, attempts, first, last, example in found
    ]


def records(connection: Any, target: str | None = None, object_: str | None = None) -> list[dict[str, Any]]:
    """Give the rejected rows one by one, those seen last first."""
    names = (
        *("target", "object", "record_key", "status", "error_category", "error_message"),
        *("first_seen_at", "last_seen_at", "attempts", "correlation_id"),
    )
    found = execute(
        connection,
        f"select {', '.join(names)} from ops.reject "
        "where (%(target)s is null or target = %(target)s) and (%(object)s is null or object = %(object)s) "
        "order by last_seen_at desc, target, object, record_key",
        {"target": target, "object": object_},
    )
    return [dict(zip(names, row, strict=True)) for row in found]


def fix(category: str) -> str:
    """Say what to do about a category."""
    return FIXES.get(category, OTHERWISE)
