"""Graded answers become the days on which questions are practiced next. Knows no disk, no screen and no clock.

All memory arithmetic is the FSRS library's; here a grade becomes its rating, and its due dates become days that fit a
budget and, if there is one, the date of the interview. A day is a day where `now` is: pass it in the person's time zone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum

from fsrs import Card, Rating, Scheduler

from coach.domain import Grade, Level, Question, Verdict
from coach.errors import BadInput
from coach.grade import FULL

# The library's default steps, in minutes, drill flash cards within a sitting. An interview question asked again ten
# minutes after its model answer was read tests nothing, so there are no steps: the first interval, too, comes from
# FSRS, in whole days and at least one.
SCHEDULER = Scheduler(learning_steps=(), relearning_steps=(), enable_fuzzing=False)

# The least score for each rating, best first; what is below the last is Again.
LEAST = ((4.5, Rating.Easy), (3.5, Rating.Good), (2.0, Rating.Hard))
# An answer that took longer than this many times its expected time is never Easy.
SLOW = 2.0

# How many days a plan without an interview date shows, and how far away a date may be to be planned for.
AHEAD = 14
FARTHEST = 365

_LEVELS = tuple(Level)
_CORE = 3


@dataclass(frozen=True, slots=True)
class Review:
    """One answer. `score` is its grade's, before hints cost anything, or None if it was not graded; times in seconds.

    `contradicted` says that the answer contradicts an essential key point. Raises BadInput.
    """

    question_id: str
    at: datetime
    score: float | None
    hints: int = 0
    seconds: float | None = None
    expected: float | None = None
    contradicted: bool = False

    def __post_init__(self) -> None:
        _aware(self.at, f"The answer to {self.question_id}")
        if self.score is not None and not 0 <= self.score <= FULL:
            raise BadInput(f"The answer to {self.question_id} has the score {self.score}. Scores go from 0 to {FULL:g}.")


def contradicts_core(grade: Grade) -> bool:
    """Whether an answer contradicts an essential key point."""
    return any(verdict.verdict is Verdict.CONTRADICTED and verdict.point.weight >= _CORE for verdict in grade.verdicts)


def rating(review: Review) -> Rating | None:
    """What FSRS is told about an answer; None if it was not graded.

    The score gives Easy from 4.5, Good from 3.5, Hard from 2, else Again; a contradicted core point gives Again. The
    rest only lowers that: each hint takes the best that can be had down a step, to Good with one and to Hard with two
    or more, and more than twice the expected time to Good. Again means forgotten, which hints alone cannot show.
    """
    if review.score is None:
        return None
    if review.contradicted:
        return Rating.Again
    earned = next((rated for least, rated in LEAST if review.score >= least), Rating.Again)
    slow = bool(review.seconds and review.expected and review.seconds > SLOW * review.expected)
    return Rating(min(earned, max(Rating.Hard, Rating.Easy - review.hints), Rating.Good if slow else Rating.Easy))


class State(StrEnum):
    """How a question stands.

    Weak was last rated Again. Known was last rated Good or Easy and is still as likely to be recalled as the scheduler
    wants it. Learning is what lies between.
    """

    UNSEEN = "unseen"
    WEAK = "weak"
    LEARNING = "learning"
    KNOWN = "known"


@dataclass(frozen=True, slots=True)
class Studied:
    """A question with graded answers: the library's memory of it, the last rating, the first and last time in UTC."""

    card: Card
    rating: Rating
    first: datetime
    last: datetime

    @property
    def weak(self) -> bool:
        return self.rating is Rating.Again

    def retrievability(self, now: datetime) -> float:
        return SCHEDULER.get_card_retrievability(self.card, now)


