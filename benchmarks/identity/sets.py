"""Labelled sets, as the raw Salesforce tables that `dbt build` reads, and how well clusters agree with their truth.

A set is `X.csv` with `record_id` and `X.truth.csv` with `record_id,entity_id`, or a folder with `contact.csv`, `lead.csv`,
`account.csv` and `truth_person.csv`, `truth_account.csv` in Salesforce's own columns. Columns of other names are put
where a migration to Salesforce would put them; what is not known is left out.
"""

import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from sandbox.company.files import ACCOUNT as TRUE_ACCOUNTS
from sandbox.company.files import PERSON as TRUE_PEOPLE
from sandbox.company.generate import generate

PERSON = {
    "first_name": "FirstName", "given_name": "FirstName", "surname": "LastName", "last_name": "LastName", "email": "Email",
    "phone": "Phone", "phone_number": "Phone", "mobile": "MobilePhone", "company": "Company", "occupation": "Title",
    "job_title": "Title", "street": "MailingStreet", "address": "MailingStreet", "city": "MailingCity",
    "suburb": "MailingCity", "birth_place": "MailingCity", "state": "MailingState", "zip": "MailingPostalCode",
    "postcode": "MailingPostalCode", "postcode_fake": "MailingPostalCode", "dob": "Birthdate", "date_of_birth": "Birthdate",
}  # fmt: skip
COMPANY = {
    "name": "Name", "org_name": "Name", "website": "Website", "phone": "Phone", "street": "BillingStreet",
    "address": "BillingStreet", "city": "BillingCity", "state": "BillingState", "zip": "BillingPostalCode",
    "postcode": "BillingPostalCode", "industry": "Industry",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """Raw tables by name, and for people or companies which entity each record is."""

    name: str
    tables: Mapping[str, pd.DataFrame]
    truth: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Agreement:
    """Precision, recall and F1 over the pairs that two records of one group make."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        return 2 * self.precision * self.recall / max(self.precision + self.recall, 1e-12)


def read_sets(folder: Path) -> Iterator[LabelledSet]:
    """Yield the labelled sets in a folder, in the order of their names.

    Raises:
        ValueError: a set's columns name neither people nor companies.
    """
    for truth in sorted(folder.rglob("*truth*.csv")):
        if truth.name.endswith(".truth.csv"):
            yield _plain(truth.name.removesuffix(".truth.csv"), truth.parent)
        elif truth.name == "truth_person.csv":
            yield _org(truth.parent, truth.parent.name, "truth_person.csv", "truth_account.csv")


def demo_company() -> LabelledSet:
    """Make the demo company; who is who is known from how it was made."""
    with tempfile.TemporaryDirectory() as folder:
        generate(Path(folder), seed=7, scale=1.0)
        return _org(Path(folder), "demo_company", TRUE_PEOPLE, TRUE_ACCOUNTS)


def agreement(clusters: Mapping[str, str], truth: Mapping[str, str]) -> Agreement:
    """Compare clusters with the truth, over the records that both know."""
    both = [record for record in truth if record in clusters]
    found = _pairs(Counter(clusters[record] for record in both))
    true = _pairs(Counter(truth[record] for record in both))
    right = _pairs(Counter((clusters[record], truth[record]) for record in both))
    return Agreement(right / max(found, 1), right / max(true, 1))


def _pairs(sizes: Counter[object]) -> int:
    return sum(size * (size - 1) // 2 for size in sizes.values())


def _csv(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False) if path.exists() else pd.DataFrame()


def _entities(path: Path) -> dict[str, str]:
    truth = _csv(path)
    return dict(zip(truth["record_id"], truth["entity_id"], strict=True)) if len(truth) else {}


def _org(folder: Path, name: str, people: str, companies: str) -> LabelledSet:
    files = {file.stem.lower(): file for file in folder.glob("*.csv")}
    tables = {table: _csv(files[table]) for table in ("contact", "lead", "account") if table in files}
    truth = {"people": _entities(folder / people), "companies": _entities(folder / companies)}
    return LabelledSet(name, tables, {entity: found for entity, found in truth.items() if found})


def _plain(name: str, folder: Path) -> LabelledSet:
    rows, truth = _csv(folder / f"{name}.csv"), _entities(folder / f"{name}.truth.csv")
    if {"surname", "last_name", "given_name", "first_name"} & set(rows):
        return LabelledSet(name, {"contact": _people(rows)}, {"people": truth})
    if {"name", "org_name"} & set(rows):
        return LabelledSet(name, {"account": _renamed(rows, COMPANY)}, {"companies": truth})
    raise ValueError(f"{name}.csv has columns of neither people nor companies: {', '.join(map(str, rows))}")


def _renamed(rows: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    known = {names[str(each)]: rows[each] for each in rows if str(each) in names}
    return pd.DataFrame({"Id": rows["record_id"], **known})


def _people(rows: pd.DataFrame) -> pd.DataFrame:
    people = _renamed(rows, PERSON)
    if "address_1" in rows:
        line = (rows.get("street_number", "") + " " + rows["address_1"]).str.strip()
        people["MailingStreet"] = line + ("\n" + rows["address_2"]).where(rows["address_2"] != "", "")
    if "full_name" in rows:
        # LastName is required in Salesforce: a single name goes there, and what stands before the last one is the first
        people["LastName"] = people["LastName"].where(people["LastName"] != "", people["FirstName"])
        names = zip(rows["full_name"].str.strip(), people["LastName"], people["FirstName"], strict=True)
        people["FirstName"] = [_before(full, last, first) for full, last, first in names]
    return people


def _before(full: str, last: str, first: str) -> str:
    if full == last:
        return ""
    return full.removesuffix(last).strip() if last and full.endswith(last) else first
