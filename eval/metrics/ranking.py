"""Ranked ids and the relevant ones become numbers. The arithmetic is ir_measures'; its traps are handled here.

It breaks ties by id, so ranks are handed over as scores; an id counts where it stands first; nothing retrieved scores 0; and
where nothing is relevant there is nothing to measure, which it would call 0.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import ir_measures
from ir_measures import RR, P, R, Success, nDCG

from eval.metrics.score import Id, Missing, Score

RANKING = {"nDCG@10": nDCG @ 10, "hit@1": Success @ 1, "recall@5": R @ 5, "MRR": RR}
_ONE = "one"


def ranking(
    runs: Mapping[str, Sequence[Id]],
    relevant: Mapping[str, Collection[Id] | Mapping[Id, int]],
    measures: Mapping[str, ir_measures.Measure] = RANKING,
) -> dict[str, dict[str, float]]:
    """Measure by name, then value by case id. `runs` holds ids best first, `relevant` ids or their gains.

    A case without a run scores 0; one with nothing relevant is left out.
    """
    qrels = [ir_measures.Qrel(case, str(doc), gain) for case, docs in relevant.items() for doc, gain in _gains(docs).items()]
    run = [
        ir_measures.ScoredDoc(case, doc, float(-rank))
        for case, docs in runs.items()
        for rank, doc in enumerate(dict.fromkeys(map(str, docs)))
    ]
    names = {str(measure): name for name, measure in measures.items()}
    values: dict[str, dict[str, float]] = {name: {} for name in measures}
    for metric in ir_measures.iter_calc(list(measures.values()), qrels, run) if qrels else ():
        values[names[str(metric.measure)]][metric.query_id] = float(metric.value)
    return values


def ndcg_at_k(retrieved: Sequence[Id], relevant: Collection[Id] | Mapping[Id, int], k: int = 10) -> Score:
    """Gain over log2(rank + 1), summed to rank k, over the best possible to rank k; the gain is linear (trec_eval)."""
    return _one(nDCG @ k, retrieved, relevant)


def reciprocal_rank(retrieved: Sequence[Id], relevant: Collection[Id], k: int | None = None) -> Score:
    """1 over the rank of the first relevant one, 0 if none is retrieved (to rank k). MRR is its mean."""
    return _one(RR if k is None else RR @ k, retrieved, relevant)


def recall_at_k(retrieved: Sequence[Id], relevant: Collection[Id], k: int = 5) -> Score:
    """The share of the relevant that are among the first k."""
    return _one(R @ k, retrieved, relevant)


def precision_at_k(retrieved: Sequence[Id], relevant: Collection[Id], k: int = 5) -> Score:
    """The relevant among the first k, over k, also if fewer came back (trec_eval)."""
    return _one(P @ k, retrieved, relevant)


def hit_at_k(retrieved: Sequence[Id], relevant: Collection[Id], k: int = 1) -> Score:
    """1 if any relevant one is among the first k, else 0."""
    return _one(Success @ k, retrieved, relevant)


def _one(measure: ir_measures.Measure, retrieved: Sequence[Id], relevant: Collection[Id] | Mapping[Id, int]) -> Score:
    return ranking({_ONE: retrieved}, {_ONE: relevant}, {_ONE: measure})[_ONE].get(_ONE, Missing.UNDEFINED)


def _gains(relevant: Collection[Id] | Mapping[Id, int]) -> dict[str, int]:
    gains = relevant if isinstance(relevant, Mapping) else dict.fromkeys(relevant, 1)
    return {str(doc): gain for doc, gain in gains.items() if gain > 0}
