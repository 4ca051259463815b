"""`insert … values` of many literal rows in less than half the time.

Upstream walks through a statement some seventy times. The connector's `executemany` writes a thousand rows into one
statement; literals have nothing to translate, so they sit the walks out.

Can go when fakesnow translates a statement in one pass.
"""

from typing import Any

from sqlglot import Expr, exp

from warehouse.mends.upstream import Cursor

PLAIN = (exp.Values, exp.Tuple, exp.Literal, exp.Null, exp.Boolean, exp.Neg)
ROWS_WORTH_IT = 10


class LiteralRows(Cursor):
    """Takes the rows out of an INSERT while it is translated."""

    def _transform(self, expression: Expr, params: Any) -> Expr:
        rows = expression.expression if isinstance(expression, exp.Insert) else None
        if not isinstance(rows, exp.Values) or len(rows.expressions) < ROWS_WORTH_IT or not _is_plain(rows):
            return super()._transform(expression, params)
        expression.set("expression", exp.Values(expressions=[exp.Tuple(expressions=[exp.null()])]))
        transformed = super()._transform(expression, params)
        transformed.set("expression", rows)
        return transformed


def _is_plain(rows: exp.Values) -> bool:
    return all(isinstance(node, PLAIN) for node in rows.walk())
