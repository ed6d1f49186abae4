"""A file in our own format becomes items too, each with its whole question. The format is `coach.bank`'s."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from coach import bank
from coach.domain import Question
from ingest.formats.items import Item, ItemsRead, Skipped
from ingest.formats.layout import BEFORE
from ingest.formats.lines import Kind, Line

NAME = "our own format"
_OURS = re.compile(r"^## [A-Z]{2}\d{2,3} \S", re.MULTILINE)
_ANSWER = re.compile(r"^\*\*(?:Answer|Key points|Rubric)\*\*:?\s*$", re.MULTILINE)


def is_own(text: str) -> bool:
    return _OURS.search(text) is not None and _ANSWER.search(text) is not None


def read_own(text: str, lines: Sequence[Line], file: str) -> ItemsRead:
    """The questions of a file in our format; one with a problem is skipped for it."""
    topic, problems = bank.parse(text, file, file)
    questions = {question.at: question for question in topic.questions}
    begins = [line.number for line in lines if line.kind is Kind.HEADING and line.level == 2]
    items: list[Item] = []
    skipped = [Skipped(file, 1, begins[0] - 1, BEFORE)] if begins[0] > 1 else []
    for first, after in pairwise([*begins, len(lines) + 1]):
        last = max(line.number for line in lines[first - 1 : after - 1] if line.kind is not Kind.BLANK)
        if question := questions.get(f"{file}:{first}"):
            items.append(_item(question, (topic.title,) if topic.title else (), file, first, last))
        else:
            reasons = [problem.text for problem in problems if first <= problem.line < after]
            skipped.append(Skipped(file, first, last, "; ".join(reasons) or "not a question of our format"))
    return ItemsRead(tuple(items), tuple(skipped), layouts=((file, NAME),))


def _item(question: Question, path: tuple[str, ...], file: str, first: int, last: int) -> Item:
    return Item(
        question.prompt, question.answer, "", question.references, path, file, first, last, question.tags, question=question
    )
