"""One world of the extract's soak, all of it drawn from a seed: an org, what happens to it, and how the extract is ended."""

import datetime as dt
import errno
import logging
import os
import random
import signal
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
import stamina
import structlog
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceError
from snowflake.connector.errors import OperationalError

from extract.errors import ExtractError
from extract.pages import PageFolder
from extract.salesforce import Extracted, Login, Settings, connect, extract, query
from extract.salesforce.login import OrgSession
from extract.sources import SourceObject
from tests.raw_warehouse import LOST, TRANSLATIONS, RawWarehouse

# Where an extract is killed, the n-th time that it gets there; "late" kills at no named point but after some milliseconds.
POINTS = ("ask", "asked", "write", "kept", "statement", "done", "late")
PREFIXES = {
    "Contact": "003",
    "Account": "001",
    "CampaignMember": "00v",
    "Subscription__c": "a00",
    "TaskStatus": "01T",
    "OpportunityFieldHistory": "017",
    "QueueSobject": "03g",
}
# Many fields, few fields, formulas, no recycle bin, not in Bulk, stamped by CreatedDate alone, without IsDeleted.
WIDE, OTHERS = ("Contact", "Account"), tuple(PREFIXES)[2:]
# Of the many fields, those that the login sees.
SHOWN = {
    *(
        "Id",
        "IsDeleted",
        "MasterRecordId",
        "CreatedDate",
        "SystemModstamp",
        "Name",
        "LastName",
        "Description",
        "Title",
    ),
    *(
        "MailingStreet",
        "MailingLatitude",
        "BillingCity",
        "NumberOfEmployees",
        "AnnualRevenue",
        "Open_Pipeline__c",
    ),
}
# Where texts go, with a length that holds them.
TEXTS = {
    "Contact": "Description",
    "Account": "Description",
    "CampaignMember": "Status",
    "Subscription__c": "Name",
    "TaskStatus": "ApiName",
    "OpportunityFieldHistory": "NewValue",
    "QueueSobject": "SobjectType",
}
# In every value that could be somebody's; no message may have it.
SECRET = "Zoë-4711"
CELLS = (
    "",
    "NA",
    "None",
    " x ",
    'say "hi", ""',
    "a\r\nb\nc",
    "😀",
    "007",
    "\\N",
    "'; --",
    "%s {}",
    "a\0b",
    ",",
    '"',
)
OLD, SINCE = "2024-01-01T00:00:00.000Z", "CreatedDate"

# How long a disturbed extract waits for a job; it may take one that is merely slow for one that hangs.
PATIENCE = dt.timedelta(seconds=0.15)

Record = dict[str, str]


