"""Where a person is: every cell of every table, every file of the home; and taking them out of there."""

import io
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow.parquet
import zstandard

from migrate.person import Person
from migrate.runs import rows

# Rows that are about one record and needed by nothing else. The rest of OPS is the audit log: its rows stay, without the
# person. A backup without them cannot bring them back, which is the point.
ROWS_TO_DELETE = frozenset({"LOAD_LEDGER", "BACKUP", "READ_BACK_SAMPLE", "DELETION"})
OWN_TABLES = frozenset({"TOMBSTONE", "TOMBSTONE_SALT", "CERTIFICATE"})
# What of a row of the audit log may describe the person beyond their address; a row about another record keeps what of it
# does not name them, for it says how to undo that row's write.
DOCUMENTS = frozenset({"PAYLOAD", "BEFORE_IMAGE", "CHANGES", "ERROR_MESSAGE", "ROW_HASH"})
# Whoever is found by these is found again after a kill, so they go last.
LAST = ("INTERMEDIATE", "RAW_SALESFORCE")
FOLDERS = ("landing", "spool")
TABLES_PER_QUERY = 20


@dataclass(frozen=True, slots=True)
class Table:
    """A table with its columns of text."""

    schema: str
    name: str
    columns: tuple[str, ...]

    @property
    def qualified(self) -> str:
        """The quoted name."""
        return f'{self.schema}."{self.name}"'


@dataclass(frozen=True, slots=True)
class Trace:
    """How many rows of a table, or files of a folder, name the person, and what becomes of them."""

    place: str
    found: int
    fate: str


def tables(connection: Any) -> list[Table]:
    """Give all tables with texts, those by which a person is found at the end."""
    found = rows(
        connection,
        "select columns.table_schema, columns.table_name, columns.column_name "
        "from information_schema.columns as columns "
        "inner join information_schema.tables as tables on columns.table_schema = tables.table_schema "
        "and columns.table_name = tables.table_name "
        "where tables.table_type = 'BASE TABLE' and columns.table_schema not in ('INFORMATION_SCHEMA', 'SEEDS') "
        "and columns.data_type in ('TEXT', 'VARIANT') "
        "order by columns.table_schema, columns.table_name, columns.ordinal_position",
    )
    columns: dict[tuple[str, str], list[str]] = {}
    for row in found:
        if not (row["table_schema"] == "OPS" and row["table_name"] in OWN_TABLES):
            columns.setdefault((row["table_schema"], row["table_name"]), []).append(row["column_name"])
    made = [Table(schema, name, tuple(names)) for (schema, name), names in columns.items()]
    return sorted(made, key=lambda table: LAST.index(table.schema) if table.schema in LAST else -1)


def in_tables(connection: Any, person: Person) -> Iterator[tuple[Table, Trace]]:
    """Give the tables that name the person; many are asked at a time."""
    coming = iter(tables(connection))
    while several := [*islice(coming, TABLES_PER_QUERY)]:
        asked = [
            f"select {number} as place, count(*) as found from {table.qualified} where {_any(table, person)}"
            for number, table in enumerate(several)
        ]
        for row in rows(connection, " union all ".join(asked), _values(person)):
            if row["found"]:
                table = several[row["place"]]
                yield table, Trace(f"{table.schema}.{table.name}".lower(), row["found"], _fate(table))


def take_out(connection: Any, table: Table, person: Person, token: str) -> None:
    """Delete the rows that are the person's, and empty the cells of others that name them."""
    if table.schema == "OPS" and table.name not in ROWS_TO_DELETE:
        _redact(connection, table, person, token)
        return
    if table.schema == "OPS":
        theirs = _any(table, person)
    elif table.schema == "RAW_SALESFORCE":
        names = {"ID", "RECORD_ID"} & set(table.columns)
        theirs = " or ".join(_is_exact(name, person) for name in sorted(names)) or "false"
    else:
        theirs = " or ".join(_is_exact(name, person) for name in table.columns)
    rows(connection, f"delete from {table.qualified} where {theirs}", _values(person))
    emptied = ", ".join(f'"{name}" = iff({_names(name, person)}, null, "{name}")' for name in table.columns)
    rows(connection, f"update {table.qualified} set {emptied} where {_any(table, person)}", _values(person))


