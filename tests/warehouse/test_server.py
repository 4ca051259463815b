"""What a client of the served warehouse relies on: loading, reading, transactions, several clients, restart."""

import gzip
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import snowflake.connector
from snowflake.connector.errors import ProgrammingError

import warehouse


@pytest.fixture
def connection(server: Any) -> Iterator[Any]:
    with server.connect() as opened:
        opened.cursor().execute("create schema if not exists staging")
        opened.cursor().execute("use schema staging")
        yield opened


def rows(connection: Any, sql: str, parameters: Any = None) -> list[tuple[Any, ...]]:
    fetched: list[tuple[Any, ...]] = connection.cursor().execute(sql, parameters).fetchall()
    return fetched


class TestLoading:
    def test_parquet_is_matched_by_column_name(self, connection: Any, tmp_path: Path) -> None:
        table = pa.table({"Name": ["Ada", None], "Id": ["1", "2"], "Extra": ["x", "y"]})
        pq.write_table(table, tmp_path / "people.parquet")
        rows(connection, 'create or replace table people ("ID" varchar, "NAME" varchar, "MISSING" varchar)')
        rows(connection, "create or replace stage landing")
        put = rows(connection, f"put file://{tmp_path}/people.parquet @landing/run1/ auto_compress=false")
        assert [row[6] for row in put] == ["UPLOADED"]
        copied = rows(
            connection,
            "copy into people from @landing/run1/ file_format = (type = parquet)"
            " match_by_column_name = case_insensitive",
        )
        assert (copied[0][1], copied[0][3]) == ("LOADED", 2)
        assert rows(connection, "select * from people order by id") == [("1", "Ada", None), ("2", None, None)]

    def test_gzipped_csv_with_quoted_fields(self, connection: Any, tmp_path: Path) -> None:
        text = 'id,name\r\n1,"Lovelace, ""Ada""\nof London"\r\n2,\r\n3,""\r\n'
        (tmp_path / "people.csv.gz").write_bytes(gzip.compress(text.encode()))
        rows(connection, "create or replace table people (id varchar, name varchar)")
        rows(connection, "create or replace stage landing")
        rows(
            connection,
            f"put file://{tmp_path}/people.csv.gz @landing auto_compress=false source_compression=gzip",
        )
        rows(
            connection,
            "copy into people from @landing/people.csv.gz file_format = (type = csv compression = gzip"
            " skip_header = 1 field_optionally_enclosed_by = '\"' escape_unenclosed_field = none)",
        )
        loaded = rows(connection, "select * from people order by id")
        assert loaded[:2] == [("1", 'Lovelace, "Ada"\nof London'), ("2", None)]

    def test_a_file_is_loaded_once_unless_forced(self, connection: Any, tmp_path: Path) -> None:
        pq.write_table(pa.table({"ID": ["1"]}), tmp_path / "a.parquet")
        rows(connection, "create or replace table once (id varchar)")
        rows(connection, "create or replace stage landing")
        rows(connection, f"put file://{tmp_path}/a.parquet @landing auto_compress=false")
        copy = "copy into once from @landing file_format = (type = parquet) match_by_column_name = case_insensitive"
        for statement, expected in ((copy, 1), (copy, 1), (f"{copy} force = true", 2)):
            rows(connection, statement)
            assert rows(connection, "select count(*) from once") == [(expected,)]

    def test_executemany(self, connection: Any) -> None:
        rows(connection, "create or replace table many (id number, name varchar, at_time timestamp_ntz)")
        values = [(n, None if n % 7 == 0 else f"it's \\ {n}", "2026-01-02 03:04:05") for n in range(300)]
        cursor = connection.cursor()
        cursor.executemany("insert into many (id, name, at_time) values (%s, %s, %s)", values)
        assert cursor.rowcount == 300
        assert rows(connection, "select count(*), count(name), max(at_time) from many") == [
            (300, 257, datetime(2026, 1, 2, 3, 4, 5))
        ]
        assert rows(connection, "select name from many where id = 1") == [("it's \\ 1",)]


