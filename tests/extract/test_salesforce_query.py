"""Result pages: whole, counted, and never taken for less than they are."""

import threading
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from simple_salesforce import Salesforce

from extract.errors import ExtractError
from extract.salesforce import query
from extract.salesforce.describe import Description
from extract.salesforce.login import Login, connect
from extract.salesforce.query import FieldGoneError, JobLostError, NotInBulkError, Window
from tests.extract.transport import DATA, URL, FakeOrg, ok, page, refused

JOBS = f"{DATA}/jobs/query"
JOB = f"{JOBS}/750A"
RESULTS = f"{JOB}/results"
CONTACT = Description(
    "Contact", ("Id", "Name", "SystemModstamp"), frozenset({"SystemModstamp"}), {"fields": []}
)
HEADER = b'"Id","Name","SystemModstamp"\n'
ONE = HEADER + b'"1","a","2026-01-01T00:00:00.000Z"\n'
TWO = HEADER + b'"2","b\nc","2026-01-01T00:00:00.000Z"\n"3","","2026-01-01T00:00:00.000Z"\n'


@pytest.fixture
def org() -> FakeOrg:
    return FakeOrg()


@pytest.fixture
def sf(org: FakeOrg) -> Salesforce:
    return connect(Login(login_url=URL, client_id="x", client_secret="y"), adapter=org)


def read(sf: Salesforce, folder: Path, total: int | None) -> list[int]:
    return list(query.bulk_pages(sf, CONTACT, "750A", total, folder=folder, page_rows=2))


def ids(folder: Path) -> list[str]:
    return [
        each for path in sorted(folder.glob("*.parquet")) for each in pq.read_table(path)["ID"].to_pylist()
    ]


def test_pages_are_followed_until_the_locator_says_null(org: FakeOrg, sf: Salesforce, tmp_path: Path) -> None:
    org.on("GET", RESULTS, page(ONE, 1, "MQ"), page(TWO, 2, "null"))
    assert read(sf, tmp_path, total=3) == [1, 2]
    assert ids(tmp_path) == ["1", "2", "3"]
    assert org.queries(RESULTS) == [{"maxRecords": ["2"]}, {"maxRecords": ["2"], "locator": ["MQ"]}]
    assert org.sent(RESULTS)[0].headers["Accept"] == "text/csv"


def test_a_job_without_records_has_one_empty_page(org: FakeOrg, sf: Salesforce, tmp_path: Path) -> None:
    org.on("GET", RESULTS, page(HEADER, 0, "null"))
    assert read(sf, tmp_path, total=0) == [0]


@pytest.mark.parametrize(
    "torn",
    [
        pytest.param(page(ONE, 2, "MQ"), id="fewer rows than the header says"),
        pytest.param(page(ONE[:-20], 1, "MQ", promised=len(ONE)), id="the connection ends early"),
        pytest.param(page(ONE[:-5], 1, "MQ"), id="cut off in a cell"),
        pytest.param(page(b"<html>", None, None), id="a proxy's page"),
    ],
)
def test_a_torn_page_is_read_again(org: FakeOrg, sf: Salesforce, tmp_path: Path, torn: Any) -> None:
    org.on("GET", RESULTS, torn, page(ONE, 1, "MQ"), torn, page(TWO, 2, "null"))
    assert read(sf, tmp_path, total=3) == [1, 2]
    assert ids(tmp_path) == ["1", "2", "3"]


def test_a_page_that_stays_torn_names_object_job_and_page(
    org: FakeOrg, sf: Salesforce, tmp_path: Path
) -> None:
    org.on("GET", RESULTS, page(ONE, 1, "MQ"), page(ONE, 5, "null"))
    with pytest.raises(ExtractError, match=r"Contact: page 2 of Bulk job 750A.*header says 5.*command again"):
        read(sf, tmp_path, total=6)


def test_without_the_row_header_the_rows_still_count(org: FakeOrg, sf: Salesforce, tmp_path: Path) -> None:
    org.on("GET", RESULTS, page(ONE, None, "MQ"), page(TWO, None, "null"))
    assert read(sf, tmp_path, total=3) == [1, 2]


def test_without_the_locator_the_total_decides(org: FakeOrg, sf: Salesforce, tmp_path: Path) -> None:
    org.on("GET", RESULTS, page(ONE, 1, None))
    assert read(sf, tmp_path, total=1) == [1]
    with pytest.raises(ExtractError, match=r"750A processed 3 records, its pages hold 1.*Sforce-Locator"):
        read(sf, tmp_path, total=3)
    with pytest.raises(ExtractError, match="without the header Sforce-Locator"):
        read(sf, tmp_path, total=None)


def test_fewer_rows_than_the_job_processed_are_refused(org: FakeOrg, sf: Salesforce, tmp_path: Path) -> None:
    org.on("GET", RESULTS, page(ONE, 1, "null"))
    with pytest.raises(ExtractError, match=r"Contact: Bulk job 750A processed 2 records, its pages hold 1"):
        read(sf, tmp_path, total=2)


