"""A question and a reply become a grade, key point by key point, without a language model.

The score is arithmetic over the verdicts. A verdict rests on several views of how well some part of the reply says the
point, each weak, together much better than a cosine: closeness of meaning, the same with the question's direction
removed, late interaction of words, recall of rare words and of letters, and what a small net takes for said and for
denied. Words of the question earn nothing in any view but the first. `coach eval grading --fit` fits their weights on
graded replies.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from coach.domain import Grade, Held, KeyPoint, PointVerdict, Question, Verdict
from coach.entail import CONTRADICTS, SAYS, Entailment, Seen
from coach.guard import hedges, misnumbered, mostly, negates, scrambled, turned
from coach.ports import About, Embedder, Lexicon, Vectors
from coach.retrieve import inverse_document_frequency
from coach.text import BlockKind, blocks, clean, item_marker, sentences, units, words

# Raised with every change that can change a grade: grades of different versions are not put on one trend line.
VERSION = "2"
T = TypeVar("T")
U = TypeVar("U")

FILE = Path(__file__).with_name("grading.json")
VIEWS = (
    "meaning",
    "demoted",
    "met in a window",
    "recall in a window",
    "letters",
    "met",
    "recall",
    "said",
    "denied",
    "denied all over",
)
# The views of the net, and among them those that count against a point.
NET, AGAINST = slice(7, 10), slice(8, 10)
VALUES = {Verdict.COVERED: 1.0, Verdict.PARTIAL: 0.5, Verdict.MISSING: 0.0, Verdict.CONTRADICTED: 0.0}
# Each misconception that is asserted takes away this share of full marks.
HELD_COSTS = 0.1
FULL = 5.0

TOO_LITTLE = "Too little to grade: write at least a sentence or two in your own words."
NO_REFERENCE = "No reference answer: not graded."

LOOSE = "This question has no key points: the reply was compared with the whole reference answer."

_LEAST_WORDS = 5
# Of each view of `evidence`: the 95th percentile over replies to far questions of the bank. Full marks come well before
# full overlap, as people give them: two independent right answers share about so much.
_FLOORS = (0.21, 0.05, 0.28, 0.0, 0.15)
_ENOUGH = 0.28
_CURVE = 0.6
_PLAIN_WEIGHT = 2
_LONG = 30
_SLIDE, _STRIDE = 18, 9
_LEAST_CLAUSE = 4
_CLAUSE = re.compile(r"[;:]|, (?:and|but|so|while|whereas|because|which) | because | but | while | whereas ")

# A quote that has less to do with a point than this has nothing to do with it.
_UNRELATED = 0.2

# The net looks at windows that have something to do with a point, and at no more than the nearest of them.
_NEAR = 0.25
_CANDIDATES = 60
# A window that says one point denies none, and a point as clearly said as this is not denied by how other words sound.
_SAID = 0.5
CLEAR = 0.8
# From so many words on, a window with hardly any stop word is a list of key words; a shorter one if commas part them.
_LISTED, _LONG_LIST = 5, 9
_COMMAS = 3
_RAMBLING = 15
_MARK = re.compile(r"[,;:.!?()]\s")
_LEAST_STOPS = 0.1
_HEDGED = re.compile(
    r"\bor (?:maybe|perhaps|possibly|probably) (?:not|the (?:opposite|reverse|other way))|\bor (?:not|the (?:opposite|reverse))\b"
    r"|\bor (?:maybe|perhaps) (?:it|they|you|we|that)\b|\bor (?:it )?(?:could|might) (?:also )?(?:not )?be\b|\beither way\b",
    re.IGNORECASE,
)

# A window asserts a misconception only if it says nearly that, and nothing right comes as close.
_HELD_COSINE = 0.75
_HELD_MARGIN = 0.05
_VERBATIM = 0.9
_RELATED = 0.45


@dataclass(frozen=True, slots=True)
class Weights:
    """Fitted weights in the order of `VIEWS`, and the verdicts' thresholds.

    `says` and `denies` are logistic: the chance that a point is covered, and that it is contradicted. Says has no
    weight below 0 and denies none above but for the views `AGAINST`, so that saying more never costs a point.
    """

    says: tuple[float, ...]
    says_constant: float
    denies: tuple[float, ...]
    denies_constant: float
    covered: float
    partial: float
    contradicted: float

    def chances(self, views: Vectors) -> tuple[Vectors, Vectors]:
        """For each row of `views` how sure it is that its point is covered, and that it is contradicted."""
        return _logistic(views, self.says, self.says_constant), _logistic(views, self.denies, self.denies_constant)


@dataclass(frozen=True, slots=True)
class Target:
    """A statement replies are compared with, each of its full-credit wordings as the model and the lexicon see it.

    `worths` has one number a word: how rare it is, 0 for words of the question.
    """

    vectors: Vectors
    meanings: tuple[Vectors, ...]
    worths: tuple[Vectors, ...]
    stems: tuple[frozenset[int], ...]
    letters: tuple[frozenset[str], ...]
    seen: tuple[Seen, ...]


@dataclass(frozen=True, slots=True)
class Rubric:
    """A question ready to grade replies. `right` says what is right instead of each misconception in `wrong`.

    A question without key points has the sentences of its answer for points, and the whole answer as `reference`.
    """

    question: Question
    asked: Vectors
    points: tuple[Target, ...]
    wrong: tuple[Target, ...]
    right: Vectors
    reference: Vectors | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply's sentences, and its windows as the model and the lexicon see them."""

    told: tuple[str, ...]
    windows: tuple[str, ...]
    vectors: Vectors
    meanings: tuple[Vectors, ...]
    stems: tuple[frozenset[int], ...]
    letters: tuple[frozenset[str], ...]
    seen: tuple[Seen, ...]

    def only(self, rows: Sequence[int]) -> Reply:
        def pick(values: Sequence[Any]) -> tuple[Any, ...]:
            return tuple(values[row] for row in rows)

        return Reply(
            self.told,
            pick(self.windows),
            self.vectors[list(rows)],
            pick(self.meanings),
            pick(self.stems),
            pick(self.letters),
            pick(self.seen) if self.seen else (),
        )


