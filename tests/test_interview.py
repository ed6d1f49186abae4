from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coach.domain import Grade, Level
from coach.errors import BadMove
from coach.interview import (
    GRACE,
    HINT_COSTS,
    HINTS,
    Asked,
    Began,
    Disputed,
    Ended,
    Event,
    Graded,
    Hinted,
    Interview,
    Kind,
    Paused,
    Replied,
    Resumed,
    Setup,
    Skipped,
    Step,
)

AT = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
ASKED = Asked(AT, "TE01", "How is green tea brewed?")
GOOD = Grade(4.0)
ANY: dict[str, Event] = {
    "asked": ASKED,
    "hinted": Hinted(AT, "Think of water."),
    "replied": Replied(AT, "So."),
    "graded": Graded(AT, 0, GOOD),
    "disputed": Disputed(AT, 0, 0, "So."),
    "skipped": Skipped(AT),
    "paused": Paused(AT),
    "resumed": Resumed(AT),
    "ended": Ended(AT),
    "began": Began(AT, Setup()),
}
REAL = Setup(real=True)


def after(*events: Event, setup: Setup = Setup()) -> Interview:  # noqa: B008 frozen
    return Interview.from_events("i1", (Began(AT, setup), *events))


def late(seconds: float) -> datetime:
    return AT + timedelta(seconds=seconds)


REPLIED = (ASKED, ANY["replied"])
READ = (*REPLIED, ANY["graded"])
DISPUTED = (*READ, ANY["disputed"])
SKIPPED = (ASKED, ANY["skipped"])
# What leads to each step, and what may happen in it. All else must be refused.
MOVES = [
    ((), Setup(), Step.ASK, "asked paused ended"),
    ((ASKED,), Setup(), Step.REPLY, "hinted replied skipped paused ended"),
    ((ASKED,), REAL, Step.REPLY, "replied skipped paused ended"),
    ((ASKED, *[ANY["hinted"]] * HINTS), Setup(), Step.REPLY, "replied skipped paused ended"),
    (REPLIED, Setup(), Step.GRADE, "graded paused ended"),
    (REPLIED, REAL, Step.ASK, "asked paused ended"),
    (READ, Setup(), Step.READ, "asked graded disputed paused ended"),
    (DISPUTED, Setup(), Step.GRADE, "asked graded disputed paused ended"),
    (SKIPPED, Setup(), Step.ASK, "asked paused ended"),
    ((ASKED, ANY["paused"]), Setup(), Step.PAUSED, "resumed ended"),
    ((*REPLIED, ANY["paused"]), Setup(), Step.PAUSED, "graded resumed ended"),
    ((*READ, ANY["paused"]), Setup(), Step.PAUSED, "graded disputed resumed ended"),
    ((*REPLIED, ANY["ended"]), Setup(), Step.GRADE, "graded"),
    ((*REPLIED, ANY["ended"]), REAL, Step.GRADE, "graded"),
    ((*SKIPPED, ANY["ended"]), Setup(), Step.OVER, ""),
    ((*READ, ANY["ended"]), Setup(), Step.OVER, "graded disputed"),
    ((*DISPUTED, ANY["ended"]), Setup(), Step.GRADE, "graded disputed"),
    ((ANY["ended"],), Setup(), Step.OVER, ""),
]


@pytest.mark.parametrize(("events", "setup", "step", "allowed"), MOVES)
def test_in_every_step_an_event_either_moves_the_interview_or_is_refused(
    events: tuple[Event, ...], setup: Setup, step: Step, allowed: str
) -> None:
    interview = after(*events, setup=setup)
    assert interview.step is step
    for kind, event in ANY.items():
        if kind in allowed.split():
            moved = interview.after(event)
            assert moved.events == interview.events + 1
            assert replace(moved, events=0) != replace(interview, events=0)
        else:
            with pytest.raises(BadMove):
                interview.after(event)


def test_a_refusal_says_what_the_interview_waits_for() -> None:
    with pytest.raises(BadMove, match=r"^The interview cannot skip now: it waits for the next question\.$"):
        after().after(Skipped(AT))


