"""One connection: how it gets its token, and what it does with each kind of refusal."""

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs

import jwt
import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from structlog.testing import capture_logs

from extract.errors import BudgetExhausted, ExtractError, LoginError
from extract.salesforce.login import ATTEMPTS, JWT_GRANT, Login, PassingRefusalError, _pause, connect
from tests.extract.transport import DATA, TOKEN, URL, FakeOrg, ok, refused, token

LIMITS = f"{DATA}/limits/"
LOGIN = Login(login_url=URL, client_id="the-id", client_secret="the-secret")


@pytest.fixture
def org() -> FakeOrg:
    fake = FakeOrg()
    fake.on("GET", LIMITS, ok({}))
    return fake


def body(request: requests.PreparedRequest) -> dict[str, list[str]]:
    return parse_qs(str(request.body))


def tokens_used(org: FakeOrg, path: str = LIMITS) -> list[str]:
    return [call.headers["Authorization"] for call in org.sent(path)]


def test_client_credentials_go_as_basic_authentication(org: FakeOrg) -> None:
    connect(LOGIN, adapter=org).limits()
    [asked] = org.sent(TOKEN)
    assert body(asked) == {"grant_type": ["client_credentials"]}
    assert asked.headers["Authorization"] == "Basic " + base64.b64encode(b"the-id:the-secret").decode()
    assert tokens_used(org) == ["Bearer first"]


def test_a_jwt_is_signed_for_the_user_and_the_login_host(org: FakeOrg) -> None:
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    connect(
        Login(login_url=URL, client_id="the-id", username="admin@acme.example", private_key=pem), adapter=org
    )
    asked = body(org.sent(TOKEN)[0])
    claims = jwt.decode(asked["assertion"][0], key.public_key(), algorithms=["RS256"], audience=URL)
    assert asked["grant_type"] == [JWT_GRANT]
    assert (claims["iss"], claims["sub"]) == ("the-id", "admin@acme.example")


@pytest.mark.parametrize("secret", [{}, {"client_secret": "the-secret"}])
def test_a_refresh_token_is_sent_with_the_app_that_it_belongs_to(
    org: FakeOrg, secret: dict[str, str]
) -> None:
    connect(Login(login_url=URL, client_id="the-id", refresh_token="refresh", **secret), adapter=org).limits()
    [asked] = org.sent(TOKEN)
    form = {"grant_type": "refresh_token", "client_id": "the-id", "refresh_token": "refresh", **secret}
    assert body(asked) == {name: [value] for name, value in form.items()}
    assert tokens_used(org) == ["Bearer first"]


def test_a_replaced_refresh_token_is_the_one_used_next(org: FakeOrg) -> None:
    replaced = {"access_token": "first", "instance_url": URL, "refresh_token": "newer"}
    org.on("POST", TOKEN, ok(replaced), token("second"))
    org.on("GET", LIMITS, refused(401, "INVALID_SESSION_ID"), ok({}))
    with capture_logs() as logged:
        connect(Login(login_url=URL, client_id="the-id", refresh_token="older"), adapter=org).limits()
    assert [body(each)["refresh_token"] for each in org.sent(TOKEN)] == [["older"], ["newer"]]
    assert [entry["log_level"] for entry in logged if "replaced the refresh token" in entry["event"]] == [
        "warning"
    ]
    assert "newer" not in str(logged)


def test_a_given_token_is_used_as_it_is_and_cannot_be_renewed(org: FakeOrg) -> None:
    org.on("GET", LIMITS, ok({}), refused(401, "INVALID_SESSION_ID"))
    sf = connect(Login(access_token="given", instance_url=URL), adapter=org)
    sf.limits()
    assert tokens_used(org) == ["Bearer given"]
    with pytest.raises(LoginError, match="access token has expired"):
        sf.limits()
    assert org.sent(TOKEN) == []


def test_no_secret_is_ever_shown() -> None:
    login = Login(URL, "the-id", "the-secret", "admin", "the-key", "the-token", URL, "the-refresh")
    secrets = ("the-secret", "the-key", "the-token", "the-refresh")
    assert not [secret for secret in secrets if secret in f"{login!r} {login}"]


