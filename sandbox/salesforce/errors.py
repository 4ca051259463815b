"""Salesforce's error replies: a JSON array of {message, errorCode}, with the status that goes with each code."""

from collections.abc import Sequence
from typing import Any

STATUSES = {
    "INVALID_SESSION_ID": 401,
    "INVALID_AUTH_HEADER": 401,
    "REQUEST_LIMIT_EXCEEDED": 403,
    "NOT_FOUND": 404,
    "ENTITY_IS_DELETED": 404,
    "METHOD_NOT_ALLOWED": 405,
    "UNSUPPORTED_API_VERSION": 410,
    "SERVER_UNAVAILABLE": 503,
}


class ApiError(Exception):
    """A refusal as Salesforce words it; the status follows from the code unless given."""

    def __init__(
        self, code: str, message: str, fields: Sequence[str] | None = None, status: int | None = None
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.fields = fields
        self.status = status or STATUSES.get(code, 400)

    @property
    def body(self) -> list[dict[str, Any]]:
        """The reply's body; `fields` only where Salesforce sends it."""
        body: dict[str, Any] = {"message": self.message, "errorCode": self.code}
        return [body if self.fields is None else body | {"fields": list(self.fields)}]


def not_found() -> ApiError:
    """Give the reply for any path, object or job that is not there."""
    return ApiError("NOT_FOUND", "The requested resource does not exist")


def query_error(code: str, message: str, query: str, offset: int) -> ApiError:
    """Point at a character of a query the way Salesforce does: the line, a caret below it, row and column."""
    before = query[:offset]
    row = before.count("\n") + 1
    column = offset - (before.rfind("\n") + 1) + 1
    line = query.split("\n")[row - 1]
    return ApiError(code, f"\n{line}\n{' ' * (column - 1)}^\nERROR at Row:{row}:Column:{column}\n{message}")
