"""An address becomes a plan: what kind of page it is, which one page is meant, and what to ask for, in turn.

Everything is told from the address alone. What is not fetched has a plan without steps, which says why.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final
from urllib.parse import SplitResult, quote, unquote, urlsplit

from coach.errors import Refused
from ingest.sources import kind as shelf_of


class Kind(StrEnum):
    ARXIV = "arxiv"
    GITHUB = "github"
    WIKIPEDIA = "wikipedia"
    PDF = "pdf"
    DOCS = "docs"
    ARTICLE = "article"
    VIDEO = "video"
    LINK = "link only"


class Reads(StrEnum):
    """What a step expects to be sent: a web page or PDF, plain text, source code, a notebook, or a feed of metadata."""

    PAGE = "page"
    TEXT = "text"
    CODE = "code"
    NOTEBOOK = "notebook"
    FEED = "feed"
    ROBOTS = "robots"


@dataclass(frozen=True, slots=True)
class Step:
    """One address to ask. `api` is one documented for programs: its own terms hold there, not robots.txt."""

    url: str
    reads: Reads = Reads.PAGE
    api: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """`url` is one address for all that lead to this page; the steps are tried until one has it."""

    url: str
    kind: Kind
    steps: tuple[Step, ...] = ()
    why: str = ""


_ARXIV = re.compile(
    r"/(?:abs|pdf|html|format|ps)/(?P<id>\d{4}\.\d{4,5}|[a-z-]+(?:\.[A-Z]{2})?/\d{7})(?:v\d+)?(?:\.pdf)?/?", re.IGNORECASE
)
_WALLS: Final = {
    "linkedin.com": "LinkedIn shows pages only to members",
    "x.com": "X shows posts only to members",
    "twitter.com": "X shows posts only to members",
    "facebook.com": "Facebook shows pages only to members",
    "researchgate.net": "ResearchGate lets no program in",
}
_VIDEOS = ("youtube.com", "youtu.be", "vimeo.com")
_PROSE = (".md", ".markdown", ".mdown", ".rst", ".txt")
_CODE = (
    *(".py", ".pyi", ".js", ".jsx", ".ts", ".tsx", ".java", ".kt", ".scala", ".swift", ".go", ".rs", ".rb", ".jl", ".r", ".lua"),
    *(".c", ".h", ".cc", ".cpp", ".hpp", ".cu", ".cuh", ".cs", ".sh", ".sql", ".proto", ".yaml", ".yml", ".toml"),
)
_README = ("README.md", "README.rst", "readme.md")
# The first part of a path that is no person's or group's name there.
_GITHUB_OWN = {"features", "topics", "orgs", "sponsors", "marketplace", "about", "pricing", "collections", "search"}


@lru_cache(maxsize=4096)
def plan_of(url: str) -> Plan:
    """The plan for an address, whatever it is; a hostile one is never fetched."""
    # The guard brings the HTTP library along, which `coach ask` need not wait for.
    from ingest.fetch.guard import checked

    try:
        parts = urlsplit(checked(url))
    except Refused as error:
        return Plan(url, Kind.LINK, why=str(error))
    host = (parts.hostname or "").removeprefix("www.")
    for belongs, plan in _HOSTS:
        if belongs(host):
            return plan(parts, host)
    return _page(parts)


def _arxiv(parts: SplitResult, _host: str) -> Plan:
    found = _ARXIV.fullmatch(parts.path)
    if not found:
        return _page(parts)
    id_ = found["id"]
    steps = (Step(f"https://arxiv.org/html/{id_}"), Step(f"https://arxiv.org/pdf/{id_}"))
    return Plan(f"https://arxiv.org/abs/{id_}", Kind.ARXIV, steps)


def arxiv_id(plan: Plan) -> str:
    """The paper's id, without a version."""
    return plan.url.removeprefix("https://arxiv.org/abs/")


