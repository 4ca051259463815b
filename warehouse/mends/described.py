"""The columns of a result are asked of the result.

Upstream parses, writes and plans the translated statement a second time to describe what it gave, on the thread that serves
all sessions: a quarter of the server's time.

Can go when fakesnow reads DuckDB's description of a result.
"""

from typing import Any

from sqlglot import Expr

from warehouse.mends.upstream import Cursor


class Described(Cursor):
    """Keeps the names and types that DuckDB gives with a result."""

    _described: list[tuple[Any, ...]] | None = None

    def _execute(self, transformed: Expr, params: Any = None) -> None:
        super()._execute(transformed, params)
        # The result of an earlier statement is fetched, not executed.
        fetched = transformed.args.get("result_scan_sfqid")
        self._described = None if fetched else _columns(self._duck_conn.description)

    def _describe_last_sql(self) -> list[tuple[Any, ...]]:
        return super()._describe_last_sql() if self._described is None else self._described


def _columns(description: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Give a row for each column as DESCRIBE does: name, type, nothing of interest."""
    return [(name, str(kind), "YES", None, None, None) for name, kind, *_ in description]
