"""The pages the bank cites come onto disk: what should, nothing else, politely, and once."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from coach.errors import StorageError
from ingest.fetch.documents import documents
from ingest.fetch.manners import Manners
from ingest.fetch.run import Fetcher
from ingest.fetch.state import due, states, wanted
from ingest.fetch.store import Record, State, Store
from ingest.sources import Source, kind
from tests.site import MODIFIED, PROSE, Answer, Asked, Clock, Pages, Site, feed, moved, page, pdf, robots, web

KINDS = Path(__file__).parent / "kinds"
LONG = f"<p>{PROSE}</p><p>{PROSE}</p>"
WIKI = (
    f"<html><body><section><h2 id='Law'>The law</h2>{LONG}<p>It says "
    '<span class="mwe-math-element"><span style="display:none"><math><annotation encoding="application/x-tex">'
    "{\\displaystyle e^{x_1}}</annotation></math></span><img alt='{\\displaystyle e^{x_1}}'></span> is large.</p>"
    "</section></body></html>"
)
DOCS = f"<html><body><main><h1>How to</h1>{LONG}<pre><code>for leaf in tea:\n    steep(leaf)</code></pre></main></body></html>"
LOGIN = "<html><body><h1>Welcome back</h1><p>Sign in to continue reading.</p><form><input type='password'></form></body></html>"
COOKIES = "<html><body><h1>Before you continue</h1><p>We value your privacy. Accept all cookies?</p></body></html>"
CODE = '"""Steeps."""\n\n# What it needs\nimport kettle\n\n\ndef steep(leaf):\n    return kettle.pour(leaf)\n'
NOTEBOOK = {"cells": [{"cell_type": "markdown", "source": [f"# Tea\n\n{PROSE}"]}], "nbformat": 4, "metadata": {}}

# What each cited address is to become.
CITED = {
    "https://arxiv.org/abs/2005.11401": State.FETCHED,
    "https://arxiv.org/pdf/2005.11401v4.pdf": State.FETCHED,
    "https://arxiv.org/abs/2211.17192.pdf": State.FETCHED,
    "https://blog.example/tea": State.FETCHED,
    "https://blog.example/old-tea": State.MOVED,
    "https://blog.example/lost": State.DEAD,
    "https://blog.example/gone": State.DEAD,
    "https://blog.example/swept": State.DEAD,
    "https://blog.example/private/tea": State.ROBOTS,
    "https://shut.example/tea": State.ROBOTS,
    "https://club.example/tea": State.LOGIN,
    "https://club.example/members": State.LOGIN,
    "https://club.example/forbidden": State.LOGIN,
    "https://shop.example/tea": State.LOGIN,
    "https://shop.example/empty": State.NO_TEXT,
    "https://shop.example/broken": State.FAILED,
    "https://nowhere.example/tea": State.FAILED,
    "https://docs.example/guide": State.FETCHED,
    "https://docs.example/paper.pdf": State.FETCHED,
    "https://en.wikipedia.org/wiki/Tea#Law": State.FETCHED,
    "https://github.com/leaf/kettle": State.FETCHED,
    "https://github.com/leaf/kettle/blob/main/tea.ipynb": State.FETCHED,
    "https://github.com/leaf/kettle/blob/main/steep.py": State.FETCHED,
    "https://github.com/leaf/kettle/blob/main/logo.png": State.LINK,
    "https://www.youtube.com/watch?v=tea": State.LINK,
    "https://www.linkedin.com/in/tea": State.LINK,
    "http://169.254.169.254/latest": State.FAILED,
}


def pages() -> Pages:
    return {
        "arxiv.org": {
            "/robots.txt": robots("User-agent: *\nCrawl-delay: 15\nAllow: /abs\nAllow: /html\nAllow: /pdf\nDisallow: /\n"),
            "/html/2005.11401": page("Retrieval"),
            "/pdf/2211.17192": Answer(body=pdf(), type="application/pdf", headers={"Last-Modified": MODIFIED}),
        },
        "export.arxiv.org": {"/api/query?id_list=2005.11401,2211.17192&max_results=2": feed("2005.11401", "2211.17192")},
        "blog.example": {
            "/robots.txt": robots("\ufeffUser-agent: *\nDisallow: /private\n"),
            "/": page("Front"),
            "/tea": page("Tea"),
            "/old-tea": moved("/new-tea"),
            "/new-tea": page("New tea"),
            "/gone": Answer(410),
            "/swept": moved("/"),
            "/private/tea": page("Private"),
        },
        "shut.example": {"/robots.txt": Answer(503), "/tea": page("Shut")},
        "club.example": {
            "/tea": Answer(body=LOGIN.encode()),
            "/members": moved("/login?next=/members", 302),
            "/login?next=/members": Answer(body=LOGIN.encode()),
            "/forbidden": Answer(403),
        },
        "shop.example": {
            "/tea": Answer(body=COOKIES.encode()),
            "/empty": Answer(body=b"<html><body><p>Tea.</p></body></html>"),
            "/broken": Answer(500),
        },
        "docs.example": {
            "/guide": Answer(body=DOCS.encode(), headers={"ETag": '"docs"'}),
            "/paper.pdf": Answer(body=pdf(), type="application/pdf", headers={"Last-Modified": MODIFIED}),
        },
        "en.wikipedia.org": {
            "/robots.txt": robots("User-agent: *\nDisallow: /api/\n"),
            "/api/rest_v1/page/html/Tea": Answer(body=WIKI.encode(), headers={"ETag": '"wiki"'}),
        },
        "raw.githubusercontent.com": {
            "/leaf/kettle/HEAD/README.md": Answer(
                body=f"# Kettle\n\n{PROSE}".encode(), type="text/plain", headers={"ETag": '"k"'}
            ),
            "/leaf/kettle/main/steep.py": Answer(body=CODE.encode(), type="text/plain; charset=utf-8", headers={"ETag": '"s"'}),
            "/leaf/kettle/main/tea.ipynb": Answer(body=json.dumps(NOTEBOOK).encode(), type="text/plain", headers={"ETag": '"n"'}),
        },
    }


def cited(*urls: str) -> list[Source]:
    return [Source(url, f"About {number}", kind(url), ("Q1",)) for number, url in enumerate(urls)]


@dataclass(frozen=True)
class Fetched:
    """A site and a store after a first run over everything that is cited. The run's requests are in `first`."""

    site: Site
    folder: Path
    clock: Clock
    first: tuple[Asked, ...]


