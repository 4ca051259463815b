"""Reading back what Intercom holds: contacts, companies, which contact is at which company, tags, tickets, admins.

python-intercom's client sends the calls; its models and pagers are passed by, because they cost five
milliseconds a record and some of the pagers never end.
"""

import time
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import stamina
import structlog
from intercom import Intercom
from snowflake.connector import SnowflakeConnection

from extract.errors import ExtractError, LoginError
from extract.landing import RowFiles, Table, execute
from extract.readback import Landed, Progress, ReadBack, payload_row, payload_table, record_row, records_table

BASE_URL = "https://api.intercom.io"
VERSION = "2.14"
RAW = "raw_intercom"
PAGE = 150
# A workspace has one scroll. It dies after a minute without a call, and a new one must wait for that.
SCROLL_EXISTS = "scroll_exists"
SCROLL_SECONDS = 15.0
SCROLLS = 5

ATTEMPTS = 8
TIMEOUT_SECONDS = 60
WINDOW_SECONDS = 10.0
UNAUTHORIZED, FORBIDDEN, NOT_FOUND, TIMED_OUT, TOO_MANY, SERVER_ERROR = 401, 403, 404, 408, 429, 500

# A link's `contact_id` is the company's where the company is tagged.
LINK_KINDS = ("attachments", "contact_tags", "company_tags")
LINKS = Table(RAW, "links", {"object": "varchar", "contact_id": "varchar", "other_id": "varchar"})

log = structlog.get_logger()


class RefusedError(ExtractError):
    """Intercom did not do what it was asked; `status` and `code` say why."""

    def __init__(self, response: httpx.Response, path: str) -> None:
        """Read the error list that Intercom answers; a proxy's answer has none."""
        body = _json(response)
        first = (body.get("errors") or [{}])[0]
        self.status = response.status_code
        self.code = str(first.get("code", "no code"))
        self.reset = response.headers.get("X-RateLimit-Reset")
        super().__init__(
            f"Intercom refused {path} (HTTP {self.status}, {self.code}, request {body.get('request_id', 'unknown')}): "
            f"{first.get('message', 'no message')}"
        )


def _pause(error: Exception) -> bool | float:
    """Say whether to call again, and after how many seconds where Intercom's rules say so."""
    if not isinstance(error, RefusedError):
        return isinstance(error, httpx.TransportError)
    if error.code == SCROLL_EXISTS:
        return SCROLL_SECONDS
    return _limited(error) or error.status == TIMED_OUT or error.status >= SERVER_ERROR


def _limited(error: Exception) -> bool | float:
    """Say how long to wait for the next window, if that is what the error is about."""
    if not isinstance(error, RefusedError) or error.status != TOO_MANY:
        return False
    return max(0.1, float(error.reset) - time.time()) if error.reset else WINDOW_SECONDS


_patient = stamina.RetryingCaller(attempts=ATTEMPTS, timeout=None, wait_max=WINDOW_SECONDS).on(_pause)
_limited_only = stamina.RetryingCaller(attempts=ATTEMPTS, timeout=None, wait_max=WINDOW_SECONDS).on(_limited)


