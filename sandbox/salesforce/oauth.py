"""POST /services/oauth2/token: client credentials, JWT bearer and refresh token, and the sessions they open.

GET /services/oauth2/userinfo says whose session one is, in OpenID Connect's words.
"""

import base64
import binascii
import time
from typing import Any
from urllib.parse import parse_qs

import jwt
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from sandbox.salesforce.state import Sandbox, VendorJson
from sandbox.salesforce.store import ADMIN_USERNAME

CLIENT_ID = "sandbox-client"
CLIENT_SECRET = "sandbox-secret"  # noqa: S105 - the stand-in's public constant
REFRESH_TOKEN = "sandbox-refresh-token"  # noqa: S105 - the same
ORG_ID = "00D000000000001EAA"
JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
JWT_KEY_SETTING = "jwt_key"
LOGIN_SERVERS = ("https://login.salesforce.com", "https://test.salesforce.com")
# Salesforce wants exp within three minutes; the rest is for clocks that differ.
LONGEST_ASSERTION = 180 + 60


class OauthError(Exception):
    """A refusal of the token endpoint: RFC 6749 error code and Salesforce's description."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(f"{error}: {description}")
        self.body = {"error": error, "error_description": description}


def token(sandbox: Sandbox, request: Request, body: bytes) -> Response:
    """Open a session: 200 with the token and no expires_in, or 400 {error, error_description}."""
    form = {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}
    base_url = str(request.base_url).rstrip("/")
    try:
        _check_grant(sandbox, request, form, base_url)
    except OauthError as error:
        return VendorJson(error.body, 400)
    return VendorJson(_open_session(sandbox, base_url), headers={"Cache-Control": "no-cache, no-store"})


def userinfo(sandbox: Sandbox, request: Request) -> Response:
    """Say who the session's user is: 200, or 403 with the text that Salesforce has for a bad token."""
    user_id = user_of(sandbox, request.headers.get("authorization", ""))
    if user_id is None:
        return PlainTextResponse("Bad_OAuth_Token", 403)
    base_url = str(request.base_url).rstrip("/")
    data = f"{base_url}/services/data/v{{version}}/"
    return VendorJson(
        {
            "sub": f"https://login.salesforce.com/id/{ORG_ID}/{user_id}",
            "user_id": user_id,
            "organization_id": ORG_ID,
            "preferred_username": sandbox.store.username(user_id),
            "profile": f"{base_url}/{user_id}",
            "urls": {"rest": data, "sobjects": f"{data}sobjects/", "query": f"{data}query/"},
            "active": True,
            "user_type": "STANDARD",
        }
    )


def user_of(sandbox: Sandbox, authorization: str) -> str | None:
    """Give the user id of a live session's header "Bearer <token>" (or "OAuth <token>"), else None."""
    scheme, _, session = authorization.partition(" ")
    if scheme not in {"Bearer", "OAuth"}:
        return None
    row = sandbox.store.row("SELECT user_id FROM session WHERE token = ? AND live", [session.strip()])
    return str(row[0]) if row else None


def expire_sessions(sandbox: Sandbox) -> int:
    """End every session, as time or an administrator would; gives how many there were."""
    with sandbox.store.writing() as cursor:
        return len(cursor.execute("UPDATE session SET live = false WHERE live RETURNING token").fetchall())


def _check_grant(sandbox: Sandbox, request: Request, form: dict[str, str], base_url: str) -> None:
    grant = form.get("grant_type", "")
    if grant == "client_credentials":
        _check_client(request, form)
    elif grant == "refresh_token":
        _check_refresh(request, form)
    elif grant == JWT_GRANT:
        _check_assertion(form.get("assertion", ""), sandbox.store.setting(JWT_KEY_SETTING), base_url)
    else:
        raise OauthError("unsupported_grant_type", "grant type not supported")


def _check_client(request: Request, form: dict[str, str]) -> None:
    client, secret = _basic(request) or (form.get("client_id", ""), form.get("client_secret", ""))
    if client != CLIENT_ID:
        raise OauthError("invalid_client_id", "client identifier invalid")
    if secret != CLIENT_SECRET:
        raise OauthError("invalid_client", "invalid client credentials")


def _check_refresh(request: Request, form: dict[str, str]) -> None:
    """Check a refresh; an app need not ask for its secret here, but a wrong one is refused."""
    if _basic(request) or "client_secret" in form:
        _check_client(request, form)
    elif form.get("client_id") != CLIENT_ID:
        raise OauthError("invalid_client_id", "client identifier invalid")
    if form.get("refresh_token") != REFRESH_TOKEN:
        raise OauthError("invalid_grant", "expired access/refresh token")


def _basic(request: Request) -> tuple[str, str] | None:
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client, _, secret = base64.b64decode(encoded).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return client, secret


def _check_assertion(assertion: str, key: str | None, base_url: str) -> None:
    if key is None:
        raise OauthError("invalid_grant", "user hasn't approved this consumer")
    claims = _verified(assertion, key)
    if claims.get("iss") != CLIENT_ID:
        raise OauthError("invalid_client_id", "client identifier invalid")
    audiences = claims["aud"] if isinstance(claims.get("aud"), list) else [claims.get("aud")]
    if not set(audiences) & {*LOGIN_SERVERS, base_url, base_url.replace("http://", "https://")}:
        raise OauthError("invalid_grant", "audience is invalid")
    if claims.get("sub") != ADMIN_USERNAME:
        raise OauthError("invalid_grant", "user hasn't approved this consumer")
    # simple-salesforce writes exp as a text, which Salesforce takes.
    if int(claims["exp"]) - time.time() > LONGEST_ASSERTION:
        raise OauthError("invalid_grant", "invalid assertion")


def _verified(assertion: str, key: str) -> dict[str, Any]:
    options: Any = {"require": ["exp"], "verify_aud": False}
    try:
        return jwt.decode(assertion, key, algorithms=["RS256"], options=options)
    except jwt.ExpiredSignatureError as error:
        raise OauthError("invalid_grant", "expired authorization code") from error
    except jwt.PyJWTError as error:
        raise OauthError("invalid_grant", "invalid assertion") from error


def _open_session(sandbox: Sandbox, base_url: str) -> dict[str, str]:
    number = sandbox.store.next_number("session")
    user_id = sandbox.store.admin_id()
    session = f"{ORG_ID[:15]}!sandbox-session-{number}"
    with sandbox.store.writing() as cursor:
        cursor.execute("INSERT OR REPLACE INTO session VALUES (?, ?, true)", [session, user_id])
    return {
        "access_token": session,
        "signature": base64.b64encode(b"not-a-real-signature").decode(),
        "scope": "api",
        "instance_url": base_url,
        "id": f"https://login.salesforce.com/id/{ORG_ID}/{user_id}",
        "token_type": "Bearer",
        "issued_at": str(time.time_ns() // 1_000_000),
    }
