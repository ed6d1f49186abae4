"""What a candidate knows and how it goes become the next question. Ours to decide, never a model's. Knows no disk."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

from coach.domain import Level, Question
from coach.interview import Interview, Kind, Picking, Setup
from coach.schedule import Schedule, State

# From here on the next question is a level harder, and below it one easier.
UP, DOWN = 4.0, 2.0
_LEVELS = tuple(Level)
_ORDER = {State.WEAK: 1, State.UNSEEN: 2, State.LEARNING: 3, State.KNOWN: 4}


def next_question(questions: Sequence[Question], schedule: Schedule, interview: Interview, now: datetime) -> Question | None:
    """The one to ask next, or None if all that fit the setup were asked.

    The questions a setup names come in its order. Weak and due: what is due before what is weak before what is new
    before what is known; within that the level nearest to how it goes, then another topic than the last one. Random:
    by the setup's seed alone.
    """
    asked = {turn.asked.question_id for turn in interview.turns}
    open_ = [question for question in fitting(questions, interview.setup) if question.id not in asked]
    if not open_:
        return None
    if interview.setup.only:
        return open_[0]
    seed = interview.setup.seed
    if interview.setup.picking is Picking.RANDOM:
        return min(open_, key=lambda question: _shuffled(question.id, seed))
    level = level_now(interview)
    last = interview.turn.asked.question_id if interview.turn else ""
    before = next((question.topic for question in questions if question.id == last), "")

    def rank(question: Question) -> tuple[int, int, bool, str]:
        due = schedule.due(question.id, now)
        standing = 0 if due else _ORDER[schedule.state(question.id, now)]
        return standing, _distance(question.level, level), question.topic == before, _shuffled(question.id, seed)

    return min(open_, key=rank)


def fitting(questions: Sequence[Question], setup: Setup) -> list[Question]:
    """The questions a setup allows: those it names, or those of its topics, and of its level if it names one.

    What nobody has answered yet cannot be graded: it is asked only where its topic, or the question itself, was chosen.
    """
    if setup.only:
        by_id = {question.id: question for question in questions}
        return [by_id[id_] for id_ in setup.only if id_ in by_id]
    return [
        question
        for question in questions
        if (question.topic in setup.topics or (not setup.topics and question.answer)) and setup.level in {None, question.level}
    ]


def level_now(interview: Interview) -> Level:
    """The level to ask at: the setup's, or one that starts in the middle and moves with each graded answer."""
    if interview.setup.level:
        return interview.setup.level
    at = _LEVELS.index(Level.MID)
    for turn in interview.turns:
        score = turn.grade.score if turn.grade and turn.asked.why is Kind.QUESTION else None
        if score is not None:
            at += (score >= UP) - (score < DOWN)
            at = max(0, min(len(_LEVELS) - 1, at))
    return _LEVELS[at]


def _distance(one: Level, other: Level) -> int:
    return abs(_LEVELS.index(one) - _LEVELS.index(other))


def _shuffled(id_: str, seed: int) -> str:
    return hashlib.sha256(f"{seed}:{id_}".encode()).hexdigest()
