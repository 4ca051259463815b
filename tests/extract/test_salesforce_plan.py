"""What an extract would cost is said before it costs anything."""

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from snowflake.connector import SnowflakeConnection

from extract.salesforce import Settings, discover, extract, plan, query
from extract.salesforce.describe import Description
from extract.salesforce.plan import row_bytes
from extract.sources import SourceObject
from tests.extract.conftest import rows
from tests.extract.org import Org, Tampering, contact_id, contacts

CONTACT = SourceObject("Contact", "CONTACT")
CASE = SourceObject("Case", "CASE")
NOW = Settings(settle=dt.timedelta(0))
JOBS = "POST /services/data/v{version}/jobs/query"


@pytest.fixture
def org(salesforce_url: str) -> Org:
    return Org(salesforce_url)


def test_a_plan_reads_no_record_and_changes_nothing(org: Org, connection: SnowflakeConnection) -> None:
    org.fill(Contact=contacts(7))
    planned = plan(org.sf, connection, [CONTACT, SourceObject("Contakt", "CONTAKT"), CASE])
    contact, contakt, case = planned.objects
    assert (contact.mode, contact.rows, contact.jobs) == ("full", 7, 1)
    assert (contakt.mode, contakt.jobs, contakt.calls) == ("absent", 0, 0)
    assert "Did you mean Contact?" in contakt.message
    assert (case.mode, case.rows) == ("full", 0)
    assert contact.bytes > 7 * 18
    assert planned.total.calls == contact.calls + case.calls + 2
    assert planned.total.share == planned.total.calls / 100_000
    assert JOBS not in org.calls()
    assert rows(connection, "select * from raw_salesforce._objects") == []
    made = "select table_name from information_schema.tables where table_schema = 'RAW_SALESFORCE' and table_name = 'CONTACT'"
    assert rows(connection, made) == []


def test_an_extract_needs_no_more_than_planned(
    org: Org, connection: SnowflakeConnection, tmp_path: Path
) -> None:
    org.fill(Contact=contacts(7), Case=[{"Id": "500000000000001AAA", "CaseNumber": "1"}])
    settings = Settings(settle=dt.timedelta(0), page_rows=2)
    planned = plan(org.sf, connection, [CONTACT, CASE], settings=settings)
    before = sum(org.calls().values())
    done = extract(
        org.sf, connection, [CONTACT, CASE], run_id="r", landing_dir=tmp_path / "landing", settings=settings
    )
    assert [each.rows for each in planned.objects] == [each.page_count for each in done]
    assert sum(org.calls().values()) - before <= planned.total.calls
    assert org.calls()[JOBS] == planned.total.jobs


def test_of_a_copied_object_the_changes_are_counted_and_new_fields_added(
    org: Org, connection: SnowflakeConnection, tmp_path: Path
) -> None:
    org.fill(Contact=contacts(5))
    hidden = org.connect(Tampering(_without("Email")))
    extract(hidden, connection, [CONTACT], run_id="r", landing_dir=tmp_path / "landing", settings=NOW)
    org.sf.Contact.update(contact_id(2), {"LastName": "Changed"})
    [same] = plan(hidden, connection, [CONTACT]).objects
    assert (same.mode, same.rows, same.jobs) == ("incremental", 1, 1)
    assert "the org has Email, which the login may not see" in same.message
    [wider] = plan(org.sf, connection, [CONTACT]).objects
    assert (wider.mode, wider.rows, wider.jobs) == ("incremental", 1, 2)
    assert "new fields, to be read for all rows: Email" in wider.message
    assert wider.calls > same.calls
    [narrower] = plan(org.connect(Tampering(_without("Email", "Phone"))), connection, [CONTACT]).objects
    assert "the login sees Phone no more" in narrower.message
    [whole] = plan(org.sf, connection, [CONTACT], full=True).objects
    assert (whole.mode, whole.rows, whole.jobs) == ("full", 5, 1)


def test_a_budget_too_small_is_said(org: Org, connection: SnowflakeConnection) -> None:
    org.control("limits", DailyApiRequests=30, DailyBulkV2QueryJobs=2)
    planned = plan(org.sf, connection, [CONTACT, CASE], settings=Settings(floor=0.5))
    calls, jobs = planned.shortages
    left = planned.left["DailyApiRequests"].left - 15
    assert f"about {planned.total.calls} of DailyApiRequests are needed and {left} are left" in calls
    assert "about 2 of DailyBulkV2QueryJobs are needed and 1 are left above the floor" in jobs
    org.control("limits", DailyApiRequests=1_000, DailyBulkV2QueryJobs=10)
    assert plan(org.sf, connection, [CONTACT, CASE], settings=Settings(floor=0.5)).shortages == []


def test_an_object_that_cannot_be_described_is_in_the_plan(org: Org, connection: SnowflakeConnection) -> None:
    def refuse(response: requests.Response) -> None:
        if response.url.endswith("/Case/describe"):
            response.close()
            response.status_code = 403
            response._content = b'[{"errorCode": "INSUFFICIENT_ACCESS", "message": "no"}]'

    case, contact = plan(org.connect(Tampering(refuse)), connection, [CASE, CONTACT]).objects
    assert (case.mode, case.rows, contact.mode) == ("refused", None, "full")
    assert "Case: Salesforce refused to describe it" in case.message


def test_the_bytes_of_a_record_are_those_of_its_cells() -> None:
    fields = [
        {"name": "Id", "type": "id", "length": 18, "nillable": False},
        {"name": "Name", "type": "string", "length": 80, "nillable": False},
        {"name": "Note", "type": "textarea", "length": 32_000, "nillable": True},
        {"name": "Photo", "type": "base64", "length": 0, "nillable": True},
    ]
    description = Description("X", ("Id", "Name", "Note"), frozenset(), {"fields": fields})
    assert row_bytes(description, ("Id",)) == 3 + 18
    assert row_bytes(description, description.fields) == (3 + 18) + (3 + 16) + (3 + 40)


@pytest.mark.parametrize(("seconds", "asked"), [(0, 1), (0.1, 2), (0.2, 2), (0.3, 3), (3600, 370)])
def test_polls_of_a_job_follow_from_its_time(seconds: float, asked: int) -> None:
    assert query.polls(seconds) == pytest.approx(asked, abs=0 if asked < 10 else 10)


def test_the_orgs_objects_are_listed_with_their_rows(org: Org) -> None:
    org.fill(Contact=contacts(3), Subscription__c=[{"Id": "a00000000000001AAA"}])

    def unqueryable(response: requests.Response) -> None:
        if response.url.endswith("/sobjects"):
            body = response.json()
            for each in body["sobjects"]:
                each["queryable"] = each["name"] != "Lead"
            response._content = json.dumps(body).encode()

    found = discover(org.connect(Tampering(unqueryable)))
    assert [(each.object, each.rows, each.custom) for each in found[:2]] == [
        ("Contact", 3, False),
        ("Subscription__c", 1, True),
    ]
    rows_of = {each.object: each.rows for each in found}
    assert rows_of["Campaign"] is None
    assert "Lead" not in rows_of


def _without(*names: str) -> Callable[[requests.Response], None]:
    def change(response: requests.Response) -> None:
        if response.url.endswith("/describe"):
            body = response.json()
            body["fields"] = [each for each in body["fields"] if each["name"] not in names]
            response._content = json.dumps(body).encode()

    return change
