"""The calls to Intercom: paced, repeated, and what an answer means that is not about one record. API version: 2.14."""

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import intercom
from intercom.core.api_error import ApiError

from load.answer import Answer
from load.keyless import UnansweredError
from load.pacing import BusyError, Limiter, patiently
from load.target import AccessDeniedError, LoadError, Result, Row, SchemaChangedError

VERSION = "2.14"
TIMEOUT_SECONDS = 60.0
UNKNOWN_FIELD = "invalid_field"
# github.com/intercom/intercom-node, issue 461: what an upsert of a company is answered now and then.
COMPANY_EXISTS = "unique_company_constraint"
# The most that a page holds.
PER_PAGE = 150

LOST_ATTRIBUTE = re.compile(r"[Cc]ustom attribute '([^']+)' does not exist")


class Wire:
    """One workspace's API. Safe to share between threads; `repr` and logs never show the token."""

    def __init__(
        self,
        base_url: str,
        token: str,
        *,
        connections: int,
        attempts: int,
        limiter: Limiter,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.limiter = limiter
        self._attempts = attempts
        headers = {"Intercom-Version": VERSION}
        self._http = httpx.Client(
            headers={
                **headers,
                "Authorization": f"Bearer {token}",
                "Accept": "application/json",
                "Content-Type": "application/json",
            },
            timeout=TIMEOUT_SECONDS,
            limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
            transport=transport,
        )
        # Without the header Intercom answers in whatever version the app is set to.
        self.sdk = intercom.Intercom(
            token=token, base_url=self.base_url, headers=headers, httpx_client=self._http
        )

    def __repr__(self) -> str:
        return f"Wire({self.base_url!r})"

    def ask(self, method: str, path: str, body: str | None = None, version: str = VERSION) -> Answer:
        """Make a call, again while there is no usable answer.

        Raises:
            TargetUnavailableError: all attempts were used.
            AccessDeniedError: Intercom refused the token.
        """
        return patiently(lambda: self.once(method, path, body, version), attempts=self._attempts)

    def make(self, path: str, body: str) -> Answer:
        """Post what must not be posted twice: only a call that was certainly not carried out is made again.

        Raises:
            UnansweredError: it may or may not have been carried out.
        """

        def once() -> Answer | UnansweredError:
            try:
                return self.once("POST", path, body, VERSION)
            except UnansweredError as error:
                return error

        answer = patiently(once, attempts=self._attempts)
        if isinstance(answer, UnansweredError):
            raise answer
        return answer

    def get(self, path: str, version: str = VERSION) -> Answer | None:
        """Read something; None when it is not there."""
        answer = self.ask("GET", path, version=version)
        if answer.status in (404, 410):
            return None
        if not answer.ok:
            raise LoadError(f"Intercom did not let {path} be read: {message_of(answer)}")
        return answer

    def search(self, path: str, name: str, query: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        """Give what a search finds, page by page; `name` is what the answer calls the list."""
        body: dict[str, Any] = {"query": query, "pagination": {"per_page": PER_PAGE}}
        while True:
            answer = self.ask("POST", path, json.dumps(body))
            if code_of(answer) == UNKNOWN_FIELD:
                # Nothing carries an attribute that is yet to be made.
                return
            if not answer.ok:
                raise LoadError(f"Intercom did not answer {path}: {message_of(answer)}")
            yield from answer.content[name]
            following = (answer.content.get("pages") or {}).get("next")
            if not following:
                return
            body["pagination"] |= {"starting_after": following["starting_after"]}

    def gone(self, row: Row, method: str, path: str) -> Result:
        """Take away what a row's `target_id` names; it may be gone already."""
        if row.target_id is None:
            return row.succeeded(None)
        answer = self.ask(method, path)
        if answer.status in (404, 410):
            return row.succeeded(row.target_id)
        return result_of(row, answer, None, row.target_id)

    def once(self, method: str, path: str, body: str | None, version: str) -> Answer:
        """Make a call once."""
        used = self.limiter.acquire()
        headers = {"Intercom-Version": version}
        try:
            response = self._http.request(method, self.base_url + path, content=body, headers=headers)
        except httpx.TransportError as error:
            raise UnansweredError(f"{self.base_url}: {type(error).__name__}") from error
        answer = Answer(response.status_code, response.headers, response.content)
        self._understand(used, path, answer)
        return answer

    def typed(self, call: Callable[..., Any], **arguments: Any) -> Any:
        """Make one of the SDK's typed calls, paced and repeated like the raw ones."""

        def once() -> Any:
            used = self.limiter.acquire()
            try:
                return call(**arguments)
            except ApiError as error:
                # The SDK has parsed the body already.
                answer = Answer(error.status_code or 0, error.headers or {}, json.dumps(_plain(error.body)))
                self._understand(used, call.__name__, answer)
                raise LoadError(f"Intercom refused {call.__name__}: {message_of(answer)}") from error
            except httpx.TransportError as error:
                raise BusyError(f"{self.base_url}: {type(error).__name__}") from error

        return patiently(once, attempts=self._attempts)

    def _understand(self, used: int, path: str, answer: Answer) -> None:
        """Learn the pace from an answer, and raise what is not about the record that was sent."""
        reset_in = _reset_in(answer)
        self.limiter.learn(
            used,
            answer.number("X-RateLimit-Limit"),
            answer.number("X-RateLimit-Remaining"),
            reset_in=reset_in,
        )
        status = answer.status
        if status in (401, 403):
            raise AccessDeniedError(f"Intercom refused the token for {path} ({status}): {message_of(answer)}")
        if status == 429:  # noqa: PLR2004
            asked = answer.number("Retry-After")
            window = self.limiter.seconds if reset_in is None else min(reset_in, self.limiter.seconds)
            self.limiter.pause(window if asked is None else asked)
            # The limiter does the waiting, for all threads at once.
            raise BusyError("too many calls (429)", 0.0)
        if code_of(answer) == COMPANY_EXISTS:
            # To an upsert: another one came at the same time, and the next call finds what that made.
            raise BusyError("the company is being made by another call")
        if status in (408, 425) or status >= 500:  # noqa: PLR2004
            raise UnansweredError(f"status {status} from {self.base_url}")


def result_of(row: Row, answer: Answer, payload: str | None, target_id: str | None = None) -> Result:
    """Give the result of a row whose call was answered; `target_id` when the answer does not name it.

    Raises:
        SchemaChangedError: an attribute of the feed is gone.
    """
    if answer.ok:
        return row.succeeded(target_id or str(answer.content["id"]), payload)
    if lost := LOST_ATTRIBUTE.search(message_of(answer)):
        raise SchemaChangedError(
            f"Intercom's attribute {lost[1]} was taken away during the load: if it is archived, restore it under "
            "Settings, and run the load again; it goes on from here."
        )
    return row.refused(code_of(answer), message_of(answer), payload, answer.content.get("request_id"))


def message_of(answer: Answer) -> str:
    """Give what the answer says is wrong."""
    return _first_error(answer).get("message") or f"status {answer.status}, no reason given"


def code_of(answer: Answer) -> str:
    """Give the answer's code of error."""
    return _first_error(answer).get("code") or f"HTTP_{answer.status}"


def _first_error(answer: Answer) -> Mapping[str, str]:
    errors = answer.content.get("errors") or [{}]
    first: Mapping[str, str] = errors[0]
    return first


def _reset_in(answer: Answer) -> float | None:
    """Give the seconds until the window ends, by the server's own clock where it says it."""
    reset = answer.number("X-RateLimit-Reset")
    if reset is None:
        return None
    said = answer.headers.get("Date")
    now = parsedate_to_datetime(said).timestamp() if said else time.time()
    return max(0.0, reset - now)


def _plain(body: Any) -> Any:
    return body.dict() if hasattr(body, "dict") else body
