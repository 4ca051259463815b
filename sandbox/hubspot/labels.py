"""Association labels v4, `/crm/v4/associations/{from}/{to}/labels`: the kinds of links and those of one's own."""

from sandbox.hubspot.account import Account
from sandbox.hubspot.associations import pair
from sandbox.hubspot.catalogue import AssociationType, ObjectType
from sandbox.hubspot.errors import HubSpotError, Json, invalid
from sandbox.hubspot.links import kinds
from sandbox.hubspot.store import next_association_id, put_association_type
from sandbox.hubspot.web import Answer, Call


def list_all(account: Account, call: Call) -> Answer:
    """GET labels: the association types from one object type to another."""
    source, target = pair(account, call)
    return Answer({"results": [_spec(kind) for kind in kinds(account, source, target).values()]})


def create(account: Account, call: Call) -> Answer:
    """POST labels: make a kind of link of one's own; with `inverseLabel` the other direction reads differently."""
    source, target = pair(account, call)
    given = call.fields("label", "name")
    known = kinds(account, source, target)
    if any(kind.label == given["label"] for kind in known.values()):
        raise HubSpotError(409, f"Association label {given['label']} already exists", "CONFLICT")
    there = next_association_id(account.db)
    inverse_label = given.get("inverseLabel")
    back = there if source == target and not inverse_label else there + 1
    put_association_type(
        account.db, there, source.id, target.id, name=given["name"], label=given["label"], inverse=back
    )
    if back != there:
        label = inverse_label or given["label"]
        put_association_type(
            account.db, back, target.id, source.id, name=given["name"], label=label, inverse=there
        )
    account.definitions_changed()
    made = account.catalogue.association_types[source.id, target.id]
    return Answer({"results": [_spec(kind) for key, kind in made.items() if key in (there, back)]})


def change(account: Account, call: Call) -> Answer:
    """PUT labels: rename a kind of link of one's own."""
    source, target = pair(account, call)
    given = call.fields("associationTypeId", "label")
    kind = _own_label(account, source, target, given["associationTypeId"])
    account.db.execute("update association_label set label = ? where type_id = ?", (given["label"], kind.id))
    if given.get("inverseLabel"):
        renamed = (given["inverseLabel"], kind.inverse_id)
        account.db.execute("update association_label set label = ? where type_id = ?", renamed)
    account.definitions_changed()
    return Answer(status=204)


def delete(account: Account, call: Call) -> Answer:
    """DELETE labels: remove a kind of link of one's own and all links of it."""
    source, target = pair(account, call)
    kind = _own_label(account, source, target, int(call.path["associationTypeId"]))
    for key in (kind.id, kind.inverse_id):
        account.db.execute("delete from association where association_type = ?", (key,))
        account.db.execute("delete from association_label where type_id = ?", (key,))
    account.definitions_changed()
    return Answer(status=204)


def _own_label(account: Account, source: ObjectType, target: ObjectType, key: int) -> AssociationType:
    kind = kinds(account, source, target).get(key)
    if kind is None or kind.category != "USER_DEFINED" or kind.label is None:
        raise invalid(f"Association type {key} is not a label that this account defined")
    return kind


def _spec(kind: AssociationType) -> Json:
    return {"category": kind.category, "typeId": kind.id, "label": kind.label}
