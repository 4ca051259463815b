"""Two versions of a mart compared in the warehouse: rows and values that come, go and change."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from load.feeds import Column, Feed
from migrate.errors import SetupError
from migrate.mapping import difference
from migrate.mapping.difference import Version
from tests.servers import REPOSITORY
from warehouse.embedded import open_warehouse

NAME = ("hubspot", "deals")


def _feed(relation: str, *columns: str) -> Feed:
    return Feed(
        *NAME,
        "salesforce_id",
        10,
        "record",
        "keep",
        relation,
        tuple(Column(name, "varchar") for name in columns),
    )


def _version(relation: str, *columns: str) -> Version:
    return Version({NAME: _feed(relation, *columns)}, frozenset({(*NAME, "contact")}))


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Any:
    opened = open_warehouse(tmp_path_factory.mktemp("difference")).connect("MIGRATION", "STAGING")
    run = opened.cursor().execute
    run("create table was (_record_key varchar, amount number(18, 2), contact varchar, tier varchar)")
    run("create table is_now (_record_key varchar, amount number(18, 2), contact varchar, stage varchar)")
    run(
        "insert into was values ('1', 1, 'Ada', 'a'), ('2', 2, 'Bob', null), ('3', null, null, 'c'), ('4', 4, 'Eve', 'd')"
    )
    run(
        "insert into is_now values ('1', 1, 'Ada', 'x'), ('2', 2.5, 'Bobby', 'y'), ('3', 3, null, null), ('5', 5, 'Zoe', 'z')"
    )
    return opened


def test_rows_and_values_are_counted_by_property(connection: Any) -> None:
    before = _version("was", "amount", "contact", "tier")
    after = _version("is_now", "amount", "contact", "stage")
    [deals] = difference.differences(connection, before, after)
    counts = {name: deals[name] for name in ("before", "after", "added", "removed", "changed")}
    assert counts == {"before": 4, "after": 4, "added": 1, "removed": 1, "changed": 2}
    found = {each["property"]: (each["change"], each["values"]) for each in deals["properties"]}
    assert found == {
        "amount": ("changed", 2),
        "contact": ("changed", 1),
        "tier": ("removed", 2),
        "stage": ("added", 2),
    }


def test_personal_values_are_masked_unless_asked_for(connection: Any) -> None:
    before, after = _version("was", "contact"), _version("is_now", "contact")
    [masked] = difference.differences(connection, before, after)
    assert masked["properties"][0]["samples"] == [
        {"record_key": "2", "before": "B… (3 characters)", "after": "B… (5 characters)"}
    ]
    [shown] = difference.differences(connection, before, after, show_pii=True)
    assert shown["properties"][0]["samples"] == [{"record_key": "2", "before": "Bob", "after": "Bobby"}]


def test_a_mart_that_came_is_all_added_and_equal_ones_are_not_listed(connection: Any) -> None:
    same = _version("was", "amount", "contact", "tier")
    assert difference.differences(connection, same, same) == []
    [came] = difference.differences(connection, Version({}, frozenset()), same)
    assert (came["added"], came["removed"], came["properties"]) == (4, 0, [])


def test_a_reference_that_is_not_there_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SetupError, match="The project at main cannot be read"):
        difference._extract("main", tmp_path / "before")


def test_the_project_of_a_reference_is_written_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository = tmp_path / "repository"
    (repository / "dbt_project" / "macros").mkdir(parents=True)
    for name in (*difference.PROJECT[:2], difference.SCHEMA_MACRO):
        (repository / name).write_text("as it was")
    identity = ("-c", "user.name=Test", "-c", "user.email=test@example.com")
    for command in (["init", "-q"], ["add", "."], [*identity, "commit", "-q", "-m", "first"]):
        subprocess.run(["git", *command], cwd=repository, check=True)  # noqa: S607
    (repository / difference.SCHEMA_MACRO).write_text("as it is")
    monkeypatch.chdir(repository)
    difference._extract("HEAD", tmp_path / "before")
    difference._copy(tmp_path / "after")
    texts = [(tmp_path / side / difference.SCHEMA_MACRO).read_text() for side in ("before", "after")]
    assert texts == ["as it was", "as it is"]
    assert (REPOSITORY / difference.SCHEMA_MACRO).exists()
