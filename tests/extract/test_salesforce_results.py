"""The pages of a Bulk job: whole, counted, several at once, and never taken for less than they are."""

import datetime as dt
import gzip
import io
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
import urllib3
import zstandard
from simple_salesforce import Salesforce

from extract.errors import ExtractError
from extract.pages import Page, PageFolder
from extract.salesforce import query, results
from extract.salesforce.describe import Description
from extract.salesforce.login import Login, connect
from extract.salesforce.query import FieldGoneError, JobHangsError, JobLostError
from extract.salesforce.results import Results
from tests.extract.transport import DATA, URL, FakeOrg, ok, page, refused

JOB = f"{DATA}/jobs/query/750A"
RESULTS, LIST = f"{JOB}/results", f"{JOB}/resultPages"
CONTACT = Description(
    "Contact", ("Id", "Name", "SystemModstamp"), frozenset({"SystemModstamp"}), {"fields": []}
)
HEADER = b'"Id","Name","SystemModstamp"\n'
ONE = HEADER + b'"1","a","2026-01-01T00:00:00.000Z"\n'
TWO = HEADER + b'"2","b\nc","2026-01-01T00:00:00.000Z"\n"3","","2026-01-01T00:00:00.000Z"\n'
THREE = HEADER + b'"4","d","2026-01-01T00:00:00.000Z"\n'


@pytest.fixture
def org() -> FakeOrg:
    fake = FakeOrg()
    fake.on("GET", LIST, refused(404, "NOT_FOUND"))
    return fake


@pytest.fixture
def sf(org: FakeOrg) -> Salesforce:
    return connect(Login(login_url=URL, client_id="x", client_secret="y"), adapter=org)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pages:
        yield pages


def read(sf: Salesforce, folder: Path, total: int | None, pool: Any = None) -> list[int]:
    found = Results(sf, CONTACT, "750A", total, PageFolder(folder), page_rows=2, idle_seconds=5)
    return [each.rows for each in results.read_pages(found, pool, 2)]


def records(folder: Path) -> bytes:
    """Give all records as they lie in the files, without the headers."""
    texts = [
        zstandard.ZstdDecompressor().stream_reader(path.read_bytes()).read()
        for path in sorted(folder.glob("*.csv.zst"))
    ]
    return b"".join(text.removeprefix(HEADER) for text in texts)


ALL = b"".join(each.removeprefix(HEADER) for each in (ONE, TWO))


def by_locator(**pages: Any) -> Any:
    """Answer each call for a page by its locator, in whatever order they come."""

    def answer(request: requests.PreparedRequest) -> Any:
        return pages[str(request.url).partition("locator=")[2]]

    return answer


def listed(*locators: str, following: str | None = None, name: str = "nextRecordsUrl") -> Any:
    urls = [{"resultUrl": f"{RESULTS}?locator={each}"} for each in locators]
    return ok({"resultPages": urls, name: following, "done": following is None})


def test_pages_are_followed_until_the_locator_says_null(org: FakeOrg, sf: Salesforce, tmp_path: Path) -> None:
    org.on("GET", RESULTS, page(ONE, 1, "MQ"), page(TWO, 2, "null"))
    assert read(sf, tmp_path, total=3) == [1, 2]
    assert records(tmp_path) == ALL
    assert org.queries(RESULTS) == [{"maxRecords": ["2"]}, {"maxRecords": ["2"], "locator": ["MQ"]}]
    assert org.sent(RESULTS)[0].headers["Accept"] == "text/csv"


def test_a_job_without_records_has_one_empty_page(org: FakeOrg, sf: Salesforce, tmp_path: Path) -> None:
    org.on("GET", RESULTS, page(HEADER, 0, "null"))
    assert read(sf, tmp_path, total=0) == [0]
    assert org.sent(LIST) == []


@pytest.mark.parametrize("name", ["nextRecordsUrl", "nextRecordUrl"])
def test_listed_pages_are_read_side_by_side(
    org: FakeOrg, sf: Salesforce, pool: ThreadPoolExecutor, tmp_path: Path, name: str
) -> None:
    both = threading.Barrier(2, timeout=10)
    pages = by_locator(A=page(ONE, 1, "B"), B=page(TWO, 2, "C"), C=page(THREE, 1, "null"))

    def together(request: requests.PreparedRequest) -> Any:
        if "locator=C" not in str(request.url):
            both.wait()  # neither ends before the other has begun
        return pages(request)

    org.on("GET", LIST, listed("A", "B", following=f"{LIST}?locator=C", name=name), listed("C"))
    org.on("GET", RESULTS, together)
    assert sorted(read(sf, tmp_path, 4, pool)) == [1, 1, 2]
    assert records(tmp_path) == ALL + THREE.removeprefix(HEADER)
    assert {*org.queries(RESULTS)[0]} == {"locator"}


