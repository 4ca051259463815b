"""Communication preferences v4: who wants no e-mail at all.

A status belongs to an e-mail address, whether a contact has it or not. A contact shows it as hs_email_optout.
Source: developers.hubspot.com, "Subscription preferences API", batch unsubscribe contacts from all subscriptions.
"""

from dataclasses import replace

from sandbox.hubspot import records
from sandbox.hubspot.account import Account
from sandbox.hubspot.errors import Json, invalid
from sandbox.hubspot.store import now
from sandbox.hubspot.web import Answer, Call

CHANNEL = "EMAIL"
MOST = 100
OPTED_OUT = "hs_email_optout"


def unsubscribe_all(account: Account, call: Call) -> Answer:
    """POST statuses/batch/unsubscribe-all: no more e-mail to these addresses; saying it again changes nothing."""
    moment, addresses = now(), _addresses(call)
    account.db.executemany(
        "insert or ignore into opted_out values (?, ?)", [(one, moment) for one in addresses]
    )
    _show_on_contacts(account, addresses)
    return _answer(moment, [{"subscriberIdString": one, "statuses": []} for one in addresses])


def read_unsubscribed(account: Account, call: Call) -> Answer:
    """POST statuses/batch/unsubscribe-all/read: which of these addresses get no e-mail at all."""
    out = dict(account.db.execute("select address, moment from opted_out").fetchall())
    results = [
        {"subscriberIdString": one, "wideStatuses": [_status(one, out[one])] if one in out else []}
        for one in _addresses(call)
    ]
    return _answer(now(), results)


def _addresses(call: Call) -> list[str]:
    if call.query.get("channel", CHANNEL) != CHANNEL:
        raise invalid(f"channel must be {CHANNEL}")
    inputs = call.fields("inputs")["inputs"]
    if not isinstance(inputs, list) or not all(isinstance(one, str) and "@" in one for one in inputs):
        raise invalid("inputs must be a list of e-mail addresses")
    if len(inputs) > MOST:
        raise invalid(f"inputs must have at most {MOST} entries")
    return [one.lower() for one in inputs]


def _show_on_contacts(account: Account, addresses: list[str]) -> None:
    kind = account.catalogue.object_type("contacts")
    ids = records.holders(account.db, kind, "email", addresses).values()
    found = records.by_id(account.db, kind, ids).values()
    changed = [replace(one, properties={**one.properties, OPTED_OUT: "true"}) for one in found]
    records.update(account.db, changed, account.clock(), 0.0)


def _status(address: str, moment: str) -> Json:
    return {
        "subscriberIdString": address,
        "channel": CHANNEL,
        "status": "UNSUBSCRIBED",
        "wideStatusType": "PORTAL_WIDE",
        "timestamp": moment,
    }


def _answer(moment: str, results: list[Json]) -> Answer:
    return Answer({"status": "COMPLETE", "startedAt": moment, "completedAt": now(), "results": results})
