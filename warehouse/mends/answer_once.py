"""placeholder"""
import duckdb
import snowflake.connector.errors
from fakesnow.cursor import FakeSnowflakeCursor
class AnswerOnce(FakeSnowflakeCursor):
    def execute(self, command, params=None, *args, **kwargs):
        try:
            return super().execute(command, params, *args, **kwargs)
        except duckdb.Error as error:
            raise snowflake.connector.errors.ProgrammingError(msg=str(error), errno=100038, sqlstate="22018") from error
