"""Marts through plan and apply into the stand-ins, and again: what is sent, what is kept, what is not sent twice."""

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from load.apply import Applied, apply
from load.feeds import Feed, feeds
from load.hubspot import HubSpot
from load.intercom import Intercom
from load.ledger import COLUMNS, replay
from load.plan import plan
from load.target import BudgetExhausted, LoadError, Target
from tests.load import marts

PEOPLE = 250
CONTACT_COLUMNS = ", ".join(name for name, *_ in marts.CONTACTS)


@pytest.fixture
def filled(connection: Any) -> Any:
    """Give a warehouse with 250 people, 20 companies, and a link for each person."""
    people = marts.numbers(PEOPLE)
    marts.fill(
        connection,
        "contacts",
        CONTACT_COLUMNS,
        f"""select '003' || lpad(n::varchar, 15, '0') as _record_key, 'p' || n || '@example.com' as email,
            'Ada "' || n || '" \\\\ ÿ' as firstname, iff(n % 2 = 0, null, 'King') as lastname,
            (n / 4)::number(18, 2) as salesforce_score, '1990-02-03'::date as salesforce_born,
            '2026-01-02 03:04:05.678'::timestamp_ntz as salesforce_seen_at, n % 3 = 0 as salesforce_opt_out,
            iff(n % 2 = 0, 'gold', 'iron') as salesforce_tier from ({people}) as made""",
    )
    marts.fill(
        connection,
        "companies",
        "name, domain",
        f"select '001' || n as _record_key, 'Firm ' || n as name, 'firm' || n || '.com' as domain "
        f"from ({marts.numbers(20)}) as made",
    )
    marts.fill(
        connection,
        "links",
        "from_object, from_key, to_object, to_key, association_type",
        f"""select 'link-' || n as _record_key, 'contacts' as from_object,
            '003' || lpad(n::varchar, 15, '0') as from_key, 'companies' as to_object,
            '001' || (n % 20 + 1) as to_key, 'primary' as association_type from ({people}) as made""",
    )
    return connection


def _load(connection: Any, declared: Sequence[Feed], spool_dir: Path, *targets: Target) -> Applied:
    chosen = [feed for feed in declared if feed.target in {target.name for target in targets}]
    by_name = {target.name: target for target in targets}
    return apply(connection, plan(connection, chosen), by_name, run_id="r1", spool_dir=spool_dir)


def _written(address: str) -> dict[str, int]:
    calls: dict[str, dict[str, int]] = httpx.get(f"{address}/_sandbox/calls").json()
    return calls["written"]


def test_a_load_arrives_and_a_second_one_sends_nothing(
    filled: Any, declared: list[Feed], spool_dir: Path, hubspot: HubSpot
) -> None:
    seen: list[tuple[str, int, int | None]] = []
    planned = plan(filled, [feed for feed in declared if feed.target == "hubspot"])

    applied = apply(
        filled,
        planned,
        {"hubspot": hubspot},
        run_id="r1",
        spool_dir=spool_dir,
        progress=lambda *at: seen.append(at),
    )

    assert [(feed.object, feed.sent, feed.succeeded) for feed in applied.feeds] == [
        ("companies", 20, 20),
        ("contacts", PEOPLE, PEOPLE),
        ("associations", PEOPLE, PEOPLE),
    ]
    assert applied.targets["hubspot"]["records"] == 20 + 2 * PEOPLE
    assert seen[-1] == ("hubspot associations", PEOPLE, PEOPLE)
    assert ("contacts", "salesforce_id") in {
        (change.object, change.name) for change in applied.schema_changes
    }
    assert list(spool_dir.iterdir()) == []

    calls = hubspot.calls
    again = _load(filled, declared, spool_dir, hubspot)
    assert again.feeds == []
    assert hubspot.calls == calls


def test_values_arrive_as_they_are(
    filled: Any, declared: list[Feed], spool_dir: Path, hubspot: HubSpot, hubspot_address: str
) -> None:
    _load(filled, declared, spool_dir, hubspot)

    record = _by_key(hubspot_address, f"003{2:015}")

    assert record["email"] == "p2@example.com"
    assert record["firstname"] == 'Ada "2" \\ ÿ'
    assert record["lastname"] is None
    assert record["salesforce_score"] == "0.5"
    assert record["salesforce_born"] == "1990-02-03"
    assert record["salesforce_seen_at"] in ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000Z")
    assert record["salesforce_opt_out"] == "false"
    assert record["salesforce_tier"] == "gold"


