"""What the demo company set up once: record types, products, campaigns."""

from datetime import timedelta
from typing import NamedTuple

from sandbox.company.block import Block
from sandbox.company.dice import NOW, START
from sandbox.salesforce.org import declared_org

RECORD_TYPES = {
    "Account": ("Customer", "Partner"),
    "Contact": ("Business", "Press"),
    "Opportunity": ("New Business", "Renewal"),
    "Case": ("Technical", "Billing"),
}


class Product(NamedTuple):
    """A product with its list price."""

    name: str
    code: str
    family: str
    price: int


PRODUCTS = (
    Product("Flow Sensor FS-100", "FS-100", "Hardware", 420),
    Product("Flow Sensor FS-200", "FS-200", "Hardware", 890),
    Product("Pressure Gauge PG-5", "PG-5", "Hardware", 260),
    Product("Controller C-9", "C-9", "Hardware", 4_800),
    Product("Monitoring Suite", "MON-STD", "Software", 1_900),
    Product("Monitoring Suite Plus", "MON-PLUS", "Software", 5_400),
    Product("On-site Calibration", "SRV-CAL", "Services", 1_150),
    Product("Operator Training", "SRV-TRN", "Services", 2_300),
)
LIST_PRICES = {product.code: product.price for product in PRODUCTS}
CAMPAIGN_TYPES = ("Conference", "Webinar", "Trade Show", "Email", "Direct Mail", "Referral Program")
CAMPAIGN_SUBJECTS = (
    "Calibration Day",
    "Flow Forum",
    "Sensor Summit",
    "Product News",
    "Partner Evening",
    "Process Safety",
)


def add_catalogue(block: Block, campaigns: int) -> None:
    for name, kinds in RECORD_TYPES.items():
        for kind in kinds:
            values = {
                "Name": kind,
                "DeveloperName": kind.replace(" ", "_"),
                "SobjectType": name,
                "IsActive": True,
            }
            block.add("RecordType", START, **values)
    for product in PRODUCTS:
        block.add(
            "Product2",
            block.dice.moment(START, START + timedelta(days=90)),
            Name=product.name,
            ProductCode=product.code,
            Description=f"{product.family} of the line {product.code.partition('-')[0]}",
            IsActive=product.code != "PG-5",
            Family=product.family,
            StockKeepingUnit=f"BW-{product.code}",
        )
    _add_statuses(block, "CaseStatus", "Case", closed="Closed")
    _add_statuses(block, "TaskStatus", "Task", closed="Completed")
    for number in range(campaigns):
        _add_campaign(block, number)


def _add_statuses(block: Block, name: str, of: str, closed: str) -> None:
    """Add the table in which Salesforce keeps what each value of an object's Status means."""
    status = declared_org().sobjects[of].find("Status")
    for number, value in enumerate(status.values if status else ()):
        meaning = {"SortOrder": number + 1, "IsDefault": number == 0, "IsClosed": value == closed}
        block.add(name, START, MasterLabel=value, ApiName=value, **meaning)


def _add_campaign(block: Block, number: int) -> None:
    dice, start = block.dice, block.dice.moment(START + timedelta(days=30), NOW + timedelta(days=90))
    end = start + timedelta(days=dice.randrange(1, 60))
    kind, budget = dice.pick(CAMPAIGN_TYPES), dice.randrange(5, 400) * 100
    parent = dice.pick(block.rows["Campaign"])["Id"] if number and dice.chance(0.2) else None
    block.add(
        "Campaign",
        min(start, NOW) - timedelta(days=dice.randrange(1, 30)),
        OwnerId=block.active_user(),
        Name=f"{dice.pick(CAMPAIGN_SUBJECTS)} {start.year} {kind} {number + 1}",
        ParentId=parent,
        Type=kind,
        Status="Completed" if end < NOW else "In Progress" if start < NOW else "Planned",
        StartDate=start.date(),
        EndDate=end.date(),
        BudgetedCost=budget,
        ActualCost=round(budget * dice.uniform(0.6, 1.4)) if end < NOW else None,
        IsActive=end > NOW,
    )


def record_type(block: Block, name: str) -> str | None:
    """Return the id of one of the object's record types, mostly the first."""
    first, second = (row["Id"] for row in block.shared("RecordType") if row["SobjectType"] == name)
    return str(first if block.dice.chance(0.85) else second)
