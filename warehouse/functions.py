"""The functions that a model may call.

The embedded warehouse also runs functions that only DuckDB has, so a model that passes there may still fail in an
account. `snowflake_functions.yml` lists what Snowflake documents.
"""

from functools import cache
from importlib.resources import files
from itertools import pairwise

import yaml
from sqlglot import TokenType, exp
from sqlglot.dialects.snowflake import Snowflake
from sqlglot.parsers.snowflake import SnowflakeParser

# Names of things, which may stand before a parenthesis too: insert into t (a)
NO_CALL = (exp.Identifier, exp.Column, exp.Table, exp.DataType)
# Calls whose place sqlglot does not keep: trim(both from a), and if, which may also be written without parentheses
OWN_GRAMMAR = {*SnowflakeParser.FUNCTION_PARSERS, "IF"}


def unknown_functions(sql: str) -> set[str]:
    """Give the functions that `sql` (one or more statements) calls and Snowflake does not have, in upper case.

    Raises:
        sqlglot.errors.ParseError: `sql` is no Snowflake SQL.
    """
    return called_functions(sql) - known_functions()


def called_functions(sql: str) -> set[str]:
    """Give the names of all functions called in `sql`, as written, in upper case.

    sqlglot keeps what a call means and where it began; the name that was written is the token there.
    """
    dialect = Snowflake()
    tokens = dialect.tokenize(sql)
    nodes = [node for tree in dialect.parser().parse(tokens, sql) if tree for node in tree.walk()]
    begun = {node.meta["start"] for node in nodes if "start" in node.meta and not isinstance(node, NO_CALL)}
    names = {
        name.text.upper()
        for name, following in pairwise(tokens)
        if following.token_type == TokenType.L_PAREN
        and (name.start in begun or name.text.upper() in OWN_GRAMMAR)
    }
    return names | {"UNNEST" for node in nodes if isinstance(node, exp.Unnest)}


@cache
def known_functions() -> frozenset[str]:
    """Give the names on the list."""
    text = files("warehouse").joinpath("snowflake_functions.yml").read_text(encoding="utf-8")
    return frozenset(name for names in yaml.safe_load(text).values() for name in names.split())
