"""Reading one object of the org into files, with proof that nothing is missing."""

import contextlib
import datetime as dt
import json
import shutil
import threading
from collections.abc import Callable, Generator
from concurrent.futures import CancelledError, Executor
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Literal

import structlog
from simple_salesforce import Salesforce

from extract.errors import ExtractError
from extract.landing import remove_empty
from extract.pages import Page, PageFolder
from extract.salesforce import deleted, query, rest, results
from extract.salesforce.arrivals import Batch
from extract.salesforce.deleted import Deleted
from extract.salesforce.describe import Description, describe_source
from extract.salesforce.drift import Drift, Known
from extract.salesforce.query import (
    FieldGoneError,
    JobHangsError,
    JobLostError,
    NotInBulkError,
    Window,
    soql_time,
)
from extract.salesforce.results import Results
from extract.salesforce.schedule import FORMULAS, IDS
from extract.sources import SourceObject

log = structlog.get_logger()

# The file that remembers a job.
NOTE = "job.json"
# The folder, beside those of the runs, with an empty file for each job whose deletion failed.
UNDELETED = "_undeleted"
# What is read beside an object's changes, by the folder that it is read into.
LABELS = {"backfill": "new fields", "sweep": "all ids"}

Mode = Literal["full", "incremental"]
Progress = Callable[[str, int, int | None], None]


@dataclass(frozen=True, slots=True)
class Settings:
    """How to read. The defaults fit an org of any size.

    Attributes:
        page_rows: records of one Bulk result page that is asked for by its locator; the cost of a torn page grows with it.
        pages: result pages read at once, of all objects together. Memory grows with it, and not with pages or objects.
        threads: objects read at once.
        idle: how long a connection may be silent in the middle of a page.
        patience: how long a Bulk job may take.
        resumable: for how long the job of a killed call is worth going on with.
        lookback: how far behind the watermark to read again; a record can become visible minutes after
            its SystemModstamp (https://github.com/airbytehq/airbyte/issues/27146).
        settle: how long after the call began to query. Read is what was saved until the end of the second in which the
            call began, so that second must have passed, and its writers must have committed.
        floor: the share of the day's API calls and of its Bulk jobs that is left to the org's own people. There the
            extract stops, and the next call goes on.
        salt: what the hashes of personal data are made with; it must stay the same from run to run.
    """

    page_rows: int = 50_000
    pages: int = 5
    threads: int = 4
    idle: dt.timedelta = dt.timedelta(minutes=1)
    patience: dt.timedelta = query.JOB_PATIENCE
    resumable: dt.timedelta = dt.timedelta(days=1)
    lookback: dt.timedelta = dt.timedelta(minutes=5)
    settle: dt.timedelta = dt.timedelta(seconds=2)
    floor: float = 0.2
    salt: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Call:
    """What all objects of one call share; used by several threads. `pool` reads pages.

    `arrived` is told of the pages of an object that are there while others are under way.
    """

    sf: Salesforce
    run_id: str
    landing_dir: Path
    until: str
    settings: Settings
    progress: Progress
    pool: Executor
    arrived: Callable[[Batch], None]
    stop: threading.Event = field(default_factory=threading.Event)

    def folder(self, source: SourceObject) -> Path:
        """Give the folder that one object is read into."""
        return self.landing_dir / self.run_id / source.name

    def until_but(self, time: dt.timedelta) -> str:
        """Give the SOQL time so long before the call's bound."""
        return soql_time(dt.datetime.fromisoformat(self.until) - time)

    def check_stop(self) -> None:
        """End the thread when the call has ended."""
        if self.stop.is_set():
            raise CancelledError


