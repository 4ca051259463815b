"""Fill the org from CSV files named after its objects, every text exactly as it stands in the file."""

import csv
import difflib
import itertools
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import duckdb

from sandbox.salesforce.org import Field, Org, Sobject, declared_org
from sandbox.salesforce.store import ADMIN_ID, ADMIN_USERNAME, Store, column_type

SEED_DATE = datetime(2024, 1, 1)  # noqa: DTZ001 - UTC without a zone, as times are kept
# Files that say which records are the same thing.
TRUTH = "truth_"
# The longest line DuckDB reads: a record may hold several long text areas of 32,000 characters.
LONGEST_LINE = 16 * 1024 * 1024
# Which date stands in for one that is not given.
SUBSTITUTES = {
    "CreatedDate": ("LastModifiedDate", "SystemModstamp"),
    "LastModifiedDate": ("SystemModstamp", "CreatedDate"),
    "SystemModstamp": ("LastModifiedDate", "CreatedDate"),
}


class SeedError(ValueError):
    """What is wrong with the data and where; never the value itself."""


def load(
    home_or_store: Path | Store, objects: Iterable[tuple[str, Iterable[Mapping[str, str | None]]]]
) -> dict[str, int]:
    """Load rows given as mappings of API name to text, None or "" for null. Rows with a known Id are replaced.

    Returns:
        Rows loaded by object.

    Raises:
        SeedError: An unknown object or field, an Id that is missing or twice there, a value that its type cannot hold.

    """
    with _opened(home_or_store) as store, tempfile.TemporaryDirectory(dir=store.home) as folder:
        for name, rows in objects:
            sobject = _object_named(store.org, name, f"object {name}")
            _write_csv(Path(folder) / f"{sobject.name}.csv", sobject, rows)
        return load_folder(store, Path(folder))


def check_folder(folder: Path) -> None:
    """Read the names of the files and their headers, as `load_folder` will.

    Raises:
        SeedError: There is no such folder or no CSV file in it, or an object or a field is not in the org.

    """
    org = declared_org()
    for file in _files(folder):
        _header(_object_named(org, file.stem, f"file {file.name}"), file)


def load_folder(home_or_store: Path | Store, folder: Path) -> dict[str, int]:
    """Load every CSV file of a folder; each is named after an object, each column after a field, in any case.

    Files whose names begin with `truth_` say which records are the same thing, belong to no org, and are passed over.

    Returns:
        Rows loaded by object.

    Raises:
        SeedError: As for `load`, or the folder has no CSV file.

    """
    files = _files(folder)
    with _opened(home_or_store) as store:
        # Users first: the others take their owner from them where the file names none.
        named = {each: _object_named(store.org, each.stem, f"file {each.name}") for each in files}
        headers = {file: _header(named[file], file) for file in files}
        ordered = sorted(files, key=lambda file: (named[file].name != "User", file.name))
        loaded = {named[file].name: _load_file(store, named[file], file, headers[file]) for file in ordered}
        _add_admin_if_pointed_to(store)
        return loaded


def _files(folder: Path) -> list[Path]:
    files = sorted(
        each
        for each in folder.glob("*")
        if each.suffix.lower() == ".csv" and not each.name.lower().startswith(TRUTH)
    )
    if not files:
        raise SeedError(
            f"{folder} holds no CSV file; name each file after its object, for example Contact.csv"
        )
    return files


@contextmanager
def _opened(home_or_store: Path | Store) -> Iterator[Store]:
    if isinstance(home_or_store, Store):
        yield home_or_store
        return
    store = Store(home_or_store)
    try:
        yield store
    finally:
        store.close()


def _write_csv(file: Path, sobject: Sobject, rows: Iterable[Mapping[str, str | None]]) -> None:
    iterator = iter(rows)
    first = next(iterator, None)
    columns = [each.name for each in sobject.columns] if first is None else list(first)
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, columns, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writeheader()
        try:
            writer.writerows(iterator if first is None else itertools.chain([first], iterator))
        except ValueError as error:
            raise SeedError(f"object {sobject.name}: a row has fields that the first row has not") from error


def _object_named(org: Org, name: str, where: str) -> Sobject:
    sobject = org.find(name)
    if sobject is None:
        raise SeedError(
            f"{where}: the org has no object of this name{_nearest(name, [each.name for each in org])}"
        )
    return sobject


def _load_file(store: Store, sobject: Sobject, file: Path, columns: list[Field]) -> int:
    given = {each.name: f"c{place}" for place, each in enumerate(columns)}
    with store.writing() as cursor:
        _stage(cursor, file, len(columns))
        _check_ids(cursor, file, given["Id"])
        _check_values(cursor, file, columns)
        cursor.execute(f'DELETE FROM org."{sobject.name}" WHERE "Id" IN (SELECT {given["Id"]} FROM staged)')
        admin = "'" + store.admin_id().replace("'", "''") + "'"
        values = {f'"{each.name}"': _value(each, given, admin) for each in sobject.columns}
        # By name: the table also has the columns of every other org that was played, and in an order of its own.
        into = f'org."{sobject.name}" ({", ".join(values)})'
        cursor.execute(f"INSERT INTO {into} SELECT {', '.join(values.values())} FROM staged")
        row = cursor.execute("SELECT count(*) FROM staged").fetchone()
        cursor.execute("DROP TABLE staged")
    return int(row[0]) if row else 0


