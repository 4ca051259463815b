"""Reading one object of the org into files, with proof that nothing is missing."""

import contextlib
import datetime as dt
import json
import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Literal

from simple_salesforce import Salesforce

from extract.errors import BudgetExhausted, ExtractError
from extract.landing import clear, remove_empty
from extract.salesforce import query
from extract.salesforce.describe import Description, describe
from extract.salesforce.drift import Drift, Known
from extract.salesforce.query import FieldGoneError, JobLostError, NotInBulkError, Window
from extract.sources import SourceObject

Mode = Literal["full", "incremental"]
Progress = Callable[[str, int, int | None], None]


@dataclass(frozen=True, slots=True)
class Settings:
    """How to read. The defaults fit an org of any size.

    Attributes:
        page_rows: records of one Bulk result page; disk, and the cost of a torn page, grow with it.
        threads: objects read at once.
        lookback: how far behind the watermark to read again; a record can become visible minutes after
            its SystemModstamp (https://github.com/airbytehq/airbyte/issues/27146).
        settle: how long after the call began to query. Read is what was saved until the end of the second in which the
            call began, so that second must have passed, and its writers must have committed.
        floor: the share of the day's API calls and of its Bulk jobs that is left to the org's own people. There the
            extract stops, and the next call goes on.
    """

    page_rows: int = 50_000
    threads: int = 4
    lookback: dt.timedelta = dt.timedelta(minutes=5)
    settle: dt.timedelta = dt.timedelta(seconds=2)
    floor: float = 0.2


@dataclass(frozen=True, slots=True)
class Call:
    """What all objects of one call share; used by several threads."""

    sf: Salesforce
    run_id: str
    landing_dir: Path
    until: str
    settings: Settings
    progress: Progress
    stop: threading.Event = field(default_factory=threading.Event)

    def folder(self, source: SourceObject) -> Path:
        """Give the folder that one object is read into."""
        return self.landing_dir / self.run_id / source.name

    def check_stop(self) -> None:
        """End the thread when the call has ended."""
        if self.stop.is_set():
            raise CancelledError


@dataclass(frozen=True, slots=True)
class Copy:
    """One object, read into the Parquet files of `folder` and counted.

    `live_count`, where it can be asked for, is the number of records that are not deleted in the whole
    object, so that records which vanished without a trace are noticed. `backfill` holds Id and new fields of the
    records that this copy does not read whole.
    """

    source: SourceObject
    description: Description
    window: Window
    job_id: str | None
    folder: Path
    page_count: int
    source_count: int
    live_count: int | None
    drift: Drift = field(default_factory=Drift)
    backfill: "Copy | None" = None

    @property
    def mode(self) -> Mode:
        """Whether the files hold the whole object or what changed."""
        return "incremental" if self.window.since else "full"


@dataclass(frozen=True, slots=True)
class _Job:
    """A Bulk job, as its folder remembers it in case the process dies."""

    id: str
    since: str | None
    until: str
    fields: tuple[str, ...]


class CountError(ExtractError):
    """The org counts other records than were read."""

    def __init__(self, copy: Copy, counted: int) -> None:
        """Say both numbers and keep the copy for the record."""
        job = f"Bulk job {copy.job_id}" if copy.job_id else "the REST query"
        super().__init__(
            f"{copy.source.name}: the org counts {counted} records, {job} gave {copy.page_count}. Nothing was changed in the "
            "warehouse. Give the command again; if it stays so, compare the login's access with an administrator's."
        )
        self.copy = replace(copy, source_count=counted)


def read_object(
    call: Call, source: SourceObject, description: Description, known: Known, since: str | None
) -> Copy:
    """Query and count one object; with `since` only what changed after it, and of the rest the fields that are new.

    Raises:
        CountError: the org counts other records than were read.
        ExtractError: Salesforce refused, or the pages stay torn.
        BudgetExhausted: the daily allowance is used up, or its part above the floor.
    """
    try:
        return _read_object(call, source, description, known.drift(description), since)
    except FieldGoneError:
        description = describe(call.sf, source.name)
        return _read_object(call, source, description, known.drift(description), since)


