"""Bulk query jobs: kept in the store, run one after the other, their results lying ready as CSV files."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from datetime import datetime

import duckdb
from sqlglot import Expr, exp

from sandbox.salesforce import soql
from sandbox.salesforce.budget import Limits
from sandbox.salesforce.errors import ApiError, not_found
from sandbox.salesforce.ids import new_id
from sandbox.salesforce.results import Result
from sandbox.salesforce.store import Store, utc_now
from sandbox.salesforce.translate import DIALECT, Output, Statement, translate

ID_PREFIX = "750"
DELIMITERS = {"COMMA": ",", "TAB": "\t", "PIPE": "|", "SEMICOLON": ";", "CARET": "^", "BACKQUOTE": "`"}
FINAL_STATES = frozenset({"JobComplete", "Failed", "Aborted"})
LINE_ENDINGS = {"LF": "\n", "CRLF": "\r\n"}
# Bulk writes doubles as Java does: 500000.0 but 9.9213206E7, and 1.0E-4.
JAVA_DOUBLE = """
CREATE OR REPLACE MACRO java_mantissa(digits) AS
    digits[1] || '.' || coalesce(nullif(rtrim(digits[2:], '0'), ''), '0');
CREATE OR REPLACE MACRO java_scientific(plain) AS CASE
    WHEN contains(plain, 'e') THEN
        split_part(plain, 'e', 1) || (CASE WHEN contains(plain, '.') THEN 'E' ELSE '.0E' END)
        || CAST(split_part(plain, 'e', 2) AS INTEGER)
    WHEN plain[1] = '0' THEN
        java_mantissa(ltrim(split_part(plain, '.', 2), '0')) || 'E-'
        || (length(split_part(plain, '.', 2)) - length(ltrim(split_part(plain, '.', 2), '0')) + 1)
    ELSE java_mantissa(replace(plain, '.', '')) || 'E' || (strpos(plain, '.') - 2) END;
CREATE OR REPLACE MACRO java_double(number) AS CASE
    WHEN number = 0 OR (abs(number) >= 1e-3 AND abs(number) < 1e7) THEN CAST(number AS VARCHAR)
    ELSE (CASE WHEN number < 0 THEN '-' ELSE '' END) || java_scientific(CAST(abs(number) AS VARCHAR)) END;
