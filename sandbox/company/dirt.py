"""How dirty the demo company's data is, and the name of every kind of dirt."""

from dataclasses import dataclass, fields

DUPLICATES = ("duplicate_account", "duplicate_contact", "duplicate_lead", "duplicate_across")
PERSON_VARIATIONS = (
    "email_case", "email_changed", "email_personal", "email_missing", "name_typo", "nickname", "name_swapped",
    "phone_format", "phone_missing",
)  # fmt: skip
ACCOUNT_VARIATIONS = (
    "legal_form",
    "abbreviation",
    "company_typo",
    "company_case",
    "website_www",
    "website_missing",
    "phone_format",
)
BAD_EMAILS = (
    "email_without_at",
    "email_space",
    "email_double_dot",
    "email_trailing_dot",
    "email_placeholder",
    "email_unknown_tld",
)
PHONES = ("phone_extension", "phone_not_a_number")
WEBSITES = ("website_http", "website_slash", "website_uppercase", "website_bare")
TEXTS = ("text_long", "text_line_breaks", "text_emoji", "text_quotes", "text_leading_blank", "text_null_word")
AMOUNTS = ("amount_negative", "amount_zero", "amount_huge")
DATES = ("date_1900", "date_far")
LAST_NAMES = ("last_name_placeholder", "last_name_blank")
ORPHANS = ("orphan_missing", "orphan_deleted")
REMOVALS = ("deleted", "merged")
SINGLE = ("shared_domain", "shared_email", "picklist_unmapped", "country_spelling", "opted_out")

KINDS = frozenset(
    DUPLICATES + PERSON_VARIATIONS + ACCOUNT_VARIATIONS + BAD_EMAILS + PHONES + WEBSITES + TEXTS + AMOUNTS + DATES + LAST_NAMES
    + ORPHANS + REMOVALS + SINGLE
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Dirt:
    """Shares of the records that get each dirt; a share above zero soils at least one record."""

    duplicate_accounts: float = 0.05
    duplicate_contacts: float = 0.06
    duplicate_leads: float = 0.05
    leads_of_contacts: float = 0.10
    shared_domain: float = 0.5  # of subsidiaries, with their parent
    shared_email: float = 0.004  # of contacts, with a colleague, as info@
    bad_email: float = 0.01
    last_name_placeholder: float = 0.003
    last_name_blank: float = 0.003
    picklist_unmapped: float = 0.01  # for each picklist that gets strange values
    country_spelling: float = 0.12
    phone_extension: float = 0.04
    phone_not_a_number: float = 0.004
    website: float = 0.2
    text: float = 0.02
    opted_out: float = 0.06
    amount: float = 0.01
    date: float = 0.006
    orphan: float = 0.004
    deleted: float = 0.012
    merged: float = 0.01


CLEAN = Dirt(**{field.name: 0.0 for field in fields(Dirt)})


@dataclass(frozen=True, slots=True)
class Defect:
    """One planted defect; `field` is empty when the whole record is the defect."""

    object: str
    record_id: str
    field: str
    kind: str
