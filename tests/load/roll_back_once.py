"""Undo the run `run` once, saying on stdout how far it is: `python -m tests.load.roll_back_once HUBSPOT_URL SPOOL_DIR`.

A test kills it. The embedded warehouse's port is in WAREHOUSE_PORT.
"""

import sys
from pathlib import Path

import warehouse
from load.feeds import feeds
from load.hubspot import HubSpot
from load.rollback import Rollback
from tests import servers
from tests.load import marts


def main(address: str, spool_dir: Path) -> None:
    declared = [feed for feed in feeds(marts.company_manifest()) if feed.target == "hubspot"]
    target = HubSpot(address, marts.HUBSPOT_TOKEN, threads=1, records_per_call=10)
    Rollback(
        warehouse.connect("local", servers.REPOSITORY),
        {"hubspot": target},
        "run",
        "killed",
        spool_dir,
        progress=lambda label, done, _: print(f"{label} {done}", flush=True),  # noqa: T201
    ).carry_out(declared)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
