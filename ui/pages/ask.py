"""Ask: a question goes in, a cited answer or an honest "not in the material" comes out."""

from __future__ import annotations

import streamlit as st

from coach.domain import Answer, AnswerKind
from coach.errors import CoachError
from coach.service import MAX_QUESTION
from ui.passages import open_passage
from ui.show import answer_markdown, grouped, plain, safe
from ui.state import Asked, doorway, turns

EXAMPLES = (
    "How does HNSW find neighbors, and what do I give up?",
    "When would you fine-tune instead of using RAG?",
    "How do I choose a chunk size?",
)


def page() -> None:
    st.title("Interview Coach")
    st.caption("Answers come from the question bank, with citations you can open. What is not in it, it says so.")
    _warm_up()
    if not turns():
        _first_steps()
    for number, turn in enumerate(turns()):
        _turn(number, turn)
    typed = st.chat_input("Ask about generative AI", key="question", max_chars=MAX_QUESTION)
    question = typed or st.session_state.pop("chosen", None) or _linked()
    if question:
        turns().append(Asked(question))
        _answer_last()
        st.rerun()


def _warm_up() -> None:
    """One line until the model is there. It looks again every second, and only itself."""
    door = doorway()
    if door.trouble:
        st.error(safe(door.trouble))
    elif not door.ready:
        _warming()


@st.fragment(run_every=1.0)
def _warming() -> None:
    if doorway().ready or doorway().trouble:
        st.rerun()
    st.info("The model is warming up, which takes about ten seconds. You can type already.", icon=":material/hourglass_top:")


def _first_steps() -> None:
    st.markdown("Try one of these, or type your own question below.")
    for number, example in enumerate(EXAMPLES):
        if st.button(example, key=f"example-{number}", width="stretch"):
            _choose(example)


def _linked() -> str | None:
    """The question of a link to this page, once."""
    question = st.query_params.get("q")
    if question is not None:
        del st.query_params["q"]
    return question


def _choose(question: str) -> None:
    st.session_state["chosen"] = question


def _turn(number: int, turn: Asked) -> None:
    with st.chat_message("user", avatar=":material/person:"):
        st.markdown(plain(turn.question))
    with st.chat_message("assistant", avatar=":material/school:"):
        if turn.trouble:
            st.error(plain(turn.trouble))
            st.button("Try again", key=f"again-{number}", on_click=_retry, args=(number,))
        elif turn.answer:
            _answer(number, turn.answer)


def _answer(number: int, answer: Answer) -> None:
    if answer.kind is AnswerKind.REFUSED:
        st.markdown(" ".join(filter(None, (answer_markdown(answer), plain(answer.note)))))
        _near(number, answer)
        return
    if answer.note:
        st.warning(plain(answer.note))
    st.markdown(answer_markdown(answer))
    for passage, cited in grouped(answer.citations):
        with st.container(horizontal=True, gap="small", vertical_alignment="center"):
            for count, quote in cited:
                if st.button(str(count), key=f"cite-{number}-{count}", help="Open the passage"):
                    open_passage(passage, [quote])
            st.caption(plain(passage.heading))


def _near(number: int, answer: Answer) -> None:
    if not answer.near_topics:
        return
    st.markdown("Nearest in the material:")
    for place, near in enumerate(answer.near_topics):
        st.button(plain(near.prompt), key=f"near-{number}-{place}", on_click=_choose, args=(near.prompt,), width="stretch")


def _retry(number: int) -> None:
    turn = turns().pop(number)
    _choose(turn.question)


def _answer_last() -> None:
    """Answer the newest turn. Its question is kept whatever happens."""
    question = turns()[-1].question
    with st.chat_message("user", avatar=":material/person:"):
        st.markdown(plain(question))
    with st.chat_message("assistant", avatar=":material/school:"):
        waiting = "Warming up the model, then searching ..." if not doorway().ready else "Searching the material ..."
        with st.status(waiting, type="compact"):
            try:
                turns()[-1] = Asked(question, doorway().coach().ask(question))
            except CoachError as error:
                turns()[-1] = Asked(question, trouble=str(error))


page()
