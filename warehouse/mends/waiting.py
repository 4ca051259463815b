"""A writer waits for another, as in Snowflake, where DuckDB refuses the second.

Two statements that change the same rows, replace the same table or create the same schema at once conflict in
DuckDB and the later one fails; dbt's threads and the loader's do such things. A statement that failed so has
changed nothing and is run again. Within a transaction, and at its commit, it cannot be: there the conflict is an error.

Can go when fakesnow repeats statements that conflict.
"""

import random
import re
import time
from typing import Any, Self

import duckdb

from warehouse.mends import abandoned
from warehouse.mends.account import LEADING_COMMENTS
from warehouse.mends.upstream import Cursor

PATIENCE_S = 60.0
PAUSE_S = 0.02

# DuckDB tells conflicts apart by their text only. The last two come from upstream's own tables.
CONFLICTS = (
    "Conflict on",
    "write-write conflict",
    "Failed to commit",
    '"ext_table_catalog:',
    '"database_name:',
)
COMMIT = re.compile(LEADING_COMMENTS + r"(commit|end)\b", re.IGNORECASE | re.DOTALL)


class Waiting(Cursor):
    """Runs a statement again while it conflicts with another session's."""

    def execute(self, command: str, *args: Any, **kwargs: Any) -> Self:
        with self._conn.at_work():
            return self._execute_patiently(command, *args, **kwargs)

    def _execute_patiently(self, command: str, *args: Any, **kwargs: Any) -> Self:
        end = time.monotonic() + PATIENCE_S
        conflict: duckdb.Error | None = None
        while True:
            try:
                return super().execute(command, *args, **kwargs)
            except duckdb.Error as error:
                if conflict and "transaction is aborted" in str(error):
                    raise conflict from None
                if time.monotonic() > end or COMMIT.match(command) or not _is_conflict(error):
                    raise
                conflict = error
            abandoned.release()
            time.sleep(random.uniform(0, PAUSE_S))  # noqa: S311  spreads the writers, hides nothing


def _is_conflict(error: duckdb.Error) -> bool:
    return any(text in str(error) for text in CONFLICTS)
