"""What a name in a query means: fields, relationships and the joins they need, aggregates."""

from dataclasses import dataclass
from itertools import count
from typing import NoReturn, TypeAlias

from sqlglot import Expr, exp

from sandbox.salesforce import soql
from sandbox.salesforce.errors import query_error
from sandbox.salesforce.org import ADDRESS_PARTS, Field, Org, Sobject

ROOT = "t"
COMPOUND_PARTS = tuple(part for part, _ in ADDRESS_PARTS)
NUMBERS = frozenset({"int", "double", "currency", "percent"})
COUNT = Field("count", "int", "Count")
AVERAGE = Field("average", "double", "Average")
RELATED_TYPE = Field("Type", "picklist", "Type", length=40)
# A table of the statement: its alias and the object it holds.
Source: TypeAlias = tuple[str, Sobject]
Names: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """A value that a query names: `names` is its path in the org's own spelling, `value` how DuckDB gets it."""

    names: Names
    value: Expr
    field: Field


class Paths:
    """The names of one query over one object; `tables`, a SELECT without columns, grows as relationships are met."""

    def __init__(self, org: Org, sobject: Sobject, text: str) -> None:
        self.org = org
        self.sobject = sobject
        self.text = text
        self.tables = exp.select().from_(_table(sobject, ROOT))
        self._aliases = (f"{ROOT}{number}" for number in count(1))
        self._related: dict[Names, list[Source]] = {}

    def column(self, path: soql.Path) -> Column:
        """Find the field at the end of a path, joining what lies on the way.

        Raises:
            ApiError: INVALID_FIELD for a relationship or a field that is not there.

        """
        *relationships, name = path.parts
        if relationships and relationships[0].lower() == self.sobject.name.lower():
            del relationships[0]
        sources: list[Source] = [(ROOT, self.sobject)]
        names: Names = ()
        for relationship in relationships:
            sources, names = self._follow(sources, names, relationship, path.position)
        if len(sources) > 1:
            return self._polymorphic(sources, names, name, path.position)
        alias, sobject = sources[0]
        field = sobject.find(name) or self._no_such_column(name, sobject.name, path.position)
        value = _packed(field, sobject, alias) if field.is_compound else cell(alias, field.name)
        return Column((*names, field.name), value, field)

    def aggregate(self, item: soql.Aggregate) -> Column:
        """Give the value and the type of COUNT(Id), SUM(Amount) and the like.

        Raises:
            ApiError: MALFORMED_QUERY where the field's type does not allow it.

        """
        if item.path is None:
            return Column((item.function,), exp.Count(this=exp.Star()), COUNT)
        column = self.column(item.path)
        field = column.field
        if not field.aggregatable or (item.function in {"SUM", "AVG"} and field.type not in NUMBERS):
            message = f"field {field.name} does not support aggregate operator {item.function}"
            self.refuse("MALFORMED_QUERY", message, item.position)
        if item.function == "COUNT_DISTINCT":
            distinct = exp.Distinct(expressions=[column.value])
            return Column((item.function,), exp.Count(this=distinct), COUNT)
        kind = {"COUNT": COUNT, "AVG": AVERAGE}.get(item.function, field)
        return Column((item.function,), exp.func(item.function, column.value), kind)

    def related_id(self, names: Names) -> Expr:
        """Give the id of the record that a relationship path leads to."""
        return _coalesce([cell(alias, "Id") for alias, _ in self._related[names]])

    def related_type(self, names: Names) -> Expr:
        """Give the object name of the record that a relationship path leads to, null without one."""
        return _type_of(self._related[names])

    def refuse(self, code: str, message: str, position: int) -> NoReturn:
        """Raise the ApiError that points at a character of the query."""
        raise query_error(code, message, self.text, position)

    def _follow(
        self, sources: list[Source], names: Names, relationship: str, position: int
    ) -> tuple[list[Source], Names]:
        alias, sobject = sources[0]
        reference = sobject.through(relationship) if len(sources) == 1 else None
        declared = [self.org.find(name) for name in reference.refers_to] if reference else []
        targets = [target for target in declared if target]
        if reference is None or not targets:
            message = (
                f"Didn't understand relationship '{relationship}' in field path. If you are attempting to use a "
                "custom relationship, be sure to append the '__r' after the custom relationship name. Please "
                "reference your WSDL or the describe call for the appropriate names."
            )
            self.refuse("INVALID_FIELD", message, position)
        names = (*names, reference.relationship or relationship)
        if names not in self._related:
            self._related[names] = [self._join(cell(alias, reference.name), target) for target in targets]
        return self._related[names], names

    def _join(self, reference: Expr, target: Sobject) -> Source:
        alias = next(self._aliases)
        found = cell(alias, "Id").eq(reference)
        self.tables.join(_table(target, alias), on=found, join_type="left", copy=False)
        return alias, target

    def _polymorphic(self, sources: list[Source], names: Names, name: str, position: int) -> Column:
        """Find a field of the object "Name", which stands for whatever WhoId or OwnerId points to."""
        if name.lower() == "type":
            return Column((*names, "Type"), _type_of(sources), RELATED_TYPE)
        is_name = name.lower() == "name"
        found = [
            (alias, field)
            for alias, sobject in sources
            if (field := sobject.find(sobject.name_field if is_name else name)) and not field.is_compound
        ]
        if not found:
            self._no_such_column(name, "Name", position)
        field = found[0][1]
        value = _coalesce([cell(alias, each.name) for alias, each in found])
        return Column((*names, "Name" if is_name else field.name), value, field)

    def _no_such_column(self, name: str, entity: str, position: int) -> NoReturn:
        message = (
            f"No such column '{name}' on entity '{entity}'. If you are attempting to use a custom field, be sure to "
            "append the '__c' after the custom field name. Please reference your WSDL or the describe call for the "
            "appropriate names."
        )
        self.refuse("INVALID_FIELD", message, position)


def cell(alias: str, name: str) -> exp.Column:
    """Give a column of one table of the statement."""
    return exp.column(name, table=alias, quoted=True)


def _table(sobject: Sobject, alias: str) -> exp.Table:
    return exp.table_(sobject.name, db="org", quoted=True, alias=alias)


def _coalesce(parts: list[exp.Column]) -> Expr:
    return parts[0] if len(parts) == 1 else exp.func("coalesce", *parts)


def _type_of(sources: list[Source]) -> Expr:
    name = exp.case()
    for alias, sobject in sources:
        name = name.when(cell(alias, "Id").is_(exp.null()).not_(), exp.Literal.string(sobject.name))
    return name


def _packed(field: Field, sobject: Sobject, alias: str) -> Expr:
    """Pack a compound value of its components; it is null when every one of these is."""
    columns = {
        part: cell(alias, component.name)
        for part in COMPOUND_PARTS
        for component in sobject.fields
        if component.compound == field.name and component.name.removesuffix("__s").endswith(part)
    }
    empty = exp.and_(*(each.is_(exp.null()) for each in columns.values()))
    packed = [
        exp.PropertyEQ(this=exp.to_identifier(f"{part[0].lower()}{part[1:]}"), expression=columns[part])
        for part in sorted(columns)
    ]
    return exp.case().when(empty, exp.null()).else_(exp.Struct(expressions=packed))
