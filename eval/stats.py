"""Scores of cases become a mean with its interval, a change that is or is not chance, and a gate that says why.

Pure arithmetic over numbers; knows no metric by name, no case and no file. The resampling is scipy's.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import NormalDist

import numpy as np

from eval.metrics.score import Missing, Score

RESAMPLES = 2_000
DRAWS = 10_000
SEED = 7
CONFIDENCE = 0.95
SIGNIFICANT = 0.05
# More judge errors than this, and a mean says more about the judge than about what it judged.
ERROR_LIMIT = 0.02
# With fewer pairs no sign-flip test can reach 0.05: 2 / 2^n.
FEWEST = 6
# 1.96 + 0.84 standard errors: significant at 0.05 with a chance of 80 %.
DETECTABLE = 2.8
EPSILON = 1e-12


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over `n` cases with its 95 % bootstrap interval; None where nothing could be measured, or no interval had."""

    value: float | None
    low: float | None
    high: float | None
    n: int

    def __str__(self) -> str:
        if self.value is None:
            return "undefined"
        if self.low is None or self.high is None or self.low == self.high:
            return f"{self.value:.3f}"
        return f"{self.value:.3f} [{self.low:.2f}, {self.high:.2f}]"


@dataclass(frozen=True, slots=True)
class Summary:
    """Scores of many cases. Of `total`, `n` have a value, `undefined` have nothing to measure, and on `errors` a judge failed.

    `value` is ERROR where too many judgements failed ("not measured"), UNDEFINED where no case has anything to measure.
    """

    value: Score
    low: float | None
    high: float | None
    n: int
    total: int
    undefined: int
    errors: int

    @property
    def measured(self) -> bool:
        return self.value is not Missing.ERROR


@dataclass(frozen=True, slots=True)
class Change:
    """The mean of after less before over `n` pairs of `families`, with its interval.

    `p` is two-sided, for no change at all; `detectable` is the change that these pairs would show four times out of five.
    """

    value: float
    low: float | None
    high: float | None
    p: float
    n: int
    families: int
    detectable: float | None


