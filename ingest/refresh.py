"""Settings and a corpus become a fresh index: the verb behind `coach ingest`, `coach app` and `make run`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from coach.bank import Problem
from coach.errors import IndexUnusable
from coach.ports import FORMAT
from coach.settings import Settings
from coach.wiring import make_embedder, make_store
from ingest import read
from ingest.banks import answered, kept, whole_digest, with_kept
from ingest.run import Bar, Summary, Waiting, bring_up_to_date
from ingest.split import entries


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What an ingest did, over how many questions, how many of them have no answer to find, and what it left out."""

    summary: Summary
    questions: int
    unanswered: int
    problems: tuple[Problem, ...]


def refresh(
    settings: Settings,
    *,
    rebuild: bool = False,
    keep_going: bool = False,
    dry_run: bool = False,
    bar: Bar | None = None,
    waiting: Waiting | None = None,
) -> IngestReport:
    """Bring the index up to date with the corpus. Raises BadBank (unless `keep_going`), StorageError, IndexBusy."""
    bank = material(settings, keep_going)
    summary = bring_up_to_date(
        entries(answered(bank.topics)),
        bank.digest,
        make_store(settings),
        make_embedder(settings),
        settings.index_folder / "vectors.db",
        datetime.now(UTC),
        rebuild=rebuild,
        dry_run=dry_run,
        bar=bar,
        waiting=waiting,
    )
    unanswered = sum(not question.answer for question in bank.questions)
    return IngestReport(summary, len(bank.questions), unanswered, bank.problems)


def material(settings: Settings, keep_going: bool = False) -> read.Bank:
    """Every question there is: the bank's and the foreign ones'. Raises BadBank (unless `keep_going`), StorageError."""
    bank = read.read_bank(settings.corpus) if keep_going else read.whole_bank(settings.corpus)
    return with_kept(bank, settings.banks_folder)


def stale(settings: Settings) -> str:
    """Why the index must be built before it can be used, or nothing."""
    try:
        about = make_store(settings).about()
    except IndexUnusable as error:
        return str(error)
    if about is None:
        return "There is no index yet."
    if about.format != FORMAT or about.embedder != make_embedder(settings).id:
        return f"The index was built with {about.embedder}."
    if about.corpus != whole_digest(read.digest(settings.corpus), kept(settings.banks_folder)):
        return "The question bank has changed since the index was built."
    return ""
