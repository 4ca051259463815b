"""What HubSpot knows beyond contacts and companies: own objects, labels, references, people who want no e-mail."""

from dataclasses import replace
from typing import Any

import httpx
import pytest

from load.feeds import Column, Feed, LinkKind, Option, Property, Schema
from load.hubspot import HubSpot
from load.hubspot_lifecycle import forward_only
from load.hubspot_optouts import carry_over
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
