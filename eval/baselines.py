"""The plain alternatives, over the same bank with the same model: what tutorials build, and each half alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from coach.bm25 import Bm25
from coach.domain import Question
from coach.ports import Embedder, Lexicon, Vectors

Ranked = list[tuple[str, float]]
Ranker = Callable[[str, Vectors], Ranked]

CHUNK_TOKENS = 256
CHUNK_OVERLAP = 20
RRF_K = 60


def bm25(questions: Sequence[Question], lexicon: Lexicon) -> Ranker:
    """BM25 over question and answer."""
    score = Bm25([f"{q.prompt}\n{q.answer}" for q in questions], lexicon).scores
    ids = [question.id for question in questions]
    return lambda text, _vector: _ranked(ids, score(text))


def dense(questions: Sequence[Question], embedder: Embedder) -> Ranker:
    """One vector a question, over question and answer."""
    vectors = embedder.embed([f"{q.prompt}\n{q.answer}" for q in questions])
    ids = [question.id for question in questions]
    return lambda _text, vector: _ranked(ids, vectors @ vector)


def chunks_rrf(questions: Sequence[Question], embedder: Embedder, lexicon: Lexicon) -> Ranker:
    """Chunks of 256 tokens from a llama-index splitter, dense and BM25 lists joined by reciprocal rank fusion.

    Cormack, Clarke and Buettcher 2009, with their k of 60. A question stands where its first chunk stands.
    """
    # llama-index takes a second to import; only this baseline needs it.
    from llama_index.core.node_parser import SentenceSplitter

    splitter = SentenceSplitter(chunk_size=CHUNK_TOKENS, chunk_overlap=CHUNK_OVERLAP)
    chunks = [(q.id, chunk) for q in questions for chunk in splitter.split_text(f"{q.prompt}\n\n{q.answer}")]
    owners = [owner for owner, _ in chunks]
    vectors = embedder.embed([chunk for _, chunk in chunks])
    score = Bm25([chunk for _, chunk in chunks], lexicon).scores

    def rank(text: str, vector: Vectors) -> Ranked:
        fused: Counter[int] = Counter()
        for scores in (vectors @ vector, score(text)):
            for place, row in enumerate(np.argsort(-scores, kind="stable")[:50]):
                fused[int(row)] += 1 / (RRF_K + place + 1)  # type: ignore[assignment]
        best: dict[str, float] = {}
        for row, value in fused.most_common():
            best.setdefault(owners[row], float(value))
        return list(best.items())

    return rank


def _ranked(ids: Sequence[str], scores: Vectors) -> Ranked:
    return [(ids[row], float(scores[row])) for row in np.argsort(-scores, kind="stable")]
