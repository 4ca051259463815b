"""CRM objects, `/crm/v3/objects/{objectType}`: single records, lists and batches, the same for every object type."""

from collections.abc import Iterable

from sandbox.hubspot import links, records, writes
from sandbox.hubspot.account import Account
from sandbox.hubspot.catalogue import PORTAL_ID, ObjectType
from sandbox.hubspot.errors import Json, invalid, missing_objects, not_found
from sandbox.hubspot.records import Record, show
from sandbox.hubspot.store import now
from sandbox.hubspot.web import Answer, Call, batch
from sandbox.hubspot.writes import Write, Written, write

BATCH = 100
HISTORY_PAGE = 50


def create(account: Account, call: Call) -> Answer:
    """POST: one new record, with its associations if any are given."""
    kind = account.catalogue.object_type(call.path["objectType"])
    [done], _ = write(account, kind, [_new(call.fields("properties"))], allow_partial=False)
    return Answer(_shown(kind, done), 201)


def read(account: Account, call: Call) -> Answer:
    """GET: one record by id or by a unique property."""
    kind = account.catalogue.object_type(call.path["objectType"])
    found = _one(account, kind, call, archived=call.flag("archived"))
    [shown] = _read(account, kind, [found], call)
    return Answer(shown)


def update(account: Account, call: Call) -> Answer:
    """PATCH: change some properties of one record."""
    kind = account.catalogue.object_type(call.path["objectType"])
    given = Write(call.fields("properties")["properties"], _one(account, kind, call))
    [done], _ = write(account, kind, [given], allow_partial=False)
    return Answer(_shown(kind, done))


def archive(account: Account, call: Call) -> Answer:
    """DELETE: put one record into the recycle bin; 204 whether or not it was there."""
    kind = account.catalogue.object_type(call.path["objectType"])
    _archive(account, kind, _numbers([call.path["objectId"]]))
    return Answer(status=204)


def list_page(account: Account, call: Call) -> Answer:
    """GET: a page of records in the order of their ids."""
    kind = account.catalogue.object_type(call.path["objectType"])
    limit = call.number("limit", 10, HISTORY_PAGE if call.names("propertiesWithHistory") else 100)
    found = records.page(account.db, kind, call.after(), limit + 1, archived=call.flag("archived"))
    body: Json = {"results": _read(account, kind, found[:limit], call)}
    if len(found) > limit:
        body["paging"] = call.following(found[limit - 1].id)
    return Answer(body)


def batch_create(account: Account, call: Call) -> Answer:
    """POST batch/create: at most 100 new records."""
    kind = account.catalogue.object_type(call.path["objectType"])
    inputs = call.inputs(BATCH, "properties")
    started = now()
    done, errors = write(account, kind, [_new(each) for each in inputs], allow_partial=writes.partial(inputs))
    return _batch(kind, done, errors, started, 201)


def batch_update(account: Account, call: Call) -> Answer:
    """POST batch/update: at most 100 records by id or unique property; ids that are not there are listed (207)."""
    kind = account.catalogue.object_type(call.path["objectType"])
    inputs = call.inputs(BATCH, "id", "properties")
    started = now()
    found = _find_all(account, kind, inputs)
    missing = [str(each["id"]) for each, record in zip(inputs, found, strict=True) if record is None]
    pairs = [(each, record) for each, record in zip(inputs, found, strict=True) if record is not None]
    writes.refuse_duplicates([*missing, *(record.id for _, record in pairs)])
    given = [Write(each["properties"], record, each.get("objectWriteTraceId")) for each, record in pairs]
    done, errors = write(account, kind, given, allow_partial=writes.partial(inputs))
    if missing:
        errors.append(missing_objects(kind.singular, missing).entry())
    return _batch(kind, done, errors, started)


def batch_upsert(account: Account, call: Call) -> Answer:
    """POST batch/upsert: at most 100 records by a unique property, changed if there and made if not."""
    kind = account.catalogue.object_type(call.path["objectType"])
    inputs = call.inputs(BATCH, "id", "properties")
    started = now()
    for each in inputs:
        _require_unique(account, kind, each.get("idProperty") or "hs_object_id")
    found = _find_all(account, kind, inputs)
    keys = [record.id if record else each["id"] for each, record in zip(inputs, found, strict=True)]
    writes.refuse_duplicates(keys)
    given = [
        Write({each["idProperty"]: each["id"]} | each["properties"], record, each.get("objectWriteTraceId"))
        for each, record in zip(inputs, found, strict=True)
    ]
    done, errors = write(account, kind, given, allow_partial=writes.partial(inputs))
    return _batch(kind, done, errors, started, tell_new=True)


