"""The resources of Bulk API 2.0 query jobs."""

import base64
import binascii
from typing import Any

from starlette.responses import Response

from sandbox.salesforce import soql
from sandbox.salesforce.delivery import FileResponse
from sandbox.salesforce.errors import ApiError, not_found
from sandbox.salesforce.jobs import DELIMITERS, LINE_ENDINGS, Job
from sandbox.salesforce.records import json_moment
from sandbox.salesforce.state import Call, VendorJson
from sandbox.salesforce.store import utc_now
from sandbox.salesforce.translate import refuse_in_bulk, refuse_subqueries_in_bulk, translate

OPERATIONS = ("query", "queryAll")
RESULT_PAGES = 5
QUERY_JOB = "V2Query"
JOBS_IN_A_LIST = 1_000
# What a list of jobs leaves out.
OF_ONE_JOB = frozenset({"numberRecordsProcessed", "retries", "totalProcessingTime", "errorMessage"})
LOST_LOCATOR = "The locator is not one that this job gave"
FIRST_VERSION_WITH_RESULT_PAGES = 58.0


def create(call: Call) -> Response:
    """Reply of POST /jobs/query: the job as it waits.

    Raises:
        ApiError: What Bulk refuses in a query, unknown options, or the jobs of the day used up.

    """
    asked = call.json()
    jobs = call.sandbox.jobs
    operation = _option(asked, "operation", OPERATIONS)
    delimiter = _option(asked, "columnDelimiter", tuple(DELIMITERS))
    line_ending = _option(asked, "lineEnding", tuple(LINE_ENDINGS))
    _option(asked, "contentType", ("CSV",))
    text = str(asked.get("query", "")).strip()
    sobject = _checked(call, text)
    now = utc_now()
    job = Job(
        id=jobs.next_id(),
        operation=operation,
        query=text,
        sobject=sobject,
        created_by=call.user_id,
        created_at=now,
        modified_at=now,
        state="UploadComplete",
        api_version=float(call.version),
        column_delimiter=delimiter,
        line_ending=line_ending,
    )
    jobs.add(job)
    return VendorJson(_shape(job))


def _checked(call: Call, text: str) -> str:
    """Give the object of a query that Bulk takes, while the day's jobs last."""
    query = soql.parse(text)
    refuse_subqueries_in_bulk(query)
    statement = translate(query, call.sandbox.org)
    refuse_in_bulk(query, statement)
    _check_budget(call)
    return statement.sobject.name


def _check_budget(call: Call) -> None:
    limits, jobs = call.sandbox.limits, call.sandbox.jobs
    most = limits.DailyBulkV2QueryJobs
    if jobs.today() >= most:
        raise ApiError("LIMIT_EXCEEDED", f"Max bulk v2 query jobs ({most}) per 24 hrs has been reached")
    most = limits.BulkResultKilobytes
    if jobs.kilobytes() >= most:
        message = f"Max bulk v2 query result size stored ({most}) kb per 24 hrs has been exceeded"
        raise ApiError("LIMIT_EXCEEDED", message)


def list_jobs(call: Call) -> Response:
    """Reply of GET /jobs/query?jobType=&queryLocator=: all jobs, a thousand at once, with less than each says of itself."""
    jobs = call.sandbox.jobs.newest_first() if _asks_for_queries(call) else []
    start = _offset(call, "queryLocator")
    shown = [_listed(each) for each in jobs[start : start + JOBS_IN_A_LIST]]
    end = start + len(shown)
    following = f"/services/data/v{call.version}/jobs/query?queryLocator={_locator(end)}"
    done = end >= len(jobs)
    return VendorJson({"done": done, "records": shown, "nextRecordsUrl": None if done else following})


def _asks_for_queries(call: Call) -> bool:
    return call.request.query_params.get("jobType", QUERY_JOB) == QUERY_JOB


def _listed(job: Job) -> dict[str, Any]:
    shape = {key: value for key, value in _shape(job).items() if key not in OF_ONE_JOB}
    return shape | {"jobType": QUERY_JOB}


def get_job(call: Call) -> Response:
    """Reply of GET /jobs/query/{id}."""
    return VendorJson(_shape(_job(call)))


def abort(call: Call) -> Response:
    """Reply of PATCH /jobs/query/{id} with {"state": "Aborted"}.

    Raises:
        ApiError: Another state is asked for, or the job has ended.

    """
    job = _job(call)
    if call.json().get("state") != "Aborted":
        raise ApiError("INVALIDJOBSTATE", "Only the state Aborted can be set on a query job")
    if not call.sandbox.jobs.abort(job.id):
        raise ApiError("INVALIDJOBSTATE", f"Aborting already {_job(call).state} Job not allowed")
    return VendorJson(_shape(_job(call)))


