from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from qdrant_client import QdrantClient

from coach.adapters.index_edge import EdgeStore
from coach.adapters.index_server import ServerStore
from coach.domain import Entry
from coach.errors import IndexMissing, IndexUnusable
from coach.ports import About, Stored
from ingest.copy import copied, fingerprints
from tests.conftest import build


def test_an_index_goes_to_a_server_and_back_without_a_model(tmp_path: Path, small_entries: list[Entry]) -> None:
    here, there, back = EdgeStore(tmp_path / "a"), ServerStore(QdrantClient(":memory:")), EdgeStore(tmp_path / "b")
    build(here, small_entries)
    assert copied(here, there) == copied(there, back) == here.about()
    assert fingerprints(here.open()) == fingerprints(there.open()) == fingerprints(back.open())


def test_an_empty_place_has_nothing_to_copy(tmp_path: Path) -> None:
    with pytest.raises(IndexMissing, match="coach ingest"):
        copied(EdgeStore(tmp_path / "a"), EdgeStore(tmp_path / "b"))


class Lossy(EdgeStore):
    """Loses a passage on the way and bends a vector."""

    def publish(self, about: About, entries: Iterable[Stored]) -> None:
        first, second, *_ = entries
        second.dense[0, 0] += 0.001
        super().publish(about, [first, second])


def test_what_did_not_arrive_is_counted(tmp_path: Path, small_entries: list[Entry]) -> None:
    build(EdgeStore(tmp_path / "a"), small_entries)
    with pytest.raises(IndexUnusable, match="2 of 3 passages"):
        copied(EdgeStore(tmp_path / "a"), Lossy(tmp_path / "b"))
