"""A part of the org small enough for memory: records of up to 400 accounts that refer only to each other.

Values that only the making needs, such as the company behind an account, stand in keys that begin with
an underscore; they are never written.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sandbox.company.dice import Dice
from sandbox.company.dirt import Defect, Dirt
from sandbox.company.ids import Ids
from sandbox.salesforce.org import SYSTEM_FIELDS, declared_org

Row = dict[str, Any]

USER_PREFIX = "005"
ROWS = {
    "Account": 400, "Contact": 1600, "Lead": 900, "Opportunity": 1200, "Case": 900, "Task": 1500, "Event": 500,
    "CampaignMember": 1000, "Subscription__c": 250, "EmailMessage": 200, "Note": 80, "Attachment": 20, "Person account": 6,
}  # fmt: skip


@dataclass(slots=True)
class Block:
    """Rows under construction with their truth; `common` holds what all blocks share, such as users."""

    dice: Dice
    ids: Ids
    dirt: Dirt
    size: float = 1.0
    common: "Block | None" = None
    rows: defaultdict[str, list[Row]] = field(default_factory=lambda: defaultdict(list))
    people: dict[str, int] = field(default_factory=dict)
    companies: dict[str, int] = field(default_factory=dict)
    defects: list[Defect] = field(default_factory=list)
    _noted: set[tuple[str, str]] = field(default_factory=set)
    _soiled: set[str] = field(default_factory=set)

    def count(self, name: str) -> int:
        """Return how many rows of that object this block is to hold."""
        return max(1, round(ROWS[name] * self.size))

    def shared(self, name: str) -> list[Row]:
        """Return the rows of an object that all blocks share."""
        return (self.common or self).rows[name]

    def add(self, name: str, created: datetime, **values: Any) -> Row:
        """Add a record made at that moment and last changed by somebody then or later."""
        owner = str(values.get("OwnerId", ""))
        author = values.get("CreatedById") or (owner if owner.startswith(USER_PREFIX) else self.active_user())
        changed = created if self.dice.chance(0.3) else self.dice.moment(created)
        row = {
            "Id": self.ids.new(declared_org().sobjects[name].prefix),
            "IsDeleted": False,
            "CreatedDate": created,
            "CreatedById": author,
            "LastModifiedDate": changed,
            "LastModifiedById": author,
            "SystemModstamp": changed,
            **values,
        }
        self.rows[name].append(row)
        return row

    def copy(self, name: str, row: Row) -> Row:
        """Add a record with the contents of another, made at some time after it."""
        contents = {key: value for key, value in row.items() if key not in SYSTEM_FIELDS}
        return self.add(name, self.dice.moment(row["CreatedDate"]), **contents)

    def note(self, name: str, row: Row, column: str, kind: str) -> None:
        """Put a planted defect on record."""
        self.defects.append(Defect(name, row["Id"], column, kind))
        self._noted.add((row["Id"], column))
        self._soiled.add(row["Id"])

    def is_noted(self, row: Row, column: str) -> bool:
        return (row["Id"], column) in self._noted

    def is_soiled(self, row: Row) -> bool:
        return row["Id"] in self._soiled

    def active_user(self) -> str:
        while not (user := self.dice.pick(self.shared("User")))["IsActive"]:
            pass
        return str(user["Id"])

    def owner(self) -> str:
        """Return the id of a user; one record in eight belongs to somebody who may have left since."""
        return (
            str(self.dice.pick(self.shared("User"))["Id"]) if self.dice.chance(0.125) else self.active_user()
        )
