"""A transaction whose client is gone is rolled back when another session waits for what it holds.

A client that is killed inside a transaction says nothing, and DuckDB would refuse every later change of the same rows
for as long as the server lives. Snowflake rolls a transaction back that blocks others and has been idle for minutes.

Can go when fakesnow ends such transactions.
"""

import contextlib
import time
from collections.abc import Iterator

import duckdb
import fakesnow.server

from warehouse.mends import upstream

IDLE_S = 10.0


class Watched(upstream.Connection):
    """A session that knows how long it has had nothing to do."""

    statements = 0
    idle_since = 0.0

    @contextlib.contextmanager
    def at_work(self) -> Iterator[None]:
        """Count a statement while it runs."""
        self.statements += 1
        try:
            yield
        finally:
            self.statements -= 1
            self.idle_since = time.monotonic()

    def is_abandoned(self) -> bool:
        """Say whether the client has been silent for too long."""
        return not self.statements and time.monotonic() - self.idle_since > IDLE_S

    def roll_back(self) -> None:
        """End the transaction, if there is one, without keeping what it did."""
        with contextlib.suppress(duckdb.Error):
            self._duck_conn.rollback()


def release() -> None:
    """Roll back what silent clients have left open."""
    for session in list(fakesnow.server.sessions.values()):
        if isinstance(session, Watched) and session.is_abandoned():
            session.roll_back()
