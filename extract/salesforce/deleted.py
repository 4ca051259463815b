"""Ids of records that were deleted, for objects whose deleted records queryAll does not give.

https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_getdeleted.htm
"""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceError

from extract.errors import ExtractError
from extract.landing import RowFiles

# What Salesforce keeps; the span asked for begins a day before the last copy, for its list lags behind.
KEPT = dt.timedelta(days=15)
OVERLAP = dt.timedelta(days=1)
OUT_OF_RANGE = {"INVALID_REPLICATION_DATE", "EXCEEDED_ID_LIMIT"}


@dataclass(frozen=True, slots=True)
class Deleted:
    """So many ids, in the Parquet files of `folder`."""

    folder: Path
    rows: int


def read(sf: Salesforce, name: str, since: str, until: str, folder: Path) -> Deleted | None:
    """Write the ids deleted between two SOQL times as files of `folder`; None where Salesforce does not go back so far.

    Raises:
        ExtractError: Salesforce refused.
    """
    end = dt.datetime.fromisoformat(until)
    start = dt.datetime.fromisoformat(since)
    # The first copy after a longer pause: what was deleted before the kept days only the ids can tell.
    if start < end - KEPT:
        return None
    span = {
        "start": (max(start - OVERLAP, end - KEPT + dt.timedelta(hours=1))).isoformat(),
        "end": end.isoformat(),
    }
    try:
        answer = sf.restful(f"sobjects/{name}/deleted/", params=span)
    except SalesforceError as error:
        said = error.content[0] if isinstance(error.content, list) and error.content else {}
        if said.get("errorCode") in OUT_OF_RANGE:
            return None
        raise ExtractError(
            f"{name}: Salesforce refused the list of deleted records (HTTP {error.status}). Check the login's access to the "
            "object, then give the command again."
        ) from None
    if dt.datetime.fromisoformat(answer["earliestDateAvailable"]) > start:
        return None
    with RowFiles(folder, ["Id"]) as files:
        for each in answer["deletedRecords"]:
            files.add((each["id"],))
    return Deleted(folder, files.rows)