@pytest.fixture(scope="module")
def fetched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fetched]:
    folder, clock = tmp_path_factory.mktemp("pages"), Clock()
    with web(pages()) as site:
        site.fetcher(folder, clock).fetch(wanted(cited(*CITED)))
        first = tuple(site.asked)
        site.asked.clear()
        yield Fetched(site, folder, clock, first)


def texts(folder: Path) -> dict[str, bytes]:
    return {document.source: repr(document).encode() for document in documents(Store(folder))}


@pytest.mark.parametrize("url", CITED)
def test_every_cited_page_comes_to_the_state_it_should(fetched: Fetched, url: str) -> None:
    standing = states(Store(fetched.folder), cited(*CITED))[url]
    assert (standing.state, url) == (CITED[url], url)
    assert standing.why


def test_the_first_run_asks_for_what_it_should_and_for_nothing_else(fetched: Fetched) -> None:
    asked = Counter(f"{it.host}{it.path}" for it in fetched.first)
    there = {f"{host}{path}" for host, answers in fetched.site.pages.items() for path in answers}
    # Two are forbidden; of two hosts only an API is asked, whose terms are its own; some are asked for in vain.
    wanted_there = there - {"blog.example/private/tea", "shut.example/tea", "en.wikipedia.org/robots.txt"}
    in_vain = {"arxiv.org/html/2211.17192", "blog.example/lost"}
    no_robots = {f"{host}/robots.txt" for host in ("docs.example", "club.example", "shop.example", "raw.githubusercontent.com")}
    assert set(asked) == wanted_there | in_vain | no_robots
    # A server in trouble is tried three times; two addresses led to the same front page.
    assert {path: count for path, count in asked.items() if count > 1} == {"shop.example/broken": 3}


def test_a_second_run_asks_for_nothing_and_the_text_stays_as_it_was(fetched: Fetched) -> None:
    before = texts(fetched.folder)
    summary = fetched.site.fetcher(fetched.folder, fetched.clock).fetch(
        [page for page in wanted(cited(*CITED)) if "nowhere" not in page.plan.url and "169.254" not in page.plan.url]
    )
    assert fetched.site.paths() == []
    assert not summary.states
    assert len(before) == 10
    assert texts(fetched.folder) == before


