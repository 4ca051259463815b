"""Each mend does what it says, and fakesnow alone does not: where it does, the mend can go."""

import base64
import json
import logging
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

import fakesnow.copy_into
import fakesnow.cursor
import fakesnow.dialect
import fakesnow.server
import fakesnow.transforms.stage
import pyarrow as pa
import pytest
import snowflake.connector.errors
from fakesnow.instance import FakeSnow
from starlette.testclient import TestClient

from warehouse.embedded import create_app, open_warehouse
from warehouse.mends import copy_csv, null_timestamps, parsed_once
from warehouse.mends import upstream as fakesnows
from warehouse.mends.session import RESULTS_KEPT, Results

Run = Callable[[str], list[tuple[Any, ...]]]
ProgrammingError = snowflake.connector.errors.ProgrammingError


def statements(run: Run, *sql: str) -> list[tuple[Any, ...]]:
    """Execute all and give the rows of the last."""
    return [run(statement) for statement in sql][-1]


class TestMerge:
    TABLE = "create or replace table migration.staging.merged as select * from (values (1, 'a'), (2, 'b')) as t(id, v)"
    # As dbt writes it: INSERT names its columns without a table.
    MERGE = """
        merge into migration.staging.merged as DBT_INTERNAL_DEST
        using (select 2 as id, 'x' as v union all select 3, 'y') as DBT_INTERNAL_SOURCE
        on DBT_INTERNAL_SOURCE.id = DBT_INTERNAL_DEST.id
        when matched then update set "V" = DBT_INTERNAL_SOURCE."V"
        when not matched then insert ("ID", "V") values ("ID", "V")
    """

    def test_unqualified_columns_and_counts_by_action(self, mended: Run) -> None:
        assert statements(mended, self.TABLE, self.MERGE) == [(1, 1)]
        assert mended("select * from staging.merged order by id") == [(1, "a"), (2, "x"), (3, "y")]

    def test_rowcount_is_the_sum(self, session: Any) -> None:
        cursor = session.cursor()
        cursor.execute(self.TABLE)
        assert cursor.execute(self.MERGE).rowcount == 2

    def test_within_a_transaction(self, mended: Run) -> None:
        statements(mended, self.TABLE, "begin", self.MERGE, "rollback")
        assert mended("select count(*) from staging.merged") == [(2,)]

    def test_a_target_row_that_two_source_rows_match_is_refused(self, mended: Run) -> None:
        mended(self.TABLE)
        with pytest.raises(ProgrammingError, match="more than once"):
            mended(
                "merge into staging.merged using (values (1, 'x'), (1, 'y')) as s(id, v) on merged.id = s.id"
                " when matched then update set v = s.v"
            )

    def test_delete_with_a_condition(self, mended: Run) -> None:
        mended(self.TABLE)
        sql = """
            merge into staging.merged using (values (1), (2)) as s(id) on merged.id = s.id
            when matched and merged.v = 'a' then delete
            when matched then update set v = 'kept'
        """
        assert mended(sql) == [(1, 1)]

    NAMES = tuple(f"v{n}" for n in range(10))
    WIDE = (
        "create or replace table staging.wide as select id, 'stays' as gone, "
        f"{', '.join(f'{name!r} as {name}' for name in NAMES)} from (values (1), (2), (3)) as t(id)"
    )
    WIDE_MERGE = (
        "merge into staging.wide as kept using (values (2, 'x'), (3, 'v0'), (4, 'y')) as batch(id, v) on kept.id = batch.id "
        "when matched and kept.v0 is distinct from batch.v then update set "
        f"{', '.join(f'{name} = batch.v' for name in NAMES)} "
        "when not matched then insert (id, v0) values (batch.id, batch.v)"
    )

    def test_rows_that_are_mostly_set_are_written_anew(self, mended: Run) -> None:
        assert statements(mended, self.WIDE, self.WIDE_MERGE) == [(1, 1)]
        rows = mended("select id, gone, v0, v9 from staging.wide order by id")
        assert rows == [
            (1, "stays", "v0", "v9"),
            (2, "stays", "x", "x"),
            (3, "stays", "v0", "v9"),
            (4, None, "y", None),
        ]

    def test_rows_are_written_anew_where_none_is_to_be_inserted(self, mended: Run) -> None:
        only_updates = self.WIDE_MERGE.partition("when not matched")[0]
        assert statements(mended, self.WIDE, only_updates) == [(1,)]
        rows = mended("select id, gone, v0 from staging.wide order by id")
        assert rows == [(1, "stays", "v0"), (2, "stays", "x"), (3, "stays", "v0")]

    def test_rows_written_anew_come_back_with_the_transaction(self, mended: Run) -> None:
        statements(mended, self.WIDE, "begin", self.WIDE_MERGE, "rollback")
        assert mended("select distinct v0 from staging.wide") == [("v0",)]
        assert statements(mended, "begin", self.WIDE_MERGE, "commit") == [
            ("Statement executed successfully.",)
        ]
        assert mended("select id, v0 from staging.wide where id in (2, 4) order by id") == [
            (2, "x"),
            (4, "y"),
        ]

    def test_a_wide_row_that_two_source_rows_match_is_refused_and_stays(self, mended: Run) -> None:
        mended(self.WIDE)
        with pytest.raises(ProgrammingError, match="more than once"):
            mended(self.WIDE_MERGE.replace("(3, 'v0')", "(2, 'z')"))
        assert mended("select distinct v0 from staging.wide") == [("v0",)]

    def test_a_row_written_anew_is_at_the_end_and_not_updated_in_place(self, mended: Run) -> None:
        statements(mended, self.WIDE, self.WIDE_MERGE)
        assert mended("select id from staging.wide") == [(1,), (3,), (4,), (2,)]

    def test_upstream_cannot(self, upstream: Run) -> None:
        upstream(self.TABLE)
        with pytest.raises(Exception, match="ID"):
            upstream(self.MERGE)


