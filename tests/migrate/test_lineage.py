"""Lineage on statements of a few lines, each with one thing in it that the project's SQL has."""

from typing import Any

import pytest
from sqlglot import exp
from sqlglot.lineage import lineage

from migrate.mapping.lineage import Lineage, LineageError

TABLES = {
    "account": ("id", "name", "city", "stage", "ownerid", "modified"),
    "contact": ("id", "name", "ownerid"),
    "person": ("id", "email"),
    "map_stage": ("stage", "target_stage"),
    "target_owner": ("id", "email"),
}

OWNERS = """
    with owners as (select ownerid as owner_id from raw.account union select ownerid from raw.contact),
    people as (select id, email from raw.person)
    select owners.owner_id, target_owner.id as target_id
    from owners
    left join people on owners.owner_id = people.id
    left join raw.target_owner on people.email = target_owner.email
"""
RECORDS = """
    select 'companies' as object, id as record_id, name from raw.account
    union all
    select 'contacts' as object, id as record_id, name from raw.contact
"""


def manifest(models: dict[str, str]) -> dict[str, Any]:
    def node(name: str, kind: str, **more: Any) -> dict[str, Any]:
        return {
            "unique_id": name, "name": name, "resource_type": kind, "database": "db", "schema": "raw", **more
        }  # fmt: skip

    return {
        "sources": {name: node(name, "source") for name in TABLES},
        "nodes": {name: node(name, "model", compiled_code=sql) for name, sql in models.items()},
    }


def followed(sql: str, **models: str) -> tuple[set[str], set[str]]:
    """Give the sources of column x of a statement, and what chooses among them."""
    sql, *others = (text.replace("raw.", "db.raw.") for text in (sql, *models.values()))
    document = manifest({"mart": sql, **dict(zip(models, others, strict=True))})
    origins = Lineage(document).origins(document["nodes"]["mart"], "x")
    _agrees_with_sqlglot(document, {f"{leaf.unique_id}.{leaf.column}".lower() for leaf in origins.values})
    values, choosers = (
        {f"{leaf.unique_id}.{leaf.column.lower()}" for leaf in leaves}
        for leaves in (origins.values, origins.choosers)
    )
    return values, choosers


def _agrees_with_sqlglot(document: dict[str, Any], values: set[str]) -> None:
    """Hold what arrives against sqlglot's own lineage, which lists all that an expression mentions."""
    schema = {"db": {"raw": {name: dict.fromkeys(columns, "varchar") for name, columns in TABLES.items()}}}
    models = document["nodes"]
    others = {f"db.raw.{name}": each["compiled_code"] for name, each in models.items() if name != "mart"}
    graph = lineage("x", models["mart"]["compiled_code"], schema, sources=others, dialect="snowflake")
    mentioned = {
        f"{each.source.name}.{each.name.rpartition('.')[2]}".lower()
        for each in graph.walk()
        if isinstance(each.source, exp.Table)
    }
    assert values <= mentioned


@pytest.mark.parametrize(
    ("sql", "values", "choosers"),
    [
        pytest.param("select upper(trim(name)) as x from raw.account", {"account.name"}, set(), id="functions"),
        pytest.param("select name || ', ' || city as x from raw.account", {"account.name", "account.city"}, set(), id="two columns"),
        pytest.param("select 'user' as x from raw.account", set(), set(), id="a constant"),
        pytest.param("select iff(stage = 'won', name, null) as x from raw.account", {"account.name"}, set(), id="a condition does not arrive"),
        pytest.param("select case when stage = 'won' then name else city end as x from raw.account", {"account.name", "account.city"}, set(), id="the outcomes of case arrive"),
        pytest.param("select iff(stage = 'won', 'yes', 'no') as x from raw.account", set(), {"account.stage"}, id="a condition picks among constants"),
        pytest.param("select case stage when 'won' then 1 else 0 end as x from raw.account", set(), {"account.stage"}, id="case of a column"),
        pytest.param("select stage = 'won' as x from raw.account", {"account.stage"}, set(), id="the answer of a comparison"),
        pytest.param("select first_value(name) ignore nulls over (partition by city order by modified desc) as x from raw.account", {"account.name"}, set(), id="a window"),
        pytest.param("select listagg(distinct name, ';') within group (order by name) as x from raw.account group by city", {"account.name"}, set(), id="an aggregate in order"),
        pytest.param("select max_by(name, modified) as x from raw.account", {"account.name"}, set(), id="the best of a group"),
        pytest.param("select name as x from raw.account union all select name from raw.contact", {"account.name", "contact.name"}, set(), id="a union"),
        pytest.param("with s as (select * from raw.account), r as (select name as x from s) select * from r", {"account.name"}, set(), id="select everything"),
        pytest.param("select parse_json(name):first::varchar as x from raw.account", {"account.name"}, set(), id="a path into a document"),
        pytest.param("select name as x from raw.account where stage = 'won'", {"account.name"}, set(), id="a filter"),
        pytest.param("select a.name as x from raw.account as a left join raw.person on a.ownerid = person.id", {"account.name"}, set(), id="joined for nothing"),
        pytest.param("select m.target_stage as x from raw.account as a left join raw.map_stage as m on a.stage = m.stage", {"map_stage.target_stage"}, {"account.stage"}, id="a value map"),
        pytest.param("select coalesce(m.target_stage, a.stage) as x from raw.account as a left join raw.map_stage as m on lower(a.stage) = m.stage", {"map_stage.target_stage", "account.stage"}, {"account.stage"}, id="a value map with a fallback"),
        pytest.param("with a as (select id, name, city from raw.account), g as (select city, listagg(name) as names from a group by city) select g.names as x from a inner join g on a.city = g.city", {"account.name"}, set(), id="regrouped"),
    ],
)  # fmt: skip
def test_what_arrives_and_what_chooses(sql: str, values: set[str], choosers: set[str]) -> None:
    assert followed(sql) == (values, choosers)


def test_a_lookup_model_is_asked_for_the_record_at_hand() -> None:
    """The owners are those of accounts and contacts; an account finds its own by its own field alone."""
    sql = "select o.target_id as x from raw.account as a left join raw.owners as o on a.ownerid = o.owner_id"
    assert followed(sql, owners=OWNERS) == ({"target_owner.id"}, {"account.ownerid", "person.email"})


def test_a_filter_on_a_constant_leaves_out_the_other_parts_of_a_union() -> None:
    sql = "with r as (select object, name from raw.records where object = 'contacts') select name as x from r"
    assert followed(sql, records=RECORDS) == ({"contact.name"}, set())


def test_a_constant_goes_through_a_join() -> None:
    links = "select 'companies' as object, stage as record_id from raw.map_stage"
    sql = """
        select r.name as x from raw.links as l
        left join raw.records as r on l.object = r.object and l.record_id = r.record_id
        where l.object = 'companies'
    """
    assert followed(sql, records=RECORDS, links=links) == ({"account.name"}, {"map_stage.stage"})


@pytest.mark.parametrize(
    ("sql", "problem"),
    [
        ("select name as y from db.raw.account", "No column X"),
        ("select name as x from db.raw.absent", "not in dbt's manifest"),
        ("", "no compiled SQL"),
        ("select label as x from db.raw.account, db.raw.contact", "needs the name of its table"),
    ],
)
def test_what_cannot_be_followed_is_an_error(sql: str, problem: str) -> None:
    document = manifest({"mart": sql})
    with pytest.raises(LineageError, match=problem):
        Lineage(document).origins(document["nodes"]["mart"], "x")
