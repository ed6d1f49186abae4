from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval.stats import Estimate, mean

VALUES = st.floats(0, 1, allow_nan=False)


@settings(deadline=None, max_examples=40)
@given(st.lists(VALUES, min_size=1, max_size=30))
def test_the_interval_holds_the_mean(values: list[float]) -> None:
    found = mean(values)
    assert found.value == pytest.approx(sum(values) / len(values))
    assert found.n == len(values)
    if found.low is not None and found.high is not None:
        assert found.low - 1e-9 <= (found.value or 0) <= found.high + 1e-9
        assert min(values) - 1e-9 <= found.low <= found.high <= max(values) + 1e-9


def test_the_mean_of_nothing_is_undefined() -> None:
    assert mean([]) == Estimate(None, None, None, 0)
    assert str(mean([])) == "undefined"


@pytest.mark.parametrize("values", [[0.5], [1.0, 1.0, 1.0], [0.0] * 50])
def test_values_that_are_all_the_same_give_a_point(values: list[float]) -> None:
    assert mean(values) == Estimate(values[0], values[0], values[0], len(values))
    assert str(mean(values)) == f"{values[0]:.3f}"


def test_cases_of_one_family_are_drawn_together() -> None:
    values = [1.0] * 20 + [0.0] * 20
    alone, together = mean(values), mean(values, ["a"] * 10 + ["b"] * 10 + ["c"] * 10 + ["d"] * 10)
    assert alone.value == together.value == 0.5
    assert alone.low is not None
    assert together.low is not None
    assert together.low < alone.low
    assert mean(values, ["a"] * 40) == Estimate(0.5, None, None, 40)


def test_the_same_values_give_the_same_interval() -> None:
    values = [0.1, 0.9, 0.4, 0.4, 0.7]
    assert mean(values) == mean(values)
    assert str(mean([0.0, 1.0, 1.0, 1.0])).startswith("0.750 [")


def test_a_family_for_some_cases_only_is_not_passed_over() -> None:
    with pytest.raises(ValueError, match="longer"):
        mean([0.1, 0.9], ["a"])
