"""Markdown or plain text becomes a document: its sections with their headings and lines. Knows no disk."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token

from coach.domain import Origin, Reference
from coach.errors import ExtractError
from coach.text import clean
from ingest.document import Document, Section

_FRONT = re.compile(r"\A---[^\S\n]*\n(.*?)\n(?:---|\.\.\.)[^\S\n]*(?:\n|\Z)", re.DOTALL)
_TITLE = re.compile(r"^title:[^\S\n]*[\"']?(.+?)[\"']?[^\S\n]*$", re.MULTILINE | re.IGNORECASE)
# Reading what stands inside a paragraph takes quadratic time at worst: one as long as this has no links.
_LONGEST = 20_000
_BLOCKS = MarkdownIt("commonmark").enable("table").disable("inline")
_INLINE = MarkdownIt("commonmark")
_WORDY = re.compile(r"[^\W\d_]")


@dataclass(frozen=True, slots=True)
class _Heading:
    """`first` is its own line and `after` the one behind it, both counted from 0."""

    level: int
    text: str
    first: int
    after: int


def document_of(text: str, source: str, title: str, origin: Origin, topic: str = "") -> Document:
    """A Markdown text as a document; plain text is Markdown without headings. `title` is used where the text has none.

    Nothing inside a fence is a heading. Invisible characters are dropped.
    """
    text = clean(text.replace("\r\n", "\n").replace("\r", "\n"))
    front = _FRONT.match(text)
    named = _TITLE.search(front.group(1)) if front else None
    # The front matter is blanked, not cut, so that line numbers stay true.
    body = "\n" * front.group().count("\n") + text[front.end() :] if front else text
    tokens = _BLOCKS.parse(body)
    headings = list(_headings(tokens))
    tops = [heading for heading in headings if heading.level == 1]
    only_top = tops[0] if len(tops) == 1 and tops[0] == headings[0] and not named else None
    name = named.group(1) if named else only_top.text if only_top else title
    return Document(source, name, origin, tuple(_sections(body, tokens, headings, only_top)), topic)


def _headings(tokens: Sequence[Token]) -> Iterator[_Heading]:
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open" and opening.level == 0 and opening.map:
            first, after = opening.map
            yield _Heading(int(opening.tag[1:]), _plain(inline), first, after)


def _plain(inline: Token) -> str:
    """A heading's words, without its emphasis, links and line breaks."""
    return " ".join("".join(child.content or " " * (child.type == "softbreak") for child in _children(inline)).split())


def _children(inline: Token) -> list[Token]:
    (whole,) = _INLINE.parseInline(inline.content[:_LONGEST])
    return whole.children or []


def _sections(body: str, tokens: Sequence[Token], headings: Sequence[_Heading], title: _Heading | None) -> Iterator[Section]:
    """What stands before the first heading, then what stands under each; one with nothing under it is left out."""
    lines = body.split("\n")
    path: list[_Heading] = []
    for heading, following in zip([None, *headings], [*headings, None], strict=True):
        if heading:
            path = [*(above for above in path if above.level < heading.level), heading]
        start, end = heading.after if heading else 0, following.first if following else len(lines)
        text = "\n".join(lines[start:end])
        if _WORDY.search(text):
            named = tuple(above.text for above in path if above != title and above.text)
            yield Section(named, text.strip("\n"), _place(lines, start, end), tuple(_links(tokens, start, end)))


def _place(lines: Sequence[str], start: int, end: int) -> str:
    """The lines that are not blank, as a person counts them."""
    filled = [number + 1 for number in range(start, end) if lines[number].strip()]
    return f"lines {filled[0]}-{filled[-1]}" if len(filled) > 1 else f"line {filled[0]}"


def _links(tokens: Sequence[Token], start: int, end: int) -> Iterator[Reference]:
    """Every web address linked between two lines, once, with the words it is linked by."""
    seen = set()
    for token in tokens:
        if token.type != "inline" or not token.map or not start <= token.map[0] < end:
            continue
        for child, inside in pairwise(_children(token)):
            address = str(child.attrGet("href") or "")
            if child.type == "link_open" and address not in seen and _web(address):
                seen.add(address)
                yield Reference(" ".join(inside.content.split()) or address, address, "")


def _web(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def markdown_of_notebook(text: str) -> str:
    """A Jupyter notebook's Markdown and code cells; what the code printed is left out. Raises ExtractError."""
    try:
        cells = json.loads(text)["cells"]
        told = [(cell["cell_type"], "".join(cell["source"])) for cell in cells if cell["cell_type"] in {"markdown", "code"}]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ExtractError("This is not a Jupyter notebook.") from error
    return "\n\n".join(f"```python\n{said}\n```" if kind == "code" else said for kind, said in told if said.strip())