@dataclass(frozen=True, slots=True)
class Schedule:
    """All studied questions by id, also those that have left the bank since. Methods raise BadInput for a naive `now`."""

    studied: Mapping[str, Studied]

    def due(self, question_id: str, now: datetime) -> bool:
        """Whether the day has come on which a question is to be repeated. An unseen one is never due."""
        studied = self.studied.get(question_id)
        return studied is not None and studied.card.due < _end(_today(now), now.tzinfo)

    def overdue(self, now: datetime) -> tuple[str, ...]:
        """The ids of all that are due, the least remembered first."""
        found = [question_id for question_id in self.studied if self.due(question_id, now)]
        return tuple(sorted(found, key=lambda question_id: (self.retrievability(question_id, now), question_id)))

    def done(self, now: datetime) -> int:
        """How many questions were answered today."""
        begins, ends = _start(_today(now), now.tzinfo), _end(_today(now), now.tzinfo)
        return sum(begins <= studied.last < ends for studied in self.studied.values())

    def retrievability(self, question_id: str, now: datetime) -> float:
        """How likely a question is to be recalled, from 0 to 1; 0 if unseen."""
        _today(now)
        studied = self.studied.get(question_id)
        return studied.retrievability(now) if studied else 0.0

    def forecast(self, now: datetime, days: int) -> tuple[int, ...]:
        """How many questions fall due on each of so many days, beginning with today, which has the overdue ones."""
        today = _today(now)
        fall = Counter(max(today, studied.card.due.astimezone(now.tzinfo).date()) for studied in self.studied.values())
        return tuple(fall[today + timedelta(days=number)] for number in range(days))

    def state(self, question_id: str, now: datetime) -> State:
        studied = self.studied.get(question_id)
        if studied is None:
            return State.UNSEEN
        if studied.weak:
            return State.WEAK
        remembered = self.retrievability(question_id, now) >= SCHEDULER.desired_retention
        return State.KNOWN if remembered and studied.rating >= Rating.Good else State.LEARNING


def schedule(reviews: Iterable[Review]) -> Schedule:
    """What all answers together say, whatever order they come in. Those without a score change nothing."""
    studied: dict[str, Studied] = {}
    for review in sorted(reviews, key=lambda review: review.at):
        rated = rating(review)
        if rated is not None:
            studied[review.question_id] = _answered(studied.get(review.question_id), rated, review.at.astimezone(UTC))
    return Schedule(studied)


def _answered(before: Studied | None, rated: Rating, at: datetime) -> Studied:
    # Without an id and a date, the library's new card would read the clock for both.
    card = before.card if before else Card(card_id=0, due=at)
    return Studied(SCHEDULER.review_card(card, rated, at)[0], rated, before.first if before else at, at)


@dataclass(frozen=True, slots=True)
class Day:
    """What to practice on a day: ids of questions seen before, then of new ones."""

    on: date
    repeats: tuple[str, ...]
    new: tuple[str, ...]

    @property
    def questions(self) -> tuple[str, ...]:
        return self.repeats + self.new


@dataclass(frozen=True, slots=True)
class Plan:
    """Days in a row from today on; with an interview date, up to the day before it, else `AHEAD` of them.

    `last_pass` is the day from which everything studied is shown once more, None without a date. `left_out` counts the
    questions that do not fit: with a date, those not in the last pass; without, those due in these days and shown on
    none after. `note` is for the reader, empty if there is nothing to say.
    """

    days: tuple[Day, ...]
    left_out: int
    note: str
    last_pass: date | None = None

    @property
    def today(self) -> tuple[str, ...]:
        return self.days[0].questions if self.days else ()


