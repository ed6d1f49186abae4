"""Texts become vectors once: what was embedded stays on disk, so a run that is cut off goes on where it was.

A batch is on disk before its progress is told. The file can be deleted at any time; what was in it is embedded again.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from coach.errors import StorageError
from coach.ports import Embedder, EmbedderId, Progress, Vectors

# Texts between two commits: enough to be sorted by length, few enough to be lost.
_BATCH = 256
_ASKED = 500
_PATIENCE_SECONDS = 30
_SCHEMA = "CREATE TABLE IF NOT EXISTS vectors (model TEXT, text BLOB, vector BLOB, PRIMARY KEY (model, text)) WITHOUT ROWID"


class VectorCache:
    """Vectors in one SQLite file, by the model that made them and a hash of their text; without a file, in memory.

    A file that is no database any more is begun anew. Raises StorageError, as does every method.
    """

    def __init__(self, file: Path | None, model: EmbedderId) -> None:
        self._where = str(file) if file else ":memory:"
        self._model = model
        self._database = _opened(file)

    def missing(self, texts: Sequence[str]) -> list[str]:
        """Those of `texts` that were never embedded, each once."""
        there = {key for key, _size in self._rows("length(vector)", texts)}
        return [text for text in dict.fromkeys(texts) if _hash(text) not in there]

    def vectors(self, texts: Sequence[str]) -> Vectors:
        """In the order of `texts`, shape (len(texts), dimension). Raises KeyError for one that is missing."""
        found = {key: np.frombuffer(vector, dtype=np.float32) for key, vector in self._rows("vector", texts)}
        rows = [found[_hash(text)] for text in texts]
        return np.stack(rows) if rows else np.zeros((0, self._model.dimension), dtype=np.float32)

    def keep(self, texts: Sequence[str], vectors: Vectors) -> None:
        """On disk when this returns."""
        rows = [
            (self._model.fingerprint, _hash(text), row.astype(np.float32).tobytes())
            for text, row in zip(texts, vectors, strict=True)
        ]
        with self._writing() as database:
            database.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", rows)

    def forget_others(self, texts: Sequence[str]) -> None:
        """Drop every vector but those of `texts` with this model."""
        with self._writing() as database:
            database.execute("CREATE TEMP TABLE wanted (text BLOB PRIMARY KEY)")
            database.executemany("INSERT OR IGNORE INTO wanted VALUES (?)", ((_hash(text),) for text in texts))
            database.execute(
                "DELETE FROM vectors WHERE model <> ? OR text NOT IN (SELECT text FROM wanted)", (self._model.fingerprint,)
            )
            database.execute("DROP TABLE wanted")

    def _rows(self, column: str, texts: Sequence[str]) -> Iterator[tuple[bytes, bytes]]:
        """The hash of each text that is there, and a column."""
        keys = list({_hash(text) for text in texts})
        size = self._model.dimension * np.dtype(np.float32).itemsize
        with self._reading() as database:
            for start in range(0, len(keys), _ASKED):
                asked = keys[start : start + _ASKED]
                marks = ",".join("?" * len(asked))
                yield from database.execute(
                    f"SELECT text, {column} FROM vectors "  # noqa: S608 only a name of ours and marks
                    f"WHERE model = ? AND length(vector) = ? AND text IN ({marks})",
                    (self._model.fingerprint, size, *asked),
                )

    def close(self) -> None:
        self._database.close()

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        try:
            yield self._database
        except sqlite3.Error as error:
            raise StorageError(f"{self._where} cannot be used: {error}. Free some room, or delete the file.") from error

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._reading() as database, database:
            yield database


def embed(texts: Sequence[str], embedder: Embedder, cache: VectorCache, progress: Progress | None = None) -> None:
    """Have the vector of every text in the cache; only what was never embedded is. Raises EmbedderError, StorageError.

    `progress` hears of texts when their vectors are on disk.
    """
    # The longest first: a batch of like lengths holds hardly any padding, and the time left is never too rosy.
    missing = sorted(cache.missing(texts), key=lambda text: (-len(text), text))
    for start in range(0, len(missing), _BATCH):
        batch = missing[start : start + _BATCH]
        cache.keep(batch, embedder.embed(batch))
        if progress:
            progress(len(batch))


def _opened(file: Path | None) -> sqlite3.Connection:
    if file is None:
        return _begun(":memory:")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        return _begun(str(file))
    except (OSError, sqlite3.OperationalError) as error:
        raise StorageError(f"{file} cannot be written: {error}. Check COACH_HOME and the disk.") from error
    except sqlite3.DatabaseError:
        for name in (file.name, f"{file.name}-wal", f"{file.name}-shm"):
            file.with_name(name).unlink(missing_ok=True)
        return _begun(str(file))


def _begun(where: str) -> sqlite3.Connection:
    database = sqlite3.connect(where, timeout=_PATIENCE_SECONDS)
    try:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.execute(_SCHEMA)
    except BaseException:
        database.close()
        raise
    return database


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
