"""A statement that fails is answered once, as an error of SQL.

Upstream answers what it does not expect (DuckDB's rarer errors, its own defects) with HTTP 500. To the connector
that means a passing fault of the service: it sends the statement again, for ever, and hides the message.

Can go when fakesnow answers every failure of a statement with a Snowflake error.
"""

import json
from collections.abc import Awaitable, Callable
from typing import Any, Self

import duckdb
import snowflake.connector.errors
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from warehouse.mends.upstream import Cursor

Endpoint = Callable[[Request], Awaitable[Response]]

CODE, STATE = 604, "57014"  # Snowflake's "execution aborted"


class AnswerOnce(Cursor):
    """Gives every failure of a statement the form that upstream reports to the client."""

    def execute(self, command: str, *args: Any, **kwargs: Any) -> Self:
        try:
            super().execute(command, *args, **kwargs)
        except snowflake.connector.errors.Error:
            raise
        except duckdb.Error as error:
            raise snowflake.connector.errors.ProgrammingError(
                msg=str(error), errno=CODE, sqlstate=STATE
            ) from error
        except Exception as error:
            message = f"The embedded warehouse cannot run this statement: {type(error).__name__}: {error}"
            raise snowflake.connector.errors.ProgrammingError(
                msg=message, errno=CODE, sqlstate=STATE
            ) from error
        return self


def answered_once(endpoint: Endpoint) -> Endpoint:
    """Wrap upstream's query endpoint: what fails after the statement ran is an error too, not HTTP 500."""

    async def answer(request: Request) -> Response:
        try:
            response = await endpoint(request)
        except Exception as error:  # noqa: BLE001  whatever it is, the client must hear of it
            return _refusal(f"{type(error).__name__}: {error}")
        if response.status_code >= 500:  # noqa: PLR2004
            return _refusal(str(json.loads(bytes(response.body))["message"]))
        return response

    return answer


def _refusal(message: str) -> JSONResponse:
    data = {"errorCode": f"{CODE:06d}", "sqlState": STATE}
    return JSONResponse({"data": data, "code": f"{CODE:06d}", "message": message, "success": False})
