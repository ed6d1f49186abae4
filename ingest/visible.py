"""A web page loses what its reader does not see; headings, formulas, code, tables and lists are taken out to be put back.

Works on the tree, before any extraction: extractors keep a good part of hidden text, and lose formulas that are shown as
pictures or through hidden MathML, headings, half of all table cells, a third of all list items and line breaks of code.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import tinycss2
from cssselect import SelectorError
from lxml.cssselect import CSSSelector
from lxml.html import HtmlElement, tostring

# What is not part of a page's text: marks of a wiki, contents, navigation, and what asks for consent or for an address.
_ASIDE = CSSSelector(
    "script, style, template, noscript, iframe, object, embed, svg, canvas, dialog, "
    ".mw-editsection, #toc, .toc, .mw-jump-link, .navbox, .noprint, .mw-empty-elt, sup.reference, "
    "a.headerlink, a.anchor, a.anchorjs-link, a.hash-link, a.skip-link, "
    "nav, [role=navigation], [role=dialog], [role=alertdialog], [role=search], [aria-modal=true], "
    "[hidden], [aria-hidden=true], [id*=cookie], [class*=cookie-], [class*=-cookie], [id*=onetrust], [class*=onetrust], "
    "[id*=consent], [class*=consent-], [class*=gdpr], [class*=newsletter], [class*=share-buttons]"
)
_HIDDEN = re.compile(
    r"(?:^|;)(?:display:none|visibility:(?:hidden|collapse)|content-visibility:hidden|opacity:0*(?:\.0+)?%?(?=;|$|!)"
    r"|font-size:0*(?:\.0+)?(?:px|pt|em|rem|%)?(?=;|$|!)|(?:left|top|right|bottom|text-indent|margin-left|margin-top):-\d{3,}"
    r"|clip:rect\((?:0|1px)|clip-path:inset\((?:50|100)%|transform:(?:scale\(0\)|translate[xy]?\(-\d{3,}))"
)
# A rule of a style sheet that would hide most of a page hides it until some script has run.
_MOST = 0.5
# A table with a longer cell arranges text, it does not hold data.
_CELL_WORDS = 80
# A list of shorter items, or of which more is linked, is a menu.
_ITEM_WORDS, _LINKED = 3, 0.4
_FORMULAS = CSSSelector(
    ".mwe-math-element, .katex-display, .katex, mjx-container, math, script[type^='math/tex'], span.math, div.math"
)
_STYLED = re.compile(r"\{\\(?:display|text)style\s*(.*)\}", re.DOTALL)
_WRAPPED = re.compile(r"\\\((.*)\\\)|\\\[(.*)\\\]|\$\$(.*)\$\$|\$(.*)\$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class TakenOut:
    """Markdown of what was taken out of a page, by the word that stands in its place there."""

    formulas: dict[str, str]
    blocks: dict[str, str]

    def restored(self, markdown: str) -> str:
        """`markdown` with everything back in its place; nothing around it can have escaped its signs."""
        # Twice, for an item of a list may hold code or a table.
        for _ in range(2 if self.blocks else 0):
            markdown = re.sub(rf"\s*({'|'.join(self.blocks)})\s*", lambda m: f"\n\n{self.blocks[m.group(1)]}\n\n", markdown)
        if self.formulas:
            markdown = re.sub("|".join(self.formulas), lambda m: self.formulas[m.group()], markdown)
        return markdown

    def headings_in(self, text: str) -> int:
        """How many of the page's headings are in a text."""
        return sum(word in text for word in self.blocks if word.startswith("HEADING"))


def tidied(page: HtmlElement) -> tuple[TakenOut, int]:
    """Leave what a reader sees as text in the tree. What was taken out to be put back, and how many words were hidden.

    Formulas come first, for pages hide the TeX that says what they show.
    """
    formulas = _taken("FORMULA", _FORMULAS(page), _formula, page)
    hidden = _only_visible(page)
    blocks: dict[str, str] = {}
    for kind, tags, markdown in (
        ("HEADING", ("h1", "h2", "h3", "h4", "h5", "h6"), _heading),
        ("CODE", ("pre",), _code),
        ("TABLE", ("table",), _table),
        ("LIST", ("ul", "ol"), _list),
    ):
        blocks |= _taken(kind, list(page.iter(*tags)), markdown, page)
    return TakenOut(formulas, blocks), hidden


def _taken(
    kind: str, elements: Sequence[HtmlElement], markdown: Callable[[HtmlElement], str], page: HtmlElement
) -> dict[str, str]:
    """Put a word in the place of each of the elements that has any `markdown`."""
    by_word: dict[str, str] = {}
    for element in elements:
        # What stood inside something taken out hangs in the tree no more.
        if element.getroottree().getroot() is page.getroottree().getroot() and (text := markdown(element)):
            word = f"{kind}{len(by_word):05d}X"
            by_word[word] = text
            tail = element.tail
            element.clear()
            element.tag, element.text, element.tail = "span" if kind == "FORMULA" else "p", word, tail
    return by_word


def _formula(holder: HtmlElement) -> str:
    """A formula in its TeX signs, or nothing if it has no TeX anywhere.

    Wikipedia keeps its MathML in a hidden element, LaTeXML the TeX in an attribute, KaTeX in an annotation, MathJax in a
    script or as plain text.
    """
    tex = _tex(holder)
    return (f"$${tex}$$" if _displayed(holder) else f"${tex}$") if tex else ""