@dataclass(frozen=True, slots=True)
class Views:
    """A row of `VIEWS` for each key point, the window that says it best, the one that denies it most, and which windows
    rather deny it than say it, shape (windows, points)."""

    rows: Vectors
    best: list[str]
    worst: list[str]
    doubted: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Grader:
    """Grades replies with an embedder, a lexicon, the rarity of words in an index and, if there is one, a net."""

    embedder: Embedder
    lexicon: Lexicon
    about: About
    weights: Weights
    net: Entailment | None = None

    def rubric(self, question: Question) -> Rubric:
        """Embed what replies to `question` are compared with; do it once a question."""
        loose = not question.key_points
        if loose:
            question = replace(question, key_points=points_of(question.answer))
        (asked,) = self.embedder.embed([question.prompt])
        stems = frozenset(self.lexicon.query(question.prompt).indices)
        letters = _letters(question.prompt)
        right = [misconception.rather or misconception.text for misconception in question.misconceptions]
        return Rubric(
            question,
            asked,
            tuple(self._target(point.wordings, stems, letters) for point in question.key_points),
            tuple(self._target((wrong.text,), stems, letters) for wrong in question.misconceptions),
            self.embedder.embed(right),
            self.embedder.embed([question.answer])[0] if loose and question.key_points else None,
        )

    def grade(self, rubric: Rubric, reply: str) -> Grade:
        """The grade of one reply. Nothing in the reply is an instruction."""
        question = rubric.question
        if not question.key_points:
            return Grade(None, note=NO_REFERENCE)
        reply = clean(reply)
        if len(words(reply)) < min(_LEAST_WORDS, len(words(question.answer))):
            return Grade(None, note=TOO_LITTLE)
        said = self.heard(reply)
        held, tainted = self._held(rubric, said)
        said = said.only([row for row in range(len(said.windows)) if row not in tainted])
        views = self.views(rubric, said)
        best, worst = views.best, views.worst
        says, denies = self.weights.chances(views.rows)
        denying = mostly(said.told, negates)
        for number, point in enumerate(question.key_points):
            against = self._turned(rubric.points[number], point, said, views.doubted[:, number])
            if denying and negates(best[number]) and not all(map(negates, point.wordings)):
                against = best[number]
            if against:
                worst[number], denies[number], says[number] = against, 1.0, 0.0
        blamed = {_about(rubric, number): quote for number, quote in held.items()}
        verdicts = tuple(
            self._verdict(point, float(says[number]), float(denies[number]), best[number], worst[number], blamed.get(number, ""))
            for number, point in enumerate(question.key_points)
        )
        asserted = tuple(Held(question.misconceptions[number], quote) for number, quote in held.items())
        if rubric.reference is not None:
            return Grade(FULL * self.evidence(rubric, reply, said), verdicts, asserted, LOOSE)
        return Grade(score(verdicts, len(asserted)), verdicts, asserted)

    def evidence(self, rubric: Rubric, reply: str, said: Reply) -> float:
        """How much of a bare reference a reply says, from 0 to 1: the mean of five weak views of it, each between what
        replies to other questions reach and its top, then a saturating curve.

        The views are the cosine without the question's direction, what the best windows add to what the question gives
        away, late interaction, stems and letters. A sentence that turns a point around takes that point's share.
        """
        if not said.windows or rubric.reference is None:
            return 0.0
        whole = self.embedder.embed([reply])
        demoted = _without(np.vstack([whole, rubric.reference[None]]), rubric.asked)
        meanings = np.concatenate(said.meanings)
        stems: frozenset[int] = frozenset().union(*said.stems)
        letters: frozenset[str] = frozenset().union(*said.letters)
        best = np.array([(said.vectors @ target.vectors.T).max() for target in rubric.points])
        asked = np.array([float((target.vectors @ rubric.asked).max()) for target in rubric.points])
        sizes = np.array([max(1, len(target.stems[0])) for target in rubric.points], dtype=np.float32)
        sizes /= sizes.sum()
        met = [_met((target.meanings[0], target.worths[0]), meanings) for target in rubric.points]
        views = np.array([
            float(demoted[0] @ demoted[1]),
            float(sizes @ (np.maximum(best - asked, 0) / np.maximum(1 - asked, 0.05))),
            float(sizes @ np.array(met)),
            float(sizes @ np.array([self._recall(target.stems[0], stems) for target in rubric.points])),
            float(sizes @ np.array([_share(target.letters[0], letters) for target in rubric.points])),
        ])  # fmt: skip
        floors = np.array(_FLOORS)
        mean = float(np.clip((views - floors) / (1 - floors), 0, 1).mean())
        pairs = zip(rubric.points, rubric.question.key_points, strict=True)
        anyhow = [True] * len(said.windows)
        turned_around = [bool(self._turned(target, point, said, anyhow)) for target, point in pairs]
        return float(min(1.0, mean / _ENOUGH) ** _CURVE * (1 - float(sizes @ np.array(turned_around))))

    def heard(self, reply: str) -> Reply:
        """A reply's windows, read once. What is no sentence, or says everything and its opposite, is not among them."""
        told = tuple(spoken(reply))
        dodges = mostly(told, hedges)
        found = [] if scrambled(" ".join(told)) else windows(reply)
        rambling = [sentence for sentence in told if self._rambles(sentence)]
        said = [
            window
            for window in found
            if self._claims(window) and not (dodges and hedges(window)) and not any(window in sentence for sentence in rambling)
        ]
        readings = self.embedder.read(said)
        return Reply(
            told,
            tuple(said),
            np.array([reading.vector for reading in readings], dtype=np.float32).reshape(-1, self.embedder.id.dimension),
            tuple(reading.meanings for reading in readings),
            tuple(frozenset(self.lexicon.query(window).indices) for window in said),
            tuple(_letters(window) for window in said),
            tuple(self.net.seen(reading.states) for reading in readings) if self.net else (),
        )

    def views(self, rubric: Rubric, said: Reply) -> Views:
        """What a reply looks like from each key point.

        Without windows all views are 0. Another window that says a point can only raise those that count for one.
        """
        rows = np.zeros((len(rubric.points), len(VIEWS)), dtype=np.float32)
        if not said.windows:
            return Views(rows, [""] * len(rows), [""] * len(rows), np.zeros((0, len(rows)), dtype=bool))
        meanings = np.concatenate(said.meanings)
        whole: frozenset[int] = frozenset().union(*said.stems)
        demoted = _without(said.vectors, rubric.asked)
        met = np.zeros((len(said.windows), len(rubric.points)), dtype=np.float32)
        close = np.zeros_like(met)
        for number, target in enumerate(rubric.points):
            close[:, number] = _two_best(said.vectors @ target.vectors.T)
            met[:, number] = _two_best(_table(said.meanings, zip(target.meanings, target.worths, strict=True), _met))
            rows[number, :7] = (
                close[:, number].max(),
                _two_best(demoted @ _without(target.vectors, rubric.asked).T).max(),
                met[:, number].max(),
                _two_best(_table(said.stems, target.stems, self._recall)).max(),
                _two_best(_table(said.letters, target.letters, _share)).max(),
                _two_best(_table([meanings], zip(target.meanings, target.worths, strict=True), _met)).max(),
                _two_best(_table([whole], target.stems, self._recall)).max(),
            )
        says, denies = self._judged(rubric, said, close)
        doubted = (denies >= says) if self.net else np.ones_like(says, dtype=bool)
        # What says one point denies none, and what is hardly about a point denies it less.
        denies[says.max(axis=1) >= _SAID] = 0.0
        denies = denies * np.minimum(1.0, 2 * met)
        # One unlucky window is not enough; and who is wrong all over is rarely right in between.
        most = -np.sort(-np.pad(denies, ((0, 2), (0, 0))), axis=0)
        rows[:, 7], rows[:, 8], rows[:, 9] = says.max(axis=0), most[:2].mean(axis=0), most[:3].mean()
        # A person points at the words that are closest; what the net hears decides between words about as close.
        best = (2 * close + says).argmax(axis=0)
        worst = denies.argmax(axis=0)
        return Views(rows, [said.windows[row] for row in best], [said.windows[row] for row in worst], doubted)

    def related(self, rubric: Rubric, point: int, quote: str) -> bool:
        """Whether a quote could be about key point number `point` at all."""
        return float((self.embedder.embed([quote]) @ rubric.points[point].vectors.T).max()) >= _UNRELATED

    def _judged(self, rubric: Rubric, said: Reply, close: Vectors) -> tuple[Vectors, Vectors]:
        """The net's chances that each window says and that it denies each point; 0 without a net."""
        says, denies = np.zeros_like(close), np.zeros_like(close)
        if self.net is None:
            return says, denies
        for number, target in enumerate(rubric.points):
            order = np.argsort(-close[:, number], kind="stable")[:_CANDIDATES]
            near = [row for row in order.tolist() if close[row, number] >= _NEAR]
            if near:
                others = [said.seen[row] for row in near]
                chances = np.mean([self.net.chances(wording, others) for wording in target.seen], axis=0)
                says[near, number], denies[near, number] = chances[:, SAYS], chances[:, CONTRADICTS]
        return says, denies

    def _turned(self, target: Target, point: KeyPoint, said: Reply, doubted: Iterable[Any]) -> str:
        """The first window that copies a wording of a point but turns it around, or nothing. `doubted` are the windows
        of which the net does not think that they rather say the point."""
        for window, stems, doubt in zip(said.windows, said.stems, doubted, strict=True):
            if not doubt:
                continue
            for wording, wanted in zip(point.wordings, target.stems, strict=True):
                if 2 * len(wanted & stems) >= len(wanted) and turned(window, wording, self.lexicon):
                    return window
                if 3 * len(wanted & stems) >= len(wanted) and misnumbered(window, wording):
                    return window
        return ""

    def _target(self, wordings: Sequence[str], asked: frozenset[int], letters: frozenset[str]) -> Target:
        readings = self.embedder.read(wordings)
        return Target(
            np.array([reading.vector for reading in readings], dtype=np.float32),
            tuple(reading.meanings for reading in readings),
            tuple(self._worth(reading.words, asked) for reading in readings),
            tuple(frozenset(self.lexicon.query(wording).indices) - asked for wording in wordings),
            tuple(_letters(wording) - letters for wording in wordings),
            tuple(self.net.seen(reading.states) for reading in readings) if self.net else (),
        )

    def _worth(self, said: Sequence[str], asked: frozenset[int]) -> Vectors:
        """How rare each word is; 0 for stop words and words of the question."""
        tokens = [self.lexicon.query(word).indices for word in said]
        return np.array(
            [max(map(self._rarity, found), default=0.0) if not asked & set(found) else 0.0 for found in tokens], dtype=np.float32
        )

    def _recall(self, wanted: Collection[int], found: Collection[int]) -> float:
        """Which part of the wanted words is there, the rare ones counting most; 0 if nothing is wanted."""
        total = sum(map(self._rarity, wanted))
        return sum(self._rarity(token) for token in wanted if token in found) / total if total else 0.0

    def _rarity(self, token: int) -> float:
        return inverse_document_frequency(self.about.frequencies.get(token, 0), self.about.entries)

    def _claims(self, window: str) -> bool:
        """Whether a window claims anything: key words in a row do not, nor does naming every option."""
        said = words(window)
        listed = len(said) >= _LISTED and self._stops(said, window) < _LEAST_STOPS
        parted = len(said) >= _LONG_LIST or _COMMAS * window.count(",") >= len(said)
        return not (listed and parted) and not _HEDGED.search(window)

    def _rambles(self, sentence: str) -> bool:
        """Whether a long sentence runs on without a mark and with few of the little words that hold sentences together."""
        said = words(sentence)
        return len(said) >= _RAMBLING and not _MARK.search(sentence) and self._stops(said, sentence) < 2 * _LEAST_STOPS

    def _stops(self, said: Sequence[str], text: str) -> float:
        """The share of stop words."""
        told = self.lexicon.tokens(text)
        return sum(word not in told for word in said) / max(1, len(said))

    def _held(self, rubric: Rubric, said: Reply) -> tuple[dict[int, str], set[int]]:
        """The misconceptions a reply asserts, each with the window that does, and every window that asserts one."""
        if not rubric.wrong or not said.windows:
            return {}, set()
        wrong = np.stack([(said.vectors @ target.vectors.T).max(axis=1) for target in rubric.wrong], axis=1)
        points = np.stack([(said.vectors @ target.vectors.T).max(axis=1) for target in rubric.points], axis=1)
        right = np.maximum(points.max(axis=1)[:, None], said.vectors @ rubric.right.T)
        asserts = (wrong >= _HELD_COSINE) & (wrong >= right + _HELD_MARGIN)
        for row, number in np.argwhere(asserts).tolist():
            asserts[row, number] = self._means(rubric, rubric.wrong[number], said, row)
        nearest = np.where(asserts, wrong, -1.0).argmax(axis=0)
        held = {number: said.windows[nearest[number]] for number in np.flatnonzero(asserts.any(axis=0)).tolist()}
        return held, set(np.flatnonzero(asserts.any(axis=1)).tolist())

    def _means(self, rubric: Rubric, wrong: Target, said: Reply, row: int) -> bool:
        """Whether the net, if there is one, agrees that a window asserts a misconception and makes no point."""
        if self.net is None or float((said.vectors[row] @ wrong.vectors.T).max()) >= _VERBATIM:
            return True
        window = [said.seen[row]]
        ((asserts, _, rejects),) = self.net.chances(wrong.seen[0], window)
        points = [np.mean([self.net.chances(wording, window)[0, SAYS] for wording in p.seen]) for p in rubric.points]
        return bool(asserts >= rejects and max(points, default=0.0) < _SAID)

    def _verdict(self, point: KeyPoint, says: float, denies: float, best: str, worst: str, blamed: str) -> PointVerdict:
        """`blamed` is the window that asserts a misconception about this point, if one does."""
        if blamed and says < self.weights.covered:
            return PointVerdict(point, Verdict.CONTRADICTED, blamed, 1 - says)
        if denies >= self.weights.contradicted and says < CLEAR:
            return PointVerdict(point, Verdict.CONTRADICTED, worst, denies)
        if says >= self.weights.covered:
            return PointVerdict(point, Verdict.COVERED, best, says)
        if says >= self.weights.partial:
            return PointVerdict(point, Verdict.PARTIAL, best, says)
        return PointVerdict(point, Verdict.MISSING, "", 1 - says)


