"""A few texts become the packaged model's unit vectors, in numpy: importing PyTorch takes longer than a whole answer.

BERT as Devlin et al. (2019, https://arxiv.org/abs/1810.04805) describe it. `coach.adapters.embed` gives the same vectors,
from any model, and is what an index is built with.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, cast

import numpy as np

from coach.adapters.embed import PACKAGED_ID, packaged_weights, reading
from coach.ports import STATE_LAYERS, EmbedderId, Progress, Reading, Vectors

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

_LAYERS, _HEADS = 6, 12
_MOST_TOKENS = 256
# So many rows of numbers are worked on at once that they stay in the processor's cache.
_ROWS = 512


class QuickEmbedder:
    """The packaged model; `warm` takes a quarter of a second. It serves all threads, one at a time."""

    def __init__(self, threads: int = 1) -> None:
        self._threads = threads
        self._tokenizer: Tokenizer | None = None
        self._weights: Mapping[str, Vectors] = {}
        self._lock = threading.RLock()

    @property
    def id(self) -> EmbedderId:
        return PACKAGED_ID

    def warm(self) -> None:
        """Load the weights now. Raises EmbedderError."""
        with self._lock:
            if self._tokenizer is None:
                self._load()

    def _load(self) -> None:
        from safetensors.numpy import load_file
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]
        from tokenizers import Tokenizer

        folder = packaged_weights()
        threadpool_limits(self._threads, user_api="blas")
        self._weights = load_file(folder / "model.safetensors")
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        tokenizer.enable_truncation(_MOST_TOKENS)
        tokenizer.no_padding()
        self._tokenizer = tokenizer

    def embed(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        vectors = np.empty((len(texts), self.id.dimension), dtype=np.float32)
        for numbers, encodings in self._batches(texts):
            with self._lock:
                *_, last = _layers([encoding.ids for encoding in encodings], self._weights)
            vectors[numbers] = [_vector(rows) for rows in last]
            if progress:
                progress(len(numbers))
        return vectors

    def read(self, texts: Sequence[str]) -> list[Reading]:
        found = []
        for numbers, encodings in self._batches(texts):
            with self._lock:
                layers = list(_layers([encoding.ids for encoding in encodings], self._weights))
            for number, encoding, *states in zip(numbers, encodings, *layers, strict=True):
                side_by_side = np.concatenate([_unit(states[layer]) for layer in STATE_LAYERS], axis=1)
                found.append(reading(texts[number], _vector(states[-1]), encoding, states[-1], side_by_side))
        return found

    def _batches(self, texts: Sequence[str]) -> Iterator[tuple[list[int], list[Encoding]]]:
        """The texts in order, a few at a time: their numbers and their tokens."""
        self.warm()
        assert self._tokenizer is not None
        batch: dict[int, Encoding] = {}
        rows = 0
        for number, text in enumerate(texts):
            encoding = self._tokenizer.encode(text)
            rows += len(encoding)
            if batch and rows > _ROWS:
                yield list(batch), list(batch.values())
                batch, rows = {}, len(encoding)
            batch[number] = encoding
        if batch:
            yield list(batch), list(batch.values())


def _layers(texts: Sequence[Sequence[int]], weights: Mapping[str, Vectors]) -> Iterator[list[Vectors]]:
    """The states of each text before the first layer and after each: one row a token.

    All texts stand below each other, so nothing is padded; only attention looks at one at a time.
    """
    ends = np.cumsum([len(text) for text in texts])
    spans = [slice(end - len(text), end) for end, text in zip(ends, texts, strict=True)]

    def linear(rows: Vectors, name: str) -> Vectors:
        return cast("Vectors", rows @ weights[f"{name}.weight"].T + weights[f"{name}.bias"])

    def norm(rows: Vectors, name: str) -> Vectors:
        centered = rows - rows.mean(axis=-1, keepdims=True)
        spread = np.sqrt((centered**2).mean(axis=-1, keepdims=True) + 1e-12)
        return cast("Vectors", centered / spread * weights[f"{name}.weight"] + weights[f"{name}.bias"])

    words = weights["embeddings.word_embeddings.weight"][np.concatenate(texts)]
    places = weights["embeddings.position_embeddings.weight"][np.concatenate([np.arange(len(text)) for text in texts])]
    rows = norm(words + places + weights["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
    yield [rows[span] for span in spans]
    for number in range(_LAYERS):
        layer = f"encoder.layer.{number}"
        query, key, value = (linear(rows, f"{layer}.attention.self.{part}") for part in ("query", "key", "value"))
        seen = np.concatenate([_attention(query[span], key[span], value[span]) for span in spans])
        rows = norm(rows + linear(seen, f"{layer}.attention.output.dense"), f"{layer}.attention.output.LayerNorm")
        thought = linear(_gelu(linear(rows, f"{layer}.intermediate.dense")), f"{layer}.output.dense")
        rows = norm(rows + thought, f"{layer}.output.LayerNorm")
        yield [rows[span] for span in spans]


def _attention(query: Vectors, key: Vectors, value: Vectors) -> Vectors:
    """Every token of one text looks at every other, in several heads."""
    queries, keys, values = (part.reshape(len(part), _HEADS, -1).swapaxes(0, 1) for part in (query, key, value))
    looks = queries @ keys.swapaxes(1, 2) / np.float32(np.sqrt(keys.shape[-1]))
    shares = np.exp(looks - looks.max(axis=-1, keepdims=True))
    seen = shares / shares.sum(axis=-1, keepdims=True) @ values
    return cast("Vectors", seen.swapaxes(0, 1).reshape(query.shape))


def _gelu(rows: Vectors) -> Vectors:
    """x times the normal distribution's share below x, to seven decimals: Abramowitz and Stegun, formula 7.1.26."""
    scaled = np.abs(rows) * np.float32(np.sqrt(0.5))
    t = 1 / (1 + 0.3275911 * scaled)
    series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    below = np.copysign(1 - series * np.exp(-(scaled**2)), rows)
    return cast("Vectors", 0.5 * rows * (1 + below))


def _vector(rows: Vectors) -> Vectors:
    """A text's vector: the mean of its tokens."""
    return _unit(rows.mean(axis=0))


def _unit(rows: Vectors) -> Vectors:
    return cast("Vectors", rows / np.linalg.norm(rows, axis=-1, keepdims=True))