def test_ten_changed_contacts_are_ten_records_sent(
    filled: Any, declared: list[Feed], spool_dir: Path, hubspot: HubSpot, hubspot_address: str
) -> None:
    _load(filled, declared, spool_dir, hubspot)
    before = _written(hubspot_address)
    marts.query(
        filled,
        "update marts_test.contacts set firstname = 'Grace', lastname = null where _record_key < '003000000000000011'",
    )
    marts.rehash(filled, "contacts", CONTACT_COLUMNS)

    [contacts] = _load(filled, declared, spool_dir, hubspot).feeds

    assert (contacts.object, contacts.sent, contacts.succeeded, contacts.calls) == ("contacts", 10, 10, 2)
    after = _written(hubspot_address)
    assert {name: after[name] - before[name] for name in after if after[name] != before[name]} == {
        "contacts": 10
    }
    record = _by_key(hubspot_address, f"003{1:015}")
    assert (record["firstname"], record["lastname"]) == ("Grace", None)
    kept = marts.query(filled, "select before_image from ops.load_attempt where action = 'update'")
    images = {image["salesforce_id"]: image for image in (json.loads(text) for (text,) in kept)}
    assert len(images) == len(kept) == 10
    held = images[f"003{1:015}"]
    assert held["firstname"] not in (None, "Grace")
    assert held["lastname"] is not None
    [(made,)] = marts.query(
        filled, "select count(before_image) from ops.load_attempt where action = 'create'"
    )
    assert made == 0


def test_a_refused_row_is_logged_and_its_link_waits(
    filled: Any, declared: list[Feed], spool_dir: Path, hubspot: HubSpot
) -> None:
    marts.query(
        filled,
        "update marts_test.contacts set email = 'p7@example.invalidtld' where email = 'p7@example.com'",
    )

    applied = {feed.object: feed for feed in _load(filled, declared, spool_dir, hubspot).feeds}

    assert (applied["contacts"].succeeded, applied["contacts"].refused) == (PEOPLE - 1, 1)
    assert applied["associations"].succeeded == PEOPLE - 1
    [(key, category, message, payload)] = marts.query(
        filled,
        "select record_key, error_category, error_message, payload from ops.load_attempt where status = 'refused'",
    )
    assert key == f"003{7:015}"
    assert category == "VALIDATION_ERROR"
    assert "[e-mail]" in message
    assert "example.invalidtld" not in message
    assert "p7@example.invalidtld" in payload
    states = {
        planned.feed.object: planned
        for planned in plan(filled, [f for f in declared if f.target == "hubspot"]).feeds
    }
    assert (states["contacts"].refused, states["contacts"].to_send) == (1, 0)
    assert (states["associations"].waiting, states["associations"].to_send) == (1, 0)


def test_a_record_that_stood_there_before_is_adopted(
    filled: Any, declared: list[Feed], spool_dir: Path, hubspot: HubSpot, hubspot_address: str
) -> None:
    created = httpx.post(
        f"{hubspot_address}/crm/v3/objects/contacts",
        json={"properties": {"email": "p5@example.com", "jobtitle": "Engineer"}},
        headers={"Authorization": f"Bearer {marts.HUBSPOT_TOKEN}"},
    ).json()

    applied = {feed.object: feed for feed in _load(filled, declared, spool_dir, hubspot).feeds}

    assert applied["contacts"].succeeded == PEOPLE
    [(target_id,)] = marts.query(
        filled,
        f"select target_id from ops.load_ledger where record_key = '003{5:015}' and object = 'contacts'",
    )
    assert target_id == created["id"]
    record = _by_key(hubspot_address, f"003{5:015}")
    assert record["firstname"].startswith("Ada")


