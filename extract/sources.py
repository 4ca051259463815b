"""What to copy from Salesforce, as dbt's sources declare it, and how to declare more."""

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

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


def declaration(manifest: Mapping[str, Any]) -> Path:
    """Give the YAML file, relative to the dbt project, in which the source `salesforce` is declared.

    Raises:
        ValueError: none is.
    """
    for node in manifest["sources"].values():
        if node["source_name"] == SOURCE:
            return Path(node["original_file_path"])
    raise ValueError(f"The dbt project declares no source '{SOURCE}'.")


def declare(path: Path, tables: Sequence[Mapping[str, Any]]) -> None:
    """Append tables (as `table` gives them) to the source in a YAML file; all that is in it stays, byte for byte.

    Raises:
        ValueError: the file does not end with the source's tables, so that an appended one would be none of them.
    """
    text = path.read_text(encoding="utf-8")
    kept = text if text.endswith("\n") else f"{text}\n"
    stanzas = "".join(map(_stanza, tables))
    wanted = yaml.safe_load(text)
    for source in wanted["sources"]:
        if source["name"] == SOURCE:
            source["tables"] += tables
    if _parsed(kept + stanzas) != wanted:
        raise ValueError(
            f"{path} does not end with the tables of the source '{SOURCE}', each indented by six blanks. Add by hand:\n{stanzas}"
        )
    # In one step, so that a full disk leaves the file as it was.
    waiting = path.with_suffix(".new")
    waiting.write_text(kept + stanzas, encoding="utf-8")
    waiting.replace(path)


def table(name: str, description: str, columns: Sequence[str]) -> dict[str, Any]:
    """Give the declaration of one object's table, as dbt reads it from YAML."""
    return {
        "name": _snake_case(name),
        "identifier": name.upper(),
        "description": description,
        "config": {"meta": {"sobject": name}},
        "columns": [{"name": column} for column in columns],
    }


def _stanza(declared: Mapping[str, Any]) -> str:
    columns = "".join(f"          - name: {column['name']}\n" for column in declared["columns"])
    return (
        f"      - name: {declared['name']}\n"
        f"        identifier: {declared['identifier']}\n"
        f"        description: {_scalar(declared['description'])}\n"
        f"        config: {{meta: {{sobject: {declared['config']['meta']['sobject']}}}}}\n"
        f"        columns:\n{columns}"
    )


def _snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def _scalar(text: str) -> str:
    """Write a text as YAML, in quotes only where it needs them."""
    written: str = yaml.safe_dump(text, allow_unicode=True, width=float("inf"))
    return written.removesuffix("\n").removesuffix("\n...")


def _parsed(text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return None


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
