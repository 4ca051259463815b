"""A plan as a person reads it before agreeing to it."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.markup import escape

from load.plans import Stored
from migrate.screen import Screen

COUNTS = (
    "create",
    "update",
    "unchanged",
    "refused",
    "waiting",
    "skipped",
    "archive",
    "kept",
    "by_hand",
    "missing",
)
ALWAYS = ("create", "update", "unchanged", "refused", "archive")
SHOWN = 12


def tell(screen: Screen, stored: Stored) -> None:
    """Print the counts, what else would be changed, what it costs, and what is wrong."""
    feeds = [planned.as_dict() for planned in stored.plan.feeds]
    columns = [name for name in COUNTS if name in ALWAYS or any(each[name] for each in feeds)]
    rows = [
        {"object": f"{each['target']} {each['object']}", **{name: each[name] for name in columns}}
        for each in feeds
    ]
    screen.table(f"Plan {stored.plan.plan_id}", rows)
    for each in feeds:
        if each["changing"]:
            most = sorted(each["changing"].items(), key=lambda pair: -pair[1])[:SHOWN]
            properties = ", ".join(f"{name} ({count:,})" for name, count in most)
            screen.tell(f"{each['target']} {each['object']} would change {properties}")
    for target in dict.fromkeys(change.target for change in stored.schema):
        names = [
            f"{change.object}.{change.name} {change.change}"
            for change in stored.schema
            if change.target == target
        ]
        more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        screen.tell(f"{target} would get: {', '.join(names[:SHOWN])}{more}")
    for effort in stored.efforts:
        share = "" if effort.share_of_day is None else f", {effort.share_of_day:.1%} of a day's"
        screen.tell(f"{effort.target}: about {effort.calls:,} calls{share}, {effort.minutes:,.1f} minutes")
    for finding in stored.findings:
        colour = "red" if finding.stops else "yellow"
        screen.tell(f"[{colour}]{escape(finding.message)}[/{colour}]", markup=True)
    for target, settings in stored.checklist.items():
        screen.tell(f"Check in {target} by hand before this first load, for no API shows it:")
        for setting in settings:
            screen.tell(f"  - {setting}")


def tell_records(screen: Screen, records: Sequence[Mapping[str, Any]]) -> None:
    """Print what a plan does with one record, property by property."""
    for record in records:
        reason = f" ({record['reason']})" if record["reason"] else ""
        screen.tell(
            f"{record['target']} {record['object']} {record['record_key']}: {record['action']}{reason}"
        )
        if record["kept"]:
            screen.tell(f"  kept as somebody changed it there: {', '.join(record['kept'])}")
        if record["changes"]:
            screen.table("", record["changes"])
