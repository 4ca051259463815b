"""Intercom: one call per record, many at a time.

The setup calls are the SDK's typed ones (`load.intercom.schema`). The hot path uses the SDK's HTTP client directly
(`load.intercom.wire`): its models cost 1.1 ms of CPU a record where the client alone costs 0.4 ms, and the SDK's own retries
repeat conflicts and are off by two. What is done with a record of each kind is a module of its own.
"""

import math
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Protocol, runtime_checkable

import httpx

from load.feeds import Feed
from load.intercom import account, bulk, forget, tickets
from load.intercom.companies import Attachments, Companies
from load.intercom.messages import CONTACT_NOTES, TICKET_NOTES, Messages
from load.intercom.people import Contacts, Merges
from load.intercom.schema import provision
from load.intercom.tags import ROWS_PER_CALL, Taggings, Tags
from load.intercom.wire import Wire
from load.keyless import ROWS_PER_LOOKUP, Maker, UnansweredError
from load.pacing import SHARE_FREE, Limiter, Patience
from load.target import (
    VALUE,
    Definition,
    LoadError,
    Present,
    Result,
    Room,
    Row,
    SchemaChange,
    TargetUnavailableError,
    WrongAccountError,
    only_reading,
)
from load.threads import concurrently
from load.undo_links import Linked

# A small workspace's budget, until the first answer says what this one's is.
CALLS_PER_WINDOW = 166
WINDOW_SECONDS = 10.0
ATTEMPTS = 8
UNANSWERED_IN_A_ROW = 3
# "This delay can take a few minutes", says Intercom of how long a new record stays out of search.
SEARCH_LAG_SECONDS = 180.0


Kind = Companies | Contacts | Attachments | Merges | tickets.Tickets | Tags | Taggings | Messages


@runtime_checkable
class Restorable(Protocol):
    """A kind of record of which a write can be undone."""

    def restore(self, row: Row) -> Result:
        """Write values over a record, as it gave them."""

    def bring_back(self, row: Row) -> Result:
        """Restore an archived record, or refuse."""


@runtime_checkable
class Relinkable(Protocol):
    """A kind of link of which a write can be undone."""

    def linked(self, start: str) -> list[tuple[str, Linked]]:
        """Give the links of a first end."""

    def relink(self, row: Row) -> Result:
        """Make or take away a link."""


