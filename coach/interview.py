"""What happened becomes an interview: events in, the state out. Knows no disk, no clock and no grader.

An interview is the fold of its events, so it can be put down and taken up anywhere, and each event is one record on
disk. `step` says what is to happen next; whoever drives it does that and adds the event that came of it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from coach.domain import Grade, Level
from coach.errors import BadMove

HINTS = 3
# What one hint takes off a turn's score, of 5.
HINT_COSTS = 0.5
MAX_QUESTIONS = 50
MAX_MINUTES = 240
# Seconds a real interviewer waits for an answer before moving on, if the setup names none.
SECONDS_BY_LEVEL = {Level.JUNIOR: 120, Level.MID: 150, Level.SENIOR: 180}

# Who gave no sign of life for longer than this has left. A browser lets a page in the background speak once a minute.
GRACE = timedelta(minutes=2)


class Style(StrEnum):
    """How the interviewer talks; what is asked and how it is graded stays the same."""

    FRIENDLY = "friendly"
    NEUTRAL = "neutral"
    PROBING = "probing"


class Picking(StrEnum):
    WEAK_AND_DUE = "weak and due"
    RANDOM = "random"


class Kind(StrEnum):
    """Why a question was asked: chosen, to follow up on a point, or once more."""

    QUESTION = "question"
    FOLLOW_UP = "follow-up"
    AGAIN = "again"


class Step(StrEnum):
    """What an interview waits for."""

    ASK = "ask"
    REPLY = "reply"
    GRADE = "grade"
    READ = "read"
    PAUSED = "paused"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Setup:
    """What the candidate chose. No topics means all; no level means one that moves with how it goes.

    It ends after `questions` or `minutes`, whichever comes first. `real` is without hints and with feedback only at
    the end. `seconds` is the clock of each question in a real interview; None leaves it to the question's level.
    `only` are the ids of the questions to ask, in this order; none means whatever else fits.
    """

    topics: tuple[str, ...] = ()
    level: Level | None = None
    questions: int | None = 5
    minutes: int | None = None
    real: bool = False
    style: Style = Style.NEUTRAL
    picking: Picking = Picking.WEAK_AND_DUE
    target: str = ""
    seconds: int | None = None
    seed: int = 0
    only: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Began:
    at: datetime
    setup: Setup
    kind: Literal["began"] = "began"


@dataclass(frozen=True, slots=True)
class Asked:
    """`follows` is the number of the turn a follow-up or a retry belongs to, `point` the key point it is about."""

    at: datetime
    question_id: str
    prompt: str
    why: Kind = Kind.QUESTION
    follows: int | None = None
    point: int | None = None
    seconds: int | None = None
    kind: Literal["asked"] = "asked"


@dataclass(frozen=True, slots=True)
class Hinted:
    at: datetime
    hint: str
    kind: Literal["hinted"] = "hinted"


@dataclass(frozen=True, slots=True)
class Replied:
    """`rating` is what the candidate thinks the reply is worth, from 0 to 5, before the grade is shown."""

    at: datetime
    text: str
    rating: int | None = None
    kind: Literal["replied"] = "replied"


@dataclass(frozen=True, slots=True)
class Graded:
    at: datetime
    turn: int
    grade: Grade
    kind: Literal["graded"] = "graded"


@dataclass(frozen=True, slots=True)
class Disputed:
    """The candidate says that `said`, words of their reply, make key point number `point`."""

    at: datetime
    turn: int
    point: int
    said: str
    kind: Literal["disputed"] = "disputed"


@dataclass(frozen=True, slots=True)
class Skipped:
    at: datetime
    kind: Literal["skipped"] = "skipped"


@dataclass(frozen=True, slots=True)
class Paused:
    at: datetime
    kind: Literal["paused"] = "paused"


@dataclass(frozen=True, slots=True)
class Resumed:
    at: datetime
    kind: Literal["resumed"] = "resumed"


@dataclass(frozen=True, slots=True)
class Ended:
    at: datetime
    kind: Literal["ended"] = "ended"


Event = Began | Asked | Hinted | Replied | Graded | Disputed | Skipped | Paused | Resumed | Ended


@dataclass(frozen=True, slots=True)
class Turn:
    """One question and what came of it. `away` is how long the interview was paused while it was open.

    `grades` are all there were, oldest first; the last one counts.
    """

    asked: Asked
    hints: tuple[str, ...] = ()
    reply: Replied | None = None
    skipped: bool = False
    grades: tuple[Grade, ...] = ()
    disputes: tuple[Disputed, ...] = ()
    away: timedelta = timedelta()

    @property
    def grade(self) -> Grade | None:
        return self.grades[-1] if self.grades else None

    @property
    def done(self) -> bool:
        return self.skipped or self.reply is not None

    @property
    def seconds(self) -> float | None:
        """How long the candidate took to reply, without pauses."""
        return max(0.0, (self.reply.at - self.asked.at - self.away).total_seconds()) if self.reply else None

    @property
    def late(self) -> bool:
        """Whether the reply came after the question's clock had run out."""
        return bool(self.asked.seconds and (self.seconds or 0) > self.asked.seconds)

    @property
    def score(self) -> float | None:
        """The grade less what the hints cost; None if there is no grade with a score."""
        if self.grade is None or self.grade.score is None:
            return None
        return max(0.0, self.grade.score - HINT_COSTS * len(self.hints))


