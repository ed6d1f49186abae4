"""The bank's references become one list: every address once, by kind, with the questions that stand on it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from urllib.parse import urlsplit

from coach.domain import Question

KINDS = ("paper", "documentation", "code", "encyclopedia", "pdf", "video", "article")

_PAPERS = (
    "arxiv.org",
    "aclanthology.org",
    "openreview.net",
    "proceedings.mlr.press",
    "doi.org",
    "dl.acm.org",
    "nature.com",
    "neurips.cc",
    "nips.cc",
    "jmlr.org",
    "biorxiv.org",
    "usenix.org",
    "vldb.org",
    "openaccess.thecvf.com",
    "pnas.org",
    "direct.mit.edu",
    "jamanetwork.com",
    "cambridge.org",
    "ieeexplore.ieee.org",
)
_CODE = ("github.com", "gitlab.com", "gist.github.com")
_VIDEO = ("youtube.com", "youtu.be", "vimeo.com")


@dataclass(frozen=True, slots=True)
class Source:
    """One address, what it is called, what kind of page it is and which questions cite it."""

    url: str
    title: str
    kind: str
    questions: tuple[str, ...]


def sources(questions: Iterable[Question]) -> list[Source]:
    """Every reference once, in the order of kind and address."""
    titles: dict[str, str] = {}
    citing: dict[str, list[str]] = {}
    for question in questions:
        for reference in question.references:
            titles.setdefault(reference.url, reference.title)
            citing.setdefault(reference.url, []).append(question.id)
    found = [Source(url, title, kind(url), tuple(sorted(set(citing[url])))) for url, title in titles.items()]
    return sorted(found, key=lambda source: (KINDS.index(source.kind), source.url))


@cache
def kind(url: str) -> str:
    """What kind of page an address leads to, told from the address alone."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "article"
    host = (parts.hostname or "").removeprefix("www.")
    if _within(host, _PAPERS):
        return "paper"
    if parts.path.lower().endswith(".pdf"):
        return "pdf"
    if _within(host, _CODE):
        return "code"
    if _within(host, ("wikipedia.org",)):
        return "encyclopedia"
    if _within(host, _VIDEO):
        return "video"
    if host.startswith(("docs.", "developer.", "developers.", "learn.", "platform.", "ai.google")) or "/docs" in parts.path:
        return "documentation"
    return "documentation" if "documentation" in parts.path or host.endswith(("readthedocs.io", "pytorch.org")) else "article"


def _within(host: str, domains: Iterable[str]) -> bool:
    return any(host == domain or host.endswith(f".{domain}") for domain in domains)


def markdown(found: Iterable[Source]) -> str:
    """`corpus/SOURCES.md`: written by `coach check --write-sources`, kept true by a test."""
    listed = list(found)
    lines = [
        "# Sources",
        "",
        "Every address the bank's answers cite, once, with the questions that stand on it. Written by",
        "`coach check --write-sources`; do not edit. Nothing of these pages is kept here: they belong to their authors.",
    ]
    for name in KINDS:
        of_kind = [source for source in listed if source.kind == name]
        if of_kind:
            lines += ["", f"## {name.capitalize()} ({len(of_kind)})", ""]
            lines += [f"- [{source.title}]({source.url}): {', '.join(source.questions)}" for source in of_kind]
    return "\n".join(lines) + "\n"
