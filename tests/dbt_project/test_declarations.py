"""Every fact is declared once, and where two places must agree, they do."""

import csv
import re
from typing import Any

import jinja2
import pytest

from load.hubspot.links import ASSOCIATION_TYPES
from tests.dbt_project.project import REPOSITORY, Project, folder, query

# Folder below models: the schema that dbt builds it in, and what the names of its models begin with.
FOLDERS = {
    "staging/salesforce": ("staging", "stg_salesforce__"),
    "staging/hubspot": ("staging", "stg_hubspot__"),
    "staging/intercom": ("staging", "stg_intercom__"),
    "staging/ops": ("staging", "stg_ops__"),
    "intermediate/people": ("intermediate", "int_people_"),
    "intermediate/companies": ("intermediate", "int_companies_"),
    "intermediate/deals": ("intermediate", "int_deals_"),
    "intermediate/activities": ("intermediate", "int_activities_"),
    "intermediate/owners": ("intermediate", "int_owners_"),
    "intermediate/enrichment": ("intermediate", "int_enrichment_"),
    "intermediate/links": ("intermediate", "int_"),
    "intermediate/quality": ("intermediate", "int_quality_"),
    "intermediate/reconciliation": ("intermediate", "int_recon_"),
    "marts/hubspot": ("marts_hubspot", "hubspot__"),
    "marts/intercom": ("marts_intercom", "intercom__"),
    "marts/quality": ("quality", ""),
    "marts/reconciliation": ("reconciliation", ""),
}

# Nothing in it but a union over all marts.
WITHOUT_AN_EXPRESSION = {"int_recon_marts"}


def test_outbound_records_are_the_exposures_of_records(project: Project) -> None:
    declared = {
        (exposure["config"]["meta"]["target"], exposure["config"]["meta"]["object"])
        for exposure, _ in project.marts_sent()
        if exposure["config"]["meta"]["kind"] == "record"
    }
    assert set(_listed(project, "outbound_records")) == declared


def test_what_is_reconciled_is_what_becomes_a_record(project: Project) -> None:
    keys = {
        (meta["target"], meta["object"], meta["key"])
        for exposure, _ in project.marts_sent()
        if (meta := exposure["config"]["meta"])["kind"] == "record"
    }
    becomes = {
        (row["object"], row["source_object"])
        for row in _rows("field_mapping")
        if (row["target"], row["object"], row["property"]) in keys and row["source_field"] == "Id"
    }
    assert {sobject for sobject, _ in _listed(project, "migrated_sources")} == {
        sobject for _, sobject in becomes
    }
    assert {(name, sobject) for name, sobject, *_ in _listed(project, "unmerged_records")} <= becomes


def test_association_types_are_those_of_the_loader() -> None:
    seed = {
        (row["from_object"], row["to_object"], row["association_type"]): int(row["association_type_id"])
        for row in _rows("hubspot_association_types")
        if row["association_type_id"]
    }
    assert seed == ASSOCIATION_TYPES


def test_exposed_marts_are_under_contract(project: Project) -> None:
    sent = list(project.marts_sent())
    assert sent
    for exposure, mart in sent:
        assert mart["config"]["contract"]["enforced"], exposure["name"]
        ours = {"_record_key", "_row_hash"} | (
            {"_left_out"} if _meta(exposure)["kind"] == "record" else set()
        )
        assert ours <= set(mart["columns"]), exposure["name"]
        assert all(column["data_type"] for column in mart["columns"].values()), exposure["name"]


def test_everything_is_described(project: Project) -> None:
    silent = [
        f"{name}.{column}" if column else name
        for name, node in {**project.models, **project.seeds}.items()
        for column, described in [("", node), *node["columns"].items()]
        if not described["description"].strip()
    ]
    silent += [name for name, node in _own(project, "macros") if not node["description"].strip()]
    silent += [name for name, node in _own(project, "sources") if not node["description"].strip()]
    silent += [name for name, node in project.exposures.items() if not node["description"].strip()]
    assert silent == []


def test_every_column_of_a_model_is_documented_and_no_other(project: Project) -> None:
    for name, model in project.models.items():
        assert list(model["columns"]) == _selected(model), name


def test_every_column_of_a_seed_is_documented_and_no_other(project: Project) -> None:
    for name, seed in project.seeds.items():
        assert list(seed["columns"]) == _header(name), name
        assert set(seed["config"]["column_types"]) == set(seed["columns"]), name


def test_the_folder_is_the_schema_and_the_beginning_of_the_name(project: Project) -> None:
    for name, model in project.models.items():
        schema, beginning = FOLDERS[folder(model)]
        assert model["schema"].lower() == schema, name
        assert name.startswith(beginning), name
        assert model["patch_path"].endswith(f"{folder(model)}/{name}.yml"), (
            f"{name} has no YAML of its own beside it"
        )


def test_every_property_names_declared_source_fields(project: Project) -> None:
    known = project.salesforce_fields()
    assert {"Account.Id", "Case.Status"} <= known
    for exposure, mart in project.marts_sent():
        for name, column in mart["columns"].items():
            if not name.startswith("_"):
                place = f"{exposure['name']}.{name}"
                assert "source" in column["config"]["meta"], f"{place} needs meta.source, [] for a constant"
                assert set(column["config"]["meta"]["source"]) <= known, place


