"""HubSpot's answers, one by one, from a pool that is handed in: what each means for the records that were sent."""

import json
from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
import urllib3

from load.feeds import Feed
from load.hubspot import HubSpot
from load.hubspot.links import ASSOCIATION_TYPES
from load.hubspot.wire import as_text
from load.pacing import Limiter
from load.target import (
    AccessDeniedError,
    BudgetExhausted,
    LoadError,
    LoadStoppedError,
    Result,
    Row,
    TargetUnavailableError,
)

Inputs = list[dict[str, Any]]
Reply = tuple[int, Any] | tuple[int, Any, dict[str, str]] | Exception


class Pool:
    """Stands where urllib3's pool would: gives each call to a handler and remembers it."""

    def __init__(self, handler: Callable[[str, Inputs], Reply]) -> None:
        self.handler = handler
        self.calls: list[tuple[str, Inputs]] = []

    def request(self, method: str, url: str, *, body: bytes | None, **_: Any) -> urllib3.HTTPResponse:
        path = url.removeprefix("http://nowhere")
        inputs = json.loads(body)["inputs"] if body else []
        self.calls.append((f"{method} {path}", inputs))
        reply = self.handler(path, inputs)
        if isinstance(reply, Exception):
            raise reply
        status, content, headers = (*reply, {})[:3]
        return urllib3.HTTPResponse(
            json.dumps(content).encode(), headers=headers, status=status, preload_content=True
        )


def _target(handler: Callable[[str, Inputs], Reply], **settings: Any) -> tuple[HubSpot, Pool]:
    pool = Pool(handler)
    moments: list[float] = [0.0]
    limiter = Limiter(
        1_000_000, 10, clock=lambda: moments[0], sleep=lambda s: moments.__setitem__(0, moments[0] + s)
    )
    return HubSpot("http://nowhere", "t", threads=1, pool=pool, limiter=limiter, **settings), pool  # type: ignore[arg-type]


def _rows(count: int) -> list[Row]:
    return [Row(f"key-{n}", f"h{n}", "create", None, {"firstname": f"A{n}"}) for n in range(count)]


def _links(count: int, **values: str) -> list[Row]:
    made = {"from_object": "contacts", "to_object": "companies", "association_type": "primary", **values}
    return [
        Row(f"link-{n}", "h", "create", None, {**made, "from_id": str(100 + n), "to_id": "7"})
        for n in range(count)
    ]


def _sent(target: HubSpot, feed: Feed, rows: list[Row]) -> dict[str, Result]:
    results = [result for several in target.send(feed, rows) for result in several]
    assert len(results) == len(rows)
    return {result.record_key: result for result in results}


def _gather(answered: list[Result], coming: Iterator[list[Result]]) -> None:
    for several in coming:
        answered += several


def _taken(one: dict[str, Any], new: bool = True) -> dict[str, Any]:
    return {
        "id": f"hs-{one['id']}",
        "new": new,
        "objectWriteTraceId": one["objectWriteTraceId"],
        "properties": {},
    }


def _all_taken(_: str, inputs: Inputs) -> Reply:
    return 200, {"status": "COMPLETE", "results": [_taken(one) for one in inputs]}


@pytest.fixture
def contacts(declared: list[Feed]) -> Feed:
    return next(feed for feed in declared if feed.label == "hubspot contacts")


@pytest.fixture
def links(declared: list[Feed]) -> Feed:
    return next(feed for feed in declared if feed.label == "hubspot associations")


def test_a_record_travels_with_its_key_and_trace_id(contacts: Feed) -> None:
    target, pool = _target(_all_taken)
    row = Row(
        "003A", "h", "update", None, {"firstname": "Ada", "lastname": None, "salesforce_opt_out": False}
    )

    result = _sent(target, contacts, [row])["003A"]

    assert pool.calls == [
        (
            "POST /crm/v3/objects/contacts/batch/upsert",
            [
                {
                    "idProperty": "salesforce_id",
                    "id": "003A",
                    "objectWriteTraceId": "003A",
                    "properties": {
                        "firstname": "Ada",
                        "lastname": "",
                        "salesforce_opt_out": "false",
                        "salesforce_id": "003A",
                    },
                }
            ],
        )
    ]
    assert (result.action, result.target_id, result.row_hash) == ("create", "hs-003A", "h")
    assert json.loads(result.payload or "")["firstname"] == "Ada"


