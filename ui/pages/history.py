"""History: an old address of what is now a part of Progress."""

from __future__ import annotations

import streamlit as st

st.switch_page("pages/progress.py", query_params={"tab": "history"})
