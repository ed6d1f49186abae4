"""A question and its hits become an answer. Knows no screen, no disk and no clock.

Keyless, the answer is extracted: the best passage's own sentences, trimmed to the question, and what at most two
others add. Every sentence is cited, and every quote is a slice of its passage.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from coach.domain import Answer, AnswerKind, Citation, Hit, Judgement, Manner, NearTopic, Passage, Spent
from coach.ports import Stored, Vectors
from coach.support import steers
from coach.text import BlockKind, Unit, separator, units

NOT_IN_MATERIAL = "That is not in the material."

# Words an answer may have when the question is the passage's own, and when it asks for one aspect of it.
WHOLE_WORDS = 300
ASPECT_WORDS = 220
ASPECT_MARGIN = 0.3
# A unit this short only announces the next one.
ANNOUNCING_WORDS = 6

# Where the best passage was not asked for as such, others may add their best window: it must be as relevant as
# anything already said, and new.
SUPPORTING = 2
ASKED_AS_SUCH = 0.80
SUPPORT_SHARE = 0.86
SUPPORT_WORDS = 60
SAME_THING = 0.80


@dataclass(frozen=True, slots=True)
class Found:
    """What an answer is made of: the passages found, best first, with their entries in the same order.

    `searched` is what was searched for in place of the question, or nothing; `vector` is that of what was searched for;
    `spent` is what it took to find out.
    """

    question: str
    searched: str
    manner: Manner
    vector: Vectors
    hits: tuple[Hit, ...]
    stored: tuple[Stored, ...]
    judgement: Judgement
    spent: Spent | None = None

    @property
    def query(self) -> str:
        return self.searched or self.question


@dataclass(frozen=True, slots=True)
class Source:
    """A hit with its units, and its windows over them: which units each covers, its vector and its relevance.

    Relevance is a cosine with the question; `as_asked` is the largest one of any way to ask for this passage.
    """

    hit: Hit
    units: tuple[Unit, ...]
    windows: tuple[range, ...]
    vectors: Vectors
    relevance: tuple[float, ...]
    as_asked: float

    @property
    def telling(self) -> list[int]:
        """Its units by their worth, without those that talk to a model: what they ask for is nobody's answer."""
        told = (i for i, unit in enumerate(self.units) if not steers(unit.text))
        return sorted(told, key=lambda i: (-self.worth(i), i))

    @property
    def best(self) -> float:
        return max(self.relevance, default=0.0)

    def worth(self, unit: int) -> float:
        """How relevant the windows over a unit are."""
        return max((value for over, value in zip(self.windows, self.relevance, strict=True) if unit in over), default=0.0)


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
    best = sources[0]
    chosen = [(best, _trimmed(best))]
    if best.as_asked < ASKED_AS_SUCH:
        chosen += _supporting(sources, chosen[0][1])
    citations: list[Citation] = []
    parts = [cited(source.hit.passage, [source.units[i] for i in picks], citations) for source, picks in chosen]
    return Answer(
        AnswerKind.EXTRACTED,
        question,
        "\n\n".join(parts),
        tuple(citations),
        judgement=judgement,
    )


def _source(hit: Hit, stored: Stored, vector: Vectors) -> Source:
    pieces = stored.entry.pieces
    cosines = [float(cosine) for cosine in stored.dense @ vector]
    rows = [row for row, piece in enumerate(pieces) if piece.is_window]
    return Source(
        hit,
        tuple(units(hit.passage.text)),
        tuple(range(pieces[row].first, pieces[row].last) for row in rows),
        stored.dense[rows],
        tuple(cosines[row] for row in rows),
        max((cosine for piece, cosine in zip(pieces, cosines, strict=True) if not piece.is_window), default=0.0),
    )


def _trimmed(source: Source) -> list[int]:
    """Which units of the best passage answer the question: all that matter if it is the passage's own question,
    else its first sentence and those about the aspect asked for."""
    order = source.telling
    if source.as_asked >= source.best:
        return _within(source, order, WHOLE_WORDS)
    near = [i for i in order if source.worth(i) >= source.best - ASPECT_MARGIN]
    return _within(source, near, ASPECT_WORDS)


def _supporting(sources: Sequence[Source], said: Sequence[int]) -> list[tuple[Source, list[int]]]:
    """The best window of at most two other passages, where it is as relevant as the answer and not in it yet."""
    best = sources[0]
    spoken = [vector for over, vector in zip(best.windows, best.vectors, strict=True) if set(over) & set(said)]
    found: list[tuple[Source, list[int]]] = []
    for source in sources[1:]:
        if len(found) == SUPPORTING or source.hit.score < SUPPORT_SHARE * best.hit.score or source.best < best.best:
            continue
        row = int(np.argmax(source.relevance))
        told = set(source.telling)
        window = [i for i in source.windows[row] if i in told and len(source.units[i].text.split()) >= ANNOUNCING_WORDS]
        whole = all(source.units[i].kind is BlockKind.PARAGRAPH and not source.units[i].text.endswith(":") for i in window)
        words = sum(len(source.units[i].text.split()) for i in window)
        new = float(np.max(np.stack(spoken) @ source.vectors[row])) < SAME_THING
        if window and whole and new and words <= SUPPORT_WORDS:
            found.append((source, window))
            spoken.append(source.vectors[row])
    return found


def _within(source: Source, order: Sequence[int], budget: int) -> list[int]:
    """The first unit and others in the order of their worth until the budget of words is spent, in reading order.

    A list keeps the sentence that announces it; a fence keeps the one before it.
    """
    picks: set[int] = {min(order)} if order else set()
    told = set(source.telling)
    spent = sum(len(source.units[i].text.split()) for i in picks)
    for i in order:
        needed = ({i, *_belonging(source.units, i)} & told) - picks
        cost = sum(len(source.units[j].text.split()) for j in needed)
        if needed and spent + cost <= budget:
            picks |= needed
            spent += cost
    return sorted(picks)


def _belonging(found: Sequence[Unit], i: int) -> set[int]:
    """The units without which unit `i` makes no sense: what it announces, or the sentence and items before an item."""
    if found[i].kind is BlockKind.PARAGRAPH:
        announces = found[i].text.endswith(":") or len(found[i].text.split()) < ANNOUNCING_WORDS
        return {i + 1} if announces and i + 1 < len(found) else set()
    before = i - 1
    needed = set()
    while before >= 0 and found[before].kind is not BlockKind.PARAGRAPH:
        needed.add(before)
        before -= 1
    return needed | ({before} if before >= 0 else set())


def cited(passage: Passage, chosen: Sequence[Unit], citations: list[Citation]) -> str:
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
        between = "" if previous is None else separator(previous, unit)
        lines.append(between + marked(unit.text, unit.kind, f"[{len(citations)}]"))
        previous = unit
    return "".join(lines)


def _touches(previous: Unit, unit: Unit, text: str) -> bool:
    listed = previous.kind is BlockKind.ITEM and unit.kind is BlockKind.ITEM
    return not text[previous.end : unit.start].strip() and (previous.block == unit.block or listed)


def marked(text: str, kind: BlockKind, mark: str) -> str:
    """A mark cannot stand inside a fence or a table: it stands below."""
    return f"{text}\n\n {mark}" if kind in {BlockKind.CODE, BlockKind.TABLE} else f"{text} {mark}"
