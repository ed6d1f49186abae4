"""Somebody else's graded answers become questions and replies: one JSON object a line, in whatever field names are usual."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, FiniteFloat

from coach.domain import KeyPoint, Level, Question, Verdict
from coach.errors import BadInput
from coach.grade import FULL, score
from coach.interview import Turn
from eval.cases import lines, parsed

_WEIGHT = 2
_CURE = "Each line is an object with question, reference, answer and score; key_points and id may be there too."


class _Point(BaseModel):
    model_config = ConfigDict(extra="ignore")

    text: str = Field(min_length=1)
    weight: int = Field(default=_WEIGHT, ge=1, le=3)
    also_said: list[str] = []


def _as_points(given: object) -> object:
    """Points may be plain strings."""
    return [{"text": point} if isinstance(point, str) else point for point in given] if isinstance(given, list) else given


class _Line(BaseModel):
    model_config = ConfigDict(extra="ignore")

    id: str = ""
    question: str = Field(min_length=1, validation_alias=AliasChoices("question", "user_input", "prompt"))
    reference: str = Field(default="", validation_alias=AliasChoices("reference", "reference_answer", "desired_answer"))
    key_points: Annotated[list[_Point], BeforeValidator(_as_points)] = []
    response: str = Field(validation_alias=AliasChoices("response", "answer", "reply", "student_answer"))
    score: FiniteFloat = Field(validation_alias=AliasChoices("score", "grade", "human_score", "score_avg"))


@dataclass(frozen=True, slots=True)
class OutsideReply:
    """A reply with what people gave for it, from 0 to 5. Replies to one question share its object."""

    id: str
    question: Question
    response: str
    score: float


def load(file: Path, highest: float = FULL) -> list[OutsideReply]:
    """The replies of a file. `highest` is its full mark; scores are scaled to 5.

    Raises BadInput with file:line for a line that has no question, answer or score, or a score out of range.
    """
    found: list[OutsideReply] = []
    questions: dict[str, Question] = {}
    for number, text in lines(file):
        where = f"{file.name}:{number}"
        line = parsed(_Line, text, where, _CURE)
        if not 0 <= line.score <= highest:
            raise BadInput(
                f"{where}: the score {line.score:g} is not between 0 and {highest:g}. Give the full mark with --highest."
            )
        question = _question(line, where)
        question = questions.setdefault(question.id, question)
        found.append(OutsideReply(line.id or f"{file.stem}-{number}", question, line.response, FULL * line.score / highest))
    if not found:
        raise BadInput(f"{file} has no line in it. Give a JSONL file with question, reference, answer and score.")
    return found


def _question(line: _Line, where: str) -> Question:
    points = tuple(KeyPoint(point.text, point.weight, tuple(point.also_said)) for point in line.key_points)
    whole = "\n".join((line.question, line.reference, *(point.text for point in points)))
    return Question(
        id=hashlib.sha256(whole.encode()).hexdigest()[:12],
        topic="",
        level=Level.MID,
        prompt=line.question,
        also_asked=(),
        answer=line.reference,
        key_points=points,
        misconceptions=(),
        follow_ups=(),
        references=(),
        at=where,
    )


def line(turn: Turn, question: Question, id_: str) -> str:
    """A disputed turn as a line that `load` reads: what the candidate says it is worth, with the disputed points made.

    Raises BadInput if nothing in the turn is disputed.
    """
    if turn.reply is None or turn.grade is None or not turn.disputes:
        raise BadInput(f"Nothing about {id_} is disputed. Say 'I did say that' about a point in the feedback first.")
    claimed = {dispute.point for dispute in turn.disputes}
    verdicts = [
        replace(verdict, verdict=Verdict.COVERED) if number in claimed else verdict
        for number, verdict in enumerate(turn.grade.verdicts)
    ]
    points = [{"text": v.point.text, "weight": v.point.weight, "also_said": list(v.point.also_said)} for v in verdicts]
    return json.dumps(
        {
            "id": id_,
            "question": question.prompt,
            "reference": question.answer,
            "key_points": points,
            "answer": turn.reply.text,
            "score": score(verdicts, len(turn.grade.held)),
            "disputed": [dispute.said for dispute in turn.disputes],
        }
    )
