"""A question and its best hit become a confidence that the material answers it. Knows no engine.

Retrieval's score ranks; alone it refuses badly, because a long question matches less of anything than a short one,
and "the Lion optimizer" is close to everything said about optimizers. So the confidence is a logistic function of
four things: both halves of the score, the length of the question, and whether it names something the material never
mentions. `coach eval retrieval --fit` fits it on the development cases and stores it beside this file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from math import exp, log
from pathlib import Path

from coach.domain import Hit
from coach.ports import DEFAULT_EMBEDDER, About, CommonWords, Lexicon

FILE = Path(__file__).with_name("calibration.json")
FEATURES = ("dense", "lexical", "unknown", "length")

_WORD = re.compile(r"[^\W_]+")
_SENTENCE_END = re.compile(r"[.?!:]\s*$")
_SHORTEST_NAME = 3
# Length helps up to that of a scenario in a few sentences; beyond it, more words must not talk the coach into answering.
_LONGEST = 40


@dataclass(frozen=True, slots=True)
class Calibration:
    """Weights in the order of `FEATURES`, the constant, and the confidence that answers must reach."""

    weights: tuple[float, ...]
    constant: float
    floor: float

    def confidence(self, features: tuple[float, ...]) -> float:
        """Between 0 and 1."""
        total = self.constant + sum(weight * value for weight, value in zip(self.weights, features, strict=True))
        return 1 / (1 + exp(-max(-30.0, min(30.0, total))))


def features(question: str, best: Hit, unknown: Sequence[str]) -> tuple[float, ...]:
    """What the confidence is made of. `unknown` are the names of `unknown_names`."""
    return (best.dense, best.lexical, float(bool(unknown)), log(1 + min(_LONGEST, len(question.split()))))


def unknown_names(question: str, about: About, lexicon: Lexicon, english: CommonWords) -> list[str]:
    """The words of a question that name something which stands nowhere in the material.

    A word the material never uses is such a name if it is written like one (Muon, METEOR, RM3) or is no common
    English word. Everyday words that the material happens not to use mean nothing.
    """
    return [word for word, named in _words(question) if _absent(word, about, lexicon) and (named or not english.common(word))]


def _words(question: str) -> Iterator[tuple[str, bool]]:
    """Each word that could be a name, and whether it is written like one."""
    shouted = question.isupper()
    for match in _WORD.finditer(question):
        word = match.group()
        if len(word) < _SHORTEST_NAME or word[0].isdigit():
            continue
        opens = match.start() == 0 or _SENTENCE_END.search(question[: match.start()]) is not None
        inner = any(letter.isupper() or letter.isdigit() for letter in word[1:])
        yield word, not shouted and (inner or (word[0].isupper() and not opens))


def _absent(word: str, about: About, lexicon: Lexicon) -> bool:
    tokens = lexicon.tokens(word)
    return bool(tokens) and not any(about.frequencies.get(token) for token in tokens.values())


def calibration_for(model: str) -> Calibration:
    """The calibration fitted for an embedding model; one nobody fitted gets the default model's."""
    fitted = _fitted()
    return fitted.get(model) or fitted[DEFAULT_EMBEDDER]


def library_calibration_for(model: str) -> Calibration:
    """The same for passages that nobody wrote ways of asking for."""
    fitted = _fitted()
    return fitted.get(of_library(model)) or fitted.get(of_library(DEFAULT_EMBEDDER)) or calibration_for(model)


def of_library(model: str) -> str:
    """Under which name the library's calibration is stored."""
    return f"{model}, library"


@cache
def _fitted() -> dict[str, Calibration]:
    stored = json.loads(FILE.read_text(encoding="utf-8"))
    return {
        name: Calibration(tuple(entry["weights"][feature] for feature in FEATURES), entry["constant"], entry["floor"])
        for name, entry in stored.items()
    }
