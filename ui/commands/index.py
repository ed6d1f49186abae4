"""`coach index`: look at the published indexes, and copy them between a folder and a Qdrant server."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from coach.ports import IndexStore
from coach.settings import load_settings
from coach.wiring import make_library, make_store, stores_at
from ingest.copy import copied
from ui.console import out, waiting

cli = typer.Typer(help="Look at the published indexes, and copy them between a folder and a Qdrant server.", no_args_is_help=True)


@cli.command()
def info() -> None:
    """Show what the indexes hold and what they were built with."""
    settings = load_settings()
    for name, store in (("bank", make_store(settings)), ("library", make_library(settings))):
        _tell(name, store)


@cli.command()
def copy(
    to: Annotated[str, typer.Option("--to", help="Address of a Qdrant server, or a folder that takes the place of COACH_HOME.")],
    from_: Annotated[str, typer.Option("--from", help="The same for where to copy from; unset means what is in force.")] = "",
) -> None:
    """Copy the bank's index and the library without embedding anything, and compare what arrived with what was sent.

    COACH_QDRANT_API_KEY is shown to whichever server takes part. What was there is replaced all at once, at the end.
    """
    settings = load_settings()
    sources = stores_at(settings, from_) if from_ else (make_store(settings), make_library(settings))
    for name, source, target in zip(("bank", "library"), sources, stores_at(settings, to), strict=True):
        if source.about() is None:
            out.print(f"{name}: no index to copy.")
            continue
        with waiting(f"Copying the {name} ..."):
            about = copied(source, target)
        out.print(f"{name}: {about.entries} passages with {about.pieces} vectors copied to {to}, every digest and vector alike.")


def _tell(name: str, store: IndexStore) -> None:
    about = store.about()
    if about is None:
        out.print(f"{name}: none yet. Run: coach ingest")
        return
    built = datetime.fromisoformat(about.built).astimezone()
    out.print(
        f"{name}: {about.entries} passages, {about.pieces} vectors of {about.embedder}, built {built:%Y-%m-%d %H:%M}",
        markup=False,
        soft_wrap=True,
    )
