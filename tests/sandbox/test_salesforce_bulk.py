"""Bulk API 2.0 query jobs: their life, their CSV, their pages, and what they refuse."""

import csv
import gzip
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.sandbox.salesforce_org import VERSION, Acme, acme, record_id, write_csv

# Texts that a careless reader or writer of CSV changes.
TEXTS = [
    "plain",
    " leading and trailing ",
    'She said "no"',
    '"',
    "a,b;c|d\te",
    "two\nlines",
    "windows\r\nlines",
    "Ünïcödé 日本 😀",
    "NA",
    "None",
    "null",
    "NaN",
    "true",
    "0012",
    "\\N",
    "\\n",
    "'",
    "=1+1",
]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Acme]:
    with acme(tmp_path_factory.mktemp("bulk")) as org:
        yield org


@pytest.fixture
def org(served: Acme, tmp_path: Path) -> Acme:
    rows = [
        {"Id": record_id("003", f"A{place:02}"), "LastName": text, "Description": "" if place else "x"}
        for place, text in enumerate(TEXTS)
    ]
    write_csv(tmp_path / "csv", "Contact", rows)
    served.control("reset")
    served.seed(tmp_path / "csv")
    return served


def results(org: Acme, job_id: str, **parameters: str) -> requests.Response:
    return org.get(f"/jobs/query/{job_id}/results", params=parameters)


def test_texts_come_back_exactly(org: Acme) -> None:
    page = org.csv("SELECT Id, LastName, Description FROM Contact ORDER BY Id")
    rows = list(csv.DictReader(io.StringIO(page, newline="")))
    assert [row["LastName"] for row in rows] == TEXTS
    assert [row["Description"] for row in rows] == ["x"] + [""] * (len(TEXTS) - 1)


def test_the_bytes_of_a_result(org: Acme) -> None:
    soql = "SELECT Id, LastName, Description FROM Contact WHERE LastName LIKE 'She%' OR LastName LIKE 'two%'"
    first, second = record_id("003", "A02"), record_id("003", "A05")
    head = '"Id","LastName","Description"\n'
    assert org.csv(soql) == f'{head}"{first}","She said ""no""",""\n"{second}","two\nlines",""\n'


def test_every_type_is_written_as_bulk_writes_it(org: Acme, tmp_path: Path) -> None:
    account = {
        "Id": record_id("001", "K1"),
        "Name": "Acme",
        "AnnualRevenue": "99213206",
        "NumberOfEmployees": "12000000",
        "BillingLatitude": "-0.00012",
        "BillingLongitude": "13.5",
        "Contract_End__c": "2024-12-31",
        "Open_Pipeline__c": "500000",
        "CreatedDate": "2024-01-01T01:00:00.5+01:00",
    }
    write_csv(tmp_path / "more", "Account", [account])
    org.seed(tmp_path / "more")
    columns = ", ".join([*account, "IsDeleted", "Owner.Username"])
    head, line = org.csv(f"SELECT {columns} FROM Account").splitlines()
    assert head.endswith('"IsDeleted","Owner.Username"')
    expected = [account["Id"], "Acme", "9.9213206E7", "12000000", "-1.2E-4", "13.5", "2024-12-31", "500000.0"]
    expected += ["2024-01-01T00:00:00.500Z", "false", "admin@acme.example"]
    assert line == ",".join(f'"{each}"' for each in expected)


@pytest.mark.parametrize(
    ("number", "written"),
    [
        ("0", "0.0"),
        ("1", "1.0"),
        ("9999999", "9999999.0"),
        ("10000000", "1.0E7"),
        ("-12345678.5", "-1.23456785E7"),
        ("16147805824397", "1.6147805824397E13"),
        ("12e20", "1.2E21"),
        ("0.001", "0.001"),
        ("0.00099", "9.9E-4"),
        ("1e-9", "1.0E-9"),
    ],
)
def test_doubles_are_written_as_java_writes_them(
    org: Acme, tmp_path: Path, number: str, written: str
) -> None:
    row = {"Id": record_id("500", "C1"), "CaseNumber": "1", "Severity_Score__c": number}
    write_csv(tmp_path / "more", "Case", [row])
    org.seed(tmp_path / "more")
    assert org.csv("SELECT Severity_Score__c FROM Case") == f'"Severity_Score__c"\n"{written}"\n'


