"""A grade becomes feedback in the order people can use: right, close, wrong, missing, one thing to say differently,
and a model answer in two lengths. Knows no screen and no model. No praise without a quote.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from coach.domain import Grade, KeyPoint, PointVerdict, Question, Taught, Verdict
from coach.text import BlockKind, Unit, separator, units

# What people say in a minute and in two, at 150 words a minute.
MINUTE_WORDS = 150
TWO_MINUTES_WORDS = 300
_WORTH = {Verdict.CONTRADICTED: 2, Verdict.MISSING: 1, Verdict.PARTIAL: 0}


@dataclass(frozen=True, slots=True)
class Told:
    """One thing to tell about a reply: a key point, or what is right instead of a misconception.

    `quote` are the reply's words; `number` is the key point's in the grade, None for a misconception about none of them.
    """

    text: str
    quote: str
    taught: Taught | None
    verdict: Verdict
    confidence: float = 1.0
    number: int | None = None
    point: KeyPoint | None = None


@dataclass(frozen=True, slots=True)
class ModelAnswer:
    """The bank's own answer, cut to a length. `left_out` are key points that did not fit."""

    text: str
    words: int
    left_out: tuple[KeyPoint, ...]


@dataclass(frozen=True, slots=True)
class Feedback:
    """What to tell a candidate about a reply. All of it may be empty but the model answers."""

    right: tuple[Told, ...]
    close: tuple[Told, ...]
    wrong: tuple[Told, ...]
    missing: tuple[Told, ...]
    differently: str
    minute: ModelAnswer
    two_minutes: ModelAnswer


def feedback(question: Question | None, grade: Grade) -> Feedback:
    """Heaviest points first in each part. Without its question, which may have left the bank, the model answers are empty."""
    points = sorted((_point(number, verdict) for number, verdict in enumerate(grade.verdicts)), key=_lightness)
    return Feedback(
        right=tuple(point for point in points if point.verdict is Verdict.COVERED and point.quote),
        close=tuple(point for point in points if point.verdict is Verdict.PARTIAL and point.quote),
        wrong=tuple(_wrong(grade, points)),
        missing=tuple(point for point in points if point.verdict is Verdict.MISSING or _unsaid(point)),
        differently=_differently(points, grade),
        minute=model_answer(question.answer if question else "", grade.verdicts, MINUTE_WORDS),
        two_minutes=model_answer(question.answer if question else "", grade.verdicts, TWO_MINUTES_WORDS),
    )


def model_answer(answer: str, verdicts: Sequence[PointVerdict], words: int) -> ModelAnswer:
    """The sentences that teach the key points, the heaviest first as long as they fit, in the order of the answer.

    The first sentence stays if it fits at all: it answers. What fits after the points fills the rest. Code and tables
    cannot be spoken, so they are left out.
    """
    spoken = [unit for unit in units(answer) if unit.kind not in {BlockKind.CODE, BlockKind.TABLE}]
    ranked = sorted(verdicts, key=lambda verdict: -verdict.point.weight)
    teaching = [row for verdict in ranked for row in _rows(verdict, spoken)]
    picks: list[int] = []
    spent = 0
    for row in dict.fromkeys([0, *teaching, *range(len(spoken))] if spoken else []):
        length = len(spoken[row].text.split())
        if spent + length <= words:
            picks.append(row)
            spent += length
    left_out = tuple(v.point for v in ranked if v.taught and not set(_rows(v, spoken)) & set(picks))
    return ModelAnswer(_joined([spoken[row] for row in sorted(picks)]), spent, left_out)


def _rows(verdict: PointVerdict, spoken: Sequence[Unit]) -> list[int]:
    """Which sentences teach a point."""
    return [row for row, unit in enumerate(spoken) if verdict.taught and unit.text in verdict.taught.quote]


def _joined(chosen: Sequence[Unit]) -> str:
    between = ["", *(separator(one, other) for one, other in pairwise(chosen))]
    return "".join(before + unit.text for before, unit in zip(between, chosen, strict=False))


def _point(number: int, verdict: PointVerdict) -> Told:
    point = verdict.point
    return Told(point.text, verdict.said, verdict.taught, verdict.verdict, verdict.confidence, number, point)


def _lightness(told: Told) -> int:
    return -told.point.weight if told.point else 0


def _unsaid(point: Told) -> bool:
    """Whether a point is vague or wrong in words nobody can show: it is to be taught like a missing one."""
    return point.verdict is not Verdict.COVERED and not point.quote


def _wrong(grade: Grade, points: Sequence[Told]) -> Iterator[Told]:
    """Each wrong thing once, with what is right instead; a misconception says it better than the point it is about."""
    wrong = [point for point in points if point.verdict is Verdict.CONTRADICTED and point.quote]
    for held in grade.held:
        rather = held.misconception.rather or f"It is not so that: {held.misconception.text}"
        about = next((point for point in wrong if point.quote == held.said), None)
        wrong = [point for point in wrong if point is not about]
        yield Told(rather, held.said, held.taught, Verdict.CONTRADICTED, number=about.number if about else None)
    yield from wrong


def _differently(points: Sequence[Told], grade: Grade) -> str:
    """What to say of the heaviest point that was not made, or instead of a misconception; nothing if all is well."""
    weak = [point for point in points if point.verdict in _WORTH]
    if not weak:
        return next((f"Leave out “{wrong.quote}” Say instead: {wrong.text}" for wrong in _wrong(grade, points)), "")
    worst = max(weak, key=lambda told: (-_lightness(told), _WORTH[told.verdict]))
    wording = worst.point.also_said[0] if worst.point and worst.point.also_said else worst.text
    if worst.quote:
        return f"Instead of “{worst.quote}”, say it like this: {wording}"
    return f"Add one sentence: {wording}"
