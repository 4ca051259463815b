"""Accounts: companies, their subsidiaries, and what their sales make of them."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sandbox.company.block import Block, Row
from sandbox.company.catalogue import record_type
from sandbox.company.dice import NOW
from sandbox.company.names import TRADES, Company, company
from sandbox.company.phrases import ACCOUNT_NOTES, phrases
from sandbox.company.places import PLACES, WEIGHTS, Address, Place, address, phone, written

SUBSIDIARIES = 0.12
LEVELS = 3


@dataclass(slots=True)
class Corporation:
    """A company with its branches: where it is, and the e-mail names given away under each of its domains."""

    root: Company
    places: set[Place] = field(default_factory=set)
    taken: dict[str, set[str]] = field(default_factory=dict)


def new_company(block: Block) -> Company:
    """Invent a company that no other record of the org belongs to."""
    number = block.ids.number("company") + block.ids.seed * 1009
    return company(number, block.dice.weighted(WEIGHTS), block.dice)


def add_accounts(block: Block) -> None:
    """Add accounts; some are subsidiaries of earlier ones, at most three levels deep and without circles."""
    total = block.count("Account")
    for _ in range(total - round(total * block.dirt.duplicate_accounts)):
        firms = block.rows["Account"]
        parent = block.dice.pick(firms) if firms and block.dice.chance(SUBSIDIARIES) else None
        if parent and len(parent["_corporation"].places) < len(PLACES):
            _add_subsidiary(block, parent)
        else:
            firm = new_company(block)
            _add_account(block, firm, Corporation(firm), level=1)


def _add_subsidiary(block: Block, parent: Row) -> None:
    """Add a branch in a country where the corporation has none yet, with a domain of its own or the parent's."""
    corporation: Corporation = parent["_corporation"]
    elsewhere = [place for place in PLACES if place not in corporation.places]
    if parent["_level"] == LEVELS:
        parent = next(row for row in block.rows["Account"] if row["Id"] == parent["ParentId"])
    place, root, above = block.dice.pick(elsewhere), corporation.root, parent["_company"].domain
    own = [root.domain.partition(".")[0] + ending for ending in place.endings]
    free = [domain for domain in own if domain not in corporation.taken]
    domain = above if block.dice.chance(block.dirt.shared_domain) else free[0]
    name = f"{root.brand} {place.country}"
    branch = Company(place, name, root.trade, place.legal_forms[0], domain, root.pattern)
    row = _add_account(block, branch, corporation, level=parent["_level"] + 1)
    row["ParentId"] = parent["Id"]
    if domain == above:
        block.note("Account", row, "Website", "shared_domain")


def _add_account(block: Block, firm: Company, corporation: Corporation, level: int) -> Row:
    dice = block.dice
    corporation.places.add(firm.place)
    seat, number = address(firm.place, dice), phone(firm.place, dice)
    shipping = postal("Shipping", address(firm.place, dice)) if dice.chance(0.15) else {}
    row = block.add(
        "Account",
        dice.moment(before=NOW - timedelta(days=30)),
        OwnerId=block.owner(),
        Name=firm.name,
        RecordTypeId=record_type(block, "Account"),
        **postal("Billing", seat),
        **shipping,
        Phone=written(number, dice) if dice.chance(0.9) else None,
        Fax=written(phone(firm.place, dice), dice) if dice.chance(0.1) else None,
        AccountNumber=f"BW{block.ids.number('account'):07}",
        Website=f"https://www.{firm.domain}" if dice.chance(0.92) else None,
        Industry=TRADES[firm.trade],
        AnnualRevenue=dice.randrange(2, 9_000) * 100_000 if dice.chance(0.7) else None,
        NumberOfEmployees=int(dice.paretovariate(0.9) * 8) % 60_000 + 1 if dice.chance(0.8) else None,
        Description=dice.pick(phrases(ACCOUNT_NOTES, firm.place.language)) if dice.chance(0.35) else None,
        Rating=dice.pick(("Hot", "Warm", "Cold")) if dice.chance(0.6) else None,
        AccountSource=dice.pick(("Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other")),
        _company=firm,
        _address=seat,
        _phone=number,
        _level=level,
        _corporation=corporation,
        _taken=corporation.taken.setdefault(firm.domain, set()),
        # A few accounts have many contacts and deals, most have some, one in twelve hardly ever any.
        _weight=1e-6 if dice.chance(0.08) else min(dice.paretovariate(1.3), 25.0),
    )
    block.companies[row["Id"]] = block.ids.number("company entity")
    return row


def postal(prefix: str, at: Address) -> dict[str, str | None]:
    """Return the address as the components of the compound field with that prefix."""
    values = {
        "Street": at.street,
        "City": at.city,
        "State": at.state,
        "PostalCode": at.postal_code,
        "Country": at.country,
    }
    return {prefix + name: value for name, value in values.items()}


def settle_accounts(block: Block) -> None:
    """Set what follows from an account's won opportunities: type, tier, end of contract."""
    won: Counter[str] = Counter()
    for deal in block.rows["Opportunity"]:
        if deal["IsWon"]:
            won[deal["AccountId"]] += deal["_cents"] or 0
    for row in block.rows["Account"]:
        row.update(_standing(block, won.get(row["Id"])))


def sum_pipelines(block: Block) -> None:
    """Set the roll-up of each account's open opportunities; deleted ones do not count."""
    pipeline: Counter[str] = Counter()
    for deal in block.rows["Opportunity"]:
        if not deal["IsClosed"] and not deal["IsDeleted"]:
            pipeline[deal["AccountId"]] += deal["_cents"] or 0
    for row in block.rows["Account"]:
        row["Open_Pipeline__c"] = money(pipeline[row["Id"]])


def _standing(block: Block, won_cents: int | None) -> dict[str, Any]:
    dice = block.dice
    if won_cents is None:
        return {"Type": dice.weighted({"Prospect": 8.0, "Technology Partner": 1.0, "Other": 1.0})}
    tiers = (("Platinum", 20_000_000), ("Gold", 8_000_000), ("Silver", 2_000_000), ("Bronze", 0))
    return {
        "Type": dice.weighted(
            {"Customer - Direct": 8.0, "Customer - Channel": 2.0, "Channel Partner / Reseller": 1.0}
        ),
        "Customer_Tier__c": next(tier for tier, least in tiers if won_cents >= least),
        "Contract_End__c": date(2026, 1, 31) + timedelta(days=30 * dice.randrange(36)),
    }


def money(cents: int | None) -> str | None:
    """Write an amount as Salesforce does, exactly."""
    return None if cents is None else f"{cents / 100:.2f}"
