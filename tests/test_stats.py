from __future__ import annotations

from itertools import product
from math import sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import false_discovery_control, ttest_1samp

from eval.metrics import Missing, Score
from eval.stats import (
    Change,
    Estimate,
    Ruling,
    Status,
    Summary,
    change,
    gate,
    holm,
    interval,
    mcnemar,
    mean,
    minimum_detectable_effect,
    ppi_mean,
    sign_flip,
    standard_error,
    summary,
)

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


def test_an_interval_is_wider_the_surer_it_is_to_be() -> None:
    values = [0.0, 0.2, 0.4, 0.9, 1.0, 0.3, 0.6]
    narrow, wide = interval(values, confidence=0.5), interval(values, confidence=0.99)
    assert wide[0] is not None
    assert wide[1] is not None
    assert narrow[0] is not None
    assert narrow[1] is not None
    assert wide[0] < narrow[0] < np.mean(values) < narrow[1] < wide[1]


def test_what_is_undefined_is_left_out_and_counted() -> None:
    found = summary([1.0, Missing.UNDEFINED, 0.0, 1.0])
    assert found.value == pytest.approx(2 / 3)
    assert (found.n, found.total, found.undefined, found.errors) == (3, 4, 1, 0)


@pytest.mark.parametrize(("worst", "expected"), [(0.0, 0.99), (1.0, 1.0)])
def test_an_error_within_the_limit_counts_as_the_worst(worst: float, expected: float) -> None:
    scores: list[Score] = [1.0] * 99 + [Missing.ERROR]
    found = summary(scores, worst=worst)
    assert found.value == pytest.approx(expected)
    assert (found.n, found.errors, found.measured) == (99, 1, True)


def test_more_errors_than_the_limit_are_no_measurement() -> None:
    found = summary([1.0] * 34 + [Missing.ERROR] * 2)
    assert found == Summary(Missing.ERROR, None, None, 34, 36, 0, 2)
    assert not found.measured
    assert summary([1.0] * 98 + [Missing.ERROR] * 2).measured


def test_undefined_cases_do_not_thin_out_the_errors() -> None:
    scores: list[Score] = [Missing.UNDEFINED] * 1_000 + [1.0] * 9 + [Missing.ERROR]
    assert summary(scores).value is Missing.ERROR


def test_nothing_to_measure_anywhere_is_undefined() -> None:
    assert summary([Missing.UNDEFINED] * 3) == Summary(Missing.UNDEFINED, None, None, 0, 3, 3, 0)
    assert summary([]).value is Missing.UNDEFINED


@given(st.lists(st.integers(-4, 4), min_size=2, max_size=8))
def test_a_sign_flip_test_is_the_share_of_flips_as_far_off(differences: list[int]) -> None:
    flips = [
        abs(sum(sign * d for sign, d in zip(signs, differences, strict=True)))
        for signs in product((1, -1), repeat=len(differences))
    ]
    expected = np.mean([flip >= abs(sum(differences)) for flip in flips])
    assert sign_flip([float(d) for d in differences]) == pytest.approx(expected)


def test_many_differences_are_drawn_and_agree_with_a_t_test() -> None:
    differences = list(np.random.default_rng(3).normal(0.05, 0.2, 60))
    found = sign_flip(differences)
    assert found == sign_flip(differences)
    assert found == pytest.approx(ttest_1samp(differences, 0).pvalue, abs=0.02)


def test_a_family_flips_together() -> None:
    differences = [-0.5] * 8
    assert sign_flip(differences) == pytest.approx(2 / 2**8)
    assert sign_flip(differences, ["a", "a", "b", "b", "c", "c", "d", "d"]) == pytest.approx(2 / 2**4)
    assert sign_flip(differences, ["a"] * 8) == 1


def test_no_difference_is_no_evidence() -> None:
    assert sign_flip([0.0] * 9) == sign_flip([]) == sign_flip([0.7]) == 1


def test_mcnemar_looks_at_the_discordant_cases_only() -> None:
    assert mcnemar(0, 6) == pytest.approx(2 / 2**6)
    assert mcnemar(1, 4) == pytest.approx(2 * (1 + 5) / 2**5)
    assert mcnemar(3, 3) == mcnemar(0, 0) == 1


def test_mcnemar_is_the_sign_flip_test_of_verdicts() -> None:
    assert sign_flip([1.0] * 2 + [-1.0] * 8) == pytest.approx(mcnemar(2, 8))


def test_holm_multiplies_by_what_is_left_and_never_falls() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.9, 0.5]) == [1.0, 1.0]
    assert holm([]) == []


@given(st.lists(VALUES, min_size=1, max_size=12))
def test_holm_is_between_no_correction_and_bonferroni_and_above_false_discovery(p_values: list[float]) -> None:
    adjusted = holm(p_values)
    for raw, found, fdr in zip(p_values, adjusted, false_discovery_control(p_values), strict=True):
        assert max(raw, fdr) - 1e-12 <= found <= min(1.0, len(p_values) * raw) + 1e-12
    assert [found for _, found in sorted(zip(p_values, adjusted, strict=True))] == sorted(adjusted)


