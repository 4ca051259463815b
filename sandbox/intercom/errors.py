"""Intercom's errors: every one is an `error.list` with a code and a message.

Codes and texts are those of the published examples; the 409 texts stand in Intercom's own SDK issues.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any


@dataclasses.dataclass(eq=False)
class ApiError(Exception):
    """An answer other than 200. Not frozen: Python writes the traceback into an exception."""

    status: int
    code: str
    message: str
    field: str | None = None
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def body(self, request_id: str) -> dict[str, Any]:
        """Give the answer's JSON; `field` is there only when one field is to blame."""
        error = {"code": self.code, "message": self.message}
        if self.field is not None:
            error["field"] = self.field
        return {"type": "error.list", "request_id": request_id, "errors": [error]}


def bad_request(message: str) -> ApiError:
    return ApiError(400, "bad_request", message)


def parameter_invalid(message: str, field: str | None = None) -> ApiError:
    return ApiError(400, "parameter_invalid", message, field)


def parameter_not_found(message: str, field: str | None = None) -> ApiError:
    return ApiError(400, "parameter_not_found", message, field)


def unauthorized() -> ApiError:
    return ApiError(401, "unauthorized", "Access Token Invalid")


def contact_not_found() -> ApiError:
    return ApiError(404, "not_found", "User Not Found")


def company_not_found() -> ApiError:
    return ApiError(404, "company_not_found", "Company Not Found")


def not_found(message: str = "Resource Not Found", code: str = "not_found") -> ApiError:
    return ApiError(404, code, message)


def conflict(contact_id: str, *, archived: bool) -> ApiError:
    """Say which contact is in the way; Intercom gives its id in the text only."""
    article = "An archived contact" if archived else "A contact"
    return ApiError(409, "conflict", f"{article} matching those details already exists with id={contact_id}")


def ambiguous_email(email: str) -> ApiError:
    message = (
        f"Multiple existing users match this email address {email} - must be more specific using user_id"
    )
    return ApiError(409, "conflict", message)


def company_exists() -> ApiError:
    """Say what Intercom says now and then though the call is an upsert, when two of them come at once."""
    return ApiError(409, "unique_company_constraint", "Company already exists.")


def contact_merged(into: str) -> ApiError:
    return ApiError(
        410,
        "contact_merged",
        "This contact has been merged. See the 'Link' header for the canonical contact.",
        headers={"Link": f'</contacts/{into}>; rel="canonical"'},
    )


def rate_limit_exceeded(limit: int, headers: Mapping[str, str]) -> ApiError:
    message = f"Exceeded rate limit of {limit} in 10_seconds"
    return ApiError(429, "rate_limit_exceeded", message, headers=headers)
