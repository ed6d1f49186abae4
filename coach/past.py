"""The interviews of a history become one value, read again only where something has changed. Knows no bank and no clock."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from coach.errors import CoachError
from coach.interview import Interview, Kind, Turn
from coach.ports import History, Record, Stream
from coach.records import event
from coach.schedule import Review, Schedule, contradicts_core, schedule

INTERVIEW = "interview"


@dataclass(frozen=True, slots=True)
class Result:
    """One graded answer: turn `number` of an interview. Scores of two graders are two scales.

    `score` is with hints paid for, `earned` is without; `rating` is what the candidate thought before the grade was shown.
    """

    at: datetime
    question_id: str
    interview: str
    number: int
    score: float
    earned: float
    hints: int
    rating: int | None
    grader: str


@dataclass(frozen=True)
class Past:
    """All interviews as they stand, the oldest first, and what follows from them."""

    sessions: tuple[tuple[Stream, Interview], ...] = ()

    @cached_property
    def reviews(self) -> tuple[Review, ...]:
        """Every graded first answer to a question in an interview; a retry after reading the answer proves nothing."""
        return tuple(_review(turn) for _interview, _number, turn in self._answered())

    @cached_property
    def schedule(self) -> Schedule:
        return schedule(self.reviews)

    @cached_property
    def results(self) -> tuple[Result, ...]:
        """The scores of the same answers, the oldest first; without those that could not be graded."""
        found = (_result(*answered) for answered in self._answered())
        return tuple(sorted((result for result in found if result), key=lambda result: result.at))

    def skipped_today(self, now: datetime) -> frozenset[str]:
        """The ids of the questions that were asked today, a day where `now` is, and skipped."""
        turns = (turn for _stream, interview in self.sessions for turn in interview.turns if turn.skipped)
        return frozenset(turn.asked.question_id for turn in turns if turn.asked.at.astimezone(now.tzinfo).date() == now.date())

    def _answered(self) -> Iterator[tuple[Interview, int, Turn]]:
        for _stream, interview in self.sessions:
            for number, turn in enumerate(interview.turns):
                if turn.asked.why is Kind.QUESTION and turn.reply and turn.grade:
                    yield interview, number, turn


def _review(turn: Turn) -> Review:
    assert turn.reply is not None
    assert turn.grade is not None
    return Review(
        turn.asked.question_id,
        turn.reply.at,
        turn.grade.score,
        len(turn.hints),
        turn.seconds,
        float(turn.asked.seconds) if turn.asked.seconds else None,
        contradicts_core(turn.grade),
    )


def _result(interview: Interview, number: int, turn: Turn) -> Result | None:
    if turn.reply is None or turn.grade is None or turn.grade.score is None or turn.score is None:
        return None
    return Result(
        turn.reply.at,
        turn.asked.question_id,
        interview.id,
        number,
        turn.score,
        turn.grade.score,
        len(turn.hints),
        turn.reply.rating,
        turn.grade.stamp.grader if turn.grade.stamp else "unknown",
    )


class Reader:
    """Reads the past of a history. What has not changed since it was read is not read again."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._read: dict[str, tuple[Stream, Interview | None]] = {}
        self._past = Past()

    def past(self) -> Past:
        """As it stands on disk. An interview that cannot be read is left out."""
        streams = sorted(self._history.streams(INTERVIEW), key=lambda stream: (stream.began, stream.id))
        known = self._read
        if [stream for stream, _interview in known.values()] != streams:
            records = self._history.records if known else self._everything().__getitem__
            self._read = {
                stream.id: known[stream.id]
                if stream.id in known and known[stream.id][0] == stream
                else (stream, _interview(stream.id, records(stream.id)))
                for stream in streams
            }
            self._past = Past(tuple((stream, interview) for stream, interview in self._read.values() if interview))
        return self._past

    def _everything(self) -> dict[str, list[Record]]:
        """All records in one statement."""
        found = {stream.id: records for stream, records in self._history.everything(INTERVIEW)}
        return defaultdict(list, found)


def _interview(id_: str, records: Sequence[Record]) -> Interview | None:
    try:
        return Interview.from_events(id_, tuple(event(one) for one in records))
    except CoachError:
        return None
