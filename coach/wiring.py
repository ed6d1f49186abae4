"""Settings become a coach. The only place where settings meet parts."""

from __future__ import annotations

import os
import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from coach.adapters.embed import HASHING, PACKAGED, HashingEmbedder, SentenceEmbedder
from coach.adapters.embed_quick import QuickEmbedder
from coach.adapters.english import English
from coach.adapters.index_edge import EdgeStore
from coach.adapters.lexicon import Bm25Lexicon
from coach.adapters.llm import OpenAIModel
from coach.adapters.voice import OpenAIVoice
from coach.conversations import Conversations
from coach.domain import Entry, Topic
from coach.entail import entailment_for
from coach.errors import IndexMissing, IndexStale, SettingsError
from coach.examiner import Examiner
from coach.grade import Grader, weights_for
from coach.hint import Cues
from coach.interviewer import Interviewer
from coach.ledger import Ledger, Paid, Prices
from coach.library import Library
from coach.ports import FORMAT, About, ChatModel, Embedder, EmbedderId, History, IndexStore
from coach.refuse import calibration_for, library_calibration_for
from coach.service import Coach
from coach.settings import Settings, load_settings
from coach.write import Writer

# From here on Python itself holds the threads up.
_MOST_THREADS = 8


def open_coach(settings: Settings | None = None, embedder: Embedder | None = None) -> Coach:
    """A coach over the published index. Who asks thousands of questions passes `make_embedder`'s, which is slower to load
    and faster in bulk. Raises SettingsError, IndexMissing, IndexStale, EmbedderError.

    >>> from coach.wiring import open_coach
    >>> coach = open_coach()                                            # doctest: +SKIP
    >>> print(coach.ask("What is chunking?").text)                      # doctest: +SKIP
    """
    settings = settings or load_settings()
    embedder = embedder or make_quick_embedder(settings)
    index = make_store(settings).open()
    check_match(index.about, embedder.id)
    coach = Coach(index, embedder, Bm25Lexicon(), English(), calibration_for(embedder.id.name))
    return replace(coach, library=open_library(coach, settings))


def open_library(coach: Coach, settings: Settings) -> Library | None:
    """What lies beside a coach's bank, if anything does that the coach can read. Raises StorageError."""
    store = make_library(settings)
    try:
        about = store.about()
        if about is None or about.embedder != coach.embedder.id:
            return None
        return Library(store.open(), library_calibration_for(coach.embedder.id.name), coach.lexicon, coach.english)
    except (IndexMissing, IndexStale):
        return None


def make_quick_embedder(settings: Settings) -> Embedder:
    """The same vectors, without the wait for PyTorch if it is the packaged model: for questions and replies."""
    threads = settings.threads or 1
    return QuickEmbedder(threads) if settings.embedder == PACKAGED else make_embedder(settings, threads)


def make_embedder(settings: Settings, threads: int | None = None) -> SentenceEmbedder | HashingEmbedder:
    """What an index is built with, on every core if nothing else is said."""
    if settings.embedder == HASHING:
        return HashingEmbedder()
    return SentenceEmbedder(settings.embedder, threads or settings.threads or min(os.cpu_count() or 1, _MOST_THREADS))


def make_store(settings: Settings) -> IndexStore:
    """Where the bank's index lives."""
    return _store(settings, settings.index_folder, "interview-coach")


def make_library(settings: Settings) -> IndexStore:
    """Where the index of everything beyond the bank lives."""
    return _store(settings, settings.library_folder, "interview-coach-library")


def stores_at(settings: Settings, where: str) -> tuple[IndexStore, IndexStore]:
    """The stores of the bank and of the library on the server at an address, or in a folder that is like COACH_HOME."""
    other = {"qdrant_url": where} if "://" in where else {"qdrant_url": None, "home": Path(where)}
    settings = settings.model_copy(update=other)
    return make_store(settings), make_library(settings)


def _store(settings: Settings, folder: Path, name: str) -> IndexStore:
    if not settings.qdrant_url:
        return EdgeStore(folder)
    # qdrant-client takes a second or two to import: only who uses a server pays for it.
    from coach.adapters.index_server import ServerStore, Shape

    key = settings.qdrant_api_key.get_secret_value() if settings.qdrant_api_key else None
    shape = Shape(
        settings.qdrant_shards,
        settings.qdrant_replicas,
        on_disk=settings.qdrant_on_disk,
        quantized=settings.qdrant_quantized,
    )
    return ServerStore.at(settings.qdrant_url, key, name, shape, settings.qdrant_grpc_port)


