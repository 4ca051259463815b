"""What would go wrong, found before the first write, all of it at once: schema, values, limits, budget."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from load.changes import bindings, changes, coming_ends, execute
from load.feeds import IN_PIPELINES, RECORD_KEY, ROW_HASH, Column, Feed
from load.plan import FeedPlan
from load.target import Definition, Room, SchemaChange

# What a target's own type cannot be given.
UNFIT = {
    "varchar": {"number", "date", "datetime", "bool", "integer", "float", "decimal", "boolean"},
    "boolean": {"number", "date", "datetime", "integer", "float", "decimal"},
    "date": {"number", "bool", "boolean", "float", "decimal"},
    "timestamp_ntz": {"number", "bool", "boolean", "float", "decimal"},
    "number(38,0)": {"date", "datetime", "bool", "boolean"},
    "number(18,2)": {"date", "datetime", "bool", "boolean", "integer"},
    "double": {"date", "datetime", "bool", "boolean", "integer"},
}
MOST_VALUES = 1_000
# A contact of Intercom is at so many companies at most (`contact_company_limit_exceeded`).
MOST_LINKS = {"attachments": ("contact_key", 1_000)}
SHOWN = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong, and what to do. `stops`: nothing may be written before it is mended.

    `rows`: how many rows it is about; each of them would be refused.
    """

    target: str
    object: str | None
    message: str
    stops: bool
    rows: int = 0


def values(
    connection: Any,
    planned: FeedPlan,
    feeds: Sequence[Feed],
    takes: Mapping[str, Definition],
    *,
    retry_refused: bool = False,
    definitions: str | None = None,
) -> Iterator[Finding]:
    """Compare the rows to send with what the target takes: options, stages, owners, types, lengths.

    `retry_refused` and `definitions` are the plan's: they say which of the refused rows are sent again.
    """
    feed = planned.feed
    if feed.kind == "link" or not planned.to_send:
        return
    known = [(column, takes[column.name]) for column in feed.columns if column.name in takes]
    for column, definition in known:
        if definition.type in UNFIT.get(column.data_type, set()):
            yield Finding(
                feed.target,
                feed.object,
                f"{feed.object}.{column.name} is {column.data_type} in the mart and {definition.type} in {feed.target}: "
                "cast it in the mart, or send it to another property.",
                stops=True,
            )
    asked = [(column, each) for column, each in known if each.allowed is not None or each.longest is not None]
    if not asked:
        return
    found = execute(connection, _values(feed, feeds, asked, retry_refused), bindings(feed, "", definitions))
    for column, definition in asked:
        mine = [(value, count) for name, value, count in found if name == column.name]
        if definition.allowed is not None:
            yield from _not_allowed(feed, column, definition, mine)
        elif too_long := sum(count for _, count in mine):
            yield Finding(
                feed.target,
                feed.object,
                f"{feed.object}.{column.name}: {too_long} values are longer than the {definition.longest} characters that "
                f"{feed.target} takes; shorten them in the mart.",
                stops=False,
                rows=too_long,
            )


def _values(
    feed: Feed, feeds: Sequence[Feed], asked: Sequence[tuple[Column, Definition]], retry_refused: bool
) -> str:
    """Give the values of columns with options, each with its rows, and the rows of the values that are too long."""
    parts = [
        f"(select '{column.name}' as name, {column.identifier}::varchar as value, count(*) as n from change "
        f"where _action in ('create', 'update') and {column.identifier} is not null group by 2 "
        f"order by 3 desc, 2 limit {MOST_VALUES})"
        if definition.allowed is not None
        else f"(select '{column.name}' as name, null as value, count(*) as n from change "
        f"where _action in ('create', 'update') and length({column.identifier}) > {definition.longest})"
        for column, definition in asked
    ]
    return f"{changes(feed, coming_ends(feed, feeds), retry_refused)} {' union all '.join(parts)}"


