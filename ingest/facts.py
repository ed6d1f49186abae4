"""What a web page says of itself: its title, who wrote it, when, in which language, under which license. Nothing is guessed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lxml.html import HtmlElement

_AUTHOR = ("author", "citation_author", "dc.creator", "dcterms.creator", "article:author", "parsely-author")
_PUBLISHED = (
    *("article:published_time", "article:published", "citation_publication_date", "citation_date", "citation_online_date"),
    *("datepublished", "dc.date", "dcterms.date", "dc.date.issued", "date", "parsely-pub-date", "og:article:published_time"),
)
_DAY = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})")
_MOST_AUTHORS = 20
_LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class PageFacts:
    """Empty where the page does not say. `published` is `YYYY-MM-DD`, `language` as the page writes it: `en`, `fr-FR`."""

    title: str = ""
    authors: tuple[str, ...] = ()
    published: str = ""
    language: str = ""
    license: str = ""


def facts_of(page: HtmlElement) -> PageFacts:
    """Read the metadata of a whole page; to be done before anything of it is dropped."""
    named = _named(page)
    linked = list(_linked_data(page))
    authors = [name for key in _AUTHOR for name in named.get(key, ())] or [name for one in linked for name in _people(one)]
    authors = authors or [_flat(link.text_content()) for link in page.xpath("//a[@rel='author']")]
    dates = [date for key in _PUBLISHED for date in named.get(key, ())] + [str(one.get("datePublished", "")) for one in linked]
    dates += page.xpath("//time[contains(@class, 'published') or @itemprop='datePublished' or @pubdate]/@datetime")
    titles = [*named.get("og:title", ()), *(_flat(title.text_content()) for title in page.xpath("//head/title"))]
    licenses = page.xpath("//a[@rel='license']/@href | //link[@rel='license']/@href") + named.get("dcterms.license", [])
    return PageFacts(
        title=_title(page, [title for title in titles if title]),
        authors=tuple(dict.fromkeys(filter(_is_name, map(_flat, authors))))[:_MOST_AUTHORS],
        published=next(filter(None, map(_day, dates)), ""),
        language=_language(page, named),
        license=str(next(iter(licenses), "")),
    )


def _named(page: HtmlElement) -> dict[str, list[str]]:
    """Each thing the page's head names, in lower case, with all it says of it."""
    found: dict[str, list[str]] = {}
    for meta in page.iter("meta"):
        said = _flat(meta.get("content", ""))
        for key in {meta.get(attribute, "").lower() for attribute in ("name", "property", "itemprop", "http-equiv")} - {""}:
            if said:
                found.setdefault(key, []).append(said)
    return found


def _linked_data(page: HtmlElement) -> Iterator[dict[str, Any]]:
    """What schema.org's JSON says of the page, article or not."""
    for script in page.xpath("//script[@type='application/ld+json']"):
        try:
            told = json.loads(script.text or "")
        except (ValueError, RecursionError):
            continue
        entries = told.get("@graph", [told]) if isinstance(told, dict) else told
        yield from (entry for entry in (entries if isinstance(entries, list) else []) if isinstance(entry, dict))


def _people(entry: dict[str, Any]) -> Iterator[str]:
    said = entry.get("author", [])
    for one in said if isinstance(said, list) else [said]:
        yield str(one.get("name", "")) if isinstance(one, dict) else str(one)


def _title(page: HtmlElement, titles: list[str]) -> str:
    """The only top heading there is, else the longest one that the page's head names too, else what the head says."""
    tops = [said for said in (_flat(heading.text_content()).rstrip("¶# ") for heading in page.iter("h1")) if said]
    if len(set(tops)) == 1:
        return tops[0]
    return max((top for top in tops if any(top in title for title in titles)), key=len, default=next(iter(titles), ""))


def _language(page: HtmlElement, named: dict[str, list[str]]) -> str:
    said = [*page.xpath("/html/@lang | /html/body/@lang"), *named.get("content-language", ()), *named.get("dc.language", ())]
    return next(
        (str(one).strip() for one in said if re.fullmatch(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*", str(one).strip())), ""
    )


def _is_name(said: str) -> bool:
    return 0 < len(said) <= _LONGEST_NAME and "://" not in said


def _day(said: str) -> str:
    found = _DAY.search(str(said))
    return "{}-{:0>2}-{:0>2}".format(*found.groups()) if found else ""


def _flat(said: str) -> str:
    return " ".join(said.split())
