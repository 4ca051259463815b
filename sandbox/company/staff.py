"""The people who work in the org: users, queues, and the list of those whom the targets know too."""

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from sandbox.company.block import Block, Row
from sandbox.company.dice import START
from sandbox.company.names import person, plain
from sandbox.company.places import PLACES
from sandbox.salesforce.ids import long_id

DOMAIN = "brightwell-instruments.com"
ADMIN_USERNAME = "admin@acme.example"
PROFILE = long_id("00e5g0000000001")
QUEUES = ("Inbound Leads", "Partner Leads", "Support Tier 1", "Support Tier 2")
TITLES = {
    "Sales": ("Account Executive", "Account Manager", "Sales Development Representative"),
    "Support": ("Support Engineer", "Support Lead"),
    "Marketing": ("Campaign Manager", "Content Editor"),
}
TIME_ZONES = {"en_US": "America/New_York", "ja_JP": "Asia/Tokyo", "en_GB": "Europe/London"}
WITHOUT_COUNTERPART = 2
ONE_HAS_LEFT_IN = 5


def add_users(block: Block, count: int) -> None:
    """Add users, the first of them the administrator; every fifth has left."""
    taken: set[str] = set()
    for number in range(count):
        user = _user(block, number, taken)
        user["CreatedById"] = user["LastModifiedById"] = block.rows["User"][0]["Id"]
    bosses = block.rows["User"][1:4]
    for user in block.rows["User"][4:]:
        user["ManagerId"] = block.dice.pick(bosses)["Id"]


def _user(block: Block, number: int, taken: set[str]) -> Row:
    dice = block.dice
    place = PLACES[0] if number == 0 else dice.pick(PLACES[:5])
    who = replace(person(place, dice), salutation="")
    name = f"{who.mail_first}.{who.mail_last}"
    while name in taken:
        name += "2"
    taken.add(name)
    department = dice.weighted({"Sales": 6.0, "Support": 3.0, "Marketing": 1.0})
    return block.add(
        "User",
        START,
        CreatedById="unknown until the administrator is made",
        Username=f"{name}@{DOMAIN}" if number else ADMIN_USERNAME,
        LastName=who.last,
        FirstName=who.first,
        Name=f"{who.first} {who.last}",
        Email=f"{name}@{DOMAIN}",
        Alias=plain(who.mail_first[:1] + who.mail_last)[:8],
        IsActive=(number + 1) % ONE_HAS_LEFT_IN != 0,
        Title=dice.pick(TITLES[department]) if number else "System Administrator",
        Department=department if number else "IT",
        ProfileId=PROFILE,
        TimeZoneSidKey=TIME_ZONES.get(place.locale, "Europe/Berlin"),
        UserType="Standard",
    )


def add_queues(block: Block) -> None:
    for name in QUEUES:
        developer_name = name.replace(" ", "_")
        block.add(
            "Group",
            START,
            Name=name,
            DeveloperName=developer_name,
            Type="Queue",
            Email=f"{developer_name.lower()}@{DOMAIN}",
        )
    block.add("Group", START, Name="All Sales", DeveloperName="All_Sales", Type="Regular")


def queue(block: Block, name: str) -> str:
    """Return the id of a queue whose name contains the word."""
    return str(block.dice.pick([group for group in block.shared("Group") if name in group["Name"]])["Id"])


def write_owners(folder: Path, users: Iterable[Row]) -> None:
    """Write `owners.json`: the active users whom HubSpot and Intercom know, all but the last two."""
    active = [user for user in users if user["IsActive"]]
    known = [
        {"first_name": user["FirstName"], "last_name": user["LastName"], "email": user["Email"]}
        for user in active[:-WITHOUT_COUNTERPART]
    ]
    (folder / "owners.json").write_text(
        json.dumps(known, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )
