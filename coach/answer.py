"""A question and its hits become an answer. Knows no screen, no disk and no clock.

Keyless, the answer is extracted: the best passage's own sentences, trimmed to the question, and what at most two
others add. Every sentence is cited, and every quote is a slice of its passage.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from coach.domain import Answer, AnswerKind, Citation, Hit, Judgement, NearTopic, Passage
from coach.ports import Stored, Vectors
from coach.text import BlockKind, Unit, units

NOT_IN_MATERIAL = "That is not in the material."

# Words an answer may have when the question is the passage's own, and when it asks for one aspect of it.
WHOLE_WORDS = 230
ASPECT_WORDS = 120
ASPECT_MARGIN = 0.12

# A supporting passage must be nearly as relevant as the best one and say something the answer does not.
SUPPORTING = 2
SUPPORT_SHARE = 0.86
SUPPORT_WORDS = 60
SAME_THING = 0.80


@dataclass(frozen=True, slots=True)
class Source:
    """A hit with its units, how relevant each is to the question (a cosine), and a unit vector for each."""

    hit: Hit
    units: tuple[Unit, ...]
    relevance: tuple[float, ...]
    vectors: Vectors
    as_asked: float

    @property
    def best(self) -> float:
        return max(self.relevance, default=0.0)


def refuse(question: str, hits: Sequence[Hit], judgement: Judgement) -> Answer:
    """Not in the material: no guess, but what is nearest, and which name is not known at all."""
    near = tuple(NearTopic(hit.passage.topic, hit.passage.heading, hit.passage.id) for hit in hits[:3])
    note = f"The material never mentions {' or '.join(judgement.unknown[:3])}." if judgement.unknown else ""
    return Answer(AnswerKind.REFUSED, question, NOT_IN_MATERIAL, near_topics=near, note=note, judgement=judgement)


def extract(question: str, vector: Vectors, hits: Sequence[Hit], stored: Sequence[Stored], judgement: Judgement) -> Answer:
    """An answer made of the passages' own sentences. `stored` are the hits' entries, in the same order.

    `vector` is the question's, so nothing is embedded here.
    """
    sources = [_source(hit, entry, vector) for hit, entry in zip(hits, stored, strict=True)]
    best, *others = sources
    chosen = [(best, _trimmed(best))]
    for source in others:
        if len(chosen) > SUPPORTING:
            break
        if source.hit.score >= SUPPORT_SHARE * best.hit.score and (added := _adds(source, chosen)):
            chosen.append((source, added))
    citations: list[Citation] = []
    parts = [_cited(source.hit.passage, [source.units[i] for i in picks], citations) for source, picks in chosen]
    return Answer(
        AnswerKind.EXTRACTED,
        question,
        "\n\n".join(parts),
        tuple(citations),
        judgement=judgement,
    )


def _source(hit: Hit, stored: Stored, vector: Vectors) -> Source:
    found = tuple(units(hit.passage.text))
    cosines = stored.dense @ vector
    pieces = stored.entry.pieces
    over = [[row for row, piece in enumerate(pieces) if piece.first <= unit < piece.last] for unit in range(len(found))]
    # The mean, not the best, of a unit's windows: a good neighbor must not carry a poor unit in.
    relevance = tuple(float(np.mean(cosines[rows])) for rows in over)
    vectors = np.stack([stored.dense[rows].mean(axis=0) for rows in over])
    as_asked = max((float(cosine) for piece, cosine in zip(pieces, cosines, strict=True) if not piece.is_window), default=0.0)
    return Source(hit, found, relevance, vectors / np.linalg.norm(vectors, axis=1, keepdims=True), as_asked)


def _trimmed(source: Source) -> list[int]:
    """Which units of the best passage answer the question: all that matter if it is the passage's own question,
    else its first sentence and those about the aspect asked for."""
    order = sorted(range(len(source.units)), key=lambda i: (-source.relevance[i], i))
    if source.as_asked >= source.best:
        return _within(source, order, WHOLE_WORDS, always=0)
    near = [i for i in order if source.relevance[i] >= source.best - ASPECT_MARGIN]
    return _within(source, near, ASPECT_WORDS, always=0)


def _adds(source: Source, chosen: Sequence[tuple[Source, list[int]]]) -> list[int]:
    """The most relevant units of a supporting passage, unless the answer already says the same."""
    said = np.concatenate([other.vectors[picks] for other, picks in chosen])
    order = sorted(range(len(source.units)), key=lambda i: (-source.relevance[i], i))
    new = [
        i
        for i in order
        if source.relevance[i] >= source.best - ASPECT_MARGIN / 2
        and source.units[i].kind is BlockKind.PARAGRAPH
        and float(np.max(said @ source.vectors[i])) < SAME_THING
    ]
    return _within(source, new, SUPPORT_WORDS)


def _within(source: Source, order: Sequence[int], budget: int, always: int | None = None) -> list[int]:
    """Units in the order of their worth until the budget of words is spent, returned in reading order.

    A list keeps the sentence that announces it; a fence keeps the one before it.
    """
    picks: set[int] = set() if always is None or not source.units else {always}
    spent = sum(len(source.units[i].text.split()) for i in picks)
    for i in order:
        needed = {i, *_announced_by(source.units, i)} - picks
        cost = sum(len(source.units[j].text.split()) for j in needed)
        if needed and spent + cost <= budget:
            picks |= needed
            spent += cost
    return sorted(picks)


def _announced_by(found: Sequence[Unit], i: int) -> set[int]:
    """The units without which unit `i` makes no sense: the sentence before a list, the items before an item."""
    if found[i].kind is BlockKind.PARAGRAPH:
        return {i + 1} if found[i].text.endswith(":") and i + 1 < len(found) else set()
    before = i - 1
    needed = set()
    while before >= 0 and found[before].kind is not BlockKind.PARAGRAPH:
        needed.add(before)
        before -= 1
    return needed | ({before} if before >= 0 else set())


def _cited(passage: Passage, chosen: Sequence[Unit], citations: list[Citation]) -> str:
    """The chosen units as Markdown, each with the number of its citation. One citation covers a run of neighbors
    in the same paragraph or list."""
    lines: list[str] = []
    previous: Unit | None = None
    start = 0
    for unit in chosen:
        runs_on = previous is not None and _touches(previous, unit, passage.text)
        if not runs_on:
            citations.append(Citation(passage, unit.text))
            start = unit.start
        else:
            citations[-1] = Citation(passage, passage.text[start : unit.end])
        separator = "" if previous is None else _separator(previous, unit)
        lines.append(separator + _marked(unit, len(citations)))
        previous = unit
    return "".join(lines)


def _touches(previous: Unit, unit: Unit, text: str) -> bool:
    listed = previous.kind is BlockKind.ITEM and unit.kind is BlockKind.ITEM
    return not text[previous.end : unit.start].strip() and (previous.block == unit.block or listed)


def _separator(previous: Unit, unit: Unit) -> str:
    if previous.block == unit.block:
        return " "
    return "\n" if previous.kind is BlockKind.ITEM and unit.kind is BlockKind.ITEM else "\n\n"


def _marked(unit: Unit, number: int) -> str:
    return unit.text if unit.kind in {BlockKind.CODE, BlockKind.TABLE} else f"{unit.text} [{number}]"
