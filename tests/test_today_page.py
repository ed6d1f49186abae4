"""Today by its keys, in Streamlit's own test runner, over a small bank."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from coach.interviewer import Interviewer, Profile
from tests.pages import GOOD, SCRIPT, click, drawn, interviewer, seen, small_bank, tea
from ui.state import attempt, doorway, trouble
from ui.unforeseen import SAID


@pytest.fixture(autouse=True)
def bank(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    small_bank(corpus, monkeypatch)
    yield
    st.cache_resource.clear()


def home() -> AppTest:
    """A new browser window on the address without a path."""
    return drawn(AppTest.from_file(SCRIPT, default_timeout=30))


def metrics(app: AppTest) -> dict[str, str]:
    return {metric.label: str(metric.value) for metric in app.metric}


def test_the_first_page_is_today_and_says_what_there_is_to_practice() -> None:
    app = home()
    assert app.title[0].value == "Today"
    assert metrics(app) == {"To practice": "3", "Days in a row": "0"}


def test_a_first_visit_is_welcomed_once_and_never_again() -> None:
    app = home()
    assert "Come back" in seen(app)
    assert "Come back" not in seen(home())
    st.cache_resource.clear()
    assert "Come back" not in seen(home())


def test_the_welcome_can_be_put_away() -> None:
    app = click(home(), "welcomed")
    assert "Come back" not in seen(app)


def test_a_date_and_a_budget_are_kept() -> None:
    app = home()
    on = date.today() + timedelta(days=20)  # noqa: DTZ011 the page's own clock
    app.date_input(key="interview-on").set_value(on)
    app.number_input(key="per-day").set_value(2)
    assert metrics(drawn(app))["Days left"] == "20"
    assert interviewer().profile() == Profile(on, 2, welcomed=True)


def test_a_date_that_has_passed_is_told() -> None:
    coach = interviewer()
    coach.set_profile(replace(coach.profile(), interview_on=date(2026, 1, 1)))
    app = home()
    assert metrics(app)["Days left"] == "past"
    assert "has passed" in seen(app)


def test_what_is_planned_is_practiced_with_one_click() -> None:
    app = click(home(), "practice")
    begun = interviewer().interviews()[0][1]
    assert len(begun.setup.only) == 3
    assert app.query_params["session"] == begun.id


def test_an_unfinished_interview_and_the_last_conversation_are_offered() -> None:
    begun = tea()
    list(doorway().conversations().ask(doorway().conversations().new(), "How is green tea brewed?"))
    shown = seen(home())
    assert begun.asked == 1
    assert "Practice: Tea" in shown
    assert "How is green tea brewed?" in shown


def test_answers_make_a_streak() -> None:
    coach = interviewer()
    coach.go_on(coach.reply(tea(), GOOD))
    assert metrics(home())["Days in a row"] == "1"


def test_a_question_typed_here_is_asked_on_the_ask_page() -> None:
    app = home()
    app.chat_input(key="question").set_value("How is green tea brewed?")
    assert "Green tea is brewed with water well below boiling" in seen(drawn(app))


def test_what_nobody_foresaw_is_a_sentence_and_its_trace_is_logged(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Interviewer, "plan", lambda _self: 1 / 0)
    app = AppTest.from_file(SCRIPT, default_timeout=30).run()
    assert [error.value for error in app.error] == [SAID]
    assert "Traceback" in caplog.text
    caplog.clear()
    assert attempt(int, "no number") is None
    assert (trouble(), "ValueError" in caplog.text) == (SAID, True)
