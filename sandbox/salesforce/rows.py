"""Single records and collections of them: read, create, update, delete, and what was deleted when."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import duckdb
from starlette.responses import Response

from sandbox.salesforce import soql
from sandbox.salesforce.describe import is_read_only
from sandbox.salesforce.errors import ApiError, not_found
from sandbox.salesforce.ids import new_id, spellings
from sandbox.salesforce.org import Field, Sobject
from sandbox.salesforce.records import json_moment, record
from sandbox.salesforce.state import Call, VendorJson
from sandbox.salesforce.store import Store, utc_now
from sandbox.salesforce.translate import translate

MOST_IN_COLLECTION = 200
REPLICATION_DAYS = 15
# Filled in by Salesforce where a new record does not say.
DEFAULTED = frozenset({"OwnerId", "ProfileId", "TimeZoneSidKey"})


def read(call: Call) -> Response:
    """Reply of GET /sobjects/{object}/{id}?fields=: every field, or those asked for."""
    sobject = sobject_of(call)
    names = [name for name in call.request.query_params.get("fields", "").split(",") if name]
    select: tuple[soql.Selected, ...] = tuple(soql.Path((name.strip(),), 0) for name in names) or (
        soql.FieldGroup("ALL", 0),
    )
    wanted = soql.Comparison(
        soql.Path(("Id",), 0), "=", soql.Literal("string", soql.quoted(call.part("id")), 0)
    )
    entity = soql.Token("name", sobject.name, 0)
    query = soql.Query(", ".join(names), select, entity, wanted, (), None, (), 1, None)
    statement = translate(query, call.sandbox.org)
    row = call.store.row(statement.sql, statement.parameters)
    if row is None:
        raise not_found()
    return VendorJson(record(statement, row, call.version))


def create(call: Call) -> Response:
    """Reply of POST /sobjects/{object}: 201 with the new id."""
    sobject = sobject_of(call)
    with call.store.writing() as cursor:
        record_id = _insert(call, cursor, sobject, call.json())
    return VendorJson({"id": record_id, "success": True, "errors": []}, 201)


def update(call: Call) -> Response:
    """Reply of PATCH /sobjects/{object}/{id}: 204, and SystemModstamp has moved."""
    sobject = sobject_of(call)
    with call.store.writing() as cursor:
        _change(call, cursor, sobject, call.part("id"), call.json())
    return Response(status_code=204)


def delete(call: Call) -> Response:
    """Reply of DELETE /sobjects/{object}/{id}: 204, and the record is in the recycle bin if its object has one."""
    sobject = sobject_of(call)
    with call.store.writing() as cursor:
        _remove(call, cursor, sobject, call.part("id"))
    return Response(status_code=204)


def deleted(call: Call) -> Response:
    """Reply of GET /sobjects/{object}/deleted/?start=&end=: ids and times, purged records included.

    Raises:
        ApiError: INVALID_REPLICATION_DATE for a span under a minute or out of the days that are kept.

    """
    sobject = sobject_of(call)
    start, end = _span(call)
    sql = (
        f'SELECT "Id" AS id, "SystemModstamp" AS deleted_at FROM org."{sobject.name}" WHERE "IsDeleted" '
        "UNION ALL SELECT id, deleted_at FROM tombstone WHERE sobject = ?"
    )
    within = (
        f"SELECT id, deleted_at FROM ({sql}) WHERE deleted_at >= ? AND deleted_at < ? ORDER BY deleted_at, id"
    )
    rows = call.store.execute(within, [sobject.name, start, end]).fetchall()
    return VendorJson(
        {
            "deletedRecords": [
                {"id": record_id, "deletedDate": json_moment(moment)} for record_id, moment in rows
            ],
            "earliestDateAvailable": json_moment(utc_now() - timedelta(days=REPLICATION_DAYS)),
            "latestDateCovered": json_moment(end),
        }
    )


def create_many(call: Call) -> Response:
    """Reply of POST /composite/sobjects: one result for each record, 200 even where some failed."""
    return _collection(call, lambda cursor, sobject, values: _insert(call, cursor, sobject, values))


def update_many(call: Call) -> Response:
    """Reply of PATCH /composite/sobjects."""

    def one(cursor: duckdb.DuckDBPyConnection, sobject: Sobject, values: dict[str, Any]) -> str:
        record_id = next((str(values.pop(name)) for name in list(values) if name.lower() == "id"), "")
        if not record_id:
            raise ApiError("MISSING_ARGUMENT", "Id not specified in an update call", [])
        return _change(call, cursor, sobject, record_id, values)

    return _collection(call, one)


def delete_many(call: Call) -> Response:
    """Reply of DELETE /composite/sobjects?ids=&allOrNone=."""
    ids = [each for each in call.request.query_params.get("ids", "").split(",") if each]
    by_prefix = {each.prefix: each for each in call.sandbox.org}
    all_or_none = call.request.query_params.get("allOrNone") == "true"

    def one(cursor: duckdb.DuckDBPyConnection, record_id: str) -> str:
        sobject = by_prefix.get(record_id[:3])
        if sobject is None:
            raise ApiError("MALFORMED_ID", f"malformed id {record_id}", [])
        return _remove(call, cursor, sobject, record_id)

    return VendorJson(_each(call.store, ids, one, all_or_none=all_or_none))


def purge(store: Store, sobject: Sobject, ids: list[str]) -> int:
    """Empty these records from the recycle bin, for good; gives how many went."""
    with store.writing() as cursor:
        marks = ", ".join("?" for _ in ids)
        sql = f'DELETE FROM org."{sobject.name}" WHERE "IsDeleted" AND "Id" IN ({marks}) RETURNING "Id", "SystemModstamp"'
        gone = cursor.execute(sql, ids).fetchall() if ids else []
        for record_id, moment in gone:
            cursor.execute("INSERT INTO tombstone VALUES (?, ?, ?)", [sobject.name, record_id, moment])
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


def _span(call: Call) -> tuple[datetime, datetime]:
    texts = [call.request.query_params.get(name) for name in ("start", "end")]
    if None in texts:
        raise ApiError("MISSING_ARGUMENT", "start and end are required")
    try:
        # In a query string an unescaped + of +00:00 arrives as a blank.
        start, end = (datetime.fromisoformat(str(text).replace(" ", "+")) for text in texts)
    except ValueError as error:
        raise ApiError(
            "INVALID_REPLICATION_DATE", "start and end must be dateTimes such as 2024-01-01T00:00:00Z"
        ) from error
    start, end = (each.astimezone(UTC).replace(tzinfo=None) if each.tzinfo else each for each in (start, end))
    if start < utc_now() - timedelta(days=REPLICATION_DAYS):
        message = f"startDate cannot be more than {REPLICATION_DAYS} days ago"
        raise ApiError("INVALID_REPLICATION_DATE", message)
    if end - start < timedelta(minutes=1):
        raise ApiError(
            "INVALID_REPLICATION_DATE", "endDate must be at least one minute greater than the startDate"
        )
    return start, min(end, utc_now() + timedelta(seconds=1))


def _collection(
    call: Call, one: Callable[[duckdb.DuckDBPyConnection, Sobject, dict[str, Any]], str]
) -> Response:
    body = call.json()
    records = body.get("records", [])
    if len(records) > MOST_IN_COLLECTION:
        message = f"record limit reached. cannot submit more than {MOST_IN_COLLECTION} records in this call"
        raise ApiError("INVALID_INPUT", message)

    def typed(cursor: duckdb.DuckDBPyConnection, values: dict[str, Any]) -> str:
        name = str(values.get("attributes", {}).get("type", ""))
        sobject = call.sandbox.org.find(name)
        if sobject is None:
            raise ApiError("INVALID_TYPE", f"sObject type '{name}' is not supported.", [])
        return one(cursor, sobject, dict(values))

    return VendorJson(_each(call.store, records, typed, all_or_none=bool(body.get("allOrNone"))))


def _each(
    store: Store, items: list[Any], one: Callable[[duckdb.DuckDBPyConnection, Any], str], *, all_or_none: bool
) -> list[dict[str, Any]]:
    """Do each item; with `all_or_none`, undo all when one fails."""
    results: list[dict[str, Any]] = []
    try:
        with store.writing() as cursor:
            for item in items:
                results.append(_result(cursor, item, one))
            if all_or_none and not all(each["success"] for each in results):
                raise _RolledBackError
    except _RolledBackError:
        error = {
            "statusCode": "ALL_OR_NONE_OPERATION_ROLLED_BACK",
            "message": "Record rolled back because not all records were valid and the request was using AllOrNone header",
            "fields": [],
        }
        results = [each if not each["success"] else {"success": False, "errors": [error]} for each in results]
    return results


class _RolledBackError(Exception):
    """Leave the transaction without keeping anything."""


def _result(
    cursor: duckdb.DuckDBPyConnection, item: Any, one: Callable[[duckdb.DuckDBPyConnection, Any], str]
) -> dict[str, Any]:
    try:
        return {"id": one(cursor, item), "success": True, "errors": []}
    except ApiError as error:
        refusal = {"statusCode": error.code, "message": error.message, "fields": list(error.fields or [])}
        return {"success": False, "errors": [refusal]}


def _insert(call: Call, cursor: duckdb.DuckDBPyConnection, sobject: Sobject, values: dict[str, Any]) -> str:
    row = _checked(sobject, values)
    missing = [
        each.name
        for each in sobject.columns
        if each.required and each.type != "boolean" and each.name not in DEFAULTED and not is_read_only(each)
        if row.get(each.name) is None
    ]
    if missing:
        raise ApiError(
            "REQUIRED_FIELD_MISSING", f"Required fields are missing: [{', '.join(missing)}]", missing
        )
    now, number = utc_now(), call.store.next_number(sobject.name)
    record_id = new_id(sobject.prefix, number)
    stamps = dict.fromkeys(("CreatedDate", "LastModifiedDate", "SystemModstamp"), now)
    people = dict.fromkeys(("CreatedById", "LastModifiedById"), call.user_id)
    filled: dict[str, Any] = {each.name: False for each in sobject.columns if each.type == "boolean"}
    filled |= {"OwnerId": call.user_id} if sobject.find("OwnerId") else {}
    filled |= {"CaseNumber": f"{number:08d}"} if sobject.find("CaseNumber") else {}
    row = filled | row | {"Id": record_id} | stamps | people
    row |= _person_name(sobject, row)
    names = ", ".join(f'"{name}"' for name in row)
    marks = ", ".join("?" for _ in row)
    cursor.execute(f'INSERT INTO org."{sobject.name}" ({names}) VALUES ({marks})', list(row.values()))
    return record_id


def _change(
    call: Call, cursor: duckdb.DuckDBPyConnection, sobject: Sobject, record_id: str, values: dict[str, Any]
) -> str:
    known_id = _living(cursor, sobject, record_id)
    row = _checked(sobject, values)
    now = utc_now()
    row |= {"LastModifiedDate": now, "SystemModstamp": now, "LastModifiedById": call.user_id}
    _set(cursor, sobject, known_id, row)
    if {"FirstName", "LastName"} & row.keys() and sobject.find("LastName"):
        sql = f'SELECT "FirstName", "LastName" FROM org."{sobject.name}" WHERE "Id" = ?'
        first, last = cursor.execute(sql, [known_id]).fetchone() or (None, None)
        _set(cursor, sobject, known_id, _person_name(sobject, {"FirstName": first, "LastName": last}))
    return known_id


def _set(cursor: duckdb.DuckDBPyConnection, sobject: Sobject, record_id: str, row: dict[str, Any]) -> None:
    if row:
        sets = ", ".join(f'"{name}" = ?' for name in row)
        cursor.execute(f'UPDATE org."{sobject.name}" SET {sets} WHERE "Id" = ?', [*row.values(), record_id])


def _remove(call: Call, cursor: duckdb.DuckDBPyConnection, sobject: Sobject, record_id: str) -> str:
    known_id = _living(cursor, sobject, record_id)
    now = utc_now()
    if sobject.undeletable:
        stamps = {
            "IsDeleted": True,
            "LastModifiedDate": now,
            "SystemModstamp": now,
            "LastModifiedById": call.user_id,
        }
        _set(cursor, sobject, known_id, stamps)
    else:
        cursor.execute(f'DELETE FROM org."{sobject.name}" WHERE "Id" = ?', [known_id])
        cursor.execute("INSERT INTO tombstone VALUES (?, ?, ?)", [sobject.name, known_id, now])
    return known_id


def _living(cursor: duckdb.DuckDBPyConnection, sobject: Sobject, record_id: str) -> str:
    """The id as it is kept, of a record that is there and not deleted."""
    ids = spellings(record_id)
    sql = f'SELECT "Id", "IsDeleted" FROM org."{sobject.name}" WHERE "Id" IN ({", ".join("?" for _ in ids)})'
    row = cursor.execute(sql, ids).fetchone()
    if row is None:
        raise not_found()
    if row[1]:
        raise ApiError("ENTITY_IS_DELETED", "entity is deleted", [])
    return str(row[0])


def _checked(sobject: Sobject, values: dict[str, Any]) -> dict[str, Any]:
    """The writable columns and typed values of a body, by the field's own spelling."""
    row: dict[str, Any] = {}
    for name, value in values.items():
        if name == "attributes":
            continue
        field = sobject.find(name)
        if field is None:
            raise ApiError("INVALID_FIELD", f"No such column '{name}' on sobject of type {sobject.name}")
        if is_read_only(field):
            message = (
                f"Unable to create/update fields: {field.name}. Please check the security settings of this field and "
                "verify that it is read/write for your profile or permission set."
            )
            raise ApiError("INVALID_FIELD_FOR_INSERT_UPDATE", message, [field.name])
        row[field.name] = _typed(field, value)
    return row


