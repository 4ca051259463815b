"""DDL commits the open transaction and runs on its own, as in Snowflake.

In DuckDB, DDL is part of the transaction; upstream then notes the lengths of a table's texts in a second database,
and one transaction may write to one database only.

Can go when fakesnow commits before DDL.
"""

from typing import Any

import duckdb
import snowflake.connector.errors
from sqlglot import Expr, exp

from warehouse.mends.upstream import Cursor

DDL = (exp.Create, exp.Drop, exp.Alter, exp.TruncateTable, exp.Comment)


class DdlCommits(Cursor):
    """Commits before DDL."""

    def _transform(self, expression: Expr, params: Any) -> Expr:
        if isinstance(expression, DDL):
            self._commit()
        return super()._transform(expression, params)

    def _commit(self) -> None:
        try:
            self._duck_conn.commit()
        except duckdb.TransactionException as error:
            if "no transaction is active" not in str(error):
                # Not to be taken for a conflict of the DDL itself, which would be run again: the work is lost.
                raise snowflake.connector.errors.ProgrammingError(
                    str(error), errno=625, sqlstate="57014"
                ) from error
