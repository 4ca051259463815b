"""Rows become files of a bounded size."""

from pathlib import Path

import pyarrow.parquet as pq

from extract.landing import RowFiles


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