def score(verdicts: Sequence[PointVerdict], held: int) -> float:
    """0 to 5: the weighted share of key points, less a tenth of full marks for each misconception asserted."""
    weight = sum(verdict.point.weight for verdict in verdicts)
    earned = sum(verdict.point.weight * VALUES[verdict.verdict] for verdict in verdicts)
    return FULL * max(0.0, earned / weight - HELD_COSTS * held) if weight else 0.0


def points_of(reference: str) -> tuple[KeyPoint, ...]:
    """The sentences of a bare reference, as points of equal weight."""
    return tuple(KeyPoint(unit.text, _PLAIN_WEIGHT) for unit in units(reference) if words(unit.text))


def windows(reply: str) -> list[str]:
    """The parts of a reply that may each say a point: sentences, their clauses, and where speech has no full stops,
    overlapping runs of words. Each once, in order; which sentences stand beside each other changes nothing."""
    said = [part for block in blocks(reply) for part in _parts(block.text, block.kind)]
    clauses = [
        clause.strip()
        for part in said
        for clause in _CLAUSE.split(part)
        if _LEAST_CLAUSE <= len(clause.split()) < len(part.split())
    ]
    return list(dict.fromkeys((*said, *clauses)))


def spoken(reply: str) -> list[str]:
    """The sentences of a reply, list items among them, each once."""
    return list(dict.fromkeys(sentence for block in blocks(reply) for sentence in _said(block.text, block.kind)))


