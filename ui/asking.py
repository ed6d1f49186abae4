"""A question goes out, and what comes of it is drawn as it comes. Knows no page around it.

Whatever interrupts the drawing (Stop, the next question, a closed window) ends the answer; what had come is on disk.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

import streamlit as st

from coach.conversation import Conversation
from coach.conversations import Conversations
from coach.domain import Answer, Manner, Part, Stage
from coach.errors import BadInput, CoachError, Conflict, StorageError
from coach.pace import paced
from coach.write import Stop
from ui.answer_words import MANNERS
from ui.show import answer_markdown, plain
from ui.state import doorway

PERSON, COACH = ":material/person:", ":material/school:"
_PATIENCE = 3.0
_WARMING = "warming up the model, then searching"
_MOVED_ON = "This conversation went on in another window. Below is how it stands now; your question is in the box."


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person wants to know next. Without a question, it is about the last one."""

    question: str = ""
    manner: Manner = Manner.PLAIN


def wish(question: str = "", manner: Manner = Manner.PLAIN) -> None:
    """Have it asked by the next run of the page."""
    st.session_state["wish"] = Wish(question, manner)


def wished() -> Wish | None:
    """What was wished for since this was last asked, once."""
    found: Wish | None = st.session_state.pop("wish", None)
    return found


def person_says(question: str, manner: Manner) -> None:
    how = [f"**{MANNERS[manner]}**"] if manner in MANNERS else []
    with st.chat_message("user", avatar=PERSON):
        st.markdown(" · ".join([*how, *([plain(question)] if question else [])]))


def ask(conversations: Conversations, conversation: Conversation, wanted: Wish, meanwhile: Callable[[], None]) -> Answer | None:
    """Draw the question and its answer as it comes, and leave the address naming the conversation.

    `meanwhile` draws the rest of the page: at once where that is hardly anything, else when the answer takes a while, so
    that the first stage never waits for it. None if there is no answer: then the reason is kept, on disk or for the page
    to tell.
    """
    person_says(wanted.question, wanted.manner)
    with st.chat_message("assistant", avatar=COACH):
        try:
            return _drawn(conversations, conversation, wanted, meanwhile)
        except (BadInput, StorageError) as error:
            st.session_state["trouble"] = _MOVED_ON if isinstance(error, Conflict) else str(error)
            st.session_state["unsent"] = wanted.question
        except CoachError:
            return None  # it is kept with its question
    return None


def _drawn(
    conversations: Conversations, conversation: Conversation, wanted: Wish, meanwhile: Callable[[], None]
) -> Answer | None:
    text = st.empty()
    with st.container(horizontal=True, vertical_alignment="center"):
        doing = st.empty()
        st.button("Stop", key="stop", icon=":material/stop_circle:", type="tertiary", shortcut="Esc")
    shown, said = "", "searching" if doorway().ready else _WARMING
    doing.markdown(_doing(said))
    waits = bool(conversation.turns)
    if not waits:
        meanwhile()
    stop, answer = Stop(), None
    steps_of = conversations.ask(conversation, wanted.question, wanted.manner, stop)
    with _underway(stop), closing(paced(steps_of, stop)) as steps:
        for step in steps:
            if isinstance(step, Stage):
                st.query_params["c"] = conversation.id
                said = str(step) if doorway().ready else said
            elif isinstance(step, Part):
                shown += step.text
                text.markdown(answer_markdown(shown))
            elif isinstance(step, Answer):
                answer = step
            elif waits:
                meanwhile()
                waits = False
            # Drawn also when nothing came: only what draws can be interrupted.
            doing.markdown(_doing(said))
    return answer


@contextmanager
def _underway(stop: Stop) -> Iterator[None]:
    over = threading.Event()
    st.session_state["underway"] = (stop, over)
    try:
        yield
    finally:
        over.set()


def settle() -> None:
    """Wait for the answer that this run has interrupted: Streamlit begins a run before the one it replaces has ended."""
    stop, over = st.session_state.pop("underway", (None, None))
    if over and not over.is_set():
        stop.press()
        over.wait(_PATIENCE)


def _doing(said: str) -> str:
    return f":shimmer[{said[0].upper()}{said[1:]} ...]"
