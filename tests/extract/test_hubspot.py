"""What HubSpot holds lands whole: every record of ours, every link, whatever the size of the page."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import urllib3
from snowflake.connector import SnowflakeConnection

from extract.errors import BudgetExhausted, ExtractError, LoginError
from extract.hubspot import Account, changes, read, read_owners, records
from extract.hubspot.changes import LAG, Since, read_changes
from extract.hubspot.files import read_files
from tests.extract.conftest import rows

TOKEN = "sandbox-hubspot-token"
PROPERTIES = ["firstname", "lastname", "email"]


class HubSpot:
    """The stand-in, filled through its own API."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=30)
        self.call("/_sandbox/reset")
        for name in ("contacts", "companies"):
            key = {"name": "salesforce_id", "label": "Salesforce id", "type": "string", "fieldType": "text"}
            group = "contactinformation" if name == "contacts" else "companyinformation"
            self.call(f"/crm/v3/properties/{name}", key | {"groupName": group, "hasUniqueValue": True})

    def call(self, path: str, body: Any = None) -> Any:
        answer = self.http.post(path, json=body or {})
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def create(self, name: str, *records: dict[str, str]) -> list[str]:
        """Create records, a hundred at a time, and give their ids."""
        ids: list[str] = []
        for start in range(0, len(records), 100):
            inputs = [{"properties": each, "associations": []} for each in records[start : start + 100]]
            answer = self.call(f"/crm/v3/objects/{name}/batch/create", {"inputs": inputs})
            ids += [each["id"] for each in answer["results"]]
        return ids

    def upload(self, name: str) -> str:
        """Upload a file below our folder and give its id."""
        form = {"fileName": name, "folderPath": "/salesforce", "options": '{"access": "PRIVATE"}'}
        answer = self.http.post("/files/v3/files", data=form, files={"file": (name, b"x")})
        return str(answer.json()["id"])

    def link(self, contact_id: str, company_ids: list[str]) -> None:
        pairs = [{"from": {"id": contact_id}, "to": {"id": each}} for each in company_ids]
        self.call("/crm/v4/associations/contacts/companies/batch/associate/default", {"inputs": pairs})

    def calls(self) -> dict[str, int]:
        counted: dict[str, int] = self.http.get("/_sandbox/calls").json()["calls"]
        return counted


@pytest.fixture
def vendor(hubspot_url: str) -> Iterator[HubSpot]:
    vendor = HubSpot(hubspot_url)
    yield vendor
    vendor.http.close()


@pytest.fixture
def account(vendor: HubSpot) -> Account:
    return Account(TOKEN, vendor.url)


@pytest.fixture
def place(connection: SnowflakeConnection, tmp_path: Path) -> dict[str, Any]:
    return {"connection": connection, "run_id": "run-1", "landing_dir": tmp_path}


def people(number: int) -> list[dict[str, str]]:
    return [{"salesforce_id": f"003{each}", "firstname": f"Zoë 😀 {each}"} for each in range(number)]


