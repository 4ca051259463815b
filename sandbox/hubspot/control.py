"""Routes under /_sandbox/: what steers and watches the stand-in and is no part of HubSpot's API."""

from dataclasses import asdict

from sandbox.hubspot.account import Account
from sandbox.hubspot.errors import invalid
from sandbox.hubspot.web import Answer, Call


def health(_account: Account, _call: Call) -> Answer:
    """GET health: say that the stand-in is up."""
    return Answer({"status": "ok"})


def calls(account: Account, _call: Call) -> Answer:
    """GET calls: answered calls by method and path, records written by object, and refusals by policy, since the start."""
    return Answer(
        {
            "calls": dict(account.calls),
            "written": dict(account.written),
            "429": account.too_many.total(),
            "429_by_policy": dict(account.too_many),
        }
    )


def reset(account: Account, _call: Call) -> Answer:
    """POST reset: empty the account."""
    account.reset()
    return Answer(status=204)


def limits(account: Account, _call: Call) -> Answer:
    """GET limits: the limits as they are."""
    return Answer(asdict(account.limits))


def change_limits(account: Account, call: Call) -> Answer:
    """POST limits: change some of ten_secondly, search_secondly, daily, search_lag_seconds, latency_ms, file_bytes."""
    try:
        account.change_limits(call.fields())
    except TypeError:
        raise invalid(f"limits are: {', '.join(asdict(account.limits))}") from None
    return Answer(asdict(account.limits))


def plan_faults(account: Account, call: Call) -> Answer:
    """POST faults: plan what goes wrong, see sandbox/faults.py; give all that is still to come."""
    try:
        return Answer({"faults": account.faults.plan(call.fields())})
    except ValueError as problem:
        raise invalid(str(problem)) from None


def forget_faults(account: Account, _call: Call) -> Answer:
    """DELETE faults: forget what is still to come."""
    account.faults.clear()
    return Answer(status=204)
