"""What arXiv's API says of papers: one request for hundreds of them. Its metadata may be used by everybody (CC0)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lxml import etree

from coach.errors import FetchError
from ingest.fetch.classify import Reads, Step

# More ids make an address longer than servers take.
MOST_IDS = 400
_ATOM = {"a": "http://www.w3.org/2005/Atom"}
_ID = re.compile(r"arxiv\.org/abs/(.+?)(?:v\d+)?$")


@dataclass(frozen=True, slots=True)
class Paper:
    """`published` is `YYYY-MM-DD`."""

    title: str
    authors: tuple[str, ...]
    published: str
    abstract: str


def requests(ids: Sequence[str]) -> Iterator[Step]:
    """The fewest requests that ask for all ids."""
    for start in range(0, len(ids), MOST_IDS):
        some = ids[start : start + MOST_IDS]
        query = f"id_list={','.join(some)}&max_results={len(some)}"
        yield Step(f"https://export.arxiv.org/api/query?{query}", Reads.FEED, api=True)


def papers(feed: bytes) -> dict[str, Paper]:
    """Every paper in a feed by its id. Raises FetchError if it is none."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(feed, parser)
    except etree.XMLSyntaxError as error:
        raise FetchError("arXiv's answer about its papers cannot be understood.") from error
    found = {}
    for entry in root.iterfind("a:entry", _ATOM):
        id_ = _ID.search(_said(entry, "a:id"))
        if id_:
            authors = tuple(_flat(name.text) for name in entry.iterfind("a:author/a:name", _ATOM))
            published = _said(entry, "a:published")[:10]
            found[id_.group(1)] = Paper(_said(entry, "a:title"), authors, published, _said(entry, "a:summary"))
    return found


def _said(entry: etree._Element, path: str) -> str:
    return _flat(entry.findtext(path, namespaces=_ATOM))


def _flat(text: str | None) -> str:
    return " ".join((text or "").split())