def _parts(text: str, kind: BlockKind) -> list[str]:
    found = []
    for sentence in _said(text, kind):
        run = sentence.split()
        if len(run) <= _LONG:
            found.append(sentence)
        else:
            found += [" ".join(run[at : at + _SLIDE]) for at in range(0, len(run) - _STRIDE, _STRIDE)]
    return found


def _said(text: str, kind: BlockKind) -> Iterator[str]:
    text = text.strip()
    if kind is BlockKind.ITEM:
        text = text[len(item_marker(text)) :]
    return (sentence for line in text.split("\n") for sentence in _spoken(line))


def _spoken(line: str) -> Iterator[str]:
    """The sentences of a line. People do not always begin them with a capital, so all letters are taken for capitals."""
    capitals = "".join(letter.upper() if len(letter.upper()) == 1 else letter for letter in line)
    at = 0
    for sentence in sentences(capitals):
        start = capitals.index(sentence, at)
        at = start + len(sentence)
        yield line[start:at]


def _about(rubric: Rubric, number: int) -> int | None:
    """The key point a misconception is about, if it is about one."""
    both = np.stack([rubric.wrong[number].vectors[0], rubric.right[number]])
    closeness = [float((both @ target.vectors.T).max()) for target in rubric.points]
    best = int(np.argmax(closeness))
    return best if closeness[best] >= _RELATED else None


