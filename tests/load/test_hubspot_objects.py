"""What HubSpot knows beyond contacts and companies: own objects, labels, references, people who want no e-mail."""

from dataclasses import replace
from typing import Any

import httpx
import pytest
from msgspec import structs

from load.drift import changes as differences
from load.feeds import Column, Feed, LinkKind, Option, Pipeline, Property, Schema, Stage
from load.hubspot import HubSpot
from load.hubspot.lifecycle import forward_only
from load.hubspot.optouts import carry_over
from load.target import Result, Row, SchemaConflictError, TargetUnavailableError
from tests.load.marts import HUBSPOT_TOKEN

TEXT = {"group": "salesforce_migration", "type": "string", "field_type": "text"}
NAME = Column("subscription_name", "varchar", custom=Property("Subscription", **{**TEXT, "group": None}))


@pytest.fixture
def contacts(declared: list[Feed]) -> Feed:
    """Give the contacts' feed, whose opt-outs are carried over."""
    feed = next(feed for feed in declared if feed.label == "hubspot contacts")
    out = (
        replace(one, opts_out="email") if one.name == "salesforce_opt_out" else one for one in feed.columns
    )
    return replace(feed, columns=tuple(out))


@pytest.fixture
def links(declared: list[Feed]) -> Feed:
    feed = next(feed for feed in declared if feed.label == "hubspot associations")
    kinds = (
        LinkKind("p_subscription", "contacts", "unlabelled"),
        LinkKind("p_subscription", "contacts", "payer", "Payer"),
    )
    return replace(feed, kinds=kinds)


def _feed(like: Feed, object_: str, *columns: Column, schema: Schema | None = None) -> Feed:
    return replace(like, object=object_, columns=columns, schema=schema)


def _sent(target: HubSpot, feed: Feed, *rows: Row) -> dict[str, Result]:
    return {result.record_key: result for several in target.send(feed, rows) for result in several}


def _read(address: str, path: str) -> Any:
    answer = httpx.get(address + path, headers={"Authorization": f"Bearer {HUBSPOT_TOKEN}"})
    return answer.raise_for_status().json()


def test_an_own_object_is_created_filled_and_linked_under_a_label(
    hubspot: HubSpot, hubspot_address: str, contacts: Feed, links: Feed
) -> None:
    schema = Schema("subscription", "Subscription", "Subscriptions", "subscription_name", ("contacts",))
    subscriptions = _feed(contacts, "p_subscription", NAME, schema=schema)
    feeds = [contacts, subscriptions, links]
    planned = hubspot.provision([subscriptions], dry_run=True)
    assert [change.change for change in planned] == ["object created"]
    changes = {change.change for change in hubspot.provision(feeds)}
    assert {"object created", "association label 'Payer' created"} <= changes
    assert hubspot.provision(feeds) == []

    person = _sent(hubspot, contacts, Row("c1", "h", "create", None, {"email": "ann@example.com"}))["c1"]
    made = _sent(hubspot, subscriptions, Row("s1", "h", "create", None, {"subscription_name": "SUB-1"}))["s1"]
    ends = {
        "from_object": "p_subscription",
        "from_id": made.target_id,
        "to_object": "contacts",
        "to_id": person.target_id,
    }
    rows = [
        Row(kind, "h", "create", None, {**ends, "association_type": kind})
        for kind in ("unlabelled", "payer", "stranger")
    ]
    results = _sent(hubspot, links, *rows)
    assert {key: result.status for key, result in results.items()} == {
        "unlabelled": "succeeded",
        "payer": "succeeded",
        "stranger": "refused",
    }
    path = f"/crm/v4/objects/p_subscription/{made.target_id}/associations/contacts"
    [found] = _read(hubspot_address, path)["results"]
    assert {each["label"] for each in found["associationTypes"]} == {None, "Payer"}


