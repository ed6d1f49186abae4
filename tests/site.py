"""A small web on loopback: hosts with pages, what they were asked for, and a client that reaches them and nothing else.

    with web({"blog.example": {"/tea": page("Tea")}}) as site:
        site.client().get("https://blog.example/tea", Reads.PAGE)

Every host answers on http and on https; a name that is not given does not resolve.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import trustme
from fpdf import FPDF

from ingest.fetch.client import Client
from ingest.fetch.manners import Manners
from ingest.fetch.run import Fetcher
from ingest.fetch.store import Store

PROSE = (
    "Steep the leaves of green tea in water well below the boil, for the heat draws bitterness out of them faster than flavor. "
    "A cook who measures two grams for a cup and waits two minutes gets the same cup every morning, whatever the weather. "
    "Black tea bears more heat, because it was oxidized before it was dried, and so it is brewed with boiling water. "
    "Oolong lies between the two and is brewed several times, each a little longer than the one before it was. "
    "Water that is too hard hides the taste; water that is too soft makes it flat, and most people like what lies between. "
)
MODIFIED = "Sat, 31 Oct 2026 10:00:00 GMT"


@dataclass(frozen=True)
class Answer:
    """What a path answers. `body` may be pieces, each sent by itself, `pause` seconds apart; then no length is told."""

    status: int = 200
    body: bytes | Callable[[], Iterator[bytes]] = b""
    type: str = "text/html; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)
    pause: float = 0.0


@dataclass(frozen=True)
class Asked:
    """A request as it came in; `when` is on the monotonic clock."""

    host: str
    path: str
    headers: Mapping[str, str]
    when: float

    @property
    def conditional(self) -> bool:
        return "if-none-match" in self.headers or "if-modified-since" in self.headers


Pages = dict[str, dict[str, Answer]]


@dataclass
class Site:
    pages: Pages
    ports: dict[int, int]
    trust: ssl.SSLContext
    latency: float = 0.0
    asked: list[Asked] = field(default_factory=list)

    def resolve(self, host: str, port: int) -> list[tuple[str, int]]:
        if host not in self.pages:
            raise socket.gaierror(f"{host} is not known")
        return [("127.0.0.1", self.ports[port])]

    @property
    def allowed(self) -> frozenset[tuple[str, int]]:
        return frozenset(("127.0.0.1", port) for port in self.ports.values())

    def client(self, seconds: float = 10.0) -> Client:
        return Client("tester@mail.example", self.resolve, self.allowed, self.trust, seconds)

    def fetcher(self, folder: Path, clock: Clock, spacing: float = 2.0) -> Fetcher:
        store, client = Store(folder), self.client()
        manners = Manners(client, store.robots, clock.now, spacing, clock.sleep, clock.seconds)
        return Fetcher(store, client, manners, clock.now)

    def paths(self, *, robots: bool = False) -> list[str]:
        return [f"{it.host}{it.path}" for it in self.asked if robots or it.path != "/robots.txt"]


class Clock:
    """Time that passes only when somebody sleeps; `slept` is each sleep."""

    def __init__(self) -> None:
        self._seconds = 1000.0
        self._lock = threading.Lock()
        self.slept: list[float] = []

    def seconds(self) -> float:
        return self._seconds

    def now(self) -> datetime:
        return datetime(2026, 11, 21, 12, 0, tzinfo=UTC) + timedelta(seconds=self._seconds - 1000)

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self._seconds += seconds
            self.slept.append(seconds)


@contextmanager
def web(pages: Pages, latency: float = 0.0) -> Iterator[Site]:
    authority = _authority()
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    site = Site(pages, {}, trust, latency)
    servers = [_Server(("127.0.0.1", 0), _handler(site)) for _ in range(2)]
    inside = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*pages).configure_cert(inside)
    servers[1].socket = inside.wrap_socket(servers[1].socket, server_side=True, do_handshake_on_connect=False)
    site.ports = {80: servers[0].server_address[1], 443: servers[1].server_address[1]}
    threads = [threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True) for server in servers]
    for thread in threads:
        thread.start()
    try:
        yield site
    finally:
        for server, thread in zip(servers, threads, strict=True):
            server.shutdown()
            server.server_close()
            thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up in the middle is what many tests want."""


@cache
def _authority() -> trustme.CA:
    return trustme.CA()


def _handler(site: Site) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            host = self.headers.get("host", "").partition(":")[0]
            headers = {name.lower(): value for name, value in self.headers.items()}
            site.asked.append(Asked(host, self.path, headers, time.monotonic()))
            time.sleep(site.latency)
            answer = site.pages.get(host, {}).get(self.path, Answer(404))
            etag = answer.headers.get("ETag", "")
            unchanged = (etag and etag == headers.get("if-none-match")) or (
                "if-none-match" not in headers and answer.headers.get("Last-Modified", "-") == headers.get("if-modified-since")
            )
            self._send(answer, 304 if answer.status == 200 and unchanged else answer.status)

        def _send(self, answer: Answer, status: int) -> None:
            self.send_response_only(status)
            for name, value in {"Content-Type": answer.type, "Date": MODIFIED, **answer.headers}.items():
                self.send_header(name, value)
            if isinstance(answer.body, bytes) and "Content-Length" not in answer.headers:
                self.send_header("Content-Length", str(0 if status == 304 else len(answer.body)))
            self.end_headers()
            if status == 304:
                return
            for piece in (answer.body,) if isinstance(answer.body, bytes) else answer.body():
                self.wfile.write(piece)
                self.wfile.flush()
                time.sleep(answer.pause)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the base class names it so
            pass

    return Handler


def page(title: str, text: str = PROSE, **headers: str) -> Answer:
    """An article with an ETag of its own."""
    head = f'<title>{title}</title><meta name="author" content="L. Writer"><meta name="date" content="2024-02-03">'
    head += '<link rel="license" href="https://creativecommons.org/licenses/by/4.0/">'
    body = f'<!doctype html><html lang="en"><head>{head}</head><body><article><h1>{title}</h1><p>{text}</p>'
    body += f"<h2>More of it</h2><p>{text}</p></article></body></html>"
    return Answer(body=body.encode(), headers={"ETag": f'"{title}"', **headers})


def moved(to: str, status: int = 301) -> Answer:
    return Answer(status, headers={"Location": to})


def robots(text: str) -> Answer:
    return Answer(body=text.encode(), type="text/plain")


def feed(*ids: str) -> Answer:
    """What arXiv's API says of papers."""
    entry = (
        "<entry><id>http://arxiv.org/abs/{0}v2</id><published>2020-05-22T00:00:00Z</published><title>Paper\n  {0}</title>"
        "<summary>About {0}.</summary><author><name>A. Writer</name></author></entry>"
    )
    body = f'<feed xmlns="http://www.w3.org/2005/Atom">{"".join(entry.format(id_) for id_ in ids)}</feed>'
    return Answer(body=body.encode(), type="application/atom+xml; charset=utf-8")


def pdf(text: str = PROSE) -> bytes:
    """A PDF of one page."""
    written = FPDF()
    written.add_page()
    written.set_font("Helvetica", size=11)
    written.multi_cell(0, 6, text)
    return bytes(written.output())
