"""What every target keeps to, checked against the stand-ins of both."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
from msgspec import structs

from load.feeds import Feed, Property
from load.hubspot import HubSpot
from load.intercom import Intercom
from load.target import (
    AccessDeniedError,
    Present,
    Result,
    Row,
    SchemaConflictError,
    Target,
    WrongAccountError,
)
from tests.load import marts


@dataclass(frozen=True)
class Case:
    """A target, its feed of contacts, and a way to ask its stand-in who is there."""

    target: Target
    feed: Feed
    count: Callable[[], int]
    stranger: Target
    elsewhere: Target


@pytest.fixture(params=["hubspot", "intercom"])
def case(request: pytest.FixtureRequest, declared: list[Feed]) -> Case:
    made: Case = request.getfixturevalue(f"_{request.param}_case")
    made.target.provision([feed for feed in declared if feed.target == made.target.name])
    return made


@pytest.fixture
def _hubspot_case(hubspot: HubSpot, hubspot_address: str, declared: list[Feed]) -> Case:
    return Case(
        hubspot,
        _feed(declared, "hubspot contacts"),
        lambda: _hubspot_contacts(hubspot_address),
        HubSpot(hubspot_address, "wrong-token"),
        HubSpot(hubspot_address, marts.HUBSPOT_TOKEN, expected_account="1"),
    )


@pytest.fixture
def _intercom_case(intercom: Intercom, intercom_address: str, declared: list[Feed]) -> Case:
    return Case(
        intercom,
        _feed(declared, "intercom contacts"),
        lambda: _intercom_contacts(intercom_address),
        Intercom(intercom_address, "wrong-token"),
        Intercom(intercom_address, marts.INTERCOM_TOKEN, expected_workspace="other"),
    )


def test_no_row_makes_no_call(case: Case) -> None:
    calls = case.target.calls

    assert _send(case, []) == {}
    assert _read(case, []) == {}
    assert list(case.target.archive(case.feed, [])) == []
    assert case.target.calls == calls


def test_every_row_gets_a_result_with_the_targets_id(case: Case) -> None:
    records = case.target.records

    results = _send(case, [_row(case, n) for n in range(250)])

    assert len(results) == 250
    assert {result.status for result in results.values()} == {"succeeded"}
    assert len({result.target_id for result in results.values()}) == 250
    assert all(result.payload and f"p{int(key)}@" in result.payload for key, result in results.items())
    assert case.target.records - records == 250
    assert case.count() == 250


def test_a_refused_row_is_reported_and_takes_none_with_it(case: Case) -> None:
    rows = [_row(case, n) for n in range(40)]
    rows[17] = structs.replace(rows[17], values={**rows[17].values, "email": "no address"})

    results = _send(case, rows)

    refused = results.pop(rows[17].record_key)
    assert refused.status == "refused"
    assert refused.error_category
    assert refused.error_message
    assert refused.correlation_id
    assert {result.status for result in results.values()} == {"succeeded"}
    assert case.count() == 39


def test_a_number_that_is_none_is_refused_before_it_is_sent(case: Case) -> None:
    column = next(column.name for column in case.feed.columns if column.name.endswith("_score"))
    row = _row(case, 1)
    calls = case.target.calls

    [result] = _send(case, [structs.replace(row, values={**row.values, column: float("nan")})]).values()

    assert (result.status, result.error_category) == ("refused", "VALUE")
    assert case.target.calls == calls


def test_sending_again_changes_nothing(case: Case) -> None:
    rows = [_row(case, n) for n in range(30)]
    first = _send(case, rows)

    # As after a crash: the ledger does not know that the rows arrived.
    second = _send(case, rows)

    assert {key: result.target_id for key, result in first.items()} == {
        key: result.target_id for key, result in second.items()
    }
    assert {result.status for result in second.values()} == {"succeeded"}
    assert case.count() == 30


def test_an_update_keeps_what_it_overwrites_and_nothing_else(case: Case) -> None:
    name = "name" if case.target.name == "intercom" else "firstname"
    score = next(column.name for column in case.feed.columns if column.name.endswith("_score"))
    row = _row(case, 1)
    [made] = _send(case, [structs.replace(row, values={**row.values, score: 7})]).values()

    changed = structs.replace(row, action="update", target_id=made.target_id)
    [updated] = _send(
        case, [structs.replace(changed, values={**row.values, name: "Grace", score: 8})]
    ).values()

    assert made.before is None
    assert updated.before is not None
    assert updated.before[name] == "Ada 1"
    assert str(updated.before[score]) == "7"
    assert updated.before["email"] == "p1@example.com"
    assert updated.before[case.feed.key] == row.record_key
    assert set(updated.before) == {case.feed.key, *(column.name for column in case.feed.columns)}


def test_what_is_there_is_read_by_id_and_by_key(case: Case) -> None:
    name = "name" if case.target.name == "intercom" else "firstname"
    rows = [_row(case, n) for n in range(130)]
    made = _send(case, rows)
    known = [structs.replace(row, target_id=made[row.record_key].target_id) for row in rows]

    by_id = _read(case, [*known, structs.replace(_row(case, 800), target_id="5f0000000000000000000000")])
    by_key = _read(case, [*rows[:3], _row(case, 801)])

    assert (by_id.pop(f"{800:018}").target_id, by_key.pop(f"{801:018}").target_id) == (None, None)
    assert {key: there.target_id for key, there in by_id.items()} == {
        key: result.target_id for key, result in made.items()
    }
    assert by_key == {key: by_id[key] for key in by_key}
    assert by_id[rows[7].record_key].values[name] == "Ada 7"
    assert by_id[rows[7].record_key].values[case.feed.key] == rows[7].record_key
    assert set(by_id[rows[7].record_key].values) == {
        case.feed.key,
        *(column.name for column in case.feed.columns),
    }


def test_what_was_archived_is_not_there(case: Case) -> None:
    row = _row(case, 1)
    [made] = _send(case, [row]).values()
    list(case.target.archive(case.feed, [Row(row.record_key, None, "archive", made.target_id)]))

    [there] = _read(case, [structs.replace(row, target_id=made.target_id)]).values()

    assert (there.target_id, there.values) == (None, {})


def test_links_that_are_there_are_told_from_those_that_are_not(case: Case, declared: list[Feed]) -> None:
    kinds = ("associations", "attachments")
    link = next(feed for feed in declared if feed.object in kinds and feed.target == case.target.name)
    companies = next(
        feed for feed in declared if feed.object == "companies" and feed.target == case.target.name
    )
    empty: dict[str, Any] = dict.fromkeys(column.name for column in companies.columns)
    [made] = _send(case, [_row(case, 1)]).values()
    firm = Row("001", "h", "create", None, {**empty, "name": "Firm"})
    [company] = [result for several in case.target.send(companies, [firm]) for result in several]
    ends = {"from_object": "contacts", "to_object": "companies", "association_type": "primary"}
    ids = {"from_id": made.target_id, "to_id": company.target_id}
    row = Row(
        "l",
        "h",
        "create",
        None,
        {**ends, **ids, "contact_id": made.target_id, "company_id": company.target_id},
    )
    [linked] = [result for several in case.target.send(link, [row]) for result in several]
    other = f"contacts/{made.target_id}/companies/5f0000000000000000000000"
    asked = [structs.replace(row, target_id=linked.target_id), Row("m", None, "update", other)]

    def there() -> dict[str, str | None]:
        read = [each for several in case.target.read(link, asked) for each in several]
        return {each.record_key: each.target_id for each in read}

    assert there() == {"l": linked.target_id, "m": None}
    list(case.target.archive(link, [structs.replace(asked[0], action="archive")]))
    assert there() == {"l": None, "m": None}


def test_a_refused_update_has_overwritten_nothing(case: Case) -> None:
    row = _row(case, 1)
    [made] = _send(case, [row]).values()

    wrong = structs.replace(
        row, action="update", target_id=made.target_id, values={**row.values, "email": "none"}
    )
    [refused] = _send(case, [wrong]).values()

    assert (refused.status, refused.before) == ("refused", None)


def test_an_archived_record_is_gone_and_archiving_again_does_no_harm(case: Case) -> None:
    results = _send(case, [_row(case, n) for n in range(5)])
    gone = [Row(key, None, "archive", result.target_id) for key, result in list(results.items())[:2]]

    for _ in range(2):
        archived = [result for several in case.target.archive(case.feed, gone) for result in several]
        assert {(result.action, result.status) for result in archived} == {("archive", "succeeded")}
    assert case.count() == 3


def test_a_record_that_was_archived_in_the_target_comes_back(case: Case) -> None:
    row = _row(case, 1)
    [made] = _send(case, [row]).values()
    list(case.target.archive(case.feed, [Row(row.record_key, None, "archive", made.target_id)]))

    [again] = _send(case, [structs.replace(row, action="update", target_id=made.target_id)]).values()

    assert again.status == "succeeded"
    assert case.count() == 1


def test_a_second_provision_changes_nothing(case: Case, declared: list[Feed]) -> None:
    assert case.target.provision([feed for feed in declared if feed.target == case.target.name]) == []


def test_a_dry_run_says_what_would_be_added_and_adds_nothing(case: Case) -> None:
    new = Property("New", type="string", field_type="text", data_type="string")
    feed = replace(case.feed, columns=(replace(case.feed.columns[0], name="new_one", custom=new),))

    planned = case.target.provision([feed], dry_run=True)

    assert [change.name for change in planned] == ["new_one"]
    assert case.target.provision([feed]) == planned


def test_definitions_say_what_a_property_takes(case: Case) -> None:
    found = case.target.definitions(case.feed)

    assert set(found) == {case.feed.key, *(column.name for column in case.feed.columns)}
    score = next(name for name in found if name.endswith("_score"))
    assert found[score].type in ("number", "float")
    enumerated = found["role" if case.target.name == "intercom" else "salesforce_tier"]
    assert enumerated.allowed in ({"user", "lead"}, {"gold", "iron"})


def test_calls_are_estimated(case: Case) -> None:
    batched = case.target.name == "hubspot"

    assert case.target.calls_needed(case.feed, create=250, update=0, archive=0) == (3 if batched else 250)
    assert case.target.calls_needed(case.feed, create=0, update=101, archive=1) == (5 if batched else 203)
    assert case.target.calls_per_second > 1
    assert case.target.checklist


def test_what_somebody_changed_stays_and_is_reported(case: Case) -> None:
    name = "name" if case.target.name == "intercom" else "firstname"
    row = _row(case, 1)
    [made] = _send(case, [row]).values()
    known = structs.replace(row, action="update", target_id=made.target_id)
    [by_hand] = _send(case, [structs.replace(known, values={**row.values, name: "Grace"})]).values()
    assert by_hand.before is not None

    sent = ({"email": "p1@example.com", name: "Ada 1"},)
    changed = {**row.values, name: "Eve", "email": "other@example.com"}
    [kept] = _send(case, [structs.replace(known, sent=sent, values=changed)]).values()
    [there] = _read(case, [known]).values()

    assert (kept.status, kept.kept) == ("succeeded", (name,))
    assert name not in (kept.payload or "")
    assert (there.values[name], there.values["email"]) == ("Grace", "other@example.com")


def test_a_misspelt_field_stops_before_anything_is_changed(case: Case) -> None:
    feed = replace(
        case.feed,
        columns=(
            *(
                replace(column, name="emial") if column.name == "email" else column
                for column in case.feed.columns
            ),
            replace(
                case.feed.columns[0],
                name="new_one",
                custom=Property("New", type="string", field_type="text", data_type="string"),
            ),
        ),
    )

    with pytest.raises(SchemaConflictError, match=r"contacts\.emial"):
        case.target.provision([feed])
    assert [change.name for change in case.target.provision([replace(feed, columns=feed.columns[-1:])])] == [
        "new_one"
    ]


def test_another_type_stops_before_anything_is_changed(case: Case) -> None:
    [column] = [column for column in case.feed.columns if column.name.endswith("_score")]
    assert column.custom is not None
    text = replace(column.custom, type="string", field_type="text", data_type="string")

    with pytest.raises(SchemaConflictError, match=f"contacts.{column.name} is of type"):
        case.target.provision([replace(case.feed, columns=(replace(column, custom=text),))])


def test_a_wrong_token_raises(case: Case) -> None:
    with pytest.raises(AccessDeniedError, match="401"):
        case.stranger.check_account()
    with pytest.raises(AccessDeniedError):
        list(case.stranger.send(case.feed, [_row(case, 1)]))


def test_another_account_is_refused(case: Case) -> None:
    assert case.target.check_account()
    with pytest.raises(WrongAccountError, match="was expected"):
        case.elsewhere.check_account()


def test_the_token_is_nowhere_to_be_seen(case: Case) -> None:
    assert "token" not in repr(case.target)
    assert "token" not in str(case.target)


def _row(case: Case, n: int) -> Row:
    values: dict[str, Any] = dict.fromkeys(column.name for column in case.feed.columns)
    values |= {"email": f"p{n}@example.com"}
    values |= (
        {"role": "user", "name": f"Ada {n}"} if case.target.name == "intercom" else {"firstname": f"Ada {n}"}
    )
    return Row(f"{n:018}", f"hash-{n}", "create", None, values)


def _send(case: Case, rows: list[Row]) -> dict[str, Result]:
    results = [result for several in case.target.send(case.feed, rows) for result in several]
    assert len(results) == len(rows)
    return {result.record_key: result for result in results}


def _read(case: Case, rows: list[Row]) -> dict[str, Present]:
    there = [present for several in case.target.read(case.feed, rows) for present in several]
    assert len(there) == len(rows)
    return {present.record_key: present for present in there}


def _feed(declared: list[Feed], label: str) -> Feed:
    return next(feed for feed in declared if feed.label == label)


def _hubspot_contacts(address: str) -> int:
    headers = {"Authorization": f"Bearer {marts.HUBSPOT_TOKEN}"}
    limits = httpx.get(f"{address}/crm/v3/limits/records", headers=headers).json()[
        "hubspotDefinedObjectTypes"
    ]
    return next(int(each["usage"]) for each in limits if each["pluralLabel"] == "contacts")


def _intercom_contacts(address: str) -> int:
    headers = {"Authorization": f"Bearer {marts.INTERCOM_TOKEN}", "Intercom-Version": "2.14"}
    count: int = httpx.get(f"{address}/contacts", headers=headers).json()["total_count"]
    return count
