"""What an interview came to, as it is read at its end: overall, by topic, what to study, each question, and files to keep."""

from __future__ import annotations

import json
from collections.abc import Sequence

import streamlit as st

from coach.export import DECK, anki, cards, csv_text
from coach.interview import Interview, Kind
from coach.interviewer import Interviewer, titles
from coach.render import NAMES, SIGNS, as_json, habits, html, markdown, outcome, score, summary, web
from coach.report import QuestionReport, Report, Study, report
from ui.focus import landing
from ui.grade_view import turn_view
from ui.passages import open_taught
from ui.show import plain
from ui.state import attempt


def report_view(interviewer: Interviewer, interview: Interview) -> None:
    made = report(interview, interviewer.questions, titles(interviewer.topics), interviewer.now())
    with landing("report"):
        st.title("Report", anchor=False)
    st.header(f"{score(made.overall.score)} :small[:gray[of 5]]", anchor=False)
    st.caption(plain(summary(made.overall)))
    regrade(interviewer, [interview])
    _study(made.study)
    _topics(made)
    st.subheader("How it went", anchor=False)
    st.markdown(plain(" ".join(habits(made))))
    _questions(interviewer, interview, made)
    _downloads(interviewer, made)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("New interview", type="primary", icon=":material/add:", on_click=st.query_params.clear)
        st.page_link("pages/progress.py", label="Progress", icon=":material/trending_up:")


def regrade(interviewer: Interviewer, interviews: Sequence[Interview]) -> None:
    """Offers to grade again what another grader graded, and shows what moved."""
    old = [(interview, numbers) for interview in interviews if (numbers := interviewer.outdated(interview))]
    count = sum(len(numbers) for _interview, numbers in old)
    if count:
        answers = "1 answer was" if count == 1 else f"{count} answers were"
        with st.container(border=True):
            st.markdown(f"{answers} graded by an earlier grader, or with other material. The old grades stay beside the new.")
            st.button("Regrade with today's grader", key="regrade", on_click=_regrade, args=(interviewer, old))
    for line in st.session_state.pop("moved", []):
        st.info(line, icon=":material/compare_arrows:")


def _regrade(interviewer: Interviewer, old: Sequence[tuple[Interview, tuple[int, ...]]]) -> None:
    moved = []
    for interview, numbers in old:
        for number in numbers:
            after = attempt(interviewer.regrade, interview, number)
            if after is None:
                break
            interview = after  # noqa: PLW2901 each grade is an event on top of the last
            turn = interview.turns[number]
            was, now = (score(grade.score) for grade in turn.grades[-2:])
            moved.append(f"{plain(turn.asked.prompt)} **{was} → {now}**")
    st.session_state["moved"] = moved


def _study(found: Sequence[Study]) -> None:
    if not found:
        return
    st.subheader("Study these next", anchor=False)
    for number, study in enumerate(found):
        verdict = study.point.verdict
        with st.container(border=True, gap="xsmall", key=f"row-study-{number}"):
            st.markdown(f"**{plain(verdict.point.text)}**")
            st.caption(f"{SIGNS[verdict.verdict]} {verdict.verdict} · question {study.question}: {plain(study.prompt)}")
            with st.container(horizontal=True, gap="small", vertical_alignment="center"):
                st.page_link("pages/ask.py", label="Ask about it", icon=":material/search:", query_params={"q": study.prompt})
                taught = verdict.taught
                if taught and st.button("Passage", key=f"study-{number}", icon=":material/menu_book:", type="tertiary"):
                    open_taught(taught)
                sources = [source for source in study.references if web(source.url)]
                if sources:
                    with st.popover("Sources", icon=":material/link:", type="tertiary", key=f"sources-{number}"):
                        st.markdown(
                            "\n".join(f"- [{plain(source.title)}]({source.url}): {plain(source.why)}" for source in sources)
                        )


def _topics(made: Report) -> None:
    if not made.topics:
        return
    st.subheader("By topic", anchor=False)
    for topic in made.topics:
        shares = " · ".join(f"{SIGNS[verdict]} {share:.0%} {verdict}" for verdict, share in topic.tally.shares.items() if share)
        st.markdown(f"**{score(topic.tally.score)}** {plain(topic.title)} :small[:gray[{shares or plain(topic.tally.reason)}]]")


def _questions(interviewer: Interviewer, interview: Interview, made: Report) -> None:
    if not made.questions:
        return
    st.subheader("By question", anchor=False)
    for question in made.questions:
        with st.expander(f"**{plain(outcome(question))}** · {plain(question.prompt)}", key=f"question-{question.number}"):
            for number in _numbers(interview, question):
                asked = interview.turns[number].asked
                if asked.why is not Kind.QUESTION:
                    st.markdown(f"**{NAMES[asked.why]}:** {plain(asked.prompt)}")
                turn_view(interviewer, interview, number)


def _numbers(interview: Interview, question: QuestionReport) -> list[int]:
    return [number for number, turn in enumerate(interview.turns) if any(turn is one for one in question.turns)]


def _downloads(interviewer: Interviewer, made: Report) -> None:
    st.subheader("Keep it", anchor=False)
    name = f"interview-{made.began:%Y-%m-%d}"
    missed = cards([made], interviewer.cues.of)
    files = (
        ("Markdown", "md", "text/markdown", lambda: markdown(made)),
        ("HTML to print", "html", "text/html", lambda: html(made)),
        ("JSON", "json", "application/json", lambda: json.dumps(as_json(made), ensure_ascii=False, indent=1)),
        ("Anki deck", "apkg", "application/octet-stream", lambda: anki(missed, DECK, interviewer.now())),
        ("Cards as CSV", "csv", "text/csv", lambda: csv_text(missed)),
    )
    with st.container(horizontal=True, gap="small"):
        for label, ending, mime, data in files:
            st.download_button(
                label,
                data,
                f"{name}.{ending}",
                mime,
                key=f"download-{ending}",
                on_click="ignore",
                disabled=ending in {"apkg", "csv"} and not missed,
                icon=":material/download:",
            )
