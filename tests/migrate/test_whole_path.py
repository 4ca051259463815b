"""The whole migration through the command line: run, run again, change, tamper, kill, resume."""

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest
import streamlit
from streamlit.testing.v1 import AppTest

from sandbox.company.change import contact_changes
from sandbox.hubspot.account import TOKEN as HUBSPOT_TOKEN
from sandbox.intercom.app import TOKEN as INTERCOM_TOKEN
from tests.migrate import runbook
from tests.migrate.browser import chromium, served
from tests.migrate.conftest import Place
from tests.servers import REPOSITORY

SCALE = 0.15
IDENTITY = ("-c", "user.name=Test", "-c", "user.email=test@example.com")
RECORDS = (
    *("companies", "contacts", "products", "deals", "line_items", "tickets", "p_subscription"),
    *("notes", "tasks", "calls", "meetings", "emails"),
)


@pytest.fixture(scope="module")
def first(place: Place) -> Any:
    """Give the document of the first run on the demo company."""
    assert place.migrate("warehouse", "sql", "select 1 as one")["rows"] == [{"one": 1}]
    place.migrate("sandbox", "seed", "--scale", str(SCALE))
    return place.migrate("run")


def test_every_record_is_accounted_for(place: Place, first: Any) -> None:
    assert first["status"] == "succeeded"
    assert [phase["name"] for phase in first["phases"]] == ["extract", "build", "load", "reconcile"]
    sent = [exposure["config"]["meta"] for exposure in place.manifest()["exposures"].values()]
    wanted = {(meta["target"], meta["object"]) for meta in sent if "target" in meta}
    # A merge is seen by the lead that is gone, and the first load has none.
    assert {(one["target"], one["object"]) for one in first["objects"]} == wanted - {("intercom", "merges")}
    for one in first["objects"]:
        # The history of cases comes into Intercom only where it is asked for.
        assert (one["source"] > 0) == (one["object"] != "ticket_notes"), one
        explained = one["merged"] + one["quarantined"] + one["refused"] + one["failed"] + one["verified"]
        assert explained == one["source"], one
        assert one["accuracy"] >= 0.99, one
        assert one["unexplained_loss"] == 0, one
    assert all(first["writes"][target]["records"] > 100 for target in ("hubspot", "intercom"))


def test_a_run_says_with_what_it_was_made(place: Place, first: Any) -> None:
    [made] = place.sql("select started_by, git_commit, settings, versions from ops.run")
    assert json.loads(made["versions"])["dbt-core"].startswith("1.")
    assert json.loads(made["settings"])["hubspot_access_token"] == "**********"
    assert made["started_by"]
    assert made["git_commit"]


def test_the_targets_hold_what_the_table_says(place: Place, first: Any) -> None:
    sent = {(one["target"], one["object"]): one["sent"] for one in first["objects"]}
    for kind in RECORDS:
        assert _searched(place, kind, {"limit": 1})["total"] == sent["hubspot", kind], kind
    [wanted] = place.sql(
        "select count(*) as people from marts_hubspot.hubspot__contacts "
        "where salesforce_email_opt_out and email is not null"
    )
    opted_out = {"propertyName": "hs_email_optout", "operator": "EQ", "value": "true"}
    asked = {"limit": 1, "filterGroups": [{"filters": [opted_out]}]}
    found = _searched(place, "contacts", asked)
    assert found["total"] == wanted["people"] > 0
    contacts = place.intercom.get(
        "/contacts", params={"per_page": 1}, headers={"Intercom-Version": "2.14"}
    ).json()
    assert contacts["total_count"] == sent["intercom", "contacts"]


