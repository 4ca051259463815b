"""Records in the store: find them, write them, show them."""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from sandbox.hubspot.catalogue import ObjectType
from sandbox.hubspot.errors import Json
from sandbox.hubspot.store import marks
from sandbox.hubspot.validation import Values

COLUMNS = "id, properties, created_at, updated_at, archived_at"


@dataclass(frozen=True, slots=True)
class Record:
    """One record; `properties` has only those with a value, all as text."""

    id: int
    properties: Values
    created_at: str
    updated_at: str
    archived_at: str | None = None


def record(row: Sequence[str | int | None]) -> Record:
    """Read a row of COLUMNS."""
    key, properties, created_at, updated_at, archived_at = row
    return Record(key, msgspec.json.decode(properties), created_at, updated_at, archived_at)  # type: ignore[arg-type]


def _text(properties: Values) -> str:
    return msgspec.json.encode(properties).decode()


def by_id(
    db: sqlite3.Connection, kind: ObjectType, ids: Iterable[int], *, archived: bool = False
) -> dict[int, Record]:
    """Find records by id; ids that are not there are left out. An id that was merged away gives the surviving record."""
    wanted = list(ids)
    survivors = dict(db.execute(f"select id, into_id from merged where id in ({marks(wanted)})", wanted))
    state = "archived_at is not null" if archived else "archived_at is null"
    keys = [survivors.get(key, key) for key in wanted]
    query = f"select {COLUMNS} from record where id in ({marks(keys)}) and type_id = ? and {state}"
    found = {row[0]: record(row) for row in db.execute(query, (*keys, kind.id))}
    return {key: found[survivors.get(key, key)] for key in wanted if survivors.get(key, key) in found}


def holders(db: sqlite3.Connection, kind: ObjectType, name: str, values: Iterable[str]) -> dict[str, int]:
    """Give the ids of the records that have these values of a unique property."""
    wanted = list(values)
    query = f"select value, record_id from unique_value where type_id = ? and property = ? and value in ({marks(wanted)})"
    return dict(db.execute(query, (kind.id, name, *wanted)))


def page(db: sqlite3.Connection, kind: ObjectType, after: int, limit: int, *, archived: bool) -> list[Record]:
    """Give `limit` records in the order of their ids, starting behind `after`."""
    state = "archived_at is not null" if archived else "archived_at is null"
    query = f"select {COLUMNS} from record where type_id = ? and id > ? and {state} order by id limit ?"
    return [record(row) for row in db.execute(query, (kind.id, after, limit))]


def insert(db: sqlite3.Connection, kind: ObjectType, new: Iterable[Record], moment: float) -> None:
    """Write new records; `moment` (Unix seconds) is when, for searches."""
    query = "insert into record (id, type_id, properties, created_at, updated_at, written_at) values (?, ?, ?, ?, ?, ?)"
    db.executemany(
        query, [(r.id, kind.id, _text(r.properties), r.created_at, r.updated_at, moment) for r in new]
    )


def update(db: sqlite3.Connection, changed: Iterable[Record], moment: float, lag: float) -> None:
    """Write records over their older selves, which a search goes on seeing for `lag` seconds."""
    query = """update record set properties = ?, updated_at = ?, written_at = ?,
      previous = case when written_at > ? then previous else properties end where id = ?"""
    rows = [(_text(r.properties), r.updated_at, moment, moment - lag, r.id) for r in changed]
    db.executemany(query, rows)


def claim(db: sqlite3.Connection, kind: ObjectType, values: Iterable[tuple[str, str, int]]) -> None:
    """Note (property, value, record id) of unique properties; a record may have held the value as a further one before."""
    db.executemany(
        "insert or replace into unique_value values (?, ?, ?, ?)", [(kind.id, *each) for each in values]
    )


def release(db: sqlite3.Connection, kind: ObjectType, values: Iterable[tuple[str, str]]) -> None:
    """Free (property, value) of unique properties."""
    query = "delete from unique_value where type_id = ? and property = ? and value = ?"
    db.executemany(query, [(kind.id, *each) for each in values])


def archive(db: sqlite3.Connection, kind: ObjectType, ids: Iterable[int], moment: str) -> int:
    """Archive records: their unique values become free and their links vanish. Returns how many there were."""
    keys = list(ids)
    query = f"update record set archived_at = ? where id in ({marks(keys)}) and type_id = ? and archived_at is null"
    count = db.execute(query, (moment, *keys, kind.id)).rowcount
    db.execute(f"delete from unique_value where record_id in ({marks(keys)})", keys)
    unlink(db, keys)
    return count


def unlink(db: sqlite3.Connection, ids: Sequence[int]) -> None:
    """Remove all links of some records, in both directions."""
    for key in ids:
        ends = db.execute("select distinct to_id from association where from_id = ?", (key,)).fetchall()
        db.executemany(
            "delete from association where from_id = ? and to_id = ?", [(end, key) for (end,) in ends]
        )
    db.execute(f"delete from association where from_id in ({marks(ids)})", ids)


def show(kind: ObjectType, found: Record, names: Iterable[str], **more: object) -> Json:
    """Give a record as the API does, with the named properties (null where there is no value) and those of every read."""
    always = {kind.created: found.created_at, "hs_object_id": str(found.id), kind.modified: found.updated_at}
    properties = {name: found.properties.get(name, always.get(name)) for name in (*always, *names)}
    shown: Json = {
        "id": str(found.id),
        "properties": properties,
        "createdAt": found.created_at,
        "updatedAt": found.updated_at,
        "archived": found.archived_at is not None,
    }
    if found.archived_at is not None:
        shown["archivedAt"] = found.archived_at
    return shown | {name: value for name, value in more.items() if value is not None}
