"""How result pages travel, and records made up in any number."""

import csv
import gzip
import io
import time
from collections.abc import Iterator

import pytest
import requests

from sandbox.salesforce.filling import HARD_TEXTS
from tests.sandbox.salesforce_org import Acme, login
from tests.servers import running

ROWS = 3_000
EVERY_FIELD = (
    "SELECT Id, LastName, Title, Department, Description, MailingLatitude, DoNotCall, Birthdate, "
    "SystemModstamp FROM Contact"
)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Acme]:
    """Give the stand-in as it runs for users: pages go out by sendfile."""
    with (
        running(["sandbox", "salesforce"], tmp_path_factory.mktemp("delivery"), "/_sandbox/health") as url,
        login(url) as org,
    ):
        org.control("fill", {"object": "Contact", "rows": ROWS, "seed": 7})
        yield org


@pytest.fixture(scope="module")
def job(served: Acme) -> str:
    return str(served.job(EVERY_FIELD)["id"])


@pytest.fixture
def org(served: Acme) -> Iterator[Acme]:
    yield served
    served.control("delivery", {"gzip": True, "charset": True, "chunked": False, "bytes_per_second": 0})


def page(org: Acme, job: str, *, packed: bool = False, **asked: str) -> requests.Response:
    headers = {"Accept-Encoding": "gzip" if packed else "identity"}
    answer = org.get(f"/jobs/query/{job}/results", params=asked, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer


def whole(org: Acme, job: str) -> list[list[str]]:
    rows = list(csv.reader(io.StringIO(page(org, job, maxRecords=str(ROWS)).content.decode(), newline="")))
    assert len(rows) == ROWS + 1
    return rows


def test_pages_of_any_size_hold_every_record_once(org: Acme, job: str) -> None:
    records, locator = [], None
    while locator != "null":
        answer = page(org, job, maxRecords="700", **({"locator": locator} if locator else {}))
        assert int(answer.headers["Content-Length"]) == len(answer.content)
        rows = list(csv.reader(io.StringIO(answer.content.decode(), newline="")))
        assert len(rows) - 1 == int(answer.headers["Sforce-NumberOfRecords"])
        records += rows[1:]
        locator = answer.headers["Sforce-Locator"]
    assert records == whole(org, job)[1:]


def test_the_same_bytes_however_they_travel(org: Acme, job: str) -> None:
    plain = page(org, job)
    assert plain.headers["Content-Type"] == "text/csv; charset=UTF-8"
    org.control("delivery", {"chunked": True, "charset": False})
    chunked = page(org, job)
    assert (chunked.headers["Transfer-Encoding"], chunked.headers["Content-Type"]) == ("chunked", "text/csv")
    packed = page(org, job, packed=True)
    assert packed.headers["Content-Encoding"] == "gzip"
    org.control("delivery", {"gzip": False})
    unpacked = page(org, job, packed=True)
    assert "Content-Encoding" not in unpacked.headers
    assert plain.content == chunked.content == packed.content == unpacked.content


def test_a_packed_page_is_one_gzip_member(org: Acme, job: str) -> None:
    url = f"/jobs/query/{job}/results"
    answer = org.get(url, headers={"Accept-Encoding": "gzip"}, stream=True)
    assert gzip.decompress(answer.raw.read()) == page(org, job).content


@pytest.mark.parametrize("chunked", [False, True])
def test_a_connection_carries_no_more_than_it_may(org: Acme, job: str, chunked: bool) -> None:
    size = len(page(org, job).content)
    org.control("delivery", {"bytes_per_second": size * 4, "chunked": chunked})
    began = time.monotonic()
    assert len(page(org, job).content) == size
    assert 0.2 < time.monotonic() - began < 2


def test_delivery_is_checked(org: Acme) -> None:
    answer = requests.post(f"{org.url}/_sandbox/delivery", json={"speed": 1}, timeout=10)
    assert (answer.status_code, "bytes_per_second" in answer.text) == (400, True)


def test_filled_records_are_hard_and_the_same_for_the_same_seed(org: Acme, job: str) -> None:
    header, *rows = whole(org, job)
    assert len({row[0] for row in rows}) == ROWS
    texts = {row[header.index("Department")] for row in rows} | {row[header.index("Title")] for row in rows}
    assert texts >= {each for each in HARD_TEXTS if len(each) <= 60} | {""}
    assert any(row[header.index("MailingLatitude")].endswith(".0") for row in rows)
    org.control("fill", {"object": "Lead", "rows": 50, "seed": 7})
    first = org.csv("SELECT Id, Company, Title FROM Lead ORDER BY Id")
    org.control("fill", {"object": "Lead", "rows": 50, "seed": 8})
    assert org.csv("SELECT Id, Company, Title FROM Lead ORDER BY Id") != first
    org.control("fill", {"object": "Lead", "rows": 50, "seed": 7})
    assert org.csv("SELECT Id, Company, Title FROM Lead ORDER BY Id") == first


def test_touched_records_are_the_changed_ones(org: Acme) -> None:
    org.control("fill", {"object": "Case", "rows": 400, "seed": 1})
    assert org.control("touch", {"object": "Case", "every": 100}) == {"touched": 4}
    assert len(org.records("SELECT Id FROM Case WHERE SystemModstamp = TODAY")) == 4


def test_every_type_of_field_can_be_filled(org: Acme) -> None:
    for name in ("Account", "Opportunity", "Event", "Subscription__c", "CampaignMember"):
        org.control("fill", {"object": name, "rows": 20})
        assert org.query(f"SELECT COUNT() FROM {name}").json()["totalSize"] == 20