def _wikipedia(parts: SplitResult, host: str) -> Plan:
    title = unquote(parts.path.removeprefix("/wiki/"))
    if not parts.path.startswith("/wiki/") or not title:
        return _page(parts)
    where = f"https://{host.replace('.m.wikipedia', '.wikipedia')}"
    page = quote(title.replace(" ", "_"), safe="()!,:;*@$'-._~")
    step = Step(f"{where}/api/rest_v1/page/html/{quote(page, safe='%')}".replace("%25", "%"), api=True)
    return Plan(f"{where}/wiki/{quote(title.replace(' ', '_'), safe='/()!,:;*@$-._~')}", Kind.WIKIPEDIA, (step,))


def _github(parts: SplitResult, _host: str) -> Plan:
    """A repository by its README, a folder by its own, a file or a page of a wiki as it was written."""
    owner, repository, what, *rest = [*filter(None, parts.path.split("/")), "", "", ""]
    rest = [part for part in rest if part]
    if not repository or owner in _GITHUB_OWN:
        return _page(parts)
    repository = repository.removesuffix(".git")
    raw, own = f"https://raw.githubusercontent.com/{owner}/{repository}", f"https://github.com/{owner}/{repository}"
    if not what:
        return Plan(own, Kind.GITHUB, tuple(Step(f"{raw}/HEAD/{name}", Reads.TEXT) for name in _README))
    if what == "tree" and rest:
        folder = "/".join(rest)
        return Plan(f"{own}/tree/{folder}", Kind.GITHUB, tuple(Step(f"{raw}/{folder}/{name}", Reads.TEXT) for name in _README))
    if what == "wiki":
        page = "/".join(rest) or "Home"
        step = Step(f"https://raw.githubusercontent.com/wiki/{owner}/{repository}/{page}.md", Reads.TEXT)
        return Plan(f"{own}/wiki/{page}", Kind.GITHUB, (step,))
    if what in {"blob", "raw"} and len(rest) > 1:
        return _github_file(own, raw, "/".join(rest))
    return _page(parts, Kind.GITHUB)


def _github_file(own: str, raw: str, path: str) -> Plan:
    url = f"{own}/blob/{path}"
    if path.lower().endswith(".pdf"):
        return Plan(url, Kind.GITHUB, (Step(f"{raw}/{path}"),))
    if path.lower().endswith(".ipynb"):
        return Plan(url, Kind.GITHUB, (Step(f"{raw}/{path}", Reads.NOTEBOOK),))
    if path.lower().endswith(_PROSE):
        return Plan(url, Kind.GITHUB, (Step(f"{raw}/{path}", Reads.TEXT),))
    if path.lower().endswith(_CODE):
        return Plan(url, Kind.GITHUB, (Step(f"{raw}/{path}", Reads.CODE),))
    return Plan(url, Kind.LINK, why="It is a file of a kind that is not read: linked only.")


def _video(parts: SplitResult, _host: str) -> Plan:
    return Plan(parts.geturl(), Kind.VIDEO, why="It is a video: linked, not read.")


def _wall(parts: SplitResult, host: str) -> Plan:
    reason = next(why for wall, why in _WALLS.items() if _within(host, wall))
    return Plan(parts.geturl(), Kind.LINK, why=f"{reason}: linked, not read.")


def _page(parts: SplitResult, kind: Kind | None = None) -> Plan:
    """A page as it stands, without the place in it that a fragment names."""
    url = parts._replace(scheme=parts.scheme.lower(), netloc=parts.netloc.lower(), path=parts.path or "/", fragment="").geturl()
    if kind is None:
        pdf = parts.path.lower().endswith(".pdf")
        kind = Kind.PDF if pdf else Kind.DOCS if shelf_of(url) == "documentation" else Kind.ARTICLE
    return Plan(url, kind, (Step(url),))


def _within(host: str, *domains: str) -> bool:
    return any(host == domain or host.endswith(f".{domain}") for domain in domains)


_HOSTS: Final[tuple[tuple[Callable[[str], bool], Callable[[SplitResult, str], Plan]], ...]] = (
    (lambda host: host in {"arxiv.org", "export.arxiv.org"}, _arxiv),
    (lambda host: _within(host, "wikipedia.org"), _wikipedia),
    (lambda host: host == "github.com", _github),
    (lambda host: _within(host, *_VIDEOS), _video),
    (lambda host: _within(host, *_WALLS), _wall),
)
