"""What the marts declare, what their SQL does, and what is written about them are one and the same."""

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from extract.sources import declared
from migrate import transform
from migrate.__main__ import app
from migrate.mapping import catalogue, documents, filling
from migrate.mapping.catalogue import Mart
from sandbox.salesforce.org import declared_org, with_currencies
from tests.dbt_project.project import REPOSITORY, Project


@pytest.fixture(scope="module")
def marts(project: Project) -> list[Mart]:
    return catalogue.read(project.manifest)


def test_every_declared_source_is_the_one_in_the_sql(marts: list[Mart]) -> None:
    assert list(catalogue.contradictions(marts)) == []


def test_the_sources_whose_rows_are_conserved_are_those_of_the_marts_keys(
    project: Project, marts: list[Mart]
) -> None:
    # A tag is a name, however many records have it.
    records = [mart for mart in marts if mart.feed.kind == "record" and mart.feed.object != "tags"]
    keys = {field for mart in records for field in mart.properties[0].source}
    sql = next(test for name, test in project.data_tests.items() if name == "rows_are_conserved")
    sobject = {
        f"salesforce.{table['name']}": table["config"]["meta"]["sobject"]
        for table in project.manifest["sources"].values()
        if table["source_name"] == "salesforce"
    }
    counted = {sobject[read] for read in project.inputs(sql) if read in sobject}
    assert {field.partition(".")[0] for field in keys} == counted


def test_a_wrong_declaration_is_named(marts: list[Mart]) -> None:
    [mart] = (mart for mart in marts if mart.model["name"] == "hubspot__deals")
    columns = mart.model["columns"]
    wrong = {**columns["amount"], "config": {"meta": {"source": ["Opportunity.Name"]}}}
    changed = replace(mart, model={**mart.model, "columns": {**columns, "amount": wrong}})
    [contradiction] = catalogue.contradictions([changed])
    assert contradiction.startswith(
        "hubspot__deals.amount declares source [Opportunity.Name], but its SQL has [Opportunity.Amount]: correct"
    )


@pytest.mark.parametrize(
    ("model", "old", "new", "found"),
    [
        ("hubspot__contacts", "people.first_name as", "people.last_name as", "hubspot__contacts.firstname"),
        ("stg_salesforce__cases", "trim(origin)", "trim(reason)", "hubspot__tickets.source_type"),
        ("int_owners_mapped", "active_users.email", "owners.owner_id", "hubspot__deals.hubspot_owner_id"),
    ],
)
def test_a_change_of_the_sql_is_noticed(project: Project, model: str, old: str, new: str, found: str) -> None:
    node = project.models[model]
    assert old in node["compiled_code"]
    changed = {**node, "compiled_code": node["compiled_code"].replace(old, new)}
    manifest = {**project.manifest, "nodes": {**project.manifest["nodes"], node["unique_id"]: changed}}
    assert any(each.startswith(found) for each in catalogue.contradictions(catalogue.read(manifest)))


def test_what_is_generated_is_not_stale(marts: list[Mart]) -> None:
    filled = filling.read(marts, REPOSITORY)
    texts = documents.documents(marts, filled) | filling.files(marts, filled)
    assert documents.stale(texts, REPOSITORY) == [], "run `migrate mapping`"


def test_a_fill_rate_stands_in_the_row_of_its_property(marts: list[Mart]) -> None:
    filled = {("hubspot", "deals", "amount"): "7 %"}
    path = Path("dbt_project/models/marts/hubspot")
    rows = [
        line for line in documents.documents(marts, filled)[path / "MAPPING.md"].splitlines() if "7 %" in line
    ]
    assert [row.split("`")[1] for row in rows] == ["amount"]
    assert (
        filling.files(marts, filled)[path / "fill_rates.csv"] == "object,property,filled\ndeals,amount,7 %\n"
    )


@pytest.mark.parametrize(
    ("filled", "total", "said"), [(0, 9, "0 %"), (1, 900, "1 %"), (899, 900, "99 %"), (9, 9, "100 %")]
)
def test_nearly_all_is_not_all(filled: int, total: int, said: str) -> None:
    assert filling._share(filled, total) == said


def test_a_stale_file_is_noticed(marts: list[Mart], tmp_path: Path) -> None:
    texts = documents.documents(marts, {})
    assert documents.stale(texts, tmp_path) == list(texts)
    for path in texts:
        (tmp_path / path.parent).mkdir(parents=True, exist_ok=True)
    documents.write(texts, tmp_path)
    assert documents.stale(texts, tmp_path) == []
    document = next(path for path in texts if path.name == "MAPPING.md")
    (tmp_path / document).write_text("edited by hand", encoding="utf-8")
    assert documents.stale(texts, tmp_path) == [document]


