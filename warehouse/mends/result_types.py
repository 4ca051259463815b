"""Results may hold DuckDB's small integers, UUIDs and lists.

Upstream has no Snowflake type for them and fails after the statement has run: `sign(x)` is a TINYINT in DuckDB,
`split(x, ',')` a list. Integers become NUMBER; a list becomes JSON text, as a VARIANT reaches the connector.

Can go when `fakesnow.rowtype` knows these types.
"""

import json
from typing import Any

import fakesnow.server
import pyarrow as pa

INTEGERS = {"TINYINT", "SMALLINT", "UTINYINT", "USMALLINT", "UINTEGER"}

_describe = fakesnow.server.describe_as_rowtype
_to_sf = fakesnow.server.to_sf


def describe_as_rowtype(columns: list[tuple[Any, ...]]) -> Any:
    """Give upstream's row type for the columns of a DESCRIBE, with types that it knows."""
    return _describe([(name, _known(kind), *rest) for name, kind, *rest in columns])


def to_sf(table: pa.Table, rowtype: Any) -> Any:
    """Give upstream's Arrow table for the connector, with values of those types."""
    columns = [_converted(column) for column in table.columns]
    return _to_sf(pa.Table.from_arrays(columns, names=table.column_names), rowtype)


def install() -> None:
    """Put both in upstream's place."""
    fakesnow.server.describe_as_rowtype = describe_as_rowtype
    fakesnow.server.to_sf = to_sf


def _known(kind: str) -> str:
    if kind in INTEGERS:
        return "BIGINT"
    if kind.endswith("[]") or kind.startswith(("STRUCT", "MAP")):
        return "JSON"
    return {"UUID": "VARCHAR", "FLOAT": "DOUBLE"}.get(kind, kind)


def _converted(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_nested(column.type):
        texts = [None if value is None else json.dumps(value, default=str) for value in column.to_pylist()]
        return pa.chunked_array([pa.array(texts, pa.string())])
    if pa.types.is_integer(column.type) and not pa.types.is_uint64(column.type):
        return column.cast(pa.int64())
    return column.cast(pa.float64()) if pa.types.is_float32(column.type) else column