def test_nothing_is_sent_for_what_is_empty_on_a_create(contacts: Feed) -> None:
    target, pool = _target(_all_taken)

    _sent(target, contacts, [Row("003A", "h", "create", None, {"firstname": "Ada", "lastname": None})])

    assert "lastname" not in pool.calls[0][1][0]["properties"]


def test_a_hundred_records_go_in_a_call(contacts: Feed) -> None:
    target, pool = _target(_all_taken)

    _sent(target, contacts, _rows(250))

    assert sorted(len(inputs) for _, inputs in pool.calls) == [50, 100, 100]


def test_each_error_of_a_207_goes_to_its_record(contacts: Feed) -> None:
    def handler(_: str, inputs: Inputs) -> Reply:
        errors = [
            {
                "category": "VALIDATION_ERROR",
                "message": f"no {one['id']}",
                "context": {"objectWriteTraceId": [one["objectWriteTraceId"]]},
            }
            for one in inputs[::2]
        ]
        return 207, {"numErrors": 3, "results": [_taken(one) for one in inputs[1::2]], "errors": errors}

    target, pool = _target(handler)
    results = _sent(target, contacts, _rows(5))

    assert [results[f"key-{n}"].status for n in range(5)] == ["refused", "succeeded"] * 2 + ["refused"]
    assert results["key-2"].error_message == "no key-2"
    assert len(pool.calls) == 1
    assert target.records == 2


def test_what_a_207_does_not_mention_is_asked_again(contacts: Feed) -> None:
    def handler(_: str, inputs: Inputs) -> Reply:
        return 207, {"results": [_taken(one) for one in inputs if one["id"] != "key-3" or len(inputs) == 1]}

    target, pool = _target(handler)
    results = _sent(target, contacts, _rows(5))

    assert {result.status for result in results.values()} == {"succeeded"}
    assert [len(inputs) for _, inputs in pool.calls] == [5, 1]


def test_a_refused_batch_is_halved_down_to_the_culprit(contacts: Feed) -> None:
    def handler(_: str, inputs: Inputs) -> Reply:
        if any(one["id"] == "key-42" for one in inputs):
            return 400, {"category": "VALIDATION_ERROR", "message": "bad", "correlationId": "c-1"}
        return 200, {"results": [_taken(one) for one in inputs]}

    target, pool = _target(handler)
    results = _sent(target, contacts, _rows(100))

    culprit = results.pop("key-42")
    assert (culprit.status, culprit.error_category, culprit.correlation_id) == (
        "refused",
        "VALIDATION_ERROR",
        "c-1",
    )
    assert {result.status for result in results.values()} == {"succeeded"}
    assert len(pool.calls) <= 1 + 2 * 7


def test_of_two_rows_with_one_address_the_first_adopts_the_record(contacts: Feed) -> None:
    owner: dict[str, str | None] = {"salesforce_id": None}

    def handler(path: str, inputs: Inputs) -> Reply:
        if path.endswith("/read"):
            return 200, {"results": [{"id": "501", "properties": dict(owner)}]}
        if path.endswith("/update"):
            owner["salesforce_id"] = inputs[0]["properties"]["salesforce_id"]
            return 200, {
                "results": [
                    {"id": one["id"], "objectWriteTraceId": one["objectWriteTraceId"]} for one in inputs
                ]
            }
        errors = [
            {
                "category": "CONFLICT",
                "message": "Contact already exists. Existing ID: 501",
                "context": {"objectWriteTraceId": [one["objectWriteTraceId"]]},
            }
            for one in inputs[:2]
        ]
        return 207, {"results": [_taken(one) for one in inputs[2:]], "errors": errors}

    target, pool = _target(handler)
    results = _sent(target, contacts, _rows(4))

    assert [path.rpartition("/")[2] for path, _ in pool.calls] == ["upsert", "read", "update"]
    assert pool.calls[2][1] == [
        {
            "id": "501",
            "objectWriteTraceId": "key-0",
            "properties": {"firstname": "A0", "salesforce_id": "key-0"},
        }
    ]
    assert (results["key-0"].status, results["key-0"].action, results["key-0"].target_id) == (
        "succeeded",
        "update",
        "501",
    )
    assert (results["key-1"].status, results["key-1"].error_category) == ("refused", "CONFLICT")


