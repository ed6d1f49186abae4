"""What outlives a rerun: one coach for all sessions, warming in the background, and each session's turns."""

from __future__ import annotations

import gc
import threading
from dataclasses import dataclass, replace

import streamlit as st

from coach.domain import Answer
from coach.errors import CoachError, IndexUnusable
from coach.ports import IndexStore
from coach.service import Coach
from coach.settings import Settings, load_settings
from coach.wiring import make_store, open_coach


class Doorway:
    """Opens the coach in a thread, so that the page is there before the model is."""

    def __init__(self) -> None:
        self._coach: Coach | None = None
        self._store: IndexStore | None = None
        self._settings: Settings | None = None
        self._lock = threading.Lock()
        self.trouble = ""
        self._thread = threading.Thread(target=self._open, name="warm-up", daemon=True)
        self._thread.start()

    @property
    def ready(self) -> bool:
        return self._coach is not None

    def coach(self) -> Coach:
        """The coach, waiting for it if need be, over the index as it is now. Raises CoachError."""
        self._thread.join()
        with self._lock:
            if self._coach is None:
                self._open()
            if self._coach is None:
                raise IndexUnusable(self.trouble)
            self._renew()
            return self._coach

    def _open(self) -> None:
        try:
            self._settings = load_settings()
            self._store = make_store(self._settings)
            coach = open_coach(self._settings)
            coach.embedder.warm()
        except CoachError as error:
            self.trouble = str(error)
            return
        # Streamlit collects garbage after every rerun; with torch loaded that is over half a second each time.
        gc.freeze()
        self._coach, self.trouble = coach, ""

    def _renew(self) -> None:
        """Follow a new index that was published since; keep the old one if the new one does not fit."""
        assert self._coach is not None
        assert self._store is not None
        about = self._store.about()
        if about is None or about == self._coach.index.about or about.embedder != self._coach.embedder.id:
            return
        before, self._coach = self._coach, replace(self._coach, index=self._store.open())
        before.index.close()


@st.cache_resource(show_spinner=False)
def doorway() -> Doorway:
    """The one doorway of this process."""
    return Doorway()


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and what came of it; both `answer` and `trouble` are empty while it is being answered."""

    question: str
    answer: Answer | None = None
    trouble: str = ""


def turns() -> list[Asked]:
    """This session's conversation, oldest first."""
    if "turns" not in st.session_state:
        st.session_state["turns"] = []
    found: list[Asked] = st.session_state["turns"]
    return found