def _read_object(
    call: Call, source: SourceObject, description: Description, drift: Drift, since: str | None
) -> Copy:
    folder = call.folder(source)
    window = Window(description.cursor, since if description.cursor else None, call.until)
    copy = replace(_read(call, source, description, window, folder), drift=drift)
    if not copy.window.since or not drift.new:
        return copy
    narrow = replace(description, fields=("Id", *drift.new))
    older = Window(description.cursor, None, copy.window.since)
    return replace(copy, backfill=_read(call, source, narrow, older, folder / "backfill"))


def forget(call: Call, folder: Path) -> None:
    """Remove what lies in an object's folder, and its jobs from the org."""
    jobs = [_remembered(path.parent) for path in folder.rglob("job.json")]
    shutil.rmtree(folder, ignore_errors=True)
    for job in filter(None, jobs):
        query.delete_job(call.sf, job.id)


def sweep(call: Call, source: SourceObject) -> None:
    """Remove what earlier runs left of an object."""
    for folder in call.landing_dir.glob(f"*/{source.name}"):
        if folder != call.folder(source):
            forget(call, folder)
            remove_empty(folder.parent)


def _read(call: Call, source: SourceObject, description: Description, window: Window, folder: Path) -> Copy:
    pages = folder / "pages"
    try:
        job, total = _complete_job(call, description, window, folder)
        if job:
            window = Window(window.cursor, job.since, job.until)
            size = call.settings.page_rows
            counts = query.bulk_pages(call.sf, description, job.id, total, folder=pages, page_rows=size)
        else:
            counts = query.rest_pages(call.sf, description, query.select(description, window), pages)
        label = source.name if folder == call.folder(source) else f"{source.name}, new fields"
        rows = _count_pages(call, label, pages, counts, total)
        copy = Copy(source, description, window, job.id if job else None, pages, rows, rows, None)
        return _counted(call.sf, copy)
    except BudgetExhausted:
        raise
    except ExtractError:
        # The job's results are in doubt: another try must not continue it.
        forget(call, folder)
        raise


def _count_pages(call: Call, label: str, pages: Path, counts: Iterator[int], total: int | None) -> int:
    clear(pages)
    rows = 0
    for count in counts:
        rows += count
        call.progress(label, rows, total)
        call.check_stop()
    return rows


def _complete_job(
    call: Call, description: Description, window: Window, folder: Path
) -> tuple[_Job | None, int | None]:
    """Give a complete Bulk job and its total: one that a killed process started, or a new one; None for REST."""
    job = _remembered(folder)
    if job and (job.since, job.fields) == (window.since, description.fields):
        with contextlib.suppress(JobLostError):
            return job, query.wait_for_job(call.sf, description.name, job.id, call.stop)
    forget(call, folder)
    call.sf.session.budget.take_job()
    try:
        job_id = query.start_job(call.sf, description.name, query.select(description, window))
    except NotInBulkError:
        return None, None
    job = _Job(job_id, window.since, window.until, description.fields)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "job.json").write_text(json.dumps(asdict(job)), encoding="utf-8")
    return job, query.wait_for_job(call.sf, description.name, job.id, call.stop)


def _remembered(folder: Path) -> _Job | None:
    try:
        found = json.loads((folder / "job.json").read_text(encoding="utf-8"))
        return _Job(found["id"], found["since"], found["until"], tuple(found["fields"]))
    except (FileNotFoundError, ValueError, KeyError):
        return None


def _counted(sf: Salesforce, copy: Copy) -> Copy:
    """Compare the pages with the org's own count at the same bound.

    A record that is changed after it was read leaves the window, so the org then counts fewer: the
    difference may be as large as the number of older records changed since, which the next copy reads.
    """
    name, window = copy.source.name, copy.window
    has_creation = "CreatedDate" in copy.description.times
    counted = query.count(sf, name, window.where)
    if counted < copy.page_count and window.cursor and has_creation:
        since_read = f" WHERE {window.cursor} >= {window.until} AND CreatedDate < {window.until}"
        counted = min(copy.page_count, counted + query.count(sf, name, since_read))
    if counted != copy.page_count:
        raise CountError(copy, counted)
    live = None
    if copy.mode == "incremental" and copy.description.keeps_deleted and has_creation:
        live = query.count(sf, name, f" WHERE IsDeleted = false AND CreatedDate < {window.until}")
    return replace(copy, source_count=counted, live_count=live)
