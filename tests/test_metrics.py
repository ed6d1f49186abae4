from __future__ import annotations

import doctest
import subprocess
import sys
from collections.abc import Callable
from math import log2
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ir_measures import AP
from sklearn.metrics import brier_score_loss

from eval.metrics import (
    RANKING,
    Found,
    Missing,
    Point,
    Score,
    adjacent_agreement,
    answer_coverage,
    answer_relevancy,
    attack_success_rate,
    auprc,
    aurc,
    auroc,
    average_precision,
    bias,
    brier,
    citation_precision,
    citation_validity,
    claim_precision,
    claim_recall,
    claim_scores,
    cohen_kappa,
    confusion,
    context_entity_recall,
    context_precision,
    context_recall,
    context_utilization,
    coverage_at_risk,
    e_aurc,
    ece,
    exact_agreement,
    f_beta,
    factual_correctness,
    faithfulness,
    false_answer_rate,
    false_refusal_rate,
    floor_keeping,
    hallucination,
    hit_at_k,
    id_based_context_precision,
    id_based_context_recall,
    kendall_tau,
    mae,
    mcc,
    ndcg_at_k,
    noise_sensitivity,
    pearson,
    per_label,
    precision_at_k,
    qwk,
    ranking,
    recall_at_k,
    reciprocal_rank,
    refusal_precision,
    refusal_recall,
    risk_coverage,
    rmse,
    self_knowledge,
    semantic_similarity,
    share,
    share_reaching,
    spearman,
)
from eval.metrics import __all__ as names

VALUES = st.floats(0, 1, allow_nan=False)
VERDICT = st.booleans()
RANKS = (ndcg_at_k, reciprocal_rank, recall_at_k, precision_at_k, hit_at_k)


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


@st.composite
def passes(draw: st.DrawFn) -> dict[str, Any]:
    """One pass of claims over contexts and reference: any number of answer claims, reference claims and contexts."""
    answer, reference, k = draw(st.integers(1, 5)), draw(st.integers(1, 4)), draw(st.integers(0, 4))

    def matrix(rows: int) -> list[list[bool]]:
        return draw(st.lists(st.lists(VERDICT, min_size=k, max_size=k), min_size=rows, max_size=rows))

    return {
        "answer_in_contexts": matrix(answer),
        "answer_in_reference": draw(st.lists(VERDICT, min_size=answer, max_size=answer)),
        "reference_in_contexts": matrix(reference),
        "reference_in_answer": draw(st.lists(VERDICT, min_size=reference, max_size=reference)),
    }


@given(passes())
def test_a_claim_is_faithful_or_hallucinated_or_self_knowledge(one: dict[str, Any]) -> None:
    found = claim_scores(**one)
    parts = [number(found[name]) for name in ("faithfulness", "hallucination", "self-knowledge")]
    assert sum(parts) == pytest.approx(1)


@given(passes())
def test_a_wrong_claim_comes_from_relevant_or_irrelevant_contexts_or_nowhere(one: dict[str, Any]) -> None:
    found = claim_scores(**one)
    parts = [number(found[name]) for name in ("noise from relevant", "noise from irrelevant", "hallucination")]
    assert sum(parts) == pytest.approx(1 - number(found["claim precision"]))


@given(passes())
def test_every_claim_score_lies_between_0_and_1_or_is_undefined(one: dict[str, Any]) -> None:
    for name, score in claim_scores(**one).items():
        assert score is Missing.UNDEFINED or 0 <= number(score) <= 1, name


@given(passes(), st.data())
def test_one_failed_verdict_makes_every_metric_that_needs_it_an_error(one: dict[str, Any], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(one["answer_in_reference"]) - 1))
    one["answer_in_reference"][at] = None
    found = claim_scores(**one)
    needing = {"hallucination", "self-knowledge", "noise from relevant", "noise from irrelevant", "claim precision"}
    needing.add("factual correctness")
    assert {name for name, score in found.items() if score is Missing.ERROR} == needing


def test_the_worked_noise_example_of_ragas_is_a_third() -> None:
    # Life Insurance Corporation: three claims, the last wrong and in the first context, which is relevant.
    told = ([[True, False], [True, False], [True, False]], [[True, False], [False, False]], [True, True, False])
    assert noise_sensitivity(*told) == pytest.approx(1 / 3)
    assert noise_sensitivity(*told, mode="irrelevant") == 0


