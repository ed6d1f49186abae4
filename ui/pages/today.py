"""Today: what is due, what was left open, how many days are left. Nothing here waits for the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import streamlit as st

from coach.domain import Question
from coach.interview import MAX_QUESTIONS
from coach.interviewer import Interviewer, titles
from coach.schedule import Plan, days_to, streak
from coach.service import MAX_QUESTION
from ui.interview_setup import standing
from ui.show import plain
from ui.state import attempt, doorway, guarded, trouble

_OPEN = 2


def page() -> None:
    st.title("Today", anchor=False)
    asked = st.container()
    guarded(_day)
    with asked:
        question = st.chat_input("Ask about generative AI", key="question", max_chars=MAX_QUESTION)
    if question:
        st.switch_page("pages/ask.py", query_params={"q": question})


def _day(interviewer: Interviewer) -> None:
    if said := trouble():
        st.error(plain(said))
    _welcome(interviewer)
    plan = interviewer.plan()
    _numbers(interviewer, plan)
    _due(interviewer, plan)
    _continue(interviewer)
    _settings(interviewer)


# The first visit.


def _welcome(interviewer: Interviewer) -> None:
    """Three lines on the first visit. They are gone with the next one, and for good."""
    if not interviewer.profile().welcomed:
        attempt(interviewer.set_profile, replace(interviewer.profile(), welcomed=True))
        st.session_state["welcome"] = True
    if not st.session_state.get("welcome"):
        return
    with st.container(border=True, gap="small"):
        st.markdown(
            "**Ask** anything about generative AI: every sentence of the answer shows the passage it stands on.  \n"
            "**Interview** or practice: each answer is graded point by point, with your own words as the evidence.  \n"
            "**Come back** tomorrow: what you missed returns on the day you would forget it."
        )
        st.button("Got it", key="welcomed", on_click=st.session_state.pop, args=("welcome",))


# What is due.


def _numbers(interviewer: Interviewer, plan: Plan) -> None:
    now, on = interviewer.now(), interviewer.profile().interview_on
    with st.container(horizontal=True, gap="small", wrap=False):
        st.metric("To practice", len(plan.today), border=True)
        st.metric("Days in a row", streak(interviewer.reviews(), now), border=True)
        if on:
            left = days_to(on, now)
            st.metric("Days left", left if left >= 0 else "past", border=True, help=f"Until the interview on {on:%d %b %Y}")


def _due(interviewer: Interviewer, plan: Plan) -> None:
    with st.container(horizontal=True, gap="small"):
        if plan.today:
            label = f"Practice {_count(len(plan.today), 'question')}"
            icon = ":material/play_arrow:"
            if st.button(label, key="practice", type="primary", icon=icon, width="stretch"):
                _practice(interviewer, plan.today)
        if st.button("Start an interview", key="interview", icon=":material/record_voice_over:", width="stretch"):
            st.switch_page("pages/interview.py")
    if plan.note:
        st.caption(plain(plan.note))
    if plan.today:
        repeats = set(plan.days[0].repeats)
        with st.expander(f"Today's plan: {len(repeats)} to repeat, {len(plan.today) - len(repeats)} new", icon=":material/list:"):
            for id_ in plan.today:
                _planned(interviewer, interviewer.questions[id_], again=id_ in repeats)


def _planned(interviewer: Interviewer, question: Question, *, again: bool) -> None:
    kind = ":orange-badge[repeat]" if again else ":blue-badge[new]"
    st.markdown(f"{kind} {plain(question.prompt)} :small[:gray[{plain(titles(interviewer.topics)[question.topic])}]]")


def _practice(interviewer: Interviewer, ids: Sequence[str]) -> None:
    begun = attempt(interviewer.practice, ids)
    if begun:
        st.switch_page("pages/practice.py", query_params={"session": begun.id})
    st.rerun()


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


# What was left open.


def _continue(interviewer: Interviewer) -> None:
    unfinished = interviewer.unfinished()[:_OPEN]
    conversations = doorway().conversations().all()[:1]
    if not unfinished and not conversations:
        return
    st.subheader("Continue", anchor=False)
    for stream, interview in unfinished:
        _open(stream.name, standing(stream, interview), "pages/interview.py", {"id": stream.id})
    for stream in conversations:
        _open(stream.name, f"Asked · {stream.changed.astimezone():%d %b, %H:%M}", "pages/ask.py", {"c": stream.id})


def _open(name: str, state: str, target: str, address: dict[str, str]) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        with st.container(gap=None, width="stretch"):
            st.markdown(f"**{plain(name)}**")
            st.caption(plain(state))
        if st.button("Continue", key=f"continue-{next(iter(address.values()))}"):
            st.switch_page(target, query_params=address)


# When the interview is.


def _settings(interviewer: Interviewer) -> None:
    profile = interviewer.profile()
    today = interviewer.now().date()
    on = profile.interview_on
    label = f"Interview on {on:%d %b %Y}, {profile.per_day} questions a day" if on else "When is your interview?"
    with st.expander(label, icon=":material/event:"), st.container(horizontal=True):
        st.date_input(
            "My interview is on",
            profile.interview_on,
            key="interview-on",
            min_value=min(today, profile.interview_on or today),
            on_change=_set,
            args=(interviewer,),
            format="YYYY-MM-DD",
        )
        st.number_input("Questions a day", 0, MAX_QUESTIONS, profile.per_day, key="per-day", on_change=_set, args=(interviewer,))


def _set(interviewer: Interviewer) -> None:
    on, per_day = st.session_state["interview-on"], int(st.session_state["per-day"])
    chosen = replace(interviewer.profile(), interview_on=on if isinstance(on, date) else None, per_day=per_day)
    attempt(interviewer.set_profile, chosen)


page()
