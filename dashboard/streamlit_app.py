"""The app's first file: `migrate dashboard` runs it here, and Snowflake runs it as it is."""

import sys
from pathlib import Path

import streamlit as st

# Streamlit puts this file's folder on the path, and the package is one above it.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from dashboard import look
from dashboard.views import business, live, mapping, objects, overview

st.set_page_config(page_title="Leaving Salesforce", layout="wide")
look.style()
st.navigation(
    [
        st.Page(
            overview.show, title="Overview", url_path="overview", icon=":material/monitoring:", default=True
        ),
        st.Page(objects.show, title="Records", url_path="records", icon=":material/fact_check:"),
        st.Page(mapping.show, title="Mapping", url_path="mapping", icon=":material/schema:"),
        st.Page(live.show, title="Live", url_path="live", icon=":material/play_circle:"),
        st.Page(business.show, title="Business", url_path="business", icon=":material/payments:"),
    ]
).run()
