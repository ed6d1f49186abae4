"""A value, nothing to measure, or a judge that failed: three things that are never mistaken for each other."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from math import isnan


class Missing(StrEnum):
    """UNDEFINED: there is nothing to measure. ERROR: there is, and whoever had to measure it failed."""

    UNDEFINED = "undefined"
    ERROR = "error"


Score = float | Missing
# True, False (also where nobody can tell) or None: the judge failed.
Judged = bool | None
Id = str | int


def average(values: Sequence[float | None]) -> Score:
    """The mean. ERROR with a None or a NaN among the values, UNDEFINED without any."""
    known = [float(value) for value in values if value is not None and not isnan(value)]
    if len(known) < len(values):
        return Missing.ERROR
    return sum(known) / len(known) if known else Missing.UNDEFINED


def share(verdicts: Sequence[Judged]) -> Score:
    """Which part of the verdicts is True."""
    return average([checked(verdict) for verdict in verdicts])


def failed(*lists: Sequence[Judged]) -> bool:
    """Whether a verdict is missing anywhere."""
    return any(checked(verdict) is None for verdicts in lists for verdict in verdicts)


def checked(verdict: Judged) -> Judged:
    """Raises ValueError on anything but a verdict: a judge's word for unknown is a truthy string and must not pass for a yes."""
    if verdict is None:
        return None
    if verdict not in (0, 1):
        raise ValueError(f"A verdict is True, False or None, not {verdict!r}.")
    return bool(verdict)