def _table(rows: Sequence[T], columns: Iterable[U], measure: Callable[[U, T], float]) -> Vectors:
    """`measure` of every column and row."""
    kept = list(columns)
    return np.array([[measure(column, row) for column in kept] for row in rows], dtype=np.float32)


def _met(wording: tuple[Vectors, Vectors], spoken: Vectors) -> float:
    """Late interaction: how well each word of a wording finds its like among the words spoken, the rare ones counting
    most (Khattab and Zaharia 2020, ColBERT, section 3.2, here with weights)."""
    meanings, worth = wording
    if not len(meanings) or not len(spoken):
        return 0.0
    weights = worth if worth.any() else np.ones(len(meanings), dtype=np.float32)
    return float(weights @ (meanings @ spoken.T).max(axis=1) / weights.sum())


def _letters(text: str) -> frozenset[str]:
    """Runs of four letters within words: what typos and inflections leave alone."""
    padded = (f" {word} " for word in words(text))
    return frozenset(word[at : at + 4] for word in padded for at in range(max(1, len(word) - 3)))


def _share(wanted: frozenset[str], found: frozenset[str]) -> float:
    return len(wanted & found) / len(wanted) if wanted else 0.0


def _two_best(values: Vectors) -> Vectors:
    """Each row's mean of its two largest: one lucky wording is not enough."""
    mean: Vectors = np.sort(values, axis=1)[:, -2:].mean(axis=1)
    return mean


