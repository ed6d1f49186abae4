"""Practice: one question at a time, what is due first. It is an interview underneath, so nothing that is answered is lost."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from coach.catalog import catalog
from coach.errors import CoachError, Conflict
from coach.interview import Interview
from coach.interviewer import Interviewer, titles
from coach.render import outcome
from coach.report import Outcome, report
from ui.focus import landing
from ui.interview_hold import Parts, hold
from ui.interview_live import hint, once_more, onward, submit, tell_trouble
from ui.show import plain
from ui.standing import badges
from ui.state import attempt, guarded, titled


def page(interviewer: Interviewer) -> None:
    try:
        interview = _chosen(interviewer)
    except Conflict:
        st.rerun()
    except CoachError as error:
        tell_trouble()
        st.error(plain(str(error)))
        with st.container(horizontal=True):
            st.button("Practice what is due", key="due", on_click=st.query_params.clear, type="primary")
            st.page_link("pages/bank.py", label="Look through the bank", icon=":material/list:")
        return
    if interview is None:
        _today(interviewer)
    else:
        hold(interviewer, interview, Parts(_answering, _reading, _over))


def _chosen(interviewer: Interviewer) -> Interview | None:
    """The sitting or the question the address names. Raises CoachError."""
    sitting, question = st.query_params.get("session"), st.query_params.get("id")
    if sitting:
        return interviewer.arrive(sitting)
    return interviewer.practice([question]) if question else None


def _today(interviewer: Interviewer) -> None:
    titled("Practice")
    tell_trouble()
    plan, open_ = interviewer.plan(), interviewer.sitting()
    if plan.note:
        st.caption(plain(plan.note))
    if open_:
        left = (open_.setup.questions or 0) - sum(turn.done for turn in open_.turns)
        st.markdown(f"You have begun already: {_count(left, 'question')} left.")
        _begin(interviewer, "Go on", open_.setup.only)
    elif plan.today:
        repeats = len(plan.days[0].repeats)
        st.markdown(f"Today: **{repeats} to repeat** and **{len(plan.today) - repeats} new**, what you may forget first.")
        _begin(interviewer, f"Practice {_count(len(plan.today), 'question')}", plan.today)
        _list(interviewer, plan.today)
    else:
        st.markdown("Nothing is due. Come back tomorrow, choose a question of the bank, or hold an interview.")
    with st.container(horizontal=True, gap="medium"):
        st.page_link("pages/bank.py", label="Choose a question", icon=":material/list:")
        st.page_link("pages/interview.py", label="Hold an interview", icon=":material/record_voice_over:")


def _begin(interviewer: Interviewer, label: str, ids: Sequence[str]) -> None:
    st.button(
        label,
        key="begin",
        type="primary",
        icon=":material/play_arrow:",
        shortcut="Ctrl+Enter",
        on_click=_practice,
        args=(interviewer, ids),
        width="stretch",
    )


def _practice(interviewer: Interviewer, ids: Sequence[str]) -> None:
    begun = attempt(interviewer.practice, ids)
    if begun:
        st.query_params.from_dict({"session": begun.id})


def _list(interviewer: Interviewer, ids: Sequence[str]) -> None:
    names = titles(interviewer.topics)
    listed = {one.question.id: one for one in catalog(interviewer.questions.values(), interviewer.past(), interviewer.now())}
    with st.container(border=True, gap="small", key="row-today"):
        for id_ in ids:
            question = interviewer.questions[id_]
            with st.container(gap=None):
                st.page_link("pages/question.py", label=plain(question.prompt), query_params={"id": id_}, width="stretch")
                st.markdown(f"{badges(listed[id_])} :small[:gray[{plain(names[question.topic])} · {question.level}]]")


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


# While it goes on.


def _answering(interviewer: Interviewer, interview: Interview, key: str) -> None:
    submit(interviewer, interview, key)
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        hint(interviewer, interview, key)
        st.button(
            "Not today",
            key="skip",
            icon=":material/event_upcoming:",
            type="tertiary",
            help="Leaves it out today; it is planned again from tomorrow on.",
            on_click=_go_on,
            args=(interviewer.skip, interview),
        )


def _reading(interviewer: Interviewer, interview: Interview) -> None:
    last = interview.complete(interviewer.now())
    st.divider()
    onward("Done" if last else "Next question", _go_on, interviewer.next, interview)
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        once_more(interviewer, interview)
        question = interview.turns[-1].asked.question_id
        if question in interviewer.questions:
            st.page_link("pages/question.py", label="The question", icon=":material/help:", query_params={"id": question})


def _go_on(verb: Callable[[Interview], Interview], interview: Interview) -> None:
    attempt(verb, interview)
    # The address of a question would begin it anew once this is over.
    st.query_params.from_dict({"session": interview.id})


def _over(interviewer: Interviewer, interview: Interview) -> None:
    with landing("done"):
        st.title("Done", anchor=False)
    made = report(interview, interviewer.questions, titles(interviewer.topics), interviewer.now())
    for question in made.questions:
        came = "put off" if question.outcome is Outcome.SKIPPED else outcome(question)
        st.markdown(f"**{plain(came)}** · {plain(question.prompt)}")
    plan = interviewer.plan()
    if plan.today:
        _begin(interviewer, f"Practice {_count(len(plan.today), 'more question')}", plan.today)
    else:
        st.markdown("That is all for today.")
    with st.container(horizontal=True, gap="medium"):
        st.page_link("pages/interview.py", label="Report", icon=":material/summarize:", query_params={"id": interview.id})
        st.page_link("pages/progress.py", label="Progress", icon=":material/trending_up:")
        st.page_link("pages/bank.py", label="Choose a question", icon=":material/list:")


guarded(page)
