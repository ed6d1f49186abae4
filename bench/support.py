"""How often the support check lets a sentence pass that the passage says, and one that it contradicts.

    python -m bench.support              # over the published index; --every 8 for more questions

Each sentence is held against the passage of its own question: key points in the bank's first wording and in its others,
statements of `eval/cases/statements.jsonl` that say a key point freely or contradict it, and the bank's misconceptions.
Thresholds are chosen on one half of the questions; the other half is only ever reported.
"""

from __future__ import annotations

import argparse
import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from coach.domain import Question
from coach.ports import Stored
from coach.service import Coach
from coach.settings import load_settings
from coach.support import LEAST_WORDS, Evidence
from coach.wiring import open_coach
from eval.entail import Statement, load
from ingest.read import read_bank

TRIED = (0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7)
SAYS = ("key point", "another wording", "said freely")
AGAINST = ("misconception", "near contradiction", "free contradiction")


@dataclass(frozen=True, slots=True)
class Claim:
    kind: str
    question: Question
    text: str

    @property
    def reported(self) -> bool:
        """Whether its question is one that nothing was chosen on."""
        return hashlib.sha256(self.question.id.encode()).digest()[0] % 2 == 1


def claims(question: Question, statements: Sequence[Statement]) -> Iterator[Claim]:
    for point in question.key_points:
        first, *others = point.wordings
        yield Claim(SAYS[0], question, first)
        yield from (Claim(SAYS[1], question, other) for other in others)
    yield from (Claim(AGAINST[0], question, wrong.text) for wrong in question.misconceptions)
    for one in statements:
        kinds = ((SAYS[2], one.said), (AGAINST[1], one.near), (AGAINST[2], one.free))
        yield from (Claim(kind, question, text) for kind, text in kinds)


def passing(coach: Coach, passages: Mapping[str, Stored], found: Sequence[Claim]) -> list[float]:
    """The largest of the thresholds tried that lets each claim pass; 0 if none does."""
    vectors = coach.embedder.embed([claim.text for claim in found])
    largest = []
    for claim, vector in zip(found, vectors, strict=True):
        stored = passages[claim.question.id]
        evidence = Evidence((stored,), claim.question.prompt, coach.lexicon, coach.index.about)
        passed = [least for least in TRIED if evidence.quotes(claim.text, vector, least)]
        largest.append(max(passed, default=0.0))
    return largest


def show(half: str, found: Sequence[Claim], largest: Sequence[float]) -> None:
    by_kind: defaultdict[str, list[float]] = defaultdict(list)
    for claim, most in zip(found, largest, strict=True):
        by_kind[claim.kind].append(most)
    print(f"\n{half}: {len({claim.question.id for claim in found})} questions; share that passes, by the least share of words")
    print(f"{'':22}{'n':>5}" + "".join(f"{'now ' if least == LEAST_WORDS else ''}{least:.2f}".rjust(10) for least in TRIED))
    for kind in SAYS + AGAINST:
        passed = np.array(by_kind[kind])
        print(f"{kind:22}{len(passed):5}" + "".join(f"{np.mean(passed >= least):10.0%}" for least in TRIED))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--every", type=int, default=10, help="every so many-th question of the bank")
    chosen = parser.parse_args()
    settings = load_settings()
    coach = open_coach(settings)
    questions = [question for topic in read_bank(settings.corpus).topics for question in topic.questions][:: chosen.every]
    statements: defaultdict[str, list[Statement]] = defaultdict(list)
    for statement in load():
        statements[statement.question_id].append(statement)
    passages = {stored.entry.passage.place: stored for stored in coach.index.stored()}
    found = [c for q in questions if q.id in passages for c in claims(q, statements[q.id])]
    largest = passing(coach, passages, found)
    for half, reported in (("Chosen on", False), ("Reported", True)):
        rows = [number for number, claim in enumerate(found) if claim.reported is reported]
        show(half, [found[row] for row in rows], [largest[row] for row in rows])


if __name__ == "__main__":
    main()
