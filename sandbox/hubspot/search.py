"""Search, `/crm/v3/objects/{objectType}/search`: what was written some seconds ago is not found yet.

Until the lag has passed, a new record is invisible and a changed one is seen as it was before.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any

from sandbox.hubspot import records
from sandbox.hubspot.account import Account
from sandbox.hubspot.catalogue import ObjectType, Property
from sandbox.hubspot.errors import Json, invalid
from sandbox.hubspot.records import show
from sandbox.hubspot.web import Answer, Call

CEILING = 10_000
MAX_PAGE = 200
MAX_GROUPS = 5
MAX_FILTERS = 6
MAX_FILTERS_IN_ALL = 18

VISIBLE = """with visible as (
  select id, created_at, updated_at, archived_at, written_at,
    case when written_at > :seen then previous else properties end as properties
  from record where type_id = :type and archived_at is null)"""

Condition = tuple[str, list[Any]]  # SQL and its parameters


def search(account: Account, call: Call) -> Answer:
    """POST search: filter groups (any of them), filters (all of them), `query`, one sort, at most 10,000 results."""
    kind = account.catalogue.object_type(call.path["objectType"])
    asked = call.fields()
    limit, after = _window(asked)
    where, parameters = _where(account, kind, asked)
    account.db.create_function("has_token", 2, _has_token, deterministic=True)
    scope = {"type": kind.id, "seen": account.clock() - account.limits.search_lag_seconds}
    named = scope | {f"p{number}": value for number, value in enumerate(parameters)}
    for number in range(len(parameters)):
        where = where.replace("?", f":p{number}", 1)
    (total,) = account.db.execute(f"{VISIBLE} select count(*) from visible where {where}", named).fetchone()
    query = f"{VISIBLE} select {records.COLUMNS} from visible where {where} order by {_order(account, kind, asked)}, id"
    rows = account.db.execute(f"{query} limit :limit offset :after", named | {"limit": limit, "after": after})
    names = asked.get("properties") or kind.shown
    body: Json = {"total": total, "results": [show(kind, records.record(row), names) for row in rows]}
    if after + limit < total:
        body["paging"] = {"next": {"after": str(after + limit)}}
    return Answer(body)


def _window(asked: Json) -> tuple[int, int]:
    limit, after = asked.get("limit") or 10, str(asked.get("after") or "0")
    if not isinstance(limit, int) or not 1 <= limit <= MAX_PAGE:
        raise invalid(f"Invalid input: limit must be a number from 1 to {MAX_PAGE}")
    if not after.isdigit():
        raise invalid("Invalid input: after must be the value that the page before gave")
    if int(after) + limit > CEILING:
        raise invalid(
            f"Invalid input: a search gives at most {CEILING} results; after + limit is beyond that"
        )
    return limit, int(after)


def _where(account: Account, kind: ObjectType, asked: Json) -> Condition:
    groups = [group["filters"] for group in asked.get("filterGroups") or []]
    if len(groups) > MAX_GROUPS or any(len(group) > MAX_FILTERS for group in groups):
        raise invalid(f"A search has at most {MAX_GROUPS} filter groups of {MAX_FILTERS} filters")
    if sum(map(len, groups)) > MAX_FILTERS_IN_ALL:
        raise invalid(f"A search has at most {MAX_FILTERS_IN_ALL} filters in all")
    alternatives = [_all([_filter(account, kind, each) for each in group]) for group in groups]
    conditions: list[Condition] = [("properties is not null", [])]
    if alternatives:
        conditions.append(
            (f"({' or '.join(sql for sql, _ in alternatives)})", [v for _, vs in alternatives for v in vs])
        )
    if asked.get("query"):
        conditions.append(_anywhere(kind, asked["query"]))
    return _all(conditions)


def _all(conditions: list[Condition]) -> Condition:
    sql = " and ".join(sql for sql, _ in conditions) or "true"
    return f"({sql})", [value for _, values in conditions for value in values]


def _anywhere(kind: ObjectType, text: str) -> Condition:
    places = [f"instr(lower(coalesce(properties ->> '$.{name}', '')), ?) > 0" for name in kind.searched]
    return f"({' or '.join(places) or 'false'})", [text.lower()] * len(places)


def _filter(account: Account, kind: ObjectType, asked: Json) -> Condition:
    property_ = _property(account, kind, asked.get("propertyName"))
    make = OPERATORS.get(asked.get("operator", ""))
    if make is None:
        raise invalid(f"Invalid input: operator must be one of {', '.join(OPERATORS)}")
    read = _reader(property_)
    try:
        return make(_expression(kind, property_), asked, read)
    except (KeyError, ValueError, TypeError):
        raise invalid(
            f"Invalid input: the filter on {property_.name} has no value, or one that is not of its type"
        ) from None


def _property(account: Account, kind: ObjectType, name: Any) -> Property:
    property_ = account.catalogue.properties(kind).get(name)
    if property_ is None:
        raise invalid(f"Property {name} does not exist for {kind.name}")
    return property_


def _expression(kind: ObjectType, property_: Property) -> str:
    """Give the SQL of a property's value: a number for numbers and times, text in small letters for all others."""
    columns = {"hs_object_id": "id", kind.modified: "updated_at"}
    stored = f"properties ->> '$.{property_.name}'"
    text = columns.get(property_.name, stored)
    if property_.name == kind.created:
        text = f"coalesce({stored}, created_at)"
    if property_.type == "number":
        return f"cast({text} as real)"
    if property_.type in ("date", "datetime"):
        return f"round((julianday({text}) - 2440587.5) * 86400, 3)"  # Unix seconds
    return f"lower({text})"


