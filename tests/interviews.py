"""Interviewers over a small bank, and a candidate who acts on nothing but what is on disk.

As a program it holds interviews, each killed with SIGKILL before (or after) another writing and taken up by a process
that knows nothing of it, and prints what was kept: `python -m tests.interviews BLANK before`, BLANK being a file to copy.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import cast

from coach.adapters.embed import HashingEmbedder
from coach.adapters.history import SqlHistory
from coach.bank import parse
from coach.domain import KeyPoint, Question, Topic
from coach.examiner import Examiner
from coach.grade import Grader
from coach.hint import Cues
from coach.interview import Interview, Setup, Step
from coach.interviewer import Interviewer
from coach.ports import ChatModel, History, Record
from coach.wiring import make_grader
from ingest.split import entries
from tests.material import OOLONG, SAILS, TEA

BEGAN = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
TICK = timedelta(seconds=10)
ID = "i1"


def _topics() -> tuple[Topic, ...]:
    texts = {"tea": f"# Tea\n\n{TEA}\n{OOLONG}", "sailing": f"# Sailing\n\n{SAILS}"}
    return tuple(parse(text, f"{id_}.md", id_)[0] for id_, text in texts.items())


def _with_points(question: Question, *points: KeyPoint) -> Question:
    return replace(question, key_points=(*question.key_points, *points))


def _bank() -> tuple[Topic, ...]:
    """The small bank with points enough to earn a part of the marks."""
    tea, sailing = _topics()
    green, oolong = tea.questions
    green = _with_points(
        green,
        KeyPoint("The leaves steep for two minutes.", 2),
        KeyPoint("A second infusion from the same leaves needs less time.", 1),
    )
    oolong = _with_points(oolong, KeyPoint("Partial oxidation keeps floral notes that black tea has lost.", 2))
    boat = _with_points(sailing.questions[0], KeyPoint("The keel keeps the boat from sliding sideways.", 2))
    return replace(tea, questions=(green, oolong)), replace(sailing, questions=(boat,))


BANK = _bank()
GREEN, OOLONG_TEA, BOAT = (question for topic in BANK for question in topic.questions)
GRADER = make_grader(HashingEmbedder(), entries(BANK))
CUES = Cues(GRADER.lexicon, GRADER.about)

FULL = {question.id: " ".join(point.text for point in question.key_points) for topic in BANK for question in topic.questions}
WEAK = "I would say that the leaves steep for two minutes, and I do not remember anything else about it."
OFF_TOPIC = "My grandmother kept a red bicycle in the shed behind the orchard for thirty years."


def examiner(model: ChatModel | None = None, votes: int = 1, grader: Grader = GRADER) -> Examiner:
    numbers = count(1)
    return Examiner(grader, lambda: f"fence-{next(numbers)}", model, votes)


def interviewer(history: History, judge: Examiner | None = None, bank: tuple[Topic, ...] = BANK) -> Interviewer:
    """An interviewer who is in no process twice: its clock goes on by what is kept."""
    return Interviewer(bank, judge or examiner(), CUES, history, lambda: BEGAN + TICK * len(history.records(ID)), lambda: ID)


SETUPS = {"practice": Setup(questions=3, seed=1), "real": Setup(questions=3, real=True, seed=1)}


def begun(coach: Interviewer, mode: str) -> Interview:
    """The interview that is there, or else a new one."""
    return coach.open(ID) if coach.history.records(ID) else coach.begin(SETUPS[mode])


def move(coach: Interviewer, interview: Interview) -> Interview:
    """What the candidate does next: in practice everything one can do, in a real interview all there is."""
    turn, number = interview.turn, len(interview.turns) - 1
    if interview.step is Step.PAUSED:
        return coach.resume(interview)
    if turn is None or interview.step in {Step.ASK, Step.GRADE}:
        return coach.go_on(interview)
    if interview.step is Step.READ:
        return _read(coach, interview)
    if number == 0 and not turn.away:
        return coach.pause(interview)
    if number == 0 and len(turn.hints) < 2 and not interview.setup.real:
        return coach.hint(interview, WEAK)
    if number == (1 if interview.setup.real else 3):
        return coach.skip(interview)
    text = WEAK if number < 2 else FULL[turn.asked.question_id]
    return coach.reply(interview, text, rating=number)


def _read(coach: Interviewer, interview: Interview) -> Interview:
    turn, number = interview.turns[-1], len(interview.turns) - 1
    if number == 0:
        first = WEAK.split(",", maxsplit=1)[0]
        return coach.follow_up(interview) if turn.disputes else coach.dispute(interview, 0, 0, first)
    if number == 1:
        return coach.again(interview)
    return coach.next(interview) if len(turn.grades) > 1 else coach.regrade(interview, number)


def held(coach: Interviewer, mode: str) -> Interview:
    """The interview at its end."""
    interview = begun(coach, mode)
    while interview.step is not Step.OVER:
        interview = move(coach, interview)
    return interview


class Deadly:
    """A history in whose hands the process dies, before or after a certain writing."""

    def __init__(self, history: SqlHistory, number: int, *, before: bool) -> None:
        self._history = history
        self._left = number
        self._before = before

    def __getattr__(self, name: str) -> Callable[..., object]:
        return getattr(self._history, name)  # type: ignore[no-any-return]

    def begin(self, stream: str, kind: str, name: str, at: datetime) -> None:
        with self:
            self._history.begin(stream, kind, name, at)

    def append(self, stream: str, number: int, record: Record) -> None:
        with self:
            self._history.append(stream, number, record)

    def __enter__(self) -> None:
        if self._before and not self._left:
            os.kill(os.getpid(), signal.SIGKILL)

    def __exit__(self, *_error: object) -> None:
        if not self._before and not self._left:
            os.kill(os.getpid(), signal.SIGKILL)
        self._left -= 1


def _killed(where: Path, mode: str, number: int, *, before: bool) -> bool:
    """Hold an interview in a process that is killed, then take it up in this one. Whether there was something to kill."""
    process = os.fork()
    if not process:
        code = 1
        try:
            held(interviewer(cast("History", Deadly(SqlHistory.at(where), number, before=before))), mode)
            code = 0
        finally:
            os._exit(code)
    status = os.waitpid(process, 0)[1]
    assert status == 0 or os.WTERMSIG(status) == signal.SIGKILL
    with closing(SqlHistory.at(where)) as history:
        held(interviewer(history), mode)
    return status != 0


def kept(where: Path) -> list[object]:
    """Everything that is kept of the interview, as plain JSON."""
    with closing(SqlHistory.at(where)) as history:
        return [[one.kind, one.at.isoformat(), dict(one.data)] for one in history.records(ID)]


def _runs(blank: Path, *, before: bool) -> Iterator[tuple[str, int, list[object]]]:
    for mode in SETUPS:
        for number in count():
            where = blank.with_name(f"{mode}-{before}-{number}.db")
            where.write_bytes(blank.read_bytes())
            if not _killed(where, mode, number, before=before):
                break
            yield mode, number, kept(where)


if __name__ == "__main__":
    for run in _runs(Path(sys.argv[1]), before=sys.argv[2] == "before"):
        print(json.dumps(run))  # noqa: T201 read by the test
