"""Progress: how the scores move, what is covered, how well one knows oneself, what falls due, and every session."""

from __future__ import annotations

import streamlit as st

from coach.catalog import Standing, catalog
from coach.interviewer import Interviewer, titles
from coach.past import Past
from coach.progress import calibrations, coverage, trend
from coach.schedule import AHEAD, streak
from ui.interview_live import tell_trouble
from ui.report_view import regrade
from ui.session_list import session_list
from ui.show import plain
from ui.state import guarded, titled
from ui.trends import calibration_chart, coverage_table, forecast_chart, trend_chart

_OVERVIEW, _HISTORY = "Overview", "History"


def page(interviewer: Interviewer) -> None:
    titled("Progress")
    tell_trouble()
    past = interviewer.past()
    if not past.sessions:
        _nothing_yet()
        session_list(interviewer, [])
        return
    chosen = _HISTORY if st.query_params.get("tab") == "history" else _OVERVIEW
    # Only the tab that is open is drawn: charts are what takes a browser longest.
    overview, history = st.tabs([_OVERVIEW, _HISTORY], default=chosen, key="progress-tab", on_change="rerun")
    if overview.open:
        with overview:
            _overview(interviewer, past)
    if history.open:
        with history:
            _sessions(interviewer)


def _sessions(interviewer: Interviewer) -> None:
    sessions = interviewer.interviews()
    regrade(interviewer, [interview for _stream, interview in sessions])
    session_list(interviewer, sessions)


def _nothing_yet() -> None:
    st.markdown(
        "Nothing is here yet. With the first graded answer this page shows how your scores move, which topics you have "
        "covered, how well you know what you know, and what falls due."
    )
    with st.container(horizontal=True, gap="medium"):
        st.page_link("pages/practice.py", label="Practice a question", icon=":material/edit:")
        st.page_link("pages/interview.py", label="Hold an interview", icon=":material/record_voice_over:")


def _overview(interviewer: Interviewer, past: Past) -> None:
    if not past.results:
        st.info("No answer is graded yet. Answer one, and your progress begins here.", icon=":material/info:")
        st.page_link("pages/practice.py", label="Practice a question", icon=":material/edit:")
        return
    _numbers(interviewer, past)
    _trend(interviewer, past)
    _coverage(interviewer, past)
    _calibration(past)
    _forecast(interviewer, past)


def _numbers(interviewer: Interviewer, past: Past) -> None:
    now = interviewer.now()
    listed = catalog(interviewer.questions.values(), past, now)
    seen = sum(one.standing is not Standing.NEW for one in listed)
    known = sum(one.standing is Standing.KNOWN for one in listed)
    with st.grid(4, min_column_width=130):
        st.metric("Questions seen", f"{seen} of {len(listed)}", border=True)
        st.metric("Known", known, border=True, help="Answered well, and still as likely as 90 % to be remembered.")
        st.metric("Due", sum(one.due for one in listed), border=True)
        st.metric("Days in a row", streak(past.reviews, now), border=True)


def _trend(interviewer: Interviewer, past: Past) -> None:
    st.subheader("Scores", anchor=False)
    names = titles(interviewer.topics)
    topics = {id_: question.topic for id_, question in interviewer.questions.items()}
    practiced = {topics[result.question_id] for result in past.results if result.question_id in topics}
    topic = st.selectbox(
        "Topic",
        ["", *(id_ for id_ in names if id_ in practiced)],
        format_func=lambda id_: names.get(id_, "All topics"),
        key="trend",
        width=360,
        label_visibility="collapsed",
    )
    means = trend([one for one in past.results if topic in {"", topics.get(one.question_id)}], interviewer.now().tzinfo)
    trend_chart(means)
    if len({mean.grader for mean in means}) > 1:
        st.caption("Each grader has a line of its own: their scores are not on one scale.")


def _coverage(interviewer: Interviewer, past: Past) -> None:
    st.subheader("Coverage", anchor=False)
    coverage_table(coverage(interviewer.topics, catalog(interviewer.questions.values(), past, interviewer.now())))
    st.page_link("pages/bank.py", label="Look at the weak ones", icon=":material/error:", query_params={"state": "weak"})


def _calibration(past: Past) -> None:
    st.subheader("How well you know what you know", anchor=False)
    fits = calibrations(past.results)
    if not fits:
        st.markdown("Say how sure you are before you submit an answer, and this compares it with the grade.")
        return
    for grader, fit in fits.items():
        st.markdown(plain(f"{fit.sentence}{f' ({grader})' if len(fits) > 1 else ''}"))
    calibration_chart(fits)


def _forecast(interviewer: Interviewer, past: Past) -> None:
    st.subheader("Due in the next two weeks", anchor=False)
    now = interviewer.now()
    forecast_chart(past.schedule.forecast(now, AHEAD), now.date())


guarded(page)
