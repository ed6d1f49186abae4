from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coach.adapters.embed import HashingEmbedder
from coach.errors import EmbedderError, StorageError
from coach.ports import Progress, Vectors
from ingest.vectors import VectorCache, embed

EMBEDDER = HashingEmbedder()
TEXTS = [f"text {number} about {'tea ' * (number % 7)}" for number in range(600)]


class Failing(HashingEmbedder):
    """Gives up after so many batches."""

    def __init__(self, batches: int) -> None:
        super().__init__()
        self._left = batches

    def embed(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        self._left -= 1
        if self._left < 0:
            raise EmbedderError("The model is gone.")
        return super().embed(texts, progress)


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[VectorCache]:
    with closing(VectorCache(tmp_path / "vectors.db", EMBEDDER.id)) as opened:
        yield opened


def test_vectors_come_back_as_they_were_made_in_the_order_asked_for(cache: VectorCache) -> None:
    embed(TEXTS, EMBEDDER, cache)
    asked = [*reversed(TEXTS), TEXTS[0]]
    np.testing.assert_array_equal(cache.vectors(asked), EMBEDDER.embed(asked))
    assert cache.vectors([]).shape == (0, EMBEDDER.id.dimension)


def test_what_was_told_as_done_is_there_after_a_run_that_breaks(tmp_path: Path) -> None:
    told: list[int] = []
    with closing(VectorCache(tmp_path / "vectors.db", EMBEDDER.id)) as cache, pytest.raises(EmbedderError):
        embed(TEXTS, Failing(2), cache, told.append)
    with closing(VectorCache(tmp_path / "vectors.db", EMBEDDER.id)) as cache:
        assert len(cache.missing(TEXTS)) == len(TEXTS) - sum(told)
        embed(TEXTS, Failing(1), cache)
        assert cache.missing(TEXTS) == []


@given(st.lists(st.text(max_size=5), max_size=30), st.lists(st.text(max_size=5), max_size=30))
def test_only_what_was_never_embedded_is_missing_and_each_once(before: list[str], asked: list[str]) -> None:
    with closing(VectorCache(None, EMBEDDER.id)) as cache:
        embed(before, EMBEDDER, cache)
        assert cache.missing(asked) == list(dict.fromkeys(text for text in asked if text not in before))


def test_another_model_finds_nothing_and_the_first_one_s_go_when_it_is_done(tmp_path: Path) -> None:
    file, other = tmp_path / "vectors.db", HashingEmbedder(64)
    with closing(VectorCache(file, EMBEDDER.id)) as cache:
        embed(TEXTS[:5], EMBEDDER, cache)
    with closing(VectorCache(file, other.id)) as cache:
        assert cache.missing(TEXTS[:5]) == TEXTS[:5]
        embed(TEXTS[:5], other, cache)
        cache.forget_others(TEXTS[:3])
        assert cache.missing(TEXTS[:5]) == TEXTS[3:5]
    with closing(VectorCache(file, EMBEDDER.id)) as cache:
        assert cache.missing(TEXTS[:5]) == TEXTS[:5]


@pytest.mark.parametrize("bytes_", [b"no database at all " * 300, b""], ids=["something else", "empty"])
def test_a_file_that_is_no_database_is_begun_anew(tmp_path: Path, bytes_: bytes) -> None:
    file = tmp_path / "vectors.db"
    file.write_bytes(bytes_)
    with closing(VectorCache(file, EMBEDDER.id)) as cache:
        embed(TEXTS[:3], EMBEDDER, cache)
        assert cache.missing(TEXTS[:3]) == []


def test_a_vector_of_the_wrong_length_is_missing(tmp_path: Path) -> None:
    file = tmp_path / "vectors.db"
    with closing(VectorCache(file, EMBEDDER.id)) as cache:
        embed(TEXTS[:2], EMBEDDER, cache)
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("UPDATE vectors SET vector = x'00' WHERE text = (SELECT min(text) FROM vectors)")
    with closing(VectorCache(file, EMBEDDER.id)) as cache:
        assert len(cache.missing(TEXTS[:2])) == 1


def test_a_folder_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "vectors.db").mkdir()
    with pytest.raises(StorageError, match="COACH_HOME"):
        VectorCache(tmp_path / "vectors.db", EMBEDDER.id)
