"""Single records and collections of them over REST, and the list of what was deleted."""

import base64
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from starlette.responses import Response

from sandbox.salesforce import soql
from sandbox.salesforce.dates import utc
from sandbox.salesforce.edits import Edits
from sandbox.salesforce.errors import ApiError, not_found
from sandbox.salesforce.ids import spellings
from sandbox.salesforce.org import Sobject
from sandbox.salesforce.records import json_moment, record
from sandbox.salesforce.state import Call, VendorJson
from sandbox.salesforce.store import Store, utc_now
from sandbox.salesforce.translate import translate

Item = TypeVar("Item")
MOST_IN_COLLECTION = 200
# https://developer.salesforce.com/docs/atlas.en-us.api.meta/api/sforce_api_calls_getdeleted.htm and …_getupdated.htm
RECYCLE_BIN_DAYS, UPDATED_DAYS = 15, 30
MOST_REPLICATED = 600_000
ROLLED_BACK = {
    "statusCode": "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    "message": "Record rolled back because not all records were valid and the request was using AllOrNone header",
    "fields": [],
}


def read(call: Call) -> Response:
    """Reply of GET /sobjects/{object}/{id}?fields=: every field, or those asked for."""
    sobject = sobject_of(call)
    names = [name.strip() for name in call.request.query_params.get("fields", "").split(",") if name.strip()]
    select: tuple[soql.Selected, ...] = tuple(soql.Path(tuple(name.split(".")), 0) for name in names)
    wanted = soql.Comparison(
        soql.Path(("Id",), 0), "=", soql.Literal("string", soql.quoted(call.part("id")), 0)
    )
    query = soql.Query(
        text=", ".join(names),
        select=select or (soql.FieldGroup("ALL", 0),),
        entity=soql.Token("name", sobject.name, 0),
        where=wanted,
        limit=1,
    )
    statement = translate(query, call.sandbox.org)
    row = call.store.row(statement.sql, statement.parameters)
    if row is None:
        raise not_found()
    return VendorJson(record(statement, row, call.version))


def content(call: Call) -> Response:
    """Reply of GET /sobjects/{object}/{id}/{field}: the bytes that a base64 field holds.

    Raises:
        ApiError: NOT_FOUND where there is no such field, no such record, or nothing in it.

    """
    sobject = sobject_of(call)
    field = sobject.find(call.part("field"))
    if field is None or not field.is_blob:
        raise not_found()
    ids = spellings(call.part("id"))
    sql = f'SELECT "{field.name}" FROM org."{sobject.name}" WHERE list_contains(?, "Id")'
    row = call.store.row(sql, [ids])
    if row is None or row[0] is None:
        raise not_found()
    return Response(base64.b64decode(row[0]), media_type="application/octet-stream")


def create(call: Call) -> Response:
    """Reply of POST /sobjects/{object}: 201 with the new id."""
    with call.store.writing() as cursor:
        record_id = Edits(call.store, cursor, call.user_id).create(sobject_of(call), call.json())
    return VendorJson({"id": record_id, "success": True, "errors": []}, 201)


def update(call: Call) -> Response:
    """Reply of PATCH /sobjects/{object}/{id}: 204."""
    with call.store.writing() as cursor:
        Edits(call.store, cursor, call.user_id).update(sobject_of(call), call.part("id"), call.json())
    return Response(status_code=204)


def delete(call: Call) -> Response:
    """Reply of DELETE /sobjects/{object}/{id}: 204."""
    with call.store.writing() as cursor:
        Edits(call.store, cursor, call.user_id).delete(sobject_of(call), call.part("id"))
    return Response(status_code=204)


def create_many(call: Call) -> Response:
    """Reply of POST /composite/sobjects: one result for each record, 200 even where some failed."""
    return _collection(call, lambda edits, sobject, values: edits.create(sobject, values))


