"""Associations v4: link records, and read what they are linked to, singly and in batches."""

from collections.abc import Iterable

from sandbox.hubspot.account import Account
from sandbox.hubspot.catalogue import AssociationType, ObjectType
from sandbox.hubspot.errors import HubSpotError, Json, invalid, not_found, refused_as
from sandbox.hubspot.links import Link, chosen, ends_of, existing, kinds, store
from sandbox.hubspot.store import now
from sandbox.hubspot.web import Answer, Call, batch

CREATE_BATCH = 2_000
READ_BATCH = 1_000
PAGE = 500


def pair(
    account: Account, call: Call, source: str = "fromObjectType", target: str = "toObjectType"
) -> tuple[ObjectType, ObjectType]:
    """Give the two object types of a path."""
    return account.catalogue.object_type(call.path[source]), account.catalogue.object_type(call.path[target])


def create_one(account: Account, call: Call) -> Answer:
    """PUT …/{objectId}/associations/{toObjectType}/{toObjectId}: link two records by the types in the body."""
    source, target = pair(account, call, "objectType")
    if not isinstance(call.body, list):
        raise invalid("Invalid JSON input: a list of association types was expected")
    types = chosen(kinds(account, source, target), call.body)
    start, end = _both(account, call, source, target)
    store(account, [Link(start, end, kind) for kind in types])
    return Answer(_labels(source, target, start, end, types), 201)


def create_default(account: Account, call: Call) -> Answer:
    """PUT …/associations/default/…: link two records by the plain type."""
    source, target = pair(account, call)
    kind = next(iter(kinds(account, source, target).values()))
    start, end = _both(account, call, source, target, "fromObjectId")
    store(account, [Link(start, end, kind)])
    return batch(_default(start, end, kind), [], now(), now())


def delete_one(account: Account, call: Call) -> Answer:
    """DELETE: remove every link between two records."""
    source, target = pair(account, call, "objectType")
    _delete_between(account, [_both(account, call, source, target)])
    return Answer(status=204)


def list_of_one(account: Account, call: Call) -> Answer:
    """GET: the records of one type that a record is linked to."""
    source, target = pair(account, call, "objectType")
    key = call.path["objectId"]
    if not existing(account, source.id, [key]):
        raise not_found()
    ends, after = _page(
        account, source, target, int(key), after=call.after(), limit=call.number("limit", PAGE, PAGE)
    )
    return Answer({"results": ends} | ({"paging": call.following(after)} if after else {}))


