"""Cases and a coach become a retrieval report: ranking, and telling what cannot be answered from what can."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from coach.domain import Question
from coach.ports import Progress, Vectors
from coach.service import Coach
from eval import baselines
from eval.baselines import Ranked, Ranker
from eval.cases import RetrievalCase
from eval.metrics import RANKING, Estimate, auroc, floor_keeping, mean, ranking, share_reaching

KEPT = 0.95
DEPTH = 10
OURS = "coach"


@dataclass(frozen=True, slots=True)
class System:
    """How one way of retrieving did. Refusal is at the floor fitted on the development half, shown on all halves."""

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
    """One run over the same cases for every system. `misses` are the answerable cases ours did not rank first."""

    systems: tuple[System, ...]
    misses: tuple[tuple[RetrievalCase, tuple[str, ...]], ...]
    wrongly_answered: tuple[tuple[RetrievalCase, str, float], ...]
    wrongly_refused: tuple[tuple[RetrievalCase, float], ...]
    answerable: int
    unanswerable: int


def measure(
    coach: Coach, questions: Sequence[Question], cases: Sequence[RetrievalCase], progress: Progress | None = None
) -> Report:
    """Run every case through the coach's retrieval and the plain alternatives."""
    vectors = coach.embedder.embed([case.user_input for case in cases])
    by_passage = {question.prompt: question.id for question in questions}

    def ours(text: str, _vector: Vectors) -> Ranked:
        return [(by_passage[hit.passage.heading], hit.score) for hit in coach.search(text, DEPTH)]

    rankers: dict[str, Ranker] = {
        OURS: ours,
        "BM25 only": baselines.bm25(questions, coach.lexicon),
        "one vector a question": baselines.dense(questions, coach.embedder),
        "256-token chunks + RRF": baselines.chunks_rrf(questions, coach.embedder, coach.lexicon),
    }
    found: dict[str, dict[str, Ranked]] = {}
    for name, rank in rankers.items():
        found[name] = {}
        for case, vector in zip(cases, vectors, strict=True):
            found[name][case.id] = rank(case.user_input, vector)[:DEPTH]
            if progress:
                progress(1)
    systems = tuple(_system(name, cases, runs) for name, runs in found.items())
    return _report(systems, cases, found[OURS])


def _report(systems: tuple[System, ...], cases: Sequence[RetrievalCase], ours: Mapping[str, Ranked]) -> Report:
    floor = systems[0].floor
    tops = {case.id: ours[case.id][0] if ours[case.id] else ("", 0.0) for case in cases}
    return Report(
        systems,
        misses=tuple(
            (case, tuple(id_ for id_, _ in ours[case.id][:3]))
            for case in cases
            if case.answerable and tops[case.id][0] not in case.relevant
        ),
        wrongly_answered=tuple((case, *tops[case.id]) for case in cases if not case.answerable and tops[case.id][1] >= floor),
        wrongly_refused=tuple((case, tops[case.id][1]) for case in cases if case.answerable and tops[case.id][1] < floor),
        answerable=sum(case.answerable for case in cases),
        unanswerable=sum(not case.answerable for case in cases),
    )


def _system(name: str, cases: Sequence[RetrievalCase], runs: Mapping[str, Ranked]) -> System:
    answerable = [case for case in cases if case.answerable]
    top = {case.id: runs[case.id][0][1] if runs[case.id] else 0.0 for case in cases}
    values = ranking(
        {case.id: [id_ for id_, _ in runs[case.id]] for case in answerable}, {case.id: case.relevant for case in answerable}
    )
    kinds = sorted({case.kind for case in answerable})
    return System(
        name,
        measures={measure: _mean(values[measure], answerable) for measure in RANKING},
        by_kind={
            kind: {measure: _mean(values[measure], [c for c in answerable if c.kind == kind]) for measure in RANKING}
            for kind in kinds
        },
        auroc=auroc([top[c.id] for c in answerable], [top[c.id] for c in cases if not c.answerable]),
        auroc_near=auroc([top[c.id] for c in answerable], [top[c.id] for c in cases if c.kind == "near"]),
        floor=(floor := fitted_floor(cases, top)),
        kept=share_reaching([top[c.id] for c in answerable if c.held_back], floor),
        refused={
            kind: _refused([top[c.id] for c in cases if c.kind == kind and c.held_back], floor)
            for kind in sorted({c.kind for c in cases if not c.answerable})
        },
    )


def fitted_floor(cases: Sequence[RetrievalCase], top: Mapping[str, float]) -> float:
    """The score that 95 % of the development half's answerable cases reach; 0 if there are none."""
    scores = [top[case.id] for case in cases if case.answerable and not case.held_back]
    return floor_keeping(scores, KEPT) if scores else 0.0


def _mean(values: Mapping[str, float], cases: Sequence[RetrievalCase]) -> Estimate:
    return mean([values[case.id] for case in cases], [case.family for case in cases])


def _refused(scores: Sequence[float], floor: float) -> float | None:
    reached = share_reaching(scores, floor)
    return None if reached is None else 1 - reached
