"""Plan and apply once, saying on stdout how far it is: `python -m tests.load.load_once HUBSPOT_URL SPOOL_DIR`.

A test kills it. The embedded warehouse's port is in WAREHOUSE_PORT.
"""

import signal
import sys
from pathlib import Path

import warehouse
from load.apply import apply
from load.feeds import feeds
from load.hubspot import HubSpot
from load.ledger import replay
from load.plan import plan
from tests import servers
from tests.load import marts


def main(address: str, spool_dir: Path) -> None:
    connection = warehouse.connect("local", servers.REPOSITORY)
    declared = [feed for feed in feeds(marts.company_manifest()) if feed.target == "hubspot"]
    replay(connection, spool_dir)
    apply(
        connection,
        plan(connection, declared),
        {"hubspot": HubSpot(address, marts.HUBSPOT_TOKEN, threads=2)},
        run_id="killed",
        spool_dir=spool_dir,
        progress=lambda label, done, _: print(f"{label} {done}", flush=True),  # noqa: T201
    )


if __name__ == "__main__":
    # A shell starts what runs in the background with Ctrl-C ignored, and that is inherited.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    main(sys.argv[1], Path(sys.argv[2]))
