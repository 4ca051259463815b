"""SOQL onto DuckDB, tree to tree: names are checked against the org, values are bound, sqlglot writes the SQL."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlglot import Expr, exp

from sandbox.salesforce import soql
from sandbox.salesforce.conditions import IDS, Conditions, folded
from sandbox.salesforce.errors import ApiError, query_error
from sandbox.salesforce.org import Field, Org, Sobject
from sandbox.salesforce.paths import COUNT, RELATED_TYPE, ROOT, Column, Names, Paths, cell

DIALECT = "duckdb"
MOST_FIELDS_ROWS = 200
MOST_OFFSET = 2000


@dataclass(frozen=True, slots=True)
class Output:
    """One column of the result. `path` is where its value stands in a REST record.

    `hidden` columns hold what `attributes` needs: the id ("id") or the object name ("type") of the record at `path`.
    """

    path: Names
    value: Expr
    field: Field
    hidden: str | None = None


@dataclass(frozen=True, slots=True)
class Statement:
    """A query ready for DuckDB; REST and Bulk put different select lists before the same `source`."""

    sobject: Sobject
    outputs: tuple[Output, ...]
    source: exp.Select
    parameters: tuple[Any, ...]
    aggregated: bool
    is_count: bool

    @property
    def sql(self) -> str:
        """The whole statement, one column for each output; for COUNT() the number of rows."""
        rows = self.select(*(each.value.as_(f"c{place}") for place, each in enumerate(self.outputs)))
        if self.is_count:
            rows = exp.select(exp.Count(this=exp.Star())).from_(rows.subquery())
        return rows.sql(dialect=DIALECT, copy=False)

    @property
    def shown(self) -> tuple[Output, ...]:
        """The outputs that the query asked for."""
        return tuple(each for each in self.outputs if each.hidden is None)

    def select(self, *columns: Expr) -> exp.Select:
        """Give the statement with another select list."""
        return self.source.select(*columns)


def translate(
    query: soql.Query, org: Org, *, deleted: bool = False, now: datetime | None = None
) -> Statement:
    """Check a query against the org and make it a DuckDB statement.

    `deleted` shows the rows of the recycle bin too, as queryAll does; `now` is what TODAY is counted from.

    Raises:
        ApiError: INVALID_TYPE, INVALID_FIELD, MALFORMED_QUERY … in the words of Salesforce.

    """
    return _Translation(query, org, deleted, now or datetime.now(UTC), []).statement()


class _Translation:
    """One query on its way to SQL; an inner query binds its values beside those of the outer one."""

    def __init__(
        self, query: soql.Query, org: Org, deleted: bool, now: datetime, parameters: list[Any]
    ) -> None:
        self.query = query
        self.org = org
        self.deleted = deleted
        self.now = now
        self.sobject = self.entity()
        self.paths = Paths(org, self.sobject, query.text)
        self.parameters = parameters
        self.conditions = Conditions(self.paths, parameters, self.inner, now)

    def statement(self) -> Statement:
        query = self.query
        aggregated = bool(query.group) or any(isinstance(each, soql.Aggregate) for each in query.select)
        outputs = tuple(self.count() if query.is_count else self.grouped() if aggregated else self.plain())
        source = self.source()
        return Statement(self.sobject, outputs, source, tuple(self.parameters), aggregated, query.is_count)

    def entity(self) -> Sobject:
        token = self.query.entity
        sobject = self.org.find(token.text)
        if sobject is None:
            message = (
                f"sObject type '{token.text}' is not supported. If you are attempting to use a custom object, be "
                "sure to append the '__c' after the entity name. Please reference your WSDL or the describe call for "
                "the appropriate names."
            )
            raise query_error("INVALID_TYPE", message, self.query.text, token.position)
        return sobject

    def inner(self, query: soql.Query, position: int) -> exp.Select:
        """Translate the query of a semi-join, which must give one column of ids."""
        statement = _Translation(query, self.org, self.deleted, self.now, self.parameters).statement()
        if len(statement.shown) != 1 or statement.shown[0].field.type not in IDS:
            message = "A semi join sub-select must select exactly one id or reference field"
            self.paths.refuse("MALFORMED_QUERY", message, position)
        return statement.select(statement.shown[0].value)

    def source(self) -> exp.Select:
        """Give everything but the select list."""
        query, source = self.query, self.paths.tables
        if not self.deleted and self.sobject.find("IsDeleted"):
            source.where(cell(ROOT, "IsDeleted").not_(), copy=False)
        if query.where:
            source.where(self.conditions.test(query.where), copy=False)
        source.group_by(*(self.group_key(each).value for each in query.group), copy=False)
        if query.having:
            source.having(self.conditions.test(query.having), copy=False)
        if query.order:
            source.order_by(*(self.ordering(each) for each in query.order), copy=False)
        if query.limit is not None:
            source.limit(query.limit, copy=False)
        if query.offset:
            source.offset(self.offset(query.offset), copy=False)
        return source

    def offset(self, token: soql.Token) -> int:
        if int(token.text) > MOST_OFFSET:
            message = f"Maximum SOQL offset allowed is {MOST_OFFSET}"
            self.paths.refuse("NUMBER_OUTSIDE_VALID_RANGE", message, token.position)
        return int(token.text)

    def count(self) -> Iterator[Output]:
        if len(self.query.select) > 1:
            message = "COUNT() must be the only element in the SELECT list"
            self.paths.refuse("MALFORMED_QUERY", message, self.query.select[1].position)
        yield Output(("count",), exp.Literal.number(1), COUNT)

    def plain(self) -> Iterator[Output]:
        """Yield the fields of the select list, and what the records they belong to are called."""
        yield Output((), cell(ROOT, "Id"), COUNT, hidden="id")
        seen: set[Names] = set()
        met: set[Names] = set()
        for column, position in self.selected():
            if column.names in seen:
                message = f"duplicate field selected: {'.'.join(column.names)}"
                self.paths.refuse("INVALID_FIELD", message, position)
            seen.add(column.names)
            for length in range(1, len(column.names)):
                yield from self.related(column.names[:length], met)
            yield Output(column.names, column.value, column.field)

    def related(self, names: Names, met: set[Names]) -> Iterator[Output]:
        """Yield the hidden id and type of a related record, once."""
        if names not in met:
            met.add(names)
            yield Output(names, self.paths.related_id(names), COUNT, hidden="id")
            yield Output(names, self.paths.related_type(names), RELATED_TYPE, hidden="type")

    def selected(self) -> Iterator[tuple[Column, int]]:
        for item in self.query.select:
            if isinstance(item, soql.FieldGroup):
                for field in self.field_group(item):
                    yield self.paths.column(soql.Path((field.name,), item.position)), item.position
            elif isinstance(item, soql.Path):
                yield self.paths.column(item), item.position
            else:
                message = (
                    f"{getattr(item, 'kind', 'aggregate')} in the field list is beyond the local stand-in"
                )
                self.paths.refuse("MALFORMED_QUERY", message, item.position)

    def field_group(self, item: soql.FieldGroup) -> list[Field]:
        if item.group not in {"ALL", "STANDARD", "CUSTOM"}:
            self.paths.refuse("MALFORMED_QUERY", f"unexpected token: '{item.group}'", item.position)
        limit = self.query.limit
        if item.group != "STANDARD" and (limit is None or limit > MOST_FIELDS_ROWS):
            message = f"The SOQL FIELDS function must have a LIMIT of at most {MOST_FIELDS_ROWS}"
            self.paths.refuse("MALFORMED_QUERY", message, item.position)
        return [each for each in self.sobject.fields if item.group in {"ALL", _group_of(each)}]

    def grouped(self) -> Iterator[Output]:
        """Yield aggregates and the fields they are grouped by."""
        keys = {self.paths.column(each).names for each in self.query.group}
        unnamed = 0
        for item in self.query.select:
            if isinstance(item, soql.Aggregate):
                column = self.paths.aggregate(item)
                yield Output((item.alias or f"expr{unnamed}",), column.value, column.field)
                unnamed += item.alias is None
            elif isinstance(item, soql.Path):
                column = self.paths.column(item)
                if column.names not in keys:
                    message = f"Field must be grouped or aggregated: {'.'.join(column.names)}"
                    self.paths.refuse("MALFORMED_QUERY", message, item.position)
                yield Output((item.alias or column.names[-1],), column.value, column.field)
            else:
                self.paths.refuse("MALFORMED_QUERY", "unexpected token in an aggregate query", item.position)

    def group_key(self, path: soql.Path) -> Column:
        column = self.paths.column(path)
        if not column.field.groupable:
            message = f"field '{column.field.name}' can not be grouped in a query call"
            self.paths.refuse("INVALID_FIELD", message, path.position)
        return column

    def ordering(self, item: soql.Ordering) -> exp.Ordered:
        if isinstance(item.item, soql.Aggregate):
            value = self.paths.aggregate(item.item).value
        else:
            column = self.paths.column(item.item)
            if not column.field.sortable:
                message = f"field '{column.field.name}' can not be sorted in a query call"
                self.paths.refuse("INVALID_FIELD", message, item.item.position)
            # A grouped text may be sorted only by itself.
            value = column.value if self.query.group else folded(column.value, column.field)
        return exp.Ordered(this=value, desc=item.descending, nulls_first=item.nulls_first)


def refuse_in_bulk(query: soql.Query, statement: Statement) -> None:
    """Refuse what REST answers and Bulk API 2.0 does not.

    Raises:
        ApiError: API_ERROR, INVALIDENTITY or MALFORMED_QUERY.

    """
    if not statement.sobject.bulk:
        message = f"Entity '{statement.sobject.name}' is not supported by the Bulk API."
        raise ApiError("INVALIDENTITY", message)
    if statement.aggregated or query.having:
        raise ApiError("API_ERROR", "Aggregate functions and GROUP BY not supported in Bulk V2 Query")
    if query.offset:
        raise ApiError("API_ERROR", "OFFSET not supported in Bulk V2 Query")
    if any(isinstance(each, soql.FieldGroup) and each.group != "STANDARD" for each in query.select):
        message = "The SOQL FIELDS function is not supported with an unbounded set of fields in this API"
        raise ApiError("MALFORMED_QUERY", message)
    if any(each.field.is_compound for each in statement.outputs):
        raise ApiError("API_ERROR", "Selecting compound data not supported in Bulk Query")
    if any(each.field.is_blob for each in statement.outputs):
        # That it is refused is documented; the words are not.
        raise ApiError("API_ERROR", "Selecting binary data not supported in Bulk Query")


def refuse_subqueries_in_bulk(query: soql.Query) -> None:
    """Refuse a parent-to-child query and TYPEOF, before the names inside are looked at.

    Raises:
        ApiError: API_ERROR.

    """
    for item in query.select:
        if isinstance(item, soql.Subquery):
            inner = "Aggregate Relationships" if item.kind == "SELECT" else item.kind
            raise ApiError("API_ERROR", f"{inner} not supported in Bulk V2 Query with CSV content type")


def _group_of(field: Field) -> str:
    return "CUSTOM" if field.custom else "STANDARD"
