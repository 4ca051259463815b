"""Single fields that are wrong, odd or hard to read. A field of a record gets at most one defect."""

import itertools
from collections.abc import Callable
from datetime import date

from sandbox.company.accounts import money
from sandbox.company.block import Block, Row
from sandbox.company.dice import Dice
from sandbox.company.phrases import EMOJI, FILLER
from sandbox.company.places import COUNTRY_SPELLINGS

Change = Callable[[str, Dice], str]
LONGEST = 32_000

BAD_EMAILS: dict[str, Change] = {
    "email_without_at": lambda email, dice: email.replace("@", dice.pick(("", ".", " at "))),
    "email_space": lambda email, dice: dice.pick((email.replace("@", " @"), email.replace(".", ". ", 1))),
    "email_double_dot": lambda email, _: email[: email.rindex(".")] + "." + email[email.rindex(".") :],
    "email_trailing_dot": lambda email, _: email + ".",
    "email_placeholder": lambda _, dice: dice.pick(("n/a", "none", "noemail", "-")),
    "email_unknown_tld": lambda email, dice: (
        email[: email.rindex(".")] + dice.pick((".con", ".cmo", ".invalid"))
    ),
}
WEBSITES: dict[str, Change] = {
    "website_http": lambda site, _: site.replace("https://", "http://"),
    "website_slash": lambda site, dice: site + dice.pick(("/", "/en/", "/?utm_source=crm")),
    "website_uppercase": lambda site, _: site.upper(),
    "website_bare": lambda site, dice: site.removeprefix("https://www." if dice.chance(0.5) else "https://"),
}
TEXTS: dict[str, Change] = {
    "text_long": lambda text, dice: (text + " " + FILLER * 400)[
        : dice.pick((LONGEST, LONGEST - 1, 20_000, 5_000))
    ],
    "text_line_breaks": lambda text, dice: dice.pick(("\n", "\r\n", "\n\n")).join(
        [*text.split(", "), "", "-- "]
    ),
    "text_emoji": lambda text, dice: f"{text} {dice.pick(EMOJI)}",
    "text_quotes": lambda text, _: f'"{text}", she said, ""as always""; \'quoted\'',
    "text_leading_blank": lambda text, dice: dice.pick((" ", "  ", "\t", "\u00a0")) + text,
    "text_null_word": lambda _, dice: dice.pick(("NA", "None", "null", "N/A", "NULL", "nan")),
}
LONG = (
    ("Account", "Description"),
    ("Contact", "Description"),
    ("Lead", "Description"),
    ("Case", "Description"),
    ("Task", "Description"),
)
TEXT_FIELDS = {
    "text_long": LONG,
    "text_line_breaks": (*LONG, ("Account", "BillingStreet"), ("Contact", "MailingStreet")),
    "text_emoji": (*LONG, ("Case", "Subject"), ("Opportunity", "Name"), ("Contact", "Title")),
    "text_quotes": (*LONG, ("CaseComment", "CommentBody"), ("Case", "Subject"), ("Lead", "Title")),
    "text_leading_blank": (
        ("Account", "Name"),
        ("Contact", "FirstName"),
        ("Lead", "Company"),
        ("Case", "Subject"),
        ("Task", "Subject"),
    ),
    "text_null_word": (
        ("Contact", "Title"),
        ("Contact", "Department"),
        ("Lead", "Title"),
        ("Lead", "Company"),
        ("Account", "Description"),
    ),
}
STRANGE_VALUES = {
    ("Account", "Industry"): ("technolgy", "Tech", "Maschinenbau", "Healthcare & Life Sciences"),
    ("Account", "Type"): ("Customer", "Ex-Customer"),
    ("Contact", "Salutation"): ("Herr", "Frau", "Mme"),
    ("Contact", "LeadSource"): ("web", "LinkedIn", "Trade Show"),
    ("Contact", "Preferred_Language__c"): ("Deutsch", "EN"),
    ("Contact", "Newsletter_Topics__c"): ("Product news;Giveaways", "product news"),
    ("Lead", "Status"): ("Nurture", "Recycled"),
    ("Lead", "Industry"): ("technolgy", "IT"),
    ("Opportunity", "StageName"): ("Verbal Commit", "Pilot"),
    ("Opportunity", "Loss_Reason__c"): ("Too expensive",),
    ("Case", "Status"): ("On Hold", "Waiting for Customer"),
    ("Case", "Origin"): ("Chat",),
    ("Case", "Priority"): ("Urgent",),
    ("OpportunityContactRole", "Role"): ("Champion",),
    ("Subscription__c", "Plan__c"): ("Legacy",),
}
STATUSES = ("Status", "StageName")  # a strange one says nothing of the end, so only unfinished records get it
COUNTRIES = (("Account", "BillingCountry"), ("Contact", "MailingCountry"), ("Lead", "Country"))
PHONES = (("Account", "Phone"), ("Contact", "Phone"), ("Lead", "Phone"), ("Contact", "MobilePhone"))
EXTENSIONS = (" ext. ", " x", " Ext ", "#", " Durchwahl ")
NO_NUMBERS = ("n/a", "see mobile", "0000000000", "tbd", "1-800-GET-FLOW")
AMOUNTS = {"amount_negative": -500_000, "amount_zero": 0, "amount_huge": 99_999_999_999_900}
DATES = {
    "date_1900": (
        date(1900, 1, 1),
        (("Contact", "Birthdate"), ("Opportunity", "CloseDate"), ("Account", "Contract_End__c")),
    ),
    "date_far": (date(2999, 12, 31), (("Account", "Contract_End__c"), ("Subscription__c", "End_Date__c"))),
}


