"""The set-up SQL of docs/snowflake.md, which nobody but an account can run, is at least Snowflake SQL."""

import re

from sqlfluff.core import Linter

from tests.servers import REPOSITORY


def test_the_set_up_statements_parse() -> None:
    text = (REPOSITORY / "docs" / "snowflake.md").read_text()
    blocks = re.findall(r"```sql\n(.*?)```", text, re.DOTALL)
    assert blocks
    linter = Linter(dialect="snowflake")
    for block in blocks:
        parsed = linter.parse_string(block)
        assert [violation.desc() for violation in parsed.violations] == []
        assert "unparsable" not in parsed.root_variant().tree.type_set()
