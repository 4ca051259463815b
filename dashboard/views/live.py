"""The run under way; the page asks again by itself."""

import streamlit as st

from dashboard import look, queries
from dashboard.asking import ask
from dashboard.forecast import pace_left

EVERY_SECONDS = 5


def show() -> None:
    """Show the page."""
    st.title("Live")
    _now()


@st.fragment(run_every=EVERY_SECONDS)
def _now() -> None:
    asking = ask(kept_seconds=1)
    runs = queries.runs(asking)
    if runs.empty:
        st.info(look.NOTHING_YET)
        return
    run = runs.iloc[0]
    running = run["status"] == "running"
    st.caption(f"Run {run['run_id']}, begun {run['started_at']:%Y-%m-%d %H:%M:%S} UTC by {run['started_by']}")
    look.metrics(
        [
            ("status", str(run["status"])),
            ("phases done", f"{int(run['phases_done'])} of 4"),
            ("records read", look.number(run["records_read"])),
            ("records written", look.number(run["records_written"])),
        ]
    )
    progress = queries.progress(asking, run["run_id"])
    if running and not progress.empty:
        phase = progress.sort_values("last_at").iloc[-1]["phase"]
        left = pace_left(progress)
        st.subheader(f"{phase}, {look.duration(left)} left" if left is not None else str(phase))
        for part in progress[progress["phase"] == phase].to_dict("records"):
            total = look.number(part["total"])
            share = part["done"] / part["total"] if part["total"] and total != look.UNKNOWN else 0.0
            st.progress(min(1.0, share), f"{part['label']}: {part['done']:,.0f} of {total}")
    st.subheader("Phases")
    look.table(queries.phases(asking, run["run_id"]), "phases")
    st.subheader("Rates")
    look.table(queries.rates(asking, run["run_id"]).drop(columns="run_id", errors="ignore"), "rates")
