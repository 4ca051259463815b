"""Writing the demo company block by block, so that memory does not grow with its size."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt
from pathlib import Path

from sandbox.company.accounts import add_accounts, settle_accounts, sum_pipelines
from sandbox.company.activities import add_campaign_members, add_events, add_tasks
from sandbox.company.block import Block
from sandbox.company.catalogue import add_catalogue
from sandbox.company.correspondence import add_emails, add_files, add_notes
from sandbox.company.defects import add_defects
from sandbox.company.dice import Dice
from sandbox.company.dirt import Dirt
from sandbox.company.duplicates import add_duplicate_accounts, add_duplicate_people
from sandbox.company.files import Folder
from sandbox.company.ids import Ids
from sandbox.company.people import add_contacts, add_converted_leads, add_leads, compute_names
from sandbox.company.private import add_private_customers
from sandbox.company.removals import remove_some
from sandbox.company.sales import add_opportunities, add_subscriptions
from sandbox.company.service import add_cases
from sandbox.company.staff import add_queues, add_users, write_owners
from sandbox.salesforce.org import declared_org

USUAL = Dirt()
USERS, CAMPAIGNS = 40, 12
STEPS = (
    add_accounts, add_duplicate_accounts, add_contacts, add_leads, add_duplicate_people, add_opportunities, add_converted_leads,
    add_subscriptions, add_cases, add_tasks, add_events, add_campaign_members, settle_accounts, add_defects, remove_some,
    sum_pipelines, compute_names, add_private_customers, add_emails, add_notes, add_files,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Summary:
    """What was written: rows of each object, and planted defects of each kind."""

    rows: dict[str, int]
    defects: dict[str, int]


def generate(folder: Path, seed: int = 7, scale: float = 1.0, dirt: Dirt = USUAL) -> Summary:
    """Write the demo company's org into a folder.

    Args:
        folder: is made if absent; files of an earlier company in it are overwritten. It gets one CSV file per object,
            `owners.json` for the targets, and in `truth/` what the migration must not see.
        seed: the same seed gives the same bytes, another one another company.
        scale: size; 1 is 400 accounts with 1,600 contacts, and memory stays the same for any size.
        dirt: how dirty the data is.

    Raises:
        ValueError: the scale is not above zero.

    """
    if scale <= 0:
        raise ValueError(f"scale must be above 0, not {scale}")
    ids = Ids(seed)
    common = Block(Dice(f"{seed}/common"), ids, dirt)
    # Staff grows slower than customers do.
    add_users(common, max(10, round(USERS * sqrt(scale))))
    add_queues(common)
    add_catalogue(common, max(4, round(CAMPAIGNS * sqrt(scale))))
    with Folder(folder, tuple(declared_org().sobjects)) as files:
        files.write_block(common)
        for number, size in enumerate(_sizes(scale)):
            files.write_block(_block(Block(Dice(f"{seed}/{number}"), ids, dirt, size, common)))
        write_owners(folder, common.rows["User"])
        return Summary(dict(files.rows), dict(sorted(files.defects.items())))


def _sizes(scale: float) -> Iterator[float]:
    for _ in range(int(scale)):
        yield 1.0
    if scale % 1:
        yield scale % 1


def _block(block: Block) -> Block:
    for step in STEPS:
        step(block)
    return block
