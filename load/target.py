"""The one seam of the loader: what a target does, and what it answers for each record."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from msgspec import Struct

from load.feeds import Feed

# A move is noted under the key that a record of the target had: it goes on under another.
Action = Literal["create", "update", "archive", "restore", "move"]
Status = Literal["succeeded", "refused", "failed"]

# Categories of our own, beside the targets'; all of them stand here, for the runbook and the fixes are held to this list.
VALUE = "VALUE"
ARCHIVED = "ARCHIVED"
ASSOCIATION_TYPE = "ASSOCIATION_TYPE"
OPT_OUT = "OPT_OUT"
NO_ANSWER = "NO_ANSWER"
MERGED = "MERGED"
END_GONE = "END_GONE"
CHANGED = "CHANGED_BY_HAND"
FILE_REFUSED = "FILE_REFUSED"
FILE_MISSING = "FILE_MISSING"
CANNOT = "CANNOT_BE_UNDONE"


class LoadError(Exception):
    """The load cannot go on; the message says what to do."""


class AccessDeniedError(LoadError):
    """The target refused the credentials, or they lack a right."""


class WrongAccountError(LoadError):
    """The credentials belong to another account than the one that was expected."""


class SchemaConflictError(LoadError):
    """The target's schema cannot take the marts; the message lists every conflict, and nothing was changed."""


class LoadStoppedError(LoadError):
    """The load stopped for now; what was answered is kept, and running it again goes on from there."""


class BudgetExhausted(LoadStoppedError):  # noqa: N818  a state of the account, not a fault
    """The account's calls for today are used up, down to the share that is kept free."""


class SchemaChangedError(LoadStoppedError):
    """Somebody took away what the load had created: the next run creates it again."""


class TargetUnavailableError(LoadStoppedError):
    """A call got no usable answer, also after retries. What it asked for may or may not have happened."""


class Row(Struct, frozen=True):
    """One row to send. `values` are the mart's columns; of a link also `<end>_id`, the target's ids of its two ends.

    `target_id` is what the ledger knows: the target's id, or for a link its `reference`. `sent` is what the target was sent
    since the last success, that included, None when nothing is known of it; `kept` what was left as somebody changed it.
    `former_key`: the key under which the target has the record, when that is another than the row's now.
    """

    record_key: str
    row_hash: str | None
    action: Action
    target_id: str | None = None
    values: Mapping[str, Any] = {}
    sent: tuple[Mapping[str, Any], ...] | None = None
    kept: tuple[str, ...] = ()
    former_key: str | None = None

    def succeeded(
        self, target_id: str | None, payload: str | None = None, action: Action | None = None
    ) -> "Result":
        """Say that the target took the row, and what it did with it when that is known better than the plan did."""
        return Result(
            self.record_key,
            action or self.action,
            "succeeded",
            target_id,
            row_hash=self.row_hash,
            payload=payload,
            kept=self.kept,
            former_key=self.former_key,
        )

    def refused(
        self,
        category: str | None,
        message: str | None,
        payload: str | None = None,
        correlation_id: str | None = None,
    ) -> "Result":
        """Say that the target does not want the row, and why. It is not sent again until it changes."""
        return Result(
            self.record_key,
            self.action,
            "refused",
            self.target_id,
            category,
            message,
            correlation_id,
            self.row_hash,
            payload,
        )

    def merged(self, survivor: str, owner: str, payload: str | None = None) -> "Result":
        """Say that the target's record was merged into that of another row: two source records are one there now.

        The ledger takes the survivor as the row's record, so links find it; nothing is written over what the other has.
        """
        message = (
            f"Somebody merged this record into {survivor}, which belongs to the source record {owner}. If they are one, "
            "merge them in the source or by an override; if not, undo the merge in the target."
        )
        return Result(
            self.record_key,
            self.action,
            "refused",
            survivor,
            MERGED,
            message,
            None,
            self.row_hash,
            payload,
        )

    def failed(self, message: str, payload: str | None = None, category: str | None = NO_ANSWER) -> "Result":
        """Say that the row's fate is not settled, by default that nothing is known of it. It is sent again."""
        return Result(
            self.record_key,
            self.action,
            "failed",
            self.target_id,
            category,
            message,
            None,
            self.row_hash,
            payload,
        )


