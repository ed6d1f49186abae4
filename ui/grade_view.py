"""A graded answer as a candidate reads it: the score, each point with the words and the passage behind it, a model answer.

A verdict is shown by sign, word and color, so that any one of them will do.
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from coach.domain import Grade, Taught, Verdict
from coach.feedback import Feedback, ModelAnswer, Told
from coach.interview import Interview, Kind, Turn
from coach.interviewer import Interviewer
from coach.render import SIGNS, disputes, earlier, spent
from coach.report import weight
from coach.text import units
from ui.interview_words import SURE, arithmetic, parts, teaching
from ui.passages import open_taught
from ui.show import plain, safe
from ui.state import attempt

_COLORS = {Verdict.COVERED: "green", Verdict.PARTIAL: "orange", Verdict.CONTRADICTED: "red", Verdict.MISSING: "gray"}


def turn_view(interviewer: Interviewer, interview: Interview, number: int) -> None:
    """Turn `number` of an interview without what was asked, graded or not."""
    turn = interview.turns[number]
    if turn.reply is None:
        st.caption("Skipped" if turn.skipped else "Not answered")
        return
    if turn.grade is None:
        _reply(turn)
        return
    told = interviewer.feedback(turn)
    _score(turn, turn.grade)
    _reply(turn)
    _points(interviewer, interview, number, told)
    _advice(interviewer, turn, told)


def _reply(turn: Turn) -> None:
    assert turn.reply is not None
    with st.expander(f"Your answer · {plain(spent(turn))}"):
        st.markdown(plain(turn.reply.text))
        for count, hint in enumerate(turn.hints, 1):
            st.caption(f"Hint {count}: {plain(hint)}")


def _score(turn: Turn, grade: Grade) -> None:
    """How it went at a glance. A follow-up is about one point, so a score of 5 would mislead."""
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        if turn.asked.why is not Kind.FOLLOW_UP:
            shown = "–" if turn.score is None else f"{turn.score:.1f}"
            st.header(f"{shown} :small[:gray[of 5]]", anchor=False, width="content")
        with st.container(horizontal=True, gap="xsmall"):
            for verdict, color in _COLORS.items():
                count = sum(one.verdict is verdict for one in grade.verdicts)
                if count:
                    st.badge(f"{SIGNS[verdict]} {count} {verdict}", color=color, width="content")  # type: ignore[arg-type]
    said = arithmetic(turn, grade)
    if said:
        st.caption(" ".join(said))
    remarks = [remark for remark in (*disputes(turn), grade.note, *earlier(turn)) if remark]
    if remarks:
        st.info("  \n".join(map(plain, remarks)), icon=":material/info:")


def _points(interviewer: Interviewer, interview: Interview, number: int, told: Feedback) -> None:
    for head, part in parts(told).items():
        st.markdown(f"**{head}**")
        with st.container(border=True, gap="medium"):
            for count, one in enumerate(part):
                _told(interviewer, interview, number, one, f"{number}-{head.split()[-1]}-{count}")


def _told(interviewer: Interviewer, interview: Interview, number: int, one: Told, key: str) -> None:
    unsure = "" if one.confidence >= SURE else " :gray-badge[not sure]"
    heavy = f" :small[:gray[{weight(one.point)}]]" if one.point else ""
    with st.container(gap="xxsmall"):
        text = one.text[:1].upper() + one.text[1:]
        st.markdown(f"{_sign(one.verdict, '' if one.point else 'misconception')} {plain(text)}{heavy}{unsure}")
        _said(one.quote)
        if one.verdict is not Verdict.COVERED:
            _taught(one.taught)
        with st.container(horizontal=True, gap="small"):
            _passage(one.taught, f"passage-{key if one.number is None else f'{number}-{one.number}'}")
            if one.verdict is not Verdict.COVERED and one.number is not None:
                _dispute(interviewer, interview, number, one.number)


def _sign(verdict: Verdict, word: str = "") -> str:
    return f":{_COLORS[verdict]}-badge[{SIGNS[verdict]} {word or verdict}]"


def _said(words: str) -> None:
    if words:
        st.markdown(f":small[You said: “{plain(' '.join(words.split()))}”]")


def _taught(taught: Taught | None) -> None:
    if quote := teaching(taught):
        st.markdown(f":small[The material: “{safe(quote)}”]")


def _passage(taught: Taught | None, key: str) -> None:
    if taught:
        label = f"Passage {plain(taught.place)}"
        if st.button(label, key=key, icon=":material/menu_book:", type="tertiary", help=plain(taught.heading)):
            open_taught(taught)


def _dispute(interviewer: Interviewer, interview: Interview, number: int, point: int) -> None:
    """The candidate marks the words that make the point."""
    turn = interview.turns[number]
    assert turn.reply is not None
    # Another grade is another key, and so a closed popover.
    key = f"{interview.id}-{number}-{point}-{len(turn.grades)}"
    with st.popover("I did say that", icon=":material/gavel:", type="tertiary", key=f"dispute-{key}"):
        said = [unit.text for unit in units(turn.reply.text)]
        st.radio("Which words say it?", said, index=None, format_func=plain, key=f"marked-{key}")
        st.text_input("Or copy other words of your answer", key=f"words-{key}")
        st.button(
            "Judge this point again", key=f"judge-{key}", on_click=_judge, args=(interviewer, interview, number, point, key)
        )


def _judge(interviewer: Interviewer, interview: Interview, number: int, point: int, key: str) -> None:
    said = st.session_state.get(f"words-{key}") or st.session_state.get(f"marked-{key}") or ""
    attempt(interviewer.dispute, interview, number, point, said)


def _advice(interviewer: Interviewer, turn: Turn, told: Feedback) -> None:
    if turn.asked.question_id not in interviewer.questions:
        st.caption("This question is not in the bank any more, so there is no model answer.")
    if told.differently:
        st.success(f"**Say it differently.** {plain(told.differently)}", icon=":material/tips_and_updates:")
    if told.minute.text and turn.asked.why is not Kind.FOLLOW_UP:
        _answers((("In 60 seconds", told.minute), ("In 2 minutes", told.two_minutes)))


def _answers(answers: Sequence[tuple[str, ModelAnswer]]) -> None:
    with st.expander("A model answer", icon=":material/school:"):
        for tab, (_name, answer) in zip(st.tabs([name for name, _answer in answers]), answers, strict=True):
            with tab:
                st.markdown(safe(answer.text))
                left = f" Not in it: {'; '.join(point.text for point in answer.left_out)}" if answer.left_out else ""
                st.caption(plain(f"{answer.words} words.{left}"))
