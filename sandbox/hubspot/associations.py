"""Associations v4: links between records, of kinds whose ids are directional.

Each link is stored in both directions. A labelled one (Primary too) brings the unlabelled one of its pair along.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from sandbox.hubspot import records
from sandbox.hubspot.account import Account
from sandbox.hubspot.catalogue import AssociationType, ObjectType
from sandbox.hubspot.errors import HubSpotError, Json, invalid, not_found
from sandbox.hubspot.store import marks, next_association_id, now, put_association_type
from sandbox.hubspot.web import Answer, Call, batch

CREATE_BATCH = 2_000
READ_BATCH = 1_000
PAGE = 500


@dataclass(frozen=True, slots=True)
class Link:
    """A link from one record to another."""

    from_id: int
    to_id: int
    kind: AssociationType

    def starting_at(self, record_id: int) -> "Link":
        return replace(self, from_id=record_id)


def pair(
    account: Account, call: Call, source: str = "fromObjectType", target: str = "toObjectType"
) -> tuple[ObjectType, ObjectType]:
    """Give the two object types of a path."""
    return account.catalogue.object_type(call.path[source]), account.catalogue.object_type(call.path[target])


def kinds(account: Account, source: ObjectType, target: ObjectType) -> dict[int, AssociationType]:
    """Give the association types between two object types; HubSpotError 400 if there are none."""
    found = account.catalogue.association_types.get((source.id, target.id))
    if not found:
        raise invalid(f"No association type exists between {source.singular} and {target.singular}")
    return found


def unlabelled(account: Account, kind: AssociationType) -> AssociationType:
    """Give the plain association type of the same pair."""
    return next(iter(account.catalogue.association_types[kind.from_type, kind.to_type].values()))


def chosen(known: dict[int, AssociationType], types: list[Json]) -> list[AssociationType]:
    """Read the `types` of a request; HubSpotError 400 for one that does not exist in this direction."""
    found = []
    for each in types:
        category, key = each.get("associationCategory"), each.get("associationTypeId")
        kind = known.get(key) if isinstance(key, int) else None
        if kind is None or kind.category != category:
            message = f"Association type {category} {key} does not exist between these object types in this direction"
            raise HubSpotError(
                400, message, "VALIDATION_ERROR", sub_category="crm.associations.INVALID_ASSOCIATION_TYPE"
            )
        found.append(kind)
    if not found:
        raise invalid("Invalid input JSON: types must name at least one association type")
    return found


def from_create(account: Account, source: ObjectType, given: list[Json]) -> list[Link]:
    """Read the `associations` of a new record; the object type at the other end follows from the association type."""
    links = []
    for each in given:
        by_id = {
            key: kind
            for (start, _), found in account.catalogue.association_types.items()
            if start == source.id
            for key, kind in found.items()
        }
        for kind in chosen(by_id, each.get("types") or []):
            end = str((each.get("to") or {}).get("id"))
            if not existing(account, kind.to_type, [end]):
                raise invalid(f"Association target {end} does not exist", ids=[end])
            links.append(Link(0, int(end), kind))
    return links


def existing(account: Account, type_id: str, ids: Iterable[str]) -> set[str]:
    """Give those ids that records of a type have."""
    numbers = [int(key) for key in ids if key.isdigit()]
    query = f"select id from record where id in ({marks(numbers)}) and type_id = ? and archived_at is null"
    return {str(key) for (key,) in account.db.execute(query, (*numbers, type_id))}


def store(account: Account, links: Iterable[Link]) -> None:
    """Store links, each with its inverse, what it implies, and in the place of an older primary one."""
    rows = []
    for link in links:
        if link.kind.primary:
            _drop_primary(account, link)
        for kind in dict.fromkeys((link.kind, unlabelled(account, link.kind))):
            rows.append((link.from_id, kind.to_type, link.to_id, kind.category, kind.id))
            rows.append((link.to_id, kind.from_type, link.from_id, kind.category, kind.inverse_id))
    account.db.executemany("insert or ignore into association values (?, ?, ?, ?, ?)", rows)
    if rows:
        account.written["associations"] += len(rows) // 2


def _drop_primary(account: Account, link: Link) -> None:
    """Make place for a new primary link: a record has one primary company (a lead one primary contact)."""
    singular_at_start = link.kind.to_type == "0-2" or link.kind.from_type == "0-136"
    start = link.from_id if singular_at_start else link.to_id
    there, back = (
        (link.kind.id, link.kind.inverse_id) if singular_at_start else (link.kind.inverse_id, link.kind.id)
    )
    ends = account.db.execute(
        "select to_id from association where from_id = ? and association_type = ?", (start, there)
    )
    rows = [(start, end, there) for (end,) in ends.fetchall()]
    rows += [(end, start, back) for _, end, _ in rows]
    account.db.executemany(
        "delete from association where from_id = ? and to_id = ? and association_type = ?", rows
    )


def move(account: Account, old: int, new: int) -> None:
    """Give the links of one record to another; the other's own primary links stay."""
    links = []
    for end, _to_type, key in _rows(account, old):
        kind = _kind_of(account, key)
        if end != new and not (kind.primary and _has(account, new, key)):
            links.append(Link(new, end, kind))
    records.unlink(account.db, [old])
    store(account, links)


