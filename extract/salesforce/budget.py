"""What is left of the org's allowance for the day, and the part of it that stays with the org's own people."""

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from extract.errors import BudgetExhausted

# As `GET /limits` names them; the header Sforce-Limit-Info, on every REST answer, knows of calls only.
CALLS, JOBS = "DailyApiRequests", "DailyBulkV2QueryJobs"
USAGE = re.compile(r"api-usage=(\d+)/(\d+)")


@dataclass(frozen=True, slots=True)
class Allowance:
    """What an org may use within 24 hours, and what it has not used yet."""

    most: int
    left: int

    def reaches(self, floor: float) -> bool:
        """Whether no more than this share of it is left; without a floor Salesforce itself says when it ends."""
        return floor > 0 and self.left <= self.most * floor


class Budget:
    """Keeps account of calls and Bulk jobs; used by all threads of a session.

    `floor` is the share of either that is left alone. Salesforce computes its numbers with delay, so they are
    good for a margin and not for the last call.
    """

    def __init__(self, floor: float = 0.0) -> None:
        """Know nothing yet, and so refuse nothing."""
        self.floor = floor
        self._left: dict[str, Allowance] = {}
        self._lock = threading.Lock()

    def allowance(self, name: str) -> Allowance | None:
        """Give what is known of CALLS or of JOBS."""
        return self._left.get(name)

    def told(self, limits: Any) -> None:
        """Take the numbers of an answer to `GET /limits`."""
        with self._lock:
            for name in (CALLS, JOBS):
                if isinstance(limits, dict) and limits.get(name):
                    self._left[name] = Allowance(int(limits[name]["Max"]), int(limits[name]["Remaining"]))

    def heard(self, headers: Mapping[str, str]) -> None:
        """Take the number of an answer's header; where a proxy took it away, count the call here."""
        said = USAGE.search(headers.get("Sforce-Limit-Info", ""))
        with self._lock:
            if said:
                used, most = int(said[1]), int(said[2])
                self._left[CALLS] = Allowance(most, most - used)
            else:
                self._use(CALLS)

    def check_calls(self) -> None:
        """Say whether another call may be sent.

        Raises:
            BudgetExhausted: the floor is reached.
        """
        self._check(CALLS, "API calls")

    def take_job(self) -> None:
        """Account for one more Bulk job.

        Raises:
            BudgetExhausted: the floor is reached.
        """
        with self._lock:
            self._check(JOBS, "Bulk jobs")
            self._use(JOBS)

    def _use(self, name: str) -> None:
        if known := self._left.get(name):
            self._left[name] = Allowance(known.most, known.left - 1)

    def _check(self, name: str, called: str) -> None:
        known = self._left.get(name)
        if known and known.reaches(self.floor):
            raise exhausted(
                f"{known.most - known.left:,} of the day's {known.most:,} {called} are used, and the last {self.floor:.0%} are left "
                "to the org's own people. To go on now, lower the floor (SALESFORCE_BUDGET_FLOOR)."
            )


def exhausted(reason: str) -> BudgetExhausted:
    """Give the error that ends an extract for today, with what to do."""
    return BudgetExhausted(
        f"Salesforce: {reason} The allowance covers 24 hours and comes back by itself. What was copied so far "
        "is kept: give the same command again later, and it goes on with the objects that are left."
    )
