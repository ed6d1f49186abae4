"""One suite for every engine: the embedded index, and qdrant-client as it talks to a server."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from qdrant_client import QdrantClient

from coach.adapters.embed import HashingEmbedder
from coach.adapters.index_edge import EdgeStore
from coach.adapters.index_server import ServerStore
from coach.adapters.lexicon import Bm25Lexicon
from coach.domain import Entry
from coach.errors import IndexBusy, IndexMissing, IndexStale, IndexUnusable, StorageError
from coach.ports import IndexStore
from coach.retrieve import search
from tests.conftest import build

EMBEDDER = HashingEmbedder()
LEXICON = Bm25Lexicon()
QUESTIONS = ("how hot for green tea", "oolong oxidation", "why zigzag against the wind", "nothing like it", "tea")


@pytest.fixture(params=["edge", "server"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[IndexStore]:
    if request.param == "edge":
        yield EdgeStore(tmp_path / "index")
        return
    client = QdrantClient(":memory:")
    yield ServerStore(client)
    client.close()


def test_an_empty_store_says_what_to_run(store: IndexStore) -> None:
    assert store.about() is None
    with pytest.raises(IndexMissing, match="coach ingest"):
        store.open()


def test_what_was_published_comes_back_unchanged(store: IndexStore, small_entries: list[Entry]) -> None:
    build(store, small_entries)
    index = store.open()
    back = {stored.entry.passage.id: stored for stored in index.stored()}
    assert {stored.entry for stored in back.values()} == set(small_entries)
    entry = small_entries[0]
    expected = EMBEDDER.embed([piece.text for piece in entry.pieces])
    np.testing.assert_allclose(back[entry.passage.id].dense, expected, atol=1e-6)
    assert set(back[entry.passage.id].sparse.indices) == set(LEXICON.document(entry.words).indices)
    index.close()


def test_passages_come_in_the_order_asked_for(store: IndexStore, small_entries: list[Entry]) -> None:
    build(store, small_entries)
    index = store.open()
    ids = [entry.passage.id for entry in reversed(small_entries)]
    assert [passage.id for passage in index.passages([*ids, "00000000-0000-0000-0000-000000000000"])] == ids
    assert [stored.entry.passage.id for stored in index.entries(ids)] == ids
    index.close()


def test_the_dense_score_is_the_best_piece_s(store: IndexStore, small_entries: list[Entry]) -> None:
    build(store, small_entries)
    index = store.open()
    vector = EMBEDDER.embed(["what temperature for green tea"])[0]
    found = index.dense(vector.tolist(), 3)
    for entry in small_entries:
        best = max(float(row @ vector) for row in EMBEDDER.embed([piece.text for piece in entry.pieces]))
        assert found[entry.passage.id] == pytest.approx(best, abs=1e-5)
    only = small_entries[1].passage.id
    assert list(index.dense(vector.tolist(), 3, among=[only])) == [only]
    assert index.dense(vector.tolist(), 3, among=[]) == {}
    index.close()


def test_both_engines_rank_and_score_alike(tmp_path: Path, small_entries: list[Entry]) -> None:
    edge, server = EdgeStore(tmp_path / "index"), ServerStore(QdrantClient(":memory:"))
    build(edge, small_entries)
    build(server, small_entries)
    one, other = edge.open(), server.open()
    for question in QUESTIONS:
        vector = EMBEDDER.embed([question])[0]
        left, right = search(one, LEXICON, question, vector, 3), search(other, LEXICON, question, vector, 3)
        assert [hit.passage for hit in left] == [hit.passage for hit in right]
        assert [hit.score for hit in left] == pytest.approx([hit.score for hit in right], abs=1e-4)
    one.close()


def test_scores_stay_between_nothing_and_their_ceiling(store: IndexStore, small_entries: list[Entry]) -> None:
    build(store, small_entries)
    index = store.open()
    for question in QUESTIONS:
        for hit in search(index, LEXICON, question, EMBEDDER.embed([question])[0], 3):
            assert 0 <= hit.dense <= 1
            assert 0 <= hit.lexical <= 1
    index.close()


def test_a_new_index_replaces_the_old_one_all_at_once(store: IndexStore, small_entries: list[Entry]) -> None:
    build(store, small_entries)
    before = store.open()
    build(store, small_entries[:1])
    after = store.open()
    assert [stored.entry for stored in after.stored()] == small_entries[:1]
    if isinstance(store, EdgeStore):
        assert len(list(before.stored())) == len(small_entries)
    before.close()
    after.close()


def test_a_build_that_breaks_leaves_the_last_good_index(store: IndexStore, small_entries: list[Entry]) -> None:
    build(store, small_entries)
    about = store.about()
    assert about is not None
    stored = list(store.open().stored())

    def breaking() -> Iterator[object]:
        yield stored[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.publish(about, breaking())  # type: ignore[arg-type]
    assert store.about() == about
    assert len(list(store.open().stored())) == len(small_entries)


def test_an_index_of_another_format_names_the_cure(store: IndexStore, small_entries: list[Entry]) -> None:
    build(store, small_entries)
    about = store.about()
    assert about is not None
    store.publish(dataclasses.replace(about, format=99), list(store.open().stored()))
    with pytest.raises(IndexStale, match="coach ingest --rebuild"):
        store.open()


def test_two_readers_and_a_writer_share_the_embedded_index(tmp_path: Path, small_entries: list[Entry]) -> None:
    store = EdgeStore(tmp_path / "index")
    build(store, small_entries)
    one = store.open()
    code = (
        "import sys; from pathlib import Path; from coach.adapters.index_edge import EdgeStore;"
        "print(len(list(EdgeStore(Path(sys.argv[1])).open().stored())))"
    )
    other = subprocess.run([sys.executable, "-c", code, str(tmp_path / "index")], capture_output=True, text=True, check=True)
    assert other.stdout.strip() == str(len(small_entries))
    build(store, small_entries[:2])
    assert len(list(one.stored())) == len(small_entries)
    one.close()


def test_a_second_writer_is_told_to_wait(tmp_path: Path, small_entries: list[Entry], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coach.adapters.index_edge._LOCK_SECONDS", 0.1)
    store = EdgeStore(tmp_path / "index")
    build(store, small_entries)
    from filelock import FileLock

    with FileLock(tmp_path / "index" / "build.lock"), pytest.raises(IndexBusy, match="Wait for it"):
        build(store, small_entries[:1])


def test_leftovers_of_interrupted_builds_are_swept(tmp_path: Path, small_entries: list[Entry]) -> None:
    folder = tmp_path / "index"
    build(EdgeStore(folder), small_entries)
    (folder / "build-interrupted" / "shard").mkdir(parents=True)
    build(EdgeStore(folder), small_entries[:1])
    assert len(list(folder.glob("build-*"))) == 1


def test_a_damaged_index_names_the_cure(tmp_path: Path, small_entries: list[Entry]) -> None:
    store = EdgeStore(tmp_path / "index")
    build(store, small_entries)
    (about,) = (tmp_path / "index").glob("build-*/about.json")
    about.write_text("{}")
    with pytest.raises(IndexStale, match="--rebuild"):
        store.open()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_an_unwritable_folder_is_named(tmp_path: Path, small_entries: list[Entry]) -> None:
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o500)
    with pytest.raises(StorageError, match="COACH_HOME"):
        build(EdgeStore(folder / "index"), small_entries)


def test_a_home_that_is_a_file_is_named(tmp_path: Path, small_entries: list[Entry]) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="COACH_HOME"):
        build(EdgeStore(tmp_path / "file" / "index"), small_entries)


def test_a_server_that_is_not_there_names_its_settings() -> None:
    with pytest.raises(IndexUnusable, match="COACH_QDRANT_URL"):
        ServerStore.at("http://127.0.0.1:9").about()


def test_readers_share_the_large_files_and_leave_what_is_published_as_it_was(tmp_path: Path, small_entries: list[Entry]) -> None:
    store = EdgeStore(tmp_path / "index")
    build(store, small_entries)
    (published,) = (tmp_path / "index").glob("build-*")
    before = {file: file.read_bytes() for file in published.rglob("*") if file.is_file()}
    one, other = store.open(), store.open()
    for index in (one, other):
        assert search(index, LEXICON, QUESTIONS[0], EMBEDDER.embed([QUESTIONS[0]])[0], 3)
    copied = [file for file in (tmp_path / "index").glob("coach-reader-*/**/*") if file.is_file() and file.stat().st_nlink == 1]
    assert sum(file.stat().st_size for file in copied) < 16 * 2**20
    one.close()
    other.close()
    assert {file: file.read_bytes() for file in published.rglob("*") if file.is_file()} == before
    assert not list((tmp_path / "index").glob("coach-reader-*"))


def test_a_large_index_finds_by_a_graph_and_scores_by_the_whole_vectors(
    tmp_path: Path, small_entries: list[Entry], monkeypatch: pytest.MonkeyPatch
) -> None:
    build(EdgeStore(tmp_path / "exact"), small_entries)
    monkeypatch.setattr("coach.adapters.index_edge.GRAPH_FROM", 1)
    build(EdgeStore(tmp_path / "graph"), small_entries)
    one, other = EdgeStore(tmp_path / "exact").open(), EdgeStore(tmp_path / "graph").open()
    for question in QUESTIONS:
        vector = EMBEDDER.embed([question])[0].tolist()
        assert one.dense(vector, 3) == pytest.approx(other.dense(vector, 3), abs=1e-6)
    one.close()
    other.close()


def test_digests_tell_what_is_published(store: IndexStore, small_entries: list[Entry]) -> None:
    build(store, small_entries)
    assert store.digests() == {entry.passage.id: entry.digest for entry in small_entries}
