"""A statement and words of a reply become three chances: the reply says it, is beside it, or contradicts it.

A cosine cannot tell a statement from its opposite; this can, much better than chance, because it compares word by word:
each word of one side is laid beside what it corresponds to in the other, and what differs there is judged (Parikh et
al. 2016, A Decomposable Attention Model, sections 3.1-3.3). Words come as the embedding model's own layers, so the net
is small. `coach eval entail --fit` trains it on statements written for that; it fits one embedding model only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import numpy as np

from coach.ports import DEFAULT_EMBEDDER, Vectors

FILE = Path(__file__).with_name("entail.npz")
SAYS, BESIDE, CONTRADICTS = range(3)


@dataclass(frozen=True, slots=True)
class Seen:
    """A text as the net takes it, one row a word piece: the model's layers, and what the net makes of each piece once
    for all comparisons (the first layer of section 3.2 is linear, so each side's part of it can be had beforehand)."""

    layers: tuple[Vectors, ...]
    asked: Vectors
    own: Vectors
    mine: Vectors
    theirs: Vectors


@dataclass(frozen=True)
class Entailment:
    """The net's arrays by name."""

    arrays: dict[str, Vectors]

    def seen(self, states: Vectors) -> Seen:
        """A text's token states, as `Reading` has them, made ready."""
        net = self.arrays
        parts = np.split(states, len(net["mean"]), axis=1)
        layers = tuple(_unit((part - mean) @ base) for part, mean, base in zip(parts, net["mean"], net["base"], strict=True))
        pieces = np.concatenate(layers, axis=1)
        own = self._linear("proj", pieces) * 2
        mine, theirs, difference, _product, _near = self._first
        return Seen(
            layers,
            pieces @ net["att"].T,
            own,
            own @ (mine + difference).T + net["cmp1.bias"],
            own @ (theirs - difference).T,
        )

    def chances(self, statement: Seen, others: Sequence[Seen]) -> Vectors:
        """Shape (len(others), 3): says, beside, contradicts."""
        found = [self._compared(statement, other) for other in others]
        if not found:
            return np.zeros((0, 3), dtype=np.float32)
        hidden = np.maximum(self._linear("out1", np.stack(found)), 0)
        return _softmax(self._linear("out2", hidden), axis=1)

    @cached_property
    def _first(self) -> list[Vectors]:
        """The parts of the comparison's first layer: own, beside, their difference, their product, nearness."""
        weight, breadth = self.arrays["cmp1.weight"], len(self.arrays["proj.bias"])
        return np.split(weight, [breadth, 2 * breadth, 3 * breadth, 4 * breadth], axis=1)

    def _compared(self, one: Seen, other: Seen) -> Vectors:
        if not len(one.own) or not len(other.own):
            return np.zeros(self.arrays["out1.weight"].shape[1], dtype=np.float32)
        cosines = [a @ b.T for a, b in zip(one.layers, other.layers, strict=True)]
        heated = zip(cosines, self.arrays["temp"], strict=True)
        likeness = one.asked @ other.asked.T + sum(cosine * heat for cosine, heat in heated)
        mean_a, most_a, near_a = self._judged(one, other, _softmax(likeness, axis=1), cosines)
        mean_b, most_b, near_b = self._judged(other, one, _softmax(likeness.T, axis=1), [cosine.T for cosine in cosines])
        return np.concatenate([mean_a, most_a, mean_b, most_b, near_a, near_b])

    def _judged(self, own: Seen, other: Seen, lies: Vectors, cosines: Sequence[Vectors]) -> tuple[Vectors, Vectors, Vectors]:
        """Mean and maximum over a side's pieces of how each compares with what lies beside it, and their mean nearness."""
        *_, product, nearness = self._first
        near = np.stack([(lies * cosine).sum(axis=1) for cosine in cosines], axis=1)
        first = own.mine + lies @ other.theirs + (own.own * (lies @ other.own)) @ product.T + near @ nearness.T
        judged = np.maximum(self._linear("cmp2", np.maximum(first, 0)), 0)
        return judged.mean(axis=0), judged.max(axis=0), near.mean(axis=0)

    def _linear(self, name: str, values: Vectors) -> Vectors:
        mapped: Vectors = values @ self.arrays[f"{name}.weight"].T + self.arrays[f"{name}.bias"]
        return mapped


def entailment_for(model: str) -> Entailment | None:
    """The net trained for an embedding model; other models have none."""
    return _stored() if model == DEFAULT_EMBEDDER and FILE.is_file() else None


@cache
def _stored() -> Entailment:
    with np.load(FILE) as stored:
        return Entailment({name: stored[name].astype(np.float32) for name in stored.files})


def _unit(rows: Vectors) -> Vectors:
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: Vectors = np.divide(rows, norms, out=np.zeros_like(rows), where=norms > 0)
    return unit


def _softmax(values: Vectors, axis: int) -> Vectors:
    raised = np.exp(values - values.max(axis=axis, keepdims=True))
    shares: Vectors = raised / raised.sum(axis=axis, keepdims=True)
    return shares
