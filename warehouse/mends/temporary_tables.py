"""Temporary tables and views with qualified names.

Upstream hands `create temporary table db.schema.name` to DuckDB, which keeps temporary objects in a schema of its
own and refuses the name. dbt makes such tables for unit tests and snapshots. Here they are ordinary objects that
are dropped when their session ends; until then other sessions see them too, which Snowflake hides.

Can go when fakesnow creates a temporary table under its qualified name.
"""

from contextlib import suppress
from typing import Any

import duckdb
from sqlglot import Expr, exp

from warehouse.mends.upstream import Connection, Cursor


class TemporaryTables(Cursor):
    """Creates temporary objects as ordinary ones and remembers them for the session's end."""

    def _transform(self, expression: Expr, params: Any) -> Expr:
        temporary = isinstance(expression, exp.Create) and _take_temporary(expression)
        transformed = super()._transform(expression, params)
        if temporary:
            transformed.args["temporary"] = True
        return transformed

    def _execute(self, transformed: Expr, params: Any = None) -> None:
        super()._execute(transformed, params)
        table = transformed.find(exp.Table)
        if transformed.args.get("temporary") and table is not None:
            name = exp.table_(
                table.name, table.db or self._conn.schema, table.catalog or self._conn.database, quoted=True
            )
            self._conn.temporaries.add((transformed.args["kind"], name.sql(dialect="duckdb")))


class TemporarySession(Connection):
    """A session that drops its temporary objects when it is closed."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.temporaries: set[tuple[str, str]] = set()

    def close(self, retry: bool = True) -> None:
        for kind, name in self.temporaries:
            with suppress(duckdb.Error):  # replaced by an object of the other kind
                self._duck_conn.execute(f"DROP {kind} IF EXISTS {name}")
        self.temporaries.clear()
        super().close(retry)


def _take_temporary(create: exp.Create) -> bool:
    properties = create.args.get("properties")
    temporary = properties and properties.find(exp.TemporaryProperty)
    if create.kind not in {"TABLE", "VIEW"} or not temporary:
        return False
    temporary.pop()
    return True
