"""Intercom's data attributes: what the feeds need is compared first, and added only if nothing conflicts."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import structlog

from load.feeds import Column, Feed
from load.target import SchemaChange, SchemaConflictError

log = structlog.get_logger()

MODELS = {"contacts": "contact", "companies": "company"}
PEOPLE = {"contact": "people", "company": "company"}

# What a contact and a company have of their own, of all that can be written.
FIELDS = {
    "contacts": frozenset(
        {
            "avatar",
            "email",
            "language_override",
            "last_seen_at",
            "name",
            "owner_id",
            "phone",
            "role",
            "signed_up_at",
            "unsubscribed_from_emails",
        }
    ),
    "companies": frozenset(
        {"industry", "monthly_spend", "name", "plan", "remote_created_at", "size", "website"}
    ),
}

# Intercom shows an attribute made as one type under another name.
SHOWN_AS = {"datetime": "date", "options": "string"}

Call = Callable[..., Any]


def provision(attributes: Any, feeds: Sequence[Feed], call: Call) -> list[SchemaChange]:
    """Create the data attributes that the feeds need. `attributes` is the SDK's client; `call` makes one of its calls.

    Raises:
        SchemaConflictError: Intercom has an attribute otherwise, or a column is no field of it; nothing was changed.
    """
    records = [feed for feed in feeds if feed.kind == "record"]
    # Archived attributes keep their names.
    existing = {
        model: {
            known.name: known
            for known in call(attributes.list, model=model, include_archived=True).data or ()
            if known.custom
        }
        for model in MODELS.values()
    }
    conflicts = [conflict for feed in records for conflict in _conflicts(feed, existing)]
    if conflicts:
        raise SchemaConflictError("Intercom's attributes do not fit the marts:\n" + "\n".join(conflicts))
    changes = []
    for feed in records:
        model = MODELS[feed.object]
        for column in feed.columns:
            if column.custom is not None and column.name not in existing[model]:
                call(attributes.create, request=_declared(column, model))
                changes.append(SchemaChange("intercom", feed.object, column.name, "attribute created"))
    for change in changes:
        log.info(
            "schema_changed", target="intercom", object=change.object, name=change.name, change=change.change
        )
    return changes


def _conflicts(feed: Feed, existing: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    if feed.object not in MODELS:
        yield f"- {feed.object}: Intercom has records of {' and '.join(MODELS)} only."
        return
    model = MODELS[feed.object]
    other = next(name for name in existing if name != model)
    for column in feed.columns:
        where = f"- {feed.object}.{column.name}"
        if column.custom is None:
            if column.name not in FIELDS[feed.object]:
                yield (
                    f"{where} is no field of Intercom: correct the column's name, or declare "
                    "`config.meta.property` for it, so that it becomes an attribute."
                )
        elif column.name in existing[other]:
            yield f"{where} is the name of {PEOPLE[other]} data in Intercom already: name the column otherwise."
        elif known := existing[model].get(column.name):
            yield from _differences(where, column, known)


def _differences(where: str, column: Column, known: Any) -> Iterator[str]:
    wanted = _data_type(column)
    if known.archived:
        yield f"{where} is archived in Intercom and keeps its name: restore it there, or name the column otherwise."
    elif known.data_type not in (wanted, SHOWN_AS.get(wanted)):
        yield (
            f"{where} is of type {known.data_type} in Intercom and {wanted} in the mart, which cannot be changed: "
            "name the column otherwise."
        )
    elif column.custom is not None and known.options:
        missing = {option.value for option in column.custom.options} - set(known.options)
        if missing:
            yield f"{where} lacks the options {', '.join(sorted(missing))} in Intercom: add them there."


def _declared(column: Column, model: str) -> dict[str, Any]:
    declared: dict[str, Any] = {
        "name": column.name,
        "model": model,
        "data_type": _data_type(column),
        "description": column.description,
    }
    if column.custom is not None and column.custom.options:
        declared["options"] = [{"value": option.value} for option in column.custom.options]
    return declared


def _data_type(column: Column) -> str:
    if column.custom is None or column.custom.data_type is None:
        raise SchemaConflictError(
            f"The column {column.name} lacks `property.data_type`, Intercom's type for it."
        )
    return column.custom.data_type
