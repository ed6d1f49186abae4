"""The numbers of all cases become one value: what no single case has, as an area under a curve or an agreement.

How sure such a value is comes from drawing the cases anew, a family at a time; whether two differ, from exchanging the two
numbers of a family at random.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np

from coach.domain import Verdict
from coach.grade import FULL
from eval.grading import STEP
from eval.metrics import (
    Missing,
    Score,
    aurc,
    auroc,
    bias,
    coverage_at_risk,
    f_beta,
    pearson,
    qwk,
    refusal_precision,
    refusal_recall,
)
from eval.suite import Numbers

Rows = Sequence[Numbers]
Whole = Callable[[Rows], Score]

DRAWS = 300
_SEED = 7


def value(name: str, rows: Rows) -> Score:
    """UNDEFINED without rows."""
    return WHOLE[name](rows) if rows else Missing.UNDEFINED


def interval(name: str, rows: Rows, families: Sequence[str]) -> tuple[float, float] | None:
    """The 95 % percentile interval; None if it cannot be told."""
    draws = [value(name, [rows[i] for i in chosen]) for chosen in _drawn(families)]
    return _middle([one for one in draws if isinstance(one, float)])


def change(name: str, before: Rows, after: Rows, families: Sequence[str]) -> tuple[tuple[float, float] | None, float]:
    """The 95 % interval of the difference, and how often chance alone makes one as large."""
    if list(before) == list(after):
        return (0.0, 0.0), 1.0
    span = _middle(
        [
            found
            for chosen in _drawn(families)
            if (found := _difference(name, [before[i] for i in chosen], [after[i] for i in chosen])) is not None
        ]
    )
    seen = abs(_difference(name, before, after) or 0.0)
    exchanged = [_difference(name, *_exchanged(before, after, swaps)) for swaps in _swaps(families)]
    larger = sum(abs(one) >= seen - 1e-12 for one in exchanged if one is not None)
    return span, (larger + 1) / (len(exchanged) + 1)


def _difference(name: str, before: Rows, after: Rows) -> float | None:
    one, other = value(name, before), value(name, after)
    return other - one if isinstance(one, float) and isinstance(other, float) else None


def _drawn(families: Sequence[str]) -> list[list[int]]:
    """Places of cases, drawn with replacement a family at a time."""
    members = _members(families)
    rng = np.random.default_rng(_SEED)
    return [[i for at in rng.integers(len(members), size=len(members)) for i in members[at]] for _ in range(DRAWS)]


def _swaps(families: Sequence[str]) -> list[list[bool]]:
    places = {family: place for place, family in enumerate(dict.fromkeys(families))}
    rng = np.random.default_rng(_SEED)
    flips = rng.integers(2, size=(DRAWS, len(places)))
    return [[bool(row[places[family]]) for family in families] for row in flips]


def _exchanged(before: Rows, after: Rows, swaps: Sequence[bool]) -> tuple[list[Numbers], list[Numbers]]:
    pairs = [(b, a) if swap else (a, b) for a, b, swap in zip(before, after, swaps, strict=True)]
    return [one for one, _ in pairs], [other for _, other in pairs]


def _members(families: Sequence[str]) -> list[list[int]]:
    found: dict[str, list[int]] = {}
    for place, family in enumerate(families):
        found.setdefault(family, []).append(place)
    return list(found.values())


def _middle(draws: Sequence[float]) -> tuple[float, float] | None:
    if not draws:
        return None
    low, high = np.percentile(draws, [2.5, 97.5])
    return float(low), float(high)


def _column(rows: Rows, name: str) -> list[float]:
    return [row[name] for row in rows]


def _auroc(rows: Rows) -> Score:
    return auroc(_column(rows, "confidence"), [bool(row["answerable"]) for row in rows])


def _auroc_near(rows: Rows) -> Score:
    return _auroc([row for row in rows if row["answerable"] or row["near"]])


def _right(rows: Rows) -> tuple[list[float], list[bool]]:
    return _column(rows, "confidence"), [bool(row["right"]) for row in rows]


def _refused(rows: Rows) -> tuple[list[bool], list[bool]]:
    return [bool(row["refused"]) for row in rows], [bool(row["answerable"]) for row in rows]


def _kappa(rows: Rows, one: str, other: str) -> Score:
    steps = [[round(row[name] / STEP) for row in rows] for name in (one, other)]
    return qwk(steps[0], steps[1], labels=range(int(FULL / STEP) + 1))


def _verdict(rows: Rows, verdict: Verdict) -> Score:
    """F1 of one verdict over all key points."""
    right, given, labeled = (sum(_column(rows, f"{verdict} {part}")) for part in ("right", "given", "labeled"))
    if not labeled:
        return Missing.UNDEFINED
    return f_beta(right / given if given else 0.0, right / labeled)


WHOLE: Mapping[str, Whole] = {
    "auroc": _auroc,
    "auroc near": _auroc_near,
    "aurc": lambda rows: aurc(*_right(rows)),
    "coverage at 5 % risk": lambda rows: coverage_at_risk(*_right(rows), 0.05),
    "coverage at 10 % risk": lambda rows: coverage_at_risk(*_right(rows), 0.1),
    "qwk": partial(_kappa, one="score", other="labeled"),
    "qwk of labelers": partial(_kappa, one="labeler 1", other="labeler 2"),
    "pearson": lambda rows: pearson(_column(rows, "score"), _column(rows, "labeled")),
    "bias": lambda rows: bias(_column(rows, "score"), _column(rows, "labeled")),
    "refusal precision": lambda rows: refusal_precision(*_refused(rows)),
    "refusal recall": lambda rows: refusal_recall(*_refused(rows)),
    **{f"{verdict} f1": partial(_verdict, verdict=verdict) for verdict in Verdict},
}
