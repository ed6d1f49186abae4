"""`coach doctor`: what is configured, what is there, and what to do next."""

from __future__ import annotations

from rich.table import Table

from coach.adapters.llm import reachable
from coach.errors import CoachError
from coach.settings import Settings, environment_name, load_settings
from coach.wiring import make_embedder, make_store
from ingest.read import read_bank
from ingest.refresh import stale
from ui.console import out


def doctor() -> None:
    """Show settings, model, index and language model, and the next thing to do.

    Loads no model and changes nothing.
    """
    settings = load_settings()
    out.print(_settings_table(settings))
    steps = [*_corpus(settings), *_index(settings), *_language_model(settings)]
    out.print("[bold]Next:[/bold] " + (steps[0] if steps else "all set. Run: coach app"), soft_wrap=True)


def _settings_table(settings: Settings) -> Table:
    table = Table("setting", "value", "what it does", box=None, pad_edge=False, header_style="bold")
    for name, field in Settings.model_fields.items():
        value = getattr(settings, name)
        shown = "(set, hidden)" if name.endswith("key") and value else "-" if value is None else str(value)
        table.add_row(environment_name(name), shown, field.description)
    return table


def _line(what: str, text: str) -> None:
    out.print(f"[bold]{what}[/bold]  ", end="")
    out.print(text, markup=False, soft_wrap=True)


def _corpus(settings: Settings) -> list[str]:
    try:
        bank = read_bank(settings.corpus)
    except CoachError as error:
        _line("bank", str(error))
        return ["set COACH_CORPUS to a folder with question files."]
    _line("bank", f"{len(bank.questions)} questions in {len(bank.topics)} topics, {len(bank.problems)} problems")
    return ["run coach check and mend what it lists."] if bank.problems else []


def _index(settings: Settings) -> list[str]:
    try:
        embedder = make_embedder(settings)
        _line("model", f"{embedder.id.name}, {embedder.id.dimension} dimensions, weights SHA-256 {embedder.id.fingerprint}")
        about = make_store(settings).about()
        reason = stale(settings)
    except CoachError as error:
        _line("index", str(error))
        return ["see the line about the index."]
    if about is not None:
        where = settings.qdrant_url or settings.index_folder
        _line("index", f"{about.entries} passages, {about.pieces} vectors, built {about.built}, in {where}")
    _line("fresh", reason or "yes, the index matches the bank and the model")
    return ["run coach ingest."] if reason else []


def _language_model(settings: Settings) -> list[str]:
    if not settings.model:
        _line("LLM", "none: keyless mode. Set COACH_MODEL and OPENAI_API_KEY or OPENAI_BASE_URL to use one")
        return []
    key = settings.openai_api_key.get_secret_value() if settings.openai_api_key else None
    trouble = reachable(settings.openai_base_url, key, settings.model)
    _line("LLM", trouble or f"{settings.model} answers at {settings.openai_base_url or 'the default server'}")
    return [trouble] if trouble else []
