"""Names of companies and people, none of them real, and the e-mail addresses that follow from them."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.company.dice import Dice
from sandbox.company.places import Place, local


def _syllables(text: str) -> tuple[str, ...]:
    return tuple(text.split())


BRAND_STARTS = _syllables(
    "Al Ar Bel Bor Bri Cal Cor Cres Dal Del Dor Dru El Fal Fen Fer Gal Gren Hal Hel Il Jor Kel Kes Kor Lan Lor Lum Mal Mar "
    "Mel Mor Nal Nor Ol Or Pal Pen Per Quen Ral Rin Ros Sal Ser Sol Tal Tar Tes Thor Ul Val Vel Ver Vin Wel Wil Xan Yor Zel"
)
BRAND_MIDDLES = _syllables(
    "a ada adi ago ala ami ane ani ara ari ato avi e ede eka ela eli emi ena eri eta evi i ida ido ila imi ina iri ita o oda "
    "olo ona oni ora ori ota ova u una"
)
BRAND_ENDS = _syllables(
    "bex bix bria cent cor cris dane dax deon dine dra fex fin gard gon kan kern lane len lex lia lon lux mar men mond nex nis "
    "nor pax phor quin rex ris ron san tek tor vex zen"
)
BRANDS = len(BRAND_STARTS) * len(BRAND_MIDDLES) * len(BRAND_ENDS)
BRAND_STRIDE = 37_199  # coprime to BRANDS, so neighbours in number are far apart in name
SECOND_BRANDS = (
    "",
    "North",
    "Prime",
    "Summit",
    "Harbor",
    "Delta",
    "Union",
    "Capital",
    "Crown",
    "Pioneer",
    "Atlas",
    "Orion",
)

TRADES = {
    "Systems": "Technology", "Software": "Technology", "Plastics": "Manufacturing", "Instruments": "Electronics",
    "Logistics": "Transportation", "Foods": "Food & Beverage", "Energy": "Energy", "Pharma": "Biotechnology",
    "Consulting": "Consulting", "Textiles": "Apparel", "Machinery": "Machinery", "Insurance": "Insurance",
    "Media": "Media", "Chemicals": "Chemicals", "Construction": "Construction", "Health": "Healthcare",
    "Telecom": "Telecommunications", "Capital": "Finance", "Retail": "Retail", "Shipping": "Shipping",
    "Hotels": "Hospitality", "Engineering": "Engineering", "Farms": "Agriculture", "Education": "Education",
}  # fmt: skip
ABBREVIATIONS = {
    "Systems": "Sys", "Software": "SW", "Instruments": "Instr.", "Logistics": "Log.", "Consulting": "Cons.", "Machinery": "Mach.",
    "Insurance": "Ins.", "Chemicals": "Chem.", "Construction": "Constr.", "Telecom": "Tel", "Engineering": "Eng.",
    "Education": "Edu", "Manufacturing": "Mfg", "Pharma": "Pharm.", "Energy": "Nrg",
}  # fmt: skip

NICKNAMES = {
    "Robert": "Bob", "William": "Bill", "Richard": "Dick", "Michael": "Mike", "James": "Jim", "John": "Jack", "David": "Dave",
    "Thomas": "Tom", "Christopher": "Chris", "Daniel": "Dan", "Matthew": "Matt", "Anthony": "Tony", "Steven": "Steve",
    "Stephen": "Steve", "Andrew": "Andy", "Joseph": "Joe", "Kenneth": "Ken", "Joshua": "Josh", "Timothy": "Tim",
    "Edward": "Ted", "Ronald": "Ron", "Jeffrey": "Jeff", "Nicholas": "Nick", "Jonathan": "Jon", "Benjamin": "Ben",
    "Samuel": "Sam", "Gregory": "Greg", "Patrick": "Pat", "Alexander": "Alex", "Raymond": "Ray", "Jacob": "Jake",
    "Charles": "Charlie", "Zachary": "Zach", "Philip": "Phil", "Elizabeth": "Liz", "Jennifer": "Jen", "Jessica": "Jess",
    "Katherine": "Kate", "Kathleen": "Kathy", "Margaret": "Peggy", "Patricia": "Pat", "Susan": "Sue", "Deborah": "Debbie",
    "Rebecca": "Becky", "Christina": "Tina", "Christine": "Chris", "Samantha": "Sam", "Victoria": "Vicky", "Pamela": "Pam",
    "Amanda": "Mandy", "Kimberly": "Kim", "Cynthia": "Cindy", "Stephanie": "Steph", "Natalie": "Nat", "Jacqueline": "Jackie",
    "Johannes": "Hans", "Friedrich": "Fritz", "Wilhelm": "Willi", "Josef": "Sepp", "Heinrich": "Heinz", "Katharina": "Kathi",
    "Margarete": "Grete", "Elisabeth": "Elsa", "Alexandra": "Alex", "Susanne": "Susi", "Stéphanie": "Steph", "Frédéric": "Fred",
    "Philippe": "Phil", "Francisco": "Paco", "José": "Pepe", "Dolores": "Lola", "Francisca": "Paqui", "Ignacio": "Nacho",
}  # fmt: skip

SALUTATIONS = {
    True: {"Ms.": 75.0, "Mrs.": 17.0, "Dr.": 6.0, "Prof.": 1.0, "Mx.": 1.0},
    False: {"Mr.": 92.0, "Dr.": 6.0, "Prof.": 1.0, "Mx.": 1.0},
}
LETTERS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "o", "æ": "ae", "ł": "l", "đ": "d"})
FREE_MAIL = {
    "en_GB": ("gmail.com", "yahoo.co.uk", "outlook.com"), "de_DE": ("gmx.de", "web.de", "gmail.com"),
    "fr_FR": ("orange.fr", "gmail.com", "laposte.net"),
}  # fmt: skip
FREE_MAIL_ELSEWHERE = ("gmail.com", "outlook.com", "yahoo.com", "hotmail.com")


@dataclass(frozen=True, slots=True)
class Company:
    """A company as it would write itself, and how it makes its people's e-mail addresses."""

    place: Place
    brand: str
    trade: str
    legal_form: str
    domain: str
    pattern: str

    @property
    def name(self) -> str:
        return f"{self.brand} {self.trade} {self.legal_form}"