def test_a_refresh_makes_only_conditional_requests_for_what_is_here(fetched: Fetched, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(fetched.folder, folder)
    before = texts(folder)
    here = [page for page in wanted(cited(*CITED)) if page.plan.url in before]
    summary = fetched.site.fetcher(folder, fetched.clock).fetch(here, refresh=True)
    asked = [it for it in fetched.site.asked if it.path != "/robots.txt"]
    fetched.site.asked.clear()
    # The request to the old address of the page that moved is one of them.
    assert len(asked) == len(here) + 1
    assert all(it.conditional for it in asked)
    assert summary.unchanged == len(here)
    assert texts(folder) == before


def test_every_kind_of_page_is_fetched_once_and_reads_the_same_ever_after(tmp_path: Path) -> None:
    kinds = {
        f"/{file.stem}": Answer(body=file.read_bytes(), headers={"Last-Modified": MODIFIED}) for file in KINDS.glob("*.html")
    }
    work = wanted(cited(*(f"https://kinds.example{path}" for path in kinds)))
    with web({"kinds.example": kinds}) as site:
        first = site.fetcher(tmp_path, Clock()).fetch(work)
        asked, before = Counter(site.paths(robots=True)), texts(tmp_path)
        site.asked.clear()
        second = site.fetcher(tmp_path, Clock()).fetch(work, refresh=True)
        assert all(it.conditional for it in site.asked)
    assert asked == Counter(f"kinds.example{path}" for path in [*kinds, "/robots.txt"])
    assert (first.states, second.unchanged, len(before)) == ({State.FETCHED: len(kinds)}, len(kinds), len(kinds))
    assert texts(tmp_path) == before


def test_every_request_says_who_asks(fetched: Fetched) -> None:
    assert {it.headers["user-agent"] for it in fetched.first} == {fetched.site.client().agent}
    assert re.fullmatch(r"interview-coach/\S+ \(\+tester@mail\.example\)", fetched.site.client().agent)


def test_a_record_keeps_where_a_page_came_from(fetched: Fetched) -> None:
    record = Store(fetched.folder).record("https://blog.example/old-tea")
    assert record
    assert record.hops == (("https://blog.example/old-tea", 301), ("https://blog.example/new-tea", 200))
    assert (record.final, record.address, record.etag) == ("https://blog.example/new-tea", "127.0.0.1", '"New tea"')
    assert (record.robots, record.words > 80, record.headings) == ("allowed", True, 1)
    assert hashlib.sha256(Store(fetched.folder).blob(record.sha256)).hexdigest() == record.sha256


def test_a_record_keeps_who_wrote_a_page_when_and_under_which_license(fetched: Fetched) -> None:
    standing = states(Store(fetched.folder), cited("https://blog.example/tea"))["https://blog.example/tea"]
    assert (standing.by, standing.language) == ("L. Writer, 2024-02-03, CC BY 4.0", "en")
    found = {document.source: document for document in documents(Store(fetched.folder))}
    assert found["https://blog.example/tea"].by == standing.by
    assert found["https://arxiv.org/abs/2005.11401"].by.startswith("A. Writer, 2020-05-22")


def test_what_a_newer_extractor_can_read_is_read_without_being_fetched(fetched: Fetched, tmp_path: Path) -> None:
    store = Store(shutil.copytree(fetched.folder, tmp_path / "copy"))
    record = store.record("https://blog.example/tea")
    assert record
    store.keep(replace(record, extractor="old", state=State.NO_TEXT, why="Nothing.", text_sha256="", authors=()))
    assert "https://blog.example/tea" in {document.source for document in documents(store)}
    assert store.record("https://blog.example/tea") == record


def test_papers_are_described_by_one_request_for_all(fetched: Fetched) -> None:
    record = Store(fetched.folder).record("https://arxiv.org/abs/2211.17192")
    assert record
    assert (record.title, record.authors, record.published) == ("Paper 2211.17192", ("A. Writer",), "2020-05-22")
    assert record.sniffed == "pdf"
    assert sum(it.host == "export.arxiv.org" for it in fetched.first) == 1


def test_formulas_and_code_arrive_in_the_text(fetched: Fetched) -> None:
    found = {document.source: document for document in documents(Store(fetched.folder))}
    assert "e^{x_1}" in str(found["https://en.wikipedia.org/wiki/Tea"].sections)
    assert "steep(leaf)" in str(found["https://docs.example/guide"].sections)
    (code,) = found["https://github.com/leaf/kettle/blob/main/steep.py"].sections
    assert (code.path, code.place, CODE.strip() in code.text) == (("steep",), "#L1-L8", True)
    assert found["https://docs.example/guide"].as_of == "2026-11-21"


def test_hosts_are_asked_with_a_pause_and_arxiv_with_a_long_one(tmp_path: Path) -> None:
    clock = Clock()
    with web({"blog.example": {f"/{number}": page(str(number)) for number in range(3)}}) as site:
        site.fetcher(tmp_path, clock).fetch(wanted(cited(*(f"https://blog.example/{number}" for number in range(3)))))
        assert len(site.asked) == 4
    assert clock.slept == [2.0, 2.0, 2.0]
    assert Manners(site.client(), tmp_path, clock.now).spacing("https://arxiv.org/abs/1") == 15


def test_a_site_that_wants_more_time_gets_it(tmp_path: Path) -> None:
    clock = Clock()
    slow = {"/robots.txt": robots("User-agent: *\nCrawl-delay: 7"), "/a": page("A"), "/b": page("B")}
    with web({"blog.example": slow}) as site:
        site.fetcher(tmp_path, clock).fetch(wanted(cited("https://blog.example/a", "https://blog.example/b")))
    assert clock.slept == [2.0, 7.0]


def test_a_server_that_says_when_to_come_back_is_asked_then(tmp_path: Path) -> None:
    clock = Clock()
    with web({"blog.example": {"/robots.txt": robots(""), "/tea": Answer(429, headers={"Retry-After": "50"})}}) as site:
        summary = site.fetcher(tmp_path, clock).fetch(wanted(cited("https://blog.example/tea")))
        assert len(site.paths()) == 3
    assert clock.slept == [2.0, 50.0, 50.0]
    assert summary.failures[0].why == "The server answered 429 several times."


def test_a_server_that_wants_to_be_left_alone_for_long_is_not_waited_for(tmp_path: Path) -> None:
    with web({"blog.example": {"/tea": Answer(503, headers={"Retry-After": "86400"})}}) as site:
        site.fetcher(tmp_path, Clock()).fetch(wanted(cited("https://blog.example/tea")))
        assert site.paths() == ["blog.example/tea"]


def test_a_page_that_cannot_be_had_now_keeps_the_text_it_had(tmp_path: Path) -> None:
    clock, work = Clock(), wanted(cited("https://blog.example/tea"))
    with web({"blog.example": {"/tea": page("Tea")}}) as site:
        site.fetcher(tmp_path, clock).fetch(work)
        before = texts(tmp_path)
        site.pages["blog.example"]["/tea"] = Answer(500)
        clock.sleep(1)
        summary = site.fetcher(tmp_path, clock).fetch(work, refresh=True)
    assert (summary.unchanged, summary.states) == (0, {State.FAILED: 1})
    record = Store(tmp_path).record("https://blog.example/tea")
    assert record
    assert (record.state, texts(tmp_path)) == (State.FETCHED, before)
    assert "the last try failed" in record.why


def test_a_page_that_changed_replaces_the_old_one(tmp_path: Path) -> None:
    clock, work = Clock(), wanted(cited("https://blog.example/tea"))
    with web({"blog.example": {"/tea": page("Tea")}}) as site:
        site.fetcher(tmp_path, clock).fetch(work)
        site.pages["blog.example"]["/tea"] = page("Coffee")
        site.fetcher(tmp_path, clock).fetch(work, refresh=True)
    store = Store(tmp_path)
    store.tidy()
    assert [document.title for document in documents(store)] == ["Coffee"]
    assert len(list(tmp_path.glob("blobs/*"))) == 1


def test_a_store_that_was_copied_is_whole_and_one_page_of_it_can_be_forgotten(fetched: Fetched, tmp_path: Path) -> None:
    shutil.copytree(fetched.folder, tmp_path / "copy")
    store = Store(tmp_path / "copy")
    assert texts(store.folder) == texts(fetched.folder)
    assert store.forget("https://blog.example/tea")
    assert not store.forget("https://blog.example/tea")
    assert len(list(documents(store))) == 9
    store.forget_all()
    assert not [file for file in store.folder.rglob("*") if file.is_file() and file.suffix != ".lock"]


def test_two_runs_at_once_are_refused(tmp_path: Path) -> None:
    with Store(tmp_path).alone(), pytest.raises(StorageError, match="Another coach fetch"), Store(tmp_path).alone():
        pass
    with Store(tmp_path).alone():
        pass


def test_a_host_that_cannot_be_reached_is_tried_once_a_run(tmp_path: Path) -> None:
    clock, work = Clock(), wanted(cited(*(f"https://away.example/{number}" for number in range(50))))
    with web({"blog.example": {}}) as site:
        summary = site.fetcher(tmp_path, clock).fetch(work)
    assert summary.states == {State.FAILED: 50}
    assert clock.slept == []
    assert all(due(page, Store(tmp_path).record(page.plan.url), clock.now()) for page in work)


def test_a_run_that_is_ended_asks_for_nothing_more_and_loses_nothing(tmp_path: Path) -> None:
    clock, stop, told = Clock(), threading.Event(), []
    work = wanted(cited(*(f"https://blog.example/{number}" for number in range(5))))
    with web({"blog.example": {f"/{number}": page(str(number)) for number in range(5)}}) as site:
        client, store = site.client(), Store(tmp_path)
        manners = Manners(client, store.robots, clock.now, 0.2, stop.wait)

        def stopping(_host: str, record: Record) -> None:
            told.append(record.url)
            stop.set()

        Fetcher(store, client, manners, clock.now, stop).fetch(work, told=stopping)
        assert len(site.paths()) == 1
        site.fetcher(tmp_path, clock).fetch(work)
        assert len(site.paths()) == 5
    assert len(told) == 1
    assert len(list(documents(store))) == 5
