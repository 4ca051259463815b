"""Failures on demand: the next calls of a path are answered with an error, before or after they did their work."""

from dataclasses import dataclass

from sandbox.hubspot.errors import HubSpotError


@dataclass(slots=True)
class Fault:
    """Answer `times` calls whose path contains `path` with `status`.

    done: let the call do its work first and lose only the answer, as when a gateway times out after a write.
    retry_after: seconds for the header of that name (HubSpot sends it with 477).
    """

    status: int
    path: str = ""
    times: int = 1
    done: bool = False
    retry_after: int | None = None

    @property
    def headers(self) -> dict[str, str]:
        return {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}

    @property
    def error(self) -> HubSpotError:
        messages = {423: "The resource is locked", 477: "The account is being migrated", 502: "Bad gateway"}
        return HubSpotError(self.status, messages.get(self.status, "internal error"))


class Faults:
    """The failures that are still to come."""

    def __init__(self) -> None:
        self._coming: list[Fault] = []

    def plan(self, fault: Fault) -> None:
        self._coming.append(fault)

    def take(self, path: str) -> Fault | None:
        """Give the failure that is planned for this call, if any."""
        for fault in self._coming:
            if fault.path in path and fault.times > 0:
                fault.times -= 1
                return fault
        return None