@dataclass(frozen=True, slots=True)
class Copy:
    """One object, read into the pages of `folder` and counted.

    `live_count`, where it can be asked for, is the number of records that are not deleted in the whole
    object, so that records which vanished without a trace are noticed. Beside an incremental copy, `backfill` holds Id and
    new fields of the records that it does not read, `sweep` Id and the fields that change without a stamp of all records,
    and `deleted` the ids that `/deleted/` gives.
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
    sweep: "Copy | None" = None
    deleted: Deleted | None = None
    pass_name: str | None = None

    @property
    def mode(self) -> Mode:
        """Whether the files hold the whole object or what changed."""
        return "incremental" if self.window.since else "full"


@dataclass(frozen=True, slots=True)
class _Job:
    """A Bulk job, as its folder remembers it in case the process dies; noted without an id before it is asked for."""

    id: str
    since: str | None
    until: str
    fields: tuple[str, ...]

    @property
    def began(self) -> str:
        """A SOQL time before the job was asked for: its call began a second before its bound."""
        return soql_time(dt.datetime.fromisoformat(self.until) - dt.timedelta(seconds=1))

    def suits(self, description: Description, window: Window) -> bool:
        """Whether what it reads is still what is wanted."""
        return (self.since, self.fields) == (window.since, description.fields)


class CountError(JobLostError):
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
    call: Call,
    source: SourceObject,
    description: Description,
    known: Known,
    since: str | None,
    due: frozenset[str] = frozenset(),
) -> Copy:
    """Query and count one object; with `since` only what changed after it, of the rest the new fields, and what is due.

    Raises:
        CountError: the org counts other records than were read.
        ExtractError: Salesforce refused, or the pages stay torn.
        BudgetExhausted: the daily allowance is used up, or its part above the floor.
    """
    try:
        return _read_object(call, source, description, known.drift(description), since, due)
    except FieldGoneError:
        description = describe_source(call.sf, source, call.settings.salt)
        return _read_object(call, source, description, known.drift(description), since, due)


def _read_object(
    call: Call,
    source: SourceObject,
    description: Description,
    drift: Drift,
    since: str | None,
    due: frozenset[str],
) -> Copy:
    folder = call.folder(source)
    window = Window(description.cursor, since if description.cursor else None, call.until)
    copy = replace(_read(call, source, description, window, folder), drift=drift)
    since = copy.window.since
    if since is None:
        return copy
    if drift.new:
        narrow = replace(description, fields=("Id", *drift.new))
        older = Window(description.cursor, None, since)
        copy = replace(copy, backfill=_read(call, source, narrow, older, folder / "backfill"))
    if description.leaves_no_trace:
        ids = deleted.read(call.sf, source.name, since, call.until, folder / "deleted")
        # Further back than `/deleted/` goes, only the ids themselves can tell.
        due, copy = (due | {IDS}, copy) if ids is None else (due, replace(copy, deleted=ids))
    return replace(copy, sweep=_sweep(call, source, description, due, folder / "sweep"))


def _sweep(
    call: Call, source: SourceObject, description: Description, due: frozenset[str], folder: Path
) -> Copy | None:
    """Read what is due of all records: their ids, with the formulas where these are due and there are any."""
    fields = sweep_fields(source, description, due)
    if not fields:
        return None
    narrow = replace(description, fields=fields)
    # When a record was made never changes: both counts are of the same records, whatever happens to them meanwhile.
    created = "CreatedDate" if "CreatedDate" in description.times else None
    copy = _read(call, source, narrow, Window(created, None, call.until), folder)
    return replace(copy, pass_name=FORMULAS if FORMULAS in due else IDS)


def sweep_fields(source: SourceObject, description: Description, due: frozenset[str]) -> tuple[str, ...]:
    """Give the fields of a pass over all records, Id first; none where no pass is due."""
    formulas = unstamped(source, description) if FORMULAS in due else ()
    flags = ("IsDeleted",) if description.keeps_deleted else ()
    return ("Id", *flags, *formulas) if formulas or IDS in due else ()


def unstamped(source: SourceObject, description: Description) -> tuple[str, ...]:
    """Give the fields that change without moving SystemModstamp: formulas, roll-ups, and what the stanza names."""
    like = {name.lower() for name in source.like_formulas}
    also = {name for name in description.fields if name.lower() in like}
    calculated = {*description.calculated, *also} - {"Id", "IsDeleted"}
    return tuple(name for name in description.fields if name in calculated)


def forget(call: Call, folder: Path) -> None:
    """Remove what lies in an object's folder, and its jobs from the org; note those that cannot be deleted now."""
    for path in folder.rglob(NOTE):
        job = _claimed(call, path.parent)
        if job is None or query.delete_job(call.sf, job.id):
            continue
        # Salesforce drops a job by itself after seven days, so one that cannot be noted does no harm.
        with contextlib.suppress(OSError):
            (call.landing_dir / UNDELETED).mkdir(parents=True, exist_ok=True)
            (call.landing_dir / UNDELETED / job.id).touch()
    shutil.rmtree(folder, ignore_errors=True)


def delete_left(call: Call) -> None:
    """Delete the jobs that earlier calls could not delete."""
    for noted in (call.landing_dir / UNDELETED).glob("*"):
        if query.delete_job(call.sf, noted.name):
            noted.unlink()


