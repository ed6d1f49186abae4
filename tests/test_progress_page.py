"""The progress page by its keys, in Streamlit's own test runner, over a small bank: with data and without."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from coach.interview import Graded, Setup
from coach.records import record
from coach.settings import load_settings
from ingest.refresh import refresh
from tests.pages import GOOD, click, drawn, interviewer, seen, small_bank, tea, window


@pytest.fixture(autouse=True)
def bank(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small_bank(corpus, monkeypatch)


def finished(rating: int | None = None) -> str:
    """The id of an interview of one answer."""
    coach = interviewer()
    over = coach.next(coach.go_on(coach.reply(coach.begin(Setup(questions=1, only=("TE01",))), GOOD, rating)))
    assert over.ended
    return over.id


def test_without_a_session_it_says_what_will_be_here_and_how_to_begin() -> None:
    app = window("progress")
    assert "Nothing is here yet." in seen(app)
    assert "Practice a question" in [link.value for link in app.page_link]
    assert not app.get("vega_lite_chart")


def test_a_session_without_a_grade_is_no_progress_yet() -> None:
    tea()
    assert "No answer is graded yet." in seen(window("progress"))


def test_every_chart_is_a_table_too() -> None:
    finished(4)
    app = window("progress")
    assert {metric.label: metric.value for metric in app.metric} == {
        "Questions seen": "1 of 3",
        "Known": "1",
        "Due": "0",
        "Days in a row": "1",
    }
    assert len(app.get("vega_lite_chart")) == 3
    assert len(app.table) == 1
    for expander in app.expander:
        app.session_state[str(expander.key)] = True
    assert len(drawn(app).table) == 4


def test_without_ratings_it_says_how_to_get_a_calibration() -> None:
    finished()
    app = window("progress")
    assert "Say how sure you are" in seen(app)
    assert len(app.get("vega_lite_chart")) == 2


def test_two_graders_never_share_a_line() -> None:
    coach, id_ = interviewer(), finished()
    grade = coach.open(id_).turns[0].grade
    assert grade is not None
    assert grade.stamp is not None
    other = replace(grade, score=1.0, stamp=replace(grade.stamp, version="0"))
    finished()
    coach.history.append(id_, coach.open(id_).events, record(Graded(coach.now(), 0, other)))
    app = window("progress")
    assert "Each grader has a line of its own" in seen(app)
    assert json.loads(app.get("vega_lite_chart")[0].proto.spec)["encoding"]["color"]["field"] == "grader"


# The history in it.


def test_the_old_address_of_the_history_leads_here() -> None:
    id_ = finished()
    app = window("history")
    assert f"delete-{id_}" in {button.key for button in app.button}


def test_a_session_is_renamed() -> None:
    id_ = finished()
    app = window("progress", tab="history")
    app.text_input(key=f"name-{id_}").set_value("<b>Dress rehearsal")
    click(app, f"save-name-{id_}")
    assert "**<b>Dress rehearsal**" in [link.value.replace("\\", "") for link in app.page_link]


def test_what_is_deleted_can_be_brought_back() -> None:
    id_ = finished()
    app = click(window("progress", tab="history"), f"delete-{id_}")
    assert not interviewer().interviews()
    app.switch_page("pages/ask.py").run()
    app.switch_page("pages/progress.py")
    app.query_params["tab"] = "history"
    drawn(app)
    assert "Deleted: Practice: How is green tea brewed?" in seen(app)
    click(app, "undo")
    assert interviewer().open(id_).ended
    assert "Deleted:" not in seen(app)


def test_a_long_history_comes_in_pages() -> None:
    for _ in range(12):
        tea(questions=1)
    app = window("progress", tab="history")
    assert sum(str(button.key).startswith("delete-") for button in app.button) == 10
    assert app.get("pagination")


def test_answers_of_another_grader_or_material_are_graded_again_and_what_moved_is_shown(corpus: Path) -> None:
    id_ = finished()
    assert "graded by an earlier grader" not in seen(window("progress", tab="history"))
    file = corpus / "bank" / "tea.md"
    file.write_text(
        file.read_text().replace("(3) Green tea is brewed with water below boiling.", "(3) Oolong is rolled by hand.")
    )
    refresh(load_settings())
    app = window("progress", tab="history")
    assert "1 answer was graded by an earlier grader" in seen(app)
    click(app, "regrade")
    assert "→" in seen(app)
    assert len(interviewer().open(id_).turns[0].grades) == 2


def test_an_open_session_is_gone_on_with_from_here() -> None:
    id_ = tea().id
    app = window("progress", tab="history")
    assert f"id={id_}" in {link.proto.query_string for link in app.page_link}
    assert drawn(app)