"""
MOMENT = exp.Literal.string("%Y-%m-%dT%H:%M:%S.%gZ")
TEXT_FORMS: dict[str, Callable[[Expr], Expr]] = {
    "datetime": lambda value: exp.func("strftime", value, MOMENT),
    **dict.fromkeys(("boolean", "date", "int"), lambda value: exp.cast(value, "varchar")),
    **dict.fromkeys(("double", "currency", "percent"), lambda value: exp.func("java_double", value)),
}


@dataclass(frozen=True, slots=True)
class Job:
    """One query job; `records`, `milliseconds` and `error` are known when it has ended."""

    id: str
    operation: str
    query: str
    sobject: str
    created_by: str
    created_at: datetime
    modified_at: datetime
    state: str
    api_version: float
    column_delimiter: str
    line_ending: str
    records: int | None = None
    milliseconds: int | None = None
    error: str | None = None

    @property
    def ended(self) -> bool:
        return self.state in FINAL_STATES

    @property
    def shows_deleted(self) -> bool:
        return self.operation == "queryAll"


COLUMNS = ", ".join(each.name for each in fields(Job))


class Jobs:
    """The jobs and their one worker, which takes up again what a stop left unfinished."""

    def __init__(self, store: Store, limits: Limits) -> None:
        self.store = store
        self.limits = limits
        # Messages with which the next jobs are to fail; without a message, the job never ends.
        self.failures: list[str | None] = []
        self.store.execute(JAVA_DOUBLE)
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="bulk")
        unfinished = (
            "SELECT id FROM job WHERE state IN ('UploadComplete', 'InProgress') ORDER BY created_at, id"
        )
        for (job_id,) in self.store.execute(unfinished).fetchall():
            self._pool.submit(self._run, job_id)

    def close(self) -> None:
        """Wait for the running job; the others run after the next start."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def next_id(self) -> str:
        """Give the id of a new job."""
        return new_id(ID_PREFIX, self.store.next_number("job"))

    def add(self, job: Job) -> None:
        """Keep a job and let the worker run it when its turn comes."""
        values = [getattr(job, each.name) for each in fields(Job)]
        with self.store.writing() as cursor:
            cursor.execute(f"INSERT INTO job ({COLUMNS}) VALUES ({', '.join('?' for _ in values)})", values)
        self._pool.submit(self._run, job.id)

    def find(self, job_id: str) -> Job:
        """Give a job.

        Raises:
            ApiError: NOT_FOUND.

        """
        row = self.store.row(f"SELECT {COLUMNS} FROM job WHERE id = ?", [job_id])
        if row is None:
            raise not_found()
        return Job(*row)

    def newest_first(self) -> list[Job]:
        """Give all jobs."""
        sql = f"SELECT {COLUMNS} FROM job ORDER BY created_at DESC, id DESC"
        return [Job(*row) for row in self.store.execute(sql).fetchall()]

    def today(self) -> int:
        """Count the jobs made in the last 24 hours."""
        sql = "SELECT count(*) FROM job WHERE created_at > CAST(? AS TIMESTAMP) - INTERVAL 1 DAY"
        return self.store.number(sql, [utc_now()])

    def kilobytes(self) -> int:
        """Give the size of the results that are kept."""
        return sum(file.stat().st_size for file in self.store.files.glob(f"{ID_PREFIX}*")) // 1024

    def abort(self, job_id: str) -> bool:
        """Stop a job that has not ended; gives whether it did."""
        return self._change(job_id, "state IN ('UploadComplete', 'InProgress')", state="Aborted")

    def fail(self, job_id: str, message: str) -> None:
        """Let a job that has not been stopped end as Failed, even after it was complete."""
        self._change(job_id, "state <> 'Aborted'", state="Failed", error=message)

    def drop(self, job: Job) -> None:
        """Forget a job and its result."""
        with self.store.writing() as cursor:
            cursor.execute("DELETE FROM job WHERE id = ?", [job.id])
        self.result(job).remove()

    def result(self, job: Job) -> Result:
        """Give the result of a complete job."""
        return Result(self.store.files / job.id)

    def _run(self, job_id: str) -> None:
        """Run one job to its end; whatever goes wrong becomes its error."""
        if not self._change(job_id, "state IN ('UploadComplete', 'InProgress')", state="InProgress"):
            return
        started = time.monotonic()
        time.sleep(self.limits.BulkSeconds)
        error = self.failures.pop(0) if self.failures else ""
        if error is None:
            return
        try:
            records = 0 if error else self._write(self.find(job_id))
        except (ApiError, duckdb.Error, OSError) as failure:
            records, error = 0, str(failure)
        spent = int((time.monotonic() - started) * 1000)
        state = "Failed" if error else "JobComplete"
        # An abort in the meantime wins.
        self._change(
            job_id,
            "state = 'InProgress'",
            state=state,
            records=records,
            milliseconds=spent,
            error=error or None,
        )

    def _write(self, job: Job) -> int:
        """Write every record of the result as CSV, in the order of the query."""
        statement = self._statement(job)
        delimiter, ending = DELIMITERS[job.column_delimiter], LINE_ENDINGS[job.line_ending]
        names = delimiter.join(f'"{".".join(each.path)}"' for each in statement.shown)
        line = _csv_line(statement, delimiter, ending)
        sql = statement.select(line.as_("record")).sql(dialect=DIALECT)
        batches = self.store.batches(sql, statement.parameters)
        return self.result(job).write(names + ending, batches)

    def _statement(self, job: Job) -> Statement:
        return translate(soql.parse(job.query), self.store.visible, deleted=job.shows_deleted)

    def _change(self, job_id: str, condition: str, **values: object) -> bool:
        values["modified_at"] = utc_now()
        sets = ", ".join(f"{name} = ?" for name in values)
        with self.store.writing() as cursor:
            sql = f"UPDATE job SET {sets} WHERE id = ? AND {condition} RETURNING id"
            return bool(cursor.execute(sql, [*values.values(), job_id]).fetchall())


def _csv_line(statement: Statement, delimiter: str, ending: str) -> Expr:
    """Give a whole CSV record: everything in quotes, quotes doubled, null as an empty text, then the line's end."""
    quote, last = exp.Literal.string('"'), exp.Literal.string(f'"{ending}')
    between = exp.Literal.string(f'"{delimiter}"')
    values = (exp.func("replace", _text(each), quote, exp.Literal.string('""')) for each in statement.shown)
    return exp.func("concat", quote, exp.func("concat_ws", between, *values), last)


def _text(output: Output) -> Expr:
    """Give a value as Bulk writes it."""
    form = TEXT_FORMS.get(output.field.type)
    return exp.func("coalesce", form(output.value) if form else output.value, exp.Literal.string(""))
