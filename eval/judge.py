"""Claims and texts become verdicts: which text says which claim. What all judges share; each judge has its own file.

A verdict belongs to the claim it was asked for, by number. One that did not come is an error: it is shown as such, and
never guessed nor left out. Verdicts of different judges are not to be compared, so each says whose it is.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from pydantic import BaseModel, ConfigDict, Field

from coach.errors import BadInput
from coach.text import item_marker, units, words
from eval.cases import lines, parsed

_MARK = re.compile(r"\s*\[(?:\d+|\?)\]")


class Ruling(StrEnum):
    SUPPORTED = "supported"
    CONTRADICTED = "contradicted"
    UNKNOWN = "unknown"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a text says a claim. `quote` are the words of the text that decide it; `why` is for a reader; `by` a judge's id."""

    ruling: Ruling
    quote: str = ""
    why: str = ""
    by: str = ""

    @property
    def holds(self) -> bool | None:
        """None if nobody knows, because the judge failed. What a text leaves open it does not say."""
        return None if self.ruling is Ruling.ERROR else self.ruling is Ruling.SUPPORTED


class Judge(Protocol):
    """Tells which texts say which claims."""

    @property
    def id(self) -> str: ...

    def entail(self, claims: Sequence[str], texts: Sequence[str]) -> list[list[Verdict]]:
        """A row a claim, with a verdict for each text."""
        ...


def claims(text: str) -> list[str]:
    """What a text claims, one by one: its sentences and list items without the marks of citations.

    A sentence that only announces what follows ("Three steps matter:") claims nothing.
    """
    found = [_MARK.sub("", unit.text.removeprefix(item_marker(unit.text))).strip() for unit in units(text)]
    return [claim for claim in found if words(claim) and not claim.endswith(":")]


class _Line(BaseModel):
    model_config = ConfigDict(extra="ignore")

    key: str = Field(min_length=1)
    ruling: Ruling
    quote: str = ""
    why: str = ""
    by: str = ""


def key_of(judge: str, text: str, claim: str) -> str:
    """What a verdict is kept under: another judge, text or claim is another key."""
    return hashlib.sha256(json.dumps([judge, text, claim]).encode("utf-8", "replace")).hexdigest()


@dataclass(frozen=True)
class Recalled:
    """A judge that answers from memory and asks another one for the rest.

    As a cache, `source` is the id of that other one, whose new verdicts go to `keep`. As a recording, `source` is the judge
    that was recorded, and what was never put to it is judged by the other and says so in its `by`. Errors are not kept.
    """

    source: str
    otherwise: Judge
    known: MutableMapping[str, Verdict] = field(default_factory=dict, repr=False)
    keep: Callable[[str, Verdict], None] | None = None

    @property
    def id(self) -> str:
        recorded = self.source != self.otherwise.id
        return f"recorded:{self.source}, else {self.otherwise.id}" if recorded else self.source

    def entail(self, claims: Sequence[str], texts: Sequence[str]) -> list[list[Verdict]]:
        keys = [[key_of(self.source, text, claim) for text in texts] for claim in claims]
        open_ = [row for row, own in enumerate(keys) if any(key not in self.known for key in own)]
        asked = dict(zip(open_, self.otherwise.entail([claims[row] for row in open_], texts), strict=True)) if open_ else {}
        return [
            [self.known[key] if key in self.known else self._new(key, asked[row][column]) for column, key in enumerate(own)]
            for row, own in enumerate(keys)
        ]

    def _new(self, key: str, verdict: Verdict) -> Verdict:
        if self.keep and verdict.ruling is not Ruling.ERROR:
            self.known[key] = verdict
            self.keep(key, verdict)
        return verdict


def cached(judge: Judge, known: MutableMapping[str, Verdict] | None = None, file: Path | None = None) -> Recalled:
    """The same judge, asked everything once; with a `file`, once for all runs: each new verdict is added to it."""
    known = {} if known is None else known
    if file and file.exists():
        known.update(load(file))

    def keep(key: str, verdict: Verdict) -> None:
        if file:
            with file.open("a", encoding="utf-8") as out:
                out.write(line(key, verdict))

    return Recalled(judge.id, judge, known, keep)


def recorded(source: str, known: Mapping[str, Verdict], instead: Judge) -> Recalled:
    """The verdicts that the judge `source` once gave; `instead` steps in where it was never asked."""
    return Recalled(source, instead, dict(known))


def load(file: Path) -> dict[str, Verdict]:
    """Verdicts by key. Raises BadInput with file:line."""
    found = {}
    for number, text in lines(file):
        one = parsed(_Line, text, f"{file.name}:{number}", "Delete the line; the judge will be asked again.")
        found[one.key] = Verdict(one.ruling, one.quote, one.why, one.by)
    return found


def line(key: str, verdict: Verdict) -> str:
    """A verdict as a line that `load` reads."""
    kept = {"key": key, "ruling": verdict.ruling, "quote": verdict.quote, "why": verdict.why, "by": verdict.by}
    return json.dumps(kept, ensure_ascii=False) + "\n"


def sources(known: Mapping[str, Verdict]) -> list[str]:
    """Whose verdicts these are."""
    return sorted({verdict.by for verdict in known.values()})


def one_source(file: Path) -> tuple[str, dict[str, Verdict]]:
    """A recording and whose it is. Raises BadInput if it is several judges' or nobody's."""
    known = load(file)
    found = sources(known)
    if len(found) != 1 or not found[0]:
        whose = ", ".join(found) or "nobody"
        raise BadInput(f"{file} holds verdicts of {whose}. Record one judge in a file: coach eval run --judge llm --record FILE")
    return found[0], known


def holding(verdicts: Iterable[Verdict]) -> list[bool | None]:
    """Verdicts as metrics take them."""
    return [verdict.holds for verdict in verdicts]
