"""kill -9 at random moments of an ingest: nothing acknowledged is lost, nothing is corrupt, the last good index stays."""

from __future__ import annotations

import multiprocessing
import random
import time
from collections.abc import Sequence
from contextlib import closing
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from coach.adapters.embed import HashingEmbedder
from coach.adapters.index_edge import EdgeStore
from coach.adapters.lexicon import Bm25Lexicon
from coach.domain import Entry, Passage, Piece
from coach.ports import Progress, Vectors
from ingest.run import ingest, plan
from ingest.vectors import VectorCache
from tests.conftest import NOW

KILLS, PASSAGES = 20, 30
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.test_kill"])


class Telling(HashingEmbedder):
    """Takes the moment a small model takes, a few texts at a time."""

    def embed(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        time.sleep(0.005)
        return super().embed(texts, progress)


def material(version: int) -> list[Entry]:
    """Every other passage is the same in all versions."""
    return [entry(number, version if number % 2 else 0) for number in range(PASSAGES)]


def entry(number: int, version: int) -> Entry:
    text = f"passage {number} of version {version}"
    passage = Passage(f"00000000-0000-0000-0000-{number:012d}", text, "a.md", "A", "A", "a", f"line {number}")
    return Entry(passage, (Piece(text), Piece(f"how to find {text}")), text, text)


def run(folder: Path, version: int, told: Connection | None = None) -> None:
    """Ingest a version in small batches, and tell how many texts are acknowledged as they are."""
    store, embedder = EdgeStore(folder / "index"), Telling()
    with closing(VectorCache(folder / "vectors.db", embedder.id)) as cache:
        todo = plan(material(version), store, embedder, cache)
        ingest(todo, store, embedder, Bm25Lexicon(), f"version {version}", NOW, cache, told.send if told else None)


def child(folder: Path, version: int, told: Connection, batch: int) -> None:
    import ingest.vectors

    ingest.vectors._BATCH = batch
    told.send(0)
    run(folder, version, told)


def killed(folder: Path, version: int, after: float) -> int:
    """How many texts were acknowledged by an ingest that was killed so many seconds after it began."""
    ours, theirs = PROCESSES.Pipe(duplex=False)
    process = PROCESSES.Process(target=child, args=(folder, version, theirs, 4))
    process.start()
    theirs.close()
    assert ours.recv() == 0
    time.sleep(after)
    process.kill()
    process.join()
    acknowledged = 0
    try:
        while True:
            acknowledged += ours.recv()
    except (EOFError, OSError):
        return acknowledged
    finally:
        ours.close()


def published(folder: Path) -> tuple[str, int]:
    """Which version is searchable, after a look at every passage and vector of it, and at what the engine finds."""
    store, embedder = EdgeStore(folder / "index"), HashingEmbedder()
    about, index = store.about(), store.open()
    assert about
    version = int(about.corpus.removeprefix("version "))
    wanted = {entry.passage.id: entry for entry in material(version)}
    stored = {found.entry.passage.id: found for found in index.stored()}
    assert {id_: found.entry for id_, found in stored.items()} == wanted
    for found in stored.values():
        np.testing.assert_allclose(found.dense, embedder.embed([piece.text for piece in found.entry.pieces]), atol=1e-6)
    asked = material(version)[7]
    assert next(iter(index.dense(embedder.embed([asked.passage.text])[0].tolist(), 3))) == asked.passage.id
    index.close()
    return about.corpus, len(stored)


def missing(folder: Path, version: int) -> list[str]:
    """The texts of a version that are not in the cache, after a look at every vector that is."""
    embedder, texts = HashingEmbedder(), [piece.text for entry in material(version) for piece in entry.pieces]
    with closing(VectorCache(folder / "vectors.db", embedder.id)) as cache:
        lacking = cache.missing(texts)
        there = [text for text in texts if text not in lacking]
        np.testing.assert_array_equal(cache.vectors(there), embedder.embed(there))
    return lacking


def test_kill_9_at_twenty_random_moments_loses_nothing_acknowledged_and_corrupts_nothing(tmp_path: Path) -> None:
    chance, version = random.Random(8), 1
    run(tmp_path, 0)
    began = time.perf_counter()
    run(tmp_path, version)
    whole = time.perf_counter() - began
    searchable, moments = f"version {version}", []
    for _ in range(KILLS):
        version += searchable == f"version {version}"
        before = len(missing(tmp_path, version))
        acknowledged = killed(tmp_path, version, chance.uniform(0, whole))
        assert len(missing(tmp_path, version)) <= before - acknowledged
        now, passages = published(tmp_path)
        assert now in {searchable, f"version {version}"}
        assert passages == PASSAGES
        moments.append((searchable, acknowledged))
        searchable = now
    run(tmp_path, version)
    assert published(tmp_path) == (f"version {version}", PASSAGES)
    assert len(set(moments)) > 3, f"all kills fell into the same moment: {moments}"