def renamed(connection: Any, feed: Feed, takes: Mapping[str, Definition]) -> Iterator[Finding]:
    """Find stages and pipelines that were renamed in the target since: by their label the seed would have them made again.

    What was sent for a key tells the id that it had. Where the target has that id and the key does not mean it any more,
    the one with the id is called otherwise now.
    """
    for column in feed.columns:
        if column.refers_to not in IN_PIPELINES or column.name not in takes:
            continue
        allowed = takes[column.name].allowed or frozenset()
        for key, sent in execute(connection, _sent_for(feed, column), bindings(feed, "")):
            if sent != key and sent in allowed:
                yield Finding(
                    feed.target,
                    feed.object,
                    f"{feed.object}.{column.name}: {key} was sent as {sent}, which {feed.target} has under another name now. Put "
                    f"{sent} in the place of {key} into the seed hubspot_pipelines and the map of its values, or give it its "
                    "name back; otherwise one with the old name would be made beside it.",
                    stops=True,
                )


def _sent_for(feed: Feed, column: Column) -> str:
    """Give the pairs of key and id: of unchanged rows, what the mart has and what was sent."""
    return f"""
        select distinct mart.{column.identifier}, parse_json(attempt.payload):{column.name}::varchar
        from {feed.relation} as mart
        inner join ops.load_ledger as ledger
            on ledger.record_key = mart.{RECORD_KEY} and ledger.row_hash = mart.{ROW_HASH}
        inner join ops.load_attempt as attempt
            on attempt.record_key = ledger.record_key and attempt.attempted_at = ledger.loaded_at
                and attempt.target = ledger.target and attempt.object = ledger.object
        where ledger.target = %(target)s and ledger.object = %(object)s and attempt.payload is not null
            and mart.{column.identifier} is not null
        order by 1, 2"""


def crowded(connection: Any, planned: FeedPlan) -> Iterator[Finding]:
    """Count the links that are more than a target takes of one record."""
    feed = planned.feed
    if feed.object not in MOST_LINKS or not planned.to_send:
        return
    end, most = MOST_LINKS[feed.object]
    many = f"select count(*) as n from {feed.relation} group by {end} having count(*) > {most}"
    [(records, links)] = execute(connection, f"select count(*), sum(n - {most}) from ({many}) as many", {})
    if records:
        yield Finding(
            feed.target,
            feed.object,
            f"{records} records have more than the {most:,} {feed.object} that {feed.target} takes of one; {links:,} of them "
            "are refused. Decide in the mart which are left out.",
            stops=False,
            rows=int(links),
        )


def _not_allowed(
    feed: Feed, column: Column, definition: Definition, found: Iterable[tuple[str, int]]
) -> Iterator[Finding]:
    allowed = definition.allowed or frozenset()
    wrong = [
        (value, count)
        for value, count in found
        if not ({*value.split(";")} if definition.several else {value}) <= allowed
    ]
    if wrong:
        shown = ", ".join(f"{value} ({count})" for value, count in wrong[:SHOWN])
        more = f" and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else ""
        yield Finding(
            feed.target,
            feed.object,
            f"{feed.object}.{column.name}: {feed.target} does not know {shown}{more}. Map them to values that it has, or "
            "add them there.",
            stops=False,
            rows=sum(count for _, count in wrong),
        )


def limits(
    target: str,
    rooms: Iterable[Room],
    planned: Sequence[FeedPlan],
    schema: Sequence[SchemaChange],
    calls: int,
) -> Iterator[Finding]:
    """Compare what a plan adds with the room that the account has."""
    for room in rooms:
        needed = _needed(room, planned, schema, calls)
        if not needed or room.used + needed <= room.most:
            continue
        what = f"{room.name} of {room.object}" if room.object else room.name
        if room.name == "calls today":
            message = (
                f"{needed:,} calls are needed and {room.most - room.used:,} of the day's {room.most:,} are left: the load "
                "stops before they are used up, and goes on from there the next day."
            )
        else:
            message = f"{what}: {room.used:,} of {room.most:,} are used, and {needed:,} more are needed."
        yield Finding(target, room.object, message, stops=room.name != "calls today")


def _needed(room: Room, planned: Sequence[FeedPlan], schema: Sequence[SchemaChange], calls: int) -> int:
    if room.name == "calls today":
        return calls
    if room.name == "records":
        return sum(each.create for each in planned if each.feed.object == room.object)
    if room.name == "custom properties":
        return sum(change.object == room.object and change.change == "property created" for change in schema)
    # Records that have as many links as they may: whichever link needs one of these fails.
    return sum(each.create for each in planned if each.feed.kind == "link" and room.used >= room.most)
