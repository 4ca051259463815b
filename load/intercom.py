"""Intercom: one call per record, many at a time, and the way round its conflicts.

The setup calls are the SDK's typed ones (`load.intercom_schema`). The hot path uses the SDK's HTTP client directly:
its models cost 1.1 ms of CPU a record where the client alone costs 0.4 ms, and the SDK's own retries repeat conflicts and are
off by two. API version: 2.14.
"""

import json
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import httpx
import intercom
import structlog
from intercom.core.api_error import ApiError

from load.answer import Answer
from load.feeds import Feed
from load.intercom_schema import provision
from load.pacing import SHARE_FREE, BusyError, Limiter, Patience, patiently
from load.target import (
    END_GONE,
    AccessDeniedError,
    LoadError,
    Present,
    Result,
    Row,
    SchemaChange,
    SchemaChangedError,
    TargetUnavailableError,
    WrongAccountError,
    reference,
)
from load.threads import concurrently

log = structlog.get_logger()

VERSION = "2.14"
# A small workspace's budget, until the first answer says what this one's is.
CALLS_PER_WINDOW = 166
WINDOW_SECONDS = 10.0
TIMEOUT_SECONDS = 60.0
ATTEMPTS = 8
UNANSWERED_IN_A_ROW = 3

PER_PAGE = 50

# This version tells a contact that was merged away (410, with the survivor) from one that is archived or deleted (404).
TELLS_MERGED = "2.16"
SURVIVOR = re.compile(r"</contacts/([0-9a-f]+)>")
LOST_ATTRIBUTE = re.compile(r"[Cc]ustom attribute '([^']+)' does not exist")
CONFLICT = re.compile(r"(?P<archived>An archived)?.* already exists with id=(?P<id>[0-9a-f]+)")


Done = TypeVar("Done")


