"""Graded replies and a grader become a report: does it agree with two labelers as far as they agree with each other?

A reply has a verdict for each key point and a score from each of two labelers who did not see each other's.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import cohen_kappa_score, precision_recall_fscore_support

from coach.domain import Verdict
from coach.errors import BadInput
from coach.grade import AGAINST, CLEAR, FULL, NET, VIEWS, Grader, Rubric, Weights
from coach.ports import Progress, Vectors
from coach.text import clean
from eval.cases import FOLDER, lines
from eval.outside import OutsideReply

LETTERS = {"c": Verdict.COVERED, "p": Verdict.PARTIAL, "m": Verdict.MISSING, "x": Verdict.CONTRADICTED}
STEP = 0.5
_DEPTH = {Verdict.COVERED: 1.0, Verdict.PARTIAL: 0.5, Verdict.MISSING: 0.0, Verdict.CONTRADICTED: -0.5}
# The inverse strength of the fit's regularization.
_EASE = 1.0


@dataclass(frozen=True, slots=True)
class GradedReply:
    """A reply with two independent labelings: verdicts in the order of the key points, and scores from 0 to 5."""

    id: str
    question_id: str
    style: str
    response: str
    verdicts: tuple[tuple[Verdict, ...], tuple[Verdict, ...]]
    scores: tuple[float, float]

    @property
    def held_back(self) -> bool:
        """Half of the questions: never used to fit anything."""
        return hashlib.sha256(self.question_id.encode()).digest()[0] % 2 == 1

    @property
    def score(self) -> float:
        return sum(self.scores) / 2


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far scores agree with the labelers' mean; None where it is undefined."""

    name: str
    pearson: float | None
    spearman: float | None
    within: float | None
    qwk: float | None
    mae: float
    bias: float


@dataclass(frozen=True, slots=True)
class GradingReport:
    """Scores beside plain alternatives, then precision, recall and support of each verdict, per key point.

    `seconds` is how long each reply took, its question's key points being read already.
    """

    agreements: tuple[Agreement, ...]
    verdicts: dict[str, tuple[float, float, int]]
    labelers: dict[str, tuple[float, float, int]]
    replies: int
    points: int
    ungraded: int
    seconds: tuple[float, ...]


def load(folder: Path = FOLDER) -> list[GradedReply]:
    """The committed replies with both labelings. Raises BadInput for a reply without both."""
    replies = [row for file in sorted(folder.glob("answers-*.jsonl")) for row in _rows(file)]
    labels = [{row["id"]: row for row in _rows(file)} for file in sorted(folder.glob("labels-*.jsonl"))]
    found = []
    for reply in replies:
        rows = [labeler.get(reply["id"]) for labeler in labels[:2]]
        if None in rows or len(rows) < 2:
            raise BadInput(f"The reply {reply['id']!r} does not have two labelings. Add it to both labels files.")
        verdicts = tuple(tuple(LETTERS[letter] for letter in row["points"]) for row in rows if row)
        scores = tuple(float(row["score"]) for row in rows if row)
        found.append(
            GradedReply(
                reply["id"],
                reply["question_id"],
                reply["style"],
                reply["response"],
                (verdicts[0], verdicts[1]),
                (scores[0], scores[1]),
            )
        )
    return found


def examples(
    grader: Grader, rubrics: dict[str, Rubric], replies: Sequence[GradedReply], progress: Progress | None = None
) -> tuple[Vectors, list[Verdict]]:
    """The views of the development half and their labels, of points on which both labelers agree."""
    rows, labels = [], []
    for reply in replies:
        if reply.held_back:
            continue
        views = grader.views(rubrics[reply.question_id], grader.heard(clean(reply.response)))
        for row, one, other in zip(views.rows, *reply.verdicts, strict=True):
            if one is other:
                rows.append(row)
                labels.append(one)
        if progress:
            progress(1)
    return np.array(rows, dtype=np.float32), labels


