"""Values become Markdown that is safe to draw. Whatever a page, a person or a model wrote passes `safe` or `plain`."""

from __future__ import annotations

import re

from coach.domain import Citation, Passage
from coach.render import web
from coach.text import BlockKind, units
from ui.inert import plain, safe

__all__ = ("answer_markdown", "grouped", "linked", "passage_markdown", "plain", "safe", "uncited_markdown")

_MARKER = re.compile(r" \[(\d+|\?)\](?=\s|$)")
# Stands after a sentence that no passage says.
UNSUPPORTED = "no source"
_SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def answer_markdown(text: str) -> str:
    """An answer's text, whole or as far as it has come: its citation numbers raised, what no passage says marked."""
    return _raised(safe(_MARKER.sub(r" ⟦\1⟧", text)))


def uncited_markdown(text: str) -> str:
    """The text of an answer that broke off, whose citations were not kept."""
    return safe(_MARKER.sub("", text))


def linked(title: str, url: str) -> str:
    """A link that says `title`; what is no address of the web leads nowhere."""
    return f"[{plain(title)}](<{url}>)" if web(url) else plain(title)


def _raised(text: str) -> str:
    raised = re.sub(r" ?⟦(\d+)⟧", lambda match: f":blue[**{match.group(1).translate(_SUPERSCRIPT)}**]", text)
    return raised.replace("⟦?⟧", f":orange-badge[{UNSUPPORTED}]")


def passage_markdown(passage: Passage, quotes: list[str]) -> str:
    """The passage's text with everything quoted from it marked."""
    spans = [(passage.text.find(quote), passage.text.find(quote) + len(quote)) for quote in quotes if quote in passage.text]
    lines: list[str] = []
    previous = None
    for unit in units(passage.text):
        marked = any(start <= unit.start and unit.end <= end for start, end in spans)
        separator = "" if previous is None else passage.text[previous.end : unit.start]
        lines.append(separator + (_highlighted(unit.text) if marked and unit.kind is not BlockKind.CODE else safe(unit.text)))
        previous = unit
    return "".join(lines)


def _highlighted(text: str) -> str:
    marker = re.match(r"\s*(?:[-*+]|\d+[.)])\s+", text)
    lead = marker.group() if marker else ""
    return f"{lead}:yellow-background[{safe(text[len(lead) :])}]"


def grouped(citations: tuple[Citation, ...]) -> list[tuple[Passage, list[tuple[int, str]]]]:
    """Each cited passage once, with the numbers and quotes that cite it, in order of appearance."""
    found: dict[str, tuple[Passage, list[tuple[int, str]]]] = {}
    for number, citation in enumerate(citations, 1):
        found.setdefault(citation.passage.id, (citation.passage, []))[1].append((number, citation.quote))
    return list(found.values())