def _logistic(views: Vectors, weights: tuple[float, ...], constant: float) -> Vectors:
    chance: Vectors = 1 / (1 + np.exp(-np.clip(views @ np.array(weights, dtype=np.float32) + constant, -30, 30)))
    return chance


def _without(vectors: Vectors, direction: Vectors) -> Vectors:
    """Unit vectors with one direction taken out, so that repeating it earns nothing."""
    rest = vectors - np.outer(vectors @ direction, direction)
    norms = np.linalg.norm(rest, axis=1, keepdims=True)
    unit: Vectors = np.divide(rest, norms, out=np.zeros_like(rest), where=norms > 1e-6)
    return unit


def weights_for(model: str) -> Weights:
    """The weights fitted for an embedding model; one nobody fitted gets those of the plain views."""
    fitted = _fitted()
    return fitted.get(model) or fitted["any"]


@cache
def _fitted() -> dict[str, Weights]:
    stored = json.loads(FILE.read_text(encoding="utf-8"))
    return {name: _weights(entry) for name, entry in stored.items()}


def _weights(entry: dict[str, Any]) -> Weights:
    says, denies = entry["says"], entry["denies"]
    return Weights(
        tuple(says["views"][view] for view in VIEWS),
        says["constant"],
        tuple(denies["views"][view] for view in VIEWS),
        denies["constant"],
        entry["covered"],
        entry["partial"],
        entry["contradicted"],
    )
