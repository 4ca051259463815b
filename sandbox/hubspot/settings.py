"""Owners, and what the account tells about itself: details, API usage, record limits."""

import json
from datetime import UTC, datetime, timedelta

from sandbox.hubspot.account import Account
from sandbox.hubspot.catalogue import PORTAL_ID, ObjectType
from sandbox.hubspot.errors import HubSpotError, Json, invalid
from sandbox.hubspot.store import now, timestamp
from sandbox.hubspot.web import Answer, Call

OWN = "2-"
# Of associations: [assumed] HubSpot does not say what it calls near.
NEAR = 0.8
MAX_OWNERS_PAGE = 500


def list_owners(account: Account, call: Call) -> Answer:
    """GET owners: by e-mail if given; deactivated ones only with archived=true."""
    limit, after, archived = call.number("limit", 100, MAX_OWNERS_PAGE), call.after(), call.flag("archived")
    email = call.query.get("email")
    found = [
        owner
        for key, owner in account.catalogue.owners.items()
        if int(key) > after and owner["archived"] == archived and email in (None, owner["email"])
    ]
    body: Json = {"results": found[:limit]}
    if len(found) > limit:
        body["paging"] = call.following(found[limit - 1]["id"])
    return Answer(body)


def read_owner(account: Account, call: Call) -> Answer:
    """GET: one owner by `id` or by `userId`; HubSpotError 404 if there is none."""
    name, archived = call.query.get("idProperty", "id"), call.flag("archived")
    for owner in account.catalogue.owners.values():
        if str(owner.get(name)) == call.path["ownerId"] and owner["archived"] == archived:
            return Answer(owner)
    raise not_found_owner(call.path["ownerId"])


def not_found_owner(key: str) -> HubSpotError:
    return HubSpotError(404, f"Owner {key} does not exist", "OBJECT_NOT_FOUND")


def add_owners(account: Account, call: Call) -> Answer:
    """POST /_sandbox/owners: make users [{first_name, last_name, email, archived?}]; those whose e-mail is known stay."""
    known = {owner["email"] for owner in account.catalogue.owners.values()}
    if not isinstance(call.body, list):
        raise invalid("a list of owners was expected")
    for given in call.body:
        if given["email"] not in known:
            _add_owner(account, given)
            known.add(given["email"])
    account.definitions_changed()
    return Answer({"results": list(account.catalogue.owners.values())}, 201)


def _add_owner(account: Account, given: Json) -> None:
    key = account.next_id()
    archived = bool(given.get("archived"))
    owner = {
        "id": str(key),
        "email": given["email"],
        "type": "PERSON",
        "firstName": given.get("first_name") or "",
        "lastName": given.get("last_name") or "",
        "userIdIncludingInactive": key + 500_000,
        "createdAt": now(),
        "updatedAt": now(),
        "archived": archived,
    }
    if not archived:
        owner["userId"] = key + 500_000
    account.db.execute("insert into owner (id, definition) values (?, ?)", (key, json.dumps(owner)))


def details(_account: Account, _call: Call) -> Answer:
    """GET account-info details: which account this is."""
    return Answer(
        {
            "portalId": PORTAL_ID,
            "accountType": "STANDARD",
            "timeZone": "UTC",
            "companyCurrency": "USD",
            "additionalCurrencies": [],
            "utcOffset": "+00:00",
            "utcOffsetMilliseconds": 0,
            "uiDomain": "app.hubspot.com",
            "dataHostingLocation": "na1",
        }
    )


def daily_usage(account: Account, _call: Call) -> Answer:
    """GET account-info api-usage: calls made today; the day ends at midnight in the account's time zone."""
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    usage = {
        "name": "private-apps-api-calls-daily",
        "usageLimit": account.limits.daily,
        "currentUsage": account.calls_today(),
        "collectedAt": now(),
        "fetchStatus": "SUCCESS",
        "resetsAt": timestamp(midnight),
    }
    return Answer({"results": [usage]})


def record_limits(account: Account, _call: Call) -> Answer:
    """GET limits/records: how many records of each object type there are and may be; own types share one limit."""
    counts = dict(
        account.db.execute("select type_id, count(*) from record where archived_at is null group by 1")
    )
    most = account.limits.records
    types = account.catalogue.object_types.values()
    usages = [{**_labels(kind), "usage": counts.get(kind.id, 0)} for kind in types]
    own = [each for each in usages if each["objectTypeId"].startswith(OWN)]
    used = sum(each["usage"] for each in own)
    return Answer(
        {
            "hubspotDefinedObjectTypes": [_of(each, most) for each in usages if each not in own],
            "customObjectTypes": {"byObjectType": own} | _overall(used, most),
        }
    )


def property_limits(account: Account, _call: Call) -> Answer:
    """GET limits/custom-properties: how many properties of its own the account has and may have, by object type."""
    sql = """select type_id, count(*) from property
             where archived = 0 and not coalesce(json_extract(definition, '$.hubspotDefined'), 0) group by 1"""
    counts = dict(account.db.execute(sql))
    most = account.limits.custom_properties
    usages = [
        {**_labels(kind), "usage": counts.get(kind.id, 0)} for kind in account.catalogue.object_types.values()
    ]
    overall = _overall(sum(counts.values()), most * len(usages))
    return Answer({"byObjectType": [_of(each, most) for each in usages]} | overall)


def association_limits(account: Account, _call: Call) -> Answer:
    """GET limits/associations/records/from: the object types that have records at their limit of associations, or near it."""
    sql = """select record.type_id, max(links) from record
             join (select from_id, count(distinct to_id) links from association group by 1) on from_id = record.id
             group by 1"""
    most = account.limits.associations
    found = []
    for type_id, links in account.db.execute(sql):
        if links >= NEAR * most:
            kind = account.catalogue.object_type(type_id)
            found.append({**_labels(kind), "hasRecordsNearLimit": True, "hasRecordsAtLimit": links >= most})
    return Answer({"results": found})


def _labels(kind: ObjectType) -> Json:
    return {"objectTypeId": kind.id, "singularLabel": kind.singular, "pluralLabel": kind.name}


def _of(usage: Json, most: int) -> Json:
    return {**usage, "limit": most, "percentage": 100 * usage["usage"] / most}


def _overall(used: int, most: int) -> Json:
    return {"overallLimit": most, "overallUsage": used, "overallPercentage": 100 * used / most}
