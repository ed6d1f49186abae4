"""Formulas, headings, code, tables and lists of a web page are taken out as Markdown, to be put back when it was extracted.

Extractors lose formulas that are shown as pictures or through hidden MathML, headings, captions, half of all table cells, a
third of all list items and the line breaks of code; a word in their place they keep.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from lxml.cssselect import CSSSelector
from lxml.etree import SubElement
from lxml.html import HtmlElement, tostring

from ingest.mathml import tex_of
from ingest.visible import drop

# A table with a longer cell arranges text, it does not hold data.
_CELL_WORDS, _MOST_CELLS = 80, 3000
# So much stands around a block that is alone in its box.
_FEW = 4
# A list of shorter items, or of which more is linked, is a menu.
_ITEM_WORDS, _LINKED = 3, 0.4
_FORMULAS = CSSSelector(
    ".mwe-math-element, .katex-display, .katex, mjx-container, math, script[type^='math/tex'], span.math, div.math, d-math, "
    "[data-latex], [data-tex], [data-math], [data-attrs*=persistentExpression], img.latex, img.tex, img[alt^='$']"
)
_STYLED = re.compile(r"\{\\(?:display|text)style\s*(.*)\}", re.DOTALL)
_WRAPPED = re.compile(r"\\\((.*)\\\)|\\\[(.*)\\\]|\$\$(.*)\$\$|\$(.*)\$", re.DOTALL)
# TeX as it stands in text. Between single dollars it must look like a formula, for prices have dollars as well.
_RAW = re.compile(
    r"\$\$(?P<d>[^$]{1,2000}?)\$\$|\\\[(?P<b>(?:[^\\]|\\(?![\[\]])){1,2000})\\\]|\\\((?P<i>(?:[^\\]|\\(?![()])){1,500})\\\)"
    r"|(?P<e>\\begin\{(?P<name>equation|align|aligned|gather)\*?\}(?:[^\\]|\\(?!(?:begin|end)\{(?P=name))){1,2000}\\end\{(?P=name)\*?\})"
    r"|(?<![\\$\w])\$(?P<s>[A-Za-z](?:')?|(?=[^$\n]{0,300}[\\^_={<>+/])[^\s$](?:[^$\n]{0,300}[^\s$\\])?)\$(?![\d$])",
    re.DOTALL,
)
_UNREAD = {"script", "style", "pre", "code", "textarea", "math", "annotation", "svg", "kbd", "samp"}
_BLOCK_WORD = re.compile(r"\s*((?:HEADING|CODE|TABLE|LIST|CAPTION)\d{5,}X)\s*")
_FORMULA_WORD = re.compile(r"(?:FORMULA\d{5}X)+$")
_HOLDS_BLOCKS = ".//p | .//div | .//ul | .//ol | .//table | .//pre | .//dl | .//h1 | .//h2 | .//h3 | .//h4 | .//h5 | .//h6"
_CALLED_OUT = (
    "//div[contains(@class, 'callout') or contains(@class, 'admonition')]/descendant-or-self::*[not(ancestor-or-self::pre)]"
)
_NOTES = CSSSelector("d-footnote, .ltx_note_content")
_LISTINGS = CSSSelector("d-code, .ltx_listing, .syntaxhighlighter td.code")
_NUMBERS = re.compile(r"[\d\s]+")


@dataclass(frozen=True, slots=True)
class TakenOut:
    """Markdown of what was taken out of a page, by the word that stands in its place there."""

    formulas: dict[str, str] = field(default_factory=dict)
    blocks: dict[str, str] = field(default_factory=dict)

    def restored(self, markdown: str) -> str:
        """`markdown` with everything back in its place; nothing around it can have escaped its signs."""
        # A list may hold code, and that a formula.
        for _ in range(3 if self.blocks else 0):
            markdown = _BLOCK_WORD.sub(lambda m: f"\n\n{self.blocks.get(m.group(1), m.group(1))}\n\n", markdown)
        return self.with_formulas(markdown)

    def with_formulas(self, text: str) -> str:
        return re.sub(r"FORMULA\d{5,}X", lambda m: self.formulas.get(m.group(), m.group()), text)

    def headings_in(self, text: str) -> int:
        """How many of the page's headings are in a text."""
        return sum(word in text for word in self.blocks if word.startswith("HEADING"))


def formulas_taken(page: HtmlElement) -> dict[str, str]:
    """Put a word in the place of each formula. To be done before hidden text is dropped: pages hide the TeX they show."""
    found = _taken("FORMULA", _FORMULAS(page), _formula, page)

    def kept(raw: re.Match[str]) -> str:
        inline = raw["s"] or raw["i"]
        tex = " ".join((inline or raw["d"] or raw["b"] or raw["e"]).split())
        word = f"FORMULA{len(found):05d}X"
        found[word] = f"${tex}$" if inline else f"$${tex}$$"
        return word

    for element in page.iter():
        if not isinstance(element.tag, str):
            continue
        if element.text and ("$" in element.text or "\\" in element.text) and not _within_code(element):
            element.text = _RAW.sub(kept, element.text)
        parent = element.getparent()
        if element.tail and ("$" in element.tail or "\\" in element.tail) and parent is not None and not _within_code(parent):
            element.tail = _RAW.sub(kept, element.tail)
    return found


