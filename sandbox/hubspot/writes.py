"""Write a batch of records: check all, settle who has which unique value, then write those that are right.

Without `partial` the first record that is wrong refuses the whole call; with it (every input carries an
objectWriteTraceId) the others are written and the wrong ones are listed.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from sandbox.hubspot import links, records
from sandbox.hubspot.account import Account
from sandbox.hubspot.catalogue import ObjectType
from sandbox.hubspot.errors import HubSpotError, Json, contact_exists, invalid, refused_as
from sandbox.hubspot.records import Record
from sandbox.hubspot.store import now
from sandbox.hubspot.validation import TAKEN, Values, already_taken


@dataclass(frozen=True, slots=True)
class Write:
    """One input of a batch: properties to write over `record`, or as a new record if that is None."""

    properties: Json
    record: Record | None = None
    trace_id: str | None = None
    associations: list[Json] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Written:
    """A record as it is now, with the names of the properties that were sent."""

    record: Record
    names: tuple[str, ...]
    is_new: bool
    trace_id: str | None


@dataclass(frozen=True, slots=True)
class Checked:
    """A write whose values are right as far as they can be judged alone."""

    write: Write
    values: Values
    links: list[links.Link]


def partial(inputs: list[Json]) -> bool:
    """Say whether the caller wants the good records written though others are wrong."""
    traces = {each.get("objectWriteTraceId") for each in inputs}
    return bool(inputs) and None not in traces and len(traces) == len(inputs)


def write(
    account: Account, kind: ObjectType, writes: list[Write], *, allow_partial: bool
) -> tuple[list[Written], list[Json]]:
    """Write records. Returns them and the entries for those that were refused; HubSpotError if all are refused."""
    refused = _Refused(allow_partial)
    struck = writes[len(writes) // 2] if account.refusing else None
    checked = [
        each
        for given in writes
        if given is not struck and (each := _check(account, kind, given, refused)) is not None
    ]
    if struck is not None:
        refused.add(_asked_for(account.refusing.pop(), kind), struck.trace_id)
    claims = _Claims(account, kind, checked)
    written = [done for each in checked if (done := _settle(account, each, claims, refused)) is not None]
    _store(account, kind, [each for each, _ in written], claims)
    links.store(account, [link for _, found in written for link in found])
    account.written[kind.name] += len(written)
    return [each for each, _ in written], refused.entries


def _asked_for(category: str, kind: ObjectType) -> HubSpotError:
    """Build the refusal that a fault asks for; of a unique value it names a record that is not there any more."""
    if category == TAKEN:
        return already_taken(kind.id, "salesforce_id", "a key", "the record", 0)
    return refused_as(category)


class _Refused:
    """Collects refusals, or passes the first one on."""

    def __init__(self, allow_partial: bool) -> None:
        self._allow_partial = allow_partial
        self.entries: list[Json] = []

    def add(self, problem: HubSpotError, trace_id: str | None) -> None:
        if not self._allow_partial:
            raise problem
        self.entries.append(problem.entry(trace_id))


def _check(account: Account, kind: ObjectType, given: Write, refused: _Refused) -> Checked | None:
    try:
        current = given.record.properties if given.record else None
        values = account.validator(kind).values(given.properties, current)
        found = links.from_create(account, kind, given.associations)
    except HubSpotError as problem:
        refused.add(problem, given.trace_id)
        return None
    return Checked(given, values, found)


class _Claims:
    """Who has which value of the unique properties, while a batch is being settled."""

    def __init__(self, account: Account, kind: ObjectType, checked: list[Checked]) -> None:
        self._kind = kind
        self._unique = account.validator(kind).unique
        self._holder: dict[tuple[str, str], int] = {}
        self.claimed: dict[tuple[str, str], int] = {}
        self.released: list[tuple[str, str]] = []
        for name in self._unique:
            values = {value for each in checked if (value := each.values.get(name))}
            for value, holder in records.holders(account.db, kind, name, values).items():
                self._holder[name, value] = holder

    def settle(self, record_id: int, values: Values, current: Values) -> None:
        """Claim the new unique values and free the old ones; HubSpotError if another record has one."""
        changes = [name for name in self._unique if name in values and values[name] != current.get(name, "")]
        for name in changes:
            holder = self._holder.get((name, values[name]), record_id)
            if holder != record_id:
                raise self._conflict(name, values[name], record_id, holder)
        for name in changes:
            if old := current.get(name):
                self._holder.pop((name, old), None)
                self.released.append((name, old))
            if new := values[name]:
                self._holder[name, new] = self.claimed[name, new] = record_id

    def _conflict(self, name: str, value: str, record_id: int, holder: int) -> HubSpotError:
        if name == "email" and self._kind.name == "contacts":
            return contact_exists(holder)
        return already_taken(self._kind.id, name, value, str(record_id), holder)


def _settle(
    account: Account, checked: Checked, claims: _Claims, refused: _Refused
) -> tuple[Written, list[links.Link]] | None:
    given, values = checked.write, checked.values
    current = given.record.properties if given.record else {}
    record_id = given.record.id if given.record else account.next_id()
    try:
        claims.settle(record_id, values, current)
    except HubSpotError as problem:
        refused.add(problem, given.trace_id)
        return None
    record = _changed(given.record, record_id, current, values)
    found = [link.starting_at(record_id) for link in checked.links]
    return Written(record, tuple(given.properties), given.record is None, given.trace_id), found


def _changed(before: Record | None, record_id: int, current: Values, values: Values) -> Record:
    properties = {name: value for name, value in (current | values).items() if value}
    if before is not None and properties == current:
        return before
    moment = now()
    return Record(record_id, properties, before.created_at if before else moment, moment)


def _store(account: Account, kind: ObjectType, written: list[Written], claims: _Claims) -> None:
    moment, lag = account.clock(), account.limits.search_lag_seconds
    records.insert(account.db, kind, [each.record for each in written if each.is_new], moment)
    records.update(account.db, [each.record for each in written if not each.is_new], moment, lag)
    records.release(account.db, kind, claims.released)
    records.claim(
        account.db, kind, ((name, value, holder) for (name, value), holder in claims.claimed.items())
    )


def refuse_duplicates(keys: Iterable[str | int]) -> None:
    """Refuse a batch that names a record twice, whatever else it asks for."""
    seen: set[str] = set()
    twice = {text for key in keys if (text := str(key)) in seen or seen.add(text)}  # type: ignore[func-returns-value]
    if twice:
        listed = sorted(twice)
        raise invalid(
            f"Duplicate IDs found in batch input: [{', '.join(listed)}]. IDs must be unique", ids=listed
        )
