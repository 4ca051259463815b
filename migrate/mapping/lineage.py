"""Where the columns of a model come from, read from dbt's compiled SQL; no warehouse is asked.

sqlglot resolves names and scopes. Its own `lineage` lists every column that an expression mentions; a reviewer wants
to know whose *value* can arrive, and apart from that what *chooses* among values, so both are followed here:

* a value arrives through functions and operators, through the outcomes of `case` and `iff`, through the argument of a
  window function or an aggregate. What a condition asks, and what a window partitions or orders by, does not arrive.
* a value that is joined in from another table is a lookup: the other side of the join key chooses it. Tables made from
  one and the same table and joined again are only regrouped, which is none.
* where a condition picks among nothing but constants, what it asks chooses.

A filter decides which rows there are, not what stands in them, so what it asks is not followed; but where it holds a
column to a constant, the parts of a union that have another constant there are left out.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlglot import exp, parse_one
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, build_scope

from migrate.errors import SetupError

DIALECT = "snowflake"

Relation = Scope | exp.Table
# The outputs of a query that its reader gives: by what it joins, then the constant is None, or by a filter.
Known = frozenset[tuple[str, str | None]]
# The same of the columns that a select reads, by table and name.
Facts = Mapping[tuple[str, str], str | None]


class LineageError(SetupError):
    """A column cannot be followed to its source."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A column of a dbt source or seed, by the `unique_id` in the manifest; `column` in upper case."""

    unique_id: str
    column: str


@dataclass(frozen=True, slots=True)
class Origins:
    """The columns whose values can arrive, and those that choose which."""

    values: frozenset[Leaf] = frozenset()
    choosers: frozenset[Leaf] = frozenset()

    def __or__(self, other: "Origins") -> "Origins":
        return Origins(self.values | other.values, self.choosers | other.choosers)

    @property
    def as_choosers(self) -> "Origins":
        """Give what follows for a value that these columns choose."""
        return Origins(choosers=self.values | self.choosers)


class Lineage:
    """The models of one manifest; what was followed once is remembered."""

    def __init__(self, manifest: Mapping[str, Any]) -> None:
        nodes = {**manifest["nodes"], **manifest["sources"]}
        self._tables = {_address(node): node for node in nodes.values() if "database" in node}
        self._models: dict[str, Scope] = {}
        self._followed: dict[tuple[int, str, Known], Origins] = {}
        self._bases: dict[int, frozenset[str]] = {}

    def origins(self, model: Mapping[str, Any], column: str) -> Origins:
        """Follow a column of a compiled model to sources and seeds.

        Raises:
            LineageError: a model is not compiled, lacks the column, or reads what is not in the manifest.
        """
        return self._column(self._scope(model), column.upper(), frozenset())

    def _scope(self, model: Mapping[str, Any]) -> Scope:
        name = model["unique_id"]
        if name not in self._models:
            if not model.get("compiled_code"):
                raise LineageError(f"{name} has no compiled SQL: `dbt compile` says why.")
            tree = parse_one(model["compiled_code"], dialect=DIALECT)
            qualified = qualify(
                tree, dialect=DIALECT, validate_qualify_columns=False, identify=False, quote_identifiers=False
            )
            scope = build_scope(qualified)
            if scope is None:
                raise LineageError(f"{name} is no select.")
            self._models[name] = scope
        return self._models[name]

    def _column(self, scope: Scope, name: str, known: Known) -> Origins:
        key = (id(scope), name, known)
        if key not in self._followed:
            of_kind = (
                self._column_of_select if isinstance(scope.expression, exp.Select) else self._column_of_union
            )
            self._followed[key] = of_kind(scope, name, known)
        return self._followed[key]

    def _column_of_union(self, scope: Scope, name: str, known: Known) -> Origins:
        names = [each.alias_or_name for each in _selects(scope)]
        found = Origins()
        for part in scope.set_operation_scopes:
            own = dict(zip(names, (each.alias_or_name for each in _selects(part)), strict=True))
            found |= self._column(part, own[name], frozenset((own[each], fact) for each, fact in known))
        return found

    def _column_of_select(self, scope: Scope, name: str, known: Known) -> Origins:
        outputs = {each.alias_or_name: each.unalias() for each in _selects(scope)}
        if "*" in outputs:
            outputs = {each: exp.column(each) for each in [name, *dict(known)]}
        if name not in outputs:
            raise LineageError(f"No column {name} in: {scope.expression.sql(DIALECT)[:200]}")
        if any(_contradicts(outputs[each], constant) for each, constant in known):
            return Origins()
        facts = {
            (_table(scope, column), column.name): constant
            for each, constant in known
            if isinstance(column := outputs[each], exp.Column)
        } | _filtered(scope)
        found = Origins()
        for column in arriving(outputs[name]):
            found |= self._read(scope, column, facts)
        for column in choosing(outputs[name]):
            found |= self._read(scope, column, facts).as_choosers
        return found

    def _read(self, scope: Scope, column: exp.Column, facts: Facts) -> Origins:
        """Follow a column that a select reads, and what its table is looked up by."""
        alias = _table(scope, column)
        equal = _equal(scope, alias)
        known = {name: constant for (table, name), constant in facts.items() if table == alias}
        known |= {own: facts.get(other) for own, other in equal.items()}
        found = self._relation(scope.sources[alias], column.name, frozenset(known.items()))
        for probe in self._probes(scope, alias):
            if (probe.table, probe.name) not in facts:
                found |= self._read(scope, probe, facts).as_choosers
        return found

    def _relation(self, relation: Relation, name: str, known: Known) -> Origins:
        if isinstance(relation, Scope):
            return self._column(relation, name, known)
        node = self._tables.get(_name(relation))
        if node is None:
            raise LineageError(f"{relation.sql(DIALECT)} is not in dbt's manifest.")
        if node["resource_type"] == "model":
            return self._column(self._scope(node), name, known)
        return Origins(values=frozenset({Leaf(node["unique_id"], name)}))

    def _probes(self, scope: Scope, alias: str) -> Iterator[exp.Column]:
        """Yield the other side of the join key by which a table is looked up; nothing where it is no lookup."""
        on = _on(scope, alias)
        others = [column for column in on.find_all(exp.Column) if column.table != alias] if on else []
        own = self._base(scope.sources[alias])
        if not any(own & self._base(scope.sources[column.table]) for column in others):
            yield from others

    def _base(self, relation: Relation) -> frozenset[str]:
        """Name the tables that a part of a statement is made from."""
        if not isinstance(relation, Scope):
            return frozenset({_name(relation)})
        if id(relation) not in self._bases:
            sources = [source for _, source in relation.selected_sources.values()]
            read: list[Relation] = [*relation.set_operation_scopes, *sources]
            self._bases[id(relation)] = frozenset().union(*(self._base(each) for each in read))
        return self._bases[id(relation)]