def test_a_read_back_in_a_dated_version_touches_no_older_path(
    vendor: HubSpot, place: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    [contact] = vendor.create("contacts", *people(1))
    vendor.link(contact, vendor.create("companies", {"salesforce_id": "001A", "name": "Firm"}))
    asked: list[str] = []
    ask = urllib3.PoolManager.request

    def request(self: object, method: str, url: str, **options: Any) -> Any:
        asked.append(url.removeprefix(vendor.url))
        return ask(self, method, url, **options)  # type: ignore[arg-type]

    account = Account(TOKEN, vendor.url, lambda _: None, version="2026-09")
    monkeypatch.setattr(urllib3.PoolManager, "request", request)
    read(
        account,
        objects={"contacts": PROPERTIES, "deals": ["dealname"]},
        pairs=[("contacts", "companies")],
        **place,
    )
    read_owners(account, **place)
    since = {"contacts": Since(datetime.now(UTC).replace(tzinfo=None), PROPERTIES, [contact])}
    read_changes(account, objects=since, key="salesforce_id", **place)
    assert len({path.partition("?")[0] for path in asked}) > 5
    assert all("/2026-09" in path for path in asked), asked


def test_records_with_the_key_land_with_their_properties(
    vendor: HubSpot, account: Account, connection: SnowflakeConnection, place: dict[str, Any]
) -> None:
    ours = vendor.create("contacts", *people(230))
    vendor.create("contacts", {"firstname": "Somebody else's"})
    told: list[Any] = []
    [landed] = read(
        account, objects={"contacts": PROPERTIES}, progress=lambda *said: told.append(said), **place
    )
    kept = rows(connection, "select id, payload, _run_id from raw_hubspot.records")
    assert {row[0] for row in kept} == set(ours)
    properties = [json.loads(row[1])["properties"] for row in kept]
    assert {each["salesforce_id"]: each["firstname"] for each in properties}["0037"] == "Zoë 😀 7"
    assert (landed.object, landed.rows, {row[2] for row in kept}) == ("records", 230, {"run-1"})
    assert told == [("contacts", 230, 230)]


def test_the_warehouse_can_read_the_payload(
    vendor: HubSpot, account: Account, connection: SnowflakeConnection, place: dict[str, Any]
) -> None:
    vendor.create("contacts", {"salesforce_id": "1", "lastname": 'O"Neil \\ 😀\n'})
    read(account, objects={"contacts": PROPERTIES}, **place)
    name = "select parse_json(payload):properties:lastname::varchar from raw_hubspot.records"
    assert rows(connection, name) == [('O"Neil \\ 😀\n',)]


def test_a_second_read_leaves_no_row_of_the_first(
    vendor: HubSpot, account: Account, connection: SnowflakeConnection, place: dict[str, Any]
) -> None:
    first, second = vendor.create("contacts", *people(2))
    read(account, objects={"contacts": PROPERTIES}, **place)
    vendor.http.delete(f"/crm/v3/objects/contacts/{first}")
    read(account, objects={"contacts": PROPERTIES}, **(place | {"run_id": "run-2"}))
    assert rows(connection, "select id, _run_id from raw_hubspot.records") == [(second, "run-2")]


def test_too_many_properties_for_an_address_are_asked_for_in_a_body(
    vendor: HubSpot, account: Account, connection: SnowflakeConnection, place: dict[str, Any]
) -> None:
    vendor.create("contacts", *people(130))
    wide = ["firstname", *(f"a_property_that_nobody_has_{number}" for number in range(120))]
    read(account, objects={"contacts": wide}, **place)
    assert vendor.calls()["POST /crm/v3/objects/contacts/batch/read"] == 2
    found = rows(connection, "select count(*), count(distinct id) from raw_hubspot.records")
    assert found == [(130, 130)]


def test_links_land_with_each_of_their_types(
    vendor: HubSpot, account: Account, connection: SnowflakeConnection, place: dict[str, Any]
) -> None:
    person, loner = vendor.create("contacts", *people(2))
    firms = vendor.create("companies", *({"salesforce_id": f"001{n}", "name": f"{n}"} for n in range(3)))
    vendor.link(person, firms)
    objects = {"contacts": PROPERTIES, "companies": ["name"]}
    landed = read(account, objects=objects, pairs=[("contacts", "companies")], **place)
    links = rows(connection, "select from_id, to_id, category, type_id from raw_hubspot.associations")
    assert {link[:2] for link in links} == {(person, firm) for firm in firms}
    assert {link[2:] for link in links} >= {("HUBSPOT_DEFINED", "279")}
    assert loner not in {link[0] for link in links}
    assert [each.object for each in landed] == ["records", "associations"]
    objects = rows(
        connection, "select object, count(*) from raw_hubspot.records group by object order by object"
    )
    assert objects == [("companies", 3), ("contacts", 2)]


def test_files_that_records_name_land_and_one_that_is_gone_does_not(
    vendor: HubSpot, account: Account, connection: SnowflakeConnection, place: dict[str, Any]
) -> None:
    ids = [vendor.upload(f"{number}.txt") for number in range(130)]
    moment = {"hs_timestamp": "2026-01-02T03:04:05Z"}
    notes = vendor.create("notes", *(moment | {"hs_attachment_ids": each} for each in ids))
    [several] = vendor.create("notes", moment | {"hs_attachment_ids": ";".join(ids[:2])})
    vendor.create("notes", moment)
    vendor.upload("named by nobody.txt")
    vendor.http.delete(f"/files/v3/files/{ids[7]}")
    read(account, objects={"notes": ["hs_attachment_ids"]}, key=None, **place)

    read_files(account, named_by={"notes": ["hs_attachment_ids"]}, **place)

    landed = rows(connection, "select distinct id, parse_json(payload):path::varchar from raw_hubspot.files")
    assert dict(landed) == {
        each: f"/salesforce/{number}.txt" for number, each in enumerate(ids) if number != 7
    }
    calls = vendor.calls()
    assert (calls["GET /files/v3/files/search"], calls["GET /files/v3/files/{fileId}"]) == (2, 1)

    # A sample: only what its notes name is read anew.
    vendor.http.delete(f"/files/v3/files/{ids[0]}")
    vendor.http.delete(f"/files/v3/files/{ids[9]}")
    read_files(
        account,
        named_by={"notes": ["hs_attachment_ids"]},
        only={"notes": [several, notes[5]]},
        **(place | {"run_id": "run-2"}),
    )
    landed = rows(connection, "select distinct id from raw_hubspot.files")
    assert {each for (each,) in landed} == {*ids} - {ids[0], ids[7]}


def test_owners_land_deactivated_ones_too(
    vendor: HubSpot, account: Account, connection: SnowflakeConnection, place: dict[str, Any]
) -> None:
    given = [
        {"first_name": "A", "last_name": "B", "email": f"{n}@acme.example", "archived": n == 2}
        for n in range(3)
    ]
    vendor.call("/_sandbox/owners", given)
    assert read_owners(account, **place).rows == 3
    owners = rows(connection, "select parse_json(payload):archived::boolean from raw_hubspot.owners")
    assert sorted(owners) == [(False,), (False,), (True,)]


@pytest.mark.parametrize("status", [502, 423, 429, 521])
def test_what_passes_is_tried_again(
    vendor: HubSpot, account: Account, connection: SnowflakeConnection, place: dict[str, Any], status: int
) -> None:
    vendor.create("contacts", *people(2))
    vendor.call("/_sandbox/faults", {"status": status, "path": "/objects/contacts", "times": 2})
    assert read(account, objects={"contacts": PROPERTIES}, **place)[0].rows == 2


def test_the_days_calls_used_up_is_not_tried_again(
    vendor: HubSpot, account: Account, connection: SnowflakeConnection, place: dict[str, Any]
) -> None:
    vendor.create("contacts", *people(2))
    read(account, objects={"contacts": PROPERTIES}, **place)
    vendor.call("/_sandbox/limits", {"daily": 1})
    try:
        with pytest.raises(BudgetExhausted, match="come back at midnight"):
            read(account, objects={"contacts": PROPERTIES}, **place)
    finally:
        vendor.call("/_sandbox/limits", {"daily": 650_000})
    assert rows(connection, "select count(*) from raw_hubspot.records") == [(2,)]


def test_a_wrong_token_is_a_login_error(vendor: HubSpot, place: dict[str, Any]) -> None:
    with pytest.raises(LoginError, match="Check the token") as refused:
        read(Account("wrong-token", vendor.url), objects={"contacts": PROPERTIES}, **place)
    assert "wrong-token" not in str(refused.value)


def test_nobody_there_says_where(place: dict[str, Any]) -> None:
    with pytest.raises(ExtractError, match=r"HubSpot at http://127\.0\.0\.1:9 cannot be reached"):
        read(Account(TOKEN, "http://127.0.0.1:9"), objects={"contacts": PROPERTIES}, **place)


class Answers(Account):
    """An account whose answers are given."""

    def __init__(self, *answers: dict[str, Any]) -> None:
        self.answers = iter(answers)
        self.paths: list[str] = []
        self.bodies: list[Any] = []

    def post(self, path: str, body: Any) -> dict[str, Any]:
        self.paths.append(path)
        self.bodies.append(body)
        return next(self.answers)


def link(to: str, label: str | None = None) -> dict[str, Any]:
    kind = {"category": "USER_DEFINED", "typeId": 7, "label": label}
    return {"toObjectId": int(to), "associationTypes": [kind]}


def test_a_record_with_more_links_than_a_page_is_read_on() -> None:
    first = {"from": {"id": "1"}, "to": [link("10")], "paging": {"next": {"after": "x"}}}
    account = Answers(
        {"results": [first, {"from": {"id": "2"}, "to": [link("11", "Boss")]}]},
        {"results": [{"from": {"id": "1"}, "to": [link("12")]}]},
    )
    found = list(records._associations(account, "contacts", "companies", ["1", "2"]))
    assert [(row[1], row[3], row[6]) for row in found] == [
        ("1", "10", None),
        ("2", "11", "Boss"),
        ("1", "12", None),
    ]
    assert set(account.paths) == {"/crm/v4/associations/contacts/companies/batch/read"}
    assert account.bodies == [{"inputs": [{"id": "1"}, {"id": "2"}]}, {"inputs": [{"id": "1", "after": "x"}]}]


def test_a_partial_answer_passes_only_for_records_without_links() -> None:
    none = {"category": "OBJECT_NOT_FOUND", "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND"}
    assert list(records._associations(Answers({"results": [], "errors": [none]}), "a", "b", ["1"])) == []
    with pytest.raises(ExtractError, match="gave no links for some records"):
        list(
            records._associations(
                Answers({"results": [], "errors": [{"category": "OTHER"}]}), "a", "b", ["1"]
            )
        )


def test_the_last_calls_of_a_window_are_spread() -> None:
    pauses: list[float] = []
    account = Account(TOKEN, "http://127.0.0.1:9", sleep=pauses.append)
    for remaining in ("100", "19", "4"):
        headers = {"X-HubSpot-RateLimit-Max": "190", "X-HubSpot-RateLimit-Interval-Milliseconds": "10000"}
        account._keep_pace(headers | {"X-HubSpot-RateLimit-Remaining": remaining})
    account._keep_pace({})
    assert pauses == [0.5, 2.0]


@pytest.fixture
def changed(vendor: HubSpot, account: Account, place: dict[str, Any]) -> Any:
    """Give what reads the changes of contacts since this fixture, all contacts having been read before it."""
    ids = vendor.create("contacts", *people(230))
    vendor.call("/_sandbox/limits", {"search_lag_seconds": 0})
    read(account, objects={"contacts": PROPERTIES}, key=None, **place)
    # As if that had been an hour from now: what is searched again for the lag's sake is no part of the test.
    read_at = datetime.now(UTC).replace(tzinfo=None) + LAG

    def read_again(written: Sequence[str] = ()) -> dict[str, int | None]:
        since = {"contacts": Since(read_at, PROPERTIES, written)}
        return read_changes(account, objects=since, key="salesforce_id", **(place | {"run_id": "run-2"}))

    yield SimpleNamespace(ids=ids, read=read_again)
    vendor.call("/_sandbox/limits", {"search_lag_seconds": 0})


def test_of_a_read_object_what_changed_and_what_is_new_is_read(
    vendor: HubSpot, connection: SnowflakeConnection, changed: Any
) -> None:
    vendor.http.patch(
        f"/crm/v3/objects/contacts/{changed.ids[7]}", json={"properties": {"lastname": "Changed"}}
    ).raise_for_status()
    [stranger] = vendor.create("contacts", {"firstname": "Somebody else's"})
    assert changed.read() == {"contacts": 2}
    again = rows(
        connection,
        "select id, parse_json(payload):properties:lastname::varchar from raw_hubspot.records where _run_id = 'run-2'",
    )
    assert sorted(again) == sorted([(changed.ids[7], "Changed"), (stranger, None)])
    assert rows(connection, "select count(*), count(distinct id) from raw_hubspot.records") == [(231, 231)]


def test_a_deletion_that_no_search_shows_is_found_by_counting(
    vendor: HubSpot, connection: SnowflakeConnection, changed: Any
) -> None:
    gone = changed.ids[3]
    vendor.call("/crm/v3/objects/contacts/gdpr-delete", {"objectId": gone})
    assert changed.read() == {"contacts": None}
    assert rows(connection, f"select count(*), count_if(id = '{gone}') from raw_hubspot.records") == [
        (229, 0)
    ]


def test_what_was_written_is_read_though_search_lags(
    vendor: HubSpot, connection: SnowflakeConnection, changed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    vendor.call("/_sandbox/limits", {"search_lag_seconds": 60})
    assert changed.read() == {"contacts": None}, "search does not count all yet: everything is read"
    monkeypatch.setattr(changes, "_counts_fit", lambda *_: True)
    vendor.http.patch(
        f"/crm/v3/objects/contacts/{changed.ids[0]}", json={"properties": {"lastname": "Written"}}
    ).raise_for_status()
    assert changed.read() == {"contacts": 0}
    assert changed.read([changed.ids[0]]) == {"contacts": 1}
    found = "select id from raw_hubspot.records where payload like '%Written%'"
    assert rows(connection, found) == [(changed.ids[0],)]


@pytest.mark.parametrize(("most", "number"), [(400, 230), (229, None)])
def test_more_changes_than_a_page_are_read_and_too_many_are_not(
    vendor: HubSpot, changed: Any, monkeypatch: pytest.MonkeyPatch, most: int, number: int | None
) -> None:
    for start in range(0, 230, 100):
        inputs = [
            {"id": each, "properties": {"lastname": "All"}} for each in changed.ids[start : start + 100]
        ]
        vendor.call("/crm/v3/objects/contacts/batch/update", {"inputs": inputs})
    monkeypatch.setattr(changes, "MOST", most)
    assert changed.read() == {"contacts": number}