def test_pages_and_locators(org: Acme) -> None:
    job = org.job("SELECT Id FROM Contact ORDER BY Id")
    first = results(org, job["id"], maxRecords="10")
    assert (first.headers["Sforce-NumberOfRecords"], first.headers["Content-Type"].split(";")[0]) == (
        "10",
        "text/csv",
    )
    last = results(org, job["id"], maxRecords="10", locator=first.headers["Sforce-Locator"])
    assert (last.headers["Sforce-NumberOfRecords"], last.headers["Sforce-Locator"]) == ("8", "null")
    # A locator can be read again, and the header line is on each page.
    again = results(org, job["id"], maxRecords="10", locator=first.headers["Sforce-Locator"])
    assert again.content == last.content
    assert first.text.splitlines()[0] == last.text.splitlines()[0] == '"Id"'
    assert len(first.text.splitlines()) + len(last.text.splitlines()) == len(TEXTS) + 2


def test_a_result_without_records_is_its_header(org: Acme) -> None:
    job = org.job("SELECT Id FROM Contact WHERE LastName = 'nobody'")
    page = results(org, job["id"])
    assert (job["numberRecordsProcessed"], page.text) == (0, '"Id"\n')
    assert (page.headers["Sforce-NumberOfRecords"], page.headers["Sforce-Locator"]) == ("0", "null")
    pages = org.get(f"/jobs/query/{job['id']}/resultPages").json()
    assert (len(pages["resultPages"]), pages["done"]) == (1, True)


def test_results_do_not_change_with_the_data(org: Acme) -> None:
    job = org.job("SELECT Id FROM Contact")
    before = results(org, job["id"]).content
    org.call("DELETE", f"/sobjects/Contact/{record_id('003', 'A00')}")
    assert results(org, job["id"]).content == before


@pytest.mark.parametrize(
    ("delimiter", "separator"),
    [("TAB", "\t"), ("PIPE", "|"), ("SEMICOLON", ";"), ("CARET", "^"), ("BACKQUOTE", "`")],
)
def test_delimiters_and_line_endings(org: Acme, delimiter: str, separator: str) -> None:
    soql = "SELECT Id, LastName FROM Contact WHERE LastName = 'plain'"
    page = org.csv(soql, columnDelimiter=delimiter, lineEnding="CRLF")
    assert page == f'"Id"{separator}"LastName"\r\n"{record_id("003", "A00")}"{separator}"plain"\r\n'


def test_gzip_when_asked_for(org: Acme) -> None:
    job = org.job("SELECT Id, LastName FROM Contact")
    url = f"/jobs/query/{job['id']}/results"
    plain = org.get(url, headers={"Accept-Encoding": "identity"})
    packed = org.get(url, headers={"Accept-Encoding": "gzip"}, stream=True)
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.raw.read()) == plain.content


def test_parallel_result_pages(org: Acme) -> None:
    org.control("limits", {"BulkResultPage": 2})
    job = org.job("SELECT Id FROM Contact ORDER BY Id")
    urls: list[str] = []
    following = f"/services/data/v{VERSION}/jobs/query/{job['id']}/resultPages"
    while following:
        pages = org.http.get(org.url + following).json()
        assert len(pages["resultPages"]) <= 5
        assert pages["done"] is (pages["nextRecordsUrl"] is None)
        urls += [page["resultUrl"] for page in pages["resultPages"]]
        following = pages["nextRecordsUrl"]
    ids = [line for url in urls for line in org.http.get(org.url + url).text.splitlines()[1:]]
    assert len(urls) == 9
    assert ids == [f'"{record_id("003", f"A{place:02}")}"' for place in range(len(TEXTS))]


