"""Ours, as a process to be measured: the pages of a complete job into counted, compressed files."""

import csv
import io
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import zstandard

from benchmarks.extract.digest import Digest
from benchmarks.extract.org import OBJECT, login
from extract.pages import PageFolder
from extract.salesforce import Settings, results
from extract.salesforce.describe import describe
from extract.salesforce.results import Results


def main(url: str, job: str, total: int, folder: Path, with_digest: bool) -> None:
    """Read all pages; print rows and seconds, and the digest if it is asked for."""
    settings = Settings()
    sf = login(url)
    description = describe(sf, OBJECT)
    pages = PageFolder(folder)
    wanted = Results(sf, description, job, total, pages, settings.page_rows, settings.idle.total_seconds())
    began = time.monotonic()
    with ThreadPoolExecutor(settings.pages) as pool:
        rows = sum(page.rows for page in results.read_pages(wanted, pool, settings.pages))
    said = {"rows": rows, "seconds": time.monotonic() - began}
    if with_digest:
        said["digest"] = str(digest(folder, description.fields))
    print(json.dumps(said))


def digest(folder: Path, fields: tuple[str, ...]) -> Digest:
    """Sum up what lies in the files."""
    found = Digest(fields)
    for path in sorted(folder.glob("*.csv.zst")):
        with path.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as unpacked:
            for row in csv.DictReader(io.TextIOWrapper(unpacked, encoding="utf-8", newline="")):
                found.add(row)
    return found


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]), sys.argv[5:] == ["digest"])
