"""The pages where there is nothing to show yet, and what is worked out from the answers."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import streamlit
from streamlit.testing.v1 import AppTest

from dashboard import look, queries
from dashboard.forecast import pace_left, seconds_left
from tests.servers import REPOSITORY
from warehouse.embedded import open_warehouse

PAGES = ("overview", "objects", "mapping", "live", "business")


class Connection:
    """A warehouse without a table, asked as Streamlit's connection is."""

    def __init__(self, folder: Path) -> None:
        self.session = open_warehouse(folder).connect("MIGRATION", "STAGING")

    def query(self, sql: str, *, params: Sequence[Any] | None, **_: Any) -> pd.DataFrame:
        cursor = self.session.cursor().execute(sql.replace("?", "%s"), params)
        return pd.DataFrame(cursor.fetchall())


@pytest.mark.parametrize("page", PAGES)
def test_before_the_first_run_a_page_says_so(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = Connection(tmp_path)
    monkeypatch.setattr(streamlit, "connection", lambda _: connection)
    shown = AppTest.from_string(
        f"from dashboard.views import {page}\n{page}.show()", default_timeout=30
    ).run()
    assert not shown.exception
    assert [each.value for each in shown.info] == [look.NOTHING_YET]


def test_another_failure_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    class Refusing:
        def query(self, *_: Any, **__: Any) -> pd.DataFrame:
            raise RuntimeError("the role may not use the warehouse")

    monkeypatch.setattr(streamlit, "connection", lambda _: Refusing())
    shown = AppTest.from_string("from dashboard.views import live\nlive.show()", default_timeout=30).run()
    assert "may not use" in shown.exception[0].message


def test_marts_are_named_once() -> None:
    others = [path for path in (REPOSITORY / "dashboard").rglob("*.py") if path.name != "queries.py"]
    assert len(others) > 8
    for path in others:
        text = path.read_text(encoding="utf-8")
        assert not any(schema in text for schema in ("reconciliation.", "marts_", "intermediate.", "ops.")), (
            path
        )


def test_shares_are_never_rounded_up_to_a_whole() -> None:
    assert look.percent(0.99999) == "99.99 %"
    assert look.percent(1) == "100.00 %"
    assert look.percent(None) == look.UNKNOWN


@pytest.mark.parametrize(("value", "text"), [(1234.0, "1,234"), (2_500_000, "2.50 m"), (None, look.UNKNOWN)])
def test_amounts_fit_a_heading(value: float | None, text: str) -> None:
    assert look.money(value) == text


def test_personal_values_are_masked_and_others_are_not() -> None:
    frame = pd.DataFrame(
        {
            "property": ["email", "amount"],
            "expected_value": ["ada@example.com", "1"],
            "found_value": [None, "2"],
            "is_pii": [True, False],
        }
    )
    masked = queries.masked(frame)
    assert list(masked["expected_value"]) == ["a… (15 characters)", "1"]
    assert pd.isna(masked["found_value"][0])
    assert masked["found_value"][1] == "2"


def test_a_deal_is_closed_by_its_stage_also_in_a_pipeline_of_our_own(tmp_path: Path) -> None:
    connection = Connection(tmp_path)
    tables = {
        "seeds.hubspot_pipelines": """
            select * from (values
                ('deals', 'renewals', 'lost', 0), ('deals', 'renewals', 'talks', 0.4), ('deals', 'default', 'talks', 1)
            ) as t(object, pipeline, stage, probability)""",
        "reconciliation.recon_record": """
            select 'hubspot' as target, 'deals' as object, 'd1' as record_id, 'verified' as status""",
        "marts_hubspot.hubspot__deals": """
            select *, dealstage as salesforce_stage, 1 as amount, null::number as salesforce_converted_amount from (values
                ('d1', 'default', 'closedwon'), ('d2', 'renewals', 'lost'), ('d3', 'renewals', 'talks')
            ) as t(_record_key, pipeline, dealstage)""",
    }
    for name, rows in tables.items():
        connection.session.cursor().execute(f"create schema if not exists {name.partition('.')[0]}")
        connection.session.cursor().execute(f"create table {name} as {rows}")
    shown = queries.pipeline(lambda sql, values: connection.query(sql, params=values))
    assert set(zip(shown[0], shown[1], strict=True)) == {
        ("closedwon", "closed"),
        ("lost", "closed"),
        ("talks", "open"),
    }


def test_the_slowest_part_of_the_phase_under_way_sets_the_forecast() -> None:
    progress = pd.DataFrame(
        [
            ("extract", "Contact", 10, 10, "2026-01-01 00:00:00", "2026-01-01 00:00:10"),
            ("load", "hubspot contacts", 50, 100, "2026-01-01 00:01:00", "2026-01-01 00:01:10"),
            ("load", "intercom contacts", 20, 100, "2026-01-01 00:01:00", "2026-01-01 00:01:10"),
            ("load", "of unknown length", 20, None, "2026-01-01 00:01:00", "2026-01-01 00:01:12"),
        ],
        columns=["phase", "label", "done", "total", "first_at", "last_at"],
    )
    assert pace_left(progress) == pytest.approx(40)
    assert pace_left(progress.head(0)) is None


def test_without_a_pace_the_last_finished_run_is_the_forecast() -> None:
    runs = pd.DataFrame(
        {"run_id": ["r3", "r2", "r1"], "status": ["running", "failed", "succeeded"], "seconds": [30, 5, 100]}
    )
    nothing = pd.DataFrame()
    assert seconds_left(nothing, runs, runs.iloc[0]) == 70
    assert seconds_left(nothing, runs.head(2), runs.iloc[0]) is None
