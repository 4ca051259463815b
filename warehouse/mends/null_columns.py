"""`create table … as select null as x` makes a VARCHAR column, as in Snowflake.

DuckDB 2.0 gives such a column the type "NULL", which no value fits and no cast names. dbt meets it in unit tests
whose rows leave a column null.

Can go when fakesnow types untyped nulls as text in CREATE TABLE AS.
"""

from typing import Any

from sqlglot import Expr, exp

from warehouse.mends.upstream import Cursor

FIND = "SELECT column_name FROM (DESCRIBE {table}) WHERE column_type = '\"NULL\"'"


class NullColumns(Cursor):
    """Makes text of the untyped columns of a table just created from a query."""

    def _execute(self, transformed: Expr, params: Any = None) -> None:
        super()._execute(transformed, params)
        if isinstance(transformed, exp.Create) and transformed.kind == "TABLE" and transformed.expression:
            table = transformed.find(exp.Table)
            assert table is not None  # noqa: S101  a CREATE TABLE always names one
            name = table.sql(dialect="duckdb")
            for (column,) in self._duck_conn.execute(FIND.format(table=name)).fetchall():
                identifier = exp.to_identifier(column, quoted=True).sql(dialect="duckdb")
                self._duck_conn.execute(f"ALTER TABLE {name} ALTER {identifier} TYPE VARCHAR")
