"""The bytes of a PDF become a document: its text by page, under the headings of its outline or those its type shows.

To be called through `ingest.sandbox`: 600 KB can unfold to more than a gigabyte.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pypdfium2 as pdfium
from pypdfium2 import raw

from coach.domain import Origin
from coach.errors import ExtractError
from coach.text import clean, sentences, words
from ingest.document import Document, Section

MOST_BYTES = 25_000_000
MOST_PAGES = 300
_FEWEST_WORDS = 20
# Running heads stand in the outermost lines of a page, and on this share of all pages.
_EDGE, _REPEATED = 2, 0.4
# A line this much larger than the body is a heading; one of the body's size must be numbered, bold and short.
_LARGER = 1.12
_BOLD = 600
_HEADING_WORDS = 12
_NUMBERED = re.compile(r"(?:\d+(?:\.\d+){0,3}\.?|[A-Z](?:\.\d+){1,2})\s+[A-Z]\w*.*|Abstract|References|Acknowledg\w+|Appendix.*")
_STAMP = re.compile(r"arXiv:\d{4}\.\d{4,5}v\d+\s+\[[\w.-]+\].*")
_LIGATURES = str.maketrans({"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "ft", "ﬆ": "st"})
_HYPHEN = re.compile(r"(?:\ufffe|\u00ad)\s*\n?|(?<=[a-z])-\n(?=[a-z])")
_TRUNCATED = "Only the first {} of {} pages were read."


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of a page. `size` and `weight` are of its first letter's type, 0 if not known."""

    text: str
    size: float = 0.0
    weight: int = 0


@dataclass(frozen=True, slots=True)
class _Heading:
    level: int
    text: str


def document_of_pdf(data: bytes, source: str, title: str, origin: Origin, as_of: str = "") -> Document:
    """A PDF's text; a section is what stands under one heading on one page, its place is that page.

    Raises ExtractError if it is too large, locked, broken, or has pictures of text only.
    """
    if len(data) > MOST_BYTES:
        raise ExtractError(f"The PDF has {len(data):,} bytes, more than {MOST_BYTES:,}. It is kept, not read.")
    try:
        pdf = pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        locked = "password" in str(error).lower()
        raise ExtractError("The PDF is locked with a password." if locked else f"The PDF cannot be opened: {error}.") from error
    try:
        count = len(pdf)
        pages = _without_running_heads([_lines(pdf[number]) for number in range(min(count, MOST_PAGES))])
        outline = list(_outline(pdf))
        named = str(pdf.get_metadata_dict().get("Title", "")).strip()
    except pdfium.PdfiumError as error:
        raise ExtractError(f"The PDF is broken: {error}.") from error
    finally:
        pdf.close()
    sections = tuple(_sections(pages, outline))
    if sum(len(words(section.text)) for section in sections) < _FEWEST_WORDS:
        raise ExtractError("The PDF has no text, only pictures of it.")
    warnings = (_TRUNCATED.format(MOST_PAGES, count),) if count > MOST_PAGES else ()
    return Document(source, _title(named, pages) or title, origin, sections, as_of=as_of, warnings=warnings)


def _lines(page: pdfium.PdfPage) -> list[_Line]:
    """A page's lines in the order of its text."""
    textpage = page.get_textpage()
    text = textpage.get_text_bounded() if textpage.count_chars() < 0 else textpage.get_text_range()
    measured = len(text) == textpage.count_chars()
    found, start = [], 0
    for line in re.split(r"(\r\n|\n|\r)", text):
        if line.strip():
            at = start + len(line) - len(line.lstrip())
            size = raw.FPDFText_GetFontSize(textpage, at) if measured else 0.0
            weight = raw.FPDFText_GetFontWeight(textpage, at) if measured else 0
            found.append(_Line(line.strip().translate(_LIGATURES), round(size, 1), weight))
        start += len(line)
    textpage.close()
    page.close()
    return found


def _outline(pdf: pdfium.PdfDocument) -> Iterator[tuple[int, _Heading]]:
    """Each entry of the outline with the number of its page, from 0."""
    for entry in pdf.get_toc(max_depth=4):
        target = entry.get_dest()
        page = target.get_index() if target else None
        heading = " ".join(entry.get_title().split())
        if page is not None and heading:
            yield page, _Heading(entry.level + 1, heading)


