"""What a record's stamp does not tell: formulas, what was deleted for good, fields out of sight, and what must not be seen."""

import base64
import datetime as dt
import email.utils
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
from simple_salesforce import Salesforce
from snowflake.connector import SnowflakeConnection

from extract.errors import BudgetExhausted, ExtractError
from extract.pages import TornPageError
from extract.salesforce import Extracted, Settings, extract, plan, query, unseen_fields
from extract.salesforce.drift import widens
from extract.salesforce.privacy import Hashing
from extract.sources import Column, SourceObject, declared
from tests.extract.conftest import EMBEDDED, rows
from tests.extract.org import Org, Tampering, contact_id, contacts

ACCOUNT = SourceObject("Account", "ACCOUNT", (Column("Id"), Column("Open_Pipeline__c")))
CONTACT = SourceObject("Contact", "CONTACT", (Column("Id"), Column("LastName")))
CASE = SourceObject("Case", "CASE")
ATTACHMENT = SourceObject("Attachment", "ATTACHMENT", blobs=True)
MEMBER = SourceObject("CampaignMember", "CAMPAIGNMEMBER")
WAREHOUSE = "quick"
SALT = "a salt for tests only"
NOW = Settings(settle=dt.timedelta(0), salt=SALT)
LANDED = "select count(*) from information_schema.tables where table_schema = 'RAW_SALESFORCE' and table_name like '_LANDED%'"

Copy = Callable[..., list[Extracted]]


@pytest.fixture
def org(salesforce_url: str, monkeypatch: pytest.MonkeyPatch) -> Org:
    monkeypatch.setattr(query, "POLL_FIRST_SECONDS", 0.02)
    return Org(salesforce_url)


@pytest.fixture
def copy(org: Org, connection: SnowflakeConnection, tmp_path: Path) -> Copy:
    """Copy objects; every call is a run of its own."""
    runs = iter(range(1, 100))

    def run(
        *objects: SourceObject, sf: Salesforce | None = None, settings: Settings = NOW, **more: Any
    ) -> list[Extracted]:
        named = {"run_id": f"run-{next(runs)}", "landing_dir": tmp_path / "landing", **more}
        return extract(sf or org.sf, connection, objects, settings=settings, **named)

    return run


def accounts(number: int, pipeline: str) -> list[dict[str, str]]:
    return [
        {"Id": f"001{each:012}AAA", "Name": f"Company {each}", "Open_Pipeline__c": pipeline}
        for each in range(1, number + 1)
    ]


def member(number: int) -> str:
    return f"00v{number:012}AAA"


@EMBEDDED
def test_formulas_are_refreshed_on_their_schedule_and_equal_rows_are_not_written(
    org: Org, copy: Copy, connection: SnowflakeConnection
) -> None:
    org.fill(Account=accounts(3, "10.0"))
    copy(ACCOUNT)
    org.fill(Account=[*accounts(1, "99.0"), *accounts(3, "10.0")[1:]])
    pipeline = "select open_pipeline__c, _run_id from raw_salesforce.account order by id"
    [not_due] = copy(ACCOUNT)
    assert (not_due.refreshed, rows(connection, pipeline)[0][0]) == (0, "10.0")
    every = replace(ACCOUNT, refresh_formulas="every run")
    [done] = copy(every)
    assert (done.mode, done.page_count, done.refreshed, done.deleted) == ("incremental", 0, 1, 0)
    assert rows(connection, pipeline) == [("99.0", "run-3"), ("10.0", "run-1"), ("10.0", "run-1")]
    counted = "select source_count, page_count, landed_count from ops.extract_count where mode = 'formulas'"
    assert rows(connection, counted) == [(3, 3, 3)]
    assert rows(connection, LANDED) == [(0,)]


def test_fields_that_behave_like_formulas_can_be_named(
    org: Org, copy: Copy, connection: SnowflakeConnection
) -> None:
    org.fill(Contact=contacts(2, Title="before", Department="before"))
    copy(CONTACT)
    org.fill(Contact=contacts(2, Title="after", Department="after"))
    copy(replace(CONTACT, like_formulas=("title",)), thorough=True)
    assert rows(connection, "select distinct title, department from raw_salesforce.contact") == [
        ("after", "before")
    ]


