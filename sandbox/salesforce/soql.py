"""SOQL: from text to a tree. What the tree means for this org is decided in translate.py."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import NoReturn, TypeAlias, TypeVar

from sandbox.salesforce.errors import query_error

Item = TypeVar("Item")

AGGREGATES = frozenset({"COUNT", "COUNT_DISTINCT", "SUM", "AVG", "MIN", "MAX"})
CLAUSES = frozenset(
    {
        "FROM",
        "WHERE",
        "GROUP",
        "HAVING",
        "ORDER",
        "LIMIT",
        "OFFSET",
        "AND",
        "OR",
        "NOT",
        "USING",
        "WITH",
        "FOR",
    }
)
TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<string>'(?:[^'\\]|\\.)*')
    |(?P<datetime>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))
    |(?P<date>\d{4}-\d\d-\d\d(?![\dT]))
    |(?P<number>[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
    |(?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)
    |(?P<symbol><=|>=|!=|<>|[=<>(),*:])""",
    re.VERBOSE | re.DOTALL,
)
ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", '"': '"', "'": "'", "\\": "\\"}
OPERATORS = {"=": "=", "!=": "!=", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}


@dataclass(frozen=True, slots=True)
class Token:
    """One word of the query; `kind` is a group of TOKEN or "end"."""

    kind: str
    text: str
    position: int

    @property
    def keyword(self) -> str:
        return self.text.upper() if self.kind == "name" else ""


@dataclass(frozen=True, slots=True)
class Path:
    """A field, perhaps through relationships: ("Account", "Owner", "Name")."""

    parts: tuple[str, ...]
    position: int
    alias: str | None = None


@dataclass(frozen=True, slots=True)
class Aggregate:
    """COUNT(), COUNT(Id), SUM(Amount) total: `path` is None for COUNT() alone."""

    function: str
    path: Path | None
    position: int
    alias: str | None = None


@dataclass(frozen=True, slots=True)
class FieldGroup:
    """FIELDS(ALL), FIELDS(STANDARD) or FIELDS(CUSTOM)."""

    group: str
    position: int


@dataclass(frozen=True, slots=True)
class Subquery:
    """A parent-to-child query in the select list, or TYPEOF: known, and refused where Salesforce refuses it."""

    kind: str
    position: int


@dataclass(frozen=True, slots=True)
class Literal:
    """A value as written; `kind` is string, number, boolean, null, date, datetime or relative (LAST_N_DAYS:3)."""

    kind: str
    text: str
    position: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """`left operator value`; the value of IN, NOT IN, INCLUDES and EXCLUDES is a tuple or an inner query."""

    left: "Path | Aggregate"
    operator: str
    value: "Literal | tuple[Literal, ...] | Query"


@dataclass(frozen=True, slots=True)
class Junction:
    """AND, OR over its terms, or NOT over its one term."""

    operator: str
    terms: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Ordering:
    """One item of ORDER BY. Null values come first unless NULLS LAST is written."""

    item: "Path | Aggregate"
    descending: bool
    nulls_first: bool


Selected: TypeAlias = Path | Aggregate | FieldGroup | Subquery
Condition: TypeAlias = Comparison | Junction


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query and its text, which error messages quote."""

    text: str
    select: tuple[Selected, ...]
    entity: Token
    where: Condition | None = None
    group: tuple[Path, ...] = ()
    having: Condition | None = None
    order: tuple[Ordering, ...] = ()
    limit: int | None = None
    offset: Token | None = None

    @property
    def is_count(self) -> bool:
        """Whether this is SELECT COUNT() FROM …, whose answer is totalSize alone."""
        return isinstance(self.select[0], Aggregate) and self.select[0].path is None


def parse(text: str) -> Query:
    """Parse one query.

    Raises:
        ApiError: MALFORMED_QUERY, pointing at the first word that cannot stand where it stands.

    """
    return _Parser(text).query()


def string_value(literal: str) -> str:
    """Give the text that a quoted literal stands for."""
    return re.sub(r"\\(.)", lambda found: ESCAPES.get(found[1], found[0]), literal[1:-1], flags=re.DOTALL)


def quoted(text: str) -> str:
    """Write a text as a literal: the reverse of `string_value`."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def like_pattern(literal: str) -> str:
    r"""Give the pattern of LIKE for SQL with ESCAPE '\': wildcards stay, an escaped backslash stays escaped."""
    kept = {"\\": "\\\\", "_": "\\_", "%": "\\%"}
    return re.sub(
        r"\\(.)",
        lambda found: kept.get(found[1]) or ESCAPES.get(found[1], found[0]),
        literal[1:-1],
        flags=re.DOTALL,
    )


def _tokens(text: str) -> Iterator[Token]:
    position = 0
    while position < len(text):
        match = TOKEN.match(text, position)
        if match is None:
            raise query_error("MALFORMED_QUERY", f"unexpected character: '{text[position]}'", text, position)
        kind = match.lastgroup or ""
        if kind != "space":
            yield Token(kind, match[0], position)
        position = match.end()
    yield Token("end", "<EOF>", len(text))


