"""The demo company: deterministic, whole where it claims to be whole, dirty exactly where it says so."""

import csv
import filecmp
import itertools
import json
import re
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from email_validator import validate_email

from sandbox.company import CLEAN, KINDS, Dirt, generate
from sandbox.company.dirt import BAD_EMAILS, LAST_NAMES, REMOVALS
from sandbox.company.files import ACCOUNT, DIRT, PERSON, read
from sandbox.company.ids import salesforce_id
from sandbox.salesforce.ids import long_id
from sandbox.salesforce.org import declared_org
from sandbox.salesforce.seed import load_folder

ORG = declared_org().sobjects
# Objects of the stand-in that the company has no records of.
UNUSED = {"OpportunityFieldHistory", "QueueSobject"}
Table = dict[str, dict[str, str]]
EXPECTED = {
    "Account": 400, "Contact": 1600, "Lead": 900, "Opportunity": 1200, "Case": 900, "Task": 1500, "Event": 500, "Campaign": 12,
    "User": 40, "Product2": 8, "Subscription__c": 250,
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("company")
    generate(folder)
    return folder


@pytest.fixture(scope="module")
def org(folder: Path) -> dict[str, Table]:
    return load(folder)


@pytest.fixture(scope="module")
def noted(folder: Path) -> dict[tuple[str, str], set[str]]:
    """Give the kinds of dirt by record and field."""
    found = defaultdict(set)
    for row in read(folder, DIRT):
        found[row["record_id"], row["field"]].add(row["kind"])
    return found


def load(folder: Path) -> dict[str, Table]:
    return {name: {row["Id"]: row for row in read(folder, f"{name}.csv")} for name in ORG}


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_the_same_seed_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    generate(tmp_path)
    assert files(tmp_path) == files(folder)
    assert filecmp.cmpfiles(folder, tmp_path, files(folder), shallow=False)[1:] == ([], [])


def test_another_seed_gives_another_company(tmp_path: Path) -> None:
    generate(tmp_path / "a", seed=1, scale=0.05)
    generate(tmp_path / "b", seed=2, scale=0.05)
    a, b = ({row["Name"] for row in read(tmp_path / part, "Account.csv")} for part in "ab")
    assert not a & b


def test_counts_are_as_promised(org: dict[str, Table]) -> None:
    for name, count in EXPECTED.items():
        assert count <= len(org[name]) <= count * 1.03, name
    assert {name for name in ORG if not org[name]} <= UNUSED


def test_files_have_the_columns_of_the_org(folder: Path) -> None:
    for name, body in ORG.items():
        with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            assert next(csv.reader(file)) == [column.name for column in body.columns]


@pytest.mark.parametrize("known", ["0015000000VALDtAAP", "001D000000IqhSLIAZ", "00530000009M943AAC"])
def test_suffix_agrees_with_ids_from_real_orgs(known: str) -> None:
    assert long_id(known[:15]) == known


def test_ids_are_unique_and_have_prefix_and_suffix(org: dict[str, Table]) -> None:
    ids = [record for table in org.values() for record in table]
    assert len(ids) == len(set(ids))
    assert all(record == long_id(record[:15]) and len(record) == 18 for record in ids)
    assert all(record.startswith(ORG[name].prefix) for name, table in org.items() for record in table)


def test_ids_that_differ_only_by_case_get_different_suffixes() -> None:
    assert salesforce_id("001", 10)[:15].lower() == salesforce_id("001", 36)[:15].lower()
    assert salesforce_id("001", 10).lower() != salesforce_id("001", 36).lower()


def test_every_kind_of_dirt_is_there(noted: dict[tuple[str, str], set[str]]) -> None:
    assert set().union(*noted.values()) == KINDS


def test_each_field_of_a_record_has_one_defect_at_most(folder: Path) -> None:
    planted = Counter((row["record_id"], row["field"]) for row in read(folder, DIRT) if row["field"])
    assert {place for place, count in planted.items() if count > 1} == set()


def test_dirt_names_records_and_fields_that_exist(folder: Path, org: dict[str, Table]) -> None:
    for row in read(folder, DIRT):
        assert row["record_id"] in org[row["object"]]
        assert not row["field"] or ORG[row["object"]].find(row["field"])


def test_truth_covers_every_person_and_company(folder: Path, org: dict[str, Table]) -> None:
    persons, companies = private_customers(org), {row["record_id"] for row in read(folder, ACCOUNT)}
    people = [row["record_id"] for row in read(folder, PERSON)]
    assert sorted(people) == sorted([*org["Contact"], *org["Lead"], *persons])
    assert companies == set(org["Account"]) - persons


def test_truth_groups_exactly_the_planted_duplicates(folder: Path, org: dict[str, Table]) -> None:
    """Records beyond the first of each entity are duplicates, losers of merges, or converted leads."""
    kinds = Counter(row["kind"] for row in read(folder, DIRT))
    merged = Counter(row["object"] for row in read(folder, DIRT) if row["kind"] == "merged")
    people = Counter(row["entity_id"] for row in read(folder, PERSON))
    converted = sum(row["IsConverted"] == "true" for row in org["Lead"].values())
    planted = kinds["duplicate_contact"] + kinds["duplicate_lead"] + kinds["duplicate_across"]
    persons = len(private_customers(org))
    assert people.total() - len(people) == planted + merged["Contact"] + merged["Lead"] + converted + persons
    companies = Counter(row["entity_id"] for row in read(folder, ACCOUNT))
    assert companies.total() - len(companies) == kinds["duplicate_account"] + merged["Account"]


def private_customers(org: dict[str, Table]) -> set[str]:
    """Return the ids of the accounts that are persons, and make sure that each has its contact."""
    persons = {record: row for record, row in org["Account"].items() if row["IsPersonAccount"] == "true"}
    assert {org["Contact"][row["PersonContactId"]]["AccountId"] for row in persons.values()} == set(persons)
    return set(persons)


def broken_references(org: dict[str, Table]) -> set[tuple[str, str]]:
    """Return record and field of references to nothing, and of living records' references to deleted ones."""
    broken = set()
    for name, table in org.items():
        for column in (c for c in ORG[name].columns if set(c.refers_to) & set(org)):
            for row in table.values():
                target = next(
                    (org[t].get(row[column.name]) for t in column.refers_to if row[column.name] in org[t]),
                    None,
                )
                gone = target is None or (target["IsDeleted"] == "true" and row["IsDeleted"] == "false")
                if row[column.name] and gone:
                    broken.add((row["Id"], column.name))
    return broken


def test_references_hold_except_the_planted_orphans(
    org: dict[str, Table], noted: dict[tuple[str, str], set[str]]
) -> None:
    orphans = {place for place, kinds in noted.items() if any(kind.startswith("orphan") for kind in kinds)}
    assert broken_references(org) == orphans


def test_a_clean_company_is_clean(tmp_path: Path) -> None:
    assert generate(tmp_path, scale=0.2, dirt=CLEAN).defects == {}
    org = load(tmp_path)
    assert broken_references(org) == set()
    assert {row["IsDeleted"] for table in org.values() for row in table.values()} == {"false"}
    emails = Counter(row["Email"].lower() for row in org["Contact"].values() if row["Email"])
    assert set(emails.values()) == {1}


def test_rates_of_dirt_are_respected(tmp_path: Path) -> None:
    summary = generate(tmp_path, dirt=Dirt(bad_email=0.1, opted_out=0.0))
    bad = sum(count for kind, count in summary.defects.items() if kind in BAD_EMAILS)
    assert 200 < bad < 260
    assert "opted_out" not in summary.defects


def test_values_fit_the_fields(org: dict[str, Table]) -> None:
    for name, body in ORG.items():
        for column, row in itertools.product(body.columns, org[name].values()):
            if column.length:
                assert len(row[column.name]) <= column.length, (name, column.name)


FORMATS = {
    "boolean": r"true|false",
    "datetime": r"20[12]\d-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z",
    "date": r"\d{4}-\d\d-\d\d",
    "int": r"-?\d+",
    "double": r"-?\d+(\.\d+)?",
    "percent": r"\d+",
    "currency": r"-?\d+(\.\d\d)?",
    "reference": r"[0-9A-Za-z]{15}[A-Z0-5]{3}",
}


@pytest.mark.parametrize("kind", FORMATS)
def test_values_are_written_as_their_type(kind: str, org: dict[str, Table]) -> None:
    for name, body in ORG.items():
        for column, row in itertools.product((c for c in body.columns if c.type == kind), org[name].values()):
            assert not row[column.name] or re.fullmatch(FORMATS[kind], row[column.name]), (name, column.name)


def test_required_fields_are_filled_except_planted_ones(
    org: dict[str, Table], noted: dict[tuple[str, str], set[str]]
) -> None:
    for name, body in ORG.items():
        for column, row in itertools.product((c for c in body.columns if c.required), org[name].values()):
            planted = noted.get((row["Id"], column.name), set())
            assert row[column.name] or planted & set(LAST_NAMES), (name, column.name)


def test_picklist_values_are_declared_or_noted(
    org: dict[str, Table], noted: dict[tuple[str, str], set[str]]
) -> None:
    for name, body in ORG.items():
        for column, row in itertools.product((c for c in body.columns if c.values), org[name].values()):
            value = row[column.name]
            known = set(value.split(";")) <= {"", *column.values}
            assert known != ("picklist_unmapped" in noted.get((row["Id"], column.name), ())), (
                name,
                column.name,
                value,
            )


def test_emails_are_valid_except_planted_ones(
    org: dict[str, Table], noted: dict[tuple[str, str], set[str]]
) -> None:
    bad = set(BAD_EMAILS) - {"email_unknown_tld"}  # a syntax check cannot know every ending
    for row in [*org["Contact"].values(), *org["Lead"].values()]:
        if row["Email"] and not noted.get((row["Id"], "Email"), set()) & set(BAD_EMAILS):
            validate_email(row["Email"], check_deliverability=False)
            assert (
                row["Email"]
                .lower()
                .endswith((".com", ".io", ".de", ".co.uk", ".fr", ".es", ".it", ".nl", ".jp", ".net"))
            )
        elif noted.get((row["Id"], "Email"), set()) & bad:
            with pytest.raises(ValueError):  # noqa: PT011 - the validator's own errors are ValueErrors
                validate_email(row["Email"], check_deliverability=False)


def test_timestamps_are_in_order_and_in_the_past(org: dict[str, Table]) -> None:
    for table in org.values():
        for row in table.values():
            changed = row["SystemModstamp"]
            # A link of a file says no more than when it was made.
            created, modified = row.get("CreatedDate", changed), row.get("LastModifiedDate", changed)
            assert "2020-11-01" <= created <= modified == changed < "2026-11-01"


def test_account_hierarchy_has_three_levels_and_no_circle(org: dict[str, Table]) -> None:
    def depth(record: str) -> int:
        parent = org["Account"][record]["ParentId"]
        return 1 if not parent else 1 + depth(parent)

    assert {depth(record) for record in org["Account"]} == {1, 2, 3}


def test_reporting_lines_have_no_circle(org: dict[str, Table]) -> None:
    reporting = 0
    for record in org["Contact"]:
        seen = [record]
        while boss := org["Contact"][seen[-1]]["ReportsToId"]:
            assert boss not in seen
            seen.append(boss)
        reporting += len(seen) > 1
    assert reporting > 100


def test_converted_leads_point_at_what_became_of_them(folder: Path, org: dict[str, Table]) -> None:
    entity = {row["record_id"]: row["entity_id"] for row in read(folder, PERSON)}
    converted = [row for row in org["Lead"].values() if row["IsConverted"] == "true"]
    assert len(converted) > 100
    assert any(row["ConvertedOpportunityId"] for row in converted)
    for row in converted:
        assert row["Status"] == "Closed - Converted"
        assert row["ConvertedDate"]
        assert row["ConvertedAccountId"] in org["Account"]
        assert entity[row["Id"]] == entity[row["ConvertedContactId"]]


def test_merge_losers_are_deleted_and_their_winners_live(folder: Path, org: dict[str, Table]) -> None:
    entity = {row["record_id"]: row["entity_id"] for path in (PERSON, ACCOUNT) for row in read(folder, path)}
    losers = [
        (name, row)
        for name in ("Account", "Contact", "Lead")
        for row in org[name].values()
        if row["MasterRecordId"]
    ]
    assert {name for name, _ in losers} == {"Account", "Contact", "Lead"}
    for name, row in losers:
        winner = org[name][row["MasterRecordId"]]
        assert (row["IsDeleted"], winner["IsDeleted"]) == ("true", "false")
        assert entity[row["Id"]] == entity[winner["Id"]] or name == "Account"


def test_amounts_agree_with_line_items_and_stages(
    org: dict[str, Table], noted: dict[tuple[str, str], set[str]]
) -> None:
    totals: Counter[str] = Counter()
    for item in org["OpportunityLineItem"].values():
        totals[item["OpportunityId"]] += round(float(item["TotalPrice"]) * 100)
    for record, row in org["Opportunity"].items():
        if record in totals:
            assert round(float(row["Amount"]) * 100) == totals[record]
            assert (record, "Amount") not in noted
        assert (row["IsWon"] == "true") == (row["StageName"] == "Closed Won")
        assert (row["IsClosed"] == "true") == row["StageName"].startswith("Closed")
    assert len(totals) > 800


def test_each_opportunity_has_one_primary_contact_at_most(org: dict[str, Table]) -> None:
    primary = Counter(
        row["OpportunityId"] for row in org["OpportunityContactRole"].values() if row["IsPrimary"] == "true"
    )
    assert set(primary.values()) == {1}
    assert len(primary) > 800


def test_roll_up_counts_living_open_opportunities(org: dict[str, Table]) -> None:
    sums: Counter[str] = Counter()
    for row in org["Opportunity"].values():
        if row["IsClosed"] == row["IsDeleted"] == "false":
            sums[row["AccountId"]] += round(float(row["Amount"] or 0) * 100)
    for record, row in org["Account"].items():
        assert round(float(row["Open_Pipeline__c"]) * 100) == sums[record]


def test_names_are_computed_as_salesforce_does(org: dict[str, Table]) -> None:
    for row in [*org["Contact"].values(), *org["Lead"].values()]:
        assert row["Name"] == " ".join(filter(None, (row["FirstName"], row["LastName"])))


def test_queues_own_leads_and_cases_only(org: dict[str, Table]) -> None:
    owned = {
        name
        for name, table in org.items()
        for row in table.values()
        if row.get("OwnerId", "").startswith("00G")
    }
    assert owned == {"Lead", "Case"}


def test_texts_are_as_nasty_as_promised(org: dict[str, Table]) -> None:
    texts = [
        row["Description"]
        for name in ("Account", "Contact", "Lead", "Case", "Task")
        for row in org[name].values()
    ]
    assert max(map(len, texts)) == 32_000
    assert any("\r\n" in text for text in texts)
    assert any('""' in text for text in texts)
    assert any(ord(character) > 0xFFFF for text in texts for character in text)


def test_owners_are_the_active_users_but_two(folder: Path, org: dict[str, Table]) -> None:
    owners = json.loads((folder / "owners.json").read_text(encoding="utf-8"))
    active = {row["Email"] for row in org["User"].values() if row["IsActive"] == "true"}
    known = {owner["email"] for owner in owners}
    assert known < active
    assert len(active - known) == 2
    assert set(owners[0]) == {"first_name", "last_name", "email"}
    strangers = {record for record, row in org["User"].items() if row["Email"] in active - known}
    assert strangers <= {row["OwnerId"] for row in org["Account"].values()}
    assert len(active) < len(org["User"])


def test_a_larger_company_is_whole_too(tmp_path: Path) -> None:
    """Blocks are made one by one; names, domains and references must not clash between them."""
    summary = generate(tmp_path, seed=3, scale=2.25)
    org = load(tmp_path)
    assert 900 <= summary.rows["Account"] <= 930
    assert summary.rows == {name: len(table) for name, table in org.items()}
    orphans = {
        (row["record_id"], row["field"]) for row in read(tmp_path, DIRT) if row["kind"].startswith("orphan")
    }
    assert broken_references(org) == orphans
    company = {row["record_id"]: row["entity_id"] for row in read(tmp_path, ACCOUNT)}
    names = defaultdict(set)
    for record, entity in company.items():
        names[org["Account"][record]["Name"]].add(entity)
    assert {name for name, entities in names.items() if len(entities) > 1} == set()


@pytest.mark.parametrize("scale", [0.0, -1.0])
def test_a_company_of_no_size_is_refused(scale: float, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="scale must be above 0"):
        generate(tmp_path, scale=scale)


@pytest.mark.parametrize("scale", [0.0001, 0.01])
def test_the_smallest_companies_can_be_made(scale: float, tmp_path: Path) -> None:
    summary = generate(tmp_path, scale=scale)
    assert min(summary.rows[name] for name in ("Account", "Contact", "Lead", "Opportunity")) >= 1
    assert set(REMOVALS) & set(summary.defects)


def test_command_line_prints_the_summary(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "sandbox.company",
        "--folder",
        str(tmp_path),
        "--scale",
        "0.02",
        "--json",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    document = json.loads(done.stdout)
    assert document["schema_version"] == 1
    assert document["rows"]["Contact"] == sum(1 for _ in read(tmp_path, "Contact.csv"))
    assert "Contact" in done.stderr


def test_command_line_refuses_a_company_of_no_size(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sandbox.company", "--folder", str(tmp_path), "--scale", "0"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "--scale" in done.stderr


def test_labelled_org_has_only_columns_of_the_org(shared: Path) -> None:
    """The labelled development set is loaded as it is, so the org must know all of its columns."""
    for name in ("Account", "Contact", "Lead"):
        with (shared / "data/dedup/crm_dev" / f"{name.lower()}.csv").open(
            encoding="utf-8-sig", newline=""
        ) as file:
            assert all(ORG[name].find(column) for column in next(csv.reader(file)))


def test_salesforce_stand_in_takes_the_folder(folder: Path, org: dict[str, Table], tmp_path: Path) -> None:
    assert load_folder(tmp_path, folder) == {name: len(table) for name, table in org.items()}
