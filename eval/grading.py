"""Graded replies and a grader become a report: does it agree with people as far as people agree with each other?

A reply has a verdict for each key point and a score from each of two labelers who did not see each other's.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import pearsonr, spearmanr
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import cohen_kappa_score, precision_recall_fscore_support

from coach.domain import Verdict
from coach.errors import BadInput
from coach.grade import FULL, Grader, Rubric, Weights, windows
from coach.ports import Progress, Vectors
from eval.cases import FOLDER

LETTERS = {"c": Verdict.COVERED, "p": Verdict.PARTIAL, "m": Verdict.MISSING, "x": Verdict.CONTRADICTED}
STEP = 0.5


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
    """Scores beside plain alternatives, then precision, recall and support of each verdict, per key point."""

    agreements: tuple[Agreement, ...]
    verdicts: dict[str, tuple[float, float, int]]
    labelers: dict[str, tuple[float, float, int]]
    replies: int
    points: int
    ungraded: int


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


def fit(grader: Grader, rubrics: dict[str, Rubric], replies: Sequence[GradedReply], progress: Progress | None = None) -> Weights:
    """Weights from the development half: covered against missing by both labelers; contradictions teach nothing here.

    The thresholds are those whose verdicts come closest in value to the labels.
    """
    views, labels = _examples(grader, rubrics, [reply for reply in replies if not reply.held_back], progress)
    clear = [row for row, label in enumerate(labels) if label in {Verdict.COVERED, Verdict.MISSING}]
    model = LogisticRegression(C=1.0, class_weight="balanced").fit(
        views[clear], [labels[row] is Verdict.COVERED for row in clear]
    )
    fitted = Weights(tuple(float(weight) for weight in model.coef_[0]), float(model.intercept_[0]), 0.5, 0.5)
    usable = [row for row, label in enumerate(labels) if label is not Verdict.CONTRADICTED]
    confidence = fitted.confidence(views[usable])
    wanted = np.array([{Verdict.COVERED: 1.0, Verdict.PARTIAL: 0.5}.get(labels[row], 0.0) for row in usable])
    grid = np.arange(0.15, 0.85, 0.05)
    best = min(
        ((low, high) for low in grid for high in grid if low < high),
        key=lambda pair: float(np.abs((confidence >= pair[1]) * 0.5 + (confidence >= pair[0]) * 0.5 - wanted).mean()),
    )
    return Weights(fitted.views, fitted.constant, covered=float(best[1]), partial=float(best[0]))


def measure(
    grader: Grader, rubrics: dict[str, Rubric], replies: Sequence[GradedReply], progress: Progress | None = None
) -> GradingReport:
    """Grade every held-back reply and compare with the labels, with a cosine and with one labeler against the other."""
    chosen = [reply for reply in replies if reply.held_back]
    ours, cosines, verdicts, ungraded = [], [], [], 0
    for reply in chosen:
        rubric = rubrics[reply.question_id]
        grade = grader.grade(rubric, reply.response)
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
    )


def _examples(
    grader: Grader, rubrics: dict[str, Rubric], replies: Sequence[GradedReply], progress: Progress | None
) -> tuple[Vectors, list[Verdict]]:
    rows, labels = [], []
    for reply in replies:
        said = windows(reply.response)
        views, _quotes = grader.views(rubrics[reply.question_id], said, grader.embedder.embed(said))
        for row, one, other in zip(views, *reply.verdicts, strict=True):
            if one is other:
                rows.append(row)
                labels.append(one)
        if progress:
            progress(1)
    return np.array(rows, dtype=np.float32), labels


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
    for number, line in enumerate(file.read_text(encoding="utf-8").split("\n"), 1):
        if not line.strip():
            continue
        try:
            rows.append(json.loads(line))
        except ValueError as error:
            raise BadInput(f"{file.name}:{number}: not a JSON object ({error}). Write one a line.") from error
    return rows