def _typed(field: Field, value: Any) -> Any:
    """A JSON value as its column holds it; texts of numbers and booleans are taken, as Salesforce takes them."""
    if value is None or value == "":
        return False if field.type == "boolean" else None
    try:
        if field.type == "boolean":
            return {"true": True, "false": False}[str(value).lower()]
        if field.type == "int":
            return int(value)
        if field.type in {"double", "currency", "percent"}:
            return float(value)
        if field.type == "date":
            return date.fromisoformat(str(value)[:10])
        if field.type == "datetime":
            return datetime.fromisoformat(str(value)).astimezone(UTC).replace(tzinfo=None)
    except (KeyError, ValueError) as error:
        message = f"Cannot deserialize instance of {field.type} from the value of {field.name}"
        raise ApiError("JSON_PARSER_ERROR", message, [field.name]) from error
    if not isinstance(value, str):
        raise ApiError(
            "JSON_PARSER_ERROR",
            f"Cannot deserialize instance of string from the value of {field.name}",
            [field.name],
        )
    if field.length and len(value) > field.length:
        message = f"{field.label}: data value too large: (max length={field.length})"
        raise ApiError("STRING_TOO_LONG", message, [field.name])
    return value


def _person_name(sobject: Sobject, row: dict[str, Any]) -> dict[str, str]:
    name = sobject.find("Name")
    if name is None or not name.formula or not sobject.find("LastName"):
        return {}
    return {"Name": " ".join(part for part in (row.get("FirstName"), row.get("LastName")) if part)}