def add_defects(block: Block) -> None:
    """Plant every defect of single fields at the block's rates."""
    for name in ("Contact", "Lead"):
        _plant_each(block, (name, "Email"), BAD_EMAILS, block.dirt.bad_email)
        _spoil_last_names(block, name)
        _opt_out(block, name)
    for name in ("Account", "Lead"):
        _plant_each(block, (name, "Website"), WEBSITES, block.dirt.website)
    for kind, change in TEXTS.items():
        for place in TEXT_FIELDS[kind]:
            _plant(block, place, kind, change, block.dirt.text / len(TEXTS))
    for place in COUNTRIES:
        _plant(block, place, "country_spelling", _respell, block.dirt.country_spelling)
    for place in PHONES:
        _plant(block, place, "phone_not_a_number", _no_number, block.dirt.phone_not_a_number)
        _plant(block, place, "phone_extension", _extension, block.dirt.phone_extension)
    _share_emails(block)
    _use_strange_values(block)
    _spoil_amounts(block)
    _spoil_dates(block)


def _sound(block: Block, name: str, field: str) -> list[Row]:
    """Return the records in which the field is filled and has no defect yet."""
    return [row for row in block.rows[name] if row.get(field) is not None and not block.is_noted(row, field)]


def _plant(block: Block, place: tuple[str, str], kind: str, change: Change, rate: float) -> None:
    """Change that share of an object's sound values of a field."""
    name, field = place
    for row in block.dice.share(_sound(block, name, field), rate):
        row[field] = change(row[field], block.dice)
        block.note(name, row, field, kind)


def _plant_each(block: Block, place: tuple[str, str], changes: dict[str, Change], rate: float) -> None:
    """Divide the share evenly among several kinds."""
    for kind, change in changes.items():
        _plant(block, place, kind, change, rate / len(changes))


def _respell(country: str, dice: Dice) -> str:
    return dice.pick(COUNTRY_SPELLINGS[country])


def _no_number(_: str, dice: Dice) -> str:
    return dice.pick(NO_NUMBERS)


def _extension(number: str, dice: Dice) -> str:
    return f"{number}{dice.pick(EXTENSIONS)}{dice.randrange(10, 10_000)}"


def _spoil_last_names(block: Block, name: str) -> None:
    rows = _sound(block, name, "LastName")
    for row in block.dice.share(rows, block.dirt.last_name_placeholder):
        row["LastName"] = block.dice.pick(("[not provided]", "-"))
        block.note(name, row, "LastName", "last_name_placeholder")
    for row in block.dice.share(_sound(block, name, "LastName"), block.dirt.last_name_blank):
        row["LastName"] = None
        block.note(name, row, "LastName", "last_name_blank")


def _opt_out(block: Block, name: str) -> None:
    for row in block.dice.share(block.rows[name], block.dirt.opted_out):
        row["HasOptedOutOfEmail"] = True
        block.note(name, row, "HasOptedOutOfEmail", "opted_out")


def _share_emails(block: Block) -> None:
    """Let two colleagues have the same mailbox, the one that everybody at the company reads."""
    rows = [row for row in _sound(block, "Contact", "Email") if row["_company"] and row["AccountId"]]
    for row in block.dice.share(rows, block.dirt.shared_email):
        others = [
            other
            for other in rows
            if other["AccountId"] == row["AccountId"] and block.people[other["Id"]] != block.people[row["Id"]]
        ]
        if others:
            for person in (row, block.dice.pick(others)):
                _share_email(block, person)


def _share_email(block: Block, row: Row) -> None:
    row["Email"] = f"info@{row['_company'].domain}"
    if not block.is_noted(row, "Email"):
        block.note("Contact", row, "Email", "shared_email")


def _use_strange_values(block: Block) -> None:
    for (name, field), values in STRANGE_VALUES.items():
        rows = _sound(block, name, field)
        if field in STATUSES:
            rows = [row for row in rows if not (row.get("IsClosed") or row.get("IsConverted"))]
        for row, value in zip(
            block.dice.share(rows, block.dirt.picklist_unmapped), itertools.cycle(values), strict=False
        ):
            row[field] = value
            block.note(name, row, field, "picklist_unmapped")


def _spoil_amounts(block: Block) -> None:
    """Spoil amounts that no line items explain, so that only the amount is odd."""
    explained = {item["OpportunityId"] for item in block.rows["OpportunityLineItem"]}
    for kind, cents in AMOUNTS.items():
        deals = [row for row in _sound(block, "Opportunity", "Amount") if row["Id"] not in explained]
        for row in block.dice.share(deals, block.dirt.amount):
            row["_cents"], row["Amount"] = cents, money(cents)
            row["ExpectedRevenue"] = money(cents * row["Probability"] // 100)
            block.note("Opportunity", row, "Amount", kind)
        for row in block.dice.share(_sound(block, "Account", "AnnualRevenue"), block.dirt.amount):
            row["AnnualRevenue"] = cents // 100
            block.note("Account", row, "AnnualRevenue", kind)


def _spoil_dates(block: Block) -> None:
    for kind, (day, fields) in DATES.items():
        for name, field in fields:
            for row in block.dice.share(_sound(block, name, field), block.dirt.date):
                row[field] = day
                block.note(name, row, field, kind)
