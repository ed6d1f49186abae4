"""`coach sources`: every page the bank cites, with its state and the reason for it."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from coach.errors import BadInput
from coach.settings import load_settings
from ingest.banks import with_kept
from ingest.fetch.state import counts, states
from ingest.fetch.store import State, Store
from ingest.read import read_bank
from ingest.sources import sources as every_source
from ui.console import out


def sources(
    state: Annotated[
        str | None, typer.Option("--state", help="Only those in this state: fetched, moved, dead, failed, link-only ...")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Everything that is known of each, as JSON.")] = False,
) -> None:
    """List every page the answers cite: fetched and when, moved, dead, refused, and why."""
    settings = load_settings()
    cited = every_source(with_kept(read_bank(settings.corpus), settings.banks_folder).questions)
    known = states(Store(settings.pages_folder), cited)
    shown = {url: standing for url, standing in known.items() if state is None or standing.state is _state(state)}
    if as_json:
        out.print(json.dumps([{"url": url, **asdict(it)} for url, it in shown.items()], indent=1), markup=False, soft_wrap=True)
        return
    for url, standing in shown.items():
        day = f" {standing.as_of}" if standing.as_of else ""
        why = f"  {standing.why}" if standing.why else ""
        by = f"  {standing.by}." if standing.by else ""
        out.print(f"{standing.state}{day}  {url}{why}{by}", markup=False, soft_wrap=True)
    out.print(", ".join(f"{count} {name}" for name, count in counts(shown)) or "No page is in that state.", soft_wrap=True)


def _state(name: str) -> State:
    try:
        return State(name.lower().replace("-", " "))
    except ValueError as error:
        raise BadInput(f"There is no state {name!r}. There are: {', '.join(State)}.") from error
