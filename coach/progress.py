"""What was practiced becomes what can be drawn of it: the trend, the coverage, the fit of self-ratings. Knows no screen.

Scores of two graders are two scales, so whatever is made of scores is made for each grader alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, tzinfo
from statistics import fmean

from coach.catalog import Listed, Standing
from coach.domain import Topic
from coach.past import Result
from coach.report import Calibration, Pair, calibration


@dataclass(frozen=True, slots=True)
class Mean:
    """What one grader gave on one day: the mean score, hints paid for, of so many answers."""

    on: date
    grader: str
    score: float
    answers: int


def trend(results: Iterable[Result], zone: tzinfo | None) -> tuple[Mean, ...]:
    """Day by day, a day where `zone` is."""
    days: dict[tuple[date, str], list[float]] = {}
    for result in results:
        days.setdefault((result.at.astimezone(zone).date(), result.grader), []).append(result.score)
    return tuple(Mean(on, grader, fmean(scores), len(scores)) for (on, grader), scores in sorted(days.items()))


@dataclass(frozen=True, slots=True)
class Coverage:
    """How the questions of a topic stand. Every one counts once in `standings`, and again in `due` if it is due."""

    topic: Topic
    standings: Mapping[Standing, int]
    due: int

    @property
    def seen(self) -> int:
        return len(self.topic.questions) - self.standings[Standing.NEW]


def coverage(topics: Iterable[Topic], listed: Iterable[Listed]) -> tuple[Coverage, ...]:
    """One for each topic, in the order of the bank; `listed` is the whole bank."""
    by_topic: dict[str, list[Listed]] = {}
    for one in listed:
        by_topic.setdefault(one.question.topic, []).append(one)
    return tuple(_covered(topic, by_topic.get(topic.id, [])) for topic in topics)


def _covered(topic: Topic, listed: Sequence[Listed]) -> Coverage:
    standings = [one.standing for one in listed]
    counted = {standing: standings.count(standing) for standing in Standing}
    return Coverage(topic, counted, sum(one.due for one in listed))


def calibrations(results: Sequence[Result]) -> Mapping[str, Calibration]:
    """By grader, how the candidate's ratings fit its scores before hints cost anything; only of answers that were rated."""
    rated: dict[str, list[Pair]] = {}
    for number, result in enumerate(results):
        if result.rating is not None:
            rated.setdefault(result.grader, []).append(Pair(number, result.rating, result.earned))
    return {grader: calibration(pairs) for grader, pairs in rated.items()}
