"""What an extract would read and what that costs, before its first job. Every number is an estimate."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from simple_salesforce import Salesforce

from extract.errors import ExtractError
from extract.salesforce import query
from extract.salesforce.budget import CALLS, JOBS, Allowance
from extract.salesforce.describe import Description, describe_org, nearest
from extract.salesforce.discover import record_counts
from extract.salesforce.orders import Order, make_orders
from extract.salesforce.query import Window, soql_time
from extract.salesforce.read import Settings, sweep_fields
from extract.sources import SourceObject

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

# Limits and object list, once; describe and definitions of the fields, once for each object.
CALLS_TO_BEGIN = 2
CALLS_TO_DESCRIBE = 2
# Creating the job, counting at the end, deleting the job; polls and pages come on top.
CALLS_OF_A_JOB = 3
# How long a Bulk job takes decides how often it is asked about.
JOB_SECONDS = 5
ROWS_PER_SECOND = 10_000

# Characters of a filled cell in a CSV, by type; other types are text of the field's length, but seldom full.
WIDTHS = {
    "boolean": 5,
    "int": 4,
    "percent": 4,
    "double": 8,
    "currency": 8,
    "date": 10,
    "time": 13,
    "id": 18,
    "reference": 18,
    "datetime": 24,
    "picklist": 10,
    "phone": 14,
    "email": 24,
    "url": 24,
}
SHORT_TEXT, LONG_TEXT, LONGEST_SHORT_TEXT = 16, 100, 255
QUOTES_AND_COMMA = 3
FILLED_WHERE_OPTIONAL = 0.4


@dataclass(frozen=True, slots=True)
class Planned:
    """One object: records and bytes of CSV to read, Bulk jobs and API calls for them, their share of the day's calls.

    `rows` is None where the org does not tell; `message` says what else to know before the run.
    """

    object: str
    mode: Literal["full", "incremental", "absent", "refused"]
    rows: int | None
    bytes: int
    jobs: int
    calls: int
    share: float | None
    message: str


@dataclass(frozen=True, slots=True)
class Plan:
    """All objects, and the org's day: what is left of it and the share of it that the extract leaves alone."""

    objects: tuple[Planned, ...]
    left: Mapping[str, Allowance]
    floor: float

    @property
    def total(self) -> Planned:
        """Give the sum, with the calls that belong to no object."""
        calls = CALLS_TO_BEGIN + sum(each.calls for each in self.objects)
        return Planned(
            object="total",
            mode="full" if all(each.mode != "incremental" for each in self.objects) else "incremental",
            rows=sum(each.rows or 0 for each in self.objects),
            bytes=sum(each.bytes for each in self.objects),
            jobs=sum(each.jobs for each in self.objects),
            calls=calls,
            share=_share(calls, self.left.get(CALLS)),
            message="",
        )

    @property
    def shortages(self) -> list[str]:
        """Say where less is left above the floor than the extract needs."""
        needed = {CALLS: self.total.calls, JOBS: self.total.jobs}
        return [
            f"about {needed[name]:,} of {name} are needed and {usable:,} are left above the floor: the extract would stop "
            "there, and go on the next day"
            for name, known in self.left.items()
            if needed[name] > (usable := max(0, known.left - math.ceil(known.most * self.floor)))
        ]


def plan(
    sf: Salesforce,
    connection: SnowflakeConnection,
    objects: Sequence[SourceObject],
    *,
    full: bool = False,
    settings: Settings | None = None,
) -> Plan:
    """Estimate what `extract` would do with the same arguments; starts no job and changes nothing.

    Costs a describe for each object, and a COUNT() for each that would be read in part.
    """
    settings = settings or Settings()
    sf.session.budget.told(sf.limits())
    org = describe_org(sf)
    present = [source for source in objects if source.name in org]
    orders = make_orders(sf, connection, present, settings, full=full)
    rows = record_counts(sf, [source.name for source in present]) if present else {}
    day = sf.session.budget.allowance(CALLS)
    with ThreadPoolExecutor(settings.threads, thread_name_prefix="plan") as pool:
        planned = [*pool.map(lambda order: _planned(sf, order, rows, day, settings), orders)]
    by_name = {each.object: each for each in planned}
    left = {name: known for name in (CALLS, JOBS) if (known := sf.session.budget.allowance(name))}
    return Plan(tuple(by_name.get(each.name) or _absent(each, org) for each in objects), left, settings.floor)


def _planned(
    sf: Salesforce, order: Order, rows: Mapping[str, int], day: Allowance | None, settings: Settings
) -> Planned:
    name, description = order.source.name, order.description
    if isinstance(description, Exception):
        calls = CALLS_TO_DESCRIBE
        return Planned(name, "refused", None, 0, 0, calls, _share(calls, day), str(description))
    until = soql_time(dt.datetime.now(dt.UTC) + dt.timedelta(seconds=1))
    window = Window(description.cursor, order.since if description.cursor else None, until)
    known = None if window.since else rows.get(name)
    found = _counted(sf, name, window) if known is None else known
    parts = [(found or 0, row_bytes(description, description.fields))]
    new = order.drift.new if window.since else ()
    if new:
        parts.append((rows.get(name, 0), row_bytes(description, ("Id", *new))))
    if window.since and (fields := sweep_fields(order.source, description, order.due)):
        parts.append((rows.get(name, 0), row_bytes(description, fields)))
    calls = CALLS_TO_DESCRIBE + sum(_job_calls(number, settings.page_rows) for number, _ in parts)
    calls += 1 if window.since else 0  # the live records, to notice those that vanished
    calls += 1 if window.since and description.leaves_no_trace else 0
    calls += (found or 0) * len(description.files) if order.source.blobs else 0
    return Planned(
        object=name,
        mode="incremental" if window.since else "full",
        rows=found,
        bytes=sum(number * width for number, width in parts),
        jobs=len(parts),
        calls=calls,
        share=_share(calls, day),
        message=_message(order, new),
    )


def _message(order: Order, new: Sequence[str]) -> str:
    came = [f"{order.source.name}: new fields, to be read for all rows: {', '.join(new)}."] if new else []
    return " ".join(order.unseen + came)


def _absent(source: SourceObject, org: Mapping[str, Any]) -> Planned:
    hint = nearest(source.name, org)
    message = (
        f"The org has no object {source.name}, or the login may not see it: its table would be empty.{hint}"
    )
    return Planned(source.name, "absent", 0, 0, 0, 0, 0.0, message)


def _counted(sf: Salesforce, name: str, window: Window) -> int | None:
    try:
        return query.count(sf, name, window.where)
    except ExtractError:
        return None


def _job_calls(rows: int, page_rows: int) -> int:
    pages = max(1, math.ceil(rows / page_rows))
    return CALLS_OF_A_JOB + query.polls(JOB_SECONDS + rows / ROWS_PER_SECOND) + pages


def row_bytes(description: Description, fields: Sequence[str]) -> int:
    """Estimate the bytes of one record in CSV with these fields."""
    chosen = set(fields)
    cells = (_cell_bytes(each) for each in description.raw["fields"] if each["name"] in chosen)
    return round(sum(cells))


def _cell_bytes(field: Mapping[str, Any]) -> float:
    length = field["length"] or 0
    text = LONG_TEXT if length > LONGEST_SHORT_TEXT else min(length, SHORT_TEXT)
    width = WIDTHS.get(field["type"], text)
    return QUOTES_AND_COMMA + width * (FILLED_WHERE_OPTIONAL if field["nillable"] else 1)


def _share(calls: int, day: Allowance | None) -> float | None:
    return calls / day.most if day and day.most else None
