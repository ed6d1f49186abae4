"""An embedder that embeds each text once, so that a whole evaluation costs one pass over what is different in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from coach.ports import Embedder, EmbedderId, Progress, Reading, Vectors


@dataclass(frozen=True)
class Once:
    """Keeps every vector, some 2 kB a text, and counts on `texts` how many were made."""

    embedder: Embedder
    _vectors: dict[str, Vectors] = field(default_factory=dict, repr=False)

    @property
    def id(self) -> EmbedderId:
        return self.embedder.id

    @property
    def texts(self) -> int:
        return len(self._vectors)

    def warm(self) -> None:
        self.embedder.warm()

    def embed(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        new = [text for text in dict.fromkeys(texts) if text not in self._vectors]
        if new:
            self._vectors.update(zip(new, self.embedder.embed(new, progress), strict=True))
        if progress:
            progress(len(texts) - len(new))
        return np.array([self._vectors[text] for text in texts], dtype=np.float32).reshape(len(texts), self.id.dimension)

    def read(self, texts: Sequence[str]) -> list[Reading]:
        return self.embedder.read(texts)
