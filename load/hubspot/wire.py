"""How rows and answers travel to and from HubSpot: the text of values, the inputs of a call, which answer is whose."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from load.answer import Answer
from load.feeds import Feed
from load.target import END_GONE, Action, Present, Result, Row, reference

# Of a batch, to write or to read.
RECORDS_PER_CALL = 100
EXISTING_ID = re.compile(r"Existing ID: (\d+)")


class Input(Struct, frozen=True):
    """A row as it is sent: `payload` is kept in the log of attempts, `wire` is its part of the call's body, to be JSON."""

    row: Row
    payload: str | None
    wire: Mapping[str, Any]


class Taken(Struct, rename="camel"):
    """A record that HubSpot took, as the answer has it; its properties, most of the answer, are not read."""

    id: str | int
    object_write_trace_id: str | None = None
    new: bool | None = None


class Written(Struct):
    """The answer to a batch of records."""

    results: list[Taken] = []
    errors: list[dict[str, Any]] = []


# Refusals that are about the moment and not about the record. [assumed: HubSpot lists no categories]
PASSING = frozenset({"RATE_LIMITS", "RATE_LIMIT", "INTERNAL_ERROR", "SERVICE_UNAVAILABLE", "TIMEOUT"})
GONE = "OBJECT_NOT_FOUND"
CONFLICT = "CONFLICT"
# The code of a value of a unique property that another record has.
TAKEN = "CONFLICTING_UNIQUE_VALUE"

Match = Callable[[Sequence[Input], Answer], list[Result]]


def as_text(value: Any) -> str:
    """Write a value as HubSpot takes it: everything is text, numbers plain, days and moments in ISO form and UTC.

    Raises:
        ValueError: the number is not finite.
    """
    return _AS_TEXT[type(value)](value)


def _plain(value: float | Decimal) -> str:
    number = Decimal(str(value))
    if not number.is_finite():
        raise ValueError("A number is not finite (NaN or infinity). Correct it in the mart.")
    text = f"{number:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


_AS_TEXT: dict[type, Callable[[Any], str]] = {
    str: str,
    bool: lambda value: "true" if value else "false",
    int: str,
    float: _plain,
    Decimal: _plain,
    date: date.isoformat,
    datetime: lambda value: f"{value.isoformat(timespec='seconds')}Z",
}


def record_input(feed: Feed, row: Row) -> Input:
    """Write a row as an input of a batch.

    Raises:
        ValueError: a number is not finite, or a text is none.
    """
    # "" clears a property, null is ignored: on a create it would only make the call longer.
    properties = {
        name: value if type(value) is str else "" if value is None else as_text(value)
        for name, value in row.values.items()
        if value is not None or row.action == "update"
    }
    properties[feed.key] = row.record_key
    try:
        payload = msgspec.json.encode(properties)
    except UnicodeEncodeError as error:
        raise ValueError(
            "A text has half a character (a lone surrogate). Correct it in the source."
        ) from error
    key = row.record_key
    wire = {"idProperty": feed.key, "id": key, "objectWriteTraceId": key, "properties": msgspec.Raw(payload)}
    return Input(row, payload.decode(), wire)


def input_by_id(one: Input, hubspot_id: str) -> Input:
    trace_id, properties = one.wire["objectWriteTraceId"], one.wire["properties"]
    wire = {"id": hubspot_id, "objectWriteTraceId": trace_id, "properties": properties}
    return Input(one.row, one.payload, wire)


def link_input(row: Row, category: str, type_id: int) -> Input:
    wire = {
        "from": {"id": row.values["from_id"]},
        "to": {"id": row.values["to_id"]},
        "types": [{"associationCategory": category, "associationTypeId": type_id}],
    }
    return Input(row, json.dumps(wire), wire)


def link_reference(row: Row) -> str:
    values = row.values
    return reference(values["from_object"], values["from_id"], values["to_object"], values["to_id"])


def matched_by_trace(inputs: Sequence[Input], answer: Answer) -> list[Result]:
    """Match results and errors to the inputs by `objectWriteTraceId`, the only thing that ties an error to its input."""
    written = answer.read(Written)
    taken = {record.object_write_trace_id: record for record in written.results}
    errors = {trace: error for error in written.errors for trace in _trace_ids(error)}
    results = []
    for one in inputs:
        key = one.row.record_key
        if record := taken.get(key):
            action: Action = "create" if record.new else "update"
            results.append(one.row.succeeded(str(record.id), one.payload, action))
        elif (error := errors.get(key)) and not _passes(error):
            results.append(_refused(one, error, answer))
    return results


def _passes(error: Mapping[str, Any]) -> bool:
    """Say whether an error is about the moment: HubSpot is busy, or another record is in the way, which may not stay so.

    A conflict that names the record in the way is settled by who that is: see `existing_id`.
    """
    if error.get("category") == CONFLICT:
        return EXISTING_ID.search(error.get("message") or "") is None
    codes = {detail.get("code") for detail in error.get("errors") or ()}
    return error.get("category") in PASSING or TAKEN in codes


def _trace_ids(error: Mapping[str, Any]) -> list[str]:
    inside = (error.get("context") or {}).get("objectWriteTraceId") or ()
    return [*inside, *filter(None, [error.get("objectWriteTraceId")])]