def plan(
    questions: Iterable[Question],
    schedule: Schedule,
    now: datetime,
    per_day: int,
    interview_on: date | None = None,
    topics: Collection[str] = (),
    put_off: Collection[str] = (),
) -> Plan:
    """Today's questions and those of the days ahead, played through as if every answer were good.

    Of `questions`, those of `topics` are planned, or all if none are named; those `put_off` from tomorrow on. What was
    answered today counts against today's budget and is not asked again, so a plan made at noon holds what is left of
    the morning's. Each day begins with what is due, the least remembered first, then what is weak, then what is new:
    levels rising, topics in turn.

    An interview date changes two things. The last days before it, as many as the budget needs, are one pass over
    everything studied: the most stable memories first, for they keep until the interview, and the weakest on its eve,
    so that what fails on the way comes once more at its end. If all does not fit, the most stable are left out. Before
    that pass, new questions come at an even pace, and only while it has a place for them, so that none is shown just
    once.

    Raises BadInput for a naive `now` or a budget below 0.
    """
    today = _today(now)
    if per_day < 0:
        raise BadInput(f"A daily budget of {per_day} questions cannot be planned. Give 0 or more.")
    order = _by_level_and_turn({question.id: question for question in questions if not topics or question.topic in topics})
    studied = {question_id: schedule.studied[question_id] for question_id in order if question_id in schedule.studied}
    unseen = [question_id for question_id in order if question_id not in studied]
    left = days_to(interview_on, now) if interview_on else None
    until = interview_on if left in range(FARTHEST + 1) else None
    rooms = [max(0, per_day - schedule.done(now)), *[per_day] * FARTHEST][: AHEAD if until is None else left]
    ahead = _Ahead(studied, unseen, per_day, now.tzinfo, until, frozenset(put_off))
    days = tuple(ahead.day(today + timedelta(days=number), room) for number, room in enumerate(rooms))
    left_out = ahead.left_out(today)
    return Plan(days, left_out, _note(order, per_day, left, left_out), ahead.last_pass)


def _by_level_and_turn(questions: Mapping[str, Question]) -> list[str]:
    """Ids by rising level, in each level the first question of every topic, then the second of every topic ..."""
    turns: Counter[tuple[str, Level]] = Counter()
    places = {}
    for question in questions.values():
        turns[question.topic, question.level] += 1
        places[question.id] = (_LEVELS.index(question.level), turns[question.topic, question.level])
    return sorted(places, key=lambda question_id: places[question_id])


