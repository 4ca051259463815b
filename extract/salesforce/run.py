"""Copying objects of the org: threads read pages into files, one after the other goes into the warehouse.

Killed at any instant, the next call starts clean: a raw table and its watermark move in one transaction, and
what lies in the landing folder is only read again.
"""

from __future__ import annotations

import datetime as dt
import email.utils
import errno
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import requests
import structlog
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceError

from extract.errors import BudgetExhausted, ExtractError, LoginError
from extract.landing import Stamp, sweep, tidy
from extract.salesforce.arrivals import Batch
from extract.salesforce.blobs import copy_files
from extract.salesforce.budget import Budget
from extract.salesforce.describe import Description, describe_org, misspelt, nearest
from extract.salesforce.orders import Order, make_orders
from extract.salesforce.privacy import check_salt
from extract.salesforce.query import soql_time
from extract.salesforce.raw import Counts, RawTables
from extract.salesforce.read import (
    Call,
    Copy,
    CountError,
    Mode,
    Progress,
    Settings,
    delete_left,
    forget,
    read_object,
    take_over,
)
from extract.sources import SourceObject
from warehouse.outcome import is_refusal

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

# The folder in which the rows about objects and fields wait, beside the folders of the objects.
DESCRIBED = "_describe"
DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Extracted:
    """What became of one object.

    `source_count` is the org's own COUNT(), `page_count` the rows of the pages read, `landed_count` those
    that arrived in the warehouse; the three are equal. `raw_count` is what the raw table holds now. `vanished` rows are
    live in the raw table and not in the org: purged before a copy saw them deleted; a comparison of all ids finds which.
    `refreshed` rows had formulas that changed without a stamp, `deleted` ones were found to be gone for good (OPS.DELETION
    names them), and `hidden` are the fields that the login may not see.
    """

    object: str
    mode: Mode
    source_count: int
    page_count: int
    landed_count: int
    raw_count: int
    status: Literal["succeeded", "absent", "failed"]
    message: str
    seconds: float
    vanished: int = 0
    refreshed: int = 0
    deleted: int = 0
    hidden: tuple[str, ...] = ()


def extract(
    sf: Salesforce,
    connection: SnowflakeConnection,
    objects: Sequence[SourceObject],
    *,
    run_id: str,
    landing_dir: Path,
    full: bool = False,
    thorough: bool = False,
    progress: Progress | None = None,
    warn: Callable[[str], None] | None = None,
    settings: Settings | None = None,
) -> list[Extracted]:
    """Copy objects into RAW_SALESFORCE, whole or what changed since the last copy, and prove the counts.

    `sf` comes from `connect`. An object that cannot be copied whole is reported as failed: its table and
    its watermark stay as they were, and the others go on. `thorough` refreshes the formulas and compares the ids of all
    records, whatever their schedules say. `progress` is called, by several
    threads, with the object, its rows so far, and their total where it is known; `warn`, before the first job, with
    the fields that went since the last copy and those that the login may not see. Only one call at a time may use a `landing_dir`.

    Raises:
        ExtractError: fields are to be hashed and there is no salt.
        BudgetExhausted: Salesforce's daily allowance is used up, or its part above the floor; objects finished before are kept.
        LoginError: the token expired and no other can be had.
        snowflake.connector.errors.Error: the warehouse is out of reach.
    """
    settings = settings or Settings()
    check_salt(objects, settings.salt)
    began = time.monotonic()
    until = soql_time(_open_day(sf, settings.floor) + dt.timedelta(seconds=1))
    org = describe_org(sf)
    pool = ThreadPoolExecutor(settings.pages, thread_name_prefix="pages")
    news: News = SimpleQueue()
    call = Call(sf, run_id, landing_dir, until, settings, progress or _silent, pool, news.put)
    delete_left(call)
    for source in objects:
        take_over(call, source)
    present = [each for each in objects if each.name in org]
    orders = make_orders(sf, connection, present, settings, full=full, thorough=thorough)
    for order in orders:
        for text in order.unseen:
            (warn or log.warning)(text)
    tables = RawTables(connection, Stamp.now(run_id))
    results = {source.name: _absent(tables, source, org) for source in objects if source.name not in org}
    time.sleep(max(0.0, began + settings.settle.total_seconds() - time.monotonic()))
    described: list[Description] = []
    exhausted: BudgetExhausted | None = None
    try:
        for each in _read_all(call, orders, news):
            if isinstance(each, Batch):
                tables.arrive(each)
                continue
            done = results[each.order.source.name] = _settle(call, tables, each)
            if each.copy and done.status == "succeeded":
                described.append(each.copy.description)
    except BudgetExhausted as error:
        exhausted = error
        tables.abandon()
    except LoginError:
        tables.abandon()
        raise
    sweep(landing_dir, run_id, DESCRIBED)
    tables.patiently(lambda: tables.save_descriptions(org, described, landing_dir / run_id / DESCRIBED))
    tidy(landing_dir)
    if exhausted:
        raise exhausted
    return [results[source.name] for source in objects]


