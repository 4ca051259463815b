"""The plan against an embedded warehouse: what the marts and the ledger say together."""

from dataclasses import replace
from typing import Any

import pytest

from load import changes as changes_module
from load.changes import rows_to_archive, rows_to_send
from load.feeds import Feed, feeds
from load.plan import FeedPlan, plan
from load.target import LoadError
from tests.load import marts


@pytest.fixture
def contacts(declared: list[Feed]) -> Feed:
    return _feed(declared, "hubspot contacts")


def _feed(declared: list[Feed], label: str) -> Feed:
    return next(feed for feed in declared if feed.label == label)


def _contacts(connection: Any, count: int) -> None:
    select = f"""select '003' || lpad(n::varchar, 15, '0') as _record_key, 'p' || n || '@example.com' as email,
                 'Ada' as firstname from ({marts.numbers(count)}) as made"""
    marts.fill(connection, "contacts", "email, firstname", select)


def _ledger(connection: Any, target: str, object_: str, source: str, target_id: str = "'1'") -> None:
    marts.query(
        connection,
        f"""insert into ops.load_ledger (target, object, record_key, target_id, row_hash, run_id, loaded_at)
            select '{target}', '{object_}', _record_key, {target_id}, _row_hash, 'r0', '2026-01-01'::timestamp_ntz
            from {source}""",
    )


def _attempt(connection: Any, object_: str, source: str, status: str, day: int = 1) -> None:
    marts.query(
        connection,
        f"""insert into ops.load_attempt (run_id, target, object, record_key, row_hash, status, attempted_at)
            select 'r0', 'hubspot', '{object_}', _record_key, _row_hash, '{status}', '2026-01-{day:02}'::timestamp_ntz
            from {source}""",
    )


def _counts(planned: FeedPlan) -> dict[str, int]:
    return {name: value for name, value in planned.as_dict().items() if isinstance(value, int) and value}


def test_the_files_that_rows_to_send_name_are_counted(connection: Any, contacts: Feed) -> None:
    _contacts(connection, 10)
    _ledger(
        connection, "hubspot", "contacts", "marts_test.contacts where _record_key <= '003000000000000007'"
    )
    marts.query(
        connection,
        "update marts_test.contacts set firstname = null where _record_key = '003000000000000009'",
    )
    columns = tuple(
        replace(column, refers_to="files") if column.name == "firstname" else column
        for column in contacts.columns
    )
    [planned] = plan(connection, [replace(contacts, columns=columns)]).feeds
    assert (planned.create, planned.files) == (3, 2)
    [planned] = plan(connection, [contacts]).feeds
    assert (planned.create, planned.files) == (3, 0)


def test_every_row_is_in_one_state(connection: Any, contacts: Feed) -> None:
    _contacts(connection, 10)
    _ledger(
        connection, "hubspot", "contacts", "marts_test.contacts where _record_key <= '003000000000000007'"
    )
    marts.query(connection, "delete from marts_test.contacts where _record_key = '003000000000000001'")
    marts.query(
        connection,
        "update marts_test.contacts set _row_hash = 'new' where _record_key <= '003000000000000003'",
    )
    _attempt(
        connection, "contacts", "marts_test.contacts where _record_key = '003000000000000010'", "refused"
    )

    [planned] = plan(connection, [contacts]).feeds

    assert _counts(planned) == {
        "create": 2, "update": 2, "unchanged": 4, "refused": 1, "kept": 1, "in_ledger": 7,
    }  # fmt: skip


def test_refused_rows_are_sent_again_when_asked_or_changed(connection: Any, contacts: Feed) -> None:
    _contacts(connection, 3)
    _attempt(connection, "contacts", "marts_test.contacts", "refused")
    marts.query(connection, "update marts_test.contacts set _row_hash = 'new' where _record_key like '%1'")

    assert plan(connection, [contacts]).to_send == 1
    assert plan(connection, [contacts], retry_refused=True).to_send == 3
    assert [row.record_key[-1] for row in rows_to_send(connection, contacts)] == ["1"]
    assert len(list(rows_to_send(connection, contacts, retry_refused=True))) == 3


def test_failed_rows_are_sent_again(connection: Any, contacts: Feed) -> None:
    _contacts(connection, 3)
    _attempt(connection, "contacts", "marts_test.contacts", "refused", day=2)
    _attempt(connection, "contacts", "marts_test.contacts", "failed", day=3)

    assert plan(connection, [contacts]).to_send == 3


def test_rows_come_in_pages_with_values_of_their_type(
    connection: Any, contacts: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes_module, "ROWS_PER_PAGE", 4)
    _contacts(connection, 10)
    _ledger(connection, "hubspot", "contacts", "marts_test.contacts where _record_key like '%5'", "'77'")
    marts.query(connection, "update marts_test.contacts set salesforce_score = 12.50, _row_hash = 'new'")

    rows = list(rows_to_send(connection, contacts))

    assert [row.record_key for row in rows] == [f"003{n:015}" for n in range(1, 11)]
    assert rows[4].action == "update"
    assert rows[4].target_id == "77"
    assert rows[0].action == "create"
    assert list(rows[0].values) == [name for name, *_ in marts.CONTACTS]
    assert float(rows[0].values["salesforce_score"]) == 12.5
    assert rows[0].values["lastname"] is None


