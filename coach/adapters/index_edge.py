"""The embedded index: Qdrant Edge, in process, in a folder.

    <folder>/current            the name of the published build
    <folder>/<build>/about.json what it was built from
    <folder>/<build>/shard/     the engine's files, never opened where they lie
    <folder>/coach-reader-*     what a process has open

Edge writes to a folder when it opens it, so a reader opens a private copy: any number of processes can read, and
a build next to them changes nothing until `current` is replaced. It writes only to the small files that keep account;
the large ones, which hold the data, are shared by hard links.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
import weakref
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import qdrant_edge as edge
from filelock import FileLock, Timeout

from coach.adapters import points
from coach.adapters.points import DENSE, SPARSE
from coach.domain import Passage
from coach.errors import IndexBusy, IndexMissing, IndexStale, StorageError
from coach.ports import About, PassageIndex, Sparse, Stored

_BATCH = 256
_LOCK_SECONDS = 10
_COPY_PREFIX = "coach-reader-"
_LARGE_BYTES = 4 * 2**20
# The engine drops these from the system's cache when it closes, and its next opening needs all of them: read page by page,
# as it would, that takes ten times as long.
_NEEDED_WHOLE = "quantized.data"
_CHUNK = 2**20
# From so many passages on, a graph over vectors of bytes finds candidates, and whole vectors score them; below, looking
# at every passage is quick enough, and exact.
GRAPH_FROM = 20_000
_EDGES, _BUILD_EFFORT, _SEARCH_EFFORT, _OVERSAMPLING = 16, 64, 128, 2.0


class EdgeStore:
    """Builds and opens indexes under `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def publish(self, about: About, entries: Iterable[Stored]) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with FileLock(self._folder / "build.lock", timeout=_LOCK_SECONDS):
                self._sweep()
                build = self._folder / f"build-{uuid.uuid4().hex[:12]}"
                (build / "shard").mkdir(parents=True)
                _write(build / "shard", about, entries)
                _write_durably(build / "about.json", points.about_text(about))
                _sync_folder(build)
                self._point_to(build.name)
                self._sweep()
        except Timeout as error:
            raise IndexBusy(
                f"Another process is writing the index in {self._folder}. Wait for it, then run: coach ingest"
            ) from error
        except OSError as error:
            raise StorageError(
                f"The index cannot be written to {self._folder}: {error.strerror or error}. "
                "Make the folder writable, or set COACH_HOME to one that is."
            ) from error

    def open(self) -> PassageIndex:
        return self._open()

    def _open(self) -> EdgeIndex:
        while True:
            build = self._current()
            if build is None:
                raise IndexMissing(f"There is no index in {self._folder} yet. Run: coach ingest")
            try:
                return EdgeIndex(self._private_copy(build / "shard"), _read_about(build))
            except (StorageError, IndexStale):
                # A build that was replaced and swept away while it was being copied; the new one is there.
                if self._current() == build:
                    raise

    def about(self) -> About | None:
        build = self._current()
        return _read_about(build) if build else None

    def digests(self) -> dict[str, str]:
        index = self._open()
        try:
            return index.digests()
        finally:
            index.close()

    def _current(self) -> Path | None:
        try:
            name = (self._folder / "current").read_text(encoding="utf-8").strip()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise StorageError(f"The index in {self._folder} cannot be read: {error.strerror}. Check its permissions.") from error
        build = self._folder / Path(name).name
        return build if build.is_dir() else None

    def _point_to(self, name: str) -> None:
        new = self._folder / f"current.{os.getpid()}"
        _write_durably(new, name + "\n")
        new.replace(self._folder / "current")
        _sync_folder(self._folder)

    def _sweep(self) -> None:
        """Remove builds nobody points to: replaced, or interrupted. Call only while holding the lock."""
        with suppress(OSError):
            current = self._current()
            for build in self._folder.glob("build-*"):
                if build != current:
                    shutil.rmtree(build, ignore_errors=True)

    def _private_copy(self, shard: Path) -> Path:
        """Beside the builds, where large files can be linked; in the temporary folder if nothing may be written there."""
        _drop_orphans(self._folder)
        with suppress(OSError):
            return _copy(shard, self._folder)
        elsewhere = Path(tempfile.gettempdir())
        _drop_orphans(elsewhere)
        try:
            return _copy(shard, elsewhere)
        except OSError as error:
            raise StorageError(
                f"The index cannot be copied to {elsewhere}: {error}. Free some room there, or set TMPDIR."
            ) from error


class EdgeIndex:
    """A published index, opened from a private copy that goes when the object does."""

    def __init__(self, copy: Path, about: About) -> None:
        self._about = about
        self._shard = edge.EdgeShard.load(str(copy))
        self._finalizer = weakref.finalize(self, _drop, self._shard, copy)

    @property
    def about(self) -> About:
        return self._about

    def dense(self, vector: Sequence[float], limit: int, among: Collection[str] | None = None) -> dict[str, float]:
        return self._query([float(x) for x in vector], DENSE, limit, among)

    def lexical(self, query: Sparse, limit: int, among: Collection[str] | None = None) -> dict[str, float]:
        if not query.indices:
            return {}
        return self._query(edge.SparseVector(list(query.indices), list(query.values)), SPARSE, limit, among)

    def _query(self, vector: Any, using: str, limit: int, among: Collection[str] | None) -> dict[str, float]:
        if among is not None and not among:
            return {}
        only = None if among is None else edge.Filter(must=[edge.HasIdCondition(set(among))])
        request = edge.QueryRequest(limit=limit, query=edge.Query.Nearest(vector, using=using), filter=only, params=_search())
        return {str(point.id): point.score for point in self._shard.query(request)}

    def passages(self, ids: Sequence[str]) -> list[Passage]:
        found = {str(r.id): r for r in self._shard.retrieve(list(ids), with_payload=True, with_vector=False)}
        return [points.passage(id_, cast("dict[str, Any]", found[id_].payload)) for id_ in ids if id_ in found]

    def entries(self, ids: Sequence[str]) -> list[Stored]:
        found = {str(r.id): r for r in self._shard.retrieve(list(ids), with_payload=True, with_vector=True)}
        return [_stored(found[id_]) for id_ in ids if id_ in found]

    def stored(self) -> Iterator[Stored]:
        return map(_stored, self._records(with_payload=True, with_vector=True))

    def digests(self) -> dict[str, str]:
        """The digest of each entry by its passage's id."""
        records = self._records(with_payload=["digest"], with_vector=False)
        return {str(record.id): cast("dict[str, Any]", record.payload)["digest"] for record in records}

    def _records(self, **what: Any) -> Iterator[edge.Record]:
        offset: Any = None
        while True:
            records, offset = self._shard.scroll(edge.ScrollRequest(limit=_BATCH, offset=offset, **what))
            yield from records
            if offset is None:
                return

    def close(self) -> None:
        self._finalizer()


def _write(shard_folder: Path, about: About, entries: Iterable[Stored]) -> None:
    graph = about.entries >= GRAPH_FROM
    shard = edge.EdgeShard.create(str(shard_folder), _config(about.embedder.dimension, graph=graph))
    try:
        for batch in points.batches(entries, _BATCH):
            shard.update(edge.UpdateOperation.upsert_points([_point(stored) for stored in batch]))
        if graph:
            shard.optimize()
        shard.flush()
    finally:
        shard.close()


def _config(dimension: int, *, graph: bool) -> edge.EdgeConfig:
    several = edge.MultiVectorConfig(edge.MultiVectorComparator.MaxSim)
    # With a graph, whole vectors score a few candidates only: they need not be in memory.
    memory = edge.Memory.Cold if graph else None
    dense = edge.EdgeVectorParams(dimension, edge.Distance.Dot, multivector_config=several, memory=memory)
    return edge.EdgeConfig(
        vectors={DENSE: dense},
        sparse_vectors={SPARSE: edge.EdgeSparseVectorParams(modifier=edge.Modifier.Idf)},
        hnsw_config=edge.HnswIndexConfig(_EDGES, _BUILD_EFFORT, full_scan_threshold=10_000),
        quantization_config=edge.ScalarQuantizationConfig(edge.ScalarType.Int8, memory=edge.Memory.Cached) if graph else None,
        # A build that is cut off is thrown away whole, so a log to replay would only cost time.
        wal_enabled=False,
    )


def _search() -> edge.SearchParams:
    exactly = edge.QuantizationSearchParams(rescore=True, oversampling=_OVERSAMPLING)
    return edge.SearchParams(hnsw_ef=_SEARCH_EFFORT, quantization=exactly)


def _point(stored: Stored) -> edge.Point:
    sparse = edge.SparseVector(list(stored.sparse.indices), list(stored.sparse.values))
    vectors = {DENSE: stored.dense.tolist(), SPARSE: sparse}
    return edge.Point(stored.entry.passage.id, cast("Any", vectors), points.payload(stored.entry))


def _stored(record: edge.Record) -> Stored:
    vectors = cast("dict[str, Any]", record.vector)
    return points.stored(str(record.id), cast("dict[str, Any]", record.payload), vectors)


def _read_about(build: Path) -> About:
    file = build / "about.json"
    try:
        about = _about_as_of(file, file.stat().st_mtime_ns)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise IndexStale(f"{file} cannot be read, so the index cannot be trusted. Run: coach ingest --rebuild") from error
    return points.readable(about, f"in {build}")


@lru_cache(maxsize=8)
def _about_as_of(file: Path, _changed: int) -> About:
    """Pages ask at every rerun; reading thousands of frequencies takes longer than many a search."""
    return points.about(file.read_text(encoding="utf-8"))


def _copy(shard: Path, folder: Path) -> Path:
    copy = Path(tempfile.mkdtemp(prefix=f"{_COPY_PREFIX}{os.getpid()}-", dir=folder))
    try:
        shutil.copytree(shard, copy, dirs_exist_ok=True, copy_function=_link_or_copy)
    except BaseException:
        shutil.rmtree(copy, ignore_errors=True)
        raise
    return copy


def _link_or_copy(source: str, target: str) -> None:
    if Path(source).name == _NEEDED_WHOLE:
        _read_ahead(source)
    if Path(source).stat().st_size >= _LARGE_BYTES:
        with suppress(OSError):
            # Fails on another disk and where there are no hard links.
            os.link(source, target)
            return
    shutil.copy2(source, target)


def _read_ahead(file: str) -> None:
    """Have a file in the system's cache."""
    with Path(file).open("rb", buffering=0) as opened:
        while opened.read(_CHUNK):
            pass


def _drop_orphans(folder: Path) -> None:
    """Remove copies whose process was killed before it could."""
    for copy in folder.glob(f"{_COPY_PREFIX}*-*"):
        pid = copy.name.removeprefix(_COPY_PREFIX).split("-")[0]
        if pid.isdigit() and not _alive(int(pid)):
            shutil.rmtree(copy, ignore_errors=True)


def _write_durably(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Have the names in a folder on disk too, where a system can."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _drop(shard: edge.EdgeShard, copy: Path) -> None:
    shard.close()
    shutil.rmtree(copy, ignore_errors=True)