class Intercom:
    """An Intercom workspace as a target. Safe to share between threads; `repr` and logs never show the token.

    base_url: the region's scheme and host, without a slash at the end.
    expected_workspace: the workspace's id code that the token must belong to; None takes any.
    threads: calls at a time. At 0.2 s a call, 16 use half of 1,667 calls in 10 s and 40 all but the free share.
    share_free: what is left to the workspace's other apps, 0 to 1.
    restore_archived: restore contacts of ours that somebody archived; otherwise their rows are refused.
    bulk: users are made and changed a hundred a call, by the Preview API; see `load.intercom.bulk`.
    search_lag: seconds after which search finds what was made; what has no external id waits so long before it is looked up.
    transport: sends the calls, by default over the network.
    """

    name = "intercom"
    checklist = account.CHECKLIST

    def __init__(
        self,
        base_url: str,
        token: str,
        *,
        expected_workspace: str | None = None,
        threads: int = 40,
        share_free: float = SHARE_FREE,
        restore_archived: bool = True,
        bulk: bool = False,
        search_lag: float = SEARCH_LAG_SECONDS,
        attempts: int = ATTEMPTS,
        transport: httpx.BaseTransport | None = None,
        limiter: Limiter | None = None,
    ) -> None:
        self._expected_workspace = expected_workspace
        self._threads = threads
        self._restore_archived = restore_archived
        self._bulk = bulk
        self._search_lag = search_lag
        self._limiter = limiter or Limiter(CALLS_PER_WINDOW, WINDOW_SECONDS, share_free=share_free)
        self._patience = Patience(UNANSWERED_IN_A_ROW)
        self._wire = Wire(
            base_url,
            token,
            connections=threads,
            attempts=attempts,
            limiter=self._limiter,
            transport=transport,
        )
        self._records = 0
        self._adopting = threading.Lock()
        self._makers: dict[Feed, Maker] = {}

    def __repr__(self) -> str:
        return f"Intercom({self._wire.base_url!r})"

    @property
    def calls_per_second(self) -> float:
        """How many calls the limiter lets through on average."""
        return self._limiter.calls_per_second

    @property
    def calls(self) -> int:
        """How many calls were made since the start, retries included."""
        return self._limiter.calls

    @property
    def records(self) -> int:
        """How many records and links Intercom took since the start."""
        return self._records

    def check_account(self) -> str:
        """Give the workspace's id code.

        Raises:
            AccessDeniedError: Intercom refused the token.
            WrongAccountError: the token belongs to another workspace than `expected_workspace`.
        """
        workspace = str((self._wire.ask("GET", "/me").content.get("app") or {}).get("id_code", ""))
        if not workspace:
            raise LoadError(
                f"{self._wire.base_url} does not answer like Intercom. Check the address in the settings."
            )
        if self._expected_workspace not in (None, "", workspace):
            raise WrongAccountError(
                f"The Intercom token belongs to workspace {workspace}, and {self._expected_workspace} was expected. "
                "Nothing was sent. Check the token and the workspace in the settings."
            )
        return workspace

    def provision(self, feeds: Sequence[Feed], *, dry_run: bool = False) -> list[SchemaChange]:
        """Create the data attributes, ticket types and ticket attributes that the feeds need, or only say which.

        Raises:
            SchemaConflictError: Intercom has them otherwise; nothing was changed.
        """
        ticketed = next((feed for feed in feeds if feed.object == "tickets"), None)
        definitions = tickets.Definitions.read(self._wire) if ticketed else None
        conflicts = [*tickets.conflicts(ticketed, definitions)] if ticketed and definitions else []
        others = [feed for feed in feeds if feed is not ticketed]
        call = only_reading(self._wire.typed) if dry_run else self._wire.typed
        changes = provision(self._wire.sdk.data_attributes, others, call, conflicts)
        if ticketed and definitions:
            changes += tickets.provision(ticketed, definitions, None if dry_run else self._wire)
        return changes

    def definitions(self, feed: Feed) -> Mapping[str, Definition]:
        """Give fields, attributes with their options, states and admins as they are now; see `load.target.Target`."""
        return account.definitions(feed, self._wire)

    def room(self) -> Sequence[Room]:
        """Give nothing: Intercom tells no limit but that of calls."""
        return ()

    def calls_needed(
        self,
        feed: Feed,
        *,
        create: int,
        update: int,
        archive: int,
        files: int = 0,  # noqa: ARG002  no file is sent to Intercom
    ) -> int:
        """Count the calls for each row: a ticket is looked up with others, made, and put into its state in a second call."""
        if feed.object == "tickets":
            return math.ceil(create / ROWS_PER_LOOKUP) + 2 * create + 2 * update + archive
        if feed.object in (CONTACT_NOTES, TICKET_NOTES):
            return 3 * create
        if feed.object == "taggings":
            return math.ceil((create + update) / ROWS_PER_CALL) + archive
        if feed.object == "contacts" and self._bulk:
            return bulk.calls_needed(create=create, update=update) + archive
        return create + update * (1 if feed.kind == "link" else 2) + archive

    def spelled(self, _: Feed, rows: Sequence[Row]) -> Sequence[Row]:
        """Give the rows as they are: what names another record of Intercom's is a link; see `load.target.Target`."""
        return rows

    def read(self, feed: Feed, rows: Iterable[Row]) -> Iterator[list[Present]]:
        """Read records, or whether they are linked, a call for each; see `load.target.Target`."""
        yield from concurrently(self._kind(feed).there, rows, self._threads)

    def send(self, feed: Feed, rows: Iterable[Row]) -> Iterator[list[Result]]:
        """Create or update records, or link them; see `load.target.Target`."""
        kind = self._kind(feed)
        if isinstance(kind, Contacts | tickets.Tickets | Messages):
            # What is said is found where it was said, at once.
            lag = 0.0 if isinstance(kind, Messages) else self._search_lag
            maker = self._makers.setdefault(feed, Maker(kind, self._threads, lag, self._tried))
            if self._bulk and isinstance(kind, Contacts):
                sending = bulk.BulkContacts(feed, self._wire, threads=self._threads, lag=self._search_lag)
                for results, left in sending.send(rows):
                    yield from self._counted([results])
                    yield from self._counted(maker.send(left))
                return
            yield from self._counted(maker.send(rows))
        elif isinstance(kind, Taggings):
            batches = concurrently(
                lambda batch: self._together(kind, batch), kind.batches(rows), self._threads
            )
            yield from self._counted([one for several in done for one in several] for done in batches)
        else:
            yield from self._one_by_one(kind.send, rows)

    def archive(self, feed: Feed, rows: Iterable[Row]) -> Iterator[list[Result]]:
        """Archive contacts, delete companies and tickets, unlink; see `load.target.Target`."""
        yield from self._one_by_one(self._kind(feed).archive, rows)

    def restore(self, feed: Feed, rows: Iterable[Row]) -> Iterator[list[Result]]:
        """Write values over records; see `load.rollback.Reversible`."""
        yield from self._one_by_one(self._restorable(feed).restore, rows)

    def bring_back(self, feed: Feed, rows: Iterable[Row]) -> Iterator[list[Result]]:
        """Take contacts out of the archive; nothing else comes back."""
        yield from self._one_by_one(self._restorable(feed).bring_back, rows)

    def linked(self, feed: Feed, starts: Iterable[str]) -> Iterator[tuple[str, Linked]]:
        """Give the links with these first ends; see `load.rollback.Reversible`."""
        for several in concurrently(self._relinkable(feed).linked, starts, self._threads):
            yield from (link for one in several for link in one)

    def relink(self, feed: Feed, rows: Iterable[Row]) -> Iterator[list[Result]]:
        """Attach and detach; see `load.rollback.Reversible`."""
        yield from self._one_by_one(self._relinkable(feed).relink, rows)

    def people(self, addresses: Sequence[str]) -> list[str]:
        """Give the ids of the contacts with these addresses; see `load.reversal.Reversible`."""
        return forget.people(addresses, self._wire)

    def forget(self, contact_id: str) -> bool:
        """Delete a contact for good; see `load.reversal.Reversible`."""
        return forget.forget(contact_id, self._wire)

    def _restorable(self, feed: Feed) -> Restorable:
        kind = self._kind(feed)
        if not isinstance(kind, Restorable):
            raise LoadError(f"What was written of Intercom's {feed.object} cannot be undone.")
        return kind

    def _relinkable(self, feed: Feed) -> Relinkable:
        kind = self._kind(feed)
        if not isinstance(kind, Relinkable):
            raise LoadError(f"What was written of Intercom's {feed.object} cannot be undone.")
        return kind

    def _kind(self, feed: Feed) -> Kind:
        made: dict[str, Callable[[], Kind]] = {
            "companies": lambda: Companies(feed, self._wire),
            "contacts": lambda: Contacts(
                feed, self._wire, restore_archived=self._restore_archived, adopting=self._adopting
            ),
            "attachments": lambda: Attachments(self._wire),
            "merges": lambda: Merges(self._wire),
            "tickets": lambda: tickets.Tickets(feed, self._wire),
            "tags": lambda: Tags(feed, self._wire),
            "taggings": lambda: Taggings(self._wire),
            CONTACT_NOTES: lambda: Messages(feed, self._wire),
            TICKET_NOTES: lambda: Messages(feed, self._wire),
        }
        if feed.object not in made:
            raise LoadError(f"Intercom takes no {feed.object}; it takes {', '.join(made)}.")
        return made[feed.object]()

    def _one_by_one(self, work: Callable[[Row], Result], rows: Iterable[Row]) -> Iterator[list[Result]]:
        yield from self._counted(concurrently(lambda row: self._tried(work, row), rows, self._threads))

    def _together(self, kind: Taggings, rows: Sequence[Row]) -> list[Result]:
        """Send a batch in one call, or row by row where that was refused or got no answer."""
        try:
            results = kind.send_together(rows)
        except TargetUnavailableError:
            results = None
        return [self._tried(kind.send, row) for row in rows] if results is None else results

    def _counted(self, answers: Iterable[list[Result]]) -> Iterator[list[Result]]:
        for results in answers:
            self._records += sum(result.status == "succeeded" for result in results)
            yield results

    def _tried(self, work: Callable[[Row], Result], row: Row) -> Result:
        try:
            result = work(row)
        except TargetUnavailableError as error:
            self._patience.unanswered(error)
            return row.failed(str(error))
        except UnansweredError as error:
            self._patience.unanswered(TargetUnavailableError(f"There is no usable answer: {error}."))
            raise
        except ValueError as error:
            return row.refused(VALUE, str(error))
        self._patience.answered()
        return result