def test_quarantine_holds_every_check(project: Project) -> None:
    findings, limits = "int_quality_findings", "int_quality_limits"
    assert project.inputs(project.models[findings]) == {f"int_quality_{name}" for name in _checks(project)}
    assert {findings, limits} <= project.inputs(project.models["quarantine"])
    records = {mart["name"] for exposure, mart in project.marts_sent() if _meta(exposure)["kind"] == "record"}
    assert records <= project.inputs(project.models[limits])


def test_the_index_lists_every_check_and_no_other(project: Project) -> None:
    index = {row["check_name"]: row for row in _rows("quality_checks")}
    limits = set(re.findall(r"limit_\w+(?=', )", _macro(project, "limit_checks")))
    assert set(index) == _checks(project) | limits
    for name in _checks(project):
        sql = project.models[f"int_quality_{name}"]["raw_code"]
        for fact in ("object", "field", "scope"):
            said = index[name][fact]
            assert said == "*" or f"'{said}' as {fact}" in sql, f"{name}: the index has {fact} {said}"


def test_a_record_without_what_its_target_requires_is_held_back(project: Project) -> None:
    """The index has a check of scope `record` for each required property of each mart that is sent."""
    held_back = {(row["object"], row["field"]) for row in _rows("quality_checks") if row["scope"] == "record"}
    required = {
        (_meta(exposure)["object"], name)
        for exposure, mart in project.marts_sent()
        for name, column in mart["columns"].items()
        if _meta(column).get("limit", {}).get("required")
    }
    assert required
    assert required <= held_back


def test_every_cast_of_staging_is_checked(project: Project) -> None:
    casting = {
        name
        for name, model in project.models.items()
        if folder(model) == "staging/salesforce" and re.search(r"try_to_|= 'true'", model["raw_code"])
    }
    assert casting == {name for name, model in project.models.items() if "unfit_fields" in model["columns"]}
    assert casting <= project.inputs(project.models["unfit_values"])
    accounts = project.models["stg_salesforce__accounts"]["compiled_code"]
    assert "try_to_decimal(annualrevenue, 18, 2) is null, 'annualrevenue|decimal'" in accounts
    assert (
        "lower(isclosed) not in ('true', 'false')" in project.models["stg_salesforce__cases"]["compiled_code"]
    )


def test_a_check_reports_under_its_own_name(project: Project) -> None:
    for name in _checks(project):
        assert f"'{name}' as check_name" in project.models[f"int_quality_{name}"]["raw_code"], name


def test_every_model_has_a_key(project: Project) -> None:
    """A model without one could double rows unseen. `int_recon_links_found` may: it is read with distinct."""
    keyed = {
        project.inputs(test).pop()
        for test in project.data_tests.values()
        if (test.get("test_metadata") or {}).get("name") == "primary_key"
    }
    assert set(project.models) - keyed == {"int_recon_links_found"}


def test_every_model_with_an_expression_is_unit_tested(project: Project) -> None:
    wanted = {name for name, model in project.models.items() if not folder(model).startswith("staging")}
    assert wanted >= WITHOUT_AN_EXPRESSION
    assert wanted - project.unit_tested == WITHOUT_AN_EXPRESSION


@pytest.mark.parametrize("table", ["map_opportunity_stage", "map_case_status"])
def test_a_held_back_value_is_one_without_a_row(table: str) -> None:
    """A row with an empty stage would pass the check and be refused by the target."""
    assert all(all(row.values()) for row in _rows(table))


def _checks(project: Project) -> set[str]:
    """Name the checks that are models of their own."""
    named = {name.removeprefix("int_quality_") for name in project.models if name.startswith("int_quality_")}
    return named - {"findings", "limits"}


def _meta(node: Any) -> dict[str, Any]:
    meta: dict[str, Any] = node["config"]["meta"]
    return meta


def _macro(project: Project, name: str) -> str:
    sql: str = project.manifest["macros"][f"macro.salesforce_exit.{name}"]["macro_sql"]
    return sql


def _listed(project: Project, macro: str) -> list[tuple[str, ...]]:
    """Give the list that a macro returns."""
    sql = _macro(project, macro)
    returned: list[list[tuple[str, ...]]] = []
    environment = jinja2.Environment()  # noqa: S701  renders a macro, not a page
    environment.from_string(f"{sql}{{{{ {macro}() }}}}").render({"return": returned.append})
    return returned[0]


def _own(project: Project, kind: str) -> list[tuple[str, Any]]:
    nodes = project.manifest[kind].values()
    return [(node["name"], node) for node in nodes if node["package_name"] == "salesforce_exit"]


def _header(seed: str) -> list[str]:
    with (REPOSITORY / "dbt_project" / "seeds" / f"{seed}.csv").open(encoding="utf-8", newline="") as file:
        return next(csv.reader(file))


def _rows(seed: str) -> list[dict[str, str]]:
    with (REPOSITORY / "dbt_project" / "seeds" / f"{seed}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _selected(model: Any) -> list[str]:
    """Name the columns that a model's SQL gives, in order."""
    selects = query(model).selects
    if any(column.is_star for column in selects):
        selects = next(cte.this for cte in query(model).ctes if cte.alias == "renamed").selects
    return [column.alias_or_name for column in selects]
