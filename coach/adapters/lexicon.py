"""Text becomes BM25 sparse vectors, with the tokenizer, stemmer and stop words of Qdrant's own BM25.

The same vectors go to the embedded index and to a server, so both rank alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from qdrant_edge import Bm25, Bm25Config

from coach.ports import SATURATION, Sparse
from coach.text import words

B = 0.5
# The bank's entries hold some 400 terms; results hardly move between 200 and 800.
AVERAGE_LENGTH = 400.0


class Bm25Lexicon:
    """BM25 term weights (Robertson and Zaragoza 2009, section 3.4) for English."""

    def __init__(self) -> None:
        self._model = Bm25(Bm25Config(k=SATURATION, b=B, avg_len=AVERAGE_LENGTH))
        self._token = lru_cache(maxsize=50_000)(self._token_of)

    def document(self, text: str) -> Sparse:
        return self._sparse(self._model.embed_document(text.lower()))

    def query(self, text: str) -> Sparse:
        return self._sparse(self._model.embed_query(text.lower()))

    def tokens(self, text: str) -> Mapping[str, int]:
        found = {word: self._token(word) for word in dict.fromkeys(words(text.lower()))}
        return {word: token for word, token in found.items() if token is not None}

    def _token_of(self, word: str) -> int | None:
        indices = self._model.embed_query(word).indices
        return indices[0] if indices else None

    @staticmethod
    def _sparse(vector: object) -> Sparse:
        return Sparse(tuple(vector.indices), tuple(vector.values))  # type: ignore[attr-defined]
