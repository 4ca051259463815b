"""Plans that are kept: against what the targets hold, shown, carried out, and refused once they are out of date."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from load import planning, plans, preflight
from load.apply import Applied, apply
from load.feeds import Column, Feed, Pipeline, Stage, feeds
from load.guards import guards
from load.hubspot import HubSpot
from load.intercom import Intercom
from load.plan import FeedPlan
from load.plans import PlanError, Stored
from load.target import LoadError, Target
from tests.load import marts

COLUMNS = ", ".join(name for name, *_ in marts.CONTACTS)
HEADERS = {"Authorization": f"Bearer {marts.HUBSPOT_TOKEN}"}


@pytest.fixture
def filled(connection: Any) -> Any:
    """Give a warehouse with 12 people at one company."""
    marts.fill(
        connection,
        "contacts",
        COLUMNS,
        f"""select '003' || lpad(n::varchar, 3, '0') as _record_key, 'p' || n || '@example.com' as email,
            'Ada' as firstname, 'King' as lastname, n::number(18, 2) as salesforce_score,
            '1990-02-03'::date as salesforce_born, '2026-01-02 03:04:05'::timestamp_ntz as salesforce_seen_at,
            true as salesforce_opt_out, 'gold' as salesforce_tier from ({marts.numbers(12)}) as made""",
    )
    marts.fill(connection, "companies", "name", "select '001A' as _record_key, 'Acme' as name")
    return connection


def _feeds(**contacts_meta: Any) -> list[Feed]:
    declared = feeds(marts.company_manifest(**contacts_meta))
    return [feed for feed in declared if feed.label in ("hubspot contacts", "hubspot companies")]


def _make(connection: Any, target: Target, folder: Path, chosen: Sequence[Feed], **options: Any) -> Stored:
    return planning.make(connection, chosen, {target.name: target}, folder, **options)


def _apply(connection: Any, target: Target, folder: Path, stored: Stored) -> Applied:
    return apply(connection, stored.plan, {target.name: target}, run_id="r1", spool_dir=folder)


def _load(connection: Any, target: Target, folder: Path, chosen: Sequence[Feed], **options: Any) -> Stored:
    stored = _make(connection, target, folder, chosen, **options)
    _apply(connection, target, folder, stored)
    return stored


def _of(stored: Stored, object_: str = "contacts") -> FeedPlan:
    return next(planned for planned in stored.plan.feeds if planned.feed.object == object_)


def _change(connection: Any, assignment: str, key: str) -> None:
    marts.query(connection, f"update marts_test.contacts set {assignment} where _record_key = '{key}'")
    marts.rehash(connection, "contacts", COLUMNS)


def _by_hand(address: str, key: str, **properties: str) -> None:
    url = f"{address}/crm/v3/objects/contacts/{key}?idProperty=salesforce_id"
    httpx.patch(url, json={"properties": properties}, headers=HEADERS).raise_for_status()


def _held(address: str, key: str) -> Mapping[str, Any]:
    names = ",".join(name for name, *_ in marts.CONTACTS)
    url = f"{address}/crm/v3/objects/contacts/{key}?idProperty=salesforce_id&properties={names}"
    found: Mapping[str, Any] = httpx.get(url, headers=HEADERS).json().get("properties", {})
    return found


def _show(connection: Any, stored: Stored, key: str, *, masked: bool = False) -> dict[str, Any]:
    [shown] = plans.show(connection, stored, key, masked=masked)
    return shown


def test_a_first_plan_says_what_would_be_made_and_writes_nothing(
    filled: Any, spool_dir: Path, hubspot: HubSpot, hubspot_address: str
) -> None:
    stored = _make(filled, hubspot, spool_dir, _feeds())

    assert (_of(stored).create, _of(stored, "companies").create) == (12, 1)
    assert ("contacts", "salesforce_id") in {(change.object, change.name) for change in stored.schema}
    [effort] = stored.efforts
    assert effort.calls == 2
    assert effort.share_of_day == pytest.approx(2 / 10_000_000, abs=1e-4)
    assert stored.checklist["hubspot"]
    assert not stored.findings
    assert httpx.get(f"{hubspot_address}/_sandbox/calls").json()["written"] == {}
    assert hubspot.provision(_feeds(), dry_run=True) == list(stored.schema)
    kept = marts.query(
        filled, "select object, action, count(*) from ops.plan_action group by 1, 2 order by 1"
    )
    assert kept == [("companies", "create", 1), ("contacts", "create", 12)]
    shown = _show(filled, stored, "003001")
    assert {"property": "email", "from": None, "to": "p1@example.com"} in shown["changes"]


def test_an_update_is_told_against_what_the_target_holds(
    filled: Any, spool_dir: Path, hubspot: HubSpot, hubspot_address: str
) -> None:
    _load(filled, hubspot, spool_dir, _feeds())
    _change(filled, "firstname = 'Grace', email = 'grace@example.com'", "003001")
    _by_hand(hubspot_address, "003001", lastname="Hopper")
    _change(filled, "lastname = 'Murray'", "003001")

    stored = _make(filled, hubspot, spool_dir, _feeds())

    assert (_of(stored).update, _of(stored).unchanged, _of(stored).by_hand) == (1, 11, 1)
    assert _of(stored).changing == {"email": 1, "firstname": 1}
    shown = _show(filled, stored, "003001", masked=True)
    assert shown["kept"] == ["lastname"]
    assert shown["changes"] == [
        {"property": "email", "from": "p… (14 characters)", "to": "g… (17 characters)"},
        {"property": "firstname", "from": "Ada", "to": "Grace"},
    ]
    assert _show(filled, stored, "003002")["action"] == "unchanged"
    assert _show(filled, stored, shown["target_id"])["record_key"] == "003001"


def test_a_plan_is_carried_out_once_and_keeps_what_was_changed_by_hand(
    filled: Any, spool_dir: Path, hubspot: HubSpot, hubspot_address: str
) -> None:
    chosen = _feeds()
    _load(filled, hubspot, spool_dir, chosen)
    _by_hand(hubspot_address, "003001", lastname="Hopper")
    _change(filled, "firstname = 'Grace', lastname = 'Murray'", "003001")
    plan_id = _make(filled, hubspot, spool_dir, chosen).plan.plan_id
    assert plan_id is not None

    found = plans.find(filled, plan_id, chosen, {"hubspot": hubspot})
    applied = _apply(filled, hubspot, spool_dir, found)

    assert [(feed.object, feed.succeeded) for feed in applied.feeds] == [("contacts", 1)]
    held = _held(hubspot_address, "003001")
    assert (held["firstname"], held["lastname"]) == ("Grace", "Hopper")
    attempt = "select kept, plan_id from ops.load_attempt where action = 'update'"
    assert marts.query(filled, attempt) == [('["lastname"]', plan_id)]
    assert marts.query(filled, "select kept from ops.load_ledger where kept is not null") == [
        ('["lastname"]',)
    ]
    with pytest.raises(PlanError, match="carried out before"):
        plans.find(filled, plan_id, chosen, {"hubspot": hubspot})
    # Nothing is left to do, and finding that out costs no call.
    calls = hubspot.calls
    again = _make(filled, hubspot, spool_dir, chosen)
    assert (again.plan.to_send, hubspot.calls) == (0, calls)
    # The next change of another property keeps it still.
    _change(filled, "firstname = 'Eve'", "003001")
    _load(filled, hubspot, spool_dir, chosen)
    assert _held(hubspot_address, "003001")["lastname"] == "Hopper"


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("update marts_test.contacts set _row_hash = 'new' where _record_key = '003002'", "its mart"),
        ("update ops.load_ledger set target_id = '1' where object = 'companies'", "the ledger"),
        (
            "insert into ops.load_attempt (run_id, target, object, record_key) values ('x', 'hubspot', 'contacts', '1')",
            "the log of attempts",
        ),
    ],
)
def test_a_plan_whose_inputs_have_changed_is_refused(
    filled: Any, spool_dir: Path, hubspot: HubSpot, statement: str, what: str
) -> None:
    _load(filled, hubspot, spool_dir, _feeds())
    _change(filled, "firstname = 'Grace'", "003001")
    plan_id = _make(filled, hubspot, spool_dir, _feeds()).plan.plan_id or ""
    marts.query(filled, statement)

    with pytest.raises(PlanError, match=what):
        plans.find(filled, plan_id, _feeds(), {"hubspot": hubspot})


def test_a_plan_is_refused_once_the_mapping_or_the_targets_properties_have_changed(
    filled: Any, spool_dir: Path, hubspot: HubSpot, hubspot_address: str
) -> None:
    plan_id = _make(filled, hubspot, spool_dir, _feeds()).plan.plan_id or ""

    with pytest.raises(PlanError, match="its mapping"):
        plans.find(filled, plan_id, _feeds(when_changed="overwrite"), {"hubspot": hubspot})
    plans.find(filled, plan_id, _feeds(), {"hubspot": hubspot})
    hubspot.provision(_feeds())
    with pytest.raises(PlanError, match="what the target takes"):
        plans.find(filled, plan_id, _feeds(), {"hubspot": hubspot})
    with pytest.raises(PlanError, match="no plan x"):
        plans.find(filled, "x", _feeds(), {"hubspot": hubspot})


def test_a_check_of_the_target_finds_what_was_changed_or_lost_there(
    filled: Any, spool_dir: Path, hubspot: HubSpot, hubspot_address: str
) -> None:
    _load(filled, hubspot, spool_dir, _feeds())
    _by_hand(hubspot_address, "003001", lastname="Hopper")
    lost = _held(hubspot_address, "003002")["hs_object_id"]
    httpx.delete(f"{hubspot_address}/crm/v3/objects/contacts/{lost}", headers=HEADERS).raise_for_status()

    assert _make(filled, hubspot, spool_dir, _feeds()).plan.to_send == 0
    stored = _load(filled, hubspot, spool_dir, _feeds(), reading="all")

    planned = _of(stored)
    assert (planned.update, planned.missing, planned.by_hand, planned.unchanged) == (1, 1, 1, 11)
    assert _held(hubspot_address, "003002")["firstname"] == "Ada"
    assert _held(hubspot_address, "003001")["lastname"] == "Hopper"
    kept = marts.query(filled, "select record_key, kept from ops.load_ledger where kept is not null")
    assert kept == [("003001", '["lastname"]')]
    again = _of(_make(filled, hubspot, spool_dir, _feeds(), reading="all"))
    assert (again.to_send, again.by_hand) == (0, 1)


def test_theirs_is_overwritten_or_stops_the_load_where_the_exposure_says_so(
    filled: Any, spool_dir: Path, hubspot: HubSpot, hubspot_address: str
) -> None:
    _load(filled, hubspot, spool_dir, _feeds())
    _by_hand(hubspot_address, "003001", lastname="Hopper")
    _change(filled, "lastname = 'Murray'", "003001")

    stopped = _make(filled, hubspot, spool_dir, _feeds(when_changed="stop"), reading="nothing")
    assert [finding.rows for finding in stopped.stops] == [1]
    assert (_of(stopped).update, _of(stopped).refused) == (0, 1)
    overwriting = _feeds(when_changed="overwrite")
    stored = _load(filled, hubspot, spool_dir, overwriting)

    assert _of(stored).changing == {"lastname": 1}
    assert _held(hubspot_address, "003001")["lastname"] == "Murray"


def test_a_feed_that_only_creates_leaves_alone_what_is_there(
    filled: Any, spool_dir: Path, hubspot: HubSpot, hubspot_address: str
) -> None:
    chosen = _feeds(policy="create_only")
    hubspot.provision(chosen)
    url = f"{hubspot_address}/crm/v3/objects/contacts"
    httpx.post(url, json={"properties": {"salesforce_id": "003001", "lastname": "Hopper"}}, headers=HEADERS)

    assert _of(_make(filled, hubspot, spool_dir, chosen, reading="all")).skipped == 1
    _load(filled, hubspot, spool_dir, chosen)
    _change(filled, "lastname = 'Murray'", "003002")
    again = _load(filled, hubspot, spool_dir, chosen)

    assert _held(hubspot_address, "003001")["lastname"] == "Hopper"
    assert _held(hubspot_address, "003002")["lastname"] == "King"
    assert (_of(again).skipped, _of(again).to_send, _of(again).in_ledger) == (1, 0, 12)


def test_a_feed_that_only_updates_makes_no_record(
    filled: Any, spool_dir: Path, hubspot: HubSpot, hubspot_address: str
) -> None:
    chosen = _feeds(policy="update_only")
    hubspot.provision(chosen)
    url = f"{hubspot_address}/crm/v3/objects/contacts"
    httpx.post(url, json={"properties": {"salesforce_id": "003001", "lastname": "Hopper"}}, headers=HEADERS)

    stored = _load(filled, hubspot, spool_dir, chosen)

    assert (_of(stored).update, _of(stored).skipped, _of(stored).create) == (1, 11, 0)
    assert _held(hubspot_address, "003001")["lastname"] == "King"
    assert _held(hubspot_address, "003002") == {}
    assert marts.query(filled, "select count(*) from ops.load_ledger where object = 'contacts'") == [(1,)]


def test_a_refused_row_is_sent_again_once_the_target_takes_it(
    filled: Any, spool_dir: Path, hubspot: HubSpot, hubspot_address: str
) -> None:
    _change(filled, "salesforce_tier = 'brass'", "003001")
    _load(filled, hubspot, spool_dir, _feeds())
    refused = _of(_make(filled, hubspot, spool_dir, _feeds()))
    assert (refused.refused, refused.to_send) == (1, 0)

    url = f"{hubspot_address}/crm/v3/properties/contacts/salesforce_tier"
    options = [
        {"value": name, "label": name, "displayOrder": 1, "hidden": False}
        for name in ("gold", "iron", "brass")
    ]
    httpx.patch(url, json={"options": options}, headers=HEADERS).raise_for_status()
    stored = _load(filled, hubspot, spool_dir, _feeds())

    assert (_of(stored).refused, _of(stored).to_send) == (0, 1)
    assert _held(hubspot_address, "003001")["salesforce_tier"] == "brass"


def test_a_property_that_was_deleted_there_is_made_and_filled_anew(
    filled: Any, spool_dir: Path, hubspot: HubSpot, hubspot_address: str
) -> None:
    _load(filled, hubspot, spool_dir, _feeds())
    url = f"{hubspot_address}/crm/v3/properties/contacts/salesforce_tier"
    httpx.delete(url, headers=HEADERS).raise_for_status()
    _change(filled, "firstname = 'Grace'", "003001")

    stored = _load(filled, hubspot, spool_dir, _feeds())

    assert [change.name for change in stored.schema] == ["salesforce_tier"]
    assert _of(stored).by_hand == 0
    assert {_held(hubspot_address, f"003{n:03}")["salesforce_tier"] for n in (1, 2, 12)} == {"gold"}


def test_the_preflight_finds_everything_at_once(
    filled: Any, spool_dir: Path, hubspot: HubSpot, hubspot_address: str
) -> None:
    chosen = _feeds()
    hubspot.provision(chosen)
    marts.query(
        filled, "update marts_test.contacts set salesforce_tier = 'brass', lastname = repeat('x', 65537)"
    )
    usage = httpx.get(
        f"{hubspot_address}/account-info/v3/api-usage/daily/private-apps", headers=HEADERS
    ).json()
    # The plan itself makes nine calls.
    limits = {"records": 5, "daily": usage["results"][0]["currentUsage"] + 10}
    httpx.post(f"{hubspot_address}/_sandbox/limits", json=limits).raise_for_status()
    contacts = next(feed for feed in chosen if feed.object == "contacts")
    unknown = replace(contacts.columns[0], name="nonsense")
    text = [
        replace(each, data_type="varchar") if each.name == "salesforce_born" else each
        for each in contacts.columns
    ]
    wrong = [feed for feed in chosen if feed is not contacts] + [
        replace(contacts, columns=(*text, replace(unknown, name="emial")))
    ]
    marts.query(filled, "alter table marts_test.contacts add column if not exists emial varchar")

    stored = _make(
        filled, HubSpot(hubspot_address, marts.HUBSPOT_TOKEN, share_free=0, day_free=0), spool_dir, wrong
    )

    marts.query(filled, "alter table marts_test.contacts drop column emial")
    found = {finding.message: finding for finding in stored.findings}
    assert len(found) == 6, [*found]
    [schema] = [text for text in found if "contacts.emial is no property" in text]
    [tier] = [text for text in found if "does not know brass (12)" in text]
    [length] = [text for text in found if "12 values are longer than the 65536 characters" in text]
    [kind] = [text for text in found if "salesforce_born is varchar in the mart and date" in text]
    [records] = [
        text for text in found if text.startswith("records of contacts: 0 of 5 are used, and 12 more")
    ]
    [day] = [text for text in found if "are left: the load stops before" in text]
    stops = {text for text, finding in found.items() if finding.stops}
    assert stops == {schema, kind, records}
    assert (found[tier].rows, found[length].rows, found[day].stops) == (12, 12, False)
    assert httpx.get(f"{hubspot_address}/_sandbox/calls").json()["written"] == {}


def test_what_is_sent_again_though_it_was_refused_is_checked_before_it_is(
    filled: Any, spool_dir: Path, hubspot: HubSpot
) -> None:
    chosen = [feed for feed in _feeds() if feed.object == "contacts"]
    _change(filled, "salesforce_tier = 'brass'", "003002")
    _load(filled, hubspot, spool_dir, chosen)

    same = _make(filled, hubspot, spool_dir, chosen)
    assert (_of(same).to_send, same.findings) == (0, ())

    retried = _make(filled, hubspot, spool_dir, chosen, retry_refused=True)
    # so does another mapping
    mapped = [
        replace(chosen[0], columns=(replace(chosen[0].columns[0], description="new"), *chosen[0].columns[1:]))
    ]
    for stored in (retried, _make(filled, hubspot, spool_dir, mapped)):
        assert _of(stored).to_send == 1
        assert [
            finding.rows for finding in stored.findings if "does not know brass (1)" in finding.message
        ] == [1]


def test_intercom_is_planned_the_same_way(
    connection: Any, spool_dir: Path, intercom: Intercom, intercom_address: str
) -> None:
    chosen = [feed for feed in feeds(marts.company_manifest()) if feed.label == "intercom contacts"]
    names = ", ".join(name for name, *_ in marts.PEOPLE)
    marts.fill(
        connection,
        "people",
        names,
        f"""select '003' || n as _record_key, iff(n = 2, 'boss', 'user') as role, 'p' || n || '@example.com' as email,
            'Ada' as name, '2026-01-02 03:04:05'::timestamp_ntz as signed_up_at, n::number(18, 2) as person_score,
            '1990-02-02'::date as person_born from ({marts.numbers(3)}) as made""",
    )
    first = _make(connection, intercom, spool_dir, chosen)
    assert [finding.message for finding in first.findings if "boss (1)" in finding.message]
    assert {change.name for change in first.schema} == {"person_score", "person_born", "salesforce_id"}
    marts.query(connection, "update marts_test.people set role = 'user'")
    marts.rehash(connection, "people", names)
    _load(connection, intercom, spool_dir, chosen)
    marts.query(
        connection, "update marts_test.people set name = 'Grace', person_score = 9 where _record_key = '0031'"
    )
    marts.rehash(connection, "people", names)

    stored = _make(connection, intercom, spool_dir, chosen)

    planned = _of(stored)
    assert (planned.update, planned.unchanged, planned.by_hand) == (1, 2, 0)
    assert planned.changing == {"name": 1, "person_score": 1}
    assert (stored.efforts[0].calls, stored.efforts[0].share_of_day) == (2, None)
    assert json.loads(
        marts.query(connection, "select changes from ops.plan_action where action = 'update'")[0][0]
    )["name"] == ["Ada", "Grace"]


def test_a_contact_at_more_companies_than_intercom_takes_is_found(
    connection: Any, declared: list[Feed]
) -> None:
    joined = next(feed for feed in declared if feed.label == "intercom attachments")
    marts.fill(
        connection,
        "joined",
        "contact_key, company_key",
        f"""select 'j' || n as _record_key, iff(n <= 1002, 'c1', 'c' || n) as contact_key, 'f' || n as company_key
            from ({marts.numbers(1100)}) as made""",
    )

    [finding] = preflight.crowded(connection, FeedPlan(joined, create=1100))

    assert finding.message.startswith(
        "1 records have more than the 1,000 attachments that intercom takes of one; 2"
    )
    assert (finding.rows, finding.stops) == (2, False)
    assert [*preflight.crowded(connection, FeedPlan(joined))] == []


def test_somebody_has_to_agree_to_a_large_first_load_and_to_many_deletions(declared: list[Feed]) -> None:
    contacts = next(feed for feed in declared if feed.label == "hubspot contacts")

    def names(**counts: int) -> list[str]:
        planned = plans.Plan((FeedPlan(contacts, **counts),))
        return [guard.name for guard in guards(planned, most_new=100)]

    assert names(create=100) == []
    assert names(create=101) == ["first load"]
    assert names(create=101, in_ledger=1) == []
    assert names(archive=10, in_ledger=10) == []
    assert names(archive=11, in_ledger=1_000) == ["archive"]
    assert names(archive=11, in_ledger=1_100) == []


def test_a_plan_of_an_object_that_is_declared_no_more_is_refused(
    filled: Any, spool_dir: Path, hubspot: HubSpot
) -> None:
    plan_id = _make(filled, hubspot, spool_dir, _feeds()).plan.plan_id or ""

    with pytest.raises(LoadError, match="which no exposure declares now"):
        plans.find(filled, plan_id, _feeds()[:1], {"hubspot": hubspot})


def test_a_stage_that_was_renamed_is_not_made_a_second_time(
    connection: Any, spool_dir: Path, hubspot: HubSpot, hubspot_address: str
) -> None:
    """Its label is all that the seed knows of a stage that a load made: what was sent tells the id."""
    marts.query(
        connection,
        "create or replace table marts_test.deals (_record_key varchar, _row_hash varchar, dealname varchar, "
        "pipeline varchar, dealstage varchar)",
    )
    marts.query(
        connection,
        "insert into marts_test.deals select * from values ('d1', '1', 'One', 'default', 'analysis'), "
        "('d2', '1', 'Two', 'default', 'closedwon')",
    )
    stages = (
        Stage("closedwon", "Closed Won", 0),
        Stage("analysis", "Needs Analysis", 2, (("probability", "0.4"),)),
    )
    columns = (
        Column("dealname", "varchar"),
        Column("pipeline", "varchar", refers_to="pipelines"),
        Column("dealstage", "varchar", refers_to="stages"),
    )
    contacts = next(feed for feed in _feeds() if feed.object == "contacts")
    deals = replace(
        contacts,
        object="deals",
        relation="MIGRATION.MARTS_TEST.DEALS",
        columns=columns,
        pipelines=(Pipeline("default", "Sales Pipeline", stages),),
    )
    _load(connection, hubspot, spool_dir, [deals])
    path = f"{hubspot_address}/crm/v3/pipelines/deals/default/stages"
    listed = httpx.get(path, headers=HEADERS).json()["results"]
    [made] = [each["id"] for each in listed if each["label"] == "Needs Analysis"]
    marts.query(connection, "update marts_test.deals set _row_hash = '2' where _record_key = 'd2'")
    assert _make(connection, hubspot, spool_dir, [deals], reading="nothing").findings == ()

    renamed = {"label": "Looking", "metadata": {"probability": "0.4"}}
    httpx.patch(f"{path}/{made}", json=renamed, headers=HEADERS).raise_for_status()
    stored = _make(connection, hubspot, spool_dir, [deals], reading="nothing")

    [finding] = stored.stops
    assert f"deals.dealstage: analysis was sent as {made}" in finding.message
    by_id = replace(
        deals, pipelines=(Pipeline("default", "Sales Pipeline", (stages[0], Stage(made, "Looking", 2))),)
    )
    marts.query(
        connection,
        f"update marts_test.deals set dealstage = '{made}', _row_hash = '2' where _record_key = 'd1'",
    )
    mended = _make(connection, hubspot, spool_dir, [by_id], reading="nothing")
    assert (mended.findings, mended.schema) == ((), ())
