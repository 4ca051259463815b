"""Contacts by the hundred, of the Preview version: a job that says only how it went as a whole."""

from dataclasses import replace

from sandbox.intercom import contacts
from sandbox.intercom.call import Call
from sandbox.intercom.errors import ApiError, not_found, parameter_invalid
from sandbox.intercom.store import Json

MOST_CONTACTS = 100


def create_contacts(call: Call) -> Json:
    """Create contacts; those that are refused, as one of theirs is there, are not named anywhere."""
    given = call.body.get("contacts")
    if not isinstance(given, list) or not 1 <= len(given) <= MOST_CONTACTS:
        raise parameter_invalid(f"contacts must hold 1 to {MOST_CONTACTS} contacts", "contacts")
    refused = 0
    for one in given:
        try:
            contacts.create_contact(replace(call, body=one))
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
