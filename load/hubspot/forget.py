"""Forgetting a person in HubSpot: the GDPR delete, which takes the contact and its content away for good.

Source: developers.hubspot.com, CRM contacts API, `POST /crm/v3/objects/contacts/gdpr-delete`; Files API, `DELETE
/files/v3/files/{id}/gdpr-delete`.
"""

import json
from collections.abc import Callable, Mapping, Sequence

from load.answer import Answer
from load.hubspot.files import Files
from load.hubspot.links import linked
from load.hubspot.wire import RECORDS_PER_CALL, message_of
from load.target import LoadError

Ask = Callable[[str, str, str], Answer]

# HubSpot's property in which a note names its files, divided by semicolons.
ATTACHED = "hs_attachment_ids"


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


def forget(contact_id: str, paths: Mapping[str, str], ask: Ask, files: Files) -> bool:
    """Delete a contact for good, before it the files of its notes that were uploaded here; say whether it was there."""
    files.delete(_files_of(contact_id, paths, ask), for_good=True)
    answer = ask("POST", paths["forget"], json.dumps({"objectId": contact_id}))
    if answer.status == 404:  # noqa: PLR2004
        return False
    if not answer.ok:
        raise LoadError(f"HubSpot did not delete contact {contact_id}: {message_of(answer)}")
    return True


def _files_of(contact_id: str, paths: Mapping[str, str], ask: Ask) -> list[str]:
    links = linked([f"contacts/{contact_id}/notes"], paths, ask)
    notes = [link.rpartition("/")[2] for link, _ in links]
    files: list[str] = []
    for start in range(0, len(notes), RECORDS_PER_CALL):
        inputs = [{"id": each} for each in notes[start : start + RECORDS_PER_CALL]]
        body = {"properties": [ATTACHED], "propertiesWithHistory": [], "inputs": inputs}
        answer = ask("POST", paths["read"].format(object="notes"), json.dumps(body))
        if not answer.ok:
            raise LoadError(f"HubSpot did not let notes be read: {message_of(answer)}")
        named = (each["properties"].get(ATTACHED) for each in answer.content.get("results", ()))
        files += [file_id for ids in named if ids for file_id in ids.split(";") if file_id]
    return files
