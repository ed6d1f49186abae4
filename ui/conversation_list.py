"""Conversations that are kept: found again, named, taken away, deleted and brought back. Draws none of their turns."""

from __future__ import annotations

import json
from collections.abc import Callable

import streamlit as st

from coach.conversation import Conversation
from coach.conversations import MAX_NAME, Conversations, Deleted, Mention
from coach.transcript import as_json, markdown
from ui.focus import landing
from ui.show import plain
from ui.state import attempt

_SHOWN = 12


def go_to(id_: str = "") -> None:
    """The address of a conversation; without an id, of a new one."""
    for name in ("here", "shown", "deleted"):
        st.session_state.pop(name, None)
    st.query_params.clear()
    if id_:
        st.query_params["c"] = id_


def toolbar(conversations: Conversations, conversation: Conversation, *, busy: bool) -> None:
    """The way to the others, to a new one, and what can be done with this one. Nothing of it works while `busy`."""
    with st.container(horizontal=True, horizontal_alignment="right", gap="xsmall"):
        if st.button("Conversations", key="conversations", icon=":material/forum:", type="tertiary", disabled=busy):
            _kept(conversations, conversation.id)
        begun = bool(conversation.turns)
        st.button(
            "New",
            key="new",
            icon=":material/add:",
            type="tertiary",
            help="New conversation",
            disabled=busy or not begun,
            on_click=go_to,
        )
        if begun:
            _manage(conversations, conversation, busy=busy)


@st.dialog("Conversations", width="small", position="left")
def _kept(conversations: Conversations, here: str) -> None:
    streams = conversations.all()
    if not streams:
        st.markdown("There is none yet. What you ask is kept on this machine, and listed here.")
        return
    wanted = st.text_input("Search in what was asked and answered", key="search", icon=":material/search:").strip()
    found = conversations.find(wanted) if wanted else [Mention(stream, "") for stream in streams]
    if not found:
        st.markdown(f"None has all of these words: {plain(wanted)}")
    many = st.session_state.get("conversations shown", _SHOWN)
    for mention in found[:many]:
        _one(mention, here)
    if len(found) > many and st.button("Show more", key="more-conversations", type="tertiary"):
        st.session_state["conversations shown"] = many + _SHOWN
        st.rerun(scope="fragment")


def _one(mention: Mention, here: str) -> None:
    stream = mention.stream
    clicked = st.button(
        plain(stream.name),
        key=f"open-{stream.id}",
        type="primary" if stream.id == here else "secondary",
        width="stretch",
    )
    if clicked:
        go_to(stream.id)
        st.rerun()
    st.caption(f"{stream.changed.astimezone():%d %b %Y, %H:%M}{f' · {plain(mention.around)}' if mention.around else ''}")


def _manage(conversations: Conversations, conversation: Conversation, *, busy: bool) -> None:
    """What can be done with a conversation that is open."""
    with st.popover("More", icon=":material/more_horiz:", type="tertiary", key="manage", disabled=busy):
        key = f"name-{conversation.id}"
        st.text_input(
            "Name",
            conversation.name,
            key=key,
            max_chars=MAX_NAME,
            on_change=_rename,
            args=(conversations, conversation.id, key),
        )
        with st.container(horizontal=True, gap="small"):
            _export("Markdown", "md", "text/markdown", lambda: markdown(conversation))
            _export("JSON", "json", "application/json", lambda: json.dumps(as_json(conversation), ensure_ascii=False, indent=1))
        st.button("Delete", key="delete", icon=":material/delete:", on_click=_delete, args=(conversations, conversation.id))


def _export(label: str, suffix: str, kind: str, made: Callable[[], str]) -> None:
    st.download_button(
        label, made, f"conversation.{suffix}", kind, key=f"export-{suffix}", icon=":material/download:", on_click="ignore"
    )


def _rename(conversations: Conversations, id_: str, key: str) -> None:
    attempt(conversations.rename, id_, st.session_state[key])


def _delete(conversations: Conversations, id_: str) -> None:
    deleted = attempt(conversations.delete, id_)
    if deleted:
        go_to()
        st.session_state["deleted"] = deleted


def undo(conversations: Conversations) -> None:
    """The way back to what was deleted last."""
    deleted: Deleted | None = st.session_state.get("deleted")
    if deleted is None:
        return
    with (
        landing("undo"),
        st.container(border=True, horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"),
    ):
        st.markdown(f"Deleted: {plain(deleted.name)}", width="content")
        st.button("Undo", key="undo", icon=":material/undo:", on_click=_restore, args=(conversations, deleted))


def _restore(conversations: Conversations, deleted: Deleted) -> None:
    attempt(conversations.restore, deleted)
    go_to(deleted.id)
