"""Settings become a coach. The only place where settings meet parts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from coach.adapters.embed import HASHING, HashingEmbedder, SentenceEmbedder
from coach.adapters.english import English
from coach.adapters.index_edge import EdgeStore
from coach.adapters.lexicon import Bm25Lexicon
from coach.domain import Entry
from coach.errors import IndexStale
from coach.grade import Grader, weights_for
from coach.ports import FORMAT, About, Embedder, EmbedderId, IndexStore
from coach.refuse import calibration_for
from coach.service import Coach
from coach.settings import Settings, load_settings


def open_coach(settings: Settings | None = None) -> Coach:
    """A coach over the published index. Raises SettingsError, IndexMissing, IndexStale, EmbedderError.

    >>> from coach.wiring import open_coach
    >>> coach = open_coach()                                            # doctest: +SKIP
    >>> print(coach.ask("What is chunking?").text)                      # doctest: +SKIP
    """
    settings = settings or load_settings()
    embedder = make_embedder(settings)
    index = make_store(settings).open()
    check_match(index.about, embedder.id)
    return Coach(index, embedder, Bm25Lexicon(), English(), calibration_for(embedder.id.name))


def make_embedder(settings: Settings) -> SentenceEmbedder | HashingEmbedder:
    if settings.embedder == HASHING:
        return HashingEmbedder()
    return SentenceEmbedder(settings.embedder, settings.threads)


def make_store(settings: Settings) -> IndexStore:
    if settings.qdrant_url:
        # qdrant-client takes a second or two to import: only who uses a server pays for it.
        from coach.adapters.index_server import ServerStore

        key = settings.qdrant_api_key
        return ServerStore.at(settings.qdrant_url, key.get_secret_value() if key else None)
    return EdgeStore(settings.index_folder)


def make_grader(embedder: Embedder, entries: Sequence[Entry]) -> Grader:
    """A grader that knows how rare words are in `entries`, for a bank that is not indexed."""
    lexicon = Bm25Lexicon()
    frequencies = Counter(token for entry in entries for token in lexicon.document(entry.words).indices)
    about = About(FORMAT, embedder.id, "", "", len(entries), 0, frequencies)
    return Grader(embedder, lexicon, about, weights_for(embedder.id.name))


def check_match(about: About, embedder: EmbedderId) -> None:
    """Raises IndexStale if the index holds another model's vectors."""
    if about.embedder != embedder:
        raise IndexStale(
            f"The index was built with {about.embedder} but this run uses {embedder}. "
            "Run: coach ingest --rebuild, or set COACH_EMBEDDER back."
        )
