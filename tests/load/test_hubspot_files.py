"""Files of notes: from the warehouse's stage to HubSpot, one of each, whatever happens on the way."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

import warehouse
from load.feeds import Column, Feed
from load.hubspot import HubSpot
from load.stage import Fetch, Stage, fetching
from load.target import FILE_MISSING, FILE_REFUSED, Result, Row
from tests import servers
from tests.load import marts

VALUE = "Attachment/Body/00P1-3fa94c21-Größe #1.pdf"
CONTENT = bytes(range(256)) * 4_000
WRITTEN = "2026-01-02T03:04:05Z"
ASKED = "properties=hs_attachment_ids"


@pytest.fixture
def notes(declared: list[Feed]) -> Feed:
    contacts = next(feed for feed in declared if feed.label == "hubspot contacts")
    columns = (Column("hs_timestamp", "varchar"), Column("hs_attachment_ids", "varchar", refers_to="files"))
    return replace(contacts, object="notes", columns=columns)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """Give a stage that is a folder, with the one file."""
    (tmp_path / "Attachment" / "Body").mkdir(parents=True)
    (tmp_path / "Attachment" / "Body" / "00P1").write_bytes(CONTENT)

    @contextmanager
    def fetch(path: str) -> Iterator[Path | None]:
        yield tmp_path / path if (tmp_path / path).exists() else None

    @contextmanager
    def opened() -> Iterator[Fetch]:
        yield fetch

    return opened


@pytest.fixture
def target(hubspot: HubSpot, hubspot_address: str, stage: Stage, notes: Feed) -> HubSpot:
    target = HubSpot(hubspot_address, marts.HUBSPOT_TOKEN, stage=stage)
    target.provision([notes])
    return target


@pytest.fixture
def ask(hubspot_address: str) -> Callable[..., httpx.Response]:
    headers = {"Authorization": f"Bearer {marts.HUBSPOT_TOKEN}"}
    return partial(httpx.Client(base_url=hubspot_address, headers=headers).request)


def _row(value: str | None, target_id: str | None = None, key: str = "00P1") -> Row:
    action: Any = "update" if target_id else "create"
    return Row(key, "h", action, target_id, {"hs_timestamp": WRITTEN, "hs_attachment_ids": value})


def _sent(target: HubSpot, notes: Feed, *rows: Row) -> dict[str, Result]:
    return {one.record_key: one for several in target.send(notes, rows) for one in several}


def _attached(ask: Callable[..., httpx.Response], note: str | None) -> str:
    found = ask("GET", f"/crm/v3/objects/notes/{note}?{ASKED}").json()
    return str(found["properties"]["hs_attachment_ids"])


def _uploads(ask: Callable[..., httpx.Response]) -> int:
    return int(ask("GET", "/_sandbox/calls").json()["calls"].get("POST /files/v3/files", 0))


def test_a_file_arrives_whole_and_hangs_at_its_note(
    target: HubSpot, notes: Feed, ask: Callable[..., httpx.Response]
) -> None:
    results = _sent(target, notes, _row(VALUE), _row(None, key="plain"))

    assert {one.status for one in results.values()} == {"succeeded"}
    file_id = _attached(ask, results["00P1"].target_id)
    file = ask("GET", f"/files/v3/files/{file_id}").json()
    assert (file["path"], file["access"]) == (f"/salesforce/{VALUE}", "PRIVATE")
    assert ask("GET", f"/_sandbox/files/{file_id}").content == CONTENT
    assert _attached(ask, results["plain"].target_id) == "None"


def test_a_file_that_is_there_is_not_sent_again(
    target: HubSpot, notes: Feed, ask: Callable[..., httpx.Response]
) -> None:
    note = _sent(target, notes, _row(VALUE))["00P1"].target_id
    before = _attached(ask, note)
    # As after a kill between the file, or the note, and the word of it: the ledger knows neither.
    again = _sent(target, notes, _row(VALUE))["00P1"]
    _sent(target, notes, _row(VALUE, note))
    assert (again.target_id, _attached(ask, note), _uploads(ask)) == (note, before, 1)
    [spelled] = target.spelled(notes, [_row(VALUE, note)])
    assert spelled.values["hs_attachment_ids"] == before


def test_an_upload_whose_answer_is_lost_leaves_one_file(
    target: HubSpot, notes: Feed, ask: Callable[..., httpx.Response]
) -> None:
    fault = {"path": "POST /files/v3/files", "cut": True, "done": True}
    ask("POST", "/_sandbox/faults", json=fault).raise_for_status()
    note = _sent(target, notes, _row(VALUE))["00P1"].target_id
    assert ask("GET", "/_sandbox/calls").json()["written"]["files"] == 2
    file_id = _attached(ask, note)
    assert ask("GET", f"/files/v3/files/{file_id}").json()["path"] == f"/salesforce/{VALUE}"
    # A second one would stand beside it with a number behind its name.
    beside = quote(VALUE.replace(".pdf", "-1.pdf"))
    assert ask("GET", f"/files/v3/files/stat/salesforce/{beside}").status_code == 404


@pytest.mark.parametrize(
    ("value", "status", "category", "said"),
    [
        (VALUE.replace(".pdf", ".exe"), "refused", FILE_REFUSED, "not take the file: File extension .exe"),
        (VALUE.replace("00P1", "00P2"), "failed", FILE_MISSING, "not on the stage raw_salesforce.blobs"),
    ],
)
def test_a_file_that_cannot_go_holds_its_note_back_and_no_other(
    target: HubSpot, notes: Feed, value: str, status: str, category: str, said: str
) -> None:
    results = _sent(target, notes, _row(value), _row(VALUE, key="other"))
    held_back = results["00P1"]
    assert (held_back.status, held_back.error_category) == (status, category)
    assert said in (held_back.error_message or "")
    assert results["other"].status == "succeeded"


def test_a_file_that_is_too_large_is_refused(
    target: HubSpot, notes: Feed, ask: Callable[..., httpx.Response]
) -> None:
    ask("POST", "/_sandbox/limits", json={"file_bytes": 1_000}).raise_for_status()
    result = _sent(target, notes, _row(VALUE))["00P1"]
    assert (result.status, result.error_category) == ("refused", FILE_REFUSED)
    assert "larger than 1000 bytes" in (result.error_message or "")


def test_a_note_takes_its_files_along_and_no_others(
    target: HubSpot, notes: Feed, ask: Callable[..., httpx.Response]
) -> None:
    note = _sent(target, notes, _row(VALUE))["00P1"].target_id
    ours = _attached(ask, note)
    form = {"fileName": "theirs.txt", "folderPath": "/own", "options": '{"access": "PRIVATE"}'}
    theirs = ask("POST", "/files/v3/files", data=form, files={"file": ("x", b"x")}).json()["id"]
    ask(
        "PATCH",
        f"/crm/v3/objects/notes/{note}",
        json={"properties": {"hs_attachment_ids": f"{ours};{theirs}"}},
    ).raise_for_status()

    [[gone]] = target.archive(notes, [Row("00P1", None, "archive", note)])

    assert gone.status == "succeeded"
    there = [ask("GET", f"/files/v3/files/{each}").status_code for each in (ours, theirs)]
    assert there == [404, 200]


def test_the_calls_for_files_are_counted_before_they_are_made(
    target: HubSpot, notes: Feed, ask: Callable[..., httpx.Response]
) -> None:
    rows = [_row(VALUE), _row(None, key="plain")]
    before = target.calls
    note = _sent(target, notes, *rows)["00P1"].target_id
    assert target.calls - before == target.calls_needed(notes, create=2, update=0, archive=0, files=1) == 3
    before = target.calls
    assert [*target.archive(notes, [Row("00P1", None, "archive", note)])]
    assert target.calls - before == target.calls_needed(notes, create=0, update=0, archive=1) == 4
    contacts = replace(notes, object="contacts", columns=())
    assert target.calls_needed(contacts, create=2, update=0, archive=0) == 1


def test_forgetting_a_person_takes_the_files_of_their_notes(
    target: HubSpot, notes: Feed, ask: Callable[..., httpx.Response], stage: Stage
) -> None:
    sent = _sent(target, notes, _row(VALUE))
    note = sent["00P1"].target_id
    file_id = _attached(ask, note)
    foreign = ask(
        "POST",
        "/files/v3/files",
        data={"folderPath": "/theirs", "options": '{"access": "PRIVATE"}'},
        files={"file": ("own.txt", b"theirs")},
    ).json()["id"]
    both = {"properties": {"hs_attachment_ids": f"{file_id};{foreign}"}}
    assert ask("PATCH", f"/crm/v3/objects/notes/{note}", json=both).status_code == 200
    person = ask(
        "POST", "/crm/v3/objects/contacts", json={"properties": {"email": "ada@example.com"}}
    ).json()["id"]
    assert (
        ask("PUT", f"/crm/v4/objects/contacts/{person}/associations/default/notes/{note}").status_code == 200
    )

    assert target.forget(person)

    assert ask("GET", f"/files/v3/files/{file_id}").status_code == 404
    assert ask("GET", f"/files/v3/files/{foreign}").status_code == 200
    assert ask("GET", f"/crm/v3/objects/contacts/{person}").status_code == 404
    assert not target.forget(person)


def test_the_stage_of_the_warehouse_gives_its_files(connection: Any, tmp_path: Path) -> None:
    (tmp_path / "00P1").write_bytes(CONTENT)
    with connection.cursor() as cursor:
        cursor.execute(
            f"put 'file://{tmp_path}/00P1' @raw_salesforce.blobs/Attachment/Body/ auto_compress = false overwrite = true"
        )
    with fetching(partial(warehouse.connect, "local", servers.REPOSITORY), tmp_path / "uploads") as fetch:
        with fetch("Attachment/Body/00P1") as file:
            assert file is not None
            assert file.read_bytes() == CONTENT
        with fetch("Attachment/Body/00P2") as file:
            assert file is None
    assert list((tmp_path / "uploads").iterdir()) == []
