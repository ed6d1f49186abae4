"""`coach ingest`: the bank, and the banks of other people, become the index."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from pydantic import TypeAdapter

from coach.settings import Settings, load_settings
from ingest import library
from ingest.banks import forget as forget_bank
from ingest.banks import keep, kept, name_of, topics_of
from ingest.folder import Gathered, read_documents
from ingest.formats.items import Item, ItemsRead
from ingest.formats.read import read_items
from ingest.formats.reading import without_readings
from ingest.library import LibraryReport
from ingest.refresh import IngestReport, refresh
from ingest.run import Summary
from ui.console import errors, out, progress, waiting


def ingest(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Question banks as other people write them, and study material: files or folders, kept beside the bank."
        ),
    ] = None,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Embed everything again, even what has not changed.")] = False,
    keep_going: Annotated[
        bool, typer.Option("--keep-going", help="Load the questions without a problem; list the others.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change; change nothing.")] = False,
    overrides: Annotated[
        Path | None, typer.Option("--overrides", help="What lines are that no layout tells: a file of their hashes.")
    ] = None,
    documents: Annotated[
        bool, typer.Option("--documents", help="Take the paths as study material, even if they look like question banks.")
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="List every item and every line left out.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="With --dry-run and paths: everything that was read, as JSON.")] = False,
    listed: Annotated[bool, typer.Option("--list", help="List the banks that are kept, and change nothing.")] = False,
    forget: Annotated[
        str | None, typer.Option("--forget", metavar="NAME", help="Remove a bank or a document that was kept.")
    ] = None,
) -> None:
    """Build or refresh the index from the question bank, and from banks of other people; and the library from documents.

    A path in which nothing looks like a question is study material: its documents go into the library, and are read anew
    by every ingest. Only what changed is embedded. A new index replaces the old one all at once at the end: stop this
    command whenever you like, the last good index stays and what was embedded is not embedded again. Which layouts of
    banks are read: docs/formats.md; which documents: docs/ingest.md.
    """
    settings = load_settings()
    if listed:
        _list(settings)
        return
    if forget and not dry_run:
        _forget(settings, forget)
    found, shelved = _sorted_out(paths or [], overrides, documents)
    if as_json:
        whole = TypeAdapter(list[ItemsRead]).dump_json([read for _path, read in found], indent=1)
        out.print(whole.decode(), markup=False, soft_wrap=True)
    else:
        for path, read in found:
            _show(path, read, verbose)
        for path, gathered in shelved:
            _show_documents(path, gathered)
    nothing = [path for path, gathered in shelved if not gathered.documents]
    if paths and (dry_run or len(nothing) == len(paths)):
        raise typer.Exit(2 if nothing else 0)
    now = datetime.now().astimezone()
    for path, read in found:
        name = name_of(path)
        keep(settings.banks_folder, name, path.resolve(), topics_of(read.items, name), now)
    for path, gathered in shelved:
        if gathered.documents:
            library.add(settings, path, now)
    report = refresh(settings, rebuild=rebuild, keep_going=keep_going, dry_run=dry_run, bar=progress, waiting=waiting)
    _tell(report.problems, summary(report, dry_run))
    beyond = library.refresh(settings, rebuild=rebuild, dry_run=dry_run, bar=progress, waiting=waiting)
    anything = beyond.documents or beyond.summary.anything
    told = {skipped for _path, gathered in shelved for skipped in gathered.skipped}
    _tell((one for one in beyond.skipped if one not in told), library_summary(beyond, dry_run) if anything else "")
    if nothing:
        raise typer.Exit(2)


def summary(report: IngestReport, dry_run: bool = False) -> str:
    """What changed, then a line for each thing to know of it."""
    lines = [_changes(_count(report.questions, "question"), report.summary, dry_run)]
    if report.unanswered:
        lines.append(f"{_count(report.unanswered, 'question')} without an answer: to practice, but not graded and not searched.")
    if report.problems:
        lines.append(f"{_count(len(report.problems), 'problem')}; the questions they stand in are left out.")
    return "\n  ".join(lines)


def library_summary(report: LibraryReport, dry_run: bool = False) -> str:
    """The same for the library."""
    what = f"{_count(report.documents, 'document')} in {_count(report.passages, 'passage')}"
    lines = [_changes(what, report.summary, dry_run)]
    if report.skipped:
        lines.append(f"{len(report.skipped):,} left out, with the reason above.")
    return "\n  ".join(lines)


def _tell(troubles: Iterable[object], line: str) -> None:
    for trouble in troubles:
        errors.print(str(trouble), style="yellow", markup=False, soft_wrap=True)
    if line:
        out.print(line, soft_wrap=True)


def _changes(what: str, did: Summary, dry_run: bool) -> str:
    return (
        f"{'Would index' if dry_run else 'Indexed'} {what}: "
        f"{did.added:,} added, {did.changed:,} changed, {did.unchanged:,} unchanged, {did.removed:,} removed.\n  "
        f"{_count(did.embedded, 'piece')} {'to embed' if dry_run else 'embedded'}."
    )


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _sorted_out(
    paths: Sequence[Path], overrides: Path | None, documents: bool
) -> tuple[list[tuple[Path, ItemsRead]], list[tuple[Path, Gathered]]]:
    """The paths that are question banks, and those that are not, as they are read."""
    banks = {} if documents else {path: read for path in paths if (read := read_items(path, overrides)).items}
    return list(banks.items()), [(path, read_documents(path)) for path in paths if path not in banks]


def _forget(settings: Settings, name: str) -> None:
    """A bank of that name if there is one, else a document."""
    if any(bank.name == name for bank in kept(settings.banks_folder)) or not library.shelves(settings):
        forget_bank(settings.banks_folder, name)
    else:
        library.forget(settings, name)


def _list(settings: Settings) -> None:
    banks = kept(settings.banks_folder)
    for bank in banks:
        graded = sum(bool(question.answer) for question in bank.questions)
        told = f"{bank.name}: {len(bank.questions)} questions, {graded} with an answer, read {bank.read} from {bank.source}"
        out.print(told, markup=False, soft_wrap=True)
    shelves = library.shelves(settings)
    for shelf in shelves:
        out.print(f"{shelf.path}: study material, added {shelf.added}", markup=False, soft_wrap=True)
    if not banks and not shelves:
        out.print("No banks but the coach's own. To add one: coach ingest PATH")


def _show(path: Path, read: ItemsRead, verbose: bool) -> None:
    """What was understood of a path, and, on standard error, what was not."""
    layouts = Counter(layout for _file, layout in read.layouts)
    told = ", ".join(f"{layout} in {count} files" if count > 1 else layout for layout, count in layouts.items())
    out.print(f"{path}: {_count(len(read.items), 'item')}{f' ({told})' if told else ''}", markup=False, soft_wrap=True)
    if read.items:
        answers = sum(bool(item.answer) for item in read.items)
        hints = sum(bool(item.hint) for item in read.items)
        addresses = len({link.url for item in read.items for link in item.links})
        pointing = sum(bool(item.answer and not without_readings(item.answer)) for item in read.items)
        only = f" ({pointing} of them only links)" if pointing else ""
        out.print(f"  {answers} with an answer{only}, {hints} with a hint, {addresses} addresses", soft_wrap=True)
    for item in read.items if verbose else ():
        out.print(f"  {item.at}-{item.last}: {item.prompt}{_carries(item)}", markup=False, soft_wrap=True)
    reasons = Counter[str]()
    for skipped in read.skipped:
        if verbose or not skipped.first:
            errors.print(str(skipped), style="yellow", markup=False, soft_wrap=True)
        reasons[skipped.reason] += skipped.last - skipped.first + 1
    for doubt in read.doubts:
        errors.print(str(doubt), style="yellow", markup=False, soft_wrap=True)
    if read.items and not verbose:
        for reason, lines in reasons.most_common():
            out.print(f"  left out: {lines} line{'' if lines == 1 else 's'}, {reason}", markup=False, soft_wrap=True)


def _show_documents(path: Path, gathered: Gathered) -> None:
    passages = len(library.passages_of(gathered))
    what = f"{_count(len(gathered.documents), 'document')} in {_count(passages, 'passage')}"
    out.print(f"{path}: {what}", markup=False, soft_wrap=True)
    for skipped in gathered.skipped:
        errors.print(str(skipped), style="yellow", markup=False, soft_wrap=True)


def _carries(item: Item) -> str:
    carried = [
        *(["answer"] if item.answer else []),
        *(["hint"] if item.hint else []),
        *([f"{len(item.links)} links"] if item.links else []),
    ]
    return f" [{', '.join(carried)}]" if carried else ""