def test_each_file_hangs_at_its_note_byte_by_byte(place: Place, first: Any) -> None:
    has_file = {"propertyName": "hs_attachment_ids", "operator": "HAS_PROPERTY"}
    names = ["salesforce_id", "hs_attachment_ids"]
    asked = {"limit": 100, "properties": names, "filterGroups": [{"filters": [has_file]}]}
    notes = _searched(place, "notes", asked)["results"]
    found = {}
    for note in notes:
        key, file_id = (note["properties"][name] for name in names)
        content = place.hubspot.get(f"/_sandbox/files/{file_id}").content
        found[key] = hashlib.sha256(content).hexdigest()
    wanted = place.sql(
        "select notes._record_key, blobs.sha256 from marts_hubspot.hubspot__notes as notes "
        "inner join raw_salesforce._blobs as blobs on notes._record_key = blobs.record_id"
    )
    assert found == {one["_record_key"]: one["sha256"] for one in wanted} != {}


def test_dirt_is_merged_or_quarantined_with_a_reason(place: Place, first: Any) -> None:
    people = next(
        one for one in first["objects"] if (one["target"], one["object"]) == ("hubspot", "contacts")
    )
    assert people["merged"] > 0
    found = place.sql(
        "select status, count(*) as n, count(reason) as explained from reconciliation.recon_record "
        "where status <> 'verified' group by status"
    )
    assert found
    assert all(row["n"] == row["explained"] for row in found)
    checks = {row["check_name"] for row in place.sql("select distinct check_name from quality.quarantine")}
    assert {"people_email_invalid", "deals_stage_unmapped", "links_orphaned"} <= checks