def batch_create(account: Account, call: Call) -> Answer:
    """POST batch/create: at most 2,000 links by type."""
    source, target = pair(account, call)
    known, started = kinds(account, source, target), now()
    inputs = [
        (*_ids(each), chosen(known, each["types"]))
        for each in call.inputs(CREATE_BATCH, "from", "to", "types")
    ]
    struck = [inputs.pop(len(inputs) // 2)] if account.refusing and inputs else []
    good, errors = _sort(account, source, target, inputs)
    errors += [_asked_for(account.refusing.pop(), start, end) for start, end, _ in struck]
    store(account, [Link(start, end, kind) for start, end, types in good for kind in types])
    results = [_labels(source, target, start, end, types) for start, end, types in good]
    return batch(results, errors, started, now(), 201)


def batch_default(account: Account, call: Call) -> Answer:
    """POST batch/associate/default: at most 2,000 links by the plain type. Failures stand in a 200."""
    source, target = pair(account, call)
    kind, started = next(iter(kinds(account, source, target).values())), now()
    inputs = [(*_ids(each), [kind]) for each in call.inputs(CREATE_BATCH, "from", "to")]
    good, errors = _sort(account, source, target, inputs)
    store(account, [Link(start, end, kind) for start, end, _ in good])
    answer = batch(
        [each for start, end, _ in good for each in _default(start, end, kind)], errors, started, now()
    )
    return Answer(answer.body, 200)


def batch_read(account: Account, call: Call) -> Answer:
    """POST batch/read: the links of at most 1,000 records; a record without any is an error entry (207)."""
    source, target = pair(account, call)
    started, results, errors = now(), [], []
    for each in call.inputs(READ_BATCH, "id"):
        key, after = str(each["id"]), str(each.get("after") or "0")
        ends, following = _page(
            account, source, target, int(key) if key.isdigit() else 0, after=int(after), limit=PAGE
        )
        if ends:
            paging = {"paging": {"next": {"after": str(following)}}} if following else {}
            results.append({"from": {"id": key}, "to": ends} | paging)
        else:
            errors.append(_none_found(source, target, key))
    return batch(results, errors, started, now())


def batch_archive(account: Account, call: Call) -> Answer:
    """POST batch/archive: remove every link between the pairs of records."""
    inputs = call.inputs(CREATE_BATCH, "from", "to")
    pairs = [_ids({"from": each["from"], "to": end}) for each in inputs for end in each["to"]]
    _delete_between(
        account, [(int(start), int(end)) for start, end in pairs if start.isdigit() and end.isdigit()]
    )
    return Answer(status=204)


def batch_archive_labels(account: Account, call: Call) -> Answer:
    """POST batch/labels/archive: remove links of some types only."""
    source, target = pair(account, call)
    known = kinds(account, source, target)
    for each in call.inputs(CREATE_BATCH, "from", "to", "types"):
        start, end = _ids(each)
        rows = []
        for kind in chosen(known, each["types"]):
            rows += [(start, end, kind.id), (end, start, kind.inverse_id)]
        account.db.executemany(
            "delete from association where from_id = ? and to_id = ? and association_type = ?", rows
        )
    return Answer(status=204)


def _ids(given: Json) -> tuple[str, str]:
    return str(given["from"].get("id")), str(given["to"].get("id"))


def _both(
    account: Account, call: Call, source: ObjectType, target: ObjectType, start: str = "objectId"
) -> tuple[int, int]:
    """Give the ids of the two records of a path; HubSpotError 404 if one is not there."""
    here, there = call.path[start], call.path["toObjectId"]
    if not existing(account, source.id, [here]) or not existing(account, target.id, [there]):
        raise not_found()
    return int(here), int(there)


Wanted = tuple[str, str, list[AssociationType]]


def _sort(
    account: Account, source: ObjectType, target: ObjectType, inputs: list[Wanted]
) -> tuple[list[tuple[int, int, list[AssociationType]]], list[Json]]:
    """Divide the inputs of a batch into those whose records exist and error entries for the others."""
    starts = existing(account, source.id, {start for start, _, _ in inputs})
    ends = existing(account, target.id, {end for _, end, _ in inputs})
    good, errors = [], []
    for start, end, types in inputs:
        if start in starts and end in ends:
            good.append((int(start), int(end), types))
        else:
            errors.append(_unknown_ids(source, target, start, end))
    return good, errors


def _asked_for(category: str, start: str, end: str) -> Json:
    return refused_as(category, fromObjectId=[start], toObjectId=[end]).entry()


def _unknown_ids(source: ObjectType, target: ObjectType, start: str, end: str) -> Json:
    context = {
        "fromObjectId": [start],
        "fromObjectType": [source.singular],
        "toObjectId": [end],
        "toObjectType": [target.singular],
    }
    message = f"One of the objects {source.singular} {start} and {target.singular} {end} does not exist."
    category, sub_category = "OBJECT_NOT_FOUND", "crm.associations.INVALID_OBJECT_IDS"
    return HubSpotError(404, message, category, sub_category=sub_category, context=context).entry()


def _none_found(source: ObjectType, target: ObjectType, key: str) -> Json:
    context = {"fromObjectId": [key], "fromObjectType": [source.singular], "toObjectType": [target.singular]}
    message = f"No {target.singular} is associated with {source.singular} {key}."
    category, sub_category = "OBJECT_NOT_FOUND", "crm.associations.NO_ASSOCIATIONS_FOUND"
    return HubSpotError(404, message, category, sub_category=sub_category, context=context).entry()


def _page(
    account: Account, source: ObjectType, target: ObjectType, key: int, *, after: int, limit: int
) -> tuple[list[Json], int | None]:
    """Give one page of a record's links and where the next one starts."""
    known = account.catalogue.association_types.get((source.id, target.id), {})
    ends = sorted(ends_of(account, [key], target).get(key, {}).items())
    rest = [(end, keys) for end, keys in ends if end > after]
    following = rest[limit - 1][0] if len(rest) > limit else None
    return [_end(known, end, keys) for end, keys in rest[:limit]], following


def _end(known: dict[int, AssociationType], to_id: int, keys: list[int]) -> Json:
    types = [{"category": known[key].category, "typeId": key, "label": known[key].label} for key in keys]
    return {"toObjectId": str(to_id), "associationTypes": types}


def _delete_between(account: Account, pairs: Iterable[tuple[int, int]]) -> None:
    rows = [row for start, end in pairs for row in ((start, end), (end, start))]
    account.db.executemany("delete from association where from_id = ? and to_id = ?", rows)


def _labels(
    source: ObjectType, target: ObjectType, start: int, end: int, types: list[AssociationType]
) -> Json:
    return {
        "fromObjectTypeId": source.id,
        "fromObjectId": str(start),
        "toObjectTypeId": target.id,
        "toObjectId": str(end),
        "labels": [kind.label for kind in types if kind.label],
    }


def _default(start: int, end: int, kind: AssociationType) -> list[Json]:
    """Both directions of a plain link, as the answer lists them."""
    return [
        {
            "from": {"id": str(here)},
            "to": {"id": str(there)},
            "associationSpec": {"associationCategory": kind.category, "associationTypeId": key},
        }
        for here, there, key in ((start, end, kind.id), (end, start, kind.inverse_id))
    ]
