"""Where the demo company's customers are: languages, addresses, telephone numbers, legal forms."""

import functools
from dataclasses import dataclass
from typing import Any

from faker.factory import Factory
from faker.generator import Generator

from sandbox.company.dice import Dice

PROVIDERS = ["faker.providers.person", "faker.providers.address"]


@dataclass(frozen=True, slots=True)
class Place:
    """A country; telephone ranges are written without the trunk prefix, `#` is a free digit."""

    locale: str
    weight: float
    country: str
    spellings: tuple[str, ...]
    language: str
    endings: tuple[str, ...]
    legal_forms: tuple[str, ...]
    other_legal_forms: tuple[str, ...]
    calling_code: str
    trunk: str
    landlines: tuple[str, ...]
    mobiles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Phone:
    """A telephone number before anybody has written it down."""

    place: Place
    area: str
    local: str


@dataclass(frozen=True, slots=True)
class Address:
    """A postal address, with the parts that Salesforce's compound address fields have."""

    street: str
    city: str
    state: str | None
    postal_code: str
    country: str


# Ranges that regulators keep for fiction or have not given out, as far as there are such, and wide enough
# that strangers rarely share a number. The space divides area code and local number.
PLACES = (
    Place(
        "en_US", 46, "United States", ("USA", "U.S.", "US", "United States of America", "usa"), "English",
        (".com", ".com", ".io"), ("Inc.", "LLC", "Corp.", "Co."), ("Incorporated", "Corporation", "L.L.C.", ""),
        "1", "", tuple(f"{area} 55#####" for area in (205, 212, 303, 312, 404, 415, 503, 512, 617, 702, 801, 916)), ("332 55#####",),
    ),
    Place(
        "en_GB", 15, "United Kingdom", ("UK", "U.K.", "Great Britain", "England", "GB"), "English",
        (".co.uk", ".com"), ("Ltd", "PLC", "LLP"), ("Limited", "Ltd.", "(UK) Limited", ""),
        "44", "0", ("1632 ######",), ("7700 9#####",),
    ),
    Place(
        "de_DE", 14, "Germany", ("Deutschland", "DE", "GER", "BRD"), "German",
        (".de", ".com"), ("GmbH", "AG", "GmbH & Co. KG"), ("Gesellschaft mbH", "G.m.b.H.", "mbH", ""),
        "49", "0", ("30 231#####", "69 900#####", "40 669#####", "221 471#####"), ("172 55#####", "176 60######"),
    ),
    Place(
        "fr_FR", 10, "France", ("FRANCE", "FR", "République française"), "French",
        (".fr", ".com"), ("SARL", "SAS", "SA"), ("S.A.R.L.", "S.A.S.", "S.A.", ""),
        "33", "0", ("1 990#####", "2 619#####", "3 530#####", "4 657#####", "5 364#####"), ("6 399#####",),
    ),
    Place(
        "es_ES", 6, "Spain", ("España", "ES", "Espana"), "Spanish",
        (".com", ".es"), ("S.L.", "S.A."), ("SL", "SA", "Sociedad Limitada", ""),
        "34", "", ("910 ######", "930 ######", "960 ######"), ("699 ######", "611 ######"),
    ),
    Place(
        "it_IT", 4, "Italy", ("Italia", "IT"), "English",
        (".it", ".com"), ("S.r.l.", "S.p.A."), ("Srl", "SpA", "SRL", ""),
        "39", "", ("06 900#####", "02 900#####"), ("399 00#####",),
    ),
    Place(
        "nl_NL", 3, "Netherlands", ("The Netherlands", "Nederland", "NL", "Holland"), "English",
        (".nl", ".com"), ("B.V.", "N.V."), ("BV", "NV", "Besloten Vennootschap", ""),
        "31", "0", ("20 90#####", "10 90#####"), ("6 123#####",),
    ),
    Place(
        "ja_JP", 2, "Japan", ("日本", "JP", "JAPAN"), "Japanese",
        (".jp", ".com"), ("K.K.", "Co., Ltd."), ("KK", "株式会社", "Co. Ltd", ""),
        "81", "0", ("3 900#####", "6 900#####"), ("90 900#####",),
    ),
)  # fmt: skip
WEIGHTS = {place: place.weight for place in PLACES}
COUNTRY_SPELLINGS = {place.country: place.spellings for place in PLACES}

NORTH_AMERICAN = (
    "+1 ({a}) {b}-{c}",
    "({a}) {b}-{c}",
    "{a}-{b}-{c}",
    "{a}.{b}.{c}",
    "{a}{b}{c}",
    "+1{a}{b}{c}",
    "1-{a}-{b}-{c}",
)
INTERNATIONAL = (
    "+{code} {area} {local}", "{trunk}{area} {local}", "+{code}{area}{local}", "00{code} {area} {local}",
    "{trunk}{area}/{local}", "{trunk}{area}-{local}", "+{code} ({trunk}{area}) {local}",
)  # fmt: skip


@functools.cache
def faker(locale: str) -> Generator:
    return Factory.create(locale, providers=PROVIDERS)


def local(place: Place, dice: Dice) -> Any:
    """Return Faker's generator for the place, throwing these dice; its methods depend on the place."""
    generator = faker(place.locale)
    generator.random = dice
    return generator


def address(place: Place, dice: Dice) -> Address:
    fake = local(place, dice)
    state = fake.state_abbr() if place.locale == "en_US" else fake.administrative_unit()
    street = fake.street_address().strip()
    return Address(
        street, fake.city()[:40], state if dice.chance(0.8) else None, fake.postcode(), place.country
    )


def phone(place: Place, dice: Dice, *, mobile: bool = False) -> Phone:
    area, local_range = dice.pick(place.mobiles if mobile else place.landlines).split()
    free = local_range.count("#")
    return Phone(place, area, local_range.rstrip("#") + f"{dice.randrange(10**free):0{free}}")


def written(number: Phone, dice: Dice) -> str:
    """Write the number in one of the ways people do."""
    place, local_number = number.place, number.local
    if place.calling_code == "1":
        return dice.pick(NORTH_AMERICAN).format(a=number.area, b=local_number[:3], c=local_number[3:])
    return dice.pick(INTERNATIONAL).format(
        code=place.calling_code, trunk=place.trunk, area=number.area, local=local_number
    )
