"""Statements about rights, sessions and the account are accepted, without effect.

There is one user here, who may do everything. Upstream refuses most of these statements, or asks for a list of
expressions to ignore; and what dbt reads back (the grants of a relation, the session's query tag) needs an answer.

Can go when fakesnow accepts them itself.
"""

import re
from typing import Any, Self

from warehouse.mends.upstream import Cursor

DONE = "select 'Statement executed successfully.' as status"
NO_GRANTS = "select '' as privilege, '' as granted_to, '' as grantee_name where false"
NO_QUERY_TAG = """select 'QUERY_TAG' as "key", '' as "value", '' as "default", '' as "level" """

ANSWERS = {
    r"(grant|revoke)\s": DONE,
    r"(create|alter|drop)\s+(or\s+replace\s+)?"
    r"(masking policy|row access policy|role|warehouse|user|tag|resource monitor)\b": DONE,
    r"alter\s+(table|view)\s.*\b(set|unset)\s+(masking policy|tag)\b": DONE,
    r"alter\s+(session|account)\s": DONE,
    r"use\s+(role|warehouse|secondary roles)\b": DONE,
    r"show\s+(future\s+)?grants\b": NO_GRANTS,
    r"show\s+parameters\s+like\s+'query_tag'": NO_QUERY_TAG,
}
LEADING_COMMENTS = r"\s*(?:(?:--[^\n]*\n|/\*.*?\*/)\s*)*"
PATTERNS = [
    (re.compile(LEADING_COMMENTS + words, re.IGNORECASE | re.DOTALL), answer)
    for words, answer in ANSWERS.items()
]


class Account(Cursor):
    """Executes the answer in place of the statement."""

    def execute(self, command: str, *args: Any, **kwargs: Any) -> Self:
        answers = (answer for pattern, answer in PATTERNS if pattern.match(command))
        return super().execute(next(answers, command), *args, **kwargs)
