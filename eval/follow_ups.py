"""Dialogs and a coach become numbers: does a follow-up find what it is about, and is a new question left alone?

In a follow-up the last turn makes no sense by itself; in a switch it does, and carrying anything into it is an error. The
questions of the retrieval cases, each put after one of another, tell how often that happens to all kinds of questions.
Half of the cases is held back: nothing was chosen on it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field

from coach.ports import Progress
from coach.resolve import Said
from coach.service import Coach
from eval.cases import FOLDER, RetrievalCase, lines, parsed
from eval.stats import Estimate, mean

FILE = FOLDER / "follow-ups.jsonl"
FOLLOW_UP, SWITCH = "follow-up", "switch"


class _Line(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: str = Field(min_length=1)
    turns: list[str] = Field(min_length=2)
    reference_context_ids: list[str] = Field(min_length=1)
    kind: str = Field(pattern=f"^({FOLLOW_UP}|{SWITCH})$")


@dataclass(frozen=True, slots=True)
class Dialog:
    """Questions in a row and the ids of the bank's questions that the last one is about."""

    id: str
    turns: tuple[str, ...]
    relevant: tuple[str, ...]
    kind: str

    @property
    def held_back(self) -> bool:
        return hashlib.sha256(self.id.encode()).digest()[0] % 2 == 1


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of dialogs: hit@1 of the last question as asked and as resolved, how many were, and how many are answered."""

    kind: str
    asked: Estimate
    resolved: Estimate
    rewritten: Estimate
    answered: Estimate


@dataclass(frozen=True, slots=True)
class Found:
    """What the last question of a dialog came to: whether the right passage was first before and after, and is answered."""

    searched: str
    asked: bool
    resolved: bool
    answered: bool


@dataclass(frozen=True, slots=True)
class FollowUpReport:
    """`rows` are by kind, of all cases and of those held back; `alone` is how many questions by themselves were rewritten."""

    rows: tuple[Row, ...]
    alone: Estimate
    wrong: tuple[tuple[Dialog, str, str], ...]


def load() -> list[Dialog]:
    """The committed dialogs. Raises BadInput with file:line for a line that is none."""
    dialogs = []
    for number, text in lines(FILE):
        line = parsed(_Line, text, f"{FILE.name}:{number}")
        dialogs.append(Dialog(line.id, tuple(line.turns), tuple(line.reference_context_ids), line.kind))
    return dialogs


def measure(
    coach: Coach, dialogs: Sequence[Dialog], alone: Sequence[RetrievalCase], progress: Progress | None = None
) -> FollowUpReport:
    """Keyless, whatever language model the coach has."""
    came_to = {}
    for dialog in dialogs:
        came_to[dialog.id] = found(coach, dialog)
        if progress:
            progress(1)
    rows = []
    for kind in (FOLLOW_UP, SWITCH):
        for held in (False, True):
            chosen = [dialog for dialog in dialogs if dialog.kind == kind and (dialog.held_back or not held)]
            name = f"{kind}, held back" if held else kind
            rows.append(_row(name, chosen, [came_to[dialog.id] for dialog in chosen]))
    wrong = tuple(
        (dialog, one.searched, "not found" if dialog.kind == FOLLOW_UP else "rewritten")
        for dialog in dialogs
        if (one := came_to[dialog.id]) and (not one.resolved if dialog.kind == FOLLOW_UP else one.searched != dialog.turns[-1])
    )
    return FollowUpReport(tuple(rows), mean([float(coach.quoter.resolver.follows(case.user_input)) for case in alone]), wrong)


def told(report: FollowUpReport) -> list[str]:
    """The report in lines."""
    return [
        f"{'':24}{'n':>4}  {'hit@1 as asked':22}{'hit@1 resolved':22}{'rewritten':22}answered",
        *(
            f"{row.kind:24}{row.asked.n:>4}  {row.asked!s:22}{row.resolved!s:22}{row.rewritten!s:22}{row.answered}"
            for row in report.rows
        ),
        f"Questions that stand by themselves, rewritten all the same: {report.alone}, n = {report.alone.n}.",
    ]


def found(coach: Coach, dialog: Dialog) -> Found:
    """The last turn of a dialog, searched for as asked and as resolved."""
    question, searched = dialog.turns[-1], _resolved(coach, dialog.turns)
    hits = coach.search(searched)
    before = coach.search(question, 1) if searched != question else hits
    return Found(
        searched,
        before[0].passage.place in dialog.relevant,
        hits[0].passage.place in dialog.relevant,
        coach.judge(searched, hits).enough,
    )


def _resolved(coach: Coach, turns: Sequence[str]) -> str:
    """What is searched for after all turns were asked one after another."""
    said: list[Said] = []
    for question in turns:
        searched, _ = coach.quoter.query(question, said)
        said.append(Said(question, searched or question, ""))
    return said[-1].searched


def _row(kind: str, dialogs: Sequence[Dialog], found: Sequence[Found]) -> Row:
    return Row(
        kind,
        mean([float(one.asked) for one in found]),
        mean([float(one.resolved) for one in found]),
        mean([float(one.searched != dialog.turns[-1]) for dialog, one in zip(dialogs, found, strict=True)]),
        mean([float(one.answered) for one in found]),
    )