def update_many(call: Call) -> Response:
    """Reply of PATCH /composite/sobjects."""

    def one(edits: Edits, sobject: Sobject, values: dict[str, Any]) -> str:
        record_id = next((str(values.pop(name)) for name in list(values) if name.lower() == "id"), None)
        if record_id is None:
            raise ApiError("MISSING_ARGUMENT", "Id not specified in an update call", [])
        return edits.update(sobject, record_id, values)

    return _collection(call, one)


def delete_many(call: Call) -> Response:
    """Reply of DELETE /composite/sobjects?ids=&allOrNone=."""
    parameters = call.request.query_params
    ids = [each for each in parameters.get("ids", "").split(",") if each]
    by_prefix = {each.prefix: each for each in call.sandbox.org}

    def one(edits: Edits, record_id: str) -> str:
        sobject = by_prefix.get(record_id[:3])
        if sobject is None:
            raise ApiError("MALFORMED_ID", "malformed id", ["Id"])
        return edits.delete(sobject, record_id)

    return VendorJson(_each(call, ids, one, all_or_none=parameters.get("allOrNone") == "true"))


def deleted(call: Call) -> Response:
    """Reply of GET /sobjects/{object}/deleted/?start=&end=: ids and times, purged records included.

    Raises:
        ApiError: INVALID_REPLICATION_DATE for a span under a minute or before the days that are kept.

    """
    sobject = sobject_of(call)
    start, end = _span(call, RECYCLE_BIN_DAYS)
    gone = "SELECT id, deleted_at FROM tombstone WHERE sobject = ?"
    if sobject.find("IsDeleted") and sobject.find("SystemModstamp"):
        gone += f' UNION ALL SELECT "Id", "SystemModstamp" FROM org."{sobject.name}" WHERE "IsDeleted"'
    sql = f"SELECT id, deleted_at FROM ({gone}) WHERE deleted_at >= ? AND deleted_at < ? ORDER BY deleted_at, id"
    rows = call.store.execute(sql, [sobject.name, start, end]).fetchmany(MOST_REPLICATED + 1)
    _check_size(rows)
    return VendorJson(
        {
            "deletedRecords": [
                {"id": known_id, "deletedDate": json_moment(moment)} for known_id, moment in rows
            ],
            "earliestDateAvailable": json_moment(utc_now() - timedelta(days=RECYCLE_BIN_DAYS)),
            "latestDateCovered": json_moment(min(end, utc_now())),
        }
    )


def updated(call: Call) -> Response:
    """Reply of GET /sobjects/{object}/updated/?start=&end=: ids of what was added or changed.

    Raises:
        ApiError: As for `deleted`.

    """
    sobject = sobject_of(call)
    start, end = _span(call, UPDATED_DAYS)
    moment = '"SystemModstamp"' if sobject.find("SystemModstamp") else '"CreatedDate"'
    living = 'NOT "IsDeleted" AND' if sobject.find("IsDeleted") else ""
    sql = f'SELECT "Id" FROM org."{sobject.name}" WHERE {living} {moment} >= ? AND {moment} < ? ORDER BY {moment}, "Id"'
    rows = call.store.execute(sql, [start, end]).fetchmany(MOST_REPLICATED + 1)
    _check_size(rows)
    ids = [known_id for (known_id,) in rows]
    return VendorJson({"ids": ids, "latestDateCovered": json_moment(min(end, utc_now()))})


def _check_size(rows: Sequence[object]) -> None:
    if len(rows) > MOST_REPLICATED:
        message = f"Too many results: more than {MOST_REPLICATED} ids; ask for a shorter span"
        raise ApiError("EXCEEDED_ID_LIMIT", message)


def purge(store: Store, sobject: Sobject, ids: Sequence[str]) -> int:
    """Empty these records from the recycle bin, for good; gives how many went."""
    with store.writing() as cursor:
        stamp = '"SystemModstamp"' if sobject.find("SystemModstamp") else '"CreatedDate"'
        sql = f'DELETE FROM org."{sobject.name}" WHERE "IsDeleted" AND "Id" = ? RETURNING "Id", {stamp}'
        gone = [row for each in ids for row in cursor.execute(sql, [each]).fetchall()]
        for known_id, moment in gone:
            cursor.execute("INSERT INTO tombstone VALUES (?, ?, ?)", [sobject.name, known_id, moment])
    return len(gone)


