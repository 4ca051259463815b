"""The functions that a model may call.

The embedded warehouse also runs functions that only DuckDB has, so a model that passes there may still fail in an
account. `snowflake_functions.yml` lists what Snowflake documents.
"""

from functools import cache
from importlib.resources import files
from typing import Any

import yaml
from sqlglot import Expr, TokenType, exp
from sqlglot.dialects.snowflake import Snowflake
from sqlglot.parsers.snowflake import SnowflakeParser

CALLED = "called"


def unknown_functions(sql: str) -> set[str]:
    """Give the functions that `sql` (one or more statements) calls and Snowflake does not have, in upper case.

    Raises:
        sqlglot.errors.ParseError: `sql` is no Snowflake SQL.
    """
    return called_functions(sql) - known_functions()


def called_functions(sql: str) -> set[str]:
    """Give the names of all functions called in `sql`, as written, in upper case."""
    nodes = [node for statement in _Recorder().parse(sql) if statement for node in statement.walk()]
    unnested = {
        "UNNEST" for node in nodes if isinstance(node, exp.Unnest)
    }  # has a grammar of its own in sqlglot
    return unnested | {node.meta[CALLED] for node in nodes if CALLED in node.meta}


@cache
def known_functions() -> frozenset[str]:
    """Give the names on the list."""
    text = files("warehouse").joinpath("snowflake_functions.yml").read_text(encoding="utf-8")
    return frozenset(name for names in yaml.safe_load(text).values() for name in names.split())


class _Recorder(Snowflake):
    """Snowflake's dialect, noting on each call the name that was written; sqlglot keeps only what it means."""

    class Parser(SnowflakeParser):
        def _parse_function_call(self, *args: Any, **kwargs: Any) -> Expr | None:
            name, following = self._curr, self._next
            node = super()._parse_function_call(*args, **kwargs)
            if node is not None and following.token_type == TokenType.L_PAREN:
                node.meta[CALLED] = name.text.upper()
            return node
