"""Forgetting a person in HubSpot: the GDPR delete, which takes the contact and its content away for good.

Source: developers.hubspot.com, CRM contacts API, `POST /crm/v3/objects/contacts/gdpr-delete`.
"""

import json
from collections.abc import Callable, Mapping, Sequence

from load.answer import Answer
from load.hubspot_wire import message_of
from load.target import LoadError

Ask = Callable[[str, str, str], Answer]


def people(addresses: Sequence[str], paths: Mapping[str, str], ask: Ask) -> list[str]:
    """Give the ids of the contacts with these addresses."""
    if not addresses:
        return []
    body = {
        "idProperty": "email",
        "properties": ["email"],
        "propertiesWithHistory": [],
        "inputs": [{"id": address} for address in addresses],
    }
    answer = ask("POST", paths["read"].format(object="contacts"), json.dumps(body))
    if not answer.ok:
        raise LoadError(f"HubSpot did not look contacts up: {message_of(answer)}")
    return [str(each["id"]) for each in answer.content.get("results", ())]


def forget(contact_id: str, paths: Mapping[str, str], ask: Ask) -> bool:
    """Delete a contact for good; say whether it was there."""
    answer = ask("POST", paths["forget"], json.dumps({"objectId": contact_id}))
    if answer.status == 404:  # noqa: PLR2004
        return False
    if not answer.ok:
        raise LoadError(f"HubSpot did not delete contact {contact_id}: {message_of(answer)}")
    return True
