"""The bytes of a web page become a document: its own text under its own headings. Knows no network and no disk.

Whatever the page says is data. Call it through `ingest.sandbox`, where a page that takes for ever takes nothing down.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import lxml.html
from lxml.etree import LxmlError
from lxml.html import HtmlElement

from coach.domain import Origin
from coach.errors import ExtractError, NeedsLogin
from coach.text import clean, words
from ingest.blocks import TakenOut, blocks_taken, formulas_taken
from ingest.document import Document, Section
from ingest.facts import facts_of
from ingest.markdown import document_of
from ingest.visible import only_visible

VERSION = "2"
MOST_BYTES = 5_000_000
# A page with fewer words has no text of its own, or hides it behind scripts, a login or a question about cookies.
FEWEST_WORDS = 80
# With less than this from a page that has as many headings, the other extractor is asked as well.
_SHORT, _HEADINGS = 150, 3
# Scripts that are written without blanks between words.
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")

# Its signs are put back: what is searched and quoted is the text, and code and formulas are not in it yet.
_ESCAPED = re.compile(r"\\([*_`\[\]#>~|])")
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


def document_of_page(html: bytes, url: str, charset: str = "", as_of: str = "") -> Document:
    """A page's own text as a document. `charset` is what the server said; `as_of` the day of the fetch.

    Raises ExtractError if there is no text, NeedsLogin if there is none without a login.
    """
    if len(html) > MOST_BYTES:
        raise ExtractError(f"The page has {len(html):,} bytes, more than {MOST_BYTES:,}. It is kept, not read.")
    page = _tree(html, charset)
    formulas = formulas_taken(page)
    about = facts_of(page)
    hidden = only_visible(page)
    headings = list(_anchors(page))
    taken = TakenOut(formulas, blocks_taken(page))
    title = clean(taken.with_formulas(about.title)).strip()
    anchors = {_same(taken.with_formulas(heading)): anchor for heading, anchor in headings}
    text = clean(_extracted(page, taken, url)).replace("\xa0", " ")
    _require(text, page)
    document = document_of(text, url, title or url, Origin.PAGE)
    found = re.search(_ORDERS, text)
    return replace(
        document,
        title=title or document.title,
        sections=tuple(_anchored(section, anchors, title) for section in document.sections),
        as_of=as_of,
        warnings=(*([_HIDDEN.format(hidden)] if hidden else []), *([_ORDERING.format(found.group())] if found else [])),
        license=about.license,
        authors=about.authors,
        published=about.published,
        language=about.language,
    )


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
    markdown = _ESCAPED.sub(r"\1", markdown or "")
    text = taken.restored(markdown)
    if len(words(text)) < _SHORT or (taken.headings_in(whole) >= _HEADINGS and not taken.headings_in(markdown)):
        other = _readable(whole)
        ours, theirs = ((taken.headings_in(it), len(words(taken.restored(it)))) for it in (markdown, other))
        text = taken.restored(other) if theirs > ours else text
    return text


def _readable(whole: str) -> str:
    from markdownify import markdownify
    from readability import Document as Readability

    return str(markdownify(Readability(whole).summary(html_partial=True), strip=["a", "img"]))


def _anchors(page: HtmlElement) -> Iterator[tuple[str, str]]:
    """Each heading with the name by which an address leads to it."""
    for heading in page.iter("h1", "h2", "h3", "h4", "h5", "h6"):
        within = heading.xpath("./@id | .//@id | .//a/@name | parent::*[self::section or self::div][1]/@id")
        if within:
            yield _said(heading), str(within[0])


def _anchored(section: Section, anchors: dict[str, str], title: str) -> Section:
    """The section with its anchor for its place, if it has one: the lines of the Markdown are nobody's place.

    The page's title is not above it also where the page has other headings of that rank.
    """
    named = next((anchors[_same(heading)] for heading in reversed(section.path) if _same(heading) in anchors), "")
    path = section.path[1:] if section.path[:1] == (title,) else section.path
    return replace(section, path=path, place=f"#{named}" if named else "")


def _said(element: HtmlElement) -> str:
    return " ".join(element.text_content().split())


def _same(heading: str) -> str:
    """A heading as it can be compared: its words."""
    return " ".join(words(heading.replace("[edit]", "")))


def _extent(text: str) -> int:
    """How many words, where letters that are not written in words count as half of one."""
    unspaced = len(_UNSPACED.findall(text))
    return len(words(_UNSPACED.sub(" ", text))) + unspaced // 2


def _require(text: str, page: HtmlElement) -> None:
    """Raises ExtractError if there is next to no text."""
    count = _extent(text)
    if count >= FEWEST_WORDS:
        return
    whole = _said(page)
    if page.xpath("//input[@type='password']") or _WALL.search(whole):
        raise NeedsLogin("The page shows its text only after a login, a consent or to a person.")
    raise ExtractError(f"The page has too little text, {count} of at least {FEWEST_WORDS} words: nothing to learn from.")
