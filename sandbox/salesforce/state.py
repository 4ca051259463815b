"""What the endpoints share: the store, the day's budget, the faults asked for, and one call to the API."""

import json
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.faults import Schedule
from sandbox.salesforce.budget import Limits, Usage
from sandbox.salesforce.delivery import Delivery
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.jobs import Jobs
from sandbox.salesforce.org import Org
from sandbox.salesforce.store import Store

OLDEST_VERSION, LATEST_VERSION, FIRST_RETIRED_VERSION = 31, 67, 21


class VendorJson(JSONResponse):
    """JSON with the content type that Salesforce sends."""

    media_type = "application/json;charset=UTF-8"


@dataclass(slots=True)
class Sandbox:
    """One stand-in. Usage, limits and faults last as long as the process; all else is in the store."""

    store: Store
    limits: Limits
    jobs: Jobs
    faults: Schedule
    usage: Usage = field(default_factory=Usage)
    delivery: Delivery = field(default_factory=Delivery)

    @property
    def org(self) -> Org:
        """The org as the login sees it."""
        return self.store.visible


@dataclass(frozen=True, slots=True)
class Call:
    """One authorised call: `version` is the API version of its path, `user_id` the session's user."""

    sandbox: Sandbox
    request: Request
    body: bytes
    version: str
    user_id: str

    @property
    def store(self) -> Store:
        return self.sandbox.store

    def part(self, name: str) -> str:
        """Give a part of the path by its name in the route."""
        return str(self.request.path_params[name])

    def json(self) -> dict[str, Any]:
        """Give the body as a JSON object.

        Raises:
            ApiError: JSON_PARSER_ERROR.

        """
        try:
            content = json.loads(self.body)
        except ValueError as error:
            raise ApiError("JSON_PARSER_ERROR", f"The request body is not JSON: {error}") from error
        if not isinstance(content, dict):
            raise ApiError("JSON_PARSER_ERROR", "The request body must be a JSON object")
        return content


def error_response(error: ApiError) -> Response:
    """Make the reply for a refusal."""
    return VendorJson(error.body, error.status)


def check_version(text: str) -> str:
    """Give the API version of a path if it is offered.

    Raises:
        ApiError: 410 for a retired version, 404 for one that never was.

    """
    number, point, rest = text.partition(".")
    if not (number.isdigit() and point and rest == "0"):
        raise ApiError("NOT_FOUND", "The requested resource does not exist")
    if FIRST_RETIRED_VERSION <= int(number) < OLDEST_VERSION:
        raise ApiError("UNSUPPORTED_API_VERSION", f"API version {text} is retired")
    if not OLDEST_VERSION <= int(number) <= LATEST_VERSION:
        raise ApiError("NOT_FOUND", "The requested resource does not exist")
    return text
