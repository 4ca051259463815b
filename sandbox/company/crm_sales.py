"""The public data set "CRM Sales Opportunities" as a Salesforce org: real deals of a hardware seller, without people.

What is odd in the original stays so: deals without an account, won ones without a value, products written in
two ways. Every id follows from the natural key, so the same source always gives the same org.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

from sandbox.company.accounts import money
from sandbox.company.block import Row
from sandbox.company.files import Folder, read
from sandbox.company.generate import Summary
from sandbox.company.ids import id_from_key
from sandbox.company.names import plain
from sandbox.company.staff import DOMAIN, PROFILE, write_owners
from sandbox.salesforce.org import declared_org

OBJECTS = ("User", "Account", "Product2", "Opportunity", "OpportunityLineItem")
FOUNDED = datetime(2016, 1, 1, tzinfo=UTC)
# Salesforce demands a close date, the source has none for open deals: the last day of the data, as people enter
# "end of the year".
UNKNOWN_CLOSE = date(2017, 12, 31)
STAGES = {"Won": ("Closed Won", 100), "Lost": ("Closed Lost", 0), "In_Progress": ("Prospecting", 10)}
MILLION = 1_000_000


def convert(source: Path, folder: Path) -> Summary:
    """Turn accounts, products, teams and pipeline into Salesforce-named CSV files and `owners.json`.

    Raises:
        FileNotFoundError: the source lacks one of its four files.
        ValueError: a deal belongs to an agent who is in no team.

    """
    users = list(_users(source))
    agents = {user["Name"]: user["Id"] for user in users}
    with Folder(folder, OBJECTS, truth=False) as files:
        for name, rows in (
            ("User", users),
            ("Account", _accounts(source, agents)),
            ("Product2", _products(source, users[0]["Id"])),
        ):
            for row in rows:
                files.write(name, row)
        prices = {
            _code(row["Product"]): money(_cents(row["Sales_Price"])) for row in _rows(source, "products.csv")
        }
        for deal in _rows(source, "sales-pipeline.csv"):
            opportunity = _opportunity(deal, agents)
            files.write("Opportunity", opportunity)
            files.write("OpportunityLineItem", _line_item(deal, opportunity, prices))
    write_owners(folder, users)
    return Summary(files.rows, {})


def _rows(source: Path, name: str) -> Iterator[dict[str, str]]:
    """Read a file of the source; lines without any value are no records."""
    return (row for row in read(source, name) if any(row.values()))


def _id(name: str, key: str) -> str:
    return id_from_key(declared_org().sobjects[name].prefix, f"{name}/{key}")


def _system(name: str, key: str, author: str, created: datetime, changed: datetime | None = None) -> Row:
    changed = max(created, changed or created)
    return {
        "Id": _id(name, key),
        "IsDeleted": False,
        "CreatedDate": created,
        "CreatedById": author,
        "LastModifiedDate": changed,
        "LastModifiedById": author,
        "SystemModstamp": changed,
    }


def _users(source: Path) -> Iterator[Row]:
    """Give the managers, then their agents."""
    teams = list(_rows(source, "sales-teams.csv"))
    managers = dict.fromkeys(row["Manager"] for row in teams)
    yield from (_user(name, "Sales Manager", None, None) for name in managers)
    yield from (
        _user(row["Sales_Agent"], "Sales Agent", row["Regional_Office"], row["Manager"]) for row in teams
    )


def _user(name: str, title: str, office: str | None, manager: str | None) -> Row:
    first, _, last = name.partition(" ")
    email = f"{plain(first)}.{plain(last)}@{DOMAIN}"
    return {
        **_system("User", name, _id("User", manager or name), FOUNDED),
        "Username": email,
        "FirstName": first,
        "LastName": last,
        "Name": name,
        "Email": email,
        "Alias": plain(first[:1] + last)[:8],
        "IsActive": True,
        "Title": title,
        "Department": office,
        "ProfileId": PROFILE,
        "ManagerId": _id("User", manager) if manager else None,
        "TimeZoneSidKey": "America/New_York",
        "UserType": "Standard",
    }


def _accounts(source: Path, agents: dict[str, str]) -> Iterator[Row]:
    """Give the accounts, each with the agent and the day of its first deal."""
    first: dict[str, tuple[str, str]] = {}
    for deal in _rows(source, "sales-pipeline.csv"):
        key = (deal["Created_On"], deal["Sales_Agent"])
        first[deal["Account"]] = min(first.get(deal["Account"], key), key)
    for row in _rows(source, "accounts.csv"):
        day, agent = first.get(row["Account"], ("", ""))
        owner = agents.get(agent) or next(iter(agents.values()))
        yield {
            **_system("Account", row["Account"], owner, _moment(day) or FOUNDED),
            "Name": row["Account"],
            "IsPersonAccount": False,
            "PersonHasOptedOutOfEmail": False,
            "PersonDoNotCall": False,
            "OwnerId": owner,
            "AnnualRevenue": round(float(row["Revenue"]) * MILLION) if row["Revenue"] else None,
            "NumberOfEmployees": round(float(row["Employees"])) if row["Employees"] else None,
        }


def _products(source: Path, author: str) -> Iterator[Row]:
    for row in _rows(source, "products.csv"):
        yield {
            **_system("Product2", _code(row["Product"]), author, FOUNDED),
            "Name": row["Product"],
            "ProductCode": _code(row["Product"]),
            "IsActive": True,
            "Family": "Hardware",
        }


def _opportunity(deal: dict[str, str], agents: dict[str, str]) -> Row:
    number, agent = deal["Opportunity_ID"], deal["Sales_Agent"]
    if agent not in agents:
        raise ValueError(
            f"sales-pipeline.csv: Sales_Agent of opportunity {number} is in no row of sales-teams.csv; add the agent there"
        )
    stage, probability = STAGES.get(deal["Deal_Stage"], (deal["Deal_Stage"], None))
    closed, amount = _moment(deal["Close_Date"]), _cents(deal["Close_Value"])
    account = deal["Account"]
    return {
        **_system("Opportunity", number, agents[agent], _moment(deal["Created_On"]) or FOUNDED, closed),
        "AccountId": _id("Account", account) if account else None,
        "Name": " ".join(filter(None, [account, deal["Product"], number])),
        "StageName": stage,
        "Amount": money(amount),
        "Probability": probability,
        "ExpectedRevenue": money(amount * probability // 100)
        if amount is not None and probability is not None
        else None,
        "CloseDate": closed.date() if closed else UNKNOWN_CLOSE,
        "IsClosed": stage.startswith("Closed"),
        "IsWon": stage == "Closed Won",
        "OwnerId": agents[agent],
    }


def _line_item(deal: dict[str, str], opportunity: Row, prices: dict[str, str | None]) -> Row:
    code = _code(deal["Product"])
    created, changed = opportunity["CreatedDate"], opportunity["LastModifiedDate"]
    return {
        **_system("OpportunityLineItem", deal["Opportunity_ID"], opportunity["OwnerId"], created, changed),
        "OpportunityId": opportunity["Id"],
        "Product2Id": _id("Product2", code),
        "ProductCode": code,
        "Name": f"{opportunity['Name']} {deal['Product']}",
        "Quantity": 1.0,
        "UnitPrice": opportunity["Amount"],
        "TotalPrice": opportunity["Amount"],
        "ListPrice": prices.get(code),
    }


def _code(product: str) -> str:
    """Return what "GTX Pro" and "GTXPro" have in common."""
    return product.replace(" ", "")


def _cents(value: str) -> int | None:
    return round(float(value) * 100) if value else None


def _moment(day: str) -> datetime | None:
    return datetime.fromisoformat(day).replace(tzinfo=UTC) if day else None
