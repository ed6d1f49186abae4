"""Verdicts of a judge become the scores of one answer and its contexts. Pure arithmetic; knows no judge and no text.

A verdict is True (it follows), False (it does not, or nobody can tell) or None (the judge failed). One None among the verdicts
a metric needs makes it ERROR, never a smaller denominator; a denominator of nothing is UNDEFINED. Four inputs recur:

answer_in_contexts     for each claim of the answer: does it follow from each context, best first, or from all of them
answer_in_reference    for each claim of the answer: does it follow from the reference
reference_in_contexts  for each claim of the reference: does it follow from each context, best first, or from all of them
reference_in_answer    for each claim of the reference: does it follow from the answer
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Literal

import numpy as np

from eval.metrics.score import Id, Judged, Missing, Score, average, checked, failed, share

# One verdict a claim and context, best context first.
Matrix = Sequence[Sequence[Judged]]
# That, or one verdict a claim.
Claims = Sequence[Judged | Sequence[Judged]]


def in_any(claims: Claims) -> list[Judged]:
    """One verdict a claim: does any context support it? With no context retrieved, none does."""
    return [_any(claim) if isinstance(claim, Iterable) and not isinstance(claim, str) else checked(claim) for claim in claims]


def relevant_contexts(reference_in_contexts: Matrix) -> list[Judged]:
    """One verdict a context, best first: does any claim of the reference follow from it?"""
    return [_any(column) for column in zip(*reference_in_contexts, strict=True)]


def context_precision(verdicts: Sequence[Judged]) -> Score:
    """Mean precision at the relevant contexts, for verdicts best context first: sum of P@k times v_k, over the sum of v (ragas).

    Blind to what was not retrieved: see `average_precision`. 0 with nothing relevant retrieved, or nothing at all.
    """
    if failed(verdicts):
        return Missing.ERROR
    return _precision_sum(verdicts) / max(1, sum(map(bool, verdicts)))


def average_precision(verdicts: Sequence[Judged], relevant: int) -> Score:
    """As `context_precision`, over all that are `relevant`, retrieved or not (trec_eval's map). UNDEFINED if none is."""
    if failed(verdicts):
        return Missing.ERROR
    if relevant < sum(map(bool, verdicts)):
        raise ValueError(f"{relevant} relevant in all, but more of them among the verdicts.")
    return _precision_sum(verdicts) / relevant if relevant else Missing.UNDEFINED


def context_recall(reference_in_contexts: Claims) -> Score:
    """The share of the reference's sentences that can be attributed to the contexts (ragas)."""
    return share(in_any(reference_in_contexts))


def claim_recall(reference_in_contexts: Claims) -> Score:
    """The share of the reference's claims that the contexts support (RAGChecker): context recall over claims."""
    return share(in_any(reference_in_contexts))


def faithfulness(answer_in_contexts: Claims) -> Score:
    """The share of the answer's claims that the contexts support (ragas, RAGChecker)."""
    return share(in_any(answer_in_contexts))


def hallucination(answer_in_contexts: Claims, answer_in_reference: Sequence[Judged]) -> Score:
    """The share of the answer's claims that neither the contexts nor the reference support (RAGChecker). Lower is better."""
    if (pairs := _pairs(in_any(answer_in_contexts), answer_in_reference)) is None:
        return Missing.ERROR
    return share([not found and not right for found, right in pairs])


def self_knowledge(answer_in_contexts: Claims, answer_in_reference: Sequence[Judged]) -> Score:
    """The share of the answer's claims that are right although no context supports them (RAGChecker)."""
    if (pairs := _pairs(in_any(answer_in_contexts), answer_in_reference)) is None:
        return Missing.ERROR
    return share([not found and right for found, right in pairs])


def context_utilization(reference_in_contexts: Claims, reference_in_answer: Sequence[Judged]) -> Score:
    """Of the reference's claims that the contexts support, the share that the answer makes (RAGChecker).

    UNDEFINED where they support none (RAGChecker: 0): an answer cannot leave unused what it was not given.
    """
    if (pairs := _pairs(in_any(reference_in_contexts), reference_in_answer)) is None:
        return Missing.ERROR
    return share([used for given, used in pairs if given])


def noise_sensitivity(
    answer_in_contexts: Matrix,
    reference_in_contexts: Matrix,
    answer_in_reference: Sequence[Judged],
    mode: Literal["relevant", "irrelevant"] = "relevant",
) -> Score:
    """The share of the answer's claims that are wrong and supported by a relevant context, or by irrelevant ones only.

    A context is relevant if any claim of the reference follows from it; a claim is wrong if it does not follow from the
    reference (RAGChecker, ragas). Lower is better. UNDEFINED without claims on either side.
    """
    if failed(answer_in_reference, *answer_in_contexts, *reference_in_contexts):
        return Missing.ERROR
    if len(reference_in_contexts) == 0:
        return Missing.UNDEFINED
    relevant = relevant_contexts(reference_in_contexts)
    blamed = []
    for row, right in zip(answer_in_contexts, answer_in_reference, strict=True):
        supporters = {is_relevant for held, is_relevant in zip(row, relevant, strict=True) if held}
        misled = True in supporters if mode == "relevant" else supporters == {False}
        blamed.append(misled and not right)
    return share(blamed)


def claim_precision(answer_in_reference: Sequence[Judged]) -> Score:
    """The share of the answer's claims that the reference supports (RAGChecker's precision)."""
    return share(answer_in_reference)


def answer_coverage(reference_in_answer: Sequence[Judged], weights: Sequence[float] | None = None) -> Score:
    """The share of the reference's claims, our key points, that the answer makes, by weight (RAGChecker's recall)."""
    if weights is None:
        return share(reference_in_answer)
    if failed(reference_in_answer):
        return Missing.ERROR
    made = sum(weight for covered, weight in zip(reference_in_answer, weights, strict=True) if covered)
    return float(made / sum(weights)) if sum(weights) else Missing.UNDEFINED


def factual_correctness(
    answer_in_reference: Sequence[Judged],
    reference_in_answer: Sequence[Judged] = (),
    mode: Literal["precision", "recall", "f1"] = "f1",
    beta: float = 1.0,
) -> Score:
    """Precision, recall or F-beta of the answer's claims (ragas, without its rounding to two decimals).

    True and false positives are claims of the answer, false negatives claims of the reference; so this recall mixes two sets:
    where that matters take `answer_coverage`, and `f_beta` over it. UNDEFINED without claims on a side that is needed.
    """
    needed = [answer_in_reference] if mode == "precision" else [answer_in_reference, reference_in_answer]
    if failed(*needed):
        return Missing.ERROR
    if not all(len(verdicts) for verdicts in needed):
        return Missing.UNDEFINED
    hit = sum(map(bool, answer_in_reference))
    false = len(answer_in_reference) - hit
    missed = len(reference_in_answer) - sum(map(bool, reference_in_answer))
    if mode == "precision":
        return hit / (hit + false)
    if mode == "recall":
        return hit / (hit + missed) if hit else 0.0
    return (1 + beta**2) * hit / ((1 + beta**2) * hit + beta**2 * missed + false)


def f_beta(precision: Score, recall: Score, beta: float = 1.0) -> Score:
    """Their weighted harmonic mean, recall counting `beta` times as much. ERROR goes before UNDEFINED."""
    if isinstance(precision, Missing) or isinstance(recall, Missing):
        return Missing.ERROR if Missing.ERROR in (precision, recall) else Missing.UNDEFINED
    both = beta**2 * precision + recall
    return (1 + beta**2) * precision * recall / both if both else 0.0


def answer_relevancy(cosines: Sequence[float | None], noncommittal: Sequence[Judged] = ()) -> Score:
    """The mean cosine of the question and questions generated from the answer; 0 if all of them are noncommittal (ragas)."""
    if failed(noncommittal):
        return Missing.ERROR
    mean = average(cosines)
    return 0.0 if isinstance(mean, float) and len(noncommittal) and all(noncommittal) else mean


def semantic_similarity(response_vector: Sequence[float], reference_vector: Sequence[float]) -> Score:
    """The cosine of two embeddings (ragas). UNDEFINED where one has no direction, as that of an empty text."""
    one, other = np.asarray(response_vector, dtype=float), np.asarray(reference_vector, dtype=float)
    if one.shape != other.shape:
        raise ValueError(f"Vectors of different length: {one.shape} and {other.shape}.")
    lengths = float(np.linalg.norm(one) * np.linalg.norm(other))
    return average([float(np.clip(float(one @ other) / lengths, -1, 1))]) if lengths else Missing.UNDEFINED


def citation_validity(found: Sequence[Judged]) -> Score:
    """The share of citations whose quote stands in the passage it names. UNDEFINED without citations."""
    return share(found)


def citation_precision(supported: Sequence[Judged]) -> Score:
    """The share of citations whose passage supports the sentence they stand at (after ALCE, Gao et al. 2023)."""
    return share(supported)


def id_based_context_precision(retrieved_context_ids: Collection[Id], reference_context_ids: Collection[Id]) -> Score:
    """The share of the different ids retrieved that are in the reference (ragas). 0 with nothing retrieved."""
    retrieved, wanted = set(map(str, retrieved_context_ids)), set(map(str, reference_context_ids))
    return len(retrieved & wanted) / max(1, len(retrieved)) if wanted else Missing.UNDEFINED


def id_based_context_recall(retrieved_context_ids: Collection[Id], reference_context_ids: Collection[Id]) -> Score:
    """The share of the different ids in the reference that were retrieved (ragas). UNDEFINED without a reference."""
    retrieved, wanted = set(map(str, retrieved_context_ids)), set(map(str, reference_context_ids))
    return len(retrieved & wanted) / len(wanted) if wanted else Missing.UNDEFINED


def context_entity_recall(retrieved_entities: Collection[str], reference_entities: Collection[str]) -> Score:
    """The share of the different entities in the reference that the contexts name, spelled alike (ragas)."""
    return id_based_context_recall(retrieved_entities, reference_entities)


def claim_scores(
    answer_in_contexts: Matrix,
    answer_in_reference: Sequence[Judged],
    reference_in_contexts: Matrix,
    reference_in_answer: Sequence[Judged],
) -> dict[str, Score]:
    """All that one pass of claims against contexts and reference tells, by metric name.

    Without claims of a reference everything that needs one is UNDEFINED: nobody can say what is wrong.
    """
    found: dict[str, Score] = {
        "faithfulness": faithfulness(answer_in_contexts),
        "context precision": context_precision(relevant_contexts(reference_in_contexts)),
        "claim recall": claim_recall(reference_in_contexts),
        "context utilization": context_utilization(reference_in_contexts, reference_in_answer),
        "hallucination": hallucination(answer_in_contexts, answer_in_reference),
        "self-knowledge": self_knowledge(answer_in_contexts, answer_in_reference),
        "noise from relevant": noise_sensitivity(answer_in_contexts, reference_in_contexts, answer_in_reference),
        "noise from irrelevant": noise_sensitivity(
            answer_in_contexts, reference_in_contexts, answer_in_reference, mode="irrelevant"
        ),
        "claim precision": claim_precision(answer_in_reference),
        "answer coverage": answer_coverage(reference_in_answer),
        "factual correctness": factual_correctness(answer_in_reference, reference_in_answer),
    }
    if len(reference_in_answer):
        return found
    return {name: value if name == "faithfulness" else Missing.UNDEFINED for name, value in found.items()}


def _any(verdicts: Iterable[Judged]) -> Judged:
    """Whether one of them is True; None if one of them is missing."""
    known = [checked(verdict) for verdict in verdicts]
    return None if None in known else any(known)


def _pairs(verdicts: Sequence[Judged], others: Sequence[Judged]) -> list[tuple[Judged, Judged]] | None:
    """None if one of them is missing."""
    pairs = list(zip(verdicts, others, strict=True))
    return None if failed(*pairs) else pairs


def _precision_sum(verdicts: Sequence[Judged]) -> float:
    hits = 0
    total = 0.0
    for rank, verdict in enumerate(verdicts, start=1):
        if verdict:
            hits += 1
            total += hits / rank
    return total
