from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from fsrs import Card, Rating, Scheduler
from hypothesis import given, settings
from hypothesis import strategies as st

from coach.domain import Grade, KeyPoint, Level, PointVerdict, Question, Verdict
from coach.errors import BadInput
from coach.schedule import (
    AHEAD,
    FARTHEST,
    Day,
    Plan,
    Review,
    Schedule,
    State,
    contradicts_core,
    days_to,
    plan,
    rating,
    schedule,
    streak,
)

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
TODAY = NOW.date()
GOOD = 4.0
LIBRARY = Scheduler(learning_steps=(), relearning_steps=(), enable_fuzzing=False)

UNTIMED = settings(deadline=None)
FEWER = settings(deadline=None, max_examples=50)

LEVELS = list(Level)
SCORES = st.one_of(st.none(), st.floats(0, 5))
GAPS = st.one_of(st.integers(0, 60 * 86_400), st.integers(0, 3 * 86_400)).map(lambda seconds: timedelta(seconds=seconds))


def question(number: int) -> Question:
    return Question(f"Q{number:03}", f"topic{number % 4}", LEVELS[number // 4 % 3], "What?", (), "That.", (), (), (), ())


def bank(size: int) -> list[Question]:
    return [question(number) for number in range(size)]


def review(question_id: str, days_ago: float = 1, score: float | None = GOOD, hints: int = 0) -> Review:
    return Review(question_id, NOW - timedelta(days=days_ago), score, hints)


def graded(score: float | None, hints: int = 0, seconds: float | None = None, *, contradicted: bool = False) -> Rating | None:
    return rating(Review("Q000", NOW, score, hints, seconds, 60, contradicted))


def reviewed(size: int, days_ago: float = 10, score: float = GOOD) -> list[Review]:
    return [review(f"Q{number:03}", days_ago, score) for number in range(size)]


def followed(day: Day, score: float = GOOD) -> list[Review]:
    noon = datetime.combine(day.on, time(12), UTC)
    return [Review(question_id, noon, score) for question_id in day.questions]


HISTORIES = st.lists(
    st.builds(review, st.integers(0, 19).map("Q{:03}".format), st.floats(0, 60), SCORES, st.integers(0, 3)), max_size=40
)
DATES = st.one_of(st.none(), st.integers(-3, 45).map(lambda days: TODAY + timedelta(days=days)))


Made = tuple[list[Question], Schedule, int, date | None, Plan]


@st.composite
def planned(draw: st.DrawFn) -> Made:
    questions, known = bank(draw(st.integers(0, 30))), schedule(draw(HISTORIES))
    per_day, on = draw(st.integers(0, 12)), draw(DATES)
    return questions, known, per_day, on, plan(questions, known, NOW, per_day, on)


@pytest.mark.parametrize(
    ("score", "rated"),
    [
        (0, Rating.Again),
        (1.99, Rating.Again),
        (2, Rating.Hard),
        (3.49, Rating.Hard),
        (3.5, Rating.Good),
        (4.49, Rating.Good),
        (4.5, Rating.Easy),
        (5, Rating.Easy),
    ],
)
def test_a_score_becomes_a_rating(score: float, rated: Rating) -> None:
    assert graded(score) is rated


def test_a_hint_takes_a_step_off_the_best_rating_but_never_makes_it_forgotten() -> None:
    assert [graded(5, hints) for hints in range(5)] == [Rating.Easy, Rating.Good, Rating.Hard, Rating.Hard, Rating.Hard]
    assert [graded(4, hints) for hints in range(4)] == [Rating.Good, Rating.Good, Rating.Hard, Rating.Hard]
    assert graded(1, 3) is Rating.Again


def test_what_took_more_than_twice_its_time_is_never_easy() -> None:
    assert [graded(5, seconds=seconds) for seconds in (None, 1, 120, 121)] == [Rating.Easy, Rating.Easy, Rating.Easy, Rating.Good]
    assert graded(3, seconds=1000) is Rating.Hard
    assert rating(Review("Q000", NOW, 5, seconds=1000)) is Rating.Easy


def test_contradicting_the_core_is_forgetting_whatever_the_score() -> None:
    assert graded(5, contradicted=True) is Rating.Again
    assert graded(None, contradicted=True) is None


@pytest.mark.parametrize(
    ("verdict", "weight", "core"),
    [(Verdict.CONTRADICTED, 3, True), (Verdict.CONTRADICTED, 2, False), (Verdict.MISSING, 3, False)],
)
def test_only_an_essential_point_that_is_contradicted_is_the_core(verdict: Verdict, weight: int, core: bool) -> None:
    assert contradicts_core(Grade(2, (PointVerdict(KeyPoint("A point.", weight), verdict, "", 0.5),))) is core


@given(st.floats(0, 5), st.integers(-1, 9), st.one_of(st.none(), st.floats()), st.one_of(st.none(), st.floats()), st.booleans())
def test_nothing_but_the_score_raises_a_rating(
    score: float, hints: int, seconds: float | None, expected: float | None, contradicted: bool
) -> None:
    best, rated = graded(score), rating(Review("Q000", NOW, score, hints, seconds, expected, contradicted))
    assert best is not None
    assert rated is not None
    assert rated <= best
    assert hints < 3 or rated <= Rating.Hard


@UNTIMED
@given(st.lists(st.tuples(st.integers(0, 2), st.floats(0, 5), st.integers(0, 3), GAPS), max_size=30))
def test_the_memory_is_exactly_the_library_s(steps: list[tuple[int, float, int, timedelta]]) -> None:
    at, reviews = NOW, []
    cards: dict[str, Card] = {}
    for number, score, hints, gap in steps:
        at += gap
        reviews.append(Review(f"Q{number}", at, score, hints))
        before = cards.get(f"Q{number}") or Card(card_id=0, due=at)
        cards[f"Q{number}"], _ = LIBRARY.review_card(before, rating(reviews[-1]) or Rating.Again, at)
    found = schedule(reviews)
    assert {question_id: studied.card for question_id, studied in found.studied.items()} == cards
    for question_id, card in cards.items():
        assert found.retrievability(question_id, at) == LIBRARY.get_card_retrievability(card, at)
        assert found.due(question_id, card.due)


@UNTIMED
@given(HISTORIES, st.randoms(use_true_random=False))
def test_reviews_may_come_in_any_order_and_zone(reviews: list[Review], random: object) -> None:
    reviews = list({one.at: one for one in reviews}.values())
    shuffled = [Review(one.question_id, one.at.astimezone(ZoneInfo("Asia/Kolkata")), one.score, one.hints) for one in reviews]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert schedule(shuffled) == schedule(reviews)


@UNTIMED
@given(HISTORIES)
def test_an_answer_that_was_not_graded_changes_nothing(reviews: list[Review]) -> None:
    assert schedule(reviews) == schedule(one for one in reviews if one.score is not None)


def test_ten_thousand_answers_are_folded() -> None:
    reviews = [review(f"Q{number % 400:03}", number / 20, number % 6) for number in range(10_000)]
    known = schedule(reviews)
    assert len(known.studied) == 400
    assert len(plan(bank(446), known, NOW, 20, TODAY + timedelta(days=FARTHEST)).days) == FARTHEST


@pytest.mark.parametrize("score", [-0.1, 5.1, float("nan"), float("inf")])
def test_a_score_that_is_none_is_refused(score: float) -> None:
    with pytest.raises(BadInput, match=r"Scores go from 0 to 5\."):
        review("Q000", score=score)


def test_a_time_without_a_zone_is_refused_wherever_it_comes_in() -> None:
    naive, known = datetime(2026, 11, 21), schedule([review("Q000")])  # noqa: DTZ001
    for use in (
        lambda: Review("Q000", naive, 4),
        lambda: known.due("Q000", naive),
        lambda: known.overdue(naive),
        lambda: known.retrievability("Q000", naive),
        lambda: known.state("Q000", naive),
        lambda: known.forecast(naive, 3),
        lambda: plan(bank(3), known, naive, 5),
        lambda: days_to(TODAY, naive),
        lambda: streak([], naive),
    ):
        with pytest.raises(BadInput, match="without a time zone"):
            use()


def test_a_clock_that_was_set_back_breaks_nothing() -> None:
    known = schedule([review("Q000", days_ago=-3), review("Q001", days_ago=2)])
    assert known.retrievability("Q000", NOW) == 1
    assert not known.due("Q000", NOW)
    assert known.done(NOW) == 0
    assert "Q000" not in plan(bank(2), known, NOW, 5, TODAY + timedelta(days=2)).today
    assert streak([review("Q000", days_ago=-3)], NOW) == 0


def test_a_question_is_unseen_weak_learning_or_known() -> None:
    known = schedule(
        [review("Q001", score=1), review("Q002", score=3), review("Q003"), review("Q004", 90), review("Q005", score=5, hints=3)]
    )
    states = [known.state(f"Q{number:03}", NOW) for number in range(6)]
    assert states == [State.UNSEEN, State.WEAK, State.LEARNING, State.KNOWN, State.LEARNING, State.LEARNING]


def test_a_question_is_due_all_day_on_its_day() -> None:
    known = schedule([Review("Q000", datetime(2026, 11, 19, 20, tzinfo=UTC), GOOD)])
    assert known.studied["Q000"].card.due == datetime(2026, 11, 21, 20, tzinfo=UTC)
    assert [known.due("Q000", NOW + timedelta(days=days)) for days in (-1, 0, 1)] == [False, True, True]
    assert not known.due("Q001", NOW)


def test_the_day_is_that_of_the_person_s_clock() -> None:
    known = schedule([Review("Q000", datetime(2026, 11, 19, 10, tzinfo=UTC), GOOD)])
    evening = datetime(2026, 11, 20, 23, tzinfo=UTC)
    assert not known.due("Q000", evening)
    assert known.due("Q000", evening.astimezone(ZoneInfo("Asia/Tokyo")))
    assert days_to(TODAY, evening) == 1
    assert days_to(TODAY, evening.astimezone(ZoneInfo("Asia/Tokyo"))) == 0


def test_what_is_overdue_comes_the_least_remembered_first() -> None:
    known = schedule([review("Q000", 3), review("Q001", 30), review("Q002", 10), review("Q003", 0.1)])
    assert known.overdue(NOW) == ("Q001", "Q002", "Q000")


@UNTIMED
@given(HISTORIES, st.integers(0, 500))
def test_the_forecast_counts_every_question_once(reviews: list[Review], days: int) -> None:
    known = schedule(reviews)
    forecast = known.forecast(NOW, days)
    assert len(forecast) == days
    assert not days or forecast[0] == len(known.overdue(NOW))
    ends = datetime.combine(TODAY + timedelta(days=days), time(), UTC)
    assert not days or sum(forecast) == sum(studied.card.due < ends for studied in known.studied.values())


def test_the_due_come_first_then_the_weak_then_the_new() -> None:
    # Q002 was known for so long that one failure does not make it due at once.
    reviews = [review("Q002", days_ago, 4) for days_ago in (400, 390, 350, 200)] + [review("Q002", 1.5, 1)]
    known = schedule([*reviews, review("Q000", 5), review("Q001", 20), review("Q003", 1)])
    assert not known.due("Q002", NOW)
    today = plan(bank(6), known, NOW, 5).days[0]
    assert today.repeats == ("Q001", "Q000", "Q002")
    assert today.new == ("Q004", "Q005")


def test_new_questions_rise_in_level_and_take_topics_in_turn() -> None:
    questions = sorted(bank(24), key=lambda one: one.topic)
    by_id = {one.id: one for one in questions}
    order = [by_id[question_id] for question_id in plan(questions, Schedule({}), NOW, 24).today]
    assert [one.level for one in order] == [Level.JUNIOR] * 8 + [Level.MID] * 8 + [Level.SENIOR] * 8
    assert all([one.topic[-1] for one in order[at : at + 4]] == list("0123") for at in range(0, 24, 4))


def test_a_topic_s_turn_is_kept_from_day_to_day() -> None:
    first = plan(bank(24), Schedule({}), NOW, 2).days[0]
    later = plan(bank(24), schedule(followed(first)), NOW + timedelta(days=1), 2).days[0]
    assert first.new + later.new == ("Q000", "Q001", "Q002", "Q003")


def test_only_the_chosen_topics_and_what_is_in_the_bank_are_planned() -> None:
    known = schedule([review("Q000", 9), review("Q001", 9), review("GONE", 9)])
    days = plan(bank(8), known, NOW, 5, topics={"topic1"}).days
    assert days[0].questions == ("Q001", "Q005")
    assert {question_id for day in days for question_id in day.questions} == {"Q001", "Q005"}


@FEWER
@given(planned())
def test_no_day_exceeds_the_budget_or_shows_a_question_twice(made: Made) -> None:
    questions, known, per_day, _, found = made
    done = {one for one, studied in known.studied.items() if studied.last.date() == TODAY}
    assert not done & set(found.today)
    assert len(found.today) <= max(0, per_day - len(done))
    for day in found.days:
        assert len(day.questions) == len(day.repeats) + len(day.new) <= per_day
        assert len(set(day.questions)) == len(day.questions)
        assert set(day.questions) <= {one.id for one in questions}


@FEWER
@given(planned())
def test_what_is_new_was_not_seen_before_and_what_is_repeated_was(made: Made) -> None:
    _, known, _, _, found = made
    seen = set(known.studied)
    for day in found.days:
        assert not set(day.new) & seen
        seen |= set(day.new)
        assert set(day.repeats) <= seen - set(day.new)


@FEWER
@given(planned())
def test_a_plan_begins_today_and_never_reaches_the_interview(made: Made) -> None:
    questions, known, per_day, on, found = made
    dates = [day.on for day in found.days]
    assert all(later - earlier == timedelta(days=1) for earlier, later in pairwise(dates))
    assert dates[:1] in ([TODAY], [])
    assert len(dates) == (AHEAD if on is None or on < TODAY else days_to(on, NOW))
    assert plan(questions, known, NOW, per_day, on) == found


@FEWER
@given(planned())
def test_before_an_interview_all_are_in_the_last_pass_or_counted_as_left_out(made: Made) -> None:
    questions, known, _, on, found = made
    if on is None or on < TODAY:
        assert found.last_pass is None
        return
    assert found.last_pass
    shown = {question_id for day in found.days if day.on >= found.last_pass for question_id in day.repeats}
    passed = {one for one, studied in known.studied.items() if studied.last.date() >= found.last_pass}
    failed = {one for one in passed if known.studied[one].weak}
    assert found.left_out == len({one.id for one in questions} - shown - (passed - failed))
    new = [question_id for day in found.days for question_id in day.new]
    assert set(new) <= shown
    assert all(not day.new for day in found.days if day.on >= found.last_pass)


@FEWER
@given(st.integers(0, 25), st.integers(0, 25), st.integers(1, 15), st.integers(0, 20))
def test_with_enough_budget_everything_is_introduced_and_passed_once_more(old: int, new: int, per_day: int, spare: int) -> None:
    # Room for each question six times, which is more often than FSRS shows one in these days.
    left = -(-6 * (old + new) // per_day) + 3 + spare
    found = plan(bank(old + new), schedule(reviewed(old)), NOW, per_day, TODAY + timedelta(days=left))
    assert found.left_out == 0
    assert found.last_pass is not None
    passed = {question_id for day in found.days if day.on >= found.last_pass for question_id in day.repeats}
    assert passed == {one.id for one in bank(old + new)}


def test_new_questions_come_evenly_before_the_last_pass() -> None:
    found = plan(bank(40), Schedule({}), NOW, 10, TODAY + timedelta(days=14))
    assert [len(day.new) for day in found.days] == [5] * 4 + [4] * 5 + [0] * 5
    assert found.last_pass == TODAY + timedelta(days=10)
    scarce = plan(bank(446), Schedule({}), NOW, 10, TODAY + timedelta(days=60))
    assert {len(day.new) for day in scarce.days} <= set(range(6))
    assert [len(day.new) for day in plan(bank(446), Schedule({}), NOW, 10, TODAY + timedelta(days=2)).days] == [10, 0]


def test_the_weakest_are_passed_on_the_eve_of_the_interview() -> None:
    known = schedule(review(f"Q{number:03}", 20, score) for number, score in enumerate([5, 1, 4, 3, 5, 2.5]))
    found = plan(bank(6), known, NOW, 2, TODAY + timedelta(days=3))
    assert [day.repeats for day in found.days] == [("Q004", "Q000"), ("Q002", "Q005"), ("Q003", "Q001")]


def test_what_does_not_fit_before_the_interview_is_the_most_stable_and_said() -> None:
    known = schedule([*reviewed(4, 20, 5), *(review(f"Q{number:03}", 20, 1) for number in range(4, 8))])
    found = plan(bank(10), known, NOW, 2, TODAY + timedelta(days=2))
    assert {question_id for day in found.days for question_id in day.questions} == {"Q004", "Q005", "Q006", "Q007"}
    assert found.left_out == 6
    assert found.note.startswith("At this pace 6 of the questions do not come up before the interview.")


def test_what_fails_in_the_last_pass_takes_the_place_of_what_is_known_best_but_not_that_day() -> None:
    on, reviews = TODAY + timedelta(days=2), [*reviewed(19), review("Q019", 10, 5)]
    first = plan(bank(20), schedule(reviews), NOW, 10, on).days[0]
    failed = first.questions[3]
    reviews += [Review(one, NOW, 1 if one == failed else GOOD) for one in first.questions]
    assert failed not in plan(bank(20), schedule(reviews), NOW, 40, TODAY + timedelta(days=1)).today
    second = plan(bank(20), schedule(reviews), NOW + timedelta(days=1), 10, on)
    assert failed in second.today
    assert second.left_out == 1


@FEWER
@given(st.integers(0, 15), st.integers(0, 15), st.integers(1, 6), st.integers(2, 20))
def test_tomorrow_s_plan_is_the_rest_of_today_s(old: int, new: int, per_day: int, left: int) -> None:
    questions, reviews, on = bank(old + new), reviewed(old), TODAY + timedelta(days=left)
    found = plan(questions, schedule(reviews), NOW, per_day, on)
    for number, day in enumerate(found.days, 1):
        reviews += followed(day)
        rest = plan(questions, schedule(reviews), NOW + timedelta(days=number), per_day, on)
        assert (rest.days, rest.left_out, rest.last_pass) == (found.days[number:], found.left_out, found.last_pass)


@FEWER
@given(HISTORIES, st.integers(1, 12), st.one_of(st.none(), st.integers(1, 20)), st.integers(0, 12))
def test_a_plan_made_during_the_day_holds_what_is_left_of_it(
    reviews: list[Review], per_day: int, left: int | None, answered: int
) -> None:
    on = left and TODAY + timedelta(days=left)
    found = plan(bank(25), schedule(reviews), NOW, per_day, on or None)
    noon = NOW + timedelta(hours=3)
    reviews += [Review(one, noon, GOOD) for one in found.today[:answered]]
    rest = plan(bank(25), schedule(reviews), noon, per_day, on or None)
    assert rest.today == found.today[answered:]
    assert rest.days[1:] == found.days[1:]


def test_who_follows_the_plan_is_as_likely_to_recall_each_question_as_fsrs_wants() -> None:
    reviews = [*reviewed(20, 30), *(review(f"Q{number:03}", 3, 1) for number in range(15))]
    on = TODAY + timedelta(days=21)
    found = plan(bank(45), schedule(reviews), NOW, 10, on)
    then = schedule([*reviews, *(one for day in found.days for one in followed(day))])
    at_the_interview = datetime.combine(on, time(9), UTC)
    assert len(then.studied) == 45
    assert all(then.retrievability(one, at_the_interview) >= LIBRARY.desired_retention for one in then.studied)


def test_without_a_budget_all_that_falls_due_in_the_days_ahead_is_left_out() -> None:
    known = schedule(review(f"Q{number:03}", ago) for number in range(40) for ago in (number + 1, 0.1))
    forecast = known.forecast(NOW, AHEAD + 1)
    assert forecast[AHEAD] > 0
    assert plan(bank(40), known, NOW, 0).left_out == sum(forecast[:AHEAD])


def test_without_a_date_what_is_due_and_finds_no_day_is_counted() -> None:
    found = plan(bank(40), schedule(reviewed(40)), NOW, 1)
    assert [len(day.repeats) for day in found.days] == [1] * AHEAD
    shown = {question_id for day in found.days for question_id in day.questions}
    assert found.left_out >= 40 - len(shown)
    assert found.note.startswith(f"At this pace {found.left_out} of the questions do not come up in the next {AHEAD} days.")


@pytest.mark.parametrize(
    ("away", "days", "note"),
    [
        (-1, AHEAD, "has passed"),
        (0, 0, "The interview is today"),
        (1, 1, ""),
        (FARTHEST, FARTHEST, ""),
        (FARTHEST + 1, AHEAD, "more than 365 days away"),
        ((date.max - TODAY).days, AHEAD, "more than 365 days away"),
    ],
)
def test_every_date_makes_a_plan(away: int, days: int, note: str) -> None:
    found = plan(bank(3), schedule(reviewed(3)), NOW, 5, TODAY + timedelta(days=away))
    assert len(found.days) == days
    assert note in found.note
    assert bool(note) == bool(found.note)
    assert len(found.today) == (3 if days else 0)


def test_on_the_eve_nothing_new_is_begun() -> None:
    found = plan(bank(5), schedule(reviewed(2)), NOW, 5, TODAY + timedelta(days=1))
    assert (set(found.days[0].repeats), found.days[0].new, found.left_out) == ({"Q000", "Q001"}, (), 3)
    assert found.note.endswith("too late to begin new ones.")
    assert plan(bank(5), Schedule({}), NOW, 5, TODAY + timedelta(days=1)).today == ()


@pytest.mark.parametrize("on", [None, TODAY + timedelta(days=3)])
def test_no_questions_or_no_budget_make_empty_days_and_a_reason(on: date | None) -> None:
    empty = plan([], Schedule({}), NOW, 5, on)
    assert (empty.today, empty.left_out) == ((), 0)
    assert "no questions" in empty.note
    broke = plan(bank(4), schedule(reviewed(2)), NOW, 0, on)
    assert not any(day.questions for day in broke.days)
    assert "budget is 0" in broke.note
    assert broke.left_out == (4 if on else 2)


def test_a_budget_below_nothing_is_refused() -> None:
    with pytest.raises(BadInput, match="budget of -1"):
        plan(bank(3), Schedule({}), NOW, -1)


def test_what_was_practiced_today_is_taken_off_the_budget() -> None:
    known = schedule([review("Q000", 0.1), review("GONE", 0.2), review("Q001", 9)])
    assert known.done(NOW) == 2
    assert plan(bank(9), known, NOW, 4).days[0] == Day(TODAY, ("Q001",), ("Q002",))
    assert plan(bank(9), known, NOW, 1).today == ()


@pytest.mark.parametrize("month", [3, 10])
def test_a_change_to_or_from_summer_time_neither_skips_nor_doubles_a_day(month: int) -> None:
    now = datetime(2026, month, 20, 23, 30, tzinfo=ZoneInfo("Europe/Berlin"))
    found = plan(bank(6), schedule([Review("Q000", now, GOOD)]), now + timedelta(days=1), 6)
    assert [day.on.day for day in found.days[:10]] == list(range(21, 31))
    assert next(day.on.day for day in found.days if "Q000" in day.repeats) == 22


def test_a_streak_is_days_in_a_row_until_today_or_yesterday() -> None:
    def days(*ago: float) -> int:
        return streak([review("Q000", one) for one in ago], NOW)

    assert [days(), days(0), days(1), days(2), days(0, 0.1, 1, 2, 4), days(1, 2, 3), days(0, 2)] == [0, 1, 1, 0, 3, 3, 1]


def test_only_graded_answers_make_a_streak_and_days_are_the_person_s() -> None:
    assert streak([review("Q000", 0, score=None), review("Q000", 1)], NOW) == 1
    late = [Review("Q000", datetime(2026, 11, day, 23, tzinfo=UTC), GOOD) for day in (18, 19)]
    assert streak(late, NOW) == 0
    assert streak(late, NOW.astimezone(ZoneInfo("Asia/Tokyo"))) == 2


def test_what_is_put_off_comes_tomorrow_and_leaves_its_place_to_another() -> None:
    questions, known = bank(6), schedule([review("Q000", 10), review("Q001", 10)])
    today, tomorrow, *_ = plan(questions, known, NOW, 2, put_off=("Q000", "Q002")).days
    assert (today.repeats, today.new) == (("Q001",), ("Q003",))
    assert (tomorrow.repeats, tomorrow.new) == (("Q000",), ("Q002",))