def test_result_pages_need_the_version_of_the_job(org: Acme) -> None:
    job = org.job("SELECT Id FROM Contact")
    for version, status in (("65.0", 409), ("57.0", 404)):
        url = f"{org.url}/services/data/v{version}/jobs/query/{job['id']}/resultPages"
        assert org.http.get(url).status_code == status


def test_the_life_of_a_job(org: Acme) -> None:
    org.control("limits", {"BulkSeconds": 0.2})
    made = org.call(
        "POST", "/jobs/query", {"operation": "queryAll", "query": "SELECT Id FROM Contact"}
    ).json()
    assert made["state"] == "UploadComplete"
    assert not {"jobType", "numberRecordsProcessed", "retries", "totalProcessingTime"} & made.keys()
    assert made["apiVersion"] == 66.0
    early = results(org, made["id"])
    assert (early.status_code, early.json()[0]["errorCode"]) == (400, "INVALIDJOBSTATE")
    done = org.ended(made["id"])
    assert (done["state"], done["jobType"], done["numberRecordsProcessed"]) == (
        "JobComplete",
        "V2Query",
        len(TEXTS),
    )
    listed = org.get("/jobs/query").json()
    assert [each["id"] for each in listed["records"]] == [made["id"]]
    assert org.call("DELETE", f"/jobs/query/{made['id']}").status_code == 204
    assert org.get(f"/jobs/query/{made['id']}").status_code == 404
    assert results(org, made["id"]).status_code == 404


def test_abort(org: Acme) -> None:
    org.control("limits", {"BulkSeconds": 0.3})
    made = org.call("POST", "/jobs/query", {"operation": "query", "query": "SELECT Id FROM Contact"}).json()
    path = f"/jobs/query/{made['id']}"
    assert org.call("DELETE", path).status_code == 400
    aborted = org.call("PATCH", path, {"state": "Aborted"})
    assert (aborted.status_code, aborted.json()["state"]) == (200, "Aborted")
    assert org.call("PATCH", path, {"state": "Aborted"}).status_code == 400
    assert results(org, made["id"]).status_code == 400
    # The job that was running when it was aborted stays aborted.
    org.control("limits", {"BulkSeconds": 0})
    org.job("SELECT Id FROM Contact LIMIT 1")
    assert org.get(path).json()["state"] == "Aborted"


def test_a_failed_job_says_why(org: Acme) -> None:
    org.control("faults", {"event": "failing_job"})
    job = org.job("SELECT Id FROM Contact")
    assert (job["state"], job["errorMessage"], job["numberRecordsProcessed"]) == (
        "Failed",
        "QUERY_TIMEOUT: Your query request was running for too long.",
        0,
    )
    assert org.job("SELECT Id FROM Contact")["state"] == "JobComplete"


@pytest.mark.parametrize(
    ("soql", "code", "words"),
    [
        ("SELECT COUNT() FROM Contact", "API_ERROR", "Aggregate functions"),
        ("SELECT COUNT(Id) FROM Contact", "API_ERROR", "Aggregate functions"),
        ("SELECT LastName FROM Contact GROUP BY LastName", "API_ERROR", "GROUP BY"),
        ("SELECT Id FROM Contact LIMIT 1 OFFSET 1", "API_ERROR", "OFFSET"),
        (
            "SELECT Id, (SELECT Id FROM Cases) FROM Contact",
            "API_ERROR",
            "Aggregate Relationships not supported",
        ),
        ("SELECT TYPEOF Who WHEN Lead THEN Name END FROM Task", "API_ERROR", "TYPEOF"),
        ("SELECT MailingAddress FROM Contact", "API_ERROR", "compound data not supported in Bulk Query"),
        (
            "SELECT Account.BillingAddress FROM Contact",
            "API_ERROR",
            "compound data not supported in Bulk Query",
        ),
        ("SELECT FIELDS(ALL) FROM Contact LIMIT 200", "MALFORMED_QUERY", "unbounded set of fields"),
        ("SELECT Id FROM TaskStatus", "INVALIDENTITY", "is not supported by the Bulk API"),
        ("SELECT Nope FROM Contact", "INVALID_FIELD", "No such column 'Nope'"),
        ("SELECT Id FROM Nope", "INVALID_TYPE", "sObject type 'Nope' is not supported"),
        ("SELECT * FROM Contact", "MALFORMED_QUERY", "unexpected token: '*'"),
        ("", "MALFORMED_QUERY", "unexpected token: '<EOF>'"),
    ],
)
def test_refused_queries(org: Acme, soql: str, code: str, words: str) -> None:
    answer = org.call("POST", "/jobs/query", {"operation": "query", "query": soql})
    assert answer.status_code == 400
    assert answer.json()[0]["errorCode"] == code
    assert words in answer.json()[0]["message"]
    assert org.get("/jobs/query").json()["records"] == []