@pytest.mark.parametrize("page", ["overview", "objects", "mapping", "live", "business"])
def test_each_page_of_the_dashboard_shows_the_run(
    place: Place, first: Any, page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = place.connect()
    monkeypatch.setattr(streamlit, "connection", lambda _: Asked(connection))
    shown = AppTest.from_string(
        f"from dashboard.views import {page}\n{page}.show()", default_timeout=60
    ).run()
    assert not shown.exception
    assert len(shown.metric) >= 4
    assert len(shown.dataframe) > 0
    if page == "objects":
        merged = place.sql(
            "select record_id, record_key from reconciliation.recon_record "
            "where status = 'merged' and object = 'contacts' order by 1 limit 1"
        )[0]
        shown.text_input[0].set_value(merged["record_id"]).run()
        assert not shown.exception
        assert [each.value for each in shown.subheader] == [f"contacts {merged['record_key']}"]
        assert {each.label for each in shown.expander} == {"hubspot: merged", "intercom: merged"}
        assert "2 · Golden record" in "".join(each.value for each in shown.markdown)
    connection.close()


def test_the_dashboard_fits_a_screen_and_a_telephone(place: Place, first: Any) -> None:
    with chromium() as browser, served(place.connected()) as address:
        for width, scheme in ((1280, "light"), (390, "dark")):
            context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
            page = context.new_page()
            for name in ("", "records", "mapping", "live", "business"):
                page.goto(f"{address}/{name}")
                page.wait_for_selector('[data-testid="stDataFrame"]', timeout=60_000)
                assert page.evaluate("document.documentElement.scrollWidth") <= width, (name, width)
                assert page.query_selector('[data-testid="stException"]') is None, name
            background = page.evaluate("getComputedStyle(document.querySelector('.stApp')).backgroundColor")
            red = int(background.split("(")[1].split(",")[0])
            assert (red < 60) == (scheme == "dark"), background
            context.close()


def test_the_report_stands_alone_and_lists_every_exception(place: Place, first: Any, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    written = place.migrate("report", "-o", str(file))
    text = file.read_text(encoding="utf-8")
    assert written["run_id"] == first["run_id"]
    assert first["run_id"] in text
    assert not re.search(r"""(src|href)\s*=|url\(|@import|<script""", text)
    listed = place.sql(
        "select record_id from reconciliation.recon_record where status not in ('verified', 'merged')"
    )
    assert listed
    assert all(row["record_id"] in text for row in listed)
    assert "signature" in text


@pytest.mark.parametrize(
    "command",
    ["build --select quarantine", "test --select test_type:unit", "docs generate", "source freshness"],
)
def test_plain_dbt_works_as_in_any_project(place: Place, first: Any, command: str) -> None:
    """Run models, data tests, unit tests and the rest, as an analytics engineer would."""
    done = subprocess.run(
        [Path(sys.executable).parent / "dbt", *command.split(), "--no-use-colors"],
        cwd=REPOSITORY,
        env=place.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-5_000:]
    if command == "docs generate":
        catalog = json.loads((place.home / "target" / "catalog.json").read_text())
        contacts = catalog["nodes"]["model.salesforce_exit.hubspot__contacts"]["columns"]
        assert "E-mail address" in contacts["EMAIL"]["comment"]


def test_the_fill_rates_of_the_mapping_are_those_of_the_demo_company(place: Place, first: Any) -> None:
    found = place.migrate("mapping", "--check", "--measure")
    assert found["stale"] == [], "run `make fill-rates`"


def test_what_a_change_of_the_mapping_does_to_the_data_is_shown(
    place: Place, first: Any, tmp_path: Path
) -> None:
    for name in ("dbt_project.yml", "profiles.yml"):
        shutil.copy(REPOSITORY / name, tmp_path)
    shutil.copytree(REPOSITORY / "dbt_project", tmp_path / "dbt_project")
    for command in (["init", "-q"], ["add", "."], [*IDENTITY, "commit", "-q", "-m", "as it was"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)  # noqa: S607
    mart = tmp_path / "dbt_project" / "models" / "marts" / "hubspot" / "hubspot__contacts.sql"
    text = mart.read_text(encoding="utf-8")
    mart.write_text(text.replace("people.last_name as lastname", "upper(people.last_name) as lastname"))

    done = subprocess.run(
        [
            *(sys.executable, "-m", "migrate", "diff", "--against", "HEAD"),
            *("-s", "hubspot__contacts", "--samples", "1", "--json"),
        ],
        cwd=tmp_path,
        env=place.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    [contacts] = json.loads(done.stdout)["objects"]
    [named] = place.sql(
        "select count_if(upper(lastname) <> lastname) as n from marts_hubspot.hubspot__contacts"
    )
    assert (contacts["target"], contacts["object"], contacts["changed"]) == (
        "hubspot",
        "contacts",
        named["n"],
    )
    [changed] = contacts["properties"]
    assert (changed["property"], changed["values"], changed["masked"]) == ("lastname", named["n"], True)
    assert changed["samples"][0]["before"].endswith(" characters)")
    left = place.sql("select count(*) as n from information_schema.schemata where schema_name ilike 'diff%'")
    assert left == [{"n": 0}]


def test_a_row_too_many_a_fallen_volume_and_an_emptied_property_fail_the_build(
    place: Place, first: Any
) -> None:
    place.sql(
        "insert into marts_hubspot.hubspot__deals select * from marts_hubspot.hubspot__deals limit 1",
    )
    place.sql(
        "insert into ops.extract_count (run_id, object, live_count, counted_at) "
        "select 'fallen', object, floor(live_count * 0.7), sysdate() from ops.extract_count "
        f"where run_id = '{first['run_id']}' and object = 'Contact' and mode = 'full'",
    )
    place.sql(
        "insert into quality.property_profile select 'fallen', sysdate(), target, object, property, record_count, "
        "iff(property = 'jobtitle', 0, filled_count), iff(property = 'city', 1, distinct_count) "
        f"from quality.property_profile where run_id = '{first['run_id']}' "
        "and target = 'hubspot' and object = 'contacts'",
    )
    done = subprocess.run(
        [
            *(Path(sys.executable).parent / "dbt", "test", "--no-use-colors", "--select"),
            *("rows_are_conserved", "volume_holds", "distributions_hold", "every_value_is_mapped"),
        ],
        cwd=REPOSITORY,
        env=place.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert re.search(r"FAIL 1 rows_are_conserved", done.stdout), done.stdout
    assert re.search(r"FAIL 1 volume_holds", done.stdout), done.stdout
    assert re.search(r"FAIL 2 distributions_hold", done.stdout), done.stdout
    place.sql("delete from ops.extract_count where run_id = 'fallen'")
    place.sql("delete from quality.property_profile where run_id = 'fallen'")
    stopped = place.sql(
        "select (select sum(rows_stopped) from quality.unmapped_values) as listed, "
        "(select count(*) from quality.quarantine where check_name like '%unmapped') as held"
    )
    assert stopped[0]["listed"] == stopped[0]["held"] > 0


def test_a_second_run_with_nothing_changed_writes_nothing(place: Place, first: Any) -> None:
    again = place.migrate("run")
    assert again["run_id"] != first["run_id"]
    assert again["writes"] == {
        "hubspot": {"calls": 0, "records": 0},
        "intercom": {"calls": 0, "records": 0},
    }
    assert _numbers(again) == _numbers(first)


def test_ten_changed_contacts_are_ten_writes(place: Place, first: Any) -> None:
    for record_id, fields in contact_changes(place.home / "sandbox" / "company", 10):
        place.change("Contact", record_id, fields)
    planned = {}
    begun = place.migrate("run", "--until", "build")
    assert [phase["name"] for phase in begun["phases"]] == ["extract", "build"]
    changed = place.migrate("run")
    assert changed["run_id"] == begun["run_id"]
    assert [phase["status"] for phase in changed["phases"]] == [
        "skipped",
        "skipped",
        "succeeded",
        "succeeded",
    ]
    planned = {target: writes["records"] for target, writes in changed["writes"].items()}
    assert planned == {"hubspot": 10, "intercom": 10}
    assert _numbers(changed) == _numbers(first)


def test_tampering_with_a_target_is_found_exactly(place: Place, first: Any) -> None:
    first_deals = place.sql(
        "select record_key, target_id from reconciliation.recon_record "
        "where target = 'hubspot' and object = 'deals' and status = 'verified' "
        "order by record_key limit 2"
    )
    changed, deleted = first_deals
    link = place.sql(
        "select links.link_key, from_records.target_id as from_id, to_records.target_id as to_id "
        "from reconciliation.recon_association as links "
        "inner join reconciliation.recon_record as from_records on from_records.target = 'hubspot' "
        "and links.source_id = from_records.record_id "
        "inner join intermediate.int_links_resolved as resolved on links.link_id = resolved.link_id "
        "inner join reconciliation.recon_record as to_records on to_records.target = 'hubspot' "
        "and resolved.to_key = to_records.record_id "
        "where links.target = 'hubspot' and links.source_field = 'Case.ContactId' and links.status = 'verified' "
        "order by links.link_key limit 1"
    )[0]
    place.hubspot.patch(
        f"/crm/v3/objects/deals/{changed['target_id']}", json={"properties": {"amount": "1.23"}}
    ).raise_for_status()
    place.hubspot.delete(f"/crm/v3/objects/deals/{deleted['target_id']}").raise_for_status()
    place.hubspot.delete(
        f"/crm/v4/objects/tickets/{link['from_id']}/associations/contacts/{link['to_id']}"
    ).raise_for_status()
    stranger = place.hubspot.post(
        "/crm/v3/objects/contacts", json={"properties": {"email": "stranger@example.org"}}
    ).raise_for_status()
    swapped, crossed = _swap(place)

    document = place.migrate("reconcile", expect=1)

    assert place.sql("select object, record_key, property, found_value from reconciliation.recon_field") == [
        {"object": "deals", "record_key": changed["record_key"], "property": "amount", "found_value": "1.23"}
    ]
    assert place.sql(
        "select record_id, status from reconciliation.recon_record where status in "
        "('mismatched', 'missing', 'lost', 'pending') order by status"
    ) == [
        {"record_id": changed["record_key"], "status": "mismatched"},
        {"record_id": deleted["record_key"], "status": "missing"},
    ]
    missing = place.sql("select link_key from reconciliation.recon_association where status = 'missing'")
    gone = {link["link_key"], *swapped}
    assert gone <= {row["link_key"] for row in missing}
    # The deleted deal took its links with it; no other link is missing.
    assert all(row["link_key"] in gone or deleted["record_key"] in row["link_key"] for row in missing)
    extra = place.sql("select object, target_id, kind from reconciliation.recon_extra order by 1, 2")
    assert extra == sorted(
        [
            {"object": "contacts", "target_id": stranger.json()["id"], "kind": "stranger"},
            *({"object": "associations", "target_id": key, "kind": "stranger"} for key in crossed),
        ],
        key=lambda row: (row["object"], row["target_id"]),
    )
    losses = {(one["target"], one["object"]): one["unexplained_loss"] for one in document["objects"]}
    assert losses["hubspot", "deals"] == 1
    assert losses["hubspot", "associations"] == len(missing)
    assert losses["intercom", "contacts"] == 0


def test_what_a_target_lost_or_changed_is_sent_again_when_asked(place: Place, first: Any) -> None:
    kept = place.migrate("load", "--yes")
    assert kept["targets"]["hubspot"]["records"] == 0, "a change in the target is not overwritten unasked"

    mended = place.migrate("load", "--resend", "--yes")

    assert mended["targets"]["hubspot"]["records"] > 2
    assert _numbers(place.migrate("reconcile")) == _numbers(first)


def test_a_sample_says_what_it_covers(place: Place, first: Any) -> None:
    sent = {(one["target"], one["object"]): one["sent"] for one in first["objects"]}
    document = place.migrate("reconcile", "--sample", "5")
    # What has an id of its own in the target; links are checked with the records that they join.
    kinds = {*RECORDS, "tags", "contact_notes"}
    records = {name: count for name, count in sent.items() if name[1] in kinds}
    sampled = sum(min(5, count) for count in records.values())
    covered = f"a sample of {sampled} of the {sum(records.values()):,} records that were sent"
    assert document["coverage"] == covered
    for one in document["objects"]:
        if one["object"] in kinds:
            assert one["verified"] == min(5, one["sent"]), one
            assert one["unchecked"] == one["sent"] - one["verified"], one
            assert one["accuracy"] == 1, one
    modes = place.sql("select distinct run_id, mode from reconciliation.recon_object_history")
    assert {row["mode"] for row in modes} == {"full", "sample"}
    assert document["run_id"] in {row["run_id"] for row in modes if row["mode"] == "sample"}

    whole = place.migrate("reconcile", "--full")
    assert _numbers(whole) == _numbers(first)


def test_a_folder_that_cannot_be_loaded_changes_nothing(place: Place, first: Any, tmp_path: Path) -> None:
    (tmp_path / "Contcat.csv").write_text("Id,LastName\n1,A\n")
    refused = place.migrate("sandbox", "seed", "--csv", str(tmp_path), expect=2)
    assert "Contact" in refused["error"]
    assert "nothing was changed" in refused["error"]
    assert _searched(place, "contacts", {"limit": 1})["total"] > 0


def test_a_killed_run_is_continued_without_doubles(place: Place, first: Any) -> None:
    place.migrate("sandbox", "seed", "--scale", str(SCALE), "--seed", "8")
    command = place.start("run")
    _wait_until_contacts_arrive(place)
    command.send_signal(signal.SIGKILL)
    command.wait()
    killed = place.migrate("status")["run"]
    assert killed["status"] == "running"

    document = place.migrate("run")

    assert document["run_id"] == killed["run_id"]
    assert [phase["status"] for phase in document["phases"]] == [
        "skipped",
        "skipped",
        "succeeded",
        "succeeded",
    ]
    for one in document["objects"]:
        assert one["unexplained_loss"] == 0, one
        assert one["accuracy"] >= 0.99, one
    contacts = next(
        one for one in document["objects"] if (one["target"], one["object"]) == ("hubspot", "contacts")
    )
    found = _searched(place, "contacts", {"limit": 1})["total"]
    assert found == contacts["sent"]


@pytest.mark.skipif("REHEARSE" not in os.environ, reason="takes a dozen minutes: make rehearse")
@pytest.mark.timeout(1_800)
def test_the_runbook_is_rehearsed(place: Place, first: Any, tmp_path: Path, unused_port: int) -> None:
    """Give every command of the runbook; what a test above has given word for word is not given again."""
    person = place.sql(
        "select min(lower(contact.email)) as email from raw_salesforce.contact as contact "
        "inner join raw_salesforce.opportunitycontactrole as role on contact.id = role.contactid "
        "inner join raw_salesforce.emailmessage as mail on lower(mail.toaddress) = lower(contact.email)"
    )[0]["email"]
    wrote = "select run_id from ops.load_attempt group by run_id order by min(attempted_at) desc limit 1"
    words = {
        "RUN": place.sql(wrote)[0]["run_id"],
        "PERSON": person,
        "NAME": "quality_score",
        "sign-off.html": str(tmp_path / "sign-off.html"),
    }
    # The targets were empty at the backup before the first run: to be forgotten is also who stands in one.
    place.migrate("backup", "hubspot")
    kept = place.sql(f"select count(*) as n from ops.backup where contains(lower(payload), '{person}')")
    assert kept[0]["n"] > 0
    done = {*place.ran}
    for section, commands in runbook.sections():
        for command in commands:
            given = " ".join(command)
            if given in done:
                done.remove(given)
                continue
            if given == "migrate warehouse up":
                _comes_up(place, command, {"MIGRATE_HOME": str(tmp_path), "WAREHOUSE_PORT": str(unused_port)})
                continue
            code, said = place.run_here([words.get(word, word) for word in command])
            # What the last run wrote over is not as the one before it left it, before that is undone.
            may_list = command[1] == "rollback" and "--dry-run" in command
            assert code in ({0, 1} if may_list else {0}), f"{given}: {said}"
        if section == "The cut-over":
            _is_forgotten(place, person)
    _is_empty(place)


def test_nothing_that_was_said_holds_a_secret_or_an_address(place: Place, first: Any) -> None:
    logs = [path.read_text(errors="replace") for path in (place.home / "logs").iterdir() if path.is_file()]
    assert any("phase ended" in text for text in logs)
    said = "\n".join([*place.said, *logs]).lower()
    addresses = place.sql(
        "select email from raw_salesforce.contact where email like '%@%' "
        "union select email from raw_salesforce.lead where email like '%@%'"
    )
    assert len(addresses) > 100
    secrets = [HUBSPOT_TOKEN, INTERCOM_TOKEN, "sandbox-secret"]
    assert [text for text in (*secrets, *(row["email"].lower() for row in addresses)) if text in said] == []


def test_an_empty_source_is_a_finding(place: Place, first: Any) -> None:
    httpx.post(f"{place.salesforce}/_sandbox/reset").raise_for_status()
    for schema in ("raw_salesforce", "ops"):
        place.sql(f"drop schema {schema} cascade")
    empty = place.migrate("run", "--new", expect=1)
    assert "no record at all" in empty["phases"][0]["findings"][0]


def test_all_traffic_fits_the_published_descriptions(place: Place, first: Any) -> None:
    for conformance in place.watched:
        assert conformance.violations(refused=False) == []
        assert conformance.passed, "no traffic was seen"


class Asked:
    """A plain connection, asked as Streamlit's is."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    def query(self, sql: str, *, params: list[Any] | None, **_: Any) -> pd.DataFrame:
        cursor = self.connection.cursor()
        cursor.execute(sql.replace("?", "%s"), params)
        return pd.DataFrame(cursor.fetchall(), columns=[column[0] for column in cursor.description])


def _searched(place: Place, kind: str, asked: dict[str, Any]) -> Any:
    # HubSpot takes five searches a second.
    time.sleep(0.25)
    return place.hubspot.post(f"/crm/v3/objects/{kind}/search", json=asked).json()


def _comes_up(place: Place, command: list[str], elsewhere: dict[str, str]) -> None:
    """Start a warehouse beside the one of these tests, which did not come from the command line, and stop it."""
    assert place.run_here(command, **elsewhere)[0] == 0
    code, said = place.run_here(["migrate", "warehouse", "sql", "select 1 as one"], **elsewhere)
    assert place.run_here(["migrate", "warehouse", "down"], **elsewhere)[0] == 0
    assert (code, "1" in said) == (0, True), said


def _is_forgotten(place: Place, email: str) -> None:
    """The person was read from Salesforce again since, and is nowhere: `forget` finds nothing in any table or target."""
    code, said = place.run_here(["migrate", "forget", email])
    assert (code, "There is no such person" in said) == (2, True), said
    places = (
        "raw_salesforce.contact",
        "marts_hubspot.hubspot__contacts",
        "marts_intercom.intercom__contacts",
    )
    counted = " union all ".join(
        f"select count(*) as n from {table} where lower(email) = '{email}'" for table in places
    )
    assert [row["n"] for row in place.sql(counted)] == [0, 0, 0]
    assert place.sql("select count(*) as n from ops.certificate") == [{"n": 1}]
    is_theirs = {"filterGroups": [{"filters": [{"propertyName": "email", "operator": "EQ", "value": email}]}]}
    assert _searched(place, "contacts", is_theirs)["total"] == 0
    query = {"query": {"field": "email", "operator": "=", "value": email}}
    found = place.intercom.post("/contacts/search", json=query, headers={"Intercom-Version": "2.14"})
    assert found.json()["total_count"] == 0


def _is_empty(place: Place) -> None:
    """The targets hold what they held before the run that was rolled back: nothing."""
    for kind in RECORDS:
        assert place.hubspot.get(f"/crm/v3/objects/{kind}", params={"limit": 1}).json()["results"] == [], kind
    headers = {"Intercom-Version": "2.14"}
    assert place.intercom.get("/contacts", headers=headers).json()["data"] == []
    assert place.intercom.get("/tags", headers=headers).json()["data"] == []
    assert place.intercom.get("/companies/scroll", headers=headers).json()["data"] == []


def _swap(place: Place) -> tuple[set[str], set[str]]:
    """Give two tickets each other's contact; answer with the keys of the links that went and of those that came."""
    links = place.sql(
        "select links.link_key, from_records.record_id as from_key, from_records.target_id as from_id, "
        "to_records.record_id as to_key, to_records.target_id as to_id "
        "from reconciliation.recon_association as links "
        "inner join intermediate.int_links_resolved as resolved on links.link_id = resolved.link_id "
        "inner join reconciliation.recon_record as from_records on from_records.target = 'hubspot' "
        "and resolved.from_key = from_records.record_id "
        "inner join reconciliation.recon_record as to_records on to_records.target = 'hubspot' "
        "and resolved.to_key = to_records.record_id "
        "where links.target = 'hubspot' and links.source_field = 'Case.ContactId' and links.status = 'verified' "
        "order by links.link_key desc"
    )
    one = links[0]
    other = next(each for each in links if each["to_key"] != one["to_key"])
    for mine, theirs in ((one, other), (other, one)):
        start = f"/crm/v4/objects/tickets/{mine['from_id']}/associations"
        place.hubspot.delete(f"{start}/contacts/{mine['to_id']}").raise_for_status()
        place.hubspot.put(f"{start}/default/contacts/{theirs['to_id']}").raise_for_status()
    crossed = {
        f"tickets:{mine['from_key']}>contacts:{theirs['to_key']}:unlabelled"
        for mine, theirs in ((one, other), (other, one))
    }
    return {one["link_key"], other["link_key"]}, crossed


def _numbers(document: Any) -> list[dict[str, Any]]:
    return [{name: value for name, value in one.items() if name != "seconds"} for one in document["objects"]]


def _wait_until_contacts_arrive(place: Place) -> None:
    until = time.monotonic() + 400
    while time.monotonic() < until:
        if place.intercom.get("/contacts", headers={"Intercom-Version": "2.14"}).json()["total_count"] > 20:
            return
        time.sleep(0.05)
    pytest.fail("the load did not begin")
