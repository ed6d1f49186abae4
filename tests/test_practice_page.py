"""The practice page by its keys, in Streamlit's own test runner, over a small bank."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pages import GOOD, answer, buttons, click, drawn, interviewer, seen, small_bank, window


@pytest.fixture(autouse=True)
def bank(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small_bank(corpus, monkeypatch)


def test_todays_questions_are_practiced_one_by_one_with_one_click() -> None:
    app = window("practice")
    assert "0 to repeat" in seen(app)
    assert "3 new" in seen(app)
    assert not interviewer().interviews()
    click(app, "begin")
    begun = interviewer().open(app.query_params["session"])
    assert begun.setup.only == interviewer().plan().today
    assert "question 1 of 3" in seen(app)


def test_a_visit_later_that_day_goes_on_with_what_was_begun() -> None:
    app = click(window("practice"), "begin")
    app.text_area[0].set_value("Half an ans").run()
    later = window("practice")
    assert "3 questions left" in seen(later)
    assert click(later, "begin").text_area[0].value == "Half an ans"
    assert len(interviewer().interviews()) == 1


def test_a_question_is_practiced_by_its_address_and_a_reload_begins_nothing_new() -> None:
    assert "How is green tea brewed?" in seen(window("practice", id="TE01"))
    app = answer(window("practice", id="TE01"), GOOD)
    assert "✓ covered" in seen(app)
    assert "✓ covered" in seen(window("practice", id="TE01"))
    assert [one.setup.only for _stream, one in interviewer().interviews()] == [("TE01",)]


def test_a_grade_shows_its_score_the_words_and_the_source_and_then_what_is_next() -> None:
    app = answer(window("practice", id="TE01"), GOOD)
    assert "You said: “Green tea is brewed with water below boiling." in seen(app)
    assert "passage-0-0" in buttons(app)
    click(app, "next")
    assert "Done" in seen(app)
    assert interviewer().open(app.query_params["session"]).ended
    assert "Practice 2 more questions" in {button.label for button in app.button}


def test_hints_come_in_three_steps_and_are_paid_for() -> None:
    app = window("practice", id="TE01")
    for number in (1, 2, 3):
        click(app, "hint")
        assert f"Hint {number}." in seen(app)
    assert "hint" not in buttons(app)
    assert "less 1.5 for 3 hints" in seen(answer(app, GOOD))


def test_not_today_puts_a_question_off_until_tomorrow() -> None:
    app = click(window("practice", id="TE01"), "skip")
    assert "put off" in seen(app)
    plan = interviewer().plan()
    assert "TE01" not in plan.today
    assert "TE01" in plan.days[1].new


def test_when_all_is_done_the_page_says_so() -> None:
    app = click(window("practice"), "begin")
    for _ in range(3):
        click(app, "skip")
    assert "That is all for today." in seen(app)
    assert "Nothing is due." in seen(window("practice"))


@pytest.mark.parametrize("query", [{"id": "XX99"}, {"session": "gone"}])
def test_an_address_that_leads_nowhere_says_what_to_do(query: dict[str, str]) -> None:
    app = window("practice", **query)
    assert "There is no" in seen(app)
    click(app, "due")
    assert "Today:" in seen(app)


def test_a_second_try_and_a_follow_up_are_offered() -> None:
    app = answer(window("practice", id="TE02"), "Oolong is a tea that people drink in the evening, and I like it a lot.")
    assert {"again", "follow-up"} <= buttons(app)
    click(app, "again")
    assert drawn(app).text_area
