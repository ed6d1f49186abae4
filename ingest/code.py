"""A source file becomes a document: what belongs together in a fence, under the names it defines. Knows no language's grammar."""

from __future__ import annotations

import re
from collections.abc import Iterator

from coach.domain import Origin
from coach.text import clean
from ingest.document import Document, Section

# A section ends before the next line at the margin that follows a blank one, once it is so long, or in any case at the most.
ENOUGH_LINES, MOST_LINES = 30, 90
_DEFINES = re.compile(
    r"^\s*(?:export |public |async |static |pub )*(?:class|def|func|fn|function|struct|interface|type|trait|enum) (\w+)"
)
_NAMED = 4


def document_of_code(text: str, source: str, title: str, origin: Origin) -> Document:
    """The place of a section is how GitHub leads to its lines: `#L10-L42`."""
    lines = clean(text.replace("\r\n", "\n").replace("\r", "\n")).rstrip().split("\n")
    return Document(source, title, origin, tuple(_section(lines, start, end) for start, end in _cuts(lines)))


def _cuts(lines: list[str]) -> Iterator[tuple[int, int]]:
    """Where sections start and end; one of blank lines is none."""
    start = 0
    for at in range(1, len(lines) + 1):
        margin = at < len(lines) and lines[at][:1].strip() and not lines[at - 1].strip()
        if at == len(lines) or at - start >= MOST_LINES or (margin and at - start >= ENOUGH_LINES):
            if any(line.strip() for line in lines[start:at]):
                yield start, at
            start = at


def _section(lines: list[str], start: int, end: int) -> Section:
    said = lines[start:end]
    names = [found[1] for line in said if (found := _DEFINES.match(line))]
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", "\n".join(said))), default=0))
    code = "\n".join(said).strip("\n")
    return Section(
        (", ".join(dict.fromkeys(names[:_NAMED])),) if names else (), f"{fence}\n{code}\n{fence}", f"#L{start + 1}-L{end}"
    )
