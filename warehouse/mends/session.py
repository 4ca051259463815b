"""fakesnow's connection and cursor with the mends in place; upstream's own classes stay untouched."""

from pathlib import Path
from typing import Any

from fakesnow.conn import FakeSnowflakeConnection
from fakesnow.cursor import FakeSnowflakeCursor
from fakesnow.instance import FakeSnow
from snowflake.connector.cursor import DictCursor, SnowflakeCursor

from warehouse.mends.answer_once import AnswerOnce
from warehouse.mends.comments import Comments
from warehouse.mends.merge import Merge
from warehouse.mends.null_columns import NullColumns
from warehouse.mends.temporary_tables import TemporaryTables


class Cursor(AnswerOnce, Merge, TemporaryTables, Comments, NullColumns, FakeSnowflakeCursor):
    """A cursor with every mend; each is a class of its own that overrides one step of upstream's."""


class Session(FakeSnowflakeConnection):
    """A connection whose cursors are mended."""

    def cursor(self, cursor_class: type[SnowflakeCursor] = SnowflakeCursor) -> Cursor:
        return Cursor(conn=self, duck_conn=self._duck_conn, use_dict_result=cursor_class == DictCursor)


class Warehouse(FakeSnow):
    """The databases of one folder."""

    def __init__(self, home: Path) -> None:
        super().__init__(db_path=home, nop_regexes=[])

    def connect(
        self, database: str | None = None, schema: str | None = None, nop_regexes: list[str] | None = None, **kwargs: Any
    ) -> Session:
        return Session(
            self.duck_conn.cursor(),
            self.results_cache,
            database,
            schema,
            db_path=self.db_path,
            nop_regexes=nop_regexes or self.nop_regexes,
            **kwargs,
        )
