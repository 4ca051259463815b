"""The check that holds the stand-ins to the published descriptions must itself be able to fail."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from tests.sandbox import openapi

UPSERT = "/crm/v3/objects/contacts/batch/upsert"
TIMES = {"startedAt": "2026-01-01T00:00:00.000Z", "completedAt": "2026-01-01T00:00:01.000Z"}
GOOD_ANSWER = {"status": "COMPLETE", "results": [], **TIMES}
GOOD_BODY = {"inputs": [{"id": "a", "properties": {"firstname": "Ada"}}]}
ERROR = {"status": "error", "message": "no", "correlationId": "1"}

Call = Callable[..., list[openapi.Violation]]


@pytest.fixture
def call(shared: Path) -> Call:
    """Send one request to an application that always gives the same answer; return the violations."""

    def send(
        method: str, path: str, body: Any, status: int, answer: Any, **headers: str
    ) -> list[openapi.Violation]:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await receive()
            await JSONResponse(answer, status)(scope, receive, send)

        conformance = openapi.Conformance(app, openapi.hubspot(shared))

        async def request() -> None:
            transport = httpx.ASGITransport(app=conformance)
            async with httpx.AsyncClient(transport=transport, base_url="http://any") as client:
                await client.request(
                    method, path, json=body, headers={"Authorization": "Bearer x", **headers}
                )

        asyncio.run(request())
        return conformance.violations()

    return send


def test_a_good_exchange_passes(call: Call) -> None:
    assert call("POST", UPSERT, GOOD_BODY, 200, GOOD_ANSWER) == []


def test_a_bad_answer_is_found(call: Call) -> None:
    [violation] = call("POST", UPSERT, GOOD_BODY, 200, {**GOOD_ANSWER, "results": [{"id": "1"}]})
    assert violation.side == "response"
    assert "'new' is a required property" in violation.problem


def test_a_bad_request_is_found_and_known_as_refused(call: Call) -> None:
    body: dict[str, Any] = {"inputs": [{"properties": {}}]}
    [accepted] = call("POST", UPSERT, body, 200, GOOD_ANSWER)
    [refused] = call("POST", UPSERT, body, 400, ERROR)
    assert (accepted.side, accepted.refused) == ("request", False)
    assert (refused.side, refused.refused) == ("request", True)


@pytest.mark.parametrize("missing", ["status", "message", "correlationId"])
def test_an_error_body_needs_its_three_fields(call: Call, missing: str) -> None:
    answer = {name: value for name, value in ERROR.items() if name != missing}
    [violation] = call("POST", UPSERT, GOOD_BODY, 409, answer)
    assert missing in violation.problem


def test_an_unknown_operation_is_found(call: Call) -> None:
    [violation] = call("POST", "/crm/v3/objects/contacts/batch/delete", GOOD_BODY, 200, GOOD_ANSWER)
    assert "no such operation" in violation.problem


def test_control_routes_are_not_looked_at(call: Call) -> None:
    assert call("POST", "/_sandbox/reset", None, 200, {}) == []


def test_beyond_a_sample_only_what_has_been_seen_alike_is_not_checked(shared: Path) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await JSONResponse(GOOD_ANSWER, 200)(scope, receive, send)

    conformance = openapi.Conformance(app, openapi.hubspot(shared), sample=1)

    def sent(*inputs: dict[str, Any]) -> list[openapi.Violation]:
        async def request() -> None:
            transport = httpx.ASGITransport(app=conformance)
            async with httpx.AsyncClient(transport=transport, base_url="http://any") as client:
                await client.post(UPSERT, json={"inputs": inputs}, headers={"Authorization": "Bearer x"})

        asyncio.run(request())
        return conformance.violations()

    good = {"id": "a", "properties": {"firstname": "Ada", "lastname": "King"}}
    # A property is not the less known for standing beside others.
    assert sent(good) + sent(good, good) + sent({"id": "b", "properties": {"lastname": "Lovelace"}}) == []
    assert [*conformance.checked.values()] == [1]
    assert [*conformance.passed.values()] == [3]

    [violation] = sent(good, {"properties": {"firstname": "Ada"}})
    assert "'id' is a required property" in violation.problem
    assert len(sent(good, {"id": "b", "properties": {"firstname": 5}})) == 2
    assert [*conformance.checked.values()] == [3]
