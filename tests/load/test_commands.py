"""`migrate plan`, `load` and `rejects` from the command line, over hand-made marts and both stand-ins."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from load.feeds import feeds
from load.hubspot import HubSpot
from load.intercom import Intercom
from migrate import phases
from migrate.__main__ import app
from migrate.failures import explain
from tests.load import marts


@pytest.fixture
def company(
    connection: Any,
    hubspot: HubSpot,
    intercom: Intercom,
    hubspot_address: str,
    intercom_address: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Any:
    """Give a warehouse with people for both targets, one of them with an address that none takes."""
    declared = feeds(marts.company_manifest(when_deleted="ask"))
    monkeypatch.setattr(phases, "declared_feeds", lambda _settings: declared)
    monkeypatch.setattr(phases.backup, "before_load", lambda *_: [])
    monkeypatch.setattr(phases.transform, "thresholds", lambda: {"failed_share": 0.5})
    monkeypatch.setattr(phases.transform, "masks_pii", lambda: True)
    for name, value in {
        "MIGRATE_HOME": tmp_path,
        "HUBSPOT_BASE_URL": hubspot_address,
        "INTERCOM_BASE_URL": intercom_address,
    }.items():
        monkeypatch.setenv(name, str(value))
    people = marts.numbers(20)
    email = "iff(n = 7, 'no address', 'p' || n || '@example.com') as email"
    key = "'003' || lpad(n::varchar, 3, '0') as _record_key"
    marts.fill(
        connection,
        "contacts",
        "email, firstname",
        f"select {key}, {email}, 'Ada' as firstname from ({people}) as made",
    )
    marts.fill(
        connection,
        "people",
        "role, email, name",
        f"select {key}, 'user' as role, {email}, 'Ada' as name from ({people}) as made",
    )
    return connection


def _run(*arguments: str, code: int) -> Result:
    result = CliRunner().invoke(app, [*arguments])
    said = (
        explain(result.exception) if result.exception and not isinstance(result.exception, SystemExit) else ""
    )
    assert (result.exit_code if not said else 2) == code, said or result.output
    return result


def _json(*arguments: str, code: int = 0) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(_run(*arguments, "--json", code=code).stdout)
    return document


@pytest.mark.usefixtures("company")
def test_a_plan_is_made_shown_and_carried_out_once() -> None:
    planned = _json("plan", "hubspot", "-s", "contacts")
    assert [(feed["object"], feed["create"]) for feed in planned["feeds"]] == [("contacts", 20)]
    assert planned["efforts"][0]["calls"] == 1

    [shown] = _json("plan", "--show", "003001")["records"]
    assert shown["changes"][0] == {"property": "email", "from": None, "to": "p… (14 characters)"}
    assert "p1@example.com" not in _run("plan", "--show", "003001", code=0).output
    _json("plan", "--show", "nobody", code=1)

    # Nobody can be asked here.
    assert "--yes" in explain(_run("load", planned["plan_id"], code=2).exception or AssertionError())
    loaded = _json("load", planned["plan_id"], "--yes")
    assert loaded["plan_id"] == planned["plan_id"]
    assert [(feed["object"], feed["succeeded"], feed["refused"]) for feed in loaded["feeds"]] == [
        ("contacts", 19, 1)
    ]
    assert "carried out before" in explain(
        _run("load", planned["plan_id"], "--yes", code=2).exception or AssertionError()
    )


def test_a_load_without_a_plan_makes_one_and_rejects_say_why(company: Any) -> None:
    text = _run("load", "--dry-run", code=0).output
    assert "hubspot contacts" in text
    assert "by hand before this first load" in text
    assert marts.query(company, "select count(*) from ops.load_attempt") == [(0,)]

    loaded = _json("load", "--yes")
    assert sum(feed["succeeded"] for feed in loaded["feeds"]) == 38
    rejected = {reason["target"]: reason for reason in _json("rejects", code=1)["reasons"]}
    assert {name: (reason["rows"], reason["example"]) for name, reason in rejected.items()} == {
        "hubspot": (1, "003007"),
        "intercom": (1, "003007"),
    }
    assert "value map" in rejected["hubspot"]["fix"]
    [record] = _json("rejects", "hubspot", "-s", "contacts", "--records", code=1)["records"]
    assert (record["record_key"], record["attempts"]) == ("003007", 1)
    assert "003007" in _run("rejects", code=1).output

    # A mended row is sent again, and then nothing is rejected any more.
    for table in ("contacts", "people"):
        marts.query(
            company,
            f"update marts_test.{table} set email = 'p7@example.com', _row_hash = 'new' where email = 'no address'",
        )
    _json("load", "--yes")
    assert _json("rejects")["reasons"] == []


@pytest.mark.parametrize(
    "change",
    [
        pytest.param("delete from marts_test.{table} where email = 'no address'", id="left the mart"),
        pytest.param(
            "update marts_test.{table} set email = 'p7@example.com', _row_hash = 'sound' where email = 'no address'",
            id="went back to what the target holds",
        ),
    ],
)
def test_what_no_mart_asks_for_any_more_is_no_reject_and_keeps_no_gate_shut(
    company: Any, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    monkeypatch.setattr(phases.transform, "thresholds", lambda: {"failed_share": 0.01})
    monkeypatch.setattr(phases, "_require_clear", lambda _stored: None)
    for table in ("contacts", "people"):
        mended = "update marts_test.{} set email = {}, _row_hash = {} where _record_key = '003007'"
        marts.query(company, mended.format(table, "'p7@example.com'", "'sound'"))
    _json("load", "--yes")
    for table in ("contacts", "people"):
        marts.query(company, mended.format(table, "'no address'", "'unsound'"))
    _json("load", "--yes", code=1)
    assert len(_json("rejects", code=1)["reasons"]) == 2

    for table in ("contacts", "people"):
        marts.query(company, change.format(table=table))

    _json("load", "--yes")
    assert _json("rejects")["reasons"] == []


def test_what_could_not_be_undone_is_no_reject(company: Any) -> None:
    _json("load", "--yes", code=0)
    before = _json("rejects", code=1)["reasons"]
    marts.query(
        company,
        "insert into ops.load_attempt "
        "(run_id, target, object, record_key, action, status, error_category, attempted_at) "
        "select 'later', target, object, record_key, 'archive', 'refused', 'CANNOT_BE_UNDONE', "
        "dateadd('hour', 1, attempted_at) from ops.load_attempt where status = 'succeeded'",
    )

    assert _json("rejects", code=1)["reasons"] == before
    _json("load", "--yes")


def test_deletions_and_large_first_loads_want_a_word(company: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIGRATE_FIRST_LOAD_LIMIT", "10")
    assert "--allow-first-load" in explain(_run("load", "--yes", code=2).exception or AssertionError())
    assert marts.query(company, "select count(*) from ops.load_attempt") == [(0,)]
    _json("load", "--yes", "--allow-first-load")
    marts.query(company, "delete from marts_test.contacts where _record_key > '003008'")

    kept = _json("load", "--yes")
    assert [feed for feed in kept["feeds"] if feed["archived"]] == []
    refused = _run("load", "--yes", "--archive-deleted", code=2)
    assert "--most-archived-share" in explain(refused.exception or AssertionError())
    archived = _json("load", "--yes", "--archive-deleted", "--most-archived-share", "0.9")
    assert [feed["archived"] for feed in archived["feeds"] if feed["target"] == "hubspot"] == [12]


def test_what_has_to_be_mended_first_stops_the_load(company: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phases.transform, "thresholds", lambda: {"failed_share": 0.01})
    marts.query(company, "update marts_test.people set role = 'boss' where _record_key = '003003'")

    said = explain(_run("load", "--yes", code=2).exception or AssertionError())

    assert "intercom does not know boss (1)" in said
    assert marts.query(company, "select count(*) from ops.load_attempt") == [(0,)]
    _json("plan", code=1)
    missing = explain(_run("plan", "nowhere", code=2).exception or AssertionError())
    assert "No exposure declares nowhere" in missing
