"""WHERE and HAVING onto DuckDB. SOQL knows true and false only: what compares with null is false, NOT of it true."""

from collections.abc import Callable
from datetime import date, datetime, time
from typing import Any, TypeAlias

from sqlglot import Expr, exp

from sandbox.salesforce import soql
from sandbox.salesforce.dates import day_range, utc
from sandbox.salesforce.ids import spellings
from sandbox.salesforce.org import Field
from sandbox.salesforce.paths import NUMBERS, Column, Paths

IDS = frozenset({"id", "reference"})
# What a literal may be for a field of this type, and the type's name in the refusal.
ACCEPTED = {
    "boolean": ({"boolean"}, "boolean"),
    "date": ({"date", "relative"}, "date"),
    "datetime": ({"datetime", "relative"}, "dateTime"),
    **dict.fromkeys(NUMBERS, ({"number"}, "double")),
}
COMPARISONS = {"=": exp.EQ, "!=": exp.NullSafeNEQ, "<": exp.LT, "<=": exp.LTE, ">": exp.GT, ">=": exp.GTE}
# The statement of an inner query, which selects ids.
Inner: TypeAlias = Callable[[soql.Query, int], exp.Select]


class Conditions:
    """The conditions of one query. `parameters` takes the bound values, which $1, $2 … stand for.

    Nodes are made for one place each, so the long lists among them are built without sqlglot's copies.
    """

    def __init__(self, paths: Paths, parameters: list[Any], inner: Inner, now: datetime) -> None:
        self.paths = paths
        self.parameters = parameters
        self.inner = inner
        self.now = now

    def test(self, condition: soql.Condition) -> Expr:
        """Give the test that a condition stands for and bind its values.

        Raises:
            ApiError: A field that is not there or cannot be filtered, a literal of another type.

        """
        if isinstance(condition, soql.Comparison):
            return self._comparison(condition)
        if condition.operator == "NOT":
            return _negated(self.test(condition.terms[0]))
        joined = exp.and_ if condition.operator == "AND" else exp.or_
        return joined(*(self.test(each) for each in condition.terms), copy=False)

    def _comparison(self, comparison: soql.Comparison) -> Expr:
        column = self._left_side(comparison.left)
        value, operator = comparison.value, comparison.operator
        if isinstance(value, soql.Query):
            return self._semi_join(column, operator, value, comparison.left.position)
        if isinstance(value, tuple):
            choose = self._includes if operator in {"INCLUDES", "EXCLUDES"} else self._choice
            return choose(column, operator, value)
        if operator == "LIKE":
            return self._like(column, value)
        if value.kind == "null" or value.text == "''":
            empty = column.value.is_(exp.null())
            return {"=": empty, "!=": empty.not_()}.get(operator, exp.false())
        if value.kind == "relative":
            return self._relative(column, operator, value)
        return self._plain(column, operator, value)

    def _left_side(self, left: soql.Path | soql.Aggregate) -> Column:
        if isinstance(left, soql.Aggregate):
            return self.paths.aggregate(left)
        column = self.paths.column(left)
        if not column.field.filterable or column.field.is_compound:
            message = f"field '{column.field.name}' can not be filtered in a query call"
            self.paths.refuse("INVALID_FIELD", message, left.position)
        return column

    def _plain(self, column: Column, operator: str, value: soql.Literal) -> Expr:
        if column.field.type in IDS and operator in {"=", "!="}:
            return self._choice(column, "IN" if operator == "=" else "NOT IN", (value,))
        right = folded(self._bind(self._value(column.field, value)), column.field)
        return COMPARISONS[operator](this=folded(column.value, column.field), expression=right)

    def _choice(self, column: Column, operator: str, values: tuple[soql.Literal, ...]) -> Expr:
        known = [self._value(column.field, each) for each in values if each.kind != "null"]
        if column.field.type in IDS:
            known = [spelling for each in known for spelling in spellings(each)]
        elif is_text(column.field):
            known = [each.lower() for each in known]
        tests: list[Expr] = []
        if any(each.kind == "null" for each in values):
            tests.append(column.value.is_(exp.null()))
        if known:
            bound = (self._bind(each) for each in known)
            tests.append(folded(column.value, column.field).isin(*bound, copy=False))
        found = exp.or_(*tests, copy=False)
        return found if operator == "IN" else _negated(found)

    def _includes(self, column: Column, operator: str, values: tuple[soql.Literal, ...]) -> Expr:
        """Each value may hold several choices, "A;B", all of which must be there."""
        if column.field.type != "multipicklist":
            message = f"invalid operator on {column.field.type} field"
            self.paths.refuse("INVALID_QUERY_FILTER_OPERATOR", message, values[0].position)
        chosen = exp.func("string_split", column.value, exp.Literal.string(";"))
        tests = []
        for each in values:
            wanted = self._value(column.field, each).split(";")
            tests.append(exp.and_(*(exp.func("list_contains", chosen, self._bind(part)) for part in wanted)))
        found = exp.or_(*tests, copy=False)
        return found if operator == "INCLUDES" else _negated(found)

    def _like(self, column: Column, value: soql.Literal) -> Expr:
        if not is_text(column.field):
            message = f"invalid operator on {column.field.type} field"
            self.paths.refuse("INVALID_QUERY_FILTER_OPERATOR", message, value.position)
        if value.kind != "string":
            self.paths.refuse("MALFORMED_QUERY", f"unexpected token: '{value.text}'", value.position)
        like = column.value.ilike(self._bind(soql.like_pattern(value.text)))
        return exp.Escape(this=like, expression=exp.Literal.string("\\"))

    def _relative(self, column: Column, operator: str, value: soql.Literal) -> Expr:
        self._check_kind(column.field, value)
        days = day_range(value.text, self.now.date())
        if days is None:
            self.paths.refuse("MALFORMED_QUERY", f"unexpected token: '{value.text}'", value.position)
        bounds: list[date] = list(days)
        if column.field.type == "datetime":
            bounds = [datetime.combine(each, time()) for each in days]
        if operator in {"<", ">="}:
            return COMPARISONS[operator](this=column.value, expression=self._bind(bounds[0]))
        if operator in {"<=", ">"}:
            end = self._bind(bounds[1])
            return column.value < end if operator == "<=" else column.value >= end
        inside = exp.and_(column.value >= self._bind(bounds[0]), column.value < self._bind(bounds[1]))
        return inside if operator == "=" else _negated(inside)

    def _semi_join(self, column: Column, operator: str, inner: soql.Query, position: int) -> Expr:
        if column.field.type not in IDS or operator not in {"IN", "NOT IN"}:
            message = "Semi join sub-selects are only allowed on id and reference fields"
            self.paths.refuse("MALFORMED_QUERY", message, position)
        found = column.value.isin(query=self.inner(inner, position))
        return found if operator == "IN" else _negated(found)

    def _value(self, field: Field, literal: soql.Literal) -> Any:
        self._check_kind(field, literal)
        if literal.kind == "string":
            return soql.string_value(literal.text)
        if literal.kind == "boolean":
            return literal.text == "true"
        if literal.kind == "number":
            return float(literal.text)
        try:
            return utc(literal.text) if literal.kind == "datetime" else date.fromisoformat(literal.text)
        except ValueError:
            self.paths.refuse("MALFORMED_QUERY", f"Invalid date: {literal.text}", literal.position)

    def _check_kind(self, field: Field, literal: soql.Literal) -> None:
        kinds, name = ACCEPTED.get(field.type, ({"string"}, "string"))
        if literal.kind not in kinds:
            quotes = (
                "should be enclosed in quotes" if name == "string" else "should not be enclosed in quotes"
            )
            message = (
                f"value of filter criterion for field '{field.name}' must be of type {name} and {quotes}"
            )
            self.paths.refuse("INVALID_FIELD", message, literal.position)

    def _bind(self, value: Any) -> Expr:
        self.parameters.append(value)
        return exp.Placeholder(this=str(len(self.parameters)))


def is_text(field: Field) -> bool:
    """Whether a field's values are texts that people write, not ids, numbers, dates or booleans."""
    return field.type not in ACCEPTED and field.type not in IDS


def folded(value: Expr, field: Field) -> Expr:
    """Give one side of a comparison: Salesforce compares text without regard to case, ids with it."""
    return exp.func("lower", value, copy=False) if is_text(field) else value


def _negated(found: Expr) -> Expr:
    return exp.func("coalesce", found, exp.false(), copy=False).not_(copy=False)
