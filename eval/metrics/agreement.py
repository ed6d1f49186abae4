"""Grades and what people gave become numbers on how far they agree. The arithmetic is scikit-learn's and scipy's.

`given` is the grader's, `gold` the people's, in the same order. A None on either side (no grade could be had) makes a metric
ERROR. What correlates or corrects for chance is UNDEFINED where there is no variance to do it with, never 0 or 1.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from math import isnan

import numpy as np

from eval.metrics.score import Missing, Score, average

Grades = Sequence[float | None]
Labels = Sequence[Hashable | None]


@dataclass(frozen=True, slots=True)
class Found:
    """How one label was found: precision, recall, F1, and `support`, how often it is right."""

    precision: Score
    recall: Score
    f1: Score
    support: int


def qwk(given: Grades, gold: Grades, labels: Sequence[float]) -> Score:
    """Cohen's kappa with quadratic weights (Cohen 1968) over all grades there can be, in order and evenly spaced.

    UNDEFINED if every grade on both sides is the same one. Raises ValueError on a grade that is not among `labels`.
    """
    from sklearn.metrics import cohen_kappa_score

    if missing := _missing(given, gold):
        return missing
    place: dict[float | None, int] = {label: at for at, label in enumerate(labels)}
    if strange := {*given, *gold} - place.keys():
        raise ValueError(f"{min(map(str, strange))} is not among the grades there can be.")
    if len({*given, *gold}) == 1:
        return Missing.UNDEFINED
    ours, theirs = ([place[grade] for grade in grades] for grades in (given, gold))
    return float(cohen_kappa_score(ours, theirs, labels=range(len(place)), weights="quadratic"))


def cohen_kappa(given: Labels, gold: Labels) -> Score:
    """Agreement beyond chance of labels without an order (Cohen 1960). UNDEFINED if there is one label only."""
    from sklearn.metrics import cohen_kappa_score

    if missing := _missing(given, gold):
        return missing
    if len({*given, *gold}) == 1:
        return Missing.UNDEFINED
    return float(cohen_kappa_score(*_coded(given, gold)))


def mcc(given: Labels, gold: Labels) -> Score:
    """Matthews correlation coefficient, of any number of labels. UNDEFINED if one side has one label only."""
    from sklearn.metrics import matthews_corrcoef

    if missing := _missing(given, gold) or _constant(given, gold):
        return missing
    return float(matthews_corrcoef(*reversed(_coded(given, gold))))


def exact_agreement(given: Labels, gold: Labels) -> Score:
    """The share of equal grades or labels."""
    return _missing(given, gold) or average([float(one == other) for one, other in zip(given, gold, strict=True)])


def adjacent_agreement(given: Grades, gold: Grades, within: float = 1.0) -> Score:
    """The share of grades at most `within` apart."""
    return _mean_of(given, gold, lambda errors: np.abs(errors) <= within + 1e-9)


def mae(given: Grades, gold: Grades) -> Score:
    """Mean absolute error. Lower is better."""
    return _mean_of(given, gold, np.abs)


def rmse(given: Grades, gold: Grades) -> Score:
    """Root of the mean squared error. Lower is better."""
    squared = _mean_of(given, gold, np.square)
    return squared if isinstance(squared, Missing) else float(np.sqrt(squared))


def bias(given: Grades, gold: Grades) -> Score:
    """Mean of given less gold: above 0 the grader is lenient, below harsh."""
    return _mean_of(given, gold, lambda errors: errors)


def pearson(given: Grades, gold: Grades) -> Score:
    """Correlation of the grades."""
    from scipy.stats import pearsonr

    return _missing(given, gold) or _constant(given, gold) or float(pearsonr(given, gold).statistic)


def spearman(given: Grades, gold: Grades) -> Score:
    """Correlation of their ranks, equal grades sharing theirs."""
    from scipy.stats import spearmanr

    return _missing(given, gold) or _constant(given, gold) or float(spearmanr(given, gold).statistic)


def kendall_tau(given: Grades, gold: Grades) -> Score:
    """Kendall's tau-b: pairs in the same order less pairs in the other, corrected for ties."""
    from scipy.stats import kendalltau

    return _missing(given, gold) or _constant(given, gold) or float(kendalltau(given, gold, variant="b").statistic)


def confusion(given: Labels, gold: Labels, labels: Sequence[Hashable]) -> list[list[int]]:
    """How often: one row for each of `labels` in gold, one column for each of them given.

    Raises ValueError if a label is missing or not among `labels`.
    """
    place = {label: at for at, label in enumerate(labels)}
    counts = [[0] * len(place) for _ in place]
    for one, other in zip(given, gold, strict=True):
        if one not in place or other not in place:
            raise ValueError(f"{other!r} judged {one!r} does not go with the labels {list(place)}.")
        counts[place[other]][place[one]] += 1
    return counts


def per_label(given: Labels, gold: Labels, labels: Sequence[Hashable]) -> dict[Hashable, Found]:
    """How each label was found. UNDEFINED are the precision of one never given and the recall of one never right."""
    counts = np.array(confusion(given, gold, labels)).reshape(len(labels), len(labels))
    found = {}
    for at, label in enumerate(labels):
        hits, times_given, support = (int(n) for n in (counts[at, at], counts[:, at].sum(), counts[at].sum()))
        found[label] = Found(_over(hits, times_given), _over(hits, support), _over(2 * hits, times_given + support), support)
    return found


def attack_success_rate(scores: Grades, pass_mark: float) -> Score:
    """The share of attacks that score the pass mark or more. Lower is better."""
    return average([None if score is None else float(score >= pass_mark) for score in scores])


def _mean_of(given: Grades, gold: Grades, of: Callable[[np.ndarray], np.ndarray]) -> Score:
    return _missing(given, gold) or average(list(of(np.array(given, dtype=float) - np.array(gold, dtype=float))))


def _missing(given: Labels, gold: Labels) -> Missing | None:
    """What keeps two sides from being compared at all, if anything does."""
    if len(given) != len(gold):
        raise ValueError(f"{len(given)} grades given, {len(gold)} gold.")
    if any(grade is None or (isinstance(grade, float) and isnan(grade)) for grade in (*given, *gold)):
        return Missing.ERROR
    return None if len(given) else Missing.UNDEFINED


def _constant(given: Labels, gold: Labels) -> Missing | None:
    return Missing.UNDEFINED if len(set(given)) == 1 or len(set(gold)) == 1 else None


def _coded(given: Labels, gold: Labels) -> tuple[list[int], list[int]]:
    """Labels of any kind as numbers."""
    code = {label: at for at, label in enumerate(dict.fromkeys([*given, *gold]))}
    return [code[label] for label in given], [code[label] for label in gold]


def _over(hits: int, of: int) -> Score:
    return hits / of if of else Missing.UNDEFINED
