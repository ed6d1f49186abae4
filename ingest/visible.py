"""A web page loses what its reader does not see, and what is not its text: menus, banners, related pages, comments.

Works on the tree, before any extraction: extractors keep a good part of both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

import tinycss2
from cssselect import SelectorError
from lxml.cssselect import CSSSelector
from lxml.html import HtmlElement

# What no reader reads, or only to press it.
_NEVER = CSSSelector(
    "script, style, template, noscript, iframe, object, embed, svg, canvas, dialog, button, select, textarea, annotation, "
    "nav, [role=navigation], [role=dialog], [role=alertdialog], [role=search], [role=banner], [role=contentinfo], "
    "[aria-modal=true], d-byline, distill-header, distill-footer"
)
# What is not part of a page's text, as the programs that write pages name it.
_ASIDE = CSSSelector(
    # hidden, unless a tab or what a server sends late (React names it S:1) brings it to light
    "[hidden]:not([role=tabpanel]):not([id^='S:']), [aria-hidden=true], "
    # consent, newsletters, advertisements, sharing, related pages, comments
    "[id*=cookie], [class*=cookie-], [class*=-cookie], [id*=onetrust], [class*=onetrust], [id*=Cookiebot], .cc-window, "
    "[id*=consent], [class*=consent-], [class*=gdpr], [class*=qc-cmp], [id^=sp_message], "
    "[class*=newsletter-], [class*=newsletter_], .newsletter, [class*=subscription-widget], "
    "[class*=ad-slot], [class*=advertisement], [data-ad], "
    "[class*=share-buttons], [class*=social-share], [class*=sharedaddy], [class*=share-btn], "
    "[class*=relatedposts], [class*=related-posts], #comments, .comments-area, .js-comments-container, "
    ".speechify-ignore, [class*=copyright], .reward-container, #ez-toc-container, .post-toc, [class*=table-of-contents], "
    # marks, contents and notices of wikis
    ".mw-editsection, #toc, .toc, .mw-jump-link, .navbox, .noprint, .mw-empty-elt, sup.reference, .mw-cite-backlink, "
    ".hatnote, .ambox, .catlinks, .printfooter, #siteNotice, .mw-portlet-lang, "
    # of documentation
    "a.headerlink, a.anchor, a.anchorjs-link, a.hash-link, a.skip-link, .viewcode-link, .eqno, "
    ".sphx-glr-download-link-note, .sphx-glr-footer, .sphx-glr-signature, .onlyprint, .cell details > summary, .rst-versions, "
    ".nocontent, .tfo-notebook-buttons, devsite-feature-tooltip, distill-appendix, .footer-links-wrapper, "
    # and of papers
    ".ltx_note_mark, .ltx_tag_note, .ltx_tag_item, .ltx_page_navbar, .ltx_page_footer, .ltx_TOC"
)
_HIDDEN = re.compile(
    r"(?:^|;)(?:display:none|visibility:(?:hidden|collapse)|content-visibility:hidden|opacity:(?:0+(?:\.0\d*)?|\.0\d*)%?(?=;|$|!)"
    r"|font-size:(?:0+(?:\.0+)?(?:px|pt|r?em|%)?|(?:[0-2](?:\.\d+)?|\.\d+)(?:px|pt)|0*\.[01]\d*r?em)(?=;|$|!)"
    r"|(?:left|top|right|bottom|text-indent|margin-left|margin-top):-\d{3,}"
    r"|clip:rect\((?:0|1px)|clip-path:(?:inset\((?:50|100)%|circle\(0)|transform:(?:scale\(0\)|translate[xy]?\(-\d{3,})"
    r"|(?:max-)?(?:height|width):0(?:px)?(?=;|$|!)(?=.*overflow:hidden)"
    r"|overflow:hidden;(?:.*;)?(?:max-)?(?:height|width):0(?:px)?(?=;|$|!))"
)
_CLEAR = re.compile(r"transparent|rgba\(.*,0(?:\.0+)?\)|hsla\(.*,0(?:\.0+)?\)")
_PALE = re.compile(
    r"(?:^|;)color:((?:white|#fff(?:fff)?|rgb\(255,255,255\)|transparent|(?:rgb|hsl)a\([^;]*,0(?:\.0+)?\)))(?=;|$|!)"
)
_GROUND = re.compile(r"(?:^|;)background(?:-color|-image)?:([^;!]*)")
_WHITE = {"white", "#fff", "#ffffff", "rgb(255,255,255)", "rgba(255,255,255,1)"}
# What is so large a part of the page is the page: a rule that would hide it hides it until some script has run.
_MOST = 0.5
# What stands under such a heading leads elsewhere, or is somebody else's.
_ELSEWHERE = re.compile(
    r"(?:keep reading|more (?:articles|posts|stories|from)|related(?: (?:articles|posts|stories|reading))?$"
    r"|read next|most read$|recommended(?: (?:from|for you|reading|articles|posts|stories)\b.*)?$"
    r"|you (?:may|might) also|(?:comments|responses|replies)(?: \(\d+\))?$|discussion about|leave a (?:comment|reply)"
    r"|share this|sign up(?: for .+)?$|subscribe(?: (?:now|to (?:our|my|the)) .+)?$|written by|about the author"
    r"|(?:table of )?contents$|on this page$"
    r"|(?:articles|contenus) (?:similaires|récents)|(?:similaire|partager)[\s:]*$|laisser un commentaire|sommaire$"
    r"|(?:相关文章|最新文章|评论区?|文章目录|推荐阅读)$)",
    re.IGNORECASE,
)
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
# A line that is nothing but this is there to be pressed, or counts those who did.
_PRESSED = re.compile(
    r"(?:upvote|like|share|follow|listen|save|copy(?: link| page| code)?|copied!?|subscribe|advertisement|comments?)(?: \d+)?"
    r"|\+\d+|(?:estimated reading time: )?\d+ min(?:ute)?s?(?: read)?|(?:sign|log) (?:up|in)(?: or (?:sign|log) in)?(?: to \w+)?"
    r"|share (?:this|on) .+|edit (?:this page|on github)|update on github|back to (?:top|articles)|skip to (?:main )?content"
    r"|(?:read|download|view) (?:the )?(?:paper|pdf|all|more)|learn more|read more"
    r"|was this (?:page|article) helpful\??|(?:press enter or )?click to view image in full size",
    re.IGNORECASE,
)
_LINE, _PARTS = 60, 8
_MISLEADING = re.compile(
    "comment|hidden|modal|popup|overlay|sidebar|banner|related|shar|promo|footer|header|menu|nav|bar|widget", re.IGNORECASE
)
_SCREENS = re.compile(r"@media\s+(?:all|(?:only )?screen)\s*", re.IGNORECASE)
_LETTERS = re.compile(r"\w")
_BUTTON_WORDS = 15
_TELLING = {"p", "li", "dt", "dd", "td", "th", "pre", "code"}
_ROOTS = {"html", "body", "main", "article"}


def only_visible(page: HtmlElement) -> int:
    """Drop what a reader does not see or would not call the page's text, and say how many words of it were hidden."""
    rules = _rules_of(page)
    for element in _NEVER(page):
        drop(element)
    whole = _length(page)
    words = 0
    for element in _hidden(page, rules):
        if element.get("role") != "tabpanel" and element.getparent() is not None and _length(element) < _MOST * whole:
            words += len(element.text_content().split())
            drop(element)
    for element in [*_ASIDE(page), *page.iter("form"), *_led_elsewhere(page)]:
        if _length(element) < _MOST * whole:
            drop(element)
    for element in [*_marks(page), *_furniture(page)]:
        drop(element)
    _unname(page)
    for note in page.xpath("//comment() | //processing-instruction()"):
        drop(note)
    return words


