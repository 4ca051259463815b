"""What can go wrong in Intercom: the menu that a seed draws from, its answers, and what people do to a workspace meanwhile."""

from collections.abc import Callable, Mapping

from sandbox.faults import Fault
from sandbox.intercom import attributes, people
from sandbox.intercom.call import Call
from sandbox.intercom.errors import ApiError, ambiguous_email, company_exists, unauthorized
from sandbox.intercom.people import LIVE
from sandbox.intercom.store import Store

BY_HAND = "By Hand"
WRITE = "POST /co"
TICKET = "POST /tickets"
CONTACT = "T /contacts"
NEW_CONTACT = "POST /contacts$"
COMPANY = "POST /companies"

MENU = (
    Fault(status=429),
    Fault(status=429, headers={"X-RateLimit-Reset": "1"}),
    Fault(status=429, headers={"Retry-After": "1"}),
    *(Fault(status=status) for status in (408, 500, 502, 503, 504)),
    *(Fault(WRITE, status=status, done=True) for status in (500, 502, 503, 504)),
    Fault(status=503, times=6),
    Fault(status=401),
    Fault(WRITE, cut=True),
    Fault(WRITE, cut=True, times=4),
    Fault(WRITE, cut=True, done=True),
    Fault(WRITE, cut=True, done=True),
    Fault(WRITE, cut=True, done=True, times=4),
    Fault(TICKET, status=504, done=True),
    Fault(TICKET, cut=True),
    *(Fault(TICKET, cut=True, done=True) for _ in range(2)),
    Fault(seconds=0.02),
    Fault(NEW_CONTACT, status=409),
    *(Fault(COMPANY, status=409) for _ in range(2)),
    *(Fault(NEW_CONTACT, event="contact_entered") for _ in range(2)),
    *(Fault(NEW_CONTACT, event="contact_entered_and_archived") for _ in range(2)),
    *(Fault(NEW_CONTACT, event="contact_imported") for _ in range(2)),
    Fault(CONTACT, event="contact_merged"),
    Fault(CONTACT, event="contact_archived"),
    Fault(CONTACT, event="contact_edited"),
    Fault(CONTACT, event="attribute_archived"),
)


def error(fault: Fault) -> ApiError:
    """Give the answer that a fault's status stands for."""
    if fault.status == 401:  # noqa: PLR2004
        return unauthorized()
    if fault.status == 409:  # noqa: PLR2004
        return company_exists() if fault.path == COMPANY else ambiguous_email("someone@example.com")
    if fault.status == 429:  # noqa: PLR2004
        return ApiError(429, "rate_limit_exceeded", "Exceeded rate limit in 10_seconds")
    code = "service_unavailable" if fault.status == 503 else "server_error"  # noqa: PLR2004
    return ApiError(fault.status, code, "Sorry, we are having trouble. Please try again")


def contact_entered(_: Store, call: Call) -> None:
    """Make a user with the address of the one that is just coming, without its key, as a visitor does who logs in."""
    _made(call, None)


def contact_entered_and_archived(store: Store, call: Call) -> None:
    """Make such a user, and archive it."""
    if (made := _made(call, None)) is not None:
        store.run("update contact set archived = 1 where id = ?", made)


def contact_imported(_: Store, call: Call) -> None:
    """Make the very user that is coming, as another tool does that knows its key."""
    _made(call, call.body.get("external_id"))


def _made(call: Call, external_id: str | None) -> str | None:
    """Make a user with the address of the one in the call, if it is one and nobody has the address or the key."""
    email = call.body.get("email")
    if call.body.get("role") != "user" or not email or call.path:
        return None
    try:
        people.check_conflicts(call.store, None, "user", call.body.get("external_id"), email)
        return people.insert(call, "user", external_id, people.PROFILE | {"email": people.email_of(email)})
    except ApiError:
        return None


def contact_merged(store: Store, _: Call) -> None:
    """Merge the newest contact into the oldest: somebody made a lead of it first, which takes its external id."""
    rows = store.rows(f"select id from contact where {LIVE} order by seq")
    if len(rows) > 1:
        sql = "update contact set role = 'lead', external_id = null, merged_into = ? where id = ?"
        store.run(sql, rows[0]["id"], rows[-1]["id"])
        store.run(
            "update or ignore attachment set contact_id = ? where contact_id = ?",
            rows[0]["id"],
            rows[-1]["id"],
        )
        store.run("delete from attachment where contact_id = ?", rows[-1]["id"])


def contact_archived(store: Store, _: Call) -> None:
    """Archive the newest contact."""
    store.run(f"update contact set archived = 1 where seq = (select max(seq) from contact where {LIVE})")


def contact_edited(store: Store, _: Call) -> None:
    """Give the oldest contact another name, as a teammate does who knows better."""
    store.run(
        "update contact set body = json_set(body, '$.name', ?) "
        f"where seq = (select min(seq) from contact where {LIVE})",
        BY_HAND,
    )


def attribute_archived(store: Store, _: Call) -> None:
    """Archive the last of the workspace's own attributes of people; its name stays taken."""
    own = attributes.custom(store, "contact")
    if own:
        store.put("data_attribute", own[-1]["id"], {**own[-1], "archived": True})


EVENTS: Mapping[str, Callable[[Store, Call], None]] = {
    act.__name__: act
    for act in (
        *(contact_entered, contact_entered_and_archived, contact_imported),
        *(contact_merged, contact_archived, contact_edited, attribute_archived),
    )
}