def test_noise_from_an_irrelevant_context_is_told_from_noise_from_a_relevant_one() -> None:
    told = ([[False, True], [True, True], [False, False]], [[True, False]], [False, False, False])
    assert noise_sensitivity(*told, mode="irrelevant") == pytest.approx(1 / 3)
    assert noise_sensitivity(*told) == pytest.approx(1 / 3)
    assert hallucination(told[0], told[2]) == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [([1, 0, 1], 5 / 6), ([1, 1, 0, 1], 11 / 12), ([0, 1], 1 / 2), ([1, 1], 1), ([0, 0], 0), ([], 0)],
)
def test_context_precision_is_the_mean_precision_at_relevant_contexts(verdicts: list[bool], expected: float) -> None:
    assert context_precision(verdicts) == pytest.approx(expected)


def test_average_precision_counts_what_was_never_retrieved_and_context_precision_does_not() -> None:
    assert context_precision([True, False, True]) == pytest.approx(0.8333, abs=1e-4)
    assert average_precision([True, False, True], relevant=4) == pytest.approx(0.4167, abs=1e-4)


@given(st.lists(VERDICT, max_size=12), st.integers(0, 5))
def test_average_precision_is_that_of_trec_eval(verdicts: list[bool], more: int) -> None:
    ids = [f"d{number}" for number in range(len(verdicts))]
    wanted = [id_ for id_, verdict in zip(ids, verdicts, strict=True) if verdict] + [f"m{number}" for number in range(more)]
    ours = average_precision(verdicts, relevant=len(wanted))
    theirs = ranking({"q": ids}, {"q": wanted}, {"AP": AP})["AP"].get("q", Missing.UNDEFINED)
    assert ours == (theirs if isinstance(theirs, Missing) else pytest.approx(theirs, abs=1e-6))


def test_more_relevant_verdicts_than_relevant_contexts_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="1 relevant"):
        average_precision([True, True], relevant=1)


def test_ids_are_compared_as_sets_of_strings() -> None:
    assert id_based_context_precision(["a", "b", "x", "y"], ["a", "b", "c"]) == 0.5
    assert id_based_context_recall(["a", "x"], ["a", "b", "c", "d"]) == 0.25
    assert id_based_context_precision([1, "1", 2], ["1"]) == 0.5
    assert id_based_context_recall([1, 1, 1], ["1", "2"]) == 0.5


def test_entities_are_recalled_by_name() -> None:
    # The Taj Mahal example of ragas.
    wanted = ["Taj Mahal", "Yamuna", "Agra", "1631", "Shah Jahan", "Mumtaz Mahal"]
    full, poor = ["Taj Mahal", "Agra", "Shah Jahan", "Mumtaz Mahal", "India"], ["Taj Mahal", "UNESCO", "India"]
    assert context_entity_recall(full, wanted) == pytest.approx(4 / 6)
    assert context_entity_recall(poor, wanted) == pytest.approx(1 / 6)
    assert context_entity_recall(full, []) is Missing.UNDEFINED


def test_factual_correctness_weighs_precision_and_recall() -> None:
    # The Eiffel Tower example of ragas: one right claim, one of two of the reference made.
    assert factual_correctness([True], [True, False]) == pytest.approx(0.67, abs=0.005)
    right, made = [True, True, False], [True, False, False]
    assert factual_correctness(right, made, mode="precision") == pytest.approx(2 / 3)
    assert factual_correctness(right, made, mode="recall") == pytest.approx(2 / 4)
    assert factual_correctness(right, made) == pytest.approx(4 / 7)
    assert factual_correctness(right, made, beta=2) == pytest.approx(5 * 2 / (5 * 2 + 4 * 2 + 1))
    assert answer_coverage(made) == pytest.approx(1 / 3)
    assert factual_correctness([False], [True], mode="recall") == factual_correctness([False], [True]) == 0


