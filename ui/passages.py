"""A passage opens in a dialog, with what was quoted from it marked. Knows no question and no grade."""

from __future__ import annotations

import streamlit as st

from coach.domain import Passage, Taught
from coach.errors import CoachError
from ui.show import passage_markdown, plain, safe
from ui.state import doorway


@st.dialog("The passage", width="small", position="right")
def open_passage(passage: Passage, quotes: list[str]) -> None:
    fetched = f"fetched {passage.as_of}" if passage.as_of else ""
    st.caption(plain(f"{passage.title} · {', '.join(filter(None, (passage.by, passage.source, passage.place, fetched)))}"))
    st.subheader(plain(passage.heading), anchor=False)
    st.markdown(passage_markdown(passage, quotes))
    if passage.links:
        st.markdown("**What it stands on**")
        for link in passage.links:
            st.markdown(f"- [{plain(link.title)}]({link.url}): {plain(link.why)}")


def open_taught(taught: Taught) -> None:
    """The passage that teaches a thing, or at least the quote if the passage has left the material since."""
    try:
        found = doorway().coach().index.passages([taught.passage_id])
    except CoachError as error:
        st.error(safe(str(error)))
        return
    gone = Passage(taught.passage_id, taught.quote, taught.source, "No longer in the material", taught.heading, "", taught.place)
    open_passage(found[0] if found else gone, [taught.quote])
