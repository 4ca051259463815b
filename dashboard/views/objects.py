"""Object by object what is not as it should be, and one record's whole story."""

import pandas as pd
import streamlit as st

from dashboard import look, queries
from dashboard.asking import ask


def show() -> None:
    """Show the page."""
    st.title("Records")
    objects = queries.objects(ask())
    if objects.empty:
        st.info(look.NOTHING_YET)
        return
    shown = st.toggle(
        "Show personal values", value=False, help="Differing values and rows of people are masked."
    )
    text = st.text_input(
        "A record's whole story", placeholder="Salesforce id, or the id in the target"
    ).strip()
    if text:
        _stories(text, shown=shown)
        return
    names = list(objects["target"] + " " + objects["object"])
    chosen = st.selectbox("Object", names)
    row = objects.iloc[names.index(chosen)]
    _object(row, shown=shown)


def _object(row: pd.Series, *, shown: bool) -> None:
    look.metrics(
        [
            ("in the source", look.number(row["source_records"])),
            ("verified", look.number(row["verified"])),
            ("accuracy", look.percent(row["accuracy"])),
            ("unexplained loss", look.number(row["unexplained_loss"])),
        ]
    )
    target, name = row["target"], row["object"]
    if name in ("associations", "attachments"):
        links = queries.link_exceptions(ask())
        st.subheader("Links that are not verified")
        look.table(links[links["target"] == target] if len(links) else links, f"{target}_{name}_links")
    else:
        st.subheader("Records that are not verified")
        look.table(queries.exceptions(ask(), target, name), f"{target}_{name}_exceptions")
        st.subheader("Values that differ")
        differences = queries.differences(ask(), target, name)
        look.table(differences if shown else queries.masked(differences), f"{target}_{name}_differences")
    st.subheader("In the target, and no mart asks for it")
    look.table(queries.extras(ask(), target, name), f"{target}_{name}_extra")


def _stories(text: str, *, shown: bool) -> None:
    found = queries.find(ask(), text)
    if found.empty:
        st.warning("No record has this id. Ids are 18 characters, as the tables here show them.")
        return
    for name, record_key in found[["object", "record_key"]].drop_duplicates().itertuples(index=False):
        of_one = found[(found["object"] == name) & (found["record_key"] == record_key)]
        st.subheader(f"{name} {record_key}")
        _source(name, record_key)
        for each in of_one.drop_duplicates("target").to_dict("records"):
            _in_target(each["target"], name, record_key, each["status"], each["reason"], shown=shown)


def _source(name: str, record_key: str) -> None:
    members = queries.cluster(ask(), record_key)
    st.markdown(f"**1 · Source**: {len(members)} Salesforce record{'s' if len(members) != 1 else ''}")
    look.table(members, f"{record_key}_members")
    if len(members) > 1:
        st.markdown("**2 · Golden record**: why they are one")
        look.table(queries.pairs(ask(), name, list(members["record_id"])), f"{record_key}_pairs")
    findings = queries.findings(ask(), name, record_key)
    if len(findings):
        st.markdown("**Checks**: what is wrong with it")
        look.table(findings, f"{record_key}_findings")


def _in_target(
    target: str, name: str, record_key: str, status: str, reason: str | None, *, shown: bool
) -> None:
    with st.expander(f"{target}: {status}", expanded=True):
        if reason:
            st.write(reason)
        st.markdown("**3 · Mart**: what is sent")
        look.table(
            _turned(queries.mart_row(ask(), target, name, record_key), target, name, shown=shown),
            f"{target}_{record_key}_mart",
        )
        st.markdown("**4 · Attempts**: when it was sent, and what the target said")
        look.table(queries.attempts(ask(), target, name, record_key), f"{target}_{record_key}_attempts")
        st.markdown("**5 · Target**: what it holds otherwise")
        differences = queries.record_differences(ask(), target, name, record_key)
        look.table(differences if shown else queries.masked(differences), f"{target}_{record_key}_fields")


def _turned(row: pd.DataFrame, target: str, name: str, *, shown: bool) -> pd.DataFrame:
    """Give a row as one line for each property that has a value."""
    if row.empty:
        return row
    hidden = set() if shown else queries.personal(ask(), target, name)
    lines = [
        (column, queries.mask(value) if column in hidden else str(value))
        for column, value in row.iloc[0].items()
        if not pd.isna(value)
    ]
    return pd.DataFrame(lines, columns=["property", "value"])