def test_hard_deletes_are_found_by_comparing_ids_and_come_back_when_they_are_seen_again(
    org: Org, copy: Copy, connection: SnowflakeConnection
) -> None:
    org.fill(Contact=contacts(4))
    copy(CONTACT)
    org.sf.Contact.delete(contact_id(1))
    org.sf.Contact.delete(contact_id(2))
    org.control("purge", object="Contact", ids=[contact_id(1)])
    [noticed] = copy(CONTACT)
    assert (noticed.vanished, noticed.deleted) == (1, 0)
    [done] = copy(replace(CONTACT, compare_ids="every run", refresh_formulas="never"))
    assert (done.vanished, done.deleted, done.raw_count) == (0, 1, 4)
    assert "1 records are gone from the org for good" in done.message
    deleted = "select id, _deleted from raw_salesforce.contact order by id"
    assert [gone for _, gone in rows(connection, deleted)] == [True, True, False, False]
    noted = "select run_id, object, record_id, reason from ops.deletion"
    assert rows(connection, noted) == [("run-3", "Contact", contact_id(1), "not in the org any more")]
    org.fill(Contact=contacts(1))
    [again] = copy(CONTACT, thorough=True)
    assert (again.refreshed, rows(connection, deleted)[0]) == (1, (contact_id(1), False))


def test_a_record_made_while_ids_are_compared_is_no_deletion(
    org: Org, copy: Copy, connection: SnowflakeConnection
) -> None:
    org.fill(Contact=contacts(2))
    copy(CONTACT)
    jobs = iter(range(10))

    def meanwhile(response: requests.Response) -> None:
        if response.request.method == "POST" and response.url.endswith("/jobs/query") and next(jobs) == 1:
            org.sf.Contact.update(contact_id(1), {"LastName": "Changed"})
            org.sf.Contact.create({"LastName": "New"})

    waiting = replace(NOW, settle=dt.timedelta(seconds=2))
    [done] = copy(CONTACT, sf=org.connect(Tampering(meanwhile)), settings=waiting, thorough=True)
    assert (done.status, done.deleted) == ("succeeded", 0)
    assert rows(connection, "select count(*) from raw_salesforce.contact where _deleted") == [(0,)]


@EMBEDDED
def test_deletions_without_a_recycle_bin_come_from_their_list(
    org: Org, copy: Copy, connection: SnowflakeConnection
) -> None:
    people = [{"Id": member(each), "CampaignId": "701000000000001AAA"} for each in (1, 2, 3)]
    org.fill(CampaignMember=people)
    copy(MEMBER)
    org.sf.CampaignMember.delete(member(2))

    # The list ends with the last whole minute.
    def later(response: requests.Response) -> None:
        response.headers["Date"] = email.utils.format_datetime(
            dt.datetime.now(dt.UTC) + dt.timedelta(minutes=1), usegmt=True
        )

    [done] = copy(MEMBER, sf=org.connect(Tampering(later)))
    assert (done.mode, done.deleted, done.vanished) == ("incremental", 1, 0)
    assert rows(connection, "select id from raw_salesforce.campaignmember where _deleted") == [(member(2),)]
    assert rows(connection, "select record_id, reason from ops.deletion") == [
        (member(2), "listed as deleted")
    ]
    [again] = copy(MEMBER)
    assert again.deleted == 0


def test_after_a_long_pause_the_ids_tell_what_the_list_forgot(
    org: Org, copy: Copy, connection: SnowflakeConnection
) -> None:
    people = [{"Id": member(each), "CampaignId": "701000000000001AAA"} for each in (1, 2)]
    org.fill(CampaignMember=people)
    copy(MEMBER)
    connection.cursor().execute("update ops.watermark set watermark = '2025-01-01T00:00:00Z'")
    org.sf.CampaignMember.delete(member(2))
    [done] = copy(replace(MEMBER, compare_ids="never", refresh_formulas="never"))
    assert done.deleted == 1
    assert rows(connection, "select reason from ops.deletion") == [("not in the org any more",)]


