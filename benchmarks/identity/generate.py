"""People of a CRM, made up: contacts with duplicates that were typed anew, colleagues, families, and shared office numbers."""

import random

import pandas as pd
from faker import Faker
from faker.providers.person.en_US import Provider as Names

from benchmarks.identity.sets import LabelledSet

FIRST, LAST = tuple(Names.first_names), tuple(Names.last_names)
STREETS = [
    "Main",
    "Oak",
    "Maple",
    "Cedar",
    "Park",
    "Lake",
    "Hill",
    "Washington",
    "Spring",
    "Ridge",
    "Church",
    "Mill",
    "River",
    "Union",
    "Highland",
    "Forest",
]
KINDS = (("Street", "St"), ("Avenue", "Ave"), ("Road", "Rd"), ("Lane", "Ln"), ("Drive", "Dr"))
TITLES = [
    "Controller Buyer CEO",
    "Account Executive",
    "HR Manager",
    "Software Engineer",
    "Office Manager",
    "VP Sales",
]
HOSTS = ["gmail.com", "yahoo.com", "outlook.com", "icloud.com"]
KEPT = {"Email": 0.75, "Phone": 0.7, "MobilePhone": 0.45, "Title": 0.7, "address": 0.5, "Company": 0.9}


def people(records: int, seed: int = 7) -> LabelledSet:
    """Make a set of about so many lead rows, some 1.7 to a person."""
    dice = random.Random(seed)  # noqa: S311  made-up people, no secret
    Faker.seed(seed)
    cities = [(Faker().city(), f"{dice.randrange(1000, 99999):05}") for _ in range(max(20, records // 400))]
    companies = [
        f"{dice.choice(LAST)} {dice.choice(STREETS)} {dice.choice(LAST)}" for _ in range(records // 10 + 1)
    ]
    rows: list[dict[str, str]] = []
    entities: dict[str, str] = {}
    family = None
    entity = 0
    while len(rows) < records:
        entity += 1
        family = person = _person(dice, dice.choice(companies), dice.choice(cities), family)
        for _ in range(dice.choices((1, 2, 3, 4, 5), (58, 24, 10, 5, 3))[0]):
            row = {"Id": f"00Q{len(rows):015}", **_typed(dice, person)}
            entities[row["Id"]] = str(entity)
            rows.append(row)
    return LabelledSet(f"generated_{records}", {"lead": pd.DataFrame(rows)}, {"people": entities})


def _person(
    dice: random.Random, company: str, place: tuple[str, str], last: dict[str, str] | None
) -> dict[str, str]:
    """Make a person; one in twelve lives with the one before and has the same last name and telephone."""
    first, family = dice.choice(FIRST), dice.choice(LAST)
    street, kind = f"{dice.randrange(1, 9999)} {dice.choice(STREETS)}", str(dice.randrange(len(KINDS)))
    city, code = place
    phone = f"{dice.randrange(2_000_000_000, 9_999_999_999)}"
    if last and dice.random() < 1 / 12:
        family, street, kind, city, code, phone = (
            last[each] for each in ("LastName", "Street", "kind", "City", "PostalCode", "Phone")
        )
    user = dice.choice((f"{first}.{family}", f"{first[0]}{family}", f"{first}", f"{family}.{first}")).lower()
    return {
        "FirstName": first, "LastName": family, "Company": company, "Title": dice.choice(TITLES), "Phone": phone,
        "MobilePhone": f"{dice.randrange(2_000_000_000, 9_999_999_999)}", "Street": street, "kind": kind, "City": city,
        "PostalCode": code, "Email": f"{user}@{company.replace(' ', '').lower()}.com",
        "private": f"{user}{dice.randrange(10, 9999)}@{dice.choice(HOSTS)}",
    }  # fmt: skip


def _typed(dice: random.Random, person: dict[str, str]) -> dict[str, str]:
    """Type a person's record once more: with gaps, other formats and slips."""
    kept = {field: dice.random() < share for field, share in KEPT.items()}
    email = person["private"] if dice.random() < 0.12 else person["Email"]
    place = kept["address"]
    street = f"{person['Street']} {dice.choice(KINDS[int(person['kind'])])}"
    return {
        "FirstName": _slipped(dice, person["FirstName"]) if dice.random() > 0.03 else person["FirstName"][0],
        "LastName": _slipped(dice, person["LastName"]),
        "Company": person["Company"] + dice.choice((" Inc.", " Inc", "", " LLC")) if kept["Company"] else "",
        "Title": person["Title"] if kept["Title"] else "",
        "Email": (email.upper() if dice.random() < 0.1 else email) if kept["Email"] else "",
        "Phone": _number(dice, person["Phone"]) if kept["Phone"] else "",
        "MobilePhone": _number(dice, person["MobilePhone"]) if kept["MobilePhone"] else "",
        "Street": street if place else "",
        "City": person["City"] if place else "",
        "PostalCode": person["PostalCode"] if place else "",
    }


def _slipped(dice: random.Random, text: str) -> str:
    if dice.random() > 0.07 or len(text) < 3:
        return text
    at = dice.randrange(1, len(text) - 1)
    return dice.choice(
        (text[:at] + text[at + 1 :], text[:at] + text[at + 1] + text[at] + text[at + 2 :], text.upper())
    )


def _number(dice: random.Random, digits: str) -> str:
    shape = dice.choice(("({}) {}-{}", "{}-{}-{}", "+1 {} {} {}", "1{}{}{}", "{}.{}.{}"))
    return shape.format(digits[:3], digits[3:6], digits[6:])
