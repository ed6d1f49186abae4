"""Entries and questions become findings that need a model: does the bank find and grade itself?

Three questions: does each way of asking find its own question when it is taken out of the index; do two questions
ask the same; does the grader give the bank's own answer full marks, and a misconception none?
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from coach.bm25 import Bm25
from coach.domain import Entry, Question
from coach.grade import FULL, Grader, Rubric
from coach.ports import Embedder, Lexicon, Progress, Vectors
from coach.retrieve import LEXICAL_WEIGHT
from ingest.split import without_asking

FIRST_SHARE = 0.95
GRADED_SHARE = 0.97
OWN_ANSWER = 4.5
MISCONCEPTION = 1.0
SAME_QUESTION = 0.92


@dataclass(frozen=True, slots=True)
class Share:
    """How many of `of` things are as they should be, and one line about each that is not."""

    what: str
    good: int
    of: int
    needed: float
    rest: tuple[str, ...]

    @property
    def enough(self) -> bool:
        return self.of == 0 or self.good / self.of >= self.needed

    def __str__(self) -> str:
        return f"{self.good} of {self.of} {self.what} ({self.good / max(1, self.of):.1%}; {self.needed:.0%} needed)"


def finds_itself(questions: Sequence[Question], entries: Sequence[Entry], embedder: Embedder, lexicon: Lexicon) -> Share:
    """Ask every `also_asked` of an index that does not hold it, and see whether its own question comes first."""
    pieces = list(dict.fromkeys(piece.text for entry in entries for piece in entry.pieces))
    place = {text: row for row, text in enumerate(pieces)}
    vectors = embedder.embed(pieces)
    owners = _owners(entries, place)
    bm25 = Bm25([entry.words for entry in entries], lexicon)
    rest, total = [], 0
    for number, question in enumerate(questions):
        for asking in question.also_asked:
            total += 1
            best = _best(number, asking, without_asking(question, asking), vectors, place, owners, bm25)
            if best != number:
                rest.append(f"{question.at}: {question.id}: {asking!r} finds {questions[best].id} first")
    return Share("ways of asking find their own question", total - len(rest), total, FIRST_SHARE, tuple(rest))


def asked_twice(questions: Sequence[Question], embedder: Embedder) -> Iterator[str]:
    """Pairs of questions whose wording means nearly the same."""
    vectors = embedder.embed([question.prompt for question in questions])
    close = np.triu(vectors @ vectors.T, k=1)
    for one, other in np.argwhere(close >= SAME_QUESTION):
        yield f"{questions[one].at}: {questions[one].id} and {questions[other].id} ask nearly the same ({close[one, other]:.2f})"


def grades_itself(questions: Sequence[Question], grader: Grader, progress: Progress | None = None) -> tuple[Share, Share]:
    """Grade the bank's own answers, and each misconception as if it were the whole reply.

    Questions about experience are left out: their rubric says what a good story contains, not what is true.
    """
    low, earning, wrong = [], [], 0
    factual = [question for question in questions if not question.experience]
    for question in factual:
        rubric = grader.rubric(question)
        missed, earned = _unsaid(grader, rubric)
        if earned < OWN_ANSWER:
            low.append(f"{question.at}: {question.id}: its own answer gets {earned:.1f}; {missed}")
        for misconception in question.misconceptions:
            wrong += 1
            alone = grader.grade(rubric, misconception.text).score or 0.0
            if alone > MISCONCEPTION:
                earning.append(f"{question.at}: {question.id}: a misconception alone gets {alone:.1f}: {misconception.text!r}")
        if progress:
            progress(1)
    return (
        Share("own answers get at least 4.5 of 5", len(factual) - len(low), len(factual), GRADED_SHARE, tuple(low)),
        Share("misconceptions alone get at most 1 of 5", wrong - len(earning), wrong, GRADED_SHARE, tuple(earning)),
    )


def _unsaid(grader: Grader, rubric: Rubric) -> tuple[str, float]:
    """Which key points the own answer does not say, and what saying the others is worth, of 5.

    Only whether it says them: what an answer warns of may well sound like a denial.
    """
    question = rubric.question
    views = grader.views(rubric, grader.heard(question.answer))
    says, _denies = grader.weights.chances(views.rows)
    said = [float(chance) >= grader.weights.covered for chance in says]
    weight = sum(point.weight for point in question.key_points)
    earned = sum(point.weight for point, is_said in zip(question.key_points, said, strict=True) if is_said)
    missed = [f"not covered: {p.text!r}" for p, is_said in zip(question.key_points, said, strict=True) if not is_said]
    return "; ".join(missed), FULL * earned / weight if weight else 0.0


def _owners(entries: Sequence[Entry], place: dict[str, int]) -> list[list[int]]:
    """For each entry the rows of its pieces."""
    return [[place[piece.text] for piece in entry.pieces] for entry in entries]


def _best(
    own: int,
    asking: str,
    own_words: str,
    vectors: Vectors,
    place: dict[str, int],
    owners: Sequence[Sequence[int]],
    bm25: Bm25,
) -> int:
    cosines = vectors @ vectors[place[asking]]
    left = [row for row in owners[own] if row != place[asking]]
    dense = np.array([cosines[left if number == own else list(rows)].max() for number, rows in enumerate(owners)])
    return int(np.argmax(np.clip(dense, 0, 1) + LEXICAL_WEIGHT * bm25.shares(asking, own, own_words)))
