"""Where the keyboard goes on after a rerun took away what had the focus. Streamlit has no word for it; page.js goes there."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

SCRIPT = Path(__file__).with_name("page.js").read_text(encoding="utf-8").strip()


def keep_focus() -> None:
    """Let `landing` work on this page. `serve` allows this one script, by its hash."""
    with st.container(key="page-script"):
        st.html(f"<script>{SCRIPT}</script>", unsafe_allow_javascript=True)


def landing(name: str) -> DeltaGenerator:
    """A container in which the keyboard goes on: its first box or button, or else itself. The first of a page counts."""
    return st.container(key=f"focus-{name}")
