"""People who were forgotten do not come back: of what lands, their rows and whatever names them stay out of raw.

OPS.TOMBSTONE has salted hashes of their ids and addresses, so it says of a value that it is theirs, and names nobody. Looked at
are the fields of the types id, reference and email, in lower case.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from extract.landing import execute, quoted

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

    from extract.salesforce.describe import Description

HASHED = "sha2((select max(salt) from ops.tombstone_salt) || lower(trim({value})), 256)"
# An object with these fields describes a person: a row of it with a forgotten address is that person again.
OF_A_PERSON = frozenset({"LastName", "Email"})


def withhold(connection: SnowflakeConnection, landed: str, description: Description) -> int:
    """Delete the rows of forgotten people from a landing table, empty the cells that name them elsewhere.

    Gives the number of rows deleted. Costs one small query as long as nobody was forgotten.
    """
    [known] = execute(connection, "select count(*) as people from ops.tombstone")
    if not known["people"]:
        return 0
    kinds = {each["name"]: each["type"] for each in description.raw["fields"]}
    named = [
        name for name in description.fields if kinds.get(name) in ("reference", "email") and name != "Id"
    ]
    own = ["Id", *(("Email",) if set(description.fields) >= OF_A_PERSON else ())]
    deleted = execute(connection, f"delete from {landed} where {' or '.join(map(_is_theirs, own))}")
    for name in (name for name in named if name not in own):
        execute(connection, f"update {landed} set {quoted(name)} = null where {_is_theirs(name)}")
    return int(deleted[0]["number of rows deleted"])


def _is_theirs(name: str) -> str:
    return f"{HASHED.format(value=quoted(name))} in (select hash from ops.tombstone)"