def test_two_records_with_one_address_do_not_overwrite_each_other(
    filled: Any, declared: list[Feed], spool_dir: Path, hubspot: HubSpot
) -> None:
    marts.query(
        filled, "update marts_test.contacts set email = 'p5@example.com' where email = 'p200@example.com'"
    )

    applied = {feed.object: feed for feed in _load(filled, declared, spool_dir, hubspot).feeds}

    assert (applied["contacts"].succeeded, applied["contacts"].refused) == (PEOPLE - 1, 1)


def test_archived_rows_leave_the_target_and_the_ledger(
    filled: Any, spool_dir: Path, hubspot: HubSpot, hubspot_address: str
) -> None:
    declared = feeds(marts.company_manifest(when_deleted="archive"))
    _load(filled, declared, spool_dir, hubspot)
    marts.query(filled, "delete from marts_test.contacts where _record_key < '003000000000000006'")

    [contacts] = _load(filled, declared, spool_dir, hubspot).feeds

    assert (contacts.sent, contacts.archived) == (5, 5)
    assert _by_key(hubspot_address, f"003{1:015}") == {}
    [planned] = plan(filled, [feed for feed in declared if feed.label == "hubspot contacts"]).feeds
    assert (planned.unchanged, planned.archive, planned.to_send) == (PEOPLE - 5, 0, 0)


def test_a_mart_that_lost_its_rows_archives_nothing(filled: Any, spool_dir: Path, hubspot: HubSpot) -> None:
    declared = feeds(marts.company_manifest(when_deleted="archive"))
    _load(filled, declared, spool_dir, hubspot)
    marts.query(filled, "delete from marts_test.contacts")

    with pytest.raises(LoadError, match="250 of 250 would be archived"):
        _load(filled, declared, spool_dir, hubspot)


def test_an_exhausted_day_stops_and_goes_on_later(
    filled: Any, declared: list[Feed], spool_dir: Path, hubspot: HubSpot, hubspot_address: str
) -> None:
    chosen = [feed for feed in declared if feed.target == "hubspot"]
    hubspot.provision(chosen)
    # One call for the account, two for the schema, two for what it takes, one for the companies; one is left for contacts.
    _limit(hubspot_address, daily=_calls_today(hubspot_address) + 7)

    with pytest.raises(BudgetExhausted, match="goes on from here"):
        _load(
            filled,
            declared,
            spool_dir,
            HubSpot(hubspot_address, marts.HUBSPOT_TOKEN, share_free=0, day_free=0, threads=1),
        )

    assert [(planned.feed.object, planned.to_send) for planned in plan(filled, chosen).feeds] == [
        ("companies", 0),
        ("contacts", PEOPLE - 100),
        ("associations", PEOPLE),
    ]
    _limit(hubspot_address, daily=10_000_000)
    _load(filled, declared, spool_dir, HubSpot(hubspot_address, marts.HUBSPOT_TOKEN))
    assert plan(filled, chosen).to_send == 0
    assert _count(hubspot_address, "contacts") == PEOPLE


def _limit(address: str, **limits: int) -> None:
    httpx.post(f"{address}/_sandbox/limits", json=limits).raise_for_status()


def _calls_today(address: str) -> int:
    headers = {"Authorization": f"Bearer {marts.HUBSPOT_TOKEN}"}
    usage = httpx.get(f"{address}/account-info/v3/api-usage/daily/private-apps", headers=headers).json()
    used: int = usage["results"][0]["currentUsage"]
    return used


def test_intercom_takes_the_same_road(
    connection: Any, declared: list[Feed], spool_dir: Path, intercom: Intercom, intercom_address: str
) -> None:
    _fill_intercom(connection)

    applied = _load(connection, declared, spool_dir, intercom)

    assert [(feed.object, feed.succeeded, feed.calls) for feed in applied.feeds] == [
        ("companies", 5, 5),
        ("contacts", 30, 30),
        ("attachments", 30, 30),
    ]
    contact = httpx.get(
        f"{intercom_address}/contacts/find_by_external_id/003{4:015}",
        headers={"Authorization": f"Bearer {marts.INTERCOM_TOKEN}", "Intercom-Version": "2.14"},
    ).json()
    assert (contact["email"], contact["name"]) == ("p4@example.com", "Ada 4")
    assert contact["signed_up_at"] == 1_767_323_045
    assert contact["custom_attributes"] == {"person_score": 2, "person_born": 633_916_800}
    assert len(contact["companies"]["data"]) == 1
    calls = intercom.calls
    assert _load(connection, declared, spool_dir, intercom).feeds == []
    assert intercom.calls == calls

    marts.query(
        connection, "update marts_test.people set name = null where _record_key < '003000000000000011'"
    )
    marts.rehash(connection, "people", ", ".join(name for name, *_ in marts.PEOPLE))
    [people] = _load(connection, declared, spool_dir, intercom).feeds
    # Each is read before it is overwritten.
    assert (people.sent, people.succeeded, people.calls) == (10, 10, 20)