class Workspace:
    """One Intercom workspace. Calls wait for the rate limit, and what passes by itself is tried again."""

    def __init__(self, token: str, base_url: str = BASE_URL) -> None:
        """Name the API version: without it Intercom takes the one that the app was set to."""
        client = Intercom(
            token=token, base_url=base_url, headers={"Intercom-Version": VERSION}, timeout=TIMEOUT_SECONDS
        )
        self._http = client._client_wrapper.httpx_client  # noqa: SLF001 - the only way to an answer without a model
        self._base_url = base_url

    def get(self, path: str, query: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Give the JSON object that a GET answers.

        Raises:
            LoginError: the token is not accepted.
            RefusedError: Intercom said no.
            ExtractError: Intercom cannot be reached.
        """
        return self._explained(_patient, path, query)

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Give the JSON object that a POST answers, of one that only asks. Raises as `get` does."""
        return self._explained(_patient, path, None, body)

    def get_next(self, path: str, query: Mapping[str, str]) -> dict[str, Any]:
        """Do as `get`, for a call that a failure makes useless to repeat: only the rate limit is waited for."""
        return self._explained(_limited_only, path, query)

    def _explained(
        self,
        again: stamina.BoundRetryingCaller,
        path: str,
        query: Mapping[str, str] | None,
        body: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        try:
            return again(self._call, path, query, body)
        except RefusedError as error:
            if error.status in (UNAUTHORIZED, FORBIDDEN):
                raise LoginError(f"{error}. Check the token and its permissions.") from None
            raise
        except httpx.TransportError as error:
            raise ExtractError(
                f"Intercom at {self._base_url} cannot be reached ({type(error).__name__}). Give the command again."
            ) from None

    def _call(
        self, path: str, query: Mapping[str, str] | None, body: Mapping[str, Any] | None
    ) -> dict[str, Any]:
        method = "GET" if body is None else "POST"
        response = self._http.request(path, method=method, params=dict(query or {}), json=body)
        if not response.is_success:
            raise RefusedError(response, path)
        return _json(response)


def read(
    workspace: Workspace,
    connection: SnowflakeConnection,
    *,
    run_id: str,
    landing_dir: Path,
    ours: bool = True,
    objects: Container[str] = ("tickets",),
    progress: Progress | None = None,
) -> list[Landed]:
    """Copy contacts, companies, their links and the admins into RAW_INTERCOM, each table whole and at one instant.

    With `ours`, contacts without an `external_id` and companies without a `company_id` are left out. `objects`: what is read
    beside them, of what not every plan of Intercom has. `progress` is called with the object, its rows so far, and their
    number at the end.

    Raises:
        LoginError: the token is not accepted.
        ExtractError: Intercom refused or cannot be reached. Tables not yet read stay as they were.
    """
    back = ReadBack.begin(connection, RAW, run_id, landing_dir, progress)
    records, started = records_table(RAW), time.monotonic()
    with (
        RowFiles(back.folder / records.name, records.columns) as record_files,
        RowFiles(back.folder / LINKS.name, LINKS.columns) as link_files,
    ):
        for contact in back.report("contacts", _contacts(workspace, ours=ours)):
            record_files.add(record_row("contacts", contact))
            for note in _notes_of(workspace, contact):
                record_files.add(record_row("contact_notes", note))
            for link in _links_of(workspace, "contacts", contact):
                link_files.add(link)
        if "tickets" in objects:
            for ticket in back.report("tickets", _tickets(workspace, _known(connection, "tickets"))):
                record_files.add(record_row("tickets", ticket))
                for note in _notes_in(ticket):
                    record_files.add(record_row("ticket_notes", note))
        companies = _companies(workspace, _known(connection, "companies"))
        ours_only = (each for each in companies if not ours or each.get("company_id"))
        for company in back.report("companies", ours_only):
            record_files.add(record_row("companies", company))
            for link in _links_of(workspace, "companies", company):
                link_files.add(link)
        for tag in back.report("tags", workspace.get("tags")["data"]):
            record_files.add(record_row("tags", tag))
    return [
        back.land_files(records, record_files, started),
        back.land_files(LINKS, link_files, started),
        _land_admins(workspace, back),
    ]


def read_sample(
    workspace: Workspace,
    connection: SnowflakeConnection,
    objects: Mapping[str, Sequence[str]],
    *,
    run_id: str,
    landing_dir: Path,
    progress: Progress | None = None,
) -> list[Landed]:
    """Copy only the records with these ids of Intercom, by object, and the contacts' companies, into RAW_INTERCOM.

    The other rows stay as they are; a record that Intercom no longer has loses its row. Raises as `read` does.
    """
    back = ReadBack.begin(connection, RAW, run_id, landing_dir, progress)
    landed: list[Landed] = []
    links: list[tuple[str, ...]] = []

    def rows(name: str, ids: Sequence[str]) -> Iterator[tuple[str, str, str]]:
        for record in back.report(name, _by_id(workspace, name, ids)):
            links.extend(_links_of(workspace, name, record))
            yield record_row(name, record)

    for name, ids in objects.items():
        landed.append(back.land(records_table(RAW), rows(name, ids), {"object": [name], "id": ids}))
    read = [*objects.get("contacts", ()), *objects.get("companies", ())]
    return [*landed, back.land(LINKS, links, {"object": LINK_KINDS, "contact_id": read})]


def _by_id(workspace: Workspace, name: str, ids: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Give the records that are still there."""
    path = {"contact_notes": "notes", "ticket_notes": "tickets"}.get(name, name)
    for record_id in ids:
        try:
            record = workspace.get(f"{path}/{record_id.partition('/')[0]}")
        except RefusedError as error:
            if error.status != NOT_FOUND:
                raise
            continue
        if name == "ticket_notes":
            yield from (note for note in _notes_in(record) if note["id"] == record_id)
        else:
            yield record


def read_admins(
    workspace: Workspace,
    connection: SnowflakeConnection,
    *,
    run_id: str,
    landing_dir: Path,
    progress: Progress | None = None,
) -> Landed:
    """Copy Intercom's admins, who own its records, into RAW_INTERCOM.ADMINS. Raises as `read` does."""
    back = ReadBack.begin(connection, RAW, run_id, landing_dir, progress)
    return _land_admins(workspace, back)


def _land_admins(workspace: Workspace, back: ReadBack) -> Landed:
    admins = back.report("admins", workspace.get("admins")["admins"])
    return back.land(payload_table(RAW, "admins"), map(payload_row, admins))


def _contacts(workspace: Workspace, *, ours: bool) -> Iterator[dict[str, Any]]:
    query = {"per_page": str(PAGE)}
    while True:
        page = workspace.get("contacts", query)
        yield from (each for each in page["data"] if not ours or each.get("external_id"))
        following = (page.get("pages") or {}).get("next")
        if not following:
            return
        query["starting_after"] = following["starting_after"]


def _links_of(workspace: Workspace, name: str, record: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Give what a contact or company is joined to, as rows of the links."""
    if name == "contacts":
        for company_id in _companies_of(workspace, record):
            yield "attachments", record["id"], company_id
        for tag_id in _tags_of(workspace, record):
            yield "contact_tags", record["id"], tag_id
    elif name == "companies":
        for tag in (record.get("tags") or {}).get("tags") or ():
            yield "company_tags", record["id"], str(tag["id"])


def _tags_of(workspace: Workspace, contact: Mapping[str, Any]) -> Iterator[str]:
    """Give the ids of a contact's tags; the contact itself lists ten at most."""
    nested = contact.get("tags") or {}
    if nested.get("has_more") or nested.get("total_count", 0) > len(nested.get("data", ())):
        nested = workspace.get(f"contacts/{contact['id']}/tags")
    yield from (str(each["id"]) for each in nested.get("data", ()))


def _notes_of(workspace: Workspace, contact: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Give the notes on a contact, which itself only counts them."""
    if not (contact.get("notes") or {}).get("total_count", 0):
        return
    number = pages = 1
    while number <= pages:
        page = workspace.get(f"contacts/{contact['id']}/notes", {"page": str(number), "per_page": str(PAGE)})
        yield from page.get("data") or ()
        pages = (page.get("pages") or {}).get("total_pages") or 1
        number += 1


def _notes_in(ticket: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Give the notes in a ticket, each with the ticket's id; its other parts are changes of state and the like."""
    for part in (ticket.get("ticket_parts") or {}).get("ticket_parts") or ():
        if part["part_type"] == "note":
            yield {**part, "id": f"{ticket['id']}/{part['id']}", "ticket_id": ticket["id"]}


def _companies_of(workspace: Workspace, contact: Mapping[str, Any]) -> Iterator[str]:
    """Give Intercom's ids of a contact's companies; the contact itself lists ten at most."""
    nested = contact.get("companies") or {}
    if not nested.get("has_more") and nested.get("total_count", 0) <= len(nested.get("data", ())):
        yield from (each["id"] for each in nested.get("data", ()))
        return
    number = pages = 1
    while number <= pages:
        page = workspace.get(
            f"contacts/{contact['id']}/companies", {"page": str(number), "per_page": str(PAGE)}
        )
        # The description calls the list `companies`, the service `data`.
        yield from (each["id"] for each in page.get("data") or page.get("companies") or ())
        pages = (page.get("pages") or {}).get("total_pages") or 1
        number += 1


def _companies(workspace: Workspace, known: Iterator[str]) -> Iterator[dict[str, Any]]:
    """Give every company that has a contact, and the known ones that have none. Holds the ids of those given."""
    seen: set[str] = set()
    for company in _scrolled(workspace):
        if company["id"] not in seen:
            seen.add(company["id"])
            yield company
    yield from _by_id(workspace, "companies", (each for each in known if each not in seen))


def _tickets(workspace: Workspace, known: Iterator[str]) -> Iterator[dict[str, Any]]:
    """Give every ticket: those that search finds, and the known ones that it does not show yet."""
    seen: set[str] = set()
    body: dict[str, Any] = {
        "query": {"field": "created_at", "operator": ">", "value": 0},
        "pagination": {"per_page": PAGE},
    }
    while True:
        page = workspace.post("tickets/search", body)
        for ticket in page["tickets"]:
            seen.add(ticket["id"])
            yield ticket
        following = (page.get("pages") or {}).get("next")
        if not following:
            break
        body["pagination"] |= {"starting_after": following["starting_after"]}
    yield from _by_id(workspace, "tickets", (each for each in known if each not in seen))


def _scrolled(workspace: Workspace) -> Iterator[dict[str, Any]]:
    """Scroll over the companies; a scroll that died or failed cannot go on, so another begins at the start."""
    for last in (False,) * (SCROLLS - 1) + (True,):
        try:
            yield from _one_scroll(workspace)
        except RefusedError as error:
            lost = error.status == NOT_FOUND or error.status >= SERVER_ERROR
            if last or not lost:
                raise
            log.info("scroll over companies lost; starting again", status=error.status)
        else:
            return


def _one_scroll(workspace: Workspace) -> Iterator[dict[str, Any]]:
    page = workspace.get("companies/scroll")
    while page.get("data"):
        yield from page["data"]
        page = workspace.get_next("companies/scroll", {"scroll_param": page["scroll_param"]})


def _known(connection: SnowflakeConnection, name: str) -> Iterator[str]:
    """Give the ids of an object's records that the ledger has."""
    statement = "select target_id from ops.load_ledger where target = 'intercom' and object = %s"
    found = execute(connection, statement, [name])
    return (row["target_id"] for row in found if row["target_id"])


def _json(response: httpx.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
