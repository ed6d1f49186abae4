"""`coach check`: is the bank well formed, and does it find and grade itself?"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from coach.adapters.lexicon import Bm25Lexicon
from coach.domain import Topic
from coach.settings import Settings, load_settings
from coach.wiring import make_embedder, make_grader, make_library
from ingest.check import coverage, findings, mended
from ingest.disagree import disagreements, pages_of
from ingest.meaning import Share, asked_twice, finds_itself, grades_itself
from ingest.read import Bank, bank_files, read_bank
from ingest.sources import markdown, sources
from ingest.split import entries
from ui.console import errors, out, progress, waiting


def check(
    corpus: Annotated[Path | None, typer.Argument(help="Folder that holds bank/; the coach's own unless given.")] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Only what needs no model: format, amounts, spelling, addresses.")
    ] = False,
    fix: Annotated[bool, typer.Option("--fix", help="First mend what needs no thought: line ends, curly quotes, names.")] = False,
    write_sources: Annotated[bool, typer.Option("--write-sources", help="Write SOURCES.md beside bank/ anew.")] = False,
    against_sources: Annotated[
        bool,
        typer.Option("--against-sources", help="Only list where an answer and a fetched page it cites seem to disagree."),
    ] = False,
) -> None:
    """Check the question bank and print every problem as file:line: what is wrong.

    Then, with the model: does every way of asking find its own question first when it is taken out of the index, do
    two questions ask the same, does the bank's own answer get full marks and a misconception none? That takes a few
    minutes. The format is taught in corpus/README.md. Exit code 1 if something must be mended.
    """
    settings = load_settings()
    folder = corpus or settings.corpus
    if fix:
        _mend(folder)
    bank = read_bank(folder)
    if against_sources:
        _disagreements(settings, bank)
        return
    problems = [*bank.problems, *findings(bank.topics)]
    for problem in problems:
        errors.print(str(problem), markup=False, soft_wrap=True)
    out.print(_coverage(bank.topics))
    if write_sources:
        (folder / "SOURCES.md").write_text(markdown(sources(bank.questions)), encoding="utf-8")
    out.print(f"{len(bank.questions)} questions in {len(bank.topics)} topics, {len(problems)} problems.")
    enough = quick or _meaning(settings, bank)
    if problems or not enough:
        raise typer.Exit(1)


def _disagreements(settings: Settings, bank: Bank) -> None:
    """Print where the bank and the pages it cites do not say the same. That is for a person to look at, no problem yet."""
    store = make_library(settings)
    passages = []
    if store.about():
        with closing(store.open()) as index:
            passages = index.passages(list(store.digests()))
    pages = pages_of(bank.questions, passages)
    if not pages:
        out.print("No pages fetched yet. Run: coach fetch, then coach ingest.")
        return
    embedder = make_embedder(settings)
    with waiting("Comparing answers with the pages they cite ..."):
        found = disagreements(bank.questions, pages, embedder, Bm25Lexicon())
    for one in found:
        out.print(str(one), markup=False, soft_wrap=True)
    out.print(f"{len(pages)} of {len(bank.questions)} questions cite a page that was fetched; {len(found)} places to look at.")


def _mend(folder: Path) -> None:
    for file in bank_files(folder):
        with suppress(UnicodeDecodeError):  # told by the check itself
            text = file.read_bytes().decode("utf-8-sig")
            if (better := mended(text)) != text:
                file.write_text(better, encoding="utf-8", newline="\n")
                out.print(f"Mended {file.name}.")


def _coverage(topics: Sequence[Topic]) -> Table:
    table = Table("topic", "questions", "junior", "mid", "senior", box=None, pad_edge=False, header_style="bold")
    rows = coverage(topics)
    for topic, *counts in rows:
        table.add_row(topic, *map(str, counts))
    totals = [sum(column) for column in zip(*(counts for _topic, *counts in rows), strict=True)]
    table.add_row("all", *map(str, totals))
    return table


def _meaning(settings: Settings, bank: Bank) -> bool:
    """Print what needs a model; whether the shares are reached."""
    embedder = make_embedder(settings)
    with waiting("Loading the embedding model ..."):
        embedder.warm()
    wanted = entries(bank.topics)
    with waiting("Asking every question in every other way ..."):
        found = finds_itself(bank.questions, wanted, embedder, Bm25Lexicon())
        twice = list(asked_twice(bank.questions, embedder))
    with progress("Grading the bank's own answers", len(bank.questions)) as bar:
        shares: tuple[Share, ...] = (found, *grades_itself(bank.questions, make_grader(embedder, wanted), bar))
    for line in (*twice, *(line for share in shares for line in share.rest)):
        errors.print(line, markup=False, soft_wrap=True, style="dim")
    for share in shares:
        out.print(str(share))
    out.print(f"{len(twice)} pairs of questions ask nearly the same.")
    return all(share.enough for share in shares)