def without_net(views: Vectors) -> Vectors:
    """The same views as a model without a net gives them."""
    plain = views.copy()
    plain[:, NET] = 0.0
    return plain


def fit(views: Vectors, labels: Sequence[Verdict]) -> Weights:
    """Weights from what `examples` gives.

    Says is covered against missing and contradicted, denies is contradicted against the rest. The thresholds are those
    whose verdicts come closest to the labels, with a contradiction as far below nothing as a part is above it.
    """
    kinds = np.array([str(label) for label in labels])
    clear = kinds != str(Verdict.PARTIAL)
    for_it, against = np.ones(len(VIEWS), dtype=int), -np.ones(len(VIEWS), dtype=int)
    for_it[AGAINST], against[AGAINST] = 0, 1
    says = _logistic(views[clear], kinds[clear] == str(Verdict.COVERED), for_it)
    denies = _logistic(views, kinds == str(Verdict.CONTRADICTED), against)
    fitted = Weights(*says, *denies, covered=0.5, partial=0.5, contradicted=0.5)
    yes, no = fitted.chances(views)
    wanted = np.array([_DEPTH[label] for label in labels])

    def distance(thresholds: tuple[float, float, float]) -> float:
        partial, covered, contradicted = thresholds
        given = np.where(
            (no >= contradicted) & (yes < CLEAR), _DEPTH[Verdict.CONTRADICTED], (yes >= partial) * 0.5 + (yes >= covered) * 0.5
        )
        return float(np.abs(given - wanted).mean())

    grid = np.arange(0.2, 0.95, 0.025)
    partial, covered, contradicted = min(((p, c, x) for p in grid for c in grid for x in grid if p < c), key=distance)
    return replace(fitted, partial=float(partial), covered=float(covered), contradicted=float(contradicted))


def measure_outside(grader: Grader, replies: Sequence[OutsideReply], progress: Progress | None = None) -> tuple[Agreement, ...]:
    """Grade somebody else's replies and compare with their scores; a reply that is not graded counts as 0."""
    rubrics: dict[str, Rubric] = {}
    ours, cosines = [], []
    for reply in replies:
        question = reply.question
        rubric = rubrics.get(question.id) or rubrics.setdefault(question.id, grader.rubric(question))
        ours.append(grader.grade(rubric, reply.response).score or 0.0)
        pair = grader.embedder.embed([reply.response, question.answer or question.prompt])
        cosines.append(FULL * max(0.0, float(pair[0] @ pair[1])))
        if progress:
            progress(1)
    given = [reply.score for reply in replies]
    questions = [reply.question.id for reply in replies]
    return (
        _agreement("coach, rubric", ours, given, questions),
        _agreement("cosine x 5", cosines, given, questions),
        _agreement("the mean score for all", [float(np.mean(given))] * len(given), given, questions),
    )