def test_the_command_finds_what_is_stale_or_contradicts(
    project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(transform, "compiled", lambda _: project.manifest)
    monkeypatch.setenv("MIGRATE_HOME", str(tmp_path))
    monkeypatch.chdir(REPOSITORY)
    assert _mapping("--check") == (0, {"schema_version": 1, "stale": [], "contradictions": []})

    mart = project.models["intercom__companies"]
    changed = {
        **mart,
        "compiled_code": mart["compiled_code"].replace("companies.phone as", "companies.website as"),
    }
    manifest = {**project.manifest, "nodes": {**project.manifest["nodes"], mart["unique_id"]: changed}}
    monkeypatch.setattr(transform, "compiled", lambda _: manifest)
    code, document = _mapping("--check")
    assert code == 1
    assert document["stale"] == [
        "dbt_project/seeds/field_mapping.csv",
        "dbt_project/models/marts/intercom/MAPPING.md",
    ]
    assert len(document["contradictions"]) == 1


def test_every_property_has_a_row_and_every_link_leads_somewhere(project: Project, marts: list[Mart]) -> None:
    for _, model in project.marts_sent():
        path = REPOSITORY / Path(model["original_file_path"]).parent / "MAPPING.md"
        text = path.read_text(encoding="utf-8")
        assert [name for name in model["columns"] if name[0] != "_" and f"| `{name}` |" not in text] == []
        links = [part.split(")")[0] for part in text.split("](")[1:]]
        assert f"{model['name']}.sql" in links
        assert [link for link in links if not (path.parent / link).exists()] == []


def test_value_maps_are_named_and_constants_said(marts: list[Mart]) -> None:
    text = documents.documents(marts, {})[Path("dbt_project/models/marts/hubspot/MAPPING.md")]
    rows = {line.split("`")[1]: line for line in text.splitlines() if line.startswith("| `")}
    assert "via `Opportunity.StageName`" in rows["dealstage"]
    assert "[map_opportunity_stage](../../../seeds/map_opportunity_stage.csv)" in rows["dealstage"]
    assert "HubSpot's owners" in rows["hubspot_owner_id"]
    assert "none: constant" in rows["salesforce_kind"]
    assert "`Case.CaseNumber`, `Case.Subject`" in rows["subject"]


def test_the_survivorship_that_is_declared_stands_in_every_document(marts: list[Mart]) -> None:
    for path, text in documents.documents(marts, {}).items():
        if path.name == "MAPPING.md":
            assert (
                "| `phone` | trusted, first those with a `phone_key` | trusted, first those with a `phone_key` |"
                in text
            )
            assert "| `is_email_opt_out` | any |  |" in text


def test_every_field_of_a_golden_record_has_its_survivorship(project: Project) -> None:
    """What remains are keys, and what is put together from all records."""
    declared = yaml.safe_load((REPOSITORY / "dbt_project.yml").read_text(encoding="utf-8"))["vars"][
        "survivorship"
    ]
    for entity, fields in declared.items():
        columns = set(project.models[f"int_{entity}_merged"]["columns"])
        assert columns - set(fields) <= {"golden_id", "record_ids", "record_count", "other_emails"}
        assert set(fields) <= columns


def test_every_field_of_the_demo_org_is_mapped_or_left_behind(project: Project, marts: list[Mart]) -> None:
    left = _left_behind()
    there, mapped = _fields_of_the_demo_org(project), _mapped(marts)
    unexplained = {
        (name, field) for name, field in there - mapped if not left & {(name, field), ("*", field)}
    }
    assert unexplained == set(), "map them, or give the reason in dbt_project/seeds/left_behind.csv"


def test_nothing_is_left_behind_that_is_mapped_or_unknown(project: Project, marts: list[Mart]) -> None:
    there, mapped = _fields_of_the_demo_org(project), _mapped(marts)
    named = {each for each in _left_behind() if each[0] != "*"}
    assert named & mapped == set()
    assert named - there == set()
    for_every_object = {field for name, field in _left_behind() if name == "*"}
    assert for_every_object & {field for _, field in mapped | named} == set()
    assert for_every_object <= {field for _, field in there}


def _mapping(*arguments: str) -> tuple[int, Any]:
    result = CliRunner().invoke(app, ["mapping", *arguments, "--json"])
    return result.exit_code, json.loads(result.stdout)


def _fields_of_the_demo_org(project: Project) -> set[tuple[str, str]]:
    """Give the fields of the demo org's objects, as if it had several currencies."""
    org = with_currencies(declared_org())
    found = [org.find(source.name) for source in declared(project.manifest)]
    return {(sobject.name, field.name) for sobject in found if sobject for field in sobject.fields}


def _mapped(marts: list[Mart]) -> set[tuple[str, str]]:
    return {(row[3], row[4]) for row in documents.field_rows(marts)}


def _left_behind() -> set[tuple[str, str]]:
    path = REPOSITORY / "dbt_project" / "seeds" / "left_behind.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return {(row["object"], row["field"]) for row in csv.DictReader(file)}
