"""Forgetting a person in Intercom: the permanent delete of a contact, archived or not.

Source: the description of `DELETE /contacts/{id}` in API 2.14.
"""

import json
from collections.abc import Sequence

from load.intercom.wire import Wire, message_of
from load.target import LoadError


def people(addresses: Sequence[str], wire: Wire) -> list[str]:
    """Give the ids of the contacts with these addresses, users and leads; archived ones no search finds."""
    found: list[str] = []
    for address in addresses:
        query = {"field": "email", "operator": "=", "value": address}
        answer = wire.ask("POST", "/contacts/search", json.dumps({"query": query}))
        if not answer.ok:
            raise LoadError(f"Intercom did not search its contacts: {message_of(answer)}")
        found += [str(each["id"]) for each in answer.content["data"]]
    return found


def forget(contact_id: str, wire: Wire) -> bool:
    """Delete a contact for good; say whether it was there."""
    answer = wire.ask("DELETE", f"/contacts/{contact_id}")
    if answer.status in (404, 410):
        return False
    if not answer.ok:
        raise LoadError(f"Intercom did not delete contact {contact_id}: {message_of(answer)}")
    return True