@given(st.floats(0.01, 1), st.floats(0.01, 1), st.floats(0.1, 5))
def test_f_beta_lies_between_precision_and_recall(precision: float, recall: float, beta: float) -> None:
    both = number(f_beta(precision, recall, beta))
    assert min(precision, recall) - 1e-9 <= both <= max(precision, recall) + 1e-9
    assert f_beta(0.0, 0.0) == 0
    assert f_beta(Missing.UNDEFINED, 1.0) is Missing.UNDEFINED
    assert f_beta(Missing.UNDEFINED, Missing.ERROR) is Missing.ERROR


def test_faithfulness_takes_one_verdict_a_claim_or_one_a_context() -> None:
    # ragas: of two statements about Einstein's birth one follows.
    assert faithfulness([True, False]) == faithfulness([[False, True], [False, False]]) == 0.5


def test_a_point_counts_by_its_weight() -> None:
    assert answer_coverage([True, False], weights=[3, 1]) == 0.75
    assert answer_coverage([True, False]) == 0.5
    assert answer_coverage([True, None], weights=[3, 1]) is Missing.ERROR
    assert answer_coverage([], weights=[]) is Missing.UNDEFINED


def test_context_utilization_asks_only_for_what_was_there_to_use() -> None:
    assert context_utilization([[True], [True], [False]], [True, False, True]) == 0.5
    assert context_utilization([True, True, False], [True, False, True]) == 0.5
    assert context_utilization([[False]], [True]) is Missing.UNDEFINED


def test_relevancy_is_lost_only_if_every_question_is_noncommittal() -> None:
    assert answer_relevancy([0.9, 0.7, 0.8], [True, False, True]) == pytest.approx(0.8)
    assert answer_relevancy([0.9, 0.7, 0.8], [True, True, True]) == 0
    assert answer_relevancy([0.9, 0.8]) == pytest.approx(0.85)
    assert answer_relevancy([-0.2]) == pytest.approx(-0.2)
    assert answer_relevancy([]) is answer_relevancy([], [True]) is Missing.UNDEFINED
    assert answer_relevancy([0.9, None]) is answer_relevancy([0.9, float("nan")]) is Missing.ERROR
    assert answer_relevancy([0.9], [None]) is Missing.ERROR


def test_similarity_is_the_cosine_whatever_the_lengths() -> None:
    assert semantic_similarity([1, 0], [3, 4]) == pytest.approx(0.6)
    assert semantic_similarity([1, 0], [-2, 0]) == -1
    assert number(semantic_similarity([0.1] * 7, [0.3] * 7)) <= 1
    assert semantic_similarity([0, 0], [1, 0]) is Missing.UNDEFINED
    assert semantic_similarity([float("nan"), 0], [1, 0]) is Missing.ERROR
    with pytest.raises(ValueError, match="length"):
        semantic_similarity([1], [1, 0])


# Section by section, what happens at the edges.


def test_an_answer_without_claims_is_undefined_not_perfect_and_not_bad() -> None:
    assert faithfulness([]) is hallucination([], []) is self_knowledge([], []) is Missing.UNDEFINED
    assert claim_precision([]) is factual_correctness([], [True]) is Missing.UNDEFINED
    assert noise_sensitivity([], [[True]], []) is Missing.UNDEFINED
    assert citation_validity([]) is citation_precision([]) is Missing.UNDEFINED


def test_nothing_retrieved_scores_nothing() -> None:
    assert context_precision([]) == average_precision([], relevant=2) == 0
    assert faithfulness([[], []]) == claim_recall([[], []]) == context_recall([[]]) == 0
    assert id_based_context_precision([], ["a"]) == id_based_context_recall([], ["a"]) == 0
    assert [rank([], ["a"]) for rank in RANKS] == [0] * len(RANKS)


def test_relevant_ones_exist_and_none_is_retrieved_scores_nothing() -> None:
    assert context_precision([False, False]) == average_precision([False], relevant=2) == claim_recall([[False]]) == 0
    assert [rank(["x"], ["a"]) for rank in RANKS] == [0] * len(RANKS)


def test_nothing_relevant_exists_is_undefined_and_left_out_of_a_ranking() -> None:
    assert average_precision([False], relevant=0) is context_recall([]) is claim_recall([]) is Missing.UNDEFINED
    assert id_based_context_precision(["a"], []) is id_based_context_recall([], []) is Missing.UNDEFINED
    assert [rank(["x"], []) for rank in RANKS] == [Missing.UNDEFINED] * len(RANKS)
    assert ranking({"q": ["x"], "p": ["a"]}, {"q": [], "p": ["a"]})["MRR"] == {"p": 1.0}


