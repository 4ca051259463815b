"""The loader's own SQL on DuckDB, without the embedded warehouse around it: each statement is translated once.

A soak makes thousands of loads, and the embedded warehouse takes 50 to 300 ms for what DuckDB does in five. What the
embedded warehouse and Snowflake add to these statements is tested in `tests/load` and `tests/warehouse`.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import duckdb
import sqlglot
from sqlglot import exp

SETUP = Path(__file__).resolve().parents[2] / "warehouse" / "setup.sql"
BINDING = re.compile(r"%\((\w+)\)s")
PUT = re.compile(r"put 'file://(?P<path>[^']+)' @", re.IGNORECASE)
COPY = re.compile(r"copy into (?P<table>[\w.]+) from ", re.IGNORECASE)


# Statements as DuckDB takes them, with the names of their bindings; another process can be given them.
TRANSLATED: dict[str, tuple[str, tuple[str, ...]]] = {}
# The same, parsed, which is a quarter of what a statement costs.
PARSED: dict[str, duckdb.Statement] = {}


class QuickWarehouse:
    """A connection as the loader uses it, to one DuckDB file."""

    def __init__(self, path: Path) -> None:
        self._duckdb = duckdb.connect(str(path), config={"threads": 1})
        # For so few rows a better plan costs more than it saves.
        self._duckdb.execute("pragma disable_optimizer")
        self._parquet = ""

    def set_up(self) -> Self:
        """Create the OPS schema."""
        wanted = ("ops", "load_attempt", "load_ledger", "plan", "reject")
        for statement in sqlglot.parse(SETUP.read_text(), read="snowflake"):
            table = statement.find(exp.Table) if statement is not None else None
            if statement is not None and table is not None and ({table.name, table.db} & set(wanted)):
                self.execute(statement.sql("snowflake"))
        return self

    def cursor(self) -> Self:
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def close(self) -> None:
        self._duckdb.close()

    def execute(self, sql: str, bindings: Mapping[str, Any] | None = None) -> Self:
        """Run one statement of Snowflake's SQL with bindings of the form `%(name)s`."""
        if found := PUT.match(sql):
            self._parquet = found["path"]
        elif found := COPY.match(sql):
            self._duckdb.execute(
                f"insert into {found['table']} by name select * from read_parquet('{self._parquet}')"
            )
        elif not sql.startswith("create stage"):
            statement, names = _translated(sql)
            self._duckdb.execute(_parsed(statement), {name: (bindings or {})[name] for name in names})
        return self

    def fill(self, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """Put rows into a table that has as many columns."""
        if rows:
            marks = ", ".join(["(" + ", ".join("?" * len(rows[0])) + ")"] * len(rows))
            self._duckdb.execute(
                f"insert into {table} values {marks}", [each for row in rows for each in row]
            )

    def fetchall(self) -> list[tuple[Any, ...]]:
        return self._duckdb.fetchall()

    def fetchone(self) -> tuple[Any, ...] | None:
        return self._duckdb.fetchone()


def _translated(sql: str) -> tuple[str, tuple[str, ...]]:
    if sql not in TRANSLATED:
        TRANSLATED[sql] = _translate(sql)
    return TRANSLATED[sql]


def _parsed(statement: str) -> duckdb.Statement:
    if statement not in PARSED:
        [PARSED[statement]] = duckdb.extract_statements(statement)
    return PARSED[statement]


def _translate(sql: str) -> tuple[str, tuple[str, ...]]:
    names = tuple(dict.fromkeys(BINDING.findall(sql)))
    tree = sqlglot.parse_one(BINDING.sub(r"'<\1>'", sql), read="snowflake")
    for like in tree.find_all(exp.LikeProperty):
        # An empty copy: DuckDB has no `create table like`, and no temporary table in a schema.
        table, source = tree.this.sql("duckdb"), like.this.sql("duckdb")
        return f"create or replace table {table} as from {source} limit 0", ()
    text = tree.sql("duckdb")
    return re.sub(r"'<(\w+)>'", r"$\1", text), names