def delete(call: Call) -> Response:
    """Reply of DELETE /jobs/query/{id}: 204, and the result is gone.

    Raises:
        ApiError: The job has not ended.

    """
    job = _job(call)
    if not job.ended:
        raise ApiError("INVALIDJOBSTATE", f"Deleting a job in state {job.state} is not allowed")
    call.sandbox.jobs.drop(job)
    return Response(status_code=204)


def results(call: Call) -> Response:
    """Reply of GET /jobs/query/{id}/results?maxRecords=&locator=: CSV with a header line.

    Raises:
        ApiError: The job is not complete, or maxRecords or locator cannot be read.

    """
    job = _complete(call)
    start, most = _offset(call), _max_records(call)
    fault = call.request.scope.get("fault")
    if fault == "lost_locator" and start:
        raise ApiError("API_ERROR", LOST_LOCATOR)
    total = job.records or 0
    end = min(start + most, total)
    headers = {
        "Sforce-NumberOfRecords": str(max(end - start, 0)),
        # The word null, not an absent header, ends the paging.
        "Sforce-Locator": _locator(end) if end < total else "null",
    }
    result, delivery = call.sandbox.jobs.result(job), call.sandbox.delivery
    headers["Content-Type"] = "text/csv; charset=UTF-8" if delivery.charset else "text/csv"
    return FileResponse(
        result.content,
        [result.header(), result.records(min(start, total), max(end - (fault == "short_page"), start))],
        headers,
        delivery,
        packed="gzip" in call.request.headers.get("accept-encoding", ""),
    )


def result_pages(call: Call) -> Response:
    """Reply of GET /jobs/query/{id}/resultPages: up to five result URLs to read side by side.

    Raises:
        ApiError: 409 for another API version than the job's; the job is not complete.

    """
    if float(call.version) < FIRST_VERSION_WITH_RESULT_PAGES:
        raise not_found()
    job = _complete(call)
    if float(call.version) != job.api_version:
        message = f"The API version must be {job.api_version}, with which the job was made"
        raise ApiError("API_ERROR", message, status=409)
    base = f"/services/data/v{call.version}/jobs/query/{job.id}"
    # A result without records has one page, which holds the header line alone.
    starts = range(_offset(call), max(job.records or 0, 1), call.sandbox.limits.BulkResultPage)
    following = starts[RESULT_PAGES:]
    return VendorJson(
        {
            "resultPages": [
                {"resultUrl": f"{base}/results?locator={_locator(start)}"} for start in starts[:RESULT_PAGES]
            ],
            "nextRecordsUrl": f"{base}/resultPages?locator={_locator(following[0])}" if following else None,
            "done": not following,
        }
    )


def _option(asked: dict[str, Any], name: str, known: tuple[str, ...]) -> str:
    """Give an option; all but the operation may be left out."""
    value = asked.get(name, None if name == "operation" else known[0])
    if value not in known:
        raise ApiError("API_ERROR", f"{name} must be one of {', '.join(known)}")
    return str(value)


def _job(call: Call) -> Job:
    return call.sandbox.jobs.find(call.part("job"))


def _complete(call: Call) -> Job:
    job = _job(call)
    if job.state != "JobComplete":
        raise ApiError("INVALIDJOBSTATE", f"The job is not complete; its state is {job.state}")
    return job


def _shape(job: Job) -> dict[str, Any]:
    """Give a job as Salesforce shows it; what is known only later is absent until then."""
    started = job.state != "UploadComplete"
    shape: dict[str, Any] = {
        "id": job.id,
        "operation": job.operation,
        "object": job.sobject,
        "createdById": job.created_by,
        "createdDate": json_moment(job.created_at),
        "systemModstamp": json_moment(job.modified_at),
        "state": job.state,
        "concurrencyMode": "Parallel",
        "contentType": "CSV",
        "apiVersion": job.api_version,
    }
    shape |= {"jobType": QUERY_JOB} if started else {}
    shape |= {"lineEnding": job.line_ending, "columnDelimiter": job.column_delimiter}
    shape |= {"numberRecordsProcessed": job.records} if job.records is not None else {}
    shape |= {"retries": 0, "totalProcessingTime": job.milliseconds or 0} if started else {}
    return shape | ({"errorMessage": job.error} if job.error else {})


def _max_records(call: Call) -> int:
    text = call.request.query_params.get("maxRecords", str(call.sandbox.limits.BulkResultPage))
    if not text.isdigit() or int(text) == 0:
        raise ApiError("API_ERROR", "maxRecords must be a whole number above 0")
    return int(text)


def _locator(start: int) -> str:
    return base64.urlsafe_b64encode(str(start).encode()).decode().rstrip("=")


def _offset(call: Call, parameter: str = "locator") -> int:
    locator = call.request.query_params.get(parameter)
    if locator is None:
        return 0
    try:
        return abs(int(base64.urlsafe_b64decode(locator + "=" * (-len(locator) % 4))))
    except (binascii.Error, ValueError) as error:
        raise ApiError("API_ERROR", LOST_LOCATOR) from error
