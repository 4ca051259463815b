"""What to copy from Salesforce, as dbt's sources declare it."""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

SOURCE = "salesforce"


@dataclass(frozen=True, slots=True)
class Column:
    """A field that staging reads; an optional one may be absent from the org without a word."""

    name: str
    optional: bool = False


@dataclass(frozen=True, slots=True)
class SourceObject:
    """An object of the org (`name`, its API name) and its table in RAW_SALESFORCE."""

    name: str
    table: str
    columns: tuple[Column, ...] = ()


def declared(manifest: Mapping[str, Any]) -> list[SourceObject]:
    """Give the tables of dbt's source `salesforce`, in the order of their API names.

    `manifest` is dbt's `target/manifest.json`. A table without `config.meta.sobject` is no object of the
    org (the tables that describe the schema, for one) and is left out.

    Raises:
        ValueError: two tables declare the same object.
    """
    objects = sorted(_objects(manifest), key=lambda each: each.name)
    for one, other in itertools.pairwise(objects):
        if one.name == other.name:
            raise ValueError(f"{one.name} is declared by two tables of the dbt source '{SOURCE}': keep one.")
    return objects


def _objects(manifest: Mapping[str, Any]) -> Iterator[SourceObject]:
    for node in manifest["sources"].values():
        name = _meta(node).get("sobject")
        if node["source_name"] == SOURCE and name:
            yield SourceObject(name, (node.get("identifier") or name).upper(), tuple(_columns(node)))


def _columns(node: Mapping[str, Any]) -> Iterator[Column]:
    for column in node.get("columns", {}).values():
        yield Column(column["name"], optional=bool(_meta(column).get("optional")))


def _meta(node: Mapping[str, Any]) -> Mapping[str, Any]:
    meta: Mapping[str, Any] = (node.get("config") or {}).get("meta") or node.get("meta") or {}
    return meta
