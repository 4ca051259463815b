"""Bulk API 2.0 query jobs: run in the background, kept on disk, given out page by page."""

import base64
import binascii
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import duckdb
from starlette.responses import Response, StreamingResponse

from sandbox.salesforce import soql
from sandbox.salesforce.errors import ApiError, not_found
from sandbox.salesforce.ids import new_id
from sandbox.salesforce.records import json_moment
from sandbox.salesforce.state import Call, Sandbox, VendorJson
from sandbox.salesforce.store import Store, utc_now
from sandbox.salesforce.translate import (
    Output,
    Statement,
    refuse_in_bulk,
    refuse_subqueries_in_bulk,
    translate,
)

JOB_PREFIX = "750"
DELIMITERS = {"COMMA": ",", "TAB": "\t", "PIPE": "|", "SEMICOLON": ";", "CARET": "^", "BACKQUOTE": "`"}
LINE_ENDINGS = {"LF": "\n", "CRLF": "\r\n"}
FINAL_STATES = frozenset({"JobComplete", "Failed", "Aborted"})
RESULT_PAGES = 5
FIRST_VERSION_WITH_RESULT_PAGES = 58.0
ROWS_AT_ONCE = 5_000
JOB_COLUMNS = (
    "id, operation, query, sobject, created_by, created_at, modified_at, state, api_version, column_delimiter, "
    "line_ending, records, milliseconds, error"
)
# Doubles come as Java writes them: 500000.0 but 9.9213206E7, and 1.0E-4.
JAVA_DOUBLE = """
CREATE OR REPLACE MACRO java_double(number) AS
CASE WHEN number = 0 OR abs(number) BETWEEN 1e-3 AND 9999999.999999998 THEN CAST(number AS VARCHAR)
     ELSE (CASE WHEN number < 0 THEN '-' ELSE '' END) || java_scientific(CAST(abs(number) AS VARCHAR)) END;
CREATE OR REPLACE MACRO java_scientific(plain) AS
CASE WHEN contains(plain, 'e') THEN
          split_part(plain, 'e', 1) || (CASE WHEN contains(plain, '.') THEN 'E' ELSE '.0E' END)
          || CAST(split_part(plain, 'e', 2) AS INTEGER)
     WHEN plain[1] = '0' THEN
          java_mantissa(ltrim(split_part(plain, '.', 2), '0'))
          || 'E-' || (length(split_part(plain, '.', 2)) - length(ltrim(split_part(plain, '.', 2), '0')) + 1)
     ELSE java_mantissa(replace(plain, '.', '')) || 'E' || (strpos(plain, '.') - 2) END;
CREATE OR REPLACE MACRO java_mantissa(digits) AS
digits[1] || '.' || coalesce(nullif(rtrim(digits[2:], '0'), ''), '0');
"""