def _logistic(views: Vectors, wanted: npt.NDArray[np.bool_], signs: npt.NDArray[np.int_]) -> tuple[tuple[float, ...], float]:
    """Weights and constant of a logistic regression with both classes of equal weight; a weight's sign is given, or 0."""
    spread = np.maximum(views.std(axis=0), 1e-6)
    scaled = (views - views.mean(axis=0)) / spread
    side = np.where(wanted, 1.0, -1.0)
    balance = np.where(wanted, 0.5 / wanted.mean(), 0.5 / (~wanted).mean())

    def loss(parameters: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        weights, constant = parameters[:-1], parameters[-1]
        margin = side * (scaled @ weights + constant)
        slope = -side * balance / (1 + np.exp(margin))
        total = float((np.logaddexp(0, -margin) * balance).sum() + weights @ weights / (2 * _EASE))
        return total, np.append(scaled.T @ slope + weights / _EASE, slope.sum())

    bounds = [{1: (0, None), -1: (None, 0), 0: (0, 0)}[int(sign)] for sign in signs]
    found = minimize(loss, np.zeros(len(signs) + 1), jac=True, method="L-BFGS-B", bounds=[*bounds, (None, None)]).x
    weights = found[:-1] / spread
    return tuple(map(float, weights)), float(found[-1] - weights @ views.mean(axis=0))


def measure(
    grader: Grader, rubrics: dict[str, Rubric], replies: Sequence[GradedReply], progress: Progress | None = None
) -> GradingReport:
    """Grade every held-back reply and compare with the labels, with a cosine and with one labeler against the other."""
    chosen = [reply for reply in replies if reply.held_back]
    ours, cosines, verdicts, ungraded, seconds = [], [], [], 0, []
    for reply in chosen:
        rubric = rubrics[reply.question_id]
        began = perf_counter()
        grade = grader.grade(rubric, reply.response)
        seconds.append(perf_counter() - began)
        ungraded += grade.score is None
        ours.append(grade.score or 0.0)
        verdicts += [verdict.verdict for verdict in grade.verdicts] or [Verdict.MISSING] * len(rubric.question.key_points)
        pair = grader.embedder.embed([reply.response, rubric.question.answer])
        cosines.append(FULL * max(0.0, float(pair[0] @ pair[1])))
        if progress:
            progress(1)
    mean = [reply.score for reply in chosen]
    lengths = [min(FULL, len(reply.response.split()) / 30) for reply in chosen]
    questions = [reply.question_id for reply in chosen]
    first = [label for reply in chosen for label in reply.verdicts[0]]
    second = [label for reply in chosen for label in reply.verdicts[1]]
    return GradingReport(
        (
            _agreement("coach, rubric", ours, mean, questions),
            _agreement("cosine x 5", cosines, mean, questions),
            _agreement("length only", lengths, mean, questions),
            _agreement("labeler 1 against 2", [reply.scores[0] for reply in chosen], [r.scores[1] for r in chosen], questions),
        ),
        _per_verdict(first, verdicts),
        _per_verdict(first, second),
        len(chosen),
        len(first),
        ungraded,
        tuple(seconds),
    )


def _agreement(name: str, scores: Sequence[float], wanted: Sequence[float], questions: Sequence[str]) -> Agreement:
    given, true = np.array(scores), np.array(wanted)
    spread = len(set(scores)) > 1 and len(set(wanted)) > 1
    within = [
        float(spearmanr(given[rows], true[rows]).statistic)
        for question in dict.fromkeys(questions)
        if len(rows := [i for i, other in enumerate(questions) if other == question]) > 2
        and len(set(given[rows])) > 1
        and len(set(true[rows])) > 1
    ]
    steps = int(FULL / STEP) + 1
    return Agreement(
        name,
        pearson=float(pearsonr(given, true).statistic) if spread else None,
        spearman=float(spearmanr(given, true).statistic) if spread else None,
        within=float(np.mean(within)) if within else None,
        qwk=float(cohen_kappa_score(np.rint(given / STEP), np.rint(true / STEP), labels=range(steps), weights="quadratic"))
        if spread
        else None,
        mae=float(np.abs(given - true).mean()),
        bias=float((given - true).mean()),
    )


def _per_verdict(true: Sequence[Verdict], given: Sequence[Verdict]) -> dict[str, tuple[float, float, int]]:
    names = [str(verdict) for verdict in Verdict]
    precision, recall, _f, support = precision_recall_fscore_support(
        [str(v) for v in true], [str(v) for v in given], labels=names, zero_division=0.0
    )
    return {name: (float(p), float(r), int(n)) for name, p, r, n in zip(names, precision, recall, support, strict=True)}


def _rows(file: Path) -> list[dict[str, Any]]:
    rows = []
    for number, line in lines(file):
        try:
            rows.append(json.loads(line))
        except ValueError as error:
            raise BadInput(f"{file.name}:{number}: not a JSON object ({error}). Write one a line.") from error
    return rows