@dataclass(frozen=True, slots=True)
class Interview:
    """The state after some events. `events` counts them: the next one has that number. `last` is when the last one was.

    `ungraded` are the numbers of the turns whose reply, or whose dispute, waits for a grade, the longest waiting first.
    """

    id: str
    setup: Setup
    began: datetime
    last: datetime
    turns: tuple[Turn, ...] = ()
    ungraded: tuple[int, ...] = ()
    events: int = 1
    paused: datetime | None = None
    away: timedelta = timedelta()
    ended: datetime | None = None

    @classmethod
    def from_events(cls, id_: str, events: tuple[Event, ...]) -> Interview:
        """Raises BadMove if they do not make an interview."""
        if not events or not isinstance(events[0], Began):
            raise BadMove(f"The interview {id_} has no beginning. Delete it and begin another.")
        interview = cls(id_, events[0].setup, events[0].at, events[0].at)
        try:
            for event in events[1:]:
                interview = interview.after(event)
        except BadMove as error:
            raise BadMove(
                f"Record {interview.events} of the interview {id_} does not fit those before it, so it was changed by hand. "
                f"Delete that interview and begin another. {error}"
            ) from error
        return interview

    @property
    def turn(self) -> Turn | None:
        return self.turns[-1] if self.turns else None

    @property
    def asked(self) -> int:
        """How many questions were asked, without follow-ups and retries."""
        return sum(turn.asked.why is Kind.QUESTION for turn in self.turns)

    @property
    def step(self) -> Step:
        """What comes next. A real interview is graded when it is over, all turns at once."""
        if self.ended:
            return Step.GRADE if self.ungraded else Step.OVER
        if self.paused:
            return Step.PAUSED
        if self.turn is None:
            return Step.ASK
        if not self.turn.done:
            return Step.REPLY
        if self.setup.real or self.turn.skipped:
            return Step.ASK
        return Step.GRADE if self.ungraded else Step.READ

    def used(self, now: datetime) -> timedelta:
        """How long the interview has lasted, without pauses."""
        until = self.ended or self.paused or now
        return max(timedelta(), until - self.began - self.away)

    def left(self, seen: datetime, now: datetime) -> datetime | None:
        """Since when the candidate is gone who went without a word; None if they are there, or no clock runs on them.

        `seen` is the last sign of life that is no event. A pause from then on is what they would have wanted.
        """
        last = max(seen, self.last)
        waits = self.step in {Step.REPLY, Step.READ}
        return last if waits and now - last > GRACE else None

    def complete(self, now: datetime) -> bool:
        """Whether what was set up is done: as many questions asked, or the time used up."""
        if self.setup.questions is not None and self.asked >= self.setup.questions:
            return True
        return self.setup.minutes is not None and self.used(now) >= timedelta(minutes=self.setup.minutes)

    def after(self, event: Event) -> Interview:
        """The interview with one more event. Raises BadMove if that cannot happen now."""
        return replace(self._after(event), events=self.events + 1, last=max(self.last, event.at))

    def _after(self, event: Event) -> Interview:
        match event:
            case Asked():
                # A dispute that nobody judged holds up nothing.
                disputed = self.step is Step.GRADE and not self.ended and bool(self._open.grades)
                self._must(self.step in {Step.ASK, Step.READ} or disputed, "ask a question")
                return replace(self, turns=(*self.turns, Turn(event)))
            case Hinted():
                self._must(self.step is Step.REPLY and not self.setup.real, "give a hint")
                self._must(len(self._open.hints) < HINTS, "give another hint")
                return self._with(hints=(*self._open.hints, event.hint))
            case Replied():
                self._must(self.step is Step.REPLY, "take a reply")
                return _waiting(self._with(reply=event), len(self.turns) - 1)
            case Skipped():
                self._must(self.step is Step.REPLY, "skip")
                return self._with(skipped=True)
            case Graded():
                turn = self._replied(event.turn, "grade")
                self._must(not self.setup.real or bool(self.ended), "grade an answer")
                left = tuple(number for number in self.ungraded if number != event.turn)
                return replace(self._with(event.turn, grades=(*turn.grades, event.grade)), ungraded=left)
            case Disputed():
                turn = self._replied(event.turn, "dispute")
                self._must(bool(turn.grades), "dispute a grade")
                return _waiting(self._with(event.turn, disputes=(*turn.disputes, event)), event.turn)
            case Paused():
                self._must(not self.paused and not self.ended, "pause")
                return replace(self, paused=event.at)
            case Resumed():
                return self._resumed(event.at)
            case Ended():
                self._must(not self.ended, "end")
                resumed = self._resumed(event.at) if self.paused else self
                return replace(resumed, ended=event.at)
            case Began():
                raise BadMove(f"The interview {self.id} has begun already.")

    @property
    def _open(self) -> Turn:
        assert self.turn is not None
        return self.turn

    def _resumed(self, at: datetime) -> Interview:
        if not self.paused:
            raise BadMove("The interview is not paused, so it cannot be resumed. Go on with it.")
        away = max(timedelta(), at - self.paused)
        waiting = self.turn is not None and not self.turn.done
        resumed = self._with(away=self._open.away + away) if waiting else self
        return replace(resumed, paused=None, away=self.away + away)

    def _replied(self, number: int, what: str) -> Turn:
        there = 0 <= number < len(self.turns) and self.turns[number].reply is not None
        self._must(there, f"{what} turn {number + 1}")
        return self.turns[number]

    def _with(self, number: int = -1, **changes: object) -> Interview:
        """The interview with one turn changed, the last one if no number is given."""
        turns = list(self.turns)
        turns[number] = replace(turns[number], **changes)  # type: ignore[arg-type]
        return replace(self, turns=tuple(turns))

    def _must(self, fits: bool, what: str) -> None:
        if not fits:
            raise BadMove(f"The interview cannot {what} now: it waits for {_WAITS[self.step]}.")


def _waiting(interview: Interview, number: int) -> Interview:
    """The interview with one more turn that waits for a grade."""
    return interview if number in interview.ungraded else replace(interview, ungraded=(*interview.ungraded, number))


_WAITS = {
    Step.ASK: "the next question",
    Step.REPLY: "your answer",
    Step.GRADE: "the grade",
    Step.READ: "you to read the feedback and go on",
    Step.PAUSED: "you to resume it",
    Step.OVER: "nothing, it is over",
}