@dataclass(frozen=True, slots=True)
class Person:
    """A person's names, as written and in the letters of an e-mail address."""

    salutation: str
    first: str
    last: str
    mail_first: str
    mail_last: str


PATTERNS: dict[str, Callable[[str, str], str]] = {
    "first.last": lambda first, last: f"{first}.{last}",
    "flast": lambda first, last: first[:1] + last,
    "f.last": lambda first, last: f"{first[:1]}.{last}",
    "first": lambda first, _: first,
    "firstlast": lambda first, last: first + last,
    "last.first": lambda first, last: f"{last}.{first}",
}
PATTERN_WEIGHTS = {
    "first.last": 45.0,
    "flast": 20.0,
    "f.last": 10.0,
    "first": 8.0,
    "firstlast": 10.0,
    "last.first": 7.0,
}


def plain(text: str) -> str:
    """Reduce a name to the letters and digits that an e-mail address takes."""
    folded = unicodedata.normalize("NFKD", text.lower().translate(LETTERS))
    return re.sub(r"[^a-z0-9]", "", folded)


def brand(number: int) -> str:
    """Return the brand with that number; the first million numbers have different brands."""
    again, within = divmod(number, BRANDS)
    rest, end = divmod(within * BRAND_STRIDE % BRANDS, len(BRAND_ENDS))
    start, middle = divmod(rest, len(BRAND_MIDDLES))
    word = BRAND_STARTS[start] + BRAND_MIDDLES[middle] + BRAND_ENDS[end]
    repeat, second = divmod(again, len(SECOND_BRANDS))
    return " ".join(filter(None, [word, SECOND_BRANDS[second], str(repeat + 1) if repeat else ""]))


def company(number: int, place: Place, dice: Dice) -> Company:
    word, trade = brand(number), dice.pick(tuple(TRADES))
    name = plain(word + trade) if dice.chance(0.5) else plain(word)
    domain = name + dice.pick(place.endings)
    return Company(place, word, trade, dice.pick(place.legal_forms), domain, dice.weighted(PATTERN_WEIGHTS))


def person(place: Place, dice: Dice) -> Person:
    fake, female = local(place, dice), dice.chance(0.48)
    salutation = dice.weighted(SALUTATIONS[female])
    if place.locale == "ja_JP":
        first, _, roman_first = fake.first_name_female_pair() if female else fake.first_name_male_pair()
        last, _, roman_last = fake.last_name_pair()
        return Person(salutation, first, last, plain(roman_first), plain(roman_last))
    first, last = fake.first_name_female() if female else fake.first_name_male(), fake.last_name()
    return Person(salutation, first, last, plain(first), plain(last))


def work_email(who: Person, at: Company, taken: set[str]) -> str:
    """Return the next free address by the company's pattern, and take it."""
    wanted = PATTERNS[at.pattern](who.mail_first, who.mail_last)
    name, number = wanted, 1
    while name in taken:
        number += 1
        name = f"{wanted}{number}"
    taken.add(name)
    return f"{name}@{at.domain}"


def private_email(who: Person, place: Place, dice: Dice) -> str:
    """Return an address at a free mailer; six digits make it unlikely that anybody owns it."""
    mailer = dice.pick(FREE_MAIL.get(place.locale, FREE_MAIL_ELSEWHERE))
    return f"{who.mail_first}.{who.mail_last}{dice.randrange(100_000, 1_000_000)}@{mailer}"
