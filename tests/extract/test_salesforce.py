"""Objects of the org in the raw schema: whole, counted, and untouched when they cannot be."""

import csv
import datetime as dt
import errno
import io
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
import urllib3
from simple_salesforce import Salesforce
from snowflake.connector import SnowflakeConnection

import warehouse
from extract.errors import BudgetExhausted, LoginError
from extract.salesforce import Extracted, Login, Settings, connect, extract, query
from extract.sources import Column, SourceObject
from tests.extract.conftest import EMBEDDED, rows
from tests.extract.org import Org, Tampering, contact_id, contacts
from tests.servers import REPOSITORY
from tests.warehouse.conftest import Server

WAREHOUSE = "quick"
CONTACT = SourceObject("Contact", "CONTACT", (Column("Id"), Column("LastName")))
CASE = SourceObject("Case", "CASE")
ACCOUNT = SourceObject("Account", "ACCOUNT")
EMAIL_NOTE = (
    "select comment from information_schema.columns where table_schema = 'RAW_SALESFORCE' "
    "and table_name = 'CONTACT' and column_name = 'EMAIL'"
)
# Nobody else writes: there is nothing to wait for.
NOW = Settings(settle=dt.timedelta(0))
ONE_BY_ONE = Settings(settle=dt.timedelta(0), page_rows=2, pages=1)


@pytest.fixture
def org(salesforce_url: str, monkeypatch: pytest.MonkeyPatch) -> Org:
    monkeypatch.setattr(query, "POLL_FIRST_SECONDS", 0.02)
    return Org(salesforce_url)


@pytest.fixture
def copy(org: Org, connection: SnowflakeConnection, tmp_path: Path) -> Callable[..., list[Extracted]]:
    """Copy objects; every call is a run of its own unless it names one."""
    runs = iter(range(1, 100))

    def run(
        *objects: SourceObject, sf: Salesforce | None = None, settings: Settings = NOW, **more: Any
    ) -> list[Extracted]:
        named = {"run_id": f"run-{next(runs)}", "landing_dir": tmp_path / "landing", **more}
        return extract(sf or org.sf, connection, objects, settings=settings, **named)

    return run


Copy = Callable[..., list[Extracted]]


@EMBEDDED
def test_every_cell_arrives_as_salesforce_sent_it(
    org: Org, copy: Copy, connection: SnowflakeConnection
) -> None:
    cells = [
        "NA",
        "None",
        "null",
        "  x ",
        'say "hi", ""',
        "a\r\nb\nc",
        "😀 Zoë",
        "007",
        "\\N",
        "'; --",
        "%s {}",
    ]
    records = [{"Id": contact_id(n), "LastName": "N", "Description": cell} for n, cell in enumerate(cells)]
    last = {"Id": contact_id(99), "LastName": "N", "Description": "", "MailingCity": 'Köln "1"'}
    org.fill(Contact=[*records, last])
    [done] = copy(CONTACT)
    landed = rows(connection, "select description from raw_salesforce.contact order by id")
    assert [cell for (cell,) in landed] == [*cells, None]
    assert (done.status, done.mode, done.message) == ("succeeded", "full", "")
    asked = (
        "select mailingaddress:city::varchar, mailingaddress:street::varchar "
        'from raw_salesforce."_COMPOUND_CONTACT" where mailingaddress is not null'
    )
    assert rows(connection, asked) == [('Köln "1"', None)]


@EMBEDDED
def test_counts_of_source_pages_and_warehouse_are_kept(
    org: Org, copy: Copy, connection: SnowflakeConnection
) -> None:
    org.fill(Contact=contacts(7))
    org.control("limits", BulkResultPage=3)
    [done] = copy(CONTACT, settings=Settings(page_rows=3))
    assert (done.source_count, done.page_count, done.landed_count, done.raw_count) == (7, 7, 7, 7)
    kept = rows(
        connection,
        "select object, mode, source_count, page_count, landed_count, raw_count, live_count from ops.extract_count",
    )
    assert kept == [("Contact", "full", 7, 7, 7, 7, 7)]
    assert org.calls()["GET /services/data/v{version}/jobs/query/{job}/results"] == 3


