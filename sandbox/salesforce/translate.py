"""SOQL onto DuckDB: names are checked against the org, values are bound, nothing of the query's text is pasted."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, NoReturn

from sandbox.salesforce import soql
from sandbox.salesforce.dates import day_range
from sandbox.salesforce.errors import ApiError, query_error
from sandbox.salesforce.ids import spellings
from sandbox.salesforce.org import ADDRESS_PARTS, Field, Org, Sobject

MOST_FIELDS_ROWS = 200
MOST_OFFSET = 2000
NUMBERS = frozenset({"int", "double", "currency", "percent"})
IDS = frozenset({"id", "reference"})
# What a literal may be for a field of this type, and the type's name in the refusal.
ACCEPTED = {
    "boolean": ({"boolean"}, "boolean"),
    "date": ({"date", "relative"}, "date"),
    "datetime": ({"datetime", "relative"}, "dateTime"),
    **dict.fromkeys(NUMBERS, ({"number"}, "double")),
}
COUNT = Field("count", "int", "Count")
AVERAGE = Field("average", "double", "Average")
POLYMORPHIC_TYPE = Field("Type", "picklist", "Type", length=40)


@dataclass(frozen=True, slots=True)
class Output:
    """One column of the result. `path` is where its value stands in a REST record.

    `hidden` columns hold what `attributes` needs: the id ("id") or the object name ("type") of the record at `path`.
    """

    path: tuple[str, ...]
    sql: str
    field: Field
    hidden: str | None = None


@dataclass(frozen=True, slots=True)
class Statement:
    """A query ready for DuckDB: the select list apart, so that REST and Bulk can shape the values."""

    sobject: Sobject
    outputs: tuple[Output, ...]
    source: str
    parameters: tuple[Any, ...]
    aggregated: bool
    is_count: bool

    @property
    def sql(self) -> str:
        """The whole statement, one column for each output."""
        return self.select(", ".join(f"{each.sql} AS c{number}" for number, each in enumerate(self.outputs)))

    def select(self, columns: str) -> str:
        """The statement with another select list over the same rows."""
        return f"SELECT {columns} {self.source}"


def translate(
    query: soql.Query, org: Org, *, deleted: bool = False, now: datetime | None = None
) -> Statement:
    """Check a query against the org and make it a DuckDB statement.

    `deleted` shows the rows of the recycle bin too, as queryAll does; `now` is what TODAY is counted from.

    Raises:
        ApiError: INVALID_TYPE, INVALID_FIELD, MALFORMED_QUERY … with the texts of Salesforce.

    """
    return _Translation(query, org, deleted, now or datetime.now(UTC)).statement()


@dataclass(frozen=True, slots=True)
class _Column:
    names: tuple[str, ...]
    sql: str
    field: Field


class _Translation:
    """The state of one translation: the joins met so far and the values bound, in the order of the text."""

    def __init__(self, query: soql.Query, org: Org, deleted: bool, now: datetime, depth: str = "") -> None:
        self.query = query
        self.org = org
        self.deleted = deleted
        self.now = now
        self.depth = depth
        self.parameters: list[Any] = []
        self.joins: dict[tuple[str, ...], list[tuple[str, Sobject]]] = {}
        self.join_sql: list[str] = []
        self.sobject = self.entity()
        self.root = f"{depth}t"

    def statement(self) -> Statement:
        query = self.query
        aggregated = bool(query.group) or any(isinstance(each, soql.Aggregate) for each in query.select)
        outputs = tuple(
            self.count() if query.is_count else self.aggregates() if aggregated else self.values()
        )
        tail = self.tail()
        # The joins are known only now that every clause has been read.
        source = f'FROM org."{self.sobject.name}" AS {self.root} {" ".join(self.join_sql)} {tail}'
        return Statement(self.sobject, outputs, source, tuple(self.parameters), aggregated, query.is_count)

    def entity(self) -> Sobject:
        token = self.query.entity
        sobject = self.org.find(token.text)
        if sobject is None:
            message = (
                f"sObject type '{token.text}' is not supported. If you are attempting to use a custom object, be sure to "
                "append the '__c' after the entity name. Please reference your WSDL or the describe call for the "
                "appropriate names."
            )
            self.refuse("INVALID_TYPE", message, token.position)
        return sobject

    def tail(self) -> str:
        """Everything after the joins."""
        query = self.query
        conditions = [] if self.deleted else [f'NOT {self.root}."IsDeleted"']
        conditions += [self.condition(query.where)] if query.where else []
        parts = [f"WHERE {' AND '.join(conditions)}"] if conditions else []
        if query.group:
            parts.append(f"GROUP BY {', '.join(self.grouped(each).sql for each in query.group)}")
        if query.having:
            parts.append(f"HAVING {self.condition(query.having)}")
        if query.order:
            parts.append(f"ORDER BY {', '.join(self.ordering(each) for each in query.order)}")
        if query.limit is not None:
            parts.append(f"LIMIT {query.limit}")
        return " ".join(parts + self.offset())

    def offset(self) -> list[str]:
        token = self.query.offset
        if token is None:
            return []
        if int(token.text) > MOST_OFFSET:
            self.refuse(
                "NUMBER_OUTSIDE_VALID_RANGE", f"Maximum SOQL offset allowed is {MOST_OFFSET}", token.position
            )
        return [f"OFFSET {int(token.text)}"]

    # The select list.

    def count(self) -> Iterator[Output]:
        if len(self.query.select) > 1:
            self.refuse(
                "MALFORMED_QUERY",
                "COUNT() must be the only element in the SELECT list",
                self.query.select[1].position,
            )
        yield Output(("count",), "1", COUNT)

    def values(self) -> Iterator[Output]:
        seen: set[tuple[str, ...]] = set()
        yield Output((), f'{self.root}."Id"', COUNT, hidden="id")
        for column, position in self.selected():
            if column.names in seen:
                self.refuse("INVALID_FIELD", f"duplicate field selected: {'.'.join(column.names)}", position)
            yield from self.links(column.names[:-1], seen)
            seen.add(column.names)
            yield Output(column.names, column.sql, column.field)

    def links(self, path: tuple[str, ...], seen: set[tuple[str, ...]]) -> Iterator[Output]:
        """The hidden id and type of each related record on the way to a field, once."""
        for length in range(1, len(path) + 1):
            prefix = path[:length]
            if (*prefix, "") not in seen:
                seen.add((*prefix, ""))
                sources = self.joins[prefix]
                yield Output(prefix, _coalesce([f'{alias}."Id"' for alias, _ in sources]), COUNT, hidden="id")
                yield Output(prefix, _type_of(sources), POLYMORPHIC_TYPE, hidden="type")

    def selected(self) -> Iterator[tuple[_Column, int]]:
        for item in self.query.select:
            if isinstance(item, soql.FieldGroup):
                yield from (
                    (self.column(soql.Path((each.name,), item.position)), item.position)
                    for each in self.field_group(item)
                )
            elif isinstance(item, soql.Path):
                yield self.column(item), item.position
            else:
                kind = item.kind if isinstance(item, soql.Subquery) else "aggregate"
                self.refuse(
                    "MALFORMED_QUERY",
                    f"the local stand-in does not answer {kind} in the field list",
                    item.position,
                )

    def field_group(self, item: soql.FieldGroup) -> list[Field]:
        fields = list(self.sobject.fields)
        if item.group not in {"ALL", "STANDARD", "CUSTOM"}:
            self.refuse("MALFORMED_QUERY", f"unexpected token: '{item.group}'", item.position)
        if item.group != "STANDARD" and (self.query.limit is None or self.query.limit > MOST_FIELDS_ROWS):
            message = f"The SOQL FIELDS function must have a LIMIT of at most {MOST_FIELDS_ROWS}"
            self.refuse("MALFORMED_QUERY", message, item.position)
        return [each for each in fields if item.group == "ALL" or each.custom == (item.group == "CUSTOM")]

    def aggregates(self) -> Iterator[Output]:
        grouped = {self.column(each).names for each in self.query.group}
        unnamed = 0
        for item in self.query.select:
            if isinstance(item, soql.Aggregate):
                name = item.alias or f"expr{unnamed}"
                unnamed += item.alias is None
                sql, field = self.aggregate(item)
                yield Output((name,), sql, field)
            elif isinstance(item, soql.Path):
                column = self.column(item)
                if column.names not in grouped:
                    message = f"Field must be grouped or aggregated: {'.'.join(column.names)}"
                    self.refuse("MALFORMED_QUERY", message, item.position)
                yield Output((item.alias or column.names[-1],), column.sql, column.field)
            else:
                self.refuse("MALFORMED_QUERY", "Field list must not be used with aggregates", item.position)

    def aggregate(self, item: soql.Aggregate) -> tuple[str, Field]:
        if item.path is None:
            return "count(*)", COUNT
        column = self.column(item.path)
        field = column.field
        if not field.aggregatable or (item.function in {"SUM", "AVG"} and field.type not in NUMBERS):
            message = f"field {field.name} does not support aggregate operator {item.function}"
            self.refuse("MALFORMED_QUERY", message, item.position)
        if item.function == "COUNT_DISTINCT":
            return f"count(DISTINCT {column.sql})", COUNT
        kind = COUNT if item.function == "COUNT" else AVERAGE if item.function == "AVG" else field
        return f"{item.function.lower()}({column.sql})", kind

    def grouped(self, path: soql.Path) -> _Column:
        column = self.column(path)
        if not column.field.groupable:
            self.refuse(
                "INVALID_FIELD",
                f"field '{column.field.name}' can not be grouped in a query call",
                path.position,
            )
        return column

    def ordering(self, item: soql.Ordering) -> str:
        if isinstance(item.item, soql.Aggregate):
            sql = self.aggregate(item.item)[0]
        else:
            column = self.column(item.item)
            if not column.field.sortable:
                message = f"field '{column.field.name}' can not be sorted in a query call"
                self.refuse("INVALID_FIELD", message, item.item.position)
            sql = _folded(column)
        return f"{sql} {'DESC' if item.descending else 'ASC'} NULLS {'FIRST' if item.nulls_first else 'LAST'}"

    # Fields and relationships.

    def column(self, path: soql.Path) -> _Column:
        """Find the field at the end of a path, joining what lies on the way."""
        *relationships, name = path.parts
        if relationships and relationships[0].lower() == self.sobject.name.lower():
            del relationships[0]
        sources, names = [(self.root, self.sobject)], ()
        for relationship in relationships:
            sources, names = self.follow(sources, names, relationship, path.position)
        return self.end(sources, (*names, name), path.position)

    def follow(
        self, sources: list[tuple[str, Sobject]], names: tuple[str, ...], relationship: str, position: int
    ) -> tuple[list[tuple[str, Sobject]], tuple[str, ...]]:
        alias, sobject = sources[0]
        reference = sobject.through(relationship) if len(sources) == 1 else None
        targets = (
            [target for name in reference.refers_to if (target := self.org.find(name))] if reference else []
        )
        if reference is None or not targets:
            message = (
                f"Didn't understand relationship '{relationship}' in field path. If you are attempting to use a custom "
                "relationship, be sure to append the '__r' after the custom relationship name. Please reference your "
                "WSDL or the describe call for the appropriate names."
            )
            self.refuse("INVALID_FIELD", message, position)
        names = (*names, reference.relationship or relationship)
        if names not in self.joins:
            self.joins[names] = [self.join(f'{alias}."{reference.name}"', target) for target in targets]
        return self.joins[names], names

    def join(self, reference: str, target: Sobject) -> tuple[str, Sobject]:
        alias = f"{self.depth}t{len(self.join_sql) + 1}"
        self.join_sql.append(f'LEFT JOIN org."{target.name}" AS {alias} ON {alias}."Id" = {reference}')
        return alias, target

    def end(self, sources: list[tuple[str, Sobject]], names: tuple[str, ...], position: int) -> _Column:
        name = names[-1]
        if len(sources) > 1:
            return self.polymorphic(sources, names, position)
        alias, sobject = sources[0]
        field = sobject.find(name) or self.no_such_column(name, sobject.name, position)
        sql = _address(field, alias) if field.is_compound else f'{alias}."{field.name}"'
        return _Column((*names[:-1], field.name), sql, field)

    def polymorphic(
        self, sources: list[tuple[str, Sobject]], names: tuple[str, ...], position: int
    ) -> _Column:
        """A field of the object "Name", which stands for whatever a reference like WhoId or OwnerId points to."""
        name = names[-1]
        if name.lower() == "type":
            return _Column((*names[:-1], "Type"), _type_of(sources), POLYMORPHIC_TYPE)
        found = [
            (alias, field)
            for alias, sobject in sources
            if (field := sobject.find(sobject.name_field if name.lower() == "name" else name))
            and not field.is_compound
        ]
        if not found:
            self.no_such_column(name, "Name", position)
        shown = "Name" if name.lower() == "name" else found[0][1].name
        return _Column(
            (*names[:-1], shown),
            _coalesce([f'{alias}."{field.name}"' for alias, field in found]),
            found[0][1],
        )

    def no_such_column(self, name: str, entity: str, position: int) -> NoReturn:
        message = (
            f"No such column '{name}' on entity '{entity}'. If you are attempting to use a custom field, be sure to append "
            "the '__c' after the custom field name. Please reference your WSDL or the describe call for the appropriate "
            "names."
        )
        self.refuse("INVALID_FIELD", message, position)

    # Conditions. SOQL knows true and false only: what compares with null is false, and NOT of it true.

    def condition(self, condition: soql.Condition) -> str:
        if isinstance(condition, soql.Comparison):
            return self.comparison(condition)
        if condition.operator == "NOT":
            return f"(NOT coalesce({self.condition(condition.terms[0])}, false))"
        return f"({f' {condition.operator} '.join(self.condition(each) for each in condition.terms)})"

    def comparison(self, comparison: soql.Comparison) -> str:
        column = self.left_side(comparison.left)
        value, operator = comparison.value, comparison.operator
        if isinstance(value, soql.Query):
            return self.semi_join(column, operator, value, comparison.left.position)
        if isinstance(value, tuple):
            return self.choice(column, operator, value)
        if operator == "LIKE":
            return self.like(column, value)
        if value.kind == "null" or value.text == "''":
            return {"=": f"{column.sql} IS NULL", "!=": f"{column.sql} IS NOT NULL"}.get(operator, "false")
        if value.kind == "relative":
            return self.relative(column, operator, value)
        return self.plain(column, operator, value)

    def left_side(self, left: soql.Path | soql.Aggregate) -> _Column:
        if isinstance(left, soql.Aggregate):
            sql, field = self.aggregate(left)
            return _Column((left.function,), sql, field)
        column = self.column(left)
        if not column.field.filterable or column.field.is_compound:
            self.refuse(
                "INVALID_FIELD",
                f"field '{column.field.name}' can not be filtered in a query call",
                left.position,
            )
        return column

    def plain(self, column: _Column, operator: str, value: soql.Literal) -> str:
        if column.field.type in IDS and operator in {"=", "!="}:
            return self.choice(column, "IN" if operator == "=" else "NOT IN", (value,))
        right = self.bind(self.value(column.field, value))
        left, right = (_folded(column), f"lower({right})") if _is_text(column.field) else (column.sql, right)
        return f"{left} {'IS DISTINCT FROM' if operator == '!=' else operator} {right}"

    def choice(self, column: _Column, operator: str, values: tuple[soql.Literal, ...]) -> str:
        if operator in {"INCLUDES", "EXCLUDES"}:
            return self.includes(column, operator, values)
        known = [self.value(column.field, each) for each in values if each.kind != "null"]
        if column.field.type in IDS:
            known = [spelling for each in known for spelling in spellings(each)]
        elif _is_text(column.field):
            known = [each.lower() for each in known]
        tests = [f"{_folded(column)} IN ({', '.join(self.bind(each) for each in known)})"] if known else []
        tests += (
            [f"{column.sql} IS NULL"]
            if len(known) < len(values) and any(each.kind == "null" for each in values)
            else []
        )
        found = f"({' OR '.join(tests)})"
        return found if operator == "IN" else f"(NOT coalesce({found}, false))"

    def includes(self, column: _Column, operator: str, values: tuple[soql.Literal, ...]) -> str:
        if column.field.type != "multipicklist":
            self.refuse(
                "INVALID_FIELD", f"{operator} is only supported on multi-select picklists", values[0].position
            )
        chosen = f"string_split({column.sql}, ';')"
        tests = [
            " AND ".join(
                f"list_contains({chosen}, {self.bind(part)})"
                for part in self.value(column.field, each).split(";")
            )
            for each in values
        ]
        found = f"({' OR '.join(f'({each})' for each in tests)})"
        return found if operator == "INCLUDES" else f"(NOT coalesce({found}, false))"

    def like(self, column: _Column, value: soql.Literal) -> str:
        if not _is_text(column.field):
            message = f"invalid operator on {column.field.type} field"
            self.refuse("INVALID_QUERY_FILTER_OPERATOR", message, value.position)
        if value.kind != "string":
            self.refuse("MALFORMED_QUERY", f"unexpected token: '{value.text}'", value.position)
        return f"{column.sql} ILIKE {self.bind(soql.like_pattern(value.text))} ESCAPE '\\'"

    def relative(self, column: _Column, operator: str, value: soql.Literal) -> str:
        self.check_kind(column.field, value)
        days = day_range(value.text, self.now.date())
        if days is None:
            self.refuse("MALFORMED_QUERY", f"unexpected token: '{value.text}'", value.position)
        bounds: list[date] = list(days)
        if column.field.type == "datetime":
            bounds = [datetime.combine(each, time()) for each in days]
        if operator in {"<", ">="}:
            return f"{column.sql} {operator} {self.bind(bounds[0])}"
        if operator in {"<=", ">"}:
            return f"{column.sql} {'<' if operator == '<=' else '>='} {self.bind(bounds[1])}"
        inside = f"({column.sql} >= {self.bind(bounds[0])} AND {column.sql} < {self.bind(bounds[1])})"
        return inside if operator == "=" else f"(NOT coalesce({inside}, false))"

    def semi_join(self, column: _Column, operator: str, inner: soql.Query, position: int) -> str:
        if column.field.type not in IDS or operator not in {"IN", "NOT IN"}:
            self.refuse(
                "MALFORMED_QUERY",
                "Semi join sub-selects are only allowed on id and reference fields",
                position,
            )
        translation = _Translation(
            inner, self.org, self.deleted, self.now, depth=f"{self.depth}s{len(self.parameters)}_"
        )
        statement = translation.statement()
        self.parameters += statement.parameters
        shown = [each for each in statement.outputs if each.hidden is None]
        if len(shown) != 1 or shown[0].field.type not in IDS:
            self.refuse(
                "MALFORMED_QUERY",
                "A semi join sub-select must select exactly one id or reference field",
                position,
            )
        found = f"{column.sql} IN ({statement.select(shown[0].sql)})"
        return found if operator == "IN" else f"(NOT coalesce({found}, false))"

    def value(self, field: Field, literal: soql.Literal) -> Any:
        """The Python value of a literal that must suit a field."""
        self.check_kind(field, literal)
        if literal.kind == "string":
            return soql.string_value(literal.text)
        if literal.kind == "boolean":
            return literal.text == "true"
        if literal.kind == "number":
            return float(literal.text)
        try:
            return _moment(literal.text) if literal.kind == "datetime" else date.fromisoformat(literal.text)
        except ValueError:
            self.refuse("MALFORMED_QUERY", f"Invalid date: {literal.text}", literal.position)

    def check_kind(self, field: Field, literal: soql.Literal) -> None:
        kinds, name = ACCEPTED.get(field.type, ({"string"}, "string"))
        if literal.kind not in kinds:
            quotes = (
                "should be enclosed in quotes" if name == "string" else "should not be enclosed in quotes"
            )
            message = (
                f"value of filter criterion for field '{field.name}' must be of type {name} and {quotes}"
            )
            self.refuse("INVALID_FIELD", message, literal.position)

    def bind(self, value: Any) -> str:
        self.parameters.append(value)
        return "?"

    def refuse(self, code: str, message: str, position: int) -> NoReturn:
        raise query_error(code, message, self.query.text, position)


def refuse_in_bulk(query: soql.Query, statement: Statement) -> None:
    """Refuse what REST answers and Bulk API 2.0 does not.

    Raises:
        ApiError: API_ERROR, INVALIDENTITY or MALFORMED_QUERY.

    """
    if not statement.sobject.bulk:
        raise ApiError(
            "INVALIDENTITY", f"Entity '{statement.sobject.name}' is not supported by the Bulk API."
        )
    if statement.aggregated or query.having:
        raise ApiError("API_ERROR", "Aggregate functions and GROUP BY not supported in Bulk V2 Query")
    if query.offset:
        raise ApiError("API_ERROR", "OFFSET not supported in Bulk V2 Query")
    if any(isinstance(each, soql.FieldGroup) and each.group != "STANDARD" for each in query.select):
        message = "The SOQL FIELDS function is not supported with an unbounded set of fields in this API"
        raise ApiError("MALFORMED_QUERY", message)
    if any(each.field.is_compound for each in statement.outputs):
        raise ApiError("API_ERROR", "Selecting compound data not supported in Bulk Query")


def refuse_subqueries_in_bulk(query: soql.Query) -> None:
    """Refuse a parent-to-child query and TYPEOF before anything else is looked at.

    Raises:
        ApiError: API_ERROR.

    """
    for item in query.select:
        if isinstance(item, soql.Subquery):
            inner = "Aggregate Relationships" if item.kind == "SELECT" else item.kind
            raise ApiError("API_ERROR", f"{inner} not supported in Bulk V2 Query with CSV content type")


def _is_text(field: Field) -> bool:
    return field.type not in ACCEPTED and field.type not in IDS


def _folded(column: _Column) -> str:
    """The side of a comparison: Salesforce compares text without regard to case, ids with it."""
    return f"lower({column.sql})" if _is_text(column.field) else column.sql


def _coalesce(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"coalesce({', '.join(parts)})"


def _type_of(sources: list[tuple[str, Sobject]]) -> str:
    cases = " ".join(f"WHEN {alias}.\"Id\" IS NOT NULL THEN '{sobject.name}'" for alias, sobject in sources)
    return f"CASE {cases} END"


def _address(field: Field, alias: str) -> str:
    """The compound value, null when every component is."""
    stem = field.name.removesuffix("Address")
    columns = {part: f'{alias}."{stem}{part}"' for part, _ in ADDRESS_PARTS}
    empty = " AND ".join(f"{each} IS NULL" for each in columns.values())
    packed = ", ".join(f"{part[0].lower()}{part[1:]} := {columns[part]}" for part in sorted(columns))
    return f"CASE WHEN {empty} THEN NULL ELSE struct_pack({packed}) END"


def _moment(text: str) -> datetime:
    """A dateTime literal as UTC without a zone, which is how datetimes are kept."""
    return datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None)
