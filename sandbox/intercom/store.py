"""The workspace's state: one SQLite file in WAL mode.

Contacts, companies and attachments, of which there may be a million, have tables of their own. Everything else is a
document: a JSON object with a kind, a number and, where it belongs to something, a parent.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

Json = dict[str, Any]

SCHEMA = """
create table if not exists contact (
  seq integer primary key, id text not null unique, external_id text, email_key text, role text not null,
  archived integer not null default 0, merged_into text, searchable_at real not null,
  created_at integer not null, updated_at integer not null, body text not null);
create index if not exists contact_external_id on contact (external_id);
create index if not exists contact_email on contact (email_key);
create index if not exists contact_live on contact (seq) where not archived and merged_into is null;
create table if not exists company (
  seq integer primary key, id text not null unique, company_id text not null, name text, deleted integer not null default 0,
  created_at integer not null, updated_at integer not null, body text not null);
create unique index if not exists company_company_id on company (company_id) where not deleted;
create index if not exists company_name on company (name);
create table if not exists attachment (
  contact_id text not null, company_id text not null, attached_at integer not null, primary key (contact_id, company_id)
) without rowid;
create index if not exists attachment_company on attachment (company_id);
create table if not exists tagging (
  kind text not null, object_id text not null, tag_id integer not null, applied_at integer not null,
  primary key (kind, object_id, tag_id)) without rowid;
create index if not exists tagging_tag on tagging (tag_id);
create table if not exists subscription (
  contact_id text not null, subscription_id integer not null, consent_type text not null,
  primary key (contact_id, subscription_id)) without rowid;
create table if not exists document (
  kind text not null, id integer not null, parent text not null default '', body text not null, primary key (kind, id)
) without rowid;
create index if not exists document_parent on document (kind, parent);
create table if not exists sequence (kind text primary key, value integer not null) without rowid;
create table if not exists setting (name text primary key, value text not null) without rowid;
"""
TABLES = ("contact", "company", "attachment", "tagging", "subscription", "document", "sequence", "setting")

# The middle of an id, where MongoDB's ids carry machine and process; it keeps the two kinds apart.
MACHINES = {"contact": "1bb69f9f21", "company": "1bb69f9f22"}
FIRST_NUMBER = {"admin": 991267465, "message": 403918320, "ticket_state": 8481, "ticket": 626}


@dataclass(frozen=True, slots=True)
class Settings:
    """What the control routes change.

    requests_per_minute: the rate limit of the app.
    response_seconds: added to every answer.
    search_lag_seconds: how long a new contact or ticket stays out of search.
    timezone: of the workspace; contact search works by its calendar days.
    default_version: used when a call has no Intercom-Version header.
    attribute_limit: number of custom attributes that the plan allows.
    """

    requests_per_minute: int = 10_000
    response_seconds: float = 0.0
    search_lag_seconds: float = 2.0
    timezone: str = "UTC"
    default_version: str = "2.14"
    attribute_limit: int = 250


class Store:
    """Rows and documents of the workspace. Used by one thread at a time: the event loop's."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("pragma journal_mode = wal")
        # In WAL mode this loses nothing when the process dies, only when the machine does.
        self._connection.execute("pragma synchronous = normal")
        self._connection.executescript(SCHEMA)
        self.settings = self._read_settings()

    def close(self) -> None:
        self._connection.close()

    def rows(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        return self._connection.execute(sql, values).fetchall()

    def row(self, sql: str, *values: Any) -> sqlite3.Row | None:
        row: sqlite3.Row | None = self._connection.execute(sql, values).fetchone()
        return row

    def value(self, sql: str, *values: Any) -> Any:
        """Give the first column of the first row; there must be one."""
        return self._connection.execute(sql, values).fetchone()[0]

    def run(self, sql: str, *values: Any) -> int:
        """Execute a statement and give the number of rows it changed."""
        return self._connection.execute(sql, values).rowcount

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Keep everything that happens inside, or nothing of it."""
        self._connection.execute("begin immediate")
        try:
            yield
        except BaseException:
            self._connection.execute("rollback")
            raise
        self._connection.execute("commit")

    def clear(self) -> None:
        """Forget everything, settings included."""
        for table in TABLES:
            self._connection.execute(f"delete from {table}")
        self.settings = Settings()

    def next_number(self, kind: str) -> int:
        first = FIRST_NUMBER.get(kind, 1)
        sql = """insert into sequence (kind, value) values (?, ?)
                 on conflict (kind) do update set value = value + 1 returning value"""
        number: int = self.value(sql, kind, first)
        return number

    def add(self, kind: str, body: Json, parent: str = "") -> int:
        """Keep a new document and give its number."""
        number = self.next_number(kind)
        text = json.dumps(body)
        self.run(
            "insert into document (kind, id, parent, body) values (?, ?, ?, ?)", kind, number, parent, text
        )
        return number

    def put(self, kind: str, number: int, body: Json) -> None:
        self.run("update document set body = ? where kind = ? and id = ?", json.dumps(body), kind, number)

    def get(self, kind: str, number: str | int) -> Json | None:
        """Give a document with its number as `id`, or None; a number that is no number finds nothing."""
        if not str(number).isdecimal():
            return None
        row = self.row("select id, body from document where kind = ? and id = ?", kind, int(number))
        return None if row is None else read(row)

    def all(self, kind: str, parent: str = "") -> list[Json]:
        """Give the documents of a kind that have this parent, oldest first."""
        sql = "select id, body from document where kind = ? and parent = ? order by id"
        return [read(row) for row in self.rows(sql, kind, parent)]

    def remove(self, kind: str, number: int) -> None:
        self.run("delete from document where kind = ? and id = ?", kind, number)

    def configure(self, **changes: Any) -> None:
        self.settings = replace(self.settings, **changes)
        for name in changes:
            value = json.dumps(getattr(self.settings, name))
            self.run("insert or replace into setting (name, value) values (?, ?)", name, value)

    def _read_settings(self) -> Settings:
        known = asdict(Settings())
        kept = {row["name"]: json.loads(row["value"]) for row in self.rows("select name, value from setting")}
        return Settings(**{name: kept.get(name, default) for name, default in known.items()})


def read(row: sqlite3.Row) -> Json:
    """Give a row's JSON with the row's id."""
    return {**json.loads(row["body"]), "id": row["id"]}


def object_id(kind: str, number: int, now: float) -> str:
    """Make an id of 24 hexadecimal digits, as contacts and companies have: time, machine, counter."""
    return f"{int(now):08x}{MACHINES[kind]}{number % 0x1000000:06x}"
