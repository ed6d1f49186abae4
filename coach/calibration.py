"""Which score a question must reach to be answered. Fitted by `coach eval retrieval --fit`, never by hand.

The floor is the score that 95 % of the answerable development cases in `eval/cases` reach.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from coach.ports import EmbedderId

FILE = Path(__file__).with_name("calibration.json")


def floor_for(embedder: EmbedderId) -> float:
    """The floor fitted for this model. One nobody fitted gets the strictest known: rather silent than wrong."""
    fitted = _fitted()
    return fitted.get(embedder.name, max(fitted.values(), default=0.0))


@cache
def _fitted() -> dict[str, float]:
    return {name: float(entry["floor"]) for name, entry in json.loads(FILE.read_text(encoding="utf-8")).items()}
