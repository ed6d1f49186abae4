"""The app's frame: which pages there are. What they share is in `state` and `show`."""

from __future__ import annotations

import streamlit as st

st.set_page_config(page_title="Interview Coach", page_icon="🎓", layout="centered")
st.navigation(
    [
        st.Page("pages/ask.py", title="Ask", icon=":material/search:", url_path="ask", default=True),
        st.Page("pages/interview.py", title="Interview", icon=":material/record_voice_over:", url_path="interview"),
        st.Page("pages/history.py", title="History", icon=":material/history:", url_path="history"),
    ],
    position="top",
).run()
