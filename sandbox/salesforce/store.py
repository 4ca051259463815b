"""The stand-in's state: one DuckDB file with a table for each object, and the sessions, jobs and cursors beside it."""

import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from sandbox.salesforce.org import Field, Org, declared_org

DATABASE = "salesforce.duckdb"
# Enough for a million wide records in one query; what is larger goes to disk.
MEMORY = "2GB"
# Rows that are read at once, each of at most 1.6 million characters of long text.
BATCH_ROWS = 10_000
COLUMN_TYPES = {
    "boolean": "BOOLEAN",
    "int": "BIGINT",
    "double": "DOUBLE",
    "currency": "DOUBLE",
    "percent": "DOUBLE",
    "date": "DATE",
    "datetime": "TIMESTAMP",
}
# The admin whom the stand-in's credentials belong to, where the data names no user of its own.
ADMIN_USERNAME = "admin@acme.example"
ADMIN_ID = "005000000000001AAA"
CONTROL_TABLES = """
CREATE SCHEMA IF NOT EXISTS org;
CREATE TABLE IF NOT EXISTS setting (name VARCHAR PRIMARY KEY, value VARCHAR);
CREATE TABLE IF NOT EXISTS session (token VARCHAR PRIMARY KEY, user_id VARCHAR, live BOOLEAN);
CREATE TABLE IF NOT EXISTS sequence (name VARCHAR PRIMARY KEY, last BIGINT);
CREATE TABLE IF NOT EXISTS tombstone (sobject VARCHAR, id VARCHAR, deleted_at TIMESTAMP);
CREATE TABLE IF NOT EXISTS cursor (id VARCHAR PRIMARY KEY, query VARCHAR, deleted BOOLEAN, total BIGINT, created_at TIMESTAMP);
CREATE TABLE IF NOT EXISTS job (
    id VARCHAR PRIMARY KEY, operation VARCHAR, query VARCHAR, sobject VARCHAR, created_by VARCHAR, created_at TIMESTAMP,
    modified_at TIMESTAMP, state VARCHAR, api_version DOUBLE, column_delimiter VARCHAR, line_ending VARCHAR,
    records BIGINT, milliseconds BIGINT, error VARCHAR
);
"""


