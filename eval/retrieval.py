"""Cases and a coach become a retrieval report: ranking, and telling what cannot be answered from what can.

The logistic confidence of `coach.refuse` is fitted here, on the development half of the cases only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from sklearn.linear_model import LogisticRegression

from coach.domain import Question
from coach.ports import Progress
from coach.refuse import Calibration, features
from coach.retrieve import search
from coach.service import Coach
from eval import baselines
from eval.baselines import Ranked, Ranker
from eval.cases import RetrievalCase
from eval.metrics import RANKING, Missing, auroc, floor_keeping, ranking, share_reaching
from eval.stats import Estimate, mean

KEPT = 0.95
DEPTH = 10
OURS = "coach"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one system gave one case: question ids best first, and how sure it was that they answer."""

    ranked: Ranked
    confidence: float


@dataclass(frozen=True, slots=True)
class System:
    """How one way of retrieving did. The floor is fitted on the development half; `kept` and `refused` are the other's."""

    name: str
    measures: dict[str, Estimate]
    by_kind: dict[str, dict[str, Estimate]]
    auroc: float | None
    auroc_near: float | None
    floor: float
    kept: float | None
    refused: dict[str, float | None]


@dataclass(frozen=True, slots=True)
class Report:
    """One run over the same cases for every system, and what ours got wrong at the floor in force."""

    systems: tuple[System, ...]
    not_first: tuple[tuple[RetrievalCase, tuple[str, ...]], ...]
    wrongly_answered: tuple[tuple[RetrievalCase, str, float], ...]
    wrongly_refused: tuple[tuple[RetrievalCase, float], ...]
    answerable: int
    unanswerable: int


def fit(coach: Coach, cases: Sequence[RetrievalCase]) -> Calibration:
    """A calibration from the development half of `cases`, with the floor that keeps 95 % of its answerable ones."""
    chosen = [case for case in cases if not case.held_back]
    rows = np.array([_features(coach, case.user_input) for case in chosen])
    model = LogisticRegression(C=10.0, class_weight="balanced").fit(rows, [case.answerable for case in chosen])
    fitted = Calibration(tuple(float(weight) for weight in model.coef_[0]), float(model.intercept_[0]), 0.0)
    confidences = [fitted.confidence(tuple(row)) for row, case in zip(rows, chosen, strict=True) if case.answerable]
    return replace(fitted, floor=floor_keeping(confidences, KEPT))


def measure(
    coach: Coach, questions: Sequence[Question], cases: Sequence[RetrievalCase], progress: Progress | None = None
) -> Report:
    """Run every case through the coach's retrieval and the plain alternatives."""
    rankers: dict[str, Ranker] = {
        "BM25 only": baselines.bm25(questions, coach.lexicon),
        "one vector a question": baselines.dense(questions, coach.embedder),
        "256-token chunks + RRF": baselines.chunks_rrf(questions, coach.embedder, coach.lexicon),
    }
    vectors = coach.embedder.embed([case.user_input for case in cases])
    found: dict[str, dict[str, Outcome]] = {name: {} for name in (OURS, *rankers)}
    for case, vector in zip(cases, vectors, strict=True):
        hits = search(coach.index, coach.lexicon, case.user_input, vector, DEPTH)
        ranked = [(hit.passage.place, hit.score) for hit in hits]
        found[OURS][case.id] = Outcome(ranked, coach.judge(case.user_input, hits).confidence)
        for name, rank in rankers.items():
            others = rank(case.user_input, vector)[:DEPTH]
            found[name][case.id] = Outcome(others, others[0][1] if others else 0.0)
        if progress:
            progress(1)
    systems = tuple(_system(name, cases, outcomes) for name, outcomes in found.items())
    return _report(systems, cases, found[OURS], coach.calibration.floor)


def _features(coach: Coach, question: str) -> tuple[float, ...]:
    hits = coach.search(question, 1)
    return features(question, hits[0], coach.judge(question, hits).unknown)


def _report(systems: tuple[System, ...], cases: Sequence[RetrievalCase], ours: Mapping[str, Outcome], floor: float) -> Report:
    first = {case.id: ours[case.id].ranked[0][0] if ours[case.id].ranked else "" for case in cases}
    sure = {case.id: ours[case.id].confidence for case in cases}
    return Report(
        systems,
        not_first=tuple(
            (case, tuple(id_ for id_, _ in ours[case.id].ranked[:3]))
            for case in cases
            if case.answerable and first[case.id] not in case.relevant
        ),
        wrongly_answered=tuple(
            (case, first[case.id], sure[case.id]) for case in cases if not case.answerable and sure[case.id] >= floor
        ),
        wrongly_refused=tuple((case, sure[case.id]) for case in cases if case.answerable and sure[case.id] < floor),
        answerable=sum(case.answerable for case in cases),
        unanswerable=sum(not case.answerable for case in cases),
    )


def _system(name: str, cases: Sequence[RetrievalCase], outcomes: Mapping[str, Outcome]) -> System:
    answerable = [case for case in cases if case.answerable]
    values = ranking(
        {case.id: [id_ for id_, _ in outcomes[case.id].ranked] for case in answerable},
        {case.id: case.relevant for case in answerable},
    )

    def sure(chosen: Sequence[RetrievalCase]) -> list[float]:
        return [outcomes[case.id].confidence for case in chosen]

    def estimates(chosen: Sequence[RetrievalCase]) -> dict[str, Estimate]:
        families = [case.family for case in chosen]
        return {measure: mean([values[measure][case.id] for case in chosen], families) for measure in RANKING}

    development = sure([case for case in answerable if not case.held_back])
    floor = floor_keeping(development, KEPT) if development else 0.0
    refused = {}
    for kind in sorted({case.kind for case in cases if not case.answerable}):
        reached = share_reaching(sure([case for case in cases if case.kind == kind and case.held_back]), floor)
        refused[kind] = None if reached is None else 1 - reached
    return System(
        name,
        measures=estimates(answerable),
        by_kind={
            kind: estimates([case for case in answerable if case.kind == kind]) for kind in sorted({c.kind for c in answerable})
        },
        auroc=_auroc(sure(answerable), sure([case for case in cases if not case.answerable])),
        auroc_near=_auroc(sure(answerable), sure([case for case in cases if case.kind == "near"])),
        floor=floor,
        kept=share_reaching(sure([case for case in answerable if case.held_back]), floor),
        refused=refused,
    )


def _auroc(answerable: Sequence[float], unanswerable: Sequence[float]) -> float | None:
    found = auroc([*answerable, *unanswerable], [True] * len(answerable) + [False] * len(unanswerable))
    return None if isinstance(found, Missing) else found