class Intercom:
    """An Intercom workspace as a target. Safe to share between threads; `repr` and logs never show the token.

    base_url: the region's scheme and host, without a slash at the end.
    expected_workspace: the workspace's id code that the token must belong to; None takes any.
    threads: calls at a time. At 0.2 s a call, 16 use half of 1,667 calls in 10 s and 40 all but the free share.
    share_free: what is left to the workspace's other apps, 0 to 1.
    restore_archived: restore contacts of ours that somebody archived; otherwise their rows are refused.
    transport: sends the calls, by default over the network.
    """

    name = "intercom"

    def __init__(
        self,
        base_url: str,
        token: str,
        *,
        expected_workspace: str | None = None,
        threads: int = 40,
        share_free: float = SHARE_FREE,
        restore_archived: bool = True,
        attempts: int = ATTEMPTS,
        transport: httpx.BaseTransport | None = None,
        limiter: Limiter | None = None,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._expected_workspace = expected_workspace
        self._threads = threads
        self._restore_archived = restore_archived
        self._attempts = attempts
        self._limiter = limiter or Limiter(CALLS_PER_WINDOW, WINDOW_SECONDS, share_free=share_free)
        self._patience = Patience(UNANSWERED_IN_A_ROW)
        headers = {"Intercom-Version": VERSION}
        self._http = httpx.Client(
            headers={
                **headers,
                "Authorization": f"Bearer {token}",
                "Accept": "application/json",
                "Content-Type": "application/json",
            },
            timeout=TIMEOUT_SECONDS,
            limits=httpx.Limits(max_connections=threads, max_keepalive_connections=threads),
            transport=transport,
        )
        # Without the header Intercom answers in whatever version the app is set to.
        self._sdk = intercom.Intercom(
            token=token, base_url=self._base_url, headers=headers, httpx_client=self._http
        )
        self._records = 0
        self._adopting = threading.Lock()

    def __repr__(self) -> str:
        return f"Intercom({self._base_url!r})"

    @property
    def calls(self) -> int:
        """How many calls were made since the start, retries included."""
        return self._limiter.calls

    @property
    def records(self) -> int:
        """How many records and attachments Intercom took since the start."""
        return self._records

    def check_account(self) -> str:
        """Give the workspace's id code.

        Raises:
            AccessDeniedError: Intercom refused the token.
            WrongAccountError: the token belongs to another workspace than `expected_workspace`.
        """
        workspace = str((self._ask("GET", "/me").content.get("app") or {}).get("id_code", ""))
        if not workspace:
            raise LoadError(
                f"{self._base_url} does not answer like Intercom. Check the address in the settings."
            )
        if self._expected_workspace not in (None, "", workspace):
            raise WrongAccountError(
                f"The Intercom token belongs to workspace {workspace}, and {self._expected_workspace} was expected. "
                "Nothing was sent. Check the token and the workspace in the settings."
            )
        return workspace

    def provision(self, feeds: Sequence[Feed]) -> list[SchemaChange]:
        """Create the data attributes that the feeds need.

        Raises:
            SchemaConflictError: Intercom has them otherwise; nothing was changed.
        """
        return provision(self._sdk.data_attributes, feeds, self._typed)

    def read(self, feed: Feed, rows: Iterable[Row]) -> Iterator[list[Present]]:
        """Read records, or whether they are attached, a call for each; see `load.target.Target`."""
        work: dict[str, Callable[[Row], Present]] = {
            "companies": partial(self._company_there, feed),
            "contacts": partial(self._contact_there, feed),
            "attachments": self._attachment_there,
        }
        yield from concurrently(_known(work, feed), rows, self._threads)

    def send(self, feed: Feed, rows: Iterable[Row]) -> Iterator[list[Result]]:
        """Create or update companies and contacts, or attach them; see `load.target.Target`."""
        work: dict[str, Callable[[Row], Result]] = {
            "companies": partial(self._company, feed),
            "contacts": partial(self._contact, feed),
            "attachments": self._attach,
        }
        yield from self._one_by_one(feed, work, rows)

    def archive(self, feed: Feed, rows: Iterable[Row]) -> Iterator[list[Result]]:
        """Archive contacts, delete companies, detach; see `load.target.Target`."""
        work: dict[str, Callable[[Row], Result]] = {
            "companies": lambda row: self._gone(row, "DELETE", "/companies/{}"),
            "contacts": lambda row: self._gone(row, "POST", "/contacts/{}/archive"),
            "attachments": self._detach,
        }
        yield from self._one_by_one(feed, work, rows)

    def _one_by_one(
        self, feed: Feed, work: Mapping[str, Callable[[Row], Result]], rows: Iterable[Row]
    ) -> Iterator[list[Result]]:
        for results in concurrently(partial(self._tried, _known(work, feed)), rows, self._threads):
            self._records += sum(result.status == "succeeded" for result in results)
            yield results

    def _tried(self, work: Callable[[Row], Result], row: Row) -> Result:
        try:
            result = work(row)
        except TargetUnavailableError as error:
            self._patience.unanswered(error)
            return row.failed(str(error))
        except ValueError as error:
            return row.refused("VALUE", str(error))
        self._patience.answered()
        return result

    # what is there

    def _company_there(self, feed: Feed, row: Row) -> Present:
        known = f"/companies/{row.target_id}"
        path = known if row.target_id else f"/companies?{urlencode({feed.key: row.record_key})}"
        return present(feed, row, self._asked_for(path))

    def _contact_there(self, feed: Feed, row: Row) -> Present:
        if row.target_id is None:
            return present(
                feed, row, self._asked_for(f"/contacts/find_by_external_id/{quote(row.record_key)}")
            )
        path = f"/contacts/{row.target_id}"
        found = self._asked_for(path)
        if found is None and (survivor := self._survivor(path)) is not None:
            found = self._asked_for(f"/contacts/{survivor}")
        return present(feed, row, found)

    def _attachment_there(self, row: Row) -> Present:
        _, contact_id, _, company_id = (row.target_id or "///").split("/")
        path = f"/contacts/{contact_id}/companies?per_page={PER_PAGE}"
        while contact_id and (page := self._asked_for(path)) is not None:
            if company_id in {each["id"] for each in page.content.get("data", ())}:
                return Present(row.record_key, row.target_id)
            following = (page.content.get("pages") or {}).get("next")
            if not following:
                break
            path = f"{path.partition('?')[0]}?{urlsplit(following).query}"
        return Present(row.record_key)

    def _asked_for(self, path: str) -> Answer | None:
        """Read something; None when it is not there."""
        answer = self._ask("GET", path)
        if answer.status in (404, 410):
            return None
        if not answer.ok:
            raise LoadError(f"Intercom did not let {path} be read: {message_of(answer)}")
        return answer

    def _survivor(self, path: str) -> str | None:
        """Give the id of the contact that a contact was merged into, if it was."""
        gone = self._ask("GET", path, version=TELLS_MERGED)
        found = SURVIVOR.search(gone.headers.get("Link", "")) if gone.status == 410 else None  # noqa: PLR2004
        return found[1] if found else None

    # records

    def _company(self, feed: Feed, row: Row) -> Result:
        body = json.dumps({feed.key: row.record_key, **as_json(feed, row)})
        held = None if row.target_id is None else self._ask("GET", f"/companies/{row.target_id}")
        answer = self._ask("POST", "/companies", body)
        return overwriting(self._result(row, answer, body), held)

    def _contact(self, feed: Feed, row: Row) -> Result:
        body = json.dumps({feed.key: row.record_key, **as_json(feed, row)})
        if row.target_id is not None:
            # Two calls an update: the versions that are stable neither read nor write several, and what is not read
            # before it is overwritten cannot be brought back.
            held = self._ask("GET", f"/contacts/{row.target_id}")
            answer = self._ask("PUT", f"/contacts/{row.target_id}", body)
            if answer.status not in (404, 410):
                return overwriting(self._result(row, answer, body), held)
            if (result := self._missing(feed, row, body)) is not None:
                return result
        # Creating first costs one call where looking first costs two; a conflict names who is in the way.
        answer = self._ask("POST", "/contacts", body)
        if answer.status == 409:  # noqa: PLR2004
            return self._adopt(feed, row, answer, body)
        return self._result(row, answer, body)

    def _missing(self, feed: Feed, row: Row, body: str) -> Result | None:
        """Follow a known contact that is no longer there: merged, archived, or, when this gives None, deleted."""
        path = f"/contacts/{row.target_id}"
        survivor = self._survivor(path)
        if survivor is None:
            if not self._restore_archived or not (held := self._ask("POST", f"{path}/unarchive")).ok:
                return None
            return overwriting(self._result(row, self._ask("PUT", path, body), body), held)
        held = self._ask("GET", f"/contacts/{survivor}")
        owner = held.content.get(feed.key)
        if owner not in (None, "", row.record_key):
            return row.merged(survivor, str(owner), body)
        answer = self._ask("PUT", f"/contacts/{survivor}", body)
        return overwriting(self._result(row, answer, body), held)

    def _adopt(self, feed: Feed, row: Row, conflict: Answer, body: str) -> Result:
        """Update the contact that is in the way, if it is ours or nobody's; another record's contact is not touched."""
        found = CONFLICT.match(message_of(conflict))
        # Two rows may meet in one contact: who comes second must see whose it has become.
        with self._adopting:
            return self._adopt_alone(feed, row, conflict, found, body)

    def _adopt_alone(
        self, feed: Feed, row: Row, conflict: Answer, found: re.Match[str] | None, body: str
    ) -> Result:
        restored = False
        if found is None:
            existing = self._ask("GET", f"/contacts/find_by_external_id/{row.record_key}")
        elif found["archived"] and not self._restore_archived:
            message = f"The contact {found['id']} in Intercom was archived. Restore it there, or allow to restore archived ones."
            return row.refused("ARCHIVED", message, body, conflict.content.get("request_id"))
        else:
            existing = self._ask("GET", f"/contacts/{found['id']}")
            if found["archived"] and not existing.ok:
                # An archived contact cannot be read; un-archiving it tells whose it is.
                existing, restored = self._ask("POST", f"/contacts/{found['id']}/unarchive"), True
        if not existing.ok:
            return self._result(row, conflict, body)
        owner, contact_id = existing.content.get(feed.key), existing.content["id"]
        if owner not in (None, "", row.record_key):
            if restored:
                self._ask("POST", f"/contacts/{contact_id}/archive")
            message = (
                f"The contact {contact_id} in Intercom matches this record and belongs to another, {owner}."
            )
            return row.refused("conflict", message, body, conflict.content.get("request_id"))
        answer = self._ask("PUT", f"/contacts/{contact_id}", body)
        return overwriting(self._result(row, answer, body), existing)

    def _attach(self, row: Row) -> Result:
        contact_id, company_id = row.values["contact_id"], row.values["company_id"]
        link = reference("contacts", contact_id, "companies", company_id)
        if row.target_id not in (None, link) and (undone := self._detach(row)).status != "succeeded":
            return undone
        body = json.dumps({"id": company_id})
        answer = self._ask("POST", f"/contacts/{contact_id}/companies", body)
        if answer.status in (404, 410):
            message = f"{message_of(answer)}: {link}. It is looked up in the next run, and attached then."
            return row.failed(message, body, END_GONE)
        return self._result(row, answer, body, link)

    def _detach(self, row: Row) -> Result:
        if row.target_id is None:
            return row.succeeded(None)
        _, contact_id, _, company_id = row.target_id.split("/")
        return self._gone(row, "DELETE", f"/contacts/{contact_id}/companies/{company_id}")

    def _gone(self, row: Row, method: str, path: str) -> Result:
        if row.target_id is None:
            return row.succeeded(None)
        answer = self._ask(method, path.format(row.target_id))
        if answer.status in (404, 410):
            return row.succeeded(row.target_id)
        return self._result(row, answer, None, row.target_id)

    def _result(self, row: Row, answer: Answer, payload: str | None, target_id: str | None = None) -> Result:
        if answer.ok:
            return row.succeeded(target_id or str(answer.content["id"]), payload)
        if lost := LOST_ATTRIBUTE.search(message_of(answer)):
            raise SchemaChangedError(
                f"Intercom's attribute {lost[1]} was taken away during the load: if it is archived, restore it under "
                "Settings, and run the load again; it goes on from here."
            )
        code = _first_error(answer).get("code") or f"HTTP_{answer.status}"
        return row.refused(code, message_of(answer), payload, answer.content.get("request_id"))

    # calls

    def _ask(self, method: str, path: str, body: str | None = None, version: str = VERSION) -> Answer:
        return patiently(lambda: self._once(method, path, body, version), attempts=self._attempts)

    def _once(self, method: str, path: str, body: str | None, version: str) -> Answer:
        used = self._limiter.acquire()
        headers = {"Intercom-Version": version}
        try:
            response = self._http.request(method, self._base_url + path, content=body, headers=headers)
        except httpx.TransportError as error:
            raise BusyError(f"{self._base_url}: {type(error).__name__}") from error
        answer = Answer.read(response.status_code, response.headers, response.content)
        self._understand(used, path, answer)
        return answer

    def _typed(self, call: Callable[..., Any], **arguments: Any) -> Any:
        """Make one of the SDK's typed calls, paced and repeated like the raw ones."""

        def once() -> Any:
            used = self._limiter.acquire()
            try:
                return call(**arguments)
            except ApiError as error:
                # The SDK has parsed the body already.
                answer = Answer.read(error.status_code or 0, error.headers, json.dumps(_plain(error.body)))
                self._understand(used, call.__name__, answer)
                raise LoadError(f"Intercom refused {call.__name__}: {message_of(answer)}") from error
            except httpx.TransportError as error:
                raise BusyError(f"{self._base_url}: {type(error).__name__}") from error

        return patiently(once, attempts=self._attempts)

    def _understand(self, used: int, path: str, answer: Answer) -> None:
        """Learn the pace from an answer, and raise what is not about the record that was sent."""
        reset_in = _reset_in(answer)
        self._limiter.learn(
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
            window = self._limiter.seconds if reset_in is None else min(reset_in, self._limiter.seconds)
            self._limiter.pause(window if asked is None else asked)
            # The limiter does the waiting, for all threads at once.
            raise BusyError("too many calls (429)", 0.0)
        if status in (408, 425) or status >= 500:  # noqa: PLR2004
            raise BusyError(f"status {status} from {self._base_url}")


def as_json(feed: Feed, row: Row) -> dict[str, Any]:
    """Write a row as Intercom takes it: JSON's own types, days and moments in Unix seconds, custom attributes apart.

    Null clears a field on an update and is left out on a create.

    Raises:
        ValueError: a number is not finite.
    """
    fields: dict[str, Any] = {}
    custom: dict[str, Any] = {}
    for column in feed.columns:
        value = row.values[column.name]
        if value is not None or row.action == "update":
            (fields if column.custom is None else custom)[column.name] = _AS_JSON[type(value)](value)
    return {**fields, "custom_attributes": custom} if custom else fields


def _finite(value: float | Decimal) -> int | float:
    number = Decimal(str(value))
    if not number.is_finite():
        raise ValueError("A number is not finite (NaN or infinity). Correct it in the mart.")
    return int(number) if number == number.to_integral_value() else float(number)


def _same(value: Any) -> Any:
    return value


_AS_JSON: dict[type, Callable[[Any], Any]] = {
    type(None): _same,
    str: _same,
    bool: _same,
    int: _same,
    float: _finite,
    Decimal: _finite,
    date: lambda value: int(datetime(value.year, value.month, value.day, tzinfo=UTC).timestamp()),
    datetime: lambda value: int(value.replace(tzinfo=UTC).timestamp()),
}


def overwriting(result: Result, held: Answer | None) -> Result:
    """Add to a result what Intercom held of the fields and attributes that it took; nothing of what it refused."""
    if held is None or not held.ok or result.status != "succeeded" or result.payload is None:
        return result
    sent = json.loads(result.payload)
    attributes = held.content.get("custom_attributes") or {}
    before = {name: _own(held.content.get(name)) for name in sent if name != "custom_attributes"}
    before |= {name: attributes.get(name) for name in sent.get("custom_attributes", ())}
    return replace(result, before=before)


def present(feed: Feed, row: Row, held: Answer | None) -> Present:
    """Say what Intercom holds of a row: the key, the fields and the attributes of the feed, JSON's own types."""
    if held is None:
        return Present(row.record_key)
    attributes = held.content.get("custom_attributes") or {}
    values = {feed.key: held.content.get(feed.key)}
    for column in feed.columns:
        own = column.custom is None
        values[column.name] = _own(held.content.get(column.name)) if own else attributes.get(column.name)
    return Present(row.record_key, str(held.content["id"]), values)


def _known(work: Mapping[str, Callable[[Row], Done]], feed: Feed) -> Callable[[Row], Done]:
    """Give the work for a feed's object."""
    if feed.object not in work:
        raise LoadError(f"Intercom takes no {feed.object}; it takes {', '.join(work)}.")
    return work[feed.object]


def _own(value: Any) -> Any:
    """Give a field as it is written: a company's plan is read as an object and written as its name."""
    return value.get("name") if isinstance(value, dict) else value


def message_of(answer: Answer) -> str:
    """Give what the answer says is wrong."""
    return _first_error(answer).get("message") or f"status {answer.status}, no reason given"


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
