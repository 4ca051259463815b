"""The SQL of the documents, which nobody but an account can run, is at least Snowflake SQL."""

import re

import pytest
from sqlfluff.core import Linter

from tests.servers import REPOSITORY


@pytest.mark.parametrize("name", ["snowflake.md", "operations.md"])
def test_documented_statements_parse(name: str) -> None:
    text = (REPOSITORY / "docs" / name).read_text()
    blocks = re.findall(r"```sql\n(.*?)```", text, re.DOTALL)
    assert blocks
    linter = Linter(dialect="snowflake")
    for block in blocks:
        parsed = linter.parse_string(block)
        assert [violation.desc() for violation in parsed.violations] == []
        assert "unparsable" not in parsed.root_variant().tree.type_set()
