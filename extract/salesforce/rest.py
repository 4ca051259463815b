"""Reading an object that Bulk refuses: REST queries, page by page into files as Bulk would have written them.

https://developer.salesforce.com/docs/platform/api-rest/guide/resources-query.md
"""

import csv
import itertools
from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from simple_salesforce import Salesforce

from extract.errors import ExtractError
from extract.pages import Page, PageFolder, write_page
from extract.salesforce.describe import Description
from extract.salesforce.query import SOQL_CHARACTERS, Window, named, select

# A REST address with its headers may have 16,384 bytes; the rest is left to the headers.
URL_BYTES = 14_000

# The powers of ten between which Java writes a double without an exponent.
LEAST_PLAIN, LEAST_SCIENTIFIC = -3, 7

Cells = tuple[str, ...]


def read_pages(
    sf: Salesforce, description: Description, window: Window, folder: PageFolder
) -> Generator[Page, None, None]:
    """Write the answers of REST queries as pages of the empty folder; give each as it is there.

    An object too wide for one address is read in slices of its fields, each with the Id, side by side in the order
    of the Id, and joined by it. A record that came, went or was changed between the slices is in none of the pages:
    it has left the window, so the next copy has it.

    Raises:
        ExtractError: Salesforce refused a query, or its pages end before its own total.
    """
    slices = _slices(description, window)
    if len(slices) == 1:
        batches = _batches(sf, description, slices[0], select(description, window))
    else:
        names = ("Id", *itertools.chain.from_iterable(each[1:] for each in slices))
        order = [names.index(name) for name in description.fields]
        parts = [_batches(sf, description, each, _sorted(description, window, each)) for each in slices]
        batches = ([tuple(row[place] for place in order) for row in batch] for batch in _joined(parts))
    for number, batch in enumerate(batches):
        written = write_page(_csv(description.fields, batch), description.fields, folder.path(number))
        page = Page(number, None, None, written)
        folder.keep(page)
        yield page


def _sorted(description: Description, window: Window, fields: Sequence[str]) -> str:
    return f"{select(description, window, fields)} ORDER BY Id"


def _slices(description: Description, window: Window) -> list[tuple[str, ...]]:
    """Cut the fields, so that each query fits into an address; the Id leads every slice."""
    whole = select(description, window)
    if _fits(whole):
        return [description.fields]
    slices: list[tuple[str, ...]] = []
    taken: list[str] = []
    for name in description.fields:
        if name == "Id":
            continue
        if taken and not _fits(_sorted(description, window, ("Id", *taken, name))):
            slices.append(("Id", *taken))
            taken = []
        taken.append(name)
    return [*slices, ("Id", *taken)]


def _fits(soql: str) -> bool:
    return len(quote(soql)) <= URL_BYTES and len(soql) <= SOQL_CHARACTERS


def _batches(
    sf: Salesforce, description: Description, fields: Sequence[str], soql: str
) -> Iterator[list[Cells]]:
    """Give the records of one query, as cells in the order of `fields`, a list for each of its answers."""
    rows, numbers = 0, description.numbers
    with named(description.name):
        page = sf.query(soql, include_deleted=True)
    while True:
        batch = [_cells(description, numbers, fields, record) for record in page["records"]]
        rows += len(batch)
        yield batch
        if page["done"]:
            break
        with named(description.name):
            page = sf.query_more(page["nextRecordsUrl"], identifier_is_url=True)
    if rows != page["totalSize"]:
        raise ExtractError(
            f"{description.name}: the REST query found {page['totalSize']} records and gave {rows}. "
            "Give the command again."
        )


def _joined(slices: Sequence[Iterator[list[Cells]]]) -> Iterator[list[Cells]]:
    """Join batches of several queries by their first cell, the Id; what a slice lacks is left out.

    The queries are sorted alike, so that only what lies between the fastest and the slowest is held.
    """
    waiting: list[dict[str, Cells]] = [{} for _ in slices]
    for batches in itertools.zip_longest(*slices, fillvalue=[]):
        for held, batch in zip(waiting, batches, strict=True):
            held.update((cells[0], cells[1:]) for cells in batch)
        whole = [each for each in waiting[0] if all(each in held for held in waiting)]
        yield [(each, *itertools.chain.from_iterable(held.pop(each) for held in waiting)) for each in whole]


def _cells(
    description: Description, numbers: Collection[str], fields: Sequence[str], record: Mapping[str, Any]
) -> Cells:
    cells = ((name, _cell(record.get(name), name in description.times, name in numbers)) for name in fields)
    return tuple(description.hashing.cell(name, cell) for name, cell in cells)


def _cell(value: Any, is_time: bool, is_double: bool) -> str:
    """Give a JSON value as Bulk's CSV would, so that a table's text does not depend on the way it came."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if is_double:
        return _java_double(str(value))
    return str(value).replace("+0000", "Z") if is_time else str(value)


def _java_double(literal: str) -> str:
    """Write a number of JSON as Java does, and so Bulk: 500000.0, but 9.9213206E7 from ten million on, and 1.0E-4."""
    number = Decimal(literal)
    sign, digits, _ = number.as_tuple()
    exponent = number.adjusted() if number else 0
    if LEAST_PLAIN <= exponent < LEAST_SCIENTIFIC:
        plain = f"{number.normalize():f}"
        return plain if "." in plain else f"{plain}.0"
    mantissa = "".join(map(str, digits)).rstrip("0")
    return f"{'-' * sign}{mantissa[0]}.{mantissa[1:] or '0'}E{exponent}"


def _csv(fields: Sequence[str], rows: Sequence[Cells]) -> Iterator[bytes]:
    """Write rows as Bulk does: every cell quoted, line feeds between the records."""
    lines: list[str] = []
    writer = csv.writer(_Lines(lines), quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(fields)
    writer.writerows(rows)
    yield "".join(lines).encode()


class _Lines:
    """Takes what a `csv.writer` writes."""

    def __init__(self, lines: list[str]) -> None:
        self.write = lines.append