@pytest.mark.parametrize(
    "answer", [refused(409, "API_ERROR"), refused(500, "UNKNOWN"), ok({}), requests.ConnectionError("gone")]
)
def test_without_a_list_each_page_names_the_next(
    org: FakeOrg, sf: Salesforce, pool: ThreadPoolExecutor, tmp_path: Path, answer: Any
) -> None:
    org.on("GET", LIST, answer)
    org.on("GET", RESULTS, page(ONE, 1, "MQ"), page(TWO, 2, "null"))
    assert read(sf, tmp_path, 3, pool) == [1, 2]


def test_a_list_that_breaks_off_is_gone_on_with_by_locators(
    org: FakeOrg, sf: Salesforce, pool: ThreadPoolExecutor, tmp_path: Path
) -> None:
    org.on("GET", LIST, listed("A", "B", following=f"{LIST}?locator=C"), refused(400, "API_ERROR"))
    pages = by_locator(A=page(ONE, 1, "B"), B=page(TWO, 2, "C"), **{"C&maxRecords=2": page(THREE, 1, "null")})
    org.on("GET", RESULTS, pages)
    assert sorted(read(sf, tmp_path, 4, pool)) == [1, 1, 2]
    assert records(tmp_path) == ALL + THREE.removeprefix(HEADER)


def test_a_second_call_reads_what_the_first_did_not(
    org: FakeOrg, sf: Salesforce, pool: ThreadPoolExecutor, tmp_path: Path
) -> None:
    org.on("GET", LIST, listed("A", "B"))
    org.on("GET", RESULTS, by_locator(A=page(ONE, 1, "B"), B=refused(503, "SERVER_UNAVAILABLE")))
    with pytest.raises(ExtractError, match=r"page 2 of Bulk job 750A.*goes on with this page"):
        read(sf, tmp_path, 3, pool)
    org.calls.clear()
    org.on("GET", RESULTS, by_locator(B=page(TWO, 2, "null")))
    assert read(sf, tmp_path, 3, pool) == [2]
    assert records(tmp_path) == ALL


def test_a_chain_is_gone_on_with_at_its_next_locator(org: FakeOrg, sf: Salesforce, tmp_path: Path) -> None:
    org.on("GET", RESULTS, page(ONE, 1, "MQ"), refused(502, "BAD"))
    with pytest.raises(ExtractError, match="page 2 of Bulk job 750A"):
        read(sf, tmp_path, total=3)
    org.calls.clear()
    org.on("GET", RESULTS, page(TWO, 2, "null"))
    assert read(sf, tmp_path, total=3) == [2]
    assert org.queries(RESULTS) == [{"maxRecords": ["2"], "locator": ["MQ"]}]
    assert org.sent(LIST) == []


def test_pages_of_another_list_are_read_again(
    org: FakeOrg, sf: Salesforce, pool: ThreadPoolExecutor, tmp_path: Path
) -> None:
    folder = PageFolder(tmp_path)
    for number in (0, 1, 2):
        folder.path(number).write_bytes(b"of another list")
        folder.keep(Page(number, f"other {number}", "null", 1))
    org.on("GET", LIST, listed("A", "B"))
    org.on("GET", RESULTS, by_locator(A=page(ONE, 1, "B"), B=page(TWO, 2, "null")))
    assert sorted(read(sf, tmp_path, 3, pool)) == [1, 2]
    assert records(tmp_path) == ALL


def packed(body: bytes, rows: int, locator: str, cut: int | None = None) -> Any:
    status, headers, content = page(gzip.compress(body)[:cut], rows, locator)
    return status, headers | {"Content-Encoding": "gzip"}, content


def test_a_compressed_page_is_unpacked(org: FakeOrg, sf: Salesforce, tmp_path: Path) -> None:
    large = HEADER + b'"1","%s",""\n' % (b"x" * 3_000_000)
    org.on("GET", RESULTS, packed(large, 1, "null"))
    assert read(sf, tmp_path, total=1) == [1]
    assert records(tmp_path) == large.removeprefix(HEADER)
    assert org.sent(RESULTS)[0].headers["Accept-Encoding"] == "gzip"


class Cut(io.BytesIO):
    """A body whose connection breaks in the middle."""

    def read(self, *size: Any) -> bytes:
        piece = super().read(*size)
        if not piece:
            raise urllib3.exceptions.ProtocolError("Connection broken", ConnectionResetError())
        return piece


class Silent(io.BytesIO):
    """A body that stops without an end."""

    def read(self, *_: Any) -> bytes:
        raise TimeoutError


