"""What Bulk refuses, read by REST: as Bulk would have written it, whole, and cut where an address is too short."""

import csv
import io
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import zstandard
from simple_salesforce import Salesforce

from extract.errors import ExtractError
from extract.pages import PageFolder
from extract.salesforce import query, rest
from extract.salesforce.describe import Description
from extract.salesforce.login import Login, connect
from extract.salesforce.query import NotInBulkError, Window
from tests.extract.transport import DATA, URL, FakeOrg, ok

ALL = Window(None, None, "2026-01-01T00:00:00Z")
QUERY, MORE = f"{DATA}/queryAll/", f"{DATA}/query/01g-1"
TASK = Description("Task", ("Id", "Done", "Cost", "At", "Note"), frozenset({"At"}), {"fields": []})
WIDE = Description(
    "Wide", (*(f"Field{n:03}{'x' * 30}__c" for n in range(600)), "Id"), frozenset(), {"fields": []}
)


@pytest.fixture
def org() -> FakeOrg:
    return FakeOrg()


@pytest.fixture
def sf(org: FakeOrg) -> Salesforce:
    return connect(Login(login_url=URL, client_id="x", client_secret="y"), adapter=org)


def read(sf: Salesforce, description: Description, folder: Path) -> list[int]:
    return [page.rows for page in rest.read_pages(sf, description, ALL, PageFolder(folder))]


def records(folder: Path) -> list[dict[str, str]]:
    return [
        record
        for path in sorted(folder.glob("*.csv.zst"))
        for record in csv.DictReader(
            io.StringIO(
                zstandard.ZstdDecompressor().stream_reader(path.read_bytes()).read().decode(), newline=""
            )
        )
    ]


def test_pages_read_as_bulk_would_write_them(org: FakeOrg, sf: Salesforce, tmp_path: Path) -> None:
    first = b'{"Id": "1", "Done": true, "Cost": 1.50, "At": "2026-01-01T00:00:00.000+0000", "Note": "a,\\"b\\"\\r\\n\\u0000"}'
    page_one = b'{"totalSize": 2, "done": false, "nextRecordsUrl": "%s", "records": [%s]}' % (
        MORE.encode(),
        first,
    )
    org.on("GET", QUERY, (200, {"Content-Type": "application/json"}, page_one))
    org.on("GET", MORE, ok({"totalSize": 2, "done": True, "records": [{"Id": "2"}]}))
    assert read(sf, TASK, tmp_path) == [1, 1]
    assert [tuple(row.values()) for row in records(tmp_path)] == [
        ("1", "true", "1.50", "2026-01-01T00:00:00.000Z", 'a,"b"\r\n\x00'),
        ("2", "", "", "", ""),
    ]


def test_pages_that_end_early_are_refused(org: FakeOrg, sf: Salesforce, tmp_path: Path) -> None:
    org.on("GET", QUERY, ok({"totalSize": 2, "done": True, "records": [{"Id": "1"}]}))
    with pytest.raises(ExtractError, match=r"Task: the REST query found 2 records and gave 1"):
        read(sf, TASK, tmp_path)


def test_a_wide_object_is_read_in_slices_and_joined_by_id(
    org: FakeOrg, sf: Salesforce, tmp_path: Path
) -> None:
    ids = ["a", "b", "c", "d", "e"]

    def answer(request: requests.PreparedRequest) -> Any:
        """Give slices in answers of different sizes; `c` is only in the first, as if it had changed meanwhile."""
        assert len(str(request.url)) < 16_384
        [soql] = parse_qs(urlsplit(str(request.url)).query)["q"]
        names = soql.removeprefix("SELECT ").partition(" FROM ")[0].split(", ")
        assert soql.endswith(" FROM Wide ORDER BY Id")
        first = names[1] == WIDE.fields[0]
        found = [
            {name: each if name == "Id" else f"{each}-{name}" for name in names}
            for each in ids
            if first or each != "c"
        ]
        size = 2 if first else 3
        rest_of = {"totalSize": len(found), "done": True, "records": found[size:]}
        org.on("GET", f"{MORE}{names[1]}", ok(rest_of))
        part = {"totalSize": len(found), "done": False, "nextRecordsUrl": f"{MORE}{names[1]}"}
        return ok({**part, "records": found[:size]})

    org.on("GET", QUERY, answer)
    assert sum(read(sf, WIDE, tmp_path)) == 4
    assert len(org.sent(QUERY)) > 1
    assert records(tmp_path) == [
        {name: each if name == "Id" else f"{each}-{name}" for name in WIDE.fields} for each in "abde"
    ]


def test_a_query_too_long_for_bulk_is_not_sent(org: FakeOrg, sf: Salesforce) -> None:
    with pytest.raises(NotInBulkError):
        query.start_job(sf, "Wide", "SELECT " + "Field__c, " * 10_001, ALL.until)
    assert org.sent(f"{DATA}/jobs/query") == []


@pytest.mark.parametrize(
    ("json_number", "bulk"),
    [
        ("500000.0", "500000.0"),
        ("5", "5.0"),
        ("0", "0.0"),
        ("12.50", "12.5"),
        ("99213206.0", "9.9213206E7"),
        ("9.9213206E7", "9.9213206E7"),
        ("-10000000", "-1.0E7"),
        ("9999999.9", "9999999.9"),
        ("0.001", "0.001"),
        ("0.0001", "1.0E-4"),
        ("-0.00025", "-2.5E-4"),
    ],
)
def test_a_number_is_written_as_bulk_writes_it(json_number: str, bulk: str) -> None:
    assert rest._cell(json_number, False, True) == bulk
