"""The compiled SQL is Snowflake's: the embedded warehouse would also run what only DuckDB understands."""

import configparser
import re
from collections.abc import Iterator
from typing import Any

from sqlfluff.core import FluffConfig, Linter
from sqlglot import exp

from tests.dbt_project.project import REPOSITORY, Project, query
from warehouse.functions import unknown_functions


def test_every_model_and_test_was_compiled(project: Project) -> None:
    compiled = dict(_compiled(project))
    assert set(project.models) | set(project.data_tests) == set(compiled)
    assert all(sql.strip() and "{{" not in sql for sql in compiled.values())


def test_sqlglot_reads_it_as_snowflake(project: Project) -> None:
    for node in {**project.models, **project.data_tests}.values():
        assert query(node).selects, node["name"]


def test_sqlfluff_reads_as_snowflake_what_lint_cannot_see(project: Project) -> None:
    """`make lint` reads models and tests as they are, but for macros that need dbt's graph, and for generic tests."""
    linter = Linter(config=FluffConfig(overrides={"dialect": "snowflake", "templater": "raw"}))
    unseen = {**_with_a_macro_that_lint_stubs(project), **_one_of_each_generic_test(project)}
    assert {"hubspot__contacts", "stg_salesforce__accounts", "recon_field"} <= set(unseen)
    unparsed = {
        name: linter.parse_string(_without_repetition(node["compiled_code"])).violations
        for name, node in unseen.items()
    }
    assert {name: violations for name, violations in unparsed.items() if violations} == {}


def test_it_calls_only_functions_that_snowflake_has(project: Project) -> None:
    unknown = {name: unknown_functions(sql) for name, sql in _compiled(project)}
    assert {name: functions for name, functions in unknown.items() if functions} == {}


def test_a_select_of_everything_stands_only_at_the_ends_of_staging(project: Project) -> None:
    for name, model in project.models.items():
        allowed = {"source", "renamed"} if name.startswith("stg_") else set()
        found = {_from(select) for select in query(model).find_all(exp.Select) if _selects_everything(select)}
        assert found <= allowed, f"{name} selects everything from {found - allowed}"


def test_the_row_hash_covers_every_property(project: Project) -> None:
    for exposure, mart in project.marts_sent():
        digest = next(column for column in query(mart).selects if column.alias == "_row_hash")
        hashed = {column.name for column in digest.find_all(exp.Column)}
        assert hashed == {name for name in mart["columns"] if not name.startswith("_")}, exposure["name"]


def _with_a_macro_that_lint_stubs(project: Project) -> dict[str, Any]:
    configured = configparser.ConfigParser()
    configured.read(REPOSITORY / ".sqlfluff")
    stubbed = [f"{name}(" for name in configured["sqlfluff:templater:jinja:macros"]]
    nodes = {**project.models, **project.data_tests}
    return {name: node for name, node in nodes.items() if any(macro in node["raw_code"] for macro in stubbed)}


def _one_of_each_generic_test(project: Project) -> dict[str, Any]:
    """Give one of those whose SQL is the same but for the names in it."""
    shapes = {}
    for node in project.data_tests.values():
        if node.get("test_metadata"):
            shapes[node["test_metadata"]["name"], _shape(node["compiled_code"])] = node
    return {node["name"]: node for node in shapes.values()}


def _without_repetition(sql: str) -> str:
    """Leave out the selects of a union that differ from another one in nothing but names and numbers."""
    head, *parts = sql.split("union all")
    kept = {(_shape(part) if part.count("(") == part.count(")") else part): part for part in parts[:-1]}
    return "union all".join([head, *kept.values(), *parts[-1:]])


def _shape(sql: str) -> str:
    return re.sub(r"[\w.']+", "_", sql)


def _compiled(project: Project) -> Iterator[tuple[str, str]]:
    for name, node in {**project.models, **project.data_tests}.items():
        yield name, node["compiled_code"]


def _selects_everything(select: exp.Select) -> bool:
    return any(column.is_star for column in select.selects)


def _from(select: exp.Select) -> str:
    """Name what a select reads; the CTE itself where it imports a source."""
    cte = select.find_ancestor(exp.CTE)
    table = select.find(exp.Table)
    return cte.alias if cte else table.name if table else ""