def batch_read(account: Account, call: Call) -> Answer:
    """POST batch/read: at most 100 records by id or unique property; ids that are not there are listed (207)."""
    kind = account.catalogue.object_type(call.path["objectType"])
    started = now()
    id_property = call.body.get("idProperty") if isinstance(call.body, dict) else None
    history = call.fields("inputs").get("propertiesWithHistory") or []
    inputs = [
        each | {"idProperty": id_property} for each in call.inputs(HISTORY_PAGE if history else BATCH, "id")
    ]
    found = _find_all(account, kind, inputs, archived=call.flag("archived"))
    missing = [str(each["id"]) for each, record in zip(inputs, found, strict=True) if record is None]
    errors = [missing_objects(kind.singular, missing).entry()] if missing else []
    names = _there(account, kind, call.body.get("properties") or kind.shown)
    unique = {record.id: record for record in found if record is not None}
    results = [show(kind, record, names, **_history(record, history)) for record in reversed(unique.values())]
    return batch(results, errors, started, now())


def batch_archive(account: Account, call: Call) -> Answer:
    """POST batch/archive: 204 whatever the ids."""
    kind = account.catalogue.object_type(call.path["objectType"])
    _archive(account, kind, _numbers(each["id"] for each in call.inputs(BATCH, "id")))
    return Answer(status=204)


def _new(given: Json) -> Write:
    return Write(given["properties"], None, given.get("objectWriteTraceId"), given.get("associations") or [])


def _numbers(keys: Iterable[object]) -> list[int]:
    return [int(text) for key in keys if (text := str(key)).isdigit()]


def _archive(account: Account, kind: ObjectType, ids: list[int]) -> None:
    account.written[kind.name] += records.archive(account.db, kind, ids, now())


def _one(account: Account, kind: ObjectType, call: Call, *, archived: bool = False) -> Record:
    key = {"id": call.path["objectId"], "idProperty": call.query.get("idProperty")}
    [found] = _find_all(account, kind, [key], archived=archived)
    if found is None:
        raise not_found()
    return found


def _find_all(
    account: Account, kind: ObjectType, inputs: list[Json], *, archived: bool = False
) -> list[Record | None]:
    """Find the record of each input, by the id or the unique property that it names."""
    wanted = [(each.get("idProperty") or "hs_object_id", str(each["id"])) for each in inputs]
    keys: dict[tuple[str, str], int] = {}
    for name in {name for name, _ in wanted}:
        values = [value for other, value in wanted if other == name]
        if name == "hs_object_id":
            keys |= {(name, value): int(value) for value in values if value.isdigit()}
        else:
            _require_unique(account, kind, name)
            canonical = {value: value.lower() if name == "email" else value for value in values}
            holders = records.holders(account.db, kind, name, set(canonical.values()))
            keys |= {(name, value): holders[text] for value, text in canonical.items() if text in holders}
    found = records.by_id(account.db, kind, set(keys.values()), archived=archived)
    return [found.get(keys.get(key, -1)) for key in wanted]


def _require_unique(account: Account, kind: ObjectType, name: str) -> None:
    property_ = account.catalogue.properties(kind).get(name)
    if property_ is None or not property_.unique:
        raise invalid(
            f"Unable to perform update/upsert by non-unique {kind.id} property {name} in portal ID {PORTAL_ID}"
        )


def _read(account: Account, kind: ObjectType, found: list[Record], call: Call) -> list[Json]:
    """Show records with the properties and the associations that the query asks for."""
    names = _there(account, kind, call.names("properties") or kind.shown)
    history = call.names("propertiesWithHistory")
    linked = {
        target.name: links.of_records(account, kind, [record.id for record in found], target)
        for target in map(account.catalogue.object_type, call.names("associations"))
    }
    shown = []
    for record in found:
        ends = {name: {"results": known[record.id]} for name, known in linked.items() if record.id in known}
        shown.append(show(kind, record, names, associations=ends or None, **_history(record, history)))
    return shown


def _there(account: Account, kind: ObjectType, names: Iterable[str]) -> list[str]:
    """Leave out what is no property of the object: a read ignores it."""
    known = account.validator(kind).properties
    return [name for name in names if name in known]


def _history(record: Record, names: Iterable[str]) -> Json:
    """Give the newest version of each property; older ones are not kept."""
    if not names:
        return {}
    version = {"timestamp": record.updated_at, "sourceType": "INTEGRATION"}
    values = {name: record.properties.get(name) for name in names}
    return {
        "propertiesWithHistory": {name: [{"value": v, **version}] if v else [] for name, v in values.items()}
    }


def _shown(kind: ObjectType, done: Written, **more: object) -> Json:
    return show(kind, done.record, done.names, objectWriteTraceId=done.trace_id, **more)


def _batch(
    kind: ObjectType,
    done: list[Written],
    errors: list[Json],
    started: str,
    status: int = 200,
    *,
    tell_new: bool = False,
) -> Answer:
    """Answer a batch of writes. HubSpot promises no order of results: turned round, so that nobody relies on one."""
    results = [_shown(kind, each, new=each.is_new if tell_new else None) for each in reversed(done)]
    return batch(results, errors, started, now(), status)
