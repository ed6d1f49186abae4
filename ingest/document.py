"""What a file or a page says, whatever it was written in: a title and sections of Markdown. Knows no format."""

from __future__ import annotations

from dataclasses import dataclass

from coach.domain import Origin, Reference


@dataclass(frozen=True, slots=True)
class Section:
    """A run of Markdown under one heading, without that heading.

    `path` are the headings it stands under, the outermost first, the document's title not among them; `place` is where to
    look: `lines 10-42`, `page 3` or `#anchor`.
    """

    path: tuple[str, ...]
    text: str
    place: str
    links: tuple[Reference, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """`source` is the file's name or the page's address; `as_of` the day it was fetched, `YYYY-MM-DD`, or empty.

    `warnings` is what a maintainer should look at: text that was hidden, words that try to give instructions. What the page
    does not say of itself is empty; `published` is `YYYY-MM-DD`, `language` as the page writes it.
    """

    source: str
    title: str
    origin: Origin
    sections: tuple[Section, ...]
    topic: str = ""
    license: str = ""
    as_of: str = ""
    warnings: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    published: str = ""
    language: str = ""
