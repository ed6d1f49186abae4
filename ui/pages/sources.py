"""Sources: every page the bank stands on, by kind, topic and state, with the questions that cite it; and your own notes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

import streamlit as st

from coach.interviewer import Interviewer, titles
from ingest.fetch.state import Standing, states
from ingest.fetch.store import State, Store
from ingest.sources import KINDS, Source, sources
from ui.address import chosen, remember
from ui.own_material import own_material
from ui.show import linked, plain
from ui.state import doorway, guarded, titled

_SHOWN = 10
_CITING = 5
_NAMES = {"pdf": "PDF"}
_PAGES, _NOTES = "Pages", "Your notes"


def page(interviewer: Interviewer) -> None:
    titled("Sources")
    shown = _NOTES if st.query_params.get("tab") == "notes" else _PAGES
    pages, notes = st.tabs([_PAGES, _NOTES], default=shown, key="sources-tab", on_change="rerun")
    if notes.open:
        with notes:
            own_material(interviewer.now())
    if pages.open:
        with pages:
            _pages(interviewer)


def _pages(interviewer: Interviewer) -> None:
    found = sorted(sources(interviewer.questions.values()), key=lambda source: -len(source.questions))
    standing = states(Store(doorway().settings().pages_folder), found)
    known, names = {url: str(one.state) for url, one in standing.items()}, titles(interviewer.topics)
    st.markdown(f"The answers stand on **{len(found)}** pages of others. They are linked here, not copied.")
    st.caption("`coach fetch` brings those that may be fetched onto this machine, and `coach ingest` lets answers quote them.")
    chosen("sources", {"kind": KINDS, "topic": names, "state": sorted(set(known.values()))}, text="q")
    wanted = _wanted(interviewer, found, known)
    st.markdown(f"**{len(wanted)}** of {len(found)} pages")
    _rows(interviewer, wanted, standing)


def _wanted(interviewer: Interviewer, found: Sequence[Source], known: Mapping[str, str]) -> list[Source]:
    names = titles(interviewer.topics)
    counts = {kind: sum(source.kind == kind for source in found) for kind in KINDS}
    text = st.text_input(
        "Search",
        key="sources-q",
        type="search",
        live=True,
        max_chars=200,
        icon=":material/search:",
        placeholder="Search by title or address",
        label_visibility="collapsed",
    )
    kinds = st.pills(
        "Kind",
        [kind for kind in KINDS if counts[kind]],
        selection_mode="multi",
        format_func=lambda kind: f"{_NAMES.get(kind, kind.capitalize())} {counts[kind]}",
        key="sources-kind",
    )
    topics = st.multiselect(
        "Topics", list(names), format_func=names.__getitem__, key="sources-topic", placeholder="All topics", width=420
    )
    stands = Counter(known.values())
    state = (
        st.pills(
            "State",
            [name for name in map(str, State) if stands[name]],
            selection_mode="multi",
            format_func=lambda name: f"{name.capitalize()} {stands[name]}",
            key="sources-state",
        )
        if len(stands) > 1
        else []
    )
    remember("sources", {"q": text, "kind": kinds, "topic": topics, "state": state})
    words = text.casefold().split()
    return [
        source
        for source in found
        if (not kinds or source.kind in kinds)
        and (not state or known[source.url] in state)
        and (not topics or set(topics) & {interviewer.questions[id_].topic for id_ in source.questions})
        and all(word in f"{source.title} {source.url}".casefold() for word in words)
    ]


def _rows(interviewer: Interviewer, wanted: Sequence[Source], standing: Mapping[str, Standing]) -> None:
    if not wanted:
        st.info("No page is like that. Try other words, or fewer filters.", icon=":material/search_off:")
        return
    pages = -(-len(wanted) // _SHOWN)
    key = f"page-{hash(tuple(source.url for source in wanted))}"
    at = min(int(st.session_state.get(key, 1)), pages)
    for source in wanted[(at - 1) * _SHOWN : at * _SHOWN]:
        _row(interviewer, source, standing[source.url])
    if pages > 1:
        with st.container(horizontal_alignment="center"):
            st.pagination(pages, key=key, max_visible_pages=5)


def _row(interviewer: Interviewer, source: Source, standing: Standing) -> None:
    with st.container(border=True, gap="xxsmall", key=f"row-{source.url}"):
        st.markdown(f"**{linked(source.title, source.url)}**")
        host = urlsplit(source.url).hostname or ""
        st.markdown(f":gray-badge[{source.kind}] :small[:gray[{plain(host)} · **{standing.state}**]]")
        for said in filter(None, (standing.why, standing.by)):
            st.caption(plain(said))
        with st.container(horizontal=True, gap="small"):
            for id_ in source.questions[:_CITING]:
                prompt = interviewer.questions[id_].prompt
                st.page_link("pages/question.py", label=id_, query_params={"id": id_}, help=plain(prompt))
            if len(source.questions) > _CITING:
                st.caption(f"and {len(source.questions) - _CITING} more")


guarded(page)