@EMBEDDED
def test_the_second_run_takes_only_what_changed(
    org: Org, copy: Copy, connection: SnowflakeConnection
) -> None:
    org.fill(Contact=contacts(5))
    copy(CONTACT)
    org.sf.Contact.update(contact_id(2), {"LastName": "Changed"})
    org.sf.Contact.delete(contact_id(3))
    org.sf.Contact.create({"LastName": "New"})
    [done] = copy(CONTACT)
    assert (done.mode, done.source_count, done.page_count, done.landed_count, done.raw_count) == (
        "incremental",
        3,
        3,
        3,
        6,
    )
    touched = rows(
        connection, "select lastname, _deleted from raw_salesforce.contact where _run_id = 'run-2'"
    )
    assert sorted(touched) == [("Changed", False), ("Name 3", True), ("New", False)]
    assert rows(connection, "select count(*), count(distinct id) from raw_salesforce.contact") == [(6, 6)]


def test_the_lookback_reads_again_without_doubling(
    org: Org, copy: Copy, connection: SnowflakeConnection
) -> None:
    org.fill(Contact=contacts(3, SystemModstamp=_soon()))
    for _ in range(2):
        [done] = copy(CONTACT)
    assert (done.mode, done.landed_count, done.raw_count) == ("incremental", 3, 3)


@EMBEDDED
def test_a_full_copy_drops_what_the_org_purged(org: Org, copy: Copy, connection: SnowflakeConnection) -> None:
    org.fill(Contact=contacts(3))
    copy(CONTACT)
    org.sf.Contact.delete(contact_id(1))
    org.control("purge", object="Contact", ids=[contact_id(1)])
    [noticed] = copy(CONTACT)
    assert noticed.raw_count == 3
    assert "1 live rows of the raw table are no live records of the org" in noticed.message
    [done] = copy(CONTACT, full=True)
    assert (done.mode, done.raw_count, done.message) == ("full", 2, "")


def test_a_table_that_was_dropped_is_filled_again(
    org: Org, copy: Copy, connection: SnowflakeConnection
) -> None:
    org.fill(Contact=contacts(3))
    copy(CONTACT)
    connection.cursor().execute("drop table raw_salesforce.contact")
    assert [(each.mode, each.raw_count) for each in copy(CONTACT)] == [("full", 3)]


def test_objects_are_read_side_by_side_and_given_in_order(org: Org, copy: Copy) -> None:
    org.fill(Contact=contacts(2), Case=[{"Id": "500000000000001AAA", "CaseNumber": "1"}])
    done = copy(CASE, CONTACT, ACCOUNT, settings=Settings(threads=3))
    assert [(each.object, each.raw_count) for each in done] == [("Case", 1), ("Contact", 2), ("Account", 0)]


def test_progress_tells_the_rows_and_the_total(org: Org, copy: Copy) -> None:
    org.fill(Contact=contacts(5))
    told: list[tuple[str, int, int | None]] = []
    no_list = org.connect(Tampering(_without_list))
    copy(CONTACT, sf=no_list, settings=Settings(page_rows=2), progress=lambda *said: told.append(said))
    assert told == [("Contact", 2, 5), ("Contact", 4, 5), ("Contact", 5, 5)]