@dataclass(slots=True)
class _Ahead:
    """The days ahead, played through one by one as if every answer were good; each changes what is studied and unseen.

    `until` is the date of the interview, or None; `put_off` are the questions not to be asked on the next day.
    """

    studied: dict[str, Studied]
    unseen: list[str]
    per_day: int
    zone: tzinfo | None
    until: date | None
    put_off: frozenset[str] = frozenset()

    def day(self, on: date, room: int) -> Day:
        """The next day, which has room for so many questions."""
        if self.last_pass and on >= self.last_pass:
            return self._play(on, self._passing(on, room), 0)
        repeats = self._repeats(on)[:room]
        return self._play(on, repeats, min(room - len(repeats), self._pace(on)))

    @property
    def last_pass(self) -> date | None:
        """The first of the days it takes to show everything studied once more."""
        return self.until - timedelta(days=_ceil(len(self.studied), self.per_day)) if self.until else None

    def left_out(self, today: date) -> int:
        """How many questions the days played have not served."""
        if self.until is None:
            return len(self._due(today + timedelta(days=AHEAD - 1)))
        return len(self.unseen) + len(self._unpassed())

    def _passing(self, on: date, room: int) -> list[str]:
        """A day's part of the last pass, then what else is to be repeated."""
        assert self.until is not None
        unpassed = self._unpassed()
        places = room + ((self.until - on).days - 1) * self.per_day
        part = [question_id for question_id in reversed(unpassed[:places]) if self._open(question_id, on)]
        waiting = set(unpassed)
        return [*part, *(question_id for question_id in self._repeats(on) if question_id not in waiting)][:room]

    def _unpassed(self) -> list[str]:
        """What was not answered in the last pass, or failed in it, the least stable first."""
        assert self.last_pass is not None
        begins = _start(self.last_pass, self.zone)
        found = [question_id for question_id, studied in self.studied.items() if studied.last < begins or studied.weak]
        return sorted(found, key=lambda question_id: (self.studied[question_id].card.stability, question_id))

    def _pace(self, on: date) -> int:
        """How many more new questions a day may have: any, or before an interview an even part of those that fit."""
        if self.until is None:
            return len(self.unseen)
        left = (self.until - on).days
        begun = sum(studied.first >= _start(on, self.zone) for studied in self.studied.values())
        old = len(self.studied) - begun
        # Each takes two places. For repeats between these, a day is spared and at most half of every day is new.
        new = min(len(self.unseen) + begun, (left * self.per_day - old) // 2)
        days = left - _ceil(old + new, self.per_day) - 1
        part = min(_ceil(new, days), _ceil(self.per_day, 2)) if days > 0 else new
        return max(0, min(part - begun, (left - 1) * self.per_day - len(self.studied)))

    def _repeats(self, on: date) -> list[str]:
        """What is due, then what is weak, each the least remembered first."""
        due = self._due(on)
        weak = {question_id for question_id, studied in self.studied.items() if studied.weak and self._open(question_id, on)}
        return due + self._forgotten_first(weak.difference(due), on)

    def _due(self, on: date) -> list[str]:
        ends = _end(on, self.zone)
        due = [question_id for question_id, studied in self.studied.items() if studied.card.due < ends]
        return self._forgotten_first((question_id for question_id in due if self._open(question_id, on)), on)

    def _open(self, question_id: str, on: date) -> bool:
        """Whether a question may be asked on a day: it is not put off, and has not been answered then."""
        return question_id not in self.put_off and self.studied[question_id].last < _start(on, self.zone)

    def _forgotten_first(self, found: Iterable[str], on: date) -> list[str]:
        noon = _noon(on, self.zone)
        return sorted(found, key=lambda question_id: (self.studied[question_id].retrievability(noon), question_id))

    def _play(self, on: date, repeats: list[str], count: int) -> Day:
        new = [question_id for question_id in self.unseen if question_id not in self.put_off][:count]
        self.unseen = [question_id for question_id in self.unseen if question_id not in new]
        self.put_off = frozenset()
        for question_id in (*repeats, *new):
            self.studied[question_id] = _answered(self.studied.get(question_id), Rating.Good, _noon(on, self.zone))
        return Day(on, tuple(repeats), tuple(new))


def _note(order: list[str], per_day: int, left: int | None, left_out: int) -> str:
    if left is not None and left < 0:
        return "The date of the interview has passed: this is planned as if there were none."
    if left is not None and left > FARTHEST:
        return f"The interview is more than {FARTHEST} days away: this is planned as if there were no date yet."
    if left == 0:
        return "The interview is today: nothing more is planned."
    if not order:
        return "There are no questions to plan. Choose other topics, or add questions to the bank."
    if per_day == 0:
        return "The daily budget is 0: nothing is planned."
    if not left_out:
        return ""
    until = "before the interview" if left else f"in the next {AHEAD} days"
    cure = "It is too late to begin new ones." if left == 1 else "Raise the daily budget or choose fewer topics."
    return f"At this pace {left_out} of the questions do not come up {until}. {cure}"


def days_to(interview_on: date, now: datetime) -> int:
    """Days until the interview: 0 is today, less is past. Raises BadInput for a naive `now`."""
    return (interview_on - _today(now)).days


def streak(reviews: Iterable[Review], now: datetime) -> int:
    """How many days in a row, up to today or yesterday, have a graded answer. Raises BadInput for a naive `now`."""
    today = _today(now)
    days = {review.at.astimezone(now.tzinfo).date() for review in reviews if review.score is not None}
    last = today if today in days else today - timedelta(days=1)
    length = 0
    while last - timedelta(days=length) in days:
        length += 1
    return length


def _aware(at: datetime, what: str) -> datetime:
    if at.utcoffset() is None:
        raise BadInput(f"{what} is at {at.isoformat()}, a time without a time zone. Give one, for instance UTC.")
    return at


def _today(now: datetime) -> date:
    return _aware(now, "Now").date()


def _start(day: date, zone: tzinfo | None) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _end(day: date, zone: tzinfo | None) -> datetime:
    return _start(day + timedelta(days=1), zone)


def _noon(day: date, zone: tzinfo | None) -> datetime:
    return datetime.combine(day, time(12), zone).astimezone(UTC)


def _ceil(count: int, per: int) -> int:
    """How many lots of `per`, at least 1, it takes for `count`."""
    return -(-count // max(1, per))
