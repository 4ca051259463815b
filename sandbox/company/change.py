"""Small changes to a generated company, for demos and tests: which records to PATCH in Salesforce, and with what.

Only sound records are chosen: living ones without any planted defect, that no other record tells of again. So each
change must lead to exactly one update in each target that holds the record.
"""

from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sandbox.company.dice import Dice
from sandbox.company.files import ACCOUNT, DIRT, PERSON, read
from sandbox.company.phrases import JOBS

Changes = list[tuple[str, dict[str, Any]]]
BASIS = {"Contact": ("Title",), "Account": (), "Opportunity": ("CloseDate",)}
TRUTHS = {"Contact": PERSON, "Account": ACCOUNT}


def contact_changes(folder: Path, count: int, seed: int = 7) -> Changes:
    """Give new job titles for so many contacts with an account and an e-mail address.

    Raises ValueError if the company has not so many sound ones.
    """
    dice = Dice(f"{seed}/contact changes")
    rows = dice.sample(_sound(folder, "Contact", count, filled=("AccountId", "Email")), count)
    return [
        (row["Id"], {"Title": dice.pick([job for job in JOBS["English"] if job != row["Title"]])})
        for row in rows
    ]


def account_changes(folder: Path, count: int, seed: int = 7) -> Changes:
    """Give higher numbers of employees for so many accounts with a website; raises ValueError if there are too few."""
    dice = Dice(f"{seed}/account changes")
    rows = dice.sample(_sound(folder, "Account", count, filled=("NumberOfEmployees", "Website")), count)
    return [
        (row["Id"], {"NumberOfEmployees": int(row["NumberOfEmployees"]) + dice.randrange(1, 500)})
        for row in rows
    ]


def opportunity_changes(folder: Path, count: int, seed: int = 7) -> Changes:
    """Give later close dates for so many opportunities of accounts; raises ValueError if there are too few."""
    dice = Dice(f"{seed}/opportunity changes")
    rows = dice.sample(_sound(folder, "Opportunity", count, filled=("AccountId",)), count)
    return [(row["Id"], {"CloseDate": _later(row["CloseDate"], dice)}) for row in rows]


def _later(day: str, dice: Dice) -> str:
    return (date.fromisoformat(day) + timedelta(days=dice.randrange(1, 90))).isoformat()


def _sound(folder: Path, name: str, count: int, filled: tuple[str, ...]) -> list[dict[str, str]]:
    """Return what a change must know of each sound record in which those fields are filled."""
    unsound, wanted = _unsound(folder, name), ("Id", *filled, *BASIS[name])
    rows = [
        {field: row[field] for field in wanted}
        for row in read(folder, f"{name}.csv")
        if row["IsDeleted"] == "false" and row["Id"] not in unsound and all(row[field] for field in filled)
    ]
    if len(rows) < count:
        raise ValueError(
            f"{name}: {count} changes asked for, but only {len(rows)} records are sound; generate a larger company"
        )
    return rows


def _unsound(folder: Path, name: str) -> set[str]:
    """Return the ids of records with a planted defect, or that share their person or company with another."""
    found = {row["record_id"] for row in read(folder, DIRT)}
    if name in TRUTHS:
        truth = [(row["record_id"], row["entity_id"]) for row in read(folder, TRUTHS[name])]
        records = Counter(entity for _, entity in truth)
        found.update(record for record, entity in truth if records[entity] > 1)
    return found