class TestTemporaryTables:
    CREATE = "create or replace temporary table migration.staging.passing as select 1 as a"

    def test_a_qualified_name(self, mended: Run) -> None:
        assert statements(mended, self.CREATE, "select a from migration.staging.passing") == [(1,)]

    def test_they_end_with_their_session(self, tmp_path: Path) -> None:
        warehouse = open_warehouse(tmp_path)
        session = warehouse.connect("MIGRATION", "STAGING")
        session.cursor().execute(self.CREATE)
        session.cursor().execute("create temporary view v as select 1 as a")
        session.close()
        with pytest.raises(ProgrammingError, match="does not exist"):
            warehouse.connect("MIGRATION", "STAGING").cursor().execute("select * from passing")
        with pytest.raises(ProgrammingError, match="does not exist"):
            warehouse.connect("MIGRATION", "STAGING").cursor().execute("select * from v")

    def test_upstream_cannot(self, upstream: Run) -> None:
        with pytest.raises(Exception, match=r"(?i)temporary"):
            upstream(self.CREATE)


class TestComments:
    TABLE = "create or replace table staging.described (id varchar comment 'the key', \"Name\" varchar) comment = 'it''s'"
    COLUMNS = "select column_name, comment from information_schema.columns where table_name = '{}' order by 1"
    RELATION = "select comment from information_schema.tables where table_name = '{}'"
    MANY = """alter table migration.staging.described alter
        "ID" COMMENT $$it's, the "key"$$,
        "Name" COMMENT $$a name$$
    """

    def test_comments_of_a_create(self, mended: Run) -> None:
        mended(self.TABLE)
        assert mended(self.COLUMNS.format("DESCRIBED")) == [("ID", "the key"), ("Name", None)]
        assert mended(self.RELATION.format("DESCRIBED")) == [("it's",)]

    def test_many_columns_at_once_as_dbt_does(self, mended: Run) -> None:
        rows = statements(mended, self.TABLE, self.MANY, self.COLUMNS.format("DESCRIBED"))
        assert rows == [("ID", 'it\'s, the "key"'), ("Name", "a name")]

    @pytest.mark.parametrize(
        "statement",
        [
            "comment on table staging.described is $$new$$",
            "alter table staging.described set comment = 'new'",
        ],
    )
    def test_a_table_alone(self, mended: Run, statement: str) -> None:
        assert statements(mended, self.TABLE, statement, self.RELATION.format("DESCRIBED")) == [("new",)]

    def test_a_column_alone_and_its_removal(self, mended: Run) -> None:
        mended(self.TABLE)
        mended("comment on column staging.described.id is 'x'")
        assert mended(self.COLUMNS.format("DESCRIBED"))[0] == ("ID", "x")
        mended("comment on column staging.described.id is ''")
        assert mended(self.COLUMNS.format("DESCRIBED"))[0] == ("ID", None)

    def test_a_view_and_its_columns(self, mended: Run) -> None:
        view = "create or replace view staging.seen (\"A\" COMMENT $$it's a$$, b) comment = 'it''s a view' as (select 1, 2)"
        mended(view)
        assert mended(self.COLUMNS.format("SEEN")) == [("A", "it's a"), ("B", None)]
        assert mended(self.RELATION.format("SEEN")) == [("it's a view",)]

    def test_they_go_with_the_table(self, mended: Run) -> None:
        statements(mended, self.TABLE, "create or replace table staging.described (id varchar)")
        assert mended(self.RELATION.format("DESCRIBED")) == [(None,)]

    def test_they_survive_a_restart(self, tmp_path: Path) -> None:
        first = open_warehouse(tmp_path)
        first.connect("MIGRATION", "STAGING").cursor().execute(self.TABLE)
        first.duck_conn.close()
        cursor = open_warehouse(tmp_path).connect("MIGRATION", "STAGING").cursor()
        assert cursor.execute(self.COLUMNS.format("DESCRIBED")).fetchall() == [
            ("ID", "the key"),
            ("Name", None),
        ]
        assert cursor.execute(self.RELATION.format("DESCRIBED")).fetchall() == [("it's",)]

    def test_upstream_cannot(self, upstream: Run) -> None:
        upstream('create or replace table staging.described (id varchar, "Name" varchar)')
        with pytest.raises(ProgrammingError):
            upstream(self.MANY)
        upstream("alter table staging.described alter column id comment 'x'")
        assert upstream(self.COLUMNS.format("DESCRIBED"))[0] == ("ID", None)