def make_grader(embedder: Embedder, entries: Sequence[Entry]) -> Grader:
    """A grader that knows how rare words are in `entries`, for a bank that is not indexed."""
    lexicon = Bm25Lexicon()
    frequencies = Counter(token for entry in entries for token in lexicon.document(entry.words).indices)
    about = About(FORMAT, embedder.id, "", "", len(entries), 0, frequencies)
    return Grader(embedder, lexicon, about, weights_for(embedder.id.name), entailment_for(embedder.id.name))


def open_interviewer(
    coach: Coach, topics: Sequence[Topic], settings: Settings | None = None, history: History | None = None
) -> Interviewer:
    """An interviewer over a coach's material and a bank, and a history if one is open. Raises SettingsError, StorageError."""
    settings = settings or load_settings()
    grader = coach.grader(weights_for(coach.embedder.id.name))
    history = history or make_history(settings)
    model = make_model(settings)
    paid = Paid(model, make_ledger(settings, history), make_prices(settings)) if model else None
    examiner = Examiner(grader, lambda: secrets.token_hex(8), paid, settings.votes)
    cues = Cues(coach.lexicon, coach.index.about)
    return Interviewer(tuple(topics), examiner, cues, history, lambda: datetime.now().astimezone(), lambda: secrets.token_hex(6))


def open_conversations(
    coach: Coach, topics: Sequence[Topic], settings: Settings | None = None, history: History | None = None
) -> Conversations:
    """Conversations over a coach's material and a bank, and a history if one is open. Raises SettingsError, StorageError."""
    settings = settings or load_settings()
    model = make_model(settings)
    history = history or make_history(settings)
    ledger = make_ledger(settings, history)
    coach = replace(coach, bank={question.id: question for topic in topics for question in topic.questions})
    if model:
        prices = make_prices(settings)
        writer = Writer(model, coach.quoter, lambda: secrets.token_hex(8), ledger.add, settings.context, prices)
        coach = replace(coach, writer=writer)
    where = urlsplit(settings.openai_base_url).hostname if settings.openai_base_url else "api.openai.com"
    return Conversations(coach, history, ledger, ledger.now, lambda: secrets.token_hex(6), where or "")


def make_history(settings: Settings) -> History:
    # SQLAlchemy takes half a second to import: only who keeps or reads history waits for it.
    from coach.adapters.history import SqlHistory

    return SqlHistory.at(settings.history_url.get_secret_value() if settings.history_url else settings.history_file)


def make_ledger(settings: Settings, history: History) -> Ledger:
    """Raises SettingsError."""
    if settings.daily_cost is not None and None in {settings.price_in, settings.price_out}:
        raise SettingsError(
            "COACH_DAILY_COST needs prices. Set COACH_PRICE_IN and COACH_PRICE_OUT, or COACH_DAILY_TOKENS instead."
        )
    return Ledger(history, lambda: datetime.now().astimezone(), settings.daily_tokens, settings.daily_cost)


def make_prices(settings: Settings) -> Prices:
    return Prices(settings.price_in, settings.price_out)


def make_model(settings: Settings) -> ChatModel | None:
    """The language model, or None when there is none: keyless. Raises SettingsError."""
    if not settings.model:
        return None
    key = settings.openai_api_key.get_secret_value() if settings.openai_api_key else None
    if not key and not settings.openai_base_url:
        raise SettingsError(
            "COACH_MODEL is set but neither OPENAI_API_KEY nor OPENAI_BASE_URL is. Set one, or unset COACH_MODEL to go keyless."
        )
    return OpenAIModel(settings.openai_base_url, key, settings.model, temperature=settings.temperature)


def make_voice(settings: Settings) -> OpenAIVoice | None:
    """What listens and speaks, or None if neither is set up."""
    key = settings.openai_api_key.get_secret_value() if settings.openai_api_key else None
    if not (settings.transcribe_model or settings.speech_model) or not (key or settings.openai_base_url):
        return None
    return OpenAIVoice(
        settings.openai_base_url, key, settings.transcribe_model or "", settings.speech_model or "", settings.voice
    )


def check_match(about: About, embedder: EmbedderId) -> None:
    """Raises IndexStale if the index holds another model's vectors."""
    if about.embedder != embedder:
        raise IndexStale(
            f"The index was built with {about.embedder} but this run uses {embedder}. "
            "Run: coach ingest --rebuild, or set COACH_EMBEDDER back."
        )
