"""The app by its keys, in Streamlit's own test runner, over a small bank."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from coach.settings import load_settings
from ingest.refresh import refresh

SCRIPT = str(Path(__file__).resolve().parent.parent / "ui" / "app.py")


@pytest.fixture
def app(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppTest]:
    monkeypatch.setenv("COACH_CORPUS", str(corpus))
    monkeypatch.setenv("COACH_EMBEDDER", "hashing")
    st.cache_resource.clear()
    yield AppTest.from_file(SCRIPT, default_timeout=30)
    st.cache_resource.clear()


def texts(app: AppTest) -> str:
    return "\n".join(element.value for element in app.markdown)


def errors(app: AppTest) -> str:
    """What the errors say, as a reader sees it."""
    return "\n".join(re.sub(r"\\(.)", r"\1", element.value) for element in app.error)


def ask(app: AppTest, question: str) -> AppTest:
    app.chat_input(key="question").set_value(question).run()
    assert not app.exception
    return app


def test_a_first_visit_offers_questions_to_try(app: AppTest) -> None:
    refresh(load_settings())
    app.run()
    assert not app.exception
    assert app.button(key="example-0").label.startswith("How does HNSW")


def test_a_question_gets_a_cited_answer(app: AppTest) -> None:
    refresh(load_settings())
    ask(app.run(), "How is green tea brewed?")
    assert "Green tea is brewed with water well below boiling" in texts(app)
    app.button(key="cite-0-1").click().run()
    assert not app.exception
    assert ":yellow-background[Green tea is brewed" in texts(app)
    assert "https://arxiv.org/abs/2005.11401" in texts(app)


def test_what_is_not_there_is_said_with_what_is_near(app: AppTest) -> None:
    refresh(load_settings())
    ask(app.run(), "Who won the football match yesterday evening?")
    assert "That is not in the material." in texts(app)
    app.button(key="near-0-0").click().run()
    assert not app.exception
    assert len(app.session_state["turns"]) == 2


def test_an_example_can_be_clicked(app: AppTest) -> None:
    refresh(load_settings())
    app.run()
    app.button(key="example-0").click().run()
    assert not app.exception
    assert "How does HNSW find neighbors" in texts(app)


def test_without_an_index_the_question_is_kept_and_the_next_step_told(app: AppTest) -> None:
    ask(app.run(), "How is green tea brewed?")
    assert "Run: coach ingest" in errors(app)
    assert "How is green tea brewed?" in texts(app)
    refresh(load_settings())
    app.button(key="again-0").click().run()
    assert not app.exception
    assert "Green tea is brewed with water well below boiling" in texts(app)


def test_a_wordless_question_is_told_so_and_kept(app: AppTest) -> None:
    refresh(load_settings())
    ask(app.run(), "🙂")
    assert "no words" in errors(app)
    assert "🙂" in texts(app)


def test_a_new_index_is_followed_without_a_restart(app: AppTest, corpus: Path) -> None:
    refresh(load_settings())
    ask(app.run(), "How is green tea brewed?")
    file = corpus / "bank" / "tea.md"
    file.write_text(file.read_text().replace("about 75 degrees", "about 70 degrees"))
    refresh(load_settings())
    ask(app, "How is green tea brewed, exactly?")
    assert "70 degrees" in texts(app)


def test_hostile_questions_are_drawn_as_typed(app: AppTest) -> None:
    refresh(load_settings())
    ask(app.run(), "<script>alert(1)</script> ![x](https://evil.example/x.png) :red[tea]")
    assert "\\!\\[x\\]\\(https\\:" in texts(app)
