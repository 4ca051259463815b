"""What people wrote beside the records: e-mails about cases, notes in both forms, files."""

import base64
from datetime import datetime

from sandbox.company.block import USER_PREFIX, Block, Row
from sandbox.company.dice import NOW
from sandbox.company.phrases import CASE_TEXTS, NOTE_TITLES, NOTES, REPLIES
from sandbox.company.staff import DOMAIN
from sandbox.salesforce.org import declared_org

SUPPORT = f"support@{DOMAIN}"
ANSWERED, SENT, NEW = "2", "3", "0"
NOTE_FILE = "SNOTE"


def add_emails(block: Block) -> None:
    """Add what came and went about cases that arrived by e-mail; the first one is the customer's."""
    living = [row for row in block.rows["Case"] if not row["IsDeleted"]]
    cases = [row for row in living if row["Origin"] == "Email" and row["SuppliedEmail"]]
    for case in block.dice.share(cases, block.count("EmailMessage") / 2 / max(len(cases), 1)):
        asked = _add_email(block, case, case["CreatedDate"], incoming=True)
        if block.dice.chance(0.7):
            answered = block.dice.moment(asked["CreatedDate"], case["ClosedDate"] or NOW)
            _add_email(block, case, answered, incoming=False)


def _add_email(block: Block, case: Row, sent: datetime, *, incoming: bool) -> Row:
    customer, texts = case["SuppliedEmail"], CASE_TEXTS["English"] if incoming else REPLIES
    return block.add(
        "EmailMessage",
        sent,
        ParentId=case["Id"],
        Subject=case["Subject"] if incoming else f"Re: {case['Subject']}",
        TextBody=block.dice.pick(texts),
        FromName=case["SuppliedName"] if incoming else "Brightwell Support",
        FromAddress=customer if incoming else SUPPORT,
        ToAddress=SUPPORT if incoming else customer,
        Incoming=incoming,
        Status=block.dice.pick((NEW, ANSWERED)) if incoming else SENT,
        MessageDate=sent,
        MessageIdentifier=f"<{block.ids.number('email'):08}@mail.{DOMAIN}>",
        HasAttachment=False,
    )


def add_notes(block: Block) -> None:
    """Add notes as Salesforce had them first, and as it has them now: as files with a title and a preview."""
    for number in range(block.count("Note")):
        parent = _parent(block)
        written = block.dice.moment(parent["CreatedDate"])
        title, text = block.dice.pick(NOTE_TITLES), block.dice.pick(NOTES)
        if number % 2:
            values = {"Title": title, "Body": text, "IsPrivate": False, "OwnerId": block.owner()}
            block.add("Note", written, ParentId=parent["Id"], **values)
        else:
            _add_file(block, parent, written, title, NOTE_FILE, f"<p>{text}</p>", preview=text)


def add_files(block: Block) -> None:
    """Add files at records, in the older way and in the newer one."""
    for number in range(block.count("Attachment")):
        parent = _parent(block)
        added, text = block.dice.moment(parent["CreatedDate"]), block.dice.pick(NOTES)
        if number % 2:
            _add_attachment(block, parent, added, f"protocol {number}.txt", text)
        else:
            _add_file(block, parent, added, f"Protocol {number}", "TEXT", text)


def _parent(block: Block) -> Row:
    """Return a living record that notes and files hang on."""
    name = block.dice.weighted({"Account": 4.0, "Contact": 3.0, "Opportunity": 3.0, "Case": 2.0, "Lead": 1.0})
    return block.dice.pick([row for row in block.rows[name] if not row["IsDeleted"]] or block.rows["Account"])


def _add_attachment(block: Block, parent: Row, added: datetime, name: str, text: str) -> None:
    block.add(
        "Attachment",
        added,
        ParentId=parent["Id"],
        Name=name,
        IsPrivate=False,
        ContentType="text/plain",
        BodyLength=len(text.encode()),
        Body=_base64(text),
        OwnerId=block.owner(),
    )


def _add_file(
    block: Block, parent: Row, added: datetime, title: str, kind: str, text: str, preview: str | None = None
) -> None:
    extension = kind.lower() if kind == NOTE_FILE else "txt"
    file = {
        "Title": title,
        "FileType": kind,
        "FileExtension": extension,
        "ContentSize": len(text.encode()),
        "OwnerId": block.owner(),
    }
    document = block.add("ContentDocument", added, **file)
    version = block.add(
        "ContentVersion",
        added,
        **file,
        ContentDocumentId=document["Id"],
        IsLatest=True,
        VersionNumber="1",
        PathOnClient=f"{title}.{extension}",
        VersionData=_base64(text),
        TextPreview=preview,
        FirstPublishLocationId=parent["Id"],
    )
    document["LatestPublishedVersionId"] = version["Id"]
    # Salesforce links a file to its owner and to where it was published first; people share some further.
    shared = [str(file["OwnerId"]), parent["Id"]]
    if parent.get("AccountId") and block.ids.number("shared file") % 3 == 0:
        shared.append(parent["AccountId"])
    for place in shared:
        _share(block, document, place)


def _share(block: Block, document: Row, place: str) -> None:
    link = {
        "Id": block.ids.new(declared_org().sobjects["ContentDocumentLink"].prefix),
        "IsDeleted": False,
        "ContentDocumentId": document["Id"],
        "LinkedEntityId": place,
        "ShareType": "I" if place.startswith(USER_PREFIX) else "V",
        "Visibility": "AllUsers",
        "SystemModstamp": document["SystemModstamp"],
    }
    block.rows["ContentDocumentLink"].append(link)


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
