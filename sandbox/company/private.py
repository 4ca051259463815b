"""Private customers: accounts that are persons, each with the contact that Salesforce keeps behind it."""

from sandbox.company.accounts import postal
from sandbox.company.block import Block
from sandbox.company.names import person, private_email
from sandbox.company.people import SOURCES
from sandbox.company.places import WEIGHTS, address, phone, written


def add_private_customers(block: Block) -> None:
    for row in [*block.rows["Account"], *block.rows["Contact"]]:
        row.update(IsPersonAccount=False, PersonHasOptedOutOfEmail=False, PersonDoNotCall=False)
    for _ in range(block.count("Person account")):
        _add_private_customer(block)


def _add_private_customer(block: Block) -> None:
    dice, place = block.dice, block.dice.weighted(WEIGHTS)
    who, home = person(place, dice), address(place, dice)
    name = {"FirstName": who.first, "LastName": who.last, "Salutation": who.salutation}
    facts = {
        "MobilePhone": written(phone(place, dice, mobile=True), dice),
        "Email": private_email(who, place, dice),
        "LeadSource": dice.pick(SOURCES),
        "HasOptedOutOfEmail": dice.chance(0.1),
        "DoNotCall": False,
    }
    desk = written(phone(place, dice), dice) if dice.chance(0.5) else None
    shared = {**name, "Name": f"{who.first} {who.last}", "Phone": desk, "IsPersonAccount": True}
    account = block.add(
        "Account",
        dice.moment(),
        OwnerId=block.owner(),
        **shared,
        **{f"Person{field}": value for field, value in facts.items()},
        **postal("PersonMailing", home),
        Open_Pipeline__c="0.00",
    )
    contact = block.add(
        "Contact",
        account["CreatedDate"],
        OwnerId=account["OwnerId"],
        AccountId=account["Id"],
        **shared,
        **facts,
        **postal("Mailing", home),
    )
    account["PersonContactId"] = contact["Id"]
    entity = block.ids.number("person entity")
    block.people.update({account["Id"]: entity, contact["Id"]: entity})
