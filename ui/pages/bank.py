"""Bank: all questions, searched as one types, filtered by topic, level and standing. The address holds what was chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from coach.catalog import Listed, Standing, Wanted, catalog, counts, found
from coach.domain import Level
from coach.errors import BadQuestion
from coach.interviewer import Interviewer, titles
from coach.render import score
from coach.service import MAX_QUESTION
from ui.address import chosen, remember
from ui.show import plain
from ui.standing import MEANS, badges, named
from ui.state import doorway, guarded, titled

_SHOWN = 12
_LABELS = {"q": "text", "topic": "topics", "level": "levels", "state": "standings"}


def page(interviewer: Interviewer) -> None:
    titled("Question bank")
    names = titles(interviewer.topics)
    chosen("bank", {"topic": names, "level": list(Level), "state": list(Standing)}, text="q")
    listed = catalog(interviewer.questions.values(), interviewer.past(), interviewer.now())
    wanted = _wanted(names, counts(listed))
    remember("bank", {"q": wanted.text, "topic": wanted.topics, "level": wanted.levels, "state": wanted.standings})
    matching = found(listed, wanted, _ranking(wanted.text) if wanted.text else ())
    _head(len(matching), len(listed), wanted)
    _rows(matching, names, wanted)


def _wanted(names: Mapping[str, str], stands: Mapping[Standing, int]) -> Wanted:
    text = st.text_input(
        "Search",
        key="bank-q",
        type="search",
        live=True,
        max_chars=MAX_QUESTION,
        icon=":material/search:",
        placeholder="Search by words, meaning or number",
        label_visibility="collapsed",
    )
    standings = st.pills(
        "State",
        list(Standing),
        selection_mode="multi",
        format_func=lambda standing: f"{named(standing)} {stands.get(standing, 0)}",
        key="bank-state",
        help="  \n".join(f"{standing.capitalize()}: {meaning}." for standing, meaning in MEANS.items()),
    )
    with st.container(horizontal=True):
        levels = st.pills("Level", list(Level), selection_mode="multi", format_func=str.capitalize, key="bank-level")
        topics = st.multiselect(
            "Topics", list(names), format_func=names.__getitem__, key="bank-topic", placeholder="All topics", width=420
        )
    return Wanted(text.strip(), tuple(topics), tuple(levels), tuple(standings))


def _head(count: int, of: int, wanted: Wanted) -> None:
    narrowed = wanted != Wanted()
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(f"**{count}** of {of} questions" if narrowed else f"**{of}** questions", width="content")
        # Disabled, not left out, so that the list below does not jump.
        st.button(
            "Clear", key="clear", icon=":material/close:", type="tertiary", disabled=not narrowed, on_click=st.query_params.clear
        )
    if wanted.text and not doorway().ready:
        _by_words_alone()


@st.fragment(run_every=1.0)
def _by_words_alone() -> None:
    if doorway().ready:
        st.rerun()
    st.caption("Searching by words; by meaning too once the model is there.")


def _ranking(text: str) -> Sequence[str]:
    coach = doorway().coach()
    return _looked_up(text, doorway().ready, coach.index.about.built)


@st.cache_data(max_entries=500, show_spinner=False)
def _looked_up(text: str, meaning: bool, built: str) -> list[str]:  # noqa: ARG001 another index finds anew
    try:
        return doorway().coach().look_up(text, meaning=meaning)
    except BadQuestion:
        return []


def _rows(matching: Sequence[Listed], names: Mapping[str, str], wanted: Wanted) -> None:
    if not matching:
        st.info("No question is like that. Try other words, or fewer filters.", icon=":material/search_off:")
        if wanted.text:
            st.page_link("pages/ask.py", label="Ask it instead", icon=":material/search:", query_params={"q": wanted.text})
        return
    pages = -(-len(matching) // _SHOWN)
    # Another choice is another list, which begins at its first page.
    key = f"page-{hash(wanted)}"
    at = min(int(st.session_state.get(key, 1)), pages)
    for one in matching[(at - 1) * _SHOWN : at * _SHOWN]:
        _row(one, names)
    if pages > 1:
        with st.container(horizontal_alignment="center"):
            st.pagination(pages, key=key, max_visible_pages=5)


def _row(one: Listed, names: Mapping[str, str]) -> None:
    question = one.question
    with st.container(border=True, gap=None, key=f"row-{question.id}"):
        st.page_link(
            "pages/question.py", label=f"**{plain(question.prompt)}**", query_params={"id": question.id}, width="stretch"
        )
        last = f" · last {score(one.results[-1].score)}" if one.results else ""
        st.markdown(f"{badges(one)} :small[:gray[{plain(names[question.topic])} · {question.level} · {question.id}{last}]]")


guarded(page)
