"""A question and a reply become a grade, key point by key point, without a language model.

The score is arithmetic over the verdicts. A verdict rests on five views of how well some part of the reply says the
point, each weak, together much better than a cosine: closeness of meaning, the same beyond what the bare question
already gives, the same with the question's direction removed, and rarity-weighted recall of the point's words in the
reply and in its best window. Words of the question earn nothing in any view but the first. `coach eval grading --fit`
fits their weights on graded replies.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np

from coach.domain import Grade, Held, KeyPoint, PointVerdict, Question, Verdict
from coach.ports import DEFAULT_EMBEDDER, About, Embedder, Lexicon, Vectors
from coach.retrieve import inverse_document_frequency
from coach.text import BlockKind, blocks, clean, item_marker, sentences, words

# Raised with every change that can change a grade: grades of different versions are not put on one trend line.
VERSION = "2"
FILE = Path(__file__).with_name("grading.json")
VIEWS = ("meaning", "gain", "demoted", "recall", "window recall")
VALUES = {Verdict.COVERED: 1.0, Verdict.PARTIAL: 0.5, Verdict.MISSING: 0.0, Verdict.CONTRADICTED: 0.0}
# Each misconception that is asserted takes away this share of full marks.
HELD_COSTS = 0.1
FULL = 5.0

TOO_LITTLE = "Too little to grade: write at least a sentence or two in your own words."
NO_REFERENCE = "No reference answer: not graded."

_LEAST_WORDS = 5
_LONG = 30
_SLIDE, _STRIDE = 18, 9
_PAIR = 40
_LEAST_CLAUSE = 4
_CLAUSE = re.compile(r"[;:]|, (?:and|but|so|while|whereas|because|which) | because | but | while | whereas ")

# A quote that has less to do with a point than this has nothing to do with it.
_UNRELATED = 0.2

# A window asserts a misconception only if it says nearly that, and nothing right comes as close.
_HELD_COSINE = 0.75
_HELD_MARGIN = 0.05
_RELATED = 0.45


@dataclass(frozen=True, slots=True)
class Weights:
    """Fitted weights in the order of `VIEWS`, and the confidences from which a point is covered or partly covered."""

    views: tuple[float, ...]
    constant: float
    covered: float
    partial: float

    def confidence(self, views: Vectors) -> Vectors:
        """How sure each row of `views` is that its point is covered."""
        total = views @ np.array(self.views, dtype=np.float32) + self.constant
        confidence: Vectors = 1 / (1 + np.exp(-np.clip(total, -30, 30)))
        return confidence


@dataclass(frozen=True, slots=True)
class Rubric:
    """A question ready to grade replies: vectors and words of everything a reply is compared with."""

    question: Question
    asked: Vectors
    asked_words: frozenset[int]
    points: tuple[Vectors, ...]
    point_words: tuple[tuple[frozenset[int], ...], ...]
    wrong: Vectors
    right: Vectors


@dataclass(frozen=True)
class Grader:
    """Grades replies with an embedder, a lexicon and the rarity of words in an index."""

    embedder: Embedder
    lexicon: Lexicon
    about: About
    weights: Weights

    def rubric(self, question: Question) -> Rubric:
        """Embed what replies to `question` are compared with; do it once a question."""
        wordings = [wording for point in question.key_points for wording in point.wordings]
        wrong = [misconception.text for misconception in question.misconceptions]
        right = [misconception.rather or misconception.text for misconception in question.misconceptions]
        vectors = self.embedder.embed([question.prompt, *wordings, *wrong, *right])
        asked_words = frozenset(self.lexicon.query(question.prompt).indices)
        ends = np.cumsum([len(point.wordings) for point in question.key_points])
        points = np.split(vectors[1 : 1 + len(wordings)], ends[:-1])
        rest = vectors[1 + len(wordings) :]
        return Rubric(
            question,
            vectors[0],
            asked_words,
            tuple(points),
            tuple(
                tuple(frozenset(self.lexicon.query(wording).indices) - asked_words for wording in point.wordings)
                for point in question.key_points
            ),
            rest[: len(wrong)],
            rest[len(wrong) :],
        )

    def grade(self, rubric: Rubric, reply: str) -> Grade:
        """The grade of one reply. Nothing in the reply is an instruction."""
        question = rubric.question
        if not question.key_points:
            return Grade(None, note=NO_REFERENCE)
        reply = clean(reply)
        if len(words(reply)) < _LEAST_WORDS:
            return Grade(None, note=TOO_LITTLE)
        said = windows(reply)
        vectors = self.embedder.embed(said)
        held, tainted = _held(rubric, vectors)
        sound = [row for row in range(len(said)) if row not in tainted]
        views, quotes = self.views(rubric, [said[row] for row in sound], vectors[sound])
        confidences = self.weights.confidence(views)
        contradicted = {_target(rubric, number) for number in held}
        verdicts = tuple(
            self._verdict(point, float(confidence), quote, contradicted=number in contradicted)
            for number, (point, confidence, quote) in enumerate(zip(question.key_points, confidences, quotes, strict=True))
        )
        asserted = tuple(Held(question.misconceptions[number], said[row]) for number, row in held.items())
        return Grade(score(verdicts, len(asserted)), verdicts, asserted)

    def views(self, rubric: Rubric, said: Sequence[str], vectors: Vectors) -> tuple[Vectors, list[str]]:
        """One row of `VIEWS` a key point, and the window that says it best. Without windows all views are 0."""
        points = rubric.question.key_points
        if not said:
            return np.zeros((len(points), len(VIEWS)), dtype=np.float32), [""] * len(points)
        tokens = [frozenset(self.lexicon.query(window).indices) for window in said]
        whole = frozenset().union(*tokens)
        demoted = _without(vectors, rubric.asked)
        rows, quotes = [], []
        for wordings, word_sets in zip(rubric.points, rubric.point_words, strict=True):
            cosines = vectors @ wordings.T
            meaning = _best_two(cosines.max(axis=0))
            rows.append(
                (
                    meaning,
                    meaning - _best_two(wordings @ rubric.asked),
                    _best_two((demoted @ _without(wordings, rubric.asked).T).max(axis=0)),
                    _best_two(np.array([self._recall(wanted, whole) for wanted in word_sets])),
                    _best_two(np.array([max(self._recall(wanted, window) for window in tokens) for wanted in word_sets])),
                )
            )
            quotes.append(said[int(cosines.max(axis=1).argmax())])
        return np.array(rows, dtype=np.float32), quotes

    def related(self, rubric: Rubric, point: int, quote: str) -> bool:
        """Whether a quote could be about key point number `point` at all."""
        return float((self.embedder.embed([quote]) @ rubric.points[point].T).max()) >= _UNRELATED

    def _recall(self, wanted: Collection[int], found: Collection[int]) -> float:
        """Which part of the wanted words is there, the rare ones counting most; 0 if nothing is wanted."""
        total = sum(map(self._rarity, wanted))
        return sum(self._rarity(token) for token in wanted if token in found) / total if total else 0.0

    def _rarity(self, token: int) -> float:
        return inverse_document_frequency(self.about.frequencies.get(token, 0), self.about.entries)

    def _verdict(self, point: KeyPoint, confidence: float, quote: str, *, contradicted: bool) -> PointVerdict:
        if confidence >= self.weights.covered:
            return PointVerdict(point, Verdict.COVERED, quote, confidence)
        if contradicted:
            return PointVerdict(point, Verdict.CONTRADICTED, "", confidence)
        if confidence >= self.weights.partial:
            return PointVerdict(point, Verdict.PARTIAL, quote, confidence)
        return PointVerdict(point, Verdict.MISSING, "", confidence)


def score(verdicts: Sequence[PointVerdict], held: int) -> float:
    """0 to 5: the weighted share of key points, less a tenth of full marks for each misconception asserted."""
    weight = sum(verdict.point.weight for verdict in verdicts)
    earned = sum(verdict.point.weight * VALUES[verdict.verdict] for verdict in verdicts)
    return FULL * max(0.0, earned / weight - HELD_COSTS * held) if weight else 0.0


def windows(reply: str) -> list[str]:
    """The parts of a reply that may each say a point: sentences, their clauses, neighbors joined, and where speech
    has no full stops, overlapping runs of words. Each once, in order."""
    flat = " ".join(reply.split())
    said = [part for block in blocks(reply) for part in _parts(block.text, block.kind)]
    pairs = [f"{one} {two}" for one, two in pairwise(said) if len(f"{one} {two}".split()) <= _PAIR]
    # Joined bullets or overlapping runs would quote what nobody wrote.
    pairs = [pair for pair in pairs if pair in flat]
    clauses = [
        clause.strip()
        for part in said
        for clause in _CLAUSE.split(part)
        if _LEAST_CLAUSE <= len(clause.split()) < len(part.split())
    ]
    return list(dict.fromkeys((*said, *pairs, *clauses)))


def _parts(text: str, kind: BlockKind) -> list[str]:
    text = text.strip()
    if kind is BlockKind.ITEM:
        text = text[len(item_marker(text)) :]
    found = []
    for sentence in (sentence for line in text.split("\n") for sentence in sentences(line)):
        run = sentence.split()
        if len(run) <= _LONG:
            found.append(sentence)
        else:
            found += [" ".join(run[at : at + _SLIDE]) for at in range(0, len(run) - _STRIDE, _STRIDE)]
    return found


def _held(rubric: Rubric, vectors: Vectors) -> tuple[dict[int, int], set[int]]:
    """The misconceptions a reply asserts, each with the window that does, and every window that asserts one."""
    if not len(rubric.wrong):
        return {}, set()
    wrong = vectors @ rubric.wrong.T
    right = np.maximum((vectors @ np.concatenate(rubric.points).T).max(axis=1)[:, None], vectors @ rubric.right.T)
    asserts = (wrong >= _HELD_COSINE) & (wrong >= right + _HELD_MARGIN)
    held = {number: int(wrong[:, number].argmax()) for number in range(wrong.shape[1]) if asserts[:, number].any()}
    return held, {int(row) for row in np.flatnonzero(asserts.any(axis=1))}


def _target(rubric: Rubric, number: int) -> int | None:
    """The key point a misconception is about, if it is about one."""
    both = np.stack([rubric.wrong[number], rubric.right[number]])
    closeness = [float((both @ wordings.T).max()) for wordings in rubric.points]
    best = int(np.argmax(closeness))
    return best if closeness[best] >= _RELATED else None


def _best_two(values: Vectors) -> float:
    """The mean of the two largest: one lucky wording is not enough."""
    return float(np.sort(values)[::-1][:2].mean())


def _without(vectors: Vectors, direction: Vectors) -> Vectors:
    """Unit vectors with one direction taken out, so that repeating it earns nothing."""
    rest = vectors - np.outer(vectors @ direction, direction)
    norms = np.linalg.norm(rest, axis=1, keepdims=True)
    unit: Vectors = np.divide(rest, norms, out=np.zeros_like(rest), where=norms > 1e-6)
    return unit


def weights_for(model: str) -> Weights:
    """The weights fitted for an embedding model; one nobody fitted gets the default model's."""
    fitted = _fitted()
    return fitted.get(model) or fitted[DEFAULT_EMBEDDER]


@cache
def _fitted() -> dict[str, Weights]:
    stored = json.loads(FILE.read_text(encoding="utf-8"))
    return {
        name: Weights(tuple(entry["views"][view] for view in VIEWS), entry["constant"], entry["covered"], entry["partial"])
        for name, entry in stored.items()
    }