def test_hidden_fields_are_named_before_the_run(
    org: Org, copy: Copy, connection: SnowflakeConnection
) -> None:
    org.fill(Contact=contacts(1, Birthdate="1980-01-01"))
    org.control("org", hidden={"Contact": ["Birthdate", "Title"]})
    told: list[str] = []
    jobs: list[int] = []

    def warn(text: str) -> None:
        told.append(text)
        jobs.append(len(org.sf.restful("jobs/query")["records"]))

    [done] = copy(CONTACT, warn=warn)
    assert (done.status, done.hidden, jobs) == ("succeeded", ("Birthdate", "Title"), [0])
    assert "Contact: the org has Birthdate, Title, which the login may not see" in told[0]
    assert plan(org.sf, connection, [CONTACT]).objects[0].message == told[0]
    assert unseen_fields(org.sf, connection, [CONTACT, CASE]) == [told[0]]
    [quiet] = copy(replace(CONTACT, exclude=("Birthdate", "title")))
    assert (quiet.hidden, quiet.message) == ((), "")


def test_a_login_that_may_not_ask_for_definitions_copies_all_the_same(org: Org, copy: Copy) -> None:
    org.fill(Contact=contacts(1))
    org.control("faults", path="/tooling/", status=403, times=5)
    [done] = copy(CONTACT)
    assert (done.status, done.page_count, done.hidden) == ("succeeded", 1, ())


def test_excluded_fields_are_never_asked_for_and_emptied_where_they_were_copied(
    org: Org, copy: Copy, connection: SnowflakeConnection
) -> None:
    org.fill(Contact=contacts(2, Email="a@b.example", Birthdate="1980-01-01"))
    copy(CONTACT)
    without = replace(
        CONTACT,
        columns=(Column("Id"), Column("Email")),
        exclude=("Email", "birthdate"),
        refresh_formulas="never",
    )
    queries: list[str] = []

    def listen(response: requests.Response) -> None:
        if response.request.method == "POST" and response.url.endswith("/jobs/query"):
            queries.append(json.loads(response.request.body or "{}")["query"])

    [done] = copy(without, sf=org.connect(Tampering(listen)))
    assert (
        "Contact.Email is excluded in the sources YAML and staging reads it: its column is null"
        in done.message
    )
    assert len(queries) == 1
    assert " Email," not in queries[0]
    assert rows(connection, "select distinct email, birthdate from raw_salesforce.contact") == [(None, None)]
    said = "select treatment from raw_salesforce._fields where _run_id = 'run-2' and field in ('Email', 'Title') order by field"
    assert rows(connection, said) == [("excluded",), ("copied",)]
    [back] = copy(CONTACT)
    assert "new fields, read for 2 older records: Email, Birthdate" in back.message.replace(
        "Birthdate, Email", "Email, Birthdate"
    )
    assert rows(connection, "select distinct email from raw_salesforce.contact") == [("a@b.example",)]


@pytest.mark.parametrize("way", ["bulk", "rest"])
def test_hashed_fields_are_hashed_before_they_lie_anywhere(
    way: str, org: Org, copy: Copy, connection: SnowflakeConnection, tmp_path: Path
) -> None:
    people = contacts(2, Email="anna@b.example", Description='say "hi",\r\nthen go')
    org.fill(Contact=[*people, *contacts(3)[2:]])
    hashing = replace(CONTACT, hash=("email",))

    def change(response: requests.Response) -> None:
        if way == "rest" and response.request.method == "POST" and response.url.endswith("/jobs/query"):
            response.close()
            response.status_code = 400
            refused = {"errorCode": "INVALIDENTITY", "message": "Entity is not supported by the Bulk API."}
            response._content = json.dumps([refused]).encode()

    [done] = copy(hashing, sf=org.connect(Tampering(change)))
    assert (done.status, done.page_count) == ("succeeded", 3)
    hashed = hmac.new(SALT.encode(), b"anna@b.example", hashlib.sha256).hexdigest()
    assert rows(connection, "select email, description from raw_salesforce.contact order by id") == [
        (hashed, 'say "hi",\r\nthen go'),
        (hashed, 'say "hi",\r\nthen go'),
        (None, None),
    ]


def test_a_field_hashed_from_now_on_is_hashed_in_every_row(
    org: Org, copy: Copy, connection: SnowflakeConnection
) -> None:
    org.fill(Contact=contacts(2, Email="anna@b.example"))
    copy(CONTACT)
    copy(replace(CONTACT, hash=("Email",)))
    [(kept,)] = rows(connection, "select distinct email from raw_salesforce.contact")
    assert (len(kept), "@" in kept) == (64, False)
    copy(CONTACT)
    assert rows(connection, "select distinct email from raw_salesforce.contact") == [("anna@b.example",)]