def test_a_record_is_adopted_once_even_if_two_batches_find_it_free(contacts: Feed) -> None:
    def handler(path: str, inputs: Inputs) -> Reply:
        if path.endswith("/read"):
            return 200, {"results": [{"id": "501", "properties": {"salesforce_id": None}}]}
        if path.endswith("/update"):
            return 200, {
                "results": [
                    {"id": one["id"], "objectWriteTraceId": one["objectWriteTraceId"]} for one in inputs
                ]
            }
        first = {
            "category": "CONFLICT",
            "message": "Contact already exists. Existing ID: 501",
            "context": {"objectWriteTraceId": [inputs[0]["objectWriteTraceId"]]},
        }
        return 207, {"results": [_taken(one) for one in inputs[1:]], "errors": [first]}

    target, _ = _target(handler)
    results = _sent(target, contacts, _rows(200))

    assert {results["key-0"].status, results["key-100"].status} == {"succeeded", "refused"}


def test_a_record_with_anothers_key_is_left_alone(contacts: Feed) -> None:
    def handler(path: str, inputs: Inputs) -> Reply:
        if path.endswith("/read"):
            return 200, {"results": [{"id": "501", "properties": {"salesforce_id": "other"}}]}
        return 409, {"category": "CONFLICT", "message": "Contact already exists. Existing ID: 501"}

    target, pool = _target(handler)

    assert _sent(target, contacts, _rows(1))["key-0"].status == "refused"
    assert not any(path.endswith("/update") for path, _ in pool.calls)


def test_a_record_of_ones_own_is_not_given_up_for_another(contacts: Feed) -> None:
    """Somebody entered a person with the address that ours has just got: to adopt theirs would leave two with our key."""

    def handler(path: str, inputs: Inputs) -> Reply:
        if path.endswith("/read"):
            return 200, {"results": [{"id": one["id"], "properties": {}} for one in inputs]}
        if path.endswith("/update"):
            return 200, {"results": [_taken(one) for one in inputs]}
        return 409, {"category": "CONFLICT", "message": "Contact already exists. Existing ID: 900"}

    target, pool = _target(handler)

    result = _sent(target, contacts, _known(1))["key-1"]

    assert (result.status, result.error_category, result.target_id) == ("refused", "CONFLICT", "501")
    assert not any(path.endswith("/update") for path, _ in pool.calls)


@pytest.mark.parametrize("lasts", [False, True])
@pytest.mark.parametrize(
    "error",
    [
        {"category": "CONFLICT", "message": "The record is being changed by another call."},
        {"category": "VALIDATION_ERROR", "errors": [{"code": "CONFLICTING_UNIQUE_VALUE", "message": "900 has it"}]},
        {"category": "TIMEOUT"},
    ],
)  # fmt: skip
def test_what_is_in_the_way_without_a_name_is_asked_again(
    contacts: Feed, error: dict[str, Any], lasts: bool
) -> None:
    """Where it stays so, the record is not refused for good: the next load sends it again."""
    struck = {"key-1"}

    def handler(_path: str, inputs: Inputs) -> Reply:
        bad = [one for one in inputs if one["id"] in struck]
        if not lasts:
            struck.clear()
        errors = [{**error, "context": {"objectWriteTraceId": [one["objectWriteTraceId"]]}} for one in bad]
        taken = [_taken(one) for one in inputs if one not in bad]
        return 207, {"results": taken, "errors": errors}

    target, _ = _target(handler)

    results = _sent(target, contacts, _rows(3))

    assert results["key-1"].status == ("failed" if lasts else "succeeded")
    assert {results["key-0"].status, results["key-2"].status} == {"succeeded"}


def _known(*numbers: int) -> list[Row]:
    """Rows that the ledger knows, to be updated."""
    return [Row(f"key-{n}", "h", "update", str(500 + n), {"firstname": "Ada"}) for n in numbers]


def _merged_into(survivor: str, owner: str | None, *old: str) -> dict[str, Any]:
    return {"id": survivor, "properties": {"salesforce_id": owner, "hs_merged_object_ids": ";".join(old)}}


