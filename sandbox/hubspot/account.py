"""The account that the stand-in plays: its data, its definitions, its limits and what has been asked of it."""

import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeVar

from sandbox.faults import Schedule
from sandbox.hubspot import store
from sandbox.hubspot.catalogue import Catalogue, ObjectType
from sandbox.hubspot.defaults import seed
from sandbox.hubspot.validation import Validator

TOKEN = "sandbox-hubspot-token"  # noqa: S105 - public, good for this stand-in only
EXPIRED_TOKEN = "sandbox-hubspot-expired-token"  # noqa: S105

Clock = Callable[[], float]
Given = TypeVar("Given")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Limits:
    """What `POST /_sandbox/limits` may change. Defaults: Professional."""

    ten_secondly: int = 190
    search_secondly: int = 5
    daily: int = 650_000
    search_lag_seconds: float = 2.0
    latency_ms: int = 0
    records: int = 15_000_000
    custom_properties: int = 1_000
    associations: int = 50_000
    file_bytes: int = 20 * 1024 * 1024


class Account:
    """All state of one stand-in. Used by one thread at a time, except for `limits`, which is only replaced.

    clock: Unix seconds, for everything that depends on how much time has passed.
    faults: what is to go wrong; `happening` and `refusing` are what it asks of the next call that is answered.
    """

    def __init__(self, home: Path, faults: Schedule, clock: Clock = time.time) -> None:
        self.clock = clock
        self.faults = faults
        self.happening: list[Callable[[Account, Any], None]] = []
        self.refusing: list[str] = []
        self.db = store.connect(home / "hubspot.sqlite")
        with store.transaction(self.db):
            self._seed_if_new()
        self.catalogue = Catalogue(self.db)
        self.calls: Counter[str] = Counter()
        self.written: Counter[str] = Counter()
        self.too_many: Counter[str] = Counter()
        self._today = (self._day(), 0)
        self._validators: dict[str, Validator] = {}
        self._next_id = self._highest_id()
        self.limits = self._stored_limits()

    def _seed_if_new(self) -> None:
        if not self.db.execute("select 1 from object_type limit 1").fetchone():
            seed(self.db)

    def _highest_id(self) -> int:
        tables = " union ".join(
            f"select max(id) id from {table}" for table in ("record", "merged", "owner", "file")
        )
        (highest,) = self.db.execute(f"select max(id) from ({tables})").fetchone()
        return highest or store.FIRST_RECORD_ID - 1

    def _stored_limits(self) -> Limits:
        row = self.db.execute("select value from setting where name = 'limits'").fetchone()
        return Limits(**json.loads(row[0])) if row else Limits()

    def change_limits(self, changes: dict[str, Any]) -> None:
        """Change some limits; they stay changed after a restart. TypeError for an unknown name."""
        self.limits = replace(self.limits, **changes)
        value = json.dumps(asdict(self.limits))
        self.db.execute("insert or replace into setting (name, value) values ('limits', ?)", (value,))

    def _day(self) -> date:
        return datetime.fromtimestamp(self.clock(), UTC).date()

    def calls_today(self) -> int:
        """Say how many calls count against today's limit."""
        return self._today[1] if self._today[0] == self._day() else 0

    def count_call(self) -> None:
        """Count a call against today's limit."""
        self._today = (self._day(), self.calls_today() + 1)

    def next_id(self) -> int:
        """Give the id of a new record."""
        self._next_id += 1
        return self._next_id

    def validator(self, kind: ObjectType) -> Validator:
        """Give the validator of a type, as the definitions are now."""
        if kind.id not in self._validators:
            self._validators[kind.id] = Validator(self.catalogue, kind)
        return self._validators[kind.id]

    def definitions_changed(self) -> None:
        """Forget what is derived from definitions."""
        self.catalogue.forget()
        self._validators.clear()

    def run(self, handler: Callable[["Account", Given], Result], given: Given) -> Result:
        """Answer one call: all of its changes, or none if it is refused."""
        while self.happening:
            with store.transaction(self.db):
                self.happening.pop()(self, given)
        try:
            with store.transaction(self.db):
                return handler(self, given)
        except BaseException:
            self.definitions_changed()
            raise

    def reset(self) -> None:
        """Empty the account and start again as new."""
        tables = self.db.execute("select name from sqlite_master where type = 'table'").fetchall()
        for (table,) in tables:
            self.db.execute(f"delete from {table}")
        seed(self.db)
        self.definitions_changed()
        self._today = (self._day(), 0)
        self.limits = Limits()
        self.faults.clear()
        for counter in (self.calls, self.written, self.too_many):
            counter.clear()

    def close(self) -> None:
        """Close the file."""
        self.db.close()