def _without_running_heads(pages: Sequence[list[_Line]]) -> list[list[_Line]]:
    """Pages without page numbers, margin stamps and the lines that stand at the edge of many of them."""
    edges = Counter(key for lines in pages for key in {_key(line) for line in (*lines[:_EDGE], *lines[-_EDGE:])})
    repeated = {key for key, times in edges.items() if times >= max(3, _REPEATED * len(pages))}
    body = _body_size(pages)

    def runs(lines: list[_Line], at: int) -> bool:
        edge = (at < _EDGE or at >= len(lines) - _EDGE) and lines[at].size <= body
        return edge and (_key(lines[at]) in repeated or lines[at].text.strip("-–— ").isdigit())

    return [[line for at, line in enumerate(lines) if not runs(lines, at) and not _STAMP.fullmatch(line.text)] for lines in pages]


def _key(line: _Line) -> str:
    return re.sub(r"\d+", "#", line.text)


def _sections(pages: Sequence[list[_Line]], outline: Sequence[tuple[int, _Heading]]) -> Iterator[Section]:
    """Sections in order. A sentence that runs over the end of a page stays whole, on the page where it ends."""
    body = _body_size(pages)
    path: list[_Heading] = []
    carried = ""
    for number, lines in enumerate(pages):
        expected = [heading for page, heading in outline if page == number]
        gathered: list[str] = []
        for line in lines:
            heading = _heading_of(line, expected, body, begun=bool(path), outlined=bool(outline))
            if heading is None:
                gathered.append(line.text)
                continue
            if text := _joined(carried, gathered):
                yield Section(tuple(above.text for above in path), text, f"page {number + 1}")
            carried, gathered = "", []
            path = [*(above for above in path if above.level < heading.level), heading]
        text = _joined(carried, gathered)
        text, carried = _whole(text) if number + 1 < len(pages) else (text, "")
        if text:
            yield Section(tuple(above.text for above in path), text, f"page {number + 1}")


def _heading_of(line: _Line, expected: list[_Heading], body: float, *, begun: bool, outlined: bool) -> _Heading | None:
    """The heading a line is, if it is one: the outline's word for it, else what its type says."""
    if outlined:
        found = next(
            (heading for heading in expected if _same(heading.text) and _same(line.text).endswith(_same(heading.text))), None
        )
        if found is None or len(_same(line.text)) > len(_same(found.text)) + 12:
            return None
        expected.remove(found)
        return found
    if len(line.text.split()) > _HEADING_WORDS or not body:
        return None
    numbered = _NUMBERED.fullmatch(line.text)
    # Above the first numbered heading of a paper stand its title and its authors, in large type.
    larger = line.size >= _LARGER * body and begun and len(words(line.text)) >= 1 and line.text[0].isalpha()
    if not (larger or (numbered and (line.size >= _LARGER * body or line.weight >= _BOLD))):
        return None
    first = line.text.split()[0].rstrip(".")
    return _Heading(1 + first.count(".") if numbered and first[0].isdigit() else 1, line.text)


def _same(text: str) -> str:
    return "".join(words(text))


def _body_size(pages: Sequence[list[_Line]]) -> float:
    """The size of most of the text; 0 if it is not known."""
    sizes: Counter[float] = Counter()
    for lines in pages:
        for line in lines:
            sizes[line.size] += len(line.text)
    sizes.pop(0.0, None)
    return sizes.most_common(1)[0][0] if sizes else 0.0


def _joined(carried: str, lines: Sequence[str]) -> str:
    """Lines as paragraphs: one ends where a sentence ends in a line much shorter than the others."""
    width = max((len(line) for line in lines), default=0)
    text = carried + "\n" if carried else ""
    for line in lines:
        ends = line.endswith((".", "!", "?", ":")) and len(line) < 0.75 * width
        text += line + ("\n\n" if ends else "\n")
    joined = _HYPHEN.sub("", text.strip())
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in re.split(r"\n{2,}", clean(joined)) if paragraph.strip())


def _whole(text: str) -> tuple[str, str]:
    """A page's text up to the end of its last sentence, and what is left for the next page."""
    before, _, last = text.rpartition("\n\n")
    said = sentences(last)
    if not said or said[-1].endswith((".", "!", "?", ":")):
        return text, ""
    kept = last[: last.rindex(said[-1])].rstrip()
    return "\n\n".join(part for part in (before, kept) if part), said[-1]


def _title(named: str, pages: Sequence[list[_Line]]) -> str:
    """What the file says it is called, else the largest lines of its first page."""
    if len(words(named)) >= 2 and not named.lower().endswith((".dvi", ".tex", ".doc", ".docx", ".pdf")):
        return " ".join(named.split())
    largest = max((line.size for line in pages[0]), default=0.0) if pages else 0.0
    said = [line.text for line in pages[0] if line.size == largest] if largest else []
    title = " ".join(said)
    return title if 1 <= len(title.split()) <= 30 else ""
