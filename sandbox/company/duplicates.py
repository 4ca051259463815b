"""The same person or company a second time, told differently.

A variation changes one group of facts (name, e-mail, telephone), so that some other fact still shows that two
records belong together; what nobody could tell from the data would be no fair duplicate.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace

from sandbox.company.accounts import postal
from sandbox.company.block import Block, Row
from sandbox.company.dice import Dice
from sandbox.company.names import ABBREVIATIONS, NICKNAMES, Company, private_email, work_email
from sandbox.company.people import add_lead, identity_of
from sandbox.company.places import written

SHORT = 3
Variation = Callable[[Row, Dice], str | None]


def typo(text: str, dice: Dice) -> str:
    """Swap, drop or double one letter behind the first."""
    if len(text) < SHORT:
        return text + text[-1]
    at = dice.randrange(1, len(text) - 1)
    swapped = text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    dropped, doubled = text[:at] + text[at + 1 :], text[:at] + text[at] + text[at:]
    return dice.pick([variant for variant in (swapped, dropped, doubled) if variant != text])


def _email_case(row: Row, dice: Dice) -> str | None:
    if not row["Email"]:
        return None
    row["Email"] = row["Email"].upper() if dice.chance(0.4) else row["Email"].title()
    return "Email"


def _email_changed(row: Row, dice: Dice) -> str | None:
    """Give a second address at the same company, as after a marriage or a change of its pattern."""
    if not row["_company"] or not row["Email"]:
        return None
    other = replace(
        row["_company"],
        pattern=dice.pick([p for p in ("flast", "first.last", "last.first") if p != row["_company"].pattern]),
    )
    row["Email"] = work_email(row["_person"], other, row["_taken"])
    return "Email"


def _is_known_otherwise(row: Row) -> bool:
    """Tell whether a company or a telephone still identifies the person when the e-mail address does not."""
    return bool(row["_company"] or row["Phone"] or row["MobilePhone"])


def _email_personal(row: Row, dice: Dice) -> str | None:
    if not _is_known_otherwise(row):
        return None
    row["Email"] = private_email(row["_person"], row["_place"], dice)
    return "Email"


def _email_missing(row: Row, dice: Dice) -> str | None:  # noqa: ARG001 - one signature for all variations
    if not row["Email"] or not _is_known_otherwise(row):
        return None
    row["Email"] = None
    return "Email"


def _name_typo(row: Row, dice: Dice) -> str | None:
    field = dice.pick(("FirstName", "LastName"))
    row[field] = typo(row[field], dice)
    return field


def _nickname(row: Row, dice: Dice) -> str | None:  # noqa: ARG001
    if row["FirstName"] not in NICKNAMES:
        return None
    row["FirstName"] = NICKNAMES[row["FirstName"]]
    return "FirstName"


def _name_swapped(row: Row, dice: Dice) -> str | None:  # noqa: ARG001
    row["FirstName"], row["LastName"] = row["LastName"], row["FirstName"]
    return "LastName"


def _phone_format(row: Row, dice: Dice) -> str | None:
    field = "Phone" if row["Phone"] else "MobilePhone"
    if not row.get(field):
        return None
    number, before = row["_phone" if field == "Phone" else "_mobile"], row[field]
    while row[field] == before:
        row[field] = written(number, dice)
    return field


def _phone_missing(row: Row, dice: Dice) -> str | None:  # noqa: ARG001
    if not row["Phone"] or not (row["Email"] or row["_company"]):
        return None
    row["Phone"] = None
    return "Phone"


NAME_VARIATIONS: dict[str, Variation] = {
    "name_typo": _name_typo,
    "nickname": _nickname,
    "name_swapped": _name_swapped,
}
EMAIL_VARIATIONS: dict[str, Variation] = {
    "email_case": _email_case, "email_changed": _email_changed, "email_personal": _email_personal, "email_missing": _email_missing,
}  # fmt: skip
PHONE_VARIATIONS: dict[str, Variation] = {"phone_format": _phone_format, "phone_missing": _phone_missing}
# How often a duplicate person differs in that group: more than two groups at once never happens.
GROUPS = (
    ((EMAIL_VARIATIONS,), 3.0), ((NAME_VARIATIONS,), 2.0), ((PHONE_VARIATIONS,), 1.0),
    ((EMAIL_VARIATIONS, PHONE_VARIATIONS), 2.0), ((NAME_VARIATIONS, PHONE_VARIATIONS), 2.0),
)  # fmt: skip
GROUP_WEIGHTS = [weight for _, weight in GROUPS]


def add_duplicate_people(block: Block) -> None:
    """Add second records of people: contact again, lead again, and contact who is a lead too."""
    contacts, leads, dirt = block.count("Contact"), block.count("Lead"), block.dirt
    for row in _originals(block, "Contact", dirt.duplicate_contacts, contacts):
        _vary_person(block, "Contact", second_contact(block, row), "duplicate_contact")
    for row in _originals(block, "Lead", dirt.leads_of_contacts, leads, source="Contact"):
        _vary_person(block, "Lead", second_lead(block, row), "duplicate_across")
    for row in _originals(block, "Lead", dirt.duplicate_leads, leads):
        _vary_person(block, "Lead", second_lead(block, row), "duplicate_lead")


def _originals(block: Block, name: str, rate: float, total: int, source: str = "") -> list[Row]:
    """Draw with replacement, so that some have three records or more."""
    rows = block.rows[source or name]
    return block.dice.choices(rows, k=max(1, round(total * rate))) if rate and rows else []


def second_contact(block: Block, row: Row) -> Row:
    """Add another record of the contact, at the same account or a duplicate of it."""
    second = block.copy("Contact", row)
    block.people[second["Id"]] = block.people[row["Id"]]
    if row["AccountId"]:
        second["AccountId"] = block.dice.pick(_same_company(block)[block.companies[row["AccountId"]]])
    return second


def second_lead(block: Block, row: Row) -> Row:
    """Add a lead of the same person as a contact or lead."""
    second = add_lead(block, identity_of(row), block.dice.moment(row["CreatedDate"]))
    block.people[second["Id"]] = block.people[row["Id"]]
    return second


def _same_company(block: Block) -> dict[int, list[str]]:
    records = defaultdict(list)
    for record, company in block.companies.items():
        records[company].append(record)
    return records


def _vary_person(block: Block, name: str, row: Row, kind: str) -> None:
    block.note(name, row, "", kind)
    groups, _ = block.dice.choices(GROUPS, GROUP_WEIGHTS)[0]
    for group in groups:
        _vary(block, name, row, group)


def _vary(block: Block, name: str, row: Row, variations: dict[str, Variation]) -> None:
    """Apply the first variation, in random order, that fits the record."""
    for kind in block.dice.sample(tuple(variations), len(variations)):
        field = variations[kind](row, block.dice)
        if field:
            block.note(name, row, field, kind)
            return


def _legal_form(row: Row, dice: Dice) -> str | None:
    firm: Company = row["_company"]
    row["Name"] = f"{firm.brand} {firm.trade} {dice.pick(firm.place.other_legal_forms)}".strip()
    return "Name"


def _abbreviation(row: Row, dice: Dice) -> str | None:  # noqa: ARG001
    firm: Company = row["_company"]
    if firm.trade not in ABBREVIATIONS:
        return None
    row["Name"] = f"{firm.brand} {ABBREVIATIONS[firm.trade]} {firm.legal_form}"
    return "Name"


def _company_typo(row: Row, dice: Dice) -> str | None:
    firm: Company = row["_company"]
    row["Name"] = replace(firm, brand=typo(firm.brand, dice)).name
    return "Name"


def _company_case(row: Row, dice: Dice) -> str | None:
    row["Name"] = row["Name"].upper() if dice.chance(0.5) else row["Name"].lower()
    return "Name"


def _website_www(row: Row, dice: Dice) -> str | None:
    row["Website"] = dice.pick(("", "http://")) + row["_company"].domain
    return "Website"


def _website_missing(row: Row, dice: Dice) -> str | None:  # noqa: ARG001
    if not row["Website"]:
        return None
    row["Website"] = None
    return "Website"


COMPANY_NAME_VARIATIONS: dict[str, Variation] = {
    "legal_form": _legal_form, "abbreviation": _abbreviation, "company_typo": _company_typo, "company_case": _company_case,
}  # fmt: skip
WEBSITE_VARIATIONS: dict[str, Variation] = {"website_www": _website_www, "website_missing": _website_missing}


def add_duplicate_accounts(block: Block) -> None:
    for row in _originals(block, "Account", block.dirt.duplicate_accounts, block.count("Account")):
        second = second_account(block, row)
        block.note("Account", second, "", "duplicate_account")
        _vary(block, "Account", second, COMPANY_NAME_VARIATIONS)
        if block.dice.chance(0.6):
            _vary(block, "Account", second, WEBSITE_VARIATIONS)
        if block.dice.chance(0.5):
            _vary(block, "Account", second, {"phone_format": _phone_format})


def second_account(block: Block, row: Row) -> Row:
    """Add another record of the company, outside its hierarchy, at the same address or none."""
    second = block.copy("Account", row)
    block.companies[second["Id"]] = block.companies[row["Id"]]
    second.update(OwnerId=block.owner(), ParentId=None, AccountNumber=None, _weight=row["_weight"] / 2)
    if block.dice.chance(0.4):
        second.update(dict.fromkeys(postal("Billing", second["_address"])))
    return second
