"""The list of Snowflake's functions, and the search for others in a model's SQL."""

from pathlib import Path

import pytest
import sqlglot

from warehouse.functions import called_functions, known_functions, unknown_functions

PROJECT = Path(__file__).parent / "tiny_project"


@pytest.mark.parametrize(
    ("sql", "unknown"),
    [
        ("select strip_accents(name) from people", {"STRIP_ACCENTS"}),
        ("select lower(STRIP_Accents(trim(name))) from people", {"STRIP_ACCENTS"}),
        ("select 1 where exists (select 1 from t where regexp_matches(a, 'x'))", {"REGEXP_MATCHES"}),
        ("with a as (select list_contains(x, 1) as y from t) select * from a", {"LIST_CONTAINS"}),
        ("select string_agg(x, ',') from t", {"STRING_AGG"}),
        ("select string_agg(x, ',') over (partition by y) from t", {"STRING_AGG"}),
        ("select arg_max(a, b), bool_or(c), levenshtein(a, b) from t", {"ARG_MAX", "BOOL_OR", "LEVENSHTEIN"}),
        ("select jaro_winkler_similarity(a, b), strftime(a, b), if(a, b, c) from t",
         {"JARO_WINKLER_SIMILARITY", "STRFTIME", "IF"}),
        ("select * from unnest([1, 2])", {"UNNEST"}),
        ("select * from t, lateral unnest(t.a) as x", {"UNNEST"}),
        ("select x from t qualify my_rank(x) over (order by y) = 1", {"MY_RANK"}),
        ("create or replace table a as select epoch_ms(b) as c from t; select now()", {"EPOCH_MS", "NOW"}),
        ("select case when list_sum(a) > 1 then 1 end, a in (list_sum(b)) from t group by list_max(c)",
         {"LIST_SUM", "LIST_MAX"}),
        ("merge into a using b on list_sum(a.x) = b.y when matched then update set z = list_min(b.z)",
         {"LIST_SUM", "LIST_MIN"}),
    ],
)  # fmt: skip
def test_functions_that_snowflake_lacks_are_found(sql: str, unknown: set[str]) -> None:
    assert unknown_functions(sql) == unknown


@pytest.mark.parametrize(
    "sql",
    [
        """
        with recursive ids (id, n) as (select 1, 2 union all select id + 1, n from ids where id < 5)
        select
            cast(a as number(18, 2)), try_cast(b as timestamp_ntz(9)), c::varchar(10), extract(year from d), trim(e, 'x'),
            position('a' in e), left(e, 1), right(e, 2), listagg(distinct e, ',') within group (order by e),
            array_agg(e) within group (order by f)[0]::varchar, first_value(e) ignore nulls over (partition by f order by g),
            count(*), count_if(h), iff(h, 1, 2), case when h in (1, 2) then coalesce(i, j) end, dateadd(day, 1, d),
            datediff('day', d, current_date()), date_trunc(month, d), to_char(d, 'YYYY'), to_timestamp_ntz(k),
            convert_timezone('UTC', k), regexp_replace(e, 'a', 'b', 1, 0, 'i'), e rlike 'x', e ilike any ('a', 'b'),
            parse_json(l):a.b::varchar, object_construct('a', 1, 'b', 2), get_path(l, 'a'), try_parse_json(l)['x'],
            md5(concat_ws('|', e, f)), sha2(e, 256), hash(e, f), nvl(e, f), zeroifnull(g), div0(a, b), min_by(a, b),
            jarowinkler_similarity(e, f), editdistance(e, f, 2), soundex(e), translate(e, 'á', 'a'), split_part(e, '@', 2),
            percentile_cont(0.5) within group (order by a), ratio_to_report(a) over (), boolor_agg(h), sysdate(),
            snowflake.cortex.ai_complete('model', 'prompt'), ai_classify(e, ['a', 'b']), last_day(d), space(2)
        from raw_salesforce."CASE" as t (a, b)
        left join lateral flatten(input => t.l, outer => true) as m
        cross join table(generator(rowcount => 3)) as n
        where exists (select 1 from u where u.a = any (select 1)) and a is distinct from b
        group by rollup (a, b), cube (c), grouping sets ((a), (b))
        qualify row_number() over (partition by a order by b desc nulls last) = 1
        """,
        "select * from values (1, 'a') as t(x, y)",
        "insert into t (a, b) values (1, 2)",
        "create table t (a number(38, 0) not null, b varchar(10))",
        "select * from table(split_to_table('a;b', ';')) pivot (max(x) for y in ('a', 'b'))",
        "select seq4(), uniform(1, 10, random()) from table(generator(rowcount => 10)) sample (10)",
    ],
)
def test_what_snowflake_has_passes(sql: str) -> None:
    assert unknown_functions(sql) == set()


def test_names_are_reported_as_written() -> None:
    assert called_functions("select len(a), nvl(b, 1), substring(c, 1) from t") == {"LEN", "NVL", "SUBSTRING"}


def test_the_list_holds_names_once_and_none_of_duckdbs_own() -> None:
    assert {
        "MD5",
        "TRY_TO_TIMESTAMP_NTZ",
        "JAROWINKLER_SIMILARITY",
        "AI_CLASSIFY",
        "FLATTEN",
    } <= known_functions()
    assert all(name == name.upper() for name in known_functions())
    duckdb_only = {
        "STRIP_ACCENTS",
        "LIST_CONTAINS",
        "UNNEST",
        "STRFTIME",
        "EPOCH_MS",
        "STRING_SPLIT",
        "BOOL_OR",
    }
    assert not duckdb_only & known_functions()


def test_no_snowflake_sql_is_an_error() -> None:
    with pytest.raises(sqlglot.errors.ParseError):
        unknown_functions("select (")


def test_the_small_project_calls_only_what_snowflake_has() -> None:
    for path in PROJECT.rglob("stg_*.sql"):
        sql = path.read_text(encoding="utf-8").replace("{{ source('salesforce', 'cases') }}", "c")
        sql = sql.replace("{{ source('salesforce', 'contacts') }}", "c")
        assert unknown_functions(sql) == set()
