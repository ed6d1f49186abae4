"""An answer becomes an answer without the reading lists in it: what remains was said, not pointed to."""

from __future__ import annotations

import re

from coach.text import sentences
from ingest.formats.lines import Kind, look

_POINTS = re.compile(
    r"\b(?:reading|viewing|watching|references?|resources?|links?|sources?|see also|explore|go through|familiarize)\b",
    re.IGNORECASE,
)
_MOST_LABEL = 400
_SILENT = frozenset([Kind.LINKS, Kind.RULE, Kind.MARKUP, Kind.BLANK])


def without_readings(answer: str) -> str:
    """`answer` without lists of links that are only pointed to; empty if nothing is left but links.

    A list of links that is itself what was asked for stays. What announces a reading list goes with it, for it says
    nothing without it: "Recommended reading:", "here are some resources to explore this further:".

    >>> without_readings("A cut.\\n\\nFurther reading:\\n- [One](https://x.org)")
    'A cut.'
    >>> without_readings("A loaded question; here are some resources:\\n- [One](https://x.org)")
    ''
    """
    kept: list[str] = []
    listing = said = False
    for line in look(answer):
        if line.kind is Kind.BLANK or (listing and line.kind is Kind.LINKS):
            kept += [""] if kept and kept[-1] else []
            continue
        text = line.text
        if listing := _announces(text):
            text = " ".join(sentences(text)[:-1])
        said = said or (line.kind not in _SILENT and bool(text))
        kept += [text] if text else []
    return "\n".join(kept).strip() if said else ""


def _announces(text: str) -> bool:
    """Whether a line ends by pointing at a list of things to read: a label, or a sentence that ends with a colon."""
    last = sentences(text[-_MOST_LABEL:])[-1:]
    return bool(last) and last[0].rstrip("*_ ").endswith(":") and _POINTS.search(last[0]) is not None
