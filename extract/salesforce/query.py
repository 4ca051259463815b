"""What is asked of the org: SOQL, counts, and Bulk 2.0 query jobs up to the moment when their results lie ready.

https://developer.salesforce.com/docs/atlas.en-us.api_asynch.meta/api_asynch/queries.htm
"""

import contextlib
import datetime as dt
import itertools
import threading
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass
from typing import Any, NoReturn

import requests
import structlog
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceError, SalesforceResourceNotFound

from extract.errors import ExtractError
from extract.salesforce.describe import Description
from extract.salesforce.login import PASSING, PassingRefusalError, error_of, patiently, web_page_error

# Deleted records too.
OPERATION = "queryAll"
ENDED_BADLY = ("Failed", "Aborted")
# "Entity 'TaskStatus' is not supported by the Bulk API."
NOT_IN_BULK = "INVALIDENTITY"
# A field went away, or the login's access to it, since the object was described.
FIELD_GONE = "INVALID_FIELD"
# Salesforce itself tries a job for hours before it gives up.
JOB_PATIENCE = dt.timedelta(hours=6)
# Salesforce takes no longer query, by Bulk or by REST.
SOQL_CHARACTERS = 100_000

POLL_FIRST_SECONDS = 0.2
POLL_GROWTH = 1.5
POLL_MAX_SECONDS = 10.0
log = structlog.get_logger()


class NotInBulkError(ExtractError):
    """Bulk 2.0 does not serve this object; REST does."""


class FieldGoneError(ExtractError):
    """A field of the query does not exist any more: describe the object again."""


class JobHangsError(ExtractError):
    """The job does not end: another one would hang too."""


class JobLostError(ExtractError):
    """The job failed, was aborted or is unknown, or its results cannot be had: only another job can help."""


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


def soql_time(moment: dt.datetime) -> str:
    """Write a moment as SOQL compares it: UTC, whole seconds."""
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def select(description: Description, window: Window, fields: Sequence[str] | None = None) -> str:
    """Give the SOQL that reads every field of the object in the window, or those that are named.

    Without ORDER BY: sorting keeps Salesforce from cutting a large job into chunks.
    """
    return f"SELECT {', '.join(fields or description.fields)} FROM {description.name}{window.where}"


def count(sf: Salesforce, name: str, where: str) -> int:
    """Ask the org how many records, deleted ones too, meet a condition (`COUNT()`)."""
    with named(name):
        answer = sf.query(f"SELECT COUNT() FROM {name}{where}", include_deleted=True)
    return int(answer["totalSize"])


def start_job(sf: Salesforce, name: str, soql: str, began: str, known: Collection[str] = ()) -> str:
    """Create a query job that gives deleted records too; give its id.

    Where no answer came, the job may have been made all the same: it is looked for among those made since `began`, a
    SOQL time, before it is asked for again. `known` are the ids of jobs that it is not.

    Raises:
        NotInBulkError: Bulk 2.0 does not serve this object, or not with a query as long as this.
        FieldGoneError: the describe is out of date.
        ExtractError: Salesforce refused the query.
    """
    if len(soql) > SOQL_CHARACTERS:
        raise NotInBulkError(f"{name}: the query has more than {SOQL_CHARACTERS:,} characters.")
    body = {"operation": OPERATION, "query": soql, "columnDelimiter": "COMMA", "lineEnding": "LF"}
    asked = False

    def ask() -> str:
        nonlocal asked
        if asked and (found := find_job(sf, name, began, known, once=True)):
            return found
        asked = True
        with named(name):
            return str(sf.restful("jobs/query", method="POST", json=body, once=True)["id"])

    try:
        return patiently(ask)
    except PassingRefusalError as error:
        if error.response.ok:
            raise web_page_error(error.response) from None
        said = refusal(error.response.status_code, *error_of(error.response))
        raise ExtractError(f"{name}: {said}. Give the command again.") from None


def find_job(
    sf: Salesforce, name: str, began: str, known: Collection[str] = (), *, once: bool = False
) -> str | None:
    """Look for the job on an object that this login made since a SOQL time, and whose id nobody has.

    A list of jobs does not show their queries, so where more than one could be meant, none is taken. Salesforce drops a
    job by itself after seven days, so a list that cannot be had is only logged; with `once`, what passes is raised.
    https://developer.salesforce.com/docs/atlas.en-us.api_asynch.meta/api_asynch/query_get_all_jobs.htm
    """
    user = sf.session.token().user_id
    if not user:
        return None
    try:
        answer = sf.restful("jobs/query", params={"jobType": "V2Query"}, once=once)
    except (ExtractError, SalesforceError, requests.RequestException) as error:
        if once and isinstance(error, PASSING):
            raise
        log.info("bulk jobs not listed", object=name, error=type(error).__name__)
        return None
    wanted = (OPERATION, name, user)
    found = [
        str(job["id"])
        for job in answer["records"]
        if (job["operation"], job["object"], job["createdById"]) == wanted
        and dt.datetime.fromisoformat(job["createdDate"]) >= dt.datetime.fromisoformat(began)
        and job["id"] not in known
    ]
    if len(found) > 1:
        log.warning("which of several bulk jobs was made here is not known", object=name, jobs=found)
    return found[0] if len(found) == 1 else None


