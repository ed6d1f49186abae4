"""Rankings and scores become numbers. The arithmetic is ir_measures', scikit-learn's and scipy's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import ir_measures
import numpy as np
from ir_measures import RR, R, Success, nDCG
from scipy.stats import bootstrap
from sklearn.metrics import roc_auc_score

RANKING = {"nDCG@10": nDCG @ 10, "hit@1": Success @ 1, "recall@5": R @ 5, "MRR": RR}
_RESAMPLES = 2_000
_SEED = 7


class Missing(StrEnum):
    """Why there is no value: nothing to measure, or the judge failed."""

    UNDEFINED = "undefined"
    ERROR = "error"


Score = float | Missing


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over `n` cases with its 95 % bootstrap interval; `value` is None where nothing could be measured."""

    value: float | None
    low: float | None
    high: float | None
    n: int

    def __str__(self) -> str:
        if self.value is None:
            return "undefined"
        if self.low is None or self.high is None:
            return f"{self.value:.3f}"
        return f"{self.value:.3f} [{self.low:.2f}, {self.high:.2f}]"


def ranking(runs: Mapping[str, Sequence[str]], relevant: Mapping[str, Sequence[str]]) -> dict[str, dict[str, float]]:
    """Measure by name, then value by case id. `runs` holds ids best first; a case with an empty run scores 0.

    ir_measures breaks ties by id, so ranks are handed over as scores.
    """
    qrels = [ir_measures.Qrel(case, doc, 1) for case, docs in relevant.items() for doc in docs]
    run = [
        ir_measures.ScoredDoc(case, doc, float(-rank))
        for case, docs in runs.items()
        for rank, doc in enumerate(dict.fromkeys(docs))
    ]
    names = {str(measure): name for name, measure in RANKING.items()}
    values: dict[str, dict[str, float]] = {name: {} for name in RANKING}
    for metric in ir_measures.iter_calc(list(RANKING.values()), qrels, run):
        values[names[str(metric.measure)]][metric.query_id] = metric.value
    return values


def mean(values: Sequence[float], clusters: Sequence[str] | None = None) -> Estimate:
    """The mean with a percentile bootstrap interval; cases of one cluster are drawn together."""
    if not values:
        return Estimate(None, None, None, 0)
    keys = list(clusters) if clusters is not None else [str(i) for i in range(len(values))]
    sums: dict[str, list[float]] = {}
    for key, value in zip(keys, values, strict=True):
        sums.setdefault(key, []).append(value)
    totals = np.array([sum(group) for group in sums.values()])
    counts = np.array([len(group) for group in sums.values()])
    overall = float(totals.sum() / counts.sum())
    if len(totals) < 2 or len(set(values)) == 1:
        return Estimate(overall, None, None, len(values))
    interval = bootstrap(
        (totals, counts),
        lambda t, c, axis: t.sum(axis=axis) / c.sum(axis=axis),
        paired=True,
        n_resamples=_RESAMPLES,
        method="percentile",
        rng=np.random.default_rng(_SEED),
    ).confidence_interval
    return Estimate(overall, float(interval.low), float(interval.high), len(values))


def auroc(positive: Sequence[float], negative: Sequence[float]) -> float | None:
    """How often a positive scores above a negative; None where one side is empty."""
    if not positive or not negative:
        return None
    return float(roc_auc_score([1] * len(positive) + [0] * len(negative), [*positive, *negative]))


def floor_keeping(scores: Sequence[float], share: float) -> float:
    """The largest floor that at least `share` of `scores` reach."""
    ordered = sorted(scores)
    return ordered[int(len(ordered) * (1 - share) + 1e-9)]


def share_reaching(scores: Sequence[float], floor: float) -> float | None:
    """Which part of `scores` is at or above `floor`; None where there are none."""
    return sum(score >= floor for score in scores) / len(scores) if scores else None
