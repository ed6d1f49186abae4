"""Numbers as the evaluation commands print them, and what they fitted as it is stored."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ui.console import errors


def number(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.3f}"


def share(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"


def keep(file: Path, model: str, entry: dict[str, Any], what: str) -> None:
    """Put what was fitted for one model beside what was fitted for others."""
    known = json.loads(file.read_text(encoding="utf-8"))
    known[model] = {**entry, "fitted": datetime.now(UTC).date().isoformat()}
    file.write_text(json.dumps(known, indent=2) + "\n", encoding="utf-8")
    errors.print(f"Stored the {what} fitted for {model} in {file.name}.")