@EMBEDDED
def test_a_count_that_differs_leaves_the_object_alone_and_the_others_go_on(
    org: Org, copy: Copy, connection: SnowflakeConnection
) -> None:
    org.fill(Contact=contacts(3), Case=[{"Id": "500000000000001AAA", "CaseNumber": "1"}])
    copy(CONTACT, CASE)
    before = rows(connection, "select * from ops.watermark where object = 'Contact'")
    org.sf.Contact.update(contact_id(1), {"LastName": "Changed"})
    one_more = org.connect(Tampering(_count_one_more("Contact")))
    contact, case = copy(CONTACT, CASE, sf=one_more)
    assert (contact.status, case.status) == ("failed", "succeeded")
    assert (contact.source_count, contact.page_count, contact.landed_count) == (2, 1, 0)
    assert "the org counts 2 records, Bulk job 750" in contact.message
    assert rows(connection, "select * from ops.watermark where object = 'Contact'") == before
    assert rows(connection, "select count(*) from raw_salesforce.contact where lastname = 'Changed'") == [
        (0,)
    ]
    counted = "select source_count, page_count, landed_count from ops.extract_count where run_id = 'run-2'"
    assert (2, 1, None) in rows(connection, counted)
    landed = "select count(*) from information_schema.tables where table_name like '_LANDED%'"
    assert rows(connection, landed) == [(0,)]
    [healed] = copy(CONTACT)
    assert (healed.status, healed.landed_count) == ("succeeded", 1)


def test_a_record_changed_while_it_was_read_is_no_difference(
    org: Org, copy: Copy, connection: SnowflakeConnection
) -> None:
    org.fill(Contact=contacts(3, CreatedDate="2024-01-01T00:00:00.000Z"))

    def change(*_: Any) -> None:
        time.sleep(1.1)
        org.sf.Contact.update(contact_id(1), {"LastName": "Changed"})

    [first] = copy(CONTACT, settings=Settings(settle=dt.timedelta(0)), progress=change)
    assert (first.status, first.source_count, first.page_count) == ("succeeded", 3, 3)
    [second] = copy(CONTACT)
    assert (second.landed_count, second.raw_count) == (1, 3)
    assert rows(connection, "select lastname from raw_salesforce.contact where _run_id = 'run-2'") == [
        ("Changed",)
    ]


def test_rows_lost_on_the_way_are_noticed(org: Org, copy: Copy, connection: SnowflakeConnection) -> None:
    org.fill(Contact=contacts(4))
    [done] = copy(CONTACT, sf=org.connect(Tampering(_without_locator)), settings=Settings(page_rows=2))
    assert (done.status, done.raw_count) == ("succeeded", 4)  # the org's list of pages makes up for it
    alone = org.connect(Tampering(lambda response: (_without_list(response), _without_locator(response))))
    [done] = copy(CONTACT, sf=alone, settings=Settings(page_rows=2), full=True)
    assert done.status == "failed"
    assert "Sforce-Locator" in done.message
    assert rows(connection, "select run_id from ops.watermark") == [("run-1",)]


def test_a_failed_job_is_reported_and_the_others_go_on(org: Org, copy: Copy) -> None:
    org.fill(Contact=contacts(1))
    org.control("faults", path="POST /services/data", event="failing_job", times=2)
    failed, done = copy(CONTACT, ACCOUNT, settings=Settings(threads=1))
    assert (failed.status, done.status) == ("failed", "succeeded")
    assert "QUERY_TIMEOUT" in failed.message


def test_a_job_that_fails_once_is_made_again(org: Org, copy: Copy) -> None:
    org.fill(Contact=contacts(1))
    org.control("faults", path="POST /services/data", event="failing_job", times=1)
    assert [(each.status, each.raw_count) for each in copy(CONTACT)] == [("succeeded", 1)]
    assert org.sf.restful("jobs/query")["records"] == []


def test_what_passes_by_itself_is_not_seen(org: Org, copy: Copy) -> None:
    org.fill(Contact=contacts(2))
    org.control("faults", status=503, times=2, path="/results")
    org.control("faults", status=503, times=2, path="/describe")
    assert [each.status for each in copy(CONTACT)] == ["succeeded"]


def test_a_session_that_expires_between_pages_is_renewed(org: Org, copy: Copy) -> None:
    org.fill(Contact=contacts(6))
    [done] = copy(CONTACT, settings=Settings(page_rows=2), progress=lambda *_: org.control("expire_sessions"))
    assert (done.status, done.raw_count) == ("succeeded", 6)


