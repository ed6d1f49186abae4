"""A bank and what was practiced of it become a list to look through: searched, filtered, counted. Knows no index."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from coach.domain import Level, Question
from coach.past import Past, Result
from coach.schedule import Schedule, State
from coach.text import clean


class Standing(StrEnum):
    """How a question stands, as one filters by it. A question that is due is also weak, learning or known."""

    NEW = "new"
    DUE = "due"
    WEAK = "weak"
    LEARNING = "learning"
    KNOWN = "known"


_STANDINGS = {
    State.UNSEEN: Standing.NEW,
    State.WEAK: Standing.WEAK,
    State.LEARNING: Standing.LEARNING,
    State.KNOWN: Standing.KNOWN,
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to look for. Of topics, levels and standings any one named will do; none named means all."""

    text: str = ""
    topics: tuple[str, ...] = ()
    levels: tuple[Level, ...] = ()
    standings: tuple[Standing, ...] = ()


@dataclass(frozen=True, slots=True)
class Listed:
    """A question with how it stands and its graded answers, the oldest first."""

    question: Question
    standing: Standing
    due: bool
    results: tuple[Result, ...] = ()

    @property
    def standings(self) -> tuple[Standing, ...]:
        return (Standing.DUE, self.standing) if self.due else (self.standing,)


def catalog(questions: Iterable[Question], past: Past, now: datetime) -> tuple[Listed, ...]:
    """Every question, in the order of the bank."""
    results: dict[str, list[Result]] = {}
    for result in past.results:
        results.setdefault(result.question_id, []).append(result)
    return tuple(
        Listed(
            question,
            standing(question.id, past.schedule, now),
            past.schedule.due(question.id, now),
            tuple(results.get(question.id, ())),
        )
        for question in questions
    )


def standing(question_id: str, schedule: Schedule, now: datetime) -> Standing:
    """How well a question is known, whether it is due or not."""
    return _STANDINGS[schedule.state(question_id, now)]


def found(listed: Sequence[Listed], wanted: Wanted, ranking: Sequence[str] = ()) -> tuple[Listed, ...]:
    """What is wanted, the best match first. `ranking` are ids of questions that a search found for the text, best first.

    A question's own id leads, then come those that are asked with every word of the text, then the rest of the ranking.
    """
    fitting = [one for one in listed if _fits(one, wanted)]
    words = clean(wanted.text).casefold().split()
    if not words:
        return tuple(fitting)
    ranks = {id_: rank for rank, id_ in enumerate(ranking)}

    def match(one: Listed) -> tuple[int, int]:
        named = [one.question.id.casefold()] == words
        asked = _asked_with(one.question, words)
        known = one.question.id in ranks
        return (0 if named else 1 if asked else 2 if known else 3), ranks.get(one.question.id, len(ranks))

    matched = {one.question.id: match(one) for one in fitting}
    return tuple(sorted((one for one in fitting if matched[one.question.id][0] < 3), key=lambda one: matched[one.question.id]))


def counts(listed: Iterable[Listed]) -> Mapping[Standing, int]:
    """How many questions stand how."""
    return Counter(standing for one in listed for standing in one.standings)


def _fits(one: Listed, wanted: Wanted) -> bool:
    return (
        (not wanted.topics or one.question.topic in wanted.topics)
        and (not wanted.levels or one.question.level in wanted.levels)
        and (not wanted.standings or bool(set(one.standings) & set(wanted.standings)))
    )


def _asked_with(question: Question, words: Sequence[str]) -> bool:
    return any(all(word in asking for word in words) for asking in (text.casefold() for text in question.askings))