def _reader(property_: Property) -> Callable[[str], Any]:
    if property_.type == "number":
        return float
    if property_.type in ("date", "datetime"):
        return _seconds
    return lambda value: str(value).lower()


def _seconds(value: str) -> float:
    """Read milliseconds, a date or a time; without a zone it is UTC."""
    text = str(value)
    if text.lstrip("-").isdigit():
        return int(text) / 1000
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


Reader = Callable[[str], Any]
Operator = Callable[[str, Json, Reader], Condition]


def _compared(sign: str) -> Operator:
    return lambda expression, asked, read: (f"{expression} {sign} ?", [read(asked["value"])])


def _between(expression: str, asked: Json, read: Reader) -> Condition:
    return f"{expression} between ? and ?", [read(asked["value"]), read(asked["highValue"])]


def _one_of(word: str) -> Operator:
    def make(expression: str, asked: Json, read: Reader) -> Condition:
        values = [read(value) for value in asked["values"]]
        return f"coalesce({expression}, '') {word} ({','.join('?' * len(values))})", values

    return make


def _token(sign: str) -> Operator:
    return lambda expression, asked, _read: (
        f"{sign} has_token({expression}, ?)",
        [str(asked["value"]).lower()],
    )


OPERATORS: dict[str, Operator] = {
    "EQ": _compared("="),
    "NEQ": _compared("is not"),
    "LT": _compared("<"),
    "LTE": _compared("<="),
    "GT": _compared(">"),
    "GTE": _compared(">="),
    "BETWEEN": _between,
    "IN": _one_of("in"),
    "NOT_IN": _one_of("not in"),
    "HAS_PROPERTY": lambda expression, _asked, _read: (f"{expression} is not null", []),
    "NOT_HAS_PROPERTY": lambda expression, _asked, _read: (f"{expression} is null", []),
    "CONTAINS_TOKEN": _token(""),
    "NOT_CONTAINS_TOKEN": _token("not"),
}


def _has_token(text: str | None, pattern: str) -> bool:
    """Say whether a word of the text, or the whole of it, is like the pattern, in which * stands for anything."""
    if text is None:
        return False
    return any(fnmatchcase(word, pattern) for word in [text, *re.split(r"[\W_]+", text)])


def _order(account: Account, kind: ObjectType, asked: Json) -> str:
    """Read the only sort that counts: a property name, or {propertyName, direction}."""
    sorts = asked.get("sorts") or [{"propertyName": "hs_object_id"}]
    first = sorts[0] if isinstance(sorts[0], dict) else {"propertyName": sorts[0]}
    property_ = _property(account, kind, str(first.get("propertyName")).removeprefix("-"))
    falling = first.get("direction") == "DESCENDING" or str(first.get("propertyName")).startswith("-")
    return f"{_expression(kind, property_)} {'desc' if falling else 'asc'}"
