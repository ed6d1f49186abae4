"""Texts become BM25 scores in memory, as the index would give them. For measuring, where no index is wanted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from coach.ports import SATURATION, Lexicon, Vectors
from coach.retrieve import inverse_document_frequency


class Bm25:
    """BM25 over `texts`, with the lexicon's term weights and Qdrant's inverse document frequency."""

    def __init__(self, texts: Sequence[str], lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self._count = len(texts)
        self._frequencies: Counter[int] = Counter()
        self._rows: dict[int, list[tuple[int, float]]] = {}
        for row, text in enumerate(texts):
            sparse = lexicon.document(text)
            self._frequencies.update(sparse.indices)
            for token, value in zip(sparse.indices, sparse.values, strict=True):
                self._rows.setdefault(token, []).append((row, value))

    def scores(self, question: str) -> Vectors:
        """Each text's score for `question`."""
        total = np.zeros(self._count, dtype=np.float32)
        for token, weight in self._weights(question).items():
            for row, value in self._rows.get(token, ()):
                total[row] += weight * value
        return total

    def shares(self, question: str, own: int, own_text: str) -> Vectors:
        """The same as a share of what the question could reach, with text number `own` exchanged for `own_text`."""
        weights = self._weights(question)
        ceiling = sum(weights.values()) * (SATURATION + 1)
        if not ceiling:
            return np.zeros(self._count, dtype=np.float32)
        total = self.scores(question)
        sparse = self._lexicon.document(own_text)
        total[own] = sum(weights.get(token, 0.0) * value for token, value in zip(sparse.indices, sparse.values, strict=True))
        shares: Vectors = total / np.float32(ceiling)
        return shares

    def _weights(self, question: str) -> dict[int, float]:
        tokens = self._lexicon.query(question).indices
        return {token: inverse_document_frequency(self._frequencies[token], self._count) for token in tokens}
