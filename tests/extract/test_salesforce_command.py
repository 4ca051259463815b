"""`migrate extract --discover` and `--dry-run` on a copy of this project."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from extract.salesforce import Login, connect
from extract.sources import declare, table
from migrate import phases, systems, transform
from migrate.errors import SetupError
from migrate.settings import Settings
from tests.extract.org import Org, contacts
from tests.servers import REPOSITORY

SOURCES = Path("dbt_project/models/staging/salesforce/_salesforce__sources.yml")
DECLARED = """\
sources:
  - name: salesforce
    schema: raw_salesforce  # a comment
    tables:
      - name: contact
        identifier: CONTACT
        config: {meta: {sobject: Contact}}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Give a copy of the dbt project, which may be written to."""
    for name in ("dbt_project.yml", "profiles.yml"):
        shutil.copy(REPOSITORY / name, tmp_path)
    shutil.copytree(REPOSITORY / "dbt_project", tmp_path / "dbt_project")
    return tmp_path


def test_chosen_objects_are_declared_and_can_be_planned(
    project: Path, salesforce_url: str, warehouse_port: int
) -> None:
    Org(salesforce_url).fill(
        Contact=contacts(2), ContentDocument=[{"Id": "069000000000001AAA", "Title": "Fair"}]
    )
    before = (project / SOURCES).read_text()

    def migrate(*arguments: str) -> Any:
        done = subprocess.run(
            [sys.executable, "-m", "migrate", "extract", *arguments, "--json"],
            cwd=project,
            env={
                **os.environ,
                "PYTHONPATH": str(REPOSITORY),
                "MIGRATE_HOME": str(project / "home"),
                "MIGRATE_ENV_FILE": str(project / "none.env"),
                "WAREHOUSE_PORT": str(warehouse_port),
                "SANDBOX_SALESFORCE_PORT": str(urlsplit(salesforce_url).port),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    written = migrate("--discover", "-s", "ContentDocument", "-s", "Contact")
    assert written["declared"] == ["ContentDocument"]
    assert written["already_declared"] == ["Contact"]
    after = (project / SOURCES).read_text()
    assert after.startswith(before)
    assert after.endswith("- name: SystemModstamp\n")
    planned = migrate("--dry-run", "-s", "ContentDocument")
    assert [(one["object"], one["mode"], one["rows"]) for one in planned["objects"]] == [
        ("ContentDocument", "full", 1)
    ]
    assert planned["budget"]["floor"] == 0.2


@pytest.fixture
def here(salesforce_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a small sources file that the phases take for the project's."""
    file = tmp_path / "_sources.yml"
    file.write_text(DECLARED)
    node = {
        "source_name": "salesforce",
        "name": "contact",
        "config": {"meta": {"sobject": "Contact"}},
        "original_file_path": str(file),
    }
    login = Login(login_url=salesforce_url, client_id="sandbox-client", refresh_token="sandbox-refresh-token")
    monkeypatch.setattr(transform, "manifest", lambda _: {"sources": {"one": node}})
    monkeypatch.setattr(systems, "salesforce", lambda _: connect(login))
    return file


def test_a_misspelt_object_is_refused_with_the_nearest(here: Path) -> None:
    with pytest.raises(SetupError, match=r"no object Oportunity .* did you mean Opportunity\?"):
        phases.declare(Settings(), ["Lead", "Oportunity"])
    assert here.read_text() == DECLARED


def test_what_is_declared_is_marked_and_left_alone(here: Path) -> None:
    listed = {one["object"]: one["declared"] for one in phases.discover(Settings())}
    assert (listed["Contact"], listed["Lead"]) == (True, False)
    assert phases.declare(Settings(), ["Contact"])["declared"] == []
    assert here.read_text() == DECLARED


def test_a_stanza_is_what_dbt_would_have_been_given_by_hand(here: Path) -> None:
    phases.declare(Settings(), ["OpportunityContactRole", "OpportunityContactRole", "Lead"])
    assert here.read_text().startswith(DECLARED)
    [contact, role, lead] = yaml.safe_load(here.read_text())["sources"][0]["tables"]
    assert (contact["name"], lead["name"]) == ("contact", "lead")
    assert role["name"] == "opportunity_contact_role"
    assert role["identifier"] == "OPPORTUNITYCONTACTROLE"
    assert role["config"] == {"meta": {"sobject": "OpportunityContactRole"}}
    assert {"name": "Id"} in role["columns"]
    assert {"name": "SystemModstamp"} in role["columns"]


@pytest.mark.parametrize(
    "label", ["Mitglieder: alte", "# 5", "yes", "Überfällige 😀", 'say "x"', "a\nb", " x "]
)
def test_any_label_of_an_org_is_a_description(tmp_path: Path, label: str) -> None:
    file = tmp_path / "sources.yml"
    file.write_text(DECLARED.rstrip("\n"))
    declare(file, [table("Ünit_Tüst__c", label, ["Id"])])
    assert yaml.safe_load(file.read_text())["sources"][0]["tables"][1]["description"] == label


@pytest.mark.parametrize(
    "other",
    [
        DECLARED + "  - name: hubspot\n    tables: []\n",
        DECLARED.replace("      - name", "    - name").replace("        ", "      "),
        DECLARED + "models:\n  - name: stg\n",
    ],
)
def test_a_file_of_another_form_is_left_alone(tmp_path: Path, other: str) -> None:
    file = tmp_path / "sources.yml"
    file.write_text(other)
    with pytest.raises(ValueError, match=r"Add by hand:\n      - name: lead"):
        declare(file, [table("Lead", "Leads", ["Id"])])
    assert file.read_text() == other
    assert [*tmp_path.iterdir()] == [file]
