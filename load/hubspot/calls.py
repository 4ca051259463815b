"""The calls to HubSpot: paced, repeated, and what an answer means that is not about one record."""

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import hubspot
import urllib3
from hubspot.crm import properties as properties_api

from load.answer import Answer
from load.hubspot.paths import speak
from load.hubspot.wire import message_of
from load.pacing import BusyError, Limiter, patiently
from load.target import AccessDeniedError, LoadError, LoadStoppedError

TIMEOUT = urllib3.Timeout(connect=10, read=60)
# A lock of a record lasts two seconds; a move to another data centre up to a day.
LOCKED_SECONDS = 2.0
LONGEST_WAIT_SECONDS = 60.0
JSON = "application/json"


class Calls:
    """One account's API. Safe to share between threads; `repr` and logs never show the token.

    The setup calls are the SDK's typed ones, of `properties` and `groups`; all others go raw through its connection pool.
    """

    def __init__(
        self,
        base_url: str,
        token: str,
        *,
        connections: int,
        attempts: int,
        limiter: Limiter,
        version: str,
        pool: urllib3.PoolManager | None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.limiter = limiter
        self._attempts = attempts
        self._headers = {"Authorization": f"Bearer {token}"}
        # Every attribute access of the SDK builds a client with a pool of its own: keep the ones that are needed.
        client = hubspot.Client.create(
            access_token=token,
            host=self.base_url,
            base_url=self.base_url,
            connection_pool_maxsize=connections,
        )
        self.properties = client.crm.properties.core_api
        self.groups = client.crm.properties.groups_api
        self._pool = pool or self.properties.api_client.rest_client.pool_manager
        for api in (self.properties, self.groups):
            speak(api.api_client.rest_client, version)

    def __repr__(self) -> str:
        return f"Calls({self.base_url!r})"

    def ask(
        self,
        method: str,
        path: str,
        body: str | bytes | Path | None = None,
        *,
        may_be_gone: bool = False,
        content_type: str = JSON,
    ) -> Answer:
        """Make a call, again while there is no usable answer.

        body: a path names a file that is sent piece by piece.
        may_be_gone: 404 is an answer, not a wrong address.

        Raises:
            TargetUnavailableError: all attempts were used.
            AccessDeniedError: HubSpot refused the token.
        """
        return patiently(
            lambda: self.once(method, path, body, may_be_gone, content_type), attempts=self._attempts
        )

    def once(
        self,
        method: str,
        path: str,
        body: str | bytes | Path | None,
        may_be_gone: bool = False,
        content_type: str = JSON,
    ) -> Answer:
        """Make a call once."""
        used = self.limiter.acquire()
        headers = {**self._headers, "Content-Type": content_type}
        if isinstance(body, Path):
            headers["Content-Length"] = str(body.stat().st_size)
        try:
            with body.open("rb") if isinstance(body, Path) else nullcontext(body) as sent:
                response = self._pool.request(
                    method,
                    self.base_url + path,
                    body=sent.encode() if isinstance(sent, str) else sent,
                    headers=headers,
                    timeout=TIMEOUT,
                    retries=False,
                )
        except urllib3.exceptions.HTTPError as error:
            raise BusyError(f"{self.base_url}{path}: {type(error).__name__}") from error
        answer = Answer(response.status, response.headers, response.data)
        if may_be_gone and answer.status == 404:  # noqa: PLR2004
            return answer
        if content_type != JSON and answer.status == 415:  # noqa: PLR2004
            # Of a file: HubSpot does not take its kind.
            return answer
        self._understand(used, path, answer)
        return answer

    def typed(self, call: Callable[..., Any], *arguments: Any) -> Any:
        """Make one of the SDK's typed calls, paced and repeated like the raw ones."""

        def once() -> Any:
            used = self.limiter.acquire()
            try:
                return call(*arguments)
            except properties_api.ApiException as error:
                answer = Answer(error.status, error.headers or {}, error.body or "")
                self._understand(used, call.__name__, answer)
                raise LoadError(
                    f"HubSpot refused {call.__name__} of {arguments[0]}: {message_of(answer)}"
                ) from error
            except urllib3.exceptions.HTTPError as error:
                raise BusyError(f"{self.base_url}, {call.__name__}: {type(error).__name__}") from error

        return patiently(once, attempts=self._attempts)

    def _understand(self, used: int, path: str, answer: Answer) -> None:
        """Learn the pace from an answer, and raise what is not about the records that were sent."""
        self._learn(used, answer)
        status = answer.status
        if status in (401, 403):
            raise AccessDeniedError(f"HubSpot refused the token for {path} ({status}): {message_of(answer)}")
        if status == 429:  # noqa: PLR2004
            self._too_many(answer)
        if status == 423:  # noqa: PLR2004
            raise BusyError("a record is locked (423)", LOCKED_SECONDS)
        if status == 477:  # noqa: PLR2004
            self._moving(answer)
        if status in (408, 425) or status >= 500:  # noqa: PLR2004
            raise BusyError(f"status {status} from {path}", _seconds(answer))
        if status in (404, 405, 415):
            raise LoadError(f"HubSpot has no {path} ({status}). Check the address and the object's name.")

    def _learn(self, used: int, answer: Answer) -> None:
        milliseconds = answer.number("X-HubSpot-RateLimit-Interval-Milliseconds")
        self.limiter.learn(
            used,
            answer.number("X-HubSpot-RateLimit-Max"),
            answer.number("X-HubSpot-RateLimit-Remaining"),
            seconds=milliseconds / 1000 if milliseconds else None,
        )
        self.limiter.learn_day(
            answer.number("X-HubSpot-RateLimit-Daily"),
            answer.number("X-HubSpot-RateLimit-Daily-Remaining"),
        )

    def _too_many(self, answer: Answer) -> None:
        policy = answer.content.get("policyName")
        if policy == "DAILY":
            self.limiter.exhaust(
                "HubSpot's calls of the day are used up. Run it again tomorrow: it goes on from here."
            )
        else:
            window = 1.0 if policy == "SECONDLY" else self.limiter.seconds
            self.limiter.pause(answer.number("Retry-After") or window)
        # The limiter does the waiting, for all threads at once.
        raise BusyError("too many calls (429)", 0.0)

    def _moving(self, answer: Answer) -> None:
        seconds = answer.number("Retry-After") or LONGEST_WAIT_SECONDS
        if seconds > LONGEST_WAIT_SECONDS:
            raise LoadStoppedError(
                f"HubSpot is moving the account to another data centre. Run it again in {seconds / 3600:.1f} hours."
            )
        raise BusyError("the account is being moved (477)", seconds)


def _seconds(answer: Answer) -> float | None:
    """Give the pause that an answer asks for, if it is one that can be waited out."""
    asked = answer.number("Retry-After")
    return None if asked is None else min(float(asked), LONGEST_WAIT_SECONDS)
