"""DDL commits the open transaction and runs on its own, as in Snowflake.

In DuckDB, DDL is part of the transaction; upstream then notes the lengths of a table's texts in a second database,
and one transaction may write to one database only.

Can go when fakesnow commits before DDL.
"""

from contextlib import suppress
from typing import Any

import duckdb
from sqlglot import Expr, exp

from warehouse.mends.upstream import Cursor

DDL = (exp.Create, exp.Drop, exp.Alter, exp.TruncateTable, exp.Comment)


class DdlCommits(Cursor):
    """Commits before DDL."""

    def _transform(self, expression: Expr, params: Any) -> Expr:
        if isinstance(expression, DDL):
            with suppress(duckdb.TransactionException):  # none is open
                self._duck_conn.commit()
        return super()._transform(expression, params)
