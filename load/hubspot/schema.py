"""HubSpot's properties and groups: what the feeds need is compared first, and added only if nothing conflicts."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from hubspot.crm.properties import OptionInput, PropertyCreate, PropertyGroupCreate, PropertyUpdate

from load.feeds import Feed, Option, Property
from load.target import SchemaChange, SchemaConflictError

GROUP = "salesforce_migration"
YES_NO = (Option("true", "Yes"), Option("false", "No"))

Call = Callable[..., Any]


def provision(
    properties: Any, groups: Any, feeds: Sequence[Feed], call: Call, *, create_options: bool = True
) -> list[SchemaChange]:
    """Create the groups, properties and options that the feeds need, and the unique property for each one's key.

    `properties` and `groups` are the SDK's `core_api` and `groups_api`; `call` makes one of their calls. Without
    `create_options` an option that a property lacks is a conflict.

    Raises:
        SchemaConflictError: HubSpot has a property otherwise, or lacks one of its own; nothing was changed.
    """
    records = [feed for feed in feeds if feed.kind == "record"]
    existing = {
        feed.object: {known.name: known for known in call(properties.get_all, feed.object).results}
        for feed in records
    }
    conflicts = [conflict for feed in records for conflict in _conflicts(feed, existing[feed.object])]
    if not create_options:
        conflicts += [conflict for feed in records for conflict in _new_options(feed, existing[feed.object])]
    if conflicts:
        raise SchemaConflictError("HubSpot's properties do not fit the marts:\n" + "\n".join(conflicts))
    changes: list[SchemaChange] = []
    for feed in records:
        changes += _add_groups(groups, feed, existing[feed.object], call)
        changes += _add_properties(properties, feed, existing[feed.object], call)
    return changes


def _conflicts(feed: Feed, existing: dict[str, Any]) -> Iterator[str]:
    key = existing.get(feed.key)
    if key is not None and not key.has_unique_value:
        yield (
            f"- {feed.object}.{feed.key} exists without unique values, which cannot be switched on later: "
            "delete the property in HubSpot, or choose another key in the exposure."
        )
    for column in feed.columns:
        known = existing.get(column.name)
        if column.custom is None and known is None:
            yield (
                f"- {feed.object}.{column.name} is no property of HubSpot: correct the column's name, or declare "
                "`config.meta.property` for it, so that it is created."
            )
        elif column.custom is None and _read_only(known):
            yield f"- {feed.object}.{column.name} cannot be written: take the column out of the mart."
        elif column.custom is not None and known is not None and known.type != column.custom.type:
            yield (
                f"- {feed.object}.{column.name} is of type {known.type} in HubSpot and {column.custom.type} in the mart: "
                "make them the same, or name the column otherwise."
            )


def _new_options(feed: Feed, existing: dict[str, Any]) -> Iterator[str]:
    for name, custom in _wanted(feed):
        if name in existing and (missing := _missing_options(custom, existing[name])):
            yield (
                f"- {feed.object}.{name} lacks the options {', '.join(option.value for option in missing)}: add them in HubSpot, "
                "map them to others, or allow it with HUBSPOT_NEW_OPTIONS=create."
            )


def _read_only(known: Any) -> bool:
    return bool(known.modification_metadata and known.modification_metadata.read_only_value)


def _add_groups(groups: Any, feed: Feed, existing: dict[str, Any], call: Call) -> Iterator[SchemaChange]:
    wanted = {_group(custom) for name, custom in _wanted(feed) if name not in existing}
    if not wanted:
        return
    known = {group.name for group in call(groups.get_all, feed.object).results}
    for name in sorted(wanted - known):
        label = name.replace("_", " ").capitalize()
        call(groups.create, feed.object, PropertyGroupCreate(name=name, label=label, display_order=-1))
        yield SchemaChange("hubspot", feed.object, name, "group created")


def _add_properties(
    properties: Any, feed: Feed, existing: dict[str, Any], call: Call
) -> Iterator[SchemaChange]:
    descriptions = {column.name: column.description for column in feed.columns}
    for name, custom in _wanted(feed):
        if name not in existing:
            unique = name == feed.key
            call(properties.create, feed.object, _declared(name, custom, descriptions.get(name, ""), unique))
            yield SchemaChange("hubspot", feed.object, name, "property created")
        elif missing := _missing_options(custom, existing[name]):
            options = [*_inputs(existing[name].options), *map(_option, missing)]
            call(properties.update, feed.object, name, PropertyUpdate(options=options))
            yield SchemaChange("hubspot", feed.object, name, f"{len(missing)} options added")


def _wanted(feed: Feed) -> Iterator[tuple[str, Property]]:
    own = [(column.name, column.custom) for column in feed.columns if column.custom is not None]
    group = next((custom.group for _, custom in own if custom.group), GROUP)
    yield feed.key, Property("Salesforce ID", group=group, type="string", field_type="text")
    yield from own


def _declared(name: str, custom: Property, description: str, unique: bool) -> PropertyCreate:
    options = custom.options or (YES_NO if custom.type == "bool" else ())
    return PropertyCreate(
        name=name,
        label=custom.label,
        description=description or "The record's id in Salesforce; every load finds the record by it.",
        group_name=_group(custom),
        type=custom.type,
        field_type=custom.field_type,
        options=[_option(option) for option in options] or None,
        has_unique_value=unique,
        form_field=False,
    )


def _group(custom: Property) -> str:
    return custom.group or GROUP


def _missing_options(custom: Property, known: Any) -> list[Option]:
    if custom.type != "enumeration":
        return []
    allowed = {option.value for option in known.options or ()}
    return [option for option in custom.options if option.value not in allowed]


def _option(option: Option) -> OptionInput:
    return OptionInput(value=option.value, label=option.label, hidden=False, display_order=-1)


def _inputs(options: Sequence[Any]) -> Iterator[OptionInput]:
    for option in options:
        yield OptionInput(
            value=option.value,
            label=option.label,
            description=option.description,
            hidden=option.hidden,
            display_order=option.display_order,
        )
