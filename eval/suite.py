"""What a run needs to know of anything that is measured: cases, a way to score one, and the metrics that come out.

To build a suite reads files and no more; models load and texts are embedded when the first case is scored, so that a dry run
costs nothing. Knows no model, no disk and no formula.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from eval.metrics import Score

Numbers = Mapping[str, float]


class Better(StrEnum):
    HIGHER = "higher"
    LOWER = "lower"


@dataclass(frozen=True, slots=True)
class Metric:
    """What each case is scored on or, with the name of a function in `eval.whole`, what the numbers of all come to (AUROC).

    `floor` is the worst value that passes, whatever it was before: the most where lower is better. `tolerance` is how far
    it may get worse before anybody asks whether that was chance. `worst` is what a case counts that could not be scored.
    `judged` ones depend on the suite's judge and are never compared with another judge's. Only `gated` ones fail a run.
    """

    name: str
    better: Better = Better.HIGHER
    floor: float | None = None
    tolerance: float = 0.02
    worst: float = 0.0
    judged: bool = False
    gated: bool = True
    whole: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """One thing to try. `digest` is a hash of all that decides its scores but the system: what is asked and expected.

    Cases of one `family` are drawn together when chance is estimated. `tags` make the slices of a report: topic, level,
    phrasing. A `must` case fails the run by failing itself: scoring less than full on any gated metric of its own.
    """

    id: str
    family: str
    text: str
    digest: str
    tags: Mapping[str, str] = field(default_factory=dict)
    held_back: bool = True
    must: bool = False


@dataclass(frozen=True, slots=True)
class Scored:
    """What a case came to. `scores` go by metric name; a metric that is left out does not concern the case.

    `numbers` are what whole-set metrics are made of; `evidence` is plain JSON for a reader: what was asked, got and
    expected; `counts` are work (texts embedded, searches, language model calls, tokens); `seconds` go by stage.
    """

    scores: Mapping[str, Score] = field(default_factory=dict)
    numbers: Numbers = field(default_factory=dict)
    evidence: Mapping[str, object] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cost:
    """What scoring will take of a language model, before it is spent."""

    calls: int = 0
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class Suite:
    """`score` may raise CoachError: the case then counts as an error, never as a bad or a left-out score.

    `judge` names what judges, empty where nothing does; `self_test` is how far that can be trusted.
    """

    name: str
    metrics: tuple[Metric, ...]
    cases: tuple[Case, ...]
    score: Callable[[Case], Scored]
    judge: str = ""
    self_test: Callable[[], Mapping[str, float]] | None = None
    cost: Callable[[Sequence[Case]], Cost] = lambda _cases: Cost()

    def only(self, keep: Callable[[Case], bool]) -> Suite:
        return replace(self, cases=tuple(case for case in self.cases if keep(case)))

    def sampled(self, share: float) -> Suite:
        """Whole families, about `share` of them, the same ones every time."""
        return self.only(lambda case: _place(case.family) < share)

    @property
    def digest(self) -> str:
        """A hash over all cases."""
        return hashed([[case.id, case.digest] for case in self.cases])


def hashed(value: object) -> str:
    """A hash of plain JSON."""
    return hashlib.sha256(json.dumps(value, ensure_ascii=False, sort_keys=True).encode("utf-8", "replace")).hexdigest()


def held_back(family: str) -> bool:
    """Whether a family is in the half that nothing is fitted on."""
    return hashlib.sha256(family.encode()).digest()[0] % 2 == 1


def _place(family: str) -> float:
    """Where a family stands from 0 to 1, independently of whether it is held back."""
    return int.from_bytes(hashlib.sha256(family.encode()).digest()[1:5]) / 2**32
