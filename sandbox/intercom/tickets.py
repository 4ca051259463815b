"""Tickets, their types and their states."""

from sandbox.intercom.store import Json, Store

# category, internal label, external label
STATES = (
    ("submitted", "Submitted", "Submitted"),
    ("in_progress", "In progress", "In progress"),
    ("waiting_on_customer", "Waiting on customer", "Waiting on you"),
    ("resolved", "Resolved", "Resolved"),
)


def add_states(store: Store) -> None:
    """Give the workspace the four states that every one has."""
    for category, internal, external in STATES:
        state: Json = {"category": category, "internal_label": internal, "external_label": external}
        store.add("ticket_state", state)
