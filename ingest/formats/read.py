"""Paths become items: each file decoded, its layout told from its text, every line accounted for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path

from coach.errors import BadInput
from coach.text import words
from ingest.formats.asking import orders
from ingest.formats.assemble import assemble
from ingest.formats.decode import decoded, read_bytes
from ingest.formats.items import Doubt, ItemsRead, Skipped, together
from ingest.formats.layout import Layout, Plan, Section, detect, plan
from ingest.formats.lines import Kind, Line, look, tidy
from ingest.formats.overrides import Role, line_digest, overrides_for, read_overrides
from ingest.formats.own import is_own, read_own

SUFFIXES = frozenset([".md", ".markdown", ".mdown", ".txt", ".text"])
MAX_LINES = 200_000
_EMPTY = frozenset(words("what when with that this from they your does have into like used usin such them their expl desc disc"))


def read_items(path: Path, overrides: Path | None = None) -> ItemsRead:
    """The items of a file, or of every bank in a folder. What cannot be read is skipped with the reason, never raised.

    Raises BadInput if `overrides` breaks its format; what stands beside a bank and does so costs that bank alone.
    """
    if overrides:
        read_overrides(overrides)
    if not path.is_dir():
        return _read_file(path, str(path), overrides)
    files = (file for file in sorted(path.rglob("*")) if file.suffix.lower() in SUFFIXES and not file.is_dir())
    return together(_read_inside(path, file, overrides) for file in files)


def _read_inside(folder: Path, file: Path, overrides: Path | None) -> ItemsRead:
    if not file.resolve().is_relative_to(folder.resolve()):
        return ItemsRead(skipped=(Skipped(str(file), 0, 0, "is a link out of the folder. Copy the file, or name it itself"),))
    return _read_file(file, str(file), overrides)


def _read_file(path: Path, name: str, overrides: Path | None) -> ItemsRead:
    try:
        return parse(decoded(read_bytes(path)), name, overrides_for(path, overrides))
    except BadInput as error:
        return ItemsRead(skipped=(Skipped(name, 0, 0, str(error)),))


def parse(text: str, file: str, decided: Mapping[str, Role] | None = None, layout: Layout | None = None) -> ItemsRead:
    """The items of one text and what was left out of them, by line."""
    if text.count("\n") > MAX_LINES:
        return ItemsRead(skipped=(Skipped(file, 0, 0, f"has more than {MAX_LINES:,} lines. Split it by topic"),))
    lines = look(text)
    if layout is None and is_own(text):
        return read_own(text, lines, file)
    layout = layout or detect(lines)
    if layout is None:
        return _nothing(lines, file)
    planned = plan(lines, layout)
    hints, dropped = _apply(decided or {}, lines, planned)
    items, skipped = assemble(lines, planned, file, hints, dropped)
    doubts = tuple(_doubts(lines, planned, file, decided or {})) if layout is Layout.PLAIN else ()
    return ItemsRead(items, skipped, doubts, ((file, layout),))


def _nothing(lines: Iterable[Line], file: str) -> ItemsRead:
    skipped = tuple(Skipped(file, first, last, "nothing in this file looks like a question") for first, last in _runs(lines))
    return ItemsRead(skipped=skipped or (Skipped(file, 0, 0, "is empty"),))


def _runs(lines: Iterable[Line]) -> Iterator[tuple[int, int]]:
    """First and last number of each run of lines that are not blank."""
    first = last = 0
    for line in lines:
        if line.kind is Kind.BLANK:
            continue
        if last and line.number > last + 1:
            yield first, last
            first = 0
        first, last = first or line.number, line.number
    if last:
        yield first, last


def _apply(decided: Mapping[str, Role], lines: list[Line], planned: Plan) -> tuple[frozenset[int], frozenset[int]]:
    """Change the plan as decided; which lines are hints and which are to be left out."""
    hints, dropped = set(), set()
    for at, line in enumerate(lines) if decided else ():
        role = decided.get(line_digest(line.text)) if line.kind is not Kind.BLANK else None
        if role is None:
            continue
        planned.starts.pop(at, None)
        planned.sections.pop(at, None)
        if role is Role.QUESTION:
            planned.starts[at] = (tidy(line.said or line.text), line.more)
        elif role is Role.SECTION:
            planned.sections[at] = Section(line.level or 1, tidy(line.said or line.text).rstrip(":"))
        elif role is Role.HINT:
            hints.add(at)
        elif role is Role.SKIP:
            dropped.add(at)
    return frozenset(hints), frozenset(dropped)


def _doubts(lines: list[Line], planned: Plan, file: str, decided: Mapping[str, Role]) -> Iterator[Doubt]:
    """Orders right below a question of the same subject that has no hint yet: they may be its hint."""
    starts = sorted(planned.starts)
    for above, at in pairwise(starts):
        line, before, prompt = lines[at], planned.starts[above][0], planned.starts[at][0]
        order = line.kind is Kind.TEXT and orders(prompt) and "?" not in prompt
        hinted = any(between.kind is Kind.HINT for between in lines[above:at])
        digest = line_digest(line.text)
        if order and before.endswith("?") and not hinted and _share(before, prompt) and digest not in decided:
            yield Doubt(file, line.number, digest, "read as a question, may be a hint for the one above it.")


def _share(one: str, other: str) -> bool:
    """Whether two prompts share a word that carries meaning, in whatever form."""
    return bool(_stems(one) & _stems(other))


def _stems(text: str) -> set[str]:
    return {word[:4] for word in words(text) if len(word) > 3} - _EMPTY
