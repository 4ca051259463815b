"""The account's data in one SQLite file.

Everything that HubSpot stores as an open set of fields (records, property definitions, pipelines) is a JSON column; what
is looked up or must be unique has a table of its own. Record ids are unique over all object types.
"""

import json
import sqlite3
from collections.abc import Iterator, Sized
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FIRST_RECORD_ID = 21_000_000_001  # real ids do not fit into 32 bits either
FIRST_USER_DEFINED = 10_001  # association types below are of HubSpot

SCHEMA = """
create table if not exists setting (name text primary key, value text not null) without rowid;
create table if not exists object_type (id text primary key, definition text not null) without rowid;
create table if not exists property_group (
  type_id text, name text, definition text not null, primary key (type_id, name)) without rowid;
create table if not exists property (
  type_id text, name text, definition text not null, archived integer not null default 0,
  primary key (type_id, name)) without rowid;
create table if not exists pipeline (
  type_id text, id text, position integer not null, definition text not null,
  primary key (type_id, id)) without rowid;
create table if not exists owner (id integer primary key, definition text not null);
create table if not exists association_label (
  type_id integer primary key, from_type text not null, to_type text not null, name text not null, label text,
  inverse_id integer not null);

-- previous and written_at let a search see what it would have seen some seconds ago
create table if not exists record (
  id integer primary key, type_id text not null, properties text not null,
  created_at text not null, updated_at text not null, archived_at text,
  previous text, written_at real not null);
create index if not exists record_by_type on record (type_id, id);
create table if not exists unique_value (
  type_id text, property text, value text, record_id integer not null,
  primary key (type_id, property, value)) without rowid;
create index if not exists unique_value_by_record on unique_value (record_id);
create table if not exists opted_out (address text primary key, moment text not null) without rowid;
create table if not exists file (
  id integer primary key, path text not null unique, access text not null, content blob not null, created_at text not null);
create table if not exists merged (id integer primary key, into_id integer not null);
create table if not exists association (
  from_id integer, to_type text, to_id integer, category text, association_type integer,
  primary key (from_id, to_type, to_id, category, association_type)) without rowid;
"""


def connect(path: Path) -> sqlite3.Connection:
    """Open the account's file, made if it is not there. One thread at a time may use the connection."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = normal")
    connection.executescript(SCHEMA)
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Do all of a call's changes, or none if it is refused."""
    connection.execute("begin immediate")
    try:
        yield
    except BaseException:
        connection.execute("rollback")
        raise
    connection.execute("commit")


def marks(values: Sized) -> str:
    """Give the question marks for a list of values in SQL."""
    return ",".join("?" * len(values))


def now() -> str:
    """Give the time as HubSpot writes it: UTC, milliseconds."""
    return timestamp(datetime.now(UTC))


def timestamp(moment: datetime) -> str:
    """Write a moment as HubSpot does; a full second has no fraction."""
    text = moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds")
    return text.removesuffix(".000") + "Z"


def put_object_type(db: sqlite3.Connection, definition: dict[str, Any]) -> None:
    """Write an object type."""
    query = "insert or replace into object_type (id, definition) values (?, ?)"
    db.execute(query, (definition["id"], json.dumps(definition)))


def put_group(db: sqlite3.Connection, type_id: str, definition: dict[str, Any]) -> None:
    """Write a property group."""
    query = "insert or replace into property_group (type_id, name, definition) values (?, ?, ?)"
    db.execute(query, (type_id, definition["name"], json.dumps(definition)))


def put_property(db: sqlite3.Connection, type_id: str, definition: dict[str, Any]) -> None:
    """Write a property, archived if its definition says so."""
    query = "insert or replace into property (type_id, name, definition, archived) values (?, ?, ?, ?)"
    archived = definition.get("archived", False)
    db.execute(query, (type_id, definition["name"], json.dumps(definition), archived))


def put_pipeline(db: sqlite3.Connection, type_id: str, definition: dict[str, Any]) -> None:
    """Write a pipeline with its stages."""
    query = "insert or replace into pipeline (type_id, id, position, definition) values (?, ?, ?, ?)"
    db.execute(query, (type_id, definition["id"], definition["displayOrder"], json.dumps(definition)))


def put_association_type(
    db: sqlite3.Connection, key: int, source: str, target: str, *, name: str, label: str | None, inverse: int
) -> None:
    """Write one direction of a kind of link."""
    query = "insert or replace into association_label values (?, ?, ?, ?, ?, ?)"
    db.execute(query, (key, source, target, name, label, inverse))


def next_association_id(db: sqlite3.Connection) -> int:
    """Give an id for a kind of link that the account defines itself; those of HubSpot are lower."""
    (highest,) = db.execute("select max(type_id) from association_label").fetchone()
    return max(int(highest) + 1, FIRST_USER_DEFINED)
