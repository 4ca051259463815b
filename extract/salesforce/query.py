"""Reading one object: a Bulk 2.0 query job, or REST where Bulk refuses, into Parquet files page by page.

https://developer.salesforce.com/docs/atlas.en-us.api_asynch.meta/api_asynch/queries.htm
"""

import contextlib
import itertools
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import CancelledError
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests
import stamina
import structlog
import urllib3
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceError, SalesforceResourceNotFound

from extract.errors import ExtractError
from extract.landing import RowFiles, TornPageError, write_csv_page
from extract.salesforce.describe import Description
from extract.salesforce.login import error_of

# "Entity 'TaskStatus' is not supported by the Bulk API."
NOT_IN_BULK = "INVALIDENTITY"
# A field went away, or the login's access to it, since the object was described.
FIELD_GONE = "INVALID_FIELD"
LAST_LOCATOR = "null"

POLL_FIRST_SECONDS = 0.2
POLL_GROWTH = 1.5
POLL_MAX_SECONDS = 10.0
PAGE_ATTEMPTS = 4
# A REST address with its headers may have 16,384 bytes; the rest is left to the headers.
URL_BYTES = 14_000

log = structlog.get_logger()


class NotInBulkError(ExtractError):
    """Bulk 2.0 does not serve this object; REST does."""


class FieldGoneError(ExtractError):
    """A field of the query does not exist any more: describe the object again."""


class JobLostError(ExtractError):
    """The job failed, was aborted or is unknown: only another job can help."""


@dataclass(frozen=True, slots=True)
class Window:
    """Which records to read: changed at or after `since`, and before `until` (SOQL times, UTC)."""

    cursor: str | None
    since: str | None
    until: str

    @property
    def where(self) -> str:
        """The SOQL condition, with ` WHERE `; nothing for an object without a cursor."""
        if self.cursor is None:
            return ""
        lower = f"{self.cursor} >= {self.since} AND " if self.since else ""
        return f" WHERE {lower}{self.cursor} < {self.until}"


def select(description: Description, window: Window) -> str:
    """Give the SOQL that reads every field of the object in the window.

    Without ORDER BY: sorting keeps Salesforce from cutting a large job into chunks.
    """
    return f"SELECT {', '.join(description.fields)} FROM {description.name}{window.where}"


def count(sf: Salesforce, name: str, where: str) -> int:
    """Ask the org how many records, deleted ones too, meet a condition (`COUNT()`)."""
    with _named(name):
        answer = sf.query(f"SELECT COUNT() FROM {name}{where}", include_deleted=True)
    return int(answer["totalSize"])


def start_job(sf: Salesforce, name: str, soql: str) -> str:
    """Create a query job that gives deleted records too; give its id.

    Raises:
        NotInBulkError: Bulk 2.0 does not serve this object.
        FieldGoneError: the describe is out of date.
        ExtractError: Salesforce refused the query.
    """
    body = {"operation": "queryAll", "query": soql, "columnDelimiter": "COMMA", "lineEnding": "LF"}
    with _named(name):
        job = sf.restful("jobs/query", method="POST", json=body)
    return str(job["id"])


def wait_for_job(sf: Salesforce, name: str, job_id: str, stop: threading.Event) -> int | None:
    """Wait until the job is complete; give the number of its records where Salesforce says it.

    Raises:
        JobLostError: the job failed, was aborted or is unknown.
        CancelledError: `stop` was set meanwhile.
    """
    for pause in _pauses():
        job = _job(sf, name, job_id)
        if job["state"] == "JobComplete":
            total = job.get("numberRecordsProcessed")
            return None if total is None else int(total)
        if job["state"] in ("Failed", "Aborted"):
            raise JobLostError(
                f"{name}: Bulk job {job_id} is {job['state']}: {job.get('errorMessage', 'no message')}. "
                "Give the command again: it makes another job."
            )
        if stop.wait(pause):
            raise CancelledError
    return None


def polls(seconds: float) -> int:
    """Give how often `wait_for_job` asks about a job that takes so long."""
    asked_at = itertools.accumulate(_pauses(), initial=0.0)
    return 1 + sum(1 for _ in itertools.takewhile(lambda moment: moment < seconds, asked_at))


def _pauses() -> Iterator[float]:
    pause = POLL_FIRST_SECONDS
    while True:
        yield pause
        pause = min(pause * POLL_GROWTH, POLL_MAX_SECONDS)


def delete_job(sf: Salesforce, job_id: str) -> None:
    """End the job and free its results; Salesforce does it by itself after seven days, so a failure is only logged."""
    path = f"jobs/query/{job_id}"
    try:
        try:
            sf.restful(path, method="DELETE")
        except SalesforceResourceNotFound:
            raise
        except SalesforceError:
            # A job that still runs cannot be deleted, only aborted; it may have ended in between.
            with contextlib.suppress(SalesforceError):
                sf.restful(path, method="PATCH", json={"state": "Aborted"})
            sf.restful(path, method="DELETE")
    except (ExtractError, SalesforceError, requests.RequestException) as error:
        log.info("bulk job not deleted", job=job_id, error=type(error).__name__)