def blocks_taken(page: HtmlElement) -> dict[str, str]:
    """Put a word in the place of each heading, code, table and list of which some Markdown can be made."""
    _settle(page)
    blocks: dict[str, str] = {}
    for kind, tags, markdown in (
        ("HEADING", ("h1", "h2", "h3", "h4", "h5", "h6"), _heading),
        ("CODE", ("pre",), _code),
        ("TABLE", ("table",), _table),
        ("LIST", ("ul", "ol"), _list),
        ("CAPTION", ("figcaption", "caption"), _caption),
    ):
        blocks |= _taken(kind, list(page.iter(*tags)), markdown, page)
    return blocks


def _taken(
    kind: str, elements: Iterable[HtmlElement], markdown: Callable[[HtmlElement], str], page: HtmlElement
) -> dict[str, str]:
    by_word: dict[str, str] = {}
    for element in elements:
        # What stood inside something taken out hangs in the tree no more.
        if any(above is page for above in element.iterancestors()) and (text := markdown(element)):
            word = f"{kind}{len(by_word):05d}X"
            by_word[word] = text
            tail = element.tail
            within_text = kind == "FORMULA" and element.tag != "div"
            element.clear()
            element.tag, element.text, element.tail = "p", word, tail
            if within_text:
                element.drop_tag()
            elif kind != "HEADING":
                _unname_around(element)
    return by_word


def _within_code(element: HtmlElement) -> bool:
    return any(one.tag in _UNREAD for one in [element, *element.iterancestors()])


def _settle(page: HtmlElement) -> None:
    """Elements that extractors drop unread, or misread, become ones they read."""
    for note in _NOTES(page):
        _bracket(note)
    for code in _LISTINGS(page):
        code.tag = "pre"
    for numbers in page.xpath("//pre | //td[contains(@class, 'gutter')]"):
        if _NUMBERS.fullmatch(numbers.text_content()):
            drop(numbers)
    for table in page.iter("table"):
        _unfold(table)
    for term in page.iter("dt"):
        said, tail, signs = " ".join(term.text_content().split()), term.tail, "sig" in term.get("class", "").split()
        term.clear()
        term.tag, term.tail = "p", tail
        SubElement(term, "code" if signs else "b").text = said
    for figure in page.iter("figure"):
        _bare(figure)
    for line in page.xpath("//*[@data-as='p']"):
        line.tag = "p"
    for part in page.xpath(_CALLED_OUT):
        part.attrib.pop("class", None)
        part.tag = "p" if part.tag == "div" and not part.xpath(_HOLDS_BLOCKS) else part.tag
    for element in page.iter("figure", "details", "summary", "aside", "d-article", "dl", "dd", "center"):
        if element.tag != "aside" or (_belongs(element) and not _links_away(element)):
            element.tag = "div" if element.xpath(_HOLDS_BLOCKS) else "p"
            element.attrib.pop("class", None)


def _bracket(note: HtmlElement) -> None:
    """A note that stands in the sentence it belongs to."""
    note.text, last = f" ({(note.text or '').lstrip()}", note[-1] if len(note) else None
    if last is None:
        note.text = f"{note.text.rstrip()})"
    else:
        last.tail = f"{(last.tail or '').rstrip()})"


def _unfold(table: HtmlElement) -> None:
    """A table that only arranges the page becomes boxes, one that only sets formulas in lines becomes these lines."""
    if _holds_formulas(table):
        for part in table.xpath(". | .//tr | .//td | .//th"):
            part.tag = {"table": "div", "tr": "p"}.get(part.tag, "span")
    elif _arranges(table):
        for part in table.xpath(". | ./tr | ./*/tr | ./tr/* | ./*/tr/*"):
            part.tag = "div"


def _bare(figure: HtmlElement) -> None:
    """Without the link around its picture."""
    for picture in figure.xpath(".//a[.//img]"):
        if not picture.text_content().strip():
            drop(picture)
    _unname_around(figure)


def _unname_around(element: HtmlElement) -> None:
    """Boxes that hold nothing else lose their names: `code-scrollbar` or `captioned-image` are taken for no text."""
    around, said = element, element.text_content().strip()
    while (around := around.getparent()) is not None and len(around) <= _FEW and around.text_content().strip() == said:
        around.attrib.pop("class", None)


def _belongs(aside: HtmlElement) -> bool:
    """Whether it stands in the page's own text, not beside it."""
    return any(above.tag in {"article", "main", "d-article"} or above.get("role") == "main" for above in aside.iterancestors())


