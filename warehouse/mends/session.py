"""fakesnow's instance, connection and cursor with the mends in place; upstream's own classes stay untouched."""

from collections import OrderedDict
from pathlib import Path
from typing import Any

from snowflake.connector.cursor import DictCursor, SnowflakeCursor

from warehouse.mends import catalog, copy_csv, functions, null_timestamps, parsed_once, result_types, upstream
from warehouse.mends.abandoned import Watched
from warehouse.mends.account import Account
from warehouse.mends.answer_once import AnswerOnce
from warehouse.mends.comments import Comments
from warehouse.mends.copy_csv import CopyAtOnce
from warehouse.mends.ddl_commits import DdlCommits
from warehouse.mends.described import Described
from warehouse.mends.fewer_walks import FewerWalks
from warehouse.mends.functions import Functions
from warehouse.mends.literal_rows import LiteralRows
from warehouse.mends.merge import Merge
from warehouse.mends.null_columns import NullColumns
from warehouse.mends.swap import Swap
from warehouse.mends.temporary_tables import TemporarySession, TemporaryTables
from warehouse.mends.waiting import Waiting

DATABASE = "MIGRATION"
RESULTS_KEPT = 8


class Cursor(
    AnswerOnce,
    Waiting,
    Account,
    LiteralRows,
    Merge,
    CopyAtOnce,
    Swap,
    TemporaryTables,
    DdlCommits,
    Comments,
    NullColumns,
    Functions,
    FewerWalks,
    Described,
    upstream.Cursor,
):
    """A cursor with every mend; each is a class of its own that overrides one step of upstream's."""


class Session(Watched, TemporarySession):
    """A connection whose cursors are mended."""

    def cursor(self, cursor_class: type[SnowflakeCursor] = SnowflakeCursor) -> Cursor:
        return Cursor(conn=self, duck_conn=self._duck_conn, use_dict_result=cursor_class == DictCursor)


class Results(OrderedDict[str, tuple[Any, ...]]):
    """The last few results by query id. Upstream keeps every result of the process in memory."""

    def __setitem__(self, query_id: str, result: tuple[Any, ...]) -> None:
        super().__setitem__(query_id, result)
        if len(self) > RESULTS_KEPT:
            self.popitem(last=False)


class Warehouse(upstream.Instance):
    """The databases of one folder, with DATABASE opened."""

    def __init__(self, home: Path) -> None:
        copy_csv.install()
        null_timestamps.install()
        parsed_once.install()
        result_types.install()
        super().__init__(db_path=home)
        self.results_cache = Results()
        # To find out how texts are packed best costs a third of loading them; it saves two thirds of the disk.
        self.duck_conn.execute("SET GLOBAL disabled_compression_methods = 'dict_fsst'")
        catalog.keep_global_catalog(self.duck_conn, home)
        self.connect(DATABASE).close()
        connection = self.duck_conn.cursor()
        connection.execute(f"USE {DATABASE}.main")
        functions.install(connection)
        catalog.install(connection, DATABASE)
        connection.close()

    def connect(
        self,
        database: str | None = None,
        schema: str | None = None,
        nop_regexes: list[str] | None = None,
        **kwargs: Any,
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