def test_without_a_salt_nothing_is_asked(org: Org, copy: Copy) -> None:
    before = org.calls()
    with pytest.raises(ExtractError, match="SALESFORCE_HASH_SALT"):
        copy(replace(CONTACT, hash=("Email",)), settings=replace(NOW, salt="short"))
    assert org.calls() == before
    assert SALT not in repr(NOW)


@pytest.mark.parametrize("torn", [b'"Id","Email"\n"1","a', b'"Id","Email"\n"1","\xff"\n'])
def test_a_torn_page_is_torn_when_it_is_hashed_too(torn: bytes) -> None:
    with pytest.raises(TornPageError):
        list(Hashing(frozenset({"Email"}), SALT).page(iter([torn])))


def test_a_type_that_widens_goes_on_and_another_stops_its_object_alone(
    org: Org, copy: Copy, connection: SnowflakeConnection
) -> None:
    org.fill(Contact=contacts(1, Title="x"), Case=[{"Id": "500000000000001AAA", "CaseNumber": "1"}])
    copy(CONTACT, CASE)
    wider = org.connect(Tampering(_typed("Title", "textarea")))
    assert [done.status for done in copy(CONTACT, CASE, sf=wider)] == ["succeeded", "succeeded"]
    other = org.connect(Tampering(_typed("Title", "double")))
    contact, case = copy(CONTACT, CASE, sf=other)
    assert (contact.status, case.status) == ("failed", "succeeded")
    assert "Title was textarea and is double" in contact.message
    assert "migrate extract -s Contact --full" in contact.message
    assert [done.status for done in copy(CONTACT, sf=other, full=True)] == ["succeeded"]
    assert [done.status for done in copy(CONTACT, sf=other)] == ["succeeded"]


@pytest.mark.parametrize(
    ("old", "new", "fits"),
    [
        ("int", "double", True),
        ("string", "textarea", True),
        ("double", "string", True),
        ("date", "datetime", True),
        ("string", "double", False),
        ("datetime", "date", False),
        ("picklist", "boolean", False),
        ("boolean", "double", False),
    ],
)
def test_types_widen_or_do_not(old: str, new: str, fits: bool) -> None:
    assert widens(old, new) is fits


@pytest.mark.parametrize(
    ("meta", "said"),
    [
        ({"refresh_formulas": "hourly"}, "refresh_formulas is one of every run, daily, weekly, never"),
        ({"hash": "Email"}, "hash is a list"),
        ({"blobs": "yes"}, "blobs is true or false"),
    ],
)
def test_a_stanza_that_means_nothing_is_refused(meta: dict[str, Any], said: str) -> None:
    node = {
        "source_name": "salesforce",
        "identifier": "CONTACT",
        "config": {"meta": {"sobject": "Contact", **meta}},
    }
    with pytest.raises(ValueError, match=said):
        declared({"sources": {"one": node}})


@pytest.fixture
def files(org: Org) -> dict[str, bytes]:
    """Fill the org with attachments, one of them without content; give what is in the others, by id."""
    contents = {f"00P{each:012}AAA": f"file {each} \0\r\n\N{OWL}".encode() * each for each in (1, 2, 3)}
    records = [_attachment(key, content) for key, content in contents.items()]
    org.fill(Attachment=[*records, _attachment("00P000000000009AAA", b"")])
    return contents


@EMBEDDED
def test_files_lie_on_the_stage_and_a_row_says_where(
    org: Org, copy: Copy, connection: SnowflakeConnection, files: dict[str, bytes], tmp_path: Path
) -> None:
    [done] = copy(ATTACHMENT)
    assert (done.status, done.raw_count, done.message) == ("succeeded", 4, "")
    said = "select record_id, object, field, stage_path, bytes, sha256 from raw_salesforce._blobs order by record_id"
    assert rows(connection, said) == [
        (
            key,
            "Attachment",
            "Body",
            f"Attachment/Body/{key}",
            len(content),
            hashlib.sha256(content).hexdigest(),
        )
        for key, content in files.items()
    ]
    listed = {row[0].rpartition("/")[2]: row[1:3] for row in rows(connection, "list @raw_salesforce.blobs")}
    assert listed == {
        key: (len(content), hashlib.md5(content, usedforsecurity=False).hexdigest())
        for key, content in files.items()
    }
    counted = "select source_count, page_count, raw_count from ops.extract_count where mode = 'files'"
    assert rows(connection, counted) == [(3, 3, 3)]
    assert not list((tmp_path / "landing").rglob("00P*"))


