"""The REST resources that answer about the org itself: versions, limits, counts, describes."""

from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

from starlette.responses import Response

from sandbox.salesforce import describe
from sandbox.salesforce.org import DECLARATION
from sandbox.salesforce.rows import sobject_of
from sandbox.salesforce.state import Call, VendorJson

RESOURCES = ("jobs", "limits", "query", "queryAll", "sobjects", "tooling")
UNUSED_LIMITS = {
    "DailyAsyncApexExecutions": 250_000,
    "DailyBulkApiBatches": 15_000,
    "DataStorageMB": 1_024,
    "FileStorageMB": 1_024,
    "HourlyTimeBasedWorkflow": 1_000,
    "SingleEmail": 5_000,
}


def resources(call: Call) -> Response:
    """GET /services/data/vN: where each resource of this version is."""
    root = f"/services/data/v{call.version}"
    return VendorJson({name: f"{root}/{name}" for name in RESOURCES})


def limits(call: Call) -> Response:
    """Reply of GET /limits: what is allowed and what is left, by name."""
    sandbox = call.sandbox
    used = {
        "DailyApiRequests": (sandbox.limits.DailyApiRequests, sandbox.usage.api_requests),
        "DailyBulkV2QueryJobs": (sandbox.limits.DailyBulkV2QueryJobs, sandbox.jobs.today()),
        "DailyBulkV2QueryFileStorageMB": (
            sandbox.limits.BulkResultKilobytes // 1024,
            sandbox.jobs.kilobytes() // 1024,
        ),
        **{name: (most, 0) for name, most in UNUSED_LIMITS.items()},
    }
    return VendorJson(
        {
            name: {"Max": most, "Remaining": max(most - spent, 0)}
            for name, (most, spent) in sorted(used.items())
        }
    )


def record_count(call: Call) -> Response:
    """Reply of GET /limits/recordCount?sObjects=: a hint, as at Salesforce; here it counts deleted records too."""
    asked = call.request.query_params.get("sObjects")
    wanted = {name.strip().lower() for name in asked.split(",")} if asked else None
    counts: list[dict[str, Any]] = []
    for sobject in sorted(call.sandbox.org, key=lambda each: each.name):
        if wanted is None or sobject.name.lower() in wanted:
            count = call.store.number(f'SELECT count(*) FROM org."{sobject.name}"')
            counts += [{"count": count, "name": sobject.name}] if count else []
    return VendorJson({"sObjects": counts})


def global_describe(call: Call) -> Response:
    """Reply of GET /sobjects."""
    return VendorJson(describe.global_describe(call.sandbox.org, call.version))


def sobject_summary(call: Call) -> Response:
    """Reply of GET /sobjects/{object}."""
    return VendorJson({"objectDescribe": describe.summary(sobject_of(call), call.version), "recentItems": []})


def sobject_describe(call: Call) -> Response:
    """Reply of GET /sobjects/{object}/describe; 304 when unchanged since If-Modified-Since."""
    sobject = sobject_of(call)
    changed = datetime.fromtimestamp(int(DECLARATION.stat().st_mtime), UTC)
    headers = {"Last-Modified": format_datetime(changed, usegmt=True)}
    if _unchanged(call.request.headers.get("if-modified-since"), changed):
        return Response(status_code=304, headers=headers)
    base_url = str(call.request.base_url).rstrip("/")
    return VendorJson(describe.describe(sobject, call.sandbox.org, call.version, base_url), headers=headers)


def _unchanged(since: str | None, changed: datetime) -> bool:
    if since is None:
        return False
    try:
        moment = parsedate_to_datetime(since)
    except ValueError:
        return False
    return changed <= (moment if moment.tzinfo else moment.replace(tzinfo=UTC))
