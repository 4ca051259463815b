"""MERGE through DuckDB's own MERGE INTO.

Upstream rewrites MERGE into a helper table and three statements. That fails when an INSERT names its columns
without a table (what dbt emits), and inside a transaction, because the helper table lies in another database.
DuckDB merges natively; what remains is to count the rows by action, as Snowflake reports them.

Can go when fakesnow uses DuckDB's MERGE INTO.
"""

from collections import Counter
from typing import Any

import sqlglot
from fakesnow.transforms.merge import operations
from sqlglot import Expr, exp

from warehouse.mends.upstream import Cursor

ACTIONS = {"inserted": "INSERT", "updated": "UPDATE", "deleted": "DELETE"}


class Merge(Cursor):
    """Leaves MERGE whole and executes it as one statement."""

    def _transform_explode(self, expression: Expr) -> list[Expr]:
        if isinstance(expression, exp.Merge):
            return [expression]
        return super()._transform_explode(expression)

    def _execute(self, transformed: Expr, params: Any = None) -> None:
        if isinstance(transformed, exp.Merge):
            transformed, params = self._merged(transformed, params), None
        super()._execute(transformed, params)

    def _merged(self, merge: exp.Merge, params: Any) -> Expr:
        """Execute the merge and give the query that reports its row counts."""
        performed = [name for name, clauses in operations(merge).items() if clauses]
        sql = f"{merge.sql(dialect='duckdb')} RETURNING merge_action"
        counts = Counter(action for (action,) in self._duck_conn.execute(sql, params).fetchall())
        columns = ", ".join(f'{counts[ACTIONS[name]]} AS "number of rows {name}"' for name in performed)
        report = sqlglot.parse_one(f"SELECT {columns}", read="duckdb")
        report.set("merge_counts", True)  # upstream adds the columns up to the statement's row count
        return report
