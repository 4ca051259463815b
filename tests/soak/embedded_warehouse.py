"""The embedded warehouse behind the few methods that the soak uses beside the loader's own."""

import os
from collections.abc import Sequence
from typing import Any, Self

import warehouse
from tests import servers
from tests.load import marts


class EmbeddedWarehouse:
    """A connection to the embedded warehouse on a port of this machine."""

    def __init__(self, port: str) -> None:
        os.environ["WAREHOUSE_PORT"] = port
        self._connection = warehouse.connect("local", servers.REPOSITORY)

    def set_up(self) -> Self:
        """Create the OPS schema, and empty it."""
        warehouse.setup(self._connection)
        for table in marts.OPS:
            self.execute(f"delete from {table}")
        return self

    def cursor(self) -> Any:
        return self._connection.cursor()

    def execute(self, sql: str) -> Any:
        """Run one statement; its rows are in what this gives."""
        return self._connection.cursor().execute(sql)

    def fill(self, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """Put rows into a table that has as many columns."""
        if rows:
            marks = ", ".join(["(" + ", ".join(["%s"] * len(rows[0])) + ")"] * len(rows))
            self._connection.cursor().execute(
                f"insert into {table} values {marks}", [each for row in rows for each in row]
            )

    def close(self) -> None:
        self._connection.close()
