from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coach.choose import fitting, level_now, next_question
from coach.domain import Grade, Level, Question
from coach.interview import Asked, Began, Event, Graded, Interview, Kind, Picking, Replied, Setup, Skipped
from coach.schedule import Review, Schedule, State, schedule

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
NEW = schedule(())


def question(id_: str, topic: str = "tea", level: Level = Level.MID) -> Question:
    return Question(id_, topic, level, "What?", (), "That.", (), (), (), ())


def answered(id_: str, score: float, days_ago: float) -> Review:
    return Review(id_, NOW - timedelta(days=days_ago), score)


def asked(id_: str, score: float | None = None, why: Kind = Kind.QUESTION) -> list[Event]:
    """A question that was answered and got a score, or was skipped. Its grade is for turn 0: see `after`."""
    said = [Replied(NOW, "So."), Graded(NOW, 0, Grade(score))] if score is not None else [Skipped(NOW)]
    return [Asked(NOW, id_, "What?", why), *said]


def after(*turns: Sequence[Event], setup: Setup = Setup()) -> Interview:  # noqa: B008 frozen
    events = [
        replace(event, turn=number) if isinstance(event, Graded) else event for number, turn in enumerate(turns) for event in turn
    ]
    return Interview.from_events("i1", (Began(NOW, setup), *events))


def order(questions: Sequence[Question], known: Schedule = NEW, setup: Setup = Setup()) -> list[str]:  # noqa: B008 frozen
    """The ids of all questions an interview asks, if each is skipped."""
    found: list[str] = []
    while one := next_question(questions, known, after(*map(asked, found), setup=setup), NOW):
        found.append(one.id)
    return found


def test_what_is_due_comes_before_what_is_weak_new_learning_and_known() -> None:
    known = schedule(
        [answered("due", 4, 100), answered("weak", 1, 0.1), answered("learning", 3, 0.1), answered("known", 5, 0.1)],
    )
    ids = ["known", "learning", "new", "weak", "due"]
    assert known.due("due", NOW)
    assert [known.state(id_, NOW) for id_ in ids[:4]] == [State.KNOWN, State.LEARNING, State.UNSEEN, State.WEAK]
    for seed in range(20):
        found = order([question(id_) for id_ in ids], known, Setup(seed=seed))
        assert found == ["due", "weak", "new", "learning", "known"]


def test_a_due_question_of_another_level_still_comes_first() -> None:
    known = schedule([answered("due", 4, 100)])
    assert order([question("new"), question("due", level=Level.SENIOR)], known) == ["due", "new"]


def test_among_equals_the_nearest_level_comes_first_then_another_topic_than_the_last() -> None:
    bank = [question("T1"), question("T2"), question("S1", "sea"), question("J1", "sea", Level.JUNIOR)]
    for seed in range(20):
        found = order(bank, NEW, Setup(seed=seed))
        assert found[3] == "J1"
        assert [id_[0] for id_ in found[:3]] in (["T", "S", "T"], ["S", "T", "T"])


def test_nothing_is_asked_twice_not_even_after_a_follow_up() -> None:
    bank = [question("T1"), question("T2")]
    follow_up = after(asked("T1", 3), asked("T1", 3, Kind.FOLLOW_UP), asked("T2"))
    assert next_question(bank, NEW, follow_up, NOW) is None
    assert next_question([], NEW, after(), NOW) is None


@pytest.mark.parametrize(
    ("scores", "level"),
    [
        ([], Level.MID),
        ([3.9], Level.MID),
        ([4.0], Level.SENIOR),
        ([5, 5, 5], Level.SENIOR),
        ([2.0], Level.MID),
        ([1.9], Level.JUNIOR),
        ([0, 0, 0], Level.JUNIOR),
        ([0, 0, 4], Level.MID),
        ([5, 1], Level.MID),
    ],
)
def test_the_level_goes_up_from_4_and_down_below_2_and_no_further_than_there_is(scores: list[float], level: Level) -> None:
    assert level_now(after(*(asked(f"T{number}", score) for number, score in enumerate(scores)))) is level


def test_neither_follow_ups_nor_retries_nor_skips_move_the_level() -> None:
    others = [asked("T1", 5, Kind.FOLLOW_UP), asked("T1", 0, Kind.AGAIN), asked("T2")]
    assert level_now(after(asked("T1", 3), *others)) is Level.MID


def test_an_answer_that_could_not_be_graded_does_not_move_the_level() -> None:
    ungraded: list[Event] = [Asked(NOW, "T1", "What?"), Replied(NOW, "Hm."), Graded(NOW, 0, Grade(None, note="Too little."))]
    assert level_now(after(ungraded)) is Level.MID


def test_a_level_that_was_chosen_stays() -> None:
    setup = Setup(level=Level.JUNIOR)
    assert level_now(after(asked("T1", 5), setup=setup)) is Level.JUNIOR
    bank = [question("J", level=Level.JUNIOR), question("M"), question("S", level=Level.SENIOR)]
    assert order(bank, NEW, setup) == ["J"]


def test_only_the_chosen_topics_are_asked_about() -> None:
    bank = [question("T1"), question("S1", "sea"), question("C1", "chess")]
    assert [one.id for one in fitting(bank, Setup(topics=("tea", "chess")))] == ["T1", "C1"]
    assert fitting(bank, Setup()) == bank


def test_chosen_questions_are_asked_in_their_order_if_they_are_still_there() -> None:
    bank = [question("T1"), question("T2", level=Level.SENIOR), question("S1", "sea")]
    for picking in Picking:
        setup = Setup(only=("S1", "gone", "T2"), topics=("tea",), level=Level.MID, picking=picking)
        assert order(bank, schedule([answered("T2", 4, 100)]), setup) == ["S1", "T2"]


def test_at_random_it_is_by_the_seed_whatever_is_known() -> None:
    bank = [question(f"T{number}") for number in range(8)]
    known = schedule([answered("T3", 0, 100), answered("T5", 5, 0.1)])
    orders = set()
    for seed in range(10):
        setup = Setup(picking=Picking.RANDOM, seed=seed)
        assert order(bank, known, setup) == order(list(reversed(bank)), NEW, setup)
        orders.add(tuple(order(bank, known, setup)))
    assert len(orders) == 10
    assert len({first for first, *_ in orders}) > 3


TOPICS = st.sampled_from(["tea", "sea", "chess"])
BANKS = st.lists(st.builds(question, st.integers(0, 30).map(str), TOPICS, st.sampled_from(Level)), unique_by=lambda q: q.id)
SETUPS = st.builds(
    Setup,
    topics=st.lists(TOPICS, max_size=2).map(tuple),
    level=st.none() | st.sampled_from(Level),
    picking=st.sampled_from(Picking),
    seed=st.integers(0, 9),
)
REVIEWS = st.lists(st.builds(answered, st.integers(0, 30).map(str), st.floats(0, 5), st.floats(0, 200)), max_size=12)


@settings(deadline=None, max_examples=60)
@given(BANKS, SETUPS, REVIEWS)
def test_everything_that_fits_is_asked_once_and_nothing_else(bank: list[Question], setup: Setup, reviews: list[Review]) -> None:
    found = order(bank, schedule(reviews), setup)
    assert sorted(found) == sorted(one.id for one in fitting(bank, setup))
