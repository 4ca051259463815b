"""Masking policies and tags for an account, written from what the YAML says is personal (`config.meta.pii`).

dbt sets them on its own tables after each build (the macro protect_personal_data); this gives what dbt does not make: the policies,
the tag, the raw columns that personal properties come from, and the columns of OPS that hold what was sent and what was there.
"""

from collections.abc import Iterator, Mapping
from typing import Any

# Who sees values: the role that migrates. Everybody else sees that there is one.
READERS = ("MIGRATION",)
TYPES = {
    "text": ("varchar", "'•••'"),
    "number": ("number", "null"),
    "date": ("date", "null"),
    "timestamp": ("timestamp_ntz", "null"),
    "boolean": ("boolean", "null"),
}
# What in OPS holds documents of records.
DOCUMENTS = {
    "load_attempt": ("payload", "before_image"),
    "plan_action": ("changes", "before_image"),
    "backup": ("payload",),
}
READ_BACK = {"raw_hubspot.records": ("payload",), "raw_intercom.records": ("payload",)}


def statements(manifest: Mapping[str, Any]) -> Iterator[str]:
    """Give the SQL, one statement at a time; each may be repeated.

    `manifest` is dbt's: its models say by `pii` which properties are personal, and by `source` where they come from.
    """
    roles = ", ".join(f"'{role}'" for role in READERS)
    yield "create tag if not exists ops.personal allowed_values 'yes'"
    for name, (kind, masked) in TYPES.items():
        yield (
            f"create masking policy if not exists ops.mask_{name} as (val {kind}) returns {kind} -> "
            f"case when current_role() in ({roles}) then val else {masked} end"
        )
    for table, columns in sorted(_columns(manifest).items()):
        for column in sorted(columns):
            yield f"alter table if exists {table} modify column {column} set masking policy ops.mask_text force"
            yield f"alter table if exists {table} modify column {column} set tag ops.personal = 'yes'"


def _columns(manifest: Mapping[str, Any]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {table: set(names) for table, names in READ_BACK.items()}
    found |= {f"ops.{table}": set(names) for table, names in DOCUMENTS.items()}
    for field in _sources(manifest):
        sobject, _, name = field.partition(".")
        found.setdefault(f"raw_salesforce.{_quoted(sobject)}", set()).add(_quoted(name))
    return found


def _sources(manifest: Mapping[str, Any]) -> Iterator[str]:
    for node in manifest["nodes"].values():
        for column in node.get("columns", {}).values():
            meta = (column.get("config") or {}).get("meta") or {}
            if meta.get("pii"):
                yield from meta.get("source") or ()


def _quoted(name: str) -> str:
    return f'"{name.upper()}"'
