"""What somebody changed in a target by hand since it was loaded, and who wins: theirs are kept unless the feed says otherwise."""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from msgspec.structs import replace

from load.feeds import Column, Feed
from load.target import CHANGED, Result, Row

NUMBERS = ("number", "double")
MOMENTS = ("date", "timestamp")
# A number of seconds since 1970 has fewer digits, one of milliseconds has as many.
MILLISECONDS = 10**11


def settled(feed: Feed, row: Row, held: Mapping[str, Any]) -> Row | Result:
    """Leave out of a row what was changed by hand in the target; refuse it where the feed says stop.

    `held`: what the target holds now, by property; one that it no longer has is absent. A property was changed by hand when it differs from all that was sent
    since the last success, which counts as null where it was left out; it is nobody's business once it is as the row says.
    """
    if row.sent is None or feed.when_changed == "overwrite":
        return replace(row, kept=())
    theirs = tuple(
        column.name
        for column in feed.columns
        if column.name in row.values
        and column.name in held
        and not alike(column, held[column.name], row.values[column.name])
        and _by_hand(column, row, held[column.name])
    )
    if theirs and feed.when_changed == "stop":
        return row.refused(
            CHANGED,
            f"Somebody changed {', '.join(theirs)} in {feed.target} since it was loaded. Decide per property: put the value "
            "into the source, or set `when_changed` of the exposure to keep or overwrite.",
        )
    return replace(
        row, values={name: row.values[name] for name in row.values if name not in theirs}, kept=theirs
    )


def _by_hand(column: Column, row: Row, held: Any) -> bool:
    sent = row.sent or ()
    if column.name in row.kept and not any(column.name in values for values in sent):
        return True
    return not any(alike(column, held, values.get(column.name)) for values in sent)


def changes(feed: Feed, row: Row, held: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Give what the row would change: by property what the target holds and what it would get."""
    differing = {
        column.name: (held.get(column.name), row.values[column.name])
        for column in feed.columns
        if column.name in row.values
        and not alike(column, held.get(column.name), row.values[column.name], exact=True)
    }
    if feed.key and feed.key in held and held[feed.key] != row.record_key:
        differing[feed.key] = (held[feed.key], row.record_key)
    return differing


def alike(column: Column, one: Any, other: Any, *, exact: bool = False) -> bool:
    """Say whether two spellings of a value mean the same: ours, what was sent, or what a target gives back.

    Targets trim texts, lower the case of addresses, and write numbers and moments their own way. `exact`: case counts.
    What names another record is spelled as the target names it: `load.target.Target.spelled`.
    """
    return bool(_meaning(column, one, exact) == _meaning(column, other, exact))


def _meaning(column: Column, value: Any, exact: bool) -> Any:
    if value is None or value == "":
        return None
    if column.data_type.startswith(NUMBERS):
        return _number(value)
    if column.data_type == "boolean":
        return str(value).lower()
    if column.data_type.startswith(MOMENTS):
        return _seconds(value)
    text = str(value).strip() or None
    return text if exact or text is None else text.casefold()


def _number(value: Any) -> Any:
    try:
        return Decimal(str(value)).quantize(Decimal("0.000001"))
    except InvalidOperation:
        return value


def _seconds(value: Any) -> Any:
    """Give whole seconds since 1970 of a day, a moment, their ISO form, or a number of seconds or milliseconds."""
    try:
        if isinstance(value, str) and not value.lstrip("-").isdigit():
            value = datetime.fromisoformat(value)
        if isinstance(value, datetime):
            return int((value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp())
        if isinstance(value, date):
            return int(datetime(value.year, value.month, value.day, tzinfo=UTC).timestamp())
        return int(value) // 1000 if abs(int(value)) >= MILLISECONDS else int(value)
    except ValueError:
        return value


def sent_before(payloads: str | None, lost: Iterable[str] = ()) -> tuple[Mapping[str, Any], ...] | None:
    """Read the payloads that were sent, a JSON list; what stands in a group of its own inside one is taken out of it.

    `lost`: properties that were made anew since, so what was sent of them is gone.
    """
    if payloads is None:
        return None
    gone = {*lost}
    return tuple(
        {name: value for name, value in _flat(payload) if name not in gone}
        for payload in json.loads(payloads)
    )


def _flat(payload: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in payload.items():
        inside: Iterable[tuple[str, Any]] = value.items() if isinstance(value, Mapping) else ((name, value),)
        yield from inside
