"""Functions that are missing, or that give another result than Snowflake's.

A missing function is a DuckDB macro of the same name (`macros.sql`). A function that upstream translates wrongly is
turned into a macro of another name before upstream sees it:

- `trim(x, 'characters')` lost the characters; `try_to_timestamp(…)` failed instead of giving null;
- `to_varchar(column, 'format')` ignored the format; `"T"` and `Mon` in formats came out as text;
- `date_trunc` of a date gave a timestamp, `to_timestamp_ntz(text, format)` one with a zone;
- `hash` gave unsigned numbers, which no NUMBER of the connector can hold;
- `sum` of decimals was counted in floating point; a division by zero gave infinity;
- `array_to_string`, `array_contains`, `boolor`, `octet_length`, `typeof`, `regexp_replace` with flags,
  `flatten(…, outer => true)` and `split_to_table` failed or were wrong.

Each entry can go when upstream passes its case in tests/warehouse/test_functions.py.
"""

import re
from collections.abc import Callable
from importlib.resources import files
from typing import Any

from duckdb import DuckDBPyConnection
from sqlglot import Expr, exp

from warehouse.mends.upstream import Cursor

NUMERIC_AGGREGATES = (exp.Sum, exp.Avg, exp.Variance, exp.Stddev, exp.StddevSamp, exp.StddevPop, exp.Median)
CLOCK_TYPES = {exp.DataType.Type.TIMESTAMP, exp.DataType.Type.TIMESTAMPNTZ}

# Snowflake's format elements, longest first, and those of strftime.
TIME_FORMATS = {
    "YYYY": "%Y", "MMMM": "%B", "HH24": "%H", "HH12": "%I", "TZH:TZM": "%z", "TZHTZM": "%z",
    "MON": "%b", "FF0": "", "FF3": "%g", "FF6": "%f", "FF9": "%n",
    "YY": "%y", "MM": "%m", "DD": "%d", "DY": "%a", "AM": "%p", "PM": "%p", "MI": "%M", "SS": "%S", "FF": "%n",
}  # fmt: skip
TIME_ELEMENT = re.compile('"([^"]*)"|' + "|".join(map(re.escape, TIME_FORMATS)), re.IGNORECASE)
NUMBER_FORMAT = re.compile(r"FM([90,]+)(?:\.(0+))?", re.IGNORECASE)


def install(connection: DuckDBPyConnection) -> None:
    """Create the macros in the connection's current database."""
    for script in ("macros.sql", "cortex.sql"):
        connection.execute(files("warehouse.mends").joinpath(script).read_text(encoding="utf-8"))


class Functions(Cursor):
    """Replaces the functions named above before upstream translates the statement."""

    def _transform(self, expression: Expr, params: Any) -> Expr:
        sums = [
            node for node in expression.find_all(*NUMERIC_AGGREGATES) if not isinstance(node.this, exp.Cast)
        ]
        transformed = super()._transform(replace_functions(expression), params)
        for node in sums:
            _drop_cast_to_double(node)
        return transformed


def replace_functions(statement: Expr) -> Expr:
    """Give the statement with every function that has a replacement replaced, innermost first."""
    for node in reversed(list(statement.find_all(*REPLACEMENTS))):
        replace = REPLACEMENTS.get(type(node))
        if replace and (new := replace(node)) is not node:
            node.replace(new)
    return statement


def _macro(name: str, *arguments: Expr | str) -> exp.Anonymous:
    expressions = [exp.Literal.string(x) if isinstance(x, str) else x for x in arguments]
    return exp.Anonymous(this=name, expressions=expressions)


def _drop_cast_to_double(aggregate: Expr) -> None:
    cast = aggregate.this
    if isinstance(cast, exp.TryCast) and cast.to.this == exp.DataType.Type.DOUBLE:
        aggregate.set("this", cast.this)


def _trim(node: Expr) -> Expr:
    if not node.expression:
        return node
    name = {"LEADING": "_sf_ltrim", "TRAILING": "_sf_rtrim"}.get(node.text("position").upper(), "_sf_trim")
    return _macro(name, node.this, node.expression)


def _try_cast(node: Expr) -> Expr:
    to = node.args["to"].this
    if to in CLOCK_TYPES:
        return _macro("_sf_try_to_timestamp", node.this)
    if to == exp.DataType.Type.DATE:
        return exp.Coalesce(this=node.copy(), expressions=[_macro("_sf_try_to_date", node.this)])
    return node


def _text_to_time(node: Expr) -> Expr:
    _unquote_format(node)
    target = node.args.get("target_type")
    return _macro("_sf_clock_time", node.copy()) if target and target.this in CLOCK_TYPES else node


def _time_to_text(node: Expr) -> Expr:
    _unquote_format(node)
    return node


def _unquote_format(node: Expr) -> None:
    """Finish the format that sqlglot has translated in part: it knows neither "quoted" text nor Mon."""
    pattern = node.args["format"]
    if not pattern.is_string:
        return
    text = re.sub('"([^"]*)"', lambda quoted: quoted[1].replace("%", "%%"), pattern.name)
    node.set("format", exp.Literal.string(text.replace("Mon", "%b").replace("Dy", "%a")))


