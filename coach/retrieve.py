"""A question becomes hits, best first, with one score that ranks. Knows no engine.

Score fusion, not rank fusion: the dense score is the largest cosine between the question and any piece of a
passage; the lexical score is BM25 divided by the largest value this question could reach in any document. Both
are in [0, 1], so their weighted sum means the same for every question.
"""

from __future__ import annotations

from math import log

import numpy as np

from coach.domain import Hit, Passage
from coach.ports import SATURATION, About, Lexicon, PassageIndex, Vectors

# How much BM25 counts beside the cosine, and how many candidates each side proposes.
LEXICAL_WEIGHT = 1.0
CANDIDATES = 50


def search(index: PassageIndex, lexicon: Lexicon, question: str, vector: Vectors, limit: int) -> list[Hit]:
    """At most `limit` hits; `vector` is the question's.

    Candidates of either side get both scores, so fusion never guesses a zero.
    """
    near = vector.tolist()
    terms = lexicon.query(question)
    dense = index.dense(near, CANDIDATES)
    lexical = index.lexical(terms, CANDIDATES)
    dense |= index.dense(near, CANDIDATES, among=lexical.keys() - dense.keys())
    lexical |= index.lexical(terms, CANDIDATES, among=dense.keys() - lexical.keys())
    ceiling = bm25_ceiling(terms.indices, index.about)
    scored = {}
    for id_, cosine in dense.items():
        share = lexical.get(id_, 0.0) / ceiling if ceiling else 0.0
        scored[id_] = (float(np.clip(cosine, 0.0, 1.0)), float(np.clip(share, 0.0, 1.0)))
    # Equal scores are ordered by id, so that every engine gives the same list.
    ranked = sorted(scored, key=lambda id_: (-fused(*scored[id_]), id_))[:limit]
    return [Hit(p, fused(*scored[p.id]), *scored[p.id]) for p in index.passages(ranked)]


def search_words(index: PassageIndex, lexicon: Lexicon, question: str, limit: int) -> list[Passage]:
    """What BM25 alone finds, best first: for as long as there is no vector."""
    scores = index.lexical(lexicon.query(question), limit)
    return index.passages(sorted(scores, key=lambda id_: (-scores[id_], id_)))


def fused(dense: float, lexical: float) -> float:
    return dense + LEXICAL_WEIGHT * lexical


def bm25_ceiling(tokens: tuple[int, ...], about: About) -> float:
    """The BM25 score of an imaginary document in which every term of the question is saturated.

    Each term gives at most idf * (k + 1), with Qdrant's idf = ln(1 + (N - n + 0.5) / (n + 0.5)). A term no
    document has counts in full: a question about an unknown thing should look unlike everything.
    """
    weights = (inverse_document_frequency(about.frequencies.get(token, 0), about.entries) for token in tokens)
    return sum(weights) * (SATURATION + 1)


def inverse_document_frequency(having: int, of: int) -> float:
    return log(1 + (of - having + 0.5) / (having + 0.5))
