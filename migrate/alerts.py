"""A message to a chat channel when a run needs somebody: a gate that stayed shut, or an error that ended it."""

from collections.abc import Sequence

import structlog

from migrate.settings import Settings

TIMEOUT_SECONDS = 10
ATTEMPTS = 3
MOST_FINDINGS = 10

log = structlog.get_logger()


class RefusedError(Exception):
    """The channel answered, and did not take the message."""


def send(settings: Settings, run_id: str, phase: str, findings: Sequence[str]) -> None:
    """Post one message to the configured webhook; without one, or where it cannot be reached, the run goes on.

    The body is `{"text": …}`, which Slack and what imitates it take
    (https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks).
    """
    webhook = settings.alert_webhook_url
    if webhook is None:
        return
    import httpx
    import stamina

    def post() -> None:
        body = {"text": text(run_id, phase, findings)}
        answer = httpx.post(webhook.get_secret_value(), json=body, timeout=TIMEOUT_SECONDS)
        if not answer.is_success:
            # httpx's own error names the address, which is a secret, and each retry is logged with its error.
            raise RefusedError(f"status {answer.status_code}")

    refusals = (httpx.HTTPError, RefusedError)
    try:
        stamina.retry(on=refusals, attempts=ATTEMPTS, wait_max=2)(post)()
    except refusals as error:
        log.warning("alert not sent", phase=phase, error=type(error).__name__)


def text(run_id: str, phase: str, findings: Sequence[str]) -> str:
    """Say which run stopped where and why, at most ten findings; findings carry no values of records."""
    shown = [f"• {finding}" for finding in findings[:MOST_FINDINGS]]
    more = len(findings) - len(shown)
    lines = [f"Migration run {run_id} needs attention: {phase}", *shown]
    return "\n".join([*lines, *([f"• and {more} more"] if more > 0 else [])])