def test_forty_cases_show_a_drop_of_nine_hundredths() -> None:
    assert minimum_detectable_effect(sd=0.2, n=40) == pytest.approx(0.0885, abs=1e-4)


def test_a_standard_error_knows_families() -> None:
    values = [0.1, 0.4, 0.7, 0.6]
    assert standard_error(values) == pytest.approx(np.std(values, ddof=1) / sqrt(4))
    doubled = standard_error([*values, *values], [*"abcd", *"abcd"])
    assert doubled == pytest.approx(standard_error(values))
    assert standard_error([0.5]) is None


def test_a_change_is_measured_on_what_has_a_value_in_both_runs() -> None:
    before: dict[str, Score] = {"a": 1.0, "b": 1.0, "c": 0.5, "d": Missing.ERROR, "gone": 1.0}
    after: dict[str, Score] = {"a": 0.5, "b": 1.0, "c": Missing.ERROR, "d": 0.0, "new": 0.0}
    found = change(before, after)
    assert found is not None
    assert (found.value, found.n, found.families) == (-0.25, 2, 2)
    assert change({"a": 1.0}, {"b": 1.0}) is None


def test_a_change_of_nothing_is_a_point_and_no_evidence() -> None:
    same: dict[str, Score] = {f"c{number}": number / 10 for number in range(9)}
    assert change(same, same) == Change(0.0, 0.0, 0.0, 1.0, 9, 9, 0.0)


def test_a_change_in_one_family_stands_on_one_leg() -> None:
    before: dict[str, Score] = {f"c{number}": 1.0 for number in range(9)}
    after: dict[str, Score] = {f"c{number}": number / 10 for number in range(9)}
    found = change(before, after, dict.fromkeys(before, "same"))
    assert found is not None
    assert (found.families, found.p, found.low, found.detectable) == (1, 1.0, None, None)


def test_labels_correct_a_judge_that_is_too_kind() -> None:
    found = ppi_mean([0.9] * 50 + [0.7] * 50, [0.9, 0.9, 0.7, 0.7], [0.7, 0.8, 0.5, 0.6])
    assert found.value == pytest.approx(0.8 - 0.15)
    assert found.low is not None
    assert found.high is not None
    reach = 1.959964 * sqrt(np.var([0.9] * 50 + [0.7] * 50, ddof=1) / 100 + np.var([0.2, 0.1, 0.2, 0.1], ddof=1) / 4)
    assert (found.high - found.low) / 2 == pytest.approx(reach, rel=1e-6)
    assert ppi_mean([0.5], [], []).value is None
    assert ppi_mean([0.5], [0.5], [0.25]) == Estimate(0.25, None, None, 1)


DROP = Change(-0.1, -0.15, -0.05, 0.001, 40, 40, 0.05)
NOISE = Change(-0.1, -0.25, 0.05, 0.3, 40, 40, 0.2)
FEW = Change(-0.1, -0.2, -0.05, 0.06, 5, 5, 0.1)


@pytest.mark.parametrize(
    ("ruling", "status", "said"),
    [
        (gate(0.9), Status.PASS, ""),
        (gate(0.8, floor=0.8, tolerance=0.02, change=Change(-0.02, -0.03, -0.01, 0.0, 40, 40, 0.0)), Status.PASS, ""),
        (gate(0.79, floor=0.8), Status.FAIL, "below the limit"),
        (gate(0.3, floor=0.25, lower_is_better=True), Status.FAIL, "above the limit"),
        (gate(0.9, tolerance=0.02, change=DROP), Status.FAIL, "not by chance"),
        (gate(0.9, tolerance=0.02, change=DROP, p=0.2), Status.WARN, "perhaps by chance"),
        (gate(0.9, tolerance=0.02, change=NOISE), Status.WARN, "perhaps by chance"),
        (gate(0.9, tolerance=0.2, change=DROP), Status.PASS, ""),
        (gate(0.9, tolerance=0.02, change=FEW), Status.FAIL, "too few families"),
        (gate(0.9, tolerance=0.2, change=FEW), Status.PASS, ""),
        (gate(0.1, tolerance=0.02, change=DROP, lower_is_better=True), Status.PASS, ""),
        (gate(0.9, musts_failed=["g-017"]), Status.FAIL, "g-017"),
        (gate(Missing.ERROR, floor=0.9, change=DROP), Status.NOT_MEASURED, "judgements failed"),
        (gate(Missing.ERROR, musts_failed=["g-017"]), Status.FAIL, "g-017"),
        (gate(Missing.UNDEFINED, floor=0.9), Status.UNDEFINED, "has anything to measure"),
    ],
)
def test_a_gate_fails_on_a_floor_a_certain_drop_or_a_must_case_only(ruling: Ruling, status: Status, said: str) -> None:
    assert ruling.status is status
    assert said in "; ".join(ruling.why)
    assert bool(ruling.why) == (status is not Status.PASS)


def test_a_gate_gives_every_reason_it_has() -> None:
    ruling = gate(0.5, floor=0.8, tolerance=0.02, change=NOISE, musts_failed=["a", "b"])
    assert ruling.status is Status.FAIL
    assert len(ruling.why) == 4
