"""A connection to one Salesforce org that outlives an expired token and a passing failure.

simple-salesforce builds the calls; all of them, Bulk 2.0 included, go through the one `requests` session
made here, so logging in again and trying again are done in one place.
"""

import base64
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

import jwt
import requests
import stamina
import structlog
from requests.adapters import BaseAdapter, HTTPAdapter
from simple_salesforce import Salesforce

from extract.errors import ExtractError, LoginError
from extract.salesforce.budget import Budget, exhausted

API_VERSION = "66.0"
TOKEN_PATH = "/services/oauth2/token"  # noqa: S105 - a path
JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
JWT_LIFETIME_SECONDS = 180
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

# Salesforce ends a synchronous query after 120 s, so an answer may take that long, and no longer.
TIMEOUT_SECONDS = (10, 150)
CONNECTIONS = 16
# About two minutes in all.
ATTEMPTS = 9
WAIT_INITIAL_SECONDS = 0.3
WAIT_MAX_SECONDS = 30.0

HTTP_UNAUTHORIZED = 401
HTTP_TOO_MANY_REQUESTS = 429
HTTP_SERVER_ERROR = 500
# Both limits are refused with REQUEST_LIMIT_EXCEEDED (403); only the message tells the one that passes.
# https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/errorcodes.htm
REQUEST_LIMIT = "REQUEST_LIMIT_EXCEEDED"
CONCURRENT_LIMIT = "Concurrent"
# Bulk 2.0 says LIMIT_EXCEEDED (400), "Max bulk v2 query jobs (10000) per 24 hrs has been reached".
BULK_LIMIT = "LIMIT_EXCEEDED"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Login:
    """How to get a token. One of the four groups of secrets is enough; none of them is ever shown.

    - refresh token: `login_url`, `client_id`, `refresh_token`, and `client_secret` where the app asks for it
    - client credentials: `login_url` (the org's My Domain), `client_id`, `client_secret`
    - JWT bearer: `login_url`, `client_id`, `username`, `private_key` (PEM text, RS256)
    - a token made elsewhere: `access_token` and `instance_url`; it cannot be renewed here
    """

    login_url: str = ""
    client_id: str = ""
    client_secret: str | None = field(default=None, repr=False)
    username: str | None = None
    private_key: str | None = field(default=None, repr=False)
    access_token: str | None = field(default=None, repr=False)
    instance_url: str | None = None
    refresh_token: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Refuse a login that cannot work, and one that would send a secret in the clear."""
        secret = self.refresh_token or self.client_secret or (self.username and self.private_key)
        renewable = self.login_url and self.client_id and secret
        if not renewable and not (self.access_token and self.instance_url):
            raise LoginError(
                "The Salesforce login is incomplete. Give login_url and client_id with client_secret, with "
                "username and private_key, or with refresh_token; or give access_token with instance_url."
            )
        for url in filter(None, (self.login_url, self.instance_url)):
            _check_url(url)

    @property
    def renewable(self) -> bool:
        """Whether another token can be had when this one expires."""
        return self.flow is not None

    @property
    def flow(self) -> str | None:
        """Name the OAuth flow that gets a token, if there is one."""
        if self.refresh_token:
            return "refresh token"
        if self.client_secret:
            return "client credentials"
        return "JWT bearer" if self.private_key else None


def connect(
    login: Login, api_version: str = API_VERSION, *, adapter: BaseAdapter | None = None
) -> Salesforce:
    """Log in and give a client whose calls log in again, wait and try again by themselves.

    `adapter` replaces the network: a test passes its own.

    Raises:
        LoginError: Salesforce refused the credentials.
        requests.RequestException: Salesforce cannot be reached.
    """
    session = OrgSession(login, adapter)
    token = session.token()
    return Salesforce(
        instance_url=token.instance_url,
        session_id=token.value,
        session=session,
        version=api_version,
        parse_float=str,  # a number keeps the digits that Salesforce sent
    )


@dataclass(frozen=True, slots=True)
class Token:
    """A session token, the host that it is good for, and the id of its user where the login told it."""

    value: str = field(repr=False)
    instance_url: str
    user_id: str = ""


class PassingRefusalError(Exception):
    """An answer that is worth another try."""

    def __init__(self, response: requests.Response) -> None:
        super().__init__(response.status_code)
        self.response = response


PASSING = (
    PassingRefusalError,
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,
)


def _pause(error: Exception) -> bool | float:
    """Say whether another try may help, and after how many seconds where the answer names them."""
    if not isinstance(error, PASSING):
        return False
    said = error.response.headers.get("Retry-After", "") if isinstance(error, PassingRefusalError) else ""
    return min(float(said), WAIT_MAX_SECONDS) if said.isdecimal() else True


# Called with functions that take no argument: stamina logs the arguments of a retried call, a token among them.
patiently = stamina.RetryingCaller(
    attempts=ATTEMPTS, timeout=None, wait_initial=WAIT_INITIAL_SECONDS, wait_max=WAIT_MAX_SECONDS
).on(_pause)


class OrgSession(requests.Session):
    """Sends every call to the org: puts in the current token, renews it once, waits and tries again.

    May be used by several threads.
    """

    def __init__(self, login: Login, adapter: BaseAdapter | None = None) -> None:
        """Prepare; the first call logs in."""
        super().__init__()
        self.budget = Budget()
        self._login = login
        self._token: Token | None = None
        self._lock = threading.Lock()
        secure = adapter or HTTPAdapter(pool_connections=CONNECTIONS, pool_maxsize=CONNECTIONS)
        self.mount("https://", secure)
        if adapter:
            self.mount("http://", adapter)
        for host in LOOPBACK if not adapter else ():
            self.mount(f"https://{host}", PlainLoopback(pool_maxsize=CONNECTIONS))

    def token(self, *, instead_of: Token | None = None) -> Token:
        """Give the token in use; a new one if it is the one that was just refused."""
        with self._lock:
            if self._token is None or self._token is instead_of:
                self._token = self._log_in(first=instead_of is None)
            return self._token

    def request(  # type: ignore[override]
        self, method: str | bytes, url: str | bytes, *, once: bool = False, **settings: Any
    ) -> requests.Response:
        """Send one call as `requests` does; failures that pass are tried again a few times, or `once` raised as they are.

        Raises:
            BudgetExhausted: the day's calls or Bulk jobs are used up, or those above the budget's floor.
            LoginError: the token expired and no other can be had.
            ExtractError: a web page stands where the answer should be, after several tries.
            requests.RequestException: no answer after several tries.
        """
        if once:
            return self._send_with_token(method, url, settings)
        try:
            return patiently(lambda: self._send_with_token(method, url, settings))
        except PassingRefusalError as refusal:
            if refusal.response.ok:
                raise web_page_error(refusal.response) from None
            return refusal.response

    def _send_with_token(
        self, method: str | bytes, url: str | bytes, settings: Mapping[str, Any]
    ) -> requests.Response:
        token = self.token()
        response = self._send(method, url, settings, token)
        if response.status_code == HTTP_UNAUTHORIZED:
            response.close()
            response = self._send(method, url, settings, self.token(instead_of=token))
        # What is streamed may be somebody's HTML file; its reader knows what it has to be.
        if not settings.get("stream"):
            _raise_if_web_page(response)
        _raise_if_worth_waiting(response)
        return response

    def _send(
        self, method: str | bytes, url: str | bytes, settings: Mapping[str, Any], token: Token
    ) -> requests.Response:
        self.budget.check_calls()
        headers = {**(settings.get("headers") or {}), "Authorization": f"Bearer {token.value}"}
        response = super().request(
            method, url, **{"timeout": TIMEOUT_SECONDS, **settings, "headers": headers}
        )
        self.budget.heard(response.headers)
        return response

    def _log_in(self, *, first: bool) -> Token:
        if first and self._login.access_token and self._login.instance_url:
            return Token(self._login.access_token, self._login.instance_url)
        if not self._login.renewable:
            raise LoginError(
                "The Salesforce access token has expired. Give a new one, or a login that can renew it."
            )
        try:
            return patiently(self._ask_for_token)
        except PassingRefusalError as refusal:
            raise LoginError(_login_message(self._login, refusal.response.status_code, None)) from refusal

    def _ask_for_token(self) -> Token:
        form, headers = _grant(self._login)
        url = self._login.login_url.rstrip("/") + TOKEN_PATH
        response = super().request("POST", url, data=form, headers=headers, timeout=TIMEOUT_SECONDS)
        _raise_if_web_page(response)
        _raise_if_worth_waiting(response)
        answer = _json(response)
        if not response.ok or not isinstance(answer, dict) or "access_token" not in answer:
            raise LoginError(_login_message(self._login, response.status_code, answer))
        log.info("logged in to Salesforce", instance=answer["instance_url"])
        self._keep_rotated(answer.get("refresh_token"))
        _check_url(answer["instance_url"])
        # The last part of the user's identity address.
        return Token(answer["access_token"], answer["instance_url"], answer.get("id", "").rpartition("/")[2])

    def _keep_rotated(self, refresh_token: str | None) -> None:
        """Use the refresh token that took the place of ours, which an app with rotation makes at every login."""
        if self._login.refresh_token and refresh_token and refresh_token != self._login.refresh_token:
            log.warning(
                "Salesforce replaced the refresh token: the next command needs a new one, or no rotation"
            )
            self._login = replace(self._login, refresh_token=refresh_token)


class PlainLoopback(HTTPAdapter):
    """Speaks plain HTTP to a loopback host, because simple-salesforce writes https into every address."""

    def send(self, request: requests.PreparedRequest, *arguments: Any, **settings: Any) -> requests.Response:
        """Send as HTTP what was addressed to HTTPS."""
        request.url = (request.url or "").replace("https://", "http://", 1)
        return super().send(request, *arguments, **settings)


def error_of(response: requests.Response) -> tuple[str, str]:
    """Give Salesforce's error code and message; both are empty where the body is none of its own."""
    body = _json(response)
    first = body[0] if isinstance(body, list) and body and isinstance(body[0], dict) else {}
    return str(first.get("errorCode", "")), str(first.get("message", ""))