@pytest.mark.parametrize("given", [{}, {"login_url": URL, "client_id": "x"}, {"access_token": "x"}])
def test_an_incomplete_login_says_what_is_missing(given: dict[str, str]) -> None:
    with pytest.raises(LoginError, match="login is incomplete"):
        Login(**given)


def test_a_secret_never_travels_in_the_clear() -> None:
    with pytest.raises(LoginError, match="not an https address"):
        Login(login_url="http://acme.my.salesforce.com", client_id="x", client_secret="y")


def test_refused_credentials_say_where_and_why_but_not_what(org: FakeOrg) -> None:
    org.on(
        "POST", TOKEN, ok({"error": "invalid_client", "error_description": "invalid client credentials"}, 400)
    )
    with pytest.raises(LoginError, match=r"acme\.my.*client credentials.*invalid_client") as error:
        connect(LOGIN, adapter=org)
    assert "the-secret" not in str(error.value)


def test_an_expired_session_is_renewed_once_and_the_call_repeated(org: FakeOrg) -> None:
    org.on("GET", LIMITS, refused(401, "INVALID_SESSION_ID"), ok({}))
    sf = connect(LOGIN, adapter=org)
    sf.limits()
    sf.session.get(f"{sf.base_url}limits/", headers={"Authorization": "Bearer stale"})
    assert tokens_used(org) == ["Bearer first", "Bearer second", "Bearer second"]


def test_a_session_refused_twice_is_not_tried_for_ever(org: FakeOrg) -> None:
    org.on("GET", LIMITS, refused(401, "INVALID_SESSION_ID"))
    sf = connect(LOGIN, adapter=org)
    assert sf.session.get(f"{sf.base_url}limits/").status_code == 401
    assert len(org.sent(LIMITS)) == 2


