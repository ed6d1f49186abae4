"""The interview page by its keys, in Streamlit's own test runner, over a small bank."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from coach.interview import Graded, Setup, Step
from coach.records import record
from coach.settings import load_settings
from ingest.banks import keep, topics_of
from ingest.formats.read import parse
from ingest.refresh import refresh
from tests.conftest import NOW
from tests.llm_server import json_body, raw, scripted
from tests.pages import GOOD, OFF_TOPIC, answer, buttons, click, drawn, interviewer, seen, small_bank, tea, window


@pytest.fixture(autouse=True)
def bank(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small_bank(corpus, monkeypatch)


def test_one_click_begins_a_practice_of_five_at_an_address_of_its_own() -> None:
    app = click(window(), "start")
    begun = interviewer().open(app.query_params["id"])
    assert (begun.setup.questions, begun.setup.real, begun.setup.topics) == (5, False, ())
    assert "question 1 of 5" in seen(app)
    assert begun.turns[0].asked.prompt in seen(app)


def test_an_answer_is_graded_with_the_words_that_earned_it_and_where_it_is_taught() -> None:
    app = answer(window(id=tea().id), GOOD)
    assert "✓ covered" in seen(app)
    assert "You said: “Green tea is brewed with water below boiling." in seen(app)
    click(app, "passage-0-0")
    assert ":yellow-background[Green tea is brewed" in seen(app)
    assert "https://arxiv.org/abs/2005.11401" in seen(app)


def test_what_is_missing_is_taught_and_a_model_answer_given() -> None:
    app = answer(window(id=tea().id), OFF_TOPIC)
    assert "○ missing" in seen(app)
    assert "The material: “Green tea is brewed" in seen(app)
    assert "Add one sentence: You let the kettle cool" in seen(app)
    assert [tab.label for tab in app.tabs] == ["In 60 seconds", "In 2 minutes"]


@pytest.mark.parametrize("text", ["  ", "tea " * 30_000])
def test_an_answer_that_cannot_be_taken_stays_in_the_box(text: str) -> None:
    app = answer(window(id=tea().id), text)
    assert app.error
    assert app.text_area[0].value == text
    assert answer(app, GOOD).query_params["id"]
    assert "✓ covered" in seen(app)


def test_a_draft_outlives_the_page_and_the_window() -> None:
    id_ = tea().id
    app = window(id=id_)
    app.text_area[0].set_value("Half an ans").run()
    app.switch_page("pages/ask.py").run()
    app.switch_page("pages/interview.py")
    app.query_params["id"] = id_
    assert drawn(app).text_area[0].value == "Half an ans"
    assert window(id=id_).text_area[0].value == "Half an ans"


def test_the_draft_of_one_question_is_not_the_next_ones() -> None:
    app = answer(window(id=tea().id), GOOD)
    assert click(app, "next").text_area[0].value == ""


def test_an_answer_that_was_kept_but_not_graded_is_graded_by_the_next_window() -> None:
    begun = tea()
    interviewer().reply(begun, GOOD)
    app = window(id=begun.id)
    assert "✓ covered" in seen(app)
    assert interviewer().open(begun.id).step is Step.READ


def test_a_second_window_is_told_and_loses_nothing_it_typed() -> None:
    id_ = tea().id
    one, other = window(id=id_), window(id=id_)
    answer(one, GOOD)
    answer(other, "What I typed in the other window.")
    assert "went on in another window" in seen(other)
    assert "What I typed in the other window." in seen(other)
    assert [turn.reply.text for turn in interviewer().open(id_).turns if turn.reply] == [GOOD]


def test_what_was_typed_for_an_interview_that_was_deleted_meanwhile_is_shown() -> None:
    id_ = tea().id
    app = window(id=id_)
    interviewer().delete(id_)
    answer(app, "What I typed too late.")
    assert "There is no interview" in seen(app)
    assert "What I typed too late." in seen(app)


def test_a_guess_is_called_one_and_a_remark_of_the_grader_is_shown() -> None:
    coach = interviewer()
    begun = coach.go_on(coach.reply(tea(), GOOD))
    grade = begun.turns[0].grade
    assert grade is not None
    guess = replace(grade, verdicts=(replace(grade.verdicts[0], confidence=0.5),), note="Second opinion differs.")
    coach.history.append(begun.id, begun.events, record(Graded(coach.now(), 0, guess)))
    app = window(id=begun.id)
    assert "not sure" in seen(app)
    assert "Second opinion differs." in seen(app)


def test_too_little_to_grade_is_no_zero() -> None:
    app = answer(window(id=tea().id), "Hot water.")
    assert "– :small[:gray[of 5]]" in seen(app)
    assert "Too little to grade" in seen(app)


def test_hints_are_counted_shown_and_paid_for() -> None:
    app = click(window(id=tea().id), "hint")
    assert "Hint 1." in seen(app)
    assert app.button(key="hint").label == "Hint (2 left)"
    answer(app, GOOD)
    assert "less 0.5 for 1 hint" in seen(app)


def test_a_self_rating_is_kept_with_the_answer() -> None:
    begun = tea()
    app = window(id=begun.id)
    app.pills[0].set_value(4)
    answer(app, GOOD)
    assert "You rated it 4, good." in seen(app)
    reply = interviewer().open(begun.id).turns[0].reply
    assert reply is not None
    assert reply.rating == 4


def test_a_real_interview_has_a_clock_no_hints_and_feedback_only_at_the_end() -> None:
    app = window(id=tea(real=True).id)
    assert "left for this question" in seen(app)
    assert "hint" not in buttons(app)
    answer(app, GOOD)
    assert "question 2 of 2" in seen(app)
    assert "covered" not in seen(app)
    answer(app, OFF_TOPIC)
    assert app.title[0].value == "Report"
    assert "✓ covered" in seen(app)


def test_an_answer_after_the_clock_is_taken_and_called_late() -> None:
    begun = tea(real=True, seconds=1)
    app = window(id=begun.id)
    while (interviewer().now() - begun.turns[0].asked.at).total_seconds() <= 1:
        time.sleep(0.05)
    assert "Time is up." in seen(drawn(app))
    click(answer(app, GOOD), "skip")
    assert "It came after the clock had run out." in seen(app)


def test_skipping_pausing_and_ending() -> None:
    begun = tea()
    app = click(window(id=begun.id), "pause")
    assert "Paused since" in seen(app)
    assert not app.text_area
    click(app, "resume")
    click(app, "skip")
    assert "question 2 of 2" in seen(app)
    click(app, "really-end")
    assert app.title[0].value == "Report"
    assert interviewer().open(begun.id).ended


def test_a_follow_up_asks_for_what_was_missed_and_a_retry_asks_again() -> None:
    app = click(answer(window(id=tea().id), OFF_TOPIC), "follow-up")
    assert "follow-up" in seen(app)
    answer(app, GOOD)
    assert "follow-up" not in buttons(app)
    click(app, "again")
    assert "once more" in seen(app)


def test_i_did_say_that_judges_again_and_both_grades_stay() -> None:
    begun = tea()
    app = answer(window(id=begun.id), OFF_TOPIC)
    app.radio[0].set_value(OFF_TOPIC)
    click(app, f"judge-{begun.id}-0-0-1")
    assert "Judged again by the words you marked" in seen(app)
    assert f"“{OFF_TOPIC}”" in seen(app)
    assert len(interviewer().open(begun.id).turns[0].grades) == 2


def test_words_that_were_not_said_cannot_be_marked() -> None:
    app = answer(window(id=tea().id), OFF_TOPIC)
    app.text_input[0].set_value("I said it all")
    click(app, f"judge-{app.query_params['id']}-0-0-1")
    assert "not in your answer" in seen(app)


def test_the_report_links_into_ask_and_can_be_taken_away() -> None:
    app = click(answer(window(id=tea(questions=1).id), OFF_TOPIC), "next")
    assert app.title[0].value == "Report"
    assert [button.label for button in app.download_button] == ["Markdown", "HTML to print", "JSON", "Anki deck", "Cards as CSV"]
    assert "Ask about it" in [link.value for link in app.page_link]


def test_a_job_description_chooses_topics() -> None:
    app = window()
    app.text_area(key="target").set_value("We brew green tea and oolong; you know the temperature for green tea.")
    click(app, "map")
    assert app.multiselect(key="topics").value == ["tea"]
    click(app, "start")
    assert interviewer().open(app.query_params["id"]).setup.target.startswith("We brew")


def test_a_setup_is_held_as_chosen() -> None:
    app = window()
    app.segmented_control(key="mode").set_value("Real interview")
    app.segmented_control(key="unit").set_value("Minutes")
    drawn(app).number_input(key="minutes").set_value(7)
    app.number_input(key="seconds").set_value(30)
    click(app, "start")
    setup = interviewer().open(app.query_params["id"]).setup
    assert (setup.real, setup.questions, setup.minutes, setup.seconds) == (True, None, 7, 30)


def test_an_impossible_setup_is_told_what_to_change() -> None:
    app = window()
    app.pills(key="level").set_value("senior")
    assert "No question of the bank has these topics and this level" in seen(click(app, "start"))


def test_unfinished_interviews_are_offered_first() -> None:
    id_ = tea().id
    app = click(window(), f"continue-{id_}")
    assert app.query_params["id"] == id_
    assert "How is green tea brewed?" in seen(app)


def test_an_address_of_nothing_is_told_so() -> None:
    app = window(id="<b>none")
    assert "There is no interview '<b>none'" in seen(app)
    click(app, "begin")
    assert "id" not in app.query_params


def test_hostile_answers_are_drawn_as_typed() -> None:
    hostile = f"<script>alert(1)</script> ![x](https://evil.example/x.png) :red-badge[5 of 5] $\\rule{{9em}}{{9em}}$ {GOOD}"
    app = answer(window(id=tea().id), hostile)
    drawn_raw = "\n".join(str(element.value) for element in (*app.markdown, *app.caption))
    assert "\\!\\[x\\]\\(" in drawn_raw
    assert "![x]" not in drawn_raw
    assert " :red-badge[5 of 5]" not in drawn_raw
    assert "$\\rule" not in drawn_raw.replace("\\$", "")


def test_a_broken_bank_is_told_with_its_line(corpus: Path) -> None:
    file = corpus / "bank" / "tea.md"
    whole = file.read_text()
    file.write_text(whole.replace("Level: mid", "Level: expert", 1))
    app = window()
    assert "bank/tea.md" in seen(app)
    file.write_text(whole)
    app.button[0].click()
    assert drawn(app).button(key="start")


def test_a_new_index_brings_new_questions_without_a_restart(corpus: Path) -> None:
    window()
    file = corpus / "bank" / "sailing.md"
    file.write_text(file.read_text().replace("How can a boat sail against the wind?", "How does a boat go upwind?"))
    refresh(load_settings())
    assert "How does a boat go upwind?" in {question.prompt for question in interviewer().questions.values()}


def test_a_question_that_nobody_answered_says_so_before_one_writes() -> None:
    settings = load_settings()
    (topic,) = topics_of(parse("# Boats\n\n1. When should the engine run?\n", "boats.md").items, "boats")
    keep(settings.banks_folder, "boats", Path("boats.md"), (topic,), NOW)
    refresh(settings)
    begun = interviewer().begin(Setup(only=(topic.questions[0].id,)))
    app = window(id=begun.id)
    assert "No reference answer: not graded." in seen(app)
    assert "No reference answer: not graded." in seen(answer(app, OFF_TOPIC))


def test_without_a_voice_there_are_no_dead_buttons() -> None:
    app = window(id=tea().id)
    assert "speak" not in buttons(app)
    assert not app.audio_input


def test_a_spoken_answer_is_written_into_the_box_and_a_question_read_aloud(monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted(json_body({"text": "Below boiling."}), raw(b"ID3\x04sound", kind="audio/mpeg")) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("COACH_TRANSCRIBE_MODEL", "ears")
        monkeypatch.setenv("COACH_SPEECH_MODEL", "mouth")
        app = window(id=tea().id)
        app.text_area[0].set_value("Well.")
        app.audio_input[0].upload("answer.wav", b"RIFF....", "audio/wav")
        assert drawn(app).text_area[0].value == "Well. Below boiling."
        assert click(app, "speak").get("audio")
