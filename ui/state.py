"""What outlives a rerun: one coach, interviewer and history for all sessions, with a model that warms behind them."""

from __future__ import annotations

import gc
import re
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import ParamSpec, TypeVar

import streamlit as st

from coach.adapters.voice import OpenAIVoice
from coach.conversations import Conversations
from coach.domain import Topic
from coach.errors import CoachError, Conflict
from coach.interviewer import Interviewer
from coach.ports import History, IndexStore
from coach.service import Coach
from coach.settings import Settings, load_settings
from coach.wiring import (
    make_history,
    make_library,
    make_model,
    make_store,
    make_voice,
    open_coach,
    open_conversations,
    open_interviewer,
    open_library,
)
from ingest.refresh import material
from ui.show import safe
from ui.unforeseen import unforeseen

P = ParamSpec("P")
T = TypeVar("T")

# Seconds in which a browser paints what it has been sent.
_PAINTS = 0.05
# Found in the text, not in its syntax tree: two threads that parse at once fail each other before Python 3.11.5.
_IMPORTED = re.compile(r"^from ([\w.]+) import", re.MULTILINE)


class Doorway:
    """The coach and who works with it, for all sessions. They open within a second; the model warms behind them.

    What needs only the bank and the history never waits for the model: what embeds does, by itself.
    """

    def __init__(self) -> None:
        self._settings: Settings | None = None
        self._store: IndexStore | None = None
        self._coach: Coach | None = None
        self._topics: tuple[Topic, ...] | None = None
        self._history: History | None = None
        self._interviewer: Interviewer | None = None
        self._conversations: Conversations | None = None
        self._voice: OpenAIVoice | None = None
        self._lock = threading.Lock()
        self.ready = False
        self.trouble = ""
        threading.Thread(target=self._begin, name="open", daemon=True).start()

    @property
    def ears(self) -> OpenAIVoice | None:
        """What writes down an answer that is spoken, if that is set up."""
        return self._voice if self._settings and self._settings.transcribe_model else None

    @property
    def mouth(self) -> OpenAIVoice | None:
        """What reads a question aloud, if that is set up."""
        return self._voice if self._settings and self._settings.speech_model else None

    def settings(self) -> Settings:
        """What is in force in this process. Raises SettingsError."""
        with self._lock:
            return self._set()

    def use(self, settings: Settings) -> None:
        """Go on with another language model, and forget it when the process ends. Raises SettingsError, and then changes nothing.

        The index and the embedding model stay as they are.
        """
        make_model(settings)
        with self._lock:
            self._settings, self._voice = settings, make_voice(settings)
            self._interviewer = self._conversations = None

    def coach(self) -> Coach:
        """The coach over the index as it is now. Raises CoachError."""
        with self._lock:
            return self._current()

    def interviewer(self) -> Interviewer:
        """The interviewer over that coach's material and the bank it was built from. Raises CoachError."""
        with self._lock:
            coach, settings = self._current(), self._set()
            if self._interviewer is None:
                self._interviewer = open_interviewer(coach, self._bank(), settings, self._kept())
                self.trouble = ""
            return self._interviewer

    def conversations(self) -> Conversations:
        """Conversations with that coach. Raises CoachError."""
        with self._lock:
            coach, settings = self._current(), self._set()
            if self._conversations is None:
                self._conversations = open_conversations(coach, self._bank(), settings, self._kept())
            return self._conversations

    def _set(self) -> Settings:
        if self._settings is None:
            self._settings = load_settings()
            self._voice = make_voice(self._settings)
        return self._settings

    def _bank(self) -> tuple[Topic, ...]:
        if self._topics is None:
            self._topics = material(self._set()).topics
        return self._topics

    def _kept(self) -> History:
        """There is one history a process."""
        if self._history is None:
            self._history = make_history(self._set())
        return self._history

    def _current(self) -> Coach:
        if self._coach is None:
            self._store = make_store(self._set())
            self._coach = open_coach(self._set())
            threading.Thread(target=self._warm, args=(self._coach,), name="warm-up", daemon=True).start()
        self._coach = self._renewed(self._coach)
        return self._coach

    def _renewed(self, coach: Coach) -> Coach:
        """The coach over a new index that was published since; the same one if there is none, or the new one does not fit."""
        assert self._store is not None
        about = self._store.about()
        if about is not None and about != coach.index.about and about.embedder == coach.embedder.id:
            before, coach = coach.index, replace(coach, index=self._store.open())
            self._topics = self._interviewer = self._conversations = None
            before.close()
        return self._beside(coach)

    def _beside(self, coach: Coach) -> Coach:
        """The coach with the library as it is now."""
        about = make_library(self._set()).about()
        if about == (coach.library.index.about if coach.library else None):
            return coach
        before, coach = coach.library, replace(coach, library=open_library(coach, self._set()))
        self._conversations = None
        if before:
            before.index.close()
        return coach

    def _begin(self) -> None:
        try:
            self.interviewer()
        except CoachError as error:
            self.trouble = str(error)

    def _warm(self, coach: Coach) -> None:
        try:
            coach.embedder.warm()
        except CoachError as error:
            self.trouble = str(error)
            return
        with suppress(CoachError):  # who asks for them next is told
            self.interviewer()
            self.conversations()
        _import_pages()
        # Streamlit looks for garbage after every rerun, in all that is not frozen: over a tenth of a second each time.
        gc.collect()
        gc.freeze()
        self.ready = True


def _import_pages() -> None:
    """Import what every page imports, and what it would import when it draws, so that no first click waits for it."""
    for library in ("pandas.io.formats.style", "pyarrow.pandas_compat", "ingest.fetch.guard"):
        import_module(library)
    for page in Path(__file__).parent.glob("pages/*.py"):
        for module in _IMPORTED.findall(page.read_text(encoding="utf-8")):
            import_module(module)


@st.cache_resource(show_spinner=False)
def doorway() -> Doorway:
    """The one doorway of this process."""
    return Doorway()


def guarded(page: Callable[[Interviewer], None]) -> None:
    """Draw a page that needs the interviewer; an error becomes a sentence and a next step."""
    try:
        page(doorway().interviewer())
    except CoachError as error:
        st.error(safe(str(error)))
        st.button("Try again", key="retry")


def titled(name: str) -> None:
    """A page's title. Who has just come here sees it at once: a browser works through all that follows before it paints."""
    st.title(name, anchor=False)
    if st.session_state.get("arrived"):
        time.sleep(_PAINTS)


MOVED_ON = "This interview went on in another window, so nothing was done here. Below is how it stands now."


def attempt(verb: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | None:
    """What `verb` gives back, or None after its error was kept for the page to show."""
    try:
        return verb(*args, **kwargs)
    except Conflict:
        st.session_state["trouble"] = MOVED_ON
    except CoachError as error:
        st.session_state["trouble"] = str(error)
    except Exception:  # noqa: BLE001 the door: what comes of a click is drawn only after it
        st.session_state["trouble"] = unforeseen()
    return None


def trouble() -> str:
    """What went wrong since it was last asked, once."""
    return str(st.session_state.pop("trouble", ""))
