"""Everything beyond the bank, files, fetched pages and a candidate's own notes, becomes the library: an index of its own."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from coach.domain import Entry
from coach.errors import BadInput, StorageError
from coach.ports import Embedder
from coach.settings import Settings
from coach.wiring import make_embedder, make_library
from ingest.fetch.documents import fetched
from ingest.folder import Gathered, Skipped, read_documents, together
from ingest.notes import Notes
from ingest.run import Bar, Summary, Waiting, bring_up_to_date


@dataclass(frozen=True, slots=True)
class Shelf:
    """A file or folder whose documents are in the library, read anew by every ingest."""

    path: str
    added: str


@dataclass(frozen=True, slots=True)
class LibraryReport:
    """What an ingest of the library did, over how many documents and passages, and what it left out."""

    summary: Summary
    documents: int
    passages: int
    skipped: tuple[Skipped, ...]


def add(settings: Settings, path: Path, now: datetime) -> None:
    """Have a file's or folder's documents in the library from the next `refresh` on. Raises StorageError."""
    where = str(path.resolve())
    others = [shelf for shelf in shelves(settings) if shelf.path != where]
    _write(settings, [*others, Shelf(where, now.isoformat(timespec="seconds"))])


def forget(settings: Settings, name: str) -> None:
    """Have it there no longer; `name` is its path or its last part. Raises BadInput if that is none or several."""
    there = shelves(settings)
    meant = [shelf for shelf in there if name in {shelf.path, Path(shelf.path).name} or str(Path(name).resolve()) == shelf.path]
    if len(meant) != 1:
        known = f"There are: {', '.join(shelf.path for shelf in meant or there)}." if there else "None is kept."
        raise BadInput(f"{name!r} is {'several' if meant else 'none'} of the documents that are kept. {known}")
    _write(settings, [shelf for shelf in there if shelf not in meant])


def shelves(settings: Settings) -> tuple[Shelf, ...]:
    """Every file and folder that was added, in that order. Raises StorageError."""
    file = settings.library_folder / "shelves.json"
    try:
        return tuple(Shelf(**shelf) for shelf in json.loads(file.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, TypeError) as error:
        raise StorageError(f"{file} cannot be read: {error}. Delete it, then ingest the documents again.") from error


def own(settings: Settings) -> Notes:
    """The candidate's own notes. What is added or deleted there is in the library after the next `refresh`."""
    return Notes(settings.own_folder)


def on_shelves(settings: Settings) -> Gathered:
    return together(_taken(Path(shelf.path)) for shelf in shelves(settings))


def of_one_s_own(settings: Settings) -> Gathered:
    return own(settings).documents()


# Where documents come from; whoever knows another place adds a function here.
PLACES: tuple[Callable[[Settings], Gathered], ...] = (on_shelves, of_one_s_own, fetched)


def refresh(
    settings: Settings,
    embedder: Embedder | None = None,
    *,
    rebuild: bool = False,
    dry_run: bool = False,
    bar: Bar | None = None,
    waiting: Waiting | None = None,
) -> LibraryReport:
    """Bring the library up to date with all its places. Raises StorageError, EmbedderError, IndexBusy.

    Only what changed is embedded, and what an interrupted run had embedded is not embedded again.
    """
    found = together(place(settings) for place in PLACES)
    entries = passages_of(found)
    store = make_library(settings)
    if not entries and store.about() is None:
        return LibraryReport(Summary(), 0, 0, found.skipped)
    digest = hashlib.sha256("".join(entry.digest for entry in entries).encode()).hexdigest()
    summary = bring_up_to_date(
        entries,
        digest,
        store,
        embedder or make_embedder(settings),
        settings.library_folder / "vectors.db",
        datetime.now(UTC),
        rebuild=rebuild,
        dry_run=dry_run,
        bar=bar,
        waiting=waiting,
    )
    return LibraryReport(summary, len(found.documents), len(entries), found.skipped)


def passages_of(found: Gathered) -> list[Entry]:
    """The passages of all documents, in order."""
    if not found.documents:
        return []
    # llama-index takes a second or two to import: who keeps no documents does not wait for it.
    from ingest.nodes import entries_of

    return entries_of(found.documents)


def _taken(path: Path) -> Gathered:
    if not path.exists():
        return Gathered(skipped=(Skipped(str(path), f"is gone. Put it back, or run: coach ingest --forget {path}"),))
    return read_documents(path)


def _write(settings: Settings, kept: list[Shelf]) -> None:
    file = settings.library_folder / "shelves.json"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        half = file.with_suffix(".part")
        half.write_text(json.dumps([asdict(shelf) for shelf in kept], indent=1), encoding="utf-8")
        half.replace(file)
    except OSError as error:
        raise StorageError(f"{file} cannot be written: {error.strerror}. Check COACH_HOME and the disk.") from error
