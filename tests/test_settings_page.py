"""Settings by their keys, in Streamlit's own test runner, over a small bank and a server with a script."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from coach.archive import exported
from coach.settings import Settings, with_model
from tests.llm_server import scripted, status
from tests.pages import click, drawn, interviewer, seen, small_bank, tea, window
from ui.state import doorway


@pytest.fixture(autouse=True)
def bank(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    small_bank(corpus, monkeypatch)
    yield
    st.cache_resource.clear()


def chosen(url: str, model: str = "small", key: str = "sk-secret") -> AppTest:
    """The page with a language model typed in and not used yet."""
    app = window("settings")
    app.segmented_control(key="mode").set_value("Language model")
    drawn(app)
    app.text_input(key="model").set_value(model)
    app.text_input(key="url").set_value(url)
    app.text_input(key="key").set_value(key)
    return app


def test_without_a_key_nothing_leaves_and_the_page_says_so() -> None:
    app = window("settings")
    assert app.segmented_control(key="mode").value == "Keyless"
    assert "Nothing. There is no language model" in seen(app)


def test_a_model_is_used_from_now_on_without_opening_the_index_again() -> None:
    with scripted(models=("small",)) as server:
        before = doorway().coach()
        app = click(chosen(server.url), "use")
        assert "In force until the app stops" in seen(app)
        writer = doorway().conversations().coach.writer
        assert writer is not None
        assert writer.model.name == "small"
        assert doorway().interviewer().examiner.model is not None
        assert doorway().coach() is before


def test_a_key_is_neither_shown_nor_written(tmp_path: Path) -> None:
    app = click(click(chosen("http://127.0.0.1:9/v1"), "use"), "insist")
    assert app.text_input(key="key").value == ""
    assert "sk-secret" not in seen(app)
    interviewer().history.close()
    assert not [file for file in tmp_path.rglob("*") if file.is_file() and b"sk-secret" in file.read_bytes()]


def test_a_key_is_not_sent_to_a_server_it_was_not_given_for() -> None:
    given = with_model(Settings(), "small", "https://one.example/v1", "sk-secret")
    assert with_model(given, "other", "https://one.example/v1", "").openai_api_key == given.openai_api_key
    assert with_model(given, "small", "https://two.example/v1", "").openai_api_key is None


def test_a_connection_that_works_is_told() -> None:
    with scripted(models=("small",)) as server:
        assert "answers and serves small" in seen(click(chosen(server.url), "test"))


def test_a_model_that_is_not_there_is_told_with_those_that_are() -> None:
    with scripted(models=("large",)) as server:
        assert "does not serve 'small'; it serves large" in seen(click(chosen(server.url), "test"))


def test_a_server_that_is_not_there_is_told() -> None:
    assert "cannot be reached" in seen(click(chosen("http://127.0.0.1:9/v1"), "test"))


def test_what_is_no_address_is_told() -> None:
    assert "is not the address of a server" in seen(click(chosen("nonsense"), "test"))


def test_a_model_that_will_not_answer_is_not_used_unless_one_insists() -> None:
    with scripted(listing=status(401, "Incorrect API key provided.")) as server:
        app = click(chosen(server.url), "use")
    assert "OPENAI_API_KEY" in seen(app)
    assert "Nothing was changed." in seen(app)
    assert doorway().settings().model is None
    assert app.text_input(key="model").value == "small"
    assert "In force" in seen(click(app, "insist"))


def test_a_model_without_key_and_address_is_not_used() -> None:
    app = click(chosen("", key=""), "use")
    assert "neither OPENAI_API_KEY nor OPENAI_BASE_URL" in seen(app)
    assert doorway().settings().model is None


def test_keyless_is_in_force_at_once() -> None:
    app = click(click(chosen("http://127.0.0.1:9/v1"), "use"), "insist")
    app.segmented_control(key="mode").set_value("Keyless")
    assert "Keyless from now on" in seen(drawn(app))
    assert doorway().conversations().coach.writer is None


def test_a_daily_limit_is_in_force_at_once() -> None:
    app = click(click(chosen("http://127.0.0.1:9/v1"), "use"), "insist")
    app.number_input(key="tokens").set_value(5000)
    drawn(app)
    assert doorway().conversations().ledger.most_tokens == 5000


def everything() -> dict[str, object]:
    history = interviewer().history
    return exported(history, history.kinds())


def test_everything_is_deleted_only_when_it_is_typed_and_can_be_undone() -> None:
    tea()
    app = window("settings")
    before = json.dumps(everything())
    assert app.button(key="delete-everything").disabled
    app.text_input(key="typed").set_value("delete everything")
    app = click(drawn(app), "delete-everything")
    assert not everything()["streams"]
    assert "it can be undone" in seen(app)
    click(app, "undo")
    assert json.dumps(everything()) == before


def test_an_export_holds_every_kind_of_what_is_kept() -> None:
    tea()
    list(doorway().conversations().ask(doorway().conversations().new(), "How is green tea brewed?"))
    streams = everything()["streams"]
    assert isinstance(streams, list)
    assert {stream["kind"] for stream in streams} == {"interview", "conversation"}