def arriving(expression: exp.Expr) -> Iterator[exp.Column]:
    """Yield the columns whose value can become, or become part of, the expression's value."""
    if isinstance(expression, exp.Column):
        yield expression
    for part in _outcomes(expression):
        yield from arriving(part)


def choosing(expression: exp.Expr) -> Iterator[exp.Column]:
    """Yield the columns asked by conditions that pick among nothing but constants."""
    for branch in expression.find_all(exp.Case, exp.If):
        if all(isinstance(each, exp.Literal | exp.Null | exp.Boolean) for each in _outcomes(branch)):
            for condition in _conditions(branch):
                yield from arriving(condition)


def _outcomes(expression: exp.Expr) -> list[exp.Expr]:
    """Give the parts of an expression from which its value is made."""
    match expression:
        case exp.Column() | exp.Query():
            parts = []
        case exp.If():
            parts = [expression.args["true"], expression.args.get("false")]
        case exp.Case():
            parts = [
                *(branch.args["true"] for branch in expression.args["ifs"]),
                expression.args.get("default"),
            ]
        case exp.Window() | exp.WithinGroup() | exp.Filter() | exp.Nullif() | exp.ArgMin() | exp.ArgMax():
            parts = [expression.this]
        case _:
            parts = list(expression.iter_expressions())
    return [part for part in parts if part is not None]


def _conditions(branch: exp.Expr) -> list[exp.Expr]:
    asked = [branch.this, *(each.this for each in branch.args.get("ifs") or [])]
    return [each for each in asked if each is not None]


def _selects(scope: Scope) -> list[exp.Expr]:
    query = scope.expression
    return query.selects if isinstance(query, exp.Query) else []


def _on(scope: Scope, alias: str) -> exp.Expr | None:
    """Give the condition by which a table is joined; a table that the select begins with has none."""
    joins = scope.expression.args.get("joins") or []
    return next((join.args.get("on") for join in joins if join.alias_or_name == alias), None)


def _equal(scope: Scope, alias: str) -> dict[str, tuple[str, str]]:
    """Give the columns of a joined table that equal a column of another one, with its table and name."""
    on = _on(scope, alias)
    pairs = [(each.this, each.expression) for each in on.find_all(exp.EQ)] if on else []
    return {
        own.name: (other.table, other.name)
        for left, right in pairs
        for own, other in ((left, right), (right, left))
        if isinstance(own, exp.Column) and isinstance(other, exp.Column) and own.table == alias
    }


def _filtered(scope: Scope) -> dict[tuple[str, str], str | None]:
    """Give the columns that the filter holds to one constant."""
    where = scope.expression.args.get("where")
    conjuncts = (
        where.this.flatten() if where and isinstance(where.this, exp.And) else [where.this] if where else []
    )
    return {
        (_table(scope, each.this), each.this.name): each.expression.name
        for each in conjuncts
        if isinstance(each, exp.EQ)
        and isinstance(each.this, exp.Column)
        and isinstance(each.expression, exp.Literal)
    }


def _contradicts(output: exp.Expr, constant: str | None) -> bool:
    return constant is not None and isinstance(output, exp.Literal) and output.name != constant


def _table(scope: Scope, column: exp.Column) -> str:
    """Give the alias of the table that a column is read from, which need not be written where there is only one."""
    if not column.table and len(scope.selected_sources) != 1:
        tables = ", ".join(scope.selected_sources)
        raise LineageError(f"{column.sql(DIALECT)} needs the name of its table, one of {tables}.")
    return column.table or next(iter(scope.selected_sources))


def _name(table: exp.Table) -> str:
    return ".".join(part.name for part in table.parts).upper()


def _address(node: Mapping[str, Any]) -> str:
    table = node.get("identifier") or node.get("alias") or node["name"]
    return f"{node['database']}.{node['schema']}.{table}".upper()
