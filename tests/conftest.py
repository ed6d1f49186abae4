"""Shared parts: a small bank of our own making, and coaches over it that need no weights and no network."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import settings

from coach.adapters.embed import HashingEmbedder
from coach.adapters.english import English
from coach.adapters.index_edge import EdgeStore
from coach.adapters.lexicon import Bm25Lexicon
from coach.domain import Entry
from coach.ports import Embedder, IndexStore
from coach.refuse import Calibration
from coach.service import Coach
from ingest.read import whole_bank
from ingest.run import ingest, plan
from ingest.split import entries
from tests.browser import LOOKS, TWO_LOOKS
from tests.material import write_corpus

# A busy machine is no reason to fail.
settings.register_profile("calm", deadline=None)
settings.load_profile("calm")

# Answers what shares its wording with the material, refuses the rest: good enough for the hashing embedder.
CALIBRATION = Calibration(weights=(6.0, 6.0, -1.0, 1.0), constant=-6.0, floor=0.5)
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
CORPUS = Path(__file__).resolve().parent.parent / "corpus"


# A shell that runs the tests behind itself has signals ignored, and so would every command that a test interrupts.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    return write_corpus(tmp_path / "corpus")


@pytest.fixture
def small_entries(corpus: Path) -> list[Entry]:
    return entries(whole_bank(corpus).topics)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--all-looks", action="store_true", help="drive the browser at both widths in both themes, not in two of the four"
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "look" in metafunc.fixturenames:
        looks = LOOKS if metafunc.config.getoption("all_looks") else TWO_LOOKS
        metafunc.parametrize("look", looks, ids=lambda look: f"{look[0]}-{look[1]}")


def build(store: IndexStore, wanted: list[Entry], embedder: Embedder | None = None) -> None:
    """Publish `wanted` in `store`."""
    embedder = embedder or HashingEmbedder()
    ingest(plan(wanted, store, embedder), store, embedder, Bm25Lexicon(), "corpus-hash", NOW)


@pytest.fixture
def small_coach(tmp_path: Path, small_entries: list[Entry]) -> Iterator[Coach]:
    store = EdgeStore(tmp_path / "index")
    build(store, small_entries)
    index = store.open()
    yield Coach(index, HashingEmbedder(), Bm25Lexicon(), english=English(), calibration=CALIBRATION)
    index.close()


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Tests see a machine on which nothing is set, and write nowhere but to their own folder."""
    for name in (
        "MODEL",
        "HISTORY_URL",
        "VOTES",
        "TRANSCRIBE_MODEL",
        "SPEECH_MODEL",
        "VOICE",
        "QDRANT_URL",
        "QDRANT_API_KEY",
        "EMBEDDER",
        "CORPUS",
        "PORT",
        "ADDRESS",
        "HOSTS",
        "THREADS",
        "CONTACT",
    ):
        monkeypatch.delenv(f"COACH_{name}", raising=False)
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COACH_HOME", str(tmp_path / "home"))
