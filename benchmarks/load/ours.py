"""Our loader as a client of its own: `python -m benchmarks.load.ours TARGET ADDRESS ROWS SPOOL_DIR`.

Rows go through the target and its answers into the durable spool, as in a load; the warehouse at both ends is left out,
as it is for the peers. Says on stdout, as JSON, how many rows succeeded and how much memory it took at most.
"""

import json
import resource
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import structlog

from benchmarks.load.rows import KEY, contacts
from load import ledger
from load.feeds import Column, Feed
from load.hubspot import HubSpot
from load.intercom import Intercom
from load.ledger import Spool
from load.target import Row, Target

TOKENS = {"hubspot": "sandbox-hubspot-token", "intercom": "sandbox-intercom-token"}


def main(name: str, address: str, count: int, folder: Path) -> None:
    """Load so many contacts."""
    target: Target = (HubSpot if name == "hubspot" else Intercom)(address, TOKENS[name])
    # Every load begins so, and learns from the answer how many calls the account allows.
    target.check_account()
    rows = _hubspot_rows(count) if name == "hubspot" else _intercom_rows(count)
    names = next(_hubspot_rows(1) if name == "hubspot" else _intercom_rows(1)).values
    columns = tuple(Column(column, "varchar") for column in names)
    key = KEY if name == "hubspot" else "external_id"
    feed = Feed(name, "contacts", key, 1, "record", "keep", "MARTS.CONTACTS", columns)
    # Nothing is behind the spool here: full files are dropped, as they would be once they are in the warehouse.
    ledger._store = _drop  # type: ignore[assignment]
    succeeded = 0
    with Spool(None, folder, "bench") as spool:
        for results in target.send(feed, rows):
            spool.write(feed, results)
            succeeded += sum(result.status == "succeeded" for result in results)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"succeeded": succeeded, "memory_mb": round(memory, 1), "calls": target.calls}))


def _hubspot_rows(count: int) -> Iterator[Row]:
    for row in contacts(count):
        key = row.pop(KEY)
        yield Row(key, "hash", "create", None, row)


def _intercom_rows(count: int) -> Iterator[Row]:
    for row in contacts(count):
        values = {
            "role": "user",
            "email": row["email"],
            "name": f"{row['firstname']} {row['lastname']}",
            "phone": row["phone"],
        }
        yield Row(row[KEY], "hash", "create", None, values)


def _drop(_connection: Any, _path: Path) -> int:
    return 0


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]))