@pytest.mark.parametrize(
    "options",
    [{"operation": "insert"}, {"columnDelimiter": "SPACE"}, {"lineEnding": "CR"}, {"contentType": "JSON"}],
)
def test_refused_options(org: Acme, options: dict[str, str]) -> None:
    body = {"operation": "query", "query": "SELECT Id FROM Contact"} | options
    assert org.call("POST", "/jobs/query", body).status_code == 400


@pytest.mark.parametrize(
    "parameters", [{"maxRecords": "0"}, {"maxRecords": "x"}, {"locator": "!!"}, {"locator": "abcd"}]
)
def test_refused_result_parameters(org: Acme, parameters: dict[str, str]) -> None:
    job = org.job("SELECT Id FROM Contact")
    assert results(org, job["id"], **parameters).status_code == 400


def test_the_jobs_of_a_day_are_counted(org: Acme) -> None:
    org.control("limits", {"DailyBulkV2QueryJobs": 1})
    org.job("SELECT Id FROM Contact")
    answer = org.call("POST", "/jobs/query", {"operation": "query", "query": "SELECT Id FROM Contact"})
    message = "Max bulk v2 query jobs (1) per 24 hrs has been reached"
    assert answer.json() == [{"message": message, "errorCode": "LIMIT_EXCEEDED"}]
    assert org.get("/limits").json()["DailyBulkV2QueryJobs"] == {"Max": 1, "Remaining": 0}


def test_jobs_outlive_a_restart(tmp_path: Path) -> None:
    write_csv(tmp_path / "csv", "Contact", [{"Id": record_id("003", "B1"), "LastName": "Kept"}])
    home = tmp_path / "home"
    with acme(home) as first:
        first.seed(tmp_path / "csv")
        done = first.job("SELECT LastName FROM Contact")
        first.control("limits", {"BulkSeconds": 0.3})
        waiting = [
            first.call(
                "POST", "/jobs/query", {"operation": "query", "query": "SELECT Id FROM Contact"}
            ).json()["id"]
            for _ in range(3)
        ]
    with acme(home) as second:
        assert second.get(f"/jobs/query/{done['id']}/results").text == '"LastName"\n"Kept"\n'
        assert [second.ended(job_id)["state"] for job_id in waiting] == ["JobComplete"] * 3


def test_a_list_of_jobs_says_less_than_each_job_and_takes_a_type(org: Acme) -> None:
    made = org.job("SELECT Id FROM Contact")
    jobs = org.get("/jobs/query", params={"jobType": "V2Query"}).json()["records"]
    [listed] = [each for each in jobs if each["id"] == made["id"]]
    whole = org.get(f"/jobs/query/{made['id']}").json()
    left_out = {"numberRecordsProcessed", "retries", "totalProcessingTime"}
    assert listed == {key: value for key, value in whole.items() if key not in left_out}
    assert org.get("/jobs/query", params={"jobType": "Classic"}).json()["records"] == []
