"""What a HubSpot account takes and how much room it has: definitions of properties, stages, owners, limits.

Sources: developers.hubspot.com, "CRM properties", "Pipelines", "Owners", "Limits tracking", "Account information".
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from load.answer import Answer
from load.feeds import Feed
from load.hubspot.pipelines import PROPERTIES, Pipelines
from load.target import Definition, Room

LONGEST_TEXT = 65_536
OWNER = "hubspot_owner_id"
SEVERAL = ("checkbox",)
OWNERS_PER_PAGE = 500

CHECKLIST = (
    "Turn off creating and associating companies with contacts automatically (Settings, Objects, Companies).",
    "Turn off workflows and sequences that enrol new contacts, companies, deals or tickets.",
    "Turn off automated e-mails and notifications to owners about records that are assigned to them.",
    "Stop a running Salesforce sync: it would write to the same records.",
)

Ask = Callable[[str, str], Answer]


def definitions(
    properties: Any, feed: Feed, ask: Ask, paths: Mapping[str, str], pipelines: Pipelines
) -> dict[str, Definition]:
    """Say what each property of a feed takes; `properties` is the answer of the SDK's `get_all`."""
    # What refers to another record is our key until it is sent.
    names = {feed.key, *(column.name for column in feed.columns if not column.names_record)}
    known = {each.name: each for each in properties.results if each.name in names}
    outside: dict[str, frozenset[str]] = {}
    if OWNER in known:
        outside[OWNER] = frozenset(_owners(ask, paths["owners"]))
    if names & set(PROPERTIES.get(feed.object, ())):
        outside |= pipelines.allowed(feed)
    return {name: _definition(each, outside.get(name)) for name, each in known.items()}


def _definition(known: Any, outside: frozenset[str] | None) -> Definition:
    allowed = outside
    if allowed is None and known.type == "enumeration" and not known.external_options:
        allowed = frozenset(option.value for option in known.options or ())
    longest = LONGEST_TEXT if known.type == "string" else None
    return Definition(known.type, allowed, longest, known.field_type in SEVERAL)


def _owners(ask: Ask, path: str) -> Iterator[str]:
    after = ""
    while True:
        page = ask("GET", f"{path}?limit={OWNERS_PER_PAGE}{after}").content
        yield from (str(owner["id"]) for owner in page.get("results", ()))
        following = (page.get("paging") or {}).get("next")
        if not following:
            return
        after = f"&after={following['after']}"


def room(ask: Ask, paths: Mapping[str, str]) -> Iterator[Room]:
    """Give the account's limits of records, custom properties and calls; what its plan does not tell is left out."""
    records = ask("GET", paths["record_limits"])
    for each in records.content.get("hubspotDefinedObjectTypes", ()) if records.ok else ():
        yield Room("records", _object(each), int(each["usage"]), int(each["limit"]))
    own = ask("GET", paths["property_limits"])
    for each in own.content.get("byObjectType", ()) if own.ok else ():
        yield Room("custom properties", _object(each), int(each["usage"]), int(each["limit"]))
    near = ask("GET", paths["association_limits"])
    for each in near.content.get("results", ()) if near.ok else ():
        if each.get("hasRecordsAtLimit"):
            yield Room("associations of one record", _object(each), 1, 1)
    usage = ask("GET", paths["usage"])
    for each in usage.content.get("results", ()) if usage.ok else ():
        if each.get("usageLimit"):
            yield Room("calls today", None, int(each.get("currentUsage") or 0), int(each["usageLimit"]))


def _object(each: Mapping[str, Any]) -> str:
    """Give an object's name from its label: `Line items` is `line_items`."""
    return str(each["pluralLabel"]).lower().replace(" ", "_")