class Result(Struct, frozen=True):
    """What became of one row. `refused`: the target said no to it. `failed`: no answer; it is sent again.

    `before`: what the target held of the properties that were overwritten, as it writes them; None when it had no such
    record, as far as the ledger knows. `former_key`: the key that the record had until now.
    """

    record_key: str
    action: Action
    status: Status
    target_id: str | None = None
    error_category: str | None = None
    error_message: str | None = None
    correlation_id: str | None = None
    row_hash: str | None = None
    payload: str | None = None
    before: Mapping[str, Any] | None = None
    kept: tuple[str, ...] = ()
    former_key: str | None = None


@dataclass(frozen=True, slots=True)
class SchemaChange:
    """Something that was added to the target's schema."""

    target: str
    object: str
    name: str
    change: str

    @property
    def is_of_pipelines(self) -> bool:
        """Say whether it is a pipeline or a stage of one."""
        return self.change.startswith(("pipeline ", "stage "))


@dataclass(frozen=True, slots=True)
class Present:
    """What the target holds now of one row.

    target_id: the record's id, the survivor's when somebody merged it; of a link its `reference`. None: it is not there.
    values: of the feed's key and columns, as the target writes them; empty for a link and for what is not there.
    """

    record_key: str
    target_id: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Definition:
    """What a target takes in one property. `allowed`: the values, None for any; `longest`: characters, None for any.

    `several`: a value may be a list of allowed ones, parted by semicolons.
    """

    type: str
    allowed: frozenset[str] | None = None
    longest: int | None = None
    several: bool = False


@dataclass(frozen=True, slots=True)
class Room:
    """How much of something an account may have, and has: `records` or `custom properties` of an object, `calls today`."""

    name: str
    object: str | None
    used: int
    most: int


class Target(Protocol):
    """A system that marts are pushed to.

    A row that the target does not want is a `Result`. Refused credentials, a dead connection and an exhausted
    budget raise a `LoadError`, after the answers of the calls under way have been yielded.
    """

    name: str

    @property
    def checklist(self) -> Sequence[str]:
        """Give the account settings that no API shows, to be checked by hand before a first load."""
        ...

    @property
    def calls_per_second(self) -> float:
        """How many calls a load may make on average, as far as is known."""
        ...

    @property
    def calls(self) -> int:
        """How many calls were made since the start."""
        ...

    @property
    def records(self) -> int:
        """How many records the target took since the start."""
        ...

    def check_account(self) -> str:
        """Give the account's id. Raises `AccessDeniedError` or `WrongAccountError`."""
        ...

    def provision(self, feeds: Sequence[Feed], *, dry_run: bool = False) -> list[SchemaChange]:
        """Add to the target's schema what the feeds need. Raises `SchemaConflictError` before any change.

        `dry_run`: only say what would be added.
        """
        ...

    def definitions(self, feed: Feed) -> Mapping[str, Definition]:
        """Give what the target takes in the feed's key and columns; what it does not have is absent. A link has none."""
        ...

    def room(self) -> Sequence[Room]:
        """Give the limits of the account that can be asked for."""
        ...

    def calls_needed(self, feed: Feed, *, create: int, update: int, archive: int, files: int = 0) -> int:
        """Estimate the calls for so many rows when nothing goes wrong; `files`: how many the rows to send name."""
        ...

    def spelled(self, feed: Feed, rows: Sequence[Row]) -> Sequence[Row]:
        """Give the rows with the target's ids in the place of our keys of other records and of stages, as `send` sends them.

        What is yet to be made keeps our key.
        """
        ...

    def read(self, feed: Feed, rows: Iterable[Row]) -> Iterator[list[Present]]:
        """Give what the target holds now of each row: found by `target_id`, without one by the feed's key.

        Changes nothing, and the rows' values are not looked at. Any number of rows takes bounded memory; no row, no call.
        """
        ...

    def send(self, feed: Feed, rows: Iterable[Row]) -> Iterator[list[Result]]:
        """Create or update the rows; yield one result for each, as the answers come in. No row, no call."""
        ...

    def archive(self, feed: Feed, rows: Iterable[Row]) -> Iterator[list[Result]]:
        """Archive what the rows' `target_id` names; yield as `send` does."""
        ...


def only_reading(call: Callable[..., Any]) -> Callable[..., Any]:
    """Make an SDK's calls that read and leave out those that write, which give None."""

    def read(act: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        reads = act.__name__.startswith(("get", "list", "find", "read"))
        return call(act, *arguments, **named) if reads else None

    return read


def reference(from_object: str, from_id: str, to_object: str, to_id: str) -> str:
    """Name a link by its two ends, as the ledger keeps it: `contacts/101/companies/7`. `load.plan` builds the same."""
    return f"{from_object}/{from_id}/{to_object}/{to_id}"
