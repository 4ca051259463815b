"""What Intercom holds lands whole: contacts, their companies beyond the tenth, companies that no list shows."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from snowflake.connector import SnowflakeConnection

from extract import intercom
from extract.errors import ExtractError, LoginError
from extract.intercom import RefusedError, Workspace, read, read_admins
from tests.extract.conftest import rows

TOKEN = "sandbox-intercom-token"


class Intercom:
    """The stand-in, filled through its own API."""

    def __init__(self, url: str) -> None:
        self.url = url
        headers = {"Authorization": f"Bearer {TOKEN}", "Intercom-Version": "2.14"}
        self.http = httpx.Client(base_url=url, headers=headers, timeout=30)
        self.post("/_sandbox/reset", None)

    def post(self, path: str, body: Any) -> Any:
        answer = self.http.post(path, json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def contact(self, key: str, **more: Any) -> str:
        return str(self.post("/contacts", {"role": "user", "external_id": key, **more})["id"])

    def company(self, key: str) -> str:
        return str(self.post("/companies", {"company_id": key, "name": f"Company {key}"})["id"])

    def attach(self, contact_id: str, company_id: str) -> None:
        self.post(f"/contacts/{contact_id}/companies", {"id": company_id})


@pytest.fixture
def vendor(intercom_url: str) -> Iterator[Intercom]:
    vendor = Intercom(intercom_url)
    yield vendor
    vendor.http.close()


@pytest.fixture
def workspace(vendor: Intercom) -> Workspace:
    return Workspace(TOKEN, vendor.url)


@pytest.fixture
def place(connection: SnowflakeConnection, tmp_path: Path) -> dict[str, Any]:
    return {"connection": connection, "run_id": "run-1", "landing_dir": tmp_path}


def test_contacts_with_a_key_land_page_by_page(
    vendor: Intercom,
    workspace: Workspace,
    connection: SnowflakeConnection,
    place: dict[str, Any],
    monkeypatch: Any,
) -> None:
    monkeypatch.setattr(intercom, "PAGE", 2)
    ours = {vendor.contact(f"003{number}", name=f"Zoë 😀 {number}") for number in range(5)}
    vendor.post("/contacts", {"role": "lead", "name": "Somebody else's"})
    landed = read(workspace, **place)
    kept = {
        row[0]: json.loads(row[1])
        for row in rows(connection, "select id, payload from raw_intercom.records where object = 'contacts'")
    }
    assert set(kept) == ours
    assert {each["name"] for each in kept.values()} == {f"Zoë 😀 {number}" for number in range(5)}
    assert [each.object for each in landed] == ["records", "links", "admins"]


def test_more_companies_than_a_contact_shows_are_paged(
    vendor: Intercom,
    workspace: Workspace,
    connection: SnowflakeConnection,
    place: dict[str, Any],
    monkeypatch: Any,
) -> None:
    monkeypatch.setattr(intercom, "PAGE", 5)
    many, few = vendor.contact("many"), vendor.contact("few")
    companies = [vendor.company(f"001{number}") for number in range(12)]
    for company in companies:
        vendor.attach(many, company)
    vendor.attach(few, companies[0])
    read(workspace, **place)
    found = rows(connection, "select contact_id, other_id from raw_intercom.links")
    assert sorted(found) == sorted([(many, company) for company in companies] + [(few, companies[0])])
    assert rows(
        connection, "select count(*), count(distinct id) from raw_intercom.records where object = 'companies'"
    ) == [(12, 12)]


def test_a_company_without_a_contact_is_found_by_what_was_loaded(
    vendor: Intercom, workspace: Workspace, connection: SnowflakeConnection, place: dict[str, Any]
) -> None:
    attached, alone = vendor.company("attached"), vendor.company("alone")
    vendor.attach(vendor.contact("1"), attached)
    for key, company in (("attached", attached), ("alone", alone), ("deleted", "f" * 24)):
        connection.cursor().execute(
            "insert into ops.load_ledger (target, object, record_key, target_id) values "
            "('intercom', 'companies', %s, %s)",
            (key, company),
        )
    read(workspace, **place)
    assert {
        row[0] for row in rows(connection, "select id from raw_intercom.records where object = 'companies'")
    } == {attached, alone}


def test_admins_land(
    vendor: Intercom, workspace: Workspace, connection: SnowflakeConnection, place: dict[str, Any]
) -> None:
    vendor.post("/_sandbox/admins", [{"first_name": "Ada", "last_name": "L", "email": "ada@acme.example"}])
    landed = read_admins(workspace, **place)
    emails = rows(connection, "select parse_json(payload):email::varchar from raw_intercom.admins")
    assert ("ada@acme.example",) in emails
    assert landed.rows == len(emails)


@pytest.mark.parametrize("status", [500, 503, 429])
def test_what_passes_is_tried_again(
    vendor: Intercom, workspace: Workspace, place: dict[str, Any], status: int
) -> None:
    vendor.contact("1")
    vendor.post("/_sandbox/faults", {"status": status, "times": 2})
    assert read(workspace, **place)[0].rows == 1


def test_a_wrong_token_is_a_login_error(vendor: Intercom, place: dict[str, Any]) -> None:
    with pytest.raises(LoginError, match="Check the token"):
        read_admins(Workspace("wrong", vendor.url), **place)


def test_nobody_there_says_where(place: dict[str, Any]) -> None:
    with pytest.raises(ExtractError, match=r"Intercom at http://127\.0\.0\.1:9 cannot be reached"):
        read_admins(Workspace(TOKEN, "http://127.0.0.1:9"), **place)


class Scrolls(Workspace):
    """A workspace that answers scroll calls from a list; an exception is raised."""

    def __init__(self, *answers: Any) -> None:
        self.answers = iter(answers)
        self.asked: list[str | None] = []

    def get(self, path: str, query: Any = None) -> dict[str, Any]:
        assert path == "companies/scroll"
        self.asked.append((query or {}).get("scroll_param"))
        answer = next(self.answers)
        if isinstance(answer, Exception):
            raise answer
        return {"data": [{"id": each} for each in answer], "scroll_param": "p"}

    get_next = get


def lost(status: int) -> RefusedError:
    return RefusedError(httpx.Response(status, json={"errors": [{"code": "not_found"}]}), "companies/scroll")


@pytest.mark.parametrize("status", [404, 500])
def test_a_scroll_that_dies_begins_again_without_doubling(status: int) -> None:
    workspace = Scrolls("ab", lost(status), "ab", "cd", "")
    assert [each["id"] for each in intercom._companies(workspace, iter(()))] == ["a", "b", "c", "d"]
    assert workspace.asked == [None, "p", None, "p", "p"]


def test_a_scroll_that_dies_every_time_is_an_error() -> None:
    with pytest.raises(RefusedError, match="HTTP 404"):
        list(intercom._companies(Scrolls(*[*("a", lost(404)) * 5]), iter(())))


def test_another_scroll_in_the_way_is_waited_for(
    vendor: Intercom, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_one = RefusedError(
        httpx.Response(400, json={"errors": [{"code": "scroll_exists"}]}), "companies/scroll"
    )
    assert intercom._pause(open_one) == intercom.SCROLL_SECONDS


def test_the_wait_for_the_next_window_is_the_one_that_intercom_names() -> None:
    def limited(**headers: str) -> RefusedError:
        return RefusedError(httpx.Response(429, headers=headers, json={}), "contacts")

    assert intercom._pause(limited()) == intercom.WINDOW_SECONDS
    assert intercom._pause(limited(**{"X-RateLimit-Reset": "1"})) == pytest.approx(0.1)
    assert intercom._limited(lost(500)) is False
    assert intercom._pause(lost(500)) is True
    assert intercom._pause(lost(400)) is False