@pytest.mark.parametrize("owner", ["key-1", "", None])
def test_a_record_merged_into_ours_or_nobodys_is_followed(contacts: Feed, owner: str | None) -> None:
    def handler(path: str, inputs: Inputs) -> Reply:
        if path.endswith("/read"):
            assert [one["id"] for one in inputs] == ["501", "502"]
            return 207, {"results": [_merged_into("900", owner, "77", "501"), _merged_into("502", "key-2")]}
        return 200, {"results": [{**_taken(one, new=False), "id": one["id"]} for one in inputs]}

    target, pool = _target(handler)
    results = _sent(target, contacts, _known(1, 2))

    assert results["key-1"].target_id == "900"
    assert results["key-1"].before == {"firstname": None, "salesforce_id": owner}
    assert [path.rpartition("/")[2] for path, _ in pool.calls] == ["read", "update", "upsert"]
    assert pool.calls[1][1][0]["properties"]["salesforce_id"] == "key-1"


def test_what_may_have_been_overwritten_is_kept_too(contacts: Feed) -> None:
    def handler(path: str, inputs: Inputs) -> Reply:
        if path.endswith("/read"):
            held = {"salesforce_id": "key-1", "firstname": "Theirs"}
            return 200, {"results": [{"id": "501", "properties": held}]}
        return 503, {}

    target, _ = _target(handler)
    result = _sent(target, contacts, _known(1))["key-1"]

    assert (result.status, result.before) == ("failed", {"firstname": "Theirs", "salesforce_id": "key-1"})


def test_a_record_whose_key_somebody_took_off_is_not_overwritten(contacts: Feed) -> None:
    def handler(path: str, inputs: Inputs) -> Reply:
        if path.endswith("/read"):
            return 200, {"results": [{"id": "501", "properties": {"firstname": "Theirs"}}]}
        return 200, {"results": [{**_taken(one), "id": "777"} for one in inputs]}

    target, _ = _target(handler)
    result = _sent(target, contacts, _known(1))["key-1"]

    assert (result.action, result.target_id, result.before) == ("create", "777", None)


def test_a_record_that_is_gone_and_cannot_be_made_anew_has_no_id(contacts: Feed) -> None:
    def handler(path: str, inputs: Inputs) -> Reply:
        if path.endswith("/read"):
            return 207, {"results": [_merged_into("502", "key-2")]}
        errors = [
            _complaint("INVALID_EMAIL", "email", "key-1"),
            _complaint("INVALID_EMAIL", "email", "key-2"),
        ]
        return 207, {"errors": errors}

    target, _ = _target(handler)
    results = _sent(target, contacts, _known(1, 2))

    assert (results["key-1"].status, results["key-1"].target_id) == ("refused", None)
    assert (results["key-2"].status, results["key-2"].target_id) == ("refused", "502")


def test_two_source_records_on_one_survivor_are_reported(contacts: Feed) -> None:
    def handler(path: str, inputs: Inputs) -> Reply:
        if path.endswith("/read"):
            return 200, {"results": [_merged_into("900", "key-7", "501")]}
        raise AssertionError(path)

    target, _ = _target(handler)
    result = _sent(target, contacts, _known(1))["key-1"]

    assert (result.status, result.error_category, result.target_id) == ("refused", "MERGED", "900")
    assert "belongs to the source record key-7" in (result.error_message or "")


def test_results_of_one_half_survive_an_error_in_the_other(contacts: Feed) -> None:
    def handler(_: str, inputs: Inputs) -> Reply:
        if len(inputs) > 4:
            return 400, {"category": "VALIDATION_ERROR", "message": "somewhere"}
        if inputs[0]["id"] == "key-4":
            return 401, {"message": "revoked"}
        return _all_taken("", inputs)

    target, _ = _target(handler)
    answered: list[Result] = []
    with pytest.raises(AccessDeniedError, match="revoked"):
        _gather(answered, target.send(contacts, _rows(8)))

    assert {result.record_key for result in answered} == {"key-0", "key-1", "key-2", "key-3"}


@pytest.mark.parametrize(("times", "status"), [(1, "succeeded"), (100, "failed")])
def test_a_refusal_that_passes_is_asked_again_and_never_final(
    contacts: Feed, times: int, status: str
) -> None:
    left = [times]

    def handler(_: str, inputs: Inputs) -> Reply:
        struck = [one["id"] for one in inputs if one["id"] == "key-1" and left[0] > 0]
        left[0] -= 1
        errors = [{"category": "RATE_LIMITS", "context": {"objectWriteTraceId": struck}}] if struck else []
        return 207, {"results": [_taken(one) for one in inputs if one["id"] not in struck], "errors": errors}

    target, _ = _target(handler)

    assert _sent(target, contacts, _rows(3))["key-1"].status == status