def test_the_days_allowance_stops_the_run_and_keeps_what_is_done(
    org: Org, copy: Copy, connection: SnowflakeConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    org.fill(Contact=contacts(2), Account=[{"Id": "001000000000001AAA", "Name": "Acme"}])
    # So long that a job is asked about once.
    monkeypatch.setattr(query, "POLL_FIRST_SECONDS", 0.5)
    org.control("limits", DailyApiRequests=sum(org.calls().values()) + 12)
    with pytest.raises(BudgetExhausted, match="same command again later"):
        copy(CONTACT, ACCOUNT, settings=Settings(threads=1, floor=0))
    assert rows(connection, "select object from ops.watermark") == [("Contact",)]
    org.control("limits", DailyApiRequests=100_000)
    assert [(each.mode, each.raw_count) for each in copy(CONTACT, ACCOUNT)] == [
        ("incremental", 2),
        ("full", 1),
    ]


@EMBEDDED
def test_an_object_that_bulk_refuses_is_read_by_rest(
    org: Org, copy: Copy, connection: SnowflakeConnection
) -> None:
    org.fill(Contact=contacts(5, Description="x,\ny"))
    org.control("limits", QueryBatch=2)
    [done] = copy(CONTACT, sf=org.connect(Tampering(_no_bulk)))
    assert (done.status, done.page_count, done.raw_count) == ("succeeded", 5, 5)
    by_rest = rows(
        connection, "select * exclude (_extracted_at, _run_id) from raw_salesforce.contact order by id"
    )
    assert rows(connection, "select job_id from ops.extract_count") == [(None,)]
    copy(CONTACT, full=True)
    assert (
        rows(connection, "select * exclude (_extracted_at, _run_id) from raw_salesforce.contact order by id")
        == by_rest
    )


@EMBEDDED
def test_a_new_field_becomes_a_column(org: Org, copy: Copy, connection: SnowflakeConnection) -> None:
    org.fill(Contact=contacts(2, Email="a@b.example"))
    copy(CONTACT, sf=org.connect(Tampering(_without_field("Email"))))
    org.sf.Contact.update(contact_id(2), {"LastName": "Changed"})
    copy(CONTACT)
    assert rows(connection, "select lastname, email from raw_salesforce.contact order by id") == [
        ("Name 1", "a@b.example"),
        ("Changed", "a@b.example"),
    ]


def test_a_field_that_vanishes_after_the_describe_is_described_again(org: Org, copy: Copy) -> None:
    org.fill(Contact=contacts(1))
    refusals = iter([True])

    def refuse_once(response: requests.Response) -> None:
        if _is_job_creation(response) and next(refusals, False):
            _say(
                response,
                400,
                [{"errorCode": "INVALID_FIELD", "message": "No such column 'X__c' on entity 'Contact'"}],
            )

    assert [each.status for each in copy(CONTACT, sf=org.connect(Tampering(refuse_once)))] == ["succeeded"]


@EMBEDDED
def test_absent_fields_and_objects_are_empty_and_named(
    org: Org, copy: Copy, connection: SnowflakeConnection
) -> None:
    org.fill(Contact=contacts(1))
    declared = (Column("Id"), Column("Score__c"), Column("Tier__c", optional=True))
    contact, invoice, tier = copy(
        SourceObject("Contact", "CONTACT", declared),
        SourceObject("Invoice__c", "INVOICE__C", (Column("Name"),)),
        SourceObject("CurrencyType", "CURRENCYTYPE", optional=True),
    )
    assert (contact.status, invoice.status, tier.status) == ("succeeded", "absent", "absent")
    assert "Contact.Score__c is declared but not in the org" in contact.message
    assert "Tier__c" not in contact.message
    assert "The org has no object Invoice__c" in invoice.message
    assert tier.message == ""
    assert rows(connection, "select score__c, tier__c from raw_salesforce.contact") == [(None, None)]
    assert rows(connection, "select id, name, _deleted from raw_salesforce.invoice__c") == []


def test_a_misspelt_name_is_an_error_with_the_nearest_and_stops_no_other(org: Org, copy: Copy) -> None:
    org.fill(Contact=contacts(1), Case=[{"Id": "500000000000001AAA", "CaseNumber": "1"}])
    contact, contakt, case = copy(
        SourceObject("Contact", "CONTACT", (Column("FristName"),)), SourceObject("Contakt", "CONTAKT"), CASE
    )
    assert [contact.status, contakt.status, case.status] == ["failed", "failed", "succeeded"]
    assert (
        "Contact.FristName is named in the sources YAML and not in the org. Did you mean FirstName?"
        in contact.message
    )
    assert "The org has no object Contakt. Did you mean Contact?" in contakt.message


@EMBEDDED
def test_the_schema_of_the_org_is_written_too(org: Org, copy: Copy, connection: SnowflakeConnection) -> None:
    copy(CONTACT, ACCOUNT)
    copy(CONTACT)
    objects = rows(
        connection,
        "select object, key_prefix, custom from raw_salesforce._objects where object = 'Subscription__c'",
    )
    assert objects == [("Subscription__c", "a00", True)]
    fields = "select type, length, nillable, reference_to, _run_id from raw_salesforce._fields where object = 'Contact'"
    assert rows(connection, f"{fields} and field = 'AccountId' order by _run_id") == [
        ("reference", 18, True, "Account", "run-1"),
        ("reference", 18, True, "Account", "run-2"),
    ]
    assert rows(connection, f"{fields} and field = 'MailingAddress'")[0][0] == "address"
    assert rows(connection, "select distinct object, _run_id from raw_salesforce._fields order by 1, 2") == [
        ("Account", "run-1"),
        ("Contact", "run-1"),
        ("Contact", "run-2"),
    ]
    assert rows(
        connection, "select count(*) = count(distinct object, field, _run_id) from raw_salesforce._fields"
    ) == [(True,)]
    value = "select label, active from raw_salesforce._picklist_values where object = 'Contact' and field = 'LeadSource'"
    assert ("Purchased List", True) in rows(connection, value)


def test_nothing_is_left_in_the_org_or_on_disk(org: Org, copy: Copy, tmp_path: Path) -> None:
    org.fill(Contact=contacts(3))
    copy(CONTACT, ACCOUNT)
    assert org.sf.restful("jobs/query")["records"] == []
    assert list((tmp_path / "landing").iterdir()) == []


@pytest.mark.parametrize("run", ["killed", "another"])
@EMBEDDED
def test_killed_between_pages_the_next_call_goes_on_with_the_job_and_its_pages(
    run: str, org: Org, copy: Copy, connection: SnowflakeConnection, tmp_path: Path, warehouse_port: int
) -> None:
    org.fill(Contact=contacts(6))
    org.control("limits", BulkResultPage=2)
    script = f"""
        import datetime as dt, os, signal, warehouse
        from pathlib import Path
        from extract.salesforce import Login, Settings, connect, extract
        from extract.sources import SourceObject

        def die(name, done, total):
            if done == 4:
                os.kill(os.getpid(), signal.SIGKILL)

        sf = connect(Login(login_url={org.url!r}, client_id="sandbox-client", client_secret="sandbox-secret"))
        extract(sf, warehouse.connect("local"), [SourceObject("Contact", "CONTACT")], run_id="killed",
                landing_dir=Path({str(tmp_path / "landing")!r}), progress=die, settings=Settings(page_rows=2, pages=1))
    """
    died = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(script)],
        env={**os.environ, "WAREHOUSE_PORT": str(warehouse_port)},
        cwd=Path(__file__).parents[2],
        check=False,
    )
    assert died.returncode == -signal.SIGKILL
    assert rows(connection, "select * from ops.watermark") == []
    [done] = copy(CONTACT, run_id=run, settings=Settings(page_rows=2))
    assert (done.status, done.raw_count, done.landed_count) == ("succeeded", 6, 6)
    assert org.calls()["POST /services/data/v{version}/jobs/query"] == 1
    assert org.calls()["GET /services/data/v{version}/jobs/query/{job}/results"] in (3, 4)
    assert list((tmp_path / "landing").iterdir()) == []