def _rows(account: Account, start: int) -> list[tuple[int, str, int]]:
    query = "select to_id, to_type, association_type from association where from_id = ?"
    return account.db.execute(query, (start,)).fetchall()


def _has(account: Account, start: int, key: int) -> bool:
    return any(other == key for _, _, other in _rows(account, start))


def _kind_of(account: Account, key: int) -> AssociationType:
    found = (kinds[key] for kinds in account.catalogue.association_types.values() if key in kinds)
    return next(found)


def _ends(account: Account, ids: list[int], target: ObjectType) -> dict[int, dict[int, list[int]]]:
    """Give, by record, the records of a type that it is linked to, with the ids of the association types."""
    query = f"select from_id, to_id, association_type from association where from_id in ({marks(ids)}) and to_type = ?"
    found: dict[int, dict[int, list[int]]] = {}
    for start, end, kind in account.db.execute(query, (*ids, target.id)):
        found.setdefault(start, {}).setdefault(end, []).append(kind)
    return found


def of_records(
    account: Account, source: ObjectType, ids: list[int], target: ObjectType
) -> dict[int, list[Json]]:
    """Give links as v3 reads show them: one entry for each kind of link, by the name of its type."""
    known = account.catalogue.association_types.get((source.id, target.id), {})
    labelled = any(kind.primary for kind in known.values())

    def name(kind: AssociationType) -> str:
        return f"{kind.name}_unlabeled" if labelled and kind.label is None else kind.name

    return {
        start: [{"id": str(end), "type": name(known[key])} for end, keys in ends.items() for key in keys]
        for start, ends in _ends(account, ids, target).items()
    }


def _end(known: dict[int, AssociationType], to_id: int, keys: list[int]) -> Json:
    types = [{"category": known[key].category, "typeId": key, "label": known[key].label} for key in keys]
    return {"toObjectId": str(to_id), "associationTypes": types}


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
    good, errors = _sort(account, source, target, inputs)
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
    ends = sorted(_ends(account, [key], target).get(key, {}).items())
    rest = [(end, keys) for end, keys in ends if end > after]
    following = rest[limit - 1][0] if len(rest) > limit else None
    return [_end(known, end, keys) for end, keys in rest[:limit]], following


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


def labels(account: Account, call: Call) -> Answer:
    """GET labels: the association types from one object type to another."""
    source, target = pair(account, call)
    return Answer({"results": [_spec(kind) for kind in kinds(account, source, target).values()]})


def create_label(account: Account, call: Call) -> Answer:
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


def change_label(account: Account, call: Call) -> Answer:
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


def delete_label(account: Account, call: Call) -> Answer:
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
