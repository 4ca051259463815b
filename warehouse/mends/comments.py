"""Comments on relations and columns that persist and can be read back.

Upstream drops column comments, keeps those of tables in memory, and fails on an apostrophe and on dbt's statement
that comments many columns at once. DuckDB has comments of its own, stored with the table and gone with it as in
Snowflake; here every comment becomes one of those. `catalog_views` makes the information schema show them.

Can go when fakesnow keeps comments of columns, tables and views in DuckDB.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlglot
from fakesnow.transforms import SUCCESS_NOP
from sqlglot import Expr, Token, TokenType, exp

from warehouse.mends.upstream import Cursor

STRINGS = {TokenType.STRING, TokenType.RAW_STRING, TokenType.HEREDOC_STRING}


@dataclass(frozen=True, slots=True)
class Comment:
    """One comment: `kind` is TABLE, VIEW or COLUMN, `name` a table or column with its qualifiers."""

    kind: str
    name: Expr
    text: str

    def sql(self) -> str:
        """Give DuckDB's statement; an empty text removes the comment."""
        name = self.name.transform(_upper_unquoted).sql(dialect="duckdb")
        text = exp.Literal.string(self.text).sql(dialect="duckdb") if self.text else "NULL"
        return f"COMMENT ON {self.kind} {name} IS {text}"


class Comments(Cursor):
    """Takes the comments out of a statement and stores them once it has run."""

    def _transform(self, expression: Expr, params: Any) -> Expr:
        comments = list(take_comments(expression))
        only_comments = comments and not isinstance(expression, exp.Create)
        transformed = super()._transform(SUCCESS_NOP.copy() if only_comments else expression, params)
        if comments:
            transformed.args["comments"] = comments
        return transformed

    def _execute(self, transformed: Expr, params: Any = None) -> None:
        super()._execute(transformed, params)
        for comment in transformed.args.get("comments", ()):
            self._duck_conn.execute(comment.sql())


def take_comments(statement: Expr) -> Iterator[Comment]:
    """Yield the statement's comments; those inside a CREATE are removed from it."""
    if isinstance(statement, exp.Create) and statement.kind in {"TABLE", "VIEW"}:
        yield from _of_create(statement)
    elif isinstance(statement, exp.Comment):
        yield Comment(statement.args["kind"].upper(), statement.this, statement.expression.name)
    elif isinstance(statement, exp.Alter):
        yield from _of_alter(statement)
    elif isinstance(statement, exp.Command) and str(statement.this).upper() == "ALTER":
        yield from _of_alter_text(str(statement.expression))


def _of_create(create: exp.Create) -> Iterator[Comment]:
    table = create.find(exp.Table)
    properties = create.args.get("properties")
    if table is None:
        return
    for comment in list(properties.find_all(exp.SchemaCommentProperty)) if properties else []:
        yield Comment(str(create.kind), table, comment.this.name)
        comment.pop()
    columns = create.this.expressions if isinstance(create.this, exp.Schema) else []
    for column in columns:
        for constraint in list(column.args.get("constraints") or []):
            if isinstance(constraint.kind, exp.CommentColumnConstraint):
                yield Comment("COLUMN", _column(table, column.this), constraint.kind.this.name)
                constraint.pop()


def _of_alter(alter: exp.Alter) -> Iterator[Comment]:
    for action in alter.args.get("actions") or []:
        if isinstance(action, exp.AlterColumn) and (text := action.args.get("comment")):
            yield Comment("COLUMN", _column(alter.this, action.this), text.name)
        elif isinstance(action, exp.AlterSet) and (comment := action.find(exp.SchemaCommentProperty)):
            yield Comment(str(alter.args["kind"]), alter.this, comment.this.name)


def _of_alter_text(text: str) -> Iterator[Comment]:
    """Read `table t alter a comment 'x', b comment 'y'`, which sqlglot leaves unparsed."""
    tokens = sqlglot.tokenize(text, read="snowflake")
    alter = next((i for i, token in enumerate(tokens) if token.token_type == TokenType.ALTER), None)
    if alter is None or not tokens or tokens[0].text.upper() not in {"TABLE", "VIEW"}:
        return
    table = exp.maybe_parse(
        text[tokens[0].end + 1 : tokens[alter].start], into=exp.Table, dialect="snowflake"
    )
    for name, word, value in zip(tokens[alter:], tokens[alter + 1 :], tokens[alter + 2 :], strict=False):
        if word.text.upper() == "COMMENT" and value.token_type in STRINGS:
            yield Comment("COLUMN", _column(table, _identifier(name)), value.text)


def _identifier(token: Token) -> exp.Identifier:
    return exp.to_identifier(token.text, quoted=token.token_type == TokenType.IDENTIFIER)


def _column(table: Expr, name: Expr) -> Expr:
    return exp.Dot.build([*(part.copy() for part in table.parts), name.copy()])  # type: ignore[attr-defined]


def _upper_unquoted(node: Expr) -> Expr:
    if isinstance(node, exp.Identifier) and not node.quoted:
        return exp.to_identifier(node.name.upper(), quoted=True)
    return node
