"""A graded answer as a candidate reads it: the score, each point with the words and the passage behind it, a model answer.

A verdict is shown by sign, word and color, so that any one of them will do.
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from coach.domain import Grade, Held, PointVerdict, Taught, Verdict
from coach.errors import CoachError
from coach.feedback import ModelAnswer
from coach.interview import Interview, Kind, Turn
from coach.interviewer import Interviewer
from coach.render import SIGNS, disputes, earlier, spent
from coach.report import weight
from coach.text import item_marker, units
from ui.passages import open_taught
from ui.show import plain, safe
from ui.state import attempt

# What a candidate thinks of an answer before the grade is shown, of 5.
RATINGS = {1: "Lost", 2: "Shaky", 3: "Fair", 4: "Good", 5: "Sure"}
# Below this a verdict is shown as a guess.
SURE = 0.6
_COLORS = {Verdict.COVERED: "green", Verdict.PARTIAL: "orange", Verdict.CONTRADICTED: "red", Verdict.MISSING: "gray"}
_HEADS = {
    Verdict.COVERED: "What you got right",
    Verdict.PARTIAL: "What was close",
    Verdict.CONTRADICTED: "What was wrong",
    Verdict.MISSING: "What was missing",
}


def turn_view(interviewer: Interviewer, interview: Interview, number: int) -> None:
    """Turn `number` of an interview without what was asked, graded or not."""
    turn = interview.turns[number]
    if turn.reply is None:
        st.caption("Skipped" if turn.skipped else "Not answered")
        return
    if turn.grade is None:
        _reply(turn)
        return
    _score(turn, turn.grade)
    _reply(turn)
    _points(interviewer, interview, number, turn.grade)
    _advice(interviewer, turn)


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
            st.markdown(f"## {shown} :small[:gray[of 5]]", width="content")
        with st.container(horizontal=True, gap="xsmall"):
            for verdict, color in _COLORS.items():
                count = sum(one.verdict is verdict for one in grade.verdicts)
                if count:
                    st.badge(f"{SIGNS[verdict]} {count} {verdict}", color=color, width="content")  # type: ignore[arg-type]
    said = _arithmetic(turn, grade)
    if said:
        st.caption(" ".join(said))
    remarks = [remark for remark in (*disputes(turn), grade.note, *earlier(turn)) if remark]
    if remarks:
        st.info("  \n".join(map(plain, remarks)), icon=":material/info:")


def _arithmetic(turn: Turn, grade: Grade) -> list[str]:
    said = []
    if turn.hints and grade.score is not None and turn.score is not None:
        hints = "1 hint" if len(turn.hints) == 1 else f"{len(turn.hints)} hints"
        cost = grade.score - turn.score
        said.append(f"Graded {grade.score:.1f}, less {cost:.1f} for {hints}." if cost else f"After {hints}.")
    if turn.reply and turn.reply.rating is not None:
        rated = RATINGS.get(turn.reply.rating, "Lost")
        said.append(f"You rated it {turn.reply.rating}, {rated.lower()}.")
    if turn.late:
        said.append("It came after the clock had run out.")
    return said


def _points(interviewer: Interviewer, interview: Interview, number: int, grade: Grade) -> None:
    """One entry a key point in the order people can use, the heaviest first; misconceptions lead what was wrong."""
    for verdict, head in _HEADS.items():
        found = [(point, one) for point, one in enumerate(grade.verdicts) if one.verdict is verdict]
        held = grade.held if verdict is Verdict.CONTRADICTED else ()
        if not found and not held:
            continue
        st.markdown(f"**{head}**")
        with st.container(border=True, gap="medium"):
            for count, wrong in enumerate(held):
                _misconception(wrong, f"held-{number}-{count}")
            for point, one in sorted(found, key=lambda pair: -pair[1].point.weight):
                _point(interviewer, interview, number, point, one)


def _point(interviewer: Interviewer, interview: Interview, number: int, point: int, one: PointVerdict) -> None:
    unsure = "" if one.confidence >= SURE else " :gray-badge[not sure]"
    with st.container(gap="xxsmall"):
        st.markdown(f"{_sign(one.verdict)} {plain(one.point.text)} :small[:gray[{weight(one.point)}]]{unsure}")
        _said(one.said)
        if one.verdict is not Verdict.COVERED:
            _taught(one.taught)
        with st.container(horizontal=True, gap="small"):
            _passage(one.taught, f"passage-{number}-{point}")
            if one.verdict is not Verdict.COVERED:
                _dispute(interviewer, interview, number, point)


def _misconception(wrong: Held, key: str) -> None:
    rather = wrong.misconception.rather or f"It is not so that: {wrong.misconception.text}"
    with st.container(gap="xxsmall"):
        st.markdown(f"{_sign(Verdict.CONTRADICTED, 'misconception')} {plain(rather[:1].upper() + rather[1:])}")
        _said(wrong.said)
        _taught(wrong.taught)
        _passage(wrong.taught, key)


def _sign(verdict: Verdict, word: str = "") -> str:
    return f":{_COLORS[verdict]}-badge[{SIGNS[verdict]} {word or verdict}]"


def _said(words: str) -> None:
    if words:
        st.markdown(f":small[You said: “{plain(' '.join(words.split()))}”]")


def _taught(taught: Taught | None) -> None:
    """The sentence that teaches it. Code and tables are for the passage."""
    if taught and "\n" not in taught.quote:
        quote = taught.quote.removeprefix(item_marker(taught.quote))
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


def _advice(interviewer: Interviewer, turn: Turn) -> None:
    try:
        told = interviewer.feedback(turn)
    except CoachError as error:
        st.caption(plain(str(error)))
        return
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
