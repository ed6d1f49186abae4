"""`coach ingest`: the bank becomes the index."""

from __future__ import annotations

from typing import Annotated

import typer

from coach.settings import load_settings
from ingest.refresh import IngestReport, refresh
from ui.console import errors, out, progress, waiting


def ingest(
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Embed everything again, even what has not changed.")] = False,
    keep_going: Annotated[
        bool, typer.Option("--keep-going", help="Load the questions without a problem; list the others.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change; change nothing.")] = False,
) -> None:
    """Build or refresh the index from the question bank.

    Only what changed is embedded. The new index replaces the old one all at once at the end: stop this command
    whenever you like, the last good index stays.
    """
    report = refresh(load_settings(), rebuild=rebuild, keep_going=keep_going, dry_run=dry_run, bar=progress, waiting=waiting)
    for problem in report.problems:
        errors.print(str(problem), style="yellow", markup=False, soft_wrap=True)
    out.print(summary(report, dry_run), soft_wrap=True)


def summary(report: IngestReport, dry_run: bool = False) -> str:
    """One line: what changed, and what was left out."""
    did = report.summary
    line = (
        f"{'Would index' if dry_run else 'Indexed'} {report.questions} questions: "
        f"{did.added} added, {did.changed} changed, {did.unchanged} unchanged, {did.removed} removed, "
        f"{did.embedded} pieces {'to embed' if dry_run else 'embedded'}."
    )
    return f"{line} {len(report.problems)} problems; the questions they stand in are left out." if report.problems else line
