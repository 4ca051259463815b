"""Pages that go into the warehouse while others are being read: each once, and nobody sees them before all are there."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from snowflake.connector import SnowflakeConnection

from extract.errors import ExtractError
from extract.landing import Stamp, open_stage
from extract.pages import Page, PageFolder, write_page
from extract.salesforce import Extracted, Settings, extract
from extract.salesforce.arrivals import Arrivals, Batch
from extract.salesforce.describe import Description
from extract.sources import SourceObject
from tests.extract.conftest import rows
from tests.extract.org import Org, contact_id, contacts
from tests.servers import REPOSITORY

CONTACT = SourceObject("Contact", "CONTACT")
DESCRIBED = Description("Contact", ("Id", "LastName"), frozenset(), {"fields": []})
IN_PAGES = Settings(page_rows=2, pages=1)
LANDED = 'select id, lastname from raw_salesforce."_LANDED_CONTACT" order by id'
TABLES = "select count(*) from information_schema.tables where table_schema = 'RAW_SALESFORCE' and table_name like '_LANDED%'"
NAMES = "select id, lastname from raw_salesforce.contact order by id"


@pytest.fixture
def org(salesforce_url: str) -> Org:
    return Org(salesforce_url)


@pytest.fixture
def arrivals(connection: SnowflakeConnection) -> Arrivals:
    open_stage(connection, "raw_salesforce")
    return Arrivals(connection, Stamp.now("run"), {"CONTACT": {"ID", "LASTNAME", "EARLIER__C"}})


def put(folder: PageFolder, number: int, locator: str, *people: str) -> None:
    """Write a page of contacts, named as their ids."""
    lines = ['"Id","LastName"', *(f'"{each}","{each}"' for each in people), ""]
    count = write_page(["\n".join(lines).encode()], DESCRIBED.fields, folder.path(number))
    folder.keep(Page(number, locator, f"after {locator}", count))


def named(*people: str) -> list[tuple[str, str]]:
    return [(each, each) for each in people]


def batch(folder: PageFolder, job: str = "750A") -> Batch:
    return Batch(CONTACT, DESCRIBED, job, folder)


def test_each_page_goes_in_once_and_what_is_missing_at_the_end(
    arrivals: Arrivals, connection: SnowflakeConnection, tmp_path: Path
) -> None:
    folder = PageFolder(tmp_path / "pages")
    put(folder, 0, "A", "1", "2")
    arrivals.take(batch(folder))
    assert rows(connection, LANDED) == named("1", "2")
    put(folder, 2, "C", "4")
    put(folder, 3, "D")
    for _ in range(2):
        arrivals.take(batch(folder))
    assert rows(connection, LANDED) == named("1", "2", "4")
    put(folder, 1, "B", "3")
    arrivals.complete(batch(PageFolder(folder.folder)), "CONTACT")
    assert rows(connection, LANDED) == named("1", "2", "3", "4")
    stamped = 'select distinct earlier__c, _run_id, _deleted from raw_salesforce."_LANDED_CONTACT"'
    assert rows(connection, stamped) == [(None, "run", False)]
    arrivals.drop(CONTACT)
    assert rows(connection, TABLES) == [(0,)]


def test_a_page_that_another_took_the_place_of_is_in_no_more(
    arrivals: Arrivals, connection: SnowflakeConnection, tmp_path: Path
) -> None:
    folder = PageFolder(tmp_path / "pages")
    put(folder, 0, "A", "1", "2")
    put(folder, 1, "B", "3", "4")
    arrivals.take(batch(folder))
    folder.drop_from(1)
    put(folder, 1, "b", "3")
    put(folder, 2, "c", "4")
    arrivals.complete(batch(folder), "CONTACT")
    assert rows(connection, LANDED) == named("1", "2", "3", "4")
    arrivals.drop()


def test_another_job_begins_with_an_empty_table(
    arrivals: Arrivals, connection: SnowflakeConnection, tmp_path: Path
) -> None:
    one, other = PageFolder(tmp_path / "one" / "pages"), PageFolder(tmp_path / "other" / "pages")
    put(one, 0, "A", "1", "2")
    arrivals.take(batch(one))
    put(other, 0, "A", "1", "3")
    arrivals.take(batch(other, "750B"))
    assert rows(connection, LANDED) == named("1", "3")
    arrivals.drop()


def test_a_page_that_comes_while_others_go_in_waits_for_its_turn(
    arrivals: Arrivals, connection: SnowflakeConnection, tmp_path: Path
) -> None:
    folder = PageFolder(tmp_path / "pages")
    put(folder, 0, "A", "1")
    put(PageFolder(tmp_path / "other"), 1, "B", "2")
    (tmp_path / "other" / folder.path(1).name).rename(folder.path(1))
    arrivals.take(batch(folder))
    assert rows(connection, LANDED) == named("1")
    folder.keep(Page(1, "B", "after B", 1))
    arrivals.complete(batch(folder), "CONTACT")
    assert rows(connection, LANDED) == named("1", "2")
    arrivals.drop()


def test_what_a_copy_left_that_came_to_nothing_is_not_counted_on(
    arrivals: Arrivals, connection: SnowflakeConnection, tmp_path: Path
) -> None:
    folder = PageFolder(tmp_path / "pages")
    put(folder, 0, "A", "1")
    folder.keep(Page(0, "A", "after A", 2))
    with pytest.raises(ExtractError, match="2 rows were read, 1 arrived"):
        arrivals.take(batch(folder))
    put(folder, 0, "A", "1")
    arrivals.complete(batch(folder), "CONTACT")
    assert rows(connection, LANDED) == named("1")
    arrivals.drop()


def test_where_files_cannot_be_linked_all_pages_go_in_at_the_end(
    arrivals: Arrivals, connection: SnowflakeConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError("not on this disk")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    folder = PageFolder(tmp_path / "pages")
    for number, person in enumerate(("1", "2", "3")):
        put(folder, number, person, person)
        arrivals.take(batch(folder))
    arrivals.complete(batch(folder), "CONTACT")
    assert rows(connection, LANDED) == named("1", "2", "3")
    arrivals.drop()


def test_pages_are_in_the_landing_table_before_the_last_is_read(
    org: Org, connection: SnowflakeConnection, tmp_path: Path
) -> None:
    org.fill(Contact=contacts(6))
    org.control("limits", BulkResultPage=2)
    landed = threading.Event()
    seen: list[Any] = []
    take = Arrivals.take

    def look(self: Arrivals, arrived: Batch) -> None:
        take(self, arrived)
        if not landed.is_set():
            seen.extend(rows(connection, 'select count(*) from raw_salesforce."_LANDED_CONTACT"'))
            landed.set()

    def wait(_: str, done: int, __: int | None) -> None:
        if done == 4:
            assert landed.wait(60)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Arrivals, "take", look)
        [done] = copy(org, connection, tmp_path, "run", progress=wait)
    assert (done.status, done.landed_count) == ("succeeded", 6)
    # The page that is being told of may be there, too.
    assert seen in ([(2,)], [(4,)])
    assert rows(connection, TABLES) == [(0,)]


@pytest.mark.parametrize(
    ("instant", "full"),
    [
        pytest.param("copy into", True, id="some pages are in the landing table"),
        pytest.param("alter table raw_salesforce", True, id="the tables are swapped"),
        pytest.param("insert into ops.extract_count", False, id="before the commit of a batch"),
    ],
)
def test_killed_at_any_instant_no_row_is_missing_and_none_is_there_twice(
    instant: str, full: bool, org: Org, connection: SnowflakeConnection, tmp_path: Path, warehouse_port: int
) -> None:
    org.control("limits", BulkResultPage=2)
    org.fill(Contact=contacts(5))
    copy(org, connection, tmp_path, "before")
    before = rows(connection, NAMES)
    for number in range(1, 4):
        org.sf.Contact.update(contact_id(number), {"LastName": "Changed"})
    new = sorted(org.sf.Contact.create({"LastName": "New"})["id"] for _ in range(2))
    after = [(contact_id(each), "Changed" if each < 4 else f"Name {each}") for each in range(1, 6)]
    after += [(each, "New") for each in new]
    script = f"""
        import os, signal, warehouse
        from pathlib import Path
        from snowflake.connector.cursor import SnowflakeCursor
        from extract.salesforce import Login, Settings, connect, extract
        from extract.sources import SourceObject

        execute = SnowflakeCursor.execute

        def last_words(self, command, *more, **settings):
            done = execute(self, command, *more, **settings)
            if command.startswith({instant!r}):
                os.kill(os.getpid(), signal.SIGKILL)
            return done

        sf = connect(Login(login_url={org.url!r}, client_id="sandbox-client", client_secret="sandbox-secret"))
        connection = warehouse.connect("local")
        SnowflakeCursor.execute = last_words
        extract(sf, connection, [SourceObject("Contact", "CONTACT")], run_id="killed", full={full},
                landing_dir=Path({str(tmp_path)!r}), settings=Settings(page_rows=2, pages=1))
    """
    died = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(script)],
        env={**os.environ, "WAREHOUSE_PORT": str(warehouse_port)},
        cwd=REPOSITORY,
        check=False,
    )
    assert died.returncode == -signal.SIGKILL
    assert rows(connection, NAMES) == (after if instant.startswith("alter") else before)
    for number in range(30):
        [done] = copy(org, connection, tmp_path, f"after {number}")
        if done.status == "succeeded":
            break
        # What the killed session's transaction holds is free when that has been silent for ten seconds.
        time.sleep(1)
    assert rows(connection, NAMES) == after
    assert rows(connection, TABLES) == [(0,)]


def copy(
    org: Org, connection: SnowflakeConnection, folder: Path, run_id: str, **more: Any
) -> list[Extracted]:
    return extract(
        org.sf, connection, [CONTACT], run_id=run_id, landing_dir=folder, settings=IN_PAGES, **more
    )