def test_a_warehouse_that_is_gone_for_a_while_is_waited_for(
    org: Org, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    org.fill(Contact=contacts(5))
    org.control("limits", BulkResultPage=2)
    server = Server(tmp_path)
    monkeypatch.setenv("WAREHOUSE_PORT", "0")  # put back at the end: the server sets it
    server.start()
    assert server.process
    connection = warehouse.connect("local", REPOSITORY)
    warehouse.setup(connection)
    # When some pages are in the landing table, and others are still under way.
    gone = iter([False, True])

    def go(*_: Any) -> None:
        if next(gone, False) and server.process:
            server.process.kill()
            server.process.wait()
            server.start()

    [done] = extract(
        org.sf,
        connection,
        [CONTACT],
        run_id="run",
        landing_dir=tmp_path / "landing",
        settings=ONE_BY_ONE,
        progress=go,
    )
    assert (done.status, done.raw_count, done.landed_count) == ("succeeded", 5, 5)
    assert rows(connection, "select run_id from ops.watermark") == [("run",)]
    connection.close()
    server.stop()


def test_a_full_disk_is_named_and_what_is_there_is_gone_on_with(
    org: Org, copy: Copy, monkeypatch: pytest.MonkeyPatch
) -> None:
    org.fill(Contact=contacts(6))
    org.control("limits", BulkResultPage=2)
    left = iter([True, True])
    sync = os.fsync

    def fill_up(file: int) -> None:
        if not next(left, False):
            raise OSError(errno.ENOSPC, "No space left on device")
        sync(file)

    with monkeypatch.context() as full:
        full.setattr(os, "fsync", fill_up)
        failed, absent = copy(CONTACT, SourceObject("Invoice__c", "INVOICE__C"), settings=ONE_BY_ONE)
    assert (failed.status, absent.status) == ("failed", "absent")
    assert "Contact: the disk that holds" in failed.message
    assert [(each.status, each.raw_count) for each in copy(CONTACT)] == [("succeeded", 6)]
    assert (
        org.calls()["GET /services/data/v{version}/jobs/query/{job}/results"] == 3
    )  # the last takes all that is left
    assert org.calls()["POST /services/data/v{version}/jobs/query"] == 1


def test_a_proxys_page_is_named(org: Org, copy: Copy) -> None:
    org.fill(Contact=contacts(1))

    def stand_between(response: requests.Response) -> None:
        if response.url.partition("?")[0].endswith("/jobs/query"):
            response.headers["Content-Type"] = "text/html; charset=utf-8"

    [failed] = copy(CONTACT, sf=org.connect(Tampering(stand_between)))
    assert "Contact: 127.0.0.1 answered with a web page (HTTP 200): a proxy" in failed.message


def test_a_job_that_hangs_is_aborted_and_named(org: Org, copy: Copy) -> None:
    org.fill(Contact=contacts(1))

    def hang(response: requests.Response) -> None:
        if response.request.method == "GET" and "/jobs/query/750" in response.url:
            _say(response, 200, response.json() | {"state": "InProgress"})

    one, other = copy(
        CONTACT,
        ACCOUNT,
        sf=org.connect(Tampering(hang)),
        settings=Settings(settle=dt.timedelta(0), patience=dt.timedelta(0)),
    )
    assert (one.status, other.status) == ("failed", "failed")
    assert "is still InProgress after 0:00:00, so it is aborted" in one.message
    assert org.sf.restful("jobs/query")["records"] == []


@EMBEDDED
def test_a_record_that_is_there_twice_is_kept_once(
    org: Org, copy: Copy, connection: SnowflakeConnection
) -> None:
    org.fill(Contact=contacts(3))
    again = contacts(1, SystemModstamp="2024-06-01T00:00:00.000Z")[0] | {"LastName": "Newer"}

    def twice(response: requests.Response) -> None:
        if "/results" in response.url and response.request.method == "GET":
            names = next(csv.reader([response.text.splitlines()[0]]))
            line = ",".join(f'"{again.get(name, "")}"' for name in names)
            body = f"{response.text}{line}\n".encode()
            response.raw = urllib3.HTTPResponse(io.BytesIO(body), headers={}, preload_content=False)
            response.headers["Sforce-NumberOfRecords"] = "4"
            response.headers.pop("Content-Encoding", None)
        elif "COUNT" in response.url or "/jobs/query/750" in response.url:
            body = response.json()
            grown = {"totalSize": 4} if "totalSize" in body else {"numberRecordsProcessed": 4}
            _say(response, 200, body | grown)

    [done] = copy(CONTACT, sf=org.connect(Tampering(twice)))
    assert (done.status, done.landed_count, done.raw_count) == ("succeeded", 4, 3)
    assert rows(connection, "select lastname from raw_salesforce.contact order by id") == [
        ("Newer",),
        ("Name 2",),
        ("Name 3",),
    ]


def test_what_a_killed_run_left_is_removed_by_another(org: Org, copy: Copy, tmp_path: Path) -> None:
    job = org.sf.restful(
        "jobs/query", method="POST", json={"operation": "queryAll", "query": "SELECT Id FROM Contact"}
    )
    folder = tmp_path / "landing" / "dead" / "Contact"
    (folder / "pages").mkdir(parents=True)
    (folder / "pages" / "000000.csv.zst").write_bytes(b"")
    remembered = {"id": job["id"], "since": None, "until": "2026-01-01T00:00:00Z", "fields": ["Id"]}
    (folder / "job.json").write_text(json.dumps(remembered))
    copy(CONTACT)
    assert not folder.parent.exists()
    assert org.sf.restful("jobs/query")["records"] == []


def test_at_the_floor_the_run_stops_and_goes_on_when_there_is_more(
    org: Org, copy: Copy, connection: SnowflakeConnection
) -> None:
    org.fill(Contact=contacts(2), Account=[{"Id": "001000000000001AAA", "Name": "Acme"}])
    org.control("limits", DailyApiRequests=100, DailyBulkV2QueryJobs=2)
    with pytest.raises(BudgetExhausted, match=r"1 of the day's 2 Bulk jobs are used, and the last 50%"):
        copy(CONTACT, ACCOUNT, settings=Settings(threads=1, floor=0.5))
    assert rows(connection, "select object from ops.watermark") == [("Contact",)]
    used = sum(org.calls().values())
    org.control("limits", DailyApiRequests=used * 2, DailyBulkV2QueryJobs=10)
    with pytest.raises(BudgetExhausted, match=r"API calls are used, and the last 50% .* same command again"):
        copy(CONTACT, ACCOUNT, settings=Settings(threads=1, floor=0.5))
    assert sum(org.calls().values()) == used + 1
    org.control("limits", DailyApiRequests=100_000)
    assert [each.status for each in copy(CONTACT, ACCOUNT)] == ["succeeded", "succeeded"]


@EMBEDDED
def test_fields_that_went_are_told_before_the_run_and_keep_their_values(
    org: Org, copy: Copy, connection: SnowflakeConnection
) -> None:
    org.fill(Contact=contacts(3, Email="a@b.example"))
    declared = SourceObject("Contact", "CONTACT", (Column("Id"), Column("Email")))
    copy(declared)
    hidden = org.connect(Tampering(_without_field("Email")))
    org.sf.Contact.update(contact_id(2), {"LastName": "Changed"})
    jobs: list[int] = []
    told: list[str] = []

    def warn(text: str) -> None:
        told.append(text)
        jobs.append(len(org.sf.restful("jobs/query")["records"]))

    [done] = copy(declared, sf=hidden, warn=warn)
    assert ["Contact: the login sees Email no more" in text for text in told] == [True]
    assert jobs == [0]
    assert "sees Email no more" in done.message
    org.sf.Contact.delete(contact_id(3))
    org.control("purge", object="Contact", ids=[contact_id(3)])
    [again] = copy(declared, sf=hidden, full=True, warn=warn)
    assert ["the org has Email, which the login may not see" in text for text in told] == [False, True]
    assert again.raw_count == 2
    assert "Contact.Email is declared but not in the org any more" in again.message
    assert rows(connection, "select lastname, email from raw_salesforce.contact order by id") == [
        ("Name 1", "a@b.example"),
        ("Changed", "a@b.example"),
    ]
    [(note,)] = rows(connection, EMAIL_NOTE)
    assert "no field of the org, or hidden" in note


@EMBEDDED
def test_a_field_that_is_back_is_read_again_for_every_row(
    org: Org, copy: Copy, connection: SnowflakeConnection
) -> None:
    org.fill(Contact=contacts(3, Email="old@b.example"))
    copy(CONTACT)
    copy(CONTACT, sf=org.connect(Tampering(_without_field("Email"))))
    org.fill(Contact=contacts(3, Email="new@b.example"))
    [done] = copy(CONTACT, settings=Settings(settle=dt.timedelta(0), page_rows=2))
    assert (done.mode, done.source_count, done.landed_count, done.raw_count) == ("incremental", 0, 0, 3)
    assert "new fields, read for 3 older records: Email" in done.message
    found = rows(connection, "select distinct email, _run_id from raw_salesforce.contact")
    assert found == [("new@b.example", "run-1")]
    counted = (
        "select mode, source_count, page_count, landed_count from ops.extract_count where run_id = 'run-3'"
    )
    assert sorted(rows(connection, counted)) == [("backfill", 3, 3, 3), ("incremental", 0, 0, 0)]
    assert not rows(connection, EMAIL_NOTE)[0][0]
    [last] = copy(CONTACT)
    assert last.message == ""
    assert org.sf.restful("jobs/query")["records"] == []


def test_a_refresh_token_opens_a_session_and_a_wrong_one_does_not(org: Org) -> None:
    app = {"login_url": org.url, "client_id": "sandbox-client"}
    assert connect(Login(**app, refresh_token="sandbox-refresh-token")).limits()["DailyApiRequests"]
    with pytest.raises(LoginError, match=r"refresh token, HTTP 400, invalid_grant"):
        connect(Login(**app, refresh_token="another"))
    with pytest.raises(LoginError, match=r"refresh token, HTTP 400, invalid_client"):
        connect(Login(**app, refresh_token="sandbox-refresh-token", client_secret="wrong"))


def test_an_object_that_cannot_be_described_stops_no_other(org: Org, copy: Copy) -> None:
    def refuse(response: requests.Response) -> None:
        if response.url.endswith("/Case/describe"):
            _say(response, 403, [{"errorCode": "INSUFFICIENT_ACCESS", "message": "no"}])

    failed, done = copy(CASE, CONTACT, sf=org.connect(Tampering(refuse)))
    assert (failed.status, done.status) == ("failed", "succeeded")
    assert "Case: Salesforce refused to describe it (HTTP 403)" in failed.message


def _soon() -> str:
    return dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _say(response: requests.Response, status: int, body: Any) -> None:
    response.close()
    response.status_code, response._content = status, json.dumps(body).encode()


def _is_job_creation(response: requests.Response) -> bool:
    return response.request.method == "POST" and response.url.endswith("/jobs/query")


def _count_one_more(name: str) -> Callable[[requests.Response], None]:
    def change(response: requests.Response) -> None:
        if f"FROM+{name}+" in response.url and "COUNT" in response.url:
            _say(response, 200, response.json() | {"totalSize": response.json()["totalSize"] + 1})

    return change


def _without_locator(response: requests.Response) -> None:
    response.headers.pop("Sforce-Locator", None)


def _without_list(response: requests.Response) -> None:
    if "/resultPages" in response.url:
        _say(response, 404, [{"errorCode": "NOT_FOUND", "message": "no"}])


def _no_bulk(response: requests.Response) -> None:
    if _is_job_creation(response):
        _say(
            response,
            400,
            [{"errorCode": "INVALIDENTITY", "message": "Entity 'Contact' is not supported by the Bulk API."}],
        )


def _without_field(name: str) -> Callable[[requests.Response], None]:
    def change(response: requests.Response) -> None:
        if response.url.endswith("/describe"):
            body = response.json()
            body["fields"] = [each for each in body["fields"] if each["name"] != name]
            _say(response, 200, body)

    return change