def test_an_empty_moment_stays_empty(connection: Any, contacts: Feed) -> None:
    _contacts(connection, 1)

    [row] = rows_to_send(connection, contacts)

    assert row.values["salesforce_seen_at"] is None


def test_links_wait_for_records_that_were_refused(connection: Any, declared: list[Feed]) -> None:
    _contacts(connection, 3)
    marts.fill(connection, "companies", "name", "select '001A' as _record_key, 'Acme' as name")
    _attempt(connection, "contacts", "marts_test.contacts where _record_key like '%3'", "refused")
    _links(connection)

    planned = {each.feed.label: each for each in plan(connection, declared).feeds}

    assert _counts(planned["hubspot associations"]) == {"create": 2, "waiting": 1}
    # Nothing is in HubSpot yet, so there is no id to link by.
    assert list(rows_to_send(connection, _feed(declared, "hubspot associations"))) == []


def test_links_are_resolved_through_the_ledger(connection: Any, declared: list[Feed]) -> None:
    links = _feed(declared, "hubspot associations")
    _contacts(connection, 3)
    marts.fill(connection, "companies", "name", "select '001A' as _record_key, 'Acme' as name")
    _ledger(connection, "hubspot", "contacts", "marts_test.contacts where _record_key like '%1'", "'101'")
    _ledger(connection, "hubspot", "companies", "marts_test.companies", "'7'")
    _links(connection)

    [row] = rows_to_send(connection, links)

    assert row.values["from_id"] == "101"
    assert row.values["to_id"] == "7"
    marts.query(
        connection,
        f"""insert into ops.load_ledger (target, object, record_key, target_id, row_hash)
            values ('hubspot', 'associations', '{row.record_key}', 'contacts/101/companies/7', '{row.row_hash}')""",
    )
    assert list(rows_to_send(connection, links)) == []
    # The contact was made anew in HubSpot: the link is the same in the mart and still has to be made again.
    marts.query(connection, "update ops.load_ledger set target_id = '102' where object = 'contacts'")
    [moved] = rows_to_send(connection, links)
    assert moved.action == "update"
    assert moved.target_id == "contacts/101/companies/7"


def test_deleted_rows_are_archived_only_where_declared(connection: Any) -> None:
    [contacts] = [
        feed
        for feed in feeds(marts.company_manifest(when_deleted="archive"))
        if feed.label == "hubspot contacts"
    ]
    _contacts(connection, 3)
    _ledger(connection, "hubspot", "contacts", "marts_test.contacts", "'9' || right(_record_key, 1)")
    marts.query(connection, "delete from marts_test.contacts where _record_key like '%2'")

    [planned] = plan(connection, [contacts]).feeds
    [row] = rows_to_archive(connection, contacts)

    assert (planned.archive, planned.kept) == (1, 0)
    assert (row.record_key[-1], row.action, row.target_id) == ("2", "archive", "92")


def test_a_link_whose_ends_are_still_joined_is_not_undone(connection: Any, declared: list[Feed]) -> None:
    links = _feed(declared, "hubspot associations")
    _links(connection)
    marts.query(
        connection,
        """insert into ops.load_ledger (target, object, record_key, target_id, row_hash)
           select 'hubspot', 'associations', _record_key, 'contacts/1/companies/7', _row_hash from marts_test.links
           union all select 'hubspot', 'associations', 'gone-1', 'contacts/1/companies/7', 'x'
           union all select 'hubspot', 'associations', 'gone-2', 'contacts/1/companies/8', 'x'""",
    )

    rows = {row.record_key: row.target_id for row in rows_to_archive(connection, links)}

    assert rows == {"gone-1": None, "gone-2": "contacts/1/companies/8"}


@pytest.mark.parametrize("key", ["null", "'003000000000000001'"])
def test_rows_without_a_key_of_their_own_stop_the_plan(connection: Any, contacts: Feed, key: str) -> None:
    _contacts(connection, 2)
    marts.query(connection, f"insert into marts_test.contacts (_record_key, _row_hash) values ({key}, 'x')")

    with pytest.raises(LoadError, match="1 rows without a _record_key of their own"):
        plan(connection, [contacts])


def _links(connection: Any) -> None:
    marts.fill(
        connection,
        "links",
        "from_object, from_key, to_object, to_key, association_type",
        f"""select 'link-' || n as _record_key, 'contacts' as from_object, '003' || lpad(n::varchar, 15, '0') as from_key,
            'companies' as to_object, '001A' as to_key, 'primary' as association_type
            from ({marts.numbers(3)}) as made""",
    )
