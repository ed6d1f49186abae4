"""Your notes: what a candidate brings along is uploaded or pasted, listed with its passages, and deleted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import urlsplit

import streamlit as st

from coach.domain import Origin
from coach.settings import Settings
from ingest.library import own, passages_of
from ingest.notes import MOST_NAME, Deleted, Note, Notes
from ui.focus import landing
from ui.show import plain
from ui.state import attempt, doorway, trouble
from ui.taking_in import Stand, TakingIn

_KINDS = ("md", "txt", "pdf", "html")
_MOST_PASTED = 100_000
_WHAT_FOR = (
    "Nothing is here yet. Add your own notes, the job description or a section of your CV: where the question bank does not "
    "answer, Ask looks there too, and says that the words are yours."
)


@st.cache_resource(show_spinner=False)
def taking_in() -> TakingIn:
    """The one of this process. It embeds with the coach's own model."""
    door = doorway()
    return TakingIn(door.settings, lambda: door.coach().embedder)


def own_material(now: datetime) -> None:
    """Draw all of it; what is added is dated `now`."""
    settings = doorway().settings()
    notes = own(settings)
    kept = notes.all()
    if said := trouble():
        st.error(plain(said))
    if not kept:
        st.markdown(_WHAT_FOR)
    st.markdown(_where(settings))
    with st.expander("Add notes", expanded=not kept, icon=":material/add:", key="add-notes"):
        _upload(notes, now)
        _paste(notes, now)
    _undo(notes)
    stand, passages = taking_in().stand, _passages(kept)
    if stand.underway:
        _underway()
    else:
        _ended(stand, missing=not all(passages.values()))
    for note in kept:
        _row(notes, note, passages[note.name], stand)


def _where(settings: Settings) -> str:
    """Where notes are kept, and what of them leaves the machine."""
    lines = [f"Your notes stay on this machine, in {plain(str(settings.own_folder))}."]
    if settings.qdrant_url:
        host = urlsplit(settings.qdrant_url).hostname or "its address"
        lines = [f"{lines[0].removesuffix('.')}; their passages also go to the Qdrant server at {plain(host)}."]
    if settings.model:
        server = f" at {doorway().conversations().where}" if doorway().conversations().where else ""
        lines.append(
            f"A language model is set up: passages of them that answer a question are sent with it to {plain(settings.model)}"
            f"{plain(server)}."
        )
    return f":small[:gray[:material/lock: {' '.join(lines)}]]"


# Adding.


def _upload(notes: Notes, now: datetime) -> None:
    key = f"note-files-{_round()}"
    st.file_uploader(
        "Files", _KINDS, accept_multiple_files=True, key=key, on_change=_add_files, args=(notes, key, now), width="stretch"
    )


def _paste(notes: Notes, now: datetime) -> None:
    name, text = f"note-name-{_round()}", f"note-text-{_round()}"
    with st.form("paste", border=False):
        st.text_input("Name", key=name, max_chars=MOST_NAME, placeholder="Job description")
        st.text_area("Text, or paste it", key=text, max_chars=_MOST_PASTED, height=160)
        st.form_submit_button("Keep", key="keep-note", on_click=_add_text, args=(notes, name, text, now))


def _round() -> int:
    """Counts what was added: a new number empties the widgets."""
    return int(st.session_state.get("note round", 0))


def _add_files(notes: Notes, key: str, now: datetime) -> None:
    said = []
    for file in st.session_state[key] or ():
        attempt(notes.add, file.name, file.getvalue(), now)
        said += [trouble()]
    _added(" ".join(filter(None, said)))


def _add_text(notes: Notes, name: str, text: str, now: datetime) -> None:
    """What cannot be kept stays in the boxes."""
    if attempt(notes.add, st.session_state[name], st.session_state[text], now):
        _added()


def _added(said: str = "") -> None:
    st.session_state["note round"] = _round() + 1
    if said:
        st.session_state["trouble"] = said
    taking_in().start()


# What is there.


@st.fragment(run_every=1.0)
def _underway() -> None:
    stand = taking_in().stand
    if not stand.underway:
        st.rerun()
    count = f": {stand.done} of {stand.of}" if stand.of else " ..."
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(min(1.0, stand.done / max(1, stand.of)), f"{stand.doing}{count}", width="stretch")
        st.button("Cancel", key="cancel-notes", type="tertiary", icon=":material/close:", on_click=taking_in().cancel)


def _ended(stand: Stand, *, missing: bool) -> None:
    if stand.trouble:
        st.error(plain(stand.trouble))
    if missing or stand.trouble:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown("Not everything here is searched yet.", width="content")
            st.button("Take it in", key="take-in", icon=":material/sync:", on_click=taking_in().start)


def _row(notes: Notes, note: Note, passages: int, stand: Stand) -> None:
    with st.container(border=True, horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        about = f"{datetime.fromisoformat(note.added):%d %b %Y} · {_counted(passages)}"
        with st.container(gap="xxsmall", width="stretch"):
            st.markdown(f"**{plain(note.name)}**")
            st.markdown(f":small[:gray[{plain(about)}]]")
            for line in stand.left_out:
                if line.startswith(f"{note.name}: "):
                    st.caption(plain(line))
        st.button(
            "Delete",
            key=f"delete-{note.id}",
            type="tertiary",
            icon=":material/delete:",
            help=plain(f"Delete {note.name}"),
            on_click=_delete,
            args=(notes, note),
        )


def _counted(passages: int) -> str:
    return {0: "not searched yet", 1: "1 passage"}.get(passages, f"{passages} passages")


def _passages(kept: Sequence[Note]) -> Mapping[str, int]:
    """How many passages of each note are in the library that answers now."""
    ids = _ids(tuple(kept)) if kept else {}
    library = doorway().coach().library
    found = library.index.passages([id_ for of_one in ids.values() for id_ in of_one]) if library and ids else []
    there = {passage.id for passage in found if passage.origin is Origin.OWN}
    return {note.name: len(there.intersection(ids.get(note.name, ()))) for note in kept}


@st.cache_data(max_entries=20, show_spinner=False)
def _ids(kept: tuple[Note, ...]) -> Mapping[str, Sequence[str]]:  # noqa: ARG001 others are read anew
    """The passages' ids by their note's name; reading a PDF takes a second."""
    ids: dict[str, list[str]] = {}
    for entry in passages_of(own(doorway().settings()).documents()):
        ids.setdefault(entry.passage.source, []).append(entry.passage.id)
    return ids


# Deleting.


def _delete(notes: Notes, note: Note) -> None:
    deleted = attempt(notes.delete, note.id)
    if deleted:
        st.session_state["deleted note"] = deleted
        taking_in().start()


def _undo(notes: Notes) -> None:
    """What was deleted last can be brought back for as long as this window is open."""
    deleted: Deleted | None = st.session_state.get("deleted note")
    if deleted is None:
        return
    with (
        landing("undo"),
        st.container(border=True, horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"),
    ):
        st.markdown(f"Deleted: {plain(deleted.note.name)}. Answers given before still quote it.", width="stretch")
        st.button("Undo", key="undo-note", icon=":material/undo:", on_click=_restore, args=(notes, deleted))


def _restore(notes: Notes, deleted: Deleted) -> None:
    st.session_state.pop("deleted note", None)
    attempt(notes.restore, deleted)
    taking_in().start()