def sobject_of(call: Call) -> Sobject:
    """Give the object of the path.

    Raises:
        ApiError: NOT_FOUND.

    """
    sobject = call.sandbox.org.find(call.part("sobject"))
    if sobject is None:
        raise not_found()
    return sobject


def _span(call: Call, days: int) -> tuple[datetime, datetime]:
    """Read start and end, of which Salesforce leaves the seconds away."""
    start, end = (_moment(call, name).replace(second=0, microsecond=0) for name in ("start", "end"))
    if not _replicateable(sobject_of(call)):
        message = f"entity type {sobject_of(call).name} is not replicateable"
        raise ApiError("INVALID_TYPE_FOR_OPERATION", message)
    if start < utc_now() - timedelta(days=days):
        raise ApiError("INVALID_REPLICATION_DATE", f"startDate cannot be more than {days} days ago")
    if end - start <= timedelta(minutes=1):
        message = "endDate must be at least one minute greater than the startDate"
        raise ApiError("INVALID_REPLICATION_DATE", message)
    return start, end


def _replicateable(sobject: Sobject) -> bool:
    return bool(sobject.said.get("replicateable", True))


def _moment(call: Call, name: str) -> datetime:
    text = call.request.query_params.get(name)
    if text is None:
        raise ApiError("MISSING_ARGUMENT", f"{name} is required")
    try:
        # An unescaped + of +00:00 arrives as a blank.
        return utc(text.replace(" ", "+"))
    except ValueError as error:
        message = f"{name} must be a dateTime such as 2024-01-01T00:00:00Z"
        raise ApiError("INVALID_REPLICATION_DATE", message) from error


def _collection(call: Call, one: Callable[[Edits, Sobject, dict[str, Any]], str]) -> Response:
    body = call.json()
    records = body.get("records", [])
    if len(records) > MOST_IN_COLLECTION:
        message = f"record limit reached. cannot submit more than {MOST_IN_COLLECTION} records in this call"
        raise ApiError("INVALID_INPUT", message)

    def typed(edits: Edits, values: dict[str, Any]) -> str:
        name = str(values.get("attributes", {}).get("type", ""))
        sobject = call.sandbox.org.find(name)
        if sobject is None:
            raise ApiError("INVALID_TYPE", f"sObject type '{name}' is not supported.", [])
        return one(edits, sobject, dict(values))

    return VendorJson(_each(call, records, typed, all_or_none=bool(body.get("allOrNone"))))


class _RolledBackError(Exception):
    """Leave the transaction without keeping anything."""


def _each(
    call: Call, items: Sequence[Item], one: Callable[[Edits, Item], str], *, all_or_none: bool
) -> list[dict[str, Any]]:
    """Do each item in one transaction; with `all_or_none`, undo all when one fails."""
    results: list[dict[str, Any]] = []
    try:
        with call.store.writing() as cursor:
            edits = Edits(call.store, cursor, call.user_id)
            results += [_result(edits, item, one) for item in items]
            if all_or_none and not all(each["success"] for each in results):
                raise _RolledBackError  # noqa: TRY301 - leaving the block is what undoes it
    except _RolledBackError:
        return [{"success": False, "errors": [ROLLED_BACK]} if each["success"] else each for each in results]
    return results


def _result(edits: Edits, item: Item, one: Callable[[Edits, Item], str]) -> dict[str, Any]:
    try:
        return {"id": one(edits, item), "success": True, "errors": []}
    except ApiError as error:
        refusal = {"statusCode": error.code, "message": error.message, "fields": list(error.fields or [])}
        return {"success": False, "errors": [refusal]}