def test_a_turn_that_is_not_there_can_be_neither_graded_nor_disputed() -> None:
    for number in (-1, 1, 99):
        for event in (Graded(AT, number, GOOD), Disputed(AT, number, 0, "So.")):
            with pytest.raises(BadMove):
                after(*READ).after(event)


def test_events_that_make_no_interview_are_told_with_their_number() -> None:
    with pytest.raises(BadMove, match="i1 has no beginning"):
        Interview.from_events("i1", (ASKED,))
    with pytest.raises(BadMove, match="Record 2 of the interview i1 does not fit"):
        after(ASKED, ANY["resumed"])


def test_a_dispute_waits_for_a_grade_and_holds_up_nothing() -> None:
    disputed = after(*DISPUTED)
    assert disputed.ungraded == (0,)
    asked = disputed.after(ASKED)
    assert (asked.step, asked.ungraded) == (Step.REPLY, (0,))
    replied = asked.after(Replied(AT, "So."))
    assert (replied.step, replied.ungraded) == (Step.GRADE, (0, 1))
    assert replied.after(ANY["graded"]).after(Graded(AT, 1, GOOD)).step is Step.READ


def test_a_real_interview_is_graded_when_it_is_over_all_turns_at_once() -> None:
    over = after(*REPLIED, *SKIPPED, *REPLIED, Ended(AT), setup=REAL)
    assert over.ungraded == (0, 2)
    assert over.after(Graded(AT, 0, GOOD)).step is Step.GRADE
    assert over.after(Graded(AT, 0, GOOD)).after(Graded(AT, 2, GOOD)).step is Step.OVER


def test_the_last_grade_counts_and_all_of_them_stay() -> None:
    turn = after(*READ, Graded(AT, 0, Grade(2.0))).turns[0]
    assert turn.grade == Grade(2.0)
    assert turn.grades == (GOOD, Grade(2.0))


def test_a_hint_costs_and_never_below_nothing() -> None:
    hinted = (ASKED, ANY["hinted"], ANY["hinted"], ANY["replied"])
    assert after(*hinted, Graded(AT, 0, Grade(4.0))).turns[0].score == 4.0 - 2 * HINT_COSTS
    assert after(*hinted, Graded(AT, 0, Grade(0.2))).turns[0].score == 0
    assert after(*hinted, Graded(AT, 0, Grade(None, note="Too little."))).turns[0].score is None


@pytest.mark.parametrize(("seconds", "is_late"), [(60, False), (60.5, True)])
def test_a_reply_is_late_once_the_clock_of_its_question_has_run_out(seconds: float, *, is_late: bool) -> None:
    timed = replace(ASKED, seconds=60)
    assert after(timed, Replied(late(seconds), "So.")).turns[0].late is is_late
    paused = (timed, Paused(late(5)), Resumed(late(500)), Replied(late(495 + seconds), "So."))
    assert after(*paused).turns[0].late is is_late
    assert not after(ASKED, Replied(late(seconds), "So.")).turns[0].late


def test_a_pause_between_two_questions_is_no_time_of_either() -> None:
    paused = after(*READ, Paused(late(10)), Resumed(late(100)), replace(ASKED, at=late(100)), Replied(late(130), "So."))
    assert [turn.seconds for turn in paused.turns] == [0, 30]
    assert paused.used(late(130)) == timedelta(seconds=40)


def test_who_ends_it_in_a_pause_has_used_no_more_time() -> None:
    ended = after(ASKED, Paused(late(10)), Ended(late(10_000)))
    assert (ended.paused, ended.used(late(99_999))) == (None, timedelta(seconds=10))


def test_a_clock_that_was_set_back_gives_no_negative_times() -> None:
    odd = after(ASKED, Paused(late(-5)), Resumed(late(-50)), Replied(late(-100), "So."))
    assert (odd.turns[0].seconds, odd.used(late(-100))) == (0, timedelta())