def test_leftovers_are_taken_up_before_anything_is_sent(
    filled: Any, declared: list[Feed], spool_dir: Path, hubspot: HubSpot
) -> None:
    _load(filled, declared, spool_dir, hubspot)
    rows = marts.query(filled, f"select {', '.join(COLUMNS)} from ops.load_attempt")
    marts.query(filled, "delete from ops.load_ledger")
    _leave_behind(spool_dir, rows)

    # The attempts are in the log already: a flush that was killed after its commit.
    assert replay(filled, spool_dir) == len(rows)
    assert marts.query(filled, "select count(*) from ops.load_attempt") == [(len(rows),)]
    assert plan(filled, [feed for feed in declared if feed.target == "hubspot"]).to_send == 0
    assert list(spool_dir.iterdir()) == []


def test_applying_takes_up_leftovers_by_itself(
    filled: Any, declared: list[Feed], spool_dir: Path, hubspot: HubSpot
) -> None:
    _load(filled, declared, spool_dir, hubspot)
    _leave_behind(spool_dir, marts.query(filled, f"select {', '.join(COLUMNS)} from ops.load_attempt"))
    marts.query(filled, "delete from ops.load_ledger")

    applied = _load(filled, declared, spool_dir, hubspot)

    assert [feed.sent for feed in applied.feeds] == [0, 0, 0]


def _leave_behind(spool_dir: Path, rows: Sequence[tuple[Any, ...]]) -> None:
    spool_dir.mkdir(exist_ok=True)
    lines = [json.dumps(dict(zip(COLUMNS, row, strict=True)), default=datetime.isoformat) for row in rows]
    (spool_dir / "r0.jsonl").write_text("\n".join(lines) + '\n{"run_id": "r0", "targ')


def _fill_intercom(connection: Any) -> None:
    people = marts.numbers(30)
    marts.fill(
        connection,
        "people",
        ", ".join(name for name, *_ in marts.PEOPLE),
        f"""select '003' || lpad(n::varchar, 15, '0') as _record_key, 'user' as role,
            'p' || n || '@example.com' as email, 'Ada ' || n as name,
            '2026-01-02 03:04:05'::timestamp_ntz as signed_up_at, (n / 2)::number(18, 2) as person_score,
            '1990-02-02'::date as person_born from ({people}) as made""",
    )
    marts.fill(
        connection,
        "firms",
        ", ".join(name for name, *_ in marts.FIRMS),
        f"select '001' || n as _record_key, 'Firm ' || n as name, n as size, null as firm_tier "
        f"from ({marts.numbers(5)}) as made",
    )
    marts.fill(
        connection,
        "joined",
        "contact_key, company_key",
        f"""select 'link-' || n as _record_key, '003' || lpad(n::varchar, 15, '0') as contact_key,
            '001' || (n % 5 + 1) as company_key from ({people}) as made""",
    )


def _by_key(address: str, key: str) -> dict[str, Any]:
    names = ",".join(name for name, *_ in marts.CONTACTS)
    answer = httpx.get(
        f"{address}/crm/v3/objects/contacts/{key}?idProperty=salesforce_id&properties={names}",
        headers={"Authorization": f"Bearer {marts.HUBSPOT_TOKEN}"},
    ).json()
    properties: dict[str, Any] = answer.get("properties", {})
    return properties


def _count(address: str, object_: str) -> int:
    limits = httpx.get(
        f"{address}/crm/v3/limits/records", headers={"Authorization": f"Bearer {marts.HUBSPOT_TOKEN}"}
    ).json()
    return next(
        int(each["usage"]) for each in limits["hubspotDefinedObjectTypes"] if each["pluralLabel"] == object_
    )