class Status(StrEnum):
    PASS = "pass"  # noqa: S105
    WARN = "warn"
    FAIL = "fail"
    UNDEFINED = "undefined"
    NOT_MEASURED = "not measured"


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the gate says of a metric, and every reason it has."""

    status: Status
    why: tuple[str, ...] = ()


_GRAVEST = (Status.FAIL, Status.NOT_MEASURED, Status.UNDEFINED, Status.WARN)
_UNMEASURED = {
    Missing.ERROR: Ruling(Status.NOT_MEASURED, ("too many judgements failed",)),
    Missing.UNDEFINED: Ruling(Status.UNDEFINED, ("no case has anything to measure",)),
}


def mean(values: Sequence[float], clusters: Sequence[Hashable] | None = None) -> Estimate:
    """The mean with a percentile bootstrap interval; cases of one cluster are drawn together.

    Values that are all the same give a point, different ones of a single cluster no interval.
    """
    if len(values) == 0:
        return Estimate(None, None, None, 0)
    low, high = interval(values, clusters)
    return Estimate(float(np.mean(values)), low, high, len(values))


def interval(
    values: Sequence[float],
    clusters: Sequence[Hashable] | None = None,
    *,
    confidence: float = CONFIDENCE,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> tuple[float | None, float | None]:
    """Low and high of the mean, by percentile bootstrap over clusters (Efron 1979; Miller 2024 for the clusters)."""
    from scipy.stats import bootstrap

    totals, counts = _by_cluster(values, clusters)
    if len(set(values)) == 1:
        return float(values[0]), float(values[0])
    if len(totals) < 2:
        return None, None
    found = bootstrap(
        (totals, counts),
        lambda t, c, axis: t.sum(axis=axis) / c.sum(axis=axis),
        paired=True,
        n_resamples=resamples,
        confidence_level=confidence,
        method="percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return float(found.low), float(found.high)


def summary(
    scores: Sequence[Score], clusters: Sequence[Hashable] | None = None, worst: float = 0.0, error_limit: float = ERROR_LIMIT
) -> Summary:
    """The mean of what has a value, an error counting as `worst`, what is undefined left out and counted.

    An error is never dropped: a system must not gain by what makes its judge fail. So the mean is as bad as it can be, which
    is no measurement any more once over `error_limit` of the judgements failed.
    """
    keys = range(len(scores)) if clusters is None else clusters
    kept = [(score, key) for score, key in zip(scores, keys, strict=True) if score is not Missing.UNDEFINED]
    errors = sum(score is Missing.ERROR for score, _ in kept)
    counts = (len(kept) - errors, len(scores), len(scores) - len(kept), errors)
    if not kept:
        return Summary(Missing.UNDEFINED, None, None, *counts)
    if errors > error_limit * len(kept):
        return Summary(Missing.ERROR, None, None, *counts)
    values = [worst if isinstance(score, Missing) else float(score) for score, _ in kept]
    found = mean(values, [key for _, key in kept])
    return Summary(found.value or 0.0, found.low, found.high, *counts)


def change(
    before: Mapping[str, Score], after: Mapping[str, Score], clusters: Mapping[str, Hashable] | None = None
) -> Change | None:
    """What changed over the cases that have a value in both runs; None if there is none.

    An error or undefined on one side is no change of the system: the error limit of `summary` and the counts hold those.
    """
    ids = [id_ for id_, score in after.items() if not isinstance(score, Missing) and _valued(before.get(id_))]
    if not ids:
        return None
    differences = [float(after[id_]) - float(before[id_]) for id_ in ids]
    keys = ids if clusters is None else [clusters[id_] for id_ in ids]
    low, high = interval(differences, keys)
    error = standard_error(differences, keys)
    return Change(
        float(np.mean(differences)),
        low,
        high,
        sign_flip(differences, keys),
        len(ids),
        len(set(keys)),
        None if error is None else DETECTABLE * error,
    )


def sign_flip(
    differences: Sequence[float], clusters: Sequence[Hashable] | None = None, *, draws: int = DRAWS, seed: int = SEED
) -> float:
    """Two-sided p that the paired differences are chance: the share of ways to flip their signs that is as far from 0.

    Differences of one cluster flip together. All ways are tried where there are at most `draws` (n = 13), else as many drawn.
    """
    from scipy.stats import permutation_test

    totals, _ = _by_cluster(differences, clusters)
    if len(totals) < 2:
        return 1.0
    found = permutation_test(
        (totals,),
        lambda t, axis: t.sum(axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=draws,
        batch=1_000,
        rng=np.random.default_rng(seed),
    )
    return float(found.pvalue)


def mcnemar(fixed: int, broken: int) -> float:
    """Two-sided p that so many cases fixed and broken are chance: exact, the binomial of the discordant ones (McNemar 1947)."""
    from scipy.stats import binomtest

    return float(binomtest(fixed, fixed + broken).pvalue) if fixed + broken else 1.0


def holm(p_values: Sequence[float]) -> list[float]:
    """The p values, in their order, corrected for how many there are (Holm 1979)."""
    adjusted = [0.0] * len(p_values)
    least = 0.0
    for rank, at in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        least = max(least, min(1.0, (len(p_values) - rank) * p_values[at]))
        adjusted[at] = least
    return adjusted


def minimum_detectable_effect(sd: float, n: int) -> float:
    """The mean difference that n pairs show at p < 0.05 four times out of five: 2.8 SD / sqrt n."""
    return DETECTABLE * sd / float(np.sqrt(n))


def standard_error(values: Sequence[float], clusters: Sequence[Hashable] | None = None) -> float | None:
    """Of the mean, by G clusters (Miller 2024, times G / (G - 1)): without any, SD / sqrt n. None with fewer than two."""
    totals, counts = _by_cluster(values, clusters)
    if len(totals) < 2:
        return None
    off = totals - counts * totals.sum() / counts.sum()
    return float(np.sqrt((off**2).sum() * len(off) / (len(off) - 1)) / counts.sum())


def ppi_mean(judged: Sequence[float], judged_labeled: Sequence[float], gold: Sequence[float]) -> Estimate:
    """The mean a person would find, by a judge's scores of many cases and both on few (Angelopoulos et al. 2023; ARES).

    The judge's mean over `judged`, corrected by how far it is off on average where people labeled too: `judged_labeled` and
    `gold` are the same cases, and none of `judged`. The interval is normal, which wants 20 labels or more.
    """
    off = np.array([true - guess for guess, true in zip(judged_labeled, gold, strict=True)])
    if len(judged) == 0 or len(off) == 0:
        return Estimate(None, None, None, len(judged))
    value = float(np.mean(judged) + off.mean())
    if len(judged) < 2 or len(off) < 2:
        return Estimate(value, None, None, len(judged))
    error = float(np.sqrt(np.var(judged, ddof=1) / len(judged) + off.var(ddof=1) / len(off)))
    reach = NormalDist().inv_cdf((1 + CONFIDENCE) / 2) * error
    return Estimate(value, value - reach, value + reach, len(judged))


def gate(
    value: Score,
    *,
    floor: float | None = None,
    tolerance: float = 0.0,
    lower_is_better: bool = False,
    change: Change | None = None,
    p: float | None = None,
    musts_failed: Sequence[str] = (),
    musts_unjudged: Sequence[str] = (),
) -> Ruling:
    """FAIL if a must-case failed, the floor is broken, or it got worse by more than `tolerance` and not by chance.

    `p` is the change's after `holm` over all metrics that are gated; without it the change's own. Worse than tolerated but
    perhaps by chance is a WARN; with fewer than six families no test can tell, and tolerance alone decides. A metric that is
    not measured cannot fail but by a must-case, and does not pass either.
    """
    found = [Ruling(Status.FAIL, (f"must-case failed: {case}",)) for case in musts_failed]
    found += [Ruling(Status.NOT_MEASURED, (f"must-case could not be judged: {case}",)) for case in musts_unjudged]
    if isinstance(value, Missing):
        found.append(_UNMEASURED[value])
    else:
        found += _floor(value, floor, lower_is_better)
        found += _worse(change, p, tolerance, lower_is_better)
    status = next((status for status in _GRAVEST if status in {one.status for one in found}), Status.PASS)
    return Ruling(status, tuple(why for one in found for why in one.why))


def _floor(value: float, floor: float | None, lower_is_better: bool) -> list[Ruling]:
    if floor is None or (value - floor if lower_is_better else floor - value) <= EPSILON:
        return []
    return [Ruling(Status.FAIL, (f"{value:.3f} is {'above' if lower_is_better else 'below'} the limit of {floor:g}",))]


def _worse(change: Change | None, p: float | None, tolerance: float, lower_is_better: bool) -> list[Ruling]:
    worse = 0.0 if change is None else change.value if lower_is_better else -change.value
    if change is None or worse <= tolerance + EPSILON:
        return []
    certain = change.p if p is None else p
    said = f"worse by {worse:.3f}, more than {tolerance:g}"
    if change.families < FEWEST:
        return [Ruling(Status.FAIL, (f"{said}; too few families ({change.families}) to test for chance",))]
    if certain < SIGNIFICANT:
        return [Ruling(Status.FAIL, (f"{said}, and not by chance (p = {certain:.2g})",))]
    return [Ruling(Status.WARN, (f"{said}, perhaps by chance (p = {certain:.2g})",))]


def _valued(score: Score | None) -> bool:
    return score is not None and not isinstance(score, Missing)


def _by_cluster(values: Sequence[float], clusters: Sequence[Hashable] | None) -> tuple[np.ndarray, np.ndarray]:
    """Sum and number of the values of each cluster."""
    keys = range(len(values)) if clusters is None else clusters
    groups: dict[Hashable, list[float]] = {}
    for key, value in zip(keys, values, strict=True):
        groups.setdefault(key, []).append(value)
    return np.array([sum(group) for group in groups.values()]), np.array([len(group) for group in groups.values()])
