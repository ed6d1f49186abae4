"""A published index is copied to another place, vectors and all, and compared with what arrived. Knows no model."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np

from coach.errors import IndexMissing, IndexUnusable
from coach.ports import About, IndexStore, PassageIndex, Stored


def copied(source: IndexStore, target: IndexStore) -> About:
    """What was copied. Readers of `target` see what it had until all has arrived.

    Raises IndexMissing, and IndexUnusable if what arrived is not what was sent.
    """
    about = source.about()
    if about is None:
        raise IndexMissing("There is no index to copy. Run: coach ingest")
    sent: dict[str, str] = {}
    index = source.open()
    try:
        target.publish(about, _noted(index, sent))
    finally:
        index.close()
    arrived = fingerprints(target.open())
    if target.about() != about or arrived != sent:
        differing = sum(arrived.get(id_) != mark for id_, mark in sent.items()) + len(arrived.keys() - sent.keys())
        raise IndexUnusable(
            f"{differing} of {len(sent)} passages did not arrive as they were sent. Copy again, or run: coach ingest"
        )
    return about


def fingerprints(index: PassageIndex) -> dict[str, str]:
    """A hash of each passage with its pieces and vectors, by id. Closes the index."""
    try:
        return {stored.entry.passage.id: fingerprint(stored) for stored in index.stored()}
    finally:
        index.close()


def fingerprint(stored: Stored) -> str:
    # Engines keep 32-bit floats and give a sparse vector's terms in an order of their own.
    terms = sorted(zip(stored.sparse.indices, stored.sparse.values, strict=True))
    sparse = np.array([value for _token, value in terms], dtype=np.float32)
    marks = f"{stored.entry.digest} {stored.dense.shape} {[token for token, _value in terms]}"
    return hashlib.sha256(marks.encode() + sparse.tobytes() + stored.dense.tobytes()).hexdigest()


def _noted(index: PassageIndex, sent: dict[str, str]) -> Iterator[Stored]:
    for stored in index.stored():
        sent[stored.entry.passage.id] = fingerprint(stored)
        yield stored
