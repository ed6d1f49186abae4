"""Question: one question of the bank at an address of its own. Its answer stays hidden until it is asked for."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from coach.catalog import catalog
from coach.domain import KeyPoint, Misconception, Question
from coach.interviewer import Interviewer, titles
from coach.past import Result
from coach.render import score
from coach.report import weight
from ui.interview_words import RATINGS
from ui.show import linked, plain, safe
from ui.standing import badges
from ui.state import guarded


def page(interviewer: Interviewer) -> None:
    id_ = st.query_params.get("id", "")
    question = interviewer.questions.get(id_) or interviewer.questions.get(id_.upper())
    if question is None:
        _unknown(id_)
        return
    (listed,) = catalog([question], interviewer.past(), interviewer.now())
    title = titles(interviewer.topics)[question.topic]
    st.page_link("pages/bank.py", label=plain(title), icon=":material/arrow_back:", query_params={"topic": question.topic})
    st.header(plain(question.prompt), anchor=False)
    as_of = f" · as of {question.as_of}" if question.as_of else ""
    st.markdown(f"{badges(listed)} :small[:gray[{question.level} · {question.id}{as_of}]]")
    _ways_on(question)
    _history(listed.results)
    _answer(question)
    _asked(question)
    _references(question)


def _unknown(id_: str) -> None:
    st.title("Question", anchor=False)
    said = f"There is no question “{plain(id_[:50])}” in the bank. It may have been renamed." if id_ else "No question is chosen."
    st.info(f"{said} Look for it in the bank.", icon=":material/search_off:")
    st.page_link("pages/bank.py", label="Look through the bank", icon=":material/list:")


def _ways_on(question: Question) -> None:
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        if st.button("Practice this", key="practice", type="primary", icon=":material/edit:", shortcut="Ctrl+Enter"):
            st.switch_page("pages/practice.py", query_params={"id": question.id})
        if st.button("Ask about this", key="ask", icon=":material/search:"):
            st.switch_page("pages/ask.py", query_params={"q": question.prompt})


def _history(results: Sequence[Result]) -> None:
    st.subheader("Your history with it", anchor=False)
    if not results:
        st.caption("You have not answered it yet.")
        return
    for result in reversed(results):
        said = [f"{result.hints} hint{'' if result.hints == 1 else 's'}"] if result.hints else []
        said += [f"you rated it {RATINGS.get(result.rating, 'Lost').lower()}"] if result.rating is not None else []
        with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
            st.markdown(f"**{score(result.score)}** of 5", width="content")
            st.caption(plain(" · ".join([f"{result.at.astimezone():%d %b %Y, %H:%M}", *said])), width="content")
            st.page_link("pages/interview.py", label="Read it", query_params={"id": result.interview})
    if len({result.grader for result in results}) > 1:
        st.caption("More than one grader gave these scores, and they are not on one scale.")


def _answer(question: Question) -> None:
    if not question.gradable:
        st.info("No reference answer: what you reply to it is kept, but not graded.", icon=":material/info:")
        return
    with st.expander("Show the answer", icon=":material/visibility:", key=f"answer-{question.id}"):
        st.markdown(safe(question.answer))
        _points(question.key_points)
        _misconceptions(question.misconceptions)


def _points(points: Sequence[KeyPoint]) -> None:
    if points:
        st.markdown("**What a full answer says**")
        ranked = sorted(points, key=lambda point: -point.weight)
        st.markdown("\n".join(f"- {plain(point.text)} :small[:gray[{weight(point)}]]" for point in ranked))


def _misconceptions(found: Sequence[Misconception]) -> None:
    if found:
        st.markdown("**What people get wrong**")
        rather = [f"  \n  Rather: {plain(one.rather)}" if one.rather else "" for one in found]
        st.markdown("\n".join(f"- ✗ {plain(one.text)}{right}" for one, right in zip(found, rather, strict=True)))


def _asked(question: Question) -> None:
    if question.also_asked:
        with st.expander("Other ways of asking", icon=":material/forum:", key=f"asked-{question.id}"):
            st.markdown("\n".join(f"- {plain(one)}" for one in question.also_asked))
    if question.follow_ups:
        with st.expander("What comes next", icon=":material/arrow_forward:", key=f"next-{question.id}"):
            st.markdown("\n".join(f"- {plain(one)}" for one in question.follow_ups))


def _references(question: Question) -> None:
    if question.references:
        with st.expander("References", icon=":material/link:", key=f"references-{question.id}"):
            st.markdown("\n".join(f"- {linked(one.title, one.url)}: {plain(one.why)}" for one in question.references))


guarded(page)