class Jobs:
    """The worker that runs query jobs one after the other, and takes up again what a stop left unfinished."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.store = sandbox.store
        self.store.execute(JAVA_DOUBLE)
        self.pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="bulk")
        unfinished = "SELECT id FROM job WHERE state IN ('UploadComplete', 'InProgress') ORDER BY id"
        for (job_id,) in self.store.execute(unfinished).fetchall():
            self.pool.submit(self.run, job_id)

    def close(self) -> None:
        """Wait for the running job; the others run after the next start."""
        self.pool.shutdown(wait=True, cancel_futures=True)

    def create(self, call: Call) -> Response:
        """Reply of POST /jobs/query.

        Raises:
            ApiError: What Bulk refuses in a query, unknown options, or the jobs of the day used up.

        """
        asked = call.json()
        operation, delimiter, line_ending = _options(asked)
        query, sobject = self._checked(str(asked.get("query", "")).strip(), deleted=operation == "queryAll")
        self._check_budget()
        job_id, now = new_id(JOB_PREFIX, self.store.next_number("job")), utc_now()
        values = [
            job_id,
            operation,
            query,
            sobject,
            call.user_id,
            now,
            now,
            "UploadComplete",
            float(call.version),
            delimiter,
        ]
        with self.store.writing() as cursor:
            sql = f"INSERT INTO job ({JOB_COLUMNS}) VALUES ({', '.join('?' * 11)}, NULL, NULL, NULL)"
            cursor.execute(sql, [*values, line_ending])
        # What is replied is the job as it was made, however fast the worker is.
        reply = _job(self.store, job_id)
        self.pool.submit(self.run, job_id)
        return VendorJson(reply)

    def _checked(self, text: str, *, deleted: bool) -> tuple[str, str]:
        query = soql.parse(text)
        refuse_subqueries_in_bulk(query)
        statement = translate(query, self.sandbox.org, deleted=deleted)
        refuse_in_bulk(query, statement)
        return text, statement.sobject.name

    def _check_budget(self) -> None:
        most = self.sandbox.limits.DailyBulkV2QueryJobs
        if jobs_today(self.store) >= most:
            raise ApiError("LIMIT_EXCEEDED", f"Max bulk v2 query jobs ({most}) per 24 hrs has been reached")

    def run(self, job_id: str) -> None:
        """Run one job to its end; whatever goes wrong becomes the job's errorMessage."""
        if not self._move(job_id, "UploadComplete", "InProgress") and not self._move(
            job_id, "InProgress", "InProgress"
        ):
            return
        started = time.monotonic()
        time.sleep(self.sandbox.limits.BulkSeconds)
        try:
            if self.sandbox.bulk_failures:
                raise ApiError("QUERY_TIMEOUT", self.sandbox.bulk_failures.pop(0))
            records = self._write_result(job_id)
        except (ApiError, duckdb.Error) as error:
            self._finish(job_id, "Failed", 0, started, str(error))
        else:
            self._finish(job_id, "JobComplete", records, started, None)

    def _write_result(self, job_id: str) -> int:
        """Write the records as finished CSV lines, in query order, to one Parquet column."""
        sql = "SELECT query, operation, column_delimiter FROM job WHERE id = ?"
        text, operation, delimiter = self.store.row(sql, [job_id]) or ("", "", "")
        statement = translate(soql.parse(text), self.sandbox.org, deleted=operation == "queryAll")
        line = statement.select(f"{_csv_line(statement, DELIMITERS[delimiter])} AS record")
        return self.store.keep_result(line, statement.parameters, result_file(self.store, job_id))

    def _move(self, job_id: str, before: str, after: str) -> bool:
        with self.store.writing() as cursor:
            sql = "UPDATE job SET state = ?, modified_at = ? WHERE id = ? AND state = ? RETURNING id"
            return bool(cursor.execute(sql, [after, utc_now(), job_id, before]).fetchall())

    def _finish(self, job_id: str, state: str, records: int, started: float, error: str | None) -> None:
        spent = int((time.monotonic() - started) * 1000)
        with self.store.writing() as cursor:
            sql = (
                "UPDATE job SET state = ?, records = ?, milliseconds = ?, error = ?, modified_at = ? "
                "WHERE id = ? AND state = 'InProgress'"
            )
            cursor.execute(sql, [state, records, spent, error, utc_now(), job_id])


def jobs_today(store: Store) -> int:
    """Count the jobs made in the last 24 hours."""
    return store.number(
        "SELECT count(*) FROM job WHERE created_at > CAST(? AS TIMESTAMP) - INTERVAL 1 DAY", [utc_now()]
    )


def result_file(store: Store, job_id: str) -> Path:
    """Give where the result of a job lies."""
    return store.files / f"{job_id}.parquet"


def list_jobs(call: Call) -> Response:
    """Reply of GET /jobs/query."""
    rows = call.store.execute("SELECT id FROM job ORDER BY created_at DESC, id DESC").fetchall()
    return VendorJson(
        {"done": True, "records": [_job(call.store, row[0]) for row in rows], "nextRecordsUrl": None}
    )


def get_job(call: Call) -> Response:
    """Reply of GET /jobs/query/{id}."""
    return VendorJson(_job(call.store, call.part("job")))


