"""`python -m bench.fetch`: how long 200 pages of 20 hosts take, beside what the pauses between them alone dictate.

A site on loopback answers after 50 ms. Every page is a request of its own with a handshake, its text is read and kept. The
least is one host's queue: its robots.txt and its pages, a pause between each two.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from ingest.fetch.documents import documents
from ingest.fetch.manners import SPACING_SECONDS, Manners
from ingest.fetch.run import Fetcher
from ingest.fetch.state import wanted
from ingest.fetch.store import Store
from ingest.sources import Source
from tests.site import Pages, page, web

HOSTS, PAGES, LATENCY = 20, 10, 0.05
TARGET = 1.3


def hosts() -> Pages:
    return {
        f"host{host}.example": {f"/{number}": page(f"Page {number} of {host}") for number in range(PAGES)}
        for host in range(HOSTS)
    }


def now() -> datetime:
    return datetime.now(UTC)


def measured(spacing: float) -> tuple[float, int]:
    """Seconds the whole run takes, and how many pages have text after it."""
    pages = hosts()
    cited = [Source(f"https://{host}{path}", path, "article", ("Q1",)) for host, paths in pages.items() for path in paths]
    with tempfile.TemporaryDirectory() as folder, web(pages, LATENCY) as site:
        store, client = Store(Path(folder)), site.client(seconds=60)
        fetcher = Fetcher(store, client, Manners(client, store.robots, now, spacing), now)
        began = time.perf_counter()
        fetcher.fetch(wanted(cited))
        return time.perf_counter() - began, len(list(documents(store)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spacing", type=float, default=SPACING_SECONDS, help="seconds between two requests to one host")
    spacing = parser.parse_args().spacing
    least = spacing * PAGES + LATENCY
    took, there = measured(spacing)
    print(f"{there} pages of {HOSTS} hosts in {took:.1f} s; the pauses alone take {least:.1f} s: x {took / least:.2f}")
    sys.exit(there < HOSTS * PAGES or took > TARGET * least)


if __name__ == "__main__":
    main()
