"""Several statements of DuckDB's that are one of Snowflake's: all of them happen, or none."""

import contextlib
from collections.abc import Iterator

from warehouse.mends.upstream import Cursor


class Together(Cursor):
    """A cursor whose mends may take several statements for one."""

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """Do what happens inside in the open transaction, or in one of its own."""
        if self._in_transaction():
            yield
            return
        self._duck_conn.begin()
        try:
            yield
        except BaseException:
            self._duck_conn.rollback()
            raise
        self._duck_conn.commit()

    def _in_transaction(self) -> bool:
        """Say whether the session has begun one: else each statement has a number of its own. To try aborts it."""
        one, other = (self._duck_conn.execute("SELECT txid_current()").fetchall() for _ in range(2))
        return one == other
