"""How an interview stands and what came of an answer become words, the same on a page and in the terminal. Knows neither."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from coach.domain import Grade, Taught
from coach.feedback import Feedback, Told
from coach.grade import NO_REFERENCE
from coach.interview import Interview, Kind, Turn
from coach.interviewer import Interviewer, titles
from coach.render import time
from coach.text import item_marker

# What a candidate thinks of an answer before the grade is shown, of 5.
RATINGS = {1: "Lost", 2: "Shaky", 3: "Fair", 4: "Good", 5: "Sure"}
# Below this a verdict is shown as a guess.
SURE = 0.6
UNGRADABLE = f"{NO_REFERENCE} What you write is kept, and shown in the report."


def how_far(interviewer: Interviewer, interview: Interview) -> str:
    """How far the interview has come, and what the last question is about."""
    of, asked = interview.setup.questions, interview.asked
    said = ["Real interview" if interview.setup.real else "Practice"]
    said += [f"question {asked} of {of}" if of else f"question {asked}"] if asked else []
    return " · ".join([*said, *(_about(interviewer, interview.turn) if interview.turn else [])])


def _about(interviewer: Interviewer, turn: Turn) -> list[str]:
    why = {Kind.FOLLOW_UP: ["follow-up"], Kind.AGAIN: ["once more"]}.get(turn.asked.why, [])
    known = interviewer.questions.get(turn.asked.question_id)
    return [*why, titles(interviewer.topics).get(known.topic, known.topic), str(known.level)] if known else why


def overall(interview: Interview, now: datetime) -> str:
    """What is left of the minutes of an interview, or nothing if it has no end by the clock."""
    minutes = interview.setup.minutes
    if not minutes or interview.ended or interview.paused:
        return ""
    left = 60 * minutes - interview.used(now).total_seconds()
    return f"{time(left)} left of {minutes} min" if left > 0 else "Time is up: this is the last question"


def seconds_left(turn: Turn, now: datetime) -> float:
    """For a question with a clock; negative when it has run out."""
    return (turn.asked.seconds or 0) - (now - turn.asked.at - turn.away).total_seconds()


def ungradable(interviewer: Interviewer, turn: Turn) -> bool:
    """Whether it is a question of a foreign bank that came without an answer."""
    known = interviewer.questions.get(turn.asked.question_id)
    return known is not None and not known.gradable


def arithmetic(turn: Turn, grade: Grade) -> list[str]:
    """How the score came about, and what the candidate thought it would be."""
    said = []
    if turn.hints and grade.score is not None and turn.score is not None:
        hints = "1 hint" if len(turn.hints) == 1 else f"{len(turn.hints)} hints"
        cost = grade.score - turn.score
        said.append(f"Graded {grade.score:.1f}, less {cost:.1f} for {hints}." if cost else f"After {hints}.")
    if turn.reply and turn.reply.rating is not None:
        rated = RATINGS.get(turn.reply.rating, "Lost")
        said.append(f"You rated it {turn.reply.rating}, {rated.lower()}.")
    if turn.late:
        said.append("It came after the clock had run out.")
    return said


def parts(told: Feedback) -> Mapping[str, tuple[Told, ...]]:
    """What there is to tell about the points, under its headings."""
    found = {
        "What you got right": told.right,
        "What was close": told.close,
        "What was wrong": told.wrong,
        "What was missing": told.missing,
    }
    return {head: part for head, part in found.items() if part}


def teaching(taught: Taught | None) -> str:
    """The sentence that teaches a point, or nothing. Code and tables are for the passage."""
    return taught.quote.removeprefix(item_marker(taught.quote)) if taught and "\n" not in taught.quote else ""