class TestCatalog:
    def test_tables_and_views_are_listed(self, mended: Run) -> None:
        mended("create or replace table staging.listed_table as select 1 as a")
        mended("create or replace view staging.listed_view as select 1 as a")
        rows = mended(
            "select table_name, table_type from information_schema.tables where table_name like 'LISTED%' order by 1"
        )
        assert rows == [("LISTED_TABLE", "BASE TABLE"), ("LISTED_VIEW", "VIEW")]

    def test_types_have_snowflakes_names(self, mended: Run) -> None:
        mended(
            "create or replace table staging.typed as select 1 as a, sum(1) as b, 1.5::number(18, 2) as c, 1::double as d,"
            " 'x' as e, current_date() as f, '2026-01-02'::timestamp_ntz as g, true as h, parse_json('{}') as i, count(*) as j"
        )
        types = [row[1] for row in mended("describe table staging.typed")]
        assert types == [
            "NUMBER(38,0)", "NUMBER(38,0)", "NUMBER(18,2)", "FLOAT", "VARCHAR(16777216)", "DATE", "TIMESTAMP_NTZ(9)",
            "BOOLEAN", "VARIANT", "NUMBER(38,0)",
        ]  # fmt: skip

    def test_upstream_cannot(self, upstream: Run) -> None:
        upstream("create or replace view staging.listed_view as select 1 as a")
        assert (
            upstream("select table_name from information_schema.tables where table_name = 'LISTED_VIEW'")
            == []
        )
        upstream("create or replace table staging.typed as select 1 as a")
        assert upstream("describe table staging.typed")[0][1] == "INTEGER"


class TestNullColumns:
    CREATE = "create or replace table staging.nothing as select null as x, 1 as y"

    def test_they_are_texts(self, mended: Run) -> None:
        statements(mended, self.CREATE, "insert into staging.nothing values ('a', 2)")
        assert mended("describe table staging.nothing")[0][1] == "VARCHAR(16777216)"

    def test_upstream_cannot(self, upstream: Run) -> None:
        upstream(self.CREATE)
        with pytest.raises(Exception, match="NULL"):
            upstream("insert into staging.nothing values ('a', 2)")


