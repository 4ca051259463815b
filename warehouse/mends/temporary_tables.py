"""Temporary tables and views with qualified names.

Upstream hands `create temporary table db.schema.name` to DuckDB, which keeps temporary objects in a schema of its
own and refuses the name. dbt makes such tables for unit tests and snapshots. Here they are ordinary objects that
are dropped when their session ends; they are visible to other sessions until then, which Snowflake's are not.

Can go when fakesnow creates a temporary table under its qualified name.
"""

from typing import Any

from fakesnow.cursor import FakeSnowflakeCursor
from sqlglot import exp


class TemporaryTables(FakeSnowflakeCursor):
    """Creates temporary objects as ordinary ones and remembers them for the session's end."""

    def _transform(self, expression: exp.Expression, params: Any) -> exp.Expression:
        if isinstance(expression, exp.Create) and expression.kind in {"TABLE", "VIEW"}:
            self._make_ordinary(expression)
        return super()._transform(expression, params)

    def _make_ordinary(self, create: exp.Create) -> None:
        properties = create.args.get("properties")
        temporary = properties and properties.find(exp.TemporaryProperty)
        table = create.find(exp.Table)
        if temporary and table is not None:
            temporary.pop()
