"""The mapping, property by property: what the mart's YAML declares beside what its SQL does."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlglot import exp, parse_one

from extract.sources import declared
from load.feeds import RECORD_KEY, Feed, feeds
from load.feeds import Property as Custom
from migrate.mapping.lineage import DIALECT, Leaf, Lineage, LineageError

Fields = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Property:
    """One property of a target's object, and the line of SQL that gives it.

    `source` are the Salesforce fields whose values can arrive, as Object.Field; `via` those that choose a value that is
    looked up; `lookups` the manifest's nodes (seeds, a target's own lists) that it is looked up in.
    """

    name: str
    data_type: str
    description: str
    custom: Custom | None
    source: Fields
    via: Fields
    lookups: tuple[Mapping[str, Any], ...]
    rule: str
    tests: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Mart:
    """A feed with its properties; of a record the first is the key, which the loader fills from `_record_key`."""

    feed: Feed
    model: Mapping[str, Any]
    properties: tuple[Property, ...]

    @property
    def path(self) -> Path:
        """Give the mart's SQL file, relative to the repository."""
        return Path(self.model["original_file_path"])


def read(manifest: Mapping[str, Any]) -> list[Mart]:
    """Give the outbound marts by target, in the order in which they are sent, from the manifest after `dbt compile`.

    Raises:
        LineageError: a column cannot be followed to its source.
    """
    reader = _Reader(manifest)
    return [reader.mart(feed) for feed in sorted(feeds(manifest), key=lambda feed: feed.target)]


def contradictions(marts: list[Mart]) -> Iterator[str]:
    """Yield each property whose declared `source` or `via` is not what its SQL has, and what to write instead."""
    for mart in marts:
        for each in mart.properties:
            meta = mart.model["columns"].get(each.name, {}).get("config", {}).get("meta", {})
            for fact, found in (("source", each.source), ("via", each.via)):
                stated = tuple(sorted(meta.get(fact, ())))
                if each.name != mart.feed.key and stated != found:
                    yield (
                        f"{mart.model['name']}.{each.name} declares {fact} [{', '.join(stated)}], but its SQL has "
                        f"[{', '.join(found)}]: correct config.meta.{fact} in the YAML, or the SQL."
                    )


class _Reader:
    """One manifest, with what every property is looked up in."""

    def __init__(self, manifest: Mapping[str, Any]) -> None:
        self.lineage = Lineage(manifest)
        self.nodes = {**manifest["nodes"], **manifest["sources"]}
        self.models = {
            node["relation_name"]: node
            for node in manifest["nodes"].values()
            if node["resource_type"] == "model"
        }
        self.tests = _tests(manifest)
        self.fields = {
            (source.table, column.name.upper()): f"{source.name}.{column.name}"
            for source in declared(manifest)
            for column in source.columns
        }
        self.tables = {
            name: node["identifier"].upper()
            for name, node in manifest["sources"].items()
            if node["config"]["meta"].get("sobject")
        }

    def mart(self, feed: Feed) -> Mart:
        model = self.models[feed.relation]
        names = [column.name for column in feed.columns]
        if feed.key:
            names.insert(0, RECORD_KEY)
        statement = parse_one(model["compiled_code"], dialect=DIALECT)
        assert isinstance(statement, exp.Query)  # noqa: S101  dbt would not have built anything else
        return Mart(feed, model, tuple(self._property(feed, model, name, statement) for name in names))

    def _property(self, feed: Feed, model: Mapping[str, Any], column: str, statement: exp.Query) -> Property:
        origins = self.lineage.origins(model, column)
        source = self._fields(origins.values)
        lookups = {leaf.unique_id for leaf in origins.values | origins.choosers} - self.tables.keys()
        declared_column = model["columns"][column]
        sent = next((each for each in feed.columns if each.name == column), None)
        return Property(
            name=sent.name if sent else feed.key,
            data_type=declared_column["data_type"],
            description=declared_column["description"],
            custom=sent.custom if sent else None,
            source=tuple(sorted(source)),
            via=tuple(sorted(self._fields(origins.choosers) - source)),
            lookups=tuple(self.nodes[name] for name in sorted(lookups)),
            rule=rule(statement, column),
            tests=(*self.tests.get((model["unique_id"], column), ()), *_limits(declared_column)),
        )

    def _fields(self, leaves: frozenset[Leaf]) -> set[str]:
        """Name the Salesforce fields among columns as its API does."""
        own = [(self.tables[leaf.unique_id], leaf.column) for leaf in leaves if leaf.unique_id in self.tables]
        for table, column in own:
            if (table, column) not in self.fields:
                raise LineageError(
                    f"{table}.{column} reaches a target, but _salesforce__sources.yml does not list the column."
                )
        return {self.fields[place] for place in own}


def rule(statement: exp.Query, column: str) -> str:
    """Give the expression that a mart maps to a column: the one in the CTE that its last select lists.

    What the last select adds, that a value outside the target's limits is left out, is no part of the rule.
    """
    found = _output(statement, column)
    if isinstance(found, exp.If) and isinstance(found.args["true"], exp.Null):
        found = found.args["false"]
    listed = statement.args["from_"].this.name
    for cte in statement.ctes:
        if cte.alias == listed and isinstance(found, exp.Column):
            found = _output(cte.this, found.name)
    return str(found.sql(dialect=DIALECT, normalize_functions="lower", comments=False))


def _output(query: exp.Query, column: str) -> exp.Expr:
    return next(each for each in query.selects if each.alias_or_name == column).unalias()


def _tests(manifest: Mapping[str, Any]) -> dict[tuple[str, str], tuple[str, ...]]:
    """Describe the data tests of each model's columns."""
    found: dict[tuple[str, str], list[str]] = {}
    for node in manifest["nodes"].values():
        if node["resource_type"] == "test" and node.get("column_name"):
            place = (node["attached_node"], node["column_name"])
            found.setdefault(place, []).append(_described(node["test_metadata"]))
    return {place: tuple(sorted(tests)) for place, tests in found.items()}


def _limits(column: Mapping[str, Any]) -> Iterator[str]:
    """Describe the limits of its own that a property is held to before it is sent."""
    for name, value in column["config"].get("meta", {}).get("limit", {}).items():
        said = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        yield f"limit: {name}" if value is True else f"limit: {name} {said}"


def _described(test: Mapping[str, Any]) -> str:
    values = test["kwargs"].get("values")
    return f"{test['name']}: {', '.join(map(str, values))}" if values else str(test["name"])
