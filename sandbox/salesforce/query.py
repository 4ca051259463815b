"""GET /query and /queryAll: the first page, and the cursors of the pages that follow."""

import re
from datetime import timedelta
from typing import Any

from starlette.responses import Response

from sandbox.salesforce import catalogue, soql
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.ids import new_id
from sandbox.salesforce.records import Record, record
from sandbox.salesforce.state import Call, VendorJson
from sandbox.salesforce.store import utc_now
from sandbox.salesforce.translate import Statement, translate

SMALLEST_BATCH = 200
CURSOR_LIFETIME = timedelta(days=2)
CURSOR_PREFIX = "01g"
NUMBERS = ("int", "double", "currency", "percent")


def query(call: Call) -> Response:
    """Reply of GET /query?q=; with &columns=true, which Salesforce's own CLI asks for, the columns instead of rows."""
    if call.request.query_params.get("columns") == "true":
        return VendorJson(_columns(call))
    return VendorJson(_first_page(call, deleted=False))


def query_all(call: Call) -> Response:
    """Reply of GET /queryAll?q=: rows of the recycle bin too."""
    return VendorJson(_first_page(call, deleted=True))


def more(call: Call) -> Response:
    """Reply of GET nextRecordsUrl, /query/<cursor>-<rows already given>.

    Raises:
        ApiError: INVALID_QUERY_LOCATOR when the cursor is unknown, two days old or names no row.

    """
    cursor_id, _, start = call.part("locator").partition("-")
    sql = "SELECT query, deleted, total FROM cursor WHERE id = ? AND created_at > ?"
    found = call.store.row(sql, [cursor_id, utc_now() - CURSOR_LIFETIME])
    lost = call.request.scope.get("fault") == "lost_locator"
    if lost or found is None or not start.isdigit() or int(start) >= found[2]:
        raise ApiError("INVALID_QUERY_LOCATOR", "invalid query locator")
    text, deleted, total = found
    statement = translate(soql.parse(text), call.sandbox.org, deleted=deleted)
    return VendorJson(_page(call, statement, cursor_id, int(start), total))


def _first_page(call: Call, *, deleted: bool) -> dict[str, Any]:
    text = call.request.query_params.get("q", "").strip()
    statement = translate(soql.parse(text), call.sandbox.org, deleted=deleted)
    if statement.sobject.name in call.sandbox.org.catalogue:
        catalogue.check(statement.sobject, text)
        catalogue.write(call.store)
    if statement.is_count:
        counted = call.store.number(statement.sql, statement.parameters)
        return {"totalSize": counted, "done": True, "records": []}
    batch = _batch(call)
    rows = call.store.execute(statement.sql, statement.parameters).fetchmany(batch + 1)
    if len(rows) <= batch:
        return {
            "totalSize": len(rows),
            "done": True,
            "records": [record(statement, row, call.version) for row in rows],
        }
    if statement.aggregated:
        raise ApiError(
            "EXCEEDED_ID_LIMIT",
            "Aggregate query does not support queryMore(), use LIMIT to restrict the results",
        )
    cursor_id, total = _keep(call, text, statement, deleted=deleted)
    return _page(call, statement, cursor_id, 0, total)


def _columns(call: Call) -> dict[str, Any]:
    text = call.request.query_params.get("q", "").strip()
    statement = translate(soql.parse(text), call.sandbox.org, deleted=False)
    columns: list[dict[str, Any]] = []
    for output in statement.shown:
        level = columns
        for name in output.path:
            known = next((each for each in level if each["columnName"] == name), None)
            if known is None:
                known = _column(name, output.field.type)
                level.append(known)
            level = known["joinColumns"]
    names = [each["columnName"] for each in columns]
    return {
        "columnMetadata": columns,
        "entityName": statement.sobject.name,
        "groupBy": statement.aggregated,
        "idSelected": "Id" in names,
        "keyPrefix": statement.sobject.prefix,
    }


def _column(name: str, kind: str) -> dict[str, Any]:
    return {
        "aggregate": False,
        "booleanType": kind == "boolean",
        "columnName": name,
        "custom": name.endswith("__c"),
        "displayName": name,
        "foreignKeyName": None,
        "joinColumns": [],
        "numberType": kind in NUMBERS,
        "textType": kind not in {*NUMBERS, "boolean", "date", "datetime", "time"},
    }


def _batch(call: Call) -> int:
    """Give the rows of a page; the client's batchSize is a wish between 200 and the org's maximum."""
    options = call.request.headers.get("sforce-query-options", "")
    wish = re.search(r"batchSize\s*=\s*(\d+)", options, re.IGNORECASE)
    most = call.sandbox.limits.QueryBatch
    return min(max(int(wish[1]), SMALLEST_BATCH), most) if wish else most


def _keep(call: Call, text: str, statement: Statement, *, deleted: bool) -> tuple[str, int]:
    """Keep the whole result, so that later pages belong to the same moment as the first."""
    cursor_id = new_id(CURSOR_PREFIX, call.store.next_number("cursor"))
    file = call.store.files / f"{cursor_id}.parquet"
    total = call.store.keep_result(statement.sql, statement.parameters, file)
    with call.store.writing() as writer:
        writer.execute(
            "INSERT INTO cursor VALUES (?, ?, ?, ?, ?)", [cursor_id, text, deleted, total, utc_now()]
        )
    return cursor_id, total


def _page(call: Call, statement: Statement, cursor_id: str, start: int, total: int) -> dict[str, Any]:
    file = call.store.files / f"{cursor_id}.parquet"
    batch = _batch(call)
    sql = f"SELECT * FROM read_parquet(?) LIMIT {batch} OFFSET {start}"
    records: list[Record] = [
        record(statement, row, call.version) for row in call.store.execute(sql, [str(file)]).fetchall()
    ]
    end = start + len(records)
    page: dict[str, Any] = {"totalSize": total, "done": end >= total}
    if end < total:
        page["nextRecordsUrl"] = f"{call.request.url.path.partition('/query')[0]}/query/{cursor_id}-{end}"
    return page | {"records": records}