def _heading(heading: HtmlElement) -> str:
    said = " ".join(heading.text_content().split())
    return f"{'#' * int(heading.tag[1])} {said}" if said else ""


def _code(pre: HtmlElement) -> str:
    """A fence longer than any in the code. Line numbers in a column of their own are left out."""
    for number in pre.xpath(".//*[contains(@class, 'lineno') or contains(@class, 'line-number')]"):
        _drop(number)
    for end in pre.iter("br"):
        end.tail = "\n" + (end.tail or "")
    code = pre.text_content().strip("\n").rstrip()
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", code)), default=0))
    return f"{fence}\n{code}\n{fence}" if code.strip() else ""


def _table(table: HtmlElement) -> str:
    """A table of data; one that only arranges the page, or holds another, stays as it is."""
    rows = table.xpath("./tr | ./thead/tr | ./tbody/tr | ./tfoot/tr")
    cells = [cell for row in rows for cell in row.xpath("./td | ./th")]
    arranges = table.get("role") == "presentation" or any(
        cell.xpath(".//table | .//p[2]") or "HEADING0" in cell.text_content() for cell in cells
    )
    if arranges or len(rows) < 2 or len(cells) < 4 or any(len(cell.text_content().split()) > _CELL_WORDS for cell in cells):
        return ""
    return _written(table)


def _list(items: HtmlElement) -> str:
    """A list of sentences; one that mostly leads elsewhere, or arranges the page, stays as it is."""
    around = any(above.tag in {"nav", "header", "footer", "aside", "menu", "table"} for above in items.iterancestors())
    said = len(items.text_content().split())
    linked = sum(len(link.text_content().split()) for link in items.iter("a"))
    entries = items.xpath("./li")
    arranges = around or not entries or "HEADING0" in items.text_content()
    if arranges or said < _ITEM_WORDS * len(entries) or linked > _LINKED * said:
        return ""
    return _written(items)


def _written(element: HtmlElement) -> str:
    """An element as Markdown, without links and pictures."""
    from markdownify import markdownify

    html = tostring(element, encoding="unicode", with_tail=False)
    return str(markdownify(html, strip=["a", "img"], table_infer_header=True, bullets="-", escape_misc=False)).strip()


def _tex(holder: HtmlElement) -> str:
    annotated = holder.xpath(".//annotation[contains(@encoding, 'tex')]/text()")
    described = holder.xpath("descendant-or-self::math/@alttext | .//img/@alt")
    written = holder.text_content() if holder.tag == "script" or "math" in holder.get("class", "").split() else ""
    tex = " ".join(str(next(iter([*annotated, *described]), "") or written).split())
    wrapped = _WRAPPED.fullmatch(tex)
    if wrapped:
        tex = next(part for part in wrapped.groups() if part is not None).strip()
    elif written and not annotated and not described and holder.tag != "script":
        return ""
    styled = _STYLED.fullmatch(tex)
    return (styled.group(1) if styled else tex).strip()


def _displayed(holder: HtmlElement) -> bool:
    """Whether a formula stands in a line of its own."""
    named = " ".join((holder.get("class", ""), holder.get("type", ""), holder.get("display", "")))
    inside = holder.xpath(".//math/@display | .//*[contains(@class, 'mwe-math-fallback-image-display')]/@class")
    return (
        holder.tag == "div"
        or "display" in named
        or "block" in [*inside, holder.get("display")]
        or any("display" in x for x in inside)
    )


def _only_visible(page: HtmlElement) -> int:
    """Drop what a reader does not see or would not call the page's text, and say how many words of it were hidden."""
    hidden = [element for element in page.iter() if isinstance(element.tag, str) and _hides(element.get("style", ""))]
    hidden += _hidden_by_rules(page)
    words = 0
    for element in hidden:
        words += len(element.text_content().split()) if element.getparent() is not None else 0
        _drop(element)
    for element in [*_ASIDE(page), *_forms(page)]:
        _drop(element)
    for note in page.xpath("//comment() | //processing-instruction()"):
        _drop(note)
    return words


def _forms(page: HtmlElement) -> Iterator[HtmlElement]:
    """Forms that only ask for something; some pages stand in one as a whole."""
    whole = len(page.text_content().split())
    for form in page.iter("form"):
        if len(form.text_content().split()) < _MOST * whole:
            yield form


def _hidden_by_rules(page: HtmlElement) -> list[HtmlElement]:
    """What the page's own style sheets hide. Rules for print or small windows are not looked at."""
    found: list[HtmlElement] = []
    whole = len(page.text_content().split())
    for sheet in page.iter("style"):
        for rule in tinycss2.parse_stylesheet(sheet.text or "", skip_comments=True, skip_whitespace=True):
            if rule.type != "qualified-rule" or not _hides(tinycss2.serialize(rule.content)):
                continue
            try:
                chosen = CSSSelector(tinycss2.serialize(rule.prelude).strip(), translator="html")(page)
            except (SelectorError, ValueError):
                continue
            found += [element for element in chosen if len(element.text_content().split()) < _MOST * whole]
    return found


def _hides(style: str) -> bool:
    return bool(style) and bool(_HIDDEN.search(re.sub(r"\s+", "", style.lower())))


def _drop(element: HtmlElement) -> None:
    """Take an element out; the text behind it stays."""
    parent = element.getparent()
    if parent is None or element.tag in {"body", "main", "article"}:
        return
    if element.tail:
        before = element.getprevious()
        if before is not None:
            before.tail = (before.tail or "") + element.tail
        else:
            parent.text = (parent.text or "") + element.tail
    parent.remove(element)