def _unname(page: HtmlElement) -> None:
    """Most of a page is the page, whatever it is called and however it is shown before it is ready; so is a tab."""
    whole = _length(page)
    for element in page.iter("div", "section", "main", "article"):
        named = _MISLEADING.search(f"{element.get('class')} {element.get('id')}") or element.get("hidden") is not None
        if named and (element.get("role") == "tabpanel" or _length(element) > _MOST * whole):
            for name in ("class", "id", "hidden", "style"):
                element.attrib.pop(name, None)


def drop(element: HtmlElement) -> None:
    """Take an element out; the text behind it stays."""
    parent = element.getparent()
    if parent is None or element.tag in _ROOTS:
        return
    if element.tail:
        before = element.getprevious()
        if before is not None:
            before.tail = (before.tail or "") + element.tail
        else:
            parent.text = (parent.text or "") + element.tail
    parent.remove(element)


def _marks(page: HtmlElement) -> Iterator[HtmlElement]:
    """Arrows and signs that lead to another place in the page, and what is to be pressed."""
    for link in page.xpath("//a[starts-with(@href, '#') or contains(@href, '#')]"):
        if not _LETTERS.search(link.text_content()) and not link.xpath(".//img | .//math") and not _within(link, {"pre", "code"}):
            yield link
    yield from (one for one in page.xpath("//*[@role='button']") if _length(one) < _BUTTON_WORDS)


