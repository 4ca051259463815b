"""Leaving walks out changes no translation, and spares most of them."""

import inspect
import re
from typing import Any

import fakesnow.cursor
import fakesnow.transforms
import pytest
import sqlglot
from sqlglot import Expr

from tests.warehouse.test_functions import AGGREGATES, AS_IN_SNOWFLAKE, MENDED
from warehouse.mends import fewer_walks, upstream
from warehouse.mends.fewer_walks import OF_PARTS, OF_STATEMENTS, Chain

CHAIN = re.findall(r"transforms\.(\w+)", inspect.getsource(fakesnow.cursor.FakeSnowflakeCursor._transform))
CALLS = [call for call, _ in [*AS_IN_SNOWFLAKE, *AGGREGATES, *MENDED]]
STATEMENTS = [
    "create or replace transient table staging.a (x varchar(3) not null comment 'why', y number(10, 2), z timestamp_ntz)",
    "create or replace table staging.a comment = 'why' as select 1::number as x, current_timestamp as y",
    "create table staging.b clone staging.a",
    "create view staging.v as select x, y from staging.a qualify row_number() over (partition by x order by y) = 1",
    "create or replace temporary stage staging.s",
    "create or replace file format staging.f type = csv",
    "create user somebody",
    "alter table staging.a add column u varchar(7)",
    "alter table staging.a cluster by (x)",
    "alter session set autocommit = true",
    "drop schema if exists staging",
    "use schema raw_salesforce",
    "set name = 'value'",
    "list @staging.s",
    "put 'file:///data/x.csv' @staging.s",
    "show schemas in database migration",
    "show tables in schema staging",
    "show columns in table staging.a",
    "show primary keys in account",
    "show terse objects in schema staging",
    "show functions",
    "select x as y from staging.a as l inner join staging.b as r on l.x = r.x where y > 1 and x ilike 'a%'",
    "select t.x, f.value::varchar from staging.a as t, lateral flatten(input => parse_json(t.x)) as f",
    "select column1 as id from values (1), (2)",
    "select seq.nextval, random(1), array_agg(x) within group (order by x), sum(y::number) from staging.a sample (10)",
    "select dateadd(day, 1, '2026-01-01'::date), dateadd(day, 1, '2026-01-01'), datediff(day, '2026-01-01', x) from staging.a",
    "select * from information_schema.columns where table_schema = current_schema()",
    "select x:a.b::varchar, upper(x:c), x[0], array_size(x), to_variant(y), x'ab', current_version() from staging.a",
    "insert into staging.a (x, y) select object_construct(*), sha2_hex(x) from staging.b",
    "delete from staging.a where x in (select x from staging.b)",
    "update staging.a set y = b.y from staging.b as b where a.x = b.x",
]


@pytest.mark.parametrize("name", [*OF_STATEMENTS, *OF_PARTS])
def test_what_is_named_is_a_translation_of_upstream(name: str) -> None:
    assert name in CHAIN


@pytest.mark.parametrize("sql", [*(f"select {call}" for call in CALLS), *STATEMENTS])
def test_a_statement_is_translated_as_upstream_does(session: Any, sql: str) -> None:
    whole = said(session, parsed(sql))
    assert said(session, Chain(parsed(sql))) == whole


def test_upstream_walks_for_each_translation(session: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    walks: list[str] = []

    class Counted(Chain):
        def _become(self, tree: Expr) -> None:
            walks.append("")
            super()._become(tree)

    tree: Any = Counted(parsed("select a, upper(b) from staging.a where c = 'x'"))
    upstream.Cursor._transform(session.cursor(), tree, None)
    fewer = len(walks)
    monkeypatch.setattr(fewer_walks, "OF_PARTS", {})
    monkeypatch.setattr(fewer_walks, "OF_STATEMENTS", {})
    walks.clear()
    tree = Counted(parsed("select a, upper(b) from staging.a where c = 'x'"))
    upstream.Cursor._transform(session.cursor(), tree, None)
    assert len(walks) == len(CHAIN)
    assert fewer < len(CHAIN) / 3


def parsed(sql: str) -> Expr:
    return sqlglot.parse_one(sql, read="snowflake")


def said(session: Any, tree: Any) -> tuple[str, str]:
    """Give the translation and what upstream keeps beside it, or why it refuses; without the moment at which a stage was made."""
    try:
        translated: Any = upstream.Cursor._transform(session.cursor(), tree, None)
    except NotImplementedError as refusal:
        return "refused", str(refusal)
    whole = getattr(translated, "tree", translated)
    beside = {name: value for name, value in whole.args.items() if not isinstance(value, Expr | list)}
    return re.sub(r"\d{4}-\d\d-\d\dT[\d:.+]+", "now", whole.sql(dialect="duckdb")), repr(
        sorted(beside.items())
    )
