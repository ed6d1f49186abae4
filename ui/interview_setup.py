"""What a candidate chooses becomes a setup, and a setup an interview. Unfinished ones come first."""

from __future__ import annotations

import secrets

import streamlit as st

from coach.domain import Level
from coach.interview import MAX_MINUTES, MAX_QUESTIONS, SECONDS_BY_LEVEL, Interview, Picking, Setup, Step, Style
from coach.interviewer import Interviewer, titles
from coach.ports import Stream
from ui.focus import landing
from ui.interview_live import tell_trouble
from ui.show import plain
from ui.state import attempt, doorway, titled

SHOWN = 3
ANY = "Any"
_PRACTICE, _REAL = "Practice", "Real interview"
_QUESTIONS, _MINUTES = "Questions", "Minutes"
_TARGET = "Paste a job description, or name a role: ML engineer for search and ranking."


def setup(interviewer: Interviewer) -> None:
    with landing("setup"):
        titled("Interview")
    _unfinished(interviewer)
    mode = st.segmented_control(
        "Mode", [_PRACTICE, _REAL], default=_PRACTICE, required=True, key="mode", persist_state="session", width="stretch"
    )
    st.caption(_MEANS[mode])
    _length()
    names = titles(interviewer.topics)
    st.multiselect(
        "Topics",
        list(names),
        format_func=names.__getitem__,
        key="topics",
        placeholder="All topics",
        persist_state="session",
    )
    _from_target(interviewer)
    st.pills(
        "Level",
        [ANY, *Level],
        format_func=str.capitalize,
        default=ANY,
        required=True,
        key="level",
        help="Any begins in the middle and moves with your answers.",
        persist_state="session",
    )
    _more(mode)
    tell_trouble()
    st.button(
        "Start", key="start", type="primary", icon=":material/play_arrow:", on_click=_start, args=(interviewer,), width="stretch"
    )


_MEANS = {
    _PRACTICE: "Hints while you answer, feedback after each answer, follow-ups and second tries.",
    _REAL: "A clock for each question, no hints, and feedback only at the end.",
}


def _unfinished(interviewer: Interviewer) -> None:
    found = interviewer.unfinished()
    if not found:
        return
    st.subheader("Continue", anchor=False)
    for stream, interview in found[:SHOWN]:
        with st.container(border=True, horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            with st.container(gap=None, width="stretch"):
                st.markdown(f"**{plain(stream.name)}**")
                st.caption(standing(stream, interview))
            st.button("Continue", key=f"continue-{stream.id}", on_click=go_to, args=(stream.id,))
    if len(found) > SHOWN:
        st.page_link("pages/progress.py", label=f"{len(found) - SHOWN} more in the history", query_params={"tab": "history"})
    st.subheader("Or begin another", anchor=False)


def standing(stream: Stream, interview: Interview) -> str:
    """Where an interview stands, in a line."""
    of = f" of {interview.setup.questions}" if interview.setup.questions else ""
    waits = "over" if interview.ended else "paused" if interview.step is Step.PAUSED else "open"
    return f"Question {interview.asked}{of} · {waits} · {stream.changed.astimezone():%d %b, %H:%M}"


def go_to(id_: str) -> None:
    """The address of an interview."""
    st.query_params.clear()
    st.query_params["id"] = id_


def _length() -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        unit = st.segmented_control(
            "Length", [_QUESTIONS, _MINUTES], default=_QUESTIONS, required=True, key="unit", persist_state="session"
        )
        if unit == _MINUTES:
            st.number_input("Minutes", 1, MAX_MINUTES, 30, key="minutes", persist_state="session", label_visibility="collapsed")
        else:
            st.number_input(
                "Questions", 1, MAX_QUESTIONS, 5, key="questions", persist_state="session", label_visibility="collapsed"
            )


def _from_target(interviewer: Interviewer) -> None:
    with st.expander("Choose topics from a role or a job description", icon=":material/work:"):
        st.text_area("Role or job description", key="target", height=140, placeholder=_TARGET, persist_state="session")
        st.button("Find its topics", key="map", on_click=_map, icon=":material/auto_awesome:")
        if "mapped" in st.session_state:
            names = titles(interviewer.topics)
            found = [names.get(topic, topic) for topic in st.session_state["mapped"]]
            said = f"Chosen above: {', '.join(found)}. Change them as you like." if found else _NOTHING
            st.caption(plain(said))


_NOTHING = "Nothing in it is about what the question bank covers. Choose topics by hand, or leave all."


def _map() -> None:
    coach = attempt(doorway().coach)
    found = attempt(coach.topics_for, st.session_state.get("target", "")) if coach else None
    if found is not None:
        st.session_state["mapped"] = found
        st.session_state["topics"] = found or st.session_state.get("topics", [])


def _more(mode: str) -> None:
    with st.expander("More", icon=":material/tune:"):
        st.pills(
            "Interviewer",
            list(Style),
            format_func=str.capitalize,
            default=Style.NEUTRAL,
            required=True,
            key="style",
            persist_state="session",
        )
        st.pills(
            "Which questions",
            list(Picking),
            format_func=str.capitalize,
            default=Picking.WEAK_AND_DUE,
            required=True,
            key="picking",
            persist_state="session",
        )
        if mode == _REAL:
            usual = " / ".join(str(seconds) for seconds in SECONDS_BY_LEVEL.values())
            st.number_input(
                "Seconds a question",
                10,
                3600,
                None,
                10,
                key="seconds",
                placeholder=f"By level: {usual}",
                persist_state="session",
            )


def _start(interviewer: Interviewer) -> None:
    chosen = st.session_state
    by_minutes = chosen["unit"] == _MINUTES
    begun = attempt(
        interviewer.begin,
        Setup(
            topics=tuple(chosen["topics"]),
            level=None if chosen["level"] == ANY else Level(chosen["level"]),
            questions=None if by_minutes else int(chosen["questions"]),
            minutes=int(chosen["minutes"]) if by_minutes else None,
            real=chosen["mode"] == _REAL,
            style=Style(chosen["style"]),
            picking=Picking(chosen["picking"]),
            target=chosen["target"],
            seconds=chosen.get("seconds") if chosen["mode"] == _REAL else None,
            seed=secrets.randbelow(2**31),
        ),
    )
    if begun:
        go_to(begun.id)
