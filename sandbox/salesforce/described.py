"""Orgs made of recorded describes: one JSON file for each object, as `GET /sobjects/{object}/describe` answered."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sandbox.salesforce.org import Field, Org, Sobject

# What of a describe is about its fields and relationships; the rest is what `GET /sobjects` lists of an object.
DETAILS = frozenset(
    {
        "fields",
        "childRelationships",
        "recordTypeInfos",
        "actionOverrides",
        "supportedScopes",
        "namedLayoutInfos",
    }
)
RULES = ("createable", "updateable", "relationshipName")
# Digits that tell the objects apart which have no prefix in their describe.
FIRST_MADE_UP_PREFIX = 100


class DescribeError(ValueError):
    """What is wrong with a folder of describes."""


def described_org(folder: Path, base: Org) -> Org:
    """Read every describe of a folder; other JSON files (a global describe) are passed over.

    Users and what `base` says about objects stay: the stand-in itself needs them.

    Raises:
        DescribeError: No describe is there, or one cannot be read.

    """
    sobjects: dict[str, Sobject] = {}
    for number, file in enumerate(sorted(folder.glob("*.json"))):
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
            if isinstance(content, dict) and {"name", "fields"} <= content.keys():
                sobjects[content["name"]] = _sobject(content, base, str(FIRST_MADE_UP_PREFIX + number))
        except (ValueError, KeyError, TypeError) as error:
            raise DescribeError(f"{file.name} is no describe: {type(error).__name__} {error}") from error
    if not sobjects:
        raise DescribeError(f"{folder} holds no describe: a JSON object with name and fields for each object")
    return Org({"User": base.sobjects["User"]} | sobjects, base.catalogue)


def _sobject(content: dict[str, Any], base: Org, prefix: str) -> Sobject:
    known = base.sobjects.get(content["name"])
    return Sobject(
        name=content["name"],
        prefix=content.get("keyPrefix") or prefix,
        label=content.get("label") or content["name"],
        plural=content.get("labelPlural") or content["name"],
        bulk=known.bulk if known else True,
        fields=tuple(_field(each) for each in content["fields"]),
        said={key: value for key, value in content.items() if key not in DETAILS | {"urls"}},
        recorded=content,
    )


def _field(said: Mapping[str, Any]) -> Field:
    return Field(
        name=said["name"],
        type=said["type"],
        label=said.get("label") or said["name"],
        length=said.get("length") or 0,
        precision=said.get("precision") or 0,
        scale=said.get("scale") or 0,
        required=not said.get("nillable", True),
        formula=bool(said.get("calculated")),
        refers_to=tuple(said.get("referenceTo") or ()),
        compound=said.get("compoundFieldName"),
        values=tuple(each["value"] for each in said.get("picklistValues") or () if each.get("active", True)),
        said={key: said[key] for key in RULES if key in said},
    )