def web_page_error(response: requests.Response) -> ExtractError:
    """Say what stands in the place of an answer."""
    return ExtractError(
        f"{urlsplit(response.url).hostname} answered with a web page (HTTP {response.status_code}): a proxy "
        "or a maintenance page stands before Salesforce. Let its addresses pass, then give the command again."
    )


def _raise_if_web_page(response: requests.Response) -> None:
    """Notice the page that a proxy puts in the place of an answer, with a status as if all were well."""
    if response.ok and response.headers.get("Content-Type", "").startswith("text/html"):
        raise PassingRefusalError(response)


def _raise_if_worth_waiting(response: requests.Response) -> None:
    """Sort out the refusals: wait for what passes, stop at the day's allowance, leave the rest to the caller."""
    if response.ok:
        return
    code, message = error_of(response)
    if response.status_code >= HTTP_SERVER_ERROR or response.status_code == HTTP_TOO_MANY_REQUESTS:
        raise PassingRefusalError(response)
    if code == REQUEST_LIMIT and message.startswith(CONCURRENT_LIMIT):
        raise PassingRefusalError(response)
    if code in (REQUEST_LIMIT, BULK_LIMIT):
        raise exhausted(message)


def _grant(login: Login) -> tuple[dict[str, str], dict[str, str]]:
    if login.refresh_token:
        form = {"grant_type": "refresh_token", "client_id": login.client_id}
        secret = {"client_secret": login.client_secret} if login.client_secret else {}
        return {**form, **secret, "refresh_token": login.refresh_token}, {}
    if login.client_secret:
        pair = base64.b64encode(f"{login.client_id}:{login.client_secret}".encode()).decode()
        return {"grant_type": "client_credentials"}, {"Authorization": f"Basic {pair}"}
    claims = {
        "iss": login.client_id,
        "sub": login.username,
        "aud": login.login_url.rstrip("/"),
        "exp": int(time.time()) + JWT_LIFETIME_SECONDS,
    }
    assertion = jwt.encode(claims, login.private_key or "", algorithm="RS256")
    return {"grant_type": JWT_GRANT, "assertion": assertion}, {}


def _login_message(login: Login, status: int, answer: Any) -> str:
    error = answer if isinstance(answer, dict) else {}
    said = f"{error.get('error', 'no OAuth error')}: {error.get('error_description', 'no description')}"
    return (
        f"Salesforce refused the login at {login.login_url} ({login.flow}, HTTP {status}, {said}). Check that the address "
        "is the org's My Domain, that the app allows this flow, and that its run-as user may use the API."
    )


def _check_url(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in LOOPBACK:
        raise LoginError(f"{url} is not an https address: a token would travel in the clear.")


def _json(response: requests.Response) -> Any:
    try:
        return response.json()
    except requests.JSONDecodeError:
        return None
