"""Merge two records into one, and forget a person for good."""

from sandbox.hubspot import links, records
from sandbox.hubspot.account import Account
from sandbox.hubspot.catalogue import ObjectType
from sandbox.hubspot.errors import invalid, not_found
from sandbox.hubspot.records import Record, show
from sandbox.hubspot.store import now
from sandbox.hubspot.validation import Values
from sandbox.hubspot.web import Answer, Call

MERGEABLE = ("contacts", "companies", "deals", "tickets")


def merge(account: Account, call: Call) -> Answer:
    """POST merge: the primary record keeps its values and takes the other's where it has none.

    The other id stays good for reads; its e-mail address becomes an additional one of the survivor.
    """
    kind = account.catalogue.object_type(call.path["objectType"])
    asked = call.fields("primaryObjectId", "objectIdToMerge")
    keys = [str(asked[name]) for name in ("primaryObjectId", "objectIdToMerge")]
    if kind.name not in MERGEABLE:
        raise invalid(f"Records of {kind.name} cannot be merged")
    numbers = [int(key) if key.isdigit() else -1 for key in keys]
    found = records.by_id(account.db, kind, numbers)
    if len(found) < len(set(numbers)):
        raise not_found()
    merged = merge_records(account, kind, *numbers)
    return Answer(show(kind, merged, merged.properties))


def merge_records(account: Account, kind: ObjectType, primary: int, absorbed: int) -> Record:
    """Merge two records that are there, named by their ids; give the survivor as it is now."""
    found = records.by_id(account.db, kind, [primary, absorbed])
    survivor, other = found[primary], found[absorbed]
    if survivor.id == other.id:
        raise invalid("A record cannot be merged with itself")
    merged = _merged(kind, survivor, other)
    _move(account, kind, merged, survivor, other)
    return merged


def _merged(kind: ObjectType, survivor: Record, other: Record) -> Record:
    properties: Values = other.properties | survivor.properties
    before = [other.properties.get("hs_merged_object_ids"), survivor.properties.get("hs_merged_object_ids")]
    properties["hs_merged_object_ids"] = ";".join([*filter(None, before), str(other.id)])
    old = other.properties.get("email")
    if kind.name == "contacts" and old and old != properties.get("email"):
        emails = [*filter(None, [survivor.properties.get("hs_additional_emails")]), old]
        properties["hs_additional_emails"] = ";".join(emails)
    return Record(survivor.id, properties, survivor.created_at, now())


def _move(account: Account, kind: ObjectType, merged: Record, survivor: Record, other: Record) -> None:
    """Give what the other record has to the survivor: unique values, links, ids merged earlier."""
    db = account.db
    records.update(db, [merged], account.clock(), account.limits.search_lag_seconds)
    lost = [
        (name, value)
        for name in account.validator(kind).unique
        if name != "email" and (value := other.properties.get(name)) and survivor.properties.get(name)
    ]
    records.release(db, kind, lost)
    db.execute("update unique_value set record_id = ? where record_id = ?", (survivor.id, other.id))
    links.move(account, other.id, survivor.id)
    db.execute("delete from record where id = ?", (other.id,))
    db.execute("update merged set into_id = ? where into_id = ?", (survivor.id, other.id))
    db.execute("insert into merged values (?, ?)", (other.id, survivor.id))


def forget_person(account: Account, call: Call) -> Answer:
    """POST gdpr-delete: remove a contact, found by id or by e-mail, with no way back."""
    kind = account.catalogue.object_type("contacts")
    asked = call.fields("objectId")
    key = str(asked["objectId"])
    if asked.get("idProperty") == "email":
        number = records.holders(account.db, kind, "email", [key.lower()]).get(key.lower(), -1)
    else:
        number = int(key) if key.isdigit() else -1
    if number not in records.by_id(account.db, kind, [number]):
        raise not_found()
    records.archive(account.db, kind, [number], now())
    account.db.execute("delete from record where id = ?", (number,))
    return Answer(status=204)
