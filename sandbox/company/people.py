"""Contacts and leads: one person each, before duplicates are added."""

import itertools
from datetime import datetime, timedelta
from typing import Any

from sandbox.company.accounts import new_company, postal
from sandbox.company.block import Block, Row
from sandbox.company.catalogue import record_type
from sandbox.company.dice import NOW, START
from sandbox.company.names import TRADES, Company, Person, person, private_email, work_email
from sandbox.company.phrases import CONTACT_NOTES, DEPARTMENTS, JOBS, phrases
from sandbox.company.places import WEIGHTS, Place, address, phone, written
from sandbox.company.staff import queue

SOURCES = ("Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other")
TOPICS = ("Product news", "Events", "Research", "Offers")
CONVERTED = 0.2  # of the leads
SHARED_FIELDS = {
    "LastName",
    "FirstName",
    "Salutation",
    "Name",
    "Title",
    "Phone",
    "MobilePhone",
    "Email",
    "LeadSource",
}


def employers(block: Block, count: int) -> list[Row]:
    """Draw accounts, the busy ones more often."""
    accounts = block.rows["Account"]
    weights = list(itertools.accumulate(account["_weight"] for account in accounts))
    return block.dice.choices(accounts, cum_weights=weights, k=count)


def add_contacts(block: Block) -> None:
    """Add contacts of accounts, and a few who belong to none."""
    total = block.count("Contact")
    for account in employers(block, total - round(total * block.dirt.duplicate_contacts)):
        if block.dice.chance(0.02):
            place = block.dice.weighted(WEIGHTS)
            _add_contact(block, person(place, block.dice), place, None)
        else:
            place = account["_company"].place
            _add_contact(block, person(place, block.dice), place, account)
    _add_bosses(block)


def _add_contact(block: Block, who: Person, place: Place, account: Row | None) -> None:
    dice = block.dice
    created = dice.moment(account["CreatedDate"] if account else START)
    home = account["_address"] if account and dice.chance(0.6) else address(place, dice)
    other = postal("Other", address(place, dice)) if dice.chance(0.05) else {}
    topics = dice.sample(TOPICS, dice.randrange(1, 4)) if dice.chance(0.3) else []
    firm, taken = (account["_company"], account["_taken"]) if account else (None, set())
    age = dice.uniform(22, 65)
    row = block.add(
        "Contact",
        created,
        OwnerId=account["OwnerId"] if account and dice.chance(0.8) else block.owner(),
        AccountId=account["Id"] if account else None,
        **_identity(block, who, place, firm, taken),
        RecordTypeId=record_type(block, "Contact"),
        **(postal("Mailing", home) if dice.chance(0.75) else {}),
        **other,
        HomePhone=written(phone(place, dice), dice) if dice.chance(0.05) else None,
        Department=dice.pick(DEPARTMENTS) if dice.chance(0.5) else None,
        Birthdate=(NOW - timedelta(days=365 * age)).date() if dice.chance(0.2) else None,
        Description=dice.pick(phrases(CONTACT_NOTES, place.language)) if dice.chance(0.2) else None,
        HasOptedOutOfEmail=False,
        DoNotCall=dice.chance(0.03),
        Preferred_Language__c=place.language if dice.chance(0.6) else None,
        Newsletter_Topics__c=";".join(topics) or None,
    )
    block.people[row["Id"]] = block.ids.number("person entity")


def _identity(
    block: Block, who: Person, place: Place, firm: Company | None, taken: set[str]
) -> dict[str, Any]:
    """Return what a contact and a lead say alike about a person."""
    dice, desk, mobile = block.dice, phone(place, block.dice), phone(place, block.dice, mobile=True)
    at_work = firm is not None and dice.chance(0.93)
    email = work_email(who, firm, taken) if firm and at_work else private_email(who, place, dice)
    return {
        "LastName": who.last,
        "FirstName": who.first,
        "Salutation": who.salutation if dice.chance(0.7) else None,
        "Name": f"{who.first} {who.last}",
        "Title": dice.pick(phrases(JOBS, place.language)) if dice.chance(0.85) else None,
        "Phone": written(desk, dice) if dice.chance(0.75) else None,
        "MobilePhone": written(mobile, dice) if dice.chance(0.45) else None,
        "Email": email if dice.chance(0.96) else None,
        "LeadSource": dice.pick(SOURCES) if dice.chance(0.7) else None,
        "_person": who,
        "_place": place,
        "_company": firm,
        "_taken": taken,
        "_phone": desk,
        "_mobile": mobile,
    }