def _complaint(code: str, name: str, key: str) -> dict[str, Any]:
    detail = {"code": code, "context": {"propertyName": [name]}}
    context = {"objectWriteTraceId": [key]}
    return {"category": "VALIDATION_ERROR", "message": code, "context": context, "errors": [detail]}


@pytest.mark.parametrize(
    ("code", "name", "lost"),
    [
        ("PROPERTY_DOESNT_EXIST", "salesforce_score", "property contacts.salesforce_score"),
        ("INVALID_OPTION", "salesforce_tier", "option gold of contacts.salesforce_tier"),
    ],
)
def test_a_schema_that_was_taken_away_stops_the_load_and_refuses_no_record(
    contacts: Feed, code: str, name: str, lost: str
) -> None:
    def handler(_: str, inputs: Inputs) -> Reply:
        [first, *others] = inputs
        taken = {"results": [_taken(one) for one in others]}
        return 207, {**taken, "errors": [_complaint(code, name, first["id"])]}

    target, _ = _target(handler)
    rows = [Row(f"key-{n}", "h", "create", None, {"salesforce_tier": "gold"}) for n in range(3)]
    answered: list[Result] = []
    with pytest.raises(LoadStoppedError, match=lost):
        _gather(answered, target.send(contacts, rows))

    assert [result.status for result in answered] == ["succeeded", "succeeded"]


def test_a_value_that_was_never_an_option_is_the_records_own_fault(contacts: Feed) -> None:
    def handler(_: str, inputs: Inputs) -> Reply:
        return 207, {"errors": [_complaint("INVALID_OPTION", "salesforce_tier", inputs[0]["id"])]}

    target, _ = _target(handler)
    row = Row("key-0", "h", "create", None, {"salesforce_tier": "bronze"})

    assert _sent(target, contacts, [row])["key-0"].status == "refused"


def test_another_server_is_told_from_hubspot() -> None:
    target, _ = _target(lambda *_: (200, "<html>"))

    with pytest.raises(LoadError, match="does not answer like HubSpot"):
        target.check_account()


@pytest.mark.parametrize("status", [423, 500, 502, 504, 521, 408])
def test_passing_troubles_are_waited_out(contacts: Feed, status: int) -> None:
    replies: Iterator[Reply] = iter([(status, {}), urllib3.exceptions.ReadTimeoutError(None, "", "")])  # type: ignore[arg-type]

    target, pool = _target(lambda path, inputs: next(replies, None) or _all_taken(path, inputs))
    results = _sent(target, contacts, _rows(3))

    assert {result.status for result in results.values()} == {"succeeded"}
    assert len(pool.calls) == 3


def test_too_many_calls_pause_the_account(contacts: Feed) -> None:
    replies: Iterator[Reply] = iter([(429, {"policyName": "TEN_SECONDLY_ROLLING"})])
    target, pool = _target(lambda path, inputs: next(replies, None) or _all_taken(path, inputs))

    _sent(target, contacts, _rows(1))

    assert len(pool.calls) == 2
    assert target._limiter._clock() == 10.0


def test_the_end_of_the_day_stops_the_load(contacts: Feed) -> None:
    target, pool = _target(lambda *_: (429, {"policyName": "DAILY"}))

    with pytest.raises(BudgetExhausted, match="tomorrow"):
        _sent(target, contacts, _rows(1000))
    assert len(pool.calls) == 1


def test_answers_before_the_end_of_the_day_are_kept(contacts: Feed) -> None:
    left = {"X-HubSpot-RateLimit-Daily": "1000", "X-HubSpot-RateLimit-Daily-Remaining": "50"}
    target, _ = _target(lambda path, inputs: (*_all_taken(path, inputs)[:2], left))  # type: ignore[index]

    answered: list[Result] = []
    with pytest.raises(BudgetExhausted):
        _gather(answered, target.send(contacts, _rows(1000)))
    assert len(answered) == 100


def test_a_moving_account_stops_the_load(contacts: Feed) -> None:
    target, _ = _target(lambda *_: (477, {}, {"Retry-After": "7200"}))

    with pytest.raises(LoadStoppedError, match=r"2\.0 hours"):
        _sent(target, contacts, _rows(1))


@pytest.mark.parametrize("status", [401, 403])
def test_refused_credentials_raise(contacts: Feed, status: int) -> None:
    target, _ = _target(lambda *_: (status, {"message": "no", "correlationId": "c"}))

    with pytest.raises(AccessDeniedError, match="correlation id c"):
        _sent(target, contacts, _rows(1))


