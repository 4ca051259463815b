"""Values of any kind on their way through the stand-in: nothing is changed, nothing is lost under load."""

import csv
import io
import math
import random
import re
import struct
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sandbox.salesforce.budget import Limits
from sandbox.salesforce.jobs import Jobs
from sandbox.salesforce.seed import load
from sandbox.salesforce.store import Store
from tests.sandbox.salesforce_org import Acme, acme

# What CSV, SQL and SOQL treat in some special way, and letters of one to four bytes.
LETTERS = " \t\r\n\"'`,;|^\\%_{}$?0aZé日😀\u00a0\u200b\u2028"
JAVA_DOUBLE = re.compile(r"-?\d+\.\d+(E-?\d+)?")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path)
    Jobs(opened, Limits()).close()
    yield opened
    opened.close()


@pytest.fixture
def chance() -> random.Random:
    return random.Random(1)  # noqa: S311 - the same values in every run; no secret


def test_any_text_is_kept(store: Store, chance: random.Random) -> None:
    texts = ["".join(chance.choices(LETTERS, k=chance.randint(1, 12))) for _ in range(3000)]
    load(store, [("Contact", ({"Id": str(place), "LastName": text} for place, text in enumerate(texts)))])
    rows = store.execute('SELECT "Id", "LastName" FROM org."Contact"').fetchall()
    kept = {str(key): value for key, value in rows}
    assert [kept[str(place)] for place in range(len(texts))] == texts


def test_any_double_is_written_as_java_writes_it(store: Store, chance: random.Random) -> None:
    numbers = [float(struct.unpack("<d", chance.randbytes(8))[0]) for _ in range(3000)]
    numbers += [sign * chance.uniform(1, 10) * 10**power for sign in (1, -1) for power in range(-12, 25)]
    numbers = [number for number in numbers if math.isfinite(number)]
    rows = store.execute("SELECT java_double(unnest(?::DOUBLE[]))", [numbers]).fetchall()
    for (text,), number in zip(rows, numbers, strict=True):
        assert float(text) == number
        assert JAVA_DOUBLE.fullmatch(text), text
        assert ("E" in text) == (not 1e-3 <= abs(number) < 1e7), text


def test_readers_and_writers_at_the_same_time(tmp_path: Path) -> None:
    with acme(tmp_path) as org, ThreadPoolExecutor(8) as pool:
        made = [org.call("POST", "/sobjects/Account", {"Name": str(n)}).json()["id"] for n in range(8)]
        counts = list(pool.map(lambda known_id: _work(org, known_id), made))
        assert counts == [8] * 8
        soql = "SELECT Name, NumberOfEmployees FROM Account"
        page = org.csv(soql)
        assert {row["NumberOfEmployees"] for row in csv.DictReader(io.StringIO(page))} == {"4"}


def _work(org: Acme, known_id: str) -> int:
    """Change one record, read all, make a job; give how many records were seen."""
    seen = 0
    for step in range(5):
        body = {"NumberOfEmployees": step}
        assert org.call("PATCH", f"/sobjects/Account/{known_id}", body).status_code == 204
        seen = len(org.ids("SELECT Id FROM Account"))
    assert org.job("SELECT Id FROM Account")["numberRecordsProcessed"] == seen
    return seen
