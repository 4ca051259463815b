"""`alter table … swap with …`: two tables change names at one instant.

DuckDB renames one table at a time; three renames in one transaction are the same.

Can go when fakesnow translates SWAP WITH.
"""

from typing import Any

import sqlglot
from sqlglot import Expr, exp

from warehouse.mends.upstream import Cursor

ASIDE = "_SWAPPED_ASIDE"


class Swap(Cursor):
    """Exchanges the names of two tables of one schema."""

    def _execute(self, transformed: Expr, params: Any = None) -> None:
        actions = transformed.args.get("actions") if isinstance(transformed, exp.Alter) else None
        if not actions or not isinstance(actions[0], exp.SwapTable):
            super()._execute(transformed, params)
            return
        one, other = transformed.this, actions[0].this
        self._duck_conn.begin()
        try:
            for table, name in ((one, ASIDE), (other, one.name), (_beside(one, ASIDE), other.name)):
                renamed = exp.to_identifier(name, quoted=True).sql(dialect="duckdb")
                self._duck_conn.execute(f"ALTER TABLE {table.sql(dialect='duckdb')} RENAME TO {renamed}")
        except BaseException:
            self._duck_conn.rollback()
            raise
        self._duck_conn.commit()
        super()._execute(sqlglot.parse_one("SELECT 'Statement executed successfully.' AS status"), None)


def _beside(table: exp.Table, name: str) -> exp.Table:
    return exp.table_(name, table.db, table.catalog, quoted=True)
