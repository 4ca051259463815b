"""Intercom's data attributes: what the feeds need is compared first, and added only if nothing conflicts."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from load.feeds import Column, Feed, Property
from load.target import SchemaChange, SchemaConflictError

MODELS = {"contacts": "contact", "companies": "company"}
WITHOUT_ATTRIBUTES = frozenset({"tags", "contact_notes", "ticket_notes"})
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


def provision(
    attributes: Any, feeds: Sequence[Feed], call: Call, others: Sequence[str] = ()
) -> list[SchemaChange]:
    """Create the data attributes that the feeds need. `attributes` is the SDK's client; `call` makes one of its calls.

    `others`: conflicts that were found elsewhere; they too keep anything from being changed.

    Raises:
        SchemaConflictError: Intercom has an attribute otherwise, or a column is no field of it; nothing was changed.
    """
    records = [feed for feed in feeds if feed.kind == "record" and feed.object not in WITHOUT_ATTRIBUTES]
    # Archived attributes keep their names.
    existing = {
        model: {
            known.name: known
            for known in call(attributes.list, model=model, include_archived=True).data or ()
            if known.custom
        }
        for model in MODELS.values()
    }
    conflicts = [*others] + [
        conflict for feed in records for conflict in _conflicts(feed, existing, _others(feed, records))
    ]
    if conflicts:
        raise SchemaConflictError("Intercom's attributes do not fit the marts:\n" + "\n".join(conflicts))
    changes = []
    for feed in records:
        model = MODELS[feed.object]
        for column in _wanted(feed):
            if column.custom is not None and column.name not in existing[model]:
                call(attributes.create, request=_declared(column, column.custom, model))
                changes.append(SchemaChange("intercom", feed.object, column.name, "attribute created"))
    return changes


def _wanted(feed: Feed) -> tuple[Column, ...]:
    """Give the columns, and the attribute in which leads carry their key."""
    if not feed.lead_key:
        return feed.columns
    key = Property("Salesforce id", data_type="string")
    return (*feed.columns, Column(feed.lead_key, "varchar", "Salesforce id of a lead.", key))


def _others(feed: Feed, records: Sequence[Feed]) -> set[str]:
    """Give the attributes that the other feeds want for the other kind of record."""
    others = [other for other in records if other.object != feed.object]
    return {column.name for other in others for column in _wanted(other) if column.custom is not None}


def _conflicts(feed: Feed, existing: Mapping[str, Mapping[str, Any]], taken: set[str]) -> Iterator[str]:
    if feed.object not in MODELS:
        yield f"- {feed.object}: Intercom has records of {' and '.join(MODELS)} only."
        return
    model = MODELS[feed.object]
    other = next(name for name in existing if name != model)
    taken = taken | existing[other].keys()
    for column in _wanted(feed):
        where = f"- {feed.object}.{column.name}"
        if column.custom is None:
            if column.name not in FIELDS[feed.object]:
                yield (
                    f"{where} is no field of Intercom: correct the column's name, or declare "
                    "`config.meta.property` for it, so that it becomes an attribute."
                )
        elif column.custom.data_type is None:
            yield f"{where} lacks `property.data_type`, Intercom's type for it: add it in the mart's YAML."
        elif column.name in taken:
            yield f"{where} is the name of {PEOPLE[other]} data in Intercom already: name the column otherwise."
        elif known := existing[model].get(column.name):
            yield from _differences(where, column.custom, known)


def _differences(where: str, custom: Property, known: Any) -> Iterator[str]:
    if known.archived:
        yield f"{where} is archived in Intercom and keeps its name: restore it there, or name the column otherwise."
    elif known.data_type not in (custom.data_type, SHOWN_AS.get(custom.data_type or "")):
        yield (
            f"{where} is of type {known.data_type} in Intercom and {custom.data_type} in the mart, which cannot be "
            "changed: name the column otherwise."
        )
    elif known.options and (missing := {option.value for option in custom.options} - set(known.options)):
        yield f"{where} lacks the options {', '.join(sorted(missing))} in Intercom: add them there."


def _declared(column: Column, custom: Property, model: str) -> dict[str, Any]:
    declared: dict[str, Any] = {
        "name": column.name,
        "model": model,
        "data_type": custom.data_type,
        "description": column.description,
    }
    if custom.options:
        declared["options"] = [{"value": option.value} for option in custom.options]
    return declared
