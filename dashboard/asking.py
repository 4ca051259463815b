"""The connection: Streamlit's own to Snowflake, which inside Snowflake is the session and elsewhere the default one."""

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from dashboard.queries import Ask, lowered

# What a table or column that is not there is called, in Snowflake and in the embedded warehouse.
ABSENT = ("does not exist", "invalid identifier", "not found")
KEPT_SECONDS = 30


def ask(kept_seconds: int = KEPT_SECONDS) -> Ask:
    """Give the function that asks the warehouse; an answer is kept for so many seconds."""
    connection = st.connection("snowflake")
    query: Callable[..., pd.DataFrame] = connection.query

    def answer(statement: str, values: Sequence[Any] = ()) -> pd.DataFrame:
        try:
            frame = query(statement, ttl=kept_seconds, show_spinner=False, params=list(values) or None)
        except Exception as error:  # the connector is not imported here: Snowflake brings its own
            if any(text in str(error).lower() for text in ABSENT):
                return pd.DataFrame()
            raise
        return lowered(frame.copy())

    return answer
