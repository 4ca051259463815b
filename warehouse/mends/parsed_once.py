"""A statement is parsed once.

Upstream's endpoint parses it to learn its kind, and the cursor parses it again to execute it.

Can go when fakesnow's endpoint hands the parsed statement over.
"""

from collections.abc import Callable
from contextvars import ContextVar

import fakesnow.cursor
import fakesnow.server
from sqlglot import Expr

_parse: Callable[[str], Expr] = fakesnow.server.parse_one
# What the request at hand has parsed: text and tree, until the cursor takes it. The thread that executes shares the list.
_parsed: ContextVar[list[tuple[str, Expr]] | None] = ContextVar("parsed", default=None)


def parse(command: str) -> Expr:
    """Parse a statement and keep the tree for the cursor, who may change it."""
    tree = _parse(command)
    _parsed.set([(command, tree)])
    return tree


def taken(command: str) -> Expr:
    """Give the tree that the endpoint has parsed of this very text, once; else parse it."""
    kept = _parsed.get()
    if kept and kept[0][0] == command:
        return kept.pop()[1]
    return _parse(command)


def install() -> None:
    """Put both in upstream's place."""
    fakesnow.server.parse_one = parse
    fakesnow.cursor.parse_one = taken
