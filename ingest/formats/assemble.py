"""Lines and a plan become items, and every other line a reason. No line with something on it is in neither."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from ingest.formats.asking import asks
from ingest.formats.items import Item, Skipped
from ingest.formats.layout import BEFORE, CONTENTS, Plan, wraps
from ingest.formats.lines import Kind, Line, tidy
from ingest.formats.links import links

TOPIC = "a heading: the topic of what follows"
RULE = "a rule between questions"
PAGE = "belongs to the page, not to the answer"

_PAGE = re.compile(
    r"leave a (?:comment|reply)|(?:no|\d+) comments?|comments?|share this.*|like this.*|related posts?|previous(?: post)?|"
    r"next(?: post)?|read more|subscribe.*|advertisements?|.{0,3}back to (?:the )?(?:top|contents|table of contents).{0,3}|reply|"
    r"copyright.*|all rights reserved.*|©.*",
    re.IGNORECASE,
)
# Nobody asks over more lines than that.
_MOST_WRAPS = 12
_WORD = re.compile(r"\w")
_TAGS = re.compile(r"(?<=[?.])\s*\(([^()]{1,60})\)$")


@dataclass
class _Open:
    """An item whose lines are still coming."""

    at: int
    prompt: str
    more: str
    path: tuple[str, ...]
    lines: list[Line] = field(default_factory=list)


@dataclass
class _Desk:
    """Where items and skipped lines pile up while a file is gone through."""

    file: str
    hints: frozenset[int]
    items: list[Item] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)

    def skip(self, line: Line, reason: str) -> None:
        """Leave a line out; it joins the lines just before it that were left out for the same reason."""
        last = self.skipped[-1] if self.skipped else None
        if last and last.reason == reason and last.last == line.number - 1:
            self.skipped[-1] = Skipped(self.file, last.first, line.number, reason)
        elif line.kind is not Kind.BLANK:
            self.skipped.append(Skipped(self.file, line.number, line.number, reason))


def assemble(
    lines: Sequence[Line], plan: Plan, file: str, hints: frozenset[int] = frozenset(), dropped: frozenset[int] = frozenset()
) -> tuple[tuple[Item, ...], tuple[Skipped, ...]]:
    """Items and skipped lines in order. `hints` and `dropped` are indices that an override decided."""
    desk = _Desk(file, frozenset(lines[at].number for at in hints))
    above: list[tuple[int, str]] = []
    item: _Open | None = None
    reason = BEFORE
    for at, line in enumerate(lines):
        if at in plan.starts:
            _close(item, desk)
            prompt, more = plan.starts[at]
            item = _Open(line.number, prompt, more, tuple(title for _level, title in above))
            item.lines.append(line)
        elif at in plan.sections:
            _close(item, desk)
            item, section = None, plan.sections[at]
            above = [one for one in above if one[0] < section.level] + (
                [] if section.reason else [(section.level, section.title)]
            )
            reason = section.reason or BEFORE
            desk.skip(line, section.reason or TOPIC)
        elif at in dropped:
            _close(item, desk)
            item = None
            desk.skip(line, "left out by an override")
        elif item:
            item.lines.append(line)
        else:
            desk.skip(line, CONTENTS if line.kind is Kind.INSIDE else reason)
    _close(item, desk)
    return tuple(desk.items), tuple(sorted(desk.skipped, key=lambda skipped: skipped.first))


def _close(item: _Open | None, desk: _Desk) -> None:
    if item is None:
        return
    tail = len(item.lines)
    while tail > 1 and _trails(item.lines[tail - 1]):
        tail -= 1
    kept, left = item.lines[:tail], item.lines[tail:]
    body = _Body(desk.hints)
    body.read(item.prompt, item.more, kept[0].kind not in {Kind.HEADING, Kind.BOLD}, kept[1:])
    tags = _TAGS.search(body.prompt)
    prompt = body.prompt[: tags.start()] if tags and asks(body.prompt[: tags.start()]) else body.prompt
    prompt = prompt.rstrip(":").rstrip() or tidy(kept[0].text) or kept[0].text.strip()
    desk.items.append(
        Item(
            prompt=prompt,
            answer=body.answer,
            hint=body.hint,
            links=links("\n".join(line.text for line in kept)),
            path=item.path,
            file=desk.file,
            first=item.at,
            last=kept[-1].number,
            tags=(tags.group(1).strip(),) if tags and prompt != body.prompt else (),
            asks=asks(prompt),
        )
    )
    for line in left:
        desk.skip(line, PAGE if _WORD.search(line.text) else RULE)


def _trails(line: Line) -> bool:
    """Whether a line at the end of an item does not belong to it."""
    if line.kind in {Kind.BLANK, Kind.RULE, Kind.MARKUP, Kind.INSIDE}:
        return True
    if line.kind is Kind.INDENTED and not line.text.strip(" \t-*_"):
        return True
    return line.kind is Kind.TEXT and _PAGE.fullmatch(tidy(line.said)) is not None


class _Body:
    """What stands below a prompt: more of the prompt, a hint, the answer."""

    def __init__(self, hints: frozenset[int]) -> None:
        self.hints = hints
        self.prompt = ""
        self._answer: list[str] = []
        self._hint: list[str] = []

    @property
    def answer(self) -> str:
        whole = "\n".join(line.rstrip() for line in self._answer).strip("\n")
        return textwrap.dedent(whole).strip()

    @property
    def hint(self) -> str:
        return " ".join(" ".join(self._hint).split())

    def read(self, prompt: str, more: str, open_: bool, lines: Sequence[Line]) -> None:
        self.prompt = prompt
        if more:
            self._answer.append(more)
        lines = lines[self._rest_of_prompt(lines) if open_ else 0 :]
        hinting = False
        for line in lines:
            if line.kind is Kind.HINT or line.number in self.hints:
                hinting = True
                self._hint.append(line.said if line.kind is Kind.HINT else line.text)
            elif line.kind is Kind.ANSWER and not self._answer:
                hinting = False
                self._answer.extend([line.said] if line.said.strip("* ") else [])
            elif line.kind in {Kind.BLANK, Kind.RULE} and not self._answer:
                hinting = False
                continue
            elif hinting and line.kind in {Kind.TEXT, Kind.INDENTED}:
                self._hint.append(line.text)
            else:
                hinting = False
                self._answer.append(line.text)

    def _rest_of_prompt(self, lines: Sequence[Line]) -> int:
        """How many lines still belong to the question: a sentence left open, or all up to the answer's marker."""
        parts = [self.prompt]
        for line, following in zip_longest(lines[:_MOST_WRAPS], lines[1 : _MOST_WRAPS + 1]):
            marked = following is not None and following.kind is Kind.ANSWER
            goes_on = line is not None and line.kind in {Kind.TEXT, Kind.INDENTED} and line.number not in self.hints
            if not goes_on or not (marked or wraps(parts[-1], tidy(line.text))):
                break
            parts.append(tidy(line.text))
        self.prompt = " ".join(parts)
        return len(parts) - 1
