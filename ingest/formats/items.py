"""What a foreign bank becomes: items with their place, and every other line with the reason it was left out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from coach.domain import Question, Reference


@dataclass(frozen=True, slots=True)
class Item:
    """One question, or one topic to talk about, as somebody else wrote it down.

    `path` are the headings it stands under, outermost first; `first` and `last` its lines, counted from 1. `answer`
    is Markdown and may be empty or a mere list of links; `asks` is False for a bare topic or a note.
    `question` is the whole of it where the file is in our own format.
    """

    prompt: str
    answer: str
    hint: str
    links: tuple[Reference, ...]
    path: tuple[str, ...]
    file: str
    first: int
    last: int
    tags: tuple[str, ...] = ()
    asks: bool = True
    question: Question | None = None

    @property
    def at(self) -> str:
        return f"{self.file}:{self.first}"


@dataclass(frozen=True, slots=True)
class Skipped:
    """Lines that are in no item, and why. `first` is 0 where it is the whole file."""

    file: str
    first: int
    last: int
    reason: str

    def __str__(self) -> str:
        where = f":{self.first}" if self.first else ""
        return f"{self.file}{where}{f'-{self.last}' if self.last > self.first else ''}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Doubt:
    """A line that may be something else than what it was read as; an override with its `digest` settles it."""

    file: str
    line: int
    digest: str
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text} To settle it, say in an override file what {self.digest} is."


@dataclass(frozen=True, slots=True)
class ItemsRead:
    """What one file, or several, came to. `layouts` says how each file that was understood is laid out."""

    items: tuple[Item, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    layouts: tuple[tuple[str, str], ...] = ()


def together(reads: Iterable[ItemsRead]) -> ItemsRead:
    """What several files came to."""
    all_ = list(reads)
    return ItemsRead(
        tuple(item for read in all_ for item in read.items),
        tuple(skipped for read in all_ for skipped in read.skipped),
        tuple(doubt for read in all_ for doubt in read.doubts),
        tuple(layout for read in all_ for layout in read.layouts),
    )
