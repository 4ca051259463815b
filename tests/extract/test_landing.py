"""Pages become files without a change to any cell."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from extract.landing import RowFiles, TornPageError, write_csv_page

FIELDS = ("Id", "Name", "Description")
TRICKY = [
    ("1", "NA", "None"),
    ("2", "  leading", "trailing  "),
    ("3", 'say ""what""', "a\nb\r\nc\rd"),
    ("4", "😀 Zoë", "null"),
    ("5", "a,b;c\td", "#N/A"),
    ("6", "0012", "1e5"),
    ("7", "nan", "TRUE"),
    ("8", "x" * 131_072, "-"),
]

# Salesforce's own text: no lone surrogates, which UTF-8 cannot hold.
cells = st.text(st.characters(codec="utf-8"), max_size=30)


def as_page(rows: Sequence[tuple[str, ...]], fields: tuple[str, ...] = FIELDS) -> bytes:
    """Write CSV as Bulk 2.0 does: every cell quoted, line feeds between the rows."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows([fields, *rows])
    return text.getvalue().encode()


def written(folder: Path, page: bytes, fields: tuple[str, ...] = FIELDS) -> list[tuple[str | None, ...]]:
    path = folder / "page.parquet"
    rows = write_csv_page(io.BytesIO(page), fields, path)
    table = pq.read_table(path)
    assert table.num_rows == rows
    assert table.column_names == [name.upper() for name in fields]
    return [tuple(row.values()) for row in table.to_pylist()]


def test_every_cell_stays_the_text_it_was(tmp_path: Path) -> None:
    assert written(tmp_path, as_page(TRICKY)) == TRICKY


def test_only_the_empty_cell_is_null(tmp_path: Path) -> None:
    assert written(tmp_path, b'"Id","Name","Description"\n"1","",\n') == [("1", None, None)]


@given(rows=st.lists(st.tuples(cells, cells, cells), max_size=8))
def test_any_text_comes_back(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, ...]]) -> None:
    folder = tmp_path_factory.mktemp("page")
    assert written(folder, as_page(rows)) == [tuple(cell or None for cell in row) for row in rows]


def test_a_page_without_records_has_none(tmp_path: Path) -> None:
    assert written(tmp_path, as_page([])) == []


def test_a_page_of_many_blocks_is_whole(tmp_path: Path) -> None:
    rows = [(str(number), "x" * 900, "line\nbreak") for number in range(20_000)]
    assert written(tmp_path, as_page(rows)) == rows


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"<html>Service unavailable</html>", id="a proxy's page"),
        pytest.param(b'"Id","Name"\n"1","secret"\n', id="fields missing"),
        pytest.param(b'"Id","Name","Description"\n"1","secret"\n', id="cells missing"),
        pytest.param(b'"Id","Name","Description"\n"1","secret","cut of', id="cut off in a cell"),
        pytest.param(b'"Id","Name","Description"\n"1","secret\xff","x"\n', id="no UTF-8"),
    ],
)
def test_a_torn_page_is_refused_without_showing_a_record(tmp_path: Path, page: bytes) -> None:
    with pytest.raises(TornPageError) as refused:
        written(tmp_path, page)
    assert "secret" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_rows_go_into_files_of_a_bounded_size(tmp_path: Path) -> None:
    with RowFiles(tmp_path / "rows", ["id", "payload"], rows_per_file=2) as files:
        for number in range(5):
            files.add((str(number), None if number == 3 else "{}"))
    parts = [pq.read_table(path) for path in sorted(files.folder.glob("*.parquet"))]
    assert [part.num_rows for part in parts] == [2, 2, 1]
    assert [row for part in parts for row in part.column("ID").to_pylist()] == ["0", "1", "2", "3", "4"]
    assert parts[1].column("PAYLOAD").to_pylist() == ["{}", None]
    assert files.rows == 5


def test_rows_of_an_earlier_try_are_gone(tmp_path: Path) -> None:
    for _ in range(2):
        with RowFiles(tmp_path / "rows", ["id"]) as files:
            files.add(("1",))
    assert len(list(files.folder.glob("*.parquet"))) == 1
