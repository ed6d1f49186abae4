"""What the coach needs from outside, as it would like to be served. The adapters fit themselves to this."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol, TypeVar

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel

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


@dataclass(frozen=True, slots=True)
class Reading:
    """A text as a model reads it, closer than its vector.

    `vector` is the text's unit vector; `words` its words in lower case and `meanings` one unit row for each, in context;
    `states` has one row a token: the model's layers named `STATE_LAYERS`, each of unit length, side by side. No rows if
    the model does not show its layers.
    """

    vector: Vectors
    words: tuple[str, ...]
    meanings: Vectors
    states: Vectors


# The input of the model, its middle and its end: spelling, grammar and meaning.
STATE_LAYERS = (0, 3, 6)


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

    def read(self, texts: Sequence[str]) -> list[Reading]:
        """Each text with its words; its vector is what `embed` gives."""
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

    def digests(self) -> dict[str, str]:
        """The digest of each published entry by its passage's id. Raises IndexMissing, IndexStale."""
        ...


@dataclass(frozen=True, slots=True)
class Message:
    """One message to a language model."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Usage:
    """What calls to a language model took. Tokens are None where the server does not say."""

    calls: int = 0
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    seconds: float = 0.0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.calls + other.calls,
            tokens_in_all(self.prompt_tokens, other.prompt_tokens),
            tokens_in_all(self.completion_tokens, other.completion_tokens),
            self.seconds + other.seconds,
        )


def tokens_in_all(one: int | None, other: int | None) -> int | None:
    """Both counts together; what a server did not say adds nothing."""
    return one if other is None else (one or 0) + other


Shape = TypeVar("Shape", bound=BaseModel)


class Writing(Protocol):
    """Text as a language model writes it: iterate for the parts, close to stop the server.

    Raises LLMError in the middle if the server fails there; what came before stays with whoever read it.
    """

    def __iter__(self) -> Iterator[str]: ...

    def close(self) -> None: ...

    @property
    def usage(self) -> Usage:
        """What it took so far."""
        ...

    @property
    def cut(self) -> str:
        """Empty if the model ended of its own accord, else one sentence on why the text is cut."""
        ...


class ChatModel(Protocol):
    """A language model behind a server."""

    @property
    def name(self) -> str: ...

    def fill(self, messages: Sequence[Message], shape: type[Shape]) -> tuple[Shape, Usage]:
        """A reply that fits `shape`. Raises LLMError."""
        ...

    def write(self, messages: Sequence[Message]) -> Writing:
        """A reply, streamed. Raises LLMError."""
        ...


@dataclass(frozen=True, slots=True)
class Record:
    """One thing that happened. `data` is plain JSON; `at` is in UTC."""

    kind: str
    at: datetime
    data: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Stream:
    """A run of records that belong together: an interview, a conversation, the candidate's profile."""

    id: str
    kind: str
    name: str
    began: datetime
    changed: datetime
    records: int


class History(Protocol):
    """Everything that happened, in streams of records that are only ever added to, or deleted as a whole."""

    def begin(self, stream: str, kind: str, name: str, at: datetime) -> None:
        """Make an empty stream; if it is there already, nothing happens. Raises StorageError."""
        ...

    def append(self, stream: str, number: int, record: Record) -> None:
        """Add the record with this number (0, 1, 2 ...), on disk when this returns.

        Raises Conflict if the number is taken or skips one, so that nothing is written twice; StorageError.
        """
        ...

    def records(self, stream: str) -> list[Record]:
        """All records of a stream in order; none if there is no such stream."""
        ...

    def everything(self, kind: str) -> Iterator[tuple[Stream, list[Record]]]:
        """Every stream of a kind with its records, oldest first."""
        ...

    def streams(self, kind: str) -> list[Stream]:
        """The streams of a kind, the one changed last first."""
        ...

    def kinds(self) -> list[str]:
        """Every kind of which there is a stream."""
        ...

    def rename(self, stream: str, name: str) -> None: ...

    def delete(self, stream: str) -> None:
        """Delete a stream with its records; if it is not there, nothing happens."""
        ...

    def delete_everything(self) -> None: ...

    def close(self) -> None: ...
