"""What each peer's script is told, and how it says what it got."""

import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from digest import Digest

URL, TOKEN, SOQL = os.environ["SF_STANDIN"], os.environ["SF_TOKEN"], os.environ["SF_SOQL"]
PAGE_ROWS = int(os.environ["SF_PAGE_ROWS"])
OBJECT = "Contact"
FIELDS = SOQL.removeprefix("SELECT ").partition(" FROM ")[0].split(", ")
# Without it a client does what it does by itself and no more.
WITH_DIGEST = bool(os.environ.get("SF_DIGEST"))


def told(rows: int | None, digest: Digest | None = None) -> None:
    """Print how many rows there were, where that was counted."""
    print(json.dumps({"rows": rows, "digest": str(digest) if digest else None}))
