"""Pages go into their object's landing table while the next ones are being read.

No reader looks at a landing table, so it may hold a part of an object, and rows of a job that comes to nothing: then
it is made anew. Which pages it has is known in memory alone. After a kill, or when the warehouse was gone, all pages go
into a new table once more; they lie on the disk until their rows are where readers look.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from extract.landing import Stamp, check_rows, clear, execute, landing_table, load_pages, quoted
from extract.pages import Page, PageFolder
from extract.salesforce.describe import RAW, Description
from extract.sources import SourceObject

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

STAMP_COLUMNS = {"_EXTRACTED_AT": "timestamp_ntz", "_RUN_ID": "varchar", "_DELETED": "boolean"}

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Batch:
    """The pages of one job that are there so far; more may come."""

    source: SourceObject
    description: Description
    job_id: str | None
    folder: PageFolder

    @property
    def columns(self) -> list[str]:
        """The raw columns that the cells of a record go to, in their order."""
        return [name.upper() for name in self.description.fields]


@dataclass(slots=True)
class _Landing:
    """A landing table: what it was made for, its columns that no page fills, and the pages that are in it.

    It is not `certain` what is in it while pages go in, nor afterwards where that came to nothing.
    """

    batch: Batch
    others: set[str]
    taken: set[Page] = field(default_factory=set)
    certain: bool = True

    def suits(self, batch: Batch) -> bool:
        """Whether it was made for the pages of this job, and holds those that it says."""
        return self.certain and (self.batch.job_id, self.batch.columns) == (batch.job_id, batch.columns)


class Arrivals:
    """The landing tables of one session; used by one thread."""

    def __init__(self, connection: SnowflakeConnection, stamp: Stamp, known: Mapping[str, set[str]]) -> None:
        """Begin with no table; `known` gives the columns that each raw table has now."""
        self._connection = connection
        self._stamp = stamp
        self._known = known
        self._landings: dict[str, _Landing] = {}

    def take(self, batch: Batch) -> None:
        """Copy the pages that have come since the last call.

        Pages may be replaced while this looks at them: what cannot be had now is left to `complete`.

        Raises:
            ExtractError: other rows arrived than the pages have.
        """
        table = batch.source.table
        landing = self._landings.get(table)
        if landing is None or not landing.suits(batch):
            landing = self._make(batch, table)
        new = _new(landing, batch.folder.pages)
        if not new:
            return
        try:
            # Other pages come into the folder meanwhile.
            self._copy(batch, table, landing, new, _linked(batch.folder, new))
        except OSError as error:
            log.debug("pages wait until all are there", object=batch.source.name, reason=type(error).__name__)

    def complete(self, batch: Batch, table: str) -> None:
        """Let the landing table of `table` have all columns of the raw one, and all pages of the job, each once.

        Raises:
            ExtractError: other rows arrived than the pages have.
        """
        pages = batch.folder.pages
        landing = self._landings.get(table)
        if landing is None or not landing.suits(batch) or not landing.taken <= {*pages}:
            landing = self._make(batch, table)
        for name in sorted(self._others(batch) - landing.others):
            added = f"alter table {landing_table(RAW, table)} add column {quoted(name)} varchar"
            execute(self._connection, added)
        new = _new(landing, pages)
        try:
            folder = _linked(batch.folder, new) if landing.taken else batch.folder.folder
        except OSError:
            landing, folder = self._make(batch, table), batch.folder.folder
            new = _new(landing, pages)
        if new:
            self._copy(batch, table, landing, new, folder)

    def drop(self, source: SourceObject | None = None) -> None:
        """Drop the landing tables of an object, or all that are left."""
        for table, landing in [*self._landings.items()]:
            if source in {None, landing.batch.source}:
                execute(self._connection, f"drop table if exists {landing_table(RAW, table)}")
                del self._landings[table]

    def _make(self, batch: Batch, table: str) -> _Landing:
        """Make the table, with all columns of the raw one, and its run, time and deletion."""
        landing = _Landing(batch, self._others(batch))
        names = [*batch.columns, *sorted(landing.others)]
        kinds = dict.fromkeys(names, "varchar") | STAMP_COLUMNS
        declared = ", ".join(f"{quoted(name)} {kind}" for name, kind in kinds.items())
        execute(
            self._connection, f"create or replace transient table {landing_table(RAW, table)} ({declared})"
        )
        self._landings[table] = landing
        return landing

    def _others(self, batch: Batch) -> set[str]:
        return self._known.get(batch.source.table, set()) - {*batch.columns, *STAMP_COLUMNS}

    def _copy(self, batch: Batch, table: str, landing: _Landing, new: Sequence[Page], folder: Path) -> None:
        landing.certain = False
        rows = load_pages(self._connection, RAW, landing_table(RAW, table), self._cells(batch), folder)
        check_rows(batch.source.name, sum(page.rows for page in new), rows)
        landing.taken.update(new)
        landing.certain = True

    def _cells(self, batch: Batch) -> Mapping[str, str]:
        run_id, at = self._stamp.values
        place = batch.columns.index("ISDELETED") + 1 if batch.description.keeps_deleted else 0
        return {name: f"${number}" for number, name in enumerate(batch.columns, start=1)} | {
            "_EXTRACTED_AT": f"'{at}'::timestamp_ntz",
            "_RUN_ID": "'" + run_id.replace("'", "''") + "'",
            "_DELETED": f"iff(${place} = 'true', true, false)" if place else "false",
        }


def _new(landing: _Landing, pages: Iterable[Page]) -> list[Page]:
    """Give the pages with records that are not in the table yet."""
    return [page for page in pages if page.rows and page not in landing.taken]


def _linked(folder: PageFolder, pages: Sequence[Page]) -> Path:
    """Give a folder of links to some of the pages: PUT takes one file or a pattern, and what a link names stays as it is."""
    linked = folder.folder.with_name("arriving")
    clear(linked)
    for page in pages:
        path = folder.path(page.number)
        (linked / path.name).hardlink_to(path)
    return linked
