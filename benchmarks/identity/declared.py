"""The comparisons and keys of the models, read from the macros that declare them, in the form that Splink takes."""

import re
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

import jinja2

MACROS = Path(__file__).resolve().parents[2] / "dbt_project/macros/identity"
# what a field's frequency is counted over; other rarities have no counterpart in Splink
FREQUENCY = {
    "mailbox": "mailbox_key", "given": "given_key", "family": "family_key", "company": "company_key",
    "postal": "postal_key", "city": "city_key", "birth": "birth_key", "title": "title_key", "name": "sorted_key",
    "domain": "domain_key", "industry": "industry",
}  # fmt: skip
# keys that a model adds to the declared ones
FURTHER = {"people": [], "companies": ["rarest words"]}
TRAINING = {
    "people": ("mailbox", "telephone", "name", "date of birth and name", "street and postal code"),
    "companies": ("domain", "telephone", "words of the name", "street"),
}


def settings(entity: str, columns: Sequence[str], records: int) -> dict[str, Any]:
    """Give comparisons, keys to predict by and keys to learn by.

    `columns` are those of the records, with the keys of `key_columns` among them.
    """
    blocks = dict(_called(entity, "blocks"))
    return {
        "records": records,
        "comparisons": [_comparison(each) for each in _called(entity, "comparisons")],
        "blocks": [
            f"l.{one} = r.{other}"
            for block in blocks_of(entity)
            for one, other in product(key_columns(block), repeat=2)
        ],
        "training": [_rule(blocks[name][0], columns) for name in TRAINING[entity]],
    }


def blocks_of(entity: str) -> list[str]:
    """Give the names of the keys that records are looked up by."""
    return [name for name, _ in _called(entity, "blocks")] + FURTHER[entity]


def key_columns(block: str) -> tuple[str, str]:
    """Give the names of the columns that hold the keys of a block, of which a record has two at most."""
    name = re.sub(r"\W+", "_", block)
    return f"key_{name}", f"key_{name}_too"


def _called(entity: str, what: str) -> Any:
    returned: list[Any] = []
    environment = jinja2.Environment()  # noqa: S701  renders a macro, not a page
    source = (MACROS / f"{entity}.sql").read_text(encoding="utf-8") + f"{{{{ {entity}_{what}() }}}}"
    environment.from_string(source).render({"return": returned.append, "rarer": lambda field: field})
    return returned[0]


def _comparison(given: dict[str, Any]) -> dict[str, Any]:
    levels = [
        {
            "condition": _sides(condition) if condition else None,
            "frequency": FREQUENCY.get(rarity or "") if place == 0 else None,
        }
        for place, (_, condition, rarity) in enumerate(given["levels"])
    ]
    return {"name": given["name"], "known": _sides(given["known"]), "levels": levels}


def _sides(sql: str) -> str:
    sql = sql.replace("pairs.shared_words", "len(list_intersect(one.words, other.words))")
    sql = re.sub(r"\bone\.(\w+)", r'"\1_l"', re.sub(r"\bother\.(\w+)", r'"\1_r"', sql))
    return re.sub(r"(editdistance\([^()]*), \d\)", r"\1, 0)", sql)


def _rule(key: str, columns: Sequence[str]) -> str:
    one, other = (re.sub(r"\b(" + "|".join(columns) + r")\b", rf"{side}.\1", key) for side in "lr")
    return f"{one} = {other}"