def bulk_pages(
    sf: Salesforce, description: Description, job_id: str, total: int | None, *, folder: Path, page_rows: int
) -> Iterator[int]:
    """Write each result page of a complete job as a file of `folder`; give the rows of each.

    Raises:
        ExtractError: a page stays torn, or the pages end before the job's `total`.
    """
    locator: str | None = None
    rows = number = 0
    while locator != LAST_LOCATOR:
        path = folder / f"{number:06}.parquet"
        try:
            written, locator = _read_page(sf, description, job_id, locator, page_rows=page_rows, path=path)
        except (TornPageError, urllib3.exceptions.HTTPError) as error:
            raise ExtractError(
                f"{description.name}: page {number + 1} of Bulk job {job_id} cannot be read whole after {PAGE_ATTEMPTS} "
                f"tries ({_reason(error)}). Give the command again."
            ) from None
        rows, number = rows + written, number + 1
        yield written
        if locator is None:
            break
    _check_total(description.name, job_id, rows, total, locator)


@stamina.retry(on=(TornPageError, urllib3.exceptions.HTTPError), attempts=PAGE_ATTEMPTS, timeout=None)
def _read_page(
    sf: Salesforce, description: Description, job_id: str, locator: str | None, *, page_rows: int, path: Path
) -> tuple[int, str | None]:
    """Write one page; give its rows and the next page's locator (None where a proxy took the header)."""
    asked = {"maxRecords": str(page_rows)} | ({"locator": locator} if locator else {})
    url = f"{sf.base_url}jobs/query/{job_id}/results"
    with sf.session.get(url, params=asked, headers={"Accept": "text/csv"}, stream=True) as response:
        if not response.ok:
            _raise_refusal(description.name, response.status_code, *error_of(response))
        response.raw.decode_content = True
        written = write_csv_page(response.raw, description.fields, path)
        said = response.headers.get("Sforce-NumberOfRecords")
        if said is not None and int(said) != written:
            raise TornPageError(f"it has {written} rows where its header says {said}")
        return written, response.headers.get("Sforce-Locator")


def _check_total(name: str, job_id: str, rows: int, total: int | None, locator: str | None) -> None:
    if locator is None and total is None:
        raise ExtractError(
            f"{name}: the results of Bulk job {job_id} came without the header Sforce-Locator, so nobody knows "
            "whether there are more. A proxy takes it away: let Sforce-* headers pass, then give the command again."
        )
    if total is not None and rows != total:
        raise ExtractError(
            f"{name}: Bulk job {job_id} processed {total} records, its pages hold {rows}. Give the command again; if "
            "a proxy takes away the header Sforce-Locator, let it pass."
        )


def rest_pages(sf: Salesforce, description: Description, soql: str, folder: Path) -> Iterator[int]:
    """Write the answer of a REST query as files of `folder`; give the rows of each page.

    Raises:
        ExtractError: Salesforce refused the query, or its pages end before its own total.
    """
    if len(quote(soql)) > URL_BYTES:
        raise ExtractError(
            f"{description.name} has too many fields for a REST query and Bulk 2.0 does not serve it. "
            "Hide fields that are not needed from the login, then give the command again."
        )
    with RowFiles(folder, description.fields) as files:
        with _named(description.name):
            page = sf.query(soql, include_deleted=True)
        yield _add_records(files, description, page)
        while not page["done"]:
            with _named(description.name):
                page = sf.query_more(page["nextRecordsUrl"], identifier_is_url=True)
            yield _add_records(files, description, page)
        if files.rows != page["totalSize"]:
            raise ExtractError(
                f"{description.name}: the REST query found {page['totalSize']} records and gave {files.rows}. "
                "Give the command again."
            )


def _add_records(files: RowFiles, description: Description, page: Mapping[str, Any]) -> int:
    for record in page["records"]:
        files.add(tuple(_cell(record.get(name), name in description.times) for name in description.fields))
    return len(page["records"])


def _cell(value: Any, is_time: bool) -> str | None:
    """Give a JSON value as Bulk's CSV would, so that a table's text does not depend on the way it came."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return str(value).lower()
    return str(value).replace("+0000", "Z") if is_time else str(value)


def _job(sf: Salesforce, name: str, job_id: str) -> Mapping[str, Any]:
    try:
        with _named(name):
            job: Mapping[str, Any] = sf.restful(f"jobs/query/{job_id}")
    except SalesforceResourceNotFound:
        raise JobLostError(
            f"{name}: Salesforce does not know Bulk job {job_id} any more. Give the command again."
        ) from None
    return job


@contextlib.contextmanager
def _named(name: str) -> Iterator[None]:
    """Turn a refusal into an error that names the object."""
    try:
        yield
    except SalesforceResourceNotFound:
        raise
    except SalesforceError as error:
        first = error.content[0] if isinstance(error.content, list) and error.content else {}
        _raise_refusal(name, error.status, first.get("errorCode", ""), first.get("message", ""))


def _raise_refusal(name: str, status: int, code: str, message: str) -> None:
    kinds: dict[str, type[ExtractError]] = {NOT_IN_BULK: NotInBulkError, FIELD_GONE: FieldGoneError}
    said = " ".join(f"{code} {message}".split()) or "no reason given"
    raise kinds.get(code, ExtractError)(
        f"{name}: Salesforce refused (HTTP {status}): {said}. Check the login's access to the object, then give "
        "the command again."
    )


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, TornPageError) else type(error).__name__