def test_a_refused_page_says_why(org: FakeOrg, sf: Salesforce, tmp_path: Path) -> None:
    org.on("GET", RESULTS, refused(404, "NOT_FOUND", "The requested resource does not exist"))
    with pytest.raises(ExtractError, match=r"Contact: Salesforce refused \(HTTP 404\): NOT_FOUND"):
        read(sf, tmp_path, total=2)


def test_a_job_is_asked_for_deleted_records_too(org: FakeOrg, sf: Salesforce) -> None:
    org.on("POST", JOBS, ok({"id": "750A"}))
    assert query.start_job(sf, "Contact", "SELECT Id FROM Contact") == "750A"
    assert b'"operation": "queryAll"' in (org.sent(JOBS)[0].body or b"")


@pytest.mark.parametrize(
    ("code", "kind"),
    [("INVALIDENTITY", NotInBulkError), ("INVALID_FIELD", FieldGoneError), ("MALFORMED_QUERY", ExtractError)],
)
def test_a_refused_job_says_what_it_is_about(
    org: FakeOrg, sf: Salesforce, code: str, kind: type[ExtractError]
) -> None:
    org.on("POST", JOBS, refused(400, code, "Entity 'TaskStatus' is\nnot supported"))
    with pytest.raises(kind, match=rf"TaskStatus: Salesforce refused \(HTTP 400\): {code} Entity"):
        query.start_job(sf, "TaskStatus", "SELECT Id FROM TaskStatus")


def test_a_job_is_polled_until_it_is_complete(
    org: FakeOrg, sf: Salesforce, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(query, "POLL_FIRST_SECONDS", 0.001)
    org.on("GET", JOB, ok({"state": "InProgress"}), ok({"state": "JobComplete", "numberRecordsProcessed": 3}))
    assert query.wait_for_job(sf, "Contact", "750A", threading.Event()) == 3


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (ok({"state": "Failed", "errorMessage": "QUERY_TIMEOUT: too long"}), "750A is Failed: QUERY_TIMEOUT"),
        (ok({"state": "Aborted"}), "750A is Aborted"),
        (refused(404, "NOT_FOUND"), "does not know Bulk job 750A"),
    ],
)
def test_a_lost_job_names_itself(org: FakeOrg, sf: Salesforce, answer: Any, said: str) -> None:
    org.on("GET", JOB, answer)
    with pytest.raises(JobLostError, match=said):
        query.wait_for_job(sf, "Contact", "750A", threading.Event())


def test_a_job_that_cannot_be_deleted_does_no_harm(org: FakeOrg, sf: Salesforce) -> None:
    org.on("DELETE", JOB, refused(404, "NOT_FOUND"))
    query.delete_job(sf, "750A")
    assert len(org.sent(JOB)) == 1


def test_rest_pages_read_as_bulk_would_write_them(org: FakeOrg, sf: Salesforce, tmp_path: Path) -> None:
    times = Description("Task", ("Id", "Done", "Cost", "At", "Note"), frozenset({"At"}), {"fields": []})
    more = f"{DATA}/query/01g-1"
    first = b'{"Id": "1", "Done": true, "Cost": 1.50, "At": "2026-01-01T00:00:00.000+0000", "Note": ""}'
    page_one = b'{"totalSize": 2, "done": false, "nextRecordsUrl": "%s", "records": [%s]}' % (
        more.encode(),
        first,
    )
    org.on("GET", f"{DATA}/queryAll/", (200, {"Content-Type": "application/json"}, page_one))
    org.on("GET", more, ok({"totalSize": 2, "done": True, "records": [{"Id": "2"}]}))
    assert list(query.rest_pages(sf, times, "SELECT Id FROM Task", tmp_path / "rest")) == [1, 1]
    [rows] = [pq.read_table(path).to_pylist() for path in (tmp_path / "rest").glob("*.parquet")]
    assert [tuple(row.values()) for row in rows] == [
        ("1", "true", "1.50", "2026-01-01T00:00:00.000Z", None),
        ("2", None, None, None, None),
    ]


def test_rest_pages_that_end_early_are_refused(org: FakeOrg, sf: Salesforce, tmp_path: Path) -> None:
    org.on("GET", f"{DATA}/queryAll/", ok({"totalSize": 2, "done": True, "records": [{"Id": "1"}]}))
    with pytest.raises(ExtractError, match=r"Contact: the REST query found 2 records and gave 1"):
        list(query.rest_pages(sf, CONTACT, "SELECT Id FROM Contact", tmp_path / "rest"))


def test_a_query_too_long_for_an_address_is_not_sent(org: FakeOrg, sf: Salesforce, tmp_path: Path) -> None:
    with pytest.raises(ExtractError, match="Contact has too many fields for a REST query"):
        list(query.rest_pages(sf, CONTACT, "SELECT " + "Field__c, " * 2_000, tmp_path / "rest"))


def test_a_window_has_both_bounds_only_where_there_is_a_cursor() -> None:
    assert Window(None, None, "B").where == ""
    assert Window("SystemModstamp", None, "B").where == " WHERE SystemModstamp < B"
    assert Window("CreatedDate", "A", "B").where == " WHERE CreatedDate >= A AND CreatedDate < B"
