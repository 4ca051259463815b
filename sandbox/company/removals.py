"""Records that are gone: deleted, merged into another, or missed by those that still point at them."""

from sandbox.company.block import Block, Row
from sandbox.company.duplicates import second_account, second_contact, second_lead
from sandbox.salesforce.org import declared_org

DELETABLE = (
    "Account",
    "Contact",
    "Lead",
    "Opportunity",
    "Case",
    "CaseComment",
    "Task",
    "Event",
    "CampaignMember",
    "Subscription__c",
)
SECOND = {"Account": second_account, "Contact": second_contact, "Lead": second_lead}
ORPHANED = (
    ("Contact", "AccountId", "Account"), ("Opportunity", "AccountId", "Account"), ("Case", "ContactId", "Contact"),
    ("Case", "AccountId", "Account"), ("Task", "WhoId", "Contact"), ("OpportunityContactRole", "ContactId", "Contact"),
    ("CampaignMember", "LeadId", "Lead"), ("Subscription__c", "Account__c", "Account"),
)  # fmt: skip


def remove_some(block: Block) -> None:
    """Delete records that nothing points at, add the losers of merges, then break some references."""
    referenced = _referenced(block)
    for name in DELETABLE:
        loose = [row for row in block.rows[name] if row["Id"] not in referenced]
        for row in block.dice.share(loose, block.dirt.deleted):
            _delete(block, row)
            block.note(name, row, "", "deleted")
    for name in SECOND:
        _merge(block, name)
    _break_references(block)


def _referenced(block: Block) -> set[str]:
    found = set[str]()
    for name, rows in block.rows.items():
        columns = [column.name for column in declared_org().sobjects[name].columns if column.refers_to]
        found.update(row[column] for row in rows for column in columns if row.get(column))
    return found


def _delete(block: Block, row: Row) -> None:
    row["IsDeleted"] = True
    row["LastModifiedDate"] = row["SystemModstamp"] = block.dice.moment(row["LastModifiedDate"])


def _merge(block: Block, name: str) -> None:
    """Add records that lost a merge to one without defects; all that hung on them is the winner's by then."""
    sound = [row for row in block.rows[name] if not block.is_soiled(row) and not row.get("IsConverted")]
    for winner in block.dice.share(sound, block.dirt.merged):
        loser = SECOND[name](block, winner)
        loser["MasterRecordId"] = winner["Id"]
        _delete(block, loser)
        block.note(name, loser, "MasterRecordId", "merged")


def _break_references(block: Block) -> None:
    for name, field, target in ORPHANED:
        prefix = declared_org().sobjects[target].prefix
        gone = [row["Id"] for row in block.rows[target] if row["IsDeleted"]]
        rows = [
            row for row in block.rows[name] if not row["IsDeleted"] and str(row.get(field)).startswith(prefix)
        ]
        for number, row in enumerate(block.dice.share(rows, block.dirt.orphan)):
            purged = number % 2 == 0 or not gone
            row[field] = block.ids.new(prefix) if purged else block.dice.pick(gone)
            block.note(name, row, field, "orphan_missing" if purged else "orphan_deleted")