class TestDdlCommits:
    STEPS = (
        "create or replace table staging.written (a varchar)",
        "begin",
        "insert into staging.written values ('a')",
        "create or replace table staging.other (b varchar(10))",
    )

    def test_ddl_commits_what_is_open(self, mended: Run) -> None:
        assert statements(mended, *self.STEPS, "rollback", "select count(*) from staging.written") == [(1,)]

    def test_upstream_cannot(self, upstream: Run) -> None:
        with pytest.raises(Exception, match="single transaction"):
            statements(upstream, *self.STEPS)


class TestLiteralRows:
    def test_values_arrive_unchanged(self, mended: Run) -> None:
        mended("create or replace table staging.rows_ (a number, b varchar, c boolean, d number(10, 2))")
        rows = [(n, f"it's {n}", n % 2 == 0, -1.5 * n) for n in range(20)]
        values = ", ".join(f"({n}, '{b.replace(chr(39), chr(39) * 2)}', {c}, {d})" for n, b, c, d in rows)
        mended(f"insert into staging.rows_ values {values}, (null, null, null, null)")
        assert mended("select * from staging.rows_ where a is not null order by a") == rows

    def test_expressions_among_the_values_are_translated(self, mended: Run) -> None:
        mended("create or replace table staging.rows_ (a varchar)")
        mended("insert into staging.rows_ values " + ", ".join(["('x')"] * 12 + ["(iff(true, 'y', 'z'))"]))
        assert mended("select max(a), count(*) from staging.rows_") == [("y", 13)]


class TestWaiting:
    STATEMENTS = (
        "update staging.counter set n = n + 1",
        "create schema if not exists made_at_once",
        "create or replace table staging.replaced_at_once (a varchar(10))",
        "create or replace view staging.view_at_once as select 1 as a",
        "create table if not exists staging.new_at_once (a varchar(10))",
        "create stage if not exists staging.stage_at_once",
    )

    def hammer(self, instance: FakeSnow) -> list[Exception]:
        """Run all statements five times in each of four sessions at once; give the failures."""
        instance.connect("MIGRATION", "STAGING").cursor().execute(
            "create or replace table counter as select 0 as n"
        )
        failures: list[Exception] = []

        def work() -> None:
            cursor = instance.connect("MIGRATION", "STAGING").cursor()
            for statement in self.STATEMENTS * 5:
                try:
                    cursor.execute(statement)
                except Exception as error:  # noqa: BLE001  every failure counts
                    failures.append(error)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return failures

    def test_writers_wait_for_each_other(self, tmp_path: Path) -> None:
        instance = open_warehouse(tmp_path)
        assert self.hammer(instance) == []
        counted = (
            instance.connect("MIGRATION", "STAGING").cursor().execute("select n from counter").fetchall()
        )
        assert counted == [(20,)]

    def test_upstream_fails(self, tmp_path: Path) -> None:
        assert self.hammer(FakeSnow(db_path=tmp_path))

    def test_a_commit_that_conflicts_is_no_success(self, tmp_path: Path) -> None:
        instance = open_warehouse(tmp_path)
        first, second, third = (instance.connect("MIGRATION", "STAGING").cursor() for _ in range(3))
        first.execute("create table keyed (k varchar primary key)")
        for cursor in (first, second, third):
            cursor.execute("begin")
            cursor.execute("insert into keyed values ('same')")
        first.execute("commit")
        with pytest.raises(ProgrammingError, match=r"(?i)primary key"):
            second.execute("commit")
        with pytest.raises(ProgrammingError, match=r"(?i)primary key"):
            third.execute("create table another (a varchar)")


def test_results_are_not_kept_for_ever() -> None:
    results = Results()
    for number in range(RESULTS_KEPT + 5):
        results[str(number)] = (number,)
    assert list(results) == [str(number) for number in range(5, RESULTS_KEPT + 5)]


