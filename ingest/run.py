"""Entries become a published index; what has not changed is not embedded again. Knows no format and no screen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from coach.adapters.lexicon import Bm25Lexicon
from coach.domain import Entry
from coach.errors import IndexUnusable
from coach.ports import FORMAT, About, Embedder, IndexStore, Lexicon, Progress, Stored
from ingest.vectors import VectorCache, embed

Bar = Callable[[str, int], AbstractContextManager[Progress]]
Waiting = Callable[[str], AbstractContextManager[None]]

# Entries whose vectors are in memory at once on their way into the index.
_CARRIED = 256


@dataclass(frozen=True, slots=True)
class Summary:
    """What an ingest did, or would do. `embedded` counts pieces."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0
    embedded: int = 0

    @property
    def anything(self) -> bool:
        return bool(self.added or self.changed or self.removed)


@dataclass(frozen=True, slots=True)
class Plan:
    """What the index is to hold, and which of it, by id, is published as it is."""

    entries: tuple[Entry, ...]
    kept: frozenset[str]
    rebuild: bool
    summary: Summary

    @property
    def new(self) -> tuple[Entry, ...]:
        return tuple(entry for entry in self.entries if entry.passage.id not in self.kept)


def plan(
    entries: Iterable[Entry], store: IndexStore, embedder: Embedder, cache: VectorCache | None = None, rebuild: bool = False
) -> Plan:
    """Compare `entries` with what is published. An index of another embedder or format is built anew."""
    wanted = tuple(entries)
    before = {} if rebuild else _published(store, embedder)
    kept = frozenset(entry.passage.id for entry in wanted if before.get(entry.passage.id) == entry.digest)
    ids = {entry.passage.id for entry in wanted}
    new = list(dict.fromkeys(_texts(entry for entry in wanted if entry.passage.id not in kept)))
    summary = Summary(
        added=len(ids - before.keys()),
        changed=len(ids & before.keys()) - len(kept),
        unchanged=len(kept),
        removed=len(before.keys() - ids),
        embedded=len(new if cache is None or rebuild else cache.missing(new)),
    )
    return Plan(wanted, kept, rebuild, summary)


def ingest(
    plan: Plan,
    store: IndexStore,
    embedder: Embedder,
    lexicon: Lexicon,
    corpus: str,
    now: datetime,
    cache: VectorCache | None = None,
    progress: Progress | None = None,
) -> None:
    """Embed what is new, then publish everything at once. Interrupted at any moment, the old index stays.

    What `cache` was given is not embedded again by the next run. Raises StorageError, EmbedderError, IndexBusy.
    """
    if cache is None:
        with closing(VectorCache(None, embedder.id)) as passing:
            ingest(plan, store, embedder, lexicon, corpus, now, passing, progress)
        return
    if plan.rebuild:
        cache.forget_others(())
    else:
        _take_over(plan, store, cache)
    texts = list(_texts(plan.entries))
    embed(texts, embedder, cache, progress)
    store.publish(_about(plan.entries, embedder, lexicon, corpus, now), _stored(plan.entries, cache, lexicon))
    cache.forget_others(texts)


def bring_up_to_date(
    entries: Iterable[Entry],
    digest: str,
    store: IndexStore,
    embedder: Embedder,
    vectors: Path,
    now: datetime,
    *,
    rebuild: bool = False,
    dry_run: bool = False,
    bar: Bar | None = None,
    waiting: Waiting | None = None,
) -> Summary:
    """Plan, and unless it is a dry run or nothing changed, ingest. `digest` is of the material, `vectors` the cache's file.

    Raises StorageError, EmbedderError, IndexBusy.
    """
    with closing(VectorCache(vectors if vectors.exists() or not dry_run else None, embedder.id)) as cache:
        todo = plan(entries, store, embedder, cache, rebuild)
        if dry_run or not (todo.summary.anything or _outdated(store, embedder, digest)):
            return todo.summary
        if todo.summary.embedded:
            with (waiting or _silent)(f"Loading the embedding model {embedder.id.name} ..."):
                embedder.warm()
        with (bar or _uncounted)("Embedding", todo.summary.embedded) as progress:
            ingest(todo, store, embedder, Bm25Lexicon(), digest, now, cache, progress)
        return todo.summary


def _outdated(store: IndexStore, embedder: Embedder, digest: str) -> bool:
    """Whether what is published was built from other bytes, another model or in another format, or nothing is."""
    try:
        about = store.about()
    except IndexUnusable:
        return True
    return about is None or (about.embedder, about.corpus) != (embedder.id, digest)


def _silent(_what: str) -> AbstractContextManager[None]:
    return nullcontext()


def _uncounted(_what: str, _total: int) -> AbstractContextManager[Progress]:
    return nullcontext(lambda _done: None)


def _published(store: IndexStore, embedder: Embedder) -> dict[str, str]:
    """The digests of what need not be embedded again."""
    try:
        about = store.about()
        return store.digests() if about and about.embedder == embedder.id else {}
    except IndexUnusable:
        return {}


def _take_over(plan: Plan, store: IndexStore, cache: VectorCache) -> None:
    """Give the cache what only the published index has: it was deleted, or the index came from elsewhere."""
    missing = set(cache.missing(list(_texts(entry for entry in plan.entries if entry.passage.id in plan.kept))))
    if not missing:
        return
    index = store.open()
    try:
        for stored in index.stored():
            texts = [piece.text for piece in stored.entry.pieces]
            if stored.entry.passage.id in plan.kept and not missing.isdisjoint(texts):
                cache.keep(texts, stored.dense)
    finally:
        index.close()


def _texts(entries: Iterable[Entry]) -> Iterator[str]:
    return (piece.text for entry in entries for piece in entry.pieces)


def _stored(entries: tuple[Entry, ...], cache: VectorCache, lexicon: Lexicon) -> Iterator[Stored]:
    """A few at a time: all vectors of a large library would not fit into memory."""
    for start in range(0, len(entries), _CARRIED):
        carried = entries[start : start + _CARRIED]
        vectors = cache.vectors(list(_texts(carried)))
        end = 0
        for entry in carried:
            begin, end = end, end + len(entry.pieces)
            yield Stored(entry, vectors[begin:end], lexicon.document(entry.words))


def _about(entries: tuple[Entry, ...], embedder: Embedder, lexicon: Lexicon, corpus: str, now: datetime) -> About:
    frequencies = Counter(token for entry in entries for token in lexicon.document(entry.words).indices)
    return About(
        format=FORMAT,
        embedder=embedder.id,
        corpus=corpus,
        built=now.isoformat(timespec="seconds"),
        entries=len(entries),
        pieces=sum(len(entry.pieces) for entry in entries),
        frequencies=frequencies,
    )
