"""Entries become point payloads and back; the same for the embedded index and a server."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, TypeVar

import numpy as np

from coach.domain import Entry, Origin, Passage, Piece, Reference
from coach.errors import IndexStale
from coach.ports import FORMAT, About, EmbedderId, Sparse, Stored

DENSE = "dense"
SPARSE = "bm25"

T = TypeVar("T")


def payload(entry: Entry) -> dict[str, Any]:
    passage = entry.passage
    return {
        "text": passage.text,
        "source": passage.source,
        "title": passage.title,
        "heading": passage.heading,
        "topic": passage.topic,
        "place": passage.place,
        "links": [{"title": link.title, "url": link.url, "why": link.why} for link in passage.links],
        "origin": passage.origin,
        "as_of": passage.as_of,
        "by": passage.by,
        "pieces": [[piece.text, piece.first, piece.last] for piece in entry.pieces],
        "words": entry.words,
        "digest": entry.digest,
    }


def passage(id_: str, payload: Mapping[str, Any]) -> Passage:
    return Passage(
        id=id_,
        text=payload["text"],
        source=payload["source"],
        title=payload["title"],
        heading=payload["heading"],
        topic=payload["topic"],
        place=payload["place"],
        links=tuple(Reference(link["title"], link["url"], link["why"]) for link in payload["links"]),
        origin=Origin(payload.get("origin", Origin.BANK)),
        as_of=payload.get("as_of", ""),
        by=payload.get("by", ""),
    )


def entry(id_: str, payload: Mapping[str, Any]) -> Entry:
    pieces = tuple(Piece(text, first, last) for text, first, last in payload["pieces"])
    return Entry(passage(id_, payload), pieces, payload["words"], payload["digest"])


def stored(id_: str, payload: Mapping[str, Any], vectors: Mapping[str, Any]) -> Stored:
    """`vectors` as both engines return them: rows of numbers, and a sparse vector with indices and values."""
    sparse = vectors[SPARSE]
    dense = np.asarray(vectors[DENSE], dtype=np.float32)
    return Stored(entry(id_, payload), dense, Sparse(tuple(sparse.indices), tuple(sparse.values)))


def about_text(about: About) -> str:
    return json.dumps(
        {
            "format": about.format,
            "embedder": {
                "name": about.embedder.name,
                "dimension": about.embedder.dimension,
                "fingerprint": about.embedder.fingerprint,
            },
            "corpus": about.corpus,
            "built": about.built,
            "entries": about.entries,
            "pieces": about.pieces,
            "frequencies": {str(token): count for token, count in sorted(about.frequencies.items())},
        }
    )


def about(text: str) -> About:
    """Raises ValueError or KeyError where `text` is not what `about_text` wrote."""
    data = json.loads(text)
    return About(
        format=int(data["format"]),
        embedder=EmbedderId(**data["embedder"]),
        corpus=data["corpus"],
        built=data["built"],
        entries=int(data["entries"]),
        pieces=int(data["pieces"]),
        frequencies={int(token): int(count) for token, count in data["frequencies"].items()},
    )


def readable(about: About, which: str) -> About:
    """`about`, if this version can read the index it describes; else raises IndexStale naming `which` index."""
    if about.format != FORMAT:
        raise IndexStale(
            f"The index {which} has format {about.format}, this version reads format {FORMAT}. Run: coach ingest --rebuild"
        )
    return about


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Runs of at most `size` items."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
