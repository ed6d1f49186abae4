"""The index on a Qdrant server or cluster, through qdrant-client.

A build is a collection of its own; `<name>` is an alias that moves to it when it is complete. What an index was
built from lies in the collection as one point without vectors, so no search ever finds it.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

import httpx
from grpc import RpcError  # type: ignore[import-untyped]
from qdrant_client import QdrantClient
from qdrant_client import models as m
from qdrant_client.http.exceptions import ApiException

from coach.adapters import points
from coach.adapters.points import DENSE, SPARSE
from coach.domain import Passage
from coach.errors import IndexMissing, IndexStale, IndexUnusable
from coach.ports import About, PassageIndex, Sparse, Stored

_BATCH = 128
_PAGE = 1_000
_QUANTIZED = m.ScalarQuantization(scalar=m.ScalarQuantizationConfig(type=m.ScalarType.INT8, quantile=0.99, always_ram=True))
_ABOUT_ID = str(uuid.uuid5(uuid.NAMESPACE_URL, "interview-coach/about"))

P = ParamSpec("P")
R = TypeVar("R")


def _translated(function: Callable[P, R]) -> Callable[P, R]:
    @wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except (ApiException, httpx.HTTPError, RpcError) as error:
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise IndexUnusable(
                f"The Qdrant server did not answer as expected: {reason.rstrip('.')}. "
                "Check COACH_QDRANT_URL and COACH_QDRANT_API_KEY, or unset them to use the embedded index."
            ) from error

    return wrapper


@dataclass(frozen=True, slots=True)
class Shape:
    """How a server keeps an index. Quantized vectors are for finding; what is found is scored by the whole ones."""

    shards: int = 1
    replicas: int = 1
    on_disk: bool = False
    quantized: bool = False
    filtered: tuple[str, ...] = ("origin", "topic", "source")


class ServerStore:
    """Builds and opens the index called `name` on one server. `client` may also be an in-memory one."""

    def __init__(self, client: QdrantClient, name: str = "interview-coach", shape: Shape | None = None) -> None:
        self._client = client
        self._name = name
        self._shape = shape or Shape(filtered=())

    @classmethod
    def at(
        cls,
        url: str,
        api_key: str | None = None,
        name: str = "interview-coach",
        shape: Shape | None = None,
        grpc_port: int | None = None,
    ) -> ServerStore:
        """`url` may be `:memory:` for an index that lives and dies with this process."""
        if url == ":memory:":
            return cls(QdrantClient(":memory:"), name)
        client = QdrantClient(
            url=url,
            api_key=api_key,
            timeout=30,
            check_compatibility=False,
            prefer_grpc=grpc_port is not None,
            grpc_port=grpc_port or 6334,
        )
        return cls(client, name, shape or Shape())

    @_translated
    def publish(self, about: About, entries: Iterable[Stored]) -> None:
        build = f"{self._name}-{uuid.uuid4().hex[:12]}"
        self._create(build, about.embedder.dimension)
        try:
            for batch in points.batches(entries, _BATCH):
                self._client.upsert(build, [_point(stored) for stored in batch], wait=True)
            marker = m.PointStruct(id=_ABOUT_ID, vector={}, payload={"about": points.about_text(about)})
            self._client.upsert(build, [marker], wait=True)
        except BaseException:
            self._client.delete_collection(build)
            raise
        self._switch(build)

    @_translated
    def open(self) -> PassageIndex:
        about = self.about()
        if about is None:
            raise IndexMissing(f"The Qdrant server has no index called {self._name!r} yet. Run: coach ingest")
        return ServerIndex(self._client, self._name, about)

    @_translated
    def about(self) -> About | None:
        if self._current() is None:
            return None
        found = self._client.retrieve(self._name, [_ABOUT_ID], with_payload=True)
        try:
            about = points.about(cast("dict[str, Any]", found[0].payload)["about"])
        except (IndexError, KeyError, TypeError, ValueError) as error:
            raise IndexStale(
                f"The collection {self._name!r} was not made by the coach, or is broken. Run: coach ingest --rebuild"
            ) from error
        return points.readable(about, repr(self._name))

    @_translated
    def digests(self) -> dict[str, str]:
        found: dict[str, str] = {}
        offset: Any = None
        while True:
            records, offset = self._client.scroll(self._name, limit=_PAGE, offset=offset, with_payload=["digest"])
            found |= {str(r.id): cast("dict[str, Any]", r.payload)["digest"] for r in records if str(r.id) != _ABOUT_ID}
            if offset is None:
                return found

    def _create(self, build: str, dimension: int) -> None:
        several = m.MultiVectorConfig(comparator=m.MultiVectorComparator.MAX_SIM)
        self._client.create_collection(
            build,
            vectors_config={
                DENSE: m.VectorParams(
                    size=dimension,
                    distance=m.Distance.DOT,
                    multivector_config=several,
                    on_disk=self._shape.on_disk or None,
                    quantization_config=_QUANTIZED if self._shape.quantized else None,
                )
            },
            sparse_vectors_config={SPARSE: m.SparseVectorParams(modifier=m.Modifier.IDF)},
            shard_number=self._shape.shards,
            replication_factor=self._shape.replicas,
            on_disk_payload=True,
        )
        for field in self._shape.filtered:
            self._client.create_payload_index(build, field, m.PayloadSchemaType.KEYWORD)

    def _current(self) -> str | None:
        aliases = self._client.get_aliases().aliases
        return next((alias.collection_name for alias in aliases if alias.alias_name == self._name), None)

    def _switch(self, build: str) -> None:
        """Point the alias at `build`, then drop the build it pointed to before."""
        before = self._current()
        actions: list[Any] = []
        if before is not None:
            actions.append(m.DeleteAliasOperation(delete_alias=m.DeleteAlias(alias_name=self._name)))
        create = m.CreateAlias(collection_name=build, alias_name=self._name)
        actions.append(m.CreateAliasOperation(create_alias=create))
        self._client.update_collection_aliases(change_aliases_operations=actions)
        if before is not None:
            self._client.delete_collection(before)


class ServerIndex:
    """A published index on a server. Searches always see the build the alias points to."""

    def __init__(self, client: QdrantClient, name: str, about: About) -> None:
        self._client = client
        self._name = name
        self._about = about

    @property
    def about(self) -> About:
        return self._about

    def dense(self, vector: Sequence[float], limit: int, among: Collection[str] | None = None) -> dict[str, float]:
        return self._query([list(map(float, vector))], DENSE, limit, among)

    def lexical(self, query: Sparse, limit: int, among: Collection[str] | None = None) -> dict[str, float]:
        if not query.indices:
            return {}
        return self._query(m.SparseVector(indices=list(query.indices), values=list(query.values)), SPARSE, limit, among)

    @_translated
    def _query(self, vector: Any, using: str, limit: int, among: Collection[str] | None) -> dict[str, float]:
        if among is not None and not among:
            return {}
        only = None if among is None else m.Filter(must=[m.HasIdCondition(has_id=list(among))])
        found = self._client.query_points(
            self._name, query=vector, using=using, limit=limit, query_filter=only, with_payload=False
        )
        return {str(point.id): point.score for point in found.points}

    @_translated
    def passages(self, ids: Sequence[str]) -> list[Passage]:
        records = self._client.retrieve(self._name, list(ids), with_payload=True)
        found = {str(record.id): cast("dict[str, Any]", record.payload) for record in records}
        return [points.passage(id_, found[id_]) for id_ in ids if id_ in found and id_ != _ABOUT_ID]

    @_translated
    def entries(self, ids: Sequence[str]) -> list[Stored]:
        records = self._client.retrieve(self._name, list(ids), with_payload=True, with_vectors=True)
        found = {str(record.id): record for record in records}
        return [_stored(found[id_]) for id_ in ids if id_ in found and id_ != _ABOUT_ID]

    @_translated
    def _page(self, offset: Any) -> tuple[list[m.Record], Any]:
        return self._client.scroll(self._name, limit=_BATCH, offset=offset, with_payload=True, with_vectors=True)

    def stored(self) -> Iterator[Stored]:
        offset: Any = None
        while True:
            records, offset = self._page(offset)
            yield from (_stored(record) for record in records if str(record.id) != _ABOUT_ID)
            if offset is None:
                return

    def close(self) -> None:
        """The client is shared; nothing of this index's own to close."""


def _point(stored: Stored) -> m.PointStruct:
    sparse = m.SparseVector(indices=list(stored.sparse.indices), values=list(stored.sparse.values))
    vectors = {DENSE: stored.dense.tolist(), SPARSE: sparse}
    return m.PointStruct(id=stored.entry.passage.id, vector=cast("Any", vectors), payload=points.payload(stored.entry))


def _stored(record: m.Record) -> Stored:
    vectors = cast("dict[str, Any]", record.vector)
    return points.stored(str(record.id), cast("dict[str, Any]", record.payload), vectors)