def abort(call: Call) -> Response:
    """Reply of PATCH /jobs/query/{id} with {"state": "Aborted"}.

    Raises:
        ApiError: Another state is asked for, or the job has ended.

    """
    job = _job(call.store, call.part("job"))
    if call.json().get("state") != "Aborted":
        raise ApiError("INVALIDJOBSTATE", "Only the state Aborted can be set on a query job")
    if job["state"] in FINAL_STATES:
        raise ApiError("INVALIDJOBSTATE", f"Aborting already {job['state']} Job not allowed")
    with call.store.writing() as cursor:
        cursor.execute(
            "UPDATE job SET state = 'Aborted', modified_at = ? WHERE id = ?", [utc_now(), job["id"]]
        )
    return VendorJson(_job(call.store, job["id"]))


def delete(call: Call) -> Response:
    """Reply of DELETE /jobs/query/{id}: 204, and the result is gone.

    Raises:
        ApiError: The job has not ended.

    """
    job = _job(call.store, call.part("job"))
    if job["state"] not in FINAL_STATES:
        raise ApiError("INVALIDJOBSTATE", f"Deleting a job in state {job['state']} is not allowed")
    with call.store.writing() as cursor:
        cursor.execute("DELETE FROM job WHERE id = ?", [job["id"]])
    result_file(call.store, job["id"]).unlink(missing_ok=True)
    return Response(status_code=204)


def results(call: Call) -> Response:
    """Reply of GET /jobs/query/{id}/results?maxRecords=&locator=: CSV with a header line, and the next locator.

    Raises:
        ApiError: The job is not complete, or maxRecords or locator cannot be read.

    """
    job = _complete(call)
    start = _offset(call.request.query_params.get("locator"))
    most = call.request.query_params.get("maxRecords", str(call.sandbox.limits.BulkResultPage))
    if not most.isdigit() or int(most) == 0:
        raise ApiError("API_ERROR", "maxRecords must be a whole number above 0")
    total = job["numberRecordsProcessed"]
    end = min(start + int(most), total)
    headers = {
        "Sforce-NumberOfRecords": str(max(end - start, 0)),
        "Sforce-Locator": _locator(end) if end < total else "null",
    }
    content = _csv(call, job, start, int(most))
    if "gzip" in call.request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        content = _gzipped(content)
    return StreamingResponse(content, headers=headers, media_type="text/csv")


def result_pages(call: Call) -> Response:
    """Reply of GET /jobs/query/{id}/resultPages: up to five result URLs to read side by side.

    Raises:
        ApiError: 409 for another API version than the job's; the job is not complete.

    """
    job = _complete(call)
    if float(call.version) < FIRST_VERSION_WITH_RESULT_PAGES:
        raise not_found()
    if float(call.version) != job["apiVersion"]:
        raise ApiError(
            "API_ERROR", f"Use API version {job['apiVersion']}, with which the job was made", status=409
        )
    base = f"/services/data/v{call.version}/jobs/query/{job['id']}"
    size, total = call.sandbox.limits.BulkResultPage, job["numberRecordsProcessed"]
    starts = list(range(_offset(call.request.query_params.get("locator")), max(total, 1), size))
    urls = [{"resultUrl": f"{base}/results?locator={_locator(start)}"} for start in starts[:RESULT_PAGES]]
    rest = starts[RESULT_PAGES:]
    following = f"{base}/resultPages?locator={_locator(rest[0])}" if rest else None
    return VendorJson({"resultPages": urls, "nextRecordsUrl": following, "done": not rest})


def _options(asked: dict[str, Any]) -> tuple[str, str, str]:
    operation = asked.get("operation")
    delimiter, line_ending = asked.get("columnDelimiter", "COMMA"), asked.get("lineEnding", "LF")
    choices: list[tuple[str, Any, Any]] = [
        ("operation", operation, ("query", "queryAll")),
        ("columnDelimiter", delimiter, DELIMITERS),
        ("lineEnding", line_ending, LINE_ENDINGS),
        ("contentType", asked.get("contentType", "CSV"), ("CSV",)),
    ]
    for name, value, known in choices:
        if value not in known:
            raise ApiError("API_ERROR", f"{name} must be one of {', '.join(known)}")
    return str(operation), str(delimiter), str(line_ending)


