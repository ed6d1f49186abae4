"""`coach check`: is the bank well formed?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from coach.settings import load_settings
from ingest.read import read_bank
from ui.console import errors, out


def check(
    corpus: Annotated[Path | None, typer.Argument(help="Folder that holds bank/; the coach's own unless given.")] = None,
) -> None:
    """Check the question bank and print every problem as file:line: what is wrong.

    The format is taught in corpus/README.md. Exit code 1 if there are problems.
    """
    bank = read_bank(corpus or load_settings().corpus)
    for problem in bank.problems:
        errors.print(str(problem), markup=False, soft_wrap=True)
    out.print(f"{len(bank.questions)} questions in {len(bank.topics)} topics, {len(bank.problems)} problems.")
    if bank.problems:
        raise typer.Exit(1)
