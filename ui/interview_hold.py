"""An interview is drawn as it stands: asked, read, paused or over. What differs between pages comes in as parts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from coach.interview import Interview, Step
from coach.interviewer import Interviewer
from ui.focus import landing
from ui.grade_view import turn_view
from ui.interview_live import Buttons, live, paused, present, progress, tell_trouble
from ui.show import plain
from ui.state import attempt

Part = Callable[[Interviewer, Interview], None]


@dataclass(frozen=True, slots=True)
class Parts:
    """What stands below an open question, below the feedback on one, and at the end."""

    answering: Buttons
    reading: Part
    over: Part


def hold(interviewer: Interviewer, interview: Interview, parts: Parts) -> None:
    match interview.step:
        case Step.GRADE | Step.ASK:
            _owed(interviewer, interview)
        case Step.REPLY:
            progress(interviewer, interview)
            live(interviewer, interview, parts.answering)
            present(interviewer, interview)
        case Step.READ:
            progress(interviewer, interview)
            tell_trouble(interview)
            with landing("graded"):
                st.subheader(plain(interview.turns[-1].asked.prompt), anchor=False)
            turn_view(interviewer, interview, len(interview.turns) - 1)
            parts.reading(interviewer, interview)
            present(interviewer, interview)
        case Step.PAUSED:
            progress(interviewer, interview)
            tell_trouble(interview)
            paused(interviewer, interview)
        case Step.OVER:
            tell_trouble(interview)
            parts.over(interviewer, interview)


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
