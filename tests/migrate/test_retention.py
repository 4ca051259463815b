"""What is deleted when it is old, what is masked on an account, and who does not come back."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jinja2
import pytest
import sqlglot
from sqlfluff.core import Linter

import warehouse
from extract.salesforce import tombstones
from migrate import masking, purge
from migrate.forget import _hash
from migrate.runs import rows
from migrate.settings import Settings
from tests import servers
from tests.servers import REPOSITORY

OLD, NEW = "dateadd('day', -100, sysdate())", "sysdate()"


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    home = tmp_path_factory.mktemp("warehouse")
    with servers.running(["warehouse", "serve"], home, "/_warehouse/health") as url:
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("WAREHOUSE_PORT", url.rpartition(":")[2])
            made = warehouse.connect("local", REPOSITORY)
        warehouse.setup(made)
        yield made
        made.close()


def _insert(connection: Any, table: str, columns: str, *lines: str) -> None:
    for line in lines:
        rows(connection, f"insert into {table} ({columns}) select {line}")


def test_what_is_old_and_not_needed_is_purged(connection: Any, tmp_path: Path) -> None:
    backup = "backup_id, target, object, target_id, payload, is_gone, taken_at"
    part = "backup_id, target, part, source, found, changed, taken_at"
    attempt = "run_id, target, object, record_key, action, status, payload, before_image, attempted_at"
    _insert(
        connection,
        "ops.backup",
        backup,
        f"'a', 'hubspot', 'contacts', '1', 'first', false, dateadd('day', -1, {OLD})",
        f"'b', 'hubspot', 'contacts', '1', 'second', false, {OLD}",
        f"'c', 'hubspot', 'contacts', '1', 'third', false, {NEW}",
        f"'b', 'intercom', 'contacts', '9', 'quiet', false, {OLD}",
    )
    _insert(connection, "ops.backup_part", part, f"'c', 'hubspot', 'contacts', 'read', 1, 1, {NEW}")
    _insert(connection, "ops.backup_part", part, f"'b', 'intercom', 'everything', 'read', 1, 1, {OLD}")
    _insert(
        connection,
        "ops.load_attempt",
        attempt,
        f"'r', 'hubspot', 'contacts', 'superseded', 'update', 'succeeded', 'p', 'b', {OLD}",
        f"'r', 'hubspot', 'contacts', 'new', 'update', 'succeeded', 'p', 'b', {NEW}",
    )
    rows(connection, f"insert into ops.watermark (object, watermark, updated_at) select 'Lead', 'x', {OLD}")
    rows(connection, 'create table raw_salesforce."LEAD" (id varchar)')
    rows(connection, "insert into raw_salesforce.\"LEAD\" select '00Q'")
    (tmp_path / "landing" / "old" / "contact").mkdir(parents=True)
    page = tmp_path / "landing" / "old" / "contact" / "1.csv.zst"
    page.write_bytes(b"x")
    work = SimpleNamespace(connection=connection, settings=Settings(MIGRATE_HOME=tmp_path))

    shown = purge.purge(work, dry_run=True)  # type: ignore[arg-type]
    numbers = {row["what"]: row["purged"] for row in shown}
    assert numbers == {
        "raw tables of Salesforce not copied since": 1,
        "read-backs in raw": 0,
        "landing files": 0,
        "versions in backups": 2,
        "before-images and payloads": 1,
        "actions of plans": 0,
    }
    assert rows(connection, "select count(*) as n from ops.backup") == [{"n": 4}]

    purge.purge(work)  # type: ignore[arg-type]

    kept = rows(connection, "select payload from ops.backup order by payload")
    # Of what was before the bound the latest version stays: it says what was there.
    assert [row["payload"] for row in kept] == ["second", "third"]
    assert rows(connection, "select target from ops.backup_part") == [{"target": "hubspot"}]
    left = rows(connection, "select record_key from ops.load_attempt where payload is not null")
    assert left == [{"record_key": "new"}]
    assert rows(connection, 'select count(*) as n from raw_salesforce."LEAD"') == [{"n": 0}]
    assert {row["purged"] for row in purge.purge(work)} == {0}  # type: ignore[arg-type]
    assert page.exists()


def test_who_was_forgotten_is_kept_out_of_what_lands(connection: Any) -> None:
    rows(connection, "insert into ops.tombstone_salt select 'salt'")
    for value in ("003A", "ada@example.com"):
        rows(
            connection,
            "insert into ops.tombstone select %(hash)s, 'any', sysdate()",
            {"hash": _hash("salt", value)},
        )
    rows(
        connection,
        """create or replace table landed_lead as
        select '003A' as id, 'ada@example.com' as email, 'Ada' as lastname, null as convertedcontactid
        union all select '00Q1', 'Ada@Example.com ', 'Ada', null
        union all select '00Q2', 'bob@example.com', 'Bob', '003a'""",
    )
    fields = {"Id": "id", "Email": "email", "LastName": "string", "ConvertedContactId": "reference"}
    described: Any = SimpleNamespace(
        raw={"fields": [{"name": name, "type": kind} for name, kind in fields.items()]}, fields=(*fields,)
    )
    assert tombstones.withhold(connection, "landed_lead", described) == 2
    assert rows(connection, "select * from landed_lead") == [
        {"id": "00Q2", "email": "bob@example.com", "lastname": "Bob", "convertedcontactid": None}
    ]
    rows(
        connection,
        "create or replace table landed_case as select '5001' as id, 'ADA@example.com' as suppliedemail",
    )
    described = SimpleNamespace(
        raw={"fields": [{"name": "Id", "type": "id"}, {"name": "SuppliedEmail", "type": "email"}]},
        fields=("Id", "SuppliedEmail"),
    )
    assert tombstones.withhold(connection, "landed_case", described) == 0
    assert rows(connection, "select * from landed_case") == [{"id": "5001", "suppliedemail": None}]


def test_masking_follows_what_the_marts_call_personal() -> None:
    manifest = {
        "nodes": {
            "m": {
                "columns": {
                    "email": {"config": {"meta": {"pii": True, "source": ["Contact.Email", "Lead.Email"]}}},
                    "industry": {"config": {"meta": {"source": ["Account.Industry"]}}},
                }
            }
        }
    }
    text = ";\n".join(masking.statements(manifest)) + ";"
    assert 'raw_salesforce."CONTACT" modify column "EMAIL" set masking policy' in text
    assert 'raw_salesforce."LEAD" modify column "EMAIL" set tag' in text
    assert "INDUSTRY" not in text
    assert "ops.load_attempt modify column before_image" in text
    parsed = Linter(dialect="snowflake").parse_string(text)
    assert [violation.desc() for violation in parsed.violations] == []
    assert "unparsable" not in parsed.root_variant().tree.type_set()
    assert len(sqlglot.parse(text, dialect="snowflake")) == text.count(";")


@pytest.mark.parametrize(("switched", "statements"), [(True, 4), (False, 0)])
def test_dbt_sets_policies_on_its_own_tables(switched: bool, statements: int) -> None:
    """Render the hook as dbt does, for a mart with two personal columns and one that is not."""
    source = (REPOSITORY / "dbt_project/macros/protect_personal_data.sql").read_text()
    column = {"data_type": "varchar", "config": {"meta": {"pii": True}}}
    other = {"name": "city", "data_type": "varchar", "config": {"meta": {}}}
    model = {
        "config": {"materialized": "table"},
        "columns": {
            "a": {"name": "email", **column},
            "b": {"name": "born", **column, "data_type": "date"},
            "c": other,
        },
    }
    environment = jinja2.Environment(autoescape=False)  # noqa: S701  it is SQL
    module = environment.from_string(
        source,
        globals={
            "execute": True,
            "target": {"name": "snowflake", "database": "migration"},
            "var": lambda *_: switched,
            "model": model,
            "this": "migration.marts_hubspot.hubspot__contacts",
        },
    ).module
    text = str(module.protect_personal_data()).strip()  # type: ignore[attr-defined]
    assert text.count(";") == statements
    assert ("ops.mask_date" in text) is switched
    parsed = Linter(dialect="snowflake").parse_string(text)
    assert [violation.desc() for violation in parsed.violations] == []