def test_without_a_reference_only_faithfulness_is_known() -> None:
    found = claim_scores([[True]], [False], [], [])
    assert found.pop("faithfulness") == 1
    assert set(found.values()) == {Missing.UNDEFINED}


def test_a_failed_judge_is_an_error_not_a_smaller_denominator() -> None:
    assert faithfulness([True, None]) is faithfulness([[True, None]]) is claim_recall([[None]]) is Missing.ERROR
    assert context_precision([True, None]) is average_precision([None], relevant=1) is Missing.ERROR
    assert context_utilization([[True]], [None]) is factual_correctness([True], [None]) is Missing.ERROR
    assert noise_sensitivity([[True]], [[None]], [True]) is citation_validity([None]) is Missing.ERROR
    assert factual_correctness([True], [None], mode="precision") == 1


def test_precision_at_k_divides_by_k_even_if_fewer_came_back() -> None:
    assert precision_at_k(["a", "b"], ["a", "b", "c"], k=5) == pytest.approx(2 / 5)
    assert precision_at_k(["a", "x", "b"], ["a", "b"], k=2) == pytest.approx(1 / 2)


def test_unknown_is_not_supported_and_a_word_for_it_is_no_verdict() -> None:
    assert share([True, False]) == 0.5
    with pytest.raises(ValueError, match="unknown"):
        faithfulness(["unknown"])  # type: ignore[list-item]


def test_lists_that_do_not_fit_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="zip"):
        hallucination([True], [])
    with pytest.raises(ValueError, match="zip"):
        noise_sensitivity([[True]], [[True, False]], [True])


def test_the_ideal_ranking_is_cut_at_k_too() -> None:
    wanted = [f"d{number}" for number in range(12)]
    assert ndcg_at_k(wanted[:5], wanted, k=5) == pytest.approx(1)
    assert recall_at_k(wanted[:5], wanted, k=5) == pytest.approx(5 / 12)


def test_gains_are_linear_and_one_of_0_is_not_relevant() -> None:
    best = 3 + 1 / log2(3)
    assert ndcg_at_k(["b", "a"], {"a": 3, "b": 1, "c": 0}, k=10) == pytest.approx((1 + 3 / log2(3)) / best)
    assert ndcg_at_k(["c"], {"c": 0}) is Missing.UNDEFINED


def test_a_first_hit_below_k_has_no_reciprocal_rank() -> None:
    assert reciprocal_rank(["x", "y", "a"], ["a"]) == pytest.approx(1 / 3)
    assert reciprocal_rank(["x", "y", "a"], ["a"], k=2) == 0
    assert hit_at_k(["x", "a"], ["a"], k=2) == 1
    assert hit_at_k([1, 2], [2], k=1) == 0


def test_auprc_is_average_precision_in_steps() -> None:
    assert auprc([0.9, 0.8, 0.7], [True, False, True]) == pytest.approx(5 / 6)
    assert auprc([0.9, 0.8], [None, True]) is auroc([0.9, 0.8], [None, True]) is Missing.ERROR


def test_a_risk_coverage_curve_answers_the_surest_first_and_equals_together() -> None:
    curve = risk_coverage([0.9, 0.5, 0.5, 0.1], [True, False, True, False])
    assert curve == (Point(0.9, 0.25, 0.0), Point(0.5, 0.75, 1 / 3), Point(0.1, 1.0, 0.5))
    assert risk_coverage([], []) == ()
    with pytest.raises(ValueError, match="None"):
        risk_coverage([0.5], [None])


def test_aurc_is_the_mean_risk_over_all_coverages() -> None:
    assert aurc([0.9, 0.8, 0.7], [True, False, True]) == pytest.approx((0 + 1 / 2 + 1 / 3) / 3)
    assert e_aurc([0.9, 0.8, 0.7], [True, False, True]) == pytest.approx((1 / 2 + 1 / 3) / 3 - (1 / 3) / 3)
    assert aurc([0.9, 0.8], [True, True]) == 0
    assert aurc([], []) is e_aurc([], []) is Missing.UNDEFINED
    assert aurc([0.5], [None]) is e_aurc([0.5], [None]) is coverage_at_risk([0.5], [None], 0.1) is Missing.ERROR


