"""Changes to single records, each inside the transaction of the cursor it is given."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

import duckdb

from sandbox.salesforce.dates import utc
from sandbox.salesforce.describe import may_set
from sandbox.salesforce.errors import ApiError, not_found
from sandbox.salesforce.ids import new_id, spellings
from sandbox.salesforce.org import Field, Sobject
from sandbox.salesforce.store import Store, utc_now


class Edits:
    """What `user_id` changes, in one transaction. Every change moves SystemModstamp."""

    def __init__(self, store: Store, cursor: duckdb.DuckDBPyConnection, user_id: str) -> None:
        self.store = store
        self.cursor = cursor
        self.user_id = user_id

    def create(self, sobject: Sobject, values: Mapping[str, Any]) -> str:
        """Add a record and give its id.

        Raises:
            ApiError: REQUIRED_FIELD_MISSING, or as for `update`.

        """
        given = _typed_row(sobject, values, "createable")
        missing = [
            each.name for each in sobject.columns if _must_be_given(each) and given.get(each.name) is None
        ]
        if missing:
            message = f"Required fields are missing: [{', '.join(missing)}]"
            raise ApiError("REQUIRED_FIELD_MISSING", message, missing)
        number = self.store.next_number(sobject.name)
        record_id, now = new_id(sobject.prefix, number), utc_now()
        stamps = dict.fromkeys(("CreatedDate", "LastModifiedDate", "SystemModstamp"), now)
        people = dict.fromkeys(("CreatedById", "LastModifiedById"), self.user_id)
        row = self._defaults(sobject, number) | given | {"Id": record_id} | stamps | people
        row |= _person_name(sobject, row.get("FirstName"), row.get("LastName"))
        names, marks = ", ".join(f'"{name}"' for name in row), ", ".join("?" for _ in row)
        self.cursor.execute(
            f'INSERT INTO org."{sobject.name}" ({names}) VALUES ({marks})', list(row.values())
        )
        return record_id

    def update(self, sobject: Sobject, record_id: str, values: Mapping[str, Any]) -> str:
        """Change a record and give its id.

        Raises:
            ApiError: NOT_FOUND, ENTITY_IS_DELETED, INVALID_FIELD, INVALID_FIELD_FOR_INSERT_UPDATE, STRING_TOO_LONG,
                JSON_PARSER_ERROR.

        """
        known_id = self._living(sobject, record_id)
        given = _typed_row(sobject, values, "updateable")
        self._set(sobject, known_id, given | self._stamps())
        if {"FirstName", "LastName"} & given.keys():
            sql = f'SELECT "FirstName", "LastName" FROM org."{sobject.name}" WHERE "Id" = ?'
            first, last = self.cursor.execute(sql, [known_id]).fetchone() or (None, None)
            self._set(sobject, known_id, _person_name(sobject, first, last))
        return known_id

    def delete(self, sobject: Sobject, record_id: str) -> str:
        """Move a record to the recycle bin, or drop it where its object has none; gives its id.

        Raises:
            ApiError: NOT_FOUND, ENTITY_IS_DELETED.

        """
        known_id = self._living(sobject, record_id)
        if sobject.undeletable:
            self._set(sobject, known_id, {"IsDeleted": True} | self._stamps())
        else:
            self.cursor.execute(f'DELETE FROM org."{sobject.name}" WHERE "Id" = ?', [known_id])
            self.cursor.execute("INSERT INTO tombstone VALUES (?, ?, ?)", [sobject.name, known_id, utc_now()])
        return known_id

    def _defaults(self, sobject: Sobject, number: int) -> dict[str, Any]:
        defaults: dict[str, Any] = {each.name: False for each in sobject.columns if each.type == "boolean"}
        defaults |= {
            each.name: each.said["defaultValue"] for each in sobject.columns if "defaultValue" in each.said
        }
        defaults |= {"OwnerId": self.user_id} if sobject.find("OwnerId") else {}
        return defaults | ({"CaseNumber": f"{number:08d}"} if sobject.find("CaseNumber") else {})

    def _stamps(self) -> dict[str, Any]:
        now = utc_now()
        return {"LastModifiedDate": now, "SystemModstamp": now, "LastModifiedById": self.user_id}

    def _set(self, sobject: Sobject, record_id: str, row: Mapping[str, Any]) -> None:
        if row:
            sets = ", ".join(f'"{name}" = ?' for name in row)
            sql = f'UPDATE org."{sobject.name}" SET {sets} WHERE "Id" = ?'
            self.cursor.execute(sql, [*row.values(), record_id])

    def _living(self, sobject: Sobject, record_id: str) -> str:
        """Give the id as it is kept, of a record that is there and not deleted."""
        ids = spellings(record_id)
        marks = ", ".join("?" for _ in ids)
        sql = f'SELECT "Id", "IsDeleted" FROM org."{sobject.name}" WHERE "Id" IN ({marks})'
        row = self.cursor.execute(sql, ids).fetchone()
        if row is None:
            raise not_found()
        if row[1]:
            raise ApiError("ENTITY_IS_DELETED", "entity is deleted", [])
        return str(row[0])


def _must_be_given(field: Field) -> bool:
    return (
        field.required
        and field.type != "boolean"
        and field.name not in {"OwnerId", "ProfileId", "TimeZoneSidKey"}
        and "defaultValue" not in field.said
        and may_set(field, "createable")
    )


def _typed_row(sobject: Sobject, values: Mapping[str, Any], right: str) -> dict[str, Any]:
    """Give the columns and values of a JSON body, in the org's own spelling and types."""
    row: dict[str, Any] = {}
    for name, value in values.items():
        if name == "attributes":
            continue
        field = sobject.find(name)
        if field is None:
            raise ApiError("INVALID_FIELD", f"No such column '{name}' on sobject of type {sobject.name}")
        if not may_set(field, right):
            message = (
                f"Unable to create/update fields: {field.name}. Please check the security settings of this field and "
                "verify that it is read/write for your profile or permission set."
            )
            raise ApiError("INVALID_FIELD_FOR_INSERT_UPDATE", message, [field.name])
        row[field.name] = _typed(field, value)
    return row


def _typed(field: Field, value: Any) -> Any:
    """Give a JSON value as its column holds it; numbers and booleans may come as text, as Salesforce takes them."""
    if value is None or value == "":
        return False if field.type == "boolean" else None
    if field.length and len(str(value)) > field.length:
        message = f"{field.label}: data value too large: (max length={field.length})"
        raise ApiError("STRING_TOO_LONG", message, [field.name])
    read: Callable[[Any], Any] = READERS.get(field.type, _text)
    try:
        return read(value)
    except (KeyError, TypeError, ValueError) as error:
        message = f"Cannot deserialize instance of {field.type} from the value of {field.name}"
        raise ApiError("JSON_PARSER_ERROR", message, [field.name]) from error


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _datetime(value: Any) -> datetime:
    return utc(str(value))


def _boolean(value: Any) -> bool:
    return {"true": True, "false": False}[str(value).lower()]


def _date(value: Any) -> date:
    return date.fromisoformat(str(value)[:10])


READERS: dict[str, Callable[[Any], Any]] = {
    "boolean": _boolean,
    "int": int,
    "double": float,
    "currency": float,
    "percent": float,
    "date": _date,
    "datetime": _datetime,
}


def _person_name(sobject: Sobject, first: str | None, last: str | None) -> dict[str, str]:
    """Give Name where Salesforce makes it of its parts."""
    name = sobject.find("Name")
    if name is None or not name.formula or not sobject.find("LastName"):
        return {}
    return {"Name": " ".join(part for part in (first, last) if part)}