def test_a_batch_without_an_answer_fails_and_a_silent_target_raises(contacts: Feed) -> None:
    def handler(path: str, inputs: Inputs) -> Reply:
        return (502, {}) if inputs[0]["id"] == "key-100" else _all_taken(path, inputs)

    target, _ = _target(handler)
    results = _sent(target, contacts, _rows(250))
    assert sum(result.status == "failed" for result in results.values()) == 100
    assert {result.error_category for result in results.values()} == {None, "NO_ANSWER"}

    silent, _ = _target(lambda *_: urllib3.exceptions.NewConnectionError(None, "refused"))  # type: ignore[arg-type]
    with pytest.raises(TargetUnavailableError, match="http://nowhere"):
        _sent(silent, contacts, _rows(1000))
    with pytest.raises(TargetUnavailableError):
        silent.check_account()


def test_batches_that_get_no_answer_now_and_then_do_not_stop_the_load(contacts: Feed) -> None:
    def handler(path: str, inputs: Inputs) -> Reply:
        return (502, {}) if int(inputs[0]["id"].removeprefix("key-")) % 200 == 0 else _all_taken(path, inputs)

    target, _ = _target(handler)
    results = _sent(target, contacts, _rows(800))

    assert sum(result.status == "failed" for result in results.values()) == 400


def test_an_unknown_object_raises(contacts: Feed) -> None:
    target, _ = _target(lambda *_: (404, {}))

    with pytest.raises(LoadError, match="contacts/batch/upsert"):
        _sent(target, contacts, _rows(1))


@pytest.mark.parametrize(
    ("pair", "kind", "type_id"),
    [((key[0], key[1]), key[2], type_id) for key, type_id in ASSOCIATION_TYPES.items()],
)
def test_links_carry_the_type_of_their_pair(
    links: Feed, pair: tuple[str, str], kind: str, type_id: int
) -> None:
    target, pool = _target(_linked)
    from_object, to_object = pair

    rows = _links(2, from_object=from_object, to_object=to_object, association_type=kind)
    results = _sent(target, links, rows)

    [(path, inputs)] = pool.calls
    assert path == f"POST /crm/v4/associations/{from_object}/{to_object}/batch/create"
    assert inputs[1] == {
        "from": {"id": "101"},
        "to": {"id": "7"},
        "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type_id}],
    }
    assert results["link-1"].target_id == f"{from_object}/101/{to_object}/7"


def test_the_types_are_those_that_hubspots_client_publishes(shared: Any) -> None:
    published = json.loads((shared / "specs/hubspot/association_types.json").read_text())["types"]
    names = {"companies": "COMPANY"}
    # The published list has no companies under companies.
    for (from_object, to_object, kind), type_id in ASSOCIATION_TYPES.items():
        if kind != "parent":
            primary = "PRIMARY_" if kind == "primary" else ""
            ends = [names.get(each, each.removesuffix("s").upper()) for each in (from_object, to_object)]
            assert published[f"{primary}{'_TO_'.join(ends)}"] == type_id


def test_links_go_by_pair_and_by_the_thousand(links: Feed) -> None:
    target, pool = _target(_linked, links_per_call=40)
    deals = [
        Row(f"d-{row.record_key}", "h", "create", None, {**row.values, "from_object": "deals"})
        for row in _links(30)
    ]

    _sent(target, links, _links(100) + deals)

    assert sorted(len(inputs) for _, inputs in pool.calls) == [20, 30, 40, 40]


def test_errors_of_links_go_to_their_ends(links: Feed) -> None:
    def handler(_: str, inputs: Inputs) -> Reply:
        made = [one for one in inputs if one["from"]["id"] not in ("103", "105")]
        errors = [
            {
                "category": "OBJECT_NOT_FOUND",
                "message": "gone",
                "context": {"fromObjectId": ["103"], "fromObjectType": ["contact"], "toObjectId": ["7"]},
            }
        ]
        if len(inputs) == 1:
            return 400, {"category": "VALIDATION_ERROR", "message": "alone"}
        return 207, {**_linked("", made)[1], "errors": errors}  # type: ignore[index, dict-item]

    target, pool = _target(handler)
    results = _sent(target, links, _links(10))

    assert (results["link-3"].status, results["link-3"].error_category) == ("failed", "END_GONE")
    # No error names the fifth: it is asked again alone.
    assert results["link-5"].error_message == "alone"
    assert sum(result.status == "succeeded" for result in results.values()) == 8
    assert len(pool.calls) == 2


