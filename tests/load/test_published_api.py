"""What the loaders say over the wire, held to what the vendors publish about their APIs."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from load.feeds import Column, Feed, Pipeline, Stage
from load.hubspot import HubSpot
from load.intercom import Intercom
from load.target import Result, Row, Target
from sandbox.hubspot.app import create_app as hubspot_app
from sandbox.intercom.app import create_app as intercom_app
from tests.load import marts
from tests.sandbox import intercom_spec, openapi
from tests.sandbox.serving import serve


@pytest.fixture
def hubspot_wire(tmp_path: Path, shared: Path) -> Iterator[tuple[str, openapi.Conformance]]:
    conformance = openapi.Conformance(hubspot_app(tmp_path), openapi.hubspot(shared))
    with serve(conformance) as url:
        yield url, conformance


@pytest.fixture
def intercom_wire(tmp_path: Path, shared: Path) -> Iterator[tuple[str, openapi.Conformance]]:
    conformance = openapi.Conformance(intercom_app(tmp_path), intercom_spec.description(shared))
    with serve(conformance) as url:
        yield url, conformance


def _all(target: Target, feed: Feed, rows: list[Row]) -> list[Result]:
    results = [result for several in target.send(feed, rows) for result in several]
    assert {result.status for result in results} == {"succeeded"}
    return results


def test_hubspot(hubspot_wire: tuple[str, openapi.Conformance], declared: list[Feed]) -> None:
    url, conformance = hubspot_wire
    feeds = {feed.object: feed for feed in declared if feed.target == "hubspot"}
    target = HubSpot(url, marts.HUBSPOT_TOKEN)
    target.check_account()
    target.provision(list(feeds.values()))
    httpx.post(
        f"{url}/crm/v3/objects/contacts",
        json={"properties": {"email": "ada@example.com"}},
        headers={"Authorization": f"Bearer {marts.HUBSPOT_TOKEN}"},
    ).raise_for_status()

    deals = replace(
        feeds["companies"],
        object="deals",
        columns=(
            Column("pipeline", "varchar", refers_to="pipelines"),
            Column("dealstage", "varchar", refers_to="stages"),
        ),
        pipelines=(
            Pipeline("own", "Own", (Stage("own_won", "Won", 0, (("probability", "1.0"),)),)),
            Pipeline("default", "Sales Pipeline", (Stage("new", "New", 0, (("probability", "0.1"),)),)),
        ),
    )
    target.provision([deals])
    _all(target, deals, [Row("006", "h", "create", None, {"pipeline": "own", "dealstage": "own_won"})])

    # The contact is adopted, then changed.
    [contact] = _all(
        target, feeds["contacts"], [Row("003", "h", "create", None, {"email": "ada@example.com"})]
    )
    _all(target, feeds["contacts"], [Row("003", "h", "update", contact.target_id, {"firstname": None})])
    [company] = _all(target, feeds["companies"], [Row("001", "h", "create", None, {"name": "Acme"})])
    values = {"from_object": "contacts", "to_object": "companies", "association_type": "primary"}
    ends = {"from_id": contact.target_id, "to_id": company.target_id}
    [link] = _all(target, feeds["associations"], [Row("l", "h", "create", None, {**values, **ends})])
    list(target.archive(feeds["associations"], [Row("l", None, "archive", link.target_id)]))
    list(target.archive(feeds["contacts"], [Row("003", None, "archive", contact.target_id)]))

    assert conformance.violations() == []
    assert sum(conformance.passed.values()) >= target.calls


def test_intercom(intercom_wire: tuple[str, openapi.Conformance], declared: list[Feed]) -> None:
    url, conformance = intercom_wire
    feeds = {feed.object: feed for feed in declared if feed.target == "intercom"}
    target = Intercom(url, marts.INTERCOM_TOKEN, search_lag=0)
    target.check_account()
    target.provision(list(feeds.values()))
    nothing: dict[str, Any] = dict.fromkeys(name for name, *_ in marts.PEOPLE)
    person = {**nothing, "role": "user", "email": "ada@example.com", "person_score": 1.5}

    [company] = _all(
        target,
        feeds["companies"],
        [Row("001", "h", "create", None, {"name": "Acme", "size": 3, "firm_tier": None})],
    )
    [contact] = _all(target, feeds["contacts"], [Row("003", "h", "create", None, person)])
    _all(
        target,
        feeds["contacts"],
        [Row("003", "h", "update", contact.target_id, {**person, "person_score": None})],
    )
    # As after a crash: the contact is there and the ledger does not know it.
    _all(target, feeds["contacts"], [Row("003", "h", "create", None, person)])
    ends = {"contact_id": contact.target_id, "company_id": company.target_id}
    [joined] = _all(target, feeds["attachments"], [Row("l", "h", "create", None, ends)])
    asked = {
        **dict.fromkeys(name for name, *_ in marts.REQUESTS),
        "contact_id": contact.target_id,
        "ticket_type": "Question",
        "ticket_state": "Resolved",
        "title": "Help",
        "created_at": datetime(2020, 1, 2),
    }
    [ticket] = _all(target, feeds["tickets"], [Row("500", "h", "create", None, asked)])
    _all(target, feeds["tickets"], [Row("500", "h", "update", ticket.target_id, asked)])
    list(target.read(feeds["tickets"], [Row("500", None, "update", None)]))
    said = {
        "contact_id": contact.target_id,
        "ticket_id": ticket.target_id,
        "body": "<p>Hi</p>",
        "admin_id": None,
    }
    for object_, extra in (("contact_notes", {}), ("ticket_notes", {"created_at": datetime(2020, 1, 2)})):
        [note] = _all(target, feeds[object_], [Row("002", "h", "create", None, {**said, **extra})])
        list(target.read(feeds[object_], [Row("002", None, "update", note.target_id)]))
    list(target.archive(feeds["tickets"], [Row("500", None, "archive", ticket.target_id)]))
    [tag] = _all(target, feeds["tags"], [Row("webinar", "h", "create", None, {"name": "Webinar"})])
    for kind, tagged in (("contacts", contact.target_id), ("companies", company.target_id)):
        ends = {"tagged_object": kind, "tagged_id": tagged, "tag_key": "webinar", "tag_id": tag.target_id}
        [put_on] = _all(target, feeds["taggings"], [Row("t", "h", "create", None, ends)])
        list(target.read(feeds["taggings"], [Row("t", None, "update", put_on.target_id)]))
        list(target.archive(feeds["taggings"], [Row("t", None, "archive", put_on.target_id)]))
    list(target.read(feeds["tags"], [Row("webinar", None, "update", None)]))
    list(target.archive(feeds["tags"], [Row("webinar", None, "archive", tag.target_id)]))
    [lead] = _all(target, feeds["contacts"], [Row("00Q", "h", "create", None, {**person, "role": "lead"})])
    ends = {"lead_id": lead.target_id, "user_id": contact.target_id}
    _all(target, feeds["merges"], [Row("m", "h", "create", None, ends)])
    _all(target, feeds["merges"], [Row("m", "h", "create", None, ends)])
    list(target.archive(feeds["attachments"], [Row("l", None, "archive", joined.target_id)]))
    list(target.archive(feeds["contacts"], [Row("003", None, "archive", contact.target_id)]))
    list(target.archive(feeds["companies"], [Row("001", None, "archive", company.target_id)]))

    assert conformance.violations() == []
    assert sum(conformance.passed.values()) >= target.calls