def matched_by_ends(inputs: Sequence[Input], answer: Answer) -> list[Result]:
    """Match links by the ids of their ends: made ones by both, errors by the ids that they name, one or both."""
    made = {
        (str(link["fromObjectId"]), str(link["toObjectId"])) for link in answer.content.get("results", ())
    }
    errors: list[tuple[set[str], Mapping[str, Any]]] = [
        (_ids(error), error) for error in answer.content.get("errors", ())
    ]
    results = []
    for one in inputs:
        ends = one.row.values["from_id"], one.row.values["to_id"]
        if ends in made:
            results.append(one.row.succeeded(link_reference(one.row), one.payload))
        elif named := [error for ids, error in errors if ids and ids <= set(ends) and not _passes(error)]:
            results.append(_end_gone(one, named[0]) or _refused(one, named[0], answer))
    return results


def _end_gone(one: Input, error: Mapping[str, Any]) -> Result | None:
    """Tell a link whose end somebody archived or merged from one that HubSpot does not want."""
    if error.get("category") != GONE:
        return None
    message = f"{error.get('message')} It is looked up in the next run, and the link is made then."
    return one.row.failed(message, one.payload, END_GONE)


def _ids(error: Mapping[str, Any]) -> set[str]:
    context = error.get("context") or {}
    return {
        str(value) for name, values in context.items() if name.endswith(("Id", "ids")) for value in values
    }


def all_taken(inputs: Sequence[Input], _: Answer) -> list[Result]:
    """Take an answer without content as a yes to every input."""
    return [one.row.succeeded(one.row.target_id, one.payload) for one in inputs]


def _refused(one: Input, error: Mapping[str, Any], answer: Answer) -> Result:
    return one.row.refused(error.get("category"), error.get("message"), one.payload, correlation_id(answer))


def refused_by(answer: Answer, one: Input) -> Result:
    """Blame the answer's error on the one input that was sent."""
    # Of a batch that went through the first entry is the error, of one that did not the answer itself.
    entry: Mapping[str, Any] = next(iter(answer.content.get("errors", ())), {})
    error = answer.content if answer.content.get("category") else entry
    category = error.get("category") or f"HTTP_{answer.status}"
    message = (
        answer.content.get("message") or error.get("message") or "The answer does not mention the record."
    )
    if _passes(error):
        return one.row.failed(message, one.payload, category)
    return one.row.refused(category, message, one.payload, correlation_id(answer))


def vanished(feed: Feed, inputs: Sequence[Input], answer: Answer) -> str | None:
    """Say what of our own schema an answer no longer knows: a property, or an option that the mart declares."""
    for trace_ids, detail in _details(answer):
        name = next(iter((detail.get("context") or {}).get("propertyName") or ()), "")
        if detail.get("code") == "PROPERTY_DOESNT_EXIST" and name in {feed.key, *_custom(feed)}:
            return f"property {feed.object}.{name}"
        declared = _custom(feed).get(name, frozenset())
        sent = {
            one.row.values.get(name) for one in inputs if not trace_ids or one.row.record_key in trace_ids
        }
        if (
            detail.get("code") == "INVALID_OPTION"
            and (lost := sorted(map(str, sent & declared)))
            and (len(inputs) == 1 or trace_ids)
        ):
            return f"option {lost[0]} of {feed.object}.{name}"
    return None


def _details(answer: Answer) -> Iterator[tuple[list[str], Mapping[str, Any]]]:
    """Give the single complaints of an answer, with the records that they are about where it says so."""
    for error in answer.content.get("errors", ()):
        yield _trace_ids(error), error
        for detail in error.get("errors") or ():
            yield _trace_ids(error), detail


def _custom(feed: Feed) -> dict[str, frozenset[str]]:
    """Give the properties that the feed created, each with the options that it declares."""
    return {
        column.name: frozenset(option.value for option in column.custom.options)
        for column in feed.columns
        if column.custom is not None
    }


def overwriting(result: Result, record: Mapping[str, Any] | None) -> Result:
    """Add to a result what HubSpot held, as text or null, of the properties that were sent; nothing if it refused them.

    Without an answer they may have been overwritten: the next attempt would read our own values.
    """
    if record is None or result.status == "refused" or result.payload is None:
        return result
    if result.status == "succeeded" and result.target_id != str(record["id"]):
        # Somebody took our key off the record, so the upsert made another one and overwrote nothing.
        return result
    held = record["properties"]
    return replace(result, before={name: held.get(name) for name in json.loads(result.payload)})


def present(feed: Feed, row: Row, record: Mapping[str, Any] | None) -> Present:
    """Say what HubSpot holds of a row: text or null of each property of the feed."""
    if record is None:
        return Present(row.record_key)
    held = record["properties"]
    names = (feed.key, *(column.name for column in feed.columns))
    return Present(row.record_key, str(record["id"]), {name: held.get(name) for name in names})


def existing_id(result: Result) -> str | None:
    if result.status != "refused" or result.error_category != CONFLICT:
        return None
    found = EXISTING_ID.search(result.error_message or "")
    return found[1] if found else None


def message_of(answer: Answer) -> str:
    return f"{answer.content.get('message', 'no reason given')} (correlation id {correlation_id(answer)})"


def correlation_id(answer: Answer) -> str | None:
    """Give what HubSpot's support asks for."""
    given = answer.content.get("correlationId") or answer.headers.get("X-HubSpot-Correlation-Id")
    return None if given is None else str(given)
