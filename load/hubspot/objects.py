"""Objects of the company's own in HubSpot: created before their properties, with the unique property for their key.

A path names such an object by its name with `p_` before it; the bare name is not taken since June 2025.
Source: developers.hubspot.com, "Custom objects" and the changelog "Removed support for referencing custom object types by base name".
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from load.answer import Answer
from load.feeds import Feed, Schema
from load.target import SchemaChange, SchemaConflictError

Ask = Callable[..., Answer]


def provision_objects(
    feeds: Sequence[Feed], ask: Ask, paths: Mapping[str, str], *, dry_run: bool
) -> Iterator[SchemaChange]:
    """Create the own objects that the feeds need and the account lacks, or only say which.

    Raises:
        SchemaConflictError: HubSpot refused one; own objects need an Enterprise subscription.
    """
    for feed in feeds:
        schema = feed.schema
        if schema is None or not is_missing(feed, ask, paths):
            continue
        if not dry_run:
            answer = ask("POST", paths["schemas"], json.dumps(_declared(feed, schema)))
            if not answer.ok:
                raise SchemaConflictError(
                    f"HubSpot did not create the object {schema.name}: {answer.content.get('message', 'no reason given')} "
                    "Objects of one's own need an Enterprise subscription; without one disable the exposure and its mart."
                )
        yield SchemaChange("hubspot", feed.object, schema.name, "object created")


def is_missing(feed: Feed, ask: Ask, paths: Mapping[str, str]) -> bool:
    """Say whether the feed's object is one of the company's own that the account does not have yet."""
    if feed.schema is None:
        return False
    known = ask("GET", paths["schemas"]).content.get("results", ())
    return feed.schema.name not in {each["name"] for each in known}


def _declared(feed: Feed, schema: Schema) -> dict[str, Any]:
    """Write the schema with the property that people read a record by; the others come like those of any object."""
    shown = next(column for column in feed.columns if column.name == schema.display)
    label = shown.custom.label if shown.custom else shown.name
    return {
        "name": schema.name,
        "labels": {"singular": schema.singular, "plural": schema.plural},
        "primaryDisplayProperty": schema.display,
        "requiredProperties": [],
        "searchableProperties": [schema.display],
        "secondaryDisplayProperties": [],
        "properties": [{"name": schema.display, "label": label, "type": "string", "fieldType": "text"}],
        "associatedObjects": [_singular(each) for each in schema.linked_to],
    }


def _singular(name: str) -> str:
    """Give the name that a schema's `associatedObjects` take: CONTACT, COMPANY."""
    return (f"{name[:-3]}y" if name.endswith("ies") else name.removesuffix("s")).upper()
