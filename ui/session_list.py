"""Every session as a list: continued, read again, renamed, deleted and brought back."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from coach.interview import Interview
from coach.interviewer import Deleted, Interviewer
from coach.ports import Stream
from coach.render import score
from coach.report import report
from ui.focus import landing
from ui.interview_setup import standing
from ui.show import plain
from ui.state import attempt

_SHOWN = 10


def session_list(interviewer: Interviewer, sessions: Sequence[tuple[Stream, Interview]]) -> None:
    """`sessions` are the newest first."""
    _undo(interviewer)
    pages = max(1, -(-len(sessions) // _SHOWN))
    at = min(int(st.session_state.get("sessions", 1)), pages)
    for stream, interview in sessions[(at - 1) * _SHOWN : at * _SHOWN]:
        _session(interviewer, stream, interview)
    if pages > 1:
        with st.container(horizontal_alignment="center"):
            st.pagination(pages, key="sessions", max_visible_pages=5)


def _session(interviewer: Interviewer, stream: Stream, interview: Interview) -> None:
    with st.container(
        border=True, horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key=f"row-{stream.id}"
    ):
        with st.container(gap=None, width="stretch"):
            st.page_link(
                "pages/interview.py",
                label=f"**{plain(stream.name)}**",
                query_params={"id": stream.id},
                help="Report" if interview.ended else "Continue",
            )
            st.caption(f"{_result(interviewer, interview)}{standing(stream, interview)}")
        with st.container(horizontal=True, gap="xsmall", width="content", vertical_alignment="center"):
            _rename(interviewer, stream)
            st.button(
                "Delete",
                key=f"delete-{stream.id}",
                icon=":material/delete:",
                type="tertiary",
                help=f"Delete {plain(stream.name)}",
                on_click=_delete,
                args=(interviewer, stream),
            )


def _result(interviewer: Interviewer, interview: Interview) -> str:
    earned = report(interview, interviewer.questions, {}, interviewer.now()).overall.score if interview.ended else None
    return "" if earned is None else f"{score(earned)} of 5 · "


def _rename(interviewer: Interviewer, stream: Stream) -> None:
    key = f"name-{stream.id}"
    with st.popover("Rename", icon=":material/edit:", type="tertiary", key=f"rename-{stream.id}"):
        st.text_input("Name", stream.name, key=key, max_chars=200)
        st.button("Rename", key=f"save-{key}", on_click=_save_name, args=(interviewer, stream.id, key))


def _save_name(interviewer: Interviewer, id_: str, key: str) -> None:
    attempt(interviewer.rename, id_, st.session_state[key])


def _delete(interviewer: Interviewer, stream: Stream) -> None:
    deleted = attempt(interviewer.delete, stream.id)
    if deleted:
        st.session_state["deleted session"] = stream.name, deleted


def _undo(interviewer: Interviewer) -> None:
    """What was deleted last can be brought back for as long as this window is open."""
    if "deleted session" not in st.session_state:
        return
    name, deleted = st.session_state["deleted session"]
    with (
        landing("undo"),
        st.container(border=True, horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"),
    ):
        st.markdown(f"Deleted: {plain(name)}. Repeats that rest on it are planned anew.", width="stretch")
        st.button("Undo", key="undo", icon=":material/undo:", on_click=_restore, args=(interviewer, deleted))


def _restore(interviewer: Interviewer, deleted: Deleted) -> None:
    st.session_state.pop("deleted session", None)
    attempt(interviewer.restore, deleted)