def test_a_line_names_its_product_by_hubspots_id(
    hubspot: HubSpot, hubspot_address: str, contacts: Feed
) -> None:
    products = _feed(contacts, "products", Column("name", "varchar"))
    columns = (Column("name", "varchar"), Column("hs_product_id", "varchar", refers_to="products"))
    lines = _feed(contacts, "line_items", *columns)
    hubspot.provision([products, lines])
    product = _sent(hubspot, products, Row("p1", "h", "create", None, {"name": "Sensor"}))["p1"]
    results = _sent(
        hubspot,
        lines,
        Row("i1", "h", "create", None, {"name": "Sensor", "hs_product_id": "p1"}),
        Row("i2", "h", "create", None, {"name": "Gauge", "hs_product_id": "never sent"}),
    )
    held = {
        key: _read(hubspot_address, f"/crm/v3/objects/line_items/{result.target_id}?properties=hs_product_id")
        for key, result in results.items()
    }
    assert held["i1"]["properties"]["hs_product_id"] == product.target_id
    assert held["i2"]["properties"]["hs_product_id"] is None


def test_a_plan_names_the_product_as_hubspot_does(hubspot: HubSpot, contacts: Feed) -> None:
    products = _feed(contacts, "products", Column("name", "varchar"))
    column = Column("hs_product_id", "varchar", refers_to="products")
    lines = _feed(contacts, "line_items", column)
    hubspot.provision([products, lines])
    made = _sent(hubspot, products, *(Row(key, "h", "create", None, {"name": key}) for key in ("p1", "p2")))
    line = _sent(hubspot, lines, Row("i1", "h", "create", None, {"hs_product_id": "p1"}))["i1"]
    row = Row("i1", "h2", "update", line.target_id, {"hs_product_id": "p2"})

    [[present]] = hubspot.read(lines, [row])
    [spelled] = hubspot.spelled(lines, [row])

    first, second = made["p1"].target_id, made["p2"].target_id
    assert differences(lines, spelled, present.values) == {"hs_product_id": (first, second)}
    [same] = hubspot.spelled(lines, [structs.replace(row, values={"hs_product_id": "p1"})])
    assert differences(lines, same, present.values) == {}


def test_pipelines_and_stages_are_made_where_they_are_lacking(
    hubspot: HubSpot, hubspot_address: str, contacts: Feed
) -> None:
    columns = (
        Column("dealname", "varchar"),
        Column("pipeline", "varchar", refers_to="pipelines"),
        Column("dealstage", "varchar", refers_to="stages"),
    )
    own = Pipeline("partners", "Partners", (Stage("signed", "Signed", 0, (("probability", "1.0"),)),))
    known = Stage("closedwon", "Whatever it is called", 0)
    added = Stage("analysis", "Needs Analysis", 2, (("probability", "0.4"),))
    deals = replace(
        _feed(contacts, "deals", *columns),
        pipelines=(own, Pipeline("default", "Sales Pipeline", (known, added))),
    )
    wanted = ["pipeline created", "stage of Sales Pipeline created"]
    assert [c.change for c in hubspot.provision([deals], dry_run=True) if "created" in c.change][
        -2:
    ] == wanted
    before = hubspot.definitions(deals)["dealstage"].allowed or frozenset()
    assert {"signed", "analysis", "closedwon", "contractsent"} <= before
    assert [change.change for change in hubspot.provision([deals])][-2:] == wanted
    assert hubspot.provision([deals]) == []
    assert hubspot.definitions(deals)["dealstage"].allowed == before

    stages = {"d1": ("partners", "signed"), "d2": ("default", "analysis"), "d3": ("default", "contractsent")}
    rows = [
        Row(key, "h", "create", None, {"dealname": key, "pipeline": pipeline, "dealstage": stage})
        for key, (pipeline, stage) in stages.items()
    ]
    results = _sent(hubspot, deals, *rows)
    assert {result.status for result in results.values()} == {"succeeded"}
    listed = _read(hubspot_address, "/crm/v3/pipelines/deals")["results"]
    labels = {stage["id"]: (each["label"], stage["label"]) for each in listed for stage in each["stages"]}
    held = {
        key: _read(hubspot_address, f"/crm/v3/objects/deals/{result.target_id}?properties=dealstage")
        for key, result in results.items()
    }
    assert {key: labels[record["properties"]["dealstage"]] for key, record in held.items()} == {
        "d1": ("Partners", "Signed"),
        "d2": ("Sales Pipeline", "Needs Analysis"),
        "d3": ("Sales Pipeline", "Contract Sent"),
    }
    again = [
        structs.replace(row, action="update", target_id=results[row.record_key].target_id) for row in rows
    ]
    [present] = hubspot.read(deals, again)
    held_by_key = {one.record_key: one.values for one in present}
    for row in hubspot.spelled(deals, again):
        assert differences(deals, row, held_by_key[row.record_key]) == {}


