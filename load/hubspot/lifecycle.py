"""HubSpot moves a lifecycle stage forward only: an earlier one is ignored without a word, so it is not sent but reported.

Source: knowledge.hubspot.com, "Use lifecycle stages"; only a stage that was cleared first can become an earlier one.
"""

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from load.target import Row

STAGE = "lifecyclestage"
ORDER = (
    *("subscriber", "lead", "marketingqualifiedlead", "salesqualifiedlead", "opportunity", "customer"),
    *("evangelist", "other"),
)


def forward_only(row: Row, held: Mapping[str, Any]) -> Row:
    """Leave out a stage that lies before the one that HubSpot holds, and name it among what was kept."""
    ours, theirs = row.values.get(STAGE), held.get(STAGE)
    if ours not in ORDER or theirs not in ORDER or ORDER.index(ours) >= ORDER.index(theirs):
        return row
    values = {name: value for name, value in row.values.items() if name != STAGE}
    return replace(row, values=values, kept=(*row.kept, STAGE))
