"""What the targets held before: each backup keeps what is new, changed or gone since the one before."""

from collections.abc import Sequence
from typing import Any

import pytest

from load.backup import Kept, Part, complete, keep, parts, read_since, unfinished
from load.feeds import Feed
from tests.load import marts

CONTACTS = Part("hubspot", "contacts")
COMPANIES = Part("hubspot", "companies")
INTERCOM = Part("intercom", "everything")


@pytest.fixture
def raw(connection: Any) -> Any:
    for table in (
        *("raw_hubspot.records", "raw_hubspot.associations", "raw_intercom.records", "raw_intercom.links"),
        *("ops.backup", "ops.backup_part", "ops.read_back"),
    ):
        marts.query(connection, f"delete from {table}")
    return connection


def _hold(connection: Any, records: Sequence[tuple[str, str, str]], moment: str) -> None:
    """Put records (object, id, payload) into raw as a read-back of that moment would."""
    marts.query(connection, "delete from raw_hubspot.records")
    for name, number, payload in records:
        marts.query(
            connection,
            f"insert into raw_hubspot.records select '{name}', '{number}', '{payload}', 'r', '{moment}'",
        )


def _backup(connection: Any) -> list[tuple[Any, ...]]:
    return marts.query(
        connection,
        "select backup_id, object, target_id, payload, is_gone from ops.backup order by taken_at, object, target_id",
    )


def test_a_backup_is_made_of_what_the_feeds_name(declared: list[Feed]) -> None:
    assert set(parts(declared)) == {CONTACTS, COMPANIES, INTERCOM}
    assert parts(declared, ["intercom"]) == [INTERCOM]


def test_only_what_changed_since_is_kept(raw: Any) -> None:
    _hold(raw, [("contacts", "1", "a"), ("contacts", "2", "b"), ("companies", "9", "z")], "2026-01-01")
    assert keep(raw, "one", CONTACTS, "read") == Kept("hubspot", "contacts", "read", 2, 2)
    assert keep(raw, "two", CONTACTS, "read").changed == 0
    _hold(raw, [("contacts", "1", "a"), ("contacts", "2", "B"), ("contacts", "3", "c")], "2026-02-01")
    assert keep(raw, "three", CONTACTS, "read").changed == 2
    _hold(raw, [("contacts", "2", "B"), ("contacts", "3", "c")], "2026-03-01")
    assert keep(raw, "four", CONTACTS, "read").changed == 1
    assert keep(raw, "five", CONTACTS, "read").changed == 0
    assert _backup(raw) == [
        ("one", "contacts", "1", "a", False),
        ("one", "contacts", "2", "b", False),
        ("three", "contacts", "2", "B", False),
        ("three", "contacts", "3", "c", False),
        ("four", "contacts", "1", None, True),
    ]


def test_links_are_kept_with_their_types_under_their_ends(raw: Any) -> None:
    for kind in ("279", "1"):
        marts.query(
            raw,
            "insert into raw_hubspot.associations "
            f"select 'contacts', '1', 'companies', '7', 'HUBSPOT_DEFINED', '{kind}', null, 'r', '2026-01-01'",
        )
    for kind, one, other in (
        ("attachments", "c1", "f1"),
        ("contact_tags", "c1", "6"),
        ("company_tags", "f1", "6"),
    ):
        marts.query(
            raw, f"insert into raw_intercom.links select '{kind}', '{one}', '{other}', 'r', '2026-01-01'"
        )
    assert keep(raw, "one", CONTACTS, "read").found == 1
    assert keep(raw, "one", COMPANIES, "read").found == 0
    assert keep(raw, "one", INTERCOM, "read").found == 3
    assert [row[1:4] for row in _backup(raw)] == [
        ("associations", "contacts/1/companies/7", "HUBSPOT_DEFINED/1 HUBSPOT_DEFINED/279"),
        ("attachments", "contacts/c1/companies/f1", "attached"),
        ("taggings", "companies/f1/tags/6", "attached"),
        ("taggings", "contacts/c1/tags/6", "attached"),
    ]
    # A link that went is gone from the part that it belonged to, and from no other.
    marts.query(raw, "delete from raw_hubspot.associations")
    assert keep(raw, "two", COMPANIES, "read").changed == 0
    assert keep(raw, "two", CONTACTS, "read").changed == 1


def test_a_backup_that_was_stopped_goes_on_within_a_day(raw: Any, declared: list[Feed]) -> None:
    wanted = [CONTACTS, COMPANIES]
    assert unfinished(raw, wanted) is None
    keep(raw, "one", CONTACTS, "read")
    assert complete(raw) == {CONTACTS}
    assert unfinished(raw, wanted) == ("one", {CONTACTS})
    assert unfinished(raw, [INTERCOM]) is None
    marts.query(raw, "update ops.backup_part set taken_at = dateadd('hour', -25, taken_at)")
    assert unfinished(raw, wanted) is None
    keep(raw, "two", CONTACTS, "read")
    keep(raw, "two", COMPANIES, "read")
    assert unfinished(raw, wanted) is None


def test_a_later_read_back_is_taken_over_without_a_call(raw: Any, declared: list[Feed]) -> None:
    keep(raw, "one", CONTACTS, "read")
    assert not read_since(raw, CONTACTS)
    note = (
        "insert into ops.read_back (run_id, target, object, mode, read_at) "
        "select 'r', 'hubspot', 'contacts', '{}', dateadd('minute', 1, sysdate())"
    )
    marts.query(raw, note.format("sample"))
    assert not read_since(raw, CONTACTS)
    marts.query(raw, note.format("full"))
    assert read_since(raw, CONTACTS)
    assert not read_since(raw, COMPANIES)