def _led_elsewhere(page: HtmlElement) -> Iterator[HtmlElement]:
    """Boxes whose first heading says that what follows is not the page's own, and such a heading by itself."""
    for heading in page.iter(*_HEADINGS):
        if not _ELSEWHERE.match(" ".join(heading.text_content().split())):
            continue
        box = heading
        while (above := box.getparent()) is not None and above.tag not in _ROOTS and next(above.iter(*_HEADINGS)) is heading:
            box = above
        yield from (box, heading)


def _furniture(page: HtmlElement) -> Iterator[HtmlElement]:
    """Lines that count, date or sell the page, wherever they stand; a word of a sentence, an item or code is none."""
    for element in page.iter("p", "div", "span", "li", "a", "time"):
        if element.tag not in {"p", "div"} and _within(element, _TELLING):
            continue
        small = len(list(islice(element.iter(), _PARTS))) < _PARTS
        if small and len(said := " ".join(element.text_content().split())) < _LINE and _PRESSED.fullmatch(said):
            yield element


def _within(element: HtmlElement, tags: set[str]) -> bool:
    return any(above.tag in tags for above in element.iterancestors())


def _rules_of(page: HtmlElement) -> list[tuple[str, str]]:
    """The rules of the page's own style sheets that may choose something in it: selector and declarations."""
    names = set(" ".join(page.xpath("//@class | //@id")).split())
    sheets = (
        tinycss2.parse_stylesheet(sheet.text or "", skip_comments=True, skip_whitespace=True) for sheet in page.iter("style")
    )
    return [(selector, _compact(style)) for sheet in sheets for selector, style in _rules(sheet) if _may_choose(selector, names)]


def _hidden(page: HtmlElement, rules: list[tuple[str, str]]) -> list[HtmlElement]:
    """What a style hides, by itself or by the color of its letters."""
    own = [(element, _compact(element.get("style", ""))) for element in page.xpath("//*[@style]")]
    found = [element for element, style in own if _HIDDEN.search(style)]
    found += [element for selector, style in rules if _HIDDEN.search(style) for element in _chosen(page, selector)]
    letters = {font: _compact(font.get("color", "")) for font in page.xpath("//font[@color]")}
    pale = [(element, style) for selector, style in rules if _PALE.search(style) for element in _chosen(page, selector)]
    for element, style in [*pale, *own]:
        if said := _PALE.search(style):
            letters[element] = said.group(1)
    if letters:
        grounds = [(one, style) for selector, style in rules if _GROUND.search(style) for one in _chosen(page, selector)]
        found += _unseen(letters, {one: said.group(1) for one, style in [*grounds, *own] if (said := _GROUND.search(style))})
    return found


def _may_choose(selector: str, names: set[str]) -> bool:
    """Whether a page that has these names has all that a part of the selector speaks of; mostly it has not."""
    return any(set(re.findall(r"[.#]([A-Za-z][\w-]*)", part)) <= names for part in selector.split(","))


def _chosen(page: HtmlElement, selector: str) -> list[HtmlElement]:
    try:
        return list(CSSSelector(selector, translator="html")(page))
    except (SelectorError, ValueError):
        return []


def _rules(sheet: list[Any]) -> Iterator[tuple[str, str]]:
    """Every rule that holds on a screen of any size: its selector and its declarations."""
    for rule in sheet:
        if rule.type == "qualified-rule":
            yield tinycss2.serialize(rule.prelude).strip(), tinycss2.serialize(rule.content)
        elif (
            rule.type == "at-rule"
            and rule.content
            and _SCREENS.fullmatch(f"@{rule.at_keyword} {tinycss2.serialize(rule.prelude)}")
        ):
            yield from _rules(tinycss2.parse_rule_list(rule.content, skip_comments=True, skip_whitespace=True))


def _unseen(letters: dict[HtmlElement, str], grounds: dict[HtmlElement, str]) -> Iterator[HtmlElement]:
    """Letters without a color, and white ones where nobody says that the ground is not white."""
    for element, color in letters.items():
        around = [element, *element.iterancestors()]
        ground = next((grounds[one] for one in around if one in grounds), "white")
        dark = ground not in _WHITE or any(one.get("bgcolor") for one in around)
        if _CLEAR.fullmatch(color) or (color in _WHITE and not dark and not any(True for _ in element.iter("h1", "h2"))):
            yield element


def _compact(style: str) -> str:
    return re.sub(r"\s+", "", style.lower())


def _length(element: HtmlElement) -> int:
    """In words; where words are not written apart, a few letters are one."""
    text = element.text_content()
    return len(text.split()) + len(text) // 20
