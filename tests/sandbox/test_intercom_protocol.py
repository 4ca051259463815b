"""What every call to the Intercom stand-in goes through: token, version, limits, errors; and the control routes."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from sandbox.intercom.app import TOKEN
from tests.sandbox.intercom_spec import NOON, Acme, acme


@pytest.fixture
def workspace(tmp_path: Path, shared: Path) -> Iterator[Acme]:
    with acme(tmp_path, shared) as served:
        yield served


def test_the_token_says_whose_workspace_it_is(workspace: Acme) -> None:
    me = workspace.call("GET", "/me")
    assert (me["type"], me["app"]["id_code"], me["app"]["region"]) == ("admin", "acme8463", "US")


@pytest.mark.parametrize("authorization", ["", "Bearer wrong", "Basic sandbox-intercom-token"])
def test_a_wrong_token_learns_nothing(workspace: Acme, authorization: str) -> None:
    for path in ("/me", "/nowhere"):
        response = workspace.http.get(path, headers={"Authorization": authorization})
        assert response.status_code == 401
        assert response.json()["errors"] == [{"code": "unauthorized", "message": "Access Token Invalid"}]
        assert not [name for name in response.headers if name.startswith("x-ratelimit")]


def test_every_error_has_a_request_id(workspace: Acme) -> None:
    ids = set()
    for path in ("/nowhere", "/contacts/none", "/contacts?per_page=0"):
        response = workspace.http.get(path)
        ids.add(response.json()["request_id"])
        assert response.headers["X-Request-Id"] in ids
    assert len(ids) == 3


def test_the_version_is_honoured(workspace: Acme) -> None:
    assert (
        workspace.http.get("/me", headers={"Intercom-Version": "2.15"}).headers["Intercom-Version"] == "2.15"
    )
    error = workspace.refusal("GET", "/me", headers={"Intercom-Version": "1.4"})
    assert error["code"] == "intercom_version_invalid"


def test_without_a_header_the_workspaces_version_counts(workspace: Acme) -> None:
    token = workspace.http.headers["Authorization"]
    with httpx.Client(base_url=workspace.url, headers={"Authorization": token}) as silent:
        assert silent.get("/me").headers["Intercom-Version"] == "2.14"
        workspace.control("workspace", {"default_version": "2.16"})
        assert silent.get("/me").headers["Intercom-Version"] == "2.16"


def test_paths_methods_and_media_types(workspace: Acme) -> None:
    assert workspace.refusal("GET", "/nowhere", expect=404)["code"] == "not_found"
    assert workspace.refusal("DELETE", "/contacts", expect=405)["code"] == "method_not_allowed"
    error = workspace.refusal("GET", "/contacts", expect=406, headers={"Accept": "text/html"})
    assert error["code"] == "media_type_not_acceptable"
    for accepted in ("application/json", "*/*", "text/html, application/*;q=0.8"):
        workspace.call("GET", "/contacts", headers={"Accept": accepted})


@pytest.mark.parametrize("body", [b"{", b"[]", b'"text"'])
def test_a_body_must_be_a_json_object(workspace: Acme, body: bytes) -> None:
    response = workspace.http.post("/contacts", content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == 400
    assert response.json()["errors"][0]["code"] == "parameter_invalid"


def test_the_default_limit_is_1667_in_ten_seconds(workspace: Acme) -> None:
    headers = workspace.http.get("/me").headers
    assert headers["X-RateLimit-Limit"] == "1667"
    assert headers["X-RateLimit-Remaining"] == "1666"
    assert headers["X-RateLimit-Reset"] == str(int(NOON) + 10)


def test_a_window_is_fixed_and_the_next_one_is_whole(workspace: Acme) -> None:
    workspace.control("limits", {"requests_per_minute": 18})
    workspace.clock.pass_seconds(9)
    remaining = [workspace.http.get("/me").headers["X-RateLimit-Remaining"] for _ in range(3)]
    assert remaining == ["2", "1", "0"]
    refused = workspace.http.get("/me")
    assert refused.status_code == 429
    [error] = refused.json()["errors"]
    assert error == {"code": "rate_limit_exceeded", "message": "Exceeded rate limit of 3 in 10_seconds"}
    assert refused.headers["X-RateLimit-Remaining"] == "0"
    assert refused.headers["X-RateLimit-Reset"] == str(int(NOON) + 10)
    assert "Retry-After" not in refused.headers
    workspace.clock.pass_seconds(1)
    assert workspace.http.get("/me").headers["X-RateLimit-Remaining"] == "2"


def test_the_limit_is_named_as_the_documentation_names_it(workspace: Acme) -> None:
    workspace.control("limits", {"requests_per_minute": 1_000})
    for _ in range(167):
        workspace.call("GET", "/tags")
    error = workspace.refusal("GET", "/tags", expect=429)
    assert error["message"] == "Exceeded rate limit of 167 in 10_seconds"


def test_calls_are_counted_by_operation(workspace: Acme) -> None:
    contact = workspace.call("POST", "/contacts", {"external_id": "003A"})
    workspace.refusal("POST", "/contacts", {"external_id": "003A"}, expect=409)
    workspace.call("PUT", f"/contacts/{contact['id']}", {"name": "Ada"})
    workspace.call("GET", "/contacts/find_by_external_id/003A")
    query = {"field": "role", "operator": "=", "value": "user"}
    workspace.call("POST", "/contacts/search", {"query": query})
    workspace.control("limits", {"requests_per_minute": 1})
    workspace.refusal("GET", "/me", expect=429)
    assert workspace.call("GET", "/_sandbox/calls") == {
        "calls": {
            "POST /contacts": 2,
            "PUT /contacts/{contact_id}": 1,
            "GET /contacts/find_by_external_id/{external_id}": 1,
            "POST /contacts/search": 1,
            "GET /me": 1,
        },
        "writes": {"POST /contacts": 1, "PUT /contacts/{contact_id}": 1},
        "rate_limited": 1,
    }
    nothing = {"calls": {}, "writes": {}, "rate_limited": 0}
    assert workspace.call("DELETE", "/_sandbox/calls") == nothing


def test_control_needs_no_token_and_counts_against_no_limit(workspace: Acme) -> None:
    workspace.control("limits", {"requests_per_minute": 1})
    with httpx.Client(base_url=workspace.url) as anyone:
        for _ in range(5):
            assert anyone.get("/_sandbox/health").json() == {"status": "ok"}
        assert anyone.post("/_sandbox/limits", json={"speed": 1}).status_code == 400


def test_admins_are_seeded_once(workspace: Acme) -> None:
    people = [
        {"first_name": "Grace", "last_name": "Hopper", "email": "grace@acme.example"},
        {"first_name": "Alan", "last_name": "Turing", "email": "alan@acme.example"},
    ]
    seeded = workspace.control("admins", people)["admins"]
    assert workspace.control("admins", people)["admins"] == seeded
    assert [admin["name"] for admin in workspace.call("GET", "/admins")["admins"][1:]] == [
        "Grace Hopper",
        "Alan Turing",
    ]
    assert workspace.call("GET", f"/admins/{seeded[0]['id']}")["email"] == "grace@acme.example"
    assert workspace.refusal("GET", "/admins/1", expect=404)["code"] == "admin_not_found"
    owned = workspace.call("POST", "/contacts", {"external_id": "003A", "owner_id": int(seeded[0]["id"])})
    assert owned["owner_id"] == int(seeded[0]["id"])


def test_reset_gives_a_new_workspace(workspace: Acme) -> None:
    workspace.call("POST", "/contacts", {"external_id": "003A"})
    workspace.control("limits", {"requests_per_minute": 60})
    workspace.control("reset")
    assert workspace.call("GET", "/contacts")["total_count"] == 0
    assert len(workspace.call("GET", "/admins")["admins"]) == 1
    assert len(workspace.call("GET", "/ticket_states")["data"]) == 4
    assert workspace.http.get("/me").headers["X-RateLimit-Limit"] == "1667"


def test_answers_can_be_slow_and_can_fail(workspace: Acme) -> None:
    workspace.control("latency", {"response_seconds": 0.1})
    start = time.monotonic()
    workspace.call("GET", "/me")
    assert time.monotonic() - start >= 0.1
    workspace.control("latency", {"response_seconds": 0})
    workspace.control("faults", {"status": 503, "times": 2})
    codes = [workspace.http.post("/contacts", json={"external_id": "003A"}).status_code for _ in range(3)]
    assert codes == [503, 503, 200]


@contextmanager
def process(home: Path) -> Iterator[httpx.Client]:
    """Run the stand-in as a user runs it, and kill it at the end without a warning."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "sandbox", "intercom", "--port", str(port), "--home", str(home)]
    server = subprocess.Popen(command)
    headers = {"Authorization": f"Bearer {TOKEN}"}
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers) as client:
            wait_until_healthy(client)
            yield client
    finally:
        server.kill()
        server.wait()


