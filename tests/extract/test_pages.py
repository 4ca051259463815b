"""Pages become files without a change to any byte, and are counted right."""

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from extract.pages import Page, PageFolder, TornPageError, write_page

FIELDS = ("Id", "Name", "Description")
TRICKY = [
    ("1", "NA", "None"),
    ("2", "  leading", "trailing  "),
    ("3", 'say "what"', "a\nb\r\nc\rd"),
    ("4", "😀 Zoë", "null"),
    ("5", 'a,b;c\td",\n"', "#N/A"),
    ("6", "nul \x00 byte", "1e5"),
    ("7", "", "TRUE"),
    ("8", "x" * 131_072, "-"),
]

# Salesforce's own text: no lone surrogates, which UTF-8 cannot hold.
cells = st.text(st.characters(codec="utf-8") | st.sampled_from('",\n\r\x00'), max_size=30)


def as_page(rows: Sequence[tuple[str, ...]], fields: tuple[str, ...] = FIELDS) -> bytes:
    """Write CSV as Bulk 2.0 does: every cell quoted, line feeds between the rows."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows([fields, *rows])
    return text.getvalue().encode()


def pieces(page: bytes, size: int) -> list[bytes]:
    return [page[start : start + size] for start in range(0, len(page), size)]


def unpacked(path: Path) -> bytes:
    with path.open("rb") as file:
        return zstandard.ZstdDecompressor().stream_reader(file).read()


@pytest.mark.parametrize("size", [1, 7, 1_000_000])
def test_every_byte_stays_and_every_record_is_counted(tmp_path: Path, size: int) -> None:
    path = tmp_path / "page"
    page = as_page(TRICKY[:-1] if size == 1 else TRICKY)
    assert write_page(pieces(page, size), FIELDS, path) == len(TRICKY) - (size == 1)
    assert unpacked(path) == page
    assert [each.name for each in tmp_path.iterdir()] == ["page"]


@given(rows=st.lists(st.tuples(cells, cells, cells), max_size=8), size=st.integers(1, 60))
def test_any_text_is_counted(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, ...]], size: int
) -> None:
    path = tmp_path_factory.mktemp("page") / "page"
    assert write_page(pieces(as_page(rows), size), FIELDS, path) == len(rows)


@pytest.mark.parametrize(
    ("page", "rows"),
    [
        pytest.param(b"Id,Name,Description\n1,a,b\n", 1, id="without quotes"),
        pytest.param(b'"Id","Name","Description"\r\n"1","a","b"\r\n', 1, id="Windows line ends"),
        pytest.param(b'"Id","Name","Description"\n"1","a","b"', 1, id="no line end at the end"),
        pytest.param(b'"Id","Name","Description"\n', 0, id="no record"),
    ],
)
def test_other_ways_to_write_csv_are_counted_too(tmp_path: Path, page: bytes, rows: int) -> None:
    assert write_page([page], FIELDS, tmp_path / "page") == rows


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"<html>Service unavailable</html>", id="a proxy's page"),
        pytest.param(b'"Id","Name"\n"1","secret"\n', id="fields missing"),
        pytest.param(b'"Id","Name","Description"\n"1","secret"\n', id="cells missing"),
        pytest.param(b'"Id","Name","Description"\n"1","secret","x","y"\n', id="cells too many"),
        pytest.param(b'"Id","Name","Description"\n"1","secret","cut of', id="cut off in a cell"),
        pytest.param(b'"Id","Name","Description"\n"1","secret"', id="cut off between cells"),
        pytest.param(b'"Id","Name","Description"\n"1","secret\xff","x"\n', id="no UTF-8"),
        pytest.param(b'"Id","Name","Description"\n"1","secret","\xf0\x9f"\n', id="half an emoji"),
    ],
)
def test_a_torn_page_is_refused_without_showing_a_record(tmp_path: Path, page: bytes) -> None:
    with pytest.raises(TornPageError) as refused:
        write_page([page], FIELDS, tmp_path / "page")
    assert "secret" not in str(refused.value)
    assert refused.value.__cause__ is None
    assert not (tmp_path / "page").exists()


def folder_with(path: Path, *numbers: int) -> PageFolder:
    folder = PageFolder(path)
    for number in numbers:
        folder.path(number).write_bytes(b"x")
        folder.keep(Page(number, f"L{number}", f"L{number + 1}", 10))
    return folder


def test_what_is_recorded_is_there_after_a_kill(tmp_path: Path) -> None:
    folder_with(tmp_path, 0, 1, 3)
    (tmp_path / "000002.csv.zst").write_bytes(b"written, not recorded")
    (tmp_path / "000004.csv.zst.part").write_bytes(b"half")
    with (tmp_path / "journal.jsonl").open("a") as journal:
        journal.write('{"number": 4, "loca')
    again = PageFolder(tmp_path)
    assert [page.number for page in again.pages] == [0, 1, 3]
    assert (again.rows, [page.number for page in again.unbroken]) == (30, [0, 1])
    assert ((1, "L1") in again, (1, "L2") in again, (2, "L2") in again) == (True, False, False)
    assert sorted(each.name for each in tmp_path.iterdir()) == [
        "000000.csv.zst",
        "000001.csv.zst",
        "000003.csv.zst",
        "journal.jsonl",
    ]
    assert len([json.loads(line) for line in (tmp_path / "journal.jsonl").read_text().splitlines()]) == 3


def test_a_recorded_page_without_its_file_is_none(tmp_path: Path) -> None:
    folder_with(tmp_path, 0, 1).path(1).unlink()
    assert [page.number for page in PageFolder(tmp_path).pages] == [0]


def test_pages_are_dropped_with_their_files(tmp_path: Path) -> None:
    folder_with(tmp_path, 0, 1, 2).drop_from(1)
    assert [page.number for page in PageFolder(tmp_path).pages] == [0]
    assert not (tmp_path / "000002.csv.zst").exists()
