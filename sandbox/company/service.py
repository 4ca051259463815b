"""Cases and their comments."""

from datetime import timedelta

from sandbox.company.block import Block, Row
from sandbox.company.catalogue import record_type
from sandbox.company.dice import NOW
from sandbox.company.people import employers
from sandbox.company.phrases import CASE_SUBJECTS, CASE_TEXTS, COMMENTS, phrases
from sandbox.company.sales import colleagues
from sandbox.company.staff import queue

REASONS = (
    "Installation",
    "Equipment Complexity",
    "Performance",
    "Breakdown",
    "Equipment Design",
    "Feedback",
    "Other",
)
KINDS = ("Mechanical", "Electrical", "Electronic", "Structural", "Other")


def add_cases(block: Block) -> None:
    contacts = colleagues(block)
    for account in employers(block, block.count("Case")):
        people = contacts.get(account["Id"])
        case = _add_case(block, account, block.dice.pick(people) if people else None)
        _add_comments(block, case)


def _add_case(block: Block, account: Row, contact: Row | None) -> Row:
    dice, earlier = block.dice, block.rows["Case"]
    created = dice.moment((contact or account)["CreatedDate"])
    closed = created + timedelta(hours=dice.randrange(1, 900))
    is_closed = closed < NOW and dice.chance(0.95)
    language = account["_company"].place.language
    origin = dice.pick(("Phone", "Email", "Web"))
    supplied = contact if contact and origin != "Phone" else {}
    row = block.add(
        "Case",
        created,
        OwnerId=queue(block, "Support") if dice.chance(0.25) else block.owner(),
        CaseNumber=f"{block.ids.number('case'):08}",
        ContactId=contact["Id"] if contact else None,
        AccountId=account["Id"],
        ParentId=dice.pick(earlier)["Id"] if earlier and dice.chance(0.02) else None,
        SuppliedName=(supplied.get("Name") or "")[:80] or None,
        SuppliedEmail=supplied.get("Email"),
        Type=dice.pick(KINDS) if dice.chance(0.7) else None,
        RecordTypeId=record_type(block, "Case"),
        Status="Closed" if is_closed else dice.pick(("New", "Working", "Escalated")),
        Reason=dice.pick(REASONS) if dice.chance(0.6) else None,
        Origin=origin,
        Subject=dice.pick(phrases(CASE_SUBJECTS, language)),
        Priority=dice.weighted({"High": 2.0, "Medium": 5.0, "Low": 3.0}),
        Description=dice.pick(phrases(CASE_TEXTS, language)),
        IsClosed=is_closed,
        ClosedDate=closed if is_closed else None,
        Severity_Score__c=round(dice.uniform(0, 10), 1) if dice.chance(0.5) else None,
    )
    row["IsEscalated"] = row["Status"] == "Escalated"
    return row


def _add_comments(block: Block, case: Row) -> None:
    for _ in range(block.dice.weighted({0: 3.0, 1: 3.0, 2: 2.0, 4: 1.0})):
        block.add(
            "CaseComment",
            block.dice.moment(case["CreatedDate"], case["ClosedDate"] or NOW),
            ParentId=case["Id"],
            IsPublished=block.dice.chance(0.4),
            CommentBody=block.dice.pick(COMMENTS),
        )
