"""Contacts by the hundred, of the Preview version: a job that says only how it went as a whole."""

from collections.abc import Callable
from dataclasses import replace

from sandbox.intercom import contacts
from sandbox.intercom.call import Call
from sandbox.intercom.errors import ApiError, not_found, parameter_invalid, parameter_not_found
from sandbox.intercom.store import Json

MOST_CONTACTS = 100


# What an update sets; it passes over everything else.
UPDATABLE = frozenset(
    {
        *("email", "name", "user_id", "phone", "owner_id", "avatar", "language_override"),
        *("unsubscribed_from_emails", "custom_attributes"),
    }
)


def create_contacts(call: Call) -> Json:
    """Create contacts; those that are refused, as one of theirs is there, are not named anywhere."""
    return _job(call, contacts.create_contact)


def update_contacts(call: Call) -> Json:
    """Change contacts by their ids; one that is not there is not named anywhere and never made."""
    for one in _given(call):
        if not one.get("id"):
            raise parameter_not_found("each contact must have an id", "id")
    return _job(call, _update)


def _update(call: Call) -> Json:
    fields = {name: value for name, value in call.body.items() if name in UPDATABLE}
    if "user_id" in fields:
        fields["external_id"] = fields.pop("user_id")
    return contacts.update_contact(replace(call, path={"contact_id": str(call.body["id"])}, body=fields))


def _given(call: Call) -> list[Json]:
    given = call.body.get("contacts")
    if not isinstance(given, list) or not 1 <= len(given) <= MOST_CONTACTS:
        raise parameter_invalid(f"contacts must hold 1 to {MOST_CONTACTS} contacts", "contacts")
    return given


def _job(call: Call, act: Callable[[Call], Json]) -> Json:
    refused = 0
    for one in _given(call):
        try:
            act(replace(call, body=one))
        except ApiError:
            refused += 1
    state = "completed_with_errors" if refused else "completed"
    number = call.store.add("bulk_job", {"state": state})
    return _render(number, "pending")


def show_job(call: Call) -> Json:
    """Give the state of a job."""
    job = call.store.get("bulk_job", call.path["job_id"])
    if job is None:
        raise not_found()
    return _render(job["id"], job["state"])


def _render(number: int, state: str) -> Json:
    return {"type": "job", "id": str(number), "state": state}
