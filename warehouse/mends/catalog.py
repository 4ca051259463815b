"""An information schema that shows views, comments and Snowflake's types, and that survives a restart.

Upstream keeps what DuckDB has no place for (lengths of texts, stages, file formats) in memory, lists no views in
`information_schema.tables`, and shows DuckDB's own names of integer types.

Can go when fakesnow stores its global catalog with `db_path` and its views pass tests/warehouse/test_catalog.py.
"""

from importlib.resources import files
from pathlib import Path
from string import Template

from duckdb import DuckDBPyConnection
from fakesnow import info_schema
from fakesnow.instance import GLOBAL_DATABASE_NAME
from fakesnow.transforms import show


def keep_global_catalog(connection: DuckDBPyConnection, home: Path) -> None:
    """Put upstream's global catalog, just made in memory, into a file of `home`."""
    path = str(home / f"{GLOBAL_DATABASE_NAME}.db").replace("'", "''")
    connection.execute(f"DETACH {GLOBAL_DATABASE_NAME}")
    connection.execute(f"ATTACH '{path}' AS {GLOBAL_DATABASE_NAME}")
    connection.execute(info_schema.fs_global_creation_sql())
    connection.execute(show.fs_global_creation_sql())


def install(connection: DuckDBPyConnection, database: str) -> None:
    """Replace upstream's views of tables, views and columns."""
    script = files("warehouse.mends").joinpath("catalog.sql").read_text(encoding="utf-8")
    connection.execute(Template(script).substitute(database=database))
