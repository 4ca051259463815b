"""For whoever signs: is it all there, is it right, is it better than before, and when will it be done."""

import altair as alt
import pandas as pd
import streamlit as st

from dashboard import look, queries
from dashboard.asking import ask
from dashboard.forecast import seconds_left
from dashboard.palette import BLUE

PHASES = 4


def show() -> None:
    """Show the page."""
    st.title("Overview")
    objects, runs = queries.objects(ask()), queries.runs(ask())
    if objects.empty and runs.empty:
        st.info(look.NOTHING_YET)
        return
    if not objects.empty:
        _verdict(objects)
        st.subheader("What became of every record")
        look.chart(look.outcomes(objects))
        look.table(objects, "objects")
    _run(runs)
    _history()
    _quality()


def _verdict(objects: pd.DataFrame) -> None:
    sums = objects.select_dtypes("number").sum()
    lost, expected = int(sums["unexplained_loss"]), sums["fields_expected"]
    accuracy = sums["fields_equal"] / expected if expected else None
    if lost:
        st.error(f"{lost:,} records or links have no explanation: see Records.")
    elif sums["unchecked"]:
        st.warning(
            f"Of what was sent, {sums['unchecked']:,.0f} records and links were not in the sample that was checked."
        )
    else:
        st.success("Every source record and link is accounted for.")
    look.metrics(
        [
            ("records and links in the source", look.number(sums["source_records"])),
            ("fields as they should be", look.percent(accuracy)),
            ("unexplained loss", look.number(lost)),
            ("differ, refused or failed", look.number(sums["mismatched"] + sums["refused"] + sums["failed"])),
        ]
    )


def _quality() -> None:
    quality = queries.quality(ask())
    if quality.empty:
        return
    st.subheader("Quality before and after")
    st.caption("Hollow orange: as it lay in Salesforce. Filled blue: as HubSpot has it now.")
    names = sorted(quality["object"].unique())
    for place, name in enumerate(names):
        if place % 2 == 0:
            columns = st.columns(2)
        with columns[place % 2]:
            st.markdown(f"**{name}**")
            look.chart(look.before_after(quality[quality["object"] == name]))


def _history() -> None:
    history = queries.history(ask())
    if len(history) < 2:  # noqa: PLR2004  a line needs two points
        return
    st.subheader("Accuracy by run")
    look.chart(
        alt.Chart(history)
        .mark_line(point=True, color=BLUE)
        .encode(
            x=alt.X("read_at:T", title=None),
            y=alt.Y("accuracy:Q", title=None, axis=alt.Axis(format=".1%"), scale=alt.Scale(zero=False)),
            tooltip=["run_id", "mode", alt.Tooltip("accuracy:Q", format=".3%"), "unexplained_loss"],
        )
        .properties(height=180)
    )


def _run(runs: pd.DataFrame) -> None:
    if runs.empty:
        return
    latest = runs.iloc[0]
    left = seconds_left(queries.progress(ask(), latest["run_id"]), runs, latest)
    st.subheader("Time and calls")
    look.metrics(
        [
            ("latest run", str(latest["status"])),
            ("phases done", f"{int(latest['phases_done'])} of {PHASES}"),
            ("time at work", look.duration(latest["seconds"])),
            ("forecast to the end", look.duration(left) if latest["status"] == "running" else "-"),
        ]
    )
    budget = queries.budget(ask())
    for row in budget.to_dict("records"):
        share = min(1.0, row["calls_last_day"] / max(1, row["calls_per_day"]))
        allowed = f"{row['calls_left']:,.0f} of the day's {row['calls_per_day']:,.0f} API calls left"
        st.progress(share, f"{row['system']}: {allowed}")
    look.table(runs.drop(columns="versions", errors="ignore"), "runs")
