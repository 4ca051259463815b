"""The Streamlit app over the reconciliation marts; the same files run locally and as Streamlit in Snowflake."""