def take_over(call: Call, source: SourceObject) -> None:
    """Take the newest thing that earlier runs left of an object, so that this one goes on with it; remove the others."""
    folder = call.folder(source)
    left = [each for each in call.landing_dir.glob(f"*/{source.name}") if each != folder]
    for other in sorted(left, key=_begun, reverse=True):
        if not folder.exists() and _begun(other) > call.until_but(call.settings.resumable):
            folder.parent.mkdir(parents=True, exist_ok=True)
            other.rename(folder)
        else:
            forget(call, other)
        remove_empty(other.parent)


def _begun(folder: Path) -> str:
    job = _remembered(folder)
    return job.until if job else ""


def _read(call: Call, source: SourceObject, description: Description, window: Window, folder: Path) -> Copy:
    """Read and count; where a job turns out to be of no use, once more with another one."""
    continued = _remembered(folder) is not None
    try:
        return _read_once(call, source, description, window, folder)
    except JobLostError as error:
        forget(call, folder)
        if isinstance(error, CountError) and not continued:
            raise
        log.info("another job is made", object=source.name, reason=str(error))
    except (FieldGoneError, JobHangsError):
        forget(call, folder)
        raise
    try:
        return _read_once(call, source, description, window, folder)
    except (JobLostError, FieldGoneError, JobHangsError):
        forget(call, folder)
        raise


def _read_once(
    call: Call, source: SourceObject, description: Description, window: Window, folder: Path
) -> Copy:
    job = _job(call, description, window, folder)
    pages = PageFolder(folder / "pages")
    total = None
    if job:
        window = Window(window.cursor, job.since, job.until)
        total = query.wait_for_job(call.sf, source.name, job.id, call.stop, call.settings.patience)
        size, idle = call.settings.page_rows, call.settings.idle.total_seconds()
        found = Results(call.sf, description, job.id, total, pages, size, idle)
        reading = results.read_pages(found, call.pool, call.settings.pages)
    else:
        pages.drop_from(0)
        reading = rest.read_pages(call.sf, description, window, pages)
    whole_records = folder == call.folder(source)
    label = source.name if whole_records else f"{source.name}, {LABELS[folder.name]}"
    batch = Batch(source, description, job.id, pages) if job and whole_records else None
    _follow(call, label, reading, pages, total, batch)
    copy = Copy(
        source, description, window, job.id if job else None, pages.folder, pages.rows, pages.rows, None
    )
    return _counted(call.sf, copy)


def _follow(
    call: Call,
    label: str,
    reading: Generator[Page, None, None],
    pages: PageFolder,
    total: int | None,
    batch: Batch | None,
) -> None:
    """Read to the end, telling the progress and what has arrived; the pages of an earlier call count."""
    with contextlib.closing(reading):
        for _ in reading:
            call.progress(label, pages.rows, total)
            call.check_stop()
            if batch:
                call.arrived(batch)


def _job(call: Call, description: Description, window: Window, folder: Path) -> _Job | None:
    """Give the Bulk job that a killed process started, or a new one; None for REST."""
    job = _claimed(call, folder)
    if job and job.suits(description, window):
        return job
    forget(call, folder)
    call.sf.session.budget.take_job()
    asked = _Job("", window.since, window.until, description.fields)
    _note(folder, asked)
    soql = query.select(description, window)
    try:
        job_id = query.start_job(call.sf, description.name, soql, asked.began, _known(folder))
    except ExtractError as error:
        (folder / NOTE).unlink()
        if isinstance(error, NotInBulkError):
            return None
        raise
    job = replace(asked, id=job_id)
    _note(folder, job)
    return job


def _claimed(call: Call, folder: Path) -> _Job | None:
    """Give the job of a folder; where a kill came between asking for it and noting its id, look whether it was made."""
    job = _remembered(folder)
    if job is None or job.id:
        return job
    job_id = query.find_job(call.sf, _object(call, folder), job.began, _known(folder))
    if job_id is None:
        return None
    job = replace(job, id=job_id)
    _note(folder, job)
    return job


def _object(call: Call, folder: Path) -> str:
    """Name the object whose folder, or part of it, this is."""
    return folder.relative_to(call.landing_dir).parts[1]


def _known(folder: Path) -> set[str]:
    """Give the jobs of the object that have an id: those of its folder and of the parts of it."""
    top = folder.parent if folder.name in LABELS else folder
    return {job.id for path in top.rglob(NOTE) if (job := _remembered(path.parent)) and job.id}


def _note(folder: Path, job: _Job) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    written = folder / "job.part"
    written.write_text(json.dumps(asdict(job)), encoding="utf-8")
    written.replace(folder / NOTE)


def _remembered(folder: Path) -> _Job | None:
    try:
        found = json.loads((folder / NOTE).read_text(encoding="utf-8"))
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
