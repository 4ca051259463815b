"""What can go wrong in HubSpot: the menu that a seed draws from, its answers, and what people do to an account meanwhile."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace

from sandbox.faults import Fault
from sandbox.hubspot import merging, properties, records, writes
from sandbox.hubspot.account import Account
from sandbox.hubspot.catalogue import ObjectType
from sandbox.hubspot.errors import HubSpotError, Json, too_many
from sandbox.hubspot.store import now, put_property
from sandbox.hubspot.validation import TAKEN
from sandbox.hubspot.web import Call

BATCH = "/batch/"
BY_HAND = "By Hand"
UPSERTS = "/batch/up"
UPSERT = "contacts/batch/upsert"
LINKS = "/associations/"
# Of one record among others that HubSpot takes. A conflict that names no record is one with a call that is under way.
CATEGORIES = (
    *("VALIDATION_ERROR", "CONFLICT", "OBJECT_NOT_FOUND"),
    *("RATE_LIMITS", "INTERNAL_ERROR", "SERVICE_UNAVAILABLE", "TIMEOUT"),
)

MENU = (
    Fault(status=429, policy="TEN_SECONDLY_ROLLING"),
    Fault(status=429, policy="TEN_SECONDLY_ROLLING", headers={"Retry-After": "1"}),
    Fault(status=429, policy="SECONDLY"),
    Fault(status=429, policy="DAILY"),
    *(Fault(status=status) for status in (408, 423, 500, 502, 503, 504, 524)),
    *(Fault(BATCH, status=status, done=True) for status in (500, 502, 503, 504)),
    Fault(status=503, times=6),
    Fault(status=477, headers={"Retry-After": "1"}),
    Fault(status=477, headers={"Retry-After": "86400"}),
    Fault(status=401),
    Fault(BATCH, cut=True),
    Fault(BATCH, cut=True, times=4),
    Fault(BATCH, cut=True, done=True),
    Fault(BATCH, cut=True, done=True),
    Fault(BATCH, cut=True, done=True, times=4),
    Fault(seconds=0.02),
    *(Fault(UPSERTS, refuse=category) for category in (*CATEGORIES, TAKEN)),
    *(Fault(LINKS, refuse=category) for category in CATEGORIES),
    *(Fault(UPSERT, event="contact_entered") for _ in range(3)),
    Fault(UPSERT, event="contacts_merged"),
    Fault(UPSERT, event="contact_archived"),
    Fault(UPSERT, event="contact_edited"),
    Fault(UPSERT, event="property_deleted"),
    Fault(UPSERT, event="option_renamed"),
)

MESSAGES = {
    401: "Authentication credentials not found. This API supports OAuth 2.0 authentication.",
    423: "The resource is locked",
    477: "The account is being migrated",
    502: "Bad gateway",
}


def error(fault: Fault) -> HubSpotError:
    """Give the answer that a fault's status stands for."""
    if fault.policy:
        return too_many(fault.policy)
    return HubSpotError(fault.status, MESSAGES.get(fault.status, "internal error"))


def contact_entered(account: Account, call: Call) -> None:
    """Enter a person by hand whose record is just coming, the first one of the call with an address that nobody has."""
    kind = account.catalogue.object_type("contacts")
    inputs = call.body.get("inputs", ()) if isinstance(call.body, dict) else ()
    for email in filter(None, ((each.get("properties") or {}).get("email") for each in inputs)):
        if not records.holders(account.db, kind, "email", {email}):
            writes.write(account, kind, [writes.Write({"email": email})], allow_partial=True)
            return


def contacts_merged(account: Account, _: Call) -> None:
    """Merge the newest contact into the oldest, as somebody does who takes them for one person."""
    kind, ids = _contacts(account)
    if len(ids) > 1:
        merging.merge_records(account, kind, ids[0], ids[-1])


def contact_archived(account: Account, _: Call) -> None:
    """Archive the newest contact."""
    kind, ids = _contacts(account)
    records.archive(account.db, kind, ids[-1:], now())


def contact_edited(account: Account, _: Call) -> None:
    """Give the oldest contact another last name, as a person does who knows better."""
    kind, ids = _contacts(account)
    edited = [
        replace(record, properties=record.properties | {"lastname": BY_HAND}, updated_at=now())
        for record in records.by_id(account.db, kind, ids[:1]).values()
    ]
    records.update(account.db, edited, account.clock(), account.limits.search_lag_seconds)


def property_deleted(account: Account, _: Call) -> None:
    """Delete a property of the contacts that the account made itself, the last by name; keys are left alone."""
    kind = account.catalogue.object_type("contacts")
    own = [name for name, definition in _own(account, kind).items() if not definition.get("hasUniqueValue")]
    if own:
        properties.remove(account, kind, max(own))


def option_renamed(account: Account, _: Call) -> None:
    """Give the first option of a select property of the account's own another internal value and label."""
    kind = account.catalogue.object_type("contacts")
    for definition in _own(account, kind).values():
        if definition["type"] == "enumeration":
            for name in ("value", "label"):
                definition["options"][0][name] += "_renamed"
            put_property(account.db, kind.id, definition)
            account.definitions_changed()
            return


EVENTS: Mapping[str, Callable[[Account, Call], None]] = {
    act.__name__: act
    for act in (
        *(contact_entered, contacts_merged, contact_archived, contact_edited),
        *(property_deleted, option_renamed),
    )
}


def _contacts(account: Account) -> tuple[ObjectType, list[int]]:
    kind = account.catalogue.object_type("contacts")
    query = "select id from record where type_id = ? and archived_at is null order by id"
    return kind, [key for (key,) in account.db.execute(query, (kind.id,))]


def _own(account: Account, kind: ObjectType) -> dict[str, Json]:
    query = "select definition from property where type_id = ? and archived = 0 order by name"
    found = [json.loads(text) for (text,) in account.db.execute(query, (kind.id,))]
    return {each["name"]: each for each in found if not each.get("hubspotDefined")}
