"""The history page by its keys, in Streamlit's own test runner, over a small bank."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from coach.archive import exported
from coach.interview import Graded
from coach.interviewer import KINDS
from coach.records import record
from coach.settings import load_settings
from ingest.refresh import refresh
from tests.pages import GOOD, click, drawn, interviewer, seen, small_bank, tea, window


@pytest.fixture(autouse=True)
def bank(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small_bank(corpus, monkeypatch)


def finished() -> str:
    """The id of an interview of one answer."""
    coach = interviewer()
    over = coach.next(coach.go_on(coach.reply(tea(questions=1), GOOD)))
    assert over.ended
    return over.id


def test_an_empty_history_says_so_and_plans_the_first_day() -> None:
    app = window("history")
    assert "There is none yet." in seen(app)
    assert [metric.value for metric in app.metric] == ["3", "0"]


def test_todays_plan_is_practiced_with_one_click() -> None:
    app = click(window("history"), "practice")
    assert interviewer().interviews()[0][1].setup.questions == 3
    assert "question 1 of 3" in seen(app)


def test_a_date_and_a_budget_change_the_plan() -> None:
    app = window("history")
    app.date_input(key="interview-on").set_value(interviewer().now().date() + timedelta(days=5))
    drawn(app).number_input(key="per-day").set_value(1)
    drawn(app)
    assert {metric.label: metric.value for metric in app.metric} == {
        "To do today": "1",
        "Days in a row": "0",
        "Days left": "5",
    }
    assert interviewer().profile().per_day == 1


def test_a_date_can_be_taken_back() -> None:
    coach = interviewer()
    coach.set_profile(replace(coach.profile(), interview_on=date(2026, 1, 1)))
    app = window("history")
    assert "has passed" in seen(app)
    app.date_input(key="interview-on").set_value(None)
    drawn(app)
    assert interviewer().profile().interview_on is None


def test_two_graders_never_share_a_line() -> None:
    id_ = finished()
    coach = interviewer()
    grade = coach.open(id_).turns[0].grade
    assert grade is not None
    assert grade.stamp is not None
    other = replace(grade, score=1.0, stamp=replace(grade.stamp, version="0"))
    finished()
    coach.history.append(id_, coach.open(id_).events, record(Graded(coach.now(), 0, other)))
    app = window("history")
    assert "Each grader has a line of its own" in seen(app)
    assert len({scored.grader for scored in coach.past().results}) == 2
    assert json.loads(app.get("vega_lite_chart")[-1].proto.spec)["encoding"]["color"]["field"] == "grader"


def test_a_session_is_renamed() -> None:
    id_ = finished()
    app = window("history")
    app.text_input(key=f"name-{id_}").set_value("<b>Dress rehearsal")
    click(app, f"save-name-{id_}")
    assert "**<b>Dress rehearsal**" in seen(app)


def test_deleting_says_what_is_lost_and_takes_the_draft_too() -> None:
    id_ = finished()
    app = window("history")
    assert "1 answer and 1 grade" in seen(app)
    open_ = tea()
    interviewer().keep_draft(open_, "half an answer")
    drawn(app)
    click(app, f"really-{open_.id}")
    click(app, f"really-{id_}")
    assert not interviewer().interviews()
    assert not exported(interviewer().history, KINDS)["streams"]


def test_everything_goes_out_and_comes_back() -> None:
    id_ = finished()
    archive = json.dumps(exported(interviewer().history, KINDS)).encode()
    app = window("history")
    app.text_input(key="typed").set_value("Delete everything")
    click(drawn(app), "delete-everything")
    assert "There is none yet." in seen(app)
    app.file_uploader(key="import").upload("mine.json", archive, "application/json")
    click(drawn(app), "restore")
    assert "Added or completed: 1." in seen(app)
    assert interviewer().open(id_).ended


def test_nothing_is_deleted_without_the_typed_words() -> None:
    finished()
    app = window("history")
    app.text_input(key="typed").set_value("yes")
    assert drawn(app).button(key="delete-everything").disabled


def test_a_file_that_is_no_archive_is_told_so() -> None:
    app = window("history")
    app.file_uploader(key="import").upload("mine.json", b"[1, 2", "application/json")
    click(drawn(app), "restore")
    assert "no archive of a history" in seen(app)


def test_answers_of_another_grader_or_material_are_graded_again_and_what_moved_is_shown(corpus: Path) -> None:
    id_ = finished()
    assert "graded by an earlier grader" not in seen(window("history"))
    file = corpus / "bank" / "tea.md"
    file.write_text(
        file.read_text().replace("(3) Green tea is brewed with water below boiling.", "(3) Oolong is rolled by hand.")
    )
    refresh(load_settings())
    app = window("history")
    assert "1 answer was graded by an earlier grader" in seen(app)
    click(app, "regrade")
    assert "How is green tea brewed?" in seen(app)
    assert "→" in seen(app)
    assert len(interviewer().open(id_).turns[0].grades) == 2


def test_a_history_of_many_sessions_is_shown_in_parts() -> None:
    for _ in range(12):
        tea(questions=1)
    app = window("history")
    assert app.button(key="more").label.startswith("Show ")
    before = len([key for key in app.button if str(key.key).startswith("really-")])
    click(app, "more")
    assert len([key for key in app.button if str(key.key).startswith("really-")]) > before


def test_an_open_session_can_be_gone_on_with_from_here() -> None:
    tea()
    assert "Continue" in [link.value for link in window("history").page_link]