def wait_until_healthy(client: httpx.Client) -> None:
    until = time.monotonic() + 20
    while True:
        try:
            client.get("/_sandbox/health").raise_for_status()
        except httpx.TransportError:
            assert time.monotonic() < until, "the stand-in did not start"
            time.sleep(0.05)
        else:
            return


def test_a_killed_process_has_kept_what_it_answered(tmp_path: Path) -> None:
    with process(tmp_path) as client:
        made = [client.post("/contacts", json={"external_id": f"003{n}"}).json() for n in range(20)]
    with process(tmp_path) as client:
        kept = client.get("/contacts?per_page=150").json()["data"]
    assert kept == made[::-1]


def test_a_failed_call_leaves_nothing_behind(workspace: Acme) -> None:
    unknown = {"name": "vip", "companies": [{"company_id": "none"}]}
    workspace.refusal("POST", "/tags", unknown, expect=404)
    kind = workspace.call("POST", "/ticket_types", {"name": "Case"})
    bad = {"name": "x", "description": "", "data_type": "list"}
    workspace.refusal("POST", f"/ticket_types/{kind['id']}/attributes", bad)
    assert workspace.call("GET", "/tags")["data"] == []
    attributes = workspace.call("GET", f"/ticket_types/{kind['id']}")["ticket_type_attributes"]["data"]
    assert len(attributes) == 2