def unseen_fields(
    sf: Salesforce, connection: SnowflakeConnection, objects: Sequence[SourceObject]
) -> list[str]:
    """Say which fields of objects the login may not see, or sees no more; reads no record and changes nothing."""
    org = describe_org(sf)
    present = [each for each in objects if each.name in org]
    return [text for order in make_orders(sf, connection, present, Settings()) for text in order.unseen]


@dataclass(frozen=True, slots=True)
class _Attempt:
    """What reading one object came to: a copy or an error."""

    order: Order
    started: float
    copy: Copy | None = None
    error: Exception | None = None


# What reading threads tell the one that works with the warehouse.
News: TypeAlias = SimpleQueue[Batch | Future[_Attempt]]


def _read_all(call: Call, orders: Sequence[Order], news: News) -> Iterator[_Attempt | Batch]:
    """Read the objects in threads; give each as it is done, and before that the pages of it that have arrived.

    At the day's allowance stop, and say so last.
    """
    exhausted: BudgetExhausted | None = None
    pool = ThreadPoolExecutor(call.settings.threads, thread_name_prefix="salesforce")
    try:
        futures = [pool.submit(_attempt, call, order) for order in orders]
        for future in futures:
            future.add_done_callback(news.put)
        left = len(futures)
        while left:
            each = news.get()
            if isinstance(each, Batch):
                yield each
                continue
            left -= 1
            try:
                yield each.result()
            except BudgetExhausted as error:
                exhausted = error
                pool.shutdown(wait=False, cancel_futures=True)
            except CancelledError:
                pass
    finally:
        call.stop.set()
        pool.shutdown(cancel_futures=True)
        call.pool.shutdown(cancel_futures=True)
    if exhausted:
        raise exhausted


def _attempt(call: Call, order: Order) -> _Attempt:
    started = time.monotonic()
    if isinstance(order.description, Exception):
        return _Attempt(order, started, error=order.description)
    try:
        copy = read_object(call, order.source, order.description, order.known, order.since, order.due)
        return _Attempt(order, started, copy=copy)
    except (BudgetExhausted, LoginError):
        raise
    except (ExtractError, SalesforceError, requests.RequestException) as error:
        return _Attempt(order, started, error=error)
    except OSError as error:
        if error.errno not in DISK_FULL:
            raise
        return _Attempt(order, started, error=_disk_full(call, order.source))


def _disk_full(call: Call, source: SourceObject) -> ExtractError:
    return ExtractError(
        f"{source.name}: the disk that holds {call.landing_dir} is full. Free some space, or point the home (MIGRATE_HOME) at a "
        "larger disk, then give the command again: it goes on with the pages that are there."
    )


def _settle(call: Call, tables: RawTables, attempt: _Attempt) -> Extracted:
    """Put what was read into the warehouse, and say what became of the object."""
    if attempt.copy is None:
        return _failed(tables, attempt, attempt.error)
    copy = attempt.copy
    try:
        warnings, counts = tables.patiently(
            lambda: (tables.ensure(copy.source, copy.description.fields, copy.drift), tables.put(copy))
        )
    except ExtractError as error:
        return _failed(tables, attempt, error)
    except Exception as error:
        if not is_refusal(error):
            raise
        # The warehouse may quote a record in its message; its number and query id are enough to look it up.
        said = f"the warehouse refused a statement (error {getattr(error, 'errno', None)}, query {getattr(error, 'sfqid', None)})"
        return _failed(
            tables, attempt, ExtractError(f"{copy.source.name}: {said}. Look it up in the query history.")
        )
    forget(call, copy.folder.parent)
    missing = _copy_files(call, tables, copy)
    vanished = _vanished(copy, counts)
    warnings += replace(attempt.order, description=copy.description).unseen + _came(copy)
    if counts.deleted:
        warnings.append(
            f"{copy.source.name}: {counts.deleted} records are gone from the org for good, or hidden from the login: marked "
            "as deleted, see ops.deletion."
        )
    if vanished:
        warnings.append(
            f"{copy.source.name}: {vanished} live rows of the raw table are no live records of the org any more "
            "(purged, or deleted a moment ago). A comparison of all ids finds them: migrate extract --thorough."
        )
    for warning in warnings:
        log.warning(warning)
    return Extracted(
        object=copy.source.name,
        mode=copy.mode,
        source_count=copy.source_count,
        page_count=copy.page_count,
        landed_count=counts.landed,
        raw_count=counts.raw,
        status="failed" if missing else "succeeded",
        message=" ".join([*missing, *warnings]),
        seconds=time.monotonic() - attempt.started,
        vanished=vanished,
        refreshed=counts.refreshed,
        deleted=counts.deleted,
        hidden=attempt.order.hidden,
    )


