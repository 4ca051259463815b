"""The extract's own SQL on DuckDB, without the embedded warehouse around it: with stages, swaps and outages.

The embedded warehouse takes 50 to 300 ms for what DuckDB does in one. What it and Snowflake add to these statements is
tested in `tests/extract/test_salesforce.py` and `tests/warehouse`.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

import duckdb
import pyarrow as pa
import sqlglot
import zstandard
from snowflake.connector.errors import OperationalError
from sqlglot import exp
from sqlglot.optimizer.normalize_identifiers import normalize_identifiers

SETUP = Path(__file__).resolve().parents[1] / "warehouse" / "setup.sql"
PUT = re.compile(r"put 'file://(?P<files>[^']+)' (?P<stage>@\S+)")
COPY_ROWS = re.compile(r"copy into (?P<table>\S+) from (?P<stage>@\S+) file_format = \(type = parquet")
COPY_PAGES = re.compile(
    r"copy into (?P<target>.+?) from \(select (?P<cells>.+) from (?P<stage>@\S+)\) file_format"
)
SWAP = re.compile(r'alter table (?P<one>\S+) swap with raw_salesforce\.(?P<other>"[^"]+")')
# Each statement in DuckDB's words. A forked process is given what its parent has, for parsing costs more than all else.
TRANSLATIONS: dict[str, str] = {}
# What an outage does to the statement that meets it: it never arrives, or its answer is lost.
LOST = ("statement", "answer")
NO_OUTAGE = (0, 0, "statement")

csv.field_size_limit(2_000_000)


class RawWarehouse:
    """A connection as the extract uses it, to one DuckDB file.

    `watch` is told of each statement before and after it; `outage` (statements until it, statements that it lasts, one of
    `LOST`) lets the connection fail as it does when the warehouse is gone.
    """

    def __init__(self, path: Path, outage: tuple[int, int, str] = NO_OUTAGE) -> None:
        self._duckdb = duckdb.connect(str(path), config={"threads": 1})
        self._stages: dict[str, str] = {}
        self.fail(outage)
        self.watch: Callable[[str], None] = lambda _: None
        self.description: list[Any] = []

    def fail(self, outage: tuple[int, int, str] = NO_OUTAGE) -> None:
        """Be gone as an outage says; without one, be there."""
        self._until, self._gone, self._lost = outage

    def empty(self) -> None:
        """Drop the raw tables and forget what was done."""
        for schema, table in self.rows("select schema_name, table_name from duckdb_tables()"):
            made_by_extract = schema == "RAW_SALESFORCE" and not table.startswith("_")
            action = "drop table" if made_by_extract else "delete from"
            self._duckdb.execute(f'{action} {schema}."{table}"')

    def set_up(self) -> Self:
        """Create the schemas and tables that the extract finds."""
        self._duckdb.execute(
            "create macro iff(condition, one, other) as case when condition then one else other end"
        )
        for statement in sqlglot.parse(SETUP.read_text(), read="snowflake"):
            if isinstance(statement, exp.Create | exp.Alter) and statement.args.get("kind") in (
                "SCHEMA",
                "TABLE",
            ):
                self._duckdb.execute(_translated(statement.sql("snowflake")))
        return self

    def cursor(self) -> Self:
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def connect(self) -> None:
        """Connect anew, which may fail as any statement may."""
        self._fail_while_gone()
        self._stages.clear()

    def close(self) -> None:
        self._duckdb.close()

    def execute(self, sql: str, values: Sequence[Any] | None = None) -> Self:
        """Run one statement of Snowflake's SQL; its rows are there to be fetched."""
        self._until -= 1
        # The first one to fail may have been carried out all the same.
        if self._until == 0 and self._gone and self._lost == "answer":
            self._run(sql, values)
        self._fail_while_gone()
        self.watch("statement")
        self._run(sql, values)
        self.watch("done")
        return self

    def fetchall(self) -> list[tuple[Any, ...]]:
        return self._duckdb.fetchall()

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Give the rows of a query in DuckDB's own SQL, for the test."""
        return self._duckdb.execute(sql).fetchall()

    @property
    def columns(self) -> list[Any]:
        """The columns of what `rows` gave last."""
        return self._duckdb.description or []

    def _fail_while_gone(self) -> None:
        if self._until <= 0 < self._gone:
            self._gone -= 1
            # The server forgets a session's open transaction with it.
            self._duckdb.rollback() if self._in_transaction() else None
            raise OperationalError("the warehouse is gone", errno=250003)

    def _in_transaction(self) -> bool:
        one, other = (self._duckdb.execute("select txid_current()").fetchone() for _ in range(2))
        return one == other

    def _run(self, sql: str, values: Sequence[Any] | None) -> None:
        if found := PUT.match(sql):
            self._stages[found["stage"]] = found["files"]
        elif found := COPY_PAGES.match(sql):
            self._copy_pages(found["target"], found["cells"], self._stages[found["stage"]])
        elif found := COPY_ROWS.match(sql):
            self._duckdb.execute(
                f"insert into {found['table']} by name from read_parquet('{self._stages[found['stage']]}')"
            )
        elif found := SWAP.match(sql):
            self._swap(found["one"], found["other"])
        elif sql.startswith("create temporary stage") or (sql == "rollback" and not self._in_transaction()):
            self._duckdb.execute("select 0")
        else:
            self._duckdb.execute(_translated(sql), values)
        self._describe(sql)

    def _describe(self, sql: str) -> None:
        names = [column[0] for column in self._duckdb.description or ()]
        if names == ["Count"]:
            names = ["rows_loaded" if sql.startswith("copy") else f"number of rows {_done(sql)}"]
        self.description = [SimpleNamespace(name=name) for name in names]

    def _copy_pages(self, target: str, cells: str, files: str) -> None:
        paths = sorted(Path(files).parent.glob(Path(files).name))
        rows = [row for path in paths for row in _rows(path)]
        if not rows:
            self._duckdb.execute('select 0 as "Count"')
            return
        names = [f"c{place}" for place in range(1, len(rows[0]) + 1)]
        cells_of = [
            pa.array([cell or None for cell in column], pa.string()) for column in zip(*rows, strict=True)
        ]
        self._duckdb.register("page", pa.table(cells_of, names))
        asked = re.sub(r"\$(\d+)", r"c\1", cells).replace("::timestamp_ntz", "::timestamp")
        self._duckdb.execute(f"insert into {target} select {asked} from page")

    def _swap(self, one: str, other: str) -> None:
        name = one.removeprefix("raw_salesforce.")
        self._duckdb.begin()
        for old, new in (
            (one, '"_SWAPPED"'),
            (f"raw_salesforce.{other}", name),
            ('raw_salesforce."_SWAPPED"', other),
        ):
            self._duckdb.execute(f"alter table {old} rename to {new}")
        self._duckdb.commit()


def _done(sql: str) -> str:
    return "inserted" if sql.startswith("insert") else "updated"


def _rows(path: Path) -> Iterator[list[str]]:
    with path.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as packed:
        text = packed.read().decode()
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    next(rows)
    yield from rows


def _translated(sql: str) -> str:
    if sql not in TRANSLATIONS:
        tree = sqlglot.parse_one(sql.replace("%s", "'<?>'"), read="snowflake")
        for create in tree.find_all(exp.TransientProperty, exp.TemporaryProperty):
            create.pop()
        # Names without quotes are in upper case, as catalogs then show them.
        tree = normalize_identifiers(tree, dialect="snowflake")
        TRANSLATIONS[sql] = (
            tree.sql("duckdb").replace("'<?>'", "?").replace("SYSDATE()", "current_localtimestamp()")
        )
    return TRANSLATIONS[sql]
