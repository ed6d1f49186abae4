"""Markdown becomes the addresses in it, each once, with the title it was given. Linear in the text, whatever it holds."""

from __future__ import annotations

import re

from coach.domain import Reference

_ADDRESS = re.compile(r"https?://[^\s<>\"`|]+")
_LONGEST_TITLE = 400


def links(text: str) -> tuple[Reference, ...]:
    """Every web address in `text`, in order: links, pictures, and bare addresses.

    >>> links("see [this](https://en.wikipedia.org/wiki/Bank_(rock)), or https://x.org.")[0].url
    'https://en.wikipedia.org/wiki/Bank_(rock)'
    """
    found: dict[str, Reference] = {}
    for match in _ADDRESS.finditer(text):
        url = _address(match.group())
        title = _title(text, match.start())
        if url not in found or not _title_of(found[url]):
            found[url] = Reference(title or url, url, "")
    return tuple(found.values())


def _title_of(reference: Reference) -> str:
    return reference.title if reference.title != reference.url else ""


def _address(run: str) -> str:
    """The address at the start of `run`: up to a bracket that was not opened in it, without closing punctuation."""
    depth = 0
    for at, char in enumerate(run):
        depth += (char == "(") - (char == ")")
        if depth < 0 or char == "]":
            run = run[:at]
            break
    return run.rstrip(".,;:!?*'’”")


def _title(text: str, at: int) -> str:
    """What stands in the square brackets before an address, or nothing."""
    if text[max(0, at - 2) : at] != "](":
        return ""
    depth = 0
    for place in range(at - 2, max(-1, at - _LONGEST_TITLE), -1):
        depth += (text[place] == "]") - (text[place] == "[")
        if depth == 0:
            title = " ".join(text[place + 1 : at - 2].split())
            return "" if title.startswith(("http://", "https://")) else title
    return ""
