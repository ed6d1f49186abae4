"""What outlives a rerun: one coach and one interviewer for all sessions, warming in the background; each session's turns."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import ParamSpec, TypeVar

import streamlit as st

from coach.adapters.voice import OpenAIVoice
from coach.domain import Answer
from coach.errors import CoachError, Conflict, IndexUnusable
from coach.interviewer import Interviewer
from coach.ports import About, IndexStore
from coach.service import Coach
from coach.settings import Settings, load_settings
from coach.wiring import make_store, make_voice, open_coach, open_interviewer
from ingest.read import whole_bank
from ui.show import safe

P = ParamSpec("P")
T = TypeVar("T")


class Doorway:
    """Opens the coach in a thread, so that the page is there before the model is."""

    def __init__(self) -> None:
        self._coach: Coach | None = None
        self._interviewer: Interviewer | None = None
        self._over: About | None = None
        self._store: IndexStore | None = None
        self._settings: Settings | None = None
        self._voice: OpenAIVoice | None = None
        self._lock = threading.Lock()
        self.trouble = ""
        self._thread = threading.Thread(target=self._open, name="warm-up", daemon=True)
        self._thread.start()

    @property
    def ready(self) -> bool:
        return self._coach is not None

    @property
    def ears(self) -> OpenAIVoice | None:
        """What writes down an answer that is spoken, if that is set up."""
        return self._voice if self._settings and self._settings.transcribe_model else None

    @property
    def mouth(self) -> OpenAIVoice | None:
        """What reads a question aloud, if that is set up."""
        return self._voice if self._settings and self._settings.speech_model else None

    def coach(self) -> Coach:
        """The coach, waiting for it if need be, over the index as it is now. Raises CoachError."""
        self._thread.join()
        with self._lock:
            return self._current()

    def interviewer(self) -> Interviewer:
        """The interviewer over that coach's material and the bank it was built from. Raises CoachError."""
        self._thread.join()
        with self._lock:
            coach = self._current()
            if self._interviewer is None or self._over != coach.index.about:
                self._interviewer = self._with_interviewer(coach)
                self._over = coach.index.about
            return self._interviewer

    def _current(self) -> Coach:
        if self._coach is None:
            self._open()
        if self._coach is None:
            raise IndexUnusable(self.trouble)
        self._renew()
        return self._coach

    def _with_interviewer(self, coach: Coach) -> Interviewer:
        """A new one; the database of the one before stays open, for there is one history a process."""
        assert self._settings is not None
        bank = whole_bank(self._settings.corpus)
        opened = open_interviewer(coach, bank.topics, self._settings)
        if self._interviewer is None:
            gc.freeze()
            return opened
        opened.history.close()
        return replace(opened, history=self._interviewer.history)

    def _open(self) -> None:
        try:
            self._settings = load_settings()
            self._store = make_store(self._settings)
            self._voice = make_voice(self._settings)
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


def guarded(page: Callable[[Interviewer], None]) -> None:
    """Draw a page that needs the interviewer, waiting for it; an error becomes a sentence and a next step."""
    try:
        warming = nullcontext() if doorway().ready else st.spinner("The model is warming up, which takes about ten seconds ...")
        with warming:
            interviewer = doorway().interviewer()
        page(interviewer)
    except CoachError as error:
        st.error(safe(str(error)))
        st.button("Try again", key="retry")


MOVED_ON = "This interview went on in another window, so nothing was done here. Below is how it stands now."


def attempt(verb: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | None:
    """What `verb` gives back, or None after its error was kept for the page to show."""
    try:
        return verb(*args, **kwargs)
    except Conflict:
        st.session_state["trouble"] = MOVED_ON
    except CoachError as error:
        st.session_state["trouble"] = str(error)
    return None


def trouble() -> str:
    """What went wrong since it was last asked, once."""
    return str(st.session_state.pop("trouble", ""))