def wait_for_job(
    sf: Salesforce, name: str, job_id: str, stop: threading.Event, patience: dt.timedelta = JOB_PATIENCE
) -> int | None:
    """Wait until the job is complete; give the number of its records where Salesforce says it.

    Raises:
        JobLostError: the job failed, was aborted or is unknown.
        FieldGoneError: it failed because the describe is out of date.
        JobHangsError: it is not complete after `patience`.
        CancelledError: `stop` was set meanwhile.
    """
    deadline = time.monotonic() + patience.total_seconds()
    for pause in _pauses():
        job = _job(sf, name, job_id)
        if job["state"] == "JobComplete":
            total = job.get("numberRecordsProcessed")
            return None if total is None else int(total)
        if job["state"] in ENDED_BADLY:
            _raise_failure(name, job_id, job)
        if time.monotonic() > deadline:
            raise JobHangsError(
                f"{name}: Bulk job {job_id} is still {job['state']} after {patience}, so it is aborted. Give the command again: it "
                "makes another job; if that hangs too, look for it under Setup > Bulk Data Load Jobs."
            )
        if stop.wait(pause):
            raise CancelledError
    return None


def _raise_failure(name: str, job_id: str, job: Mapping[str, Any]) -> NoReturn:
    said = str(job.get("errorMessage") or "no message")
    kind = FieldGoneError if FIELD_GONE in said else JobLostError
    raise kind(
        f"{name}: Bulk job {job_id} is {job['state']}: {said}. Give the command again: it makes another job."
    )


def polls(seconds: float) -> int:
    """Give how often `wait_for_job` asks about a job that takes so long."""
    asked_at = itertools.accumulate(_pauses(), initial=0.0)
    return 1 + sum(1 for _ in itertools.takewhile(lambda moment: moment < seconds, asked_at))


def _pauses() -> Iterator[float]:
    pause = POLL_FIRST_SECONDS
    while True:
        yield pause
        pause = min(pause * POLL_GROWTH, POLL_MAX_SECONDS)


def delete_job(sf: Salesforce, job_id: str) -> bool:
    """End the job and free its results; say whether it is gone. What goes wrong is only logged."""
    path = f"jobs/query/{job_id}"
    try:
        try:
            sf.restful(path, method="DELETE")
        except SalesforceResourceNotFound:
            return True
        except SalesforceError:
            # A job that still runs cannot be deleted, only aborted; it may have ended in between.
            with contextlib.suppress(SalesforceError):
                sf.restful(path, method="PATCH", json={"state": "Aborted"})
            sf.restful(path, method="DELETE")
    except (ExtractError, SalesforceError, requests.RequestException) as error:
        log.info("bulk job not deleted", job=job_id, error=type(error).__name__)
        return False
    return True


def _job(sf: Salesforce, name: str, job_id: str) -> Mapping[str, Any]:
    try:
        with named(name):
            job: Mapping[str, Any] = sf.restful(f"jobs/query/{job_id}")
    except SalesforceResourceNotFound:
        raise JobLostError(
            f"{name}: Salesforce does not know Bulk job {job_id} any more. Give the command again."
        ) from None
    return job


@contextlib.contextmanager
def named(name: str) -> Iterator[None]:
    """Turn a refusal into an error that names the object."""
    try:
        yield
    except SalesforceResourceNotFound:
        raise
    except SalesforceError as error:
        first = error.content[0] if isinstance(error.content, list) and error.content else {}
        kinds: dict[str, type[ExtractError]] = {NOT_IN_BULK: NotInBulkError, FIELD_GONE: FieldGoneError}
        code = first.get("errorCode", "")
        said = refusal(error.status, code, first.get("message", ""))
        raise kinds.get(code, ExtractError)(
            f"{name}: {said}. Check the login's access to the object, then give the command again."
        ) from None


def refusal(status: int, code: str, message: str) -> str:
    """Say what Salesforce answered, on one line."""
    said = " ".join(f"{code} {message}".split()) or "no reason given"
    return f"Salesforce refused (HTTP {status}): {said}"
