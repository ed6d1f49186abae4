"""Attacks and a grader become a report: what earns marks without knowledge, and what honest way of talking loses them?

A base is an honest, strong reply. All else is an attempt to earn marks without one, a base made wrong, or a base said in
another way. Nothing is ever fitted to these cases; they only judge.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from operator import itemgetter
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from coach.domain import Grade, Question
from coach.errors import BadInput
from coach.grade import FULL
from coach.ports import Progress
from coach.text import sentences, words
from eval.cases import FOLDER, lines, parsed

FILE = FOLDER / "attacks.jsonl"
BASE = "base"
ONE_CONTRADICTION = "one-contradiction"

# People would give a base 4 or more: it says every essential point and most of the others.
HIGH_FROM = 3.5
# What a single essential point earns where points are many (3 of 15): more cannot be had by chance.
LOW_UP_TO = 1.0
# Most claims are wrong: nearly a third of full marks must go, unless half of them or less are left anyway.
LOWER_BY = 1.5
LOWER_UP_TO = 2.5
# The rest is right, but even a bonus point contradicted is worth that much (1 of 15).
ONE_CONTRADICTION_COSTS = 0.3
# What one essential point loses at least if it falls from covered to partly covered (half of 3 of 15).
SAME_WITHIN = 0.5

WORST = 5

EMPTY = ("", " \n\t\n ", "...", "?!", "\u200b\u200b", "-", "\u00a0", "\n\n\n")
KEYWORD_TIMES = 20
# To grade thousands of words takes seconds: every so many-th base is padded to so many words.
PADDED = {2_000: 4, 10_000: 13}
PREFACE = (
    "Thank you for the question, that is an interesting one. Let me think for a second. All right, I would put it like this."
)
CLOSING = "That is how I would explain it, at least. I hope this makes sense, and I am happy to go deeper if you like. Thank you!"

_PAUSES = re.compile(r"[.,;:!?]+(?=\s|$)")
_LEAST_KEYWORD = 5
_WHO = (
    "My cousin from the mountains",
    "The neighbor with the red bicycle",
    "An old friend of my father",
    "Our landlord, a retired sailor,",
    "The lady from the bakery",
    "A colleague whose name I forget",
    "My brother and his two dogs",
    "The conductor of our choir",
    "Somebody I met on the ferry",
    "The gardener of the school",
)
_DID = (
    "told me a long story about the weather",
    "wanted to buy a ticket for the concert",
    "has planted tomatoes and some beans again",
    "was looking for a pair of warm gloves",
    "baked an apple pie with far too much sugar",
    "forgot the umbrella and came home quite wet",
    "painted the fence in a strange shade of green",
    "lost the keys and climbed in by the window",
    "sang an old song about the moon and the sea",
    "had breakfast late and then slept until noon",
)
_WHEN = (
    "on the first Sunday in May",
    "while the soup was on the stove",
    "during the football game on Friday",
    "shortly before the shops closed",
    "in the summer when it rained so much",
    "on the way back from the lake",
    "after the wedding of my aunt",
    "while everybody waited for the bus",
    "in the middle of the night",
    "on a cold morning last winter",
)


class Expect(StrEnum):
    """What a fair grader does with a reply; `excess` says it in numbers."""

    HIGH = "high"
    SAME = "same"
    LOWER = "lower"
    LOW = "low"
    NONE = "none"


_MUST_PASS = frozenset({Expect.HIGH, Expect.SAME})
_COMPARED = frozenset({Expect.SAME, Expect.LOWER})


@dataclass(frozen=True, slots=True)
class Attack:
    """A reply to a bank question and what is expected of its grade. `of` is the id of the base it was made from."""

    id: str
    attack: str
    question_id: str
    user_input: str
    response: str
    expect: Expect
    of: str | None = None

    @property
    def held_back(self) -> bool:
        """Whether the question is in the half that the grader was never fitted on."""
        return hashlib.sha256(self.question_id.encode()).digest()[0] % 2 == 1


@dataclass(frozen=True, slots=True)
class Offender:
    """A reply that fooled the grader, with its score and that of its base; None where not graded, or without a base."""

    id: str
    score: float | None
    base: float | None


@dataclass(frozen=True, slots=True)
class AttackResult:
    """How often one kind of reply fooled the grader. `mean` counts what was not graded as 0; `worst` come first."""

    attack: str
    expect: Expect
    cases: int
    fooled: int
    ungraded: int
    mean: float
    worst: tuple[Offender, ...]

    @property
    def rate(self) -> float:
        return self.fooled / self.cases


@dataclass(frozen=True, slots=True)
class AttackReport:
    """One result a kind, in the order of the cases."""

    results: tuple[AttackResult, ...]

    @property
    def cases(self) -> int:
        return sum(result.cases for result in self.results)


class _Line(BaseModel):
    model_config = ConfigDict(extra="ignore")

    id: str = Field(min_length=1)
    attack: str = Field(min_length=1)
    question_id: str = Field(min_length=1)
    user_input: str = Field(min_length=1)
    response: str = Field(min_length=1)
    expect: Expect
    of: str | None = None


def excess(attack: Attack, score: float | None, base: float) -> float:
    """By how many points a score misses what is expected; above 0 the grader was fooled. `base` is the base's score.

    High: from `HIGH_FROM`. Same: at most `SAME_WITHIN` below its base. Low: up to `LOW_UP_TO`. Lower: `LOWER_BY` below
    its base, or up to `LOWER_UP_TO`; with one contradiction `ONE_CONTRADICTION_COSTS` below. None: whatever. A reply
    not graded is never a success for an attack, and always a failure where an honest reply must pass.
    """
    if score is None:
        return FULL if attack.expect in _MUST_PASS else 0.0
    costs = ONE_CONTRADICTION_COSTS if attack.attack == ONE_CONTRADICTION else LOWER_BY
    beyond = {
        Expect.HIGH: HIGH_FROM - score,
        Expect.SAME: base - SAME_WITHIN - score,
        Expect.LOW: score - LOW_UP_TO,
        Expect.LOWER: score - max(LOWER_UP_TO, base - costs),
        Expect.NONE: 0.0,
    }
    # Scores are sums of fractions: a rounding error fools nobody.
    return round(beyond[attack.expect], 6)


def load(file: Path = FILE) -> list[Attack]:
    """The written cases. Raises BadInput with file:line for a line that is none, a repeated id, or a base not there."""
    attacks: dict[str, Attack] = {}
    places: dict[str, str] = {}
    for number, text in lines(file):
        where = f"{file.name}:{number}"
        line = parsed(_Line, text, where)
        if line.id in places:
            raise BadInput(f"{where}: the id {line.id!r} is already used at {places[line.id]}. Give it another.")
        places[line.id] = where
        attacks[line.id] = Attack(**dict(line))
    for attack in attacks.values():
        if (attack.of or attack.expect in _COMPARED) and not _is_base(attacks.get(attack.of or ""), attack):
            raise BadInput(
                f"{places[attack.id]}: {attack.of!r} is no base for {attack.question_id}. Name one of that question as 'of'."
            )
    return list(attacks.values())


def generated(bases: Sequence[Attack]) -> list[Attack]:
    """What can be made from bases without thought. Answers to other questions come from the next base and from far off."""
    found = []
    for number, base in enumerate(bases):
        others = [bases[(number + step) % len(bases)] for step in sorted({1, len(bases) // 2})]
        low = [
            ("echoed", f"{base.user_input} " * 3),
            ("shuffled", _shuffled(base)),
            ("one-keyword", f"{max(words(base.response), key=len)} " * KEYWORD_TIMES),
            ("empty", EMPTY[number % len(EMPTY)]),
            *(("another-answer", other.response) for other in others if other.question_id != base.question_id),
        ]
        same = [
            ("lower-case", _PAUSES.sub("", base.response.lower())),
            ("upper-case", base.response.upper()),
            ("reversed", " ".join(reversed(sentences(base.response)))),
            ("duplicated", f"{base.response} {base.response}"),
            ("polite", f"{PREFACE} {base.response} {CLOSING}"),
            *(("padded", _padded(base.response, length)) for length, every in PADDED.items() if number % every == 0),
        ]
        found += [_made(base, *reply, Expect.LOW, place) for place, reply in enumerate(low, 1)]
        found += [_made(base, *reply, Expect.SAME, place) for place, reply in enumerate(same, 1)]
    return found


def measure(
    grade: Callable[[Question, str], Grade],
    questions: Mapping[str, Question],
    attacks: Sequence[Attack],
    progress: Progress | None = None,
) -> AttackReport:
    """Grade every reply, the bases among them, and count how often the grader was fooled.

    Raises BadInput if a question is not in `questions`.
    """
    scores: dict[str, float | None] = {}
    kinds: dict[tuple[str, Expect], list[Attack]] = defaultdict(list)
    for attack in attacks:
        if attack.question_id not in questions:
            raise BadInput(f"The case {attack.id!r} is about {attack.question_id}, which is not in the bank. Mend one of them.")
        scores[attack.id] = grade(questions[attack.question_id], attack.response).score
        kinds[attack.attack, attack.expect].append(attack)
        if progress:
            progress(1)
    return AttackReport(tuple(_result(cases, scores) for cases in kinds.values()))


def _result(cases: Sequence[Attack], scores: Mapping[str, float | None]) -> AttackResult:
    bases = [scores[case.of] if case.of else None for case in cases]
    judged = [
        (excess(case, scores[case.id], base or 0.0), Offender(case.id, scores[case.id], base))
        for case, base in zip(cases, bases, strict=True)
    ]
    fooled = sorted((pair for pair in judged if pair[0] > 0), key=itemgetter(0), reverse=True)
    given = [scores[case.id] for case in cases]
    return AttackResult(
        cases[0].attack,
        cases[0].expect,
        len(cases),
        len(fooled),
        given.count(None),
        float(np.mean([score or 0.0 for score in given])),
        tuple(offender for _excess, offender in fooled[:WORST]),
    )


def _is_base(base: Attack | None, attack: Attack) -> bool:
    return base is not None and base.attack == BASE and base.question_id == attack.question_id


def _made(base: Attack, attack: str, response: str, expect: Expect, place: int) -> Attack:
    of = base.id if expect in _COMPARED else None
    return Attack(f"{base.id}-{expect}-{place}-{attack}", attack, base.question_id, base.user_input, response, expect, of)


def _shuffled(base: Attack) -> str:
    """The keywords of a reply in three orders that have nothing to do with what it says, each after the question."""
    keywords = sorted({word for word in words(base.response) if len(word) >= _LEAST_KEYWORD})
    orders = (keywords, keywords[::-1], sorted(keywords, key=len))
    return "\n".join(f"{base.user_input} {' '.join(order)}" for order in orders)


def _padded(response: str, length: int) -> str:
    """`response` in the middle of about `length` words of chat, no sentence of which comes twice."""
    chat = [f"{who} {did} {when}." for when, did, who in product(_WHEN, _DID, _WHO)]
    count = length * len(chat) // len(" ".join(chat).split())
    return " ".join((*chat[: count // 2], response, *chat[count // 2 : count]))
