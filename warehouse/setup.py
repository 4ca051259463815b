"""The schemas and tables that must exist before the first extract."""

from importlib.resources import files
from typing import Any


def setup(connection: Any) -> None:
    """Create what `setup.sql` declares; what exists already stays as it is.

    Takes any `snowflake.connector` connection whose role may create schemas in its current database.
    Afterwards the session's current schema is the last one created: use qualified names.
    """
    script = files("warehouse").joinpath("setup.sql").read_text(encoding="utf-8")
    for _ in connection.execute_string(script, remove_comments=True):
        pass
