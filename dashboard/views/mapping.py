"""Which field goes where, and what is left behind."""

import pandas as pd
import streamlit as st

from dashboard import look, queries
from dashboard.asking import ask


def show() -> None:
    """Show the page."""
    st.title("Mapping")
    mapping, coverage = queries.mapping(ask()), queries.coverage(ask())
    if mapping.empty and coverage.empty:
        st.info(look.NOTHING_YET)
        return
    if not coverage.empty:
        counts = coverage["status"].value_counts()
        look.metrics(
            [
                ("source fields", look.number(len(coverage))),
                ("mapped", look.number(counts.get("mapped", 0))),
                ("left behind, with a reason", look.number(counts.get("left_behind", 0))),
                ("nobody has decided", look.number(counts.get("unexplained", 0))),
            ]
        )
    text = st.text_input("Find", placeholder="a field or a property").strip().lower()
    st.subheader("Properties")
    look.table(_with(mapping, text), "mapping", height=420)
    st.subheader("Source fields")
    look.table(_with(coverage, text), "coverage", height=420)


def _with(frame: pd.DataFrame, text: str) -> pd.DataFrame:
    if not text or frame.empty:
        return frame
    texts = frame.astype(str).agg(" ".join, axis=1).str.lower()
    return frame.loc[texts.str.contains(text, regex=False)]
