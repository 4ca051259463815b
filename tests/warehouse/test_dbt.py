"""dbt-snowflake works on the embedded warehouse: a small project with one of everything the real one uses."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from dbt.cli.main import dbtRunner

import warehouse

REPOSITORY = Path(__file__).resolve().parents[2]
PROJECT = Path(__file__).parent / "tiny_project"

CONTACT = ["ID", "LASTNAME", "EMAIL", "MAILINGCOUNTRYCODE", "SALARY__C", "ISDELETED", "LASTMODIFIEDDATE"]
CASE = ["ID", "CONTACTID", "SUBJECT", "STATUS"]


@dataclass
class Project:
    """The small project in a folder of its own, with dbt in process."""

    folder: Path
    server: Any

    def dbt(self, *arguments: str) -> Any:
        folders = ["--project-dir", str(self.folder), "--profiles-dir", str(REPOSITORY)]
        return dbtRunner().invoke([*arguments, *folders, "--target", "local", "--quiet"])

    def build(self) -> dict[str, str]:
        """Build everything; give the status of each node by name."""
        outcome = self.dbt("build", "--threads", "4")
        assert outcome.exception is None
        return {result.node.name: str(result.status) for result in outcome.result.results}

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with self.server.connect() as connection:
            fetched: list[tuple[Any, ...]] = connection.cursor().execute(sql).fetchall()
            return fetched


@pytest.fixture(scope="module")
def project(server: Any, tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("dbt") / "tiny"
    shutil.copytree(PROJECT, folder)
    with server.connect() as connection:
        warehouse.setup(connection)
        run = connection.cursor().execute
        for name, columns in (("CONTACT", CONTACT), ("CASE", CASE)):
            fields = ", ".join(f'"{column}" varchar' for column in columns)
            run(f'create transient table raw_salesforce."{name}" ({fields}, "_EXTRACTED_AT" timestamp_ntz)')
        run(
            """insert into raw_salesforce."CONTACT" select column1, column2, column3, column4, column5, column6, column7, sysdate()
            from values
                ('1', 'Lovelace', 'ADA@x.example', 'gb', '12.5', 'false', '2026-01-02T03:04:05.000+0000'),
                ('2', ' ', 'b@x.example', 'na', '', 'true', '2026-01-03T03:04:05.000+0000')"""
        )
        run("insert into raw_salesforce.\"CASE\" values ('c1', '1', 'Help', 'New', sysdate())")
    return Project(folder, server)


@pytest.fixture(scope="module")
def built(project: Project) -> dict[str, str]:
    return project.build()


@pytest.fixture(scope="module")
def rebuilt(project: Project, built: dict[str, str]) -> dict[str, str]:
    """Build again after a change in the source and a restart of the warehouse."""
    with project.server.connect() as connection:
        connection.cursor().execute(
            """update raw_salesforce."CONTACT" set "LASTNAME" = 'King', "LASTMODIFIEDDATE" = '2026-02-01T00:00:00.000+0000'
            where "ID" = '1'"""
        )
    project.server.stop()
    project.server.start()
    return project.build()


def test_everything_is_built_and_passes(built: dict[str, str]) -> None:
    assert set(built.values()) == {"success", "pass"}
    assert {
        "stg_cases", "stg_contacts", "countries", "hubspot__contacts", "contact_states", "contact_states_replaced",
        "contact_log", "contacts_checked", "contacts_timestamped", "deleted_contacts_are_left_out",
        "a_contact_without_country_or_cases_stays", "every_contact_is_mapped",
    } <= set(built)  # fmt: skip


def test_the_mapping_gives_the_values(project: Project, built: dict[str, str]) -> None:
    sql = "select _record_key, lastname, country, salary, case_count from marts_hubspot.hubspot__contacts"
    ((key, name, country, salary, cases),) = project.rows(sql)
    assert (key, name, country, str(salary), cases) == ("1", "Lovelace", "United Kingdom", "12.50", 1)


def test_seeds_keep_their_types_and_their_texts(project: Project, built: dict[str, str]) -> None:
    assert project.rows("select name, population from staging.countries where code = 'NA'") == [
        ('Namibia, "Land of the Brave"', 2600000)
    ]
    assert project.rows("describe table staging.countries")[0][1] == "VARCHAR(2)"


def test_the_second_build_on_the_same_files_passes_too(rebuilt: dict[str, str]) -> None:
    assert set(rebuilt.values()) == {"success", "pass"}


def test_incremental_models_merge(project: Project, rebuilt: dict[str, str]) -> None:
    expected = [("1", "King"), ("2", None)]
    for model in ("contact_states", "contact_states_replaced"):
        assert project.rows(f"select contact_id, last_name from marts_hubspot.{model} order by 1") == expected


def test_snapshots_keep_history(project: Project, rebuilt: dict[str, str]) -> None:
    for snapshot in ("contacts_checked", "contacts_timestamped"):
        sql = f"select last_name, dbt_valid_to is null from intermediate.{snapshot} where contact_id = '1' order by dbt_valid_from"
        assert project.rows(sql) == [("Lovelace", False), ("King", True)]


def test_nothing_temporary_is_left(project: Project, rebuilt: dict[str, str]) -> None:
    assert (
        project.rows("select table_name from information_schema.tables where table_name ilike '%dbt_tmp%'")
        == []
    )


def test_the_catalog_holds_relations_columns_types_and_comments(
    project: Project, rebuilt: dict[str, str]
) -> None:
    assert project.dbt("docs", "generate").success
    catalog = json.loads((project.folder / "target" / "catalog.json").read_text(encoding="utf-8"))
    contacts = catalog["nodes"]["model.tiny.hubspot__contacts"]
    assert contacts["metadata"]["comment"] == 'What HubSpot gets; a person\'s "row".'
    assert contacts["columns"]["LASTNAME"]["comment"] == "The family name; it's shown first."
    assert {name: column["type"] for name, column in contacts["columns"].items()} == {
        "_RECORD_KEY": "TEXT", "_ROW_HASH": "TEXT", "LASTNAME": "TEXT", "EMAIL": "TEXT", "COUNTRY": "TEXT",
        "SALARY": "NUMBER", "CASE_COUNT": "NUMBER", "ARCHIVED": "BOOLEAN", "MODIFIED_ON": "DATE",
        "MODIFIED_AT": "TIMESTAMP_NTZ", "SHARE": "FLOAT",
    }  # fmt: skip
    view = catalog["nodes"]["model.tiny.stg_contacts"]
    assert view["metadata"]["type"] == "VIEW"
    assert view["metadata"]["comment"] == "People, one row per Salesforce contact; it's a view."
    assert view["columns"]["CONTACT_ID"]["comment"] == "The Salesforce id of the contact's record."
    assert set(catalog["sources"]) == {"source.tiny.salesforce.contacts", "source.tiny.salesforce.cases"}


def change(path: Path, old: str, new: str) -> Callable[[], None]:
    """Edit a file of the project; give what undoes it."""
    before = path.read_text(encoding="utf-8")
    assert old in before
    path.write_text(before.replace(old, new), encoding="utf-8")
    return lambda: path.write_text(before, encoding="utf-8") and None


@pytest.mark.parametrize(
    ("command", "file", "old", "new", "failing"),
    [
        ("run", "models/marts/hubspot__contacts.sql", "as lastname", "as last_name", "hubspot__contacts"),
        (
            "run",
            "models/marts/hubspot__contacts.sql",
            "::number(18, 2) as salary",
            "::varchar as salary",
            "hubspot__contacts",
        ),
        (
            "run",
            "models/marts/hubspot__contacts.sql",
            "::double as share",
            "::varchar as share",
            "hubspot__contacts",
        ),
        (
            "build",
            "models/marts/hubspot__contacts.sql",
            "where not is_deleted",
            "",
            "deleted_contacts_are_left_out",
        ),
        (
            "test",
            "models/staging/stg_cases.yml",
            "[New, Closed]",
            "[Closed]",
            "accepted_values_stg_cases_status__Closed",
        ),
        (
            "test",
            "tests/every_contact_is_mapped.sql",
            "is null and",
            "is not null and",
            "every_contact_is_mapped",
        ),
    ],
)
def test_what_is_wrong_fails(
    project: Project, rebuilt: dict[str, str], command: str, file: str, old: str, new: str, failing: str
) -> None:
    undo = change(project.folder / file, old, new)
    try:
        outcome = project.dbt(command, "--select", "stg_cases", "hubspot__contacts")
    finally:
        undo()
    assert failing in {
        result.node.name for result in outcome.result.results if result.status in ("error", "fail")
    }
