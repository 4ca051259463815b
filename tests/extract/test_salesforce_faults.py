"""Each thing that can go wrong on the way, once: every record is in raw after it, or the object says why not and is the next time."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from extract.salesforce import Extracted, Settings, extract, query
from extract.sources import SourceObject
from tests.extract.org import Org, contact_id, contacts
from tests.raw_warehouse import RawWarehouse

CONTACT = SourceObject("Contact", "CONTACT")
PEOPLE = 8
NEW_JOB, SECOND_PAGE = {"path": "POST /services/data"}, {"path": "/results", "skip": 1}
# What passes, or is mended without a word.
MENDED: dict[str, dict[str, Any]] = {
    "too many requests": {**SECOND_PAGE, "status": 429},
    "too many requests at once, in Salesforce's words": {**SECOND_PAGE, "status": 403},
    "internal error": {**SECOND_PAGE, "status": 500},
    "bad gateway": {**SECOND_PAGE, "status": 502},
    "unavailable three times": {**SECOND_PAGE, "status": 503, "times": 3},
    "unavailable to a login": {"path": "/oauth2/token", "status": 503},
    "cut instead of an answer": {**SECOND_PAGE, "cut": True},
    "cut after the job was made": {**NEW_JOB, "cut": True, "done": True},
    "a web page of a proxy": {**SECOND_PAGE, "event": "proxy_page"},
    "a token that expires": {**SECOND_PAGE, "event": "expired_session"},
    "a page cut in its middle": {**SECOND_PAGE, "event": "cut_page"},
    "a page whose bytes come slowly": {**SECOND_PAGE, "event": "slow_page"},
    "a compressed page cut short": {**SECOND_PAGE, "event": "truncated_page"},
    "a page with fewer rows than its header says": {**SECOND_PAGE, "event": "short_page"},
    "a locator that is gone": {**SECOND_PAGE, "event": "lost_locator"},
    "a job that fails at once": {**NEW_JOB, "event": "failing_job"},
    "a job that fails after page 2": {"path": "/results", "skip": 2, "event": "lost_job"},
    "a field removed after the describe": {"path": "/sobjects/Contact/describe", "event": "removed_field"},
}


@pytest.fixture
def org(salesforce_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Org]:
    monkeypatch.setattr(query, "POLL_FIRST_SECONDS", 0.02)
    made = Org(salesforce_url)
    made.fill(Contact=contacts(PEOPLE))
    made.control("limits", BulkResultPage=3)
    yield made
    made.control("reset")


def _copy(org: Org, warehouse: RawWarehouse, home: Path, run: str, **settings: Any) -> Extracted:
    how = Settings(settle=dt.timedelta(0), page_rows=3, pages=1, **settings)
    [done] = extract(org.connect(), warehouse, [CONTACT], run_id=run, landing_dir=home, settings=how)
    return done


def _people(warehouse: RawWarehouse) -> list[tuple[str, str]]:
    return warehouse.rows("select id, lastname from raw_salesforce.contact order by id")


ALL = [(contact_id(number), f"Name {number}") for number in range(1, PEOPLE + 1)]


@pytest.mark.parametrize("fault", MENDED.values(), ids=MENDED)
def test_every_record_is_there_after(
    fault: dict[str, Any], org: Org, quick: RawWarehouse, tmp_path: Path
) -> None:
    org.control("faults", faults=[fault])
    done = _copy(org, quick, tmp_path, "run")
    assert not org.control("faults", faults=[])["faults"], "the fault was not met"
    assert (done.status, done.source_count, done.raw_count) == ("succeeded", PEOPLE, PEOPLE), done.message
    assert _people(quick) == ALL


@pytest.mark.parametrize(
    ("fault", "patience", "said"),
    [
        pytest.param(
            {**NEW_JOB, "event": "hanging_job"},
            dt.timedelta(seconds=0.3),
            "is still InProgress",
            id="a job that hangs",
        ),
        pytest.param(
            {**NEW_JOB, "event": "failing_job", "times": 2},
            query.JOB_PATIENCE,
            "is Failed",
            id="a job that fails twice",
        ),
        pytest.param(
            {**SECOND_PAGE, "event": "short_page", "times": 99},
            query.JOB_PATIENCE,
            "cannot be read whole after",
            id="a page that stays short",
        ),
    ],
)
def test_what_does_not_pass_is_named_and_every_record_is_there_the_next_time(
    fault: dict[str, Any], patience: dt.timedelta, said: str, org: Org, quick: RawWarehouse, tmp_path: Path
) -> None:
    org.control("faults", faults=[fault])
    done = _copy(org, quick, tmp_path, "run", patience=patience)
    assert done.status == "failed"
    assert said in done.message
    httpx.delete(f"{org.url}/_sandbox/faults").raise_for_status()
    assert _copy(org, quick, tmp_path, "next").status == "succeeded"
    assert _people(quick) == ALL


def test_a_job_that_could_not_be_deleted_is_deleted_by_the_next_call(
    org: Org, quick: RawWarehouse, tmp_path: Path
) -> None:
    org.control("faults", faults=[{"path": "DELETE /services/data", "status": 500, "times": 99}])
    assert _copy(org, quick, tmp_path, "run").status == "succeeded"
    [job] = org.sf.restful("jobs/query")["records"]
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [job["id"]]
    httpx.delete(f"{org.url}/_sandbox/faults").raise_for_status()
    assert _copy(org, quick, tmp_path, "next").status == "succeeded"
    assert not org.sf.restful("jobs/query")["records"]
    assert not [*tmp_path.iterdir()]