def _copy_files(call: Call, tables: RawTables, copy: Copy) -> list[str]:
    """Copy the files of an object whose stanza asks for them; say which could not be had."""
    if not copy.source.blobs:
        return []
    if not copy.description.files:
        return [
            f"{copy.source.name} has no base64 field that the login can read: take `blobs` out of the sources YAML."
        ]
    copied = copy_files(call, tables.connection, tables.stamp, copy.source, copy.description)
    return [
        f"{copy.source.name}.{name}: {files.expected - files.present} of {files.expected} files are not on the stage; the log "
        "names them. Its records are copied. Give the command again."
        for name, files in copied.items()
        if files.present != files.expected
    ]


def _failed(tables: RawTables, attempt: _Attempt, error: Exception | None) -> Extracted:
    source = attempt.order.source
    tables.abandon(source)
    source_count = page_count = 0
    if isinstance(error, CountError):
        source_count, page_count = error.copy.source_count, error.copy.page_count
        refused = error.copy
        tables.patiently(lambda: tables.save_count(refused, None))
    message = str(error) if isinstance(error, ExtractError) else _unreachable(source, error)
    if source.name not in message:
        message = f"{source.name}: {message}"
    log.error("object not copied", object=source.name, reason=message)
    return Extracted(
        object=source.name,
        mode="incremental" if attempt.order.since else "full",
        source_count=source_count,
        page_count=page_count,
        landed_count=0,
        raw_count=0,
        status="failed",
        message=message,
        seconds=time.monotonic() - attempt.started,
    )


def _unreachable(source: SourceObject, error: Exception | None) -> str:
    return f"{source.name}: Salesforce cannot be reached ({type(error).__name__}). Give the command again."


def _absent(tables: RawTables, source: SourceObject, org: Mapping[str, Any]) -> Extracted:
    """Make the table of an object that the org does not have, so that what reads it finds it, empty.

    A name that is a slip of one that the org has is an error: nobody wants an empty table for that.
    """
    meant = None if source.optional else misspelt(source.name, org)
    if meant:
        message = (
            f"The org has no object {source.name}. Did you mean {meant}? Correct it in the sources YAML."
        )
        log.error(message)
        return Extracted(source.name, "full", 0, 0, 0, 0, "failed", message, 0.0)
    tables.ensure(source, ["Id"])
    message = (
        ""
        if source.optional
        else (
            f"The org has no object {source.name}, or the login may not see it: its table is empty."
            f"{nearest(source.name, org)}"
        )
    )
    if message:
        log.warning(message)
    return Extracted(source.name, "full", 0, 0, 0, 0, "absent", message, 0.0)


def _came(copy: Copy) -> list[str]:
    """Say which fields came and were read for all records."""
    if not copy.backfill:
        return []
    count, names = copy.backfill.page_count, ", ".join(copy.drift.new)
    return [f"{copy.source.name}: new fields, read for {count} older records: {names}."]


def _vanished(copy: Copy, counts: Counts) -> int:
    """Count the records that are live in the raw table and not in the org."""
    return 0 if copy.live_count is None else max(0, counts.live - copy.live_count)


def _open_day(sf: Salesforce, floor: float) -> dt.datetime:
    """Begin the budget with what the org says is left; give its clock, as bounds are compared with times of its own."""
    sf.session.budget = Budget()
    answer = sf.session.get(f"{sf.base_url}limits/")
    if answer.ok:
        sf.session.budget.told(answer.json())
    sf.session.budget.floor = floor
    said = answer.headers.get("Date")
    return email.utils.parsedate_to_datetime(said) if said else dt.datetime.now(dt.UTC)


def _silent(name: str, rows: int, total: int | None) -> None:
    """Report nothing."""
