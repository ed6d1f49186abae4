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
class Said:
    """Words of the reply and what they are about: a point that was made, or what is right instead."""

    quote: str
    point: str
    taught: Taught | None


@dataclass(frozen=True, slots=True)
class ModelAnswer:
    """The bank's own answer, cut to a length. `left_out` are key points that did not fit."""

    text: str
    words: int
    left_out: tuple[KeyPoint, ...]


@dataclass(frozen=True, slots=True)
class Feedback:
    """What to tell a candidate about a reply. All of it may be empty but the model answers."""

    right: tuple[Said, ...]
    close: tuple[Said, ...]
    wrong: tuple[Said, ...]
    missing: tuple[PointVerdict, ...]
    differently: str
    minute: ModelAnswer
    two_minutes: ModelAnswer


def feedback(question: Question, grade: Grade) -> Feedback:
    """Heaviest points first in each part."""
    verdicts = sorted(grade.verdicts, key=lambda verdict: -verdict.point.weight)
    return Feedback(
        right=tuple(_said(verdict) for verdict in verdicts if verdict.verdict is Verdict.COVERED and verdict.said),
        close=tuple(_said(verdict) for verdict in verdicts if verdict.verdict is Verdict.PARTIAL and verdict.said),
        wrong=tuple(_wrong(grade, verdicts)),
        missing=tuple(verdict for verdict in verdicts if _missing(verdict)),
        differently=_differently(grade, verdicts),
        minute=model_answer(question, grade.verdicts, MINUTE_WORDS),
        two_minutes=model_answer(question, grade.verdicts, TWO_MINUTES_WORDS),
    )


def model_answer(question: Question, verdicts: Sequence[PointVerdict], words: int) -> ModelAnswer:
    """The sentences that teach the key points, the heaviest first as long as they fit, in the order of the answer.

    The first sentence stays if it fits at all: it answers. What fits after the points fills the rest. Code and tables
    cannot be spoken, so they are left out.
    """
    spoken = [unit for unit in units(question.answer) if unit.kind not in {BlockKind.CODE, BlockKind.TABLE}]
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


def _missing(verdict: PointVerdict) -> bool:
    """Whether a point is to be taught: also one that is vague or wrong in words nobody can show."""
    return verdict.verdict is Verdict.MISSING or (verdict.verdict is not Verdict.COVERED and not verdict.said)


def _said(verdict: PointVerdict) -> Said:
    return Said(verdict.said, verdict.point.text, verdict.taught)


def _wrong(grade: Grade, verdicts: Sequence[PointVerdict]) -> Iterator[Said]:
    """Each wrong thing once, with what is right instead; a misconception says it better than the point it is about."""
    quoted = set()
    for held in grade.held:
        quoted.add(held.said)
        yield Said(held.said, held.misconception.rather or f"It is not so that: {held.misconception.text}", held.taught)
    for verdict in verdicts:
        if verdict.verdict is Verdict.CONTRADICTED and verdict.said and verdict.said not in quoted:
            yield _said(verdict)


def _differently(grade: Grade, verdicts: Sequence[PointVerdict]) -> str:
    """What to say of the heaviest point that was not made, or instead of a misconception; nothing if all is well."""
    weak = [verdict for verdict in verdicts if verdict.verdict in _WORTH]
    if not weak:
        return next((f"Leave out “{wrong.quote}” Say instead: {wrong.point}" for wrong in _wrong(grade, verdicts)), "")
    worst = max(weak, key=lambda verdict: (verdict.point.weight, _WORTH[verdict.verdict]))
    wording = worst.point.also_said[0] if worst.point.also_said else worst.point.text
    if worst.said:
        return f"Instead of “{worst.said}”, say it like this: {wording}"
    return f"Add one sentence: {wording}"
