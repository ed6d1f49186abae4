"""What a file or a page says, whatever it was written in: a title and sections of Markdown. Knows no format."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from coach.domain import Origin, Reference

_COMMONS = re.compile(r"creativecommons\.org/licenses/([a-z-]+)/(\d\.\d)")
_FREE = re.compile(r"creativecommons\.org/publicdomain/zero")


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

    @property
    def by(self) -> str:
        """In a few words who wrote it, when, and under which license it is."""
        return credit(self.authors, self.published, self.license)


def credit(authors: Sequence[str], published: str, license_: str) -> str:
    """Such as `A. Writer et al., 2020-05-22, CC BY-SA 4.0`."""
    who = " and ".join(authors) if len(authors) < 3 else f"{authors[0]} et al."
    known = _COMMONS.search(license_)
    under = f"CC {known[1].upper()} {known[2]}" if known else "CC0" if _FREE.search(license_) else license_
    return ", ".join(filter(None, (who, published, under)))