def _add_bosses(block: Block) -> None:
    """Let a third of the contacts report to a colleague made earlier, so no circle can arise."""
    first_by_account: dict[str, Row] = {}
    for row in block.rows["Contact"]:
        if row["AccountId"] is None:
            continue
        boss = first_by_account.setdefault(row["AccountId"], row)
        if boss is not row and block.dice.chance(0.33):
            row["ReportsToId"] = boss["Id"]


def add_leads(block: Block) -> None:
    """Add leads that nobody has converted: of companies known as accounts, or of new ones."""
    total = block.count("Lead")
    own = total - round(total * (block.dirt.duplicate_leads + block.dirt.leads_of_contacts + CONVERTED))
    firm, taken = new_company(block), set[str]()
    for account in employers(block, own):
        if block.dice.chance(0.25):
            add_lead(block, _newcomer(block, account["_company"], account["_taken"]), block.dice.moment())
            continue
        if block.dice.chance(0.75):
            firm, taken = new_company(block), set()
        add_lead(block, _newcomer(block, firm, taken), block.dice.moment())


def _newcomer(block: Block, firm: Company, taken: set[str]) -> dict[str, Any]:
    return _identity(block, person(firm.place, block.dice), firm.place, firm, taken)


def add_lead(block: Block, identity: dict[str, Any], created: datetime) -> Row:
    """Add a lead with those names, numbers and hidden facts of a person, as a person of its own."""
    dice, place, firm = block.dice, identity["_place"], identity["_company"]
    row = block.add(
        "Lead",
        created,
        **identity,
        OwnerId=queue(block, "Leads") if dice.chance(0.2) else block.owner(),
        Company=firm.name if firm else f"{identity['LastName']} (self-employed)",
        **(postal("", address(place, dice)) if dice.chance(0.6) else {}),
        Website=f"https://www.{firm.domain}" if firm and dice.chance(0.5) else None,
        Description=dice.pick(phrases(CONTACT_NOTES, place.language)) if dice.chance(0.2) else None,
        Status=dice.weighted(
            {"Open - Not Contacted": 4.0, "Working - Contacted": 4.0, "Closed - Not Converted": 2.0}
        ),
        Industry=TRADES[firm.trade] if firm and dice.chance(0.7) else None,
        Rating=dice.pick(("Hot", "Warm", "Cold")) if dice.chance(0.5) else None,
        AnnualRevenue=dice.randrange(2, 900) * 100_000 if dice.chance(0.2) else None,
        NumberOfEmployees=dice.randrange(1, 3_000) if dice.chance(0.4) else None,
        HasOptedOutOfEmail=False,
        DoNotCall=dice.chance(0.03),
        IsConverted=False,
    )
    block.people[row["Id"]] = block.ids.number("person entity")
    return row


def add_converted_leads(block: Block) -> None:
    """Add the leads from which contacts came, pointing at what the conversion made."""
    deals = {row["ContactId"]: row["Id"] for row in block.rows["Opportunity"]}
    candidates = [row for row in block.rows["Contact"] if row["AccountId"]]
    wanted = min(len(candidates), round(block.count("Lead") * CONVERTED))
    for contact in block.dice.sample(candidates, wanted):
        earliest = max(START, contact["CreatedDate"] - timedelta(days=120))
        created = block.dice.moment(earliest, contact["CreatedDate"])
        lead = add_lead(block, identity_of(contact), created)
        changed = max(contact["CreatedDate"], lead["LastModifiedDate"])
        lead.update(
            Status="Closed - Converted",
            IsConverted=True,
            ConvertedDate=contact["CreatedDate"].date(),
            ConvertedAccountId=contact["AccountId"],
            ConvertedContactId=contact["Id"],
            ConvertedOpportunityId=deals.get(contact["Id"]),
            OwnerId=contact["OwnerId"],
            LastModifiedDate=changed,
            SystemModstamp=changed,
        )
        block.people[lead["Id"]] = block.people[contact["Id"]]


def compute_names(block: Block) -> None:
    """Set the formula field as Salesforce computes it, whatever has become of first and last name."""
    for row in [*block.rows["Contact"], *block.rows["Lead"]]:
        row["Name"] = " ".join(filter(None, (row["FirstName"], row["LastName"])))


def identity_of(row: Row) -> dict[str, Any]:
    """Return what another record of the same person says alike."""
    return {key: value for key, value in row.items() if key in SHARED_FIELDS or key.startswith("_")}
