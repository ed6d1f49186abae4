"""The bytes of a web page become a document: its own text under its own headings. Knows no network and no disk.

Whatever the page says is data. Call it through `ingest.sandbox`, where a page that takes for ever takes nothing down.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, replace

import lxml.html
from lxml.etree import LxmlError
from lxml.html import HtmlElement

from coach.domain import Origin
from coach.errors import ExtractError
from coach.text import clean, words
from ingest.document import Document, Section
from ingest.markdown import document_of
from ingest.visible import TakenOut, tidied

VERSION = "1"
MOST_BYTES = 5_000_000
# A page with fewer words has no text of its own, or hides it behind scripts, a login or a question about cookies.
FEWEST_WORDS = 80
# With less than this from a page that has as many headings, the other extractor is asked as well.
_SHORT, _HEADINGS = 150, 3

_WALL = re.compile(
    r"(?:please )?(?:enable|turn on) (?:javascript|cookies)|verify (?:that )?you are (?:a )?human|checking your browser"
    r"|(?:log|sign) ?in to (?:continue|read|view|see)|create (?:a free |an )?account to|subscribe to (?:continue|read|keep)"
    r"|member-only (?:story|content)|before you continue|we value your privacy|accept (?:all )?cookies",
    re.IGNORECASE,
)
_ORDERS = re.compile(
    r"(?:ignore|disregard|forget) (?:all |any |the )?(?:previous|prior|above|earlier|your) (?:instructions?|prompts?|rules)"
    r"|you are now (?:a|an|in) |system prompt|</?(?:system|assistant|instructions?)>"
    r"|(?:give|award) (?:it |them |this |the candidate )?full marks"
    r"|do not (?:tell|mention|reveal) (?:this|that|it) to the (?:user|reader)",
    re.IGNORECASE,
)
_HIDDEN = "{} words of the page are hidden from its readers and were left out."
_ORDERING = "The page has words that try to give orders to a language model: {!r}."


@dataclass(frozen=True, slots=True)
class PageFacts:
    """What a page says of itself; empty where it does not. `published` is `YYYY-MM-DD`."""

    title: str = ""
    author: str = ""
    published: str = ""
    language: str = ""


def document_of_page(html: bytes, url: str, charset: str = "", as_of: str = "") -> tuple[Document, PageFacts]:
    """A page's own text as a document. `charset` is what the server said; `as_of` the day of the fetch.

    Raises ExtractError if there is no text, or none without a login.
    """
    if len(html) > MOST_BYTES:
        raise ExtractError(f"The page has {len(html):,} bytes, more than {MOST_BYTES:,}. It is kept, not read.")
    page = _tree(html, charset)
    anchors, title = dict(_anchors(page)), _title(page)
    taken, hidden = tidied(page)
    text = clean(_extracted(page, taken, url))
    about = _facts(page, url)
    title = title or about.title or url
    _require(text, page)
    document = document_of(text, url, title, Origin.PAGE)
    found = re.search(_ORDERS, text)
    warnings = (*([_HIDDEN.format(hidden)] if hidden else []), *([_ORDERING.format(found.group())] if found else []))
    sections = tuple(_anchored(section, anchors) for section in document.sections)
    return replace(document, title=title, sections=sections, as_of=as_of, warnings=warnings, license=_license(page)), about


def _tree(html: bytes, charset: str) -> HtmlElement:
    try:
        parser = lxml.html.HTMLParser(encoding=charset or _declared(html), huge_tree=False, no_network=True)
        page = lxml.html.document_fromstring(html, parser=parser)
    except (LxmlError, ValueError, LookupError) as error:
        raise ExtractError(f"The page cannot be read as HTML: {str(error).splitlines()[0]}.") from error
    assert isinstance(page, HtmlElement)
    return page


def _declared(html: bytes) -> str:
    """The page's own word for how its letters are written, else UTF-8 if it is that."""
    said = re.search(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?([\w-]+)", html[:4096], re.IGNORECASE)
    if said:
        return said.group(1).decode("ascii")
    try:
        html.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _extracted(page: HtmlElement, taken: TakenOut, url: str) -> str:
    """The page's own text as Markdown: as trafilatura sees it, or as readability does where that has lost much.

    Never trafilatura's precision mode, which drops what headings stand over.
    """
    import trafilatura

    whole = lxml.html.tostring(page, encoding="unicode")
    markdown = trafilatura.extract(whole, url=url, output_format="markdown", include_comments=False, include_formatting=True)
    text = taken.restored(markdown or "")
    if len(words(text)) < _SHORT or (taken.headings_in(whole) >= _HEADINGS and not taken.headings_in(markdown or "")):
        other = _readable(whole)
        ours, theirs = ((taken.headings_in(it), len(words(taken.restored(it)))) for it in (markdown or "", other))
        text = taken.restored(other) if theirs > ours else text
    return text


def _readable(whole: str) -> str:
    from markdownify import markdownify
    from readability import Document as Readability

    return str(markdownify(Readability(whole).summary(html_partial=True), strip=["a", "img"]))


def _facts(page: HtmlElement, url: str) -> PageFacts:
    """What the page's own metadata says. A date on a page of Wikipedia is the first its text names: none of the page."""
    import trafilatura

    about = trafilatura.extract_metadata(deepcopy(page), default_url=url)
    language = str(page.get("lang") or "")
    if about is None:
        return PageFacts(language=language)
    published = "" if "wikipedia.org" in url else about.date or ""
    return PageFacts(" ".join((about.title or "").split()), about.author or "", published, language)


def _title(page: HtmlElement) -> str:
    """The only top heading there is."""
    tops = [_said(heading) for heading in page.iter("h1")]
    return tops[0] if len(tops) == 1 else ""


def _anchors(page: HtmlElement) -> Iterator[tuple[str, str]]:
    """Each heading with the name by which an address leads to it."""
    for heading in page.iter("h1", "h2", "h3", "h4", "h5", "h6"):
        within = heading.xpath("./@id | .//@id | .//a/@name | parent::*[self::section or self::div][1]/@id")
        if within:
            yield _same(_said(heading)), str(within[0])


def _anchored(section: Section, anchors: dict[str, str]) -> Section:
    """The section with its anchor for its place, if it has one: the lines of the Markdown are nobody's place."""
    named = next((anchors[_same(heading)] for heading in reversed(section.path) if _same(heading) in anchors), "")
    return replace(section, place=f"#{named}" if named else "")


def _said(element: HtmlElement) -> str:
    return " ".join(element.text_content().split())


def _same(heading: str) -> str:
    """A heading as it can be compared: its words."""
    return " ".join(words(heading.replace("[edit]", "")))


def _license(page: HtmlElement) -> str:
    """The license a page names for itself."""
    named = page.xpath("//a[@rel='license']/@href | //link[@rel='license']/@href")
    return str(named[0]) if named else ""


def _require(text: str, page: HtmlElement) -> None:
    """Raises ExtractError if there is next to no text."""
    count = len(words(text))
    if count >= FEWEST_WORDS:
        return
    whole = _said(page)
    if page.xpath("//input[@type='password']") or _WALL.search(whole):
        raise ExtractError("The page shows its text only after a login, a consent or to a person.")
    raise ExtractError(f"The page has {count} words of text, fewer than {FEWEST_WORDS}: nothing to learn from.")