def test_two_types_of_one_link_are_told_apart(links: Feed) -> None:
    def handler(path: str, inputs: Inputs) -> Reply:
        if inputs[0]["types"][0]["associationTypeId"] == 279:
            return 400, {"category": "VALIDATION_ERROR", "message": "not this one"}
        return _linked(path, inputs)

    target, pool = _target(handler)
    [primary] = _links(1)
    plain = Row("plain", "h", "create", None, {**primary.values, "association_type": "unlabelled"})
    results = _sent(target, links, [primary, plain, *_links(3)[1:]])

    assert {key: result.status for key, result in results.items()} == {
        "link-0": "succeeded",
        "link-1": "succeeded",
        "link-2": "succeeded",
        "plain": "refused",
    }
    assert [len(inputs) for _, inputs in pool.calls] == [3, 1]


def test_a_link_that_moved_is_undone_first(links: Feed) -> None:
    target, pool = _target(_linked)
    [row] = _links(1)
    moved = Row(row.record_key, "h2", "update", "contacts/99/companies/7", row.values)
    same = Row("link-x", "h2", "update", "contacts/101/companies/7", {**row.values, "from_id": "101"})

    results = _sent(target, links, [moved, same])

    assert [path.rpartition("/")[2] for path, _ in pool.calls] == ["archive", "create"]
    assert pool.calls[0][1] == [{"from": {"id": "99"}, "to": [{"id": "7"}]}]
    assert results[row.record_key].target_id == "contacts/100/companies/7"


def test_a_link_that_cannot_be_undone_is_not_made_anew(links: Feed) -> None:
    target, pool = _target(
        lambda path, inputs: (502, {}) if path.endswith("archive") else _linked(path, inputs)
    )
    [row] = _links(1)

    [result] = _sent(
        target, links, [Row("l", "h2", "update", "contacts/99/companies/7", row.values)]
    ).values()

    assert (result.status, result.action, result.row_hash) == ("failed", "update", "h2")
    assert not any(path.endswith("create") for path, _ in pool.calls)


def test_a_link_without_a_type_is_refused(links: Feed) -> None:
    target, pool = _target(_linked)

    [result] = _sent(target, links, _links(1, association_type="friend")).values()

    assert (result.status, result.error_category) == ("refused", "ASSOCIATION_TYPE")
    assert pool.calls == []


def test_archived_links_are_undone_by_their_ends(links: Feed) -> None:
    target, pool = _target(lambda *_: (204, None))
    rows = [Row("a", None, "archive", "contacts/1/companies/7"), Row("b", None, "archive", None)]

    results = [result for several in target.archive(links, rows) for result in several]

    assert pool.calls == [
        (
            "POST /crm/v4/associations/contacts/companies/batch/archive",
            [{"from": {"id": "1"}, "to": [{"id": "7"}]}],
        )
    ]
    assert {(result.record_key, result.action, result.status) for result in results} == {
        ("a", "archive", "succeeded"),
        ("b", "archive", "succeeded"),
    }


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ('O"Neil \\ ÿ', 'O"Neil \\ ÿ'),
        (True, "true"),
        (False, "false"),
        (12, "12"),
        (0, "0"),
        (Decimal("12.50"), "12.5"),
        (Decimal("100.00"), "100"),
        (Decimal("-0.00"), "0"),
        (Decimal("1E+5"), "100000"),
        (1e16, "10000000000000000"),
        (1.5e-7, "0.00000015"),
        (0.1, "0.1"),
        (date(1990, 2, 3), "1990-02-03"),
        (datetime(2026, 1, 2, 3, 4, 5, 678000), "2026-01-02T03:04:05Z"),
        (datetime(226, 1, 2), "0226-01-02T00:00:00Z"),
    ],
)  # fmt: skip
def test_values_as_text(value: Any, text: str) -> None:
    assert as_text(value) == text


def _linked(_: str, inputs: Inputs) -> Reply:
    made = [
        {"fromObjectId": int(one["from"]["id"]), "toObjectId": one["to"]["id"], "labels": []}
        for one in inputs
        if isinstance(one["to"], dict)
    ]
    return 201, {"status": "COMPLETE", "results": made}
