"""What to copy from Salesforce, as dbt's sources declare it, and how to declare more."""

import datetime as dt
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

SOURCE = "salesforce"

# How old the last pass over all records may be before the next run makes another. A run that begins each day at the
# same hour finds it a little younger than a day, so some hours are taken off.
SCHEDULES: Mapping[str, dt.timedelta | None] = {
    "every run": dt.timedelta(0),
    "daily": dt.timedelta(hours=20),
    "weekly": dt.timedelta(days=6, hours=20),
    "never": None,
}
FLAGS, LISTS, TIMINGS = (
    ("optional", "blobs"),
    ("like_formulas", "exclude", "hash"),
    ("refresh_formulas", "compare_ids"),
)


@dataclass(frozen=True, slots=True)
class Column:
    """A field that staging reads; an optional one may be absent from the org without a word."""

    name: str
    optional: bool = False


@dataclass(frozen=True, slots=True)
class SourceObject:
    """An object of the org (`name`, its API name) and its table in RAW_SALESFORCE; docs/extract.md explains each key.

    Attributes:
        optional: the org may lack the object without a word.
        refresh_formulas: how often calculated fields are read again for all records; a key of `SCHEDULES`.
        like_formulas: further fields that change without moving SystemModstamp.
        compare_ids: how often all ids are compared with the org's, to find what was deleted for good.
        exclude: fields that are never asked for.
        hash: fields whose values are replaced by a salted hash before they are written anywhere.
        blobs: copy the files that the object's base64 fields hold, too.
    """

    name: str
    table: str
    columns: tuple[Column, ...] = ()
    optional: bool = False
    refresh_formulas: str = "daily"
    like_formulas: tuple[str, ...] = ()
    compare_ids: str = "weekly"
    exclude: tuple[str, ...] = ()
    hash: tuple[str, ...] = ()
    blobs: bool = False


def declared(manifest: Mapping[str, Any]) -> list[SourceObject]:
    """Give the tables of dbt's source `salesforce`, in the order of their API names.

    `manifest` is dbt's `target/manifest.json`. A table without `config.meta.sobject` is no object of the
    org (the tables that describe the schema, for one) and is left out.

    Raises:
        ValueError: two tables declare the same object, or a key of `config.meta` has a value that means nothing.
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
            table = (node.get("identifier") or name).upper()
            yield SourceObject(name, table, tuple(_columns(node)), **_rules(name, _meta(node)))


def _rules(name: str, meta: Mapping[str, Any]) -> dict[str, Any]:
    """Give what a stanza says about how to read its object, as far as it says anything."""
    rules: dict[str, Any] = {}
    for key in (key for key in (*FLAGS, *LISTS, *TIMINGS) if key in meta):
        value = meta[key]
        if key in FLAGS and not isinstance(value, bool):
            raise ValueError(f"{name}: {key} is true or false in the sources YAML, not {value!r}.")
        if key in LISTS and not isinstance(value, list):
            raise ValueError(f"{name}: {key} is a list of field names in the sources YAML, not {value!r}.")
        if key in TIMINGS and value not in SCHEDULES:
            raise ValueError(
                f"{name}: {key} is one of {', '.join(SCHEDULES)} in the sources YAML, not {value!r}."
            )
        rules[key] = tuple(map(str, value)) if key in LISTS else value
    return rules


def _columns(node: Mapping[str, Any]) -> Iterator[Column]:
    for column in node.get("columns", {}).values():
        yield Column(column["name"], optional=bool(_meta(column).get("optional")))


def _meta(node: Mapping[str, Any]) -> Mapping[str, Any]:
    meta: Mapping[str, Any] = (node.get("config") or {}).get("meta") or node.get("meta") or {}
    return meta
