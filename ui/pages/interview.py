"""Interview: set one up, hold it, read what came of it. The address names the interview, so a reload goes on where it was."""

from __future__ import annotations

import streamlit as st

from coach.errors import CoachError, Conflict
from coach.interviewer import Interviewer
from ui.interview_hold import Parts, hold
from ui.interview_live import interview_buttons, reading, tell_trouble
from ui.interview_setup import setup
from ui.report_view import report_view
from ui.show import plain
from ui.state import guarded


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
    hold(interviewer, interview, Parts(interview_buttons, reading, report_view))


guarded(page)