class _Parser:
    """Recursive descent over the tokens: one method for each clause."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = list(_tokens(text))
        self.at = 0
        # A plain field takes an alias only in a grouped query; elsewhere the next word is a mistake.
        self.grouped = any(token.keyword == "GROUP" for token in self.tokens)

    def query(self) -> Query:
        """Parse a whole text: nothing may follow."""
        query = self.statement()
        if self.token.kind != "end":
            self.unexpected()
        return query

    def statement(self) -> Query:
        self.expect("SELECT")
        select = tuple(self.separated(self.selected))
        self.expect("FROM")
        entity = self.take("name")
        where = self.condition() if self.accept("WHERE") else None
        group = tuple(self.separated(self.path)) if self.accept("GROUP", "BY") else ()
        having = self.condition() if self.accept("HAVING") else None
        order = tuple(self.separated(self.ordering)) if self.accept("ORDER", "BY") else ()
        limit = int(self.whole_number().text) if self.accept("LIMIT") else None
        offset = self.whole_number() if self.accept("OFFSET") else None
        return Query(self.text, select, entity, where, group, having, order, limit, offset)

    def selected(self) -> Selected:
        position = self.token.position
        if self.token.text == "(":
            return self.inner_query(position)
        if self.token.keyword == "TYPEOF":
            self.skip_until("END")
            return Subquery("TYPEOF", position)
        if self.token.keyword == "FIELDS" and self.following.text == "(":
            self.at += 2
            group = self.take("name").keyword
            self.symbol(")")
            return FieldGroup(group, position)
        if self.following.text == "(":
            return replace(self.aggregate(), alias=self.alias())
        path = self.path()
        return Path(path.parts, path.position, self.alias() if self.grouped else None)

    def inner_query(self, position: int) -> Subquery:
        self.symbol("(")
        self.statement()
        self.symbol(")")
        return Subquery("SELECT", position)

    def aggregate(self) -> Aggregate:
        name = self.take("name")
        if name.keyword not in AGGREGATES:
            raise query_error("MALFORMED_QUERY", f"unexpected token: '{name.text}'", self.text, name.position)
        self.symbol("(")
        path = None if name.keyword == "COUNT" and self.token.text == ")" else self.path()
        self.symbol(")")
        return Aggregate(name.keyword, path, name.position)

    def alias(self) -> str | None:
        if self.token.kind == "name" and self.token.keyword not in CLAUSES and "." not in self.token.text:
            return self.take("name").text
        return None

    def path(self) -> Path:
        name = self.take("name")
        return Path(tuple(name.text.split(".")), name.position)

    def condition(self) -> Condition:
        """Terms joined by AND or by OR; Salesforce wants parentheses to mix the two."""
        terms = [self.term()]
        operator = self.token.keyword
        while operator in {"AND", "OR"} and self.accept(operator):
            terms.append(self.term())
        if self.token.keyword in {"AND", "OR"}:
            self.unexpected()
        return Junction(operator, tuple(terms)) if len(terms) > 1 else terms[0]

    def term(self) -> Condition:
        if self.accept("NOT"):
            return Junction("NOT", (self.term(),))
        if self.token.text == "(":
            self.symbol("(")
            inside = self.condition()
            self.symbol(")")
            return inside
        left = self.aggregate() if self.following.text == "(" else self.path()
        return self.comparison(left)

    def comparison(self, left: Path | Aggregate) -> Comparison:
        if self.accept("NOT", "IN"):
            return Comparison(left, "NOT IN", self.choices())
        for word in ("IN", "INCLUDES", "EXCLUDES"):
            if self.accept(word):
                return Comparison(left, word, self.choices())
        if self.accept("LIKE"):
            return Comparison(left, "LIKE", self.literal())
        if self.token.text not in OPERATORS:
            self.unexpected()
        operator = OPERATORS[self.take("symbol").text]
        return Comparison(left, operator, self.literal())

    def choices(self) -> tuple[Literal, ...] | Query:
        self.symbol("(")
        values = self.statement() if self.token.keyword == "SELECT" else tuple(self.separated(self.literal))
        self.symbol(")")
        return values

    def literal(self) -> Literal:
        token = self.token
        if token.kind in {"string", "number", "date", "datetime"}:
            self.at += 1
            return Literal(token.kind, token.text, token.position)
        if token.kind != "name" or "." in token.text:
            self.unexpected()
        self.at += 1
        if token.keyword in {"TRUE", "FALSE"}:
            return Literal("boolean", token.keyword.lower(), token.position)
        if token.keyword == "NULL":
            return Literal("null", "null", token.position)
        count = ""
        if self.token.text == ":":
            self.symbol(":")
            count = f":{self.whole_number().text}"
        return Literal("relative", token.keyword + count, token.position)

    def ordering(self) -> Ordering:
        item = self.aggregate() if self.following.text == "(" else self.path()
        descending = self.accept("DESC")
        if not descending:
            self.accept("ASC")
        nulls_last = False
        if self.accept("NULLS"):
            nulls_last = self.accept("LAST")
            if not nulls_last:
                self.expect("FIRST")
        return Ordering(item, descending, not nulls_last)

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    @property
    def following(self) -> Token:
        return self.tokens[min(self.at + 1, len(self.tokens) - 1)]

    def separated(self, one: Callable[[], Item]) -> Iterator[Item]:
        yield one()
        while self.token.text == ",":
            self.at += 1
            yield one()

    def accept(self, *keywords: str) -> bool:
        """Step over these keywords if all of them come next."""
        following = self.tokens[self.at : self.at + len(keywords)]
        found = [token.keyword for token in following] == list(keywords)
        self.at += len(keywords) if found else 0
        return found

    def expect(self, keyword: str) -> None:
        if not self.accept(keyword):
            self.unexpected()

    def symbol(self, text: str) -> None:
        if self.token.text != text:
            self.unexpected()
        self.at += 1

    def take(self, kind: str) -> Token:
        token = self.token
        if token.kind != kind:
            self.unexpected()
        self.at += 1
        return token

    def whole_number(self) -> Token:
        if not self.token.text.isdigit():
            self.unexpected()
        return self.take("number")

    def skip_until(self, keyword: str) -> None:
        while not self.accept(keyword):
            if self.token.kind == "end":
                self.unexpected()
            self.at += 1

    def unexpected(self) -> NoReturn:
        token = self.token
        raise query_error("MALFORMED_QUERY", f"unexpected token: '{token.text}'", self.text, token.position)