@given(st.lists(st.tuples(st.sampled_from([0.1, 0.5, 0.9]), VERDICT), min_size=1, max_size=12), st.randoms())
def test_the_order_of_equally_sure_cases_does_not_matter(cases: list[tuple[float, bool]], chance: Random) -> None:
    mixed = chance.sample(cases, len(cases))
    one, other = (aurc([sure for sure, _ in some], [right for _, right in some]) for some in (cases, mixed))
    assert number(one) == pytest.approx(number(other))
    assert number(e_aurc(*map(list, zip(*cases, strict=True)))) >= -1e-9


def test_coverage_at_risk_is_the_most_that_may_be_answered() -> None:
    sure, right = [0.9, 0.8, 0.7, 0.6], [True, False, True, True]
    assert coverage_at_risk(sure, right, 0.25) == 1
    assert coverage_at_risk(sure, right, 0.10) == 0.25
    assert coverage_at_risk(sure[1:], right[1:], 0.05) == 0
    assert coverage_at_risk([0.5] * 20, [True] * 19 + [False], 0.05) == 1
    assert coverage_at_risk([], [], 0.05) is Missing.UNDEFINED


def test_refusing_is_judged_from_both_sides() -> None:
    refused, answerable = [True, True, False, False, False], [False, True, False, True, True]
    assert refusal_precision(refused, answerable) == refusal_recall(refused, answerable) == 0.5
    assert false_answer_rate(refused, answerable) == 0.5
    assert false_refusal_rate(refused, answerable) == pytest.approx(1 / 3)
    assert refusal_precision([False], [True]) is refusal_recall([False], [True]) is Missing.UNDEFINED
    assert false_answer_rate([False], [True]) is false_refusal_rate([True], [False]) is Missing.UNDEFINED
    assert false_answer_rate([None, True], [True, False]) is Missing.ERROR


def test_a_probability_is_measured_by_what_came() -> None:
    assert brier([1.0, 0.0, 0.5], [True, True, False]) == pytest.approx(1.25 / 3)
    assert ece([0.95, 0.95, 0.15, 0.15], [True, False, False, False]) == pytest.approx((0.9 + 0.3) / 4)
    assert ece([0.0, 0.1], [False, True], bins=10) == pytest.approx(0.9 / 2)
    assert brier([], []) is ece([], []) is Missing.UNDEFINED
    assert brier([0.5], [None]) is ece([0.5], [None]) is Missing.ERROR
    with pytest.raises(ValueError, match="between 0 and 1"):
        brier([1.5], [True])


@given(st.lists(st.tuples(VALUES, VERDICT), min_size=1, max_size=30))
def test_the_brier_score_is_that_of_scikit_learn(cases: list[tuple[float, bool]]) -> None:
    chances, came = [chance for chance, _ in cases], [outcome for _, outcome in cases]
    assert brier(chances, came) == pytest.approx(brier_score_loss(came, chances, labels=[False, True], pos_label=True))


GRADES = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=2, max_size=25)


@given(GRADES)
def test_qwk_is_one_less_observed_over_expected_squared_distance(pairs: list[tuple[int, int]]) -> None:
    given_, gold = [one for one, _ in pairs], [other for _, other in pairs]
    observed = np.mean([(a - b) ** 2 for a, b in pairs])
    expected = np.mean([(a - b) ** 2 for a in given_ for b in gold])
    found = qwk(given_, gold, labels=range(5))
    assert found == (pytest.approx(1 - observed / expected) if expected else Missing.UNDEFINED)


def test_qwk_is_over_the_whole_scale_and_undefined_on_one_grade() -> None:
    assert qwk([0.0, 0.5, 10.0], [0.0, 0.5, 10.0], labels=[step / 2 for step in range(21)]) == 1
    assert qwk([3, 3], [3, 3], labels=range(5)) is Missing.UNDEFINED
    assert qwk([3, 3], [1, 3], labels=range(5)) == 0
    assert qwk([], [], labels=range(5)) is Missing.UNDEFINED
    assert qwk([None, 1], [1, 1], labels=range(5)) is Missing.ERROR
    with pytest.raises(ValueError, match="7 is not among"):
        qwk([7], [1], labels=range(5))


