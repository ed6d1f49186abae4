"""Runs become lines of one file, so that a report can draw how a number went."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from coach.errors import StorageError
from eval.run import Run

FILE = "history.jsonl"


def history(runs: Path) -> list[dict[str, Any]]:
    """Every run so far, oldest first; lines that are none are skipped."""
    try:
        lines = (runs / FILE).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise StorageError(f"{runs / FILE} cannot be read ({error}). Mend it or delete it.") from error
    return [
        found for line in lines if isinstance(found := _object(line), dict) and {"setup", "suites", "metrics"} <= found.keys()
    ]


def remember(runs: Path, run: Run) -> None:
    """Add a run. Raises StorageError."""
    line = {
        **{name: run.volatile[name] for name in ("created", "git") if name in run.volatile},
        "setup": dict(run.setup),
        "suites": {name: [suite.judge, suite.sha256] for name, suite in run.suites.items()},
        "metrics": {result.name: result.value for result in run.metrics},
    }
    try:
        runs.mkdir(parents=True, exist_ok=True)
        with (runs / FILE).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
    except OSError as error:
        raise StorageError(f"{runs / FILE} cannot be written: {error.strerror}. Set COACH_HOME to a folder that is.") from error


def _object(line: str) -> object:
    try:
        return json.loads(line)
    except ValueError:
        return None
