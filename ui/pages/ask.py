"""Ask: a conversation that stays with the material. The address names it, so a reload shows everything that was said."""

from __future__ import annotations

import streamlit as st

from coach.conversation import Conversation
from coach.conversations import Conversations
from coach.errors import BadInput, CoachError
from coach.service import MAX_QUESTION
from ui.ask_account import account
from ui.asking import Wish, ask, settle, wish, wished
from ui.conversation_list import go_to, toolbar, undo
from ui.conversation_view import PRACTICE, next_steps, turns
from ui.show import plain, safe
from ui.state import doorway, trouble

EXAMPLES = (
    "How does HNSW find neighbors, and what do I give up?",
    "When would you fine-tune instead of using RAG?",
    "How do I choose a chunk size?",
)


def page() -> None:
    settle()
    typed = _box()
    try:
        conversations = doorway().conversations()
    except CoachError as error:
        if typed:
            st.session_state["unsent"] = typed
            st.rerun()
        st.title("Ask")
        st.error(safe(str(error)))
        st.button("Try again", key="retry")
        return
    wanted = Wish(typed) if typed else wished() or _linked()
    try:
        conversation = _shown_before() if wanted else None
        conversation = conversation or _open(conversations)
    except BadInput as error:
        st.title("Ask")
        st.error(plain(str(error)))
        st.button("Begin another", key="begin", on_click=go_to)
        return
    _draw(conversations, conversation, wanted)


def _draw(conversations: Conversations, conversation: Conversation, wanted: Wish | None) -> None:
    heading, past, live = st.container(), st.container(), st.empty()

    def around() -> None:
        with heading:
            _heading(conversations, conversation, begun=bool(wanted))
            _warm_up()
        with past:
            turns(conversation)
        with st.bottom:
            account(conversations)

    if wanted:
        # What was asked is drawn first: how soon it is seen does not depend on how long the conversation is.
        with live.container():
            answer = ask(conversations, conversation, wanted, meanwhile=around)
        if answer and answer.practice:
            st.switch_page(PRACTICE, query_params={"id": answer.practice})
        st.rerun()
    around()
    next_steps(conversation)
    if conversation.turns and conversation.turns[-1].open:
        _look_again(conversations, conversation)
    if said := trouble():
        st.error(plain(said))


@st.fragment(run_every=1.0)
def _look_again(conversations: Conversations, shown: Conversation) -> None:
    """Another window may be about to finish the answer, or this one before it was reloaded."""
    if conversations.open(shown.id).records != shown.records:
        st.rerun()


def _box() -> str | None:
    """What was typed. What could not be asked is put back, to be mended."""
    if unsent := st.session_state.pop("unsent", ""):
        st.session_state["question"] = unsent
    return st.chat_input("Ask about generative AI", key="question", max_chars=MAX_QUESTION)


def _here() -> str:
    """The id of this window's conversation: the address says it, or where this window was before it went elsewhere."""
    if id_ := st.query_params.get("c"):
        st.session_state["here"] = id_
    return str(st.session_state.get("here", ""))


def _open(conversations: Conversations) -> Conversation:
    """The conversation as it stands on disk, kept as what this window has shown."""
    id_ = _here()
    conversation = conversations.open(id_) if id_ else conversations.new()
    if id_:
        st.query_params["c"] = id_
        st.session_state["shown"] = conversation
    return conversation


def _shown_before() -> Conversation | None:
    """The conversation as this window has shown it: if it went on elsewhere since, asking says so."""
    shown: Conversation | None = st.session_state.pop("shown", None)
    return shown if shown and shown.id == _here() else None


def _linked() -> Wish | None:
    """The question of a link to this page, once. It begins a conversation unless the link names one."""
    question = st.query_params.get("q")
    if question is None:
        return None
    go_to(st.query_params.get("c", ""))
    return Wish(question)


def _heading(conversations: Conversations, conversation: Conversation, *, begun: bool) -> None:
    toolbar(conversations, conversation, busy=begun)
    if conversation.turns:
        st.header(plain(conversation.name), anchor=False)
        return
    st.title("Ask", anchor=False)
    st.caption("Answers come from the question bank, with citations you can open. What is not in it, it says so.")
    undo(conversations)
    # In a place of its own, they go at once when something is asked, not when it is answered.
    with st.empty():
        if not begun:
            _first_steps()


def _first_steps() -> None:
    with st.container():
        st.markdown("Try one of these, or type your own question below.")
        for number, example in enumerate(EXAMPLES):
            st.button(example, key=f"example-{number}", width="stretch", on_click=wish, args=(example,))


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
    st.info("The model is being loaded. You can type already.", icon=":material/hourglass_top:")


page()