def test_it_is_complete_by_questions_or_by_minutes_whichever_comes_first() -> None:
    setup = Setup(questions=2, minutes=10)
    one = after(*READ, setup=setup)
    assert not one.complete(late(599))
    assert one.complete(late(600))
    follow_up = one.after(replace(ASKED, why=Kind.FOLLOW_UP)).after(Skipped(AT))
    assert (follow_up.asked, follow_up.complete(AT)) == (1, False)
    assert follow_up.after(ASKED).complete(AT)


MAYBE = st.sampled_from(
    [
        *(kind for kind in ANY if kind not in {"ended", "began"}),
        *("asked", "replied", "graded"),
    ]
)


def moved(event: Event, at: datetime, turns: int) -> Event:
    """The event at another time, about the last turn."""
    if isinstance(event, Graded | Disputed):
        return replace(event, at=at, turn=turns - 1)
    return replace(event, at=at)


@st.composite
def histories(draw: st.DrawFn) -> tuple[Event, ...]:
    """Any events of which each was allowed."""
    setup = Setup(real=draw(st.booleans()), level=draw(st.sampled_from([None, *Level])))
    interview, at = after(setup=setup), AT
    events: list[Event] = [Began(AT, setup)]
    for kind in draw(st.lists(MAYBE, max_size=40)):
        at += timedelta(seconds=draw(st.integers(0, 1000)))
        event = moved(ANY[kind], at, len(interview.turns))
        try:
            interview = interview.after(event)
        except BadMove:
            continue
        events.append(event)
    return (*events, *([Ended(at)] if draw(st.booleans()) else []))


@settings(deadline=None)
@given(histories())
def test_whatever_happened_all_at_once_is_the_same_as_step_by_step(events: tuple[Event, ...]) -> None:
    interview = Interview.from_events("i1", events[:1])
    for number, event in enumerate(events[1:], 1):
        assert interview.events == number
        interview = interview.after(event)
    assert interview == Interview.from_events("i1", events)


@settings(deadline=None)
@given(histories())
def test_whatever_happened_nothing_said_is_lost(events: tuple[Event, ...]) -> None:
    turns = Interview.from_events("i1", events).turns
    for kind, found in {
        Asked: len(turns),
        Hinted: sum(len(turn.hints) for turn in turns),
        Replied: sum(turn.reply is not None for turn in turns),
        Skipped: sum(turn.skipped for turn in turns),
        Graded: sum(len(turn.grades) for turn in turns),
        Disputed: sum(len(turn.disputes) for turn in turns),
    }.items():
        assert sum(isinstance(event, kind) for event in events) == found


@settings(deadline=None)
@given(histories())
def test_whatever_happened_pauses_never_count_as_time(events: tuple[Event, ...]) -> None:
    interview, now = Interview.from_events("i1", events), events[-1].at
    without, paused, since = timedelta(), False, AT
    for event in events[1:]:
        without += timedelta() if paused else event.at - since
        paused, since = (paused or isinstance(event, Paused)) and not isinstance(event, Resumed), event.at
    assert interview.used(now) == without
    assert sum(turn.seconds or 0 for turn in interview.turns) <= without.total_seconds()


@settings(deadline=None)
@given(histories())
def test_whatever_happened_it_waits_for_grades_exactly_where_one_is_missing(events: tuple[Event, ...]) -> None:
    interview = Interview.from_events("i1", events)
    for number, turn in enumerate(interview.turns):
        last = next(
            (e for e in reversed(events) if isinstance(e, Disputed | Graded) and e.turn == number),
            turn.reply,
        )
        assert (number in interview.ungraded) == isinstance(last, Disputed | Replied)
    assert interview.step is not Step.OVER or not interview.ungraded


def test_who_gives_no_sign_of_life_for_long_has_left_when_last_seen() -> None:
    asked = after(ASKED)
    assert asked.left(AT, AT + GRACE) is None
    assert asked.left(AT, AT + GRACE + timedelta(seconds=1)) == AT
    assert asked.left(late(30), late(31) + GRACE) == late(30)
    assert after(*READ).left(AT, late(9000)) == AT


def test_nobody_leaves_while_no_clock_runs_on_them() -> None:
    for events in ((), REPLIED, SKIPPED, (ASKED, ANY["paused"]), (*READ, ANY["ended"])):
        assert after(*events).left(AT, late(9000)) is None