def test_only_new_and_changed_files_are_read_again(
    org: Org, copy: Copy, connection: SnowflakeConnection, files: dict[str, bytes]
) -> None:
    copy(ATTACHMENT)
    changed = _attachment("00P000000000002AAA", b"changed") | {"SystemModstamp": _now()}
    org.fill(Attachment=[changed])
    before = _file_calls(org)
    [done] = copy(ATTACHMENT)
    assert (done.status, _file_calls(org) - before) == ("succeeded", 1)
    said = "select bytes, count(*) over () from raw_salesforce._blobs where record_id = '00P000000000002AAA'"
    assert rows(connection, said) == [(len(b"changed"), 1)]


def test_a_file_that_cannot_be_had_is_no_silent_loss_and_comes_the_next_time(
    org: Org, copy: Copy, connection: SnowflakeConnection, files: dict[str, bytes]
) -> None:
    org.control("faults", path="/Attachment/00P000000000002AAA/Body", status=404)
    failed, other = copy(ATTACHMENT, CONTACT)
    assert (failed.status, other.status) == ("failed", "succeeded")
    assert "Attachment.Body: 1 of 3 files are not on the stage" in failed.message
    assert rows(connection, "select count(*) from raw_salesforce._blobs") == [(2,)]
    [done] = copy(ATTACHMENT)
    assert (done.status, rows(connection, "select count(*) from raw_salesforce._blobs")) == (
        "succeeded",
        [(3,)],
    )


def test_a_file_cut_short_is_read_again(
    org: Org, copy: Copy, connection: SnowflakeConnection, files: dict[str, bytes]
) -> None:
    cuts = iter([True])

    def cut(response: requests.Response) -> None:
        if response.url.endswith("/00P000000000003AAA/Body") and next(cuts, False):
            content = response.content
            response._content = content[:5]

    [done] = copy(ATTACHMENT, sf=org.connect(Tampering(cut)))
    assert done.status == "succeeded"
    found = "select bytes from raw_salesforce._blobs where record_id = '00P000000000003AAA'"
    assert rows(connection, found) == [(len(files["00P000000000003AAA"]),)]


def test_at_the_floor_the_files_that_came_are_kept(
    org: Org, copy: Copy, connection: SnowflakeConnection, files: dict[str, bytes]
) -> None:

    def use_up(response: requests.Response) -> None:
        if response.url.endswith("/Body"):
            org.control("limits", DailyApiRequests=1)

    with pytest.raises(BudgetExhausted):
        copy(ATTACHMENT, sf=org.connect(Tampering(use_up)), settings=replace(NOW, pages=1))
    [(kept,)] = rows(connection, "select count(*) from raw_salesforce._blobs")
    assert 0 < kept < 3
    org.control("limits", DailyApiRequests=100_000)
    [done] = copy(ATTACHMENT)
    assert (done.status, rows(connection, "select count(*) from raw_salesforce._blobs")) == (
        "succeeded",
        [(3,)],
    )


def test_files_are_asked_for_where_there_are_any(org: Org, copy: Copy) -> None:
    org.fill(Contact=contacts(1))
    [done] = copy(replace(CONTACT, blobs=True))
    assert done.status == "failed"
    assert "Contact has no base64 field" in done.message


def _attachment(key: str, content: bytes) -> dict[str, str]:
    body = base64.b64encode(content).decode()
    parent = "001000000000001AAA"
    return {"Id": key, "ParentId": parent, "Name": "file", "Body": body, "BodyLength": str(len(content))}


def _file_calls(org: Org) -> int:
    return sum(number for path, number in org.calls().items() if path.endswith("/{field}"))


def _now() -> str:
    return dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _typed(name: str, kind: str) -> Callable[[requests.Response], None]:
    def change(response: requests.Response) -> None:
        if response.url.endswith("/Contact/describe"):
            body = response.json()
            for each in body["fields"]:
                if each["name"] == name:
                    each["type"] = kind
            response.close()
            response._content = json.dumps(body).encode()

    return change
