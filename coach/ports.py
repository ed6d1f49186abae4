"""What the coach needs from outside, as it would like to be served. The adapters fit themselves to this."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from coach.domain import Entry, Passage

Vectors = npt.NDArray[np.float32]
Progress = Callable[[int], None]

# The embedding model that comes with the package.
DEFAULT_EMBEDDER = "all-MiniLM-L6-v2"

# Raised whenever what is stored in an index changes its meaning; an older index is then built anew.
FORMAT = 1


@dataclass(frozen=True, slots=True)
class EmbedderId:
    """Which model made the vectors. Two ids are equal only if their vectors can be compared."""

    name: str
    dimension: int
    fingerprint: str

    def __str__(self) -> str:
        return f"{self.name} ({self.dimension}-d, {self.fingerprint[:8]})"


class Embedder(Protocol):
    """Texts become unit vectors."""

    @property
    def id(self) -> EmbedderId: ...

    def warm(self) -> None:
        """Load whatever `embed` needs, so that the next call is quick. Raises EmbedderError."""
        ...

    def embed(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        """Unit vectors, shape (len(texts), dimension). `progress` is called with how many texts were just done."""
        ...


@dataclass(frozen=True, slots=True)
class Sparse:
    """A sparse vector: token ids and their weights, equally long."""

    indices: tuple[int, ...]
    values: tuple[float, ...]


# BM25's k: how soon more of the same word stops counting. A term gives at most k + 1 times its rarity.
SATURATION = 1.2


class Lexicon(Protocol):
    """Text becomes BM25 sparse vectors; inverse document frequency is the index's part."""

    def document(self, text: str) -> Sparse:
        """Saturated term frequencies, without inverse document frequency."""
        ...

    def query(self, text: str) -> Sparse:
        """Each distinct term with weight 1."""
        ...

    def tokens(self, text: str) -> Mapping[str, int]:
        """The token id of each distinct word of `text` that BM25 looks at."""
        ...


class CommonWords(Protocol):
    """Knows everyday language."""

    def common(self, word: str) -> bool:
        """Whether a word is one that people use about anything."""
        ...


@dataclass(frozen=True, slots=True)
class About:
    """What an index was built from and with. `frequencies` counts the entries each token id stands in."""

    format: int
    embedder: EmbedderId
    corpus: str
    built: str
    entries: int
    pieces: int
    frequencies: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Stored:
    """An entry with its vectors: `dense` has one row a piece."""

    entry: Entry
    dense: Vectors
    sparse: Sparse


class PassageIndex(Protocol):
    """Entries with their vectors, ready to be searched."""

    @property
    def about(self) -> About: ...

    def dense(self, vector: Sequence[float], limit: int, among: Collection[str] | None = None) -> dict[str, float]:
        """Passage ids and the largest dot product of `vector` with any of their pieces, best first."""
        ...

    def lexical(self, query: Sparse, limit: int, among: Collection[str] | None = None) -> dict[str, float]:
        """Passage ids and their BM25 score (with inverse document frequency), best first."""
        ...

    def passages(self, ids: Sequence[str]) -> list[Passage]:
        """The passages with these ids, in this order; unknown ids are left out."""
        ...

    def entries(self, ids: Sequence[str]) -> list[Stored]:
        """The same with their pieces and vectors."""
        ...

    def stored(self) -> Iterator[Stored]:
        """Everything in the index, for reuse by the next build."""
        ...

    def close(self) -> None: ...


class IndexStore(Protocol):
    """Where indexes live. A build becomes visible all at once, at its end, or not at all."""

    def publish(self, about: About, entries: Iterable[Stored]) -> None:
        """Replace the index. Until this returns, readers see the one before."""
        ...

    def open(self) -> PassageIndex:
        """Raises IndexMissing, IndexStale."""
        ...

    def about(self) -> About | None:
        """What is published, or None."""
        ...
