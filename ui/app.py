"""The app's frame: which pages there are. What they share is in `state` and `show`."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from ui.focus import keep_focus
from ui.unforeseen import unforeseen

ABOUT = "**Interview Coach** prepares you for a generative-AI interview, on your own machine."

# An icon from Streamlit's own set would be fetched from a font host; an emoji is drawn by the browser.
# With an entry of ours, Streamlit's menu is there, and with it the choice between light and dark.
st.set_page_config(page_title="Interview Coach", page_icon="🎓", layout="centered", menu_items={"About": ABOUT})
st.html(Path(__file__).with_name("style.css"))
keep_focus()
chosen = st.navigation(
    [
        st.Page("pages/today.py", title="Today", icon=":material/today:", url_path="today", default=True),
        st.Page("pages/ask.py", title="Ask", icon=":material/search:", url_path="ask"),
        st.Page("pages/interview.py", title="Interview", icon=":material/record_voice_over:", url_path="interview"),
        st.Page("pages/practice.py", title="Practice", icon=":material/edit:", url_path="practice"),
        st.Page("pages/bank.py", title="Bank", icon=":material/list:", url_path="bank"),
        st.Page("pages/question.py", title="Question", icon=":material/help:", url_path="question", visibility="hidden"),
        st.Page("pages/progress.py", title="Progress", icon=":material/trending_up:", url_path="progress"),
        st.Page("pages/history.py", title="History", icon=":material/history:", url_path="history", visibility="hidden"),
        st.Page("pages/sources.py", title="Sources", icon=":material/link:", url_path="sources"),
        st.Page("pages/settings.py", title="Settings", icon=":material/settings:", url_path="settings"),
    ],
    position="top",
)
st.session_state["arrived"] = st.session_state.get("page") != chosen.url_path
st.session_state["page"] = chosen.url_path
try:
    chosen.run()
except Exception:  # noqa: BLE001 the door: nobody is shown a stack trace
    st.error(unforeseen())
