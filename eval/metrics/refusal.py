"""How sure a system was, and what was right, become numbers on when to refuse. The areas are scikit-learn's.

`confidence` is higher the surer; `correct` says what was answered right, and no answer is right to what cannot be answered;
`answerable` and `refused` say just that. A None among them makes a metric ERROR; what compares two classes is UNDEFINED where
only one is there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from eval.metrics.score import Judged, Missing, Score, average, failed, share


@dataclass(frozen=True, slots=True)
class Point:
    """Of a risk-coverage curve: answering from `threshold` up answers `coverage` of all, and `risk` of these are wrong."""

    threshold: float
    coverage: float
    risk: float


def auroc(scores: Sequence[float], labels: Sequence[Judged]) -> Score:
    """How often something True scores above something False, ties counting half."""
    from sklearn.metrics import roc_auc_score

    return _two_classes(scores, labels) or float(roc_auc_score(list(map(bool, labels)), list(scores)))


def auprc(scores: Sequence[float], labels: Sequence[Judged]) -> Score:
    """Average precision of finding what is True by its score: the area under the precision-recall curve, in steps."""
    from sklearn.metrics import average_precision_score

    return _two_classes(scores, labels) or float(average_precision_score(list(map(bool, labels)), list(scores)))


def risk_coverage(confidence: Sequence[float], correct: Sequence[Judged]) -> tuple[Point, ...]:
    """The curve (El-Yaniv and Wiener 2010) from the highest threshold down; what is equally sure is answered together.

    Raises ValueError if a verdict is missing: half a curve is none.
    """
    if failed(correct):
        raise ValueError("A risk-coverage curve needs all its verdicts, and one is None.")
    sure, wrong = _surest_first(confidence, correct)
    ends = [i for i in range(len(sure)) if i + 1 == len(sure) or sure[i + 1] != sure[i]]
    return tuple(Point(float(sure[i]), (i + 1) / len(sure), float(wrong[: i + 1].mean())) for i in ends)


def aurc(confidence: Sequence[float], correct: Sequence[Judged]) -> Score:
    """Area under the risk-coverage curve: the mean over i from 1 to n of the risk of the i surest (Geifman et al. 2019).

    Of what is equally sure each is taken for as wrong as all of it, so that the order of the cases cannot matter. Lower is
    better.
    """
    if failed(correct):
        return Missing.ERROR
    sure, wrong = _surest_first(confidence, correct)
    for level in np.unique(sure):
        wrong[sure == level] = wrong[sure == level].mean()
    return average(list(np.cumsum(wrong) / np.arange(1, len(wrong) + 1)))


def e_aurc(confidence: Sequence[float], correct: Sequence[Judged]) -> Score:
    """`aurc` less the least these answers could have, all right ones before all wrong ones (Geifman et al. 2019, exact)."""
    found, least = aurc(confidence, correct), aurc([float(right or 0) for right in correct], correct)
    if isinstance(found, Missing) or isinstance(least, Missing):
        return found
    return found - least


def coverage_at_risk(confidence: Sequence[float], correct: Sequence[Judged], risk: float) -> Score:
    """The largest share that can be answered, by some threshold, with at most `risk` of it wrong; 0 if there is none."""
    if failed(correct):
        return Missing.ERROR
    if len(correct) == 0:
        return Missing.UNDEFINED
    return max((point.coverage for point in risk_coverage(confidence, correct) if point.risk <= risk + 1e-12), default=0.0)


def refusal_precision(refused: Sequence[Judged], answerable: Sequence[Judged]) -> Score:
    """Of what was refused, the share that cannot be answered."""
    if failed(refused, answerable):
        return Missing.ERROR
    return share([not can for no, can in zip(refused, answerable, strict=True) if no])


def refusal_recall(refused: Sequence[Judged], answerable: Sequence[Judged]) -> Score:
    """Of what cannot be answered, the share that was refused."""
    if failed(refused, answerable):
        return Missing.ERROR
    return share([no for no, can in zip(refused, answerable, strict=True) if not can])


def false_answer_rate(refused: Sequence[Judged], answerable: Sequence[Judged]) -> Score:
    """Of what cannot be answered, the share that was answered all the same. Lower is better."""
    if failed(refused, answerable):
        return Missing.ERROR
    return share([not no for no, can in zip(refused, answerable, strict=True) if not can])


def false_refusal_rate(refused: Sequence[Judged], answerable: Sequence[Judged]) -> Score:
    """Of what can be answered, the share that was refused. Lower is better."""
    if failed(refused, answerable):
        return Missing.ERROR
    return share([no for no, can in zip(refused, answerable, strict=True) if can])


def brier(probabilities: Sequence[float], outcomes: Sequence[Judged]) -> Score:
    """The mean squared difference of a probability and what came (Brier 1950). Lower is better."""
    if failed(outcomes):
        return Missing.ERROR
    return average([(p - bool(came)) ** 2 for p, came in zip(_within_0_and_1(probabilities), outcomes, strict=True)])


def ece(probabilities: Sequence[float], outcomes: Sequence[Judged], bins: int = 10) -> Score:
    """Expected calibration error (Guo et al. 2017) over equal bins, each open below and closed above. Lower is better.

    Over the bins, the distance of the mean probability and the share that came, weighted by how many are in the bin.
    """
    if failed(outcomes):
        return Missing.ERROR
    sure, came = np.array(_within_0_and_1(probabilities)), np.array(outcomes, dtype=float)
    if len(sure) != len(came):
        raise ValueError(f"{len(sure)} probabilities of {len(came)} outcomes.")
    if len(sure) == 0:
        return Missing.UNDEFINED
    # A probability of exactly 0 belongs to the first bin, not below it.
    place = np.digitize(sure, np.linspace(0, 1, bins + 1), right=True).clip(min=1)
    return float(sum(abs(sure[place == one].sum() - came[place == one].sum()) for one in np.unique(place)) / len(sure))


def floor_keeping(scores: Sequence[float], part: float) -> float:
    """The largest floor that at least `part` of `scores` reach."""
    ordered = sorted(scores)
    return ordered[int(len(ordered) * (1 - part) + 1e-9)]


def share_reaching(scores: Sequence[float], floor: float) -> float | None:
    """Which part of `scores` is at or above `floor`; None where there are none."""
    return sum(score >= floor for score in scores) / len(scores) if scores else None


def _two_classes(scores: Sequence[float], labels: Sequence[Judged]) -> Missing | None:
    """What is missing for telling two classes apart, if anything."""
    if len(scores) != len(labels):
        raise ValueError(f"{len(scores)} scores of {len(labels)} labels.")
    if failed(labels):
        return Missing.ERROR
    return Missing.UNDEFINED if len(set(map(bool, labels))) < 2 else None


def _surest_first(confidence: Sequence[float], correct: Sequence[Judged]) -> tuple[np.ndarray, np.ndarray]:
    """Confidence in falling order and, beside it, 1 where the answer is wrong."""
    if len(confidence) != len(correct):
        raise ValueError(f"{len(confidence)} confidences of {len(correct)} answers.")
    sure = np.asarray(confidence, dtype=float)
    order = np.argsort(-sure, kind="stable")
    return sure[order], 1.0 - np.array(correct, dtype=float)[order]


def _within_0_and_1(probabilities: Sequence[float]) -> Sequence[float]:
    outside = [p for p in probabilities if not 0 <= p <= 1]
    if outside:
        raise ValueError(f"A probability lies between 0 and 1; {outside[0]!r} does not.")
    return probabilities
