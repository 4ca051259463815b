"""Intercom's answers, one by one, from a transport that is handed in: what each means for the record that was sent."""

import json
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest

from load.feeds import Feed
from load.intercom import Intercom
from load.intercom.values import as_json
from load.pacing import Limiter
from load.target import AccessDeniedError, LoadError, LoadStoppedError, Result, Row, TargetUnavailableError

KEY = "003000000000000001"
CONTACT = "5ba682d23d7cf92bef87bfd4"

Handler = Callable[[str, Any], httpx.Response]


class Workspace:
    """Gives each call to a handler and remembers it."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self.calls: list[str] = []
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        call = f"{request.method} {request.url.path}"
        self.calls.append(call)
        self.requests.append(request)
        return self.handler(call, json.loads(request.content) if request.content else None)


def _target(handler: Handler, **settings: Any) -> tuple[Intercom, Workspace]:
    workspace = Workspace(handler)
    moments: list[float] = [0.0]
    limiter = Limiter(
        1_000_000, 10, clock=lambda: moments[0], sleep=lambda s: moments.__setitem__(0, moments[0] + s)
    )
    transport = httpx.MockTransport(workspace)
    target = Intercom("http://nowhere", "t", threads=1, transport=transport, limiter=limiter, **settings)
    return target, workspace


def _error(status: int, code: str, message: str, **headers: str) -> httpx.Response:
    content = {"type": "error.list", "request_id": "r-1", "errors": [{"code": code, "message": message}]}
    return httpx.Response(status, json=content, headers=headers)


def _contact(external_id: str | None = KEY, contact_id: str = CONTACT) -> httpx.Response:
    return httpx.Response(200, json={"type": "contact", "id": contact_id, "external_id": external_id})


def _conflict(archived: bool = False) -> httpx.Response:
    article = "An archived contact" if archived else "A contact"
    return _error(409, "conflict", f"{article} matching those details already exists with id={CONTACT}")


def _row(target_id: str | None = None, **values: Any) -> Row:
    empty = dict.fromkeys(("role", "email", "name", "signed_up_at", "person_score", "person_born"))
    action: Any = "create" if target_id is None else "update"
    return Row(KEY, "h", action, target_id, {**empty, "role": "user", "email": "ada@example.com", **values})


def _one(target: Intercom, feed: Feed, row: Row) -> Result:
    [result] = [result for several in target.send(feed, [row]) for result in several]
    return result


@pytest.fixture
def contacts(declared: list[Feed]) -> Feed:
    return next(feed for feed in declared if feed.label == "intercom contacts")


@pytest.fixture
def attachments(declared: list[Feed]) -> Feed:
    return next(feed for feed in declared if feed.label == "intercom attachments")


def test_a_new_contact_is_one_call_in_the_right_version(contacts: Feed) -> None:
    target, workspace = _target(lambda *_: _contact())

    result = _one(target, contacts, _row())

    assert workspace.calls == ["POST /contacts"]
    [request] = workspace.requests
    assert request.headers["Intercom-Version"] == "2.14"
    assert json.loads(request.content) == {"external_id": KEY, "role": "user", "email": "ada@example.com"}
    assert (result.status, result.target_id) == ("succeeded", CONTACT)


def test_a_known_contact_is_updated_by_its_id_and_emptied_where_empty(contacts: Feed) -> None:
    target, workspace = _target(lambda *_: _contact())

    _one(target, contacts, _row(CONTACT))

    assert workspace.calls == [f"GET /contacts/{CONTACT}", f"PUT /contacts/{CONTACT}"]
    sent = json.loads(workspace.requests[1].content)
    assert (sent["name"], sent["custom_attributes"]) == (None, {"person_score": None, "person_born": None})


@pytest.mark.parametrize("owner", [KEY, None, ""])
def test_a_contact_in_the_way_that_is_ours_or_nobodys_is_taken_over(
    contacts: Feed, owner: str | None
) -> None:
    def handler(call: str, _: Any) -> httpx.Response:
        return {"POST /contacts": _conflict(), f"GET /contacts/{CONTACT}": _contact(owner)}.get(
            call
        ) or _contact()

    target, workspace = _target(handler)

    assert _one(target, contacts, _row()).target_id == CONTACT
    assert workspace.calls == ["POST /contacts", f"GET /contacts/{CONTACT}", f"PUT /contacts/{CONTACT}"]


def test_a_contact_in_the_way_that_is_anothers_is_left_alone(contacts: Feed) -> None:
    def handler(call: str, _: Any) -> httpx.Response:
        return _conflict() if call == "POST /contacts" else _contact("003000000000000002")

    target, workspace = _target(handler)
    result = _one(target, contacts, _row())

    assert workspace.calls == ["POST /contacts", f"GET /contacts/{CONTACT}"]
    assert (result.status, result.error_category, result.correlation_id) == ("refused", "conflict", "r-1")
    assert "belongs to another, 003000000000000002" in (result.error_message or "")


def _archived(owner: str) -> Handler:
    """An archived contact that is in the way: it cannot be read until it is restored."""

    def handler(call: str, _: Any) -> httpx.Response:
        if call == "POST /contacts":
            return _conflict(archived=True)
        return _error(404, "not_found", "gone") if call.startswith("GET") else _contact(owner)

    return handler


def test_an_archived_contact_is_restored_and_updated(contacts: Feed) -> None:
    target, workspace = _target(_archived(KEY))

    assert _one(target, contacts, _row()).status == "succeeded"
    assert workspace.calls == [
        "POST /contacts",
        f"GET /contacts/{CONTACT}",
        f"POST /contacts/{CONTACT}/unarchive",
        f"PUT /contacts/{CONTACT}",
    ]


def test_an_archived_contact_that_is_anothers_is_archived_again(contacts: Feed) -> None:
    target, workspace = _target(_archived("other"))

    assert _one(target, contacts, _row()).status == "refused"
    assert workspace.calls[2:] == [f"POST /contacts/{CONTACT}/unarchive", f"POST /contacts/{CONTACT}/archive"]


def test_archived_contacts_stay_archived_where_the_policy_says_so(contacts: Feed) -> None:
    def handler(call: str, _: Any) -> httpx.Response:
        return _conflict(archived=True) if call == "POST /contacts" else _error(404, "not_found", "gone")

    target, workspace = _target(handler, restore_archived=False)

    for row in (_row(), _row(CONTACT)):
        assert _one(target, contacts, row).error_category == "ARCHIVED"
    assert not any(call.endswith("archive") for call in workspace.calls)


def test_a_contact_that_another_row_restored_meanwhile_is_not_archived_again(contacts: Feed) -> None:
    target, workspace = _target(
        lambda call, _: _conflict(archived=True) if call == "POST /contacts" else _contact("other")
    )

    assert _one(target, contacts, _row()).status == "refused"
    assert workspace.calls == ["POST /contacts", f"GET /contacts/{CONTACT}"]


def test_a_conflict_that_names_nobody_is_looked_up_by_the_key(contacts: Feed) -> None:
    def handler(call: str, _: Any) -> httpx.Response:
        if call == "POST /contacts":
            return _error(409, "conflict", "Multiple existing users match this email address")
        return _contact()

    target, workspace = _target(handler)

    assert _one(target, contacts, _row()).status == "succeeded"
    assert workspace.calls[1] == f"GET /contacts/find_by_external_id/{KEY}"


def test_a_conflict_with_nobody_is_sent_again(contacts: Feed) -> None:
    def handler(call: str, _: Any) -> httpx.Response:
        if call == "POST /contacts":
            return _error(409, "conflict", "Multiple existing users match this email address")
        return _error(404, "not_found", "User Not Found")

    target, _ = _target(handler)

    result = _one(target, contacts, _row())

    assert (result.status, result.error_category) == ("failed", "conflict")


def test_a_company_that_is_just_being_made_is_sent_again_at_once(declared: list[Feed]) -> None:
    companies = next(feed for feed in declared if feed.label == "intercom companies")
    answers = [_error(409, "unique_company_constraint", "Company already exists.")]

    def handler(_call: str, _: Any) -> httpx.Response:
        return answers.pop() if answers else httpx.Response(200, json={"id": "c-1", "company_id": KEY})

    target, workspace = _target(handler)

    result = _one(target, companies, Row(KEY, "h", "create", None, {"name": "Acme"}))

    assert (result.status, result.target_id) == ("succeeded", "c-1")
    assert workspace.calls == ["POST /companies", "POST /companies"]


@pytest.mark.parametrize("status", [404, 410])
def test_a_contact_that_is_gone_is_made_anew(contacts: Feed, status: int) -> None:
    new_id = "6" * 24
    target, _ = _target(
        lambda call, _: (
            _contact(KEY, new_id) if call == "POST /contacts" else _error(status, "not_found", "gone")
        )
    )

    assert _one(target, contacts, _row(CONTACT)).target_id == new_id


def test_a_known_contact_that_was_archived_is_restored(contacts: Feed) -> None:
    archived = [True]

    def handler(call: str, _: Any) -> httpx.Response:
        if call.endswith("/unarchive"):
            archived.clear()
        return _error(404, "not_found", "gone") if archived else _contact(KEY)

    target, workspace = _target(handler)

    assert _one(target, contacts, _row(CONTACT)).target_id == CONTACT
    assert workspace.calls[-3:] == [
        f"POST /contacts/{CONTACT}/unarchive",
        f"GET /contacts/{CONTACT}",
        f"PUT /contacts/{CONTACT}",
    ]


@pytest.mark.parametrize(("owner", "status"), [(KEY, "succeeded"), (None, "succeeded"), ("003Z", "refused")])
def test_a_contact_that_was_merged_is_followed_or_reported(
    contacts: Feed, owner: str | None, status: str
) -> None:
    survivor = "7" * 24

    def handler(call: str, _: Any) -> httpx.Response:
        if survivor in call:
            return _contact(owner, survivor)
        if call.startswith("GET"):
            link = f'</contacts/{survivor}>; rel="canonical"'
            return httpx.Response(410, headers={"Link": link}, json={"errors": [{"code": "contact_merged"}]})
        return _error(404, "not_found", "gone")

    target, workspace = _target(handler)
    result = _one(target, contacts, _row(CONTACT))

    assert (result.status, result.target_id) == (status, survivor)
    assert result.error_category == ("MERGED" if status == "refused" else None)
    assert not any(call.startswith("POST") for call in workspace.calls)


def test_an_attribute_that_was_taken_away_stops_the_load(contacts: Feed) -> None:
    target, _ = _target(
        lambda *_: _error(400, "parameter_invalid", "Custom attribute 'person_score' does not exist")
    )

    with pytest.raises(LoadStoppedError, match="attribute person_score was taken away"):
        _one(target, contacts, _row())


@pytest.mark.parametrize("status", [404, 410])
def test_an_attachment_to_what_is_gone_waits_for_it(attachments: Feed, status: int) -> None:
    target, _ = _target(lambda *_: _error(status, "not_found", "User Not Found"))
    ends = {"contact_id": CONTACT, "company_id": "8" * 24}
    row = Row("link", "h", "create", None, {"contact_key": "c", "company_key": "f", **ends})

    result = _one(target, attachments, row)

    assert (result.status, result.error_category) == ("failed", "END_GONE")


def test_a_bad_value_is_refused(contacts: Feed) -> None:
    target, _ = _target(lambda *_: _error(400, "parameter_invalid", "email is invalid"))

    result = _one(target, contacts, _row())

    assert (result.status, result.error_category, result.error_message) == (
        "refused",
        "parameter_invalid",
        "email is invalid",
    )


def test_a_full_window_is_waited_out(contacts: Feed) -> None:
    replies = iter(
        [
            _error(
                429,
                "rate_limit_exceeded",
                "Exceeded rate limit of 167 in 10_seconds",
                **{
                    "X-RateLimit-Limit": "167",
                    "X-RateLimit-Remaining": "0",
                    "X-RateLimit-Reset": "1767323047",
                    "Date": "Fri, 02 Jan 2026 03:04:00 GMT",
                },
            )
        ]
    )
    target, workspace = _target(lambda *_: next(replies, None) or _contact())

    assert _one(target, contacts, _row()).status == "succeeded"
    assert len(workspace.calls) == 2
    assert target._limiter._clock() == 7.0


@pytest.mark.parametrize("status", [408, 500, 503])
def test_passing_troubles_are_waited_out(contacts: Feed, status: int) -> None:
    replies = iter([_error(status, "x", "y")])
    target, workspace = _target(lambda *_: next(replies, None) or _contact())

    assert _one(target, contacts, _row()).status == "succeeded"
    assert len(workspace.calls) == 2


def test_a_contact_without_an_answer_fails_and_a_silent_workspace_raises(contacts: Feed) -> None:
    target, _ = _target(lambda *_: httpx.Response(502))
    assert _one(target, contacts, _row()).status == "failed"

    def silent(*_: Any) -> httpx.Response:
        raise httpx.ConnectError("refused")

    target, _ = _target(silent)
    with pytest.raises(TargetUnavailableError, match="http://nowhere"):
        list(target.send(contacts, [_row()] * 10))


def test_refused_credentials_raise(contacts: Feed) -> None:
    target, _ = _target(lambda *_: _error(401, "unauthorized", "Access Token Invalid"))

    with pytest.raises(AccessDeniedError, match="Access Token Invalid"):
        _one(target, contacts, _row())


def test_attaching_uses_intercoms_own_ids(attachments: Feed) -> None:
    target, workspace = _target(lambda *_: httpx.Response(200, json={"type": "company", "id": "c1"}))
    values = {"contact_key": KEY, "company_key": "001", "contact_id": CONTACT, "company_id": "c1"}
    old = f"contacts/{CONTACT}/companies/c0"

    [first] = next(target.send(attachments, [Row("l", "h", "create", None, values)]))
    [moved] = next(target.send(attachments, [Row("l", "h", "update", old, values)]))
    [gone] = next(target.archive(attachments, [Row("l", None, "archive", first.target_id)]))
    [kept] = next(target.archive(attachments, [Row("l", None, "archive", None)]))

    assert first.target_id == moved.target_id == f"contacts/{CONTACT}/companies/c1"
    assert (gone.status, kept.status) == ("succeeded", "succeeded")
    assert workspace.calls == [
        f"POST /contacts/{CONTACT}/companies",
        f"DELETE /contacts/{CONTACT}/companies/c0",
        f"POST /contacts/{CONTACT}/companies",
        f"DELETE /contacts/{CONTACT}/companies/c1",
    ]
    assert json.loads(workspace.requests[0].content) == {"id": "c1"}


def test_another_server_is_told_from_intercom() -> None:
    target, _ = _target(lambda *_: httpx.Response(200, text="<html>"))

    with pytest.raises(LoadError, match="does not answer like Intercom"):
        target.check_account()


def test_an_object_that_intercom_lacks_raises(declared: list[Feed]) -> None:
    target, _ = _target(lambda *_: _contact())
    links = next(feed for feed in declared if feed.label == "hubspot associations")

    with pytest.raises(LoadError, match="Intercom takes no associations"):
        _one(target, links, _row())


def test_values_as_json(contacts: Feed) -> None:
    row = _row(
        name='O"Neil \\ ÿ',
        signed_up_at=datetime(2026, 1, 2, 3, 4, 5, 678000),
        person_score=Decimal("12.50"),
        person_born=date(1990, 2, 2),
    )

    assert as_json(contacts, row) == {
        "role": "user",
        "email": "ada@example.com",
        "name": 'O"Neil \\ ÿ',
        "signed_up_at": 1_767_323_045,
        "custom_attributes": {"person_score": 12.5, "person_born": 633_916_800},
    }
