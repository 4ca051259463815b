"""Tasks and events about people and things, and who was in which campaign."""

from datetime import datetime, timedelta
from typing import Any

from sandbox.company.block import Block, Row
from sandbox.company.dice import NOW
from sandbox.company.phrases import EVENT_SUBJECTS, LOCATIONS, TASK_NOTES, TASK_SUBJECTS


def _about(block: Block) -> tuple[dict[str, Any], Row]:
    """Return whom and what an activity is about; Salesforce allows no WhatId beside a lead."""
    dice = block.dice
    if block.rows["Lead"] and dice.chance(0.25):
        lead = dice.pick(block.rows["Lead"])
        return {"WhoId": lead["Id"], "WhatId": None}, lead
    name = dice.weighted({"Opportunity": 5.0, "Case": 2.0, "Account": 3.0})
    thing = dice.pick(block.rows[name] or block.rows["Account"])
    person = thing.get("ContactId") if dice.chance(0.8) else None
    return {"WhoId": person, "WhatId": thing["Id"]}, thing


def add_tasks(block: Block) -> None:
    for _ in range(block.count("Task")):
        about, thing = _about(block)
        _add_task(block, about, block.dice.moment(thing["CreatedDate"]))


def _add_task(block: Block, about: dict[str, Any], created: datetime) -> None:
    dice = block.dice
    due = created + timedelta(days=dice.randrange(30))
    closed = due < NOW and dice.chance(0.9)
    kind = dice.weighted({"Task": 4.0, "Call": 3.0, "Email": 3.0})
    call = kind == "Call" and closed
    block.add(
        "Task",
        created,
        **about,
        OwnerId=block.owner(),
        Subject=kind if kind == "Call" else dice.pick(TASK_SUBJECTS),
        ActivityDate=due.date() if dice.chance(0.95) else None,
        Status="Completed"
        if closed
        else dice.pick(("Not Started", "In Progress", "Waiting on someone else", "Deferred")),
        Priority=dice.weighted({"Normal": 8.0, "High": 1.0, "Low": 1.0}),
        Description=dice.pick(TASK_NOTES) if dice.chance(0.4) else None,
        IsClosed=closed,
        TaskSubtype=kind,
        CallDurationInSeconds=dice.randrange(10, 3_600) if call else None,
        CallType=dice.pick(("Inbound", "Outbound")) if call else None,
        CompletedDateTime=due if closed else None,
    )


def add_events(block: Block) -> None:
    for _ in range(block.count("Event")):
        about, thing = _about(block)
        _add_event(block, about, block.dice.moment(thing["CreatedDate"]))


def _add_event(block: Block, about: dict[str, Any], created: datetime) -> None:
    dice = block.dice
    all_day = dice.chance(0.1)
    day = (created + timedelta(days=dice.randrange(1, 40))).replace(hour=0, minute=0, second=0)
    start = day if all_day else day + timedelta(minutes=15 * dice.randrange(28, 72))
    minutes = 1_440 if all_day else dice.pick((30, 60, 90))
    block.add(
        "Event",
        created,
        **about,
        OwnerId=block.owner(),
        Subject=dice.pick(EVENT_SUBJECTS),
        Location=dice.pick(LOCATIONS) if dice.chance(0.7) else None,
        IsAllDayEvent=all_day,
        ActivityDateTime=start,
        StartDateTime=start,
        EndDateTime=start + timedelta(minutes=minutes),
        DurationInMinutes=minutes,
        Description=dice.pick(TASK_NOTES) if dice.chance(0.3) else None,
        EventSubtype="Event",
    )


def add_campaign_members(block: Block) -> None:
    """Add each person to a campaign at most once, as a lead or as a contact."""
    campaigns, people = block.shared("Campaign"), [*block.rows["Contact"], *block.rows["Lead"]]
    seen = set[tuple[str, str]]()
    for _ in range(block.count("CampaignMember") if campaigns and people else 0):
        campaign, person = block.dice.pick(campaigns), block.dice.pick(people)
        if (campaign["Id"], person["Id"]) not in seen:
            seen.add((campaign["Id"], person["Id"]))
            _add_member(block, campaign, person)


def _add_member(block: Block, campaign: Row, person: Row) -> None:
    responded = block.dice.chance(0.3)
    added = block.dice.moment(max(campaign["CreatedDate"], person["CreatedDate"]))
    block.add(
        "CampaignMember",
        added,
        CampaignId=campaign["Id"],
        LeadId=person["Id"] if "IsConverted" in person else None,
        ContactId=None if "IsConverted" in person else person["Id"],
        Status="Responded" if responded else "Sent",
        HasResponded=responded,
        FirstRespondedDate=block.dice.moment(added).date() if responded else None,
    )
