from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coach.adapters.history import SqlHistory
from coach.adapters.llm import OpenAIModel
from coach.domain import Grade, Level, Mode, Question, Topic, Verdict
from coach.errors import BadInput, BadMove, Conflict, StorageError
from coach.interview import MAX_MINUTES, MAX_QUESTIONS, Disputed, Graded, Interview, Kind, Paused, Setup, Step, Style
from coach.interviewer import KINDS, MAX_REPLY, PER_DAY, PROFILE, Interviewer, Profile
from coach.past import INTERVIEW
from coach.ports import Record
from coach.records import record
from coach.schedule import schedule
from tests.interviews import (
    BANK,
    BEGAN,
    FULL,
    GREEN,
    ID,
    OFF_TOPIC,
    SETUPS,
    TICK,
    WEAK,
    begun,
    examiner,
    held,
    interviewer,
    kept,
    move,
)
from tests.llm_server import reply, scripted, status

ROOT = Path(__file__).resolve().parent.parent
STEEP = "the leaves steep for two minutes"


@pytest.fixture(scope="module")
def blank(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A history file without anything in it."""
    where = tmp_path_factory.mktemp("blank") / "history.db"
    SqlHistory.at(where).close()
    return where.read_bytes()


@pytest.fixture
def where(tmp_path: Path, blank: bytes) -> Path:
    file = tmp_path / "history.db"
    file.write_bytes(blank)
    return file


@pytest.fixture
def history(where: Path) -> Iterator[SqlHistory]:
    with closing(SqlHistory.at(where)) as history:
        yield history


@pytest.fixture
def coach(history: SqlHistory) -> Interviewer:
    return interviewer(history)


def without(question: Question) -> tuple[Topic, ...]:
    """The bank without a question."""
    return tuple(replace(topic, questions=tuple(q for q in topic.questions if q != question)) for topic in BANK)


def on_green(coach: Interviewer, **changes: object) -> Interview:
    """An interview that asks about green tea first; the seed says so."""
    interview = coach.begin(replace(SETUPS["practice"], **changes))  # type: ignore[arg-type]
    assert interview.turns[0].asked.question_id == GREEN.id
    return interview


def answered(coach: Interviewer, text: str = WEAK, **changes: object) -> Interview:
    """The same with the first answer given and graded."""
    return coach.go_on(coach.reply(on_green(coach, **changes), text))


def on_disk(coach: Interviewer) -> list[str]:
    return [one.kind for one in coach.history.records(ID)]


# Whole interviews.


def test_a_practice_interview_goes_from_the_first_question_to_the_last(coach: Interviewer) -> None:
    interview = held(coach, "practice")
    assert [turn.asked.why for turn in interview.turns] == [
        *(Kind.QUESTION, Kind.FOLLOW_UP, Kind.AGAIN),
        *(Kind.QUESTION, Kind.QUESTION),
    ]
    assert [len(turn.hints) for turn in interview.turns] == [2, 0, 0, 0, 0]
    assert [turn.skipped for turn in interview.turns] == [False, False, False, True, False]
    assert [turn.grade.score if turn.grade else None for turn in interview.turns] == [pytest.approx(5 / 3), 0, 5, None, 5]
    assert interview.turns[0].score == pytest.approx(5 / 3 - 1)
    assert interview.turns[1].asked.follows == 0
    assert interview.turns[2].asked.prompt == interview.turns[1].asked.prompt
    assert interview == coach.open(ID)


def test_a_real_interview_is_graded_only_at_its_end(coach: Interviewer) -> None:
    interview = begun(coach, "real")
    while interview.step is not Step.OVER:
        assert not any(turn.grades for turn in interview.turns)
        interview = move(coach, interview)
    kinds = on_disk(coach)
    assert kinds[kinds.index("ended") :] == ["ended", "graded", "graded"]
    assert [bool(turn.grades) for turn in interview.turns] == [True, False, True]
    assert all(turn.asked.seconds == 150 for turn in interview.turns)


@pytest.mark.parametrize("mode", SETUPS)
def test_an_interview_taken_up_from_disk_after_every_step_is_the_same(mode: str, tmp_path: Path, blank: bytes) -> None:
    files = tmp_path / "whole.db", tmp_path / "pieces.db"
    for file in files:
        file.write_bytes(blank)
    with closing(SqlHistory.at(files[0])) as history:
        whole = held(interviewer(history), mode)
    step = None
    while step is not Step.OVER:
        with closing(SqlHistory.at(files[1])) as history:
            coach = interviewer(history)
            interview = move(coach, begun(coach, mode))
            assert coach.open(ID) == interview
            step = interview.step
    assert interview == whole
    assert kept(files[0]) == kept(files[1])


VERBS: dict[str, Callable[[Interviewer, Interview], Interview]] = {
    **{name: getattr(Interviewer, name) for name in ("hint", "skip", "pause", "resume", "next", "go_on", "follow_up", "again")},
    "answer": lambda coach, interview: coach.go_on(coach.reply(interview, WEAK)),
    "submit": lambda coach, interview: coach.reply(interview, OFF_TOPIC, 5),
    "say nothing": lambda coach, interview: coach.reply(interview, ""),
    "dispute": lambda coach, interview: coach.dispute(interview, len(interview.turns) - 1, 0, STEEP),
    "regrade": lambda coach, interview: coach.regrade(interview, 0),
}


@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(verbs=st.lists(st.sampled_from(sorted(VERBS)), max_size=20), real=st.booleans(), end=st.booleans())
def test_whatever_is_tried_it_is_on_disk_or_refused_without_a_trace(
    coach: Interviewer, *, verbs: list[str], real: bool, end: bool
) -> None:
    coach.delete(ID)
    interview = coach.begin(Setup(questions=3, real=real))
    for verb in verbs:
        with suppress(BadInput):
            interview = VERBS[verb](coach, interview)
        assert coach.open(ID) == interview
    if end and not interview.ended:
        interview = coach.end(interview)
        assert (interview.step, interview.ungraded) == (Step.OVER, ())


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[object]]:
    """What is kept of each interview when nothing happens to it."""
    folder = tmp_path_factory.mktemp("undisturbed")
    for mode in SETUPS:
        with closing(SqlHistory.at(folder / mode)) as history:
            held(interviewer(history), mode)
    return {mode: kept(folder / mode) for mode in SETUPS}


def test_an_interview_killed_between_any_two_steps_loses_and_doubles_nothing(
    where: Path, undisturbed: dict[str, list[object]]
) -> None:
    def die(when: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "tests.interviews", str(where), when]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    with ThreadPoolExecutor(2) as pool:
        deaths = list(pool.map(die, ["before", "after"]))
    for done in deaths:
        assert done.returncode == 0, done.stderr
        runs = [json.loads(line) for line in done.stdout.splitlines()]
        # Each record is a place to die at, and so is the beginning of the stream.
        places = [(mode, number) for mode, kept_ in undisturbed.items() for number in range(len(kept_) + 1)]
        assert [(mode, number) for mode, number, _ in runs] == places
        assert all(found == undisturbed[mode] for mode, _, found in runs)


def test_ending_early_grades_what_was_answered_and_asks_no_more(coach: Interviewer) -> None:
    ended = coach.end(coach.reply(on_green(coach), WEAK))
    assert (ended.step, len(ended.turns), len(ended.turns[0].grades)) == (Step.OVER, 1, 1)
    for verb in (coach.end, coach.pause, coach.resume, coach.skip, coach.hint, coach.again, coach.follow_up):
        with pytest.raises(BadMove):
            verb(ended)
    assert coach.go_on(ended) == coach.next(ended) == ended


def test_it_ends_by_itself_after_its_minutes(history: SqlHistory) -> None:
    times = iter(BEGAN + timedelta(minutes=minutes) for minutes in (0, 0, 0, 1, 2, 11, 11, 11, 11))
    coach = replace(interviewer(history), now=lambda: next(times))
    interview = coach.go_on(coach.reply(coach.begin(Setup(questions=None, minutes=10)), WEAK))
    assert coach.next(interview).step is Step.OVER


def test_it_ends_by_itself_when_nothing_is_left_to_ask(coach: Interviewer) -> None:
    interview = coach.begin(Setup(questions=50))
    for _ in range(3):
        interview = coach.skip(interview)
    assert interview.step is Step.OVER
    assert len({turn.asked.question_id for turn in interview.turns}) == 3


# Setting up.


@pytest.mark.parametrize(
    ("setup", "told"),
    [
        (Setup(topics=("chess",)), "no topic 'chess'. The topics are: tea, sailing"),
        (Setup(questions=None), "needs an end"),
        (Setup(questions=0), "Choose 1 to"),
        (Setup(questions=MAX_QUESTIONS + 1), "Choose 1 to"),
        (Setup(minutes=MAX_MINUTES + 1), "Choose 1 to"),
        (Setup(minutes=-1), "Choose 1 to"),
        (Setup(seconds=0), "Choose 1 to"),
        (Setup(level=Level.SENIOR), "Choose more topics, or any level"),
    ],
)
def test_a_setup_that_cannot_be_held_is_refused_and_leaves_nothing(coach: Interviewer, setup: Setup, told: str) -> None:
    with pytest.raises(BadInput, match=told):
        coach.begin(setup)
    assert not coach.interviews()


def test_an_interview_is_named_by_what_it_is_about(coach: Interviewer) -> None:
    coach.begin(Setup(topics=("tea",), real=True))
    assert coach.interviews()[0][0].name == "Interview: Tea"
    coach.rename(ID, " \u202e My\n first ")
    assert coach.interviews()[0][0].name == "My first"
    coach.rename(ID, "\0")
    assert coach.interviews()[0][0].name == "Interview"


def test_a_practice_of_chosen_questions_is_gone_on_with_until_it_is_over(coach: Interviewer) -> None:
    begun = coach.practice([GREEN.id, BANK[1].questions[0].id])
    assert [turn.asked.question_id for turn in begun.turns] == [GREEN.id]
    assert coach.interviews()[0][0].name == "Practice: 2 questions"
    assert coach.practice(begun.setup.only) == begun == coach.sitting()
    over = coach.end(begun)
    assert coach.sitting() is None
    assert over.ended


def test_one_question_is_practiced_under_its_own_name_and_an_unknown_one_not_at_all(coach: Interviewer) -> None:
    begun = coach.practice([GREEN.id])
    assert (begun.setup.questions, coach.sitting()) == (1, None)
    assert coach.interviews()[0][0].name == f"Practice: {GREEN.prompt}"
    with pytest.raises(BadInput, match="no question 'XX99'"):
        coach.practice(["XX99"])


# Replies and drafts.


@pytest.mark.parametrize("text", ["", " \n\t", "\u200b\0", "so " * MAX_REPLY])
def test_an_empty_or_an_endless_reply_is_refused_and_changes_nothing(coach: Interviewer, text: str) -> None:
    interview = on_green(coach)
    with pytest.raises(BadInput):
        coach.reply(interview, text)
    assert coach.open(ID) == interview


def test_a_rating_goes_from_0_to_5(coach: Interviewer) -> None:
    interview = on_green(coach)
    for rating in (-1, 6):
        with pytest.raises(BadInput, match="Choose 0 to 5"):
            coach.reply(interview, WEAK, rating)
    assert coach.reply(interview, WEAK, 5).turns[0].reply


def test_a_reply_is_on_disk_before_it_is_graded(coach: Interviewer) -> None:
    interview = coach.reply(on_green(coach), f"  {WEAK}\u202e\0 ")
    assert interview.turns[0].reply
    assert interview.turns[0].reply.text == WEAK
    assert (interview.step, coach.open(ID)) == (Step.GRADE, interview)


def test_a_draft_outlives_the_window_and_not_the_question(coach: Interviewer) -> None:
    interview = on_green(coach)
    for text in ("Wa", "Water", "Water", "Water below \ud800"):
        coach.keep_draft(interview, text)
    assert coach.draft(coach.open(ID)) == "Water below \ud800"
    assert [one.data["text"] for one in coach.history.records(f"draft-{ID}")] == ["Wa", "Water", "Water below \ud800"]
    assert coach.draft(coach.skip(interview)) == ""


def at(coach: Interviewer, seconds: float) -> Interviewer:
    """The same interviewer so long after the beginning."""
    return replace(coach, now=lambda: BEGAN + timedelta(seconds=seconds))


def test_a_closed_window_costs_a_real_interview_no_time_and_leaves_it_paused(coach: Interviewer) -> None:
    interview = at(coach, 0).begin(SETUPS["real"])
    assert at(coach, 40).here(interview)
    back = at(coach, 86_400)
    assert not back.here(interview)
    paused = back.arrive(ID)
    assert paused.paused == BEGAN + timedelta(seconds=40)
    turn = at(coach, 86_430).reply(back.resume(paused), WEAK).turns[0]
    assert (turn.seconds, turn.late) == (70, False)


def test_practice_goes_on_at_once_for_who_comes_back(coach: Interviewer) -> None:
    interview = at(coach, 0).begin(SETUPS["practice"])
    at(coach, 30).keep_draft(interview, "Water below")
    taken_up = at(coach, 9000).arrive(ID)
    assert (taken_up.step, at(coach, 9000).draft(taken_up)) == (Step.REPLY, "Water below")
    assert taken_up.used(BEGAN + timedelta(seconds=9000)) == timedelta(seconds=30)


def test_who_is_there_is_noted_now_and_then_and_never_paused(coach: Interviewer) -> None:
    interview = at(coach, 0).begin(SETUPS["real"])
    for seconds in range(0, 600, 5):
        assert at(coach, seconds).here(interview)
    assert at(coach, 600).arrive(ID) == interview
    assert len(coach.history.records(f"draft-{ID}")) == 600 // 15 - 1


def test_what_was_deleted_comes_back_as_it_was(coach: Interviewer) -> None:
    interview = answered(coach)
    coach.keep_draft(interview, "Water")
    coach.rename(ID, "Mine")
    before = coach.interviews()
    coach.restore(coach.delete(ID))
    assert coach.interviews() == before
    assert coach.draft(interview) == "Water"
    assert coach.delete("nothing").streams == ()


def test_deleting_an_interview_takes_its_drafts(coach: Interviewer) -> None:
    coach.keep_draft(on_green(coach), "Water")
    coach.delete(ID)
    assert not [stream for kind in KINDS for stream in coach.history.streams(kind)]
    with pytest.raises(BadInput, match="There is no interview 'i1'"):
        coach.open(ID)


# Hints, follow-ups and second tries.


def test_hints_come_one_by_one_each_on_disk_and_there_are_three(coach: Interviewer) -> None:
    interview = on_green(coach)
    for number in range(1, 4):
        interview = coach.hint(interview)
        assert len(coach.open(ID).turns[0].hints) == number
    assert interview.turns[0].hints == coach.hints(interview)
    with pytest.raises(BadMove, match="no more hints"):
        coach.hint(interview)


def test_a_hint_is_about_what_the_draft_leaves_out(coach: Interviewer) -> None:
    interview = on_green(coach)
    told = " ".join(coach.hints(interview, f"{GREEN.key_points[0].text} {GREEN.key_points[2].text}"))
    assert "steep" in told
    assert "infusion" not in told


def test_a_draft_that_makes_every_point_gets_no_hint_and_pays_for_none(coach: Interviewer) -> None:
    interview = on_green(coach)
    with pytest.raises(BadMove, match="no more hints"):
        coach.hint(interview, FULL[GREEN.id])
    assert coach.open(ID) == interview


def test_a_real_interview_gives_no_hints(coach: Interviewer) -> None:
    with pytest.raises(BadMove):
        coach.hint(begun(coach, "real"))


@pytest.mark.parametrize("style", Style)
def test_a_follow_up_is_about_one_point_and_graded_on_it_alone(coach: Interviewer, style: Style) -> None:
    asked = coach.follow_up(answered(coach, style=style))
    graded = coach.go_on(coach.reply(asked, GREEN.key_points[0].text))
    turn = graded.turns[1]
    assert turn.asked.point == 0
    assert turn.grade
    assert [verdict.point for verdict in turn.grade.verdicts] == [GREEN.key_points[0]]
    assert turn.grade.score == 5


def test_one_follow_up_is_enough_also_when_it_is_tried_again(coach: Interviewer) -> None:
    interview = coach.go_on(coach.reply(coach.follow_up(answered(coach)), OFF_TOPIC))
    assert not coach.can_follow_up(interview)
    again = coach.go_on(coach.reply(coach.again(interview), OFF_TOPIC))
    assert again.turns[2].asked.point == again.turns[1].asked.point
    assert not coach.can_follow_up(again)
    with pytest.raises(BadMove, match="Nothing is left to follow up"):
        coach.follow_up(again)


def test_after_a_second_try_the_whole_question_can_be_followed_up(coach: Interviewer) -> None:
    again = coach.go_on(coach.reply(coach.again(answered(coach, OFF_TOPIC)), WEAK))
    assert coach.can_follow_up(again)
    assert coach.follow_up(again).turns[2].asked.point == 0


def test_nothing_is_followed_up_that_was_said_or_not_graded(coach: Interviewer) -> None:
    assert not coach.can_follow_up(answered(coach, FULL[GREEN.id]))
    coach.delete(ID)
    assert not coach.can_follow_up(answered(coach, "No idea."))


# Grades.


def test_feedback_is_for_graded_turns(coach: Interviewer) -> None:
    interview = on_green(coach)
    with pytest.raises(BadMove, match="not graded yet"):
        coach.feedback(interview.turns[0])
    told = coach.feedback(coach.go_on(coach.reply(interview, WEAK)).turns[0])
    assert told.right[0].quote in WEAK
    assert len(told.missing) == 2


def test_a_dispute_keeps_both_grades_and_the_words(coach: Interviewer) -> None:
    interview = answered(coach)
    disputed = coach.dispute(interview, 0, 0, "I would say \n that the leaves\tsteep")
    turn = coach.open(ID).turns[0]
    assert turn == disputed.turns[0]
    assert turn.disputes[0].said == "I would say that the leaves steep"
    assert len(turn.grades) == 2
    assert turn.grade
    assert turn.grade.note.startswith("Judged again by the words you marked")


@pytest.mark.parametrize(("number", "point"), [(0, 3), (0, -1), (1, 0), (-1, 0)])
def test_what_is_not_there_cannot_be_disputed(coach: Interviewer, number: int, point: int) -> None:
    interview = answered(coach)
    with pytest.raises(BadMove):
        coach.dispute(interview, number, point, STEEP)
    assert coach.open(ID) == interview


@pytest.mark.parametrize("said", ["", "  ", "water below boiling", f"{WEAK} And more."])
def test_words_that_were_not_said_cannot_be_marked(coach: Interviewer, said: str) -> None:
    interview = answered(coach)
    with pytest.raises(BadInput, match="not in your answer"):
        coach.dispute(interview, 0, 0, said)
    assert coach.open(ID) == interview


def test_a_dispute_nobody_judged_is_judged_when_the_interview_is_taken_up(coach: Interviewer) -> None:
    interview = answered(coach)
    broken = interview.after(Disputed(BEGAN, 0, 0, STEEP))
    coach.history.append(ID, interview.events, record(broken.turns[0].disputes[0]))
    taken_up = coach.open(ID)
    assert (taken_up.step, [one.id for one, _ in coach.unfinished()]) == (Step.GRADE, [ID])
    judged = coach.go_on(taken_up).turns[0]
    assert judged.grade
    assert judged.grade.note.startswith("Judged again")


def test_a_dispute_on_top_of_one_that_nobody_judged_loses_neither(coach: Interviewer) -> None:
    interview = answered(coach)
    coach.history.append(ID, interview.events, record(Disputed(BEGAN, 0, 1, STEEP)))
    twice = coach.dispute(coach.open(ID), 0, 0, STEEP).turns[0]
    assert (len(twice.disputes), len(twice.grades)) == (2, 3)


def test_a_new_grader_finds_old_grades_and_keeps_them_beside_the_new_and_the_disputes(history: SqlHistory) -> None:
    interview = answered(interviewer(history))
    points = [{"number": number, "verdict": "missing", "quote": ""} for number in (1, 2, 3)]
    won = [{"number": 1, "verdict": "covered", "quote": STEEP}]
    missed, granted = reply({"points": points, "misconceptions": []}), reply({"points": won, "misconceptions": []})
    with scripted(missed, granted, missed, granted) as server:
        coach = interviewer(history, examiner(OpenAIModel(server.url, "key", "small")))
        assert coach.outdated(interview) == (0,)
        regraded = coach.regrade(interview, 0)
        assert coach.outdated(regraded) == ()
        disputed = coach.dispute(regraded, 0, 1, WEAK)
        again = coach.regrade(disputed, 0).turns[0]
    scores = [grade.score for grade in again.grades]
    assert scores == [pytest.approx(5 / 3), 0, pytest.approx(5 / 3), pytest.approx(5 / 3)]
    assert [grade.stamp.mode for grade in again.grades if grade.stamp] == [Mode.RUBRIC, Mode.LLM, Mode.LLM, Mode.LLM]
    assert {one.grader for one in coach.past().results} == {"llm 1 with small"}


def test_too_little_to_grade_is_never_outdated(history: SqlHistory) -> None:
    with scripted() as server:
        coach = interviewer(history, examiner(OpenAIModel(server.url, "key", "small")))
        assert coach.outdated(answered(coach, "No idea.")) == ()


def test_a_model_that_fails_leaves_a_grade_that_can_be_made_again(history: SqlHistory) -> None:
    with scripted(status(401)) as server:
        coach = interviewer(history, examiner(OpenAIModel(server.url, "key", "small", retries=0)))
        interview = answered(coach)
        assert interview.step is Step.READ
        assert coach.outdated(interview) == (0,)


@pytest.mark.parametrize("number", [-1, 0, 1, 7])
def test_what_was_not_answered_cannot_be_graded(coach: Interviewer, number: int) -> None:
    interview = coach.skip(on_green(coach))
    with pytest.raises(BadMove, match="has no answer to grade"):
        coach.regrade(interview, number)


def test_no_answer_of_a_real_interview_is_graded_before_the_end(coach: Interviewer) -> None:
    interview = coach.reply(begun(coach, "real"), WEAK)
    with pytest.raises(BadMove, match="cannot grade"):
        coach.regrade(interview, 0)
    assert coach.open(ID) == interview


# A bank that changed.


def test_an_interview_whose_question_left_the_bank_can_be_gone_on_with(coach: Interviewer, history: SqlHistory) -> None:
    interview = coach.reply(on_green(coach), WEAK)
    later = interviewer(history, bank=without(GREEN))
    graded = later.go_on(later.open(ID))
    assert graded == later.open(ID)
    grade = graded.turns[0].grade
    assert grade == Grade(None, note="The question is not in the bank any more: not graded.")
    assert interview.step is Step.GRADE
    for verb in (later.again, later.follow_up):
        with pytest.raises(BadInput):
            verb(graded)
    for read in (later.question, later.graded_question):
        with pytest.raises(BadInput, match="not in the bank any more"):
            read(graded.turns[0])
    assert later.feedback(graded.turns[0]).minute.text == ""
    assert later.next(graded).turns[1].asked.question_id != GREEN.id


def test_a_grade_whose_question_left_the_bank_is_never_taken_away(coach: Interviewer, history: SqlHistory) -> None:
    interview = answered(coach)
    later = interviewer(history, bank=without(GREEN))
    assert later.outdated(interview) == ()
    with pytest.raises(BadInput, match="not in the bank any more"):
        later.dispute(interview, 0, 0, STEEP)
    turn = later.regrade(interview, 0).turns[0]
    assert turn.score == interview.turns[0].score
    assert not later.can_follow_up(later.open(ID))


def test_a_hint_for_a_question_that_left_the_bank_says_so(coach: Interviewer, history: SqlHistory) -> None:
    interview = on_green(coach)
    later = interviewer(history, bank=without(GREEN))
    with pytest.raises(BadInput, match="Go on to the next one"):
        later.hint(interview)
    assert len(later.skip(interview).turns) == 2


def test_points_that_were_taken_out_of_the_bank_can_still_be_disputed(coach: Interviewer, history: SqlHistory) -> None:
    interview = answered(coach, OFF_TOPIC)
    tea, sailing = BANK
    shrunk = replace(tea, questions=(replace(GREEN, key_points=GREEN.key_points[:1]), *tea.questions[1:]))
    later = interviewer(history, bank=(shrunk, sailing))
    disputed = later.dispute(interview, 0, 2, OFF_TOPIC)
    assert len(disputed.turns[0].grades) == 2
    regraded = later.regrade(disputed, 0).turns[0].grade
    assert regraded
    assert len(regraded.verdicts) == 1


# Two windows.


def test_of_two_windows_one_submits_and_the_other_is_told(history: SqlHistory, where: Path) -> None:
    one = interviewer(history)
    interview = on_green(one)
    with closing(SqlHistory.at(where)) as other_history:
        other = interviewer(other_history)
        stale = other.open(ID)
        first = one.reply(interview, WEAK)
        with pytest.raises(Conflict, match="load it again"):
            other.reply(stale, "Another answer.")
        for verb in (other.skip, other.pause, other.hint, other.end):
            with pytest.raises(Conflict, match="load it again"):
                verb(stale)
        assert other.open(ID) == first
        graded = other.go_on(other.open(ID))
        with pytest.raises(Conflict):
            one.go_on(first)
        assert one.open(ID) == graded
        assert len(graded.turns[0].grades) == 1


def test_an_interview_deleted_in_another_window_takes_nothing_more(coach: Interviewer) -> None:
    interview = on_green(coach)
    coach.delete(ID)
    with pytest.raises(Conflict, match="was deleted in another window"):
        coach.reply(interview, WEAK)


# What is on disk.


def test_an_interview_that_cannot_be_read_hides_no_other(coach: Interviewer) -> None:
    on_green(coach)
    for id_, kind in (("sung", "sung"), ("odd", "skipped")):
        coach.history.begin(id_, INTERVIEW, id_, BEGAN)
        coach.history.append(id_, 0, Record(kind, BEGAN, {}))
    coach.history.begin("empty", INTERVIEW, "killed before its first record", BEGAN)
    assert [stream.id for stream, _ in coach.interviews()] == [ID]
    with pytest.raises(StorageError, match="'sung'"):
        coach.open("sung")
    with pytest.raises(BadMove, match="no beginning"):
        coach.open("odd")


def test_what_is_unfinished_goes_on_or_waits_for_grades(coach: Interviewer) -> None:
    interview = coach.reply(on_green(coach), WEAK)
    assert [stream.id for stream, _ in coach.unfinished()] == [ID]
    paused = interview.after(Paused(BEGAN))
    coach.history.append(ID, interview.events, record(Paused(BEGAN)))
    assert [one.step for _, one in coach.unfinished()] == [Step.PAUSED]
    assert coach.end(paused).step is Step.OVER
    assert coach.unfinished() == []


# What is remembered.


def test_only_first_answers_are_reviews_with_hints_and_times(coach: Interviewer) -> None:
    held(coach, "practice")
    first, last = coach.reviews()
    assert (first.question_id, first.hints, first.expected, first.contradicted) == (GREEN.id, 2, None, False)
    assert first.score == pytest.approx(5 / 3)
    assert first.seconds == 4 * TICK.total_seconds()
    assert (last.score, last.hints) == (5, 0)
    assert [one.score for one in coach.past().results] == [pytest.approx(5 / 3 - 1), 5]
    assert coach.schedule() == schedule([first, last])


def test_a_real_interview_is_reviewed_against_its_clock(coach: Interviewer) -> None:
    held(coach, "real")
    assert [review.expected for review in coach.reviews()] == [150, 150]


def test_an_answer_counts_by_its_last_grade_and_a_contradicted_core_is_told(coach: Interviewer) -> None:
    interview = answered(coach, FULL[GREEN.id])
    grade = interview.turns[0].grade
    assert grade
    wrong = replace(grade.verdicts[0], verdict=Verdict.CONTRADICTED)
    coach.history.append(ID, interview.events, record(Graded(BEGAN, 0, replace(grade, score=2.5, verdicts=(wrong,)))))
    assert [(review.score, review.contradicted) for review in coach.reviews()] == [(2.5, True)]


def test_what_was_answered_badly_is_asked_again_before_what_is_new(history: SqlHistory) -> None:
    coach = interviewer(history)
    coach.end(answered(coach, OFF_TOPIC))
    ids = iter(["i2", "i3", "i4"])
    next_day = replace(coach, now=lambda: BEGAN + timedelta(days=1), new_id=lambda: next(ids))
    for seed in range(3):
        assert next_day.begin(Setup(seed=seed)).turns[0].asked.question_id == GREEN.id


def test_the_plan_has_what_is_due_and_keeps_to_the_budget(coach: Interviewer) -> None:
    coach.end(answered(coach, OFF_TOPIC))
    tomorrow = replace(coach, now=lambda: BEGAN + timedelta(days=1))
    tomorrow.set_profile(Profile(per_day=2))
    today = tomorrow.plan().days[0]
    assert today.repeats == (GREEN.id,)
    assert len(today.new) == 1
    assert tomorrow.plan(["sailing"]).days[0].repeats == ()


def test_a_profile_is_remembered_and_its_last_word_counts(coach: Interviewer, where: Path) -> None:
    assert coach.profile() == Profile(None, PER_DAY)
    wanted = Profile((BEGAN + timedelta(days=9)).date(), 3)
    for profile in (Profile(None, 7), wanted):
        coach.set_profile(profile)
    with closing(SqlHistory.at(where)) as history:
        assert interviewer(history).profile() == wanted
    assert coach.plan().last_pass is not None
    coach.set_profile(Profile())
    assert coach.profile() == Profile()


@pytest.mark.parametrize("per_day", [-1, MAX_QUESTIONS + 1])
def test_a_budget_nobody_can_keep_is_refused(coach: Interviewer, per_day: int) -> None:
    with pytest.raises(BadInput, match="cannot be planned"):
        coach.set_profile(Profile(per_day=per_day))
    assert coach.profile() == Profile()


@pytest.mark.parametrize("data", [{"interview_on": "soon"}, {"per_day": 10**9}, {"per_day": [1]}, {"per_day": None}])
def test_a_profile_that_cannot_be_read_was_never_set(coach: Interviewer, data: dict[str, object]) -> None:
    coach.history.begin(PROFILE, PROFILE, "Profile", BEGAN)
    coach.history.append(PROFILE, 0, Record("set", BEGAN, data))
    assert coach.profile() == Profile()
    coach.set_profile(Profile(None, 4))
    assert coach.profile().per_day == 4