def _links_away(element: HtmlElement) -> bool:
    linked = sum(len(link.text_content().split()) for link in element.iter("a"))
    return linked > _LINKED * len(element.text_content().split())


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
    """A fence longer than any in the code. Line numbers are left out, and blanks that do not break are blanks."""
    for number in pre.xpath(".//*[contains(@class, 'lineno') or contains(@class, 'line-number') or @class='lnt']"):
        drop(number)
    for end in pre.iter("br"):
        end.tail = "\n" + (end.tail or "")
    for line in pre.iter("div", "p"):
        line.tail = "\n" + (line.tail or "")
    code = pre.text_content().replace("\xa0", " ").strip("\n").rstrip()
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", code)), default=0))
    return f"{fence}\n{code}\n{fence}" if code.strip() else ""


def _arranges(table: HtmlElement) -> bool:
    """Whether a table only arranges the page: it holds headings, code, paragraphs or another table."""
    if table.get("role") == "presentation":
        return True
    return bool(table.xpath(".//table | .//h1 | .//h2 | .//h3 | .//td//pre | .//td//p[3]"))


def _holds_formulas(table: HtmlElement) -> bool:
    """Whether a table only sets formulas in lines, with their numbers."""
    said = table.text_content().split()
    return any(_FORMULA_WORD.match(word) for word in said) and all(
        _FORMULA_WORD.match(word) or re.fullmatch(r"\(\w{1,6}\)", word) for word in said
    )


def _table(table: HtmlElement) -> str:
    """A table of data."""
    rows = table.xpath("./tr | ./thead/tr | ./tbody/tr | ./tfoot/tr")
    cells = [cell for row in rows for cell in row.xpath("./td | ./th")]
    if (
        len(rows) < 2
        or not 4 <= len(cells) <= _MOST_CELLS
        or any(len(cell.text_content().split()) > _CELL_WORDS for cell in cells)
    ):
        return ""
    return _written(table)


def _list(items: HtmlElement) -> str:
    """A list of sentences; one that mostly leads elsewhere, or arranges the page, stays as it is."""
    around = any(above.tag in {"nav", "header", "footer", "aside", "menu", "table"} for above in items.iterancestors())
    entries = items.xpath("./li")
    arranges = around or not entries or "HEADING0" in items.text_content()
    if arranges or len(items.text_content().split()) < _ITEM_WORDS * len(entries) or _links_away(items):
        return ""
    return _written(items)


def _caption(caption: HtmlElement) -> str:
    return " ".join(caption.text_content().split())


def _written(element: HtmlElement) -> str:
    """An element as Markdown, without links and pictures."""
    from markdownify import markdownify

    html = tostring(element, encoding="unicode", with_tail=False)
    return str(
        markdownify(
            html,
            strip=["a", "img"],
            table_infer_header=True,
            bullets="-",
            escape_misc=False,
            escape_asterisks=False,
            escape_underscores=False,
        )
    ).strip()


def _tex(holder: HtmlElement) -> str:
    maths = holder.xpath("descendant-or-self::math")
    annotated = holder.xpath(".//annotation[contains(@encoding, 'x-tex') or contains(@encoding, 'TeX')]/text()")
    described = holder.xpath(
        "descendant-or-self::math/@alttext | descendant-or-self::img/@alt | ./@data-latex | ./@data-tex | ./@data-math"
    )
    named = "math" in holder.get("class", "").split() and not holder.xpath(".//*[contains(@class, 'katex')]")
    written = holder.text_content() if holder.tag in {"script", "d-math"} or named else ""
    tex = " ".join(str(next(iter([*annotated, *described, *_persistent(holder)]), "") or written).split())
    tex = tex or " ".join(tex_of(maths[0]).split() if maths else ())
    wrapped = _WRAPPED.fullmatch(tex)
    if wrapped:
        tex = next(part for part in wrapped.groups() if part is not None).strip()
    elif written and not annotated and not described and holder.tag not in {"script", "d-math"}:
        return ""
    styled = _STYLED.fullmatch(tex)
    return (styled.group(1) if styled else tex).strip()


def _persistent(holder: HtmlElement) -> list[str]:
    """The TeX that an editor keeps beside a formula it draws later."""
    try:
        return [str(json.loads(holder.get("data-attrs", "{}"))["persistentExpression"])]
    except (ValueError, KeyError, TypeError):
        return []


def _displayed(holder: HtmlElement) -> bool:
    """Whether a formula stands in a line of its own."""
    named = " ".join((holder.get("class", ""), holder.get("type", ""), holder.get("display", "")))
    inside = holder.xpath(".//math/@display | .//*[contains(@class, 'mwe-math-fallback-image-display')]/@class")
    return (
        holder.tag == "div"
        or "display" in named
        or holder.get("block") is not None
        or "block" in [*inside, holder.get("display")]
        or any("display" in x for x in inside)
    )
