"""A load that is killed or interrupted, and the next one: no record twice, none missing."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from load.apply import apply
from load.feeds import Feed
from load.hubspot import HubSpot
from load.ledger import replay
from load.plan import plan
from tests import servers
from tests.load import marts

CONTACTS = 1_500


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGINT])
def test_a_load_that_ended_early_goes_on_where_it_was(
    ending: signal.Signals,
    connection: Any,
    declared: list[Feed],
    spool_dir: Path,
    hubspot: HubSpot,
    hubspot_address: str,
    warehouse_address: str,
) -> None:
    marts.fill(
        connection,
        "contacts",
        "email, firstname",
        f"""select '003' || lpad(n::varchar, 15, '0') as _record_key, 'p' || n || '@example.com' as email,
            'Ada' as firstname from ({marts.numbers(CONTACTS)}) as made""",
    )
    httpx.post(f"{hubspot_address}/_sandbox/limits", json={"latency_ms": 40}).raise_for_status()
    answered = _ended_at(400, ending, hubspot_address, warehouse_address, spool_dir)
    there = _written(hubspot_address)
    assert answered <= there < CONTACTS
    httpx.post(f"{hubspot_address}/_sandbox/limits", json={"latency_ms": 0}).raise_for_status()

    replayed = replay(connection, spool_dir)
    planned = plan(connection, [feed for feed in declared if feed.target == "hubspot"])
    applied = apply(connection, planned, {"hubspot": hubspot}, run_id="next", spool_dir=spool_dir)

    kept = planned.feeds[1].in_ledger
    assert answered <= kept <= there
    # After Ctrl-C there is nothing to replay: the load brought its answers home itself.
    assert replayed == (kept if ending == signal.SIGKILL else 0)
    assert planned.to_send == CONTACTS - kept
    assert applied.feeds[0].succeeded == CONTACTS - kept
    # What was on its way when the kill came was sent again, and is there once.
    assert _contacts_in(hubspot_address) == CONTACTS
    assert marts.query(connection, "select count(*), count(distinct target_id) from ops.load_ledger") == [
        (CONTACTS, CONTACTS)
    ]
    assert marts.query(connection, "select count(*) from ops.load_attempt") == [(CONTACTS,)]
    assert plan(connection, [planned.feeds[1].feed]).to_send == 0


def _ended_at(
    rows: int, ending: signal.Signals, hubspot_address: str, warehouse_address: str, spool_dir: Path
) -> int:
    """Run a load in a process of its own and end it after so many rows; give the number it had got answers for."""
    command = [sys.executable, "-m", "tests.load.load_once", hubspot_address, str(spool_dir)]
    environment = {**os.environ, "WAREHOUSE_PORT": warehouse_address.rpartition(":")[2]}
    with subprocess.Popen(
        command,
        cwd=servers.REPOSITORY,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("hubspot contacts") and (done := int(line.split()[-1])) >= rows:
                process.send_signal(ending)
                process.communicate()
                return done
    raise AssertionError("the load ended before it could be killed")


def _written(address: str) -> int:
    written: int = httpx.get(f"{address}/_sandbox/calls").json()["written"]["contacts"]
    return written


def _contacts_in(address: str) -> int:
    headers = {"Authorization": f"Bearer {marts.HUBSPOT_TOKEN}"}
    limits = httpx.get(f"{address}/crm/v3/limits/records", headers=headers).json()[
        "hubspotDefinedObjectTypes"
    ]
    return next(int(each["usage"]) for each in limits if each["pluralLabel"] == "contacts")
