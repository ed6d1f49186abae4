"""A judge and statements that each change one thing become the shares it lets through: how far a judge can be believed.

A line of `cases/judge.jsonl` has a text and seven claims: two that it makes, word for word and in other words, four that turn
one of its sentences around, and one about something else. No threshold is fitted on them, but the guards of `eval.rules` against
another order and against one exchanged word were added when these showed that nothing else caught them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field

from eval.cases import FOLDER, lines, parsed
from eval.judge import Judge

FILE = FOLDER / "judge.jsonl"
TRUE = ("verbatim", "paraphrase")
FALSE = ("negated", "number", "antonym", "roles", "foreign")


class Pair(BaseModel):
    """A text and what is claimed of it."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(min_length=1)
    text: str = Field(min_length=1)
    verbatim: str = Field(min_length=1)
    paraphrase: str = Field(min_length=1)
    negated: str = Field(min_length=1)
    number: str = Field(min_length=1)
    antonym: str = Field(min_length=1)
    roles: str = Field(min_length=1)
    foreign: str = Field(min_length=1)

    def claim(self, kind: str) -> str:
        return str(getattr(self, kind))


@dataclass(frozen=True, slots=True)
class SelfTest:
    """Of the claims of each kind, the share a judge says the text makes, and how many it failed on; `wrong` lists the rest."""

    judge: str
    pairs: int
    accepted: Mapping[str, float]
    errors: int
    wrong: tuple[tuple[str, str, str], ...]

    @property
    def figures(self) -> dict[str, float]:
        """For a report: what is accepted of what is true, and of what is not."""
        told = {f"true accepted, {kind}": self.accepted[kind] for kind in TRUE}
        return told | {f"false accepted, {kind}": self.accepted[kind] for kind in FALSE}


def load() -> list[Pair]:
    """The committed pairs. Raises BadInput with file:line for a line that is none."""
    return [parsed(Pair, text, f"{FILE.name}:{number}") for number, text in lines(FILE)]


def self_test(judge: Judge, pairs: Sequence[Pair]) -> SelfTest:
    """Put every claim of every pair to the judge. A verdict it failed on is not an acceptance, and is counted."""
    kinds = (*TRUE, *FALSE)
    accepted = dict.fromkeys(kinds, 0)
    errors, wrong = 0, []
    for pair in pairs:
        verdicts = judge.entail([pair.claim(kind) for kind in kinds], [pair.text])
        for kind, (verdict,) in zip(kinds, verdicts, strict=True):
            accepted[kind] += verdict.holds is True
            errors += verdict.holds is None
            if verdict.holds is not (kind in TRUE):
                wrong.append((pair.id, kind, verdict.why))
    count = max(1, len(pairs))
    return SelfTest(judge.id, len(pairs), {kind: n / count for kind, n in accepted.items()}, errors, tuple(wrong))
