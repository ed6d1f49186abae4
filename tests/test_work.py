"""A rerun does no work that its inputs do not ask for: embeds, searches and calls of a language model, counted per action."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from coach.settings import with_model
from tests.llm_server import scripted
from tests.pages import GOOD, answer, drawn, interviewer, small_bank, tea, window
from ui.state import doorway


@dataclass
class Counted:
    """A part of the coach that counts how often it is asked to work."""

    part: Any
    work: Counter[str]
    what: frozenset[str] = field(default_factory=frozenset)

    def __getattr__(self, name: str) -> Any:
        if name in self.what:
            self.work[name] += 1
        return getattr(self.part, name)


@pytest.fixture
def work(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter[str]]:
    """What the coach of this process has done."""
    small_bank(corpus, monkeypatch)
    counts: Counter[str] = Counter()
    door = doorway()
    coach = door.coach()
    embedder = Counted(coach.embedder, counts, frozenset({"embed", "read"}))
    index = Counted(coach.index, counts, frozenset({"dense", "lexical"}))
    door._coach = replace(coach, embedder=embedder, index=index)
    door._interviewer = door._conversations = None
    interviewer().profile()
    yield counts
    st.cache_resource.clear()


def done(work: Counter[str], act: Any) -> Counter[str]:
    """What an action made the coach do."""
    work.clear()
    act()
    return Counter(work)


@pytest.mark.parametrize("page", ["today", "ask", "interview", "practice", "bank", "progress", "history", "sources", "settings"])
def test_drawing_a_page_embeds_and_searches_nothing(work: Counter[str], page: str) -> None:
    assert not done(work, lambda: window(page))


def test_a_question_is_embedded_and_searched_once_and_a_rerun_does_neither(work: Counter[str]) -> None:
    app = window("ask")
    assert done(work, lambda: ask(app, "How is green tea brewed?")) >= Counter(embed=1, dense=1, lexical=1)
    assert not done(work, lambda: drawn(app))


def ask(app: AppTest, question: str) -> None:
    app.chat_input[0].set_value(question)
    drawn(app)


def test_an_answer_is_read_once_and_the_feedback_drawn_again_for_nothing(work: Counter[str]) -> None:
    app = window("interview", id=tea().id)
    assert done(work, lambda: answer(app, GOOD))
    assert not done(work, lambda: drawn(app))


def test_a_reload_of_the_feedback_reads_nothing_again(work: Counter[str]) -> None:
    begun = tea()
    answer(window("interview", id=begun.id), GOOD)
    assert not done(work, lambda: window("interview", id=begun.id))


def test_another_choice_in_the_settings_asks_for_no_work(work: Counter[str]) -> None:
    app = window("settings")
    app.segmented_control(key="mode").set_value("Language model")
    assert not done(work, lambda: drawn(app))


def test_drawing_pages_calls_no_language_model(work: Counter[str]) -> None:
    with scripted(models=("small",)) as server:
        doorway().use(with_model(doorway().settings(), "small", server.url, "sk-secret"))
        for page in ("today", "ask", "interview", "settings"):
            window(page)
        assert not server.requests
    assert not work
