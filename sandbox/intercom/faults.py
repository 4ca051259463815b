"""What can go wrong in Intercom: the menu that a seed draws from, its answers, and what people do to a workspace meanwhile."""

from collections.abc import Callable, Mapping

from sandbox.faults import Fault
from sandbox.intercom import attributes
from sandbox.intercom.errors import ApiError, ambiguous_email, unauthorized
from sandbox.intercom.people import LIVE
from sandbox.intercom.store import Store

BY_HAND = "By Hand"
WRITE = "POST /co"
TICKET = "POST /tickets"
CONTACT = "T /contacts"

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
    Fault("POST /contacts", status=409),
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
        return ambiguous_email("someone@example.com")
    if fault.status == 429:  # noqa: PLR2004
        return ApiError(429, "rate_limit_exceeded", "Exceeded rate limit in 10_seconds")
    code = "service_unavailable" if fault.status == 503 else "server_error"  # noqa: PLR2004
    return ApiError(fault.status, code, "Sorry, we are having trouble. Please try again")


def contact_merged(store: Store) -> None:
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


def contact_archived(store: Store) -> None:
    """Archive the newest contact."""
    store.run(f"update contact set archived = 1 where seq = (select max(seq) from contact where {LIVE})")


def contact_edited(store: Store) -> None:
    """Give the oldest contact another name, as a teammate does who knows better."""
    store.run(
        "update contact set body = json_set(body, '$.name', ?) "
        f"where seq = (select min(seq) from contact where {LIVE})",
        BY_HAND,
    )


def attribute_archived(store: Store) -> None:
    """Archive the last of the workspace's own attributes of people; its name stays taken."""
    own = attributes.custom(store, "contact")
    if own:
        store.put("data_attribute", own[-1]["id"], {**own[-1], "archived": True})


EVENTS: Mapping[str, Callable[[Store], None]] = {
    act.__name__: act for act in (contact_merged, contact_archived, contact_edited, attribute_archived)
}
