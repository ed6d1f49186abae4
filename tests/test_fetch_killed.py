"""A fetch that is ended at any moment leaves a store that is whole, and the next one goes on where it was."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import ssl
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import typer

from ingest.fetch.documents import documents
from ingest.fetch.manners import Manners
from ingest.fetch.run import Fetcher
from ingest.fetch.state import Wanted, wanted
from ingest.fetch.store import State, Store
from ingest.sources import Source
from tests.site import PROSE, Answer, Clock, Pages, Site, web
from ui.commands.fetch import until_stopped

HOSTS, PAGES, KILLS = 4, 10, 20
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.test_fetch_killed"])


def pages() -> Pages:
    return {f"host{host}.example": {f"/{number}": page(host, number) for number in range(PAGES)} for host in range(HOSTS)}


def page(host: int, number: int) -> Answer:
    body = f"# Page {number} of {host}\n\n{PROSE}"
    return Answer(body=body.encode(), type="text/plain", headers={"ETag": f'"{number}"'})


def work() -> list[Wanted]:
    urls = [f"http://{host}{path}" for host, paths in pages().items() for path in paths]
    return wanted([Source(url, url, "article", ("Q1",)) for url in urls])


def fetch(folder: Path, ports: dict[int, int], spacing: float) -> None:
    """What the command does, in a process of its own, with a client that reaches the site."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    site, store = Site(pages(), ports, ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)), Store(folder)
    stop = threading.Event()
    manners = Manners(site.client(), store.robots, Clock().now, spacing, stop.wait)
    try:
        until_stopped(Fetcher(store, site.client(), manners, Clock().now, stop), work())
    except typer.Exit as ended:
        sys.exit(ended.exit_code)


def here(store: Store) -> set[str]:
    """The pages that are on disk, every one of them whole."""
    records = [record for record in store.records() if record.state is State.FETCHED]
    assert all(len(store.blob(record.sha256)) == record.size and record.has_text for record in records)
    return {record.url for record in records}


def test_a_fetch_that_is_killed_again_and_again_goes_on_where_it_was(tmp_path: Path) -> None:
    chance, store = random.Random(3), Store(tmp_path)
    with web(pages(), 0.003) as site:
        had: set[str] = set()
        for _ in range(KILLS):
            process = PROCESSES.Process(target=fetch, args=(tmp_path, site.ports, 0.0))
            process.start()
            before, more = len(site.asked), chance.randrange(1, 6)
            while process.is_alive() and len(site.asked) < before + more:
                time.sleep(0.002)
            time.sleep(chance.random() * 0.02)
            process.kill()
            process.join()
            again = {f"http://{it.host}{it.path}" for it in site.asked[before:]} & had
            assert not again
            assert had <= here(store)
            had = here(store)
        site.fetcher(tmp_path, Clock()).fetch(work())
        asked = Counter(site.paths())
    assert here(store) == {page.plan.url for page in work()}
    assert len(list(documents(store))) == HOSTS * PAGES
    assert not list(tmp_path.glob("*/*.part"))
    assert sum(asked.values()) <= HOSTS * (PAGES + KILLS)


def test_an_interrupted_fetch_says_so_and_keeps_what_came(tmp_path: Path) -> None:
    with web(pages()) as site:
        process = PROCESSES.Process(target=fetch, args=(tmp_path, site.ports, 1.5))
        process.start()
        while not list(tmp_path.glob("records/*.json")):
            time.sleep(0.02)
        assert process.pid
        os.kill(process.pid, signal.SIGINT)
        process.join()
    assert process.exitcode == 130
    assert 0 < len(here(Store(tmp_path))) < HOSTS * PAGES
    with Store(tmp_path).alone():
        pass
