"""The spool and the ledger: what is on disk, what arrives, and what is never stored."""

import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from load import ledger
from load.feeds import Feed
from load.ledger import Spool, redacted, replay
from load.target import LoadError, Result
from load.threads import Turns
from tests.load import marts


def _results(count: int, action: Any = "create", row_hash: str = "h1") -> list[Result]:
    return [
        Result(f"key-{n}", action, "succeeded", str(100 + n), row_hash=row_hash, payload='{"a": "\\"ÿ\\\\"}')
        for n in range(count)
    ]


def _ledger(connection: Any) -> dict[str, tuple[str, str]]:
    rows = marts.query(connection, "select record_key, target_id, row_hash from ops.load_ledger")
    return {key: (target_id, row_hash) for key, target_id, row_hash in rows}


def test_results_are_on_disk_at_once_and_in_the_warehouse_after_a_flush(
    connection: Any, declared: list[Feed], spool_dir: Path
) -> None:
    with Spool(connection, spool_dir, "r1") as spool:
        spool.write(declared[0], _results(3))
        [path] = spool_dir.iterdir()
        assert [json.loads(line)["record_key"] for line in path.read_text().splitlines()] == [
            "key-0",
            "key-1",
            "key-2",
        ]
        assert _ledger(connection) == {}

    assert _ledger(connection) == {f"key-{n}": (str(100 + n), "h1") for n in range(3)}
    [(payload, attempted_at)] = marts.query(
        connection, "select payload, attempted_at from ops.load_attempt where record_key = 'key-1'"
    )
    assert payload == '{"a": "\\"ÿ\\\\"}'
    assert attempted_at.year >= 2026
    assert list(spool_dir.iterdir()) == []


def test_the_ledger_holds_the_latest_success(connection: Any, declared: list[Feed], spool_dir: Path) -> None:
    with Spool(connection, spool_dir, "r1") as spool:
        spool.write(declared[0], _results(3))
        spool.write(
            declared[0],
            [Result("key-1", "update", "refused", "101", "VALIDATION_ERROR", "no", row_hash="h2")],
        )
        spool.flush()
        spool.write(declared[0], _results(1, "update", "h1.5"))
        spool.write(declared[0], _results(1, "update", "h2"))
        spool.write(declared[0], [Result("key-2", "archive", "succeeded", "102")])
        spool.write(declared[0], [Result("key-9", "update", "failed", None, row_hash="h2")])

    assert _ledger(connection) == {"key-0": ("100", "h2"), "key-1": ("101", "h1")}
    assert marts.query(connection, "select count(*) from ops.load_attempt") == [(8,)]


def test_long_runs_are_flushed_on_the_way(
    connection: Any, declared: list[Feed], spool_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger, "ATTEMPTS_PER_FILE", 5)
    turns = Turns(connection)
    with Spool(turns, spool_dir, "r1") as spool:
        spool.write(declared[0], _results(6))

        # While the next answers are written, the full file is on its way.
        until = time.monotonic() + 20
        while any(spool_dir.iterdir()) and time.monotonic() < until:
            time.sleep(0.02)
        assert len(_ledger(turns)) == 6


def test_a_file_that_could_not_be_flushed_is_replayed(
    connection: Any, declared: list[Feed], spool_dir: Path
) -> None:
    class Gone:
        def cursor(self) -> Any:
            raise ConnectionError("the warehouse is gone")

    with pytest.raises(ConnectionError), Spool(Gone(), spool_dir, "r1") as spool:
        spool.write(declared[0], _results(4))

    assert replay(connection, spool_dir) == 4
    assert len(_ledger(connection)) == 4
    assert replay(connection, spool_dir) == 0


def test_half_a_line_is_not_counted(connection: Any, declared: list[Feed], spool_dir: Path) -> None:
    spool = Spool(connection, spool_dir, "r1")
    spool.write(declared[0], _results(2))
    [path] = spool_dir.iterdir()
    content = path.read_bytes()
    spool.flush()
    marts.query(connection, "delete from ops.load_ledger")
    path.write_bytes(content + b'{"run_id": "r1", "target": "hub')

    assert replay(connection, spool_dir) == 2
    assert marts.query(connection, "select count(*) from ops.load_attempt") == [(2,)]


@pytest.mark.parametrize("content", [b"", b'{"run_id": "r1", "tar'])
def test_a_file_without_a_whole_line_is_dropped(connection: Any, spool_dir: Path, content: bytes) -> None:
    spool_dir.mkdir()
    (spool_dir / "r1.jsonl").write_bytes(content)

    assert replay(connection, spool_dir) == 0
    assert list(spool_dir.iterdir()) == []


def test_a_load_that_is_alive_is_left_alone(connection: Any, declared: list[Feed], spool_dir: Path) -> None:
    with Spool(connection, spool_dir, "r1") as spool:
        spool.write(declared[0], _results(1))
        with pytest.raises(LoadError, match="Another load is writing"):
            replay(connection, spool_dir)


@pytest.mark.parametrize(
    ("message", "stored"),
    [
        ("Email address ada@example.com is invalid", "Email address [e-mail] is invalid"),
        ('[{"message":"a.b+c@x.co.uk"}]', '[{"message":"[e-mail]"}]'),
        ("already exists with id=5ba6", "already exists with id=5ba6"),
        ("x" * 5000, "x" * 2000),
        (None, None),
    ],
)
def test_messages_are_stored_without_addresses(message: str | None, stored: str | None) -> None:
    assert redacted(message) == stored


def test_who_flushes_waits_for_a_file_that_another_handed_over(
    declared: list[Feed], spool_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storing, stored = threading.Event(), threading.Event()

    def slow(*_: object) -> int:
        storing.set()
        time.sleep(0.2)
        stored.set()
        return 0

    monkeypatch.setattr(ledger, "_store", slow)
    with Spool(None, spool_dir, "r1") as spool:
        spool.write(declared[0], _results(2))
        other = threading.Thread(target=spool.flush)
        other.start()
        storing.wait(10)

        spool.flush()

        assert stored.is_set()
        other.join()