TORN = [
    pytest.param(page(ONE, 2, "MQ"), id="fewer rows than the header says"),
    pytest.param(page(ONE[:-20], 1, "MQ", promised=len(ONE)), id="the connection ends early"),
    pytest.param(page(ONE[:-5], 1, "MQ"), id="cut off in a cell"),
    pytest.param(page(b"<html>", None, None), id="a proxy's page"),
    pytest.param(
        (200, {"Content-Type": "text/html"}, b"<html>Log in</html>"), id="a proxy's page that says so"
    ),
    pytest.param(packed(ONE, 1, "MQ", cut=-9), id="compressed bytes cut off"),
    pytest.param(packed(ONE, 1, "MQ", cut=20), id="compressed bytes cut off in the header"),
    pytest.param((200, {"Content-Encoding": "gzip"}, ONE), id="compressed it says and is not"),
    pytest.param((200, {}, Cut(ONE[:20])), id="reset in the middle"),
    pytest.param((200, {}, Silent()), id="silence in the middle"),
    pytest.param(refused(429, "TOO_MANY_REQUESTS"), id="too many requests"),
    pytest.param(refused(401, "INVALID_SESSION_ID"), id="the session ended"),
    pytest.param(refused(502, "", "<html>Bad gateway</html>"), id="a bad gateway"),
    pytest.param(refused(403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests Limit"), id="too many at once"),
    pytest.param(requests.ConnectionError("reset"), id="no connection"),
]


@pytest.mark.parametrize("torn", TORN)
def test_what_goes_wrong_with_a_page_is_mended_by_the_same_locator(
    org: FakeOrg, sf: Salesforce, tmp_path: Path, torn: Any
) -> None:
    org.on("GET", RESULTS, torn, page(ONE, 1, "MQ"), torn, page(TWO, 2, "null"))
    assert read(sf, tmp_path, total=3) == [1, 2]
    assert records(tmp_path) == ALL
    assert [asked.get("locator") for asked in org.queries(RESULTS)] == [None, None, ["MQ"], ["MQ"]]


def test_a_page_that_stays_torn_names_object_job_and_page(
    org: FakeOrg, sf: Salesforce, tmp_path: Path
) -> None:
    org.on("GET", RESULTS, page(ONE, 1, "MQ"), page(ONE, 5, "null"))
    with pytest.raises(JobLostError, match=r"Contact: page 2 of Bulk job 750A.*header says 5.*command again"):
        read(sf, tmp_path, total=6)


def test_without_the_row_header_the_rows_still_count(org: FakeOrg, sf: Salesforce, tmp_path: Path) -> None:
    org.on("GET", RESULTS, page(ONE, None, "MQ"), page(TWO, None, "null"))
    assert read(sf, tmp_path, total=3) == [1, 2]


def test_without_the_locator_the_total_decides(org: FakeOrg, sf: Salesforce, tmp_path: Path) -> None:
    org.on("GET", RESULTS, page(ONE, 1, None))
    assert read(sf, tmp_path / "1", total=1) == [1]
    with pytest.raises(JobLostError, match=r"750A processed 3 records, its pages hold 1.*Sforce-Locator"):
        read(sf, tmp_path / "3", total=3)
    with pytest.raises(JobLostError, match="without the header Sforce-Locator"):
        read(sf, tmp_path / "unknown", total=None)


def test_fewer_rows_than_the_job_processed_are_refused(org: FakeOrg, sf: Salesforce, tmp_path: Path) -> None:
    org.on("GET", RESULTS, page(ONE, 1, "null"))
    with pytest.raises(JobLostError, match=r"Contact: Bulk job 750A processed 2 records, its pages hold 1"):
        read(sf, tmp_path, total=2)


def test_a_locator_that_is_gone_says_why(org: FakeOrg, sf: Salesforce, tmp_path: Path) -> None:
    org.on(
        "GET", RESULTS, page(ONE, 1, "MQ"), refused(404, "NOT_FOUND", "The requested resource does not exist")
    )
    with pytest.raises(
        JobLostError, match=r"Contact: page 2 of Bulk job 750A: Salesforce refused \(HTTP 404\): NOT_FOUND"
    ):
        read(sf, tmp_path, total=2)


def test_a_job_that_hangs_is_given_up(org: FakeOrg, sf: Salesforce) -> None:
    org.on("GET", JOB, ok({"state": "InProgress"}))
    with pytest.raises(JobHangsError, match=r"Contact: Bulk job 750A is still InProgress after 0:00:00"):
        query.wait_for_job(sf, "Contact", "750A", threading.Event(), dt.timedelta(0))


def test_a_job_that_fails_for_a_field_asks_for_another_describe(org: FakeOrg, sf: Salesforce) -> None:
    org.on("GET", JOB, ok({"state": "Failed", "errorMessage": "INVALID_FIELD: No such column 'X__c'"}))
    with pytest.raises(FieldGoneError, match="750A is Failed: INVALID_FIELD"):
        query.wait_for_job(sf, "Contact", "750A", threading.Event())
