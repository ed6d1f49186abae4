"""Plain text becomes blocks, sentences, words and found quotes. Knows no library and no meaning."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

_FENCE = re.compile(r"^\s*(```|~~~)")
_ITEM = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+")
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")

# A full stop after these does not end a sentence.
_ABBREVIATIONS = frozenset(
    ["e.g", "i.e", "etc", "vs", "cf", "al", "fig", "eq", "sec", "approx", "no", "dr", "mr", "ms", "st", "resp"]
)
# A "sentence" this short is a run-in heading ("Trade-offs."): it belongs to what follows.
_RUN_IN_WORDS = 2
_END = re.compile(r"[.!?][\"')\]*_]*(?=\s)")
# Bounded, so that a page of open brackets costs no more than a page of words.
_MASKED = re.compile(
    r"`[^`]{0,300}`|\$\$[^$]{1,1000}\$\$|\$[^$]{0,400}\$"
    r"|\\\((?:[^\\]|\\(?![()])){0,400}\\\)|\\\[(?:[^\\]|\\(?![\[\]])){0,1000}\\\]"
    r"|\[[^\][]{0,300}\]\([^()]{0,500}\)"
)
_LOOK_BACK = 80

# Zero-width, bidirectional and tag characters: invisible to a reader, so never part of what one asked.
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\U000e0000-\U000e007f]")


class BlockKind(StrEnum):
    PARAGRAPH = "paragraph"
    ITEM = "item"
    CODE = "code"
    TABLE = "table"


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, one list item, a fence or a table, as it stands in its Markdown."""

    kind: BlockKind
    text: str


def clean(text: str) -> str:
    """`text` in NFC without control or invisible characters; line breaks and tabs stay."""
    visible = _INVISIBLE.sub("", text)
    kept = "".join(c for c in visible if c in "\n\t" or unicodedata.category(c) not in {"Cc", "Cs", "Co", "Cn"})
    # Last, so that what stood apart and now does not is composed too: cleaning twice changes nothing.
    return unicodedata.normalize("NFC", kept)


def words(text: str) -> list[str]:
    """The words of `text`, lower-cased, in order."""
    return _WORD.findall(text.lower())


def blocks(markdown: str) -> Iterator[Block]:
    """The blocks of `markdown` in order. A fence or a table is never cut."""
    gathered: list[str] = []
    kind = BlockKind.PARAGRAPH
    for line in [*markdown.split("\n"), ""]:
        inside_fence = kind is BlockKind.CODE
        if inside_fence:
            gathered.append(line)
            if len(gathered) > 1 and _FENCE.match(line):
                yield Block(kind, "\n".join(gathered))
                gathered, kind = [], BlockKind.PARAGRAPH
            continue
        begins = _begins(line, kind, bool(gathered))
        if begins is not None:
            if gathered:
                yield Block(kind, "\n".join(gathered))
            gathered, kind = [], begins
        if line.strip():
            gathered.append(line)
    if gathered:  # a fence nobody closed
        yield Block(kind, "\n".join(gathered))


def _begins(line: str, kind: BlockKind, open_: bool) -> BlockKind | None:
    """The kind of block that starts at `line`, or None if the line belongs to the open one."""
    if not line.strip():
        return BlockKind.PARAGRAPH
    if _FENCE.match(line):
        return BlockKind.CODE
    if _ITEM.match(line):
        return BlockKind.ITEM
    if line.lstrip().startswith("|"):
        return None if kind is BlockKind.TABLE and open_ else BlockKind.TABLE
    return None if open_ and kind is not BlockKind.TABLE else BlockKind.PARAGRAPH


def sentences(paragraph: str) -> list[str]:
    """The sentences of one paragraph, each exactly as it stands there.

    Full stops inside code spans, formulas, links, numbers and common abbreviations end nothing.
    """
    masked = _MASKED.sub(lambda match: "x" * len(match.group()), paragraph)
    found, start = [], 0
    for end in _END.finditer(masked):
        so_far = masked[max(start, end.start() - _LOOK_BACK) : end.start()]
        before = so_far.rsplit(None, 1)
        last_word = before[-1].lower().lstrip("(") if before else ""
        after = masked[end.end() : end.end() + _LOOK_BACK].lstrip()
        if len(so_far.split()) <= _RUN_IN_WORDS and after:
            continue
        if masked[end.start()] == "." and last_word in _ABBREVIATIONS:
            continue
        if after and after[0].islower():
            continue
        found.append(paragraph[start : end.end()].strip())
        start = end.end()
    found.append(paragraph[start:].strip())
    return [sentence for sentence in found if sentence]


@dataclass(frozen=True, slots=True)
class Unit:
    """The smallest piece of Markdown that can be quoted by itself: a sentence, a list item, a fence or a table.

    `block` numbers the block it stands in; `start` and `end` are its place in the Markdown.
    """

    text: str
    kind: BlockKind
    block: int
    start: int
    end: int


def units(markdown: str) -> list[Unit]:
    """The units of `markdown`, in order, each exactly as it stands there."""
    found: list[Unit] = []
    at = 0
    for number, block in enumerate(blocks(markdown)):
        parts = sentences(block.text) if block.kind is BlockKind.PARAGRAPH else [block.text.strip()]
        for part in parts:
            start = markdown.index(part, at)
            at = start + len(part)
            found.append(Unit(part, block.kind, number, start, at))
    return found


def separator(previous: Unit, unit: Unit) -> str:
    """What stands between two units that are written one after the other."""
    if previous.block == unit.block:
        return " "
    return "\n" if previous.kind is BlockKind.ITEM and unit.kind is BlockKind.ITEM else "\n\n"


def item_marker(block: str) -> str:
    """The bullet or number a list item starts with, or nothing."""
    match = _ITEM.match(block)
    return match.group() if match else ""


def find_quote(quote: str, text: str) -> tuple[int, int] | None:
    """Where `quote` stands in `text` as (start, end), comparing without regard to runs of white space."""
    parts = quote.split()
    if not parts:
        return None
    match = re.search(r"\s+".join(re.escape(part) for part in parts), text)
    return (match.start(), match.end()) if match else None


def shortened(text: str, limit: int) -> str:
    """`text` cut at a word to at most `limit` characters, with an ellipsis if something was cut."""
    if len(text) <= limit:
        return text
    cut = text[: limit - 1].rsplit(None, 1)[0] if " " in text[: limit - 1] else text[: limit - 1]
    return f"{cut}…"