@pytest.mark.parametrize(
    "statement",
    [
        "grant select on table staging.x to role reader",
        '/* {"app": "dbt"} */\nGRANT USAGE ON SCHEMA a TO ROLE b',
        "-- why\nrevoke select on table staging.x from role reader",
        "create or replace masking policy p as (v string) returns string -> '***'",
        "alter table staging.x modify column a set masking policy p",
        "alter session set query_tag = 'x'",
        "use role reader",
        "use warehouse big",
        "alter warehouse big set warehouse_size = 'large'",
    ],
)
def test_rights_and_the_account_are_accepted_without_effect(
    mended: Run, upstream: Run, statement: str
) -> None:
    assert mended(statement) == [("Statement executed successfully.",)]


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    logging.getLogger("fakesnow.server").setLevel(logging.CRITICAL)
    with TestClient(create_app(tmp_path)) as http:
        yield http


def login(client: TestClient) -> dict[str, Any]:
    body = {"data": {"SESSION_PARAMETERS": {}}}
    path = "/session/v1/login-request?databaseName=MIGRATION&schemaName=STAGING"
    data: dict[str, Any] = client.post(path, json=body).json()["data"]
    return data


def query(client: TestClient, token: str, sql: str) -> Any:
    headers = {"Authorization": f'Snowflake Token="{token}"'}
    return client.post("/queries/v1/query-request", json={"sqlText": sql}, headers=headers)


def test_what_dbt_reads_back_has_an_answer(mended: Run) -> None:
    assert mended("show grants on table staging.x") == []
    assert mended("show parameters like 'query_tag' in session")[0][:2] == ("QUERY_TAG", "")


def test_upstream_refuses_statements_about_the_account(upstream: Run) -> None:
    for statement in (
        "use secondary roles all",
        "show grants on table staging.x",
        "alter session set query_tag = 'x'",
    ):
        with pytest.raises(ProgrammingError):
            upstream(statement)


def test_upstream_forgets_null_timestamps() -> None:
    moments = pa.array([datetime(2026, 1, 2), None], pa.timestamp("us"))
    assert null_timestamps._without_mask(moments).null_count == 0
    assert null_timestamps.timestamp_to_sf_struct(moments).null_count == 1


