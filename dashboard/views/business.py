"""What moved, in the words of those who work with it: money, open tickets, owners, accounts to watch."""

import streamlit as st

from dashboard import look, queries
from dashboard.asking import ask
from dashboard.palette import ORANGE


def show() -> None:
    """Show the page."""
    st.title("Business")
    pipeline, tickets = queries.pipeline(ask()), queries.tickets(ask())
    if pipeline.empty and tickets.empty:
        st.info(look.NOTHING_YET)
        return
    is_open = tickets[tickets["state"] == "open"] if len(tickets) else tickets
    opened = pipeline[pipeline["state"] == "open"] if len(pipeline) else pipeline
    look.metrics(
        [
            ("open pipeline moved", look.money(opened["amount"].sum() if len(opened) else 0)),
            ("of it verified in HubSpot", look.money(opened["verified_amount"].sum() if len(opened) else 0)),
            ("open deals", look.number(opened["deals"].sum() if len(opened) else 0)),
            ("open tickets", look.number(is_open["tickets"].sum() if len(is_open) else 0)),
        ]
    )
    left, right = st.columns(2)
    with left:
        st.subheader("Open pipeline by stage")
        if len(opened):
            look.chart(look.bars(opened, "stage", "amount"))
        look.table(pipeline, "pipeline")
    with right:
        st.subheader("Open tickets by priority")
        if len(is_open):
            counted = is_open.groupby("priority")["tickets"].sum().reset_index()
            look.chart(look.bars(counted, "priority", "tickets", color=ORANGE))
        look.table(tickets, "tickets")
    st.subheader("Accounts to watch")
    st.caption("The contract ends within 90 days, or tickets of high priority are open.")
    look.table(queries.at_risk(ask()), "accounts_to_watch")
    st.subheader("Owners in HubSpot")
    look.table(queries.owners(ask()), "owners")
