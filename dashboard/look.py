"""How things look: charts, numbers, tables with their downloads."""

import math
from collections.abc import Sequence

import altair as alt
import pandas as pd
import streamlit as st

from dashboard.palette import BLUE, GREY, ORANGE, OUTCOMES

NOTHING_YET = "Nothing to show yet: `migrate run` fills this page."

UNKNOWN = "-"

CSS = """
<style>
  .block-container {padding-top: 3.5rem; padding-bottom: 3rem; max-width: 1200px;}
  [data-testid="stMetric"] {border-left: 3px solid #0072B2; padding: .1rem 0 .1rem .8rem;}
  [data-testid="stMetricValue"] {font-variant-numeric: tabular-nums;}
  [data-testid="stMarkdownContainer"] code {overflow-wrap: anywhere;}
  @media (max-width: 640px) {
    .block-container {padding-left: 1rem; padding-right: 1rem;}
    h1 {font-size: 1.7rem !important;}
    [data-testid="stHorizontalBlock"]:has([data-testid="stMetric"]) [data-testid="stColumn"] {
      min-width: calc(50% - 1rem) !important; flex: 1 1 40% !important;
    }
    [data-testid="stMetricValue"] {font-size: 1.6rem;}
  }
</style>
"""


def style() -> None:
    """Set what Streamlit's own settings cannot: widths on a telephone, and figures of one width."""
    st.markdown(CSS, unsafe_allow_html=True)


def percent(share: float | None) -> str:
    """Give a share as a percentage that is never rounded up to a whole that it is not."""
    if share is None or pd.isna(share):
        return UNKNOWN
    return f"{math.floor(float(share) * 10_000) / 100:.2f} %"


def number(value: float | None) -> str:
    """Give a count with its thousands apart."""
    return UNKNOWN if value is None or pd.isna(value) else f"{float(value):,.0f}"


def money(value: float | None) -> str:
    """Give an amount in the org's currency, short enough for a heading."""
    if value is None or pd.isna(value):
        return UNKNOWN
    for size, name in ((1e12, " T"), (1e9, " bn"), (1e6, " m")):
        if abs(value) >= size:
            return f"{value / size:,.2f}{name}"
    return f"{value:,.0f}"


def duration(seconds: float | None) -> str:
    """Give a time as a person says it."""
    if seconds is None or pd.isna(seconds):
        return UNKNOWN
    minutes, rest = divmod(round(float(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def metrics(values: Sequence[tuple[str, str]]) -> None:
    """Show a row of numbers; on a narrow screen they stand below each other."""
    for column, (label, value) in zip(st.columns(len(values)), values, strict=True):
        column.metric(label, value)


def table(frame: pd.DataFrame, name: str, height: int | None = None) -> None:
    """Show rows, and offer them as a CSV file."""
    if frame.empty:
        st.caption("None.")
        return
    shown = frame.rename(columns=lambda each: each.replace("_", " "))
    if height:
        st.dataframe(shown, hide_index=True, width="stretch", height=height)
    else:
        st.dataframe(shown, hide_index=True, width="stretch")
    st.download_button(
        f"{len(frame):,} row{'s' if len(frame) != 1 else ''} as CSV",
        frame.to_csv(index=False).encode(),
        file_name=f"{name}.csv",
        mime="text/csv",
        key=f"csv_{name}",
    )


def chart(drawn: alt.Chart | alt.LayerChart) -> None:
    """Show a chart over the whole width, in the theme's colours."""
    st.altair_chart(drawn.configure_view(strokeOpacity=0), width="stretch", theme="streamlit")


def outcomes(objects: pd.DataFrame) -> alt.Chart:
    """Draw what became of each object's records, as shares of one bar."""
    counted = objects.assign(rejected=objects["refused"] + objects["failed"])
    counted["name"] = counted["target"] + " " + counted["object"]
    known = [each for each in OUTCOMES if each[0] in counted]
    long = counted.melt("name", [column for column, _, _ in known], "outcome", "records")
    long["order"] = long["outcome"].map({column: place for place, (column, _, _) in enumerate(known)})
    long = long[long["records"] > 0]
    present = [each for each in known if each[0] in set(long["outcome"])]
    long["outcome"] = long["outcome"].map({column: label for column, label, _ in known})
    drawn: alt.Chart = (
        alt.Chart(long)
        .mark_bar(height=16)
        .encode(
            x=alt.X("records:Q", stack="normalize", title=None, axis=alt.Axis(format="%", grid=False)),
            y=alt.Y(
                "name:N",
                title=None,
                sort=list(counted["name"]),
                axis=alt.Axis(labelLimit=200, labelOverlap=False),
            ),
            color=alt.Color(
                "outcome:N",
                title=None,
                scale=alt.Scale(
                    domain=[label for _, label, _ in present], range=[colour for _, _, colour in present]
                ),
                legend=alt.Legend(orient="top", columns=2, symbolType="square"),
            ),
            order="order:Q",
            tooltip=["name", "outcome", alt.Tooltip("records:Q", format=",")],
        )
        .properties(height=30 * len(counted) + 80)
    )
    return drawn


def before_after(quality: pd.DataFrame) -> alt.LayerChart:
    """Draw each score in the source (hollow) and after the migration (filled), joined by a line."""
    scale = alt.Scale(domain=[0.5, 1], clamp=True)
    base = alt.Chart(quality).encode(
        y=alt.Y("dimension:N", title=None, axis=alt.Axis(labelLimit=120)),
        tooltip=[
            "object",
            "dimension",
            alt.Tooltip("score_before:Q", format=".1%"),
            alt.Tooltip("score_after:Q", format=".1%"),
        ],
    )
    axis = alt.Axis(format="%", tickCount=3)
    line = base.mark_rule(color=GREY, strokeWidth=2).encode(
        x=alt.X("score_before:Q", scale=scale, title=None, axis=axis), x2="score_after:Q"
    )
    before = base.mark_point(color=ORANGE, size=70, strokeWidth=2).encode(
        x=alt.X("score_before:Q", scale=scale)
    )
    after = base.mark_point(color=BLUE, size=80, filled=True, opacity=1).encode(
        x=alt.X("score_after:Q", scale=scale)
    )
    return alt.layer(line, before, after).properties(height=150)


def bars(frame: pd.DataFrame, name: str, value: str, *, form: str = ",.0f", color: str = BLUE) -> alt.Chart:
    """Draw one bar for each row, longest first."""
    drawn: alt.Chart = (
        alt.Chart(frame)
        .mark_bar(height=16, color=color)
        .encode(
            x=alt.X(f"{value}:Q", title=None, axis=alt.Axis(format="~s", grid=False, tickCount=4)),
            y=alt.Y(f"{name}:N", title=None, sort="-x", axis=alt.Axis(labelLimit=160, labelOverlap=False)),
            tooltip=[name, alt.Tooltip(f"{value}:Q", format=form)],
        )
        .properties(height=28 * len(frame) + 50)
    )
    return drawn
