"""Who opted out of e-mail at the source gets none from HubSpot: a subscription status beside the property.

It is set once the contact is there, and a contact counts as loaded only with it. Nobody is ever subscribed again: who
opts in at the source later does so in HubSpot, too.
Source: developers.hubspot.com, "Subscription preferences API v4", batch unsubscribe contacts from all subscriptions.
"""

import json
from collections.abc import Callable, Iterator, Sequence

from msgspec.structs import replace

from load.answer import Answer
from load.feeds import Feed
from load.hubspot.wire import message_of
from load.target import OPT_OUT, Result, Row, TargetUnavailableError

Ask = Callable[..., Answer]


def carry_over(
    ask: Ask, path: str, feed: Feed, rows: Sequence[Row], results: Sequence[Result]
) -> Iterator[Result]:
    """Unsubscribe those of a batch's contacts who opted out; give the results, failed where that was not answered."""
    taken = {result.record_key for result in results if result.status == "succeeded"}
    addresses = {key: address for key, address in _opted_out(feed, rows) if key in taken}
    problem = _unsubscribe(ask, path, sorted(set(addresses.values()))) if addresses else None
    for result in results:
        yield _undone(result, problem) if problem and result.record_key in addresses else result


def _opted_out(feed: Feed, rows: Sequence[Row]) -> Iterator[tuple[str, str]]:
    """Give the keys of those who want no e-mail, with their addresses."""
    for flag, address in ((column.name, column.opts_out) for column in feed.columns if column.opts_out):
        for row in rows:
            if row.values.get(flag) and row.values.get(address):
                yield row.record_key, row.values[address]


def _unsubscribe(ask: Ask, path: str, addresses: Sequence[str]) -> str | None:
    """Say what went wrong, None if nothing did."""
    try:
        answer = ask("POST", f"{path}?channel=EMAIL", json.dumps({"inputs": addresses}))
    except TargetUnavailableError as error:
        return str(error)
    known = {str(one["subscriberIdString"]).lower() for one in answer.content.get("results", ())}
    if answer.ok and known >= {address.lower() for address in addresses}:
        return None
    return f"HubSpot did not unsubscribe everybody who opted out: {message_of(answer)}"


def _undone(result: Result, problem: str) -> Result:
    return replace(result, status="failed", error_category=OPT_OUT, error_message=problem)