def _to_varchar(node: Expr) -> Expr:
    pattern = node.args.get("format")
    if pattern is None:
        return node
    if not pattern.is_string:
        raise NotImplementedError("TO_VARCHAR with a format that is no literal")
    if number := NUMBER_FORMAT.fullmatch(pattern.name):
        return _macro("_sf_number_text", node.this, _number_format(number[1], number[2] or ""))
    if not re.search("[YDHS]|MI|FF", pattern.name, re.IGNORECASE):
        raise NotImplementedError(f"TO_VARCHAR with the format {pattern.name}")
    return _macro("_sf_time_text", node.this, TIME_ELEMENT.sub(_time_element, pattern.name))


def _time_element(match: re.Match[str]) -> str:
    return match[1] if match[1] is not None else TIME_FORMATS[match[0].upper()]


def _number_format(whole: str, fraction: str) -> str:
    """Give DuckDB's format for Snowflake's, e.g. `{:,.2f}` for FM999,990.00."""
    zeros = whole.count("0")
    width = zeros + len(fraction) + bool(fraction)
    fill = f"0{width}" if zeros > 1 else ""
    return f"{{:{fill}{',' if ',' in whole else ''}.{len(fraction)}f}}"


def _date_trunc(node: Expr) -> Expr:
    return _macro("_sf_date_trunc", node.text("unit").lower(), node.this)


def _regexp_replace(node: Expr) -> Expr:
    """Pass the flags on; a position or an occurrence stays with upstream, which refuses it."""
    flags = node.args.get("modifiers")
    plain = {"position": "1", "occurrence": "0"}
    if not flags or any(node.args.get(name) and node.text(name) != value for name, value in plain.items()):
        return node
    pattern = node.expression.copy()
    if pattern.is_string:
        pattern = exp.Literal.string(pattern.name.replace("\\\\", "\\"))
    kept = "".join(flag for flag in flags.name if flag in "cims")
    return _macro("regexp_replace", node.this, pattern, node.args["replacement"], kept + "g")


def _lateral(node: Expr) -> Expr:
    """Keep the rows that `flatten(…, outer => true)` keeps, and give SPLIT_TO_TABLE its macro."""
    function, join = node.this, node.parent
    if isinstance(function, exp.SplitToTable):
        macro = _macro("_sf_split_to_table", function.this, function.expression)
        return exp.Table(this=macro, alias=node.args.get("alias"))
    if isinstance(function, exp.Explode) and isinstance(join, exp.Join):
        if _is_outer(function):
            join.set("side", "LEFT")
        if join.side and not join.args.get("on"):
            join.set("on", exp.true())
    return node


def _is_outer(function: Expr) -> bool:
    return any(
        isinstance(argument, exp.Kwarg)
        and argument.this.name.upper() == "OUTER"
        and argument.expression.sql().upper() == "TRUE"
        for argument in function.expressions
    )


def _division(node: Expr) -> Expr:
    """Let a division by zero fail; DuckDB gives infinity, or null for a remainder."""
    divisor = node.expression
    if not (isinstance(divisor, exp.Literal) and float(divisor.name) != 0):
        node.set("expression", _macro("_sf_divisor", divisor))
    return node


def _unknown(node: Expr) -> Expr:
    """Let HASH, which sqlglot does not know, give signed numbers."""
    return _macro("_sf_signed", node.copy()) if node.name.upper() == "HASH" else node


def _cast(node: Expr) -> Expr:
    return _macro("to_json", node.this) if node.args["to"].this == exp.DataType.Type.VARIANT else node


REPLACEMENTS: dict[type[Expr], Callable[[Any], Expr]] = {
    exp.Anonymous: _unknown,
    exp.Trim: _trim,
    exp.Cast: _cast,
    exp.TryCast: _try_cast,
    exp.StrToTime: _text_to_time,
    exp.TimeToStr: _time_to_text,
    exp.ToChar: _to_varchar,
    exp.DateTrunc: _date_trunc,
    exp.TimestampTrunc: _date_trunc,
    exp.ArrayToString: lambda node: _macro("_sf_array_to_string", node.this, node.expression),
    exp.ArrayContains: lambda node: _macro("_sf_array_contains", node.expression, node.this),
    exp.Boolor: lambda node: exp.paren(exp.or_(node.this, node.expression)),
    exp.Booland: lambda node: exp.paren(exp.and_(node.this, node.expression)),
    exp.ByteLength: lambda node: _macro("_sf_octet_length", node.this),
    exp.Div: _division,
    exp.Mod: _division,
    exp.Typeof: lambda node: _macro("_sf_typeof", node.this),
    exp.CurrentRole: lambda _: _macro("_sf_current_role"),
    exp.RegexpReplace: _regexp_replace,
    exp.Lateral: _lateral,
    exp.TableFromRows: _lateral,
}
