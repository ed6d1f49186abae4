"""The bank as a list to look through, and what was practiced as something to draw."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coach.catalog import Listed, Standing, Wanted, catalog, counts, found
from coach.domain import Grade, Level, Question, Topic
from coach.errors import BadQuestion
from coach.interview import Asked, Began, Graded, Interview, Replied, Setup
from coach.past import INTERVIEW, Past, Result
from coach.ports import Stream
from coach.progress import calibrations, coverage, trend
from coach.service import Coach

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
TOPICS = ("tea", "boats")
STANDINGS = st.lists(st.sampled_from(Standing), max_size=3).map(tuple)


def question(id_: str, prompt: str, topic: str = "tea", level: Level = Level.MID, *also: str) -> Question:
    return Question(id_, topic, level, prompt, also, "So.", (), (), (), ())


BREW = question("TE01", "How is green tea brewed?", "tea", Level.JUNIOR, "which temperature for sencha")
OOLONG = question("TE02", "What is oolong?")
TACK = question("BO01", "How does a boat tack?", "boats", Level.SENIOR)
BANK = (BREW, OOLONG, TACK)


def result(score: float, days_ago: float = 1, grader: str = "rubric", rating: int | None = None, id_: str = "TE01") -> Result:
    return Result(NOW - timedelta(days=days_ago), id_, "i1", 0, score, score, 0, rating, grader)


def answered(id_: str, hours_ago: float, score: float) -> Interview:
    at = NOW - timedelta(hours=hours_ago)
    events = (Began(at, Setup()), Asked(at, id_, "So?"), Replied(at, "So."), Graded(at, 0, Grade(score)))
    return Interview.from_events(id_, events)


def listed(*interviews: Interview) -> tuple[Listed, ...]:
    stream = Stream("i1", INTERVIEW, "Practice", NOW, NOW, 4)
    return catalog(BANK, Past(tuple((stream, interview) for interview in interviews)), NOW)


def ids(*interviews: Interview, ranking: tuple[str, ...] = (), **wanted: object) -> list[str]:
    return [one.question.id for one in found(listed(*interviews), Wanted(**wanted), ranking)]  # type: ignore[arg-type]


FAILED = answered("TE01", 24 * 30, 0.5)
FRESH = answered("TE02", 2, 5.0)


def test_nothing_wanted_is_the_whole_bank_in_its_order() -> None:
    assert ids() == ["TE01", "TE02", "BO01"]


def test_topics_levels_and_standings_narrow_each_other() -> None:
    assert ids(topics=("tea",)) == ["TE01", "TE02"]
    assert ids(topics=("tea",), levels=(Level.JUNIOR, Level.SENIOR)) == ["TE01"]
    assert ids(FAILED, FRESH, standings=(Standing.NEW,)) == ["BO01"]
    assert ids(FAILED, FRESH, standings=(Standing.KNOWN, Standing.WEAK)) == ["TE01", "TE02"]


def test_what_is_due_is_found_as_due_and_as_weak() -> None:
    assert ids(FAILED, FRESH, standings=(Standing.DUE,)) == ids(FAILED, FRESH, standings=(Standing.WEAK,)) == ["TE01"]
    assert counts(listed(FAILED, FRESH)) == {Standing.DUE: 1, Standing.WEAK: 1, Standing.KNOWN: 1, Standing.NEW: 1}


def test_an_id_leads_then_what_is_asked_in_these_words_then_what_the_search_found() -> None:
    assert ids(text="te02", ranking=("BO01",)) == ["TE02", "BO01"]
    assert ids(text="How ", ranking=("TE02", "BO01")) == ["BO01", "TE01", "TE02"]
    assert ids(text="SENCHA temp") == ["TE01"]
    assert ids(text="coffee") == []


def test_a_question_is_listed_with_its_graded_answers() -> None:
    scores = [[result.score for result in one.results] for one in listed(FRESH, FAILED, answered("TE01", 1, 4.0))]
    assert scores == [[0.5, 4.0], [5.0], []]


@given(STANDINGS, st.text(max_size=10), st.lists(st.sampled_from([q.id for q in BANK]), unique=True))
def test_no_question_is_listed_twice_or_unwanted(standings: tuple[Standing, ...], text: str, ranking: list[str]) -> None:
    everything = listed(FAILED, FRESH)
    seen = found(everything, Wanted(text, standings=standings), ranking)
    assert len({one.question.id for one in seen}) == len(seen)
    assert all(not standings or set(one.standings) & set(standings) for one in seen)


def test_what_is_looked_up_is_found_by_its_words_alone_or_by_meaning_too(small_coach: Coach) -> None:
    assert small_coach.look_up("green tea", meaning=False)[0] == "TE01"
    assert small_coach.look_up("How is green tea brewed?")[0] == "TE01"
    assert small_coach.look_up("qwertz asdf", meaning=False) == []
    with pytest.raises(BadQuestion):
        small_coach.look_up("?!")


# Progress.


def test_two_graders_have_two_trends_and_a_day_is_where_the_candidate_is() -> None:
    means = trend([result(1), result(3), result(5, grader="llm")], UTC)
    assert [(mean.grader, mean.score, mean.answers) for mean in means] == [("llm", 5, 1), ("rubric", 2, 2)]
    late = replace(result(1), at=datetime(2026, 11, 20, 23, 0, tzinfo=UTC))
    assert trend([late], timezone(timedelta(hours=2)))[0].on == date(2026, 11, 21)


def test_every_question_of_a_topic_stands_somewhere_once() -> None:
    topics = tuple(Topic(id_, id_.title(), tuple(q for q in BANK if q.topic == id_)) for id_ in TOPICS)
    tea, boats = coverage(topics, listed(FAILED, FRESH))
    assert (tea.standings[Standing.WEAK], tea.standings[Standing.KNOWN], tea.due, tea.seen) == (1, 1, 1, 2)
    assert (sum(tea.standings.values()), sum(boats.standings.values()), boats.seen) == (2, 1, 0)


def test_ratings_are_compared_with_each_grader_alone() -> None:
    rated = [result(2, rating=4), result(1, rating=4), result(2, rating=4), result(5, grader="llm", rating=5), result(3)]
    fits = calibrations(rated)
    assert "Over-confident" in fits["rubric"].sentence
    assert len(fits["rubric"].pairs) == 3
    assert "Too few" in fits["llm"].sentence
    assert calibrations([result(3)]) == {}