def _job(store: Store, job_id: str) -> dict[str, Any]:
    """A job as Salesforce shows it; what is known only later is absent until then."""
    found = store.execute(f"SELECT {JOB_COLUMNS} FROM job WHERE id = ?", [job_id])
    row = found.fetchone()
    if row is None:
        raise not_found()
    facts = dict(zip(JOB_COLUMNS.split(", "), row, strict=True))
    job: dict[str, Any] = {
        "id": facts["id"],
        "operation": facts["operation"],
        "object": facts["sobject"],
        "createdById": facts["created_by"],
        "createdDate": json_moment(facts["created_at"]),
        "systemModstamp": json_moment(facts["modified_at"]),
        "state": facts["state"],
        "concurrencyMode": "Parallel",
        "contentType": "CSV",
        "apiVersion": facts["api_version"],
    }
    started = facts["state"] != "UploadComplete"
    job |= {"jobType": "V2Query"} if started else {}
    job |= {"lineEnding": facts["line_ending"], "columnDelimiter": facts["column_delimiter"]}
    if facts["records"] is not None:
        job["numberRecordsProcessed"] = facts["records"]
    if started:
        job |= {"retries": 0, "totalProcessingTime": facts["milliseconds"] or 0}
    return job | ({"errorMessage": facts["error"]} if facts["error"] else {})


def _complete(call: Call) -> dict[str, Any]:
    job = _job(call.store, call.part("job"))
    if job["state"] != "JobComplete":
        raise ApiError("INVALIDJOBSTATE", f"The job is not complete; its state is {job['state']}")
    return job


def _locator(start: int) -> str:
    return base64.urlsafe_b64encode(str(start).encode()).decode().rstrip("=")


def _offset(locator: str | None) -> int:
    if locator is None:
        return 0
    try:
        return int(base64.urlsafe_b64decode(locator + "=" * (-len(locator) % 4)))
    except (binascii.Error, ValueError) as error:
        raise ApiError("API_ERROR", "The locator is not one that this job gave") from error


def _csv(call: Call, job: dict[str, Any], start: int, most: int) -> Iterator[bytes]:
    """The header line and the records of one page, a few thousand at a time."""
    ending, delimiter = LINE_ENDINGS[job["lineEnding"]], DELIMITERS[job["columnDelimiter"]]
    text = (call.store.row("SELECT query FROM job WHERE id = ?", [job["id"]]) or ("",))[0]
    statement = translate(soql.parse(text), call.sandbox.org)
    yield (delimiter.join(f'"{".".join(each.path)}"' for each in _shown(statement)) + ending).encode()
    sql = f"SELECT record FROM read_parquet(?) LIMIT {most} OFFSET {start}"
    rows = call.store.execute(sql, [str(result_file(call.store, job["id"]))])
    while batch := rows.fetchmany(ROWS_AT_ONCE):
        yield "".join(f"{line}{ending}" for (line,) in batch).encode()


def _gzipped(content: Iterator[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(level=1, wbits=zlib.MAX_WBITS | 16)
    for piece in content:
        yield packer.compress(piece)
    yield packer.flush()


def _shown(statement: Statement) -> list[Output]:
    return [each for each in statement.outputs if each.hidden is None]


def _csv_line(statement: Statement, delimiter: str) -> str:
    """The SQL of a whole CSV record: everything in quotes, quotes doubled, null as an empty text."""
    values = [
        f"""'"' || replace(coalesce({_text(each)}, ''), '"', '""') || '"'""" for each in _shown(statement)
    ]
    return f" || '{delimiter}' || ".join(values)


def _text(output: Output) -> str:
    """The SQL of a value as Bulk writes it."""
    forms: dict[str, Callable[[str], str]] = {
        "datetime": lambda sql: f"strftime({sql}, '%Y-%m-%dT%H:%M:%S.%gZ')",
        "boolean": lambda sql: f"CAST({sql} AS VARCHAR)",
        "date": lambda sql: f"CAST({sql} AS VARCHAR)",
        "int": lambda sql: f"CAST({sql} AS VARCHAR)",
        **dict.fromkeys(("double", "currency", "percent"), lambda sql: f"java_double({sql})"),
    }
    return forms.get(output.field.type, lambda sql: sql)(output.sql)