@dataclass(slots=True)
class World:
    """An org's records by object and id, and what is to happen.

    quiet: an extract that nothing disturbs comes first, and the org changes after it.
    point, count: where the extract is killed; an empty point leaves it alive.
    outage: as `RawWarehouse` takes it. full_disk: after so many files the disk is full; 0: never.
    meanwhile: the org changes again after the disturbed extract, so that another one has to follow the next.
    """

    seed: int
    records: dict[str, dict[str, Record]]
    quiet: bool
    faults: int
    point: str
    count: int
    outage: tuple[int, int, str]
    full_disk: int
    page_rows: int
    side_by_side: int
    comes_back: bool
    meanwhile: bool
    purged: dict[str, set[str]] = field(default_factory=dict)
    dice: random.Random = field(default_factory=random.Random, repr=False)

    @property
    def sources(self) -> list[SourceObject]:
        """The objects, of which every run looks at all records where something leaves no stamp."""
        every = "every run" if self.quiet else "never"
        return [
            SourceObject(name, name.upper(), refresh_formulas=every, compare_ids=every)
            for name in self.records
        ]

    def change(self) -> dict[str, list[Record]]:
        """Change, add and delete some records, and change a formula without a stamp; give what to write."""
        now = dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        written: dict[str, list[Record]] = {}
        for name, records in self.records.items():
            stamped = {SINCE: now} if name == "OpportunityFieldHistory" else {"SystemModstamp": now}
            touched = self.dice.sample(sorted(records), len(records) // 3)
            for number, key in enumerate(touched):
                records[key] |= {TEXTS[name]: _text(self.dice), **stamped}
                if number == 0 and name != "QueueSobject":
                    records[key]["IsDeleted"] = "true"
            if name == "Account" and records:
                key = self.dice.choice(sorted(records))
                records[key] |= {"Open_Pipeline__c": str(self.dice.randrange(1, 9_999) / 4)}
                touched.append(key)
            new = f"{PREFIXES[name]}{900 + self.dice.randrange(90):012}AAA"
            records[new] = _record(name, new, self.dice) | stamped
            written[name] = [records[key] for key in dict.fromkeys([*touched, new])]
        return written

    def purge(self) -> dict[str, list[str]]:
        """Take some deleted records away for good; give their ids."""
        gone: dict[str, list[str]] = {}
        for name, records in self.records.items():
            deleted = sorted(key for key, each in records.items() if each.get("IsDeleted") == "true")
            gone[name] = deleted[: self.dice.randrange(2)]
            self.purged.setdefault(name, set()).update(gone[name])
            for key in gone[name]:
                del records[key]
        return gone


def world(seed: int) -> World:
    """Draw a world."""
    dice = random.Random(seed)  # noqa: S311  reproducible, no secret
    names = [dice.choice(WIDE) if seed % 8 == 0 else dice.choice(OTHERS)]
    if seed % 7 == 0:
        names.append(dice.choice([each for each in OTHERS if each not in names]))
    keys = {
        name: [f"{PREFIXES[name]}{n:012}AAA" for n in range(dice.choice((0, 1, 5, 8, 13)))] for name in names
    }
    killed = seed % 2 == 1
    return World(
        seed=seed,
        records={name: {key: _record(name, key, dice) for key in keys[name]} for name in names},
        quiet=dice.random() < 0.4,
        faults=dice.choice((0, 1, 2, 4, 8)),
        point=dice.choice(POINTS) if killed else "",
        count=dice.randrange(1, 25),
        outage=(dice.randrange(1, 40), dice.choice((0, 0, 1, 2, 9)), dice.choice(LOST)),
        full_disk=dice.choice((0, 0, 0, 1, 3, 6)),
        page_rows=dice.choice((3, 4, 50)),
        side_by_side=dice.choice((1, 3)),
        comes_back=dice.random() < 0.5,
        meanwhile=dice.random() < 0.15,
        dice=dice,
    )


def _record(name: str, key: str, dice: random.Random) -> Record:
    kept = {"Id": key, TEXTS[name]: _text(dice), SINCE: OLD}
    if name == "Contact":
        kept |= {"LastName": SECRET, "MailingLatitude": str(dice.randrange(-720, 720) / 8)}
    if name == "Account":
        kept |= {"Open_Pipeline__c": "1.5", "NumberOfEmployees": str(dice.randrange(9_999))}
    if name == "Subscription__c":
        kept |= {
            "Seats__c": str(dice.randrange(90) / 2),
            "Start_Date__c": "2024-02-29",
            "Auto_Renew__c": "true",
        }
    if name == "QueueSobject":
        del kept[SINCE]
    return kept if name == "OpportunityFieldHistory" else kept | {"SystemModstamp": OLD}


def _text(dice: random.Random) -> str:
    return SECRET + dice.choice(CELLS) if dice.random() < 0.5 else dice.choice(CELLS)


def run(
    made: World,
    warehouse: RawWarehouse,
    sf: Salesforce,
    home: Path,
    run_id: str,
    patience: dt.timedelta = query.JOB_PATIENCE,
) -> list[Extracted]:
    """Extract as `migrate extract` does, in a hurry: small pages, no waiting."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    stamina.set_testing(True, attempts=4, cap=True)
    query.POLL_FIRST_SECONDS = 0.01
    settings = Settings(
        page_rows=made.page_rows,
        pages=made.side_by_side,
        threads=made.side_by_side,
        patience=patience,
        settle=dt.timedelta(0),
    )
    return extract(
        sf, warehouse, made.sources, run_id=run_id, landing_dir=home / "landing", settings=settings
    )


def connected(url: str) -> Salesforce:
    """Log in at the stand-in."""
    sf = connect(Login(login_url=url, client_id="sandbox-client", client_secret="sandbox-secret"))
    # No proxy to look for in the environment, which takes longer than the call.
    sf.session.trust_env = False
    return sf


def disturbed(made: World, warehouse: RawWarehouse, url: str, home: Path) -> list[str]:
    """Extract while all that the world has goes wrong; give what was said about it."""
    if made.point:
        _arm(made, warehouse)
    try:
        sf = connected(url)
        with sf.session, _full_disk(made.full_disk):
            done = run(made, warehouse, sf, home, "disturbed", PATIENCE)
        assert all(each.message and each.object in each.message for each in done if each.status == "failed")
        return [each.message for each in done]
    except (ExtractError, SalesforceError, requests.RequestException, OperationalError) as error:
        return [str(error)]


def extract_and_die(made: World, url: str, home: Path, translations: Mapping[str, str]) -> None:
    """Extract in this process, which is killed at the world's point; one that is through before it just ends."""
    TRANSLATIONS.update(translations)
    warehouse = RawWarehouse(home / "warehouse.duckdb", made.outage)
    try:
        assert not any(SECRET in text for text in disturbed(made, warehouse, url, home))
    finally:
        warehouse.close()


class _full_disk:  # noqa: N801  a context
    """The disk is full when so many files have been synced to it."""

    def __init__(self, after: int) -> None:
        self._left = after
        self._real = os.fsync

    def __enter__(self) -> None:
        if self._left:
            os.fsync = self._sync

    def __exit__(self, *_: object) -> None:
        os.fsync = self._real

    def _sync(self, _: int) -> None:
        self._left -= 1
        if self._left < 0:
            raise OSError(errno.ENOSPC, "No space left on device")


def _arm(made: World, warehouse: RawWarehouse) -> None:
    left = [made.count]
    counting = threading.Lock()

    def at(name: str) -> None:
        if name == made.point:
            with counting:
                left[0] -= 1
            if left[0] == 0:
                _die()

    if made.point == "late":
        timer = threading.Timer(made.count * 0.008, _die)
        timer.daemon = True
        timer.start()
    warehouse.watch = at
    for owner, name, before, after in (
        (OrgSession, "_send", "ask", "asked"),
        (PageFolder, "keep", "write", "kept"),
    ):
        setattr(owner, name, _passing(getattr(owner, name), at, before, after))


def _passing(
    act: Callable[..., Any], at: Callable[[str], None], before: str, after: str
) -> Callable[..., Any]:
    def passing(*arguments: Any, **named: Any) -> Any:
        at(before)
        answer = act(*arguments, **named)
        at(after)
        return answer

    return passing


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def text_of(name: str, value: Any, times: frozenset[str]) -> str | None:
    """Write a value of a REST answer as a raw table has it."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).replace("+0000", "Z") if name in times else str(value)
