"""Interview: set one up, hold it, read what came of it. The address names the interview, so a reload goes on where it was."""

from __future__ import annotations

import streamlit as st

from coach.errors import CoachError, Conflict
from coach.interview import Interview, Step
from coach.interviewer import Interviewer
from ui.grade_view import turn_view
from ui.interview_live import live, paused, present, progress, reading, tell_trouble
from ui.interview_setup import setup
from ui.report_view import report_view
from ui.show import plain
from ui.state import attempt, guarded


def page(interviewer: Interviewer) -> None:
    id_ = st.query_params.get("id")
    if id_ is None:
        setup(interviewer)
        return
    try:
        interview = interviewer.arrive(id_)
    except Conflict:
        st.rerun()
    except CoachError as error:
        tell_trouble()
        st.error(plain(str(error)))
        st.button("Set up an interview", key="begin", on_click=st.query_params.clear, type="primary")
        return
    _hold(interviewer, interview)


def _hold(interviewer: Interviewer, interview: Interview) -> None:
    match interview.step:
        case Step.GRADE | Step.ASK:
            _owed(interviewer, interview)
        case Step.REPLY:
            progress(interviewer, interview)
            live(interviewer, interview)
            present(interviewer, interview)
        case Step.READ:
            progress(interviewer, interview)
            tell_trouble(interview)
            st.subheader(plain(interview.turns[-1].asked.prompt), anchor=False)
            turn_view(interviewer, interview, len(interview.turns) - 1)
            reading(interviewer, interview)
            present(interviewer, interview)
        case Step.PAUSED:
            progress(interviewer, interview)
            tell_trouble(interview)
            paused(interviewer, interview)
        case Step.OVER:
            tell_trouble(interview)
            report_view(interviewer, interview)


def _owed(interviewer: Interviewer, interview: Interview) -> None:
    """Do what the interviewer owes, one answer at a time, so that each grade is kept as soon as it is there."""
    if "trouble" in st.session_state:
        tell_trouble(interview)
        st.button("Go on", type="primary")
        return
    progress(interviewer, interview)
    owed = interview.ungraded if interview.step is Step.GRADE else ()
    for count, number in enumerate(owed, 1):
        of = f" {count} of {len(owed)}" if len(owed) > 1 else ""
        with st.spinner(f"Your answer is kept. Grading{of} ..."):
            graded = attempt(interviewer.regrade, interview, number)
        if graded is None:
            st.rerun()
        interview = graded
    attempt(interviewer.go_on, interview)
    st.rerun()


guarded(page)