def test_errors_of_grades_have_a_size_and_a_direction() -> None:
    given_, gold = [1.0, 2.0, 5.0], [2.0, 2.0, 2.0]
    assert mae(given_, gold) == pytest.approx(4 / 3)
    assert rmse(given_, gold) == pytest.approx((10 / 3) ** 0.5)
    assert bias(given_, gold) == pytest.approx(2 / 3)
    assert exact_agreement(given_, gold) == pytest.approx(1 / 3)
    assert adjacent_agreement(given_, gold) == pytest.approx(2 / 3)
    assert adjacent_agreement([0.3], [0.1], within=0.2) == 1


@pytest.mark.parametrize("metric", [pearson, spearman, kendall_tau, mcc])
def test_what_needs_variance_is_undefined_without_it(metric: Callable[..., Score]) -> None:
    assert metric([1, 1, 1], [1, 2, 3]) is metric([1, 2], [3, 3]) is metric([], []) is metric([1], [1]) is Missing.UNDEFINED
    assert metric([1, 2], [1, 2]) == pytest.approx(1)
    assert metric([1, 2, None], [1, 2, 3]) is metric([1, float("nan")], [1, 2]) is Missing.ERROR
    with pytest.raises(ValueError, match="1 grades given, 2 gold"):
        metric([1], [1, 2])


def test_correlations_are_what_one_computes_by_hand() -> None:
    assert pearson([1, 2, 3], [1, 2, 6]) == pytest.approx(5 / (2 * 14 / 1) ** 0.5, rel=1e-9)
    assert spearman([1, 2, 3], [1, 2, 6]) == pytest.approx(1)
    assert kendall_tau([1, 1, 2, 3], [1, 2, 3, 4]) == pytest.approx(5 / (5 * 6) ** 0.5)


def test_kappa_and_mcc_correct_for_chance() -> None:
    given_, gold = ["a", "a", "b", "b"], ["a", "b", "b", "b"]
    assert cohen_kappa(given_, gold) == pytest.approx((0.75 - 0.5) / (1 - 0.5))
    assert mcc(given_, gold) == pytest.approx((1 * 2 - 1 * 0) / (2 * 1 * 3 * 2) ** 0.5)
    assert cohen_kappa(["a"], ["a"]) is Missing.UNDEFINED


def test_each_label_has_its_own_precision_and_recall() -> None:
    given_, gold, labels = ["a", "a", "b"], ["a", "b", "b"], ["a", "b", "c"]
    assert confusion(given_, gold, labels) == [[1, 0, 0], [1, 1, 0], [0, 0, 0]]
    found = per_label(given_, gold, labels)
    assert found["a"] == Found(0.5, 1.0, 2 / 3, 1)
    assert found["b"] == Found(1.0, 0.5, 2 / 3, 2)
    assert found["c"] == Found(Missing.UNDEFINED, Missing.UNDEFINED, Missing.UNDEFINED, 0)
    with pytest.raises(ValueError, match="does not go with"):
        confusion([None], ["a"], labels)


def test_an_attack_succeeds_that_reaches_the_pass_mark() -> None:
    assert attack_success_rate([0.0, 5.0, 6.0, 4.9], pass_mark=5) == 0.5
    assert attack_success_rate([], pass_mark=5) is Missing.UNDEFINED
    assert attack_success_rate([0.0, None], pass_mark=5) is Missing.ERROR


def test_the_arithmetic_needs_no_model_and_loads_no_heavy_library() -> None:
    heavy = ("torch", "streamlit", "sentence_transformers", "sklearn", "scipy", "openai")
    code = f"import sys, eval.metrics, eval.stats; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_page_about_the_metrics_names_them_all_and_its_examples_are_true() -> None:
    page = Path(__file__).resolve().parent.parent / "docs" / "metrics.md"
    text = page.read_text(encoding="utf-8")
    assert not [name for name in names if f"`{name}" not in text]
    done = doctest.testfile(str(page), module_relative=False)
    assert done.attempted > 20
    assert not done.failed