def _header(sobject: Sobject, file: Path) -> list[Field]:
    with file.open(newline="", encoding="utf-8-sig") as stream:
        names = next(csv.reader(stream), [])
    columns: list[Field] = []
    for name in names:
        field = sobject.find(name.strip())
        if field is None or field.is_compound:
            known = [each.name for each in sobject.columns]
            raise SeedError(
                f"{file.name}, column {name!r}: {sobject.name} has no such field{_nearest(name, known)}"
            )
        if field in columns:
            raise SeedError(f"{file.name}, column {name!r} is there twice")
        columns.append(field)
    if sobject.find("Id") not in columns:
        raise SeedError(f"{file.name} has no column Id")
    return columns


def _nearest(name: str, known: list[str]) -> str:
    by_lower = {each.lower(): each for each in known}
    near = difflib.get_close_matches(name.lower(), by_lower, n=1)
    return f"; the nearest is {by_lower[near[0]]}" if near else ""


def _stage(cursor: duckdb.DuckDBPyConnection, file: Path, width: int) -> None:
    columns = ", ".join(f"'c{place}': 'VARCHAR'" for place in range(width))
    options = "auto_detect = false, header = true, delim = ',', quote = '\"', escape = '\"', nullstr = ''"
    reading = f"read_csv(?, {options}, max_line_size = {LONGEST_LINE}, columns = {{{columns}}})"
    try:
        cursor.execute(f"CREATE OR REPLACE TEMP TABLE staged AS SELECT * FROM {reading}", [str(file)])
    except duckdb.InvalidInputException as error:
        line = next((each for each in str(error).splitlines() if "Line" in each), "").split(".", 1)[0]
        raise SeedError(
            f"{file.name} is not a CSV file of {width} columns: {line or 'it cannot be read'}"
        ) from error


def _check_ids(cursor: duckdb.DuckDBPyConnection, file: Path, column: str) -> None:
    sql = f"SELECT count(*), count({column}), count(DISTINCT {column}) FROM staged"
    rows, present, distinct = cursor.execute(sql).fetchone() or (0, 0, 0)
    if present < rows:
        raise SeedError(f"{file.name}, column Id: {rows - present} of {rows} records have none")
    if distinct < rows:
        raise SeedError(f"{file.name}, column Id: {rows - distinct} records repeat an earlier one")


def _check_values(cursor: duckdb.DuckDBPyConnection, file: Path, columns: list[Field]) -> None:
    """Name the first record whose value its type cannot hold."""
    typed = {f"c{place}": each for place, each in enumerate(columns) if column_type(each) != "VARCHAR"}
    for column, field in typed.items():
        parsed = _parsed(field, column, "TRY_CAST")
        # A cast to an integer rounds.
        changed = f" OR {parsed} <> TRY_CAST({column} AS DOUBLE)" if field.type == "int" else ""
        bad = f"{column} IS NOT NULL AND ({parsed} IS NULL{changed})"
        sql = f"SELECT min(rowid) FILTER (WHERE {bad}) - min(rowid) + 1 FROM staged"
        first = (cursor.execute(sql).fetchone() or (None,))[0]
        if first is not None:
            raise SeedError(f"{file.name}, record {first}, column {field.name}: the value is no {field.type}")


def _value(field: Field, given: dict[str, str], admin: str) -> str:
    """Give the SQL of one column: the file's value, or what Salesforce would have filled in."""
    parsed = _parsed(field, given[field.name]) if field.name in given else "NULL"
    if field.name in SUBSTITUTES:
        others = [_parsed(field, given[name]) for name in SUBSTITUTES[field.name] if name in given]
        return f"coalesce({', '.join([parsed, *others])}, TIMESTAMP '{SEED_DATE}')"
    if field.name in {"OwnerId", "CreatedById", "LastModifiedById"}:
        return f"coalesce({parsed}, {admin})"
    if field.type == "boolean":
        return f"coalesce({parsed}, false)"
    if field.name == "Name" and field.formula and "LastName" in given:
        parts = [given[each] for each in ("FirstName", "LastName") if each in given]
        return f"coalesce({parsed}, nullif(concat_ws(' ', {', '.join(parts)}), ''))"
    return parsed


def _parsed(field: Field, column: str, cast: str = "CAST") -> str:
    kind = column_type(field)
    if kind == "TIMESTAMP":
        # Only TIMESTAMPTZ reads the offset; the file may write Z, +0000 or none, which means UTC.
        return f"make_timestamp(epoch_us({cast}({column} AS TIMESTAMPTZ)))"
    return column if kind == "VARCHAR" else f"{cast}({column} AS {kind})"


def _add_admin_if_pointed_to(store: Store) -> None:
    """Add the admin as a user where records took it as their owner because no user was given."""
    if store.number('SELECT count(*) FROM org."User"'):
        return
    row = {
        "Id": ADMIN_ID,
        "IsDeleted": False,
        "Username": ADMIN_USERNAME,
        "LastName": "Admin",
        "Name": "Admin",
        "Email": ADMIN_USERNAME,
        "Alias": "admin",
        "IsActive": True,
        "UserType": "Standard",
        "TimeZoneSidKey": "Europe/London",
        **dict.fromkeys(("CreatedById", "LastModifiedById"), ADMIN_ID),
        **dict.fromkeys(("CreatedDate", "LastModifiedDate", "SystemModstamp"), SEED_DATE),
    }
    names, marks = ", ".join(f'"{name}"' for name in row), ", ".join("?" for _ in row)
    with store.writing() as cursor:
        cursor.execute(f'INSERT INTO org."User" ({names}) VALUES ({marks})', list(row.values()))
