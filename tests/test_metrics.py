from __future__ import annotations

from math import log2

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval.metrics import RANKING, Estimate, auroc, floor_keeping, mean, ranking, share_reaching

VALUES = st.floats(0, 1, allow_nan=False)


def one(run: list[str], relevant: list[str]) -> dict[str, float]:
    return {name: by_case["case"] for name, by_case in ranking({"case": run}, {"case": relevant}).items()}


def test_a_perfect_ranking_has_full_marks_in_every_measure() -> None:
    assert one(["a", "b", "c"], ["a"]) == dict.fromkeys(RANKING, 1.0)
    assert one(["b", "a"], ["a", "b"]) == dict.fromkeys(RANKING, 1.0)


def test_a_second_place_scores_what_one_computes_by_hand() -> None:
    found = one(["x", "a", "y"], ["a"])
    assert found["nDCG@10"] == pytest.approx(1 / log2(3))
    assert (found["hit@1"], found["recall@5"], found["MRR"]) == (0, 1, 0.5)


def test_two_relevant_ones_score_what_one_computes_by_hand() -> None:
    found = one(["a", "x", "b"], ["a", "b"])
    assert found["nDCG@10"] == pytest.approx((1 + 1 / 2) / (1 + 1 / log2(3)))
    assert (found["hit@1"], found["recall@5"], found["MRR"]) == (1, 1, 1)


def test_what_stands_too_deep_does_not_count() -> None:
    found = one([*"bcdefghijkl", "a"], ["a"])
    assert (found["nDCG@10"], found["hit@1"], found["recall@5"]) == (0, 0, 0)
    assert found["MRR"] == pytest.approx(1 / 12)
    assert one([*"bcdef", "a"], ["a"])["recall@5"] == 0


def test_an_empty_run_scores_nothing_and_is_not_left_out() -> None:
    values = ranking({"found": ["a"], "empty": []}, {"found": ["a"], "empty": ["a"]})
    assert values["nDCG@10"] == {"found": 1.0, "empty": 0.0}
    assert one([], ["a"]) == dict.fromkeys(RANKING, 0.0)


def test_a_repeated_id_counts_where_it_stands_first() -> None:
    assert one(["x", "x", "x", "a", "a"], ["a"]) == one(["x", "a"], ["a"])
    assert one(["a", "a", "b"], ["a", "b"])["recall@5"] == 1


@given(st.permutations([f"q{number}" for number in range(12)]))
def test_ranks_follow_the_order_given_not_the_names(run: list[str]) -> None:
    place = run.index("q3") + 1
    found = one(run, ["q3"])
    assert found["MRR"] == pytest.approx(1 / place)
    assert found["hit@1"] == (place == 1)
    assert found["recall@5"] == (place <= 5)
    assert found["nDCG@10"] == pytest.approx(1 / log2(place + 1) if place <= 10 else 0)


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
def test_values_that_are_all_the_same_have_no_interval(values: list[float]) -> None:
    assert mean(values) == Estimate(values[0], None, None, len(values))
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


def test_auroc_is_the_share_of_pairs_in_order() -> None:
    assert auroc([0.8, 0.9], [0.1, 0.2]) == 1
    assert auroc([0.1], [0.9]) == 0
    assert auroc([0.5], [0.5]) == 0.5
    assert auroc([0.9, 0.3], [0.5, 0.1]) == pytest.approx(3 / 4)


@pytest.mark.parametrize(("positive", "negative"), [([], [0.1]), ([0.1], []), ([], [])])
def test_auroc_with_one_side_empty_is_undefined(positive: list[float], negative: list[float]) -> None:
    assert auroc(positive, negative) is None


@given(st.lists(VALUES, min_size=1, max_size=20), st.lists(VALUES, min_size=1, max_size=20))
def test_auroc_turned_round_is_the_rest(positive: list[float], negative: list[float]) -> None:
    one_way, other = auroc(positive, negative), auroc(negative, positive)
    assert one_way is not None
    assert other is not None
    assert one_way + other == pytest.approx(1)


@given(st.lists(VALUES, min_size=1, max_size=60), st.floats(0.05, 1))
def test_a_floor_keeps_its_share_and_the_next_score_up_would_not(scores: list[float], share: float) -> None:
    floor = floor_keeping(scores, share)
    assert floor in scores
    assert (share_reaching(scores, floor) or 0) >= share - 1e-9
    above = [score for score in scores if score > floor]
    if above:
        assert (share_reaching(scores, min(above)) or 0) < share + 1e-9


def test_a_floor_keeping_everything_is_the_lowest_score() -> None:
    assert floor_keeping([0.3, 0.1, 0.2], 1.0) == 0.1
    assert floor_keeping([number / 100 for number in range(100)], 0.95) == 0.05


def test_the_share_reaching_a_floor_counts_those_on_it() -> None:
    assert share_reaching([0.1, 0.5, 0.9], 0.5) == pytest.approx(2 / 3)
    assert share_reaching([0.1], 0.5) == 0
    assert share_reaching([], 0.5) is None
