"""What a client leaves behind that dies inside a transaction."""

from typing import Any

from warehouse.mends import abandoned


def test_a_silent_clients_transaction_gives_way(server: Any) -> None:
    dead, living = server.connect(), server.connect()
    living.cursor().execute("create or replace table staging.held (id number, note varchar)")
    living.cursor().execute("insert into staging.held values (1, 'first')")
    dead.cursor().execute("begin")
    dead.cursor().execute("update staging.held set note = 'never committed' where id = 1")

    # The server is a process of its own: the ten seconds are real, and the statement waits for them.
    living.cursor().execute("update staging.held set note = 'second' where id = 1")

    assert living.cursor().execute("select note from staging.held").fetchall() == [("second",)]


def test_a_busy_or_recent_session_is_left_alone() -> None:
    session = abandoned.Watched.__new__(abandoned.Watched)
    with session.at_work():
        session.idle_since = -abandoned.IDLE_S * 2
        assert not session.is_abandoned()
    assert not session.is_abandoned()
    session.idle_since -= abandoned.IDLE_S * 2
    assert session.is_abandoned()
