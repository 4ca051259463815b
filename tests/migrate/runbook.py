"""The commands of docs/runbook.md, section by section, in the order in which a rehearsal gives them."""

import re
import shlex

from tests.servers import REPOSITORY

# Who wants to be forgotten comes first: everything after it has to do without them.
ORDER = (
    "Somebody wants to be forgotten",
    "When a gate stays shut",
    "Before: rehearse",
    "When a record is refused",
    "The cut-over",
    "When a command could not run",
    "Back out",
    "After",
)


def sections() -> list[tuple[str, list[list[str]]]]:
    """Give each section's commands, word by word.

    Raises:
        ValueError: a section has commands and no place in the order, or the text names a command that no block gives.
    """
    text = (REPOSITORY / "docs" / "runbook.md").read_text(encoding="utf-8")
    found = {section.partition("\n")[0]: _blocks(section) for section in text.split("\n## ")}
    if {section for section, lines in found.items() if lines} != {*ORDER}:
        raise ValueError("The runbook has other sections with commands than the order of its rehearsal.")
    given = {line for lines in found.values() for line in lines}
    if unknown := {*re.findall(r"`((?:migrate|dbt) [^`]+)`", text)} - given:
        raise ValueError(f"The runbook names commands that it does not give: {sorted(unknown)}")
    return [(section, [shlex.split(line) for line in found[section]]) for section in ORDER]


def _blocks(section: str) -> list[str]:
    blocks = re.findall(r"^```\w*\n(.*?)^```", section, re.DOTALL | re.MULTILINE)
    return [line for block in blocks for line in block.splitlines()]
