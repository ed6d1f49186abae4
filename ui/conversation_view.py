"""A conversation is drawn: each question, what came of it, and what can be asked next. Knows no disk."""

from __future__ import annotations

import streamlit as st

from coach.conversation import Conversation, Turn
from coach.domain import Answer, AnswerKind
from ui.answer_words import MANNERS, MEANS, about, spent, whose
from ui.asking import COACH, person_says, wish
from ui.passages import open_passage
from ui.show import UNSUPPORTED, answer_markdown, grouped, plain, safe, uncited_markdown

PRACTICE = "pages/practice.py"
_NOTHING_YET = "Nothing has come of this. It may still be being answered in another window; if not, try again."


def turns(conversation: Conversation) -> None:
    """All of them. A citation opens without drawing the page again, so it never interrupts an answer being written."""
    for number, turn in enumerate(conversation.turns):
        person_says(turn.asked.question, turn.asked.manner)
        with st.chat_message("assistant", avatar=COACH):
            _came(number, turn)


def next_steps(conversation: Conversation) -> None:
    """What can be done with the last answer: ask again if it is not whole, or more about it."""
    if not conversation.turns:
        return
    last = conversation.turns[-1]
    if not last.whole:
        same = (last.asked.question, last.asked.manner)
        st.button("Try again", key="again", icon=":material/refresh:", on_click=wish, args=same)
    if last.answer and last.answer.kind is not AnswerKind.REFUSED:
        with st.container(horizontal=True, gap="xsmall", key="manners"):
            for manner, label in MANNERS.items():
                if manner is not last.asked.manner:
                    st.button(label, key=f"manner-{manner}", help=MEANS[manner], on_click=wish, args=("", manner))


def _came(number: int, turn: Turn) -> None:
    if turn.partial:
        st.markdown(uncited_markdown(turn.partial))
        st.caption(":material/stop_circle: Stopped before its end; its citations were not kept.")
    if turn.trouble:
        st.error(plain(turn.trouble))
    if turn.open:
        st.caption(_NOTHING_YET)
    if turn.answer:
        _answer(number, turn.answer)
        st.caption(plain(" · ".join([*about(turn.answer, f"“{UNSUPPORTED}”"), _took(turn, turn.answer)])))


def _answer(number: int, answer: Answer) -> None:
    if answer.partial:
        st.markdown(uncited_markdown(answer.partial))
        st.caption(":material/link_off: The language model broke off here.")
    if answer.kind is AnswerKind.REFUSED:
        st.markdown(" ".join(filter(None, (answer_markdown(answer.text), plain(answer.note)))))
        _choices("Nearest in the material:", [near.prompt for near in answer.near_topics], f"near-{number}")
        return
    if answer.note and not answer.stopped:
        st.warning(plain(answer.note))
    if answer.asks:
        # The text lists them too; here they can be clicked.
        _choices(plain(answer.text.partition("\n\n")[0]), list(answer.asks), f"ask-{number}")
    else:
        st.markdown(answer_markdown(answer.text))
    if answer.stopped:
        st.caption(f":material/stop_circle: {plain(answer.note)}")
    if answer.practice:
        st.page_link(PRACTICE, label="Practice it", icon=":material/exercise:", query_params={"id": answer.practice})
    if answer.citations:
        _sources(number, answer)
    if answer.further:
        _further(number, answer)


@st.fragment
def _sources(number: int, answer: Answer) -> None:
    """The citations, numbered as in the text; each opens its passage."""
    for passage, cited in grouped(answer.citations):
        with st.container(horizontal=True, gap="xsmall", vertical_alignment="center"):
            for count, quote in cited:
                if st.button(str(count), key=f"cite-{number}-{count}", type="tertiary", help="Open the passage"):
                    open_passage(passage, [quote])
            st.caption(plain(passage.heading), width="stretch")


@st.fragment
def _further(number: int, answer: Answer) -> None:
    """What lies beside the bank and says more of it, each with who says it."""
    for place, citation in enumerate(answer.further):
        with st.container(border=True, gap="xsmall"):
            st.caption(f":material/menu_book: {plain(whose(answer, citation))}")
            st.markdown(safe(citation.quote))
            if st.button("Open the passage", key=f"further-{number}-{place}", type="tertiary"):
                open_passage(citation.passage, [citation.quote])


def _choices(lead: str, questions: list[str], key: str) -> None:
    """Questions to go on with."""
    if questions:
        st.markdown(lead)
    for place, question in enumerate(questions):
        st.button(plain(question), key=f"{key}-{place}", on_click=wish, args=(question,), width="stretch")


def _took(turn: Turn, answer: Answer) -> str:
    return spent(answer.spent) if answer.spent else f"{turn.seconds:.1f} s, no language model"