class Store:
    """Open the state of `home`, making it on first use. Readers never wait; writers take turns."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.files = home / "results"
        self.files.mkdir(parents=True, exist_ok=True)
        self._writing = threading.RLock()
        self._connection = duckdb.connect(str(home / DATABASE))
        self._connection.execute(f"SET GLOBAL TimeZone = 'UTC'; SET memory_limit = '{MEMORY}'")
        self._connection.execute(CONTROL_TABLES)
        # The org that EntityDefinition and FieldDefinition tell of.
        self.catalogued: Org | None = None
        # Whether a table may have fields of another org, and they of other types.
        self._altered = False
        self.use(declared_org())

    def use(self, org: Org, hidden: Mapping[str, Collection[str]] | None = None) -> None:
        """Play this org, of which field-level security hides some fields from the login; make the tables it needs."""
        present = self._columns()
        for sobject in (*org, *org.catalogue.values()):
            columns = {each.name: f'"{each.name}" {column_type(each)}' for each in sobject.columns}
            if sobject.name not in present:
                self._connection.execute(f'CREATE TABLE org."{sobject.name}" ({", ".join(columns.values())})')
                continue
            for name, declared in columns.items():
                if name.lower() not in present[sobject.name]:
                    self._connection.execute(f'ALTER TABLE org."{sobject.name}" ADD COLUMN {declared}')
        self._altered = self._altered or org is not declared_org()
        self.org = org
        self.hidden = hidden or {}
        # The org as the login sees it.
        self.visible = org.without(self.hidden)

    def _columns(self) -> dict[str, set[str]]:
        sql = "SELECT table_name, list(lower(column_name)) FROM duckdb_columns() WHERE schema_name = 'org' GROUP BY ALL"
        return {table: set(columns) for table, columns in self.execute(sql).fetchall()}

    def close(self) -> None:
        """Write everything down and let go of the file."""
        self._connection.close()

    def execute(self, sql: str, parameters: Any = ()) -> duckdb.DuckDBPyConnection:
        """Run one statement on a cursor of its own; rows come as they are fetched, not all at once."""
        return self._connection.cursor().execute(sql, parameters)

    def batches(self, sql: str, parameters: Any = ()) -> Iterator[Any]:
        """Give the rows of a query as Arrow record batches of so many rows, as they are fetched."""
        yield from self._connection.cursor().sql(sql, params=list(parameters)).to_arrow_reader(BATCH_ROWS)

    def row(self, sql: str, parameters: Any = ()) -> tuple[Any, ...] | None:
        """Give the first row, or None."""
        return self.execute(sql, parameters).fetchone()

    def number(self, sql: str, parameters: Any = ()) -> int:
        """Give the one number that a counting statement returns."""
        row = self.row(sql, parameters)
        return int(row[0]) if row and row[0] is not None else 0

    def keep_result(self, sql: str, parameters: Any, file: Path) -> int:
        """Write the rows of a query to a Parquet file, in their order, and count them."""
        path = str(file).replace("'", "''")
        self.execute(f"COPY ({sql}) TO '{path}' (FORMAT parquet)", parameters)
        return self.number("SELECT count(*) FROM read_parquet(?)", [str(file)])

    @contextmanager
    def writing(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Hold the only writer's place in a transaction; all or nothing is kept."""
        with self._writing:
            cursor = self._connection.cursor()
            cursor.begin()
            try:
                yield cursor
            except BaseException:
                cursor.rollback()
                raise
            cursor.commit()

    def next_number(self, name: str) -> int:
        """Count up a sequence, from 1."""
        with self.writing() as cursor:
            sql = "INSERT INTO sequence VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET last = last + 1 RETURNING last"
            row = cursor.execute(sql, [name]).fetchone()
        return int(row[0]) if row else 0

    def setting(self, name: str) -> str | None:
        """Give a kept setting, or None."""
        row = self.row("SELECT value FROM setting WHERE name = ?", [name])
        return str(row[0]) if row else None

    def keep_setting(self, name: str, value: str) -> None:
        """Keep a setting over restarts."""
        with self.writing() as cursor:
            cursor.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", [name, value])

    def forget_settings(self, prefix: str) -> None:
        """Drop the settings whose names begin so."""
        with self.writing() as cursor:
            cursor.execute("DELETE FROM setting WHERE starts_with(name, ?)", [prefix])

    def admin_id(self) -> str:
        """Give the id of the user that stands behind the credentials and owns what names no owner."""
        sql = 'SELECT "Id" FROM org."User" ORDER BY lower("Username") = ? DESC, "IsActive" DESC, "Id" LIMIT 1'
        row = self.row(sql, [ADMIN_USERNAME])
        return str(row[0]) if row else ADMIN_ID

    def username(self, user_id: str) -> str:
        """Give the login name of a user."""
        row = self.row('SELECT "Username" FROM org."User" WHERE "Id" = ?', [user_id])
        return str(row[0]) if row else ADMIN_USERNAME

    def reset(self) -> None:
        """Play the declared org again, without a record, and forget jobs and cursors; sessions and the JWT key stay."""
        empty = "DROP TABLE" if self._altered else "DELETE FROM"
        with self.writing() as cursor:
            for table in self._columns():
                cursor.execute(f'{empty} org."{table}"')
            for table in ("sequence", "tombstone", "cursor", "job"):
                cursor.execute(f"DELETE FROM {table}")
        self.catalogued, self._altered = None, False
        self.use(declared_org())
        for file in self.files.iterdir():
            file.unlink()


def column_type(field: Field) -> str:
    """Give the DuckDB type that holds a field's values."""
    return COLUMN_TYPES.get(field.type, "VARCHAR")


def utc_now() -> datetime:
    """Give the time as Salesforce stamps it: UTC, whole seconds; without zone, as it is kept."""
    return datetime.now(UTC).replace(tzinfo=None, microsecond=0)