def _redact(connection: Any, table: Table, person: Person, token: str) -> None:
    told = [name for name in table.columns if name not in DOCUMENTS]
    is_theirs = " or ".join(_names(name, person) for name in told)
    emptied = [
        f'"{name}" = null'
        if name in DOCUMENTS
        else f'"{name}" = iff({_names(name, person)}, \'{token}\', "{name}")'
        for name in table.columns
    ]
    rows(
        connection,
        f"update {table.qualified} set {', '.join(emptied)} where {is_theirs}",
        _values(person),
    )
    for name in sorted(DOCUMENTS & set(table.columns)):
        query = f'select distinct "{name}" as document from {table.qualified} where {_names(name, person)}'
        for row in rows(connection, query, _values(person)):
            rows(
                connection,
                f'update {table.qualified} set "{name}" = %(left)s where "{name}" = %(document)s',
                {"document": row["document"], "left": _without(row["document"], person)},
            )


def _without(document: str, person: Person) -> str | None:
    """Empty the values of a JSON document that name the person; any other text is gone as a whole."""
    try:
        left = json.dumps(_emptied(json.loads(document), person))
    except ValueError:
        return None
    return None if any(each in left.lower() for each in person.within) else left


def _emptied(value: Any, person: Person) -> Any:
    if isinstance(value, dict):
        return {name: _emptied(each, person) for name, each in value.items()}
    if isinstance(value, list):
        return [_emptied(each, person) for each in value]
    text = value.strip().lower() if isinstance(value, str) else ""
    return None if text in person.exact or any(each in text for each in person.within) else value


def _fate(table: Table) -> str:
    if table.schema == "OPS" and table.name not in ROWS_TO_DELETE:
        return "redacted"
    return "deleted" if table.schema != "RAW_SALESFORCE" else "deleted; others' cells emptied"


def _any(table: Table, person: Person) -> str:
    return " or ".join(_names(name, person) for name in table.columns)


def _names(column: str, person: Person) -> str:
    text = f'lower("{column}"::varchar)'
    inside = [f"contains({text}, %(within_{number})s)" for number in range(len(person.within))]
    return f"coalesce({' or '.join([_is_exact(column, person), *inside])}, false)"


def _is_exact(column: str, person: Person) -> str:
    listed = ", ".join(f"%(exact_{number})s" for number in range(len(person.exact)))
    return f'coalesce(lower(trim("{column}"::varchar)) in ({listed}), false)'


def _values(person: Person) -> dict[str, str]:
    exact = {f"exact_{number}": value for number, value in enumerate(person.exact)}
    return exact | {f"within_{number}": value for number, value in enumerate(person.within)}


def blobs(connection: Any, person: Person) -> list[tuple[str, str]]:
    """Give the record ids and stage paths of the files that hang at the person's records."""
    found = []
    columns = {(table.schema, table.name): table for table in tables(connection)}
    for row in rows(connection, "select distinct object from raw_salesforce._blobs"):
        if table := columns.get(("RAW_SALESFORCE", row["object"].upper())):
            query = (
                "select record_id, stage_path from raw_salesforce._blobs where object = %(object)s and record_id in "
                f'(select "ID" from {table.qualified} where {_any(table, person)})'
            )
            named = rows(connection, query, {"object": row["object"], **_values(person)})
            found += [(each["record_id"], each["stage_path"]) for each in named]
    return found


def empty_blobs(connection: Any, found: list[tuple[str, str]], folder: Path) -> None:
    """Put an empty file in the place of each on the stage, and remove the rows that name them."""
    folder.mkdir(parents=True, exist_ok=True)
    for record_id, path in found:
        where, _, name = path.rpartition("/")
        empty = folder / name
        empty.write_bytes(b"")
        rows(
            connection,
            f"put 'file://{empty.resolve()}' @raw_salesforce.blobs/{where} auto_compress = false overwrite = true",
        )
        empty.unlink()
        rows(connection, "delete from raw_salesforce._blobs where record_id = %(id)s", {"id": record_id})


def in_files(home: Path, person: Person) -> list[Path]:
    """Give the files of the home that name the person: pages of an extract that was stopped, a load's spool."""
    needles = [each.encode() for each in person.within]
    files = (file for folder in FOLDERS for file in sorted((home / folder).rglob("*")) if file.is_file())
    return [file for file in files if _holds(file, needles)]


def remove_files(files: list[Path]) -> None:
    """Remove each file with its folder: an extract's page is worth nothing without the others, and is read again."""
    for folder in {file.parent for file in files}:
        shutil.rmtree(folder, ignore_errors=True)


def _holds(file: Path, needles: list[bytes]) -> bool:
    content = _content(file).lower()
    return any(needle in content for needle in needles)


def _content(file: Path) -> bytes:
    raw = file.read_bytes()
    if file.suffix == ".zst":
        with zstandard.ZstdDecompressor().stream_reader(io.BytesIO(raw), read_across_frames=True) as reader:
            return reader.read()
    if file.suffix == ".parquet":
        found = pyarrow.parquet.read_table(file)
        return "\n".join(str(value) for column in found.columns for value in column.to_pylist()).encode()
    return raw
