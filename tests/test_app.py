"""The Ask page by its keys, in Streamlit's own test runner, over a small bank."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from coach.conversation import Asked, Conversation, Event, Failed, Stopped, record
from coach.conversations import CONVERSATION, Conversations
from coach.domain import AnswerKind, Manner
from coach.settings import load_settings
from ingest.refresh import refresh
from tests.asking import GREEN, HONEST, NOON, OOLONG
from tests.llm_server import Scripted, Step, drop, reply, scripted, stream
from tests.pages import buttons, click, drawn, seen, small_bank, window
from ui.state import doorway

LIE = "AcmeTea won every prize in Lisbon last year [1]."


@pytest.fixture(autouse=True)
def bank(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    small_bank(corpus, monkeypatch)
    yield
    st.cache_resource.clear()


@contextmanager
def model(monkeypatch: pytest.MonkeyPatch, *steps: Step) -> Iterator[Scripted]:
    """A process with a language model at a scripted server."""
    with scripted(*steps) as server:
        monkeypatch.setenv("COACH_MODEL", "small")
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        st.cache_resource.clear()
        yield server


def ask(app: AppTest, question: str) -> AppTest:
    app.chat_input(key="question").set_value(question)
    return drawn(app)


def conversations() -> Conversations:
    return doorway().conversations()


def kept(*events: Event) -> str:
    """The id of a conversation on disk in which this happened."""
    history = conversations().history
    history.begin("c-1", CONVERSATION, "Tea", NOON)
    for number, event in enumerate(events):
        history.append("c-1", number, record(event))
    return "c-1"


def id_of(app: AppTest) -> str:
    """What the address names."""
    said = app.query_params["c"]
    return said if isinstance(said, str) else said[0]


def at(app: AppTest) -> Conversation:
    """The conversation that the address names, as it is on disk."""
    return conversations().open(id_of(app))


def test_a_first_visit_offers_questions_to_try() -> None:
    app = window("ask")
    assert app.button(key="example-0").label.startswith("How does HNSW")
    click(app, "example-0")
    assert "How does HNSW find neighbors" in seen(app)
    assert "example-0" not in buttons(app)


def test_a_question_gets_a_cited_answer() -> None:
    app = ask(window("ask"), GREEN)
    assert "Green tea is brewed with water well below boiling" in seen(app)
    click(app, "cite-0-1")
    assert ":yellow-background[Green tea is brewed" in seen(app)
    assert "https://arxiv.org/abs/2005.11401" in seen(app)


def test_what_is_not_there_is_said_with_what_is_near() -> None:
    app = ask(window("ask"), "Who won the football match yesterday evening?")
    assert "That is not in the material." in seen(app)
    assert not {"manner-simple", "again"} & buttons(app)
    click(app, "near-0-0")
    assert len(at(app).turns) == 2


def test_a_reload_shows_everything_and_the_address_says_which() -> None:
    app = ask(ask(window("ask"), GREEN), "and why is that bitter?")
    again = window("ask", c=id_of(app))
    assert seen(again) == seen(app)
    assert "Searched for: " in seen(again)


def test_who_comes_back_from_another_page_finds_the_conversation() -> None:
    app = ask(window("ask"), GREEN)
    app.switch_page("pages/history.py")
    drawn(app).switch_page("pages/ask.py")
    assert GREEN in seen(drawn(app))


def test_a_link_with_a_question_begins_a_conversation_and_asks_once() -> None:
    app = window("ask", q=GREEN)
    assert "q" not in app.query_params
    assert [turn.asked.question for turn in at(app).turns] == [GREEN]
    assert len(at(drawn(app)).turns) == 1


def test_a_chip_asks_about_the_last_question_in_another_manner() -> None:
    app = click(ask(window("ask"), GREEN), "manner-simple")
    turn = at(app).turns[-1]
    assert (turn.asked.question, turn.asked.manner) == (GREEN, Manner.SIMPLE)
    assert f"**Explain simply** · {GREEN}" in seen(app)
    assert "manner-simple" not in buttons(app)


def test_what_an_interviewer_asks_next_can_be_asked() -> None:
    app = click(ask(window("ask"), GREEN), "manner-next")
    assert "An interviewer could go on with:" in seen(app)
    asks = at(app).turns[-1].answer
    assert asks
    click(app, "ask-1-0")
    assert at(app).turns[-1].asked.question == asks.asks[0]


def test_quiz_me_goes_to_that_one_question() -> None:
    app = click(ask(window("ask"), GREEN), "manner-quiz")
    assert app.query_params["id"] in ("TE01", ["TE01"])
    assert GREEN in seen(app)


def test_nothing_yet_can_be_tried_again_and_takes_its_place() -> None:
    for event in (Asked(NOON, GREEN), Failed(NOON, "The server was away.")):
        app = window("ask", c=kept(Asked(NOON, GREEN), event))
        assert "The server was away." in seen(app) or "try again" in seen(app)
        click(app, "again")
        assert [turn.whole for turn in at(app).turns] == [True]
        conversations().delete("c-1")


def test_what_had_come_before_a_stop_is_shown_and_marked() -> None:
    app = window("ask", c=kept(Asked(NOON, GREEN), Stopped(NOON, "Green tea is brewed. [1] It")))
    assert "Green tea is brewed. It" in seen(app)
    assert "Stopped before its end" in seen(app)
    click(app, "again")
    assert [turn.partial != "" for turn in at(app).turns] == [True, False]


def test_two_windows_on_one_conversation_do_not_mix() -> None:
    one = ask(window("ask"), GREEN)
    other = window("ask", c=id_of(one))
    ask(one, OOLONG)
    ask(other, "and why is that?")
    assert "went on in another window" in seen(other)
    assert "Oolong is oxidized only in part" in seen(other)
    assert other.chat_input(key="question").value == "and why is that?"
    assert [turn.asked.question for turn in at(other).turns] == [GREEN, OOLONG]
    ask(other, "and why is that?")
    assert len(at(other).turns) == 3


def test_a_conversation_is_named_found_and_opened() -> None:
    app = ask(window("ask"), GREEN)
    id_ = id_of(app)
    app.text_input(key=f"name-{id_}").set_value("My tea notes")
    assert "My tea notes" in [header.value for header in drawn(app).header]
    click(app, "new")
    assert "c" not in app.query_params
    click(app, "conversations")
    assert f"open-{id_}" in buttons(app)


def test_a_deleted_conversation_comes_back_with_undo() -> None:
    app = ask(window("ask"), GREEN)
    before = at(app)
    click(app, "delete")
    assert conversations().all() == []
    assert f"Deleted: {GREEN}" in seen(app)
    click(app, "undo")
    assert at(app) == before


def test_an_address_of_nothing_leads_to_a_new_one() -> None:
    app = window("ask", c="nowhere")
    assert "There is no such conversation" in seen(app)
    assert "example-0" in buttons(click(app, "begin"))


def test_without_an_index_the_question_is_kept_and_the_next_step_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COACH_HOME", str(tmp_path / "empty"))
    st.cache_resource.clear()
    app = ask(window("ask"), GREEN)
    assert "Run: coach ingest" in seen(app)
    assert app.chat_input(key="question").value == GREEN
    refresh(load_settings())
    assert "example-0" in buttons(click(app, "retry"))


def test_a_wordless_question_is_told_so_and_put_back() -> None:
    app = ask(window("ask"), "🙂")
    assert "no words" in seen(app)
    assert app.chat_input(key="question").value == "🙂"
    assert conversations().all() == []


def test_a_new_index_is_followed_without_a_restart(corpus: Path) -> None:
    app = ask(window("ask"), GREEN)
    file = corpus / "bank" / "tea.md"
    file.write_text(file.read_text().replace("about 75 degrees", "about 70 degrees"))
    refresh(load_settings())
    assert "70 degrees" in seen(ask(app, "How is green tea brewed, exactly?"))


def test_hostile_questions_are_drawn_as_typed() -> None:
    app = ask(window("ask"), "<script>alert(1)</script> ![x](https://evil.example/x.png) :red[tea]")
    assert "\\!\\[x\\]\\(" in "\n".join(element.value for element in app.markdown)


def test_what_a_model_wrote_is_marked_counted_and_paid_for_in_the_open(monkeypatch: pytest.MonkeyPatch) -> None:
    with model(monkeypatch, stream(f"{HONEST} {LIE} The leaves steep for two minutes [9].")):
        app = ask(window("ask"), GREEN)
    assert ":orange-badge[no source]" in seen(app)
    assert "“no source” marks what no passage says: 1" in seen(app)
    assert "Removed: 1 citation of a passage that was never given" in seen(app)
    assert "12 tokens, cost unknown" in seen(app)
    assert "12 tokens in 1 calls" not in seen(app)
    assert "12 tokens in 1 call," in seen(app)
    assert "Your question, as it was searched for" in seen(app)


def test_what_a_model_had_written_before_it_broke_off_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    with model(monkeypatch, stream(HONEST, finish=None, then=drop)):
        app = ask(window("ask"), GREEN)
    answer = at(app).turns[0].answer
    assert answer
    assert (answer.kind, answer.partial != "") == (AnswerKind.EXTRACTED, True)
    assert "The language model broke off here." in seen(app)
    assert "these are the material's own sentences" in seen(app)


def test_a_follow_up_is_rewritten_by_the_model_and_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = (stream(HONEST), reply({"question": "Why is green tea bitter?"}), stream(HONEST))
    with model(monkeypatch, *steps):
        app = ask(ask(window("ask"), GREEN), "and why is that bitter?")
    assert "Searched for: Why is green tea bitter?" in seen(app)


def test_without_a_model_nothing_leaves_and_the_page_says_so() -> None:
    assert "No language model is set up" in seen(window("ask"))