@pytest.mark.parametrize(
    "passing",
    [
        refused(503, "SERVER_UNAVAILABLE"),
        (502, {"Content-Type": "text/html"}, b"<html>Bad gateway</html>"),
        refused(403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded."),
        requests.ConnectionError(),
        requests.Timeout(),
    ],
)
def test_what_passes_is_tried_again(org: FakeOrg, passing: Any) -> None:
    org.on("POST", TOKEN, passing, token("first"))
    org.on("GET", LIMITS, passing, passing, ok({"DailyApiRequests": {}}))
    assert connect(LOGIN, adapter=org).limits() == {"DailyApiRequests": {}}
    assert (len(org.sent(TOKEN)), len(org.sent(LIMITS))) == (2, 3)


def test_a_retry_is_logged_without_the_token(org: FakeOrg) -> None:
    org.on("POST", TOKEN, refused(503, "SERVER_UNAVAILABLE"), token("the-token"))
    org.on("GET", LIMITS, refused(503, "SERVER_UNAVAILABLE"), ok({}))
    with capture_logs() as logged:
        sf = connect(LOGIN, adapter=org)
        sf.limits(headers={"Authorization": "Bearer the-token"})
    assert len([entry for entry in logged if entry["event"] == "stamina.retry_scheduled"]) == 2
    assert not [secret for secret in ("the-token", "the-secret", "Basic") if secret in str(logged)]


def test_what_does_not_pass_in_time_is_the_answer(org: FakeOrg) -> None:
    org.on("GET", LIMITS, refused(503, "SERVER_UNAVAILABLE"))
    sf = connect(LOGIN, adapter=org)
    assert sf.session.get(f"{sf.base_url}limits/").status_code == 503
    assert len(org.sent(LIMITS)) == ATTEMPTS


@pytest.mark.parametrize(
    "exhausted",
    [
        refused(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
        refused(400, "LIMIT_EXCEEDED", "Max bulk v2 query jobs (10000) per 24 hrs has been reached"),
    ],
)
def test_the_daily_allowance_is_never_tried_again(org: FakeOrg, exhausted: Any) -> None:
    org.on("GET", LIMITS, exhausted)
    with pytest.raises(BudgetExhausted, match="same command again later"):
        connect(LOGIN, adapter=org).limits()
    assert len(org.sent(LIMITS)) == 1


def with_usage(used: int, body: Any = None) -> tuple[int, dict[str, str], Any]:
    status, headers, content = ok(body or {})
    return status, {**headers, "Sforce-Limit-Info": f"api-usage={used}/100; per-app-api-usage=1/5"}, content


def test_at_the_floor_nothing_more_is_sent(org: FakeOrg) -> None:
    org.on("GET", LIMITS, with_usage(79), with_usage(80))
    sf = connect(LOGIN, adapter=org)
    sf.session.budget.floor = 0.2
    sf.limits()
    sf.limits()
    with pytest.raises(BudgetExhausted, match=r"80 of the day's 100 API calls are used, and the last 20%"):
        sf.limits()
    assert len(org.sent(LIMITS)) == 2


def test_without_the_header_calls_are_counted_from_the_limits_on(org: FakeOrg) -> None:
    sf = connect(LOGIN, adapter=org)
    sf.session.budget.floor = 0.2
    sf.limits()
    sf.session.budget.told({"DailyApiRequests": {"Max": 100, "Remaining": 22}})
    sf.limits()
    sf.limits()
    with pytest.raises(BudgetExhausted, match="lower the floor"):
        sf.limits()


def test_without_a_floor_the_org_itself_says_when_it_ends(org: FakeOrg) -> None:
    org.on("GET", LIMITS, with_usage(100))
    sf = connect(LOGIN, adapter=org)
    sf.limits()
    assert sf.limits() == {}


@pytest.mark.parametrize("status", [400, 403, 404])
def test_other_refusals_are_the_callers_business(org: FakeOrg, status: int) -> None:
    org.on("GET", LIMITS, refused(status, "INSUFFICIENT_ACCESS"))
    sf = connect(LOGIN, adapter=org)
    assert sf.session.get(f"{sf.base_url}limits/").status_code == status
    assert len(org.sent(LIMITS)) == 1


def test_threads_that_meet_the_same_expired_session_renew_it_once(org: FakeOrg) -> None:
    sf = connect(LOGIN, adapter=org)
    old = sf.session.token()
    threads = [threading.Thread(target=sf.session.token, kwargs={"instead_of": old}) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(org.sent(TOKEN)) == 2


def test_a_loopback_host_is_spoken_to_in_plain_http() -> None:
    class Plain(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.answer(
                f'{{"access_token": "t", "instance_url": "http://127.0.0.1:{self.connection.getsockname()[1]}"}}'
            )

        def do_GET(self) -> None:
            self.answer(json.dumps({"path": self.path}))

        def answer(self, text: str) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Plain) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        login = Login(f"http://127.0.0.1:{server.server_port}", "the-id", "the-secret")
        assert connect(login).limits() == {"path": LIMITS}
        server.shutdown()


HTML = (200, {"Content-Type": "text/html; charset=utf-8"}, b"<html>Log in to the network</html>")


def test_a_web_page_in_the_place_of_an_answer_is_no_answer(org: FakeOrg) -> None:
    org.on("GET", LIMITS, HTML, ok({"DailyApiRequests": {}}))
    sf = connect(LOGIN, adapter=org)
    assert sf.limits() == {"DailyApiRequests": {}}
    org.on("GET", LIMITS, HTML)
    with pytest.raises(
        ExtractError, match=r"acme.my.salesforce.com answered with a web page \(HTTP 200\): a proxy"
    ):
        sf.limits()


def test_a_file_may_be_a_web_page(org: FakeOrg) -> None:
    org.on("GET", LIMITS, HTML)
    sf = connect(LOGIN, adapter=org)
    assert sf.session.get(f"{sf.base_url}limits/", stream=True).content == HTML[2]


def test_too_many_requests_are_asked_again(org: FakeOrg) -> None:
    refusal = (
        429,
        {"Retry-After": "1", "Content-Type": "application/json"},
        [{"errorCode": "TOO_MANY_REQUESTS"}],
    )
    org.on("GET", LIMITS, refusal, ok({}))
    assert connect(LOGIN, adapter=org).limits() == {}


@pytest.mark.parametrize(
    ("said", "seconds"), [("7", 7.0), ("900", 30.0), ("Wed, 21 Oct 2026 07:28:00 GMT", True), ("", True)]
)
def test_the_answer_says_how_long_to_wait(said: str, seconds: float) -> None:
    answer = requests.Response()
    answer.headers["Retry-After"] = said
    assert _pause(PassingRefusalError(answer)) == seconds