def test_who_opted_out_gets_no_email_and_nobody_else_is_touched(
    hubspot: HubSpot, hubspot_address: str, contacts: Feed
) -> None:
    hubspot.provision([contacts])
    people = {"c1": ("ann@example.com", True), "c2": ("bob@example.com", False), "c3": (None, True)}
    rows = [
        Row(key, "h", "create", None, {"email": email, "salesforce_opt_out": out})
        for key, (email, out) in people.items()
    ]
    results = _sent(hubspot, contacts, *rows)
    assert {result.status for result in results.values()} == {"succeeded"}
    held = {
        key: _read(hubspot_address, f"/crm/v3/objects/contacts/{result.target_id}?properties=hs_email_optout")
        for key, result in results.items()
    }
    assert {key: record["properties"]["hs_email_optout"] for key, record in held.items()} == {
        "c1": "true",
        "c2": None,
        "c3": None,
    }


def test_a_contact_whose_opt_out_was_not_answered_is_sent_again(contacts: Feed) -> None:
    def ask(*_: Any) -> Any:
        raise TargetUnavailableError("no answer")

    rows = [
        Row(key, "h", "create", None, {"email": f"{key}@example.com", "salesforce_opt_out": key == "c1"})
        for key in ("c1", "c2")
    ]
    results = list(carry_over(ask, "/unsubscribe", contacts, rows, [row.succeeded("7") for row in rows]))
    assert [(result.status, result.error_category) for result in results] == [
        ("failed", "OPT_OUT"),
        ("succeeded", None),
    ]


def test_a_new_option_stops_the_load_where_the_setting_says_so(
    hubspot: HubSpot, hubspot_address: str, contacts: Feed
) -> None:
    hubspot.provision([contacts])
    tier = next(column for column in contacts.columns if column.name == "salesforce_tier")
    assert tier.custom is not None
    more = replace(tier, custom=replace(tier.custom, options=(*tier.custom.options, Option("tin", "Tin"))))
    feed = replace(contacts, columns=(more,))
    careful = HubSpot(hubspot_address, HUBSPOT_TOKEN, create_options=False)
    with pytest.raises(SchemaConflictError, match=r"contacts\.salesforce_tier lacks the options tin"):
        careful.provision([feed])
    assert [change.change for change in hubspot.provision([feed])] == ["1 options added"]


@pytest.mark.parametrize(
    ("ours", "theirs", "sent"),
    [("lead", "customer", False), ("customer", "lead", True), ("lead", "lead", True), ("lead", None, True)],
)
def test_a_lifecycle_stage_never_moves_backward_unnoticed(ours: str, theirs: str | None, sent: bool) -> None:
    row = Row("c1", "h", "update", "7", {"lifecyclestage": ours, "firstname": "Ann"})
    left = forward_only(row, {"lifecyclestage": theirs})
    assert ("lifecyclestage" in left.values) == sent
    assert left.kept == (() if sent else ("lifecyclestage",))
    assert left.values["firstname"] == "Ann"
