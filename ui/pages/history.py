"""History: what to practice today, how it has gone so far, every session, and everything that is kept."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import streamlit as st

from coach.archive import exported, restored
from coach.interview import MAX_QUESTIONS, Interview, Setup
from coach.interviewer import KINDS, Interviewer, titles
from coach.ports import Stream
from coach.render import score, time
from coach.report import report
from coach.schedule import AHEAD, days_to, streak
from ui.interview_setup import standing
from ui.report_view import regrade
from ui.show import plain
from ui.state import attempt, guarded, trouble
from ui.trends import forecast_chart, trend_chart

_SHOWN = 10
_MAX_IMPORT_MB = 200
_TYPED = "delete everything"


def page(interviewer: Interviewer) -> None:
    st.title("History")
    if said := trouble():
        st.error(plain(said))
    if said := st.session_state.pop("done", ""):
        st.success(plain(said))
    sessions = interviewer.interviews()
    _today(interviewer)
    if sessions:
        _trend(interviewer)
    st.subheader("Sessions", anchor=False)
    if not sessions:
        st.markdown("There is none yet.")
        st.page_link("pages/interview.py", label="Begin the first interview", icon=":material/play_arrow:")
    regrade(interviewer, [interview for _stream, interview in sessions])
    _sessions(interviewer, sessions)
    _data(interviewer)


# Today.


def _today(interviewer: Interviewer) -> None:
    now, profile, reviews = interviewer.now(), interviewer.profile(), interviewer.reviews()
    plan = interviewer.plan()
    with st.container(horizontal=True, gap="small", wrap=False):
        st.metric("To do today", len(plan.today), border=True)
        st.metric("Days in a row", streak(reviews, now), border=True)
        if profile.interview_on:
            left = days_to(profile.interview_on, now)
            st.metric(
                "Days left",
                left if left >= 0 else "past",
                border=True,
                help=f"Until the interview on {profile.interview_on:%d %b %Y}",
            )
    if plan.note:
        st.info(plain(plan.note), icon=":material/info:")
    if plan.today:
        _due(interviewer, plan.today, set(plan.days[0].repeats))
    with st.expander("Plan: interview date and daily budget", icon=":material/event:"):
        _settings(interviewer)
        if plan.last_pass:
            st.caption(f"From {plan.last_pass:%d %b} on, everything you have practiced is shown once more.")
        days = interviewer.schedule().forecast(now, AHEAD)
        if any(days):
            st.markdown("**Due in the next two weeks**")
            forecast_chart(days, now.date())


def _due(interviewer: Interviewer, ids: Sequence[str], repeats: set[str]) -> None:
    practice = f"Practice {_count(len(ids), 'question')} now"
    if st.button(practice, key="practice", type="primary", icon=":material/play_arrow:", width="stretch"):
        _practice(interviewer, ids)
    with st.expander(f"Today's plan: {len(repeats)} to repeat, {len(ids) - len(repeats)} new"):
        names = titles(interviewer.topics)
        for id_ in ids:
            question = interviewer.questions[id_]
            kind = ":orange-badge[repeat]" if id_ in repeats else ":blue-badge[new]"
            st.markdown(f"{kind} {plain(question.prompt)} :small[:gray[{plain(names[question.topic])}]]")


def _practice(interviewer: Interviewer, ids: Sequence[str]) -> None:
    begun = attempt(interviewer.begin, Setup(questions=min(MAX_QUESTIONS, len(ids)), only=tuple(ids)))
    if begun:
        st.switch_page("pages/interview.py", query_params={"id": begun.id})


def _settings(interviewer: Interviewer) -> None:
    profile = interviewer.profile()
    today = interviewer.now().date()
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
    on = st.session_state["interview-on"]
    chosen = replace(
        interviewer.profile(), interview_on=on if isinstance(on, date) else None, per_day=int(st.session_state["per-day"])
    )
    attempt(interviewer.set_profile, chosen)


# Progress.


def _trend(interviewer: Interviewer) -> None:
    scores = interviewer.past().results
    if not scores:
        return
    st.subheader("Progress", anchor=False)
    names = titles(interviewer.topics)
    topics = {id_: question.topic for id_, question in interviewer.questions.items()}
    known = sorted({topics[scored.question_id] for scored in scores if scored.question_id in topics}, key=names.__getitem__)
    topic = st.selectbox("Topic", ["", *known], format_func=lambda id_: names.get(id_, "All topics"), key="trend", width=320)
    shown = [scored for scored in scores if topic in {"", topics.get(scored.question_id)}]
    trend_chart(shown)
    graders = {scored.grader for scored in shown}
    if len(graders) > 1:
        st.caption("Each grader has a line of its own: their scores are not on one scale.")


# Sessions.


def _sessions(interviewer: Interviewer, sessions: Sequence[tuple[Stream, Interview]]) -> None:
    many = st.session_state.get("sessions shown", _SHOWN)
    for stream, interview in sessions[:many]:
        _session(interviewer, stream, interview)
    if len(sessions) > many:
        st.button(f"Show {min(_SHOWN, len(sessions) - many)} more", key="more", on_click=_show_more, args=(many + _SHOWN,))


def _show_more(many: int) -> None:
    st.session_state["sessions shown"] = many


def _session(interviewer: Interviewer, stream: Stream, interview: Interview) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        with st.container(gap=None, width="stretch"):
            st.markdown(f"**{plain(stream.name)}**{_result(interviewer, interview)}")
            st.caption(standing(stream, interview))
        with st.container(horizontal=True, gap="xsmall", width="content", vertical_alignment="center"):
            st.page_link(
                "pages/interview.py",
                label="Report" if interview.ended else "Continue",
                query_params={"id": stream.id},
            )
            _rename(interviewer, stream)
            _delete(interviewer, stream, interview)


def _result(interviewer: Interviewer, interview: Interview) -> str:
    if not interview.ended:
        return ""
    made = report(interview, interviewer.questions, {}, interviewer.now())
    return f" · {score(made.overall.score)}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _rename(interviewer: Interviewer, stream: Stream) -> None:
    key = f"name-{stream.id}"
    with st.popover("", icon=":material/edit:", type="tertiary", help="Rename", key=f"rename-{stream.id}"):
        st.text_input("Name", stream.name, key=key, max_chars=200)
        st.button("Rename", key=f"save-{key}", on_click=_save_name, args=(interviewer, stream.id, key))


def _save_name(interviewer: Interviewer, id_: str, key: str) -> None:
    attempt(interviewer.rename, id_, st.session_state[key])


def _delete(interviewer: Interviewer, stream: Stream, interview: Interview) -> None:
    with st.popover("", icon=":material/delete:", type="tertiary", help="Delete", key=f"delete-{stream.id}"):
        answers = sum(turn.reply is not None for turn in interview.turns)
        grades = sum(len(turn.grades) for turn in interview.turns)
        lost = (
            f"{_count(answers, 'answer')} and {_count(grades, 'grade')}" if answers else "what was set up; nothing was answered"
        )
        used = time(interview.used(interviewer.now()).total_seconds())
        st.markdown(f"This deletes {lost} ({used} of practice). Repeats that rest on it are planned anew. It cannot be undone.")
        st.button("Delete it", key=f"really-{stream.id}", type="primary", on_click=attempt, args=(interviewer.delete, stream.id))


# Everything.


def _data(interviewer: Interviewer) -> None:
    st.subheader("Your data", anchor=False)
    st.download_button(
        "Export everything",
        lambda: json.dumps(exported(interviewer.history, KINDS), ensure_ascii=False),
        "interview-coach.json",
        "application/json",
        key="export",
        icon=":material/download:",
        on_click="ignore",
    )
    with st.expander("Import", icon=":material/upload:"):
        file = st.file_uploader("A file that Interview Coach exported", "json", max_upload_size=_MAX_IMPORT_MB, key="import")
        if file is not None:
            st.button("Add what is in it", key="restore", on_click=_restore, args=(interviewer, file.getvalue()))
    with st.expander("Delete everything", icon=":material/delete_forever:"):
        st.markdown("All sessions, answers, grades, the plan and your settings. Export them first if you may want them back.")
        typed = st.text_input(f"Type “{_TYPED}” to confirm", key="typed")
        sure = typed.strip().lower() == _TYPED
        st.button(
            "Delete everything", key="delete-everything", type="primary", disabled=not sure, on_click=_wipe, args=(interviewer,)
        )


def _restore(interviewer: Interviewer, archive: bytes) -> None:
    count = attempt(restored, interviewer.history, archive)
    if count is not None:
        st.session_state["done"] = f"Added or completed: {count}. What was here already stays as it is."


def _wipe(interviewer: Interviewer) -> None:
    if st.session_state.get("typed", "").strip().lower() != _TYPED:
        return
    attempt(interviewer.history.delete_everything)
    st.session_state["typed"] = ""
    if "trouble" not in st.session_state:
        st.session_state["done"] = "Everything was deleted."


guarded(page)
