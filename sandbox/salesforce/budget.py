"""What the org may use in a day and has used since the start."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Limits:
    """What may be used; POST /_sandbox/limits changes any of these by name.

    `BulkResultKilobytes` is the size of all query results of a day, `QueryBatch` is the rows of a REST page, `BulkResultPage` those of a Bulk result page for which the client names no
    maxRecords, `BulkSeconds` how long a Bulk job stays InProgress at least.
    """

    DailyApiRequests: int = 100_000
    DailyBulkV2QueryJobs: int = 10_000
    BulkResultKilobytes: int = 1_000_000_000
    QueryBatch: int = 2_000
    BulkResultPage: int = 50_000
    BulkSeconds: float = 0.0


@dataclass(slots=True)
class Usage:
    """Calls since the start, by method and path template; `refused` counts those beyond the daily budget."""

    api_requests: int = 0
    refused: int = 0
    calls: Counter[str] = field(default_factory=Counter)
