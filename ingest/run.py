"""Entries become a published index; what has not changed is not embedded again. Knows no format and no screen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from coach.domain import Entry
from coach.errors import IndexUnusable
from coach.ports import FORMAT, About, Embedder, IndexStore, Lexicon, Progress, Stored


@dataclass(frozen=True, slots=True)
class Summary:
    """What an ingest did, or would do. `embedded` counts pieces."""

    added: int
    changed: int
    unchanged: int
    removed: int
    embedded: int

    @property
    def anything(self) -> bool:
        return bool(self.added or self.changed or self.removed)


@dataclass(frozen=True, slots=True)
class Plan:
    """Which entries must be embedded and which are taken over with their vectors."""

    entries: tuple[Entry, ...]
    kept: dict[str, Stored]
    summary: Summary

    @property
    def new(self) -> tuple[Entry, ...]:
        return tuple(entry for entry in self.entries if entry.passage.id not in self.kept)


def plan(entries: Iterable[Entry], store: IndexStore, embedder: Embedder, rebuild: bool = False) -> Plan:
    """Compare `entries` with what is published. An index of another embedder or format is built anew."""
    wanted = tuple(entries)
    before = {} if rebuild else _published(store, embedder)
    kept = {
        entry.passage.id: before[entry.passage.id]
        for entry in wanted
        if entry.passage.id in before and before[entry.passage.id].entry.digest == entry.digest
    }
    ids = {entry.passage.id for entry in wanted}
    summary = Summary(
        added=len(ids - before.keys()),
        changed=len(ids & before.keys()) - len(kept),
        unchanged=len(kept),
        removed=len(before.keys() - ids),
        embedded=sum(len(entry.pieces) for entry in wanted if entry.passage.id not in kept),
    )
    return Plan(wanted, kept, summary)


def ingest(
    plan: Plan,
    store: IndexStore,
    embedder: Embedder,
    lexicon: Lexicon,
    corpus: str,
    now: datetime,
    progress: Progress | None = None,
) -> None:
    """Embed what is new, then publish everything at once. Interrupted at any moment, the old index stays."""
    new = plan.new
    vectors = embedder.embed([piece.text for entry in new for piece in entry.pieces], progress)
    ends = np.cumsum([len(entry.pieces) for entry in new])
    fresh = {
        entry.passage.id: Stored(entry, vectors[end - len(entry.pieces) : end], lexicon.document(entry.words))
        for entry, end in zip(new, ends, strict=True)
    }
    stored = [plan.kept.get(entry.passage.id) or fresh[entry.passage.id] for entry in plan.entries]
    store.publish(_about(stored, embedder, corpus, now), stored)


def _published(store: IndexStore, embedder: Embedder) -> dict[str, Stored]:
    try:
        about = store.about()
        if about is None or about.embedder != embedder.id:
            return {}
        index = store.open()
    except IndexUnusable:
        return {}
    try:
        return {stored.entry.passage.id: stored for stored in index.stored()}
    finally:
        index.close()


def _about(stored: list[Stored], embedder: Embedder, corpus: str, now: datetime) -> About:
    frequencies = Counter(token for entry in stored for token in entry.sparse.indices)
    return About(
        format=FORMAT,
        embedder=embedder.id,
        corpus=corpus,
        built=now.isoformat(timespec="seconds"),
        entries=len(stored),
        pieces=sum(len(entry.dense) for entry in stored),
        frequencies=frequencies,
    )