class TestDescribed:
    @pytest.mark.parametrize(
        "sql",
        [
            "select 1 as a, 'x' as b, null as c, 1.50 as d, 1e0 as e, true as f, current_date as g, 'y' as a",
            "select current_timestamp as a, sysdate() as b, parse_json('{}') as c, array_construct(1) as d, sign(-1) as e",
            "create or replace table staging.described (a varchar(3) comment 'x', b number(10, 2))",
            "insert into staging.described values ('x', 1)",
            "update staging.described set b = 2",
            "describe table staging.described",
            "merge into staging.described as t using (select 'x' as a) as s on t.a = s.a when matched then delete",
            "show tables in schema staging",
            "alter table staging.described rename column b to c",
            "begin",
            "rollback",
            "drop table if exists staging.described",
        ],
    )
    def test_a_result_is_described_as_upstream_does(self, session: Any, sql: str) -> None:
        cursor = session.cursor()
        cursor.execute(sql)
        described = cursor._describe_last_sql()
        assert described
        assert described == fakesnows.Cursor._describe_last_sql(cursor)

    def test_the_result_of_an_earlier_statement(self, session: Any) -> None:
        cursor = session.cursor()
        cursor.execute("select 1 as a, 'x' as b")
        earlier = cursor._describe_last_sql()
        query_id = cursor.sfqid
        cursor.execute("select 2.5 as c")
        cursor.execute(f"select * from table(result_scan('{query_id}'))")
        assert cursor._describe_last_sql() == earlier

    def test_upstream_translates_it_a_second_time(
        self, session: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        cursor = session.cursor()
        cursor.execute("select 1 as a")
        monkeypatch.setattr(fakesnow.cursor.sqlglot, "parse_one", None)
        assert cursor._describe_last_sql()[0][:2] == ("a".upper(), "INTEGER")
        with pytest.raises(TypeError):
            fakesnows.Cursor._describe_last_sql(cursor)


class TestParsedOnce:
    @pytest.fixture
    def parsed(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """Note each statement that is parsed."""
        seen: list[str] = []

        def parse(command: str) -> Any:
            seen.append(command)
            return fakesnow.dialect.parse_one(command)

        monkeypatch.setattr(parsed_once, "_parse", parse)
        return seen

    def test_the_cursor_takes_what_the_endpoint_has_parsed(
        self, client: TestClient, parsed: list[str]
    ) -> None:
        token = login(client)["token"]
        for _ in range(2):
            assert query(client, token, "select 1 as a").json()["success"]
        assert parsed == ["select 1 as a"] * 2

    def test_what_is_put_in_the_place_of_a_statement_is_parsed_itself(
        self, client: TestClient, parsed: list[str]
    ) -> None:
        assert query(client, login(client)["token"], "use role reader").json()["success"]
        assert parsed[0] == "use role reader"
        assert len(parsed) == 2

    def test_upstream_parses_it_twice(
        self, client: TestClient, parsed: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(fakesnow.server, "parse_one", parsed_once._parse)
        monkeypatch.setattr(fakesnow.cursor, "parse_one", parsed_once._parse)
        query(client, login(client)["token"], "select 1 as a")
        assert parsed == ["select 1 as a"] * 2


class TestServer:
    def test_health(self, client: TestClient) -> None:
        assert client.get("/_warehouse/health").json() == {"status": "ok"}

    @pytest.mark.parametrize(
        "sql",
        [
            "select 1 / 0",  # fails in DuckDB while running
            "select * from nowhere",  # in DuckDB's binder
            "selec 1",  # in the parser
            "select 1 as a, interval '1 day' as b",  # upstream has no type for the answer
            "undrop table x",  # upstream knows no such statement
        ],
    )
    def test_a_failed_statement_is_answered_once_as_an_error(self, client: TestClient, sql: str) -> None:
        answer = query(client, login(client)["token"], sql)
        assert answer.status_code == 200
        assert answer.json()["success"] is False
        assert answer.json()["message"]

    def test_upstream_answers_with_500_which_the_connector_repeats(self, client: TestClient) -> None:
        upstream = TestClient(fakesnow.server.app, raise_server_exceptions=False)
        token = login(client)["token"]
        assert query(upstream, token, "select 1 as a, interval '1 day' as b").status_code == 500

    def test_a_closed_session_is_gone(self, client: TestClient) -> None:
        data = login(client)
        assert data["masterToken"]
        headers = {"Authorization": f'Snowflake Token="{data["token"]}"'}
        assert client.post("/session?delete=true", headers=headers).json()["success"] is True
        assert data["token"] not in fakesnow.server.sessions
        assert query(client, data["token"], "select 1").status_code == 401

    def test_a_null_timestamp_stays_null(self, client: TestClient) -> None:
        sql = "select x from (values ('2026-01-02 03:04:05'::timestamp_ntz), (null)) as t(x)"
        answer = json.loads(query(client, login(client)["token"], sql).content)
        table = pa.ipc.open_stream(base64.b64decode(answer["data"]["rowsetBase64"])).read_all()
        epochs = [row and row["epoch"] for row in table.column(0).to_pylist()]
        assert epochs == [int(datetime.fromisoformat("2026-01-02T03:04:05+00:00").timestamp()), None]


class TestDownloads:
    GET = "get @raw_salesforce.blobs/Attachment/Body/00P1 'file:///srv/a%20b/'"

    def test_the_client_is_told_where_the_files_lie(self, client: TestClient) -> None:
        token = login(client)["token"]
        folder = Path(
            fakesnow.transforms.stage.internal_dir("MIGRATION.RAW_SALESFORCE.BLOBS", "Attachment/Body")
        )
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "00P1").write_bytes(b"x")
        data = query(client, token, self.GET).json()["data"]
        assert (data["command"], data["localLocation"]) == ("DOWNLOAD", "/srv/a b/")
        assert data["src_locations"] == [str((folder / "00P1").resolve())]
        assert query(client, token, self.GET.replace("00P1", "00P2")).json()["data"]["src_locations"] == []

    def test_upstream_knows_no_get(self, upstream: Run) -> None:
        with pytest.raises((ProgrammingError, NotImplementedError)):
            upstream(self.GET)


class TestCopyCsv:
    """The format in which Salesforce's pages are loaded."""

    CELLS: ClassVar = [
        "007",
        "2024-01-01T00:00:00.000Z",
        "NA",
        "None",
        "\\N",
        "  x ",
        'say "hi"',
        "a\r\nb\rc\nd",
        "x\x00y",
        "😀",
        "",
    ]
    FORMAT = """file_format = (type = csv skip_header = 1 field_optionally_enclosed_by = '"' null_if = ('')
        escape_unenclosed_field = none)"""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        lines = ['"A","B"', *('"{}","true"'.format(cell.replace('"', '""')) for cell in self.CELLS)]
        (tmp_path / "1.csv").write_text("\n".join(lines) + "\n", encoding="utf-8", newline="")
        return tmp_path

    def load(self, run: Run, folder: Path, cells: str, how: str = "") -> list[tuple[Any, ...]]:
        return statements(
            run,
            "create or replace table staging.cells (a varchar, b boolean, c varchar)",
            "create stage if not exists staging.csv",
            *(
                f"put 'file://{path}' @staging.csv/{folder.name}/ auto_compress = false"
                for path in folder.iterdir()
            ),
            f"copy into staging.cells from (select {cells} from @staging.csv/{folder.name}/) {self.FORMAT} {how}",
        )

    def test_every_cell_is_text(self, mended: Run, folder: Path) -> None:
        [loaded] = self.load(mended, folder, "$1, iff($2 = 'true', true, false), 'run'")
        assert loaded[3] == len(self.CELLS)
        found = mended("select * from staging.cells")
        assert found == [(cell or None, True, "run") for cell in self.CELLS]

    @pytest.mark.parametrize("how", ["", "force = true", "purge = true force = true"])
    def test_several_files_are_loaded_once_each(self, mended: Run, folder: Path, how: str) -> None:
        for number in (2, 3):
            (folder / f"{number}.csv").write_text(f'"A","B"\n"{number}","false"\n')
        loaded = self.load(mended, folder, "$1, $2, 'run'", how)
        assert sum(file[3] for file in loaded) == len(self.CELLS) + 2
        assert mended("select count(*), count(distinct a) from staging.cells") == [
            (len(self.CELLS) + 2, len(self.CELLS) + 1)
        ]
        assert mended("select a from staging.cells where not b order by 1") == [("2",), ("3",)]

    def test_a_cell_too_many_loads_nothing(self, mended: Run, folder: Path) -> None:
        (folder / "2.csv").write_text('"A","B"\n"1","true","more"\n')
        with pytest.raises(ProgrammingError):
            self.load(mended, folder, "$1, $2, 'run'")
        assert mended("select count(*) from staging.cells") == [(0,)]

    def test_within_a_transaction(self, mended: Run, folder: Path) -> None:
        self.load(mended, folder, "$1, $2, 'run'")
        (folder / "1.csv").rename(folder / "3.csv")
        statements(
            mended,
            f"put 'file://{folder}/3.csv' @staging.csv/{folder.name}/ auto_compress = false",
            "begin",
            f"copy into staging.cells from (select $1, $2, 'again' from @staging.csv/{folder.name}/3.csv) {self.FORMAT}",
            "rollback",
        )
        assert mended("select count(*) from staging.cells") == [(len(self.CELLS),)]

    def test_upstream_does_not_know_the_cells(
        self, mended: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(fakesnow.copy_into, "_inserts", copy_csv._inserts)
        with pytest.raises(ProgrammingError, match="AttributeError"):
            self.load(mended, folder, "$1, $2, 'run'")


class TestSwap:
    TABLES = (
        "create or replace table staging.one as select 1 as a",
        "create or replace table staging.other as select 2 as a, 3 as b",
    )

    def test_two_tables_change_places(self, mended: Run) -> None:
        statements(mended, *self.TABLES, "alter table staging.one swap with staging.other")
        assert mended("select * from staging.one") == [(2, 3)]
        assert mended("select * from staging.other") == [(1,)]

    def test_a_table_that_is_not_there_leaves_the_other(self, mended: Run) -> None:
        mended(self.TABLES[0])
        with pytest.raises(ProgrammingError):
            mended("alter table staging.one swap with staging.nobody")
        assert mended("select * from staging.one") == [(1,)]

    def test_upstream_does_not_know_it(self, upstream: Run) -> None:
        upstream("create schema if not exists migration.staging")
        with pytest.raises(ProgrammingError, match="SWAP"):
            statements(upstream, *self.TABLES, "alter table staging.one swap with staging.other")
