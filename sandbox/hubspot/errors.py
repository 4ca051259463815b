"""The error answers of HubSpot: one exception, and the two shapes in which its content is sent."""

from collections.abc import Iterable, Mapping
from typing import Any

Json = dict[str, Any]
STATUSES = {"CONFLICT": 409, "OBJECT_NOT_FOUND": 404, "RATE_LIMITS": 429, "SERVICE_UNAVAILABLE": 503}


class HubSpotError(Exception):
    """A call, or one record of a batch, that HubSpot would refuse.

    context: lists of values by name, such as {"ids": ["7"]}; details: the entries of `errors`; more: further fields.
    """

    def __init__(
        self,
        status: int,
        message: str,
        category: str | None = None,
        *,
        sub_category: str | None = None,
        context: Mapping[str, list[str]] | None = None,
        details: Iterable[Json] = (),
        more: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.category = category
        self.sub_category = sub_category
        self.context = dict(context or {})
        self.details = list(details)
        self.more = dict(more or {})

    def body(self, correlation_id: str) -> Json:
        """Give the body of a refused call; fields without content are left out, as HubSpot does."""
        body: Json = {
            "status": "error",
            "message": self.message,
            "correlationId": correlation_id,
            **self.more,
        }
        optional = {
            "context": self.context,
            "errors": self.details,
            "category": self.category,
            "subCategory": self.sub_category,
        }
        return body | {name: value for name, value in optional.items() if value}

    def entry(self, trace_id: str | None = None) -> Json:
        """Give the entry for one refused record of a batch that went through otherwise (207)."""
        context = self.context | ({"objectWriteTraceId": [trace_id]} if trace_id is not None else {})
        entry: Json = {
            "status": "error",
            "category": self.category or "VALIDATION_ERROR",
            "message": self.message,
            "context": context,
            "errors": self.details,
            "links": {},
        }
        return entry | ({"subCategory": self.sub_category} if self.sub_category else {})


def invalid(message: str, **context: list[str]) -> HubSpotError:
    """Build the answer to a call that makes no sense."""
    return HubSpotError(400, message, "VALIDATION_ERROR", context=context)


def not_found() -> HubSpotError:
    """Build the answer to the id of a record that is not there."""
    return HubSpotError(404, "resource not found")


def missing_objects(singular: str, ids: list[str]) -> HubSpotError:
    """Build the one entry that batch read and batch update give for all ids they did not find."""
    message = f"Could not get some {singular.upper()} objects, they may be deleted or not exist. Check that ids are valid."
    return HubSpotError(404, message, "OBJECT_NOT_FOUND", context={"ids": ids})


def contact_exists(record_id: int) -> HubSpotError:
    """Build the answer to an e-mail address that another contact has."""
    return HubSpotError(409, f"Contact already exists. Existing ID: {record_id}", "CONFLICT")


def too_many(policy: str) -> HubSpotError:
    """Build the answer to a call beyond the limit of this name."""
    more = {"errorType": "RATE_LIMIT", "policyName": policy}
    if policy == "TEN_SECONDLY_ROLLING":
        more["groupName"] = "publicapi:private-app-api-calls-ten-secondly"
    return HubSpotError(429, f"You have reached your {policy.lower()} limit.", more=more)


def refused_as(category: str, **context: list[str]) -> HubSpotError:
    """Build the refusal of one record or link of a batch, for no other reason than that a fault asks for it."""
    message = f"The record was refused: {category}"
    return HubSpotError(STATUSES.get(category, 400), message, category, context=context)
