"""`coach app`: the app in the browser."""

from __future__ import annotations

from typing import Annotated

import typer

from coach.settings import load_settings
from ingest.refresh import refresh, stale
from ui.commands.ingest import summary
from ui.console import errors, out, progress, waiting


def app(
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port to listen on; 8501 unless COACH_PORT says otherwise.")
    ] = None,
    address: Annotated[
        str | None, typer.Option(help="Address to listen on; localhost unless COACH_ADDRESS says otherwise.")
    ] = None,
) -> None:
    """Start the app, building the index first if it is missing or out of date.

    Stop it with Ctrl-C.
    """
    settings = load_settings()
    if reason := stale(settings):
        errors.print(f"{reason} Building it now.", style="dim", soft_wrap=True)
        errors.print(summary(refresh(settings, bar=progress, waiting=waiting)), style="dim", soft_wrap=True)
    from ui.serve import free, serve

    port, address = port or settings.port, address or settings.address
    free(address, port)
    out.print(f"Interview Coach is at http://{address}:{port}  (Ctrl-C stops it)")
    serve(address, port)
