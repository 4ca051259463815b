"""Opportunities with what hangs on them, and the subscriptions that won ones lead to."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sandbox.company.accounts import money
from sandbox.company.block import Block, Row
from sandbox.company.catalogue import LIST_PRICES, record_type
from sandbox.company.dice import NOW
from sandbox.company.people import SOURCES, employers
from sandbox.company.phrases import NEXT_STEPS


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of the sales process, as Salesforce ships it."""

    name: str
    probability: int
    closed: bool = False
    won: bool = False


OPEN_STAGES = (
    Stage("Prospecting", 10), Stage("Qualification", 10), Stage("Needs Analysis", 20), Stage("Value Proposition", 50),
    Stage("Id. Decision Makers", 60), Stage("Perception Analysis", 70), Stage("Proposal/Price Quote", 75),
    Stage("Negotiation/Review", 90),
)  # fmt: skip
# Of one product; such an order is given a discount.
LARGE_ORDER = 20
WON, LOST = Stage("Closed Won", 100, closed=True, won=True), Stage("Closed Lost", 0, closed=True)
ROLES = (
    "Business User",
    "Decision Maker",
    "Economic Buyer",
    "Evaluator",
    "Executive Sponsor",
    "Influencer",
    "Technical Buyer",
)
TYPES = {"New Customer": 6.0, "Existing Customer - Upgrade": 3.0, "Existing Customer - Replacement": 1.0}
PLANS = {"Starter": 49, "Team": 39, "Enterprise": 79}


def colleagues(block: Block) -> dict[str, list[Row]]:
    """Return the contacts of each account."""
    by_account = defaultdict(list)
    for contact in block.rows["Contact"]:
        if contact["AccountId"]:
            by_account[contact["AccountId"]].append(contact)
    return by_account


def add_opportunities(block: Block) -> None:
    contacts = colleagues(block)
    for account in employers(block, block.count("Opportunity")):
        people = contacts.get(account["Id"], [])
        contact = block.dice.pick(people) if people and block.dice.chance(0.85) else None
        deal = _add_opportunity(block, account, contact)
        if block.dice.chance(0.75):
            _add_line_items(block, deal)
        if contact:
            _add_roles(block, deal, contact, people)
        _settle(deal)


def _add_opportunity(block: Block, account: Row, contact: Row | None) -> Row:
    dice = block.dice
    created = dice.moment((contact or account)["CreatedDate"])
    close = (created + timedelta(days=dice.randrange(5, 300))).date()
    stage = _stage(block, close)
    kind = dice.weighted(TYPES)
    campaigns = [row["Id"] for row in block.shared("Campaign") if row["CreatedDate"] < created]
    return block.add(
        "Opportunity",
        created,
        OwnerId=account["OwnerId"] if dice.chance(0.7) else block.owner(),
        AccountId=account["Id"],
        RecordTypeId=record_type(block, "Opportunity"),
        Name=f"{account['Name'][:80]} - {kind.rpartition(' ')[2]} {block.ids.number('opportunity')}",
        StageName=stage.name,
        Probability=stage.probability,
        CloseDate=close,
        Type=kind,
        NextStep=dice.pick(NEXT_STEPS) if not stage.closed and dice.chance(0.6) else None,
        LeadSource=dice.pick(SOURCES) if dice.chance(0.6) else None,
        IsClosed=stage.closed,
        IsWon=stage.won,
        CampaignId=dice.pick(campaigns) if campaigns and dice.chance(0.2) else None,
        ContactId=contact["Id"] if contact else None,
        Loss_Reason__c=dice.pick(("Price", "Competitor", "No decision", "Missing feature"))
        if stage == LOST
        else None,
        _cents=dice.randrange(100, 40_000) * 1_000 if dice.chance(0.85) else None,
    )


def _stage(block: Block, close: date) -> Stage:
    """Close what should be closed by now, all but some that everybody forgot."""
    if close > NOW.date() or block.dice.chance(0.07):
        return block.dice.pick(OPEN_STAGES)
    return WON if block.dice.chance(0.45) else LOST


def _add_line_items(block: Block, deal: Row) -> None:
    dice, products, deal["_cents"] = block.dice, block.shared("Product2"), 0
    for product in dice.sample(products, dice.randrange(1, 5)):
        list_cents = LIST_PRICES[product["ProductCode"]] * 100
        price, quantity = round(list_cents * dice.uniform(0.7, 1.0)), dice.randrange(1, 26)
        # What is taken off stands in the price of a small order, and beside the price of a large one.
        discount = round(100 - 100 * price / list_cents) if quantity > LARGE_ORDER else 0
        price = list_cents if discount else price
        total = round(price * quantity * (100 - discount) / 100)
        deal["_cents"] += total
        block.add(
            "OpportunityLineItem",
            dice.moment(deal["CreatedDate"]),
            CreatedById=deal["CreatedById"],
            OpportunityId=deal["Id"],
            Product2Id=product["Id"],
            ProductCode=product["ProductCode"],
            Name=f"{deal['Name']} {product['Name']}",
            Quantity=float(quantity),
            UnitPrice=money(price),
            Discount=discount or None,
            TotalPrice=money(total),
            ListPrice=money(list_cents),
            ServiceDate=deal["CloseDate"] + timedelta(days=14) if dice.chance(0.4) else None,
        )


def _add_roles(block: Block, deal: Row, primary: Row, people: list[Row]) -> None:
    others = [person for person in people if person is not primary]
    for person in [primary, *block.dice.sample(others, min(len(others), block.dice.randrange(3)))]:
        block.add(
            "OpportunityContactRole",
            block.dice.moment(max(deal["CreatedDate"], person["CreatedDate"])),
            CreatedById=deal["CreatedById"],
            OpportunityId=deal["Id"],
            ContactId=person["Id"],
            Role=block.dice.pick(ROLES) if block.dice.chance(0.8) else None,
            IsPrimary=person is primary,
        )


def _settle(deal: Row) -> None:
    """Set the amount to the sum of the line items, and what is computed from it."""
    deal["Amount"] = money(deal["_cents"])
    expected = None if deal["_cents"] is None else round(deal["_cents"] * deal["Probability"] / 100)
    deal["ExpectedRevenue"] = money(expected)


def add_subscriptions(block: Block) -> None:
    """Add subscriptions to accounts that have bought, the first ones twice if there are too few."""
    won = [deal for deal in block.rows["Opportunity"] if deal["IsWon"]]
    for number in range(block.count("Subscription__c") if won else 0):
        deal = won[number % len(won)]
        _add_subscription(block, deal, datetime.combine(deal["CloseDate"], NOW.timetz()))


def _add_subscription(block: Block, deal: Row, signed: datetime) -> None:
    dice, plan = block.dice, block.dice.pick(tuple(PLANS))
    start = signed.date() + timedelta(days=dice.randrange(1, 30))
    values: dict[str, Any] = {
        "Start_Date__c": start,
        "End_Date__c": start + timedelta(days=365 * dice.randrange(1, 4)),
    }
    seats = dice.randrange(1, 250)
    block.add(
        "Subscription__c",
        dice.moment(max(deal["CreatedDate"], min(signed, NOW - timedelta(days=1)))),
        OwnerId=deal["OwnerId"],
        Name=f"SUB-{block.ids.number('subscription'):06}",
        Account__c=deal["AccountId"],
        Primary_Contact__c=deal["ContactId"],
        Plan__c=plan,
        Seats__c=float(seats),
        Monthly_Price__c=money(seats * PLANS[plan] * 100),
        Auto_Renew__c=dice.chance(0.7),
        **values,
    )