class TestReading:
    def test_pandas_whole_and_in_batches(self, connection: Any) -> None:
        sql = "select seq4() as n, 'x' || n as t from table(generator(rowcount => 5000)) order by n"
        frame = connection.cursor().execute(sql).fetch_pandas_all()
        assert (len(frame), list(frame.columns)) == (5000, ["N", "T"])
        batches = list(connection.cursor().execute(sql).fetch_pandas_batches())
        assert sum(map(len, batches)) == 5000

    def test_types_of_python(self, connection: Any) -> None:
        sql = (
            "select 1::number(38, 0), 1.50::number(18, 2), 1.5::double, true, '2026-01-02'::date,"
            " '2026-01-02 03:04:05.678'::timestamp_ntz, null::timestamp_ntz, null::varchar, '', 'é'"
        )
        ((whole, decimal, double, boolean, day, moment, no_moment, nothing, empty, text),) = rows(
            connection, sql
        )
        assert (whole, str(decimal), double, boolean) == (1, "1.50", 1.5, True)
        assert (day.isoformat(), moment) == ("2026-01-02", datetime(2026, 1, 2, 3, 4, 5, 678000))
        assert (no_moment, nothing, empty, text) == (None, None, "", "é")

    def test_small_integers_lists_and_uuids(self, connection: Any) -> None:
        ((sign, parts, uuid, small),) = rows(
            connection,
            "select sign(-3), split('a;b', ';'), uuid_string(), x from (select null::smallint as x) as t",
        )
        assert (sign, json.loads(parts), len(uuid), small) == (-1, ["a", "b"], 36, None)

    def test_parameters_of_both_styles(self, connection: Any) -> None:
        assert rows(connection, "select %s, %s, %s", ("it's", 5, None)) == [("it's", 5, None)]
        assert rows(connection, "select %(a)s", {"a": "x"}) == [("x",)]

    def test_server_side_parameters(self, server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(snowflake.connector, "paramstyle", "qmark")
        with server.connect() as opened:
            assert rows(opened, "select ?, cast(? as date)::varchar, ?", ("it's", "2026-01-02", None)) == [
                ("it's", "2026-01-02", None)
            ]

    def test_quoted_upper_case_names_that_are_keywords(self, connection: Any) -> None:
        rows(connection, "create schema if not exists raw_salesforce")
        rows(connection, 'create or replace table raw_salesforce."CASE" ("ID" varchar, "ORDER" varchar)')
        rows(connection, "insert into migration.raw_salesforce.\"CASE\" values ('1', 'x')")
        assert rows(connection, 'select "ORDER", id from raw_salesforce."CASE"') == [("x", "1")]


class TestTransactions:
    def test_commit_and_rollback(self, connection: Any) -> None:
        rows(connection, "create or replace table t (a number)")
        for end, expected in (("rollback", 0), ("commit", 1)):
            rows(connection, "begin")
            rows(connection, "insert into t values (1)")
            rows(connection, end)
            assert rows(connection, "select count(*) from t") == [(expected,)]

    def test_without_autocommit(self, server: Any, connection: Any) -> None:
        rows(connection, "create or replace table t (a number)")
        with server.connect() as writer:
            writer.autocommit(False)
            rows(writer, "begin")
            rows(writer, "insert into staging.t values (1)")
            assert rows(connection, "select count(*) from t") == [(0,)]
            writer.commit()
        assert rows(connection, "select count(*) from t") == [(1,)]

    def test_a_failed_statement_fails_at_once_and_leaves_the_transaction_usable(
        self, connection: Any
    ) -> None:
        rows(connection, "create or replace table t (a number)")
        rows(connection, "begin")
        rows(connection, "insert into t values (1)")
        started = time.monotonic()
        for wrong in ("select * from nowhere", "insert into t values ('x')", "selec"):
            with pytest.raises(ProgrammingError):
                rows(connection, wrong)
        assert time.monotonic() - started < 5
        rows(connection, "rollback")
        assert rows(connection, "select count(*) from t") == [(0,)]


def test_writers_on_different_tables_at_once(server: Any, connection: Any) -> None:
    failures: list[Exception] = []

    def write(number: int) -> None:
        try:
            with server.connect() as writer:
                for turn in range(5):
                    rows(writer, f"create or replace table staging.w{number} (a varchar(10), b number)")
                    rows(writer, f"insert into staging.w{number} values ('x', {turn})")
                    rows(
                        writer, f"create or replace view staging.v{number} as select * from staging.w{number}"
                    )
                    rows(writer, "begin")
                    rows(writer, f"update staging.w{number} set b = b + 1")
                    rows(writer, "commit")
        except Exception as error:  # noqa: BLE001  a thread's failure must reach the test
            failures.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert [rows(connection, f"select b from v{number}") for number in range(6)] == [[(5,)]] * 6


def test_writers_on_one_table_at_once(server: Any, connection: Any) -> None:
    rows(connection, "create or replace table shared_log (writer number, n number)")
    failures: list[Exception] = []

    def append(number: int) -> None:
        try:
            with server.connect() as writer:
                for n in range(10):
                    rows(writer, f"insert into staging.shared_log values ({number}, {n})")
        except Exception as error:  # noqa: BLE001
            failures.append(error)

    threads = [threading.Thread(target=append, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert rows(connection, "select count(*) from shared_log") == [(40,)]


def test_setup_can_be_repeated_and_keeps_what_is_there(server: Any) -> None:
    with server.connect() as opened:
        warehouse.setup(opened)
        rows(opened, "insert into ops.watermark (object, watermark) values ('Contact', 'w1')")
        warehouse.setup(opened)
        assert rows(opened, "select watermark from migration.ops.watermark") == [("w1",)]
        tables = rows(
            opened,
            "select table_schema || '.' || table_name from information_schema.tables"
            " where table_schema in ('OPS', 'RAW_HUBSPOT', 'RAW_INTERCOM') order by 1",
        )
        assert [name for (name,) in tables] == [
            "OPS.BACKUP",
            "OPS.BACKUP_PART",
            "OPS.CERTIFICATE",
            "OPS.DELETION",
            "OPS.EXTRACT_COUNT",
            "OPS.LOAD_ATTEMPT",
            "OPS.LOAD_LEDGER",
            "OPS.PLAN",
            "OPS.PLAN_ACTION",
            "OPS.PROGRESS",
            "OPS.READ_BACK",
            "OPS.READ_BACK_SAMPLE",
            "OPS.REJECT",
            "OPS.REVERSAL",
            "OPS.REVERSAL_RECORD",
            "OPS.RUN",
            "OPS.RUN_PHASE",
            "OPS.TOMBSTONE",
            "OPS.TOMBSTONE_SALT",
            "OPS.WATERMARK",
            "RAW_HUBSPOT.ASSOCIATIONS",
            "RAW_HUBSPOT.FILES",
            "RAW_HUBSPOT.OWNERS",
            "RAW_HUBSPOT.PIPELINES",
            "RAW_HUBSPOT.RECORDS",
            "RAW_INTERCOM.ADMINS",
            "RAW_INTERCOM.LINKS",
            "RAW_INTERCOM.RECORDS",
        ]


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_data_stages_and_lengths_survive(server: Any, tmp_path: Path, end: str) -> None:
    pq.write_table(pa.table({"A": ["1"]}), tmp_path / f"{end}.parquet")
    with server.connect() as opened:
        rows(opened, "create schema if not exists staging")
        rows(opened, f"create or replace table staging.kept_{end} (a varchar(7))")
        rows(opened, f"insert into staging.kept_{end} values ('x')")
        rows(opened, f"create or replace stage staging.stage_{end}")
        rows(opened, f"put file://{tmp_path}/{end}.parquet @staging.stage_{end} auto_compress=false")
    getattr(server, end)()
    server.start()
    with server.connect() as opened:
        assert rows(opened, f"select * from staging.kept_{end}") == [("x",)]
        assert rows(opened, f"describe table staging.kept_{end}")[0][1] == "VARCHAR(7)"
        copy = f"copy into staging.kept_{end} from @staging.stage_{end} file_format = (type = parquet)"
        rows(opened, f"{copy} match_by_column_name = case_insensitive")
        assert rows(opened, f"select count(*) from staging.kept_{end}") == [(2,)]


@pytest.mark.parametrize(
    ("taken", "message"), [("port", "Port {port} is taken"), ("home", "open in another process")]
)
def test_what_is_taken_is_said(server: Any, tmp_path: Path, taken: str, message: str) -> None:
    home, port = (tmp_path, server.port) if taken == "port" else (server.home, 0)
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-m",
        "warehouse",
        "serve",
        "--home",
        str(home),
        "--port",
        str(port),
    ]
    repository = Path(__file__).resolve().parents[2]
    result = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False, timeout=60)
    assert result.returncode == 2
    assert message.format(port=server.port) in result.stderr
    assert "Traceback" not in result.stderr
