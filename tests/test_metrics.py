from __future__ import annotations

from math import log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.metrics import RANKING, Missing, Score, auprc, auroc, floor_keeping, ranking, share_reaching

VALUES = st.floats(0, 1, allow_nan=False)


def number(score: Score) -> float:
    assert not isinstance(score, Missing)
    return score


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


def test_auroc_is_the_share_of_pairs_in_order() -> None:
    assert auroc([0.8, 0.9, 0.1, 0.2], [True, True, False, False]) == 1
    assert auroc([0.1, 0.9], [True, False]) == 0
    assert auroc([0.5, 0.5], [True, False]) == 0.5
    assert auroc([0.9, 0.3, 0.5, 0.1], [True, True, False, False]) == pytest.approx(3 / 4)


@pytest.mark.parametrize("labels", [[], [True], [False, False]])
def test_auroc_and_auprc_with_one_side_empty_are_undefined(labels: list[bool]) -> None:
    assert auroc([0.1] * len(labels), labels) is auprc([0.1] * len(labels), labels) is Missing.UNDEFINED


@given(st.lists(st.tuples(VALUES, st.booleans()), min_size=2, max_size=40))
def test_auroc_turned_round_is_the_rest(cases: list[tuple[float, bool]]) -> None:
    scores, labels = [score for score, _ in cases], [label for _, label in cases]
    one_way, other = auroc(scores, labels), auroc(scores, [not label for label in labels])
    assert one_way is other is Missing.UNDEFINED or number(one_way) + number(other) == pytest.approx(1)


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
