"""The sign-off report: all that it says is of one read-back, whose kind and moment it names."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pandas as pd
import pytest

from dashboard import queries
from migrate import report
from migrate.screen import Screen

RUN, LATER = "20260101T000000Z-aaaa", "20260103T000000Z-bbbb"
COUNTS = {
    "target": "hubspot",
    "object": "contacts",
    "source_records": 1000,
    "verified": 200,
    "unchecked": 800,
    "unexpected": 0,
    "fields_expected": 400,
    "fields_equal": 400,
    "accuracy": 1.0,
    "unexplained_loss": 0,
    "loss": 0.0,
}


def _run(run_id: str, started_at: datetime) -> dict[str, Any]:
    return {
        "run_id": run_id,
        "status": "succeeded",
        "started_at": started_at,
        "started_by": "ada",
        "seconds": 60,
        "records_read": 1000,
        "records_written": 1000,
        "calls": 10,
        "mode": "full",
        "git_commit": None,
        "versions": None,
    }


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[dict[str, Any]]]:
    """Give what the warehouse answers by mart: a run that was read back whole, and a sample by itself two days later."""
    found = {
        queries.RUNS: [_run(RUN, datetime(2026, 1, 1))],
        queries.HISTORY: [
            {**COUNTS, "run_id": RUN, "mode": "full", "read_at": datetime(2026, 1, 1, 1), "unchecked": 0},
            {**COUNTS, "run_id": LATER, "mode": "sample", "read_at": datetime(2026, 1, 3, 2)},
        ],
        queries.OBJECTS: [{**COUNTS}],
    }

    def ask(statement: str, values: Sequence[Any] = ()) -> pd.DataFrame:
        rows = next((rows for mart, rows in found.items() if f"from {mart} " in statement), [])
        return pd.DataFrame([row for row in rows if not values or row.get("run_id") in values])

    monkeypatch.setattr(report, "asking", lambda _connection: ask)
    return found


@pytest.mark.usefixtures("answers")
def test_a_read_back_by_itself_is_not_passed_off_as_the_runs() -> None:
    facts = report.facts(None)
    said = report.page(facts)

    assert facts.check is not None
    assert (facts.run["run_id"], facts.check["run_id"], facts.is_last) == (RUN, LATER, True)
    assert "a sample was read back on 2026-01-03 02:00 UTC, after the run and not by it" in said
    assert "every record was read back" not in said


@pytest.mark.usefixtures("answers")
def test_a_run_that_is_named_is_shown_by_its_own_read_back() -> None:
    facts = report.facts(None, RUN)
    said = report.page(facts)

    assert not facts.is_last
    assert [row["unchecked"] for row in facts.objects] == [0]
    assert "every record was read back on 2026-01-01 01:00 UTC" in said
    assert "after the run" not in said


def test_the_last_read_back_is_the_runs_own_where_it_made_it(
    answers: dict[str, list[dict[str, Any]]],
) -> None:
    answers[queries.RUNS].insert(0, _run(LATER, datetime(2026, 1, 3)))

    facts = report.facts(None)

    assert facts.check is not None
    assert facts.run["run_id"] == facts.check["run_id"] == LATER
    assert "after the run" not in report.page(facts)


def test_a_run_that_was_not_checked_says_so(answers: dict[str, list[dict[str, Any]]]) -> None:
    answers[queries.RUNS].insert(0, _run("20260102T000000Z-cccc", datetime(2026, 1, 2)))

    assert "nothing was read back by this run" in report.page(report.facts(None, "20260102T000000Z-cccc"))


@pytest.mark.parametrize("run_id", [None, RUN])
def test_the_verdict_names_what_should_not_be_in_a_target(
    answers: dict[str, list[dict[str, Any]]], run_id: str | None
) -> None:
    for row in (*answers[queries.OBJECTS], *answers[queries.HISTORY]):
        row |= {"unexpected": 3, "unchecked": 0}

    said = report.page(report.facts(None, run_id))

    assert "3 source records that were merged or held back are still in a target" in said
    assert "is accounted for" not in said


@pytest.mark.parametrize("count", [0, 1200])
def test_a_run_says_what_should_not_be_in_a_target(capsys: pytest.CaptureFixture[str], count: int) -> None:
    names = ("source", "merged", "quarantined", "refused", "failed", "sent", "verified", "mismatched")
    rest = {"mismatching_fields": 0, "unexplained_loss": 0, "accuracy": 1.0, "unchecked": 0}
    one = {"target": "hubspot", "object": "contacts", **dict.fromkeys(names, 0), **rest, "unexpected": count}

    Screen().reconciliation([one])

    assert ("1,200 records that were merged or held back" in capsys.readouterr().err) == bool(count)
