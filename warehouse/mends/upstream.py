"""The inside of fakesnow that the mends build on, with its types.

fakesnow publishes no types. What stands here under TYPE_CHECKING is all of its private surface that is overridden;
a new version of fakesnow has to be compared with this list.
"""

from typing import TYPE_CHECKING, Any

__all__ = ["Connection", "Cursor", "Instance"]

if TYPE_CHECKING:
    from typing import Self

    from duckdb import DuckDBPyConnection
    from sqlglot import Expr

    class Connection:
        """One session: its DuckDB cursor and its current database and schema."""

        database: str | None
        schema: str | None
        _duck_conn: DuckDBPyConnection

        def __init__(self, *args: Any, **kwargs: Any) -> None: ...
        def close(self, retry: bool = True) -> None: ...

    class Cursor:
        """One statement: `execute` parses it, `_transform` translates each part, `_execute` runs the translation."""

        _conn: Any
        _duck_conn: DuckDBPyConnection

        def __init__(
            self, conn: Connection, duck_conn: DuckDBPyConnection, use_dict_result: bool = False
        ) -> None: ...
        def execute(self, command: str, *args: Any, **kwargs: Any) -> Self: ...
        def _transform_explode(self, expression: Expr) -> list[Expr]: ...
        def _transform(self, expression: Expr, params: Any) -> Expr: ...
        def _execute(self, transformed: Expr, params: Any = None) -> None: ...
        def _describe_last_sql(self) -> list[tuple[Any, ...]]: ...

    class Instance:
        """The databases of one process."""

        duck_conn: DuckDBPyConnection
        results_cache: Any
        db_path: Any
        nop_regexes: list[str] | None

        def __init__(self, *args: Any, **kwargs: Any) -> None: ...
        def connect(
            self, database: str | None = None, schema: str | None = None, **kwargs: Any
        ) -> Connection: ...
else:
    from fakesnow.conn import FakeSnowflakeConnection as Connection
    from fakesnow.cursor import FakeSnowflakeCursor as Cursor
    from fakesnow.instance import FakeSnow as Instance
