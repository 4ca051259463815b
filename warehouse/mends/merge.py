"""MERGE through DuckDB's own MERGE INTO.

Upstream rewrites MERGE into a helper table and three statements. That fails when an INSERT names its columns
without a table (what dbt emits), and inside a transaction, because the helper table lies in another database.
DuckDB merges natively; what remains is to count the rows by action, as Snowflake reports them.

An update in place makes DuckDB unpack every block of every column that has one such row in it: one row in a thousand
of a wide table costs as much as all of them. Where most of a row is set, the row is deleted and inserted anew, which
costs as much as the rows that change. It is deleted by its number: a MERGE that finds a row reads all its columns, of every row.

Can go when fakesnow uses DuckDB's MERGE INTO, and DuckDB updates few rows at the cost of few.
"""

from collections import Counter
from typing import Any

import sqlglot
from fakesnow.transforms.merge import operations
from sqlglot import Expr, exp

from warehouse.mends.together import Together

ACTIONS = {"inserted": "INSERT", "updated": "UPDATE", "deleted": "DELETE"}
# So many columns set, and at least half of all, make a row that is written anew.
WIDE = 8
CONSTRAINED = (
    "SELECT 1 FROM duckdb_constraints() WHERE constraint_type IN ('PRIMARY KEY', 'UNIQUE') AND lower(table_name) = lower(?) "
    "AND lower(schema_name) = lower(?)"
)


class Merge(Together):
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
        counts = None if params else self._rewritten(merge)
        if counts is None:
            counts = self._actions(merge, params)
        columns = ", ".join(f'{counts[ACTIONS[name]]} AS "number of rows {name}"' for name in performed)
        report = sqlglot.parse_one(f"SELECT {columns}", read="duckdb")
        report.set("merge_counts", True)  # upstream adds the columns up to the statement's row count
        return report

    def _actions(self, merge: exp.Merge, params: Any = None) -> Counter[str]:
        sql = f"{merge.sql(dialect='duckdb')} RETURNING merge_action"
        return Counter(action for (action,) in self._duck_conn.execute(sql, params).fetchall())

    def _rewritten(self, merge: exp.Merge) -> Counter[str] | None:
        """Merge with new rows in the place of updated ones; None where that is not the same, or not worth it."""
        update = _only_update(merge)
        if update is None or len(update.args["then"].expressions) < WIDE:
            return None
        target = merge.this
        names = [name for (name, *_) in self._duck_conn.execute(f"DESCRIBE {_name(target)}").fetchall()]
        cells = {each.this.name.lower(): each.expression for each in update.args["then"].expressions}
        if len(cells) * 2 < len(names) or self._is_constrained(target):
            return None
        with self.together():
            self._duck_conn.execute(_new_rows(merge, update, names, cells))
            counted = "SELECT count(*), count(DISTINCT _replaced) FROM temp._merged"
            [(rows, replaced)] = self._duck_conn.execute(counted).fetchall()
            if rows != replaced:
                return None  # one row by two others: an error, which DuckDB finds itself
            counts = self._actions(others) if (others := _without_update(merge)) else Counter()
            for statement in (
                f"DELETE FROM {_name(target)} WHERE rowid IN (SELECT _replaced FROM temp._merged)",
                f"INSERT INTO {_name(target)} SELECT * EXCLUDE (_replaced) FROM temp._merged",
                "DROP TABLE temp._merged",
            ):
                self._duck_conn.execute(statement)
        return Counter(INSERT=counts["INSERT"], UPDATE=replaced)

    def _is_constrained(self, target: exp.Table) -> bool:
        schema = target.db or self._conn.schema
        return bool(self._duck_conn.execute(CONSTRAINED, [target.name, schema]).fetchall())


def _only_update(merge: exp.Merge) -> exp.When | None:
    """Give the clause that updates, if beside it there are only inserts."""
    whens = merge.args["whens"].expressions
    matched = [each for each in whens if each.args.get("matched")]
    others = [each for each in whens if not each.args.get("matched")]
    updates = len(matched) == 1 and isinstance(matched[0].args["then"], exp.Update)
    inserts = all(
        isinstance(each.args["then"], exp.Insert) and not each.args.get("source") for each in others
    )
    return matched[0] if updates and inserts else None


def _without_update(merge: exp.Merge) -> exp.Merge | None:
    """Give the merge that only inserts, if it does."""
    inserting = merge.copy()
    whens = inserting.args["whens"]
    whens.set("expressions", [each for each in whens.expressions if not each.args.get("matched")])
    return inserting if whens.expressions else None


def _new_rows(merge: exp.Merge, update: exp.When, names: list[str], cells: dict[str, Expr]) -> str:
    """Give the statement that keeps what the updated rows will be, and the numbers of those they replace."""
    kept = exp.to_identifier(merge.this.alias_or_name, quoted=True)
    columns = [
        exp.alias_(cells.get(name.lower(), exp.column(name, kept, quoted=True)), name, quoted=True)
        for name in names
    ]
    numbered = exp.alias_(exp.column("rowid", kept), "_replaced")
    rows = exp.select(*columns, numbered).from_(merge.this.copy())
    rows = rows.join(merge.args["using"].copy(), on=merge.args["on"].copy())
    if condition := update.args.get("condition"):
        rows = rows.where(condition.copy())
    return f"CREATE OR REPLACE TEMP TABLE _merged AS {rows.sql(dialect='duckdb')}"


def _name(table: exp.Table) -> str:
    return exp.table_(table.this.copy(), table.args.get("db"), table.args.get("catalog")).sql(
        dialect="duckdb"
    )
