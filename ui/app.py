"""The app's frame: which pages there are. What they share is in `state` and `show`."""

from __future__ import annotations

import streamlit as st

# An icon from Streamlit's own set would be fetched from a font host; an emoji is drawn by the browser.
st.set_page_config(page_title="Interview Coach", page_icon="🎓", layout="centered")
st.navigation(
    [
        st.Page("pages/today.py", title="Today", icon=":material/today:", url_path="today", default=True),
        st.Page("pages/ask.py", title="Ask", icon=":material/search:", url_path="ask"),
        st.Page("pages/interview.py", title="Interview", icon=":material/record_voice_over:", url_path="interview"),
        st.Page("pages/history.py", title="History", icon=":material/history:", url_path="history"),
        st.Page("pages/settings.py", title="Settings", icon=":material/settings:", url_path="settings"),
    ],
    position="top",
).run()
