"""The app's frame: which pages there are. What they share is in `state` and `show`."""

from __future__ import annotations

import streamlit as st

st.set_page_config(page_title="Interview Coach", page_icon="🎓", layout="centered")
st.navigation([st.Page("pages/ask.py", title="Ask", url_path="ask", default=True)], position="hidden").run()
