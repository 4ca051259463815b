"""What can go wrong in Salesforce and on the way to it: the menu that a seed draws from, and what each event does.

An event happens to the call whose turn it is: to the org before it, to its page on the way, or instead of its answer.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeAlias

from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.faults import Fault, strike
from sandbox.salesforce import oauth
from sandbox.salesforce.delivery import DAMAGES
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.state import Sandbox, error_response

NEW_JOB, DESCRIBE, PAGE, MORE = "POST /services/data", "/describe", "/results", "/query/01g"
RUNNING_TOO_LONG = "QUERY_TIMEOUT: Your query request was running for too long."
PROXY_PAGE = "<html><head><title>502 Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>"
REFUSALS = {
    403: ApiError("REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests (Concurrent API Requests) Limit exceeded."),
    500: ApiError("UNKNOWN_EXCEPTION", "An unexpected error occurred.", status=500),
    502: ApiError("SERVER_UNAVAILABLE", "Bad gateway", status=502),
    503: ApiError("SERVER_UNAVAILABLE", "Server is unavailable", status=503),
}
MENU = (
    *(Fault(status=status) for status in REFUSALS),
    Fault(status=503, times=3),
    Fault(NEW_JOB, status=500, done=True),
    Fault(NEW_JOB, cut=True, done=True),
    Fault(cut=True),
    Fault(event="expired_session"),
    Fault(event="proxy_page"),
    Fault(NEW_JOB, event="failing_job"),
    Fault(NEW_JOB, event="hanging_job"),
    Fault(DESCRIBE, event="removed_field"),
    Fault(PAGE, event="lost_job"),
    Fault(PAGE, event="lost_locator"),
    Fault(MORE, event="lost_locator"),
    *(Fault(PAGE, event=damage) for damage in DAMAGES),
)


Event: TypeAlias = Callable[[Sandbox, Scope], None]


class Faulty:
    """The way to the org, on which the calls of the API meet the faults of the schedule."""

    def __init__(self, app: ASGIApp, sandbox: Sandbox) -> None:
        self.app = app
        self.sandbox = sandbox

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_call = scope["type"] == "http" and scope["path"].startswith("/services/")
        fault = self.sandbox.faults.take(f"{scope['method']} {scope['path']}") if is_call else None
        if fault is None:
            await self.app(scope, receive, send)
            return
        if fault.event in BEFORE:
            await run_in_threadpool(BEFORE[fault.event], self.sandbox, scope)
        refusal = HTMLResponse(PROXY_PAGE, 502) if fault.event == "proxy_page" else _refusal(fault)
        fault = replace(fault, status=fault.status or (502 if fault.event == "proxy_page" else 0))
        if fault.event in AFTER:
            send = self._acting_after(AFTER[fault.event], scope, send)
        await strike(fault, self.app, {**scope, "fault": fault.event}, receive, send, refusal)

    def _acting_after(self, act: Event, scope: Scope, send: Send) -> Send:
        """Let the event happen when the call has been answered and its client does not know yet."""

        async def act_and_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                await run_in_threadpool(act, self.sandbox, scope)
            await send(message)

        return act_and_send


def _refusal(fault: Fault) -> Response:
    error = REFUSALS.get(fault.status)
    return error_response(
        error or ApiError("UNKNOWN_EXCEPTION", "Something is wrong.", status=fault.status or 500)
    )


def expired_session(sandbox: Sandbox, _: Scope) -> None:
    """End every session."""
    oauth.expire_sessions(sandbox)


def failing_job(sandbox: Sandbox, _: Scope) -> None:
    """Let the next job end as Failed."""
    sandbox.jobs.failures.append(RUNNING_TOO_LONG)


def hanging_job(sandbox: Sandbox, _: Scope) -> None:
    """Let the next job stay InProgress until it is aborted."""
    sandbox.jobs.failures.append(None)


def lost_job(sandbox: Sandbox, scope: Scope) -> None:
    """Let the job whose page is asked for fail, complete as it was."""
    sandbox.jobs.fail(scope["path"].split("/")[-2], RUNNING_TOO_LONG)


def removed_field(sandbox: Sandbox, scope: Scope) -> None:
    """Hide a field of the object that was just described, as if an admin had removed it since."""
    sobject = sandbox.org.find(scope["path"].split("/")[-2])
    optional = [each for each in sobject.columns if not each.required] if sobject else []
    if sobject and optional:
        hidden = {name: set(fields) for name, fields in sandbox.store.hidden.items()}
        hidden.setdefault(sobject.name, set()).add(optional[-1].name)
        sandbox.store.use(sandbox.store.org, hidden)


BEFORE: Mapping[str, Event] = {
    act.__name__: act for act in (expired_session, failing_job, hanging_job, lost_job)
}
AFTER: Mapping[str, Event] = {removed_field.__name__: removed_field}
# What the endpoints themselves do when the call's scope says so.
EVENTS = (*BEFORE, *AFTER, *DAMAGES, "lost_locator", "proxy_page")
